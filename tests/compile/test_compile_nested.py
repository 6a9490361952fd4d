"""Derivatives inside recorded functions, and of compiled functions at Vars: what eager Var finds, in every row."""

from __future__ import annotations

import contextlib
import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import recorded
import vargrad
from recorded import MACHINES, close, eager, leaf
from vargrad import Var
from vargrad import math as m


@pytest.fixture(params=list(MACHINES))
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    recorded.use(monkeypatch, request.param)
    return str(request.param)


X = np.array([0.7, -0.4, 1.3, -1.6, 0.2, 3.0])
Y = np.array([-1.1, 0.6, 0.3, 2.2, -0.2, -0.7])
UNARY: dict[str, Any] = {f"unary{i}": (lambda a, b, f=f: f(a) * b) for i, f in enumerate(recorded.UNARY)}
BINARY: dict[str, Any] = {f"binary{i}": f for i, f in enumerate(recorded.BINARY)}
MORE: dict[str, Any] = {
    "abs": lambda a, b: abs(a) * abs(b),
    "clamp": lambda a, b: m.clamp(a, b, 1.0) + m.clamp(b, None, a),
    "copysign": lambda a, b: m.copysign(a, b) * a,
    "leaky_relu": lambda a, b: m.leaky_relu(a, 0.2) * m.relu(b),
    "where": lambda a, b: m.where(a > b, a * a * b, b - a),
    "nested where": lambda a, b: m.where((a > 0) & (b > 0), m.where(a > b, a**3, b**3), a * b),
    "detach": lambda a, b: a.detach() * a * b if isinstance(a, Var) else a * a * b,
    "remainder": lambda a, b: (a % b) * a + m.fmod(a, b),
    "atan2": lambda a, b: m.atan2(a, b),
    "power": lambda a, b: (a * a) ** b,
    "prod": lambda a, b: m.prod([a, b, a]) + m.dot([a, b], [b, b]) + m.mean([a, a, b]) + m.sum([a, b]),
}
STEPS = {**UNARY, **BINARY, **MORE}
NARY: dict[str, Any] = {
    "maximum": lambda a, b: m.maximum(a, b, 0.25) * a,
    "maximum of the same": lambda a, b: m.maximum(a, b, a, b * 1.0) ** 2,
    "minimum": lambda a, b: m.minimum(a * a, b) * b,
    "hypot": lambda a, b: m.hypot(a, b, a - b) * a,
    "hypot of a number": lambda a, b: m.hypot(0.0, a * b) * b,
    "hypot of infinity": lambda a, b: m.hypot(a, b + math.inf) if a > b else a * b,
    "logsumexp": lambda a, b: m.logsumexp([a, b, 0.5]) * a,
    "logsumexp of nothing": lambda a, b: m.logsumexp([a - math.inf, b - math.inf]) if a > b else a * b,
    "softmax": lambda a, b: m.dot(m.softmax([a, b, a * 0.5]), [1.0, a, b]),
    "of one another": lambda a, b: m.maximum(m.hypot(a, b), m.logsumexp([a, b]), m.minimum(a, b, 0.0)) ** 2,
}
ROWS = list(itertools.product([0.0, -0.0, 0.25, 0.5, -0.5, 1.0, -1.5, 30.0], repeat=2))


@pytest.mark.parametrize("name", list(STEPS))
def test_a_derivative_inside_a_recorded_function(name: str) -> None:
    """Right in rows of either sign, whose branches differ."""
    step = STEPS[name]
    inner = vargrad.grad(lambda a, b: step(a, b) + a * b, argnums=(0, 1))

    def f(a: Any, b: Any) -> Any:
        by_a, by_b = inner(a, b)
        return by_a * a + by_b

    value, gradient = vargrad.compile(f).value_and_grad(X, Y)
    for i, row in enumerate(zip(X.tolist(), Y.tolist(), strict=True)):
        assert close(value[i], f(*row)), (row, value[i], f(*row))
        assert close([g[i] for g in gradient], vargrad.grad(f, argnums=(0, 1))(*row)), row


@pytest.mark.parametrize("name", list(NARY))
def test_operands_that_tie(name: str, machine: str) -> None:
    """Recorded in one row, right in all: value, gradient and Hessian of a gradient, and of a second derivative."""
    step = NARY[name]
    columns = [np.array(column) for column in zip(*ROWS, strict=True)]

    def slope(a: Any, b: Any) -> Any:
        return m.dot(vargrad.grad(step, argnums=(0, 1))(a, b), [1.0, a])

    def bend(a: Any, b: Any) -> Any:
        return vargrad.hessian(lambda p: step(*p))([a, b])[0][1] * b

    for f in (slope, bend):
        compiled = vargrad.compile(f)
        found = [compiled(*columns), *compiled.grad(*columns), *np.concatenate(compiled.hessian(*columns))]
        for row, numbers in zip(ROWS, np.array(found).T, strict=True):
            assert close(numbers[:1], eager(f, row, lambda f: f)), row
            assert close(numbers[1:3], eager(f, row, vargrad.grad)), row
            assert close(numbers[3:], eager(f, row, vargrad.hessian)), row


@given(recorded.STEPS, st.lists(st.tuples(*[recorded.NUMBERS] * 3), min_size=1, max_size=4))
def test_a_derivative_of_random_functions(steps: recorded.Steps, rows: list[tuple[float, ...]]) -> None:
    g = recorded.function(steps)

    def f(x: Any, y: Any, z: Any) -> Any:
        return m.dot(vargrad.grad(lambda p: g(*p))([x, y, z]), [1.0, 0.5, 2.0])

    found = vargrad.compile(f)(*[np.array(column) for column in zip(*rows, strict=True)])
    for i, row in enumerate(rows):
        assert close(found[i], eager(f, row, lambda f: f))


@pytest.mark.parametrize(
    "step",
    [
        lambda a, b: m.logsumexp([a, b]),
        lambda a, b: vargrad.grad(lambda x: m.logsumexp([x, b]))(a),
        lambda a, b: m.maximum(a.detach(), b) * a,
    ],
    ids=["shares", "their derivatives", "detached"],
)
def test_which_operand_is_the_largest_is_no_guard(step: Any, machine: str) -> None:
    """Where each has a share, though a far one has none to speak of, or where nothing depends on it."""
    slope = vargrad.grad(step)
    f = vargrad.compile(lambda a, b: slope(a, b))
    rows = [(0.0, 0.0), (0.0, 60.0), (60.0, 0.0)]
    assert close(f(*map(np.array, zip(*rows, strict=True))), [slope(*row) for row in rows])
    assert f.paths == 1


def test_every_transform(machine: str) -> None:
    def cubic(p: Any) -> Any:
        return p[0] ** 2 * p[1] + p[1] ** 3

    def f(x: Any, y: Any) -> Any:
        value, slopes = vargrad.value_and_grad(cubic)([x, y])
        hessian = vargrad.hessian(cubic)([x, y])
        product = vargrad.hvp(cubic)([x, y], [1.0, x])
        rows = vargrad.jacobian(lambda p: [p[0] * p[1], p[1] ** 2])([x, y])
        return value * slopes[0] + hessian[0][1] * product[1] + rows[0][1] * rows[1][1]

    compiled = vargrad.compile(f)
    value, gradient = compiled.value_and_grad(X, Y)
    for i, row in enumerate(zip(X.tolist(), Y.tolist(), strict=True)):
        assert close(value[i], f(*row))
        assert close([g[i] for g in gradient], vargrad.grad(f, argnums=(0, 1))(*row))


def test_newton_inside_a_recorded_function(machine: str) -> None:
    """The derivative of a function that the user did not differentiate, in a loop as long as the data say."""

    def root(a: Any) -> Any:
        x = a * 0.0 + 1.5
        for _ in range(30):
            value, slope = vargrad.value_and_grad(lambda x: x**3 - a)(x)
            x = x - value / slope
            if abs(value) < 1e-12:
                break
        return x

    a = np.array([0.5, 2.0, 27.0])
    compiled = vargrad.compile(root)
    value, slope = compiled.value_and_grad(a)
    assert np.allclose(value, np.cbrt(a), rtol=1e-13)
    assert np.allclose(slope, np.cbrt(a) / a / 3, rtol=1e-9)
    assert compiled.paths > 1


def test_closures_constants_and_leaves(machine: str) -> None:
    w = leaf(3.0)
    f = vargrad.compile(lambda x: vargrad.grad(lambda z: z * z * x * w)(2.0) + vargrad.grad(lambda z: 7.0)(x))
    assert f(X).tolist() == [4.0 * x * 3.0 for x in X.tolist()]
    w.value = 1.0
    assert f.value_and_grad(5.0) == (20.0, 4.0)
    assert [v for path in next(iter(f._specializations.values())).paths for v in path.recording.leaves] == [w]
    f.backward(X)
    assert close(w.grad, 4.0 * X.sum())


def test_no_recorder_is_left() -> None:
    """After an error inside a derivative, a selection is one again."""

    def f(x: Any) -> Any:
        with contextlib.suppress(IndexError):
            vargrad.grad(lambda z: z * [][0])(x)
        return m.where(x > 0, x, -x)

    compiled = vargrad.compile(f)
    assert compiled(X).tolist() == np.abs(X).tolist()
    assert compiled.paths == 1


# ---- a compiled function's derivatives, of Vars


def branches(x: Any, y: Any) -> Any:
    return x * x * y if x > 0 else m.exp(x) * y**3


@pytest.mark.parametrize("row", list(zip(X.tolist(), Y.tolist(), strict=True)))
def test_derivatives_at_vars(row: tuple[float, float]) -> None:
    f = vargrad.compile(branches)
    x, y = map(leaf, row)
    value, (by_x, by_y) = f.value_and_grad(x, y)
    assert close([value.value, by_x.value, by_y.value], [f(*row), *f.grad(*row)])
    by_x.backward()
    hessian = f.hessian(*row)
    assert close([x.grad, y.grad], hessian[0])
    assert close(f.grad(x, y, argnums=1).value, f.grad(*row, argnums=1))
    assert close([v.value for v in f.grad(x, row[1])], f.grad(*row))
    assert close([v.value for v in f.grad(x, y=y)], f.grad(*row))
    assert close([[v.value for v in line] for line in f.hessian(x, y)], hessian)
    assert close([v.value for v in f.hvp(x, y, (1.0, 2.0))], f.hvp(*row, (1.0, 2.0)))
    assert close([v.value for v in f.jacobian(x, y)], f.jacobian(*row))
    assert close(vargrad.grad(lambda a: f.grad(a, row[1])[0])(row[0]), hessian[0][0])


def test_vectors_at_vars() -> None:
    f = vargrad.compile(lambda A, x: A @ x, signature="(m,n),(n)->(m)")
    as_list = vargrad.compile(lambda x: [x[0] * x[1], x[1] ** 2, 1.0 * x[2]], signature="(n)->(k)")
    A, x = np.arange(6.0).reshape(2, 3), np.array([1.0, 2.0, 3.0])
    at = np.array([Var(v) for v in x.tolist()], dtype=object)
    by_A, by_x = f.jacobian(A, at)
    assert (by_A.shape, by_x.shape) == ((2, 2, 3), (2, 3))
    assert [[v.value for v in row] for row in by_x] == A.tolist()
    found = as_list.jacobian(at)
    assert [[v.value for v in row] for row in found] == as_list.jacobian(x).tolist()
    g = vargrad.compile(lambda x: m.dot(x, x) * x[0], signature="(n)->()")
    assert [v.value for v in g.grad(at)] == g.grad(x).tolist()
    assert [[v.value for v in row] for row in g.hessian(at)] == g.hessian(x).tolist()
    assert [v.value for v in g.hvp(at, x)] == g.hvp(x, x).tolist()


def test_derivatives_of_a_compiled_function_inside_another(machine: str) -> None:
    inner = vargrad.compile(branches)
    outer = vargrad.compile(lambda x, y: inner.grad(x, y)[0] * x + inner.value_and_grad(x, 2.0, argnums=0)[1])

    def eager(x: Any, y: Any) -> Any:
        return vargrad.grad(branches)(x, y) * x + vargrad.grad(branches)(x, 2.0)

    value, gradient = outer.value_and_grad(X, Y)
    for i, row in enumerate(zip(X.tolist(), Y.tolist(), strict=True)):
        assert close(value[i], eager(*row))
        assert close([g[i] for g in gradient], vargrad.grad(eager, argnums=(0, 1))(*row))


def test_what_vars_are_refused_for() -> None:
    f = vargrad.compile(branches)
    for call in (f, f.grad, f.jacobian):
        with pytest.raises(TypeError, match="out= takes the results of numbers and arrays"):
            call(leaf(1.0), 2.0, out=np.empty(1))
    with pytest.raises(ValueError, match="names argument 2, but the call has 2 argument"):
        f.grad(leaf(1.0), 2.0, argnums=2)
    with pytest.raises(TypeError, match="needs a function that returns one number"):
        vargrad.compile(lambda x: (x, x)).grad(leaf(1.0))
    with pytest.raises(TypeError, match=r"backward\(\) takes numbers"):
        f.backward(leaf(1.0), 2.0)
