/* Included before everything else, in every file that is compiled (csrc/compilation.py). Refuses compilers and flags with
   which a double is not what a Python float is: the numbers would be wrong without a word. Where the compiler stops
   here, setup.py installs vargrad in pure Python instead. */
#ifndef VARGRAD_IEEE_H
#define VARGRAD_IEEE_H

#include <float.h>

#if FLT_RADIX != 2 || DBL_MANT_DIG != 53 || DBL_MAX_EXP != 1024 || DBL_MIN_EXP != -1021
#error "vargrad needs the double of IEEE 754 (binary64), and this compiler's is another"
#endif

/* 1 computes floats as doubles, 16 a _Float16 as a float: neither changes a double. x87 (2) rounds twice. */
#if !defined(FLT_EVAL_METHOD) || (FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 1 && FLT_EVAL_METHOD != 16)
#error "vargrad needs doubles computed as doubles (FLT_EVAL_METHOD 0); on 32-bit x86 try CFLAGS='-msse2 -mfpmath=sse'"
#endif

#if defined(__FAST_MATH__) || defined(_M_FP_FAST) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__) || \
    defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || defined(__NO_SIGNED_ZEROS__)
#error "vargrad needs exact arithmetic, with nan, inf and -0.0: without -ffast-math, /fp:fast and the like"
#endif

#if defined(__FLOAT_WORD_ORDER__) && __FLOAT_WORD_ORDER__ != __BYTE_ORDER__
#error "vargrad needs the bytes of a double in the order of those of an integer"
#endif

/* -fsingle-precision-constant */
typedef char vargrad_needs_constants_that_are_doubles[sizeof(1.0) == sizeof(double) ? 1 : -1];

#endif
