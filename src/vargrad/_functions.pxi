# Written by csrc/gen_ops.py from src/vargrad/_ops.py; do not edit.


def fabs(x, /):
    """Absolute value; derivative 0 at 0."""
    return function1(OP_abs, "abs", x)


def exp(x, /):
    """e to the power a."""
    return function1(OP_exp, "exp", x)


def exp2(x, /):
    """2 to the power a."""
    return function1(OP_exp2, "exp2", x)


def expm1(x, /):
    """exp(a) - 1, accurate near 0."""
    return function1(OP_expm1, "expm1", x)


def log2(x, /):
    """Logarithm to base 2."""
    return function1(OP_log2, "log2", x)


def log10(x, /):
    """Logarithm to base 10."""
    return function1(OP_log10, "log10", x)


def log1p(x, /):
    """log(1 + a), accurate near 0."""
    return function1(OP_log1p, "log1p", x)


def sqrt(x, /):
    """Square root; derivative inf at 0."""
    return function1(OP_sqrt, "sqrt", x)


def cbrt(x, /):
    """Cube root; derivative inf at 0."""
    return function1(OP_cbrt, "cbrt", x)


def sin(x, /):
    """Sine of a in radians."""
    return function1(OP_sin, "sin", x)


def cos(x, /):
    """Cosine of a in radians."""
    return function1(OP_cos, "cos", x)


def tan(x, /):
    """Tangent of a in radians."""
    return function1(OP_tan, "tan", x)


def asin(x, /):
    """Inverse sine, radians."""
    return function1(OP_arcsin, "arcsin", x)


def acos(x, /):
    """Inverse cosine, radians."""
    return function1(OP_arccos, "arccos", x)


def atan(x, /):
    """Inverse tangent, radians."""
    return function1(OP_arctan, "arctan", x)


def atan2(x, y, /):
    """Angle of the point (b, a), radians."""
    return function2(OP_arctan2, "arctan2", x, y)


def sinh(x, /):
    """Hyperbolic sine."""
    return function1(OP_sinh, "sinh", x)


def cosh(x, /):
    """Hyperbolic cosine."""
    return function1(OP_cosh, "cosh", x)


def tanh(x, /):
    """Hyperbolic tangent."""
    return function1(OP_tanh, "tanh", x)


def asinh(x, /):
    """Inverse hyperbolic sine."""
    return function1(OP_arcsinh, "arcsinh", x)


def acosh(x, /):
    """Inverse hyperbolic cosine."""
    return function1(OP_arccosh, "arccosh", x)


def atanh(x, /):
    """Inverse hyperbolic tangent."""
    return function1(OP_arctanh, "arctanh", x)


def degrees(x, /):
    """Radians to degrees."""
    return function1(OP_degrees, "degrees", x)


def radians(x, /):
    """Degrees to radians."""
    return function1(OP_radians, "radians", x)


def sigmoid(x, /):
    """1 / (1 + exp(-a))."""
    return function1(OP_sigmoid, "sigmoid", x)


def relu(x, /):
    """max(a, 0); derivative 0 at 0."""
    return function1(OP_relu, "relu", x)


def leaky_relu(x, y=0.01, /):
    """a, or slope b times a where a <= 0; derivative b at 0."""
    return function2(OP_leaky_relu, "leaky_relu", x, y)


def softplus(x, /):
    """log(1 + exp(a))."""
    return function1(OP_softplus, "softplus", x)


def silu(x, /):
    """a times sigmoid(a), also called swish."""
    return function1(OP_silu, "silu", x)


def gelu(x, /):
    """a times the normal distribution function of a (the erf form)."""
    return function1(OP_gelu, "gelu", x)


def erf(x, /):
    """Error function."""
    return function1(OP_erf, "erf", x)


def erfc(x, /):
    """1 - erf(a), accurate in its tail."""
    return function1(OP_erfc, "erfc", x)


def fmod(x, y, /):
    """Remainder with a's sign, as C's fmod."""
    return function2(OP_fmod, "fmod", x, y)


def remainder(x, y, /):
    """IEEE 754 remainder, nearest quotient."""
    return function2(OP_remainder, "remainder", x, y)


def copysign(x, y, /):
    """Magnitude of a, sign of b."""
    return function2(OP_copysign, "copysign", x, y)
