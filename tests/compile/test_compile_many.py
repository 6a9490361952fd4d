"""More than four inputs or results: each derivative meets few of the graph's nodes, and rows may skip operands."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import recorded
import sheet
import vargrad
from recorded import MACHINES, close, eager
from vargrad import math as m
from vargrad._core import var
from vargrad._ir.expressions import ExpressionGraph
from vargrad._ir.lower import lower
from vargrad._ops.codes import NAMES
from vargrad._ops.table import BY_NAME, Op

ROWS = [name for name in sheet.ALL_ROWS if not BY_NAME[name].parameters and name != "round"]  # its digits are no Var
SKIPPING: list[Callable[..., Any]] = [
    lambda a, b: m.copysign(a, b),
    lambda a, b: abs(a * b),
    lambda a, b: round(a, 1) * b,
    lambda a, b: a // 0.3 + b,
    lambda a, b: a - m.floor(a) * b,
]
BENDING = [lambda a, b, step=step: m.tanh(step(a, b)) * 1.5 for step in recorded.BINARY]
STEPS = [x for pair in zip(SKIPPING * 5, BENDING, strict=False) for x in pair]  # a bend gives each node an adjoint


@pytest.fixture(params=list(MACHINES))
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    recorded.use(monkeypatch, request.param)
    return str(request.param)


def of_row(row: Op) -> Callable[..., Any]:
    """The row of products of inputs, beside inputs that it never sees."""

    def f(*xs: Any) -> Any:
        operands = [xs[i] * xs[i + 2] for i in range(row.arity)]
        return var.module.apply(row.name, *operands) * xs[4] + xs[5] * xs[4]

    return f


def point_of(row: Op) -> list[float]:
    rng = random.Random(row.name)
    found = [rng.uniform(max(low, -2.0), min(high, 2.0)) for low, high in row.domain]
    return [*found, *[0.5] * (2 - len(found)), 1.0, 1.0, 0.7, 0.3]


def several(f: Callable[..., Any]) -> Callable[..., list[Any]]:
    """More than four results, some of them alike, one of them an input."""
    return lambda *xs: [f(*xs), f(*xs) * xs[4], xs[5] * 1.0, f(*xs[2:4], *xs[:2], *xs[4:]), abs(xs[0] * xs[1]), f(*xs)]


def check(f: Callable[..., Any], row: Sequence[float]) -> None:
    g, many = vargrad.compile(f), vargrad.compile(several(f))
    v = tuple((-1.0) ** i * (1.0 + i) for i in range(len(row)))
    hessian = eager(f, row, vargrad.hessian)
    assert close(g.grad(*row), eager(f, row, vargrad.grad))
    assert close(g.hessian(*row), hessian)
    assert close(g.hvp(*row, v), hessian.reshape(len(row), -1) @ v)
    assert close(many.jacobian(*row), eager(several(f), row, vargrad.jacobian))


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
    st.lists(st.tuples(recorded.INDEX, recorded.INDEX, recorded.INDEX), min_size=1, max_size=8),
    st.lists(st.floats(-2.0, 2.0).map(lambda x: round(x, 2) + 0.003), min_size=6, max_size=12),
    st.sampled_from(list(MACHINES)),
)
def test_random_programs_with_skipping_rows(steps: recorded.Steps, row: list[float], machine: str) -> None:
    def f(*xs: Any) -> Any:
        made = list(xs)
        for which, i, j in steps:
            step = STEPS[which % len(STEPS)]
            made.append(step(made[-1 - i % len(made)], made[-1 - j % len(made)]))
        return made[-1] * xs[0] + xs[1] * xs[2]

    with pytest.MonkeyPatch.context() as patch:
        recorded.use(patch, machine)
        check(f, row)


def test_a_missing_operand_is_never_lowered() -> None:
    g = ExpressionGraph()
    x = g.input()
    broken = g.make(NAMES.index("mul"), x, 0)
    with pytest.raises(AssertionError, match="lacks an operand"):
        lower(g, [x], [broken])
