/* Dense networks over chunks of rows. See dense.h. */
#include "dense/dense.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t whole_lanes(size_t n) { return (n + LANES - 1) / LANES * LANES; }

/* ---- memory */

int dense_plan(const Dense *d, PlannedProgram *planned, const Program *program, const unsigned char *broadcast,
               int staged) {
    size_t bytes;
    planned->program = program;
    planned->plan = d->machine->plan_new(program, d->kernels, broadcast, staged);
    if (planned->plan == NULL) return 0;
    bytes = d->machine->plan_workspace(planned->plan);
    planned->memory = d->machine->memory(bytes + 64);
    if (planned->memory == NULL) return 0;
    planned->workspace = planned->memory + (64 - (uintptr_t)planned->memory % 64);
    memset(d->input, 0, d->pointers * sizeof *d->input); /* inputs that are numbers are not known yet */
    d->machine->plan_prepare(planned->plan, planned->workspace, d->input);
    return 1;
}

static void planned_free(const Dense *d, PlannedProgram *planned) {
    d->machine->plan_free(planned->plan);
    free(planned->memory);
}

void dense_free(Dense *d) {
    if (d == NULL) return;
    for (size_t l = 0; d->layer != NULL && l < d->layers; l++)
        planned_free(d, &d->layer[l].forward), planned_free(d, &d->layer[l].backward);
    for (size_t g = 0; d->group != NULL && g < d->groups; g++)
        planned_free(d, &d->group[g].update), free(d->group[g].range);
    planned_free(d, &d->loss), planned_free(d, &d->penalty);
    free(d->layer), free(d->group), free(d->memory), free(d->input), free(d->result), free(d);
}

/* All buffers of doubles are one piece of memory; the first pass, without it, counts. */
static double *carve(Dense *d, size_t count) {
    double *place = d->buffers != NULL ? d->buffers + d->used : NULL;
    d->used += whole_lanes(count);
    return place;
}

static int carve_all(Dense *d) { /* 0: more than memory can be */
    size_t widest = d->targets;
    d->used = 0;
    for (size_t l = 0; l < d->layers; l++) {
        Layer *layer = &d->layer[l];
        layer->row_stride = whole_lanes(layer->inputs + d->bias);
        if (layer->inputs > SIZE_MAX / 4096 || layer->outputs > SIZE_MAX / 4096 / (layer->inputs + 1)) return 0;
        layer->in = carve(d, (layer->inputs + d->bias) * CHUNK);
        layer->rows = carve(d, layer->row_stride * CHUNK);
        layer->z = carve(d, layer->outputs * CHUNK);
        layer->drop = layer->rate > 0.0 ? carve(d, layer->outputs * CHUNK) : NULL;
        widest = layer->inputs > widest ? layer->inputs : widest;
        widest = layer->outputs > widest ? layer->outputs : widest;
    }
    d->output = carve(d, d->layer[d->layers - 1].outputs * CHUNK);
    d->target = carve(d, d->targets * CHUNK);
    d->value = carve(d, CHUNK);
    d->slope = carve(d, widest * CHUNK);
    d->dz = carve(d, widest * CHUNK);
    d->is_weight = carve(d, d->parameters);
    d->penalties = carve(d, 2 * d->parameters);
    return d->used < SIZE_MAX / 64;
}

Dense *dense_new(const MachineApi *machine, int isa, const int64_t *sizes, const double *rates, size_t layers, int bias,
                 size_t targets, size_t states, size_t groups) {
    Dense *d = machine->array(1, sizeof *d);
    if (d == NULL) return NULL;
    d->machine = machine, d->kernels = machine->kernels[isa], d->product = dense_products[isa];
    d->layers = layers, d->bias = bias ? 1 : 0, d->targets = targets, d->states = states, d->groups = groups;
    d->layer = machine->array(layers, sizeof *d->layer), d->group = machine->array(groups, sizeof *d->group);
    if (d->layer == NULL || d->group == NULL) goto no_memory;
    for (size_t l = 0; l < layers; l++) {
        d->layer[l].inputs = (size_t)sizes[l], d->layer[l].outputs = (size_t)sizes[l + 1];
        d->layer[l].start = d->parameters;
        d->layer[l].rate = rates[l], d->layer[l].unit = d->units;
        if (rates[l] > 0.0) d->units += d->layer[l].outputs;
        d->parameters += d->layer[l].outputs * (d->layer[l].inputs + d->bias);
    }
    if (!carve_all(d)) goto no_memory;
    d->pointers = (size_t)sizes[layers] + targets + states + HYPERS + 4;
    d->input = machine->array(d->pointers, sizeof *d->input), d->result = machine->array(d->pointers, sizeof *d->result);
    d->memory = machine->array(d->used + LANES, sizeof(double));
    if (!d->input || !d->result || !d->memory) goto no_memory;
    d->buffers = d->memory + (64 - (uintptr_t)d->memory % 64) / sizeof(double) % LANES;
    carve_all(d);
    for (size_t i = 0; i < d->parameters; i++) d->is_weight[i] = 1.0;
    for (size_t l = 0; d->bias && l < layers; l++) {
        Layer *layer = &d->layer[l];
        for (size_t b = 0; b < CHUNK; b++) layer->rows[b * layer->row_stride + layer->inputs] = 1.0;
        for (size_t o = 1; o <= layer->outputs; o++) d->is_weight[layer->start + o * (layer->inputs + 1) - 1] = 0.0;
    }
    return d;
no_memory:
    dense_free(d);
    return NULL;
}

/* ---- a chunk */

/* The distance between rows of (units, rows): no longer than needed, so that they are neighbours in the cache. */
static void set_stride(Dense *d, size_t rows) {
    size_t stride = whole_lanes(rows < CHUNK ? rows : CHUNK);
    if (d->stride == stride) return;
    d->stride = stride, d->loaded = NULL;
    for (size_t l = 0; d->bias && l < d->layers; l++)
        for (size_t b = 0; b < stride; b++) d->layer[l].in[d->layer[l].inputs * stride + b] = 1.0;
}

static void transpose(const double *from, size_t from_row, size_t rows, size_t columns, double *to, size_t to_row) {
    size_t i = 0;
    for (; i + LANES <= rows; i += LANES)
        for (size_t j = 0; j < columns; j++)
            for (size_t k = i; k < i + LANES; k++) to[j * to_row + k] = from[k * from_row + j];
    for (; i < rows; i++)
        for (size_t j = 0; j < columns; j++) to[j * to_row + i] = from[i * from_row + j];
}

/* Copy rows first to first + n of the batch into the first layer; lanes after the last row repeat it. */
static void load(Dense *d, const Batch *batch, size_t first, size_t n) {
    Layer *layer = d->layer;
    size_t lanes = whole_lanes(n), inputs = layer->inputs, targets = batch->y != NULL ? d->targets : 0;
    if (d->loaded != NULL && d->loaded == batch->x && batch->order == NULL && batch->rows == n) return;
    for (size_t b = 0; b < lanes; b++) {
        size_t at = first + (b < n ? b : n - 1), row = batch->order != NULL ? (size_t)batch->order[at] : at;
        memcpy(layer->rows + b * layer->row_stride, batch->x + row * inputs, inputs * sizeof(double));
        for (size_t t = 0; t < targets; t++) d->target[t * d->stride + b] = batch->y[row * targets + t];
    }
    transpose(layer->rows, layer->row_stride, lanes, inputs, layer->in, d->stride);
    d->loaded = batch->order == NULL && batch->rows == n ? batch->x : NULL;
}

/* A number from 0 to 1, the n-th of the generator SplitMix64 from this seed (Steele, Lea and Flood 2014). */
static double uniform(uint64_t seed, uint64_t n) {
    uint64_t z = seed + (n + 1) * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

/* Choose which outputs of a layer are dropped in rows first to first + n of the batch. */
static void choose(const Dense *d, const Layer *layer, const Batch *batch, size_t first, size_t n) {
    const double scale = 1.0 / (1.0 - layer->rate);
    for (size_t b = 0; b < whole_lanes(n); b++) {
        uint64_t at = (batch->at + first + (b < n ? b : n - 1)) * d->units + layer->unit;
        for (size_t o = 0; o < layer->outputs; o++)
            layer->drop[o * d->stride + b] = uniform(*batch->seed, at + o) < layer->rate ? 0.0 : scale;
    }
}

static void drop(const Dense *d, const Layer *layer, double *x, size_t lanes) {
    for (size_t o = 0; o < layer->outputs; o++)
        for (size_t b = 0; b < lanes; b++) x[o * d->stride + b] *= layer->drop[o * d->stride + b];
}

static void forward(Dense *d, const double *values, const Batch *batch, size_t first, size_t n) {
    const size_t lanes = whole_lanes(n);
    d->drops = d->units > 0 && batch->seed != NULL;
    for (size_t l = 0; l < d->layers; l++) {
        Layer *layer = &d->layer[l];
        size_t width = layer->inputs + d->bias;
        double *out = l + 1 < d->layers ? layer[1].in : d->output, *z = layer->forward.plan != NULL ? layer->z : out;
        Product p = {values + layer->start, layer->in, z, width, 1, d->stride, d->stride, layer->outputs, width, lanes, 0};
        d->product(&p);
        if (layer->forward.plan != NULL) {
            const double *input = z;
            d->machine->plan_run(layer->forward.plan, layer->forward.workspace, &input, &out, 0,
                                 layer->outputs * d->stride);
        }
        if (d->drops && layer->drop != NULL) choose(d, layer, batch, first, n), drop(d, layer, out, lanes);
    }
}

/* The rows' losses into d->value, weight times their slopes into d->slope. -1: the hook says stop. */
static int losses(Dense *d, double weight, size_t n) {
    size_t outputs = d->layer[d->layers - 1].outputs, k = outputs + d->targets;
    if (d->hook != NULL) return d->hook(d->context, d->output, d->target, d->stride, weight, n, d->value, d->slope);
    for (size_t i = 0; i < outputs; i++) d->input[i] = d->output + i * d->stride;
    for (size_t i = 0; i < d->targets; i++) d->input[outputs + i] = d->target + i * d->stride;
    d->input[k] = &weight;
    d->result[0] = d->value;
    for (size_t i = 0; i < outputs; i++) d->result[1 + i] = d->slope + i * d->stride;
    if (d->weight != weight) d->machine->plan_prepare(d->loss.plan, d->loss.workspace, d->input);
    d->weight = weight;
    d->machine->plan_run(d->loss.plan, d->loss.workspace, d->input, d->result, 0, whole_lanes(n));
    return 0;
}

static void backward(Dense *d, const double *values, size_t n, double *grads, int add) {
    double *da = d->slope, *spare = d->dz, *dz;
    for (size_t l = d->layers; l-- > 0;) {
        Layer *layer = &d->layer[l];
        size_t width = layer->inputs + d->bias, lanes = whole_lanes(n);
        if (d->drops && layer->drop != NULL) drop(d, layer, da, lanes);
        if (layer->backward.plan != NULL) {
            const double *input[2] = {layer->z, da};
            d->machine->plan_run(layer->backward.plan, layer->backward.workspace, input, &spare, 0,
                                 layer->outputs * d->stride);
            dz = spare, spare = da;
        } else
            dz = da;
        if (l > 0) transpose(layer->in, d->stride, layer->inputs, lanes, layer->rows, layer->row_stride);
        Product weights = {dz, layer->rows, grads + layer->start, d->stride, 1, layer->row_stride, width, layer->outputs, n, width, add};
        d->product(&weights);
        if (l > 0) {
            Product inputs = {values + layer->start, dz, spare, 1, width, d->stride, d->stride, layer->inputs, layer->outputs, lanes, 0};
            d->product(&inputs);
            da = spare, spare = dz;
        }
    }
}

/* ---- batches */

enum { WORK = 1 << 21 }; /* multiplications of weights between two polls: about a millisecond */

static int stopped(Dense *d, size_t rows) {
    d->worked += rows * d->parameters + 512; /* the cost of the calls themselves */
    if (d->worked < WORK) return 0;
    d->worked = 0;
    return d->poll != NULL && d->poll(d->context);
}

void dense_outputs(Dense *d, const double *values, const Batch *batch, double *out) {
    size_t outputs = d->layer[d->layers - 1].outputs;
    Batch inputs = {batch->x, NULL, batch->order, batch->rows, NULL, 0};
    set_stride(d, batch->rows);
    for (size_t first = 0, n; first < batch->rows; first += n) {
        n = batch->rows - first < CHUNK ? batch->rows - first : CHUNK;
        d->loaded = NULL;
        load(d, &inputs, first, n);
        forward(d, values, &inputs, first, n);
        for (size_t b = 0; b < n; b++)
            for (size_t o = 0; o < outputs; o++) out[(first + b) * outputs + o] = d->output[o * d->stride + b];
    }
    d->loaded = NULL;
}

/* The penalty times share, and its derivatives added to grads. */
static double penalty(Dense *d, const double *values, double share, double *grads) {
    const double *input[2] = {values, d->is_weight};
    double *result[2] = {d->penalties, d->penalties + d->parameters}, total = 0.0;
    if (d->penalty.plan == NULL) return 0.0;
    d->machine->plan_run(d->penalty.plan, d->penalty.workspace, input, result, 0, d->parameters);
    for (size_t i = 0; i < d->parameters; i++) total += result[0][i];
    for (size_t i = 0; grads != NULL && i < d->parameters; i++) grads[i] += share * result[1][i];
    return share * total;
}

int dense_loss(Dense *d, const double *values, const Batch *batch, double weight, double share, double *grads,
               double *total) {
    double sum = 0.0;
    set_stride(d, batch->rows);
    for (size_t first = 0, n; first < batch->rows; first += n) {
        n = batch->rows - first < CHUNK ? batch->rows - first : CHUNK;
        if (stopped(d, n)) return -1;
        load(d, batch, first, n);
        forward(d, values, batch, first, n);
        if (losses(d, weight, n)) return -1;
        for (size_t b = 0; b < n; b++) sum += d->value[b];
        if (grads != NULL) backward(d, values, n, grads, first > 0);
    }
    *total = weight * sum + penalty(d, values, share, grads);
    return 0;
}

static int differences(Dense *d, double *values, const Batch *batch, double weight, double share, double h,
                       double *grads, double *total) {
    double moved;
    if (dense_loss(d, values, batch, weight, share, NULL, total)) return -1;
    if (!isfinite(*total)) return 0;
    for (size_t i = 0; i < d->parameters; i++) {
        double saved = values[i];
        int stopped;
        values[i] = saved + h;
        stopped = dense_loss(d, values, batch, weight, share, NULL, &moved);
        values[i] = saved;
        if (stopped) return -1;
        grads[i] = (moved - *total) / h;
    }
    return 0;
}

/* ---- steps */

int dense_group(Dense *d, size_t g, const int64_t *range, size_t ranges) {
    Group *group = &d->group[g];
    int64_t end = 0;
    for (size_t i = 0; i < ranges; end = range[2 * i + 1], i++)
        if (range[2 * i] < end || range[2 * i + 1] < range[2 * i] || (uint64_t)range[2 * i + 1] > d->parameters) return -1;
    group->range = d->machine->array(2 * ranges + 1, sizeof *range);
    if (group->range == NULL) return 0;
    if (ranges > 0) memcpy(group->range, range, 2 * ranges * sizeof *range);
    group->ranges = ranges;
    return 1;
}

static void update(Dense *d, Group *group, double *values, const double *grads, double *state) {
    size_t k = 2 + group->states;
    for (size_t r = 0; r < group->ranges; r++) {
        size_t first = (size_t)group->range[2 * r], n = (size_t)group->range[2 * r + 1] - first;
        d->input[0] = values + first, d->input[1] = grads + first, d->result[0] = values + first;
        for (size_t i = 0; i < group->states; i++)
            d->input[2 + i] = d->result[1 + i] = state + i * d->parameters + first;
        for (size_t i = 0; i < HYPERS; i++) d->input[k + i] = group->hyper + i;
        if (!group->prepared) d->machine->plan_prepare(group->update.plan, group->update.workspace, d->input);
        group->prepared = 1;
        d->machine->plan_run(group->update.plan, group->update.workspace, d->input, d->result, 0, n);
    }
}

static void set_hyper(Group *group, size_t i, double x) {
    if (group->hyper[i] != x) group->hyper[i] = x, group->prepared = 0;
}

/* As norm_and_scale in optim/clipping.py, of parameters that are updated; gradients whose norm is nan stay, so that an
 * error can name the nan. */
static void clip(const Dense *d, double *grads, double max_norm) {
    double squares = 0.0, scale;
    for (size_t g = 0; g < d->groups; g++)
        for (size_t r = 0; r < d->group[g].ranges; r++)
            for (int64_t i = d->group[g].range[2 * r]; i < d->group[g].range[2 * r + 1]; i++)
                squares += grads[i] * grads[i];
    scale = max_norm / (sqrt(squares) + 1e-6);
    if (scale < 1.0)
        for (size_t i = 0; i < d->parameters; i++) grads[i] *= scale;
}

static void keep_best(const Dense *d, Training *t, double loss) {
    if (t->best == NULL || !(loss < t->best_loss)) return;
    t->best_loss = loss;
    memcpy(t->best, t->values, d->parameters * sizeof(double));
}

int dense_train(Dense *d, Training *t) {
    while (t->epoch < t->epochs) {
        size_t left = t->rows - t->at, n = left < t->batch ? left : t->batch;
        const int64_t *order = t->order != NULL ? t->order + t->epoch * t->rows + t->at : NULL;
        size_t skip = order != NULL ? 0 : t->at;
        const uint64_t *seed = t->seeds != NULL ? t->seeds + t->epoch : NULL;
        Batch batch = {t->x + skip * d->layer[0].inputs, t->y + skip * d->targets, order, n, seed, t->at};
        double weight = t->mean ? 1.0 / (double)n : 1.0, loss;
        double share = t->mean ? 1.0 : (double)n / (double)t->rows; /* so that a sum over batches has one penalty */
        if (t->difference > 0.0 ? differences(d, t->values, &batch, weight, share, t->difference, t->grads, &loss)
                                : dense_loss(d, t->values, &batch, weight, share, t->grads, &loss))
            return -1;
        if (!isfinite(loss)) return DENSE_NON_FINITE;
        t->total += t->mean ? loss * (double)n : loss;
        if (t->clip > 0.0) clip(d, t->grads, t->clip);
        if (n == t->rows) keep_best(d, t, loss); /* the loss is of the parameters before the step */
        for (size_t g = 0; g < d->groups; g++) {
            Group *group = &d->group[g];
            size_t time = t->epoch * t->rates_in_epoch + (t->rates_in_epoch > 1 ? t->at / t->batch : 0);
            if (t->rates != NULL) set_hyper(group, 0, t->rates[time * d->groups + g]);
            if (group->counts_steps) set_hyper(group, 1, (double)(t->step + 1) - (t->missed != NULL ? t->missed[g] : 0.0));
            update(d, group, t->values, t->grads, t->state);
        }
        t->step++, t->at += n;
        if (t->at < t->rows) continue;
        t->losses[t->epoch] = t->mean ? t->total / (double)t->rows : t->total;
        if (n < t->rows) keep_best(d, t, t->losses[t->epoch]);
        t->epoch++, t->at = 0, t->total = 0.0;
    }
    return DENSE_DONE;
}
