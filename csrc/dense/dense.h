/* Training of dense networks: forward pass, loss, backward pass and update over mini-batches.
 *
 * Parameters lie in one array, layer by layer, each neuron's weights and then its bias: a row-major matrix
 * (outputs, inputs + bias) a layer. Rows of data are taken in chunks of at most CHUNK. Inside a chunk everything is
 * kept by feature, (units, rows), so that rows are lanes: activations, their slopes, the loss and the update are
 * programs of the machine (program.h), and nothing here knows a formula. The bias is a feature that is always 1.
 * Gradients need sums over rows; for them the layers' inputs are also kept row by row, so that features are lanes
 * there. Matrix products are three kernels, one for each instruction set.
 *
 * dense_new allocates everything: O(parameters + CHUNK * units) beside the programs. Nothing else allocates.
 * No Python here. Errors: NULL where there is no memory, or a status. */
#ifndef VARGRAD_DENSE_H
#define VARGRAD_DENSE_H

#include "vm/program.h"

enum { CHUNK = 64 }; /* a multiple of LANES */

typedef struct {
    const double *s, *v; /* factors (rows, depth) by any strides; (depth, lanes), row after row */
    double *out;         /* (rows, lanes) */
    size_t s_row, s_column, v_row, out_row, rows, depth, lanes;
    int add; /* to out, instead of replacing it */
} Product;

/* out[m][i] = sum over k of s[m][k] * v[k][i]. v is read to the next multiple of LANES, out is written to `lanes`. */
typedef void (*DenseProduct)(const Product *);
extern const DenseProduct dense_products[3]; /* as all_kernels */

typedef struct { /* a program with what it needs to run; all NULL where a network has none */
    const Program *program;
    Plan *plan;
    char *memory, *workspace;
} PlannedProgram;

typedef struct {
    size_t inputs, outputs, start;    /* units, and where the layer's parameters begin */
    PlannedProgram forward, backward; /* z -> a; z, da -> dz. Without them a is z */
    double *in;                       /* (inputs + bias, CHUNK) */
    double *rows;                     /* the same by row, (CHUNK, row_stride) */
    size_t row_stride;
    double *z; /* (outputs, CHUNK) */
    double rate;  /* the share of its outputs that training drops; 0: none */
    size_t unit;  /* its first output's number among all that may be dropped */
    double *drop; /* what the outputs are multiplied by, 0 or 1 / (1 - rate): (outputs, CHUNK); NULL where rate is 0 */
} Layer;

enum { HYPERS = 2 }; /* of an update: the learning rate, and the number of the step, from 1 */

typedef struct { /* parameters with an update rule of their own */
    PlannedProgram update; /* p, g, states, hypers -> p, states */
    size_t states;         /* how many rows of the state it has; those after them say nothing here */
    int64_t *range;        /* where its parameters are: pairs of a first place and the one after the last */
    size_t ranges;
    double hyper[HYPERS];
    int prepared;     /* whether the plan was, with these hypers */
    int counts_steps; /* whether the update reads the number of the step */
} Group;

typedef struct Dense Dense;
/* A loss that is no program: outputs and targets of a chunk are (units, stride), of which `rows` count; it writes
 * values (rows) and weight * slopes (outputs, stride). 0, or -1 to stop. */
typedef int (*LossHook)(void *context, const double *outputs, const double *targets, size_t stride, double weight,
                        size_t rows, double *values, double *slopes);

/* Called about every millisecond: 0, or -1 to stop. */
typedef int (*Poll)(void *context);

struct Dense {
    const MachineApi *machine;
    const Kernels *kernels;
    DenseProduct product;
    size_t layers, bias, targets, parameters, states, groups;
    size_t units; /* outputs that may be dropped */
    int drops;    /* whether the last forward pass has dropped some */
    Layer *layer;
    Group *group; /* what no group has stays as it is: frozen parameters */
    PlannedProgram loss;    /* outputs, targets, weight -> value, weight * slopes */
    PlannedProgram penalty; /* p, whether it is a weight -> value, slope */
    LossHook hook;
    Poll poll;
    void *context; /* of both */
    double *memory, *buffers, *output, *target, *value, *slope, *dz, *is_weight, *penalties;
    const double **input; /* arguments of plan_run */
    double **result;
    size_t pointers, used, stride, worked; /* worked: rows * parameters since the last poll */
    double weight;        /* the one that the loss's plan was prepared with */
    const double *loaded; /* data of one chunk that is in the first layer already, or NULL */
};

typedef struct { /* some rows of data */
    const double *x, *y;  /* (n, inputs), (n, targets) */
    const int64_t *order; /* their numbers; NULL: from 0 on */
    size_t rows;
    const uint64_t *seed; /* of what is dropped, or NULL: nothing is */
    size_t at;            /* how many rows of the epoch come before */
} Batch;

typedef struct {
    double *values, *grads, *state;
    double *best; /* the parameters of the epoch with the least loss, or NULL */
    double *losses; /* of each epoch */
    const double *x, *y;
    const int64_t *order; /* (epochs, rows) of row numbers, or NULL: from 0 on */
    const double *rates;  /* each group's learning rate in each epoch, (times, groups), or NULL: they stay */
    const double *missed; /* how many of the steps passed each group, (groups) */
    const uint64_t *seeds; /* for each epoch, of what is dropped; or NULL: nothing is */
    size_t rates_in_epoch; /* 1, or as many as batches: of each batch */
    size_t rows, batch, epochs;
    int mean;             /* whether a batch's loss is the mean over rows, not the sum */
    double clip;          /* the most that the gradient's norm may be; 0: no bound */
    double difference;    /* > 0: derivatives by forward differences of this step */
    double best_loss, total;
    size_t epoch, at, step; /* the next row to learn from, and steps done */
} Training;

enum { DENSE_DONE, DENSE_NON_FINITE };

/* rates: for each layer, the share of its outputs that training drops. */
Dense *dense_new(const MachineApi *machine, int isa, const int64_t *sizes, const double *rates, size_t layers, int bias,
                 size_t targets, size_t states, size_t groups);
void dense_free(Dense *);
/* Give a group its places in the parameters, which are copied: pairs of first and after the last, in order. 0 where
 * there is no memory, -1 for places that are none. */
int dense_group(Dense *, size_t g, const int64_t *range, size_t ranges);
/* Plan a checked program, which the caller keeps and frees. 0 where there is no memory. `broadcast`: for each input,
 * whether it is one number instead of an array. */
int dense_plan(const Dense *, PlannedProgram *, const Program *, const unsigned char *broadcast, int staged);
/* Last layer's outputs, (rows, outputs) row by row. */
void dense_outputs(Dense *, const double *values, const Batch *, double *out);
/* weight times the sum of the rows' losses, plus the penalty; with grads, derivatives. -1 if the hook or the
 * poll say stop. */
int dense_loss(Dense *, const double *values, const Batch *, double weight, double share, double *grads,
               double *total);
/* Train: DENSE_DONE after all epochs; DENSE_NON_FINITE at a batch whose loss is not finite, before its update; -1 if
 * the hook or the poll say stop, between two steps. */
int dense_train(Dense *, Training *);

#endif
