/* Builds a Repeat: build.c emits the steps that repeat_run executes, build_groups.c the groups they run. */
#ifndef VARGRAD_REROLL_BUILD_H
#define VARGRAD_REROLL_BUILD_H

#include "vm/reroll/groups.h"

typedef struct {
    Groups g;
    Repeat *r;
    int32_t *base; /* of each shape of lanes or sums: where in memory */
    int32_t *at;   /* of each other value that scalars read or are: likewise */
    Keyed *item;   /* steps to come: by stage and kind */
    size_t items;
} RepeatBuilder;

/* Room for one more element at the end of an array (the address of a pointer), zeroed; NULL: no memory. */
void *one_more(void *array, size_t *count, size_t size);
int add_item(RepeatBuilder *d, int32_t stage, int kind, int32_t number); /* these: 0 if there is no memory */
int write_groups(RepeatBuilder *d);

static inline int is_constant(const RepeatBuilder *d, int32_t value) {
    return (size_t)value >= d->g.s.program->inputs && (size_t)value < d->g.s.fixed;
}

static inline Ref ref_of(const RepeatBuilder *d, int32_t value) { /* for a value that is no constant */
    int32_t shape = d->g.s.shape_of[value];
    if ((size_t)value < d->g.s.program->inputs) return (Ref){FROM_INPUTS, value};
    if (d->g.s.shape[shape].kind == SCALARS) return (Ref){FROM_MEMORY, d->at[value]};
    return (Ref){FROM_MEMORY, d->base[shape] + d->g.s.lane[value]};
}

#endif
