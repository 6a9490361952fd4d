"""Rows of any number of operands as expressions: a row that is repeated is the row that is built anew."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from twins import keys
from vargrad._ir import nary as rows
from vargrad._ir.expressions import Derivatives, ExpressionGraph
from vargrad._ir.lower import lower
from vargrad._ops.table import NARY, NARY_BY_NAME
from vargrad._vm.machine import Machine

REPEATED = [row.name for row in NARY if row.name not in ("custom", "fsum", "sumprod")]
SPECIAL = [0.0, -0.0, 1.0, -2.0, float("inf"), float("-inf"), float("nan"), 1e-300, 1e300]


def numbers(
    build: Callable[[ExpressionGraph, str, list[int], list[int]], int], name: str, picks: list[Any], point: list[float]
) -> list[Any]:
    """The value, the gradient and the second derivatives of a row whose operands are inputs or numbers."""
    g = ExpressionGraph()
    inputs = [g.input() for _ in point]
    operands = [g.constant(pick) if isinstance(pick, float) else inputs[pick] for pick in picks]
    half = len(operands) // 2 if NARY_BY_NAME[name].pairs else len(operands)
    g.make(1, inputs[0], inputs[-1])  # other nodes are there already
    result = build(g, name, operands[:half], operands[half:])
    first = Derivatives(g, inputs).of(result)
    second = [node for root in first for node in Derivatives(g, inputs).of(root)]
    return keys(Machine(lower(g, inputs, [result, *first, *second])).point(point))


@pytest.mark.parametrize("name", REPEATED)
def test_repeated_rows_are_built_rows(name: str) -> None:
    """Operands that are numbers, that are there twice, and points at which many rules differ."""
    dice = random.Random(name)
    for count in range(1, rows._FEW + 1):
        for _ in range(4):
            points = [dice.choice(SPECIAL) if dice.random() < 0.3 else dice.uniform(-3.0, 3.0) for _ in range(3)]
            total = count * (2 if NARY_BY_NAME[name].pairs else 1)
            picks = [dice.choice([0, 1, 2, 0, 1, 2, dice.choice(SPECIAL)]) for _ in range(total)]
            assert numbers(rows.nary, name, picks, points) == numbers(rows._built, name, picks, points), (picks, points)


@pytest.mark.parametrize("name", REPEATED)
def test_a_row_is_built_once_for_a_number_of_operands(name: str) -> None:
    g = ExpressionGraph()
    xs = [g.input() for _ in range(4)]
    ys = [g.input() for _ in range(4)] if NARY_BY_NAME[name].pairs else []
    rows.nary(g, name, xs, ys)
    built = rows._rule.cache_info().misses
    rows.nary(g, name, [*reversed(xs)], ys)
    assert rows._rule.cache_info().misses == built
