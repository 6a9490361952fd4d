"""Branches of compiled functions: each row takes its own, and all derivatives are eager Var's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import recorded
import vargrad
from recorded import MACHINES, close, eager
from vargrad import math as m
from vargrad._compile import call

MANY = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


@pytest.fixture(params=list(MACHINES))
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    recorded.use(monkeypatch, request.param)
    return str(request.param)


@MANY
@given(recorded.STEPS, st.lists(st.tuples(*[recorded.NUMBERS] * 3), min_size=1, max_size=6))
def test_random_functions_row_by_row(machine: str, steps: recorded.Steps, rows: list[tuple[float, ...]]) -> None:
    f = recorded.function(steps)
    compiled = vargrad.compile(lambda x, y, z: f(x, y, z))
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    value, gradient = compiled.value_and_grad(*columns)
    hessian = compiled.hessian(*columns)
    products = compiled.hvp(*columns, (columns[1], columns[2], columns[0]))
    for i, row in enumerate(rows):
        assert close(value[i], f(*row))
        assert close([g[i] for g in gradient], eager(f, row, vargrad.grad))
        expected = eager(f, row, vargrad.hessian).reshape(3, 3)
        assert close([[h[i] for h in line] for line in hessian], expected)
        assert close([h[i] for h in products], expected @ [row[1], row[2], row[0]])
        assert close(compiled(*row), value[i])


def test_paths_are_found_once_and_kept(machine: str) -> None:
    calls = []

    @vargrad.compile
    def f(x: Any, y: Any) -> Any:
        calls.append(1)
        if x > 0:
            return x * y if y > 0 else y
        return -x

    x, y = np.array([1.0, -1.0, 1.0, -2.0]), np.array([1.0, 1.0, -1.0, -1.0])
    for _ in range(3):
        assert f(x, y).tolist() == [1.0, 1.0, -1.0, 2.0]
        assert (f.paths, len(calls)) == (3, 3)
    assert f.grad(x, y)[0].tolist() == [1.0, -1.0, 0.0, -1.0]
    assert f(3.0, 4.0) == 12.0
    assert (f.paths, len(calls)) == (3, 3)


def test_loops_as_long_as_the_data_say(machine: str) -> None:
    def newton(a: Any) -> Any:
        x = a if a > 1.0 else a + 1.0
        while abs(x * x - a) > 1e-9:
            x = (x + a / x) / 2
        return x

    f = vargrad.compile(newton)
    a = np.linspace(0.1, 300.0, 200)
    value, slope = f.value_and_grad(a)
    assert [close(v, newton(float(x))) for v, x in zip(value, a, strict=True)].count(False) == 0
    assert np.allclose(slope, [vargrad.grad(newton)(float(x)) for x in a], rtol=1e-12)
    assert f.paths < 15


def test_where_and_its_like_make_no_path(machine: str) -> None:
    @vargrad.compile
    def f(x: Any, y: Any) -> Any:
        inside = (x > 0) & (y > 0) | (x < -5)
        return m.where(inside, m.log(abs(x) + 0.5), y) + m.maximum(x, y) + m.relu(x) + abs(y) + m.clamp(x, 0, 1)

    x, y = np.meshgrid(np.linspace(-6, 6, 7), np.linspace(-1, 1, 5))
    value = f(x, y)
    assert f.paths == 1
    assert np.allclose(value, np.vectorize(f.__wrapped__)(x, y), rtol=1e-13)


def test_nothing_reaches_the_branch_that_lost(machine: str) -> None:
    """sqrt of a clipped negative number, and a logarithm outside its domain: no inf * 0 anywhere."""
    root = vargrad.compile(lambda v: m.sqrt(m.maximum(v, 0.0)))
    assert root.grad(np.array([-1.0, 4.0])).tolist() == [0.0, 0.25]
    log = vargrad.compile(lambda v: m.where(v > 0.0, m.log(v), v))
    assert log.grad(np.array([0.0, -1.0, 4.0])).tolist() == [1.0, 1.0, 0.25]
    assert log.hessian(np.array([0.0, -1.0, 4.0])).tolist() == [0.0, 0.0, -0.0625]


def test_rounding_to_int_is_a_guard(machine: str) -> None:
    def f(x: Any) -> Any:
        total = x * 0.0
        for _ in range(m.floor(x)):
            total = total + x
        return total + round(x) * x + m.ceil(x) + m.trunc(-x)

    compiled = vargrad.compile(f)
    x = np.array([0.5, 1.5, 1.7, 2.5, 2.2, 3.0, 0.1])
    assert compiled(x).tolist() == [f(v) for v in x.tolist()]
    assert compiled.grad(x).tolist() == [vargrad.grad(f)(v) for v in x.tolist()]


def test_conditions_are_numbers_too(machine: str) -> None:
    f = vargrad.compile(lambda x: (x > 1) * x + 2.0 * (x < 0) + (x == 1.0) - (1 if not x else 0))
    x = np.array([-1.0, 0.0, 1.0, 2.0])
    assert f(x).tolist() == [2.0, -1.0, 1.0, 2.0]
    assert vargrad.compile(lambda x: x > 1)(x).tolist() == [0.0, 0.0, 0.0, 1.0]


def test_predicates_of_the_standard_module(machine: str) -> None:
    def f(x: Any) -> Any:
        kind = 1.0 * m.isnan(x) + 2.0 * m.isinf(x) + 4.0 * m.isfinite(x)
        return kind + (8.0 if m.isclose(x, 1.0, abs_tol=1e-3) else 0.0) + x * 0.0

    x = np.array([1.0, 1.0005, 3.0])
    assert vargrad.compile(f)(x).tolist() == [12.0, 12.0, 4.0]
    kinds = vargrad.compile(
        lambda x: m.where(m.isnan(x), 1.0, m.where(m.isinf(x), 2.0, 4.0)) + 0.0 * m.where(m.isnan(x), 0.0, 1.0)
    )
    assert kinds(np.array([np.nan, np.inf, -np.inf, 0.0])).tolist() == [1.0, 2.0, 2.0, 4.0]


def test_paths_may_return_plain_numbers(machine: str) -> None:
    f = vargrad.compile(lambda x: x if x > 0 else 0.0)
    assert f.value_and_grad(np.array([-1.0, 2.0]))[1].tolist() == [0.0, 1.0]


def test_the_first_row_alone_decides_nothing(machine: str) -> None:
    """The same result whichever row comes first."""

    def f(x: Any, y: Any) -> Any:
        return x * y if x < y else (y - x if x > 2 * y else x)

    x, y = np.meshgrid(np.linspace(-2, 2, 9), np.linspace(-2, 2, 9))
    x, y = x.ravel(), y.ravel()
    expected = np.vectorize(f)(x, y)
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(x))
        assert np.array_equal(vargrad.compile(f)(x[order], y[order]), expected[order])


def test_many_rows_are_done_in_pieces(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call, "ROWS_AT_ONCE", 7)
    x, y = np.linspace(-3, 3, 100), np.linspace(5, -5, 100)
    f = vargrad.compile(lambda x, y: x * m.floor(y) if x > 0 else y * y)
    expected = [f.__wrapped__(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    assert f(x, y).tolist() == expected
    assert f(x, 1.5).shape == (100,)
    pieces = f.hvp(x, y, (y, x))
    monkeypatch.undo()
    recorded.use(monkeypatch, machine)
    assert all(map(np.array_equal, pieces, f.hvp(x, y, (y, x))))


def test_backward_adds_each_row_once(machine: str) -> None:
    """Also the rows that leave the first path."""
    w = recorded.leaf(2.0)
    f = vargrad.compile(lambda x: w * x if x > 0 else w * w)
    x = np.array([1.0, -1.0, 3.0, -2.0, 0.5])
    assert f.backward(x) == sum(2.0 * v if v > 0 else 4.0 for v in x.tolist())
    assert w.grad == sum(v if v > 0 else 4.0 for v in x.tolist())


def test_points_find_their_path(machine: str) -> None:
    """Floats, one by one, over paths that are recorded as they come, with a leaf that changes."""
    w = recorded.leaf(1.0)

    def f(x: Any, y: Any) -> Any:
        if x > 1:
            return w * x
        while y < 3.0:
            y = y * 2.0 + w * w
        return x * y if m.floor(x) == 0 else x - y

    compiled = vargrad.compile(f)
    for x, y, value in np.random.default_rng(0).uniform((-1.5, 0.0, 0.5), (1.5, 4.0, 2.0), (200, 3)).tolist():
        w.value = value
        assert close(compiled(x, y), f(x, y).value if isinstance(f(x, y), vargrad.Var) else f(x, y))
        found, gradient = compiled.value_and_grad(x, y)
        assert close(found, compiled(x, y))
        assert close(gradient, [getattr(g, "value", g) for g in vargrad.grad(f, argnums=(0, 1))(x, y)])
    assert 4 <= compiled.paths <= 30
