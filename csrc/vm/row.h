/* The fastest way to run one row: a plan's steps in another order, so that costly operations of one kind which do not
 * wait for each other run as the lanes of one kernel.
 *
 * row_new takes O(steps log steps) time and O(steps) memory; every value has a place of its own, and nothing is done
 * twice that does not depend on the row. row_run allocates nothing. Errors: NULL where there is no memory. */
#ifndef VARGRAD_ROW_H
#define VARGRAD_ROW_H

#include "vm/program.h"

typedef struct {
    const Kernels *kernels;
    size_t constants, inputs, places, length, outputs;
    Code *code;       /* over places: constants, inputs, results */
    int32_t *output;  /* the place of each */
    double *constant;
    Native *native;   /* machine code for all of it; NULL: none */
} Row;

Row *row_new(const Plan *plan); /* of a plan without broadcast inputs, no longer needed then */
void row_free(Row *row);
/* Once before the first run: workspace has room for places and LANES more. */
void row_prepare(const Row *row, double *workspace);
/* inputs and outputs may be the same memory. */
void row_run(const Row *row, double *workspace, const double *inputs, double *outputs);

#endif
