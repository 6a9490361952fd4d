/* Code for several instruction sets in one file: all that is between ISA_AVX2 or ISA_AVX512 and the next ISA_END is
 * compiled for that set. kernels.c and dense/products.c include their templates there. GCC and Clang on x86-64 only. */
#ifndef VARGRAD_ISA_H
#define VARGRAD_ISA_H

#ifdef __GNUC__
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static __forceinline
#endif

#if defined(__GNUC__) && defined(__x86_64__)
#define HAVE_AVX 1
#ifdef __clang__
#define ISA_AVX2 _Pragma("clang attribute push(__attribute__((target(\"avx2,fma\"))), apply_to = function)")
#define ISA_AVX512 \
  _Pragma("clang attribute push(__attribute__((target(\"avx2,fma,avx512f,avx512dq,avx512vl\"))), apply_to = function)")
#define ISA_END _Pragma("clang attribute pop")
#else
#define ISA_AVX2 _Pragma("GCC push_options") _Pragma("GCC target(\"avx2,fma\")")
#define ISA_AVX512 \
  _Pragma("GCC push_options") _Pragma("GCC target(\"avx2,fma,avx512f,avx512dq,avx512vl,prefer-vector-width=512\")")
#define ISA_END _Pragma("GCC pop_options")
#endif
#else
#define HAVE_AVX 0
#endif

#endif
