/* Leaves: Vars that no operation made, in blocks of their own. See tape.h.
 *
 * A leaf that no operation has used is freed with its handle. A used one may be part of any number of graphs, so
 * only a trace finds out that it is dead; that happens when the places run out and are many for what lives. */
#include <stdlib.h>
#include <string.h>

#include "tape_internal.h"

#define LEAF_BLOCK 255
#define FEWEST_LEAVES 1024 /* below these, a trace is not worth its while */

typedef struct LeafBlock {
    struct LeafBlock *next;
    Leaf leaf[LEAF_BLOCK];
} LeafBlock;

static LeafBlock *leaf_blocks;
static Leaf *free_leaves;
static size_t leaf_places, leaves_at_trace = FEWEST_LEAVES / 2;

static int leaf_block_new(void) {
    LeafBlock *block = tape_memory(NULL, sizeof *block);
    if (!block) return -1;
    memset(block, 0, sizeof *block);
    block->next = leaf_blocks;
    leaf_blocks = block;
    leaf_places += LEAF_BLOCK;
    for (int i = LEAF_BLOCK - 1; i >= 0; i--) {
        block->leaf[i].node.flags = NODE_LEAF | NODE_FREE;
        block->leaf[i].link = free_leaves;
        free_leaves = &block->leaf[i];
    }
    return 0;
}

Node *tape_leaf(double value) {
    if (TAPE_UNLIKELY(!free_leaves)) {
        /* Used leaves are found dead by a trace only. A trace costs as much as there are nodes, so wait for more
         * leaves where the graphs are large. */
        size_t enough = 2 * leaves_at_trace + tape_segments * TAPE_SEGMENT_NODES / 16;
        if (leaf_places >= enough) tape_trace(1);
        if (!free_leaves && leaf_block_new() < 0) return NULL;
    }
    Leaf *leaf = free_leaves;
    free_leaves = leaf->link;
    leaf->node.value = value;
    leaf->node.adjoint_bits = TAPE_UNREACHED;
    leaf->grad = 0.0;
    leaf->node.handle = NULL;
    leaf->node.code = OP_leaf;
    leaf->node.flags = NODE_LEAF;
    leaf->node.keep = 0;
    return &leaf->node;
}

void tape_free_leaf(Node *n) {
    Leaf *leaf = (Leaf *)n;
    if (n->flags & NODE_BOUND) tape_let_go(n->b.cells);
    n->flags = NODE_LEAF | NODE_FREE;
    leaf->link = free_leaves;
    free_leaves = leaf;
}

Node *tape_current(Node *n) {
    Node *last = n;
    while (last->flags & NODE_STALE) last = last->a.node;
    while (n->flags & NODE_STALE) { /* shorten the way for next time: a training loop edits a million times */
        Node *next = n->a.node;
        n->a.node = last;
        n = next;
    }
    return last;
}

Node *tape_succeed(Node *leaf, double value) {
    if (memcmp(&leaf->value, &value, sizeof value) == 0) return leaf;
    if (!(leaf->flags & NODE_USED)) {
        leaf->value = value;
        return leaf;
    }
    Node *fresh = tape_leaf(value);
    if (!fresh) return NULL;
    fresh->flags |= NODE_SUCCESSOR | (leaf->flags & (NODE_REQUIRES | NODE_BOUND));
    ((Leaf *)fresh)->grad = ((Leaf *)leaf)->grad;
    fresh->a = leaf->a;
    fresh->b = leaf->b;
    fresh->handle = leaf->handle;
    leaf->handle = NULL;
    leaf->flags = (uint16_t)((leaf->flags & ~NODE_BOUND) | NODE_STALE);
    leaf->a.node = fresh;
    return fresh;
}

Node *tape_edit(Node *leaf, double value) {
    Node *n = tape_succeed(leaf, value);
    if (n && n->flags & NODE_BOUND) *n->a.cell = value;
    return n;
}

/* The end of a trace: free what it has not marked, and blocks with nothing left in them. */
void tape_sweep_leaves(void) {
    size_t live_leaves = 0;
    free_leaves = NULL;
    for (LeafBlock **link = &leaf_blocks; *link;) {
        LeafBlock *block = *link;
        Leaf *free_before = free_leaves;
        size_t live_here = 0;
        for (int i = LEAF_BLOCK - 1; i >= 0; i--) {
            Node *n = &block->leaf[i].node;
            if (n->flags & NODE_MARKED || (n->handle && !(n->flags & NODE_FREE))) {
                n->flags &= (uint16_t)~NODE_MARKED;
                live_here++;
            } else {
                tape_free_leaf(n);
            }
        }
        live_leaves += live_here;
        if (live_here == 0 && leaf_places > FEWEST_LEAVES) {
            free_leaves = free_before;
            *link = block->next;
            leaf_places -= LEAF_BLOCK;
            free(block);
        } else {
            link = &block->next;
        }
    }
    leaves_at_trace = live_leaves > FEWEST_LEAVES / 2 ? live_leaves : FEWEST_LEAVES / 2;
}

void tape_leaf_statistics(Statistics *into) {
    for (LeafBlock *block = leaf_blocks; block; block = block->next)
        for (int i = 0; i < LEAF_BLOCK; i++) into->leaves += !(block->leaf[i].node.flags & NODE_FREE);
    into->bytes += leaf_places / LEAF_BLOCK * sizeof(LeafBlock);
}
