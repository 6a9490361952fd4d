/* The walks over a graph: the backward sweep, and the list of all nodes under a root. See tape.h.
 *
 * Segments that have been reached wait in a heap, youngest first; within a segment a walk goes down from the
 * highest node reached. So every node is visited after all nodes that use it, in the order of its making turned
 * round: the pure twin adds in the same order, and the sums agree to the bit. */
#include <stdlib.h>
#include <string.h>

#include "tape/internal.h"

static size_t queued;
static Leaf *reached_leaves;
static Keep *reached_keeps;
static Edited first_edited;
static int outcome;

/* ---- the heap of segments, youngest on top */

static void queue_push(Segment *s) {
    size_t i = queued++;
    while (i && tape_queue[(i - 1) / 2]->seq < s->seq) {
        tape_queue[i] = tape_queue[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    tape_queue[i] = s;
    s->queued = 1;
}

static Segment *queue_pop(void) {
    Segment *top = tape_queue[0], *last = tape_queue[--queued];
    size_t i = 0, child;
    while ((child = 2 * i + 1) < queued) {
        if (child + 1 < queued && tape_queue[child + 1]->seq > tape_queue[child]->seq) child++;
        if (tape_queue[child]->seq <= last->seq) break;
        tape_queue[i] = tape_queue[child];
        i = child;
    }
    tape_queue[i] = last;
    top->queued = 0;
    return top;
}

/* A node of an older segment, or of the root's, has been reached for the first time. */
static void enqueue(const Node *n) {
    Segment *s = tape_segment(n);
    uint32_t place = (uint32_t)(n - s->node);
    if (!s->queued) {
        s->top = place;
        queue_push(s);
    } else if (place > s->top) {
        s->top = place;
    }
}

/* ---- the sweep */

static void arrive_leaf(Node *n, int op) {
    Leaf *leaf = (Leaf *)n;
    leaf->link = reached_leaves;
    reached_leaves = leaf;
    if (n->flags & (NODE_STALE | NODE_BOUND)) {
        double current = tape_value(tape_current(n));
        if (memcmp(&current, &n->value, sizeof current) == 0 || (current != current && n->value != n->value)) {
            if (n->flags & NODE_STALE && outcome == SWEEP_DONE) outcome = SWEEP_RESTORED;
        } else if (outcome != SWEEP_EDITED) {
            outcome = SWEEP_EDITED;
            first_edited.op = op;
            first_edited.recorded = n->value;
            first_edited.current = current;
        }
    }
}

static inline void scatter(const Segment *s, Node *to, double amount, int op) {
    if (to->adjoint_bits != TAPE_UNREACHED) {
        to->adjoint += amount;
        return;
    }
    to->adjoint = amount; /* not 0.0 + amount: that addition would be on the chain from root to leaves */
    if (!tape_elsewhere(s, to)) return;
    if (to->flags & NODE_LEAF) arrive_leaf(to, op);
    else enqueue(to);
}

#define OPERAND(i) tape_entry_value(&entry[i])

/* One node with any number of operands: last operand first, as the pure twin does. */
static void scatter_many(const Segment *s, const Node *node, int op, double w) {
    const Operands *many = node->a.many;
    const Entry *entry = many->entry;
    const size_t count = many->count, half = op_info[op].pairs ? count / 2 : count;
    const double n = (double)half, out = node->value;
    const double total = node->b.number; /* the fold's result, left there by tape_value_many() */
    (void)n, (void)out, (void)total;
    switch (op) {
#define BEFORE(k) many->before[(k) * count + i]
#define NARY(name, exact, pairs, befores, fold, final, fill, totals, each, guard, partial, step)                      \
    case OP_##name: {                                                                                                 \
        totals for (size_t i = count; i-- > 0;) {                                                                     \
            if (entry[i].node) {                                                                                      \
                each if (guard) scatter(s, entry[i].node, w * (partial), op);                                         \
            }                                                                                                         \
            step                                                                                                      \
        }                                                                                                             \
    } break;
#include "ops/nary.def"
#undef BEFORE
    }
}

/* Every row sets its partials and which of them count; the scatter comes once, after the switch. With a scatter
 * in each case the loop outgrows the instruction cache, which costs a training step a tenth of its time. */
static void sweep_segment(Segment *s) {
    for (Node *n = &s->node[s->top]; n >= s->node; n--) {
        if (n->adjoint_bits == TAPE_UNREACHED) continue;
        const double w = n->adjoint, out = n->value;
        const int op = n->code >> 2, want_a = !(n->code & A_CONSTANT), want_b = !(n->code & B_CONSTANT);
        n->adjoint_bits = TAPE_UNREACHED;
        if (TAPE_UNLIKELY(n->keep) && n->flags & NODE_REQUIRES) {
            Keep *k = s->keep[n->keep - 1];
            k->pending = w;
            k->link = reached_keeps;
            reached_keeps = k;
        }
        if (TAPE_UNLIKELY(op >= OP_FIRST_NARY)) {
            scatter_many(s, n, op, w);
            continue;
        }
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
        if (to_a) scatter(s, n->a.node, w * da, op);
        if (to_b) scatter(s, n->b.node, w * db, op);
    }
}

int tape_sweep(Node *root, double seed, Edited *edited) {
    reached_leaves = NULL;
    reached_keeps = NULL;
    queued = 0;
    outcome = SWEEP_DONE;
    root->adjoint = seed == seed ? seed : NAN; /* no signalling nan: one of them is TAPE_UNREACHED */
    if (root->flags & NODE_LEAF) arrive_leaf(root, OP_leaf);
    else enqueue(root);
    while (queued) sweep_segment(queue_pop());
    *edited = first_edited;
    return outcome;
}

int tape_reaches_other(void) {
    if (reached_keeps) return 1; /* a computed node that requires grad */
    for (const Leaf *leaf = reached_leaves; leaf; leaf = leaf->link)
        if ((leaf->node.flags & (NODE_REQUIRES | NODE_ASKED)) == NODE_REQUIRES) return 1;
    return 0;
}

double tape_adjoint(const Node *n) { return n->adjoint_bits == TAPE_UNREACHED ? 0.0 : 0.0 + n->adjoint; }

void tape_finish(int accumulate) {
    for (Leaf *leaf = reached_leaves; leaf; leaf = leaf->link) {
        double *grad = accumulate ? tape_grad(&leaf->node) : NULL;
        if (grad) *grad += leaf->node.adjoint;
        leaf->node.adjoint_bits = TAPE_UNREACHED;
    }
    for (Keep *k = reached_keeps; k; k = k->link)
        if (accumulate) k->grad += k->pending;
}

/* ---- the list */

Node **tape_list(Node *root, size_t *count) {
    size_t room = 256, leaves = 0, nodes = 0;
    Node **list = tape_memory(NULL, room * sizeof *list);
    Leaf *leaf = NULL;
    queued = 0;
    root->flags |= NODE_LISTED;
    if (root->flags & NODE_LEAF) leaf = (Leaf *)root, leaf->link = NULL, leaves = 1;
    else enqueue(root);
    while (queued) {
        Segment *s = queue_pop();
        for (Node *n = &s->node[s->top]; n >= s->node; n--) {
            if (!(n->flags & NODE_LISTED)) continue;
            n->flags &= (uint16_t)~NODE_LISTED;
            if (list && nodes == room) { /* without memory, go on clearing marks */
                Node **more = tape_memory(list, 2 * room * sizeof *list);
                if (!more) free(list);
                list = more;
                room *= 2;
            }
            if (list) list[nodes] = n;
            nodes++;
            for (size_t i = 0, k = tape_count(n); i < k; i++) {
                double number;
                if (tape_constant(n, i, &number)) continue;
                Node *to = op_info[n->code >> 2].arity ? (i ? n->b.node : n->a.node) : n->a.many->entry[i].node;
                if (to->flags & NODE_LISTED) continue;
                to->flags |= NODE_LISTED;
                if (to->flags & NODE_LEAF) {
                    ((Leaf *)to)->link = leaf;
                    leaf = (Leaf *)to;
                    leaves++;
                } else if (tape_elsewhere(s, to)) {
                    enqueue(to);
                }
            }
        }
    }
    if (list) {
        Node **more = tape_memory(list, (nodes + leaves) * sizeof *list);
        if (!more) free(list);
        list = more;
    }
    *count = nodes + leaves;
    for (; leaf; leaf = leaf->link, nodes++) {
        leaf->node.flags &= (uint16_t)~NODE_LISTED;
        if (list) list[nodes] = &leaf->node;
    }
    return list;
}

/* ---- forward values of rows with any number of operands */

double tape_value_many(int op, const Operands *many, double *total) {
    const Entry *entry = many->entry;
    const size_t half = op_info[op].pairs ? many->count / 2 : many->count;
    const double n = (double)half;
    (void)n;
    switch (op) {
#define NARY(name, exact, pairs, befores, fold, final, ...)                                                           \
    case OP_##name: {                                                                                                 \
        fold *total = acc;                                                                                            \
        return final;                                                                                                 \
    }
#include "ops/nary.def"
    }
    return NAN;
}
