/* Data dependencies between the shapes of a program: fuses shapes into groups and assigns the stages in which they
 * run. A part of repeat_new; see reroll.h. */
#ifndef VARGRAD_GROUPS_H
#define VARGRAD_GROUPS_H

#include "vm/reroll/internal.h"
#include "vm/reroll/isomorphic.h"

enum { ONE, INPUTS, LANES_OF, PICKED }; /* the same value for all; inputs, or a shape's lanes, from `at` on; or any */

typedef struct {
    int32_t how, at; /* at: a value, an input, a lane, a number of Picked */
    int32_t shape;   /* LANES_OF */
} Operand;

typedef struct { /* operand q of a shape's members, which is another value in each lane */
    int32_t shape, q, to; /* to: where in memory, or in the table */
    uint64_t hash;
} Picked;

typedef struct {
    Shapes s;
    Operand *operand;    /* three for each shape in lanes, from operand[3 * number[shape]] on */
    int32_t *number;     /* of each shape in lanes */
    int32_t *stage;      /* of each shape */
    int32_t *set;        /* of each shape: the union of those that read each other lane by lane; see set_of() */
    unsigned char *read_outside; /* of each shape in lanes: whether anything reads it that is not in its group */
    int32_t *output;     /* of each shape in lanes: their place among the outputs if only these read them, or -1 */
    Picked *picked;
    size_t lanes, picks; /* shapes in lanes */
    double time, plain_time; /* estimates for one row in ns: rerolled, and by row_run or plan_row */
} Groups;

int groups_find(Groups *g, const Program *program); /* 0: no memory. To be freed in either case */
void groups_free(Groups *g);
void groups_estimate(Groups *g); /* sets time and plain_time */
int32_t set_of(Groups *g, int32_t shape);

static inline int in_group(Groups *g, int32_t shape, const Operand *o) { /* whether it reads its own group there */
    return o->how == LANES_OF && o->at == 0 && g->s.shape[o->shape].kind == IN_LANES &&
           g->stage[o->shape] == g->stage[shape] && set_of(g, o->shape) == set_of(g, shape) &&
           g->s.shape[o->shape].count == g->s.shape[shape].count;
}

#endif
