"""More than four inputs or results: each derivative meets few of the graph's nodes, and rows may skip operands."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import recorded
import sheet
import vargrad
from recorded import MACHINES
from vargrad import _core
from vargrad import math as m
from vargrad._codes import NAMES
from vargrad._expr import Expressions
from vargrad._ops import BY_NAME, Op
from vargrad._program import lower

COUNT = 6
ROWS = [name for name in sheet.ALL_ROWS if name != "round"]  # its digits are no Var
SKIPPING: list[Callable[..., Any]] = [
    lambda a, b: m.copysign(a, b),
    lambda a, b: abs(a * b),
    lambda a, b: round(a, 1) * b,
    lambda a, b: a // 0.3 + b,
    lambda a, b: m.maximum(a, b),
    lambda a, b: m.where(a < b, a * b, a - b),
    lambda a, b: m.hypot(a, b),
    lambda a, b: a - vargrad.math.floor(a) * b,
]


@pytest.fixture(params=list(MACHINES))
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    recorded.use(monkeypatch, request.param)
    return str(request.param)


def of_row(row: Op) -> Callable[..., Any]:
    """The row of products of inputs, beside inputs that it never sees."""

    def f(*xs: Any) -> Any:
        operands = [xs[i] * xs[i + 2] for i in range(row.arity)]
        return _core.module.apply(row.name, *operands) * xs[4] + xs[5] * xs[4]

    return f


def point_of(row: Op) -> list[float]:
    rng = random.Random(row.name)
    found = [rng.uniform(max(low, -2.0), min(high, 2.0)) for low, high in row.domain]
    return [*found, *[0.5] * (2 - len(found)), 1.0, 1.0, 0.7, 0.3]


def several(f: Callable[..., Any]) -> Callable[..., list[Any]]:
    """More than four results, some of them alike, one of them an input."""
    return lambda *xs: [f(*xs), f(*xs) * xs[4], xs[5] * 1.0, f(*xs[2:4], *xs[:2], *xs[4:]), abs(xs[0] * xs[1]), f(*xs)]


def same(found: Any, expected: Any) -> bool:
    """Equal to 1e-11 of the largest number there, nan where nan is."""
    found, expected = np.asarray(found, float).ravel(), np.asarray(expected, float).ravel()
    scale = max(1.0, *np.abs(expected[np.isfinite(expected)]).tolist(), 1.0)
    return bool(np.allclose(found, expected, rtol=1e-11, atol=1e-11 * scale, equal_nan=True))


def check(f: Callable[..., Any], row: list[float]) -> None:
    g, many = vargrad.compile(f), vargrad.compile(several(f))
    v = [(-1.0) ** i * (1.0 + i) for i in range(COUNT)]
    assert same(g.grad(*row), recorded.eager(f, row, vargrad.grad))
    assert same(g.hessian(*row), recorded.eager(f, row, vargrad.hessian))
    assert same(many.jacobian(*row), recorded.eager(several(f), row, vargrad.jacobian))
    expected = np.reshape(recorded.eager(f, row, vargrad.hessian), (COUNT, COUNT)) @ v
    assert same(g.hvp(*row, tuple(v)), expected)


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("name", ROWS)
def test_every_row_among_six_inputs(name: str) -> None:
    row = BY_NAME[name]
    check(of_row(row), point_of(row))


@pytest.mark.usefixtures("machine")
def test_abs_of_a_product() -> None:
    """Node 0 was lowered to register 0, the first argument."""
    found = vargrad.compile(lambda a, b, c, d, e: abs(a * b)).hessian(10.0, 2.0, 3.0, 4.0, 5.0)
    expected = np.zeros((5, 5))
    expected[0, 1] = expected[1, 0] = 1.0
    assert np.array_equal(found, expected)


@given(
    st.lists(st.tuples(st.integers(0, 99), recorded.INDEX, recorded.INDEX), min_size=1, max_size=8),
    st.tuples(*[st.floats(-2.0, 2.0).map(lambda x: round(x, 2) + 0.003)] * COUNT),
)
def test_random_programs_with_skipping_rows(steps: list[tuple[int, int, int]], row: tuple[float, ...]) -> None:
    def f(*xs: Any) -> Any:
        made = list(xs)
        for which, i, j in steps:
            step = SKIPPING[which % len(SKIPPING)]
            made.append(m.tanh(step(made[-1 - i % len(made)], made[-1 - j % len(made)])) * 1.5)
        return made[-1] * xs[0] + xs[1] * xs[2]

    check(f, list(row))


def test_a_missing_operand_is_never_lowered() -> None:
    g = Expressions()
    x = g.input()
    broken = g.make(NAMES.index("mul"), x, 0)
    with pytest.raises(AssertionError, match="lacks an operand"):
        lower(g, [x], [broken])
