/* Runs a Repeat. See reroll.h. */
#include "vm/reroll/internal.h"

#include <stdlib.h>
#include <string.h>

#include "vm/memory.h"

enum { STRETCH = 8 * ACCUMULATORS };

void repeat_free(Repeat *r) {
    if (r == NULL) return;
    for (size_t i = 0; i < r->groups; i++) plan_free(r->group[i].plan), program_free(r->group[i].program);
    free(r->group), free(r->gather), free(r->sum), free(r->stream), free(r->copy), free(r->step);
    free(r->row), free(r->ref), free(r->index), free(r->table);
    free(r);
}

/* A workspace: memory, arguments of plan_run, registers that the groups share, then a workspace for each group. */
static size_t arguments(const Repeat *r) { return whole_lines(r->memory * sizeof(double)); }

static size_t registers(const Repeat *r) { return arguments(r) + whole_lines(r->most_refs * sizeof(double *)); }

static size_t spaces(const Repeat *r) { return registers(r) + whole_lines(r->registers * sizeof(double)); }

size_t repeat_workspace(const Repeat *r) { return spaces(r) + r->plan_space; }

size_t repeat_lanes(const Repeat *r) { return r->lanes; }

size_t repeat_groups(const Repeat *r) { return r->groups; }

int repeat_pays(const Repeat *r, size_t rows) { return rows == 1 || (double)rows * r->row_time < r->batch_time; }

void repeat_prepare(const Repeat *r, void *workspace) {
    char *base = workspace;
    if (r->constants) memcpy((double *)workspace + r->constant_at, r->table, (size_t)r->constants * sizeof(double));
    for (const Group *g = r->group, *end = g + r->groups; g < end; g++)
        plan_prepare_apart(g->plan, base + spaces(r) + g->space, (double *)(base + registers(r)));
}

/* ---- sums: term i of each stream goes to accumulator i % ACCUMULATORS, the streams taking turns, so that terms which
 * cancel each other meet as early as when adding in turn */

static const double *place(Ref ref, const double *const *base) { return base[ref.from] + ref.at; }

static double total(const Kernels *kernels, const Stream *stream, int32_t streams, const double *const *base) {
    double sum[ACCUMULATORS];
    int32_t longest = 0;
    if (streams == 1) return kernels->total(place(stream->ref, base), (size_t)stream->count, stream->minus);
    for (size_t j = 0; j < ACCUMULATORS; j++) sum[j] = -0.0; /* -0.0 + x is x, whatever x is */
    for (int32_t k = 0; k < streams; k++)
        if (stream[k].count > longest) longest = stream[k].count;
    for (int32_t at = 0; at < longest; at += STRETCH)
        for (int32_t k = 0; k < streams; k++) {
            int32_t left = stream[k].count - at;
            const double *x = place(stream[k].ref, base) + at;
            if (left > 0) kernels->add_terms(sum, x, (size_t)(left < STRETCH ? left : STRETCH), stream[k].minus);
        }
    for (size_t half = ACCUMULATORS / 2; half; half /= 2)
        for (size_t j = 0; j < half; j++) sum[j] += sum[j + half];
    return sum[0];
}

static double any(const Stream *stream, int32_t streams, const double *const *base, int wanted) {
    for (int32_t k = 0; k < streams; k++) { /* whether any is true, if that is wanted, else whether any is false */
        const double *x = place(stream[k].ref, base);
        for (int32_t i = 0; i < stream[k].count; i++)
            if ((x[i] != 0.0) == wanted) return 1.0;
    }
    return 0.0;
}

static double summed(const Repeat *r, const Sum *s, const double *const *base) {
    const Stream *stream = r->stream + s->first;
    if (s->op == DO_and) return 1.0 - any(stream, s->count, base, 0);
    if (s->op == DO_or) return any(stream, s->count, base, 1);
    return total(r->kernels, stream, s->count, base);
}

/* ---- all */

static void run_group(const Repeat *r, const Group *g, const double *const *base, void *workspace, double *outputs) {
    const double **pointer = (const double **)((char *)workspace + arguments(r));
    void *space = (char *)workspace + spaces(r) + g->space;
    const Ref *ref = r->ref + g->ref;
    size_t inputs = g->program->inputs, all = inputs + g->program->outputs;
    for (size_t i = 0; i < all; i++)
        pointer[i] = ref[i].from == FROM_OUTPUTS ? outputs + ref[i].at : place(ref[i], base);
    if (g->single) plan_refresh(g->plan, space, pointer);
    plan_run(g->plan, space, pointer, (double *const *)(pointer + inputs), 0, g->lanes);
}

void repeat_run(const Repeat *r, void *workspace, const double *inputs, double *outputs) {
    double *memory = workspace;
    const double *base[3] = {inputs, r->table, memory};
    for (const Step *step = r->step, *end = step + r->steps; step < end; step++) {
        int32_t first = step->first, last = first + step->count;
        switch (step->kind) {
        case GATHERS:
            for (const Gather *g = r->gather + first; g < r->gather + last; g++) {
                const int32_t *index = r->index + g->first;
                const double *from = base[g->from];
                double *to = memory + g->to;
                for (int32_t i = 0; i < g->count; i++) to[i] = from[index[i]];
            }
            break;
        case SUM_UP:
            for (const Sum *s = r->sum + first; s < r->sum + last; s++) memory[s->to] = summed(r, s, base);
            break;
        case ROW: r->kernels->row(&r->row[first].op, (size_t)step->count, memory); break;
        default: run_group(r, &r->group[first], base, workspace, outputs);
        }
    }
    for (const Copy *c = r->copy, *end = c + r->copies; c < end; c++) {
        const double *from = base[c->ref.from];
        if (c->scattered)
            for (int32_t i = 0; i < c->count; i++) outputs[c->to + i] = from[r->index[c->ref.at + i]];
        else memcpy(outputs + c->to, from + c->ref.at, (size_t)c->count * sizeof(double));
    }
}

size_t repeat_rows(const Repeat *r, size_t group, Plan **plan) {
    *plan = r->group[group].plan;
    return r->group[group].lanes;
}

double repeat_time(const Repeat *r) { return r->row_time; }
