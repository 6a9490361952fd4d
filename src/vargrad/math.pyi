"""The types of vargrad.math.

Written by csrc/ops/gen_ops.py from src/vargrad/_ops/table.py; do not edit.
"""

# fmt: off
import sys
from collections.abc import Iterable
from math import comb as comb
from math import e as e
from math import factorial as factorial
from math import gcd as gcd
from math import inf as inf
from math import isqrt as isqrt
from math import lcm as lcm
from math import nan as nan
from math import nextafter as nextafter
from math import perm as perm
from math import pi as pi
from math import tau as tau
from math import ulp as ulp
from typing import SupportsFloat, SupportsIndex, TypeAlias, overload

from vargrad._core.var_py import Var

__all__ = [  # noqa: RUF022
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "ceil",
    "clamp",
    "comb",
    "copysign",
    "cos",
    "cosh",
    "degrees",
    "dist",
    "dot",
    "e",
    "elu",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "fabs",
    "factorial",
    "floor",
    "fmax",
    "fmin",
    "fmod",
    "frexp",
    "fsum",
    "gamma",
    "gcd",
    "gelu",
    "hypot",
    "inf",
    "interp",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "isqrt",
    "lcm",
    "ldexp",
    "leaky_relu",
    "lgamma",
    "log",
    "log10",
    "log1p",
    "log2",
    "logsumexp",
    "maximum",
    "mean",
    "minimum",
    "modf",
    "nan",
    "nextafter",
    "perm",
    "pi",
    "pow",
    "prod",
    "radians",
    "relu",
    "remainder",
    "selu",
    "sigmoid",
    "silu",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "sqrt",
    "square",
    "sum",
    "tan",
    "tanh",
    "tau",
    "trunc",
    "ulp",
    "where",
]

_Plain: TypeAlias = SupportsFloat | SupportsIndex

@overload
def fabs(x: Var, /) -> Var:
    """Absolute value; derivative 0 at 0."""
@overload
def fabs(x: _Plain, /) -> float: ...

@overload
def exp(x: Var, /) -> Var:
    """e to the power a."""
@overload
def exp(x: _Plain, /) -> float: ...

@overload
def exp2(x: Var, /) -> Var:
    """2 to the power a."""
@overload
def exp2(x: _Plain, /) -> float: ...

@overload
def expm1(x: Var, /) -> Var:
    """exp(a) - 1, accurate near 0."""
@overload
def expm1(x: _Plain, /) -> float: ...

@overload
def log2(x: Var, /) -> Var:
    """Logarithm to base 2."""
@overload
def log2(x: _Plain, /) -> float: ...

@overload
def log10(x: Var, /) -> Var:
    """Logarithm to base 10."""
@overload
def log10(x: _Plain, /) -> float: ...

@overload
def log1p(x: Var, /) -> Var:
    """log(1 + a), accurate near 0."""
@overload
def log1p(x: _Plain, /) -> float: ...

@overload
def sqrt(x: Var, /) -> Var:
    """Square root; derivative inf at 0."""
@overload
def sqrt(x: _Plain, /) -> float: ...

@overload
def cbrt(x: Var, /) -> Var:
    """Cube root; derivative inf at 0."""
@overload
def cbrt(x: _Plain, /) -> float: ...

@overload
def sin(x: Var, /) -> Var:
    """Sine of a in radians."""
@overload
def sin(x: _Plain, /) -> float: ...

@overload
def cos(x: Var, /) -> Var:
    """Cosine of a in radians."""
@overload
def cos(x: _Plain, /) -> float: ...

@overload
def tan(x: Var, /) -> Var:
    """Tangent of a in radians."""
@overload
def tan(x: _Plain, /) -> float: ...

@overload
def asin(x: Var, /) -> Var:
    """Inverse sine, radians."""
@overload
def asin(x: _Plain, /) -> float: ...

@overload
def acos(x: Var, /) -> Var:
    """Inverse cosine, radians."""
@overload
def acos(x: _Plain, /) -> float: ...

@overload
def atan(x: Var, /) -> Var:
    """Inverse tangent, radians."""
@overload
def atan(x: _Plain, /) -> float: ...

@overload
def atan2(x: Var, y: Var | _Plain, /) -> Var:
    """Angle of the point (b, a), radians."""
@overload
def atan2(x: _Plain, y: Var, /) -> Var: ...
@overload
def atan2(x: _Plain, y: _Plain, /) -> float: ...

@overload
def sinh(x: Var, /) -> Var:
    """Hyperbolic sine."""
@overload
def sinh(x: _Plain, /) -> float: ...

@overload
def cosh(x: Var, /) -> Var:
    """Hyperbolic cosine."""
@overload
def cosh(x: _Plain, /) -> float: ...

@overload
def tanh(x: Var, /) -> Var:
    """Hyperbolic tangent."""
@overload
def tanh(x: _Plain, /) -> float: ...

@overload
def asinh(x: Var, /) -> Var:
    """Inverse hyperbolic sine."""
@overload
def asinh(x: _Plain, /) -> float: ...

@overload
def acosh(x: Var, /) -> Var:
    """Inverse hyperbolic cosine."""
@overload
def acosh(x: _Plain, /) -> float: ...

@overload
def atanh(x: Var, /) -> Var:
    """Inverse hyperbolic tangent."""
@overload
def atanh(x: _Plain, /) -> float: ...

@overload
def degrees(x: Var, /) -> Var:
    """Radians to degrees."""
@overload
def degrees(x: _Plain, /) -> float: ...

@overload
def radians(x: Var, /) -> Var:
    """Degrees to radians."""
@overload
def radians(x: _Plain, /) -> float: ...

@overload
def sigmoid(x: Var, /) -> Var:
    """1 / (1 + exp(-a))."""
@overload
def sigmoid(x: _Plain, /) -> float: ...

@overload
def relu(x: Var, /) -> Var:
    """max(a, 0); derivative 0 at 0."""
@overload
def relu(x: _Plain, /) -> float: ...

@overload
def leaky_relu(x: Var, y: Var | _Plain = 0.01, /) -> Var:
    """a, or slope b times a where a <= 0; derivative b at 0."""
@overload
def leaky_relu(x: _Plain, y: Var, /) -> Var: ...
@overload
def leaky_relu(x: _Plain, y: _Plain = 0.01, /) -> float: ...

@overload
def elu(x: Var, y: Var | _Plain = 1.0, /) -> Var:
    """a, or b (exp(a) - 1) where a <= 0; derivative b at 0."""
@overload
def elu(x: _Plain, y: Var, /) -> Var: ...
@overload
def elu(x: _Plain, y: _Plain = 1.0, /) -> float: ...

@overload
def selu(x: Var, /) -> Var:
    """elu times 1.0507, of slope 1.6733: it keeps mean 0 and variance 1."""
@overload
def selu(x: _Plain, /) -> float: ...

@overload
def softplus(x: Var, /) -> Var:
    """log(1 + exp(a))."""
@overload
def softplus(x: _Plain, /) -> float: ...

@overload
def silu(x: Var, /) -> Var:
    """a times sigmoid(a), also called swish."""
@overload
def silu(x: _Plain, /) -> float: ...

@overload
def gelu(x: Var, /) -> Var:
    """a times the normal distribution function of a (the erf form)."""
@overload
def gelu(x: _Plain, /) -> float: ...

@overload
def erf(x: Var, /) -> Var:
    """Error function."""
@overload
def erf(x: _Plain, /) -> float: ...

@overload
def erfc(x: Var, /) -> Var:
    """1 - erf(a), accurate in its tail."""
@overload
def erfc(x: _Plain, /) -> float: ...

@overload
def fmod(x: Var, y: Var | _Plain, /) -> Var:
    """Remainder with a's sign, as C's fmod."""
@overload
def fmod(x: _Plain, y: Var, /) -> Var: ...
@overload
def fmod(x: _Plain, y: _Plain, /) -> float: ...

@overload
def remainder(x: Var, y: Var | _Plain, /) -> Var:
    """IEEE 754 remainder, nearest quotient."""
@overload
def remainder(x: _Plain, y: Var, /) -> Var: ...
@overload
def remainder(x: _Plain, y: _Plain, /) -> float: ...

@overload
def copysign(x: Var, y: Var | _Plain, /) -> Var:
    """Magnitude of a, sign of b."""
@overload
def copysign(x: _Plain, y: Var, /) -> Var: ...
@overload
def copysign(x: _Plain, y: _Plain, /) -> float: ...

@overload
def fmax(x: Var, y: Var | _Plain, /) -> Var:
    """Larger of a and b, or the one that is no nan, as C's fmax; ties share the derivative equally."""
@overload
def fmax(x: _Plain, y: Var, /) -> Var: ...
@overload
def fmax(x: _Plain, y: _Plain, /) -> float: ...

@overload
def fmin(x: Var, y: Var | _Plain, /) -> Var:
    """Smaller of a and b, or the one that is no nan, as C's fmin; ties share the derivative equally."""
@overload
def fmin(x: _Plain, y: Var, /) -> Var: ...
@overload
def fmin(x: _Plain, y: _Plain, /) -> float: ...

@overload
def lgamma(x: Var, /) -> Var:
    """Logarithm of the absolute value of the gamma function."""
@overload
def lgamma(x: _Plain, /) -> float: ...

@overload
def gamma(x: Var, /) -> Var:
    """The gamma function."""
@overload
def gamma(x: _Plain, /) -> float: ...

@overload
def sum(values: Iterable[Var], /) -> Var:
    """Sum from left to right, one node."""
@overload
def sum(values: Iterable[_Plain], /) -> float: ...
@overload
def sum(values: Iterable[Var | _Plain], /) -> Var | float: ...

@overload
def fsum(values: Iterable[Var], /) -> Var:
    """Exactly rounded sum, as math.fsum, one node."""
@overload
def fsum(values: Iterable[_Plain], /) -> float: ...
@overload
def fsum(values: Iterable[Var | _Plain], /) -> Var | float: ...

@overload
def mean(values: Iterable[Var], /) -> Var:
    """Arithmetic mean, one node; ValueError if there are no values."""
@overload
def mean(values: Iterable[_Plain], /) -> float: ...
@overload
def mean(values: Iterable[Var | _Plain], /) -> Var | float: ...

@overload
def dot(p: Iterable[Var], q: Iterable[Var | _Plain], /) -> Var:
    """Inner product of two vectors of equal length, left to right, one node; ValueError if lengths differ."""
@overload
def dot(p: Iterable[_Plain], q: Iterable[Var], /) -> Var: ...
@overload
def dot(p: Iterable[_Plain], q: Iterable[_Plain], /) -> float: ...
@overload
def dot(p: Iterable[Var | _Plain], q: Iterable[Var | _Plain], /) -> Var | float: ...

@overload
def hypot(x: Var, /, *rest: Var | _Plain) -> Var:
    """Euclidean norm of the coordinates; derivative 0 at the origin."""
@overload
def hypot(x: _Plain, y: Var, /, *rest: Var | _Plain) -> Var: ...
@overload
def hypot(*values: _Plain) -> float: ...
@overload
def hypot(*values: Var | _Plain) -> Var | float: ...

@overload
def logsumexp(values: Iterable[Var], /) -> Var:
    """log of the sum of exponentials, never overflowing, one node."""
@overload
def logsumexp(values: Iterable[_Plain], /) -> float: ...
@overload
def logsumexp(values: Iterable[Var | _Plain], /) -> Var | float: ...

@overload
def maximum(x: Var, /, *rest: Var | _Plain) -> Var:
    """Largest of the arguments; ties share the derivative equally, nan wins."""
@overload
def maximum(x: _Plain, y: Var, /, *rest: Var | _Plain) -> Var: ...
@overload
def maximum(*values: _Plain) -> float: ...
@overload
def maximum(*values: Var | _Plain) -> Var | float: ...

@overload
def minimum(x: Var, /, *rest: Var | _Plain) -> Var:
    """Smallest of the arguments; ties share the derivative equally, nan wins."""
@overload
def minimum(x: _Plain, y: Var, /, *rest: Var | _Plain) -> Var: ...
@overload
def minimum(*values: _Plain) -> float: ...
@overload
def minimum(*values: Var | _Plain) -> Var | float: ...

@overload
def log(x: Var, base: Var | _Plain | None = None, /) -> Var:
    """Logarithm of x, natural or to the given base."""
@overload
def log(x: _Plain, base: Var, /) -> Var: ...
@overload
def log(x: _Plain, base: _Plain | None = None, /) -> float: ...

@overload
def pow(x: Var, y: Var | _Plain, /) -> Var:
    """x to the power y; raises what math.pow raises, where ``**`` may raise something else."""
@overload
def pow(x: _Plain, y: Var, /) -> Var: ...
@overload
def pow(x: _Plain, y: _Plain, /) -> float: ...

@overload
def dist(p: Iterable[Var], q: Iterable[Var | _Plain], /) -> Var:
    """Euclidean distance of two points of equal dimension; ValueError if they differ."""
@overload
def dist(p: Iterable[_Plain], q: Iterable[Var], /) -> Var: ...
@overload
def dist(p: Iterable[_Plain], q: Iterable[_Plain], /) -> float: ...
@overload
def dist(p: Iterable[Var | _Plain], q: Iterable[Var | _Plain], /) -> Var | float: ...

@overload
def prod(values: Iterable[Var], /, *, start: Var | _Plain = 1.0) -> Var:
    """Product from left to right, one node; right at zeros too."""
@overload
def prod(values: Iterable[_Plain], /, *, start: Var) -> Var: ...
@overload
def prod(values: Iterable[_Plain], /, *, start: _Plain = 1.0) -> float: ...
@overload
def prod(values: Iterable[Var | _Plain], /, *, start: Var | _Plain = 1.0) -> Var | float: ...

@overload
def softmax(values: Iterable[Var], /) -> list[Var]:
    """The exponentials of the values over their sum, as a list; ValueError if there are no values."""
@overload
def softmax(values: Iterable[_Plain], /) -> list[float]: ...
@overload
def softmax(values: Iterable[Var | _Plain], /) -> list[Var] | list[float]: ...

@overload
def where(condition: object, a: Var, b: Var | _Plain, /) -> Var:
    """a if the condition holds, else b; the other one receives no derivative."""
@overload
def where(condition: object, a: _Plain, b: Var, /) -> Var: ...
@overload
def where(condition: object, a: _Plain, b: _Plain, /) -> float: ...

@overload
def square(x: Var, /) -> Var:
    """x times x."""
@overload
def square(x: _Plain, /) -> float: ...

@overload
def clamp(x: Var, min: Var | _Plain | None = None, max: Var | _Plain | None = None, /) -> Var:
    """x, but at least min and at most max; the derivative passes at the bounds."""
@overload
def clamp(x: _Plain, min: _Plain | None = None, max: _Plain | None = None, /) -> float: ...
@overload
def clamp(x: _Plain, min: Var | _Plain | None = None, max: Var | _Plain | None = None, /) -> Var | float: ...

@overload
def interp(
    x: Var,
    xp: Iterable[_Plain],
    fp: Iterable[Var | _Plain],
    left: Var | _Plain | None = None,
    right: Var | _Plain | None = None,
) -> Var:
    """Linear interpolation in the table of points (xp[i], fp[i]), as numpy.interp has it."""
@overload
def interp(
    x: _Plain,
    xp: Iterable[_Plain],
    fp: Iterable[_Plain],
    left: _Plain | None = None,
    right: _Plain | None = None,
) -> float: ...
@overload
def interp(
    x: _Plain,
    xp: Iterable[_Plain],
    fp: Iterable[Var | _Plain],
    left: Var | _Plain | None = None,
    right: Var | _Plain | None = None,
) -> Var | float: ...

@overload
def modf(x: Var, /) -> tuple[Var, Var]:
    """The fractional and the integer part of x, both with its sign; derivatives 1 and 0."""
@overload
def modf(x: _Plain, /) -> tuple[float, float]: ...

@overload
def frexp(x: Var, /) -> tuple[Var, int]:
    """The mantissa m, from 0.5 to 1 with the sign of x, and the exponent e, an int, of x = m * 2**e."""
@overload
def frexp(x: _Plain, /) -> tuple[float, int]: ...

@overload
def ldexp(x: Var, i: Var | int, /) -> Var:
    """x * 2**i of a whole number i, rounded once; no derivative by i. Raises as math.ldexp does."""
@overload
def ldexp(x: _Plain, i: Var, /) -> Var: ...
@overload
def ldexp(x: _Plain, i: int, /) -> float: ...

def ceil(x: Var | _Plain, /) -> int:
    """math.ceil of the value."""

def floor(x: Var | _Plain, /) -> int:
    """math.floor of the value."""

def trunc(x: Var | _Plain, /) -> int:
    """math.trunc of the value."""

def isfinite(x: Var | _Plain, /) -> bool:
    """math.isfinite of the value."""

def isinf(x: Var | _Plain, /) -> bool:
    """math.isinf of the value."""

def isnan(x: Var | _Plain, /) -> bool:
    """math.isnan of the value."""

def isclose(a: Var | _Plain, b: Var | _Plain, *, rel_tol: float = 1e-09, abs_tol: float = 0.0) -> bool:
    """math.isclose of the values."""

if sys.version_info >= (3, 12):
    __all__ += ["sumprod"]
    @overload
    def sumprod(p: Iterable[Var], q: Iterable[Var | _Plain], /) -> Var:
        """Inner product as math.sumprod rounds it, one node."""
    @overload
    def sumprod(p: Iterable[_Plain], q: Iterable[Var], /) -> Var: ...
    @overload
    def sumprod(p: Iterable[_Plain], q: Iterable[_Plain], /) -> float: ...
    @overload
    def sumprod(p: Iterable[Var | _Plain], q: Iterable[Var | _Plain], /) -> Var | float: ...

if sys.version_info >= (3, 13):
    __all__ += ["fma"]
    from math import fma as fma

if sys.version_info >= (3, 15):
    __all__ += ["isnormal"]
    def isnormal(x: Var | _Plain, /) -> bool:
        """math.isnormal of the value."""

if sys.version_info >= (3, 15):
    __all__ += ["issubnormal"]
    def issubnormal(x: Var | _Plain, /) -> bool:
        """math.issubnormal of the value."""

if sys.version_info >= (3, 15):
    __all__ += ["signbit"]
    def signbit(x: Var | _Plain, /) -> bool:
        """math.signbit of the value."""
