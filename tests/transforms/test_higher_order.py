"""Second and third derivatives of every row of the sheet, by grad of grad, against mpmath's textbook definitions.

A partial that is right as a number can still be wrong as a formula: where a branch, a constant or a shared
subexpression drops a dependence, the next derivative is off. First derivatives are test_ops's business.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

import oracle
import sheet
import vargrad
from sheet import ALL_NARY, ALL_ROWS
from twins import load
from vargrad import Var, grad, hessian, hvp, jacobian, math
from vargrad._ops.table import BY_NAME, NARY_BY_NAME

ACTIVE = load(vargrad.backend)
BOUND = 1e-13  # absolute, and relative where the derivative is beyond 1
# Points where formulas change branch, for the rows that are smooth there.
UNARY = [-3.0, -1.0, -0.0, 0.0, 0.5, 1.0, 2.0, 5.0]
BINARY = [(0.0, 2.0), (-0.0, 2.0), (1.0, 1.0), (2.0, -2.0), (-1.0, 1.0), (-3.0, 2.0), (4.0, 2.0)]
CANCELS = {("beta_bend", 3): 100.0}  # the fifth derivative of beta: see oracle.CANCELS
SINGULAR = {("cbrt", (0.0,))}
STEPS = {"mod", "floordiv", "rint", "fmod", "remainder", *sheet.STEPS}  # they jump at such points, the kinked rows' too


def points(name: str) -> list[tuple[float, ...]]:
    """Some of the row's domain near 0, and those where formulas change branch but functions do not."""
    row, rng = BY_NAME[name], random.Random(zlib.crc32(name.encode()))
    found = [tuple(rng.uniform(max(low, -4.0), min(high, 4.0)) for low, high in row.domain) for _ in range(10)]
    if name in STEPS or (row.kinks and name != "pow"):
        return found
    special: list[tuple[float, ...]] = [(x,) for x in UNARY] if row.arity == 1 else list(BINARY)
    inside = [p for p in special if all(low < x < high for x, (low, high) in zip(p, row.domain, strict=True))]
    return found + [p for p in inside if (name, p) not in SINGULAR]


def orders(arity: int, total: int, parameters: tuple[int, ...] = ()) -> list[tuple[int, ...]]:
    """How often by each operand; never by one that the row takes as a plain number."""
    found = [o for o in product(range(total + 1), repeat=arity) if sum(o) == total]
    return [o for o in found if not any(o[i] for i in parameters)]


def nested(f: Callable[..., Any], order: tuple[int, ...]) -> Callable[..., Any]:
    for i, times in enumerate(order):
        for _ in range(times):
            f = grad(f, argnums=i)
    return f


def exact(f: Callable[..., Any], point: tuple[float, ...], order: tuple[int, ...]) -> float:
    """The derivative by central differences in 80 digits: their error is far below a double's."""
    with oracle.mp.workdps(80):
        at = [oracle.mp.mpf(x) for x in point]
        h = oracle.mp.mpf(10) ** -16
        total = oracle.mp.mpf(0)
        for signs in product(*(range(k + 1) for k in order)):
            weight = oracle.mp.mpf(1)
            for s, k in zip(signs, order, strict=True):
                weight *= (-1) ** (k - s) * oracle.mp.binomial(k, s)
            total += weight * f(*(x + (2 * s - k) * h for x, s, k in zip(at, signs, order, strict=True)))
        return float(total / (2 * h) ** sum(order))


def complaint(got: Any, true: float, bound: float = BOUND) -> str | None:
    close = type(got) is float and abs(got - true) <= bound * max(1.0, abs(true))
    return None if close else f"{got!r} instead of {true!r}"


@pytest.mark.filterwarnings("ignore::vargrad.ZeroDerivativeWarning")
@pytest.mark.parametrize("total", [2, 3])
@pytest.mark.parametrize("name", [name for name in ALL_ROWS if name != "round"])
def test_rows_against_mpmath(name: str, total: int) -> None:
    f = sheet.call(ACTIVE, name)
    tested = 0
    for order in orders(BY_NAME[name].arity, total, sheet.held(BY_NAME[name])):
        derivative = nested(f, order)
        for point in points(name):
            true = exact(oracle.TEXTBOOK[name], point, order)
            problem = complaint(derivative(*point), true, BOUND * CANCELS.get((name, total), 1.0))
            assert problem is None, f"d{order} {name}{point}: {problem}"
            tested += 1
    assert tested >= 10


@pytest.mark.parametrize("x", [2.5, -1.0, 0.125])
def test_round_has_none(x: float) -> None:
    for digits in (-1, 0, 2):
        f = lambda x: round(x, digits) * x  # noqa: B023, E731
        assert grad(f)(x) == round(x, digits)
        assert grad(grad(f))(x) == 0.0


@pytest.mark.parametrize("x", [-3.0, -0.5, 2.0])
def test_kinked_rows_are_straight_elsewhere(x: float) -> None:
    for f in (abs, math.relu, math.leaky_relu, lambda x: math.copysign(x, -1.0), lambda x: math.clamp(x, -1.0, 1.0)):
        assert grad(lambda x: f(x) * x)(x) == f(x) + x * grad(f)(x)  # noqa: B023
        assert grad(grad(f))(x) == 0.0
        assert grad(grad(lambda x: f(x) ** 2))(x) == 2 * grad(f)(x) ** 2  # noqa: B023


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("x", [0.0, -0.0, -2.0, 3.0])
def test_integer_powers_everywhere(x: float, n: int) -> None:
    """Also of 0 and of negative numbers, as ** and as products."""
    d1, d2, d3 = n, n * (n - 1), n * (n - 1) * (n - 2)
    for f in (lambda x: x**n, lambda x: x ** float(n), lambda x: math.pow(x, n), lambda x: math.prod([x] * n) + 0 * x):
        assert grad(f)(x) == (d1 * x ** (n - 1) if d1 else 0.0)
        assert grad(grad(f))(x) == (d2 * x ** (n - 2) if d2 else 0.0)
        assert grad(grad(grad(f)))(x) == (d3 * x ** (n - 3) if d3 else 0.0)


# ---- rows of any number of operands

OPERANDS = [
    (2.0, 3.0, 5.0, -7.0),
    (1.5, 1.5, 1.5, 1.5),
    (0.5, -0.25, 3.0, 0.0),
    (0.0, 2.0, 0.0, -1.0),
    (0.0, 0.0, 0.0, 3.0),
    (-4.0, 30.0, 1e-3, 2.0),
]
TIES = {"maximum", "minimum"}  # kinks: tested below


def of_list(name: str) -> tuple[Callable[[Any], Any], Callable[..., Any]]:
    """The row as a function of one list, and the textbook's of as many numbers."""
    row = NARY_BY_NAME[name]
    ours = sheet.call_nary(ACTIVE, name)
    half = 2 if row.pairs else 4
    textbook = oracle.TEXTBOOK_NARY[name]
    return lambda x: ours(*sheet.split(row, x)), lambda *x: textbook(list(x[:half]), list(x[half:]))


@pytest.mark.parametrize("point", OPERANDS, ids=repr)
@pytest.mark.parametrize("name", [name for name in ALL_NARY if name not in TIES])
def test_nary_rows_against_mpmath(name: str, point: tuple[float, ...]) -> None:
    """Hessians, and one slice of the third derivatives, with zeros, ties and repeated operands."""
    f, textbook = of_list(name)
    second, third = hessian(f)(list(point)), hessian(lambda x: grad(f)(x)[1])(list(point))
    for i, j in product(range(4), repeat=2):
        by = [int(k == i) + int(k == j) for k in range(4)]
        assert complaint(second[i][j], exact(textbook, point, tuple(by))) is None, (i, j)
        by[1] += 1
        assert complaint(third[i][j], exact(textbook, point, tuple(by))) is None, (i, j)


@pytest.mark.parametrize("name", sorted(TIES))
def test_maximum_and_minimum_of_squares(name: str) -> None:
    """Away from ties the winner's second derivative; at a tie the mean of the winners'."""
    function = getattr(math, name)
    f = lambda x: function(*[i * v * v for i, v in enumerate(x, start=1)])  # noqa: E731
    winner = 2 if name == "maximum" else 0
    expected = [[2.0 * (winner + 1) if i == j == winner else 0.0 for j in range(3)] for i in range(3)]
    assert hessian(f)([1.0, 1.0, 1.0]) == expected
    tied = lambda x: function(x**2, x**2, -5.0 if name == "maximum" else 5.0)  # noqa: E731
    assert grad(tied)(2.0) == 4.0
    assert grad(grad(tied))(2.0) == 2.0


def test_the_same_operand_many_times() -> None:
    for n in (1, 2, 5):
        assert grad(grad(lambda x: math.prod([x] * n)))(2.0) == n * (n - 1) * 2.0 ** (n - 2)  # noqa: B023
        assert grad(grad(lambda x: math.dot([x] * n, [x] * n)))(2.0) == 2.0 * n  # noqa: B023
        assert grad(grad(lambda x: math.mean([x * x] * n)))(2.0) == 2.0  # noqa: B023
        assert grad(grad(lambda x: math.hypot(*[x] * n)))(3.0) == pytest.approx(0.0, abs=BOUND)  # noqa: B023


@pytest.mark.parametrize("point", OPERANDS, ids=repr)
def test_softmax_against_mpmath(point: tuple[float, ...]) -> None:
    def textbook(k: int) -> Callable[..., Any]:
        return lambda *x: oracle.mp.exp(x[k]) / oracle.mp.fsum(map(oracle.mp.exp, x))

    second = jacobian(jacobian(math.softmax))(list(point))
    for k, i, j in product(range(4), repeat=3):
        by = tuple(int(n == i) + int(n == j) for n in range(4))
        assert complaint(second[k][i][j], exact(textbook(k), point, by)) is None, (k, i, j)


def test_log_to_a_base_and_distance() -> None:
    mp = oracle.mp
    cases: list[tuple[Callable[..., Any], Callable[..., Any], tuple[float, ...]]] = [
        (math.log, lambda x, b: mp.log(x) / mp.log(b), (5.0, 3.0)),
        (lambda x, y: math.dist([x, 1.0], [y, 4.0]), lambda x, y: mp.sqrt((x - y) ** 2 + 9), (2.0, 0.5)),
        (lambda x, y: math.where(x > y, x * y, x / y), lambda x, y: x * y, (3.0, 2.0)),
        (lambda x, y: math.where(x > y, x * y, x / y), lambda x, y: x / y, (2.0, 3.0)),
    ]
    for f, textbook, point in cases:
        for order in orders(2, 2) + orders(2, 3):
            assert complaint(nested(f, order)(*point), exact(textbook, point, order)) is None


def test_derivatives_of_partials_never_raise() -> None:
    """Where a formula divides by zero or overflows the second derivative is IEEE's, not an exception."""
    inf = float("inf")
    assert grad(math.sqrt)(0.0) == inf
    assert abs(grad(grad(math.sqrt))(0.0)) == inf
    assert grad(grad(lambda x: x**1.5))(0.0) == inf
    assert grad(grad(math.cosh))(709.0) == math.cosh(709.0)
    for f in (math.sqrt, math.cbrt, abs, lambda x: x**0.5, lambda x: math.hypot(x, 0.0), lambda x: math.atan2(x, x)):
        for order in (2, 3):
            assert type(nested(f, (order,))(0.0)) is float
    assert type(hvp(lambda x: math.asin(x[0]) * x[1])([1.0, 2.0], [1.0, 1.0])[0]) is float
    assert isinstance(grad(math.sqrt)(Var(0.0)), Var)
