"""Cubic splines through points whose values may be Vars, as scipy.interpolate has them.

Between two knots a spline is c0 + p (c1 + p (c2 + p c3)), with p the distance from the left one. The coefficients are
made once; where values are Vars they are nodes of the graph, a few for each knot. A number looked up is one more node,
or while compile() records a selection of coefficients and the same formula.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy

from vargrad._arrays.array import filled
from vargrad._arrays.operands import Vector, dot, fixed, is_first_order, node
from vargrad._core.functions import where
from vargrad._core.tables import knots
from vargrad._core.var import VARS, Real
from vargrad._util import errors
from vargrad._util.conditions import both, either
from vargrad._util.errors import known
from vargrad._util.public import show_as


class Spline:
    """What the splines have in common: a call looks up a number, or each number of an array or list."""

    _what: str

    def __init__(self, x: Iterable[float], y: Iterable[Real], extrapolate: bool) -> None:
        self._x, ys = knots.table(self._what, x, y, 2)
        if not isinstance(extrapolate, bool):
            raise TypeError(f"{self._what}: extrapolate must be True or False, not {extrapolate!r:.60}")
        self._extrapolate = extrapolate
        widths = [self._width(i, b - a) for i, (a, b) in enumerate(pairwise(self._x))]
        chords = [(b - a) / h for a, b, h in zip(ys, ys[1:], widths, strict=False)]
        slopes = self._slopes(widths, chords)
        self._rows: list[knots.Row] = []
        for a, c0, h, chord, s, t in zip(self._x, ys, widths, chords, slopes, slopes[1:], strict=False):
            bend = [chord, s, t], [3.0 / h, -2.0 / h, -1.0 / h]
            twist = [s, t, chord], [1.0 / (h * h), 1.0 / (h * h), -2.0 / (h * h)]
            self._rows.append((a, c0, s, dot(*bend), dot(*twist)))

    def _width(self, i: int, h: float) -> float:
        if 0.0 < h * h * h < math.inf and math.isfinite(1.0 / (h * h * h)):
            return h
        how = "close" if h < 1.0 else "far apart"
        raise ValueError(
            f"{self._what}: knots {i} and {i + 1} are {h!r} apart, too {how} for a cubic between them: "
            "scale x, or leave one of them out"
        )

    def _slopes(self, widths: list[float], chords: Vector) -> Vector:
        """The derivative at each knot."""
        raise NotImplementedError

    def __call__(self, x: Any) -> Any:
        """The spline at a number, Var or float; of an array or list an array."""
        if isinstance(x, VARS) or not isinstance(x, (list, tuple, numpy.ndarray)):
            return self._at(x)
        array = numpy.asarray(x)
        return filled([self._at(one) for one in array.ravel().tolist()], array.shape)

    def _at(self, x: Any) -> Any:
        if knots.is_selected(x):
            a, *c = knots.selected(x, self._x[1:-1], self._rows)
            found = _polynomial(x - a, c)
            if self._extrapolate:
                return found
            return where(x < self._x[0], math.nan, where(x > self._x[-1], math.nan, found))
        number = fixed(x) if isinstance(x, VARS) else errors.as_float(x, f"{self._what}: x")
        x = x if isinstance(x, VARS) else number
        a, *c = self._rows[bisect_right(self._x, number, 1, len(self._x) - 1) - 1]
        if not self._extrapolate and not self._x[0] <= number <= self._x[-1]:
            return knots.constant(math.nan, x, *c)
        if not is_first_order():
            return _polynomial(x - a, c)
        p, (c0, c1, c2, c3) = number - a, map(fixed, c)
        slope = c1 + p * (2.0 * c2 + p * (3.0 * c3))
        return node(_polynomial(p, (c0, c1, c2, c3)), [x, *c], [slope, 1.0, p, p * p, p * p * p])


def _polynomial(p: Any, c: Sequence[Any]) -> Any:
    return c[0] + p * (c[1] + p * (c[2] + p * c[3]))


class CubicSpline(Spline):
    """The cubic spline through points, twice continuously differentiable, as scipy.interpolate.CubicSpline.

    ``x``: the knots, at least two floats that increase. ``y``: a value for each, any of them a Var. ``bc_type``: at the
    ends, "not-a-knot", which makes the first two pieces one polynomial, and the last two; "natural", with second
    derivative 0; "clamped", with first derivative 0. ``extrapolate``: whether the outer pieces go on outside of the
    knots; else it is nan there. ValueError for knots that are unsorted, repeated, or so close or
    far apart that no float holds the cube of their distance, or of another number than y.

    >>> from vargrad import Var, interpolate
    >>> rate = [Var(r, requires_grad=True) for r in (0.02, 0.025, 0.03, 0.028)]
    >>> curve = interpolate.CubicSpline([1.0, 2.0, 5.0, 10.0], rate, bc_type="natural")
    >>> curve(5.0), round(curve(3.0).value, 6)
    (Var(0.03), 0.028133)
    >>> curve(3.0).backward()
    >>> [round(r.grad, 4) for r in rate]
    [-0.381, 1.1429, 0.2571, -0.019]
    """

    _what = "CubicSpline()"

    def __init__(
        self, x: Iterable[float], y: Iterable[Real], bc_type: str = "not-a-knot", extrapolate: bool = True
    ) -> None:
        known("CubicSpline(): bc_type", bc_type, ("not-a-knot", "natural", "clamped"))
        self._ends = bc_type
        super().__init__(x, y, extrapolate)

    def _slopes(self, h: list[float], m: Vector) -> Vector:
        """From equal second derivatives on both sides of each knot: a tridiagonal system, of floats on its left."""
        n = len(h) + 1
        rows = [self._end(h, m), *self._inner(h, m), _mirrored(self._end(h[::-1], m[::-1]))]
        pivots: list[float] = []
        sides: Vector = []
        for i, (below, diagonal, _, chords, weights) in enumerate(rows):
            factor = below / pivots[-1] if i else 0.0
            pivots.append(diagonal - factor * (rows[i - 1][2] if i else 0.0))
            sides.append(dot([*chords, *sides[-1:]], [*weights, -factor][: len(chords) + bool(i)]))
        found = [sides[-1] / pivots[-1]]
        for i in reversed(range(n - 1)):
            found.append(dot([sides[i], found[-1]], [1.0 / pivots[i], -rows[i][2] / pivots[i]]))
        return found[::-1]

    def _inner(self, h: list[float], m: Vector) -> list[tuple[float, float, float, Vector, list[float]]]:
        return [(b, 2.0 * (a + b), a, [m[i], m[i + 1]], [3.0 * b, 3.0 * a]) for i, (a, b) in enumerate(pairwise(h))]

    def _end(self, h: list[float], m: Vector) -> tuple[float, float, float, Vector, list[float]]:
        """The first equation: what is below, on and above the diagonal, and on the right a sum of products."""
        if self._ends == "clamped":
            return 0.0, 1.0, 0.0, [m[0]], [0.0]
        if self._ends == "natural" or len(h) == 1:
            return 0.0, 2.0, 1.0, [m[0]], [3.0]
        if len(h) == 2:  # a parabola through three points
            return 0.0, 1.0, 1.0, [m[0]], [2.0]
        both = h[0] + h[1]
        return 0.0, h[1], both, [m[0], m[1]], [(h[0] + 2.0 * both) * h[1] / both, h[0] * h[0] / both]


def _mirrored(
    row: tuple[float, float, float, Vector, list[float]],
) -> tuple[float, float, float, Vector, list[float]]:
    below, diagonal, above, chords, weights = row
    return above, diagonal, below, chords, weights


class PchipInterpolator(Spline):
    """The monotone cubic spline through points, as scipy.interpolate.PchipInterpolator: it never overshoots.

    Where the values rise it rises, and it is flat at each local extremum of the values. Arguments and errors are those
    of CubicSpline, without ``bc_type``. Its slopes are the harmonic means of Fritsch and Butland (1984).

    >>> from vargrad import Var, interpolate
    >>> y = [Var(v, requires_grad=True) for v in (0.0, 1.0, 1.0, 3.0)]
    >>> curve = interpolate.PchipInterpolator([0.0, 1.0, 2.0, 3.0], y)
    >>> curve(1.5)
    Var(1.0)
    """

    _what = "PchipInterpolator()"

    def __init__(self, x: Iterable[float], y: Iterable[Real], extrapolate: bool = True) -> None:
        super().__init__(x, y, extrapolate)

    def _slopes(self, h: list[float], m: Vector) -> Vector:
        if len(h) == 1:
            return [m[0], m[0]]
        found = [_monotone_end(h[0], h[1], m[0], m[1])]
        for a, b, s, t in zip(h, h[1:], m, m[1:], strict=False):
            v, w = 2.0 * b + a, b + 2.0 * a
            found.append(_chosen(_same_sign(s, t), lambda s=s, t=t, v=v, w=w: (v + w) / (v / s + w / t), 0.0))
        return [*found, _monotone_end(h[-1], h[-2], m[-1], m[-2])]


def _monotone_end(a: float, b: float, s: Any, t: Any) -> Any:
    """The slope at an end: of the parabola through three points, as far as that stays monotone."""
    slope = ((2.0 * a + b) * s - a * t) / (a + b)
    capped = _chosen(both(abs(slope) > 3.0 * abs(s), _not_same_sign(s, t)), lambda: 3.0 * s, slope)
    return _chosen(_same_sign(slope, s), lambda: capped, 0.0)


def _same_sign(a: Any, b: Any) -> Any:
    return either(both(a > 0.0, b > 0.0), both(a < 0.0, b < 0.0))


def _not_same_sign(a: Any, b: Any) -> Any:
    return either(either(both(a > 0.0, b <= 0.0), both(a < 0.0, b >= 0.0)), both(a == 0.0, b != 0.0))


def _chosen(condition: Any, made: Any, other: Any) -> Any:
    """What is made if the condition holds; in eager code it is made only then."""
    if isinstance(condition, bool):
        return made() if condition else other
    return where(condition, made(), other)


show_as("vargrad.interpolate", [CubicSpline, PchipInterpolator])
