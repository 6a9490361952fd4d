/* The kernels of one instruction set: a template, see vmath.h and kernels.c. */

#include "vm/vmath/vmath.h"
#include "vm/vmath/vmath_more.h"

/* From here on the sheet's functions are vmath's. */
#define exp V(exp)
#define exp2 V(exp2)
#define expm1 V(expm1)
#define log V(log)
#define log2 V(log2)
#define log10 V(log10)
#define log1p V(log1p)
#define cbrt V(cbrt)
#define sin V(sin)
#define cos V(cos)
#define tan V(tan)
#define asin V(asin)
#define acos V(acos)
#define atan V(atan)
#define atan2 V(atan2)
#define sinh V(sinh)
#define cosh V(cosh)
#define tanh V(tanh)
#define asinh V(asinh)
#define acosh V(acosh)
#define atanh V(atanh)
#define erf V(erf)
#define erfc V(erfc)
#define rint V(rint)
#define pow V(pow)
#define ieee_pow(a, b) ((b) == 1.0 ? (a) : V(pow)(a, b))

#define ROW(name, arity, exact, let, value, ...)                                                                       \
    INLINE double V(sheet_##name)(double a, double b) {                                                        \
        (void)a, (void)b;                                                                                             \
        let return value;                                                                                             \
    }
#include "ops/ops.def"

#undef exp
#undef exp2
#undef expm1
#undef log
#undef log2
#undef log10
#undef log1p
#undef cbrt
#undef sin
#undef cos
#undef tan
#undef asin
#undef acos
#undef atan
#undef atan2
#undef sinh
#undef cosh
#undef tanh
#undef asinh
#undef acosh
#undef atanh
#undef erf
#undef erfc
#undef rint
#undef pow
#undef ieee_pow

/* Both branches of the sheet's exp(-a) or exp(a) would be computed: the same numbers with one exp. */
INLINE double V(one_exp_sigmoid)(double a) {
    double t = V(exp)(-V(magnitude)(a));
    return (a >= 0.0 ? 1.0 : t) / (1.0 + t);
}

INLINE double V(one_exp_softplus)(double a) {
    return V(log1p)(V(exp)(-V(magnitude)(a))) + (a > 0.0 ? a : 0.0);
}

#define ROW(name, ...)                                                                                                 \
    INLINE double V(do_##name)(double a, double b) {                                                           \
        (void)a, (void)b;                                                                                             \
        if (DO_##name == DO_sigmoid) return V(one_exp_sigmoid)(a);                                                        \
        if (DO_##name == DO_softplus) return V(one_exp_softplus)(a);                                                      \
        if (DO_##name == DO_gauss) return V(gauss)(a);                                                                    \
        return V(sheet_##name)(a, b);                                                                                 \
    }
#include "ops/ops.def"

#define M(name, arity, value)                                                                                          \
    INLINE double V(do_##name)(double a, double b, double c) {                                                 \
        (void)a, (void)b, (void)c;                                                                                    \
        return value;                                                                                                 \
    }
MACHINE_OPS(M)
#undef M

/* ---- lanes */

#define KERNEL(name, value)                                                                                            \
    static void V(kernel_##name)(double *out, const double *a, const double *b, const double *c, size_t n) {          \
        (void)a, (void)b, (void)c;                                                                                    \
        n &= ~(size_t)(LANES - 1);                                                                                    \
        INDEPENDENT for (size_t i = 0; i < n; i++) out[i] = value;                                                    \
    }

#define ROW(name, ...) KERNEL(name, V(do_##name)(a[i], b[i]))
#include "ops/ops.def"
#define M(name, arity, value) KERNEL(name, V(do_##name)(a[i], b[i], c[i]))
MACHINE_OPS(M)
#undef M

INLINE double V(fused_add)(double a, double b) { return a + b; }
INLINE double V(fused_sub)(double a, double b) { return a - b; }
INLINE double V(fused_mul)(double a, double b) { return a * b; }
INLINE double V(fused_truediv)(double a, double b) { return a / b; }
INLINE double V(fused_neg)(double a, double b) { return (void)b, -a; }
INLINE double V(fused_sqrt)(double a, double b) { return (void)b, sqrt(a); }
INLINE double V(fused_exp)(double a, double b) { return (void)b, V(exp)(a); }
INLINE double V(fused_log)(double a, double b) { return (void)b, V(log)(a); }
INLINE double V(fused_gauss)(double a, double b) { return (void)b, V(gauss)(a); }
INLINE double V(fused_erf_given)(double a, double b) { return V(erf_given)(a, b); }
#define F(first, second, value)                                                                                        \
    INLINE double V(do_##first##_##second)(double t, double c) { return (void)c, value; }                             \
    KERNEL(first##_##second, V(do_##first##_##second)(V(fused_##first)(a[i], b[i]), c[i]))
FUSED_OPS(F)
#undef F

KERNEL(erf_given, V(erf_given)(a[i], b[i]))

/* An angle that vmath does not reduce is libm's; such a block goes one by one. */
#define ANGLE(name)                                                                                                    \
    static double V(any_##name)(double a) {                                                                           \
        return V(magnitude)(a) > HUGE_ANGLE ? (name)(a) : V(name)(a);                                                 \
    }                                                                                                                 \
    static void V(kernel_any_##name)(double *out, const double *a, const double *b, const double *c, size_t n) {      \
        uint64_t far = 0;                                                                                             \
        n &= ~(size_t)(LANES - 1);                                                                                    \
        for (size_t i = 0; i < n; i++) far |= V(magnitude)(a[i]) > HUGE_ANGLE ? ~(uint64_t)0 : 0;                     \
        if (!far) V(kernel_##name)(out, a, b, c, n);                                                                  \
        else                                                                                                          \
            for (size_t i = 0; i < n; i++) out[i] = V(any_##name)(a[i]);                                              \
    }
ANGLE(sin)
ANGLE(cos)
ANGLE(tan)
#undef ANGLE
#undef KERNEL

/* ---- sums and products */

#ifdef __GNUC__
typedef double V(Vector) __attribute__((vector_size(8 * VECTOR), aligned(8), may_alias));
#define WIDTH VECTOR
#else
typedef double V(Vector);
#define WIDTH 1
#endif
#include "vm/products_isa.h"
#include "vm/sums_isa.h"
#undef WIDTH

/* ---- one row */

#define ROW(name, ...)                                                                                                \
    INLINE double V(one_##name)(double a, double b) {                                                                 \
        if (DO_##name == DO_sin) return V(any_sin)(a);                                                                \
        if (DO_##name == DO_cos) return V(any_cos)(a);                                                                \
        if (DO_##name == DO_tan) return V(any_tan)(a);                                                                \
        return V(do_##name)(a, b);                                                                                    \
    }
#include "ops/ops.def"

static const Kernels V(kernels);
#include "vm/row_isa.h"

static const Kernels V(kernels) = {
    ISA,
    {
#define ROW(name, ...)                                                                                                \
    [DO_##name] = DO_##name == DO_sin   ? V(kernel_any_sin)                                                           \
                  : DO_##name == DO_cos ? V(kernel_any_cos)                                                           \
                  : DO_##name == DO_tan ? V(kernel_any_tan)                                                           \
                                        : V(kernel_##name),
#include "ops/ops.def"
#define M(name, ...) [DO_##name] = V(kernel_##name),
        MACHINE_OPS(M)
#undef M
#define F(first, second, value) [DO_##first##_##second] = V(kernel_##first##_##second),
        FUSED_OPS(F)
#undef F
        [DO_erf_given] = V(kernel_erf_given),
    },
    V(row),
    V(add_rows),
    V(add_terms),
    V(total),
    V(product),
    VECTOR,
};
