/* Finds shapes level by level: values of equal depth cannot depend on each other. See isomorphic.h. */
#include "vm/reroll/isomorphic.h"

#include <stdlib.h>
#include <string.h>

#include "vm/memory.h"

enum { INPUT_KIND = -1, CONSTANT_KIND = -2, FEW_CONSTANTS = 4 };

typedef struct { /* values with one operation, of operands of equal shapes */
    int32_t op, kind[3], count, head, tail;
} Alike;

typedef struct {
    Shapes *s;
    int32_t *order, *level; /* values with a shape, by depth; where each depth begins */
    Alike *alike;
    int32_t *table; /* of numbers of alike + 1, by hash; as many places as mask + 1 */
    int32_t *next;  /* of each value: the next one that is alike */
    int32_t *key;   /* of each place in s->member, while it is divided */
    int32_t *stamp, *place, *scratch; /* of each key */
    Keyed *keyed;
    size_t alikes, mask, filled;
    int32_t now;
} Finder;

static int32_t kind_of(const Shapes *s, int32_t value) {
    if ((size_t)value < s->program->inputs) return INPUT_KIND;
    return (size_t)value < s->fixed ? CONSTANT_KIND : s->shape_of[value];
}

static int arity_of(const Shapes *s, int32_t value) { return arity(code_of(s, value)->op); }

/* ---- one shape */

int by_key(const void *a, const void *b) {
    const Keyed *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return x->value < y->value ? -1 : x->value > y->value;
}

/* Lanes are sorted by the first operand that is not the same for all, then by the second such. */
static void put_in_order(Finder *f, int32_t *member, size_t count) {
    const Shapes *s = f->s;
    int differing = 0, up = 1, down = 1;
    for (size_t i = 0; i < count; i++) f->keyed[i] = (Keyed){0, member[i]};
    for (int q = 0; q < arity_of(s, member[0]) && differing < 2; q++) {
        int32_t first = operand_of(s, member[0], q);
        size_t i = 1;
        while (i < count && operand_of(s, member[i], q) == first) i++;
        if (i == count) continue;
        differing++;
        for (i = 0; i < count; i++)
            f->keyed[i].key = f->keyed[i].key << 32 | (uint32_t)s->lane[operand_of(s, member[i], q)];
    }
    for (size_t i = 1; i < count && (up || down); i++) {
        if (f->keyed[i].key < f->keyed[i - 1].key) up = 0;
        else down = 0;
    }
    if (up) return;
    if (!down) qsort(f->keyed, count, sizeof *f->keyed, by_key);
    for (size_t i = 0; i < count; i++) member[i] = f->keyed[down ? count - 1 - i : i].value;
}

static void make_shape(Finder *f, int32_t op, int kind, size_t first, size_t count) {
    Shapes *s = f->s;
    int32_t *member = s->member + first;
    s->shape[s->shapes] = (Shape){op, kind, (int32_t)first, (int32_t)count};
    if (kind == IN_LANES) put_in_order(f, member, count);
    for (size_t i = 0; i < count; i++) {
        s->shape_of[member[i]] = (int32_t)s->shapes;
        s->lane[member[i]] = kind == SCALARS ? member[i] : (int32_t)i;
    }
    s->shapes++;
}

/* ---- dividing values that are alike into shapes */

/* How many of the keys are different; their places are numbered as they come. */
static size_t distinct(Finder *f, const int32_t *key, size_t count) {
    size_t found = 0;
    f->now++;
    for (size_t i = 0; i < count; i++)
        if (f->stamp[key[i]] != f->now) f->stamp[key[i]] = f->now, f->place[key[i]] = (int32_t)found++;
    return found;
}

/* Members by key, in order within each. distinct() has just numbered the keys. */
static void gather_by(Finder *f, int32_t *member, int32_t *key, size_t count, size_t found) {
    Keyed *to = f->keyed;
    int32_t *start = f->scratch;
    memset(start, 0, (found + 1) * sizeof *start);
    for (size_t i = 0; i < count; i++) start[f->place[key[i]] + 1]++;
    for (size_t k = 1; k < found; k++) start[k + 1] += start[k];
    for (size_t i = 0; i < count; i++) to[start[f->place[key[i]]]++] = (Keyed){(uint64_t)key[i], member[i]};
    for (size_t i = 0; i < count; i++) member[i] = to[i].value, key[i] = (int32_t)to[i].key;
}

/* By their readers, if the parts are still lanes; small parts join the largest. */
static size_t divide_by_tag(Finder *f, int32_t *member, int32_t *key, size_t count) {
    const Shapes *s = f->s;
    int32_t *size = f->scratch, largest = 0, most = 0;
    size_t found;
    for (size_t i = 0; i < count; i++) key[i] = s->tag[member[i]];
    found = distinct(f, key, count);
    if (found == 1) return 1;
    memset(size, 0, found * sizeof *size);
    for (size_t i = 0; i < count; i++)
        if (++size[f->place[key[i]]] > most) most = size[f->place[key[i]]], largest = key[i];
    if (most < LEAST) return 1;
    for (size_t i = 0; i < count; i++)
        if (size[f->place[key[i]]] < LEAST) key[i] = largest;
    found = distinct(f, key, count);
    if (found > 1) gather_by(f, member, key, count, found);
    return found;
}

/* By which operand it is, where many read the same few: number `at`, then the next; then by tag. */
static void divide(Finder *f, size_t first, size_t count, int at) {
    const Shapes *s = f->s;
    int32_t *member = s->member + first, *key = f->key + first;
    int operands = arity_of(s, member[0]);
    size_t parts = 1, most, end;
    if (count < LEAST || at > operands) {
        make_shape(f, code_of(s, member[0])->op, count < LEAST ? SCALARS : IN_LANES, first, count);
        return;
    }
    if (at == operands) parts = divide_by_tag(f, member, key, count);
    else {
        for (size_t i = 0; i < count; i++) key[i] = operand_of(s, member[i], at);
        parts = distinct(f, key, count);
        most = kind_of(s, key[0]) == CONSTANT_KIND ? FEW_CONSTANTS : count;
        if (parts > most || parts * LEAST > count || (parts > FEW_CONSTANTS && parts * parts > count)) parts = 1;
        else if (parts > 1) gather_by(f, member, key, count, parts);
    }
    if (parts == 1) {
        divide(f, first, count, at + 1);
        return;
    }
    for (size_t i = 0; i < count; i = end) {
        for (end = i + 1; end < count && key[end] == key[i];) end++;
        divide(f, first + i, end - i, at + 1);
    }
}

/* ---- one depth */

static void turn(Shapes *s, int32_t value, int32_t *kind) { /* a + b is b + a */
    const Code *code = code_of(s, value);
    if ((code->op == DO_add || code->op == DO_mul) && kind[0] < kind[1]) {
        int32_t first = kind[0];
        kind[0] = kind[1], kind[1] = first;
        s->turned[value] = 1;
    }
}

static void add_to_its_like(Finder *f, int32_t value) {
    const Code *code = code_of(f->s, value);
    int32_t kind[3] = {0, 0, 0};
    uint64_t hash;
    Alike *found;
    for (int i = 0; i < arity(code->op); i++) kind[i] = kind_of(f->s, (&code->a)[i]);
    turn(f->s, value, kind);
    hash = hash_with(hash_with(hash_with(hash_with(0, code->op), kind[0]), kind[1]), kind[2]);
    for (size_t at = hash & f->mask;; at = (at + 1) & f->mask) {
        if (f->table[at] == 0) {
            f->alike[f->alikes++] = (Alike){code->op, {kind[0], kind[1], kind[2]}, 1, value, value};
            f->table[at] = (int32_t)f->alikes;
            return;
        }
        found = &f->alike[f->table[at] - 1];
        if (found->op == code->op && memcmp(found->kind, kind, sizeof kind) == 0) break;
    }
    f->next[found->tail] = value;
    found->tail = value;
    found->count++;
}

static int same_chain(const Shapes *s, const Chain *x, const Chain *y) {
    if (x->count != y->count) return 0;
    for (int32_t j = 0; j < x->count; j++) {
        if (kind_of(s, s->term[x->first + j]) != kind_of(s, s->term[y->first + j])) return 0;
        if (j && code_of(s, s->link[x->first + j])->op != code_of(s, s->link[y->first + j])->op) return 0;
    }
    return 1;
}

/* Whether equal chains are lanes: one kernel call for each link beats one sum for each chain. Terms that are neither
 * lanes nor inputs make no sum either. */
static int stays_chains(const Shapes *s, const Chain *chain, size_t count) {
    double length = chain->count, chains = (double)count;
    int32_t good = 0;
    for (int32_t j = 0; j < chain->count; j++) {
        int32_t kind = kind_of(s, s->term[chain->first + j]);
        good += kind == INPUT_KIND || (kind >= 0 && s->shape[kind].kind != SCALARS);
    }
    if (2 * good < chain->count) return 1;
    return count >= LEAST && length * (8 + chains / 4) < chains * (20 + length / 2);
}

static void make_chains(Finder *f, const Keyed *chain, size_t count) {
    Shapes *s = f->s;
    const Chain *first = &s->chain[chain[0].value];
    int stays = stays_chains(s, first, count);
    for (int32_t j = stays ? 1 : first->count - 1; j < first->count; j++) {
        size_t at = f->filled;
        for (size_t i = 0; i < count; i++) {
            int32_t link = s->link[s->chain[chain[i].value].first + j];
            s->member[f->filled++] = link;
            s->chain_of[link] = stays ? NO_CHAIN : chain[i].value;
        }
        make_shape(f, code_of(s, s->member[at])->op, stays ? (count < LEAST ? SCALARS : IN_LANES) : SUMS, at, count);
    }
}

static void level(Finder *f, size_t depth) {
    Shapes *s = f->s;
    size_t before = f->alikes, chains = 0;
    Keyed *chain = f->keyed + s->values; /* make_shape() uses the part behind */
    for (int32_t i = f->level[depth]; i < f->level[depth + 1]; i++) {
        int32_t value = f->order[i];
        if (s->chain_of[value] == NO_CHAIN) add_to_its_like(f, value);
        else {
            const Chain *c = &s->chain[s->chain_of[value]];
            uint64_t hash = (uint64_t)c->count;
            for (int32_t j = c->first; j < c->first + c->count; j++) hash = hash_with(hash, kind_of(s, s->term[j]));
            chain[chains++] = (Keyed){hash, s->chain_of[value]};
        }
    }
    for (; before < f->alikes; before++) {
        const Alike *alike = &f->alike[before];
        size_t first = f->filled;
        for (int32_t v = alike->head, i = 0; i < alike->count; i++, v = f->next[v]) s->member[f->filled++] = v;
        divide(f, first, (size_t)alike->count, 0);
    }
    qsort(chain, chains, sizeof *chain, by_key);
    for (size_t i = 0, end; i < chains; i = end) {
        for (end = i + 1; end < chains && chain[end].key == chain[i].key; end++)
            if (!same_chain(s, &s->chain[chain[i].value], &s->chain[chain[end].value])) break;
        make_chains(f, chain + i, end - i);
    }
}

/* ---- all */

static void by_depth(Finder *f) {
    const Shapes *s = f->s;
    for (size_t v = s->fixed; v < s->values; v++)
        if (s->uses[v] && s->chain_of[v] != INSIDE) f->level[s->depth[v]]++;
    for (int32_t d = 0; d <= s->deepest; d++) f->level[d + 1] += f->level[d];
    for (size_t v = s->values; v-- > s->fixed;)
        if (s->uses[v] && s->chain_of[v] != INSIDE) f->order[--f->level[s->depth[v]]] = (int32_t)v;
}

static int find(Finder *f) { /* 0: no memory */
    Shapes *s = f->s;
    size_t keys = 2 * s->values + 3, places = 16;
    while (places < 2 * s->values) places *= 2;
    f->mask = places - 1;
    f->order = machine_array(s->values, sizeof *f->order);
    f->level = machine_array((size_t)s->deepest + 2, sizeof *f->level);
    f->alike = machine_array(s->values, sizeof *f->alike);
    f->table = machine_array(places, sizeof *f->table);
    f->next = machine_array(s->values, sizeof *f->next);
    f->key = machine_array(s->values, sizeof *f->key);
    f->stamp = machine_array(keys, sizeof *f->stamp);
    f->place = machine_array(keys, sizeof *f->place);
    f->scratch = machine_array(keys, sizeof *f->scratch);
    f->keyed = machine_array(s->values + s->chains, sizeof *f->keyed);
    if (!f->order || !f->level || !f->alike || !f->table || !f->next || !f->key || !f->stamp || !f->place ||
        !f->scratch || !f->keyed)
        return 0;
    by_depth(f);
    for (size_t d = 1; d <= (size_t)s->deepest; d++) level(f, d);
    return 1;
}

int shapes_find(Shapes *s, const Program *program) {
    Finder f = {0};
    int good;
    f.s = s;
    memset(s, 0, sizeof *s);
    s->program = program;
    s->fixed = program->inputs + program->constants;
    s->values = s->fixed + program->length;
    s->shape = machine_array(s->values, sizeof *s->shape);
    s->member = machine_array(s->values, sizeof *s->member);
    s->shape_of = machine_array(s->values, sizeof *s->shape_of);
    s->lane = machine_array(s->values, sizeof *s->lane);
    s->uses = machine_array(s->values, sizeof *s->uses);
    s->turned = machine_array(s->values, sizeof *s->turned);
    s->chain_of = machine_array(s->values, sizeof *s->chain_of);
    s->depth = machine_array(s->values, sizeof *s->depth);
    s->tag = machine_array(s->values, sizeof *s->tag);
    if (!s->shape || !s->member || !s->shape_of || !s->lane || !s->uses || !s->turned || !s->chain_of || !s->depth ||
        !s->tag)
        return 0;
    for (size_t v = 0; v < s->values; v++) s->shape_of[v] = NO_SHAPE, s->lane[v] = (int32_t)v;
    if (!chains_find(s)) return 0;
    good = find(&f);
    free(f.order), free(f.level), free(f.alike), free(f.table), free(f.next);
    free(f.key), free(f.stamp), free(f.place), free(f.scratch), free(f.keyed);
    return good;
}

void shapes_free(Shapes *s) {
    free(s->shape), free(s->member), free(s->shape_of), free(s->lane), free(s->uses), free(s->turned);
    free(s->chain_of), free(s->depth), free(s->tag);
    free(s->chain), free(s->term), free(s->link);
}
