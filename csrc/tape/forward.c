/* Forward mode over nodes that have been recorded: tangents instead of adjoints, oldest node first. See tape.h.
 *
 * A node's tangents are one number a direction. TAPE_UNREACHED stands for none: the node does not depend on what
 * moves in that direction. So an infinite partial beside it makes no nan, as in the backward sweep. */
#include <stdlib.h>

#include "tape/internal.h"

/* Whether another sweep must look: a leaf was edited, or another node than those asked for requires grad. */
static int is_unusual(const Node *n) {
    if ((n->flags & (NODE_REQUIRES | NODE_ASKED)) == NODE_REQUIRES) return 1;
    if (!(n->flags & NODE_LEAF)) return 0;
    return n->flags & NODE_STALE || (n->flags & NODE_BOUND && tape_written(n));
}

static inline int is_reached(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits != TAPE_UNREACHED;
}

static double unreached(void) {
    const uint64_t bits = TAPE_UNREACHED;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline void gather(double *to, const double *from, double partial, size_t columns) {
    for (size_t k = 0; k < columns; k++) {
        if (!is_reached(from[k])) continue;
        const double term = partial * from[k];
        to[k] = is_reached(to[k]) ? to[k] + term : term;
    }
}

#define OPERAND(i) tape_entry_value(&entry[i])
#define TANGENTS(n) (tangent + (n)->adjoint_bits * columns)

/* One node with any number of operands: last operand first, as the backward sweep does. */
static void gather_many(const Node *node, int op, double *tangent, size_t columns) {
    const Operands *many = node->a.many;
    const Entry *entry = many->entry;
    const size_t count = many->count, half = op_info[op].pairs ? count / 2 : count;
    const double n = (double)half, out = node->value;
    const double total = node->b.number;
    double *to = TANGENTS(node);
    (void)n, (void)out, (void)total;
    switch (op) {
#define BEFORE(k) many->before[(k) * count + i]
#define NARY(name, exact, pairs, befores, fold, final, fill, totals, each, guard, partial, step)                      \
    case OP_##name: {                                                                                                 \
        totals for (size_t i = count; i-- > 0;) {                                                                     \
            if (entry[i].node) {                                                                                      \
                each if (guard) gather(to, TANGENTS(entry[i].node), (partial), columns);                              \
            }                                                                                                         \
            step                                                                                                      \
        }                                                                                                             \
    } break;
#include "ops/nary.def"
#undef BEFORE
    }
}

static void gather_row(const Node *n, int op, double *tangent, size_t columns) {
    const int want_a = !(n->code & A_CONSTANT), want_b = !(n->code & B_CONSTANT);
    const double out = n->value;
    const double a = *(want_a ? &n->a.node->value : &n->a.number);
    const double b = *(want_b ? &n->b.node->value : &n->b.number);
    double da = 0.0, db = 0.0;
    int to_a = 0, to_b = 0;
    switch (op) {
#define ROW(name, ...)                                                                                                \
    case OP_##name:                                                                                                   \
        if (want_a) to_a = op_partial_a_##name(a, b, out, &da);                                                       \
        if (want_b) to_b = op_partial_b_##name(a, b, out, &db);                                                       \
        break;
#include "ops/ops.def"
    }
    if (to_a) gather(TANGENTS(n), TANGENTS(n->a.node), da, columns);
    if (to_b) gather(TANGENTS(n), TANGENTS(n->b.node), db, columns);
}

/* While this runs, a node's place in the list is where sweeps keep its adjoint. */
int tape_forward(Node *const *list, size_t count, const Directions *by, Node *const *roots, size_t n_roots, double *out) {
    const size_t columns = by->columns;
    const double none = unreached();
    for (size_t i = 0; i < count; i++)
        if (is_unusual(list[i])) return FORWARD_UNUSUAL;
    if (count > SIZE_MAX / sizeof(double) / columns) return FORWARD_NO_MEMORY;
    double *tangent = tape_memory(NULL, count * columns * sizeof *tangent);
    if (!tangent) return FORWARD_NO_MEMORY;
    for (size_t i = 0; i < count * columns; i++) tangent[i] = none;
    for (size_t i = 0; i < count; i++) list[i]->adjoint_bits = i;
    for (size_t i = 0; i < by->n_wrt; i++) {
        if (by->wrt[i]->adjoint_bits == TAPE_UNREACHED) continue;
        double *to = TANGENTS(by->wrt[i]);
        if (by->seed) to[0] = by->seed[i] == by->seed[i] ? by->seed[i] : NAN;
        else if (i >= by->first && i - by->first < columns) to[i - by->first] = 1.0;
    }
    for (size_t i = count; i-- > 0;) {
        const Node *n = list[i];
        const int op = n->code >> 2;
        if (n->flags & NODE_LEAF) continue;
        if (op >= OP_FIRST_NARY) gather_many(n, op, tangent, columns);
        else gather_row(n, op, tangent, columns);
    }
    for (size_t i = 0; i < n_roots; i++) {
        for (size_t k = 0; k < columns; k++) {
            const double x = roots[i]->adjoint_bits == TAPE_UNREACHED ? none : TANGENTS(roots[i])[k];
            out[i * by->stride + by->first + k] = is_reached(x) ? 0.0 + x : 0.0;
        }
    }
    for (size_t i = 0; i < count; i++) list[i]->adjoint_bits = TAPE_UNREACHED;
    free(tangent);
    return FORWARD_DONE;
}
