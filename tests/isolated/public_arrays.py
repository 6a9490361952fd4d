"""The public entries once more: linear algebra and arrays of Vars. See public.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from public import entry, leaves, of

import vargrad
from vargrad import interpolate, linalg


def of_matrix(function: Callable[[Any], Any], *values: float) -> Callable[[], Any]:
    """The function of a matrix of two columns, and backward from the last number of what it returns."""

    def prepare() -> Any:
        variables = leaves(*values)
        rows = [[x, y] for x, y in zip(variables[::2], variables[1::2], strict=True)]

        def call() -> Any:
            result = function(rows)
            parts = result if isinstance(result, tuple) else (result,)
            last = parts[-1]
            (last if isinstance(last, vargrad.Var) else last.ravel()[-1]).backward()
            return parts

        return call, of(variables)

    return prepare


@entry("array")
def _() -> Any:
    (x,) = leaves(2.0)

    def call() -> Any:
        result = vargrad.array([x, 1.0, 0.5])
        np.sqrt(np.maximum(result, 0.0)).sum().backward()
        return result

    return call, of([x])


@entry("Array")
def _() -> Any:
    w = vargrad.array([[2.0, 1.0], [0.5, 3.0]], requires_grad=True)

    def call() -> Any:
        found = w.value, w.grad, np.isnan(w), np.clip(w, 0.0, 1.0)
        np.linalg.norm(np.where(w > 0.75, w @ w, 0.0)).backward()
        return found

    return call, of(w.ravel().tolist())


entry("linalg.solve")(of_matrix(lambda a: linalg.solve(a, [1.0, a[0][1]]), 2.0, 1.0, 0.5, 3.0))
entry("linalg.inv")(of_matrix(linalg.inv, 2.0, 1.0, 0.5, 3.0))
entry("linalg.det")(of_matrix(linalg.det, 2.0, 1.0, 0.5, 3.0))
entry("linalg.slogdet")(of_matrix(linalg.slogdet, 2.0, 1.0, 0.5, 3.0))
entry("linalg.cholesky")(of_matrix(linalg.cholesky, 2.0, 1.0, 0.5, 3.0))
entry("linalg.qr")(of_matrix(linalg.qr, 2.0, 1.0, 0.5, 3.0, 1.5, 0.25))
entry("linalg.eigh")(of_matrix(linalg.eigh, 2.0, 1.0, 0.5, 3.0))
entry("linalg.eigvalsh")(of_matrix(linalg.eigvalsh, 2.0, 1.0, 0.5, 3.0))
entry("linalg.norm")(of_matrix(linalg.norm, 2.0, 1.0, 0.5, 3.0))
entry("linalg.lstsq")(of_matrix(lambda a: linalg.lstsq(a, [1.0, 2.0, 0.5])[0], 2.0, 1.0, 0.5, 3.0, 1.5, 0.25))


@entry("linalg.solve, second derivative")
def _() -> Any:
    return lambda: vargrad.hessian(lambda x: linalg.solve([[x[0], 1.0], [1.0, x[1]]], [1.0, 2.0])[0])([2.0, 3.0])


@entry("linalg.solve, compiled")
def _() -> Any:
    return lambda: vargrad.compile(lambda x: linalg.solve([[x, 1.0], [1.0, 3.0]], [1.0, 2.0])[0]).grad([2.0, 0.5])


for _name in interpolate.__all__:

    @entry(f"interpolate.{_name}")
    def _(name: str = _name) -> Any:
        kind = getattr(interpolate, name)
        x, *y = variables = leaves(1.5, 0.5, 1.0, 0.75, 2.0)

        def call() -> Any:
            result = kind([0.0, 1.0, 2.0, 4.0], y)(x)
            result.backward()
            return result

        return call, of(variables)
