/* Memory of large results. Mapping and clearing a fresh array of many megabytes takes as long as the machine takes to
 * fill it. So memory that is given back is reused for the next result of its size: at most PAGES_MOST bytes wait for
 * that, the oldest are unmapped first, and the system may take them back at any time (MADV_FREE). Where a system does
 * not support that, memory is unmapped at once.
 *
 * Not for two threads at once: callers hold the GIL. No Python here. */
#ifndef VARGRAD_PAGES_H
#define VARGRAD_PAGES_H

#include <stddef.h>

enum {
    PAGES_LEAST = 8 << 20, /* bytes of a result; below, malloc is as fast or faster */
#ifdef _WIN32
    PAGES_MOST = 0
#else
    PAGES_MOST = 64 << 20
#endif
};

void *pages_take(size_t bytes);             /* NULL: no memory. Uninitialised. */
void pages_give(void *at, size_t bytes); /* bytes as they were taken */
size_t pages_spare(void);                 /* bytes that wait to be reused */

#endif
