"""Sparse derivatives of large functions: what they cost grows with the entries, also where rows share long chains."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import vargrad
from vargrad import math as m
from vargrad._compile.paths import Output
from vargrad._ir import nonzeros
from vargrad._ir.expressions import Derivatives, ExpressionGraph
from vargrad._ops.codes import ADD, MUL


def rosenbrock(x: Any) -> Any:
    total = 0.0
    for i in range(len(x) - 1):
        total = total + 100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2
    return total


def recurrence(x: Any) -> Any:
    """A state that decays at a rate of its own: each step's row of the Hessian holds all rates after it."""
    state = 0.0
    for u in x[1:]:
        state = state * x[0] + m.sin(u) * u
    return state


def decays(x: Any) -> Any:
    """Each result goes through all steps before it, for the rate's sake alone."""
    state, found = 1.0, []
    for u in x[1:]:
        state = state * x[0]
        found.append(state + m.sin(u))
    return found


def coupled(x: Any) -> Any:
    """Two rates, and neighbours that meet."""
    state, before = 1.0, 0.0
    for u in x[2:]:
        state = state * x[0] + m.exp(x[1]) * u * before
        before = u
    return state


def point(n: int) -> Any:
    return np.linspace(0.4, 0.9, n) * (-1.0) ** np.arange(n)


def steps_of(f: Any, what: str) -> int:
    (specialization,) = f._specializations.values()
    return int(specialization.paths[0].steps[Output(what, (0,), True)])


CASES: list[tuple[Callable[..., Any], str]] = [(recurrence, "hessian"), (coupled, "hessian"), (decays, "jacobian")]
NAMES = [f.__name__ for f, _ in CASES]


def made(f: Callable[..., Any], what: str) -> Any:
    return vargrad.compile(f, signature="(n)->(k)" if what == "jacobian" else "(n)->()")


@pytest.mark.parametrize(("function", "what"), CASES, ids=NAMES)
def test_shared_chains_give_the_same_numbers(
    function: Callable[..., Any], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = point(12)
    monkeypatch.setattr(nonzeros, "HEAVY", 3)
    monkeypatch.setattr(nonzeros, "SHARED", 0)
    f = made(function, what)
    matrix, dense = getattr(f, what)(x, sparse=True), getattr(f, what)(x)
    np.testing.assert_allclose(matrix.toarray(), dense, rtol=1e-13)
    assert matrix.nnz == np.count_nonzero(dense)
    monkeypatch.setattr(nonzeros, "SHARED", 1000)
    again = getattr(made(function, what), what)(x, sparse=True)
    assert again.indices.tolist() == matrix.indices.tolist()
    np.testing.assert_allclose(again.data, matrix.data, rtol=1e-13)


@pytest.mark.parametrize(("function", "what"), CASES, ids=NAMES)
def test_programs_grow_with_the_steps(function: Callable[..., Any], what: str) -> None:
    steps = []
    for n in (250, 500):
        f = made(function, what)
        values = getattr(f, what)(point(n), sparse="values")
        assert len(values) < 6 * n
        steps.append(steps_of(f, what))
    assert steps[1] < 2.2 * steps[0]
    assert steps[1] < 60 * 500


def test_rosenbrock_of_many_unknowns() -> None:
    peaks = []
    for n in (400, 1600):
        f, x = vargrad.compile(rosenbrock, signature="(n)->()"), point(n)
        tracemalloc.start()
        matrix = f.hessian(x, sparse=True)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert matrix.nnz == 3 * n - 2
    assert peaks[1] < 5 * peaks[0]  # a dense matrix would be 16 times as large
    x = point(n)
    diagonal = np.append(1200 * x[:-1] ** 2 - 400 * x[1:] + 2, 0.0) + np.append(0.0, np.full(n - 1, 200.0))
    np.testing.assert_allclose(matrix.diagonal(), diagonal, rtol=1e-12)
    np.testing.assert_allclose(matrix.diagonal(1), -400 * x[:-1], rtol=1e-12)


def test_repetitions_are_lanes(compiled: Any) -> None:
    f = vargrad.compile(rosenbrock, signature="(n)->()")
    f.hessian(point(500), sparse="values")
    (specialization,) = f._specializations.values()
    output = Output("hessian", (0,), True)
    lanes, _ = specialization.paths[0].machine(output)[0].repeated
    assert lanes > 0.9 * specialization.paths[0].steps[output]


def test_reached_takes_what_is_under_the_root_alone() -> None:
    g = ExpressionGraph()
    xs = [g.input() for _ in range(100)]
    products = [g.make(MUL, a, b) for a, b in pairwise(xs)]
    by = Derivatives(g, xs)
    assert by.reached(products[40]) == [(xs[40], xs[41]), (xs[41], xs[40])]
    assert by.reached(xs[7]) == [(xs[7], g.constant(1.0))]
    assert by.reached(g.constant(3.0)) == []
    total = products[0]
    for product in products[1:]:
        total = g.make(ADD, total, product)
    size = len(g)
    assert dict(by.reached(total)) == dict(zip(xs, by.of(total), strict=True))
    assert len(g) - size < 3 * len(xs)
