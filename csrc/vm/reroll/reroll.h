/* One row of a long program, run as lanes: repetitions in a program are found (isomorphic.h) and become a few inner
 * programs whose rows are the repetitions, on the machine that runs batches.
 *
 * Shapes of lanes that read each other lane by lane make a group. A group is one inner Program. Its inputs are slices
 * of the program's inputs or of earlier shapes, in place; one number for all lanes; or gathered first. Its outputs,
 * which are values used elsewhere, go to memory or straight to the program's outputs. Shapes of a few values run
 * through the machine's way for one row. Sums go over contiguous terms with a fixed number of accumulators, so that
 * they are the same on every instruction set; their last bits are not those of adding in turn. The steps are in stages,
 * each of which reads only results of earlier ones.
 *
 * repeat_new takes O(program) time and memory, repeat_run allocates nothing and touches only the workspace it is
 * given: any number of threads may run one Repeat. No Python here. */
#ifndef VARGRAD_REPEAT_H
#define VARGRAD_REPEAT_H

#include "vm/program.h"

typedef struct Repeat Repeat;

extern double repeat_share; /* lanes are chosen if they take less than this share of the time it takes otherwise */

/* NULL, with *no_memory 0, where nothing is repeated or running that way would not pay. */
Repeat *repeat_new(const Program *program, const Kernels *kernels, int *no_memory);
void repeat_free(Repeat *r);
size_t repeat_workspace(const Repeat *r); /* bytes, to be aligned to 64 */
void repeat_prepare(const Repeat *r, void *workspace); /* once */
void repeat_run(const Repeat *r, void *workspace, const double *inputs, double *outputs); /* apart from each other */
size_t repeat_lanes(const Repeat *r); /* how many operations of the program run in lanes */
size_t repeat_groups(const Repeat *r);
size_t repeat_rows(const Repeat *r, size_t group, Plan **plan); /* how many rows a group runs, and its plan */
double repeat_time(const Repeat *r); /* of a row, about, in ns */
int repeat_pays(const Repeat *r, size_t rows); /* whether so many rows, one after the other, beat a plan for batches */

#endif
