"""special.betainc against mpmath's hypergeometric function: values, derivatives up to the second, programs, edges."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest

import vargrad
from oracle import mp
from twins import Implementation, key, leaves
from vargrad import special

RNG = random.Random(9)
PAIRS = [(0.5, 0.5), (1.0, 3.0), (2.5, 0.3), (0.01, 12.0), (9.0, 11.0), (30.0, 45.0), (150.0, 4.0), (2000.0, 900.0)]
EPS = 2.0**-52


def points(a: float, b: float) -> list[float]:
    """In both tails and around the middle."""
    middle, width = a / (a + b), math.sqrt(a * b / (a + b) ** 3)
    found = [middle + k * width for k in (-4, -1, -0.1, 0.1, 1, 4)] + [0.02, 0.5, 0.93]
    return [x for x in found if 0.0 < x < 1.0]


def true(a: float, b: float, x: float, order: int = 0) -> Any:
    """DLMF 8.17.8, or a derivative of the density."""
    with mp.workprec(300):
        p, q, y = mp.mpf(a), mp.mpf(b), mp.mpf(x)
        density = y ** (p - 1) * (1 - y) ** (q - 1) / mp.beta(p, q)
        if order:
            return density * (((p - 1) / y - (q - 1) / (1 - y)) if order == 2 else 1)
        return density * y * (1 - y) / p * mp.hyp2f1(p + q, 1, p + 1, y)


def close(got: float, expected: Any, a: float, b: float, x: float, order: int = 0, ulps: float = 24.0) -> bool:
    """Within what rounding of x, of 1 - x and of the exponent's terms explains."""
    grown = 1 + abs(a - (a + b) * x) / (1 - x)
    allowed = grown * abs(expected)
    if order == 0:
        allowed += x * true(a, b, x, 1)
    elif order == 2:  # a difference
        allowed += grown * (abs((a - 1) / x) + abs((b - 1) / (1 - x))) * true(a, b, x, 1)
    return bool(abs(got - expected) <= ulps * EPS * allowed + 1e-300)


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_value_and_derivatives(impl: Implementation, a: float, b: float) -> None:
    for x in points(a, b):
        (v,) = leaves(impl, x)
        result = special.betainc(a, b, v)
        assert key(result.value) == key(special.betainc(a, b, x))
        assert close(result.value, true(a, b, x), a, b, x), x
        result.backward()
        assert close(v.grad, true(a, b, x, 1), a, b, x, 1), x
    f = vargrad.grad(lambda x: special.betainc(a, b, x))
    for x in points(a, b):
        assert close(vargrad.grad(f)(x), true(a, b, x, 2), a, b, x, 2), x


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_compiled(a: float, b: float) -> None:
    f = vargrad.compile(lambda x: special.betainc(a, b, x))
    xs = np.array(points(a, b))
    for order, found in enumerate((f(xs), f.grad(xs), f.hessian(xs))):
        for x, got in zip(xs, found, strict=True):
            ulps = 400.0 if order else 24.0  # the rules go through the fraction
            assert close(float(got), true(a, b, float(x), order), a, b, float(x), order, ulps), (order, x)


EDGES = {  # scipy.special's values
    (2.0, 3.0, 0.0): 0.0,
    (2.0, 3.0, 1.0): 1.0,
    (2.0, 3.0, -0.1): math.nan,
    (2.0, 3.0, 1.1): math.nan,
    (-1.0, 3.0, 0.5): math.nan,
    (2.0, -1.0, 0.5): math.nan,
    (0.0, 3.0, 0.5): 1.0,
    (2.0, 0.0, 0.5): 0.0,
    (0.0, 0.0, 0.5): math.nan,
    (math.inf, 3.0, 0.5): 0.0,
    (2.0, math.inf, 0.5): 1.0,
    (2.0, 3.0, math.nan): math.nan,
}


@pytest.mark.parametrize("point", EDGES)
def test_edges(impl: Implementation, point: tuple[float, float, float]) -> None:
    a, b, x = point
    compiled = vargrad.compile(lambda x: special.betainc(a, b, x))
    for found in (special.betainc(*point), special.betainc(a, b, impl.Var(x)).value, float(compiled(x))):
        assert key(found) == key(EDGES[point])


def test_no_derivative_by_a_parameter(impl: Implementation) -> None:
    (v,) = leaves(impl, 2.0)
    for given in ((v, 3.0, 0.5), (2.0, v * 1.0, impl.Var(0.5))):
        with pytest.raises(TypeError, match=r"betainc\(\) has no derivative by its parameter [ab].*give a number"):
            special.betainc(*given)  # type: ignore[arg-type]
    assert special.betainc(impl.Var(2.0), 3, impl.Var(0.5)).value == special.betainc(2.0, 3.0, 0.5)
    with pytest.raises(TypeError, match="no derivative by its parameter a"):
        vargrad.compile(lambda a, x: special.betainc(a, 2.0, x))(2.0, 0.5)
    with pytest.raises(TypeError, match="must be a real number"):
        special.betainc("a", 2.0, v)  # type: ignore[call-overload]
