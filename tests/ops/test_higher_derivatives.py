"""Second and third derivatives of every row against mpmath: tails, kinks, subnormals, poles, huge values.

The bound is relative to the derivative itself: 8 eps (1 + its condition), where the condition says how much a relative
error of the operands, such as the rounding of one intermediate result, grows in it. It is large only near zeros of the
derivative and far out in exponential tails. Subnormal numbers have the spacing of the smallest one instead of eps.
``VARGRAD_SWEEP=all`` takes all points, and all orders of operands; without it every sixth point.
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import pytest

import oracle
import sheet
from oracle import mp
from twins import Implementation, keys, leaves
from vargrad._ir.expressions import Derivatives, ExpressionGraph
from vargrad._ir.lower import lower
from vargrad._ops.table import BY_NAME, NARY_BY_NAME, ROWS
from vargrad._vm.machine import Machine

EVERY = os.environ.get("VARGRAD_SWEEP") == "all"
ORDERS = (1, 2, 3)
MAGNITUDES = [5e-324, 1e-310, 2.5e-309, 1e-300, 1e-160, 1e-60, 1e-20, 1e-8, 1e-3, 0.1, 0.3, 0.5, 0.9, 1 - 1e-5]
MAGNITUDES += [1 - 2**-53, 1 + 2**-52, 1.1, 1.5, 2.0, 3.0, 5.0, 7.0, 15.0, 26.5, 30.0, 37.0, 39.5, 41.0, 100.0, 350.0]
MAGNITUDES += [372.0, 500.0, 701.0, 720.0, 745.0, 1e3, 1e5, 1e10, 1e50, 1e99, 1e101, 1e154, 1e200, 1e300, 1.7e308]
# The slopes among the parts are seen at one order less: in the functions whose slopes they are.
STEPS = {"rint", "fraction", "whole", "exponent", "mantissa"}  # whose jumps are among the magnitudes
SMOOTH = [row.name for row in ROWS if row.arity == 1 and row.name not in STEPS and not row.name.endswith("_slope")]
# What differs in each: of mixed magnitudes, with a tail, or with a pole.
PAIRS = {
    "mul": [(3.0, 1e-20), (1e100, -2.0)],
    "truediv": [(1e-20, 3.0), (1e100, 1e-20), (-2.0, 1e80), (1e-100, 1e-100)],
    "pow": [
        (1e-20, 0.5),
        (0.3, -3.0),
        (0.999, 20.0),
        (1.7, 1e-20),
        (1e20, 1.5),
        (50.0, -0.5),
        (1e100, 1.0),
        (3.0, 2.0),
    ],
    "arctan2": [(1e-20, 1.0), (1.0, 1e-20), (-3.0, -4.0), (1e90, 1e70), (1e-90, 1e-70), (2.0, 2.0), (-1e-50, 1e50)],
    "elu": [(3.0, 0.7), (-1e-20, 0.7), (-0.5, 1e-20), (-30.0, 2.0), (-800.0, 1.5)],
    "leaky_relu": [(3.0, 0.1), (-1e-20, 0.1)],
    "share": [(1.0, 1e-20), (1e-20, 1.0), (0.3, 0.7), (1.0, 1.0)],
    "cosine": [(1.0, 1e-20), (1e-20, 1.0), (0.5, 0.3)],
    "log_ratio": [(1.0, 1e-20), (1e-20, 1.0), (0.3, 0.7), (3.0, 3.0 + 2**-51), (1.0, 1.0)],
    "logaddexp": [(0.0, -50.0), (-300.0, 0.0), (1.0, 1.0), (700.0, 703.0), (-800.0, -750.0)],
    "xlogy": [(1e-20, 3.0), (3.0, 1e-20), (-2.0, 1e100), (0.5, 1.0)],
    "xlog1py": [(1e-20, 3.0), (3.0, 1e-20), (-2.0, 1e100), (0.5, -1 + 2**-53)],
    "beta": [
        (0.5, 3.0),
        (20.0, 30.0),
        (1e5, 0.5),
        (150.0, 90.0),
        (1e-3, 50.0),
        (30.0, 1e-8),
        (1e-9, 2e-9),
        (1e-20, 1.0),
    ],
    "beta_slope": [(0.5, 3.0), (20.0, 30.0)],
    "beta_one": [(0.5, 3.0), (20.0, 30.0), (1e-8, 30.0)],
    "trigamma_gap": [(20.0, 30.0), (1e-8, 30.0)],
    "betaln": [(0.5, 3.0), (20.0, 30.0), (1.0, 1.0), (1e-3, 50.0), (1e20, 1.0), (7.0, 1e-12), (1e10, 3e9)],
    "digamma_gap": [(0.5, 3.0), (20.0, 1e-8), (1e10, 4e9), (1e-8, 30.0), (1e20, 1.0)],
    "rel_entr": [(1.0, 1e-20), (1e-20, 1.0), (0.3, 0.7), (3.0, 3.0 + 2**-51), (1.0, 1.0)],
}
MANY = {
    "logsumexp": [(0.0, -50.0), (0.0, -300.0, -1.0), (1.0, 1.0, 1.0), (700.0, 0.0, 3.0), (-800.0, -750.0, 5.0), (0.5,)],
    "hypot": [(3.0, 4.0), (1.0, 1e-20), (1e-20, 1.0, 1e-10), (1e90, 3e90), (1e-90, 1e-95), (-1.0, 2.0, 3.0)],
    "prod": [(3.0, 1e-20, -2.0), (0.0, 2.0, 3.0), (0.0, 0.0, 5.0)],
    "mean": [(1.0, 2.0)],
}
# No second derivative but zero, whatever the point; see test_the_rest_is_flat.
FLAT = [row.name for row in ROWS if row.arity == 2 and row.name not in (*PAIRS, "round", "arctan2_slope")]
OF_BETA = {"beta_curve", "beta_bend", "beta_bend_slope", "tetragamma_gap"}  # seen in beta, at an order less
FLAT = [name for name in FLAT if not BY_NAME[name].parameters and name not in OF_BETA] + ["sum", "maximum", "minimum"]


@cache
def true(name: str, point: tuple[float, ...], by: tuple[int, ...]) -> Any:
    """The derivative by these operands, one after the other: central differences with steps of 2**-100 of a value.

    They cancel some hundred bits an order, and twice as many as the operand's magnitude has, as in 1 - x * x: the
    precision has them.
    """
    textbook: Callable[..., Any] = oracle.TEXTBOOK.get(name) or (lambda *xs: oracle.TEXTBOOK_NARY[name](list(xs), []))
    counts = {i: by.count(i) for i in set(by)}
    exponent = max(abs(math.frexp(x)[1]) for x in point)
    with mp.workprec((600 if name in oracle.SLOW else 1500) + len(by) * (150 + 2 * len(counts) * exponent)):
        xs = [mp.mpf(x) for x in point]
        steps = {i: mp.ldexp(abs(xs[i]) or 1, -100) for i in counts}
        total = mp.mpf(0)
        for turns in itertools.product(*(range(count + 1) for count in counts.values())):
            moved, factor = list(xs), 1
            for (i, count), k in zip(counts.items(), turns, strict=True):
                moved[i] += (mp.mpf(count) / 2 - k) * steps[i]
                factor *= (-1) ** k * math.comb(count, k)
            total += factor * textbook(*moved)
        for i, count in counts.items():
            total /= steps[i] ** count
        return total


def problem(name: str, point: tuple[float, ...], by: tuple[int, ...], got: float) -> str | None:
    """What is wrong with a derivative, or None."""
    by = tuple(sorted(by))
    there = true(name, point, by)
    condition = 0.0
    for i, x in enumerate(point):
        if x and there:
            condition += float(min(abs(x * true(name, point, tuple(sorted((*by, i)))) / there), mp.mpf(10) ** 300))
    allowed = oracle.ULPS * (1.0 + condition)
    if math.isfinite(got) and abs(mp.mpf(got) - there) <= allowed * (oracle.EPS * abs(there) + oracle.TINY):
        return None
    if len(point) > 1 and abs(there) > oracle.LARGEST and not math.isfinite(got):
        return None  # of several infinite terms the sum may be nan
    return oracle.complaint(there, got, condition)


def derivatives(results: Any, by: Sequence[Any], of: Callable[[Any], Sequence[Any]]) -> Iterator[tuple[Any, Any]]:
    """(operands' numbers, derivative) for all derivatives up to the third; of symmetric ones mostly one."""
    level = {(): results}
    for order in ORDERS:
        found = {}
        for before, node in level.items():
            for i, derivative in enumerate(of(node)):
                if EVERY or not before or i >= before[-1] or order == 2:
                    found[(*before, i)] = derivative
        yield from found.items()
        level = found


def eager(impl: Implementation, name: str, point: tuple[float, ...]) -> dict[tuple[int, ...], float]:
    operands = leaves(impl, *point)
    function = sheet.call_nary(impl, name) if name in NARY_BY_NAME else sheet.call(impl, name)
    result = function(operands) if name in NARY_BY_NAME else function(*operands)
    return {by: v.value for by, v in derivatives(result, operands, lambda v: impl.pullback_graph(v, operands))}


@cache
def program(name: str, n: int) -> tuple[Any, list[tuple[int, ...]]]:
    """Of the expressions that compile() derives from the same row: a machine, and what its results are."""
    from vargrad._ir.nary import nary

    g = ExpressionGraph()
    xs = [g.input() for _ in range(n)]
    result = nary(g, name, xs, []) if name in NARY_BY_NAME else g.apply(name, *xs)
    by, nodes = zip(*derivatives(result, xs, lambda node: Derivatives(g, xs).of(node)), strict=True)
    return Machine(lower(g, xs, list(nodes))), list(by)


def compiled(name: str, point: tuple[float, ...]) -> dict[tuple[int, ...], float]:
    machine, by = program(name, len(point))
    return dict(zip(by, machine.point(list(point)), strict=True))


def points(name: str) -> list[tuple[float, ...]]:
    if name in PAIRS or name in MANY:
        return PAIRS.get(name) or MANY[name]
    low, high = BY_NAME[name].domain[0]
    found = [(s * x,) for x in MAGNITUDES for s in (1.0, -1.0) if low < s * x < high]
    start = len(name) % 6
    return found if EVERY else found[start::6]


@pytest.mark.parametrize("name", [*SMOOTH, *PAIRS, *MANY])
def test_derivatives_up_to_the_third(impl: Implementation, name: str) -> None:
    for point in points(name):
        try:
            found = eager(impl, name, point)
        except (ArithmeticError, ValueError):  # the value itself overflows
            continue
        for by, got in found.items():
            assert (point, by, problem(name, point, by, got)) == (point, by, None)


@pytest.mark.parametrize("name", [*SMOOTH, *PAIRS, *MANY])
def test_derivatives_of_programs_up_to_the_third(name: str) -> None:
    for point in points(name):
        found = compiled(name, point)
        if not math.isfinite(found[(0,)]) or abs(_value(name, point)) > oracle.LARGEST:
            continue
        for by, got in found.items():
            assert (point, by, problem(name, point, by, got)) == (point, by, None)


def _value(name: str, point: tuple[float, ...]) -> Any:
    return true(name, point, ())


@pytest.mark.parametrize("name", FLAT)
def test_the_rest_is_flat(impl: Implementation, name: str) -> None:
    for point in ((0.5, 0.25), (1.0, 1.0), (-3.0, 2.0), (1e-310, 1e300)):
        found = eager(impl, name, point)
        assert [d for by, d in found.items() if len(by) > 1 and d != 0.0] == []


@pytest.mark.parametrize("name", [*SMOOTH, *PAIRS, *MANY])
def test_twins_have_the_same_bits(twins: list[Implementation], name: str) -> None:
    for point in points(name):
        try:
            first, *others = [list(eager(impl, name, point).values()) for impl in twins]
        except (ArithmeticError, ValueError):
            continue
        assert all(keys(other) == keys(first) for other in others)


@pytest.mark.parametrize("name", [*SMOOTH, *PAIRS, *(name for name in MANY if not NARY_BY_NAME[name].again)])
def test_first_derivatives_are_those_of_the_sweep(impl: Implementation, name: str) -> None:
    """As a graph a partial has the bits of backward(), but for rows that are differentiated by another formula."""
    for point in points(name):
        operands = leaves(impl, *point)
        try:
            function = sheet.call_nary(impl, name) if name in NARY_BY_NAME else sheet.call(impl, name)
            result = function(operands) if name in NARY_BY_NAME else function(*operands)
        except (ArithmeticError, ValueError):
            continue
        found = [v.value + 0.0 for v in impl.pullback_graph(result, operands)]
        assert keys(found) == keys(impl.pullback(result, operands)[0])


# ---- powers: where the exponent is a variable, the base must not be negative


@pytest.mark.parametrize("b", [3.0, 2.0, -1.0, 0.0])
def test_power_of_a_negative_number(impl: Implementation, b: float) -> None:
    """(-2)**b is real for whole b alone: no derivative by b, and a Hessian that says so on both sides."""
    operands = leaves(impl, -2.0, b)
    first = impl.pullback_graph(operands[0] ** operands[1], operands)
    assert first[0].value == b * (-2.0) ** (b - 1.0)
    assert math.isnan(first[1].value)
    hessian = [[v.value for v in impl.pullback_graph(d, operands)] for d in first]
    assert hessian[0][0] == b * (b - 1.0) * (-2.0) ** (b - 2.0)
    assert all(map(math.isnan, (hessian[0][1], hessian[1][0], hessian[1][1])))


@pytest.mark.parametrize("exponent", ["int", "float", "Var", "rounded"])
def test_constant_exponents_take_no_partial(impl: Implementation, exponent: str) -> None:
    """A number, a Var that asks for no gradient, a Var that no derivative flows through: nothing becomes nan."""
    x, y = leaves(impl, -2.0, 3.2)
    b = {"int": 3, "float": 3.0, "Var": impl.Var(3.0), "rounded": y.rint()}[exponent]
    (x**b * y).backward()
    assert (x.grad, y.grad) == (12.0 * 3.2, -8.0)


@pytest.mark.parametrize("a", [5e-324, -1e-310, 1e-308, 0.0, -0.0, 2.0])
def test_slope_of_the_power_zero(impl: Implementation, a: float) -> None:
    (x,) = leaves(impl, a)
    (y,) = impl.pullback_graph(x**0, [x])
    assert impl.pullback(x**0, [x])[0] == [0.0]
    assert y.value == 0.0


def test_power_of_a_negative_number_in_a_program() -> None:
    found = compiled("pow", (-2.0, 3.0))
    assert found[(0,)] == 12.0
    assert found[(0, 0)] == -12.0
    assert all(math.isnan(found[by]) for by in ((1,), (0, 1), (1, 0), (1, 1)))
