"""Expressions, their rewriting and derivatives, and the programs they become."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest

import sheet
from twins import key
from vargrad._ir.expressions import Derivatives, ExpressionGraph
from vargrad._ir.lower import lower
from vargrad._ops import formula
from vargrad._ops.branchless import Formulas
from vargrad._ops.codes import ARITY, NAMES, OPCODES
from vargrad._ops.fold import fold
from vargrad._ops.table import BY_NAME
from vargrad._vm.machine_py import Machine

ROWS = [name for name in sheet.ALL_ROWS if name != "round"]
EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 1e-300, -1e300, 5e-324, math.inf, -math.inf, math.nan]


def point(g: ExpressionGraph, inputs: list[int], outputs: list[int], values: Any) -> tuple[float, ...]:
    """The outputs at one point, and a check that the two ways of the NumPy machine agree on it."""
    machine = Machine(lower(g, inputs, outputs))
    return machine.point(list(values))


def close(a: float, b: float, tolerance: float = 1e-13) -> bool:
    return key(a) == key(b) or a == b or abs(a - b) <= tolerance * abs(b)


@pytest.mark.parametrize("name", ROWS)
def test_value_and_partials_of_a_row(name: str) -> None:
    """A row alone, through the rewriting: at its own sample points, and at the edges."""
    row = BY_NAME[name]
    g = ExpressionGraph()
    xs = [g.input() for _ in range(row.arity)]
    y = g.apply(name, *xs)
    outputs = [y, *Derivatives(g, xs).of(y)]
    rng = random.Random(name)
    points = [*sheet.points(row, 40), *(tuple(rng.choice(EDGES) for _ in xs) for _ in range(40))]
    out = np.empty((len(outputs), len(points)))
    machine = Machine(lower(g, xs, outputs))
    machine.run([np.array(column) for column in zip(*points, strict=True)], [out])
    for i, values in enumerate(points):
        value = formula.value(name, formula.IEEE)(*values)
        partials = [f(*values, value) for f in formula.partials(name)]
        expected = [value, *(0.0 if partial is None else partial for partial in partials)]
        found = machine.point(values)
        assert all(map(close, found, expected)), (values, found, expected)
        assert all(close(a, b, 1e-12) for a, b in zip(out[:, i].tolist(), expected, strict=True)), (values, out[:, i])


REWRITES = {
    "x ** 2.0": ["square"],
    "x ** 1.0": [],
    "x ** 0.0": [],
    "x ** -1.0": ["truediv"],
    "x ** 3.0": ["square", "mul"],
    "x * 1.0": [],
    "x * x": ["square"],
    "-(-x)": [],
    "x - 0.0": [],
    "x + -0.0": [],
    "0.0 + x": ["add"],  # -0.0 would stay -0.0
    "0.0 + x * x": ["square"],
    "x * 0.0": ["mul"],  # inf and nan
    "x - x": ["sub"],
    "x / 4.0": ["mul"],
    "x / 3.0": ["truediv"],
    "1.0 / (1.0 + 2.718281828459045 ** -x)": ["sigmoid"],
    "1.0 / (exp(-x) + 1.0)": ["sigmoid"],
    "x - -y": ["add"],
    "-x + y": ["sub"],
    "-x * -y": ["mul"],
    "x * y + y * x": ["mul", "mul"],
    "2.0 * 3.0 + x": ["add"],
    "fabs(-x)": ["abs"],
    "(-x) ** 2.0": ["square"],
    "exp(x) if y > 0.0 else exp(-x)": ["neg", "lt", "select", "exp"],
}


@pytest.mark.parametrize("text", list(REWRITES))
def test_rewriting(text: str) -> None:
    """What a formula becomes, and that it keeps its value also at the edges."""
    g = ExpressionGraph()
    x, y = g.input(), g.input()
    node = Formulas(g.apply, g.constant).value(text, {"x": x, "y": y})
    program = lower(g, [x, y], [node])
    assert sorted(NAMES[op] for op in program.code[:, 0].tolist()) == sorted(REWRITES[text])
    plain = formula.compile_formula(text, ("x", "y"), (), formula.IEEE)
    for a in EDGES:
        for b in EDGES:
            (found,) = point(g, [x, y], [node], (a, b))
            if "sigmoid" in REWRITES[text]:
                assert close(found, plain(a, b), 1e-15), (a, b)
            else:
                assert close(found, plain(a, b), 4e-16), (a, b)
                assert found != 0.0 or math.copysign(1.0, found) == math.copysign(1.0, plain(a, b)), (a, b)


def test_equal_expressions_are_one() -> None:
    g = ExpressionGraph()
    x, y = g.input(), g.input()
    assert g.apply("mul", x, y) == g.apply("mul", y, x)
    assert g.apply("sub", x, y) != g.apply("sub", y, x)
    assert g.constant(0.0) != g.constant(-0.0)
    assert g.constant(math.nan) == g.constant(-math.nan)


def test_dead_code_is_gone() -> None:
    g = ExpressionGraph()
    x = g.input()
    g.apply("exp", x)
    program = lower(g, [x], [g.apply("sin", x)])
    assert program.code[:, 0].tolist() == [OPCODES["sin"]]


def test_registers_are_used_again() -> None:
    """A chain of a thousand operations needs one temporary; an output keeps its own to the end."""
    g = ExpressionGraph()
    x = node = g.input()
    kept = g.apply("sin", x)
    for i in range(1000):
        node = g.apply("add", g.apply("mul", node, x), g.constant(float(i % 7) + 0.5))
    program = lower(g, [x], [kept, node])
    assert program.n_registers <= 1 + len(program.constants) + 3
    (sine, value) = Machine(program).point([0.5])
    expected = 0.5
    for i in range(1000):
        expected = expected * 0.5 + (float(i % 7) + 0.5)
    assert (sine, value) == (math.sin(0.5), expected)


def test_an_operand_read_twice_frees_its_register_once() -> None:
    """Where both operands of the last reader are one temporary, two later values must not share its place."""
    for name in ("sub", "truediv", "pow", "lt", "arctan2"):
        g = ExpressionGraph()
        x = g.input()
        twice = g.apply(name, *[g.apply("exp", x)] * 2)
        made = [g.apply(other, x) for other in ("sin", "cos", "tanh", "arctan")]
        chosen = g.apply("select", *[g.apply("sinh", x)] * 2, g.apply("cosh", x))
        total = twice
        for node in (*made, chosen):
            total = g.apply("add", total, node)
        outputs = [twice, total]
        wide = lower(g, [x], [*outputs, *made])  # outputs keep their registers
        assert point(g, [x], outputs, [0.5]) == Machine(wide).point([0.5])[:2]


def test_a_branch_that_lost_receives_nothing() -> None:
    """log of a negative number and its infinite slope at 0 do not reach x where the selection is another."""
    g = ExpressionGraph()
    x = g.input()
    node = g.apply("select", g.apply("log", x), x, g.apply("lt", g.constant(0.0), x))
    first = Derivatives(g, [x])
    (slope,) = first.of(node)
    (curvature,) = first.of(slope)
    for value in (0.0, -1.0):
        assert point(g, [x], [slope, curvature], [value]) == (1.0, 0.0)
    assert point(g, [x], [slope, curvature], [2.0]) == (0.5, -0.25)


def test_deep_graphs_need_no_stack() -> None:
    g = ExpressionGraph()
    x = node = g.input()
    for _ in range(50_000):
        node = g.apply("sin", node)
    (slope,) = Derivatives(g, [x]).of(node)
    assert point(g, [x], [slope], [0.0]) == (1.0,)


def test_every_operation_folds() -> None:
    for op, name in enumerate(NAMES):
        if name != "round":
            assert isinstance(fold(op, 0.5, 0.25, 1.0), float), name
    assert len(NAMES) == len(ARITY) == len(OPCODES)


def test_listing_reads_like_code() -> None:
    g = ExpressionGraph()
    x, y = g.input(), g.input()
    program = lower(g, [x, y], [g.apply("add", g.apply("exp", x), g.apply("select", x, y, g.apply("lt", x, y)))])
    lines = str(program).splitlines()
    assert lines[0].endswith("= exp(x0)")
    assert lines[1].endswith("= x0 < x1")
    assert " if " in lines[2]
    assert lines[-1] == "return v4"
