"""Values and partials of the rows with any number of operands, over floats or over Vars."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from math import inf
from typing import Any

from vargrad._ops.formula import IEEE, Space, compile_formula
from vargrad._ops.table import NaryOp

_AGGREGATES = ("x", "y", "out", "n", "biggest", "total", "ties", "others", "scaled", "norm")
_OF_VALUES = ("biggest", "ties", "norm")  # aggregates that need the operands' values, as constants
_PYTHON: dict[str, Callable[..., float]] = {"fsum": math.fsum, "hypot": lambda xs: math.hypot(*xs)}
if hasattr(math, "sumprod"):  # from Python 3.12
    _PYTHON["sumprod"] = math.sumprod


def value(row: NaryOp, xs: Sequence[float], ys: Sequence[float]) -> float:
    """The row's value; ys is the second vector of rows of pairs, else empty."""
    if not xs and not row.empty:
        raise ValueError(f"{row.name}() of no values: give at least one")
    if not row.exact:
        return float(_PYTHON[row.final](*((xs, ys) if row.pairs else (xs,))))
    biggest = biggest_of(xs)
    final = compile_formula(row.final, ("acc", "n", "biggest"), (), IEEE)
    result: float = final(_fold(row, xs, ys, biggest, IEEE), float(len(xs)), biggest)
    return result


def _fold(row: NaryOp, xs: Sequence[Any], ys: Sequence[Any], biggest: float, space: Space) -> Any:
    step = compile_formula(row.fold, ("acc", "x", "y", "biggest"), (), space)
    acc: Any = float(row.start)
    for i, x in enumerate(xs):
        acc = step(acc, x, ys[i] if row.pairs else 0.0, biggest)
    return acc


def biggest_of(xs: Sequence[float]) -> float:
    """The largest x, nan if there is one, -inf of none."""
    biggest = -inf
    for x in xs:
        if x > biggest or x != x:
            biggest = x
    return biggest


def partials(
    row: NaryOp,
    operands: Sequence[Any],
    out: Any,
    wanted: Sequence[bool],
    inputs: Sequence[float],
    space: Space,
    recorder: Any = None,
) -> Iterator[tuple[int, Any]]:
    """Pairs (operand index, partial) in scatter order, the last operand first; a None partial means: skip.

    ``operands`` and ``out`` are floats or Vars (then the partials are Vars too); ``inputs`` the recorded values.
    ``recorder``: that of compile(), while it records: its detached Vars replace the recorded values then, since every
    row of a batch has values of its own.
    """
    half = len(inputs) // 2 if row.pairs else len(inputs)
    values, select = inputs, _select
    if recorder is not None and any(name in row.partial for name in _OF_VALUES):
        values, select = [recorder.detach(x) for x in operands], recorder.select
    biggest: Any = 0.0
    if "biggest" in row.partial:
        biggest = biggest_of(values) if recorder is None else recorder.biggest(values)
    ties: Any = 0.0
    if "ties" in row.partial:
        result = out if isinstance(out, float) or recorder is not None else out.value
        ties = sum((select(x == result, 1.0, 0.0) for x in values), 0.0)
    total = _fold(row, operands, (), biggest, space) if "total" in row.partial else 0.0
    scaled, norm = _scale(operands, values, space, select) if "norm" in row.partial else ([], 0.0)
    before = _prefixes(operands) if "others" in row.partial else []
    after: Any = 1.0
    for i in reversed(range(len(inputs))):
        if wanted[i]:
            text = row.partner if row.partner and i >= half else row.partial
            partner = operands[(i + half) % len(inputs)] if row.pairs else 0.0
            others = before[i] * after if before else 0.0
            shrunk = scaled[i] if scaled else 0.0
            partial = compile_formula(text, _AGGREGATES, (), space)
            yield i, partial(operands[i], partner, out, float(half), biggest, total, ties, others, shrunk, norm)
        if before:
            after = after * operands[i]


def _prefixes(operands: Sequence[Any]) -> list[Any]:
    products: list[Any] = [1.0]
    for x in operands[:-1]:
        products.append(products[-1] * x)
    return products


def _select(condition: bool, a: float, b: float) -> float:
    return a if condition else b


def _scale(
    operands: Sequence[Any], values: Sequence[Any], space: Space, select: Callable[..., Any]
) -> tuple[list[Any], Any]:
    """Each operand over the largest magnitude, and the norm of that: no square can over- or underflow."""
    top: Any = 0.0
    for x in values:
        top = select(abs(x) > top, abs(x), top)
    if top == 0.0 or top == inf:
        scaled = [space.names["copysign"](1.0, x) if abs(x) == inf else x * 0.0 for x in values]
    else:
        scaled = [space.names["div"](x, top) for x in operands]
    total: Any = 0.0
    for x in scaled:
        total = total + x * x
    return scaled, space.names["sqrt"](total) if top > 0.0 else 1.0
