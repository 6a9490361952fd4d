/* Memory of large results. A fresh array of many megabytes costs as much to map and to clear as the machine takes to
 * fill it. So blocks that are given back are kept for the next result of their size: at most PAGES_MOST bytes of them,
 * the oldest let go first, and marked as the system's to take back whenever it wants (MADV_FREE), without asking.
 * Where a system cannot do that, nothing is kept.
 *
 * Not for two threads at once: callers hold the GIL. No Python here. */
#ifndef VARGRAD_PAGES_H
#define VARGRAD_PAGES_H

#include <stddef.h>

enum {
    PAGES_LEAST = 1 << 20, /* bytes of a block; below, malloc does as well */
#ifdef _WIN32
    PAGES_MOST = 0
#else
    PAGES_MOST = 64 << 20
#endif
};

void *pages_take(size_t bytes);             /* NULL: no memory. What is in it is anything. */
void pages_give(void *block, size_t bytes); /* bytes as they were taken */
size_t pages_kept(void);                    /* bytes */

#endif
