/* The groups of a Repeat: each an inner program with its inputs and outputs. See reroll.h. */
#include <stdlib.h>
#include <string.h>

#include "vm/reroll/build.h"
#include "vm/memory.h"

typedef struct {
    int32_t number, role;
} Role;

typedef struct {
    RepeatBuilder *d;
    uint64_t *key; /* a hash table that numbers the group's inputs; only places of this round count */
    int32_t *number, *round, now;
    size_t mask;
    int32_t *position;        /* of each shape in the group */
    Role *role;               /* of the three operands of each */
    Ref *ref;                 /* of each input */
    unsigned char *broadcast; /* likewise */
    int32_t *constant;        /* values */
    int32_t inputs, constants;
} Writer;

enum { AS_INPUT, AS_CONSTANT, AS_MEMBER }; /* roles */

/* The number of a key in this round, the next of *count if it is new. */
static int32_t numbered(Writer *w, uint64_t key, int32_t *count) {
    size_t at = (key * 0x9E3779B97F4A7C15u >> 32) & w->mask;
    for (; w->round[at] == w->now; at = (at + 1) & w->mask)
        if (w->key[at] == key) return w->number[at];
    w->round[at] = w->now;
    w->key[at] = key;
    return w->number[at] = (*count)++;
}

static Role constant_role(Writer *w, int32_t value) {
    int32_t known = w->constants, number = numbered(w, (uint64_t)value << 8 | 255, &w->constants);
    if (w->constants > known) w->constant[known] = value;
    return (Role){number, AS_CONSTANT};
}

static Role input_role(Writer *w, Ref ref, int one) {
    int32_t known = w->inputs;
    int32_t number = numbered(w, (uint64_t)ref.at << 8 | (uint64_t)(2 * ref.from + one), &w->inputs);
    if (w->inputs > known) w->ref[known] = ref, w->broadcast[known] = (unsigned char)one;
    return (Role){number, AS_INPUT};
}

static Role role_of(Writer *w, int32_t shape, const Operand *o) {
    RepeatBuilder *d = w->d;
    const Shapes *s = &d->g.s;
    if (in_group(&d->g, shape, o)) return (Role){w->position[o->shape], AS_MEMBER};
    if (o->how == ONE) return is_constant(d, o->at) ? constant_role(w, o->at) : input_role(w, ref_of(d, o->at), 1);
    if (o->how == INPUTS) return input_role(w, (Ref){FROM_INPUTS, o->at}, 0);
    if (o->how == LANES_OF) return input_role(w, (Ref){FROM_MEMORY, d->base[o->shape] + o->at}, 0);
    const Picked *p = &d->g.picked[o->at];
    int32_t first = operand_of(s, s->member[s->shape[p->shape].first], p->q);
    return input_role(w, (Ref){is_constant(d, first) ? FROM_TABLE : FROM_MEMORY, p->to}, 0);
}

static int is_output(const Groups *g, int32_t shape) { return g->read_outside[shape] || g->output[shape] >= 0; }

/* Over values, as program_new() leaves them. NULL: no memory. */
static Program *inner_program(Writer *w, const Keyed *member, int32_t count) {
    const Groups *g = &w->d->g;
    int32_t first[] = {[AS_INPUT] = 0, [AS_CONSTANT] = w->inputs, [AS_MEMBER] = w->inputs + w->constants};
    Program *p = machine_array(1, sizeof *p);
    if (p == NULL) return NULL;
    p->inputs = (size_t)w->inputs, p->constants = (size_t)w->constants, p->length = (size_t)count;
    p->registers = p->inputs + p->constants + p->length;
    p->values = machine_array(p->length, sizeof *p->values);
    p->constant = machine_array(p->constants, sizeof *p->constant);
    p->output_value = machine_array(p->length, sizeof *p->output_value);
    if (!p->values || !p->constant || !p->output_value) {
        program_free(p);
        return NULL;
    }
    for (int32_t i = 0; i < w->constants; i++)
        p->constant[i] = g->s.program->constant[(size_t)w->constant[i] - g->s.program->inputs];
    for (int32_t i = 0; i < count; i++) {
        Code *code = &p->values[i];
        code->op = g->s.shape[member[i].value].op;
        code->out = first[AS_MEMBER] + i;
        for (int q = 0; q < arity(code->op); q++) {
            Role role = w->role[3 * i + q];
            (&code->a)[q] = first[role.role] + role.number;
        }
        if (is_output(g, member[i].value)) p->output_value[p->outputs++] = code->out;
    }
    return p;
}

static int add_ref(Repeat *r, Ref ref) {
    Ref *to = one_more(&r->ref, &r->refs, sizeof *to);
    if (to != NULL) *to = ref;
    return to != NULL;
}

static int write_group(Writer *w, const Keyed *member, int32_t count) {
    Groups *g = &w->d->g;
    Repeat *r = w->d->r;
    Group *group = one_more(&r->group, &r->groups, sizeof *group);
    size_t registers;
    if (group == NULL) return 0;
    w->now++;
    w->inputs = w->constants = 0;
    for (int32_t i = 0; i < count; i++) w->position[member[i].value] = i;
    for (int32_t i = 0; i < count; i++)
        for (int q = 0; q < arity(g->s.shape[member[i].value].op); q++)
            w->role[3 * i + q] = role_of(w, member[i].value, &g->operand[3 * g->number[member[i].value] + q]);
    group->lanes = (size_t)g->s.shape[member[0].value].count;
    group->ref = (int32_t)r->refs;
    group->program = inner_program(w, member, count);
    if (group->program == NULL) return 0;
    group->plan = plan_new(group->program, r->kernels, w->broadcast, 0);
    if (group->plan == NULL) return 0;
    for (int32_t i = 0; i < w->inputs; i++)
        if (!add_ref(r, w->ref[i])) return 0;
    for (int32_t i = 0; i < count; i++) {
        int32_t shape = member[i].value;
        Ref ref = g->read_outside[shape] ? (Ref){FROM_MEMORY, w->d->base[shape]}
                                         : (Ref){FROM_OUTPUTS, g->output[shape]};
        if (is_output(g, shape) && !add_ref(r, ref)) return 0;
    }
    registers = plan_apart(group->plan, group->lanes);
    if (registers > r->registers) r->registers = registers;
    group->single = w->inputs && memchr(w->broadcast, 1, (size_t)w->inputs) != NULL;
    group->space = r->plan_space;
    r->plan_space += plan_workspace(group->plan);
    if (r->refs - (size_t)group->ref > r->most_refs) r->most_refs = r->refs - (size_t)group->ref;
    return add_item(w->d, g->stage[member[0].value], RUN, (int32_t)r->groups - 1);
}

int write_groups(RepeatBuilder *d) {
    Groups *g = &d->g;
    Writer w = {0};
    size_t places = 16, n = 0, most = 3 * g->lanes;
    Keyed *member = machine_array(g->lanes, sizeof *member);
    int good;
    while (places < 2 * most) places *= 2;
    w.d = d;
    w.mask = places - 1;
    w.key = machine_array(places, sizeof *w.key);
    w.number = machine_array(places, sizeof *w.number);
    w.round = machine_array(places, sizeof *w.round);
    w.position = machine_array(g->s.shapes, sizeof *w.position);
    w.role = machine_array(most, sizeof *w.role);
    w.ref = machine_array(most, sizeof *w.ref);
    w.broadcast = machine_array(most, 1);
    w.constant = machine_array(most, sizeof *w.constant);
    good = member && w.key && w.number && w.round && w.position && w.role && w.ref && w.broadcast && w.constant;
    for (int32_t i = 0; i < (int32_t)g->s.shapes && good; i++)
        if (g->s.shape[i].kind == IN_LANES)
            member[n++] = (Keyed){(uint64_t)g->stage[i] << 32 | (uint64_t)set_of(g, i), i};
    if (good) qsort(member, n, sizeof *member, by_key);
    for (size_t i = 0, end; i < n && good; i = end) {
        for (end = i + 1; end < n && member[end].key == member[i].key;) end++;
        good = write_group(&w, member + i, (int32_t)(end - i));
    }
    free(member), free(w.key), free(w.number), free(w.round), free(w.position), free(w.role);
    free(w.ref), free(w.broadcast), free(w.constant);
    return good;
}
