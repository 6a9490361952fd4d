/* Runs plans, block by block. See program.h. */
#include <string.h>

#include "vm/memory.h"
#include "vm/program.h"

#ifdef __GNUC__
#define WILL_READ(address) __builtin_prefetch(address, 0, 2)
#define WILL_WRITE(address) __builtin_prefetch(address, 1, 2)
#else
#define WILL_READ(address) ((void)0)
#define WILL_WRITE(address) ((void)0)
#endif

enum { NEAR = 131072 }; /* numbers that are in a cache, perhaps */

/* A workspace: pointers of the slots, registers, LANES of every input and output for the last rows,
 * then the values computed once and the products' tables */

static size_t pointers(const Plan *plan) { return whole_lines(plan->slots * sizeof(double *)); }

static size_t edge(const Plan *plan) {
    return pointers(plan) + plan->own * plan->stride * sizeof(double);
}

static size_t once(const Plan *plan) {
    return edge(plan) + (plan->program->inputs + plan->program->outputs) * LANES * sizeof(double);
}

static size_t table(const Plan *plan) {
    size_t values = plan->once_length ? plan->values : plan->program->inputs + plan->program->constants;
    return once(plan) + values * sizeof(double);
}

size_t plan_numbers(const Plan *plan) { return once(plan); }

size_t plan_workspace(const Plan *plan) {
    return whole_lines(table(plan) + plan->factors * sizeof(double)) + 64;
}

void plan_prepare(const Plan *plan, void *workspace, const double *const *inputs) {
    plan_prepare_few(plan, workspace, inputs, plan->lanes);
}

/* Where the registers are. Few rows are in few pages. */
static void point(const Plan *plan, void *workspace, double *others, size_t stride) {
    double **pointer = workspace, *own = (double *)((char *)workspace + pointers(plan));
    for (size_t r = 0; r < plan->own; r++) pointer[r] = own + r * stride;
    for (size_t r = plan->own; r < plan->registers; r++) pointer[r] = others + (r - plan->own) * stride;
}

/* Computes what is the same for all rows; inputs: NULL, then those that are broadcast are 0 for now. */
static void fill(const Plan *plan, void *workspace, const double *const *inputs, size_t rows, int refresh) {
    const Program *p = plan->program;
    double **pointer = workspace, *v = (double *)((char *)workspace + once(plan));
    double *factor = (double *)((char *)workspace + table(plan));
    size_t fixed = p->inputs + p->constants;
    int is_native = native_of(&plan->native) != NULL; /* then nothing reads these lanes: products have the table */
    for (size_t i = 0; i < p->inputs; i++) v[i] = inputs != NULL && inputs[i] != NULL ? inputs[i][0] : 0.0;
    if (p->constants && !refresh) memcpy(v + p->inputs, p->constant, p->constants * sizeof *v);
    if (plan->once_length) plan->kernels->row(&plan->once->op, plan->once_length, v);
    for (size_t i = 0; i < plan->broadcasts && !is_native; i++) {
        size_t value = (size_t)plan->broadcast_value[i];
        double *lane = pointer[plan->broadcast_slot[i]];
        if (refresh && value >= p->inputs && value < fixed) continue;
        for (size_t j = 0; j < rows; j++) lane[j] = v[value];
    }
    for (size_t i = 0; i < plan->factors; i++) {
        int32_t value = plan->factor[i];
        factor[i] = value == NO_START ? -0.0 : value < 0 ? -v[~value] : v[value];
    }
}

void plan_prepare_few(const Plan *plan, void *workspace, const double *const *inputs, size_t rows) {
    double *own = (double *)((char *)workspace + pointers(plan));
    size_t stride = plan->stride;
    rows = rows < plan->lanes ? (rows + LANES - 1) / LANES * LANES : plan->lanes;
    if (rows < plan->lanes) stride = stride_of(rows);
    point(plan, workspace, own + plan->own * stride, stride);
    fill(plan, workspace, inputs, rows, 0);
}

void plan_prepare_apart(const Plan *plan, void *workspace, double *others) {
    point(plan, workspace, others, plan->stride);
    fill(plan, workspace, NULL, plan->lanes, 0);
}

void plan_refresh(const Plan *plan, void *workspace, const double *const *inputs) {
    fill(plan, workspace, inputs, plan->lanes, 1);
}

void steps_row(const Kernels *kernels, const Native *native, const Code *code, size_t length, double *v) {
    if (native == NULL) kernels->row(&code->op, length, v);
    else
        for (const NativePart *part = native->part, *end = part + native->parts; part < end; part++) {
            if (part->run != NULL) part->run(v, 1);
            else kernels->row(&code[part->first].op, part->last - part->first, v);
        }
}

void plan_row(const Plan *plan, const double *inputs, double *v, double *outputs) {
    size_t inputs_count = plan->program->inputs, n = plan->program->outputs;
    for (size_t i = 0; i < plan->broadcasts; i++) v[plan->broadcast_slot[i]] = plan->constant[i];
    memcpy(v + plan->registers, inputs, inputs_count * sizeof *v);
    steps_row(plan->kernels, native_of(&plan->native_row), plan->step, plan->steps, v);
    memcpy(outputs, v + plan->registers + inputs_count, n * sizeof *v);
}

/* One block. Between the kernels, the lines that the next block will read and write are asked for, a few at a time:
 * the processor looks ahead by itself, but not from page to page in a dozen arrays. */
static void interpret(const Plan *plan, double **pointer, size_t first, size_t last, size_t n, size_t ahead) {
    const double *factor = (const double *)((const char *)pointer + table(plan));
    const Kernel *kernel = plan->kernels->kernel;
    double **data = pointer + plan->registers;
    size_t inputs = plan->program->inputs, all = inputs + plan->program->outputs, k = 0, at = 0;
    size_t some = ahead * all / LANES / (plan->steps + 1) + 1;
    for (const Code *s = plan->step + first, *end = plan->step + last; s < end; s++) {
        if (s->op != DO_PRODUCT) kernel[s->op](pointer[s->out], pointer[s->a], pointer[s->b], pointer[s->c], n);
        else {
            const PlanProduct *product = &plan->product[s->out];
            const int32_t *x = plan->number + product->first, *out = x + product->terms;
            plan->kernels->product(pointer, x, out, out + product->chains, factor + product->table,
                                   (size_t)product->chains, (size_t)product->terms, n);
        }
        for (size_t i = 0; i < some && k < all && at < ahead; i++) {
            if (k >= inputs) WILL_WRITE(data[k] + n + at);
            else if (plan->reads[k]) WILL_READ(data[k] + n + at);
            else at = ahead; /* one number for all rows */
            at += LANES;
            if (at >= ahead) at = 0, k++;
        }
    }
}

static void block(const Plan *plan, double **pointer, size_t n, size_t ahead) {
    const Native *native = native_of(&plan->native);
    if (native == NULL) {
        interpret(plan, pointer, 0, plan->steps, n, ahead);
        return;
    }
    for (const NativePart *part = native->part, *end = part + native->parts; part < end; part++) {
        if (part->run != NULL) part->run(pointer, n);
        else interpret(plan, pointer, part->first, part->last, n, 0);
    }
}

void plan_run(const Plan *plan, void *workspace, const double *const *inputs, double *const *outputs, size_t first,
              size_t last) {
    const Program *p = plan->program;
    double **pointer = workspace, **in = pointer + plan->registers, **out = in + p->inputs;
    double *lanes = (double *)((char *)workspace + edge(plan));
    size_t whole = first + (last - first) / LANES * LANES, n;
    int near = (last - first) * (p->inputs + p->outputs) < NEAR;
    for (size_t at = first; at < whole; at += n) {
        n = whole - at < plan->lanes ? whole - at : plan->lanes;
        for (size_t i = 0; i < p->inputs; i++) in[i] = (double *)inputs[i] + (plan->reads[i] ? at : 0);
        for (size_t k = 0; k < p->outputs; k++) out[k] = outputs[k] + at;
        block(plan, pointer, n, near ? 0 : whole - at - n < n ? whole - at - n : n);
    }
    if (whole == last) return;
    n = last - whole; /* fewer than a vector: copied, filled up with the last row */
    for (size_t i = 0; i < p->inputs; i++) {
        in[i] = lanes + i * LANES;
        if (plan->reads[i])
            for (size_t j = 0; j < LANES; j++) in[i][j] = inputs[i][whole + (j < n ? j : n - 1)];
    }
    for (size_t k = 0; k < p->outputs; k++) out[k] = lanes + (p->inputs + k) * LANES;
    block(plan, pointer, LANES, 0);
    for (size_t k = 0; k < p->outputs; k++) memcpy(outputs[k] + whole, out[k], n * sizeof(double));
}

const MachineApi machine_api = {machine_memory, machine_array, program_new, program_free, plan_new,    plan_free,
                                plan_workspace, plan_prepare, plan_run, all_kernels};
