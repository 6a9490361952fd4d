"""Functions of vargrad.linalg beside the same in mpmath, and derivatives of these by differences."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np

from vargrad import linalg

RANDOM = np.random.default_rng(5)
WEIGHTS = RANDOM.normal(size=(6, 6)).tolist()


def rows(v: Any, m: int, n: int) -> list[list[Any]]:
    return [[v[i * n + j] for j in range(n)] for i in range(m)]


def weighted(x: Any) -> Any:
    """One number of an array."""
    x = np.atleast_2d(np.asarray(x))
    return sum(WEIGHTS[i][j] * x[i, j] for i in range(x.shape[0]) for j in range(x.shape[1]))


def weighted_mp(x: Any) -> Any:
    return sum(mpmath.mpf(WEIGHTS[i][j]) * x[i, j] for i in range(x.rows) for j in range(x.cols))


def positive(v: Any, n: int) -> list[list[Any]]:
    """A positive definite matrix made of n*n numbers, added one by one: sum() rounds floats otherwise from 3.12 on."""
    m = rows(v, n, n)
    dots = [[functools.reduce(operator.add, (m[i][k] * m[j][k] for k in range(n))) for j in range(n)] for i in range(n)]
    return [[dot + float(i == j) for j, dot in enumerate(row)] for i, row in enumerate(dots)]


def lstsq_mp(a: Any, b: Any) -> Any:
    if a.rows >= a.cols:
        return mpmath.lu_solve(a.T * a, a.T * b)
    return a.T * mpmath.lu_solve(a * a.T, b)


def qr_mp(a: Any) -> Any:
    """Gram and Schmidt, with the signs of LAPACK."""
    q0, r0 = np.linalg.qr(np.array(a.tolist(), float))
    q, r = mpmath.matrix(*q0.shape), mpmath.matrix(*r0.shape)
    for j in range(a.cols):
        rest = a[:, j]
        for i in range(min(j, q.cols)):
            r[i, j] = (q[:, i].T * a[:, j])[0]
            rest = rest - q[:, i] * r[i, j]
        if j < q.cols:
            r[j, j] = mpmath.norm(rest) * (1 if r0[j, j] > 0 else -1)
            q[:, j] = rest / r[j, j]
    return q, r


def eigh_mp(v: Any, n: int) -> Any:
    a = mpmath.matrix(n, n)
    for i in range(n):
        for j in range(n):
            a[i, j] = v[max(i, j) * n + min(i, j)]
    values, vectors = mpmath.eigsy(a)
    return values.T, vectors.apply(lambda x: x**4)


def singular_mp(a: Any) -> Any:
    return mpmath.svd_r(a, compute_uv=False)


def both(a: Any, b: Any) -> Any:
    return weighted(a) + 2.0 * weighted(b)


def mp(v: Any, m: int, n: int) -> Any:
    return mpmath.matrix(rows(v, m, n))


def column(v: Any) -> Any:
    return mpmath.matrix([[x] for x in v])


# name: how many numbers, the function of Vars or floats, the same in mpmath
CASES: dict[str, tuple[int, Callable[[Any], Any], Callable[[Any], Any]]] = {
    "solve": (
        12,
        lambda v: weighted(linalg.solve(rows(v, 3, 3), list(v[9:]))),
        lambda v: weighted_mp(mpmath.lu_solve(mp(v, 3, 3), column(v[9:])).T),
    ),
    "solve of a number": (
        9,
        lambda v: weighted(linalg.solve(rows(v, 3, 3), [1.0, 2.0, -1.0])),
        lambda v: weighted_mp(mpmath.lu_solve(mp(v, 3, 3), column([1, 2, -1])).T),
    ),
    "solve for several": (
        8,
        lambda v: weighted(linalg.solve(rows(v, 2, 2), rows(v[4:], 2, 2))),
        lambda v: weighted_mp(mpmath.inverse(mp(v, 2, 2)) * mp(v[4:], 2, 2)),
    ),
    "solve by a side": (
        3,
        lambda v: weighted(linalg.solve([[2.0, 1.0, 0.0], [1.0, -3.0, 1.0], [0.5, 0.0, 1.0]], list(v))) ** 2,
        lambda v: weighted_mp(mpmath.lu_solve(mpmath.matrix([[2, 1, 0], [1, -3, 1], [0.5, 0, 1]]), column(v)).T) ** 2,
    ),
    "inv": (9, lambda v: weighted(linalg.inv(rows(v, 3, 3))), lambda v: weighted_mp(mpmath.inverse(mp(v, 3, 3)))),
    "det": (9, lambda v: linalg.det(rows(v, 3, 3)), lambda v: mpmath.det(mp(v, 3, 3))),
    "det of five": (25, lambda v: linalg.det(rows(v, 5, 5)), lambda v: mpmath.det(mp(v, 5, 5))),
    "slogdet": (
        16,
        lambda v: linalg.slogdet(rows(v, 4, 4)).logabsdet,
        lambda v: mpmath.log(abs(mpmath.det(mp(v, 4, 4)))),
    ),
    "cholesky": (
        9,
        lambda v: weighted(linalg.cholesky(positive(v, 3))),
        lambda v: weighted_mp(mpmath.cholesky(mpmath.matrix(positive(v, 3)))),
    ),
    "cholesky, upper": (
        9,
        lambda v: weighted(linalg.cholesky(positive(v, 3), upper=True)),
        lambda v: weighted_mp(mpmath.cholesky(mpmath.matrix(positive(v, 3))).T),
    ),
    "qr": (9, lambda v: both(*linalg.qr(rows(v, 3, 3))), lambda v: _both_mp(*qr_mp(mp(v, 3, 3)))),
    "qr, tall": (8, lambda v: both(*linalg.qr(rows(v, 4, 2))), lambda v: _both_mp(*qr_mp(mp(v, 4, 2)))),
    "qr, wide": (8, lambda v: both(*linalg.qr(rows(v, 2, 4))), lambda v: _both_mp(*qr_mp(mp(v, 2, 4)))),
    "eigh": (
        9,
        lambda v: (lambda found: both(found[0], found[1] ** 4))(linalg.eigh(rows(v, 3, 3))),
        lambda v: _both_mp(*eigh_mp(v, 3)),
    ),
    "eigvalsh": (16, lambda v: weighted(linalg.eigvalsh(rows(v, 4, 4))), lambda v: weighted_mp(eigh_mp(v, 4)[0])),
    "lstsq": (
        12,
        lambda v: weighted(linalg.lstsq(rows(v, 4, 2), list(v[8:]))[0]),
        lambda v: weighted_mp(lstsq_mp(mp(v, 4, 2), column(v[8:])).T),
    ),
    "lstsq, residuals": (
        12,
        lambda v: linalg.lstsq(rows(v, 4, 2), list(v[8:]))[1][0],
        lambda v: (lambda a, b: mpmath.norm(b - a * lstsq_mp(a, b)) ** 2)(mp(v, 4, 2), column(v[8:])),
    ),
    "lstsq, square": (
        6,
        lambda v: weighted(linalg.lstsq(rows(v, 2, 2), list(v[4:]))[0]),
        lambda v: weighted_mp(lstsq_mp(mp(v, 2, 2), column(v[4:])).T),
    ),
    "lstsq, wide": (
        10,
        lambda v: weighted(linalg.lstsq(rows(v, 2, 4), list(v[8:]))[0]),
        lambda v: weighted_mp(lstsq_mp(mp(v, 2, 4), column(v[8:])).T),
    ),
    "norm": (8, lambda v: linalg.norm(rows(v, 4, 2)), lambda v: mpmath.mnorm(mp(v, 4, 2), "f")),
    "norm of a vector": (5, lambda v: linalg.norm(list(v)), lambda v: mpmath.norm(column(v))),
    "norm 1": (6, lambda v: linalg.norm(rows(v, 3, 2), 1), lambda v: mpmath.mnorm(mp(v, 3, 2), 1)),
    "norm inf": (6, lambda v: linalg.norm(rows(v, 3, 2), np.inf), lambda v: mpmath.mnorm(mp(v, 3, 2), mpmath.inf)),
    "norm 2": (8, lambda v: linalg.norm(rows(v, 4, 2), 2), lambda v: max(singular_mp(mp(v, 4, 2)))),
    "norm -2": (8, lambda v: linalg.norm(rows(v, 2, 4), -2), lambda v: min(singular_mp(mp(v, 2, 4)))),
    "norm nuc": (8, lambda v: linalg.norm(rows(v, 2, 4), "nuc"), lambda v: sum(singular_mp(mp(v, 2, 4)))),
    "norm 3 of a vector": (5, lambda v: linalg.norm(list(v), 3), lambda v: mpmath.norm(column(v), 3)),
}


def _both_mp(a: Any, b: Any) -> Any:
    return weighted_mp(a) + 2 * weighted_mp(b)


def point_of(name: str) -> list[float]:
    values: list[float] = np.random.default_rng(len(name)).normal(size=CASES[name][0]).tolist()
    return values


def derivatives_mp(name: str, x: list[float]) -> tuple[Any, Any]:
    """Gradient and Hessian by central differences of 60 digits."""
    return _derivatives(name, tuple(x))


@functools.cache
def _derivatives(name: str, x: tuple[float, ...]) -> tuple[Any, Any]:
    f = CASES[name][2]
    with mpmath.workdps(60):
        h = mpmath.mpf(10) ** -15

        def at(*steps: tuple[int, Any]) -> Any:
            moved = list(map(mpmath.mpf, x))
            for i, step in steps:
                moved[i] += step
            return f(moved)

        n = len(x)
        gradient = [float((at((i, h)) - at((i, -h))) / (2 * h)) for i in range(n)]
        hessian = np.zeros((n, n))
        for i in range(n):
            for j in range(i + 1):
                mixed = at((i, h), (j, h)) - at((i, h), (j, -h)) - at((i, -h), (j, h)) + at((i, -h), (j, -h))
                hessian[i, j] = hessian[j, i] = float(mixed / (4 * h * h))
        return np.array(gradient), hessian
