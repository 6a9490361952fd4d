/* The steps of a Repeat, which build.c emits and run.c executes. */
#ifndef VARGRAD_REPEAT_INTERNAL_H
#define VARGRAD_REPEAT_INTERNAL_H

#include "vm/reroll/reroll.h"

enum { FROM_INPUTS, FROM_TABLE, FROM_MEMORY, FROM_OUTPUTS }; /* the last: only to be written */

typedef struct {
    int32_t from, at;
} Ref;

typedef struct { /* refs: one for each input of its program, then one for each output */
    Program *program;
    Plan *plan;
    size_t lanes, space; /* space: where in the workspaces of all groups */
    int32_t ref, single; /* single: whether it has inputs that are one number for all lanes */
} Group;

typedef struct { /* memory[to + i] = source[index[first + i]] */
    int32_t from, first, to, count;
} Gather;

typedef struct {
    Ref ref;
    int32_t count, minus;
} Stream;

typedef struct {
    int32_t op, to, first, count; /* streams */
} Sum;

typedef struct { /* outputs from `to` on: count numbers from ref on or, scattered, where index[ref.at + i] says */
    Ref ref;
    int32_t to, count, scattered;
} Copy;

enum { GATHERS, SUM_UP, ROW, RUN }; /* kinds of steps, in their order within a stage */

typedef struct {
    int32_t kind, first, count;
} Step;

struct Repeat {
    const Kernels *kernels;
    size_t groups, gathers, sums, streams, copies, steps, rows, refs, indices, table_size;
    Group *group;
    Gather *gather;
    Sum *sum;
    Stream *stream;
    Copy *copy;
    Step *step;
    Code *row; /* over memory */
    Ref *ref;
    int32_t *index;
    double *table;                  /* constants */
    int32_t constants, constant_at; /* so many, the table's first, are in memory from there */
    size_t memory, most_refs, registers, plan_space; /* registers: numbers that the groups share */
    size_t lanes; /* values that run as such */
    double row_time, batch_time; /* about, in ns: of a row, and of a plan's shortest block */
};

#endif
