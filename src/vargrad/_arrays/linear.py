"""solve, inv, det and slogdet.

Eager code takes the numbers from LAPACK. The derivatives come from A x = b by the implicit function theorem: where A
moves by D and b by B, x = A0**-1 (b0 + B - D x), with the x of the step before on the right. D and B are 0 in their
values, so x keeps its own, and each step makes one more order of the derivatives right. While compile() records it is
elimination by scalars.
"""

from __future__ import annotations

import math
from typing import Any

import numpy
from numpy.linalg import LinAlgError

from vargrad._arrays import elimination
from vargrad._arrays.array import filled
from vargrad._arrays.operands import (
    Matrix,
    all_moved,
    corrections,
    dot,
    given,
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


def solve(a: Any, b: Any) -> Any:
    """The x of a x = b, for lists and arrays that hold Vars and floats, as numpy.linalg.solve.

    ``a``: (..., n, n). ``b``: (n,), or (..., n, k) for k right-hand sides. The result has the shape of b. LinAlgError
    if a is singular or not square.

    >>> from vargrad import Var, linalg
    >>> a = Var(2.0, requires_grad=True)
    >>> x = linalg.solve([[a, 1.0], [1.0, 3.0]], [5.0, 10.0])
    >>> x.tolist()
    [Var(1.0), Var(3.0)]
    >>> x[0].backward()
    >>> round(a.grad, 12)  # -3 / 5, by (-a**-1 da a**-1) b
    -0.6
    """
    if not hold_vars(a, b):
        return numpy.linalg.solve(plain(a), plain(b))
    a, b = square("solve()", a), given("solve()", b, 1)
    n, is_vector = a.shape[-1], b.ndim == 1
    if b.shape[-1 if is_vector else -2] != n:
        raise ValueError(f"solve(): {n} equations in a of shape {a.shape}, and a right-hand side of shape {b.shape}")
    if is_vector:
        return stacked(lambda one: _solved(one, b[:, None])[..., 0], 2, a)
    return stacked(_solved, 2, a, b)


def inv(a: Any) -> Any:
    """The inverse of a matrix, or of each of a stack (..., n, n). LinAlgError if it is singular or not square.

    Where the inverse is only multiplied with something, solve() is faster and more accurate.
    """
    if not hold_vars(a):
        return numpy.linalg.inv(plain(a))
    return stacked(lambda one: _solved(one, numpy.eye(one.shape[0])), 2, square("inv()", a))


def det(a: Any) -> Any:
    """The determinant of a matrix, or of each of a stack (..., n, n). Its derivatives are right at singular ones too.

    >>> from vargrad import grad, linalg
    >>> grad(linalg.det)([[1.0, 2.0], [2.0, 4.0]])
    [[4.0, -2.0], [-2.0, 1.0]]
    """
    if not hold_vars(a):
        return numpy.linalg.det(plain(a))
    return stacked(_determinant, 2, square("det()", a))


def slogdet(a: Any) -> Any:
    """(sign, logabsdet) of a matrix, or of each of a stack (..., n, n): the log-likelihoods' way to a determinant.

    The sign is a float in eager code. LinAlgError at a singular matrix with Vars: the logarithm, -inf, has no
    derivative.
    """
    if not hold_vars(a):
        return numpy.linalg.slogdet(plain(a))
    return _SLOGDET(*stacked(_log_determinant, 2, square("slogdet()", a)))


_SLOGDET = type(numpy.linalg.slogdet([[1.0]]))


def _solved(a: Any, b: Any) -> Any:
    """x of one system with several right-hand sides, the columns of b."""
    if recording():
        return _array(elimination.solved(a.tolist(), b.tolist()), b.shape)
    a0, b0 = numbers(a), numbers(b)
    x0 = numpy.linalg.solve(a0, b0)
    return corrected(a, b, x0, x0 if b.dtype != object and _is_identity(b) else numpy.linalg.inv(a0))


def _is_identity(b: Any) -> bool:
    return b.shape[0] == b.shape[1] and bool((b == numpy.eye(len(b))).all())


def corrected(a: Any, b: Any, x0: Any, inverse: Any) -> Any:
    """x0, the solution of a x = b, with its derivatives; ``inverse``: that of a, without derivatives."""
    count, rows = b.shape[1], inverse.tolist()
    if is_first_order():
        return _array(_first_order(a.tolist(), b.tolist(), x0.tolist(), rows), b.shape)
    moves, sides, start = all_moved(a), all_moved(b), x0.tolist()
    x = start
    for _ in range(corrections() if a.dtype == object else 1):
        columns = list(zip(*x, strict=True))
        rest = [
            [side - dot(move, column) for move, side in zip(moves, of_b, strict=True)]
            for column, of_b in zip(columns, zip(*sides, strict=True), strict=True)
        ]
        x = [[start[i][c] + dot(row, rest[c]) for c in range(count)] for i, row in enumerate(rows)]
    return _array(x, b.shape)


def _first_order(a: Matrix, b: Matrix, x0: Matrix, inverse: Matrix) -> Matrix:
    """Two layers of nodes: b - a x with the x that was found, and the inverse times that."""
    found: list[list[Any]] = [[] for _ in a]
    for c in range(len(b[0]) if b else 0):
        partials = [1.0, *(-row[c] for row in x0)]
        rest = [node(0.0, [of_b[c], *of_a], partials) for of_a, of_b in zip(a, b, strict=True)]
        for x, start, row in zip(found, x0, inverse, strict=True):
            x.append(node(start[c], rest, row))
    return found


def _determinant(a: Any) -> Any:
    if recording():
        return elimination.determinant(a.tolist())
    a0 = numbers(a)
    number = float(numpy.linalg.det(a0))
    if is_first_order():
        return node(number, a.ravel().tolist(), cofactors(a0).ravel().tolist())
    return pinned(elimination.determinant(a.tolist()), number)


def cofactors(a: Any) -> Any:
    """The derivative of the determinant by each element, of a singular matrix too: by singular values."""
    if not numpy.isfinite(a).all():
        return numpy.full(a.shape, math.nan)
    u, s, v = numpy.linalg.svd(a)
    others = [math.prod([*s[:i], *s[i + 1 :]]) for i in range(len(s))]
    return numpy.sign(numpy.linalg.det(u) * numpy.linalg.det(v)) * (u * others) @ v


def _log_determinant(a: Any) -> tuple[Any, Any]:
    if recording():
        return elimination.log_determinant(a.tolist())
    a0 = numbers(a)
    sign, number = map(float, numpy.linalg.slogdet(a0))
    if sign == 0.0:
        raise LinAlgError(
            "slogdet(): the matrix is singular, and the logarithm of its determinant, -inf, has no derivative: use "
            "det(), or take its values first"
        )
    if is_first_order():
        return sign, node(number, a.ravel().tolist(), numpy.linalg.inv(a0).T.ravel().tolist())
    return sign, pinned(elimination.log_determinant(a.tolist())[1], number)


def _array(rows: Matrix, shape: tuple[int, ...]) -> Any:
    return filled([x for row in rows for x in row], shape)
