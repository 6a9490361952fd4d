"""The pictures of ``vargrad.plot`` as text, for a terminal: the same names and arguments, and they return a str.

``width``, ``height``: of the picture, in characters. ``ascii``: with signs of ASCII alone. Nothing needs matplotlib.

>>> from vargrad.plot import text
>>> print(text.losses([1.0, 0.5, 0.25, 0.125], width=40, height=6, ascii=True))
Training
       1 |**
         |  ****
         |      ***
         |         ******
         |               ********
   0.125 |                       *******
         +------------------------------
          1           epoch            4
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from vargrad.plot import charts, planes

SIGNS = "*o+x#@"
_SHADES = " .:+#"


def activation(
    name: str, low: float = -6.0, high: float = 6.0, *, width: int = 72, height: int = 16, ascii: bool = False
) -> str:
    """An activation and its derivative."""
    return _drawn(charts.activation(name, low, high), width, height, ascii)


def losses(
    *runs: Any, names: Sequence[str] | None = None, width: int = 72, height: int = 16, ascii: bool = False
) -> str:
    """The losses of one training or of several, over their epochs."""
    return _drawn(charts.losses(runs, names), width, height, ascii)


def knobs(
    f: Callable[..., Any],
    at: Sequence[Any],
    names: Sequence[str] | None = None,
    reach: float = 1.0,
    *,
    width: int = 72,
    height: int = 16,
    ascii: bool = False,
) -> str:
    """What f does as each of its numbers is turned alone, by up to ``reach``."""
    chart = charts.knobs(f, at, names, reach)
    chart.notes = [f"{a.name}: {b.name}" for a, b in zip(chart.curves[::2], chart.curves[1::2], strict=True)]
    chart.curves = chart.curves[::2]
    return _drawn(chart, width, height, ascii)


def differences(
    f: Callable[..., Any],
    x: float,
    schemes: Sequence[str] = ("forward", "central"),
    *,
    width: int = 72,
    height: int = 16,
    ascii: bool = False,
) -> str:
    """How far finite differences of f are from its exact derivative at x, over the step h."""
    return _drawn(charts.differences(f, x, schemes), width, height, ascii)


def costs(
    f: Callable[..., Any] = charts.neuron_loss,
    sizes: Sequence[int] = (1, 3, 10, 30, 100, 300, 1000),
    seconds: bool = False,
    *,
    width: int = 72,
    height: int = 16,
    ascii: bool = False,
) -> str:
    """What one gradient costs by differences and by backpropagation, over the number of parameters."""
    return _drawn(charts.costs(f, sizes, seconds), width, height, ascii)


def boundary(
    model: Any, X: Any = None, y: Any = None, *, width: int = 64, height: int = 20, ascii: bool = False
) -> str:
    """What a network of two inputs answers on the plane: shades for one output, digits for classes, signs for data."""
    w, h = _size(width, height)
    found = planes.plane(model, X, y, 2 * max(w, h))
    shades = _SHADES if ascii else " ░▒▓█"
    rows = []
    for r in reversed(range(h)):
        line = ""
        for c in range(w):
            answer = float(found.answers[(2 * r + 1) * len(found.y) // (2 * h), (2 * c + 1) * len(found.x) // (2 * w)])
            if found.level is None:
                line += str(int(answer) % 10)
            else:
                share = answer - found.level + 0.5 if found.level == 0.5 else 0.5 + answer / 2
                line += shades[min(4, max(0, int(5 * share)))] if share == share else "?"
        rows.append(list(line))
    legend = [] if found.level is None else [f"{found.what}, from low to high: [{shades}]"]
    if found.targets is not None:
        classes = sorted({float(t) for t in found.targets})
        signs = [SIGNS[1:][k % 5] for k in range(len(classes))] if found.level is None else "OXABCDEFGHIJ"
        if len(classes) <= len(signs):
            for (px, py), target in zip(found.points, found.targets, strict=True):
                c = round((px - found.x[0]) / (found.x[-1] - found.x[0]) * (w - 1))
                r = round((found.y[-1] - py) / (found.y[-1] - found.y[0]) * (h - 1))
                rows[r][c] = signs[classes.index(float(target))]
            legend += [", ".join(f"{sign}: target {t:g}" for sign, t in zip(signs, classes, strict=False))]
    edge = ("+", "-", "|") if ascii else ("+", "─", "│")
    frame = edge[0] + edge[1] * w + edge[0]
    return "\n".join([frame, *(edge[2] + "".join(row) + edge[2] for row in rows), frame, *legend])


def network(model: Any, *, ascii: bool = False) -> str:
    """The weights and the bias of each neuron, layer by layer."""
    found = planes.neurons(model)
    lines = [found.title]
    for column in range(1, len(found.columns)):
        lines.append(f"layer {column}, {found.activations[column - 1]}")
        for j in found.columns[column]:
            if j is None:
                lines.append("  ...")
                continue
            mine = [w for layer, k, _, w in found.weights if (layer, k) == (column - 1, j)]
            weights = " ".join(f"{w:>7.3g}" for w in mine)
            bias = found.biases.get((column - 1, j))
            lines.append(f"  neuron {j}: {weights}" + ("" if bias is None else f"   bias {bias:.3g}"))
    return "\n".join(lines)


def _size(width: int, height: int) -> tuple[int, int]:
    for name, x, least in (("width", width, 20), ("height", height, 3)):
        if not isinstance(x, int) or not least <= x <= 1000:
            raise ValueError(f"{name} must be an int from {least} to 1000, not {x!r:.60}")
    return width, height


def _drawn(chart: charts.Chart, width: int, height: int, ascii: bool) -> str:
    """The curves in a field of signs, with the ends of both axes in numbers."""
    width, height = _size(width, height)
    room = width - 10
    curves = [(c, _points(c, chart)) for c in chart.curves]
    every = [p for _, points in curves for p in points]
    if not every:
        return f"{chart.title}\nno finite numbers to draw"
    left, right = min(p[0] for p in every), max(p[0] for p in every)
    low, high = min(p[1] for p in every), max(p[1] for p in every)
    if low == high:
        low, high = low - 0.5, high + 0.5
    field = [[" "] * room for _ in range(height)]
    for k, (_, points) in reversed(list(enumerate(curves))):
        before: int | None = None
        for column in range(room):
            x = left + (right - left) * column / max(room - 1, 1)
            y = _at(points, x)
            if y is None:
                before = None
                continue
            row = round((high - y) / (high - low) * (height - 1))
            span = range(row, row + 1)
            if before is not None and abs(before - row) > 1:
                span = range(before + 1, row + 1) if row > before else range(row, before)
            for r in span:
                field[r][column] = SIGNS[k % len(SIGNS)]
            before = row
    side, corner, dash = ("|", "+", "-") if ascii else ("│", "└", "─")
    back: Callable[[float], float] = (lambda v: 10**v) if chart.ylog else (lambda v: v)
    labels = {0: f"{back(high):.3g}", height - 1: f"{back(low):.3g}"}
    lines = [chart.title]
    lines += [f"{labels.get(r, ''):>8} {side}{''.join(row)}".rstrip() for r, row in enumerate(field)]
    lines.append(f"{'':>9}{corner}{dash * room}")
    ends = [f"{10**v if chart.xlog else v:.4g}" for v in (left, right)]
    lines.append(f"{'':>10}{ends[0]}{chart.xlabel.center(room - len(ends[0]) - len(ends[1]))}{ends[1]}")
    if len(curves) > 1:
        lines.append(f"{'':>10}" + "   ".join(f"{SIGNS[k % len(SIGNS)]} {c.name}" for k, (c, _) in enumerate(curves)))
    scales = [axis for axis, log in ((chart.xlabel, chart.xlog), (chart.ylabel, chart.ylog)) if log]
    if scales:
        lines.append(f"{'':>10}logarithmic: {', '.join(scales)}")
    return "\n".join([*lines, *(f"{'':>10}{note}" for note in chart.notes)])


def _points(curve: charts.Curve, chart: charts.Chart) -> list[tuple[float, float]]:
    """What can be drawn of a curve, in logarithms where the axis is; in the order of x."""
    found = []
    for x, y in zip(curve.x, curve.y, strict=True):
        good = math.isfinite(x) and math.isfinite(y) and not (chart.xlog and x <= 0) and not (chart.ylog and y <= 0)
        if good:
            found.append((math.log10(x) if chart.xlog else x, math.log10(y) if chart.ylog else y))
    return sorted(found)


def _at(points: list[tuple[float, float]], x: float) -> float | None:
    """The curve's y between two of its points; None beyond its ends."""
    from bisect import bisect_left

    if not points:
        return None
    k = bisect_left(points, (x, -math.inf))
    if k < len(points) and math.isclose(points[k][0], x, abs_tol=1e-12):
        return points[k][1]
    if k == 0 or k == len(points):
        near = points[0] if k == 0 else points[-1]
        return near[1] if math.isclose(near[0], x, rel_tol=1e-9, abs_tol=1e-9) else None
    (a, ya), (b, yb) = points[k - 1], points[k]
    return ya + (yb - ya) * (x - a) / (b - a)
