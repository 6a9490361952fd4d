"""The functions of vargrad.math that are rows of the table, over the pure twin.

Written by csrc/ops/gen_ops.py from src/vargrad/_ops/table.py; do not edit.
"""

from __future__ import annotations

from vargrad._core.var_py import Var, function

__all__ = [  # noqa: RUF022
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "copysign",
    "cos",
    "cosh",
    "degrees",
    "elu",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "fabs",
    "fmax",
    "fmin",
    "fmod",
    "gamma",
    "gelu",
    "leaky_relu",
    "lgamma",
    "log10",
    "log1p",
    "log2",
    "radians",
    "relu",
    "remainder",
    "selu",
    "sigmoid",
    "silu",
    "sin",
    "sinh",
    "softplus",
    "sqrt",
    "tan",
    "tanh",
]


def fabs(x: Var | float, /) -> Var | float:
    """Absolute value; derivative 0 at 0."""
    return function("abs", x)


def exp(x: Var | float, /) -> Var | float:
    """e to the power a."""
    return function("exp", x)


def exp2(x: Var | float, /) -> Var | float:
    """2 to the power a."""
    return function("exp2", x)


def expm1(x: Var | float, /) -> Var | float:
    """exp(a) - 1, accurate near 0."""
    return function("expm1", x)


def log2(x: Var | float, /) -> Var | float:
    """Logarithm to base 2."""
    return function("log2", x)


def log10(x: Var | float, /) -> Var | float:
    """Logarithm to base 10."""
    return function("log10", x)


def log1p(x: Var | float, /) -> Var | float:
    """log(1 + a), accurate near 0."""
    return function("log1p", x)


def sqrt(x: Var | float, /) -> Var | float:
    """Square root; derivative inf at 0."""
    return function("sqrt", x)


def cbrt(x: Var | float, /) -> Var | float:
    """Cube root; derivative inf at 0."""
    return function("cbrt", x)


def sin(x: Var | float, /) -> Var | float:
    """Sine of a in radians."""
    return function("sin", x)


def cos(x: Var | float, /) -> Var | float:
    """Cosine of a in radians."""
    return function("cos", x)


def tan(x: Var | float, /) -> Var | float:
    """Tangent of a in radians."""
    return function("tan", x)


def asin(x: Var | float, /) -> Var | float:
    """Inverse sine, radians."""
    return function("arcsin", x)


def acos(x: Var | float, /) -> Var | float:
    """Inverse cosine, radians."""
    return function("arccos", x)


def atan(x: Var | float, /) -> Var | float:
    """Inverse tangent, radians."""
    return function("arctan", x)


def atan2(x: Var | float, y: Var | float, /) -> Var | float:
    """Angle of the point (b, a), radians."""
    return function("arctan2", x, y)


def sinh(x: Var | float, /) -> Var | float:
    """Hyperbolic sine."""
    return function("sinh", x)


def cosh(x: Var | float, /) -> Var | float:
    """Hyperbolic cosine."""
    return function("cosh", x)


def tanh(x: Var | float, /) -> Var | float:
    """Hyperbolic tangent."""
    return function("tanh", x)


def asinh(x: Var | float, /) -> Var | float:
    """Inverse hyperbolic sine."""
    return function("arcsinh", x)


def acosh(x: Var | float, /) -> Var | float:
    """Inverse hyperbolic cosine."""
    return function("arccosh", x)


def atanh(x: Var | float, /) -> Var | float:
    """Inverse hyperbolic tangent."""
    return function("arctanh", x)


def degrees(x: Var | float, /) -> Var | float:
    """Radians to degrees."""
    return function("degrees", x)


def radians(x: Var | float, /) -> Var | float:
    """Degrees to radians."""
    return function("radians", x)


def sigmoid(x: Var | float, /) -> Var | float:
    """1 / (1 + exp(-a))."""
    return function("sigmoid", x)


def relu(x: Var | float, /) -> Var | float:
    """max(a, 0); derivative 0 at 0."""
    return function("relu", x)


def leaky_relu(x: Var | float, y: Var | float = 0.01, /) -> Var | float:
    """a, or slope b times a where a <= 0; derivative b at 0."""
    return function("leaky_relu", x, y)


def elu(x: Var | float, y: Var | float = 1.0, /) -> Var | float:
    """a, or b (exp(a) - 1) where a <= 0; derivative b at 0."""
    return function("elu", x, y)


def selu(x: Var | float, /) -> Var | float:
    """elu times 1.0507, of slope 1.6733: it keeps mean 0 and variance 1."""
    return function("selu", x)


def softplus(x: Var | float, /) -> Var | float:
    """log(1 + exp(a))."""
    return function("softplus", x)


def silu(x: Var | float, /) -> Var | float:
    """a times sigmoid(a), also called swish."""
    return function("silu", x)


def gelu(x: Var | float, /) -> Var | float:
    """a times the normal distribution function of a (the erf form)."""
    return function("gelu", x)


def erf(x: Var | float, /) -> Var | float:
    """Error function."""
    return function("erf", x)


def erfc(x: Var | float, /) -> Var | float:
    """1 - erf(a), accurate in its tail."""
    return function("erfc", x)


def fmod(x: Var | float, y: Var | float, /) -> Var | float:
    """Remainder with a's sign, as C's fmod."""
    return function("fmod", x, y)


def remainder(x: Var | float, y: Var | float, /) -> Var | float:
    """IEEE 754 remainder, nearest quotient."""
    return function("remainder", x, y)


def copysign(x: Var | float, y: Var | float, /) -> Var | float:
    """Magnitude of a, sign of b."""
    return function("copysign", x, y)


def fmax(x: Var | float, y: Var | float, /) -> Var | float:
    """Larger of a and b, or the one that is no nan, as C's fmax; ties share the derivative equally."""
    return function("fmax", x, y)


def fmin(x: Var | float, y: Var | float, /) -> Var | float:
    """Smaller of a and b, or the one that is no nan, as C's fmin; ties share the derivative equally."""
    return function("fmin", x, y)


def lgamma(x: Var | float, /) -> Var | float:
    """Logarithm of the absolute value of the gamma function."""
    return function("lgamma", x)


def gamma(x: Var | float, /) -> Var | float:
    """The gamma function."""
    return function("gamma", x)
