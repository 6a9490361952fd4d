"""A training's history as a chart: its losses over the epochs."""

from __future__ import annotations

import itertools
import math
from typing import Any

from vargrad._draw.labels import number
from vargrad._draw.layout import MARGIN, TEXT, width_of
from vargrad._draw.scene import Part, Scene, Shape, Text, legend
from vargrad._draw.structure import Structure

WIDTH, HEIGHT = 560, 260
POINTS = 560  # of a curve: more would not be seen
BARS = "▁▂▃▄▅▆▇█"


def structure(history: Any) -> Structure:
    """The picture of a History; ValueError where it has no epoch."""
    given = {"loss": history.losses, "validation loss": history.validation_losses}
    curves = {name: [float(x) for x in numbers] for name, numbers in given.items() if numbers}
    if not curves:
        raise ValueError("this history has no epochs, so there is nothing to draw: call fit first")
    epochs = history.epochs
    title = f"Training, {epochs:,} epoch{'s' * (epochs != 1)}"
    entries = [(f"curve-{k}", name) for k, name in enumerate(curves)]
    return Structure("chart", title, legend=entries, curves=curves)


def text(graph: Structure) -> str:
    """A line of bars for each curve."""
    lines = [graph.title]
    for name, numbers in graph.curves.items():
        bins = [part for part in _parts(numbers, 60) if math.isfinite(part)]
        low, high = min(bins, default=0.0), max(bins, default=0.0)
        bars = "".join(BARS[int(7 * (x - low) / (high - low or 1.0))] for x in bins)
        lines.append(f"{name}: {number(numbers[0])} {bars} {number(numbers[-1])}")
    return "\n".join(lines)


def _parts(numbers: list[float], most: int) -> list[float]:
    """No more numbers than that: each the last of its part."""
    count = min(len(numbers), most)
    return [numbers[(k + 1) * len(numbers) // count - 1] for k in range(count)]


def scene(graph: Structure) -> Scene:
    """The chart, with a logarithmic axis where the numbers span more than a factor of thirty."""
    finite = [x for numbers in graph.curves.values() for x in numbers if math.isfinite(x)]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    log = low > 0 and high > 30 * low
    ticks = _powers(low, high) if log else _ticks(low, high)
    if not log:
        low, high = min(low, ticks[0]), max(high, ticks[-1])
    left = MARGIN + max(width_of(number(t), TEXT) for t in ticks) + 10
    top = MARGIN + 20
    result = Scene(left + WIDTH + MARGIN, top + HEIGHT + 56, graph.title, graph.described)

    def up(x: float) -> float:
        a, b, c = (math.log(v) for v in (low, x, high)) if log else (low, x, high)
        return top + HEIGHT * (c - b) / (c - a)

    axes = Part("axes", "axes", "")
    axes.items.append(Text("words", left, top - 16, "loss" + (", logarithmic" if log else ""), anchor="start"))
    for t in ticks:
        axes.items.append(Shape("grid", points=_polyline([(left, up(t)), (left + WIDTH, up(t))])))
        axes.items.append(Text("number", left - 8, up(t) + TEXT * 0.36, number(t), anchor="end"))
    epochs = max(map(len, graph.curves.values()))
    for t in _ticks(1, epochs) if epochs > 1 else [1]:
        if 1 <= t <= epochs and t == int(t):
            x = left + WIDTH * (t - 1) / max(epochs - 1, 1)
            axes.items.append(Text("number", x, top + HEIGHT + 20, number(t)))
    axes.items.append(Text("words", left + WIDTH, top + HEIGHT + 40, "epoch", anchor="end"))
    result.parts.append(axes)
    for k, (name, numbers) in enumerate(graph.curves.items()):
        part = Part(f"curve-{k}", "curve", name)
        count = min(len(numbers), POINTS)
        places = [(i + 1) * len(numbers) // count - 1 for i in range(count)]
        points = [
            (left + WIDTH * i / max(epochs - 1, 1), up(numbers[i]))
            for i in places
            if math.isfinite(numbers[i]) and not (log and numbers[i] <= 0)
        ]
        part.items.append(Shape(f"curve-{k}", points=_polyline(points)))
        result.parts.append(part)
    legend(result, graph)
    return result


def _polyline(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Straight pieces, as the cubics that shapes have."""
    result = points[:1]
    for a, b in itertools.pairwise(points):
        result += [a, b, b]
    return result


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers that span low to high: four to eight of them."""
    raw = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [float(f"{k * step:.12g}") for k in range(first, last + 1)]


def _powers(low: float, high: float) -> list[float]:
    first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
    step = max(1, (last - first + 1) // 6)
    return [float(f"1e{k}") for k in range(first, last + 1, step)] or [low, high]
