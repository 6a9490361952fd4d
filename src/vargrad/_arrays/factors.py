"""cholesky and qr.

Both are written as their textbook algorithms of inner products, n**2 nodes, which are right to all orders of
derivatives. In eager code each number is then LAPACK's, so that nothing of the algorithm's own rounding is left.
"""

from __future__ import annotations

from typing import Any

import numpy
from numpy.linalg import LinAlgError

from vargrad._arrays.array import filled
from vargrad._arrays.operands import (
    Matrix,
    Vector,
    dot,
    given,
    hold_vars,
    numbers,
    pinned,
    plain,
    recording,
    square,
    stacked,
)
from vargrad._core.functions import where
from vargrad._core.var import function, nary

_QR = type(numpy.linalg.qr([[1.0]]))


def cholesky(a: Any, *, upper: bool = False) -> Any:
    """The lower triangular L with L L^T = a, of a matrix or a stack (..., n, n); L^T if ``upper``.

    Only the lower triangle of a is read, the upper one if ``upper``. LinAlgError if a is not positive definite.
    """
    if not hold_vars(a):
        return numpy.linalg.cholesky(plain(a), upper=upper)
    a = square("cholesky()", a)
    found = stacked(_cholesky, 2, a.swapaxes(-1, -2) if upper else a)
    return found.swapaxes(-1, -2) if upper else found


def _cholesky(a: Any) -> Any:
    known = None if recording() else numpy.linalg.cholesky(numbers(a)).tolist()
    rows: Matrix = a.tolist()
    lower: Matrix = []
    for i, row in enumerate(rows):
        made: Vector = []
        for j in range(i + 1):
            above: Vector = made if i == j else lower[j]
            rest = row[j] - dot(made, above[:j])
            if known is not None:
                rest = pinned(rest, known[i][j] * known[j][j])
            entry = function("sqrt", rest) if i == j else rest / above[j]
            made.append(entry if known is None else pinned(entry, known[i][j]))
        lower.append(made)
    return filled([x for row in lower for x in row + [0.0] * (len(rows) - len(row))], a.shape)


def qr(a: Any, mode: str = "reduced") -> Any:
    """(Q, R) with orthonormal columns of Q, R upper triangular and Q R = a, of a matrix or a stack (..., m, n).

    ``mode``: "reduced", "r" for R alone, or "complete", which has derivatives where m <= n. LinAlgError where one of
    the first min(m, n) columns depends on those before it: there are no derivatives there.
    """
    if not hold_vars(a):
        return numpy.linalg.qr(plain(a), mode)  # type: ignore[call-overload]
    a = given("qr()", a, 2)
    if mode not in ("reduced", "complete", "r"):
        raise ValueError(f"qr() of Vars: mode must be 'reduced', 'complete' or 'r', not {mode!r}")
    m, n = a.shape[-2:]
    if mode == "complete" and m > n:
        raise ValueError(
            f"qr() of Vars: the complete Q of a matrix of {m} rows and {n} columns is not unique and has no "
            "derivative; use mode='reduced'"
        )
    q, r = stacked(_recorded_qr if recording() else _qr, 2, a)
    return r if mode == "r" else _QR(q, r)


def _qr(a: Any) -> tuple[Any, Any]:
    """By Gram and Schmidt, whose numbers are replaced by LAPACK's as soon as they are found."""
    a0 = numbers(a)
    known_q, known_r = (x.tolist() for x in numpy.linalg.qr(a0))
    m, n = a.shape
    count, columns = min(m, n), a.T.tolist()
    q: Matrix = []  # columns
    r = [[0.0] * n for _ in range(count)]
    tiny = max(m, n) * numpy.finfo(float).eps * max((abs(x) for row in known_r for x in row), default=0.0)
    for j, column in enumerate(columns):
        for i, unit in enumerate(q):
            r[i][j] = pinned(dot(unit, column), known_r[i][j])
        if j >= count:
            continue
        if abs(known_r[j][j]) <= tiny:
            raise LinAlgError(f"qr(): column {j} depends on those before it, and Q and R have no derivatives there")
        above = [r[i][j] for i in range(j)]
        rest = [column[k] - dot(above, [unit[k] for unit in q]) for k in range(m)]
        rest = [pinned(x, known_q[k][j] * known_r[j][j]) for k, x in enumerate(rest)]
        size = nary("hypot", rest)
        r[j][j] = pinned(size if known_r[j][j] > 0.0 else -size, known_r[j][j])
        q.append([pinned(x / r[j][j], known_q[k][j]) for k, x in enumerate(rest)])
    return _columns(q, m), filled([x for row in r for x in row], (count, n))


def _recorded_qr(a: Any) -> tuple[Any, Any]:
    q, r = reflected(a.T.tolist())
    return _columns(q, a.shape[0]), filled([x for row in r for x in row], (len(r), a.shape[1]))


def _columns(columns: Matrix, height: int) -> Any:
    return filled([column[k] for k in range(height) for column in columns], (height, len(columns)))


def reflected(columns: Matrix) -> tuple[Matrix, Matrix]:
    """The columns of Q and the rows of R by Householder's reflections, with the signs of LAPACK."""
    columns = [list(column) for column in columns]
    m, n = len(columns[0]) if columns else 0, len(columns)
    count = min(m, n)
    q = [[float(i == j) for i in range(m)] for j in range(count)]
    reflections: list[tuple[int, Vector, Any]] = []
    signs: Vector = []
    for j in range(count):
        first, *tail = columns[j][j:]
        if not tail:
            signs.append(1.0)
            continue
        size = nary("hypot", [first, *tail])
        diagonal = -function("copysign", size, first)
        u, scale = [first - diagonal, *tail], 1.0 / (size * (size + abs(first)))
        reflections.append((j, u, scale))
        for column in columns[j + 1 :]:
            _reflect(column, j, u, scale)
        columns[j][j:] = [diagonal, *[0.0] * len(tail)]
        signs.append(where(nary("maximum", list(map(abs, tail))) == 0.0, -1.0, 1.0))  # LAPACK reflects nothing then
    for j, u, scale in reversed(reflections):
        for column in q:
            _reflect(column, j, u, scale)
    return (
        [[x * sign for x in column] for column, sign in zip(q, signs, strict=True)],
        [[column[i] * sign if i <= k else 0.0 for k, column in enumerate(columns)] for i, sign in enumerate(signs)],
    )


def _reflect(column: Vector, j: int, u: Vector, scale: Any) -> None:
    factor = dot(u, column[j:]) * scale
    column[j:] = [x - factor * y for x, y in zip(column[j:], u, strict=True)]
