/* Where the machine gets memory from, so that a test can refuse it. */
#ifndef VARGRAD_MEMORY_H
#define VARGRAD_MEMORY_H

#include <stddef.h>

extern long machine_allocations_left; /* refuse after so many; below 0: never */

int machine_may_allocate(void);
static inline size_t whole_lines(size_t bytes) { return (bytes + 63) / 64 * 64; } /* of a cache */
void *machine_memory(size_t bytes);             /* both: to be freed by free; NULL: no memory, */
void *machine_array(size_t count, size_t size); /* never for lack of elements. Zeros. */

#endif
