"""Tables over knots x[0] < x[1] < ...: checking them, and the row of a table that belongs to a number."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from vargrad._core.modes import thread
from vargrad._core.var import VARS, Real
from vargrad._util import errors

Row: TypeAlias = tuple[Any, ...]


def table(what: str, knots: Iterable[float], values: Iterable[Real], fewest: int = 1) -> tuple[list[float], list[Real]]:
    """The knots as floats, and the values at them; TypeError or ValueError if they are no table of ``what``."""
    xs = [_knot(what, i, x) for i, x in enumerate(knots)]
    ys: list[Real] = [_value(what, y) for y in values]
    if len(xs) != len(ys):
        raise ValueError(f"{what}: {len(xs)} knots and {len(ys)} values: give one value for each knot")
    if len(xs) < fewest:
        raise ValueError(f"{what}: {len(xs)} knot(s), of at least {fewest}")
    for i in range(1, len(xs)):
        if not xs[i - 1] < xs[i]:
            found = "repeated" if xs[i - 1] == xs[i] else "unsorted"
            raise ValueError(
                f"{what}: knots must increase, these are {found}: knot {i} is {xs[i]!r} after {xs[i - 1]!r}. "
                "Sort them, together with their values"
            )
    return xs, ys


def _value(what: str, y: Any) -> Real:
    if type(y) is float or isinstance(y, VARS):
        return y
    return errors.as_float(y, f"{what}: a value")


def _knot(what: str, i: int, x: Any) -> float:
    if type(x) is not float and isinstance(x, VARS):
        raise TypeError(f"{what}: knot {i} is a Var, and there is no derivative by the knots: give floats")
    number = x if type(x) is float else errors.as_float(x, f"{what}: a knot")
    if not math.isfinite(number):
        raise ValueError(f"{what}: knot {i} is {number!r}: knots must be finite")
    return number


def constant(x: Real, *operands: Any) -> Real:
    """A number that a function of these operands returns: a Var if it is one, or if one of them is."""
    kind = next((type(v) for v in operands if isinstance(v, VARS)), None)
    if kind is None or isinstance(x, VARS):
        return x
    leaf: Real = kind(x)
    if thread.recorder is not None:
        thread.recorder.constants.add(leaf)  # and no live one of the recording
    return leaf


def is_selected(x: Any) -> bool:
    """Whether the row for x must be selected, since compile() records and each row of a batch has another x."""
    return thread.recorder is not None and isinstance(x, VARS)


def selected(x: Any, inner: Sequence[float], rows: Sequence[Row]) -> Row:
    """The row for x while compile() records: made of selections, in a tree.

    Inside of a transform, whose graph has only the side taken, these would be guards, so there a search with guards
    goes the shorter way.
    """
    if not thread.recorder.derivatives:
        return _selected(x, inner, rows, 0, len(rows) - 1)
    low, high = 0, len(rows) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if x >= inner[middle - 1]:
            low = middle
        else:
            high = middle - 1
    return rows[low]


def _selected(x: Any, inner: Sequence[float], rows: Sequence[Row], low: int, high: int) -> Row:
    if low == high:
        return rows[low]
    middle = (low + high + 1) // 2
    condition = x >= inner[middle - 1]
    below, above = _selected(x, inner, rows, low, middle - 1), _selected(x, inner, rows, middle, high)
    return tuple(_either(condition, b, a) for a, b in zip(below, above, strict=True))


def _either(condition: Any, a: Any, b: Any) -> Any:
    same = a is b or (type(a) is float and type(b) is float and a == b and a != 0.0)
    return a if same else thread.recorder.where(condition, a, b)
