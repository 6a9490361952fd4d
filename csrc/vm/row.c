/* The order of a row's operations. See row.h. */
#include <stdlib.h>
#include <string.h>

#include "vm/memory.h"
#include "vm/row.h"

typedef struct {
    int32_t level; /* how many costly operations it waits for, one after the other */
    int32_t kind;  /* 0, or a costly operation: after the others of its level, next to its like */
    int32_t at;
} Turn;

typedef struct {
    Code *step;      /* over values: constants, inputs, results, numbered as they come */
    Turn *turn;
    int32_t *holds;  /* of each slot of the plan: which value it holds */
    int32_t *level;  /* of each value */
    int32_t *place;  /* of each value */
    size_t steps;
} RowBuilder;

/* How many operands a costly operation has, 0 for all others: for those, lanes would cost more than they save. */
static int costly(int32_t op) {
    switch (op) {
    case DO_exp: case DO_exp2: case DO_expm1: case DO_log: case DO_log2: case DO_log10: case DO_log1p: case DO_cbrt:
    case DO_sin: case DO_cos: case DO_tan: case DO_arcsin: case DO_arccos: case DO_arctan: case DO_sinh: case DO_cosh:
    case DO_tanh: case DO_arcsinh: case DO_arccosh: case DO_arctanh: case DO_sigmoid: case DO_softplus: case DO_silu:
    case DO_selu: case DO_gelu: case DO_erf: case DO_erfc: case DO_gauss: case DO_tanh_slope: case DO_sigmoid_slope:
    case DO_silu_slope: case DO_gelu_slope:
        return 1;
#define FUSED(first) case DO_##first##_exp: case DO_##first##_log: case DO_##first##_erf:
    FUSED(add) FUSED(sub) FUSED(mul) FUSED(truediv) FUSED(neg)
#undef FUSED
    case DO_pow: case DO_arctan2: case DO_elu: case DO_erf_given:
        return 2;
    default: return 0;
    }
}

static int in_turn(const void *a, const void *b) {
    const Turn *x = a, *y = b;
    if (x->level != y->level) return x->level < y->level ? -1 : 1;
    if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* The plan's steps, each result a value of its own: reused registers would make steps depend on each other. */
static void rename_all(RowBuilder *d, Row *row, const Plan *plan) {
    int32_t values = (int32_t)(row->constants + row->inputs);
    for (size_t i = 0; i < row->constants; i++) d->holds[plan->broadcast_slot[i]] = (int32_t)i;
    for (size_t i = 0; i < row->inputs; i++) d->holds[plan->registers + i] = (int32_t)(row->constants + i);
    for (size_t i = 0; i < plan->steps; i++) {
        const Code *from = &plan->step[i];
        Code *to = &d->step[d->steps];
        Turn *turn = &d->turn[d->steps];
        const int32_t *operand = &to->a;
        if (from->op == DO_identity) {
            d->holds[from->out] = d->holds[from->a];
            continue;
        }
        *to = (Code){from->op, values, d->holds[from->a], d->holds[from->b], d->holds[from->c]};
        *turn = (Turn){0, costly(to->op) ? 1 + to->op : 0, (int32_t)d->steps++};
        for (int j = 0; j < 3; j++)
            if (turn->level < d->level[operand[j]]) turn->level = d->level[operand[j]];
        d->level[values] = turn->level + (turn->kind != 0);
        d->holds[from->out] = values++;
    }
    for (size_t k = 0; k < row->outputs; k++) row->output[k] = d->holds[plan->registers + row->inputs + k];
    row->places = (size_t)values;
}

static void emit_group(const RowBuilder *d, Row *row, const Turn *turn, int32_t count) {
    const Code *first = &d->step[turn->at];
    int operands = costly(first->op);
    int32_t *list = &row->code[row->length + 1].op;
    row->code[row->length] = (Code){DO_GROUP, d->place[first->out], first->op, count, operands};
    for (int k = 0; k < operands; k++)
        for (int i = 0; i < LANES; i++)
            list[10 * k + i] = d->place[(&d->step[turn[i < count ? i : 0].at].a)[k]];
    row->length += 1 + 2 * (size_t)operands;
}

/* From how many on lanes pay off: a kernel takes LANES / vector turns for as many as LANES. */
static void emit_all(RowBuilder *d, Row *row) {
    size_t fixed = row->constants + row->inputs, least = LANES / row->kernels->vector + 1;
    for (size_t v = 0; v < fixed; v++) d->place[v] = (int32_t)v;
    for (size_t i = 0; i < d->steps; i++) d->place[d->step[d->turn[i].at].out] = (int32_t)(fixed + i);
    for (size_t i = 0, n; i < d->steps; i += n) {
        const Turn *turn = &d->turn[i];
        const Code *step = &d->step[turn->at];
        for (n = 1; turn->kind && n < LANES && i + n < d->steps; n++)
            if (turn[n].level != turn->level || turn[n].kind != turn->kind) break;
        if (n >= least) {
            emit_group(d, row, turn, (int32_t)n);
            continue;
        }
        n = 1;
        row->code[row->length++] = (Code){step->op, d->place[step->out], d->place[step->a], d->place[step->b],
                                          d->place[step->c]};
    }
    for (size_t k = 0; k < row->outputs; k++) row->output[k] = d->place[row->output[k]];
}

Row *row_new(const Plan *plan) {
    RowBuilder d = {0};
    Row *row = machine_array(1, sizeof *row);
    size_t values;
    int good;
    if (row == NULL) return NULL;
    row->kernels = plan->kernels;
    row->constants = plan->broadcasts, row->inputs = plan->program->inputs, row->outputs = plan->program->outputs;
    values = row->constants + row->inputs + plan->steps;
    row->code = machine_array(5 * plan->steps, sizeof *row->code); /* a group of one, of two operands, would have five */
    row->output = machine_array(row->outputs, sizeof *row->output);
    row->constant = machine_array(row->constants, sizeof *row->constant);
    d.step = machine_array(plan->steps, sizeof *d.step);
    d.turn = machine_array(plan->steps, sizeof *d.turn);
    d.holds = machine_array(plan->slots, sizeof *d.holds);
    d.level = machine_array(values, sizeof *d.level);
    d.place = machine_array(values, sizeof *d.place);
    good = row->code && row->output && row->constant && d.step && d.turn && d.holds && d.level && d.place;
    if (good) {
        if (row->constants) memcpy(row->constant, plan->constant, row->constants * sizeof *row->constant);
        rename_all(&d, row, plan);
        qsort(d.turn, d.steps, sizeof *d.turn, in_turn);
        emit_all(&d, row);
    }
    free(d.step), free(d.turn), free(d.holds), free(d.level), free(d.place);
    if (good) return row;
    row_free(row);
    return NULL;
}

void row_free(Row *row) {
    if (row == NULL) return;
    free(row->code), free(row->output), free(row->constant);
    native_free(row->native);
    free(row);
}

void row_prepare(const Row *row, double *v) {
    if (row->constants) memcpy(v, row->constant, row->constants * sizeof *v);
}

void row_run(const Row *row, double *v, const double *inputs, double *outputs) {
    if (row->inputs) memcpy(v + row->constants, inputs, row->inputs * sizeof *v);
    steps_row(row->kernels, native_of(&row->native), row->code, row->length, v);
    for (size_t k = 0; k < row->outputs; k++) outputs[k] = v[row->output[k]];
}
