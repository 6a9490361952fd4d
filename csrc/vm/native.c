/* See native.h. */
#include "vm/native.h"

#include <stdlib.h>

#include "vm/kernels.h"
#include "vm/memory.h"

const FusedInfo fused_info[DO_ALL - DO_COUNT] = {
#define F(first, second, value) {#first, #second},
    FUSED_OPS(F)
#undef F
    {NULL, "erf_given"},
};

Native *native_new(const uint64_t *parts, size_t count) {
    Native *native = machine_array(1, sizeof *native);
    if (native == NULL) return NULL;
    native->parts = count;
    native->part = machine_array(count, sizeof *native->part);
    if (native->part == NULL) {
        native_free(native);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        NativePart *part = &native->part[i];
        part->run = (NativeFunction)(uintptr_t)parts[3 * i];
        part->first = (size_t)parts[3 * i + 1], part->last = (size_t)parts[3 * i + 2];
    }
    return native;
}

void native_free(Native *native) {
    if (native == NULL) return;
    free(native->part);
    free(native);
}
