/* Leaves: Vars that no operation made, in chunks of memory of their own. See tape.h.
 *
 * A leaf that no operation has used is freed with its handle. A used one may be part of any number of graphs, so
 * only a collection finds out that it is dead. One runs when no place is free and the places are many for the leaves
 * that lived last time, and when many used leaves have lost their handles, or many nodes that used them are gone.
 *
 * A leaf knows its chunk, and a chunk how many of its leaves live. A chunk without a live leaf is idle. When so many
 * have become idle that a count is worth its cost, they are counted; if they are many, and a quarter of all, they go
 * back to the system. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "tape/internal.h"

#define LEAF_CHUNK 255
#define LARGE_LEAF_CHUNK 4095 /* where there are many: so large that malloc gives it back to the system */
#define MANY_LEAVES 8192
#define LEAVES_KEPT (1u << 19) /* places in chunks without a live leaf: 32 MB, and half of that after giving back */
#define FEWEST_LEAVES 1024 /* below these, a collection is not worth its while */

static LeafChunk *leaf_chunks;
Leaf *tape_free_leaves;
static size_t leaf_places, leaves_at_collection = FEWEST_LEAVES / 2;
static size_t orphans_before, orphan_budget = LEAVES_KEPT / 2; /* handles lost: at the last collection; until the next */
size_t tape_orphans_left = LEAVES_KEPT / 2;
static size_t fallen_idle; /* places of chunks that have, since they were last counted; a chunk may be there twice */

static size_t bytes_of(const LeafChunk *chunk) { return sizeof *chunk + chunk->places * sizeof(Leaf); }

static int leaf_chunk_new(void) {
    const uint32_t places = leaf_places < MANY_LEAVES ? LEAF_CHUNK : LARGE_LEAF_CHUNK;
    LeafChunk *chunk = tape_memory(NULL, sizeof *chunk + places * sizeof(Leaf));
    if (!chunk) return -1;
    memset(chunk, 0, sizeof *chunk + places * sizeof(Leaf));
    chunk->next = leaf_chunks;
    leaf_chunks = chunk;
    leaf_places += places;
    chunk->places = places;
    for (uint32_t i = places; i-- > 0;) {
        chunk->leaf[i].node.keep = (uint32_t)((char *)&chunk->leaf[i] - (char *)chunk);
        tape_push_free(&chunk->leaf[i]);
    }
    return 0;
}

/* Take a chunk out of the list of chunks. Its places must not be in the list of free leaves when it is freed. */
static LeafChunk *unlink_chunk(LeafChunk **link) {
    LeafChunk *chunk = *link;
    *link = chunk->next;
    leaf_places -= chunk->places;
    return chunk;
}

/* Give idle chunks back to the system, the newest first, until so many places are left in them. */
static void give_back(size_t idle) {
    LeafChunk *gone = NULL;
    for (LeafChunk **link = &leaf_chunks; *link && idle > LEAVES_KEPT / 2;) {
        if ((*link)->live) {
            link = &(*link)->next;
            continue;
        }
        LeafChunk *chunk = unlink_chunk(link);
        idle -= chunk->places;
        chunk->live = UINT32_MAX; /* marks its places */
        chunk->next = gone;
        gone = chunk;
    }
    for (Leaf **link = &tape_free_leaves; *link;) {
        if (tape_leaf_chunk(*link)->live == UINT32_MAX) *link = (*link)->link;
        else link = &(*link)->link;
    }
    while (gone) {
        LeafChunk *chunk = gone;
        gone = chunk->next;
        free(chunk);
    }
    tape_trim();
}

void tape_falls_idle(const LeafChunk *chunk) {
    fallen_idle += chunk->places;
    if (fallen_idle <= LEAVES_KEPT / 2 || fallen_idle < leaf_places / 4) return;
    fallen_idle = 0;
    size_t idle = 0;
    for (const LeafChunk *b = leaf_chunks; b; b = b->next)
        if (!b->live) idle += b->places;
    if (idle > LEAVES_KEPT && idle >= leaf_places / 4) give_back(idle);
}

/* How much a collection must look at, roughly. */
static size_t collection_costs(void) { return leaf_places + tape_segments * TAPE_SEGMENT_NODES; }

void tape_collect_if_due(void) {
    const size_t orphans = orphans_before + orphan_budget - tape_orphans_left;
    if (tape_orphans_left && (orphans < LEAVES_KEPT / 2 || tape_released < collection_costs() / 4)) return;
    tape_collect(1);
}

/* Only a collection finds dead leaves that operations have used. It costs as much as there are nodes, so the larger
 * the graphs, the more leaves must come before one. */
static int more_leaves(void) {
    size_t enough = 2 * leaves_at_collection + tape_segments * TAPE_SEGMENT_NODES / 16;
    if (leaf_places >= enough) tape_collect(1);
    return tape_free_leaves ? 0 : leaf_chunk_new();
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

/* The end of a collection: free what it has not marked, and chunks with nothing left in them. */
void tape_collect_leaves(void) {
    size_t live_leaves = 0, places_before = leaf_places;
    tape_free_leaves = NULL;
    orphans_before = 0;
    for (LeafChunk **link = &leaf_chunks; *link;) {
        LeafChunk *chunk = *link;
        Leaf *free_before = tape_free_leaves;
        chunk->live = 0;
        for (uint32_t i = chunk->places; i-- > 0;) {
            Node *n = &chunk->leaf[i].node;
            if (n->flags & NODE_MARKED || (n->handle && !(n->flags & NODE_FREE))) {
                n->flags &= (uint16_t)~NODE_MARKED;
                chunk->live++;
                orphans_before += !n->handle;
            } else {
                if (n->flags & NODE_BOUND) tape_let_go(n->b.cells);
                tape_push_free(&chunk->leaf[i]);
            }
        }
        live_leaves += chunk->live;
        if (chunk->live == 0 && leaf_places > FEWEST_LEAVES) {
            tape_free_leaves = free_before;
            free(unlink_chunk(link));
        } else {
            link = &chunk->next;
        }
    }
    orphan_budget = collection_costs() / 4 > LEAVES_KEPT / 2 ? collection_costs() / 4 : LEAVES_KEPT / 2;
    tape_orphans_left = orphan_budget;
    tape_released = 0;
    if (places_before - leaf_places > LEAVES_KEPT) tape_trim();
    leaves_at_collection = live_leaves > FEWEST_LEAVES / 2 ? live_leaves : FEWEST_LEAVES / 2;
}

void tape_leaf_statistics(Statistics *into) {
    for (LeafChunk *chunk = leaf_chunks; chunk; chunk = chunk->next) {
        into->leaves += chunk->live;
        into->bytes += bytes_of(chunk);
    }
}
