/* Emits the steps that repeat_run executes. See reroll.h. */
#include <stdlib.h>
#include <string.h>

#include "vm/reroll/build.h"
#include "vm/memory.h"

double repeat_share = 0.8; /* estimates are rough */

enum { A_FEW = 16 };

void *one_more(void *array, size_t *count, size_t size) {
    char **data = array;
    if ((*count & (*count - 1)) == 0) { /* 0, or full */
        char *larger = machine_array(*count ? 2 * *count : 1, size);
        if (larger == NULL) return NULL;
        if (*count) memcpy(larger, *data, *count * size);
        free(*data);
        *data = larger;
    }
    return *data + (*count)++ * size;
}

static int add_number(Repeat *r, double x) {
    double *to = one_more(&r->table, &r->table_size, sizeof *to);
    if (to != NULL) *to = x;
    return to != NULL;
}

static int add_constant(RepeatBuilder *d, int32_t value) {
    return add_number(d->r, d->g.s.program->constant[(size_t)value - d->g.s.program->inputs]);
}

static int add_index(Repeat *r, int32_t i) {
    int32_t *to = one_more(&r->index, &r->indices, sizeof *to);
    if (to != NULL) *to = i;
    return to != NULL;
}

int add_item(RepeatBuilder *d, int32_t stage, int kind, int32_t number) {
    Keyed *to = one_more(&d->item, &d->items, sizeof *to);
    if (to != NULL) *to = (Keyed){(uint64_t)stage << 2 | (uint64_t)kind, number};
    return to != NULL;
}

static int add_gather(RepeatBuilder *d, int32_t stage, int32_t from, int32_t first, int32_t to, int32_t count) {
    Gather *gather = one_more(&d->r->gather, &d->r->gathers, sizeof *gather);
    if (gather == NULL) return 0;
    *gather = (Gather){from, first, to, count};
    return add_item(d, stage, GATHERS, (int32_t)d->r->gathers - 1);
}

static int32_t reserve(Repeat *r, int32_t count) { /* whole vectors */
    int32_t at = (int32_t)((r->memory + LANES - 1) / LANES * LANES);
    r->memory = (size_t)at + (size_t)count;
    return at;
}

static int32_t memory_of(const RepeatBuilder *d, int32_t value) { /* for values that scalars read or are */
    return d->at[value] >= 0 ? d->at[value] : ref_of(d, value).at;
}

/* ---- memory */

/* Constants and inputs that scalars read: each kind in one piece of memory. */
static int lay_out_leaves(RepeatBuilder *d) {
    const Shapes *s = &d->g.s;
    Repeat *r = d->r;
    for (int constants = 1; constants >= 0; constants--) {
        int32_t first = (int32_t)r->memory;
        for (size_t i = 0; i < s->shapes; i++) {
            const Shape *shape = &s->shape[i];
            for (int32_t k = shape->first; shape->kind == SCALARS && k < shape->first + shape->count; k++)
                for (int q = 0; q < arity(shape->op); q++) {
                    int32_t value = operand_of(s, s->member[k], q);
                    if ((size_t)value >= s->fixed || is_constant(d, value) != constants || d->at[value] >= 0) continue;
                    d->at[value] = (int32_t)r->memory++;
                    if (!(constants ? add_constant(d, value) : add_index(r, value))) return 0;
                }
        }
        if (constants) r->constant_at = first, r->constants = (int32_t)r->memory - first;
        else if (r->indices && !add_gather(d, 0, FROM_INPUTS, 0, first, (int32_t)r->indices)) return 0;
    }
    return 1;
}

static int lay_out(RepeatBuilder *d) {
    const Shapes *s = &d->g.s;
    for (size_t v = 0; v < s->values; v++) d->at[v] = -1;
    if (!lay_out_leaves(d)) return 0;
    for (size_t i = 0; i < s->shapes; i++) {
        const Shape *shape = &s->shape[i];
        if (shape->kind == IN_LANES) {
            d->r->lanes += (size_t)shape->count;
            if (d->g.read_outside[i]) d->base[i] = reserve(d->r, shape->count);
        } else if (shape->kind == SUMS) d->base[i] = reserve(d->r, shape->count);
        else
            for (int32_t k = shape->first; k < shape->first + shape->count; k++)
                d->at[s->member[k]] = (int32_t)d->r->memory++;
    }
    return 1;
}

/* The first stage whose first steps may read a value. */
static int32_t ready_stage(const RepeatBuilder *d, int32_t value) {
    int32_t shape = d->g.s.shape_of[value];
    return shape == NO_SHAPE ? 0 : d->g.stage[shape] + 1;
}

static int write_picked(RepeatBuilder *d) {
    const Shapes *s = &d->g.s;
    Repeat *r = d->r;
    for (size_t i = 0; i < d->g.picks; i++) {
        Picked *p = &d->g.picked[i];
        const Shape *shape = &s->shape[p->shape];
        int32_t value = operand_of(s, s->member[shape->first], p->q), first = (int32_t)r->indices;
        int constants = is_constant(d, value);
        p->to = constants ? (int32_t)r->table_size : reserve(r, shape->count);
        for (int32_t k = shape->first; k < shape->first + shape->count; k++) {
            int32_t v = operand_of(s, s->member[k], p->q);
            if (!(constants ? add_constant(d, v) : add_index(r, ref_of(d, v).at))) return 0;
        }
        if (constants) continue;
        if (!add_gather(d, ready_stage(d, value), ref_of(d, value).from, first, p->to, shape->count)) return 0;
    }
    return 1;
}

/* ---- sums */

/* Where a term comes from: inputs, constants, single numbers in memory or lanes of one shape; added or taken off. */
static int32_t source_of(const RepeatBuilder *d, int32_t term, int minus) {
    const Shapes *s = &d->g.s;
    int32_t shape = s->shape_of[term], source = 0;
    if (shape != NO_SHAPE) source = s->shape[shape].kind == IN_LANES ? 3 + shape : 2;
    else if (is_constant(d, term)) source = 1;
    return 2 * source + minus;
}

/* The terms of one source as a stream: read in place where they are contiguous, forwards or backwards. */
static int add_stream(RepeatBuilder *d, const Keyed *term, int32_t count, int32_t stage) {
    Repeat *r = d->r;
    int constants = is_constant(d, term[0].value);
    int32_t first = (int32_t)r->indices, up = !constants, down = !constants, at;
    Ref ref = constants ? (Ref){FROM_TABLE, (int32_t)r->table_size} : ref_of(d, term[0].value);
    Stream *stream;
    for (int32_t i = 1; i < count && (up || down); i++) {
        at = ref_of(d, term[i].value).at;
        if (at != ref.at + i) up = 0;
        if (at != ref.at - i) down = 0;
    }
    if (!up && down) ref.at -= count - 1;
    if (!up && !down && !constants) {
        for (int32_t i = 0; i < count; i++)
            if (!add_index(r, ref_of(d, term[i].value).at)) return 0;
        at = reserve(r, count);
        if (!add_gather(d, stage, ref.from, first, at, count)) return 0;
        ref = (Ref){FROM_MEMORY, at};
    }
    for (int32_t i = 0; constants && i < count; i++)
        if (!add_constant(d, term[i].value)) return 0;
    if ((stream = one_more(&r->stream, &r->streams, sizeof *stream)) == NULL) return 0;
    *stream = (Stream){ref, count, (int32_t)(term[0].key >> 32 & 1)};
    return 1;
}

static int write_sum(RepeatBuilder *d, int32_t value, Keyed *term) {
    const Shapes *s = &d->g.s;
    const Chain *chain = &s->chain[s->chain_of[value]];
    Repeat *r = d->r;
    int32_t op = code_of(s, value)->op, stage = d->g.stage[s->shape_of[value]];
    Sum *sum = one_more(&r->sum, &r->sums, sizeof *sum);
    if (sum == NULL) return 0;
    *sum = (Sum){op, d->base[s->shape_of[value]] + s->lane[value], (int32_t)r->streams, 0};
    for (int32_t j = 0; j < chain->count; j++) {
        int32_t from = s->term[chain->first + j], link = s->link[chain->first + j];
        uint64_t source = (uint64_t)source_of(d, from, j && code_of(s, link)->op == DO_sub);
        term[j] = (Keyed){source << 32 | (uint64_t)j, from};
    }
    qsort(term, (size_t)chain->count, sizeof *term, by_key);
    for (int32_t j = 0, end; j < chain->count; j = end, r->sum[r->sums - 1].count++) {
        for (end = j + 1; end < chain->count && term[end].key >> 32 == term[j].key >> 32;) end++;
        if (!add_stream(d, term + j, end - j, stage)) return 0;
    }
    return add_item(d, stage, SUM_UP, (int32_t)r->sums - 1);
}

static int write_sums(RepeatBuilder *d) {
    const Shapes *s = &d->g.s;
    size_t longest = 0;
    Keyed *term;
    int good = 1;
    for (size_t i = 0; i < s->chains; i++)
        if ((size_t)s->chain[i].count > longest) longest = (size_t)s->chain[i].count;
    if ((term = machine_array(longest, sizeof *term)) == NULL) return 0;
    for (size_t i = 0; i < s->shapes && good; i++)
        for (int32_t k = 0; k < s->shape[i].count && s->shape[i].kind == SUMS && good; k++)
            good = write_sum(d, s->member[s->shape[i].first + k], term);
    free(term);
    return good;
}

/* ---- steps and outputs */

static int write_row(RepeatBuilder *d, const Shape *shape) {
    for (int32_t k = shape->first; k < shape->first + shape->count; k++) {
        int32_t value = d->g.s.member[k];
        Code *code = one_more(&d->r->row, &d->r->rows, sizeof *code);
        if (code == NULL) return 0;
        code->op = shape->op;
        code->out = d->at[value];
        for (int q = 0; q < arity(shape->op); q++) (&code->a)[q] = memory_of(d, operand_of(&d->g.s, value, q));
    }
    return 1;
}

static int write_steps(RepeatBuilder *d) {
    const Shapes *s = &d->g.s;
    Repeat *r = d->r;
    for (int32_t i = 0; i < (int32_t)s->shapes; i++)
        if (s->shape[i].kind == SCALARS && !add_item(d, d->g.stage[i], ROW, i)) return 0;
    qsort(d->item, d->items, sizeof *d->item, by_key);
    for (size_t i = 0; i < d->items; i++) {
        int kind = (int)(d->item[i].key & 3);
        Step *step = r->steps ? &r->step[r->steps - 1] : NULL;
        int32_t first = kind == ROW ? (int32_t)r->rows : d->item[i].value;
        if (kind == ROW && !write_row(d, &s->shape[d->item[i].value])) return 0;
        if (step == NULL || step->kind != kind || kind == RUN || step->first + step->count != first) {
            if ((step = one_more(&r->step, &r->steps, sizeof *step)) == NULL) return 0;
            *step = (Step){kind, first, 0};
        }
        step->count = kind == ROW ? (int32_t)r->rows - step->first : step->count + 1;
    }
    return 1;
}

/* Where output k comes from; 0: no memory. To FROM_OUTPUTS a group writes by itself. */
static int source_of_output(RepeatBuilder *d, size_t k, Ref *ref) {
    int32_t value = d->g.s.program->output_value[k], shape = d->g.s.shape_of[value];
    *ref = (Ref){FROM_TABLE, (int32_t)d->r->table_size};
    if (is_constant(d, value)) return add_constant(d, value);
    if (shape != NO_SHAPE && d->g.s.shape[shape].kind == IN_LANES && d->g.output[shape] >= 0)
        *ref = (Ref){FROM_OUTPUTS, (int32_t)k};
    else *ref = ref_of(d, value);
    return 1;
}

/* Contiguous outputs are copied at once, if there are several; the others one by one. */
static int write_copies(RepeatBuilder *d) {
    size_t outputs = d->g.s.program->outputs, end;
    Repeat *r = d->r;
    Ref *ref = machine_array(outputs, sizeof *ref);
    int good = ref != NULL;
    for (size_t k = 0; k < outputs && good; k++) good = source_of_output(d, k, &ref[k]);
    for (size_t k = 0; k < outputs && good; k = end) {
        Copy *last = r->copies ? &r->copy[r->copies - 1] : NULL;
        for (end = k + 1; end < outputs && ref[end].from == ref[k].from; end++)
            if (ref[end].at != ref[k].at + (int32_t)(end - k)) break;
        if (ref[k].from == FROM_OUTPUTS) continue;
        if (end - k < A_FEW && (last == NULL || !last->scattered || last->ref.from != ref[k].from ||
                                (size_t)(last->to + last->count) != k)) {
            last = one_more(&r->copy, &r->copies, sizeof *last);
            if (!(good = last != NULL)) break;
            *last = (Copy){{ref[k].from, (int32_t)r->indices}, (int32_t)k, 0, 1};
        }
        if (end - k < A_FEW) {
            last->count += (int32_t)(end - k);
            for (size_t i = k; i < end && good; i++) good = add_index(r, ref[i].at);
            continue;
        }
        last = one_more(&r->copy, &r->copies, sizeof *last);
        good = last != NULL;
        if (good) *last = (Copy){ref[k], (int32_t)k, (int32_t)(end - k), 0};
    }
    free(ref);
    return good;
}

static int write_all(RepeatBuilder *d) {
    d->base = machine_array(d->g.s.shapes, sizeof *d->base);
    d->at = machine_array(d->g.s.values, sizeof *d->at);
    return d->base && d->at && lay_out(d) && write_picked(d) && write_sums(d) && write_groups(d) && write_steps(d) &&
           write_copies(d);
}

Repeat *repeat_new(const Program *program, const Kernels *kernels, int *no_memory) {
    RepeatBuilder d = {0};
    int good = groups_find(&d.g, program);
    if (good && d.g.lanes) groups_estimate(&d.g);
    if (good && d.g.lanes && d.g.time < repeat_share * d.g.plain_time) {
        d.r = machine_array(1, sizeof *d.r);
        if (d.r != NULL) d.r->kernels = kernels, d.r->row_time = d.g.time, d.r->batch_time = 4 * d.g.plain_time;
        good = d.r != NULL && write_all(&d);
    }
    *no_memory = !good;
    if (!good) {
        repeat_free(d.r);
        d.r = NULL;
    }
    groups_free(&d.g);
    free(d.base), free(d.at), free(d.item);
    return d.r;
}
