/* What gen_kernels.py compiles, to LLVM's text: the machine's operations, each a function of one row. Never built into
 * an extension. */
#include "vm/kernels.h"

#include <math.h>
#include <string.h>

#include "ops/ops.h"
#include "vm/isa.h"
#include "vm/vmath/fits.h"

#define INDEPENDENT
#define FMA(x, y, z) (VMATH_FMA ? __builtin_fma(x, y, z) : (x) * (y) + (z))
#define V(name) name##_ir
#define ISA "ir"
#define VECTOR 2
#include "vm/kernels_isa.h"

#define ROW(name, ...) \
    double op_##name(double a, double b) { return do_##name##_ir(a, b); }
#include "ops/ops.def"
#define M(name, ...) \
    double op_##name(double a, double b, double c) { return do_##name##_ir(a, b, c); }
MACHINE_OPS(M)
double op_erf_given(double a, double b) { return erf_given_ir(a, b); }
