"""Linear interpolation in a table, checked once for all the numbers that are looked up."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from vargrad._core.modes import thread
from vargrad._core.tables import knots
from vargrad._core.var import VARS, Real
from vargrad._util import errors


def interpolation(
    xs: Sequence[float], ys: Sequence[Real], left: Real | None = None, right: Real | None = None
) -> Callable[[Real], Real]:
    """vargrad.math.interp in a table that knots.table() has checked, for any number of x."""
    like = next((y for y in ys if isinstance(y, VARS)), 0.0)  # what it gives is a Var if this is one
    return lambda x: _interpolated(x, xs, ys, left, right, like)


def _interpolated(
    x: Real, xs: Sequence[float], ys: Sequence[Real], left: Real | None, right: Real | None, like: Real
) -> Real:
    slope: Real
    first, last = ys[0] if left is None else left, ys[-1] if right is None else right
    if knots.is_selected(x):
        rows = [_segment(xs, ys, i) for i in range(max(1, len(xs) - 1))]
        if not thread.recorder.derivatives:
            slope, a, c = knots.selected(x, xs[1:-1], rows)
            where = thread.recorder.where
            beyond = where(x > xs[-1], last, where(x == xs[-1], ys[-1], (x - a) * slope + c))
            return where(x < xs[0], first, beyond)  # type: ignore[no-any-return]
        if x < xs[0]:
            return knots.constant(first, x)
        if x >= xs[-1]:
            return knots.constant(last if x > xs[-1] else ys[-1], x)
        slope, a, c = knots.selected(x, xs[1:-1], rows)
    else:
        value = x.value if isinstance(x, VARS) else x if type(x) is float else errors.as_float(x, "interp(): x")
        if value < xs[0] or value >= xs[-1]:
            return knots.constant(first if value < xs[0] else last if value > xs[-1] else ys[-1], x, like)
        slope, a, c = _segment(xs, ys, bisect_right(xs, value, 1, len(xs) - 1) - 1)
    result: Real = (x - a) * slope + c
    return result


def _segment(xs: Sequence[float], ys: Sequence[Real], i: int) -> tuple[Real, float, Real]:
    """The slope between two knots, the first one, and the value there."""
    slope = (ys[i + 1] - ys[i]) / (xs[i + 1] - xs[i]) if len(xs) > 1 else 0.0
    return slope, xs[i], ys[i]
