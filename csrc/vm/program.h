/* The machine that replays recorded programs: a flat list of instructions over registers of lanes.
 *
 * A Program is checked once and kept as instructions over values, each assigned once: inputs, constants, then one
 * value an instruction. A Plan specialises it for the set of inputs that are single numbers. Values
 * that depend on those alone are computed once a call; the rest becomes kernel calls on a block of rows, neighbouring
 * operations fused where a kernel has both. Inputs are read and outputs written in place; everything between lives
 * in registers of `lanes` doubles, as few as a linear scan needs and as long as the cache holds.
 *
 * program_new and plan_new take O(instructions) time and memory. plan_run allocates nothing and touches only the
 * workspace it is given: any number of threads may run one plan. No Python here.
 * Errors: NULL where there is no memory; a program that breaks the rules is refused with a sentence. */
#ifndef VARGRAD_PROGRAM_H
#define VARGRAD_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "vm/kernels.h"
#include "vm/native.h"

typedef struct {
    int32_t op, out, a, b, c;
} Code;

typedef struct {
    size_t inputs, constants, registers, length, outputs;
    Code *code;   /* as given: over registers */
    Code *values; /* the same over values, out being the value's number */
    double *constant;
    int32_t *output;       /* registers */
    int32_t *output_value; /* values */
} Program;

typedef struct { /* numbers from number[first] on: terms of x, chains of out, chains of start (NONE: in the table) */
    int32_t first, chains, terms;
    int32_t table; /* chains times start and `terms` factors */
} PlanProduct;

typedef struct {
    const Program *program;
    const Kernels *kernels;
    size_t once_length, broadcasts, steps, slots, registers, lanes, stride, values;
    size_t own; /* registers in a workspace, the first ones; all of them, or see plan_apart */
    Code *once;                                 /* computed once a call, over values */
    int32_t *broadcast_value, *broadcast_slot;  /* the values among those that the steps read */
    Code *step; /* over slots */
    double *constant; /* the broadcast values, if no input is broadcast */
    PlanProduct *product; /* out[m] = (start[m] + u[m][0] * x[0]) + u[m][1] * x[1] + ..., as the program has it */
    int32_t *number;  /* slots of products */
    int32_t *factor;  /* of the products' table: values, or ~value to be negated; NO_START: -0.0 */
    size_t products, numbers, factors;
    unsigned char *reads; /* of each input: whether rows of it are read */
    Native *native, *native_row; /* machine code for the steps, of blocks and of plan_row; NULL: none */
} Plan; /* slots: registers, then one for each input and each output */

/* From one register to the next: not all of them on the same cache sets. */
static inline size_t stride_of(size_t lanes) { return lanes + (lanes / LANES % 2 ? 0 : LANES); }

enum { NO_START = INT32_MIN }; /* -0.0 + x is x, whatever x is */

static inline int arity(int32_t op) { /* 0 for a product; operands in use; those of a fused pair are a, b, c, where some may repeat a */
    return op < DO_COUNT ? do_info[op].arity : op == DO_erf_given ? 2 : op < DO_ALL ? 3 : 0;
}

Program *program_new(const int32_t *code, size_t length, const double *constants, size_t n_constants, int64_t n_inputs,
                     int64_t n_registers, const int32_t *outputs, size_t n_outputs, char *message, size_t size);
void program_free(Program *program);
/* broadcast: one flag an input. staged: outputs are copied out at the end of a block, for outputs that are inputs. */
Plan *plan_new(const Program *program, const Kernels *kernels, const unsigned char *broadcast, int staged);
void plan_free(Plan *plan);
/* Steps of one row, over v: machine code where there is some. */
void steps_row(const Kernels *kernels, const Native *native, const Code *code, size_t length, double *v);
/* One row, by a plan without broadcast inputs. slots: as many doubles as the plan has slots. */
void plan_row(const Plan *plan, const double *inputs, double *slots, double *outputs);
size_t plan_workspace(const Plan *plan); /* bytes, to be aligned to 64 */
size_t plan_numbers(const Plan *plan); /* where in a workspace the values are that are the same for all rows, in bytes */
void plan_prepare(const Plan *plan, void *workspace, const double *const *inputs);
void plan_prepare_few(const Plan *plan, void *workspace, const double *const *inputs, size_t rows); /* at most to run */
/* For many plans that take turns, each run again and again over so many rows: from now on a workspace has the numbers
 * that are the same for all rows, and is prepared once. Returns how many numbers the other registers are, which all
 * plans may share. */
size_t plan_apart(Plan *plan, size_t rows);
void plan_prepare_apart(const Plan *plan, void *workspace, double *others);
void plan_refresh(const Plan *plan, void *workspace, const double *const *inputs); /* where inputs are broadcast */
void plan_run(const Plan *plan, void *workspace, const double *const *inputs, double *const *outputs, size_t first,
              size_t last);

/* All of the above, for another extension; memory and array are memory.h's. */
typedef struct {
    void *(*memory)(size_t);
    void *(*array)(size_t, size_t);
    Program *(*program_new)(const int32_t *, size_t, const double *, size_t, int64_t, int64_t, const int32_t *, size_t,
                            char *, size_t);
    void (*program_free)(Program *);
    Plan *(*plan_new)(const Program *, const Kernels *, const unsigned char *, int);
    void (*plan_free)(Plan *);
    size_t (*plan_workspace)(const Plan *);
    void (*plan_prepare)(const Plan *, void *, const double *const *);
    void (*plan_run)(const Plan *, void *, const double *const *, double *const *, size_t, size_t);
    const Kernels *const *kernels; /* all_kernels */
} MachineApi;
extern const MachineApi machine_api;

#endif
