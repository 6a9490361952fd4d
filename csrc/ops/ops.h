/* The rows of the table of operations as C functions: op_NAME value and partials, for any number type a compiler
 * can inline. Everything here comes from ops.def; functions that it calls beyond libm's come first.
 *
 * A partial returns 0 where the row says skip: then the operand receives nothing, not even 0 * inf. */
#ifndef VARGRAD_OPS_H
#define VARGRAD_OPS_H

#include <math.h>
#include <stddef.h>

/* pow, with the case that every derivative of x**2 asks for. _ops/ieee.py does the same. */
static inline double ieee_pow(double a, double b) { return b == 1.0 ? a : pow(a, b); }

/* log, for a partial: the derivative of math.e ** x asks for log(math.e) at every node, so the last one is kept. */
static inline double log_again(double a) {
    static double last = 1.0, result = 0.0;
    if (a != last) {
        result = log(a);
        last = a;
    }
    return result;
}

/* a % b and a // b as Python defines them for floats: the remainder has b's sign. Where b is 0 they return
 * what IEEE arithmetic gives, and the caller asks Python for the exception. */
static inline double py_mod(double a, double b) {
    double r = fmod(a, b);
    if (r == 0.0) return copysign(0.0, b);
    return (b < 0.0) != (r < 0.0) ? r + b : r;
}

static inline double py_floordiv(double a, double b) {
    double r, q, whole;
    if (b == 0.0) return a / b;
    r = fmod(a, b);
    q = (a - r) / b; /* an integer but for rounding */
    if (r != 0.0 && (b < 0.0) != (r < 0.0)) q -= 1.0;
    if (q == 0.0) return copysign(0.0, a / b);
    whole = floor(q);
    return q - whole > 0.5 ? whole + 1.0 : whole;
}

enum {
    OP_leaf,
#define ROW(name, ...) OP_##name,
#include "ops/ops.def"
    OP_FIRST_NARY,
    OP_BEFORE_NARY = OP_FIRST_NARY - 1,
#define NARY(name, ...) OP_##name,
#include "ops/nary.def"
    OP_COUNT
};

typedef struct {
    const char *name;
    unsigned char arity; /* 0: any number of operands */
    unsigned char exact; /* 0: the value is a function of Python's own */
    unsigned char pairs; /* operands are two vectors of equal length; 2: the second receives nothing */
    unsigned char befores; /* numbers that a node keeps for each operand: folds over the operands before it */
} OpInfo;

static const OpInfo op_info[OP_COUNT] = {
    {"leaf", 0, 1, 0, 0},
#define ROW(name, arity, exact, ...) {#name, arity, exact, 0, 0},
#include "ops/ops.def"
#define NARY(name, exact, pairs, befores, ...) {#name, 0, exact, pairs, befores},
#include "ops/nary.def"
};

#define ROW(name, arity, exact, let, value, let_a, guard_a, da, let_b, guard_b, db)                                    \
    /* by the row's formula, also where the value is Python's own function: for programs and vargrad.special */        \
    static inline double op_quiet_##name(double a, double b) {                                                        \
        (void)a, (void)b;                                                                                             \
        let return value;                                                                                             \
    }                                                                                                                 \
    static inline double op_value_##name(double a, double b) { return exact ? op_quiet_##name(a, b) : NAN; }
#include "ops/ops.def"

#define ROW(name, arity, exact, let, value, let_a, guard_a, da, let_b, guard_b, db)                                    \
    static inline int op_partial_a_##name(double a, double b, double out, double *d) {                                \
        (void)a, (void)b, (void)out;                                                                                  \
        if (!(guard_a)) return 0;                                                                                     \
        let_a *d = da;                                                                                                \
        return 1;                                                                                                     \
    }                                                                                                                 \
    static inline int op_partial_b_##name(double a, double b, double out, double *d) {                                \
        (void)a, (void)b, (void)out;                                                                                  \
        if (!(guard_b)) return 0;                                                                                     \
        let_b *d = db;                                                                                                \
        return 1;                                                                                                     \
    }
#include "ops/ops.def"

/* The value of a row of one or two operands. With a constant op the switch folds away, if it is inlined. */
#ifdef __GNUC__
__attribute__((always_inline))
#endif
static inline double op_value(int op, double a, double b) {
    switch (op) {
#define ROW(name, ...)                                                                                                \
    case OP_##name: return op_value_##name(a, b);
#include "ops/ops.def"
    }
    return NAN;
}

#endif
