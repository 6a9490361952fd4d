"""Linear systems and determinants by scalar operations, for recordings and for derivatives of higher orders.

While compile() records no number is known: each row of a batch has its own pivots. They are chosen by selections, so
that all rows take one path.
"""

from __future__ import annotations

import math
from typing import Any

from numpy.linalg import LinAlgError

from vargrad._arrays.operands import Matrix, Vector, dot, fixed, recording
from vargrad._core.functions import where
from vargrad._core.modes import thread
from vargrad._core.var import VARS, nary

_BY_MINORS = 3  # up to this size the determinant is a polynomial, right where the matrix is singular too


def solved(rows: Matrix, sides: Matrix) -> Matrix:
    """The columns x of rows x = sides, by elimination with the largest pivot of each column.

    LinAlgError if the matrix is singular by its constants; else, as everywhere while compile() records, inf or nan.
    """
    n = len(rows)
    whole, _ = eliminated([[*row, *side] for row, side in zip(rows, sides, strict=True)], n)
    width = len(whole[0]) if whole else 0
    found: Matrix = [[] for _ in range(n)]
    for i in reversed(range(n)):
        row = whole[i]
        found[i] = [
            (row[c] - dot(row[i + 1 : n], [found[k][c - n] for k in range(i + 1, n)])) / row[i] for c in range(n, width)
        ]
    return found


def eliminated(rows: Matrix, n: int) -> tuple[Matrix, Any]:
    """The rows in upper triangular form in their first n columns, and 1 or -1, as the swaps of rows make it."""
    rows = [list(row) for row in rows]
    sign: Any = 1.0
    for k in range(n):
        for i in range(k + 1, n):
            larger = _larger(rows[i][k], rows[k][k])
            if larger is None:
                continue
            if isinstance(larger, bool):
                if larger:
                    rows[k], rows[i], sign = rows[i], rows[k], -sign
                continue
            pairs = [
                (_either(larger, b, a), _either(larger, a, b)) for a, b in zip(rows[k][k:], rows[i][k:], strict=True)
            ]
            rows[k][k:], rows[i][k:] = [a for a, _ in pairs], [b for _, b in pairs]
            sign = where(larger, -sign, sign)
        pivot = rows[k][k]
        if _is_zero(pivot) or (not recording() and fixed(pivot) == 0.0):
            _singular(0.0)
        if recording() and thread.recorder.hears_operations and thread.recorder.tries is not None:
            thread.recorder.tries.check(thread.recorder, _singular, [pivot == 0.0], [pivot])
        for i in range(k + 1, n):
            if not _is_zero(rows[i][k]):
                factor = rows[i][k] / pivot
                rows[i][k + 1 :] = [
                    a if _is_zero(b) else a - factor * b
                    for a, b in zip(rows[i][k + 1 :], rows[k][k + 1 :], strict=True)
                ]
                rows[i][k] = 0.0
    return rows, sign


def _singular(pivot: float) -> None:
    """What elimination raises for a pivot of 0; of recorded rows inside a try those go to its handler."""
    if pivot == 0.0:
        raise LinAlgError("Singular matrix")


def _larger(x: Any, pivot: Any) -> Any:
    """Whether x is the better pivot; None if it is constantly 0."""
    if _is_zero(x):
        return None
    return abs(x) > abs(pivot) if recording() else abs(fixed(x)) > abs(fixed(pivot))


def _is_zero(x: Any) -> bool:
    return type(x) is float and x == 0.0


def _either(condition: Any, a: Any, b: Any) -> Any:
    return a if type(a) is float and type(b) is float and a == b != 0.0 else where(condition, a, b)


def determinant(rows: Matrix) -> Any:
    """The determinant, right to all orders of derivatives where the matrix is singular too."""
    n = len(rows)
    if n <= _BY_MINORS:
        return _by_minors(rows)
    try:
        triangle, sign = eliminated(rows, n)
    except LinAlgError:
        return _without_divisions(rows)
    pivots = [triangle[i][i] for i in range(n)]
    if recording() and not nary("minimum", [abs(x) for x in pivots]) > 0.0:  # a guard; nan has this path too
        return _without_divisions(rows)
    return nary("prod", [sign, *pivots])


def log_determinant(rows: Matrix) -> tuple[Any, Any]:
    """The sign of the determinant, and the logarithm of its absolute value."""
    n = len(rows)
    triangle, sign = eliminated(rows, n)
    pivots: Vector = [triangle[i][i] for i in range(n)]
    for x in pivots:
        sign = sign * where(x > 0.0, 1.0, where(x < 0.0, -1.0, x * 0.0))
    return sign, nary("sum", [_log(abs(x)) for x in pivots])


def _log(x: Any) -> Any:
    if isinstance(x, VARS):
        return x.log()
    return math.log(x) if x > 0.0 else -math.inf


def _by_minors(rows: Matrix) -> Any:
    if len(rows) == 0:
        return 1.0
    if len(rows) == 1:
        return rows[0][0]
    (a, b, *more), (c, d, *others) = rows[0], rows[1]
    if len(rows) == 2:
        return a * d - b * c
    (e, f, g), (u,), (v,) = rows[2], more, others
    return a * (d * g - v * f) - b * (c * g - v * e) + u * (c * f - d * e)


def _without_divisions(rows: Matrix) -> Any:
    """By Bird's method (2011, A simple division-free algorithm for computing determinants): n**4 operations."""
    n = len(rows)
    power = rows
    for _ in range(n - 1):
        below: Any = 0.0
        diagonal: Vector = [0.0] * n
        for i in reversed(range(n - 1)):
            below = below + power[i + 1][i + 1]
            diagonal[i] = -below
        upper = [[0.0] * i + [diagonal[i], *power[i][i + 1 :]] for i in range(n)]
        power = [[dot(upper[i], [rows[k][j] for k in range(n)]) for j in range(n)] for i in range(n)]
    return power[0][0] if n % 2 else -power[0][0]
