/* Leaves: Vars that no operation made, in blocks of their own. See tape.h.
 *
 * A leaf that no operation has used is freed with its handle. A used one may be part of any number of graphs, so
 * only a trace finds out that it is dead; that happens when the places run out and are many for what lives, and when
 * many used leaves have lost their handles, or many nodes that may have been all that used them have gone.
 *
 * A leaf knows its block, and a block how many of its leaves live. Idle blocks, where none does, are counted now and
 * then, when so many have become idle that the count is paid for; once they are many, and a quarter of all, they go
 * back to the system. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "tape/internal.h"

#define LEAF_BLOCK 255
#define LARGE_BLOCK 4095 /* where there are many: so large that malloc gives it back to the system */
#define MANY_LEAVES 8192
#define LEAVES_KEPT (1u << 19) /* places in blocks without a live leaf: 32 MB, and half of that after giving back */
#define FEWEST_LEAVES 1024 /* below these, a trace is not worth its while */

static LeafBlock *leaf_blocks;
Leaf *tape_free_leaves;
static size_t leaf_places, leaves_at_trace = FEWEST_LEAVES / 2;
static size_t orphans_before, orphan_budget = LEAVES_KEPT / 2; /* without a handle, at the last trace; till the next */
size_t tape_orphans_left = LEAVES_KEPT / 2;
static size_t fallen_idle; /* places of blocks that have, since they were last counted; a block may be there twice */

static size_t bytes_of(const LeafBlock *block) { return sizeof *block + block->places * sizeof(Leaf); }

static int leaf_block_new(void) {
    const uint32_t places = leaf_places < MANY_LEAVES ? LEAF_BLOCK : LARGE_BLOCK;
    LeafBlock *block = tape_memory(NULL, sizeof *block + places * sizeof(Leaf));
    if (!block) return -1;
    memset(block, 0, sizeof *block + places * sizeof(Leaf));
    block->next = leaf_blocks;
    leaf_blocks = block;
    leaf_places += places;
    block->places = places;
    for (uint32_t i = places; i-- > 0;) {
        block->leaf[i].node.keep = (uint32_t)((char *)&block->leaf[i] - (char *)block);
        tape_push_free(&block->leaf[i]);
    }
    return 0;
}

/* Take a block out of the list of blocks. Its places must not be in the list of free leaves when it is freed. */
static LeafBlock *unlink_block(LeafBlock **link) {
    LeafBlock *block = *link;
    *link = block->next;
    leaf_places -= block->places;
    return block;
}

/* Give idle blocks back to the system, the newest first, until so many places are left in them. */
static void give_back(size_t idle) {
    LeafBlock *gone = NULL;
    for (LeafBlock **link = &leaf_blocks; *link && idle > LEAVES_KEPT / 2;) {
        if ((*link)->live) {
            link = &(*link)->next;
            continue;
        }
        LeafBlock *block = unlink_block(link);
        idle -= block->places;
        block->live = UINT32_MAX; /* marks its places */
        block->next = gone;
        gone = block;
    }
    for (Leaf **link = &tape_free_leaves; *link;) {
        if (tape_leaf_block(*link)->live == UINT32_MAX) *link = (*link)->link;
        else link = &(*link)->link;
    }
    while (gone) {
        LeafBlock *block = gone;
        gone = block->next;
        free(block);
    }
    tape_trim();
}

void tape_falls_idle(const LeafBlock *block) {
    fallen_idle += block->places;
    if (fallen_idle <= LEAVES_KEPT / 2 || fallen_idle < leaf_places / 4) return;
    fallen_idle = 0;
    size_t idle = 0;
    for (const LeafBlock *b = leaf_blocks; b; b = b->next)
        if (!b->live) idle += b->places;
    if (idle > LEAVES_KEPT && idle >= leaf_places / 4) give_back(idle);
}

/* What a trace must look at, by and large. */
static size_t trace_costs(void) { return leaf_places + tape_segments * TAPE_SEGMENT_NODES; }

void tape_look_for_dead(void) {
    const size_t orphans = orphans_before + orphan_budget - tape_orphans_left;
    if (tape_orphans_left && (orphans < LEAVES_KEPT / 2 || tape_released < trace_costs() / 4)) return;
    tape_trace(1);
}

/* Leaves that operations have used are found dead by a trace only. A trace costs as much as there are nodes, so wait
 * for more leaves where the graphs are large. */
static int more_leaves(void) {
    size_t enough = 2 * leaves_at_trace + tape_segments * TAPE_SEGMENT_NODES / 16;
    if (leaf_places >= enough) tape_trace(1);
    return tape_free_leaves ? 0 : leaf_block_new();
}

Node *tape_leaf_of_more(double value) { return more_leaves() < 0 ? NULL : tape_leaf(value); }

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
    size_t live_leaves = 0, places_before = leaf_places;
    tape_free_leaves = NULL;
    orphans_before = 0;
    for (LeafBlock **link = &leaf_blocks; *link;) {
        LeafBlock *block = *link;
        Leaf *free_before = tape_free_leaves;
        block->live = 0;
        for (uint32_t i = block->places; i-- > 0;) {
            Node *n = &block->leaf[i].node;
            if (n->flags & NODE_MARKED || (n->handle && !(n->flags & NODE_FREE))) {
                n->flags &= (uint16_t)~NODE_MARKED;
                block->live++;
                orphans_before += !n->handle;
            } else {
                if (n->flags & NODE_BOUND) tape_let_go(n->b.cells);
                tape_push_free(&block->leaf[i]);
            }
        }
        live_leaves += block->live;
        if (block->live == 0 && leaf_places > FEWEST_LEAVES) {
            tape_free_leaves = free_before;
            free(unlink_block(link));
        } else {
            link = &block->next;
        }
    }
    orphan_budget = trace_costs() / 4 > LEAVES_KEPT / 2 ? trace_costs() / 4 : LEAVES_KEPT / 2;
    tape_orphans_left = orphan_budget;
    tape_released = 0;
    if (places_before - leaf_places > LEAVES_KEPT) tape_trim();
    leaves_at_trace = live_leaves > FEWEST_LEAVES / 2 ? live_leaves : FEWEST_LEAVES / 2;
}

void tape_leaf_statistics(Statistics *into) {
    for (LeafBlock *block = leaf_blocks; block; block = block->next) {
        into->leaves += block->live;
        into->bytes += bytes_of(block);
    }
}
