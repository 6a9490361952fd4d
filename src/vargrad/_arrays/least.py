"""lstsq and norm."""

from __future__ import annotations

import math
from typing import Any

import numpy
from numpy.linalg import LinAlgError

from vargrad._arrays.array import filled
from vargrad._arrays.factors import reflected
from vargrad._arrays.operands import (
    Matrix,
    Vector,
    all_moved,
    corrections,
    dot,
    given,
    hold_vars,
    is_first_order,
    moved,
    node,
    numbers,
    pinned,
    plain,
    recording,
    stacked,
)
from vargrad._arrays.spectrum import check_apart, singular_values
from vargrad._core.functions import where
from vargrad._core.var import nary


def lstsq(a: Any, b: Any, rcond: float | None = None) -> Any:
    """(x, residuals, rank, s) with the x that makes the sum of squares of a x - b least, as numpy.linalg.lstsq.

    ``a``: (m, n). ``b``: (m,) or (m, k). Where several x do, the shortest. LinAlgError if a holds Vars and has less
    than full rank: the solution has no derivative by a there. While compile() records, full rank is assumed.
    """
    if not hold_vars(a, b):
        return numpy.linalg.lstsq(plain(a), plain(b), rcond)
    a, b = given("lstsq()", a), given("lstsq()", b)
    a0, b0 = (numpy.ones(a.shape), numpy.ones(b.shape)) if recording() else (numbers(a), numbers(b))
    x0, residuals0, rank, s0 = numpy.linalg.lstsq(a0, b0, rcond)  # its errors are ours
    m, n = a.shape
    sides = b.reshape(m, -1)
    if recording():
        rank = min(m, n)
        x = (_recorded_tall if m >= n else _recorded_wide)(a, sides.T.tolist())
        rest = _rest(a, sides, x)
    elif rank < min(m, n) and a.dtype == object:
        raise LinAlgError(
            f"lstsq(): a has the rank {rank}, less than its shape {a.shape} allows: the solution has no derivative by a"
        )
    else:
        columns = x0.reshape(n, -1).T.tolist()
        x, rest = (_tall if m >= n or rank < m else _wide)(a, a0, sides, columns)
    residuals: Any = residuals0
    if m > n and rank == n:
        found = [dot(column, column) for column in rest]
        known = found if recording() else [pinned(r, y) for r, y in zip(found, residuals0.tolist(), strict=True)]
        residuals = filled(known, (len(known),))
    s: Any = s0 if a.dtype != object else filled(_singular_values(a, s0), (min(m, n),))
    return _columns(x, (n, *b.shape[1:])), residuals, rank, s


def _columns(columns: Matrix, shape: tuple[int, ...]) -> Any:
    return filled([x for row in zip(*columns, strict=True) for x in row], shape)


def _rest(a: Any, b: Any, x: Matrix) -> Matrix:
    rows = a.tolist()
    return [
        [y - dot(row, column) for row, y in zip(rows, side, strict=True)]
        for column, side in zip(x, b.T.tolist(), strict=True)
    ]


def _tall(a: Any, a0: Any, b: Any, x0: Matrix) -> tuple[Matrix, Matrix]:
    """From r + a x = b and a^T r = 0: where a moves by D, x = x0 + a0^+ (B - D x) + (a0^T a0)**-1 D^T r."""
    inverse = numpy.linalg.pinv(a0)
    rows, normal = inverse.tolist(), (inverse @ inverse.T).tolist()
    moves, sides, plain = all_moved(a), all_moved(b.T), a0.tolist()
    across = list(zip(*moves, strict=True)) or [()] * len(rows)
    xs, rests = [], []
    for start, side, rest0 in zip(x0, sides, (numbers(b) - a0 @ numpy.array(x0).T).T.tolist(), strict=True):
        x, rest = list(start), rest0
        for _ in range(corrections()):
            pushed = [y - dot(move, x) for move, y in zip(moves, side, strict=True)]
            turned = [dot(move, rest) for move in across]
            x = [v + dot(row, pushed) + dot(other, turned) for v, row, other in zip(start, rows, normal, strict=True)]
            shift = list(map(moved, x))
            rest = [
                r + (y - dot(move, x)) - dot(row, shift)
                for r, y, move, row in zip(rest0, side, moves, plain, strict=True)
            ]
        xs.append(x)
        rests.append(rest)
    return xs, rests


def _wide(a: Any, a0: Any, b: Any, x0: Matrix) -> tuple[Matrix, Matrix]:
    """The shortest solution, x = a^T y with a x = b: y = y0 + (a0 a0^T)**-1 (B - D x - a0 D^T y)."""
    inverse = numpy.linalg.pinv(a0)
    normal = (inverse.T @ inverse).tolist()
    moves, sides = all_moved(a), all_moved(b.T)
    across, plain, plain_across = list(zip(*moves, strict=True)), a0.tolist(), a0.T.tolist()
    xs = []
    for start, side in zip(x0, sides, strict=True):
        y0 = (inverse.T @ numpy.array(start)).tolist()
        x, y = list(start), y0
        for _ in range(corrections()):
            turned = [dot(move, y) for move in across]
            pushed = [z - dot(move, x) - dot(row, turned) for move, z, row in zip(moves, side, plain, strict=True)]
            y = [v + dot(row, pushed) for v, row in zip(y0, normal, strict=True)]
            shift = list(map(moved, y))
            x = [v + t + dot(row, shift) for v, t, row in zip(start, turned, plain_across, strict=True)]
        xs.append(x)
    return xs, []


def _recorded_tall(a: Any, sides: Matrix) -> Matrix:
    q, r = reflected(a.T.tolist())
    found = []
    for side in sides:
        right, x = [dot(column, side) for column in q], [0.0] * len(r)
        for i in reversed(range(len(r))):
            x[i] = (right[i] - dot(r[i][i + 1 :], x[i + 1 :])) / r[i][i]
        found.append(x)
    return found


def _recorded_wide(a: Any, sides: Matrix) -> Matrix:
    q, r = reflected(a.tolist())
    found = []
    for side in sides:
        y: Vector = []
        for i, right in enumerate(side):
            y.append((right - dot([r[k][i] for k in range(i)], y)) / r[i][i])
        found.append([dot(y, row) for row in zip(*q, strict=True)])
    return found


def _singular_values(a: Any, s0: Any) -> Vector:
    """Those that lstsq returns. Where they coincide, or of higher order, their derivatives are refused or nan."""
    if recording():
        return singular_values(a)
    u, s, v = numpy.linalg.svd(numbers(a), full_matrices=False)
    apart = len(s) * numpy.finfo(float).eps * (s[0] if len(s) else 0.0)
    flat, found = a.ravel().tolist(), []
    for i, x in enumerate(s0.tolist()):
        single = all(abs(x - y) > apart for k, y in enumerate(s.tolist()) if k != i)
        partials = numpy.outer(u[:, i], v[i]) if single else numpy.full(a.shape, math.nan)
        found.append(node(x, flat, partials.ravel().tolist()))
    return found


# ---- norm


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The norm of a vector or matrix, or of many along an axis or two, with the orders of numpy.linalg.norm.

    The derivative of the Euclidean norm of zeros is 0. Singular values, for the orders 2, -2 and "nuc", that coincide
    with the next one raise LinAlgError: they have no derivative there.
    """
    if not hold_vars(x):
        return numpy.linalg.norm(plain(x), ord, axis, keepdims)
    x = given("norm()", x)
    known = numpy.linalg.norm(numpy.ones(x.shape) if recording() else numbers(x), ord, axis, keepdims)  # its errors too
    if axis is None and (ord is None or x.ndim == 1 or (ord == 2 and x.ndim == 1)):
        x, axis = x.ravel(), 0
    axes = tuple(range(x.ndim)) if axis is None else tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    ordered = numpy.moveaxis(x, axes, range(-len(axes), 0))
    found = stacked(lambda one: (_vector_norm if len(axes) == 1 else _matrix_norm)(one, ord), len(axes), ordered)
    flat = found.ravel().tolist() if isinstance(found, numpy.ndarray) else [found]
    if not recording():
        flat = [pinned(v, y) for v, y in zip(flat, numpy.ravel(known).tolist(), strict=True)]
    return flat[0] if numpy.ndim(known) == 0 else filled(flat, numpy.shape(known))


def _vector_norm(x: Any, ord: Any) -> Any:
    items = x.tolist()
    if ord is None or ord == 2:
        return nary("hypot", items)
    sizes = list(map(abs, items))
    if ord in (math.inf, -math.inf):
        return nary("maximum" if ord > 0 else "minimum", sizes)
    if ord == 0:
        return nary("sum", [where(y != 0.0, 1.0, 0.0) for y in sizes])
    return nary("sum", sizes) if ord == 1 else nary("sum", [y**ord for y in sizes]) ** (1.0 / ord)


def _matrix_norm(x: Any, ord: Any) -> Any:
    if ord in (None, "fro", "f"):
        return nary("hypot", x.ravel().tolist())
    if ord == "nuc":
        return nary("sum", singular_values(x))
    if ord in (2, -2):
        values = singular_values(x)
        if not is_first_order() or recording():
            return values[0] if ord == 2 else values[-1]
        plain = [v if isinstance(v, float) else v.value for v in values]
        check_apart("norm()", "singular values", plain[:2] if ord == 2 else plain[-2:])
        return values[0] if ord == 2 else values[-1]
    lines = x.T.tolist() if abs(ord) == 1 else x.tolist()
    return nary("maximum" if ord > 0 else "minimum", [nary("sum", list(map(abs, line))) for line in lines])
