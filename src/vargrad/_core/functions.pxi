# Written by csrc/ops/gen_ops.py from src/vargrad/_ops/table.py; do not edit.

cdef extern from "ops/ops.h":
    int OP_sum
    int OP_fsum
    int OP_mean
    int OP_prod
    int OP_dot
    int OP_sumprod
    int OP_hypot
    int OP_logsumexp
    int OP_maximum
    int OP_minimum
    int OP_custom


def fabs(x, /):
    """Absolute value; derivative 0 at 0."""
    if type(x) is Var:
        return finish_unary(OP_abs, op_value_abs((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_abs, "abs", x)


def exp(x, /):
    """e to the power a."""
    if type(x) is Var:
        return finish_unary(OP_exp, op_value_exp((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_exp, "exp", x)


def exp2(x, /):
    """2 to the power a."""
    if type(x) is Var:
        return finish_unary(OP_exp2, op_value_exp2((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_exp2, "exp2", x)


def expm1(x, /):
    """exp(a) - 1, accurate near 0."""
    if type(x) is Var:
        return finish_unary(OP_expm1, op_value_expm1((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_expm1, "expm1", x)


def log2(x, /):
    """Logarithm to base 2."""
    if type(x) is Var:
        return finish_unary(OP_log2, op_value_log2((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_log2, "log2", x)


def log10(x, /):
    """Logarithm to base 10."""
    if type(x) is Var:
        return finish_unary(OP_log10, op_value_log10((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_log10, "log10", x)


def log1p(x, /):
    """log(1 + a), accurate near 0."""
    if type(x) is Var:
        return finish_unary(OP_log1p, op_value_log1p((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_log1p, "log1p", x)


def sqrt(x, /):
    """Square root; derivative inf at 0."""
    if type(x) is Var:
        return finish_unary(OP_sqrt, op_value_sqrt((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_sqrt, "sqrt", x)


def cbrt(x, /):
    """Cube root; derivative inf at 0."""
    if type(x) is Var:
        return finish_unary(OP_cbrt, op_value_cbrt((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_cbrt, "cbrt", x)


def sin(x, /):
    """Sine of a in radians."""
    if type(x) is Var:
        return finish_unary(OP_sin, op_value_sin((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_sin, "sin", x)


def cos(x, /):
    """Cosine of a in radians."""
    if type(x) is Var:
        return finish_unary(OP_cos, op_value_cos((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_cos, "cos", x)


def tan(x, /):
    """Tangent of a in radians."""
    if type(x) is Var:
        return finish_unary(OP_tan, op_value_tan((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_tan, "tan", x)


def asin(x, /):
    """Inverse sine, radians."""
    if type(x) is Var:
        return finish_unary(OP_arcsin, op_value_arcsin((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_arcsin, "arcsin", x)


def acos(x, /):
    """Inverse cosine, radians."""
    if type(x) is Var:
        return finish_unary(OP_arccos, op_value_arccos((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_arccos, "arccos", x)


def atan(x, /):
    """Inverse tangent, radians."""
    if type(x) is Var:
        return finish_unary(OP_arctan, op_value_arctan((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_arctan, "arctan", x)


def atan2(x, y, /):
    """Angle of the point (b, a), radians."""
    return function2(OP_arctan2, "arctan2", x, y)


def sinh(x, /):
    """Hyperbolic sine."""
    if type(x) is Var:
        return finish_unary(OP_sinh, op_value_sinh((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_sinh, "sinh", x)


def cosh(x, /):
    """Hyperbolic cosine."""
    if type(x) is Var:
        return finish_unary(OP_cosh, op_value_cosh((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_cosh, "cosh", x)


def tanh(x, /):
    """Hyperbolic tangent."""
    if type(x) is Var:
        return finish_unary(OP_tanh, op_value_tanh((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_tanh, "tanh", x)


def asinh(x, /):
    """Inverse hyperbolic sine."""
    if type(x) is Var:
        return finish_unary(OP_arcsinh, op_value_arcsinh((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_arcsinh, "arcsinh", x)


def acosh(x, /):
    """Inverse hyperbolic cosine."""
    if type(x) is Var:
        return finish_unary(OP_arccosh, op_value_arccosh((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_arccosh, "arccosh", x)


def atanh(x, /):
    """Inverse hyperbolic tangent."""
    if type(x) is Var:
        return finish_unary(OP_arctanh, op_value_arctanh((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_arctanh, "arctanh", x)


def degrees(x, /):
    """Radians to degrees."""
    if type(x) is Var:
        return finish_unary(OP_degrees, op_value_degrees((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_degrees, "degrees", x)


def radians(x, /):
    """Degrees to radians."""
    if type(x) is Var:
        return finish_unary(OP_radians, op_value_radians((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_radians, "radians", x)


def sigmoid(x, /):
    """1 / (1 + exp(-a))."""
    if type(x) is Var:
        return finish_unary(OP_sigmoid, op_value_sigmoid((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_sigmoid, "sigmoid", x)


def relu(x, /):
    """max(a, 0); derivative 0 at 0."""
    if type(x) is Var:
        return finish_unary(OP_relu, op_value_relu((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_relu, "relu", x)


def leaky_relu(x, y=0.01, /):
    """a, or slope b times a where a <= 0; derivative b at 0."""
    return function2(OP_leaky_relu, "leaky_relu", x, y)


def elu(x, y=1.0, /):
    """a, or b (exp(a) - 1) where a <= 0; derivative b at 0."""
    return function2(OP_elu, "elu", x, y)


def selu(x, /):
    """elu times 1.0507, of slope 1.6733: it keeps mean 0 and variance 1."""
    if type(x) is Var:
        return finish_unary(OP_selu, op_value_selu((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_selu, "selu", x)


def softplus(x, /):
    """log(1 + exp(a))."""
    if type(x) is Var:
        return finish_unary(OP_softplus, op_value_softplus((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_softplus, "softplus", x)


def silu(x, /):
    """a times sigmoid(a), also called swish."""
    if type(x) is Var:
        return finish_unary(OP_silu, op_value_silu((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_silu, "silu", x)


def gelu(x, /):
    """a times the normal distribution function of a (the erf form)."""
    if type(x) is Var:
        return finish_unary(OP_gelu, op_value_gelu((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_gelu, "gelu", x)


def erf(x, /):
    """Error function."""
    if type(x) is Var:
        return finish_unary(OP_erf, op_value_erf((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_erf, "erf", x)


def erfc(x, /):
    """1 - erf(a), accurate in its tail."""
    if type(x) is Var:
        return finish_unary(OP_erfc, op_value_erfc((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_erfc, "erfc", x)


def fmod(x, y, /):
    """Remainder with a's sign, as C's fmod."""
    return function2(OP_fmod, "fmod", x, y)


def remainder(x, y, /):
    """IEEE 754 remainder, nearest quotient."""
    return function2(OP_remainder, "remainder", x, y)


def copysign(x, y, /):
    """Magnitude of a, sign of b."""
    return function2(OP_copysign, "copysign", x, y)


def fmax(x, y, /):
    """Larger of a and b, or the one that is no nan, as C's fmax; ties share the derivative equally."""
    return function2(OP_fmax, "fmax", x, y)


def fmin(x, y, /):
    """Smaller of a and b, or the one that is no nan, as C's fmin; ties share the derivative equally."""
    return function2(OP_fmin, "fmin", x, y)


def lgamma(x, /):
    """Logarithm of the absolute value of the gamma function."""
    if type(x) is Var:
        return finish_unary(OP_lgamma, op_value_lgamma((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_lgamma, "lgamma", x)


def gamma(x, /):
    """The gamma function."""
    if type(x) is Var:
        return finish_unary(OP_gamma, op_value_gamma((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_gamma, "gamma", x)


def sum(values, /):
    """Sum from left to right, one node."""
    return of_vector(OP_sum, "sum", values)


def fsum(values, /):
    """Exactly rounded sum, as math.fsum, one node."""
    return of_vector(OP_fsum, "fsum", values)


def mean(values, /):
    """Arithmetic mean, one node; ValueError if there are no values."""
    return of_vector(OP_mean, "mean", values)


def dot(p, q, /):
    """Inner product of two vectors of equal length, left to right, one node; ValueError if lengths differ."""
    return of_pairs(OP_dot, "dot", p, q)


def sumprod(p, q, /):
    """Inner product as math.sumprod rounds it, one node."""
    return of_pairs(OP_sumprod, "sumprod", p, q)


@cython.embedsignature(False)
def hypot(x=NOTHING, y=NOTHING, /, *rest):
    """hypot(*values)\n--\n\nEuclidean norm of the coordinates; derivative 0 at the origin."""
    return of_arguments(OP_hypot, "hypot", x, y, rest)


def logsumexp(values, /):
    """log of the sum of exponentials, never overflowing, one node."""
    return of_vector(OP_logsumexp, "logsumexp", values)


@cython.embedsignature(False)
def maximum(x=NOTHING, y=NOTHING, /, *rest):
    """maximum(*values)\n--\n\nLargest of the arguments; ties share the derivative equally, nan wins."""
    return of_arguments(OP_maximum, "maximum", x, y, rest)


@cython.embedsignature(False)
def minimum(x=NOTHING, y=NOTHING, /, *rest):
    """minimum(*values)\n--\n\nSmallest of the arguments; ties share the derivative equally, nan wins."""
    return of_arguments(OP_minimum, "minimum", x, y, rest)
