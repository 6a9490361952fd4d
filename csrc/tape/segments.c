/* Life on the tape: segments, and the collection of those that no handle reaches. See tape.h.
 *
 * Segments come from chunks of a megabyte, since blocks aligned to their own size waste half of what malloc
 * gives. An idle chunk goes back to the system once there are more than a few. */
#include "tape/internal.h"

#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h> /* malloc_trim */
#endif

#define CHUNK_SEGMENTS 64
#define IDLE_CHUNKS 32 /* kept for the next graph: 32 MB */
#define FEWEST_SEGMENTS 128 /* below these, a collection is not worth its while */

typedef struct Chunk {
    struct Chunk *next, *previous;
    void *memory;
    uint32_t in_use;
} Chunk;

Segment *tape_open;
Segment *tape_youngest;
Segment **tape_queue;
size_t tape_segments, tape_released;
static size_t queue_room;
static uint64_t sequence;
static size_t segments_at_collection;
static Segment *spare;
static size_t spare_segments;
static Chunk *chunks;
static size_t chunk_count, idle_chunks;

long tape_allocations_left = -1;

int tape_may_allocate(void) {
    if (tape_allocations_left == 0) return 0;
    if (tape_allocations_left > 0) tape_allocations_left--;
    return 1;
}

void *tape_memory(void *old, size_t bytes) { return tape_may_allocate() ? realloc(old, bytes) : NULL; }

/* glibc keeps what is freed between pieces still in use; others, and Windows, have no such call and need none. */
void tape_trim(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

/* ---- segments */

static void spare_add(Segment *s) {
    s->older = NULL;
    s->younger = spare;
    if (spare) spare->older = s;
    spare = s;
    spare_segments++;
}

static void spare_remove(Segment *s) {
    if (s->older) s->older->younger = s->younger;
    else spare = s->younger;
    if (s->younger) s->younger->older = s->older;
    spare_segments--;
}

static Segment *chunk_segment(Chunk *c, int i) {
    uintptr_t first = ((uintptr_t)c->memory + TAPE_SEGMENT_BYTES - 1) & ~(uintptr_t)(TAPE_SEGMENT_BYTES - 1);
    return (Segment *)(first + (uintptr_t)i * TAPE_SEGMENT_BYTES);
}

static int chunk_new(void) {
    Chunk *c = tape_memory(NULL, sizeof *c);
    if (!c) return -1;
    c->memory = tape_memory(NULL, (size_t)(CHUNK_SEGMENTS + 1) * TAPE_SEGMENT_BYTES);
    if (!c->memory) {
        free(c);
        return -1;
    }
    c->in_use = 0;
    c->previous = NULL;
    c->next = chunks;
    if (chunks) chunks->previous = c;
    chunks = c;
    chunk_count++;
    idle_chunks++;
    for (int i = CHUNK_SEGMENTS - 1; i >= 0; i--) {
        Segment *s = chunk_segment(c, i);
        memset(s, 0, sizeof *s);
        s->chunk = c;
        spare_add(s);
    }
    return 0;
}

static void chunk_free(Chunk *c) {
    for (int i = 0; i < CHUNK_SEGMENTS; i++) {
        Segment *s = chunk_segment(c, i);
        spare_remove(s);
        free(s->reference);
        free(s->keep);
        free(s->pool);
    }
    if (c->previous) c->previous->next = c->next;
    else chunks = c->next;
    if (c->next) c->next->previous = c->previous;
    chunk_count--;
    idle_chunks--;
    free(c->memory);
    free(c);
}

/* Forget the nodes of a segment. */
static void clear(Segment *s) {
    s->used = 0;
    s->references = 0;
    if (s->keeps || s->pool) tape_clear_operands(s);
}

/* Recycle s and every older segment that only s held. A list, not recursion: the chain may be long. */
static void release(Segment *s) {
    Segment *todo = s;
    s->todo = NULL;
    while (todo) {
        s = todo;
        todo = s->todo;
        for (uint32_t i = 0; i < s->references; i++) {
            Segment *t = s->reference[i];
            if (--t->referrers == 0 && t->handles == 0) {
                t->todo = todo;
                todo = t;
            }
        }
        if (s->older) s->older->younger = s->younger;
        if (s->younger) s->younger->older = s->older;
        else tape_youngest = s->older;
        tape_segments--;
        tape_released += s->used;
        clear(s);
        spare_add(s);
        if (--s->chunk->in_use == 0 && ++idle_chunks > IDLE_CHUNKS) chunk_free(s->chunk);
    }
    if (segments_at_collection > tape_segments) segments_at_collection = tape_segments; /* it sinks with the living */
}

void tape_idle(Segment *s) {
    if (s->referrers) return;
    if (s != tape_open) {
        release(s);
        tape_collect_if_due();
        return;
    }
    int look = s->pool != NULL;
    /* The open segment starts anew in place. A new seq, since older segments know the old one as a referrer. */
    for (uint32_t i = 0; i < s->references; i++) {
        Segment *t = s->reference[i];
        if (--t->referrers == 0 && t->handles == 0) release(t), look = 1;
    }
    if (s->used) {
        clear(s);
        s->seq = ++sequence;
    }
    if (TAPE_UNLIKELY(look)) tape_collect_if_due();
}

Segment *tape_next_segment(void) {
    if (tape_segments >= FEWEST_SEGMENTS && tape_segments >= 4 * segments_at_collection) tape_collect(0);
    if (tape_segments + 1 > queue_room) {
        size_t room = queue_room ? 2 * queue_room : 256;
        Segment **queue = tape_memory(tape_queue, room * sizeof *queue);
        if (!queue) return NULL;
        tape_queue = queue;
        queue_room = room;
    }
    if (!spare && chunk_new() < 0) return NULL;
    Segment *s = spare;
    spare_remove(s);
    if (s->chunk->in_use++ == 0) idle_chunks--;
    s->seq = ++sequence;
    s->referrer = s->stamp = 0;
    s->used = s->handles = s->referrers = s->references = 0;
    s->queued = s->marked = 0;
    s->older = tape_youngest;
    s->younger = NULL;
    if (tape_youngest) tape_youngest->younger = s;
    tape_youngest = s;
    tape_segments++;
    Segment *full = tape_open;
    tape_open = s;
    if (full && full->handles == 0 && full->referrers == 0) release(full);
    return s;
}

int tape_start(void) { return tape_open || tape_next_segment() ? 0 : -1; }

int tape_refer(Segment *s, Node *operand) {
    Segment *t = tape_segment(operand);
    if (t->referrer == s->seq) return 0;
    if (s->references == s->reference_room) {
        uint32_t room = s->reference_room ? 2 * s->reference_room : 8;
        Segment **reference = tape_memory(s->reference, room * sizeof *reference);
        if (!reference) return -1;
        s->reference = reference;
        s->reference_room = room;
    }
    s->reference[s->references++] = t;
    t->referrers++;
    t->referrer = s->seq;
    return 0;
}

/* ---- the collection */

static int marking_leaves;

static void mark(Segment *s, Node *n) {
    if (n->flags & NODE_LEAF) {
        if (!marking_leaves) return;
        n->flags |= NODE_MARKED;
        if (n->flags & NODE_STALE) tape_current(n)->flags |= NODE_MARKED; /* but not the values in between */
        return;
    }
    n->flags |= NODE_MARKED;
    if (tape_elsewhere(s, n)) {
        Segment *t = tape_segment(n);
        t->stamp = s->seq;
        t->marked = 1;
    }
}

static void mark_operands(Segment *s, Node *n) {
    if (!op_info[n->code >> 2].arity) {
        Operands *many = n->a.many;
        for (size_t i = 0; i < many->count; i++)
            if (many->entry[i].node) mark(s, many->entry[i].node);
        return;
    }
    if (!(n->code & A_CONSTANT)) mark(s, n->a.node);
    if (!(n->code & B_CONSTANT)) mark(s, n->b.node);
}

void tape_collect(int with_leaves) {
    marking_leaves = with_leaves;
    Segment *unneeded = NULL;
    for (Segment *s = tape_youngest; s; s = s->older) {
        for (uint32_t i = s->handles || s->marked ? s->used : 0; i-- > 0;) {
            Node *n = &s->node[i];
            if (n->handle || n->flags & NODE_MARKED) {
                n->flags &= (uint16_t)~NODE_MARKED;
                mark_operands(s, n);
            }
        }
        s->marked = 0;
        uint32_t kept = 0;
        for (uint32_t i = 0; i < s->references; i++) {
            Segment *t = s->reference[i];
            if (t->stamp == s->seq) {
                s->reference[kept++] = t;
                continue;
            }
            t->referrers--;
            if (t->referrer == s->seq) t->referrer = 0; /* or a later use would think itself listed */
        }
        s->references = kept;
    }
    for (Segment *s = tape_youngest; s; s = s->older) { /* older ones fall with it: collect first */
        if (s != tape_open && s->handles == 0 && s->referrers == 0) {
            s->todo = unneeded;
            unneeded = s;
        }
    }
    while (unneeded) {
        Segment *s = unneeded;
        unneeded = s->todo;
        release(s);
    }
    if (with_leaves) tape_collect_leaves();
    segments_at_collection = tape_segments;
}

void tape_statistics(Statistics *into) {
    memset(into, 0, sizeof *into);
    for (Segment *s = tape_youngest; s; s = s->older) into->nodes += s->used;
    into->segments = tape_segments;
    into->spare = spare_segments;
    into->bytes = chunk_count * (size_t)(CHUNK_SEGMENTS + 1) * TAPE_SEGMENT_BYTES;
    tape_leaf_statistics(into);
    tape_cell_statistics(into);
}
