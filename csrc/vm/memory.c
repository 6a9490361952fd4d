/* Where the machine gets memory from. See memory.h. */
#include "vm/memory.h"

#include <stdint.h>
#include <stdlib.h>

long machine_allocations_left = -1;

int machine_may_allocate(void) {
    if (machine_allocations_left == 0) return 0;
    if (machine_allocations_left > 0) machine_allocations_left--;
    return 1;
}

void *machine_memory(size_t bytes) { return machine_may_allocate() ? malloc(bytes ? bytes : 1) : NULL; }

void *machine_array(size_t count, size_t size) {
    if (count > (SIZE_MAX - 64) / size || !machine_may_allocate()) return NULL;
    return calloc(count ? count : 1, size);
}
