/* Plans split a program into steps done once a call and steps done for each block of rows. See program.h. */
#include <stdlib.h>
#include <string.h>

#include "vm/memory.h"
#include "vm/plan.h"

enum { CACHE = 49152, MOST_LANES = 512 };
enum { SECOND_CACHE = 1 << 20, LONG_LANES = 128, LEAST_LANES = 64, MOST_MEMORY = 1 << 24 };

/* ---- fusing: an operation and the one operation that reads its result become one kernel */

static const int32_t fusions[5][12] = { /* by first, then by second in the order of FUSED_WITH */
#define F(first, second, value) DO_##first##_##second,
    {FUSED_WITH(F, add)}, {FUSED_WITH(F, sub)}, {FUSED_WITH(F, mul)}, {FUSED_WITH(F, truediv)}, {FUSED_WITH(F, neg)},
#undef F
};

static int as_first(int32_t op) {
    static const int32_t ops[] = {DO_add, DO_sub, DO_mul, DO_truediv, DO_neg};
    for (int i = 0; i < 5; i++)
        if (ops[i] == op) return i;
    return NONE;
}

static int as_second(int32_t op, int right) {
    static const int32_t ops[] = {DO_add, DO_sub,    DO_sub,  DO_mul, DO_truediv, DO_truediv,
                                  DO_neg, DO_square, DO_sqrt, DO_exp, DO_log,     DO_erf};
    for (int i = 0; i < 12; i++)
        if (ops[i] == op) return right && (op == DO_sub || op == DO_truediv) ? i + 1 : i;
    return NONE;
}

/* An erf beside the gauss of the same value, its slope, is computed from that: the gauss goes first. 0: no memory. */
static int share(PlanBuilder *d) {
    Code *ordered = machine_array(d->length, sizeof *ordered);
    int32_t *gauss = d->last; /* for now: the position in the list of each value's gauss, + 1 */
    size_t n = 0;
    if (ordered == NULL) return 0;
    for (size_t i = 0; i < d->length; i++)
        if (d->list[i].op == DO_gauss) gauss[d->list[i].a] = (int32_t)i + 1;
    for (size_t i = 0; i < d->length; i++) {
        Code code = d->list[i], *given = gauss[code.a] ? &d->list[gauss[code.a] - 1] : NULL;
        if (code.op == DO_erf && given != NULL) {
            if (given->op != NONE) ordered[n++] = *given;
            given->op = NONE;
            code = (Code){DO_erf_given, code.out, code.a, given->out, 0};
            d->uses[given->out]++;
        }
        if (code.op != NONE) ordered[n++] = code;
        if (code.op == DO_gauss) d->list[i].op = NONE;
    }
    memset(gauss, 0, d->values * sizeof *gauss);
    free(d->list);
    d->list = ordered;
    return 1;
}

static void fuse(PlanBuilder *d) {
    size_t length = 0;
    int32_t *place = d->last; /* for now: the position in the list of each value's instruction, + 1 */
    for (size_t i = 0; i < d->length; i++)
        if (d->list[i].op != DO_PRODUCT) place[d->list[i].out] = (int32_t)i + 1;
    for (size_t i = 0; i < d->length; i++) {
        Code *code = &d->list[i], *inner;
        int two = arity(code->op) == 2;
        if (as_second(code->op, 0) == NONE || (two && code->a == code->b)) continue;
        for (int right = 0; right <= two; right++) {
            int32_t v = right ? code->b : code->a, other = right ? code->a : code->b;
            if (place[v] == 0 || d->uses[v] != 1) continue;
            inner = &d->list[place[v] - 1];
            if (as_first(inner->op) == NONE) continue; /* it is fused already, or cannot be */
            *code = (Code){fusions[as_first(inner->op)][as_second(code->op, right)], code->out, inner->a,
                           arity(inner->op) == 2 ? inner->b : inner->a, two ? other : inner->a};
            inner->op = NONE;
            break;
        }
    }
    for (size_t i = 0; i < d->length; i++)
        if (d->list[i].op != NONE) d->list[length++] = d->list[i];
    d->length = length;
}

/* ---- registers */

static int32_t take(PlanBuilder *d) { return d->free ? d->spare[--d->free] : (int32_t)d->registers++; }

static void release(PlanBuilder *d, int32_t value, size_t step) {
    if (d->vary[value] && (size_t)value >= d->fixed && d->last[value] == (int32_t)step && d->slot[value] >= 0) {
        d->spare[d->free++] = d->slot[value];
        d->last[value] = NONE; /* once, if it is two operands */
    }
}

static void builder_free(PlanBuilder *d) {
    free(d->uses), free(d->last), free(d->slot), free(d->spare);
    free(d->vary), free(d->live), free(d->list);
}

/* Inputs and outputs get slots after the registers, whose number is known last: until then input i is -2 - i and
 * output k is -2 - inputs - k. */
static int32_t late(size_t i) { return -2 - (int32_t)i; }
static int32_t settled(int32_t slot, size_t registers) { return slot >= 0 ? slot : (int32_t)registers - 2 - slot; }

/* Staged: an output may be the memory of an input, so nothing is written there before all is read. */
static void place_outputs(PlanBuilder *d, Plan *plan, int staged) {
    const Program *p = plan->program;
    for (size_t k = 0; k < p->outputs; k++) {
        int32_t v = p->output_value[k];
        if (!d->vary[v]) continue;
        if (staged && (size_t)v < d->fixed && d->slot[v] < 0) {
            int32_t from = d->slot[v], to = (int32_t)d->registers++;
            plan->step[plan->steps++] = (Code){DO_identity, to, from, from, from};
            d->slot[v] = to;
        }
        if (!staged && (size_t)v >= d->fixed && d->slot[v] == NONE) d->slot[v] = late(p->inputs + k);
    }
}

/* A product writes while others of its chains still read: its results have registers before the operands give theirs
 * up. */
static void scan_product(PlanBuilder *d, Plan *plan, int32_t number, size_t step) {
    const PlanProduct *product = &plan->product[number];
    int32_t *x = plan->number + product->first, *out = x + product->terms, *start = out + product->chains;
    for (int32_t m = 0; m < product->chains; m++) {
        int32_t *slot = &d->slot[out[m]];
        if (*slot == NONE) *slot = take(d);
        out[m] = *slot;
    }
    for (int32_t k = 0, value; k < product->terms; k++) {
        value = x[k], x[k] = d->slot[value];
        release(d, value, step);
    }
    for (int32_t m = 0, value; m < product->chains; m++) {
        if ((value = start[m]) == NONE) continue;
        start[m] = d->slot[value];
        release(d, value, step);
    }
    plan->step[plan->steps++] = (Code){DO_PRODUCT, number, 0, 0, 0};
}

static void scan(PlanBuilder *d, Plan *plan, const Program *p) {
    for (size_t i = 0; i < d->length; i++) {
        Code *code = &d->list[i];
        const int32_t *operand = &code->a;
        for (int j = 0; j < arity(code->op); j++) d->last[operand[j]] = (int32_t)i;
        if (code->op != DO_PRODUCT) continue;
        const PlanProduct *product = &plan->product[code->out];
        const int32_t *x = plan->number + product->first, *start = x + product->terms + product->chains;
        for (int32_t k = 0; k < product->terms; k++) d->last[x[k]] = (int32_t)i;
        for (int32_t m = 0; m < product->chains; m++)
            if (start[m] != NONE) d->last[start[m]] = (int32_t)i;
    }
    for (size_t k = 0; k < p->outputs; k++) d->last[p->output_value[k]] = INT32_MAX;
    for (size_t i = 0; i < d->length; i++) {
        Code *code = &d->list[i], *step;
        const int32_t *operand = &code->a;
        int32_t *slot;
        if (code->op == DO_PRODUCT) {
            scan_product(d, plan, code->out, i);
            continue;
        }
        step = &plan->step[plan->steps++];
        slot = &step->a;
        step->op = code->op;
        for (int j = 0; j < 3; j++) slot[j] = d->slot[operand[j < arity(code->op) ? j : 0]];
        for (int j = 0; j < arity(code->op); j++) release(d, operand[j], i);
        if (d->slot[code->out] == NONE) d->slot[code->out] = take(d);
        step->out = d->slot[code->out];
    }
    for (size_t k = 0; k < p->outputs; k++) { /* copy outputs that are inputs, constants or repeated */
        int32_t from = d->slot[p->output_value[k]], to = late(p->inputs + k);
        if (from != to) plan->step[plan->steps++] = (Code){DO_identity, to, from, from, from};
    }
}

/* ---- the plan */

static int builder_new(PlanBuilder *d, const Program *p, const unsigned char *broadcast) {
    d->fixed = p->inputs + p->constants;
    d->values = d->fixed + p->length;
    d->uses = machine_array(d->values, sizeof *d->uses);
    d->last = machine_array(d->values, sizeof *d->last);
    d->slot = machine_array(d->values, sizeof *d->slot);
    d->spare = machine_array(d->values, sizeof *d->spare);
    d->vary = machine_array(d->values, 1);
    d->live = machine_array(d->values, 1);
    d->list = machine_array(p->length, sizeof *d->list);
    if (!d->uses || !d->last || !d->slot || !d->spare || !d->vary || !d->live || !d->list) return 0;
    for (size_t i = 0; i < p->inputs; i++) d->vary[i] = !broadcast[i];
    for (size_t k = 0; k < p->outputs; k++) {
        d->live[p->output_value[k]] = 1;
        d->uses[p->output_value[k]]++;
    }
    for (size_t i = p->length; i-- > 0;) {
        const Code *code = &p->values[i];
        const int32_t *operand = &code->a;
        if (d->live[code->out])
            for (int j = 0; j < arity(code->op); j++) {
                d->live[operand[j]] = 1;
                d->uses[operand[j]]++;
            }
    }
    for (size_t i = 0; i < p->length; i++) {
        const Code *code = &p->values[i];
        const int32_t *operand = &code->a;
        for (int j = 0; j < arity(code->op); j++) d->vary[code->out] |= d->vary[operand[j]];
        if (d->live[code->out] && d->vary[code->out]) d->list[d->length++] = *code;
    }
    memset(d->slot, 0xff, d->values * sizeof *d->slot); /* NONE */
    return 1;
}

/* The instructions that run once, and those of their results that the steps read. */
static int collect(Plan *plan, PlanBuilder *d) {
    const Program *p = plan->program;
    size_t needed = 0;
    plan->once = machine_array(p->length, sizeof *plan->once);
    if (!plan->once) return 0;
    for (size_t i = 0; i < p->length; i++)
        if (d->live[p->values[i].out] && !d->vary[p->values[i].out]) plan->once[plan->once_length++] = p->values[i];
    memset(d->last, 0, d->values * sizeof *d->last);
    for (size_t i = 0; i < d->length; i++) {
        const int32_t *operand = &d->list[i].a;
        for (int j = 0; j < arity(d->list[i].op); j++) d->last[operand[j]] = 1;
    }
    for (size_t k = 0; k < p->outputs; k++) d->last[p->output_value[k]] = 1;
    for (size_t v = 0; v < d->values; v++) needed += d->last[v] && !d->vary[v];
    plan->broadcast_value = machine_array(needed, sizeof *plan->broadcast_value);
    plan->broadcast_slot = machine_array(needed, sizeof *plan->broadcast_slot);
    if (!plan->broadcast_value || !plan->broadcast_slot) return 0;
    for (size_t v = 0; v < d->values; v++)
        if (d->last[v] && !d->vary[v]) {
            d->slot[v] = (int32_t)d->registers++;
            plan->broadcast_value[plan->broadcasts] = (int32_t)v;
            plan->broadcast_slot[plan->broadcasts++] = d->slot[v];
        }
    memset(d->last, 0, d->values * sizeof *d->last);
    return 1;
}

/* How many lanes of so many arrays fit into so many bytes. */
static size_t lanes_in(size_t bytes, size_t arrays) {
    return bytes / sizeof(double) / (arrays ? arrays : 1) / LANES * LANES;
}

/* Lanes whose registers stay in the first cache. Of many registers fewer would: but at 8 lanes a kernel's call costs
 * more than its work, so then as many as stay in the second cache, and 64 at least while the memory is bounded. */
static size_t block_length(size_t registers, size_t slots) {
    size_t lanes = lanes_in(CACHE, registers), most = lanes_in(MOST_MEMORY, registers);
    size_t least = lanes_in(SECOND_CACHE, slots) >= LONG_LANES ? LONG_LANES : LEAST_LANES;
    if (lanes > MOST_LANES) return MOST_LANES;
    if (lanes >= least) return lanes;
    return least <= most ? least : most > LANES ? most : LANES;
}

static void finish(Plan *plan, const PlanBuilder *d) {
    const Program *p = plan->program;
    plan->registers = d->registers;
    plan->values = d->values;
    plan->slots = d->registers + p->inputs + p->outputs;
    plan->lanes = block_length(d->registers, plan->slots);
    plan->stride = stride_of(plan->lanes), plan->own = plan->registers;
    for (size_t i = 0; i < plan->steps; i++) {
        int32_t *slot = &plan->step[i].out;
        for (int j = 0; j < 4; j++) slot[j] = settled(slot[j], d->registers);
    }
    for (size_t i = 0; i < plan->numbers; i++) /* NONE stays what it is */
        if (plan->number[i] != NONE) plan->number[i] = settled(plan->number[i], d->registers);
}

static int settle_constants(Plan *plan) {
    const Program *p = plan->program;
    double *v = machine_array(plan->values, sizeof *v);
    plan->constant = machine_array(plan->broadcasts, sizeof *plan->constant);
    if (v != NULL && plan->constant != NULL) {
        if (p->constants) memcpy(v + p->inputs, p->constant, p->constants * sizeof *v);
        plan->kernels->row(&plan->once->op, plan->once_length, v);
        for (size_t i = 0; i < plan->broadcasts; i++) plan->constant[i] = v[plan->broadcast_value[i]];
    }
    free(v);
    return v != NULL && plan->constant != NULL;
}

Plan *plan_new(const Program *p, const Kernels *kernels, const unsigned char *broadcast, int staged) {
    PlanBuilder d = {0};
    Plan *plan = machine_array(1, sizeof *plan);
    if (plan == NULL) return NULL;
    plan->program = p;
    plan->kernels = kernels;
    if (!builder_new(&d, p, broadcast)) goto no_memory;
    if (!share(&d)) goto no_memory;
    if (memchr(broadcast, 1, p->inputs) != NULL && !products_find(&d, plan)) goto no_memory;
    fuse(&d);
    if (!collect(plan, &d)) goto no_memory;
    plan->step = machine_array(d.length + 2 * p->outputs, sizeof *plan->step);
    plan->reads = machine_array(p->inputs, 1);
    if (!plan->step || !plan->reads) goto no_memory;
    for (size_t i = 0; i < p->inputs; i++)
        if (d.vary[i]) d.slot[i] = late(i), plan->reads[i] = d.uses[i] > 0;
    place_outputs(&d, plan, staged);
    scan(&d, plan, p);
    finish(plan, &d);
    if (memchr(broadcast, 1, p->inputs) == NULL && !settle_constants(plan)) goto no_memory;
    builder_free(&d);
    return plan;
no_memory:
    builder_free(&d);
    plan_free(plan);
    return NULL;
}

size_t plan_apart(Plan *plan, size_t rows) {
    rows = (rows + LANES - 1) / LANES * LANES;
    if (rows < plan->lanes) plan->lanes = rows, plan->stride = stride_of(rows);
    plan->own = plan->broadcasts; /* collect() gave them the first registers */
    return (plan->registers - plan->own) * plan->stride;
}

void plan_free(Plan *plan) {
    if (plan == NULL) return;
    free(plan->once), free(plan->broadcast_value), free(plan->broadcast_slot);
    free(plan->step), free(plan->reads), free(plan->constant);
    free(plan->product), free(plan->number), free(plan->factor);
    native_free(plan->native), native_free(plan->native_row);
    free(plan);
}
