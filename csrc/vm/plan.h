/* What the parts of plan_new() share: plan.c makes the steps of a plan, products.c finds matrix products among them. */
#ifndef VARGRAD_PLAN_H
#define VARGRAD_PLAN_H

#include "vm/program.h"

enum { NONE = -1 };

typedef struct {
    int32_t *uses;  /* of each value, by live instructions and outputs */
    int32_t *last;  /* the last step that reads it; only then may its register be used again */
    int32_t *slot;  /* where it is */
    int32_t *spare; /* registers that are free, a stack */
    unsigned char *vary, *live;
    Code *list; /* the steps of each block, over values */
    size_t length, values, fixed, registers, free;
} PlanBuilder;

/* Replaces chains of additions that make a matrix product by a DO_PRODUCT, whose out is its number in plan->product.
 * What it reads and writes is over values; scan_product() of plan.c gives it registers. 0: no memory. */
int products_find(PlanBuilder *d, Plan *plan);

#endif
