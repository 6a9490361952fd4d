/* Operands, sets and stages. See groups.h. */
#include "vm/reroll/groups.h"

#include <stdlib.h>
#include <string.h>

#include "vm/memory.h"

/* ---- operands */

static int equally_picked(const Groups *g, const Picked *p, const Shape *shape, int q) {
    const Shape *other = &g->s.shape[p->shape];
    if (other->count != shape->count) return 0;
    for (int32_t i = 0; i < shape->count; i++)
        if (operand_of(&g->s, g->s.member[other->first + i], p->q) !=
            operand_of(&g->s, g->s.member[shape->first + i], q))
            return 0;
    return 1;
}

static Operand pick(Groups *g, int32_t *table, size_t mask, int32_t number, int q) {
    const Shape *shape = &g->s.shape[number];
    uint64_t hash = (uint64_t)shape->count;
    size_t at;
    for (int32_t i = 0; i < shape->count; i++)
        hash = hash_with(hash, operand_of(&g->s, g->s.member[shape->first + i], q));
    for (at = hash & mask; table[at]; at = (at + 1) & mask)
        if (g->picked[table[at] - 1].hash == hash && equally_picked(g, &g->picked[table[at] - 1], shape, q))
            return (Operand){PICKED, table[at] - 1, 0};
    g->picked[g->picks++] = (Picked){number, q, -1, hash};
    table[at] = (int32_t)g->picks;
    return (Operand){PICKED, (int32_t)g->picks - 1, 0};
}

/* How operand q of a shape's members is found, unless it is PICKED. */
static Operand look_at(const Groups *g, const Shape *shape, int q) {
    const Shapes *s = &g->s;
    const int32_t *member = s->member + shape->first;
    int32_t first = operand_of(s, member[0], q), of = s->shape_of[first], lane = s->lane[first], i = 1;
    while (i < shape->count && operand_of(s, member[i], q) == first) i++;
    if (i == shape->count) return (Operand){ONE, first, 0};
    if ((size_t)first >= s->program->inputs && (of == NO_SHAPE || s->shape[of].kind == SCALARS))
        return (Operand){PICKED, 0, 0};
    for (i = 1; i < shape->count; i++) {
        int32_t value = operand_of(s, member[i], q);
        if (s->shape_of[value] != of || s->lane[value] != lane + i) return (Operand){PICKED, 0, 0};
        if (of == NO_SHAPE && (size_t)value >= s->program->inputs) return (Operand){PICKED, 0, 0};
    }
    return (Operand){of == NO_SHAPE ? INPUTS : LANES_OF, lane, of};
}

static int find_operands(Groups *g) { /* 0: no memory */
    size_t places = 16;
    int32_t *table;
    while (places < 6 * g->lanes) places *= 2;
    table = machine_array(places, sizeof *table);
    if (table == NULL) return 0;
    for (size_t i = 0; i < g->s.shapes; i++) {
        const Shape *shape = &g->s.shape[i];
        for (int q = 0; shape->kind == IN_LANES && q < arity(shape->op); q++) {
            Operand *operand = &g->operand[3 * g->number[i] + q];
            *operand = look_at(g, shape, q);
            if (operand->how == PICKED) *operand = pick(g, table, places - 1, (int32_t)i, q);
        }
    }
    free(table);
    return 1;
}

/* ---- sets and stages */

int32_t set_of(Groups *g, int32_t shape) {
    while (g->set[shape] != shape) shape = g->set[shape] = g->set[g->set[shape]];
    return shape;
}

static int reads_lane_by_lane(const Groups *g, int32_t shape, const Operand *o) {
    return o->how == LANES_OF && o->at == 0 && g->s.shape[o->shape].kind == IN_LANES &&
           g->s.shape[o->shape].count == g->s.shape[shape].count;
}

static void unite(Groups *g) {
    for (size_t i = 0; i < g->s.shapes; i++) {
        const Shape *shape = &g->s.shape[i];
        g->set[i] = (int32_t)i;
        for (int q = 0; shape->kind == IN_LANES && q < arity(shape->op); q++) {
            const Operand *o = &g->operand[3 * g->number[i] + q];
            if (reads_lane_by_lane(g, (int32_t)i, o)) g->set[set_of(g, o->shape)] = set_of(g, (int32_t)i);
        }
    }
}

static void not_before(int32_t *stage, int32_t other) {
    if (other > *stage) *stage = other;
}

/* The first stage in which a value may be read: by gathers and sums, which come first in a stage (early), or by the
 * steps after the scalars. */
static int32_t first_stage(const Groups *g, int32_t value, int early) {
    int32_t shape = g->s.shape_of[value];
    if (shape == NO_SHAPE) return 0;
    return g->stage[shape] + (early || g->s.shape[shape].kind == IN_LANES);
}

static void set_stages(Groups *g) {
    const Shapes *s = &g->s;
    for (int32_t i = 0; i < (int32_t)s->shapes; i++) {
        const Shape *shape = &s->shape[i];
        int32_t *stage = &g->stage[i];
        for (int32_t k = shape->first; k < shape->first + shape->count; k++) {
            int32_t value = s->member[k];
            if (shape->kind == SCALARS)
                for (int q = 0; q < arity(shape->op); q++)
                    not_before(stage, first_stage(g, operand_of(s, value, q), 0));
            else if (shape->kind == SUMS) {
                const Chain *chain = &s->chain[s->chain_of[value]];
                for (int32_t j = 0; j < chain->count; j++)
                    not_before(stage, first_stage(g, s->term[chain->first + j], 1));
            } else break;
        }
        for (int q = 0; shape->kind == IN_LANES && q < arity(shape->op); q++) {
            const Operand *o = &g->operand[3 * g->number[i] + q];
            int32_t first = operand_of(s, s->member[shape->first], q);
            if (reads_lane_by_lane(g, i, o)) not_before(stage, g->stage[o->shape]);
            else not_before(stage, first_stage(g, first, o->how == PICKED)); /* the others are of the same shape */
        }
    }
}

/* ---- shapes that are read outside their group */

static void mark_read(Groups *g, int32_t value) {
    int32_t shape = g->s.shape_of[value];
    if (shape != NO_SHAPE && g->s.shape[shape].kind == IN_LANES) g->read_outside[shape] = 1;
}

static void find_read_outside(Groups *g) {
    const Shapes *s = &g->s;
    const Program *p = s->program;
    for (int32_t i = 0; i < (int32_t)s->shapes; i++) {
        const Shape *shape = &s->shape[i];
        for (int q = 0; shape->kind == IN_LANES && q < arity(shape->op); q++)
            if (!in_group(g, i, &g->operand[3 * g->number[i] + q]))
                mark_read(g, operand_of(s, s->member[shape->first], q));
        for (int32_t k = shape->first; shape->kind == SCALARS && k < shape->first + shape->count; k++)
            for (int q = 0; q < arity(shape->op); q++) mark_read(g, operand_of(s, s->member[k], q));
    }
    for (size_t i = 0; i < s->chains; i++) {
        const Chain *chain = &s->chain[i];
        if (s->chain_of[s->link[chain->first + chain->count - 1]] == NO_CHAIN) continue; /* it became additions */
        for (int32_t j = 0; j < chain->count; j++) mark_read(g, s->term[chain->first + j]);
    }
    for (size_t i = 0; i < s->shapes; i++) g->output[i] = -1;
    for (size_t k = 0; k < p->outputs; k++) { /* a shape whose lanes are outputs, in order and once each */
        int32_t value = p->output_value[k], i = s->shape_of[value], at = 0;
        const Shape *shape = i == NO_SHAPE ? NULL : &s->shape[i];
        if (shape == NULL || shape->kind != IN_LANES || g->read_outside[i] || g->output[i] >= 0) continue;
        if (value == s->member[shape->first] && k + (size_t)shape->count <= p->outputs)
            while (at < shape->count && p->output_value[k + (size_t)at] == s->member[shape->first + at]) at++;
        if (at == shape->count) g->output[i] = (int32_t)k;
        else g->read_outside[i] = 1;
    }
    for (size_t k = 0; k < p->outputs; k++) { /* not once */
        int32_t value = p->output_value[k], i = s->shape_of[value];
        if (i != NO_SHAPE && g->output[i] >= 0 && (size_t)(g->output[i] + s->lane[value]) != k)
            g->read_outside[i] = 1, g->output[i] = -1;
    }
}

/* ---- all */

int groups_find(Groups *g, const Program *program) {
    memset(g, 0, sizeof *g);
    if (!shapes_find(&g->s, program)) return 0;
    g->number = machine_array(g->s.shapes, sizeof *g->number);
    if (g->number == NULL) return 0;
    for (size_t i = 0; i < g->s.shapes; i++)
        if (g->s.shape[i].kind == IN_LANES) g->number[i] = (int32_t)g->lanes++;
    if (g->lanes == 0) return 1;
    g->operand = machine_array(3 * g->lanes, sizeof *g->operand);
    g->picked = machine_array(3 * g->lanes, sizeof *g->picked);
    g->stage = machine_array(g->s.shapes, sizeof *g->stage);
    g->set = machine_array(g->s.shapes, sizeof *g->set);
    g->read_outside = machine_array(g->s.shapes, sizeof *g->read_outside);
    g->output = machine_array(g->s.shapes, sizeof *g->output);
    if (!g->operand || !g->picked || !g->stage || !g->set || !g->read_outside || !g->output) return 0;
    if (!find_operands(g)) return 0;
    unite(g);
    set_stages(g);
    find_read_outside(g);
    return 1;
}

void groups_free(Groups *g) {
    shapes_free(&g->s);
    free(g->operand), free(g->number), free(g->stage), free(g->set), free(g->read_outside), free(g->output);
    free(g->picked);
}

/* ---- estimated cost in ns, for a machine on which row_run takes one for an addition */

static double weight(int32_t op) {
    switch (op) {
    case DO_add: case DO_sub: case DO_mul: case DO_neg: case DO_abs: case DO_identity: case DO_square: case DO_relu:
    case DO_select: case DO_lt: case DO_le: case DO_eq: case DO_ne: case DO_and: case DO_or: case DO_not:
        return 1;
    case DO_truediv: case DO_sqrt: return 2;
    default: return 5;
    }
}

void groups_estimate(Groups *g) {
    const Shapes *s = &g->s;
    double plain = 0, lanes = 20;
    for (size_t v = s->fixed; v < s->values; v++)
        if (s->uses[v]) plain += weight(code_of(s, (int32_t)v)->op);
    for (int32_t i = 0; i < (int32_t)s->shapes; i++) {
        const Shape *shape = &s->shape[i];
        double count = shape->count;
        if (shape->kind == SCALARS) lanes += 1.3 * count * weight(shape->op);
        else if (shape->kind == IN_LANES) {
            lanes += shape->count % LANES ? 6 : 3;
            lanes += count * (0.14 * weight(shape->op) + (g->read_outside[i] ? 0.14 : 0));
            if (set_of(g, i) == i) lanes += 25; /* a group, or a few */
        } else
            for (int32_t k = shape->first; k < shape->first + shape->count; k++)
                lanes += 15 + 0.15 * s->chain[s->chain_of[s->member[k]]].count;
    }
    for (size_t i = 0; i < g->picks; i++) {
        const Shape *shape = &s->shape[g->picked[i].shape];
        int32_t value = operand_of(s, s->member[shape->first], g->picked[i].q);
        if ((size_t)value < s->program->inputs || (size_t)value >= s->fixed) lanes += 5 + 0.9 * shape->count;
    }
    for (size_t k = 0; k < s->program->outputs; k++) {
        int32_t shape = s->shape_of[s->program->output_value[k]];
        if (shape == NO_SHAPE || s->shape[shape].kind != IN_LANES || g->output[shape] < 0) lanes += 0.7, plain += 0.2;
    }
    g->plain_time = plain, g->time = lanes;
}
