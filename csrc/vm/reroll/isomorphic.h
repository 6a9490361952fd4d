/* The shapes of a program: sets of values that are computed alike (isomorphic).
 *
 * Values have one shape if they are the same operation of operands of one shape, leaves up. Inputs are all alike and
 * so are constants, unless many values read the same few of them: then which one it is belongs to the shape, as the
 * samples of a data set share the weights. A shape of LEAST values or more is lanes. They never depend on each other,
 * and they are in the order of their operands, so that these are slices where they can be: adjoints are made in
 * reverse order. Long chains of additions that are not lanes themselves are sums.
 *
 * Shapes are a guess at what runs well together; no result hangs on it. O(values), but for sorting lanes. */
#ifndef VARGRAD_SHAPES_H
#define VARGRAD_SHAPES_H

#include "vm/program.h"

enum { LEAST = 8, NO_SHAPE = -1 };
enum { SCALARS, IN_LANES, SUMS }; /* kinds of shapes; the members of a shape of sums are the last additions */

typedef struct {
    int32_t op, kind, first, count; /* member[first], ... */
} Shape;

typedef struct {
    int32_t first, count; /* term[first], ... */
    int32_t hash, alone;  /* alone: there are fewer chains of that length than it has terms */
} Chain;

typedef struct {
    const Program *program;
    size_t fixed, values, shapes, chains;
    Shape *shape;          /* operands before their readers */
    int32_t *member;       /* values, shape by shape */
    int32_t *shape_of;     /* of each value; inputs, constants, unread values and the inside of sums have none */
    int32_t *lane;         /* of each value: its place in its shape, if that is no scalars', else its own number */
    int32_t *uses;         /* of each value, by live instructions and by outputs */
    unsigned char *turned; /* of each value: whether its first two operands change places */
    Chain *chain;
    int32_t *term, *link;  /* of chains, first to last: each term and its addition; the first has none */
    int32_t *chain_of;     /* of each value: the chain that it is the end of, -1 for none, INSIDE for its other links */
    int32_t *depth, *tag;  /* of each value: operations below it, a chain counting once; tag: its readers */
    int32_t deepest;
} Shapes;

enum { NO_CHAIN = -1, INSIDE = -2 };

typedef struct {
    uint64_t key;
    int32_t value;
} Keyed;

int by_key(const void *a, const void *b); /* for qsort; by value where keys are equal */

int shapes_find(Shapes *s, const Program *program); /* 0: no memory. To be freed in either case */
void shapes_free(Shapes *s);
int chains_find(Shapes *s); /* the first part of it: uses, chains, depths and tags */

static inline uint64_t hash_with(uint64_t hash, int32_t x) {
    hash = (hash ^ (uint32_t)x) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 29;
}

static inline const Code *code_of(const Shapes *s, int32_t value) { /* NULL: an input or a constant */
    return (size_t)value < s->fixed ? NULL : &s->program->values[value - (int32_t)s->fixed];
}

static inline int32_t operand_of(const Shapes *s, int32_t value, int i) {
    return (&code_of(s, value)->a)[i < 2 && s->turned[value] ? 1 - i : i];
}

#endif
