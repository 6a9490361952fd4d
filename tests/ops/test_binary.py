"""math.modf, frexp and ldexp of Vars: values and exceptions of the standard module, derivatives, and programs."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

import vargrad
from twins import Implementation, grads, key, keys, leaves, outcome
from vargrad._core import var_py
from vargrad._ir.expressions import Derivatives, ExpressionGraph
from vargrad._ir.lower import lower
from vargrad._vm.machine import Machine

RNG = random.Random(20)
EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 0.99999999999999989, 1.0000000000000002, 2.75, -2.75, 1e15 + 0.5, 2.0**52 + 1]
EDGES += [2.0**53, -(2.0**60), 1e308, 1.7976931348623157e308, 2.2250738585072014e-308, 2.225e-308, 5e-324, -1.5e-310]
EDGES += [math.inf, -math.inf, math.nan]
POINTS = EDGES + [s * RNG.uniform(0.5, 1) * 2.0 ** RNG.randint(-1060, 1020) for s in (1, -1) for _ in range(40)]
POINTS += [RNG.uniform(-20, 20) for _ in range(20)]
POWERS = [*range(-2200, 2201, 61), -1074, -1073, -1023, -1022, -1021, -1, 0, 1, 1000, 1001, 1023, 1024, 2000, 2001]
POWERS += [10**30, -(10**30)]


def plain(results: tuple[Any, ...]) -> list[Any]:
    return [key(getattr(x, "value", x)) for x in results]


@pytest.mark.parametrize("x", POINTS)
def test_parts(impl: Implementation, x: float) -> None:
    assert plain(impl.math.modf(impl.Var(x))) == plain(math.modf(x))
    mantissa, exponent = impl.math.frexp(impl.Var(x))
    assert (key(mantissa.value), exponent) == (key(math.frexp(x)[0]), math.frexp(x)[1])
    assert type(exponent) is int
    assert plain(impl.math.modf(x)) + plain(impl.math.frexp(x)) == plain(math.modf(x)) + plain(math.frexp(x))


@pytest.mark.parametrize("x", [*EDGES, *POINTS[-25:]])
def test_ldexp(impl: Implementation, x: float) -> None:
    for i in POWERS:
        expected = outcome(math.ldexp, x, i)
        assert (i, outcome(impl.math.ldexp, impl.Var(x), i)) == (i, expected)
        assert (i, outcome(impl.math.ldexp, x, i)) == (i, expected)


def test_ldexp_takes_whole_numbers(impl: Implementation) -> None:
    assert outcome(impl.math.ldexp, impl.Var(1.0), 2.0) == outcome(math.ldexp, 1.0, 2.0)
    assert impl.math.ldexp(3.0, impl.Var(4.0)).value == 48.0
    assert outcome(impl.math.ldexp, 3.0, impl.Var(4.5)) == outcome(math.ldexp, 3.0, 4.5)


def test_derivatives(impl: Implementation) -> None:
    for x in POINTS:
        (v,) = leaves(impl, x)
        fraction, whole = impl.math.modf(v)
        assert grads(fraction + whole, [v]) == [1.0]
        mantissa, exponent = impl.math.frexp(v)
        by = math.ldexp(1.0, -exponent) if exponent > -1024 else math.inf
        (slope,) = impl.pullback_graph(mantissa, [v])
        assert slope.value == by
        assert [d.value for d in impl.pullback_graph(slope, [v])] == [0.0]
        if math.isfinite(x) and abs(x) < 1e300:
            assert grads(impl.math.ldexp(v, -7), [v]) == [2.0**-7]


@pytest.mark.parametrize("name", ["fraction", "whole", "mantissa", "exponent"])
def test_programs_have_the_same_bits(twins: list[Implementation], name: str) -> None:
    """Of the machine, one row and many, and of both twins."""
    g = ExpressionGraph()
    a = g.input()
    machine = Machine(lower(g, [a], [g.apply(name, a)]))
    expected = [key(impl.apply(name, impl.Var(x)).value) for x in POINTS for impl in twins[:1]]
    for impl in twins:
        assert [key(impl.apply(name, impl.Var(x)).value) for x in POINTS] == expected
    assert [keys(machine.point([x]))[0] for x in POINTS] == expected


def test_compiled_powers_have_the_same_bits() -> None:
    f = vargrad.compile(lambda x, i: vargrad.math.ldexp(x, i))
    for i in POWERS:
        found = f(list(POINTS), [float(i)] * len(POINTS))
        assert keys(found) == [key(var_py.apply("scaled", var_py.Var(x), float(i)).value) for x in POINTS]


def test_compiled() -> None:
    """Rows of all exponents go one way: no guard asks for the exponent."""
    import numpy as np

    def f(x: Any) -> Any:
        m, e = vargrad.math.frexp(x)
        fraction, whole = vargrad.math.modf(x)
        return vargrad.math.ldexp(m * m, e) + e * fraction + 2.0 * whole

    def true(x: float) -> float:
        m, e = math.frexp(x)
        return math.ldexp(m * m, e) + e * (x - math.trunc(x)) + 2.0 * math.trunc(x)

    c = vargrad.compile(f, max_paths=1)
    x = np.array([0.3, 1.7, -25.2, 1e10 + 0.3, 1e-200, 3.0])
    assert list(c(x)) == [true(v) for v in x]
    slopes = [2 * math.frexp(v)[0] + math.frexp(v)[1] for v in x]
    assert list(c.grad(x)) == pytest.approx(slopes, rel=1e-15)
    assert list(c.hessian(x)) == pytest.approx([2 * 2.0 ** -math.frexp(v)[1] for v in x], rel=1e-15)
    for v, slope in zip(x, slopes, strict=True):
        assert vargrad.grad(f)(float(v)) == pytest.approx(slope, rel=1e-15)


def test_derivatives_in_programs() -> None:
    g = ExpressionGraph()
    a = g.input()
    m = g.apply("mantissa", a)
    (first,) = Derivatives(g, [a]).of(m)
    (second,) = Derivatives(g, [a]).of(first)
    machine = Machine(lower(g, [a], [first, second]))
    for x in (0.75, 6.0, -1e300, 1e-300):
        assert list(machine.point([x])) == [math.ldexp(1.0, -math.frexp(x)[1]), 0.0]
