/* The tape: nodes of a computation graph in segments, and the walks over them. No Python here.
 *
 * A node is a plain record of one operation: its value, its operands, its adjoint while a sweep runs. Nodes are
 * appended to the open segment, an aligned block of a few hundred; operands always precede their result, so a
 * backward sweep walks a segment from the root's place down, skips what was not reached, then goes on with the
 * youngest older segment that was. O(nodes from the root down), nothing recurses, nothing is allocated.
 *
 * Handles. The caller owns handles (Python's Var); a node points back to its handle while that lives. A segment
 * lives while it has handles or a younger segment refers to it, and is recycled whole: freeing 300 nodes costs
 * as much as freeing one. A segment that refers to another keeps it; references go from younger to older only.
 * That whole-segment rule keeps too much in loops where every segment holds a little of the next result, so
 * when the segments have multiplied since last time, tape_collect() marks the nodes that handles really reach and
 * drops references that no such node needs: O(live nodes), paid once per quadrupling.
 *
 * Leaves are in chunks of their own, so that a long-lived parameter keeps no segment alive. A leaf's value
 * never changes once an operation has used it: an edit makes a new leaf and leaves the old one to the old graph,
 * marked stale. A sweep that reaches a stale leaf reports it. The leaves of a block have their value and grad in
 * memory that others may write to; blocks.c says how such a write becomes an edit.
 *
 * All of this is for one thread at a time: the caller holds a lock (Python's GIL) around every call.
 * Errors: functions that allocate return NULL or -1 when there is no memory, and then have changed nothing. */
#ifndef VARGRAD_TAPE_H
#define VARGRAD_TAPE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ops/ops.h"

#ifdef __GNUC__
#define TAPE_LIKELY(x) __builtin_expect(!!(x), 1)
#define TAPE_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define TAPE_SELDOM __attribute__((noinline, cold)) /* so that it takes no registers from where it is called */
#else
#define TAPE_LIKELY(x) (x)
#define TAPE_UNLIKELY(x) (x)
#define TAPE_SELDOM
#endif

#ifndef TAPE_SEGMENT_BYTES
#define TAPE_SEGMENT_BYTES 16384 /* a power of two: a node's segment is its address rounded down */
#endif

typedef struct Node Node;
typedef struct Segment Segment;

typedef struct {
    Node *node; /* NULL: a constant */
    double number;
} Entry; /* one operand of a node with any number of them */

typedef struct {
    size_t count;
    double *before; /* of each entry, folds over those before it, where the row's partial needs them; or NULL */
    Entry entry[];
} Operands;

typedef struct {
    size_t count, holders, without_grad; /* leaves; references to this, by them and by others; leaves without grad */
    double cell[];                       /* values, then grads */
} Cells;

typedef union {
    Node *node;
    double number;
    Operands *many;
    double *cell; /* a of a bound leaf: its value; the grad is count further on */
    Cells *cells; /* b of a bound leaf */
} Operand;

enum { A_CONSTANT = 1, B_CONSTANT = 2 }; /* the low bits of Node.code: which operand is a number, or is not there */

enum {
    NODE_LEAF = 1,
    NODE_USED = 2,     /* a leaf that some operation has read */
    NODE_STALE = 4,    /* a leaf that was edited since; a.node is its successor */
    NODE_REQUIRES = 8, /* requires_grad */
    NODE_MARKED = 16,   /* reachable, while a collection runs */
    NODE_FREE = 32,     /* a leaf's place, not in use */
    NODE_SUCCESSOR = 64, /* of a stale leaf: it may outlive its handle as if it were used */
    NODE_BOUND = 128,    /* a leaf with cells in a block; its value is a copy, the one that operations record */
    NODE_LISTED = 256,   /* found, while tape_list() runs */
    NODE_ASKED = 512     /* a leaf whose derivative the caller of tape_sweep() asks for */
};

/* The adjoint of a node that no sweep has reached: a signalling nan, which no arithmetic returns. A flag
 * beside the adjoint would say the same with a second load, test and store for every operand of every node. */
#define TAPE_UNREACHED UINT64_C(0x7FF4DEAD0000BEEF)

struct Node {
    double value;
    union {
        double adjoint;
        uint64_t adjoint_bits;
    };
    Operand a, b;
    void *handle;
    uint16_t code; /* op << 2 | constants */
    uint16_t flags;
    uint32_t keep; /* 1 + index of the segment's record of grad, for a computed node that requires one; of a leaf: leaves.c */
};

typedef struct Leaf {
    Node node; /* first, so that a Node with NODE_LEAF is a Leaf */
    double grad;
    struct Leaf *link; /* in the list of free leaves, or of those a sweep has reached */
} Leaf;

typedef struct LeafChunk {
    struct LeafChunk *next;
    uint32_t places, live; /* a leaf's node.keep is its distance from here, in bytes */
    Leaf leaf[];
} LeafChunk;

typedef struct Keep {
    double grad, pending;
    struct Keep *link;
} Keep;

struct Segment {
    uint64_t seq;      /* age: larger is younger */
    uint64_t referrer; /* the youngest segment that has listed this one among its references */
    uint64_t stamp;    /* of the last collection that found a needed reference, by referrer */
    uint32_t used, handles, referrers;
    uint32_t top;      /* the highest node reached, while queued */
    int queued, marked;
    Segment *older, *younger; /* all live segments; spare ones are linked by the same fields */
    Segment **reference;
    uint32_t references, reference_room;
    Keep **keep;
    uint32_t keeps, keep_room;
    struct Pool *pool;
    Segment *todo; /* while a list of segments is worked off */
    struct Chunk *chunk;
    Node node[];
};

#define TAPE_SEGMENT_NODES ((uint32_t)((TAPE_SEGMENT_BYTES - sizeof(Segment)) / sizeof(Node)))

extern Segment *tape_open; /* where the next node goes; never NULL after tape_start() */

/* All memory comes through tape_memory(), as from realloc(). Tests let it fail after so many calls; -1: never. */
extern long tape_allocations_left;
int tape_may_allocate(void);
void *tape_memory(void *old, size_t bytes);

/* ---- life */

int tape_start(void);               /* 0, or -1 without memory */
Segment *tape_next_segment(void);   /* open a fresh segment; NULL without memory */
int tape_refer(Segment *s, Node *operand);
void tape_idle(Segment *s);         /* the last handle into s has gone */

static inline Segment *tape_segment(const Node *n) {
    return (Segment *)((uintptr_t)n & ~(uintptr_t)(TAPE_SEGMENT_BYTES - 1));
}

static inline int tape_elsewhere(const Segment *s, const Node *n) {
    return ((uintptr_t)s ^ (uintptr_t)n) >= TAPE_SEGMENT_BYTES;
}

/* Whether a bound leaf's cell has another value than operations would record. */
static inline int tape_written(const Node *n) { return memcmp(n->a.cell, &n->value, sizeof n->value) != 0; }

/* Let a node that will be in s refer to an operand. With look, not to a leaf whose cell has been written to since
 * the operation took its value: 1. */
static inline int tape_use(Segment *s, Node *operand, int look) {
    if (TAPE_LIKELY(!tape_elsewhere(s, operand))) return 0;
    const unsigned kind = operand->flags & (NODE_LEAF | NODE_USED | NODE_BOUND);
    if (TAPE_LIKELY(kind == (NODE_LEAF | NODE_USED))) return 0;
    if (!(kind & NODE_LEAF)) return tape_refer(s, operand);
    if (look && kind & NODE_BOUND && tape_written(operand)) return 1;
    operand->flags |= NODE_USED;
    return 0;
}

/* A Var's value now. Operations take a leaf's node->value instead, after tape_renew(). */
static inline double tape_value(const Node *n) { return TAPE_UNLIKELY(n->flags & NODE_BOUND) ? *n->a.cell : n->value; }

/* The place of the next node of a row of one or two operands, or NULL. Counts it only in tape_push(). */
static inline Segment *tape_room(void) {
    return TAPE_LIKELY(tape_open->used < TAPE_SEGMENT_NODES) ? tape_open : tape_next_segment();
}

static inline Node *tape_push(Segment *s, unsigned code, double value, Operand a, Operand b) {
    Node *n = &s->node[s->used++];
    n->value = value;
    n->adjoint_bits = TAPE_UNREACHED;
    n->a = a;
    n->b = b;
    n->handle = NULL;
    n->code = (uint16_t)code;
    n->flags = 0;
    n->keep = 0;
    return n;
}

static inline void tape_attach(Node *n, void *handle) {
    n->handle = handle;
    if (!(n->flags & NODE_LEAF)) tape_segment(n)->handles++;
}

extern Leaf *tape_free_leaves;
Node *tape_leaf_of_more(double value) TAPE_SELDOM;          /* when there are no free leaves */
void tape_falls_idle(const LeafChunk *chunk) TAPE_SELDOM; /* its last leaf has died */
void tape_let_go(Cells *cells);

static inline LeafChunk *tape_leaf_chunk(Leaf *leaf) { return (LeafChunk *)((char *)leaf - leaf->node.keep); }

static inline void tape_push_free(Leaf *leaf) {
    leaf->node.flags = NODE_LEAF | NODE_FREE;
    leaf->link = tape_free_leaves;
    tape_free_leaves = leaf;
}

/* A new leaf; NULL without memory. */
static inline Node *tape_leaf(double value) {
    Leaf *leaf = tape_free_leaves;
    if (TAPE_UNLIKELY(!leaf)) return tape_leaf_of_more(value);
    tape_free_leaves = leaf->link;
    tape_leaf_chunk(leaf)->live++;
    leaf->node.value = value;
    leaf->node.adjoint_bits = TAPE_UNREACHED;
    leaf->grad = 0.0;
    leaf->node.handle = NULL;
    leaf->node.code = OP_leaf;
    leaf->node.flags = NODE_LEAF;
    return &leaf->node;
}

static inline void tape_free_leaf(Node *n) {
    if (TAPE_UNLIKELY(n->flags & NODE_BOUND)) tape_let_go(n->b.cells);
    tape_push_free((Leaf *)n);
    LeafChunk *chunk = tape_leaf_chunk((Leaf *)n);
    if (TAPE_UNLIKELY(--chunk->live == 0)) tape_falls_idle(chunk);
}

void tape_collect_if_due(void);    /* collect, if enough may have died since the last time to pay for it */
extern size_t tape_orphans_left; /* used leaves that may lose their handles until the next look for dead ones */

static inline void tape_detach(Node *n) {
    n->handle = NULL;
    if (n->flags & NODE_LEAF) {
        if (!(n->flags & (NODE_USED | NODE_SUCCESSOR))) tape_free_leaf(n);
        else if (TAPE_UNLIKELY(--tape_orphans_left == 0)) tape_collect_if_due();
    } else {
        Segment *s = tape_segment(n);
        if (TAPE_UNLIKELY(--s->handles == 0)) tape_idle(s);
    }
}

/* ---- leaves and operands */

Node *tape_edit(Node *leaf, double value); /* the leaf that has the value now; takes the handle along */
Node *tape_current(Node *n);               /* a stale leaf's last successor; any other node itself */
Node *tape_succeed(Node *leaf, double value); /* the same, but a cell is left as it is */
Node *tape_renew(Node *leaf);                 /* the leaf that has its cell's value; NULL: no memory */
Cells *tape_cells(size_t count);              /* all 0, held once */
void tape_hold(Cells *cells);
void tape_bind(Node *leaf, Cells *cells, size_t i); /* the i-th cell gets its value; a grad before is lost */
Operands *tape_operands(Segment *s, size_t count, int op);
void tape_return_operands(Segment *s, Operands *operands); /* the last ones taken, and not pushed */
Node *tape_push_many(Segment *s, int op, double value, double total, Operands *operands);
double tape_value_many(int op, const Operands *operands, double *total); /* of an exact row; and the fold */
size_t tape_count(const Node *n);                         /* operands of a node */
Node *tape_parent(Node *n, size_t i);                     /* the i-th; a constant becomes a leaf; NULL: no memory */
int tape_constant(const Node *n, size_t i, double *value); /* the i-th operand's recorded value; 1: a number */
double *tape_grad(Node *n);                                /* where requires_grad is true; NULL otherwise */
int tape_require(Node *n, int wanted);

/* ---- walks */

typedef struct {
    int op;
    double recorded, current;
} Edited; /* a leaf that has changed since the forward pass, and the operation that used it */

enum { SWEEP_DONE, SWEEP_EDITED, SWEEP_RESTORED }; /* restored: edited, but back at the recorded value */

int tape_sweep(Node *root, double seed, Edited *edited);
int tape_reaches_other(void);    /* after SWEEP_DONE: whether a reached node that is not NODE_ASKED requires grad */
double tape_adjoint(const Node *n); /* after SWEEP_DONE, of a leaf; 0 if not reached */
void tape_finish(int accumulate);    /* after any sweep: add the adjoints to the grads, or drop them */
Node **tape_list(Node *root, size_t *count); /* all nodes under root, youngest first; free() it; NULL: no memory */

/* Directions of the leaves wrt. With seed it is one: leaf i moves by seed[i]. Without, direction k moves leaf first + k
 * alone, by 1. */
typedef struct {
    Node *const *wrt;
    size_t n_wrt, first, columns, stride;
    const double *seed;
} Directions;

enum { FORWARD_DONE, FORWARD_UNUSUAL, FORWARD_NO_MEMORY }; /* unusual: a leaf was edited, or another node requires grad */

/* The tangents of the roots, which are among the nodes of a list: of root i along direction k into
 * out[i * stride + first + k]. The leaves wrt are NODE_ASKED. */
int tape_forward(Node *const *list, size_t count, const Directions *by, Node *const *roots, size_t n_roots, double *out);

/* A list of nodes as arrays, oldest first, leaves before all the rest. The caller provides room: for as many nodes as
 * the list has (first: one more) and for as many operands and numbers as tape_operands_of() says (numbers: one more). */
typedef struct {
    size_t nodes, operands, numbers;
    Node **node;      /* of a leaf, the one that has its value now */
    int32_t *code;    /* number of the operation's row, or -1 for a leaf */
    int32_t *first;   /* of a node's operands */
    int32_t *operand; /* a node's number, or -1 - k for number k */
    double *number;
    int32_t *place; /* of each node wanted: its number, or -1 where the list has it not */
} Export;

size_t tape_operands_of(Node *const *list, size_t count);
void tape_export(Node *const *list, size_t count, Node *const *wanted, size_t n_wanted, Export *to);

typedef struct {
    size_t segments, spare, nodes, leaves, bytes;
} Statistics;

void tape_statistics(Statistics *into);

#endif
