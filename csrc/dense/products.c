/* The matrix product of products_isa.h for each instruction set, as kernels.c has the machine's kernels. */
#include <string.h>

#include "dense/dense.h"
#include "vm/isa.h"

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define UNROLL _Pragma("GCC unroll 4")
#else
#define UNROLL
#endif

#define V(name) name##_baseline
#if defined(__GNUC__)
#define VECTOR 2
#define TILE 4
typedef double vector_baseline __attribute__((vector_size(16)));
INLINE vector_baseline splat_baseline(double x) { return (vector_baseline){x, x}; }
#if defined(__aarch64__)
#include <arm_neon.h>
INLINE vector_baseline fma_baseline(vector_baseline a, vector_baseline b, vector_baseline c) {
    return (vector_baseline)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
}
#else
INLINE vector_baseline fma_baseline(vector_baseline a, vector_baseline b, vector_baseline c) { return a * b + c; }
#endif
#else
#define VECTOR 1
#define TILE 8
typedef double vector_baseline;
INLINE double splat_baseline(double x) { return x; }
INLINE double fma_baseline(double a, double b, double c) { return a * b + c; }
#endif
#include "dense/products_isa.h"
#undef V
#undef VECTOR
#undef TILE

#if HAVE_AVX
#include <immintrin.h>

#define V(name) name##_avx2
#define VECTOR 4
#define TILE 2
ISA_AVX2
typedef __m256d vector_avx2;
INLINE __m256d splat_avx2(double x) { return _mm256_set1_pd(x); }
INLINE __m256d fma_avx2(__m256d a, __m256d b, __m256d c) { return _mm256_fmadd_pd(a, b, c); }
#include "dense/products_isa.h"
ISA_END
#undef V
#undef VECTOR
#undef TILE

#define V(name) name##_avx512
#define VECTOR 8
#define TILE 4
ISA_AVX512
typedef __m512d vector_avx512;
INLINE __m512d splat_avx512(double x) { return _mm512_set1_pd(x); }
INLINE __m512d fma_avx512(__m512d a, __m512d b, __m512d c) { return _mm512_fmadd_pd(a, b, c); }
#include "dense/products_isa.h"
ISA_END

const DenseProduct dense_products[3] = {product_baseline, product_avx2, product_avx512};
#else
const DenseProduct dense_products[3] = {product_baseline, NULL, NULL};
#endif
