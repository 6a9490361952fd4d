/* Sums of a batch's rows, for results that nobody wants row by row.
 *
 * The order of adding depends on the number of rows alone: not on the instruction set, the length of blocks or the
 * number of threads. Rows go in segments of SEGMENT, a segment in groups of 64: eight vectors of LANES, which are added
 * by halves. A segment adds its groups in turn, and at its end the lanes by halves. Segments are added by pairs.
 *
 * plan_sum allocates nothing and touches only the workspace it is given. No Python here. */
#ifndef VARGRAD_SUMS_H
#define VARGRAD_SUMS_H

#include "vm/program.h"

enum { SEGMENT = 1024 };

size_t plan_sum_workspace(const Plan *plan); /* bytes, to be aligned to 64; for plan_prepare_few too */
/* At most SEGMENT rows from first on: inputs as for plan_run, one number for each output in sums. stays: NULL, or where
 * the last output goes row by row; then rows in which it is not 1 add nothing, and sums has one number less. */
void plan_sum(const Plan *plan, void *workspace, const double *const *inputs, double *stays, double *sums, size_t first,
              size_t last);

size_t sums_stride(size_t rows); /* from one output to the next */
/* The same for results that are there: outputs times stride numbers, some of which change. */
void sum_rows(const Kernels *kernels, double *x, size_t outputs, size_t rows, double *stays, double *sums);
void fold_segments(double *parts, size_t segments, size_t outputs); /* segments times outputs; to the first of them */

#endif
