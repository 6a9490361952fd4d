"""An independent oracle: what each row of the table is in a textbook, differentiated at 4000 bits by mpmath.

Nothing here comes from ``_ops/table.py``. A central difference with a relative step of 2**-1200 is exact to far more
than a double, for values from 1e-300 to 1e300 and for tails as small as a double can be. The error functions
cost too much at that precision and need less.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

from oracle_special import SLOW, mp
from oracle_special import TEXTBOOK as SPECIAL

FINE, COARSE, COARSEST = (4000, -1200), (2000, -500), (700, -150)  # (precision in bits, log2 of the relative step)
COSTLY = {"erf", "erfc", "gelu", "gelu_slope", "ndtr", "log_ndtr", "mills_gap", "erfinv"}


def _erfc(a: Any) -> Any:
    # mpmath's own fails beyond 1e150; exp(-1e6) is nothing to a double, nor is its derivative
    return mp.erfc(a) if abs(a) < 1000 else mp.mpf(0 if a > 0 else 2)


def _gelu(a: Any) -> Any:
    return a * _erfc(-a / mp.sqrt(2)) / 2


def _cbrt(a: Any) -> Any:
    return mp.sign(a) * mp.cbrt(abs(a))


def _atan2(a: Any, b: Any) -> Any:
    return mp.atan2(a, b)


def _round(a: Any, b: Any) -> Any:
    return mp.nint(a * mp.power(10, int(b))) / mp.power(10, int(b))


TEXTBOOK: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "truediv": lambda a, b: a / b,
    "pow": mp.power,
    "mod": lambda a, b: a - b * mp.floor(a / b),
    "floordiv": lambda a, b: mp.floor(a / b),
    "neg": lambda a: -a,
    "abs": abs,
    "identity": lambda a: a,
    "round": _round,
    "gauss": lambda a: mp.exp(-a * a),
    "one_minus_square": lambda a: 1 - a * a,
    "cbrt_slope": lambda a: 1 / (3 * a * a),
    "arctan_slope": lambda a: 1 / (1 + a * a),
    "arctan2_slope": lambda a, b: b / (a * a + b * b),
    "arcsinh_slope": lambda a: 1 / mp.sqrt(1 + a * a),
    "tanh_slope": lambda a: 1 / mp.cosh(a) ** 2,
    "sigmoid_slope": lambda a: mp.exp(-abs(a)) / (1 + mp.exp(-abs(a))) ** 2,
    "silu_slope": lambda a: (1 + mp.exp(-a) + a * mp.exp(-a)) / (1 + mp.exp(-a)) ** 2,
    "gelu_slope": lambda a: _erfc(-a / mp.sqrt(2)) / 2 + a * mp.exp(-a * a / 2) / mp.sqrt(2 * mp.pi),
    "share": lambda a, b: a / (a + b),
    "cosine": lambda a, b: a / mp.sqrt(a * a + b),
    "exp": mp.exp,
    "exp2": lambda a: mp.power(2, a),
    "expm1": lambda a: mp.exp(a) - 1,
    "log": mp.log,
    "log2": lambda a: mp.log(a) / mp.log(2),
    "log10": lambda a: mp.log(a) / mp.log(10),
    "log1p": lambda a: mp.log(1 + a),
    "sqrt": mp.sqrt,
    "cbrt": _cbrt,
    "square": lambda a: a**2,
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "arcsin": mp.asin,
    "arccos": mp.acos,
    "arctan": mp.atan,
    "arctan2": _atan2,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "arcsinh": lambda a: mp.sign(a) * mp.log(abs(a) + mp.sqrt(a * a + 1)),  # mp.asinh(-1e300) cancels
    "arccosh": mp.acosh,
    "arctanh": mp.atanh,
    "degrees": lambda a: a * 180 / mp.pi,
    "radians": lambda a: a * mp.pi / 180,
    "sigmoid": lambda a: 1 / (1 + mp.exp(-a)),
    "relu": lambda a: max(a, mp.mpf(0)),
    "leaky_relu": lambda a, b: a if a > 0 else a * b,
    "elu": lambda a, b: a if a > 0 else b * (mp.exp(a) - 1),
    "selu": lambda a: mp.mpf(1.0507009873554805) * a if a > 0 else mp.mpf(1.7580993408473766) * (mp.exp(a) - 1),
    "softplus": lambda a: mp.log(1 + mp.exp(a)),
    "silu": lambda a: a / (1 + mp.exp(-a)),
    "gelu": _gelu,
    "erf": lambda a: 1 - _erfc(a) if abs(a) > 1 else mp.erf(a),
    "erfc": _erfc,
    "rint": mp.nint,
    "fmod": lambda a, b: a - b * (mp.floor(a / b) if a / b > 0 else mp.ceil(a / b)),
    "remainder": lambda a, b: a - b * mp.nint(a / b),
    "copysign": lambda a, b: abs(a) * mp.sign(b),
    "fmax": max,
    "fmin": min,
    "clamp_min": max,
    "clamp_max": min,
    **SPECIAL,
}

TEXTBOOK_NARY: dict[str, Callable[[list[Any], list[Any]], Any]] = {
    "sum": lambda xs, _: mp.fsum(xs),
    "fsum": lambda xs, _: mp.fsum(xs),
    "mean": lambda xs, _: mp.fsum(xs) / len(xs),
    "prod": lambda xs, _: mp.fprod(xs),
    "dot": lambda xs, ys: mp.fdot(xs, ys),
    "sumprod": lambda xs, ys: mp.fdot(xs, ys),
    "hypot": lambda xs, _: mp.sqrt(mp.fsum(x * x for x in xs)),
    "logsumexp": lambda xs, _: mp.log(mp.fsum(map(mp.exp, xs))),
    "maximum": lambda xs, _: max(xs),
    "minimum": lambda xs, _: min(xs),
}


def _slope(name: str, function: Callable[..., Any], point: tuple[Any, ...], i: int) -> Any:
    precision, step = COARSEST if name in SLOW else COARSE if name in COSTLY else FINE
    tiny = -min(0, math.frexp(point[i])[1]) if name in SLOW else 0
    with mp.workprec(precision + 2 * tiny):  # of 1 - x * x these bits cancel
        xs = [mp.mpf(x) for x in point]
        h = mp.ldexp(abs(xs[i]) if xs[i] else 1, step)
        up, down = list(xs), list(xs)
        up[i] += h
        down[i] -= h
        return (function(*up) - function(*down)) / (2 * h)


@cache
def value(name: str, point: tuple[float, ...]) -> Any:
    """The row's value at the point."""
    with mp.workprec((COARSEST if name in SLOW else COARSE if name in COSTLY else FINE)[0]):
        return TEXTBOOK[name](*(mp.mpf(x) for x in point))


@cache
def slope(name: str, point: tuple[float, ...], i: int) -> Any:
    """The derivative of the row by operand i at the point."""
    return _slope(name, TEXTBOOK[name], point, i)


@cache
def slope_nary(name: str, pairs: bool, point: tuple[float, ...], i: int) -> Any:
    """The derivative of an n-ary row by operand i; in rows of pairs the second half of the point is the partner."""
    half = len(point) // 2 if pairs else len(point)
    return _slope(name, lambda *xs: TEXTBOOK_NARY[name](list(xs[:half]), list(xs[half:])), point, i)


@cache
def condition(name: str, point: tuple[float, ...], i: int) -> float:
    """How much a relative error of the operands grows in the derivative by operand i: sum of |x p'(x) / p(x)|."""
    there = slope(name, point, i)
    if there == 0:
        return 0.0
    total = mp.mpf(0)
    with mp.workprec(FINE[0]):
        for k in range(len(point)):
            moved = [mp.mpf(x) for x in point]
            moved[k] *= 1 + mp.ldexp(1, -60 if name in SLOW else -200)
            change = abs(_slope(name, TEXTBOOK[name], tuple(moved), i) / there - 1)
            total += change * mp.ldexp(1, 60 if name in SLOW else 200)
    return float(total)


def condition_of_value(name: str, point: tuple[float, ...]) -> float:
    """How much a relative error of the operands grows in the value: sum of |x f'(x) / f(x)|."""
    there = value(name, point)
    return float(sum(abs(x * slope(name, point, i) / there) for i, x in enumerate(point))) if there else 0.0


def condition_nary(name: str, point: tuple[float, ...], i: int) -> float:
    """The same for an n-ary row: a weight is the exponential of a difference, which rounds once."""
    return max(point) - point[i] if name == "logsumexp" else 0.0


# ---- how close is right

EPS = 2.0**-52
TINY = 2.0**-1074
LARGEST = 1.7976931348623157e308
ULPS = 8
# Where a formula adds what cancels (gelu, silu at their minima), or rounds b - 1 before a power (pow), the error of
# one rounding grows as an error of the operands would.
CONDITIONED = {
    "gelu",
    "pow",
    "silu",
    "arctan2_slope",
    "gelu_slope",
    "silu_slope",
    "ndtr",
    "logaddexp",
    "entr",
    "rel_entr",
    "sinc",
}
CONDITIONED |= {"ndtr", "logaddexp", "entr", "rel_entr", "sinc", "sinc_slope", "logit_slope", "log_ndtr", "digamma"}
CONDITIONED |= {"beta", "betaln", "gamma", "lgamma", "mills_gap", "erfinv", "erfcinv", "ndtri", "zeta"}
CONDITIONED |= {"beta_curve", "trigamma_gap", "tetragamma_gap"}
CONDITIONED |= {"beta_slope", "beta_one", "beta_bend", "beta_bend_slope", "gamma_density", "gammainc", "gammaincc"}
CONDITIONED |= {"i0e", "i1e", "j0", "j1", "y0", "y1"}
# Fourth and fifth derivatives of beta are sums that cancel: of their 16 digits 12 are left.
CANCELS = {"beta_bend_slope": 2000.0}


def complaint(true: Any, got: float, condition: float = 0.0) -> str | None:
    """Why a partial is wrong, or None: more than 8 eps (1 + condition) off, or 8 steps among the subnormals.

    A true value beyond the largest double must come out infinite, or within tolerance of the largest.
    """
    with mp.workprec(200):
        relative = ULPS * EPS * (1.0 + condition)
        if got != got:
            return f"nan instead of {mp.nstr(true, 20)}"
        if abs(got) == mp.inf or abs(true) > LARGEST:
            right = (
                (got > 0) == (true > 0)
                and abs(true) >= LARGEST * (1 - relative)
                and abs(got) >= LARGEST * (1 - relative)
            )
        else:
            right = abs(mp.mpf(got) - true) <= relative * abs(true) + ULPS * TINY
        return None if right else f"{got!r} instead of {mp.nstr(true, 20)}, allowed {relative:.1e}"
