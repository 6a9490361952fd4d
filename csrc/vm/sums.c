/* Sums of a batch's rows. See sums.h. */
#include "vm/sums.h"

#include <string.h>

#include "vm/memory.h"

enum { TOGETHER = LANES * LANES }; /* rows in a group */

static size_t whole_groups(size_t rows) { return (rows + TOGETHER - 1) / TOGETHER * TOGETHER; }

size_t sums_stride(size_t rows) { return whole_groups(rows) + LANES; } /* not all outputs on the same cache sets */

/* How many rows are run and added at a time: whole groups. */
static size_t width(const Plan *plan) {
    size_t lanes = plan->lanes / TOGETHER * TOGETHER;
    return lanes ? lanes : TOGETHER;
}

static void begin(double *sum, size_t outputs) {
    for (size_t i = 0; i < outputs * LANES; i++) sum[i] = -0.0; /* -0.0 + x is x, whatever x is */
}

/* The output behind the results says which rows add something: those in which it is 1. */
static void leave_out(double *x, size_t results, size_t rows, size_t stride, double *stays) {
    const double *last = x + results * stride;
    memcpy(stays, last, rows * sizeof *stays);
    for (size_t j = 0; j < rows; j++)
        for (size_t k = 0; last[j] != 1.0 && k < results; k++) x[k * stride + j] = -0.0;
}

/* Adds rows to LANES numbers of each output. */
static void add_block(const Kernels *kernels, double *x, size_t outputs, size_t rows, size_t stride, double *sum) {
    size_t all = whole_groups(rows);
    for (size_t k = 0; k < outputs; k++) {
        for (size_t j = rows; j < all; j++) x[k * stride + j] = -0.0;
        kernels->add_rows(sum + k * LANES, x + k * stride, all);
    }
}

static void finish(const double *sum, size_t outputs, double *sums) {
    for (size_t k = 0; k < outputs; k++, sum += LANES)
        sums[k] = ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

/* A workspace: the plan's, then pointers, LANES sums of each output, and a block of results */
static size_t pointers(const Plan *plan) {
    return whole_lines((plan->program->inputs + plan->program->outputs) * sizeof(double *));
}

size_t plan_sum_workspace(const Plan *plan) {
    size_t results = plan->program->outputs * (LANES + sums_stride(width(plan)));
    return plan_workspace(plan) + pointers(plan) + results * sizeof(double);
}

void plan_sum(const Plan *plan, void *workspace, const double *const *inputs, double *stays, double *sums, size_t first,
              size_t last) {
    size_t in = plan->program->inputs, outputs = plan->program->outputs, most = width(plan), n;
    size_t results = outputs - (stays != NULL);
    const double **pointer = (const double **)((char *)workspace + plan_workspace(plan));
    double **out = (double **)(pointer + in), *sum = (double *)((char *)pointer + pointers(plan));
    double *x = sum + outputs * LANES;
    size_t stride = sums_stride(last - first < most ? last - first : most);
    for (size_t k = 0; k < outputs; k++) out[k] = x + k * stride;
    begin(sum, outputs);
    for (size_t at = first; at < last; at += n) {
        n = last - at < most ? last - at : most;
        for (size_t i = 0; i < in; i++) pointer[i] = inputs[i] + (plan->reads[i] ? at : 0);
        plan_run(plan, workspace, pointer, out, 0, n);
        if (stays != NULL) leave_out(x, results, n, stride, stays + at);
        add_block(plan->kernels, x, results, n, stride, sum);
    }
    finish(sum, results, sums);
}

void sum_rows(const Kernels *kernels, double *x, size_t outputs, size_t rows, double *stays, double *sums) {
    size_t stride = sums_stride(rows), results = outputs - (stays != NULL);
    double sum[LANES];
    if (stays != NULL) leave_out(x, results, rows, stride, stays);
    for (size_t k = 0; k < results; k++) {
        begin(sum, 1);
        add_block(kernels, x + k * stride, 1, rows, stride, sum);
        finish(sum, 1, sums + k);
    }
}

void fold_segments(double *parts, size_t segments, size_t outputs) {
    for (size_t half; segments > 1; segments = half) {
        half = (segments + 1) / 2;
        for (size_t i = 0; i < half; i++) {
            const double *a = parts + 2 * i * outputs, *b = 2 * i + 1 < segments ? a + outputs : NULL;
            for (size_t k = 0; k < outputs; k++) parts[i * outputs + k] = b == NULL ? a[k] : a[k] + b[k];
        }
    }
}
