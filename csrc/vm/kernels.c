/* The kernels of kernels_isa.h for each instruction set that the compiler can aim at; which of them runs is decided
 * when the extension is imported. Built without math errno and trapping math, which change no value: with them no
 * comparison would become a vector's. */
#include "vm/kernels.h"

#include <math.h>
#include <string.h>

#include "ops/ops.h"
#include "vm/isa.h"
#include "vm/vmath/fits.h"

#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define INDEPENDENT _Pragma("GCC ivdep")
#elif defined(_MSC_VER)
#define INDEPENDENT __pragma(loop(ivdep))
#else
#define INDEPENDENT
#endif

const DoInfo do_info[DO_COUNT] = {
#define ROW(name, arity, ...) {#name, arity},
#include "ops/ops.def"
#define M(name, arity, value) {#name, arity},
    MACHINE_OPS(M)
#undef M
};

#if defined(__aarch64__) /* every processor has fma */
#define VMATH_FMA 1
#define FMA(x, y, z) __builtin_fma(x, y, z)
#else
#define VMATH_FMA 0
#define FMA(x, y, z) ((x) * (y) + (z))
#endif
#define V(name) name##_baseline
#define ISA "baseline"
#define VECTOR 2
#include "vm/kernels_isa.h"
#undef V
#undef ISA
#undef VECTOR

#if HAVE_AVX
#undef VMATH_FMA
#undef FMA
#define VMATH_FMA 1
#define FMA(x, y, z) __builtin_fma(x, y, z)

#define V(name) name##_avx2
#define ISA "avx2"
#define VECTOR 4
ISA_AVX2
#include "vm/kernels_isa.h"
ISA_END
#undef V
#undef ISA
#undef VECTOR

#define V(name) name##_avx512
#define ISA "avx512"
#define VECTOR 8
ISA_AVX512
#include "vm/kernels_isa.h"
ISA_END
#undef V
#undef ISA
#undef VECTOR

const Kernels *const all_kernels[3] = {&kernels_baseline, &kernels_avx2, &kernels_avx512};

int kernels_supported(int i) {
    __builtin_cpu_init();
    if (i == 1) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (i == 2)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    return i == 0;
}
#else
const Kernels *const all_kernels[3] = {&kernels_baseline, NULL, NULL};

int kernels_supported(int i) { return i == 0; }
#endif
