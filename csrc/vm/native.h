/* Machine code in place of a plan's or a row's steps, made elsewhere: it computes the same numbers to the bit.
 *
 * A Native is a list of parts that follow one another. A part is a function or, where that is NULL, steps that are
 * interpreted. It is given to a plan or a row once, by any thread, while others may be running them, and freed with
 * them; the pages of the functions belong to the caller, who frees them later than that. No Python here. */
#ifndef VARGRAD_NATIVE_H
#define VARGRAD_NATIVE_H

#include <stddef.h>
#include <stdint.h>

/* Of a plan: its workspace's pointers, and a number of rows, a multiple of LANES. Of a row: its workspace, and 1. */
typedef void (*NativeFunction)(void *workspace, size_t n);

typedef struct {
    NativeFunction run;
    size_t first, last; /* the steps that it stands for */
} NativePart;

typedef struct {
    size_t parts;
    NativePart *part;
} Native;

/* parts times {address or 0, first, last}; NULL: no memory. */
Native *native_new(const uint64_t *parts, size_t count);
void native_free(Native *native);

#ifdef __GNUC__
static inline const Native *native_of(Native *const *place) { return __atomic_load_n(place, __ATOMIC_ACQUIRE); }
static inline void native_give(Native **place, Native *native) { __atomic_store_n(place, native, __ATOMIC_RELEASE); }
#else /* on x86-64 a store is seen after those before it */
static inline const Native *native_of(Native *const *place) { return *(Native *const volatile *)place; }
static inline void native_give(Native **place, Native *native) { *(Native *volatile *)place = native; }
#endif

/* An operation of a plan may be two: the second one takes the first one's result, on its right if its name begins with
 * an r. first: NULL, where it is one. */
typedef struct {
    const char *first, *second;
} FusedInfo;
extern const FusedInfo fused_info[]; /* from DO_COUNT on, to DO_ALL */

#endif
