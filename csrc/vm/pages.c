/* Memory of large results. See pages.h. */
#ifdef __linux__
#define _GNU_SOURCE /* MADV_FREE, MADV_HUGEPAGE */
#endif
#include "vm/pages.h"

#include <stdint.h>
#include <stdlib.h>

#ifndef _WIN32
#include <sys/mman.h>
#endif

#if defined(MADV_FREE) && (defined(MAP_ANONYMOUS) || defined(MAP_ANON)) && !defined(__EMSCRIPTEN__)
#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif
#include "vm/memory.h"

#define HUGE ((size_t)2 << 20) /* a large page of most processors */
#define SMALL ((size_t)64 << 10) /* a multiple of every page size in use */
enum { MOST_REGIONS = 64 };

typedef struct {
    void *at;
    size_t bytes;
} Region;
static Region spare[MOST_REGIONS]; /* oldest first */
static size_t count, total;

static void forget(size_t i) {
    total -= spare[i].bytes;
    for (count--; i < count; i++) spare[i] = spare[i + 1];
}

static void drop_oldest(void) {
    munmap(spare[0].at, spare[0].bytes);
    forget(0);
}

static void *map(size_t bytes) { /* on a large page's boundary, so that the system may use large pages */
    size_t room = bytes + HUGE, before;
    char *at;
    if (room < bytes) return NULL;
    at = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return NULL;
    before = (HUGE - (uintptr_t)at % HUGE) % HUGE;
    if (before) munmap(at, before);
    if (before < HUGE) munmap(at + before + bytes, HUGE - before);
#ifdef MADV_HUGEPAGE
    if (bytes >= HUGE) madvise(at + before, bytes, MADV_HUGEPAGE);
#endif
    return at + before;
}

static size_t whole_pages(size_t bytes) { /* to whole large pages where that wastes little */
    size_t large = (bytes + HUGE - 1) / HUGE * HUGE;
    return large - bytes <= bytes / 8 ? large : (bytes + SMALL - 1) / SMALL * SMALL;
}

void *pages_take(size_t bytes) {
    void *at;
    if (bytes == 0 || bytes > SIZE_MAX / 2 || !machine_may_allocate()) return NULL;
    bytes = whole_pages(bytes);
    for (size_t i = count; i-- > 0;)
        if (spare[i].bytes == bytes) {
            at = spare[i].at;
            forget(i);
            return at;
        }
    at = map(bytes);
    if (at == NULL && count) {
        while (count) drop_oldest();
        at = map(bytes);
    }
    return at;
}

void pages_give(void *at, size_t bytes) {
    if (at == NULL) return;
    bytes = whole_pages(bytes);
    if (bytes > PAGES_MOST || madvise(at, bytes, MADV_FREE) != 0) {
        munmap(at, bytes);
        return;
    }
    while (count == MOST_REGIONS || total + bytes > PAGES_MOST) drop_oldest();
    spare[count++] = (Region){at, bytes};
    total += bytes;
}

size_t pages_spare(void) { return total; }
#else
#include "vm/memory.h"

void *pages_take(size_t bytes) { return bytes && machine_may_allocate() ? malloc(bytes) : NULL; }
void pages_give(void *at, size_t bytes) { (void)bytes, free(at); }
size_t pages_spare(void) { return 0; }
#endif
