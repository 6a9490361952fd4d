/* Training of dense networks: forward pass, loss, backward pass and update over mini-batches.
 *
 * Parameters lie in one array, layer by layer, each neuron's weights and then its bias: a row-major matrix
 * (outputs, inputs + bias) a layer. Rows of data are taken in chunks of at most CHUNK. Inside a chunk everything is
 * kept by feature, (units, rows), so that rows are lanes: activations, their slopes, the loss and the update are
 * programs of the machine (program.h), and nothing here knows a formula. The bias is a feature that is always 1.
 * Gradients need sums over rows; for them the layers' inputs are also kept row by row, so that features are lanes
 * there. Matrix products are three kernels, one for each instruction set.
 *
 * dense_new allocates all there is: O(parameters + CHUNK * units) beside the programs. Nothing else allocates.
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

typedef struct { /* a program over the whole of some rows, or NULL */
    const Program *program;
    Plan *plan;
    char *memory, *workspace;
} Task;

typedef struct {
    size_t inputs, outputs, start; /* units, and where the layer's parameters are */
    Task forward, backward;        /* z -> a; z, da -> dz. Without them a is z */
    double *in;                    /* (inputs + bias, CHUNK) */
    double *rows;                  /* the same by row, (CHUNK, row_stride) */
    size_t row_stride;
    double *z;                     /* (outputs, CHUNK) */
} Layer;

typedef struct Dense Dense;
/* A loss that is no program: outputs and targets of a chunk are (units, stride), of which `rows` count; it writes
 * values (rows) and weight * slopes (outputs, stride). 0, or -1 to stop. */
typedef int (*LossHook)(void *context, const double *outputs, const double *targets, size_t stride, double weight,
                        size_t rows, double *values, double *slopes);

/* Called from time to time: 0, or -1 to stop. */
typedef int (*Poll)(void *context);

struct Dense {
    const MachineApi *machine;
    const Kernels *kernels;
    DenseProduct product;
    size_t layers, bias, targets, parameters, states, hypers;
    Layer *layer;
    Task loss;    /* outputs, targets, weight -> value, weight * slopes */
    Task update;  /* p, g, states, hypers -> p, states */
    Task penalty; /* p, whether it is a weight -> value, slope */
    LossHook hook;
    Poll poll;
    void *context; /* of both */
    double *memory, *buffers, *output, *target, *value, *slope, *dz, *hyper, *is_weight, *penalties;
    const double **input; /* for calls of plans */
    double **result;
    size_t pointers, used, stride, worked; /* worked: since the last poll, in rows * parameters */
    double weight;      /* what the loss is prepared for */
    int prepared;       /* whether the update's hypers are */
    const double *held; /* the data whose only chunk is in the first layer already */
};

typedef struct { /* rows of data, and which of them */
    const double *x, *y;  /* (n, inputs), (n, targets) */
    const int64_t *order; /* NULL: as they stand */
    size_t rows;
} Batch;

typedef struct {
    double *values, *grads, *state;
    double *best; /* the parameters of the epoch with the least loss, or NULL */
    double *losses; /* of each epoch */
    const double *x, *y;
    const int64_t *order; /* (epochs, rows), or NULL: as they stand */
    const double *rates;  /* for each epoch what hyper 0 is, or NULL */
    size_t rows, batch, epochs;
    int mean;             /* of the rows, or their sum */
    int counts;           /* whether the last hyper counts steps, from 1 */
    double clip;          /* the most that the gradient's norm may be; 0: anything */
    double difference;    /* > 0: derivatives by forward differences of this step */
    double best_loss, total;
    size_t epoch, at, step; /* where it stands */
} Training;

enum { DENSE_DONE, DENSE_NON_FINITE };

Dense *dense_new(const MachineApi *machine, int isa, const int64_t *sizes, size_t layers, int bias, size_t targets,
                 size_t states, size_t hypers);
void dense_free(Dense *);
/* Take a checked program; it stays the caller's. 0 where there is no memory. `broadcast`: one flag an input. */
int dense_task(const Dense *, Task *, const Program *, const unsigned char *broadcast, int staged);
/* Last layer's outputs, (rows, outputs) row by row. */
void dense_outputs(Dense *, const double *values, const Batch *, double *out);
/* weight times the sum of the rows' losses, plus the penalty; with grads, derivatives. -1 if the hook or the
 * poll say stop. */
int dense_loss(Dense *, const double *values, const Batch *, double weight, double *grads, double *total);
void dense_update(Dense *, double *values, const double *grads, double *state);
/* All epochs: DENSE_DONE; or to a batch whose loss is not finite, which updates nothing; or -1 between two steps. */
int dense_train(Dense *, Training *);

#endif
