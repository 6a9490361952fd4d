"""eigh, eigvalsh, and singular values.

The numbers are LAPACK's, or while compile() records those of Jacobi's rotations. Derivatives come from
A v = lambda v and v v = 1 by the implicit function theorem: where A moves by D, which is 0 in its values, v is
v0 + sum of w[j] v0[j] over all eigenvectors. Projected on each of these, the equation gives how far lambda moves, and
w[j] = v0[j] (shift v - D v) / (lambda0[j] - lambda0). The v of the step before is on the right: each step makes one
more order right.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy
from numpy.linalg import LinAlgError

from vargrad._arrays.array import filled
from vargrad._arrays.operands import (
    Matrix,
    Vector,
    all_moved,
    corrections,
    dot,
    hold_vars,
    is_first_order,
    node,
    numbers,
    pinned,
    plain,
    recording,
    square,
    stacked,
)
from vargrad._core.functions import where
from vargrad._core.var import function, nary

_EIGH = type(numpy.linalg.eigh([[1.0]]))


def eigh(a: Any, UPLO: str = "L") -> Any:
    """Eigenvalues, ascending, and eigenvectors, the columns, of a symmetric matrix or a stack (..., n, n).

    ``UPLO``: which triangle is read, "L" or "U"; derivatives are by the elements of that triangle. LinAlgError where
    eigenvalues of a matrix with Vars coincide: they have no derivatives there.

    >>> from vargrad import grad, linalg
    >>> grad(lambda a: linalg.eigh(a).eigenvalues[0])([[2.0, 0.0], [0.0, 3.0]])
    [[1.0, 0.0], [0.0, 0.0]]
    """
    if not hold_vars(a):
        return numpy.linalg.eigh(plain(a), UPLO)  # type: ignore[call-overload]
    return _EIGH(*stacked(lambda one: _eigh(one, "eigh()"), 2, _symmetric("eigh()", a, UPLO)))


def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """The eigenvalues of eigh() alone."""
    if not hold_vars(a):
        return numpy.linalg.eigvalsh(plain(a), UPLO)  # type: ignore[call-overload]
    return stacked(lambda one: _eigh(one, "eigvalsh()", False)[0], 2, _symmetric("eigvalsh()", a, UPLO))


def _symmetric(what: str, a: Any, triangle: str) -> Any:
    """The matrix that one of its triangles stands for."""
    if triangle.upper() not in ("L", "U"):
        raise ValueError(f"{what}: UPLO must be 'L' or 'U', not {triangle!r}")
    a = square(what, a)
    lower = a if triangle.upper() == "L" else a.swapaxes(-1, -2)
    below = numpy.tri(a.shape[-1], dtype=bool)
    return numpy.where(below, lower, lower.swapaxes(-1, -2))


def _eigh(a: Any, what: str, vectors: bool = True) -> tuple[Any, Any]:
    n = a.shape[0]
    if recording():
        values0, columns0 = _rotated(numbers(a).tolist())
    else:
        found = numpy.linalg.eigh(numbers(a))
        values0, columns0 = found[0].tolist(), found[1].T.tolist()
        if not vectors:  # LAPACK has another way for these
            values0 = numpy.linalg.eigvalsh(numbers(a)).tolist()
        check_apart(what, "eigenvalues", values0)
    values, columns = corrected(a, values0, columns0, vectors)
    return filled(values, (n,)), filled([column[k] for k in range(n) for column in columns], (n, n))


def check_apart(what: str, noun: str, values: Sequence[float]) -> None:
    """LinAlgError if two of them coincide; they are in order."""
    tolerance = len(values) * numpy.finfo(float).eps * max(map(abs, values), default=0.0)
    for i in range(1, len(values)):
        if abs(values[i] - values[i - 1]) <= tolerance:
            raise LinAlgError(
                f"{what}: {noun} {i - 1} and {i} coincide ({values[i - 1]!r} and {values[i]!r}), and have no "
                "derivatives there, nor have their vectors. Take the numbers without them: x.value, or detach()"
            )


def corrected(a: Any, values0: Vector, columns0: Matrix, vectors: bool) -> tuple[Vector, Matrix]:
    """Eigenvalues and eigenvectors with their derivatives; without ``vectors`` those of the values alone are right."""
    n, moves = len(values0), all_moved(a)
    rows0 = list(zip(*columns0, strict=True))
    values, columns = [], []
    for i, (value0, v0) in enumerate(zip(values0, columns0, strict=True)):
        v: Vector = list(v0)
        weights: Vector = [0.0] * n
        shift: Any = 0.0
        for left in reversed(range(corrections())):
            pushed = [dot(row, v) for row in moves]
            shift = dot(v0, pushed) - shift * weights[i]
            if not left and not vectors:
                break
            rest = [shift * x - y for x, y in zip(v, pushed, strict=True)]
            own = weights[i]
            weights = [0.0 if j == i else dot(columns0[j], rest) / (values0[j] - value0) for j in range(n)]
            weights[i] = -0.5 * dot([*weights, own], [*weights, own])
            v = [x + dot(row, weights) for x, row in zip(v0, rows0, strict=True)]
        values.append(value0 + shift)
        columns.append(v)
    return values, columns


def _rotated(rows: Matrix) -> tuple[Vector, Matrix]:
    """Eigenvalues, ascending, and eigenvectors by a fixed number of Jacobi's sweeps; branches are selections."""
    n = len(rows)
    a = [list(row) for row in rows]
    columns: Matrix = [[float(i == j) for i in range(n)] for j in range(n)]
    for _ in range(1 if n == 2 else 6 + n // 4 if n > 2 else 0):
        for p in range(n):
            for q in range(p + 1, n):
                _rotate(a, columns, p, q)
    values: Vector = [a[i][i] for i in range(n)]
    for last in reversed(range(1, n)):
        for i in range(last):
            swap = values[i] > values[i + 1]
            pairs = [(values[i], values[i + 1]), *zip(columns[i], columns[i + 1], strict=True)]
            lower: Vector = [where(swap, y, x) for x, y in pairs]
            upper: Vector = [where(swap, x, y) for x, y in pairs]
            (values[i], *columns[i]), (values[i + 1], *columns[i + 1]) = lower, upper
    return values, columns


def _rotate(a: Matrix, columns: Matrix, p: int, q: int) -> None:
    """Make a[p][q] zero."""
    gap, twice = a[q][q] - a[p][p], 2.0 * a[p][q]
    size = abs(gap) + nary("hypot", [gap, twice])
    is_done = size == 0.0
    t = where(is_done, 0.0, function("copysign", 1.0, gap) * twice / where(is_done, 1.0, size))
    c = 1.0 / function("sqrt", t * t + 1.0)
    s = t * c
    for line in a:
        line[p], line[q] = c * line[p] - s * line[q], s * line[p] + c * line[q]
    a[p], a[q] = _turned(a[p], a[q], c, s)
    columns[p], columns[q] = _turned(columns[p], columns[q], c, s)


def _turned(x: Vector, y: Vector, c: Any, s: Any) -> tuple[Vector, Vector]:
    pairs = list(zip(x, y, strict=True))
    return [c * u - s * v for u, v in pairs], [s * u + c * v for u, v in pairs]


def singular_values(a: Any) -> Vector:
    """The singular values, descending, of a matrix with Vars; eigenvalues of a^T a give all but first derivatives."""
    small = a if a.shape[0] >= a.shape[1] else a.T
    known: Vector | None = None
    if not recording():
        u, s, v = numpy.linalg.svd(numbers(a), full_matrices=False)
        known = s.tolist()
        if is_first_order():
            flat = a.ravel().tolist()
            return [node(x, flat, numpy.outer(u[:, i], v[i]).ravel().tolist()) for i, x in enumerate(known)]
    columns = small.T.tolist()
    n = len(columns)
    products = filled([dot(x, y) for x in columns for y in columns], (n, n))
    values = _eigh(products, "singular values", False)[0].tolist()[::-1]
    found = [function("sqrt", x) for x in values]
    return found if known is None else [pinned(x, y) for x, y in zip(found, known, strict=True)]
