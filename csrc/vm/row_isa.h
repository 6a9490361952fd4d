/* One row: the interpreter of one instruction set, a template, see vmath.h and kernels.c.
 *
 * code is length times {op, out, a, b, c}, which are indices into v. A group, {DO_GROUP, out, kernel, count, arity}, is
 * followed by the numbers of its operands: two more instructions' worth for each of them, LANES in use. */

static void V(row_group)(const int32_t *code, double *v, const Kernel *kernel) { /* writes LANES results */
    double operand[2][LANES];
    for (int k = 0; k < code[4]; k++)
        for (int i = 0; i < LANES; i++) operand[k][i] = v[code[5 + 10 * k + i]];
    kernel[code[2]](v + code[1], operand[0], operand[1], operand[0], LANES);
}

#ifdef __GNUC__ /* a jump from each operation to the next: the processor predicts these better than one switch */
#define TO(name) [DO_##name] = &&at_##name,
#define AT(name) at_##name:
#define NEXT                                                                                                           \
    if ((code += 5) == end) return;                                                                                   \
    goto *to[*code]
#else
#define AT(name) case DO_##name:
#define NEXT                                                                                                           \
    code += 5;                                                                                                        \
    continue
#endif

static void V(row)(const int32_t *code, size_t length, double *v) {
    const int32_t *end = code + 5 * length;
    if (code == end) return;
#ifdef __GNUC__
    static const void *const to[] = {
#define ROW(name, ...) TO(name)
#include "ops/ops.def"
#define M(name, ...) TO(name)
        MACHINE_OPS(M)
#undef M
#define F(first, second, value) TO(first##_##second)
        FUSED_OPS(F)
#undef F
        TO(erf_given) TO(GROUP)
    };
    goto *to[*code];
#else
    while (code < end) switch (*code) {
#endif
#define A v[code[2]]
#define B v[code[3]]
#define C v[code[4]]
#define ROW(name, ...) AT(name) v[code[1]] = V(one_##name)(A, B); NEXT;
#include "ops/ops.def"
#define M(name, ...) AT(name) v[code[1]] = V(do_##name)(A, B, C); NEXT;
    MACHINE_OPS(M)
#undef M
#define F(first, second, value) AT(first##_##second) v[code[1]] = V(do_##first##_##second)(V(fused_##first)(A, B), C); NEXT;
    FUSED_OPS(F)
#undef F
    AT(erf_given) v[code[1]] = V(erf_given)(A, B); NEXT;
    AT(GROUP) V(row_group)(code, v, V(kernels).kernel);
    code += 10 * code[4];
    NEXT;
#undef A
#undef B
#undef C
#ifndef __GNUC__
    default: return;
    }
#endif
}
#undef AT
#undef TO
#undef NEXT
