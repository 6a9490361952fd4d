/* Nodes with more than two operands, operands as nodes of their own, and the grad of a computed node. See tape.h. */
#include <stdlib.h>
#include <string.h>

#include "tape/internal.h"

#define POOL_BYTES 4096

typedef struct Pool {
    struct Pool *next;
    size_t used, size;
    double data[];
} Pool;

/* The first pool stays: a loop that needs one needs it again. */
void tape_clear_operands(Segment *s) {
    for (uint32_t i = 0; i < s->keeps; i++) free(s->keep[i]);
    s->keeps = 0;
    while (s->pool && (s->pool->next || s->pool->size > POOL_BYTES)) {
        Pool *p = s->pool;
        s->pool = p->next;
        tape_released += p->used / sizeof(Entry);
        free(p);
    }
    if (s->pool) s->pool->used = 0;
}

Operands *tape_operands(Segment *s, size_t count, int op) {
    size_t entries = sizeof(Operands) + count * sizeof(Entry);
    size_t bytes = entries + op_info[op].befores * count * sizeof(double);
    if (!s->pool || s->pool->size - s->pool->used < bytes) {
        size_t size = bytes > POOL_BYTES ? bytes : POOL_BYTES;
        Pool *p = tape_memory(NULL, sizeof *p + size);
        if (!p) return NULL;
        p->used = 0;
        p->size = size;
        p->next = s->pool;
        s->pool = p;
    }
    Operands *many = (Operands *)((char *)s->pool->data + s->pool->used);
    s->pool->used += bytes;
    many->count = count;
    many->before = bytes > entries ? (double *)((char *)many + entries) : NULL;
    return many;
}

void tape_return_operands(Segment *s, Operands *many) {
    s->pool->used = (size_t)((char *)many - (char *)s->pool->data);
}

/* Fold the operands before each one for the sweep, which starts with the last. */
static void fill_before(int op, const Operands *many) {
    const Entry *entry = many->entry;
#define OPERAND(i) tape_entry_value(&entry[i])
#define FILL(k, start, step)                                                                                          \
    {                                                                                                                 \
        double acc = start, *before = many->before + (k) * many->count;                                               \
        for (size_t i = 0; i < many->count; i++) {                                                                    \
            const double x = OPERAND(i);                                                                              \
            before[i] = acc;                                                                                          \
            acc = step;                                                                                               \
        }                                                                                                             \
    }
    switch (op) {
#define NARY(name, exact, pairs, befores, fold, final, fill, ...)                                                     \
    case OP_##name: fill break;
#include "ops/nary.def"
    }
#undef FILL
#undef OPERAND
}

Node *tape_push_many(Segment *s, int op, double value, double total, Operands *many) {
    Operand a, b;
    a.many = many;
    b.number = total;
    for (size_t i = 0; i < many->count; i++)
        if (many->entry[i].node && tape_use(s, many->entry[i].node, 0) < 0) return NULL;
    if (many->before) fill_before(op, many);
    return tape_push(s, (unsigned)op << 2 | A_CONSTANT | B_CONSTANT, value, a, b);
}

size_t tape_count(const Node *n) {
    int op = n->code >> 2;
    if (op == OP_leaf) return 0;
    return op_info[op].arity ? op_info[op].arity : n->a.many->count;
}

int tape_constant(const Node *n, size_t i, double *value) {
    if (!op_info[n->code >> 2].arity) {
        const Entry *e = &n->a.many->entry[i];
        *value = e->node ? e->node->value : e->number;
        return !e->node;
    }
    const Operand *x = i ? &n->b : &n->a;
    int constant = n->code & (i ? B_CONSTANT : A_CONSTANT);
    *value = constant ? x->number : x->node->value;
    return constant != 0;
}

Node *tape_parent(Node *n, size_t i) {
    double number;
    Node **place = op_info[n->code >> 2].arity ? (i ? &n->b.node : &n->a.node) : &n->a.many->entry[i].node;
    if (!tape_constant(n, i, &number)) return *place;
    Node *leaf = tape_leaf(number);
    if (!leaf) return NULL;
    leaf->flags |= NODE_USED;
    *place = leaf;
    if (op_info[n->code >> 2].arity) n->code &= (uint16_t)~(i ? B_CONSTANT : A_CONSTANT);
    return leaf;
}

double *tape_grad(Node *n) {
    if (!(n->flags & NODE_REQUIRES)) return NULL;
    if (!(n->flags & NODE_LEAF)) return &tape_segment(n)->keep[n->keep - 1]->grad;
    return n->flags & NODE_BOUND ? n->a.cell + n->b.cells->count : &((Leaf *)n)->grad;
}

int tape_require(Node *n, int wanted) {
    if (wanted && !(n->flags & (NODE_REQUIRES | NODE_LEAF)) && !n->keep) {
        Segment *s = tape_segment(n);
        Keep *k = tape_memory(NULL, sizeof *k);
        if (!k) return -1;
        if (s->keeps == s->keep_room) {
            uint32_t room = s->keep_room ? 2 * s->keep_room : 8;
            Keep **keep = tape_memory(s->keep, room * sizeof *keep);
            if (!keep) {
                free(k);
                return -1;
            }
            s->keep = keep;
            s->keep_room = room;
        }
        s->keep[s->keeps++] = k;
        n->keep = s->keeps;
    }
    const int before = n->flags & NODE_REQUIRES;
    if (n->flags & NODE_BOUND) n->b.cells->without_grad += (before != 0) - (size_t)(wanted != 0);
    n->flags |= NODE_REQUIRES;
    if (!(wanted && before) && (n->flags & NODE_LEAF || n->keep)) *tape_grad(n) = 0.0; /* switched: it starts from 0 */
    if (!wanted) n->flags &= (uint16_t)~NODE_REQUIRES;
    return 0;
}

