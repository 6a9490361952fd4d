/* The kernels: each operation over lanes, once for each instruction set. Op numbers of a program count the rows of
 * ops.def from 0, then MACHINE_OPS; fused pairs follow and appear in plans only. */
#ifndef VARGRAD_KERNELS_H
#define VARGRAD_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* M(name, arity, value): operations of programs that are not in the op table */
#define MACHINE_OPS(M)                                                                                                \
    M(select, 3, (c != 0.0 ? a : b))                                                                                  \
    M(lt, 2, (a < b ? 1.0 : 0.0))                                                                                     \
    M(le, 2, (a <= b ? 1.0 : 0.0))                                                                                    \
    M(eq, 2, (a == b ? 1.0 : 0.0))                                                                                    \
    M(ne, 2, (a != b ? 1.0 : 0.0))                                                                                    \
    M(and, 2, (a != 0.0 ? (b != 0.0 ? 1.0 : 0.0) : 0.0))                                                              \
    M(or, 2, (a != 0.0 ? 1.0 : (b != 0.0 ? 1.0 : 0.0)))                                                               \
    M(not, 1, (a != 0.0 ? 0.0 : 1.0))

/* F(first, second, value): t is first(a, b), with its own rounding; c the other operand of second. An `r` before
 * second says that t is its right operand. Fusing saves passes over the cache, which cost more than the arithmetic. */
#define FUSED_AFTER(F, first)                                                                                         \
    F(first, add, t + c)                                                                                              \
    F(first, sub, t - c)                                                                                              \
    F(first, rsub, c - t)                                                                                             \
    F(first, mul, t *c)                                                                                               \
    F(first, truediv, t / c)                                                                                          \
    F(first, rtruediv, c / t)
#define FUSED_WITH(F, first)                                                                                          \
    FUSED_AFTER(F, first)                                                                                             \
    F(first, neg, -t)                                                                                                 \
    F(first, square, t *t)                                                                                            \
    F(first, sqrt, sqrt(t))                                                                                           \
    F(first, exp, V(exp)(t))                                                                                          \
    F(first, log, V(log)(t))                                                                                          \
    F(first, erf, V(erf)(t))
#define FUSED_OPS(F)                                                                                                  \
    FUSED_WITH(F, add)                                                                                                \
    FUSED_WITH(F, sub)                                                                                                \
    FUSED_WITH(F, mul)                                                                                                \
    FUSED_WITH(F, truediv)                                                                                            \
    FUSED_WITH(F, neg)                                                                                                \
    FUSED_AFTER(F, sqrt)                                                                                              \
    FUSED_AFTER(F, exp)                                                                                               \
    FUSED_AFTER(F, log)                                                                                               \
    FUSED_AFTER(F, gauss)                                                                                             \
    FUSED_AFTER(F, erf_given)

enum {
#define ROW(name, ...) DO_##name,
#include "ops/ops.def"
#define M(name, ...) DO_##name,
    MACHINE_OPS(M)
#undef M
    DO_COUNT, /* operations that a program may hold */
    DO_BEFORE_FUSED = DO_COUNT - 1,
#define F(first, second, value) DO_##first##_##second,
    FUSED_OPS(F)
#undef F
    DO_erf_given, /* erf(a), b being gauss(a) */
    DO_ALL,
    DO_GROUP = DO_ALL, /* of one row's equal operations: see row_isa.h */
    DO_PRODUCT         /* of a plan: see products.c */
};

enum { ACCUMULATORS = 16 }; /* of sums of terms */
enum { LANES = 8 }; /* kernels take a multiple of so many rows */

/* n is a multiple of LANES; out is one of the operands or overlaps none */
typedef void (*Kernel)(double *out, const double *a, const double *b, const double *c, size_t n);

typedef struct {
    const char *name;
    Kernel kernel[DO_ALL];
    /* One row: code is length times {op, out, a, b, c}, which are indices into v. */
    void (*row)(const int32_t *code, size_t length, double *v);
    /* sum[j], LANES of them, += x[j], x[LANES + j], ...: each LANES of those by halves. n: a multiple of LANES * LANES */
    void (*add_rows)(double *sum, const double *x, size_t n);
    /* Terms are added to ACCUMULATORS in turn, or taken off; a total adds these by halves. */
    void (*add_terms)(double *sum, const double *x, size_t n, int minus);
    double (*total)(const double *x, size_t n, int minus);
    /* A PlanProduct of program.h: x, out and start are pointer's elements, n a multiple of LANES. */
    void (*product)(double *const *pointer, const int32_t *x, const int32_t *out, const int32_t *start,
                    const double *table, size_t chains, size_t terms, size_t n);
    size_t vector; /* how many lanes an instruction has */
} Kernels;

typedef struct {
    const char *name;
    unsigned char arity;
} DoInfo;
extern const DoInfo do_info[DO_COUNT];

extern const Kernels *const all_kernels[3]; /* baseline, avx2, avx512; NULL where the compiler has none */
int kernels_supported(int i);               /* whether this processor runs all_kernels[i] */

#endif
