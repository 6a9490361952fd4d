"""The regularized incomplete beta function: no row of the table, whose rows have two operands at most.

The continued fraction DLMF 8.17.22, of x below about a / (a + b), or of 1 - x above. A recorded function gets as many
terms of it as the numbers a and b need at most.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from vargrad._core import functions
from vargrad._core.modes import thread
from vargrad._core.var import VARS, quiet, twin
from vargrad._ops import fits, zeros
from vargrad._util import errors

_LARGE = 10.0  # where both parameters are at least that, the exponent is taken around its largest value


def betainc(a: Any, b: Any, x: Any) -> Any:
    """The function of numbers a and b, and of x, which may be a Var."""
    a, b = _parameter("a", a), _parameter("b", b)
    if not isinstance(x, VARS):
        return _of_float(a, b, errors.as_float(x, "an operand of betainc()"))
    if thread.recorder is not None:
        return _recorded(a, b, x)
    slope = _powers(a, b, x.value if zeros.last.order == 0 else x, _either, 1.0)
    return twin(x).custom(_of_float(a, b, x.value), [x], [slope])


def _parameter(name: str, value: Any) -> float:
    """A parameter as a float; TypeError if a derivative by it may be asked for."""
    if not isinstance(value, VARS):
        return errors.as_float(value, f"{name}, an operand of betainc(),")
    wanted = thread.recorder is not None or value.requires_grad or value.prev_op is not None
    if wanted and not thread.no_grad:
        raise TypeError(
            f"betainc() has no derivative by its parameter {name}, which is a Var that may want one: give a number, "
            f"such as {name}.value outside of compile(); where that derivative is needed, vargrad.custom takes one of "
            "your own"
        )
    return value.value


def _outside(a: float, b: float, x: float) -> float | None:
    """The value at the ends and where parameters are 0 or infinite, as scipy.special has it; None inside."""
    if not (a >= 0.0 and b >= 0.0 and 0.0 <= x <= 1.0) or (a == b and a in (0.0, math.inf)):
        return math.nan
    if a == 0.0 or b == math.inf:
        return 1.0 if x > 0.0 else 0.0
    if b == 0.0 or a == math.inf:
        return 0.0 if x < 1.0 else 1.0
    return x if x in (0.0, 1.0) else None


def _of_float(a: float, b: float, x: float) -> float:
    found = _outside(a, b, x)
    if found is not None:
        return found
    front = _powers(a, b, x, _either, 0.0)
    if x < _border(a, b):
        return float(front / a * _lentz(a, b, x)[0])
    return float(1.0 - front / b * _lentz(b, a, 1.0 - x)[0])


def _recorded(a: float, b: float, x: Any) -> Any:
    where = functions.where
    border = _border(a, b) if 0.0 < a < math.inf and 0.0 < b < math.inf else math.nan
    ends = where(x > 0.0, where(x < 1.0, math.nan, where(x == 1.0, 1.0, math.nan)), where(x == 0.0, 0.0, math.nan))
    if math.isnan(border):
        middle = _outside(a, b, 0.5)
        return where(x > 0.0, where(x < 1.0, middle + 0.0 * x, ends), ends)
    within = where(x > 0.0, where(x < 1.0, x, 0.5), 0.5)
    front = _powers(a, b, within, where, 0.0)
    below = front / a * _fraction(a, b, within, _lentz(a, b, border)[1])
    above = 1.0 - front / b * _fraction(b, a, 1.0 - within, _lentz(b, a, 1.0 - border)[1])
    inside = where(within < border, below, above)
    return where(x > 0.0, where(x < 1.0, inside, ends), ends)


def _either(condition: bool, a: Any, b: Any) -> Any:
    return a if condition else b


def _border(a: float, b: float) -> float:
    """Up to where the fraction is of x: where it converges well, and where b is small, so that 1 - result cancels."""
    return max((a + 1.0) / (a + b + 2.0), 0.9 if b < 1.0 else 0.0)


def _numerator(a: float, b: float, k: int) -> float:
    """Over x, the k-th one of the fraction."""
    m = (k + 1) // 2
    if k % 2:
        return m * (b - m) / ((a + 2 * m - 1) * (a + 2 * m))
    return -(a + m) * (a + b + m) / ((a + 2 * m) * (a + 2 * m + 1))


def _lentz(a: float, b: float, x: float) -> tuple[float, int]:
    """The fraction from the front, by the rule of Lentz, and how many terms it needs."""
    c, d, total, k = 1.0, 0.0, 1.0, 0
    while k < 100_000:
        step = _numerator(a, b, k) * x
        d, c = 1.0 / (1.0 + step * d), 1.0 + step / c
        total *= c * d
        k += 1
        if abs(c * d - 1.0) < 2e-16:
            break
    return 1.0 / total, k + 1


def _fraction(a: float, b: float, x: Any, terms: int) -> Any:
    """The same from behind, for expressions: 1 / (1 + d(0) / (1 + d(1) / ...))."""
    rest: Any = 1.0
    for k in range(terms, -1, -1):
        rest = 1.0 + _numerator(a, b, k) * x / rest
    return 1.0 / rest


def _powers(a: float, b: float, x: Any, where: Callable[..., Any], less: float) -> Any:
    """x**(a - less) (1 - x)**(b - less) over beta(a, b): the density of the beta distribution, if ``less`` is 1."""
    if min(a, b) == 0.0 or max(a, b) == math.inf:
        return 0.0 * x
    if a < _LARGE or b < _LARGE:
        whole = quiet("beta", a, b)
        if 0.0 < whole < math.inf:
            return quiet("pow", x, a - less) * quiet("exp", quiet("log1p", -x) * (b - less)) / whole
        powers = quiet("xlogy", a - less, x) + quiet("xlog1py", b - less, -x)
        return quiet("exp", powers - quiet("betaln", a, b))
    off = b * x - a * (1.0 - x)  # from the largest value at a / (a + b), times a + b
    c = a + b
    exponent = a * _log_gap(off / a, x * c / a, where) + b * _log_gap(-off / b, (1.0 - x) * c / b, where)
    scale = math.sqrt(a / c * b / (2.0 * math.pi)) * math.exp(_stirling(c) - _stirling(a) - _stirling(b))
    found = quiet("exp", -exponent) * scale
    return found / x / (1.0 - x) if less else found


def _log_gap(m: Any, ratio: Any, where: Callable[..., Any]) -> Any:
    """m - log(1 + m); ``ratio`` is 1 + m, with the digits that it has near 0."""
    near: Any = 0.0
    for coefficient in reversed(fits.LOG_GAP):
        near = near * m + coefficient
    return where(abs(m) < 0.3, m * m * near, m - quiet("log", ratio))


def _stirling(x: float) -> float:
    total = 0.0
    for coefficient in reversed(fits.STIRLING):
        total = total / (x * x) + coefficient
    return total / x
