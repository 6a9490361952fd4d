"""The functions of the table of operations with IEEE 754 results instead of Python's exceptions, as C gives them."""

from __future__ import annotations

import math
from collections.abc import Callable
from math import copysign, fabs, inf, nan


def _quiet(function: Callable[[float], float], overflow: Callable[[float], float]) -> Callable[[float], float]:
    def quiet(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return overflow(x)
        except ValueError:
            return nan

    return quiet


def div(a: float, b: float) -> float:
    """a / b; x/0 is a signed infinity, 0/0 is nan."""
    if b != 0.0:
        return a / b
    if a == 0.0 or a != a:
        return nan
    return copysign(inf, a) * copysign(1.0, b)


def power(a: float, b: float) -> float:
    """pow(a, b) of C99: 0 to a negative power is infinite, a fractional power of a negative number is nan."""
    if b == 1.0:  # what the derivative of x**2 asks for, on every step of every least-squares loop
        return a
    try:
        return math.pow(a, b)
    except OverflowError:
        return -inf if a < 0.0 and math.fmod(b, 2.0) != 0.0 else inf
    except ValueError:
        if a == 0.0:
            return copysign(inf, a) if math.fmod(b, 2.0) in (1.0, -1.0) else inf
        return nan


def mod(a: float, b: float) -> float:
    """a % b with Python's sign rule; nan where b is 0."""
    return a % b if b != 0.0 else nan


def floordiv(a: float, b: float) -> float:
    """a // b; where b is 0, a / b."""
    return a // b if b != 0.0 else div(a, b)


def fmod(a: float, b: float) -> float:
    """C's fmod."""
    try:
        return math.fmod(a, b)
    except ValueError:
        return nan


def remainder(a: float, b: float) -> float:
    """C's remainder."""
    try:
        return math.remainder(a, b)
    except ValueError:
        return nan


def rint(a: float) -> float:
    """Nearest integer, ties to even, keeping the sign of zero."""
    return copysign(float(round(a)), a) if fabs(a) < 4503599627370496.0 else a


def log(a: float) -> float:
    """Natural logarithm; -inf at 0."""
    return math.log(a) if a > 0.0 else (-inf if a == 0.0 else nan)


def _pole_at_minus_one(x: float) -> float:
    return -inf if x == -1.0 else nan


def log1p(a: float) -> float:
    """log(1 + a); -inf at -1."""
    return math.log1p(a) if a > -1.0 else _pole_at_minus_one(a)


def log2(a: float) -> float:
    """Logarithm to base 2; -inf at 0."""
    return math.log2(a) if a > 0.0 else log(a)


def log10(a: float) -> float:
    """Logarithm to base 10; -inf at 0."""
    return math.log10(a) if a > 0.0 else log(a)


def atanh(a: float) -> float:
    """Inverse hyperbolic tangent; infinite at the ends."""
    return math.atanh(a) if fabs(a) < 1.0 else (copysign(inf, a) if fabs(a) == 1.0 else nan)


def _positive(_: float) -> float:
    return inf


def _signed(x: float) -> float:
    return copysign(inf, x)


exp = _quiet(math.exp, _positive)
exp2 = _quiet(math.exp2, _positive)
expm1 = _quiet(math.expm1, _positive)
sinh = _quiet(math.sinh, _signed)
cosh = _quiet(math.cosh, _positive)
sqrt = _quiet(math.sqrt, _positive)
sin = _quiet(math.sin, _signed)
cos = _quiet(math.cos, _signed)
tan = _quiet(math.tan, _signed)
asin = _quiet(math.asin, _signed)
acos = _quiet(math.acos, _signed)
acosh = _quiet(math.acosh, _signed)
