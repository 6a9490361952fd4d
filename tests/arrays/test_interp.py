"""vargrad.math.interp: values as numpy.interp has them, slopes as the table has them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import vargrad
from twins import Implementation, grads, key, leaves

KNOTS = [0.0, 1.0, 2.5, 4.0, 7.0]
VALUES = [1.0, 3.0, -2.0, 0.5, 9.0]
POINTS = [-1.0, -0.0, 0.3, 1.0, 1.7, 2.5, 3.9, 4.0, 6.9, 7.0, 8.0, math.inf, -math.inf, math.nan, 2]


@pytest.mark.parametrize("x", POINTS)
@pytest.mark.parametrize("ends", [{}, {"left": -5.0, "right": 6.5}], ids=["held", "given"])
def test_value_is_numpys(impl: Implementation, x: float, ends: dict[str, float]) -> None:
    expected = float(np.interp(x, KNOTS, VALUES, **ends))
    values = leaves(impl, *VALUES)
    for found in (
        impl.math.interp(x, KNOTS, VALUES, **ends),
        impl.math.interp(impl.Var(x), KNOTS, VALUES, **ends),
        impl.math.interp(x, tuple(KNOTS), values, **ends),
        impl.math.interp(impl.Var(x), np.array(KNOTS), values, **ends),
    ):
        assert key(found) == pytest.approx(key(expected)) == key(expected)
    assert isinstance(impl.math.interp(impl.Var(x), KNOTS, VALUES, **ends), impl.Var)
    assert type(impl.math.interp(x, KNOTS, VALUES, **ends)) is float


@pytest.mark.parametrize("x", [-1.0, 0.3, 1.7, 3.9, 6.9, 8.0])
def test_derivatives_are_those_of_the_table(impl: Implementation, x: float) -> None:
    point, *values = leaves(impl, x, *VALUES)
    ends = leaves(impl, -5.0, 6.5)
    found = grads(impl.math.interp(point, KNOTS, values, *ends), [point, *values, *ends])

    def exact(i: int) -> float:
        numbers = [x, *VALUES, -5.0, 6.5]

        def at(step: float) -> float:
            moved = [v + step * (k == i) for k, v in enumerate(numbers)]
            return float(np.interp(moved[0], KNOTS, moved[1:6], moved[6], moved[7]))

        return (at(1 / 64) - at(-1 / 64)) * 32  # linear in each of them

    assert found == pytest.approx([exact(i) for i in range(8)], rel=1e-12, abs=1e-12)


def test_slope_at_a_knot_is_that_on_its_right(impl: Implementation) -> None:
    for i, x in enumerate(KNOTS):
        point = impl.Var(x, requires_grad=True)
        slope = (VALUES[i + 1] - VALUES[i]) / (KNOTS[i + 1] - x) if i < 4 else 0.0
        result = impl.math.interp(point, KNOTS, VALUES) + 0.0 * point
        assert grads(result, [point]) == [slope]


def test_one_knot(impl: Implementation) -> None:
    for x in (0.5, 1.0, 1.5):
        assert impl.math.interp(impl.Var(x), [1.0], [2.0]).value == 2.0
    assert impl.math.interp(impl.Var(0.5), [1.0], [2.0], left=3.0).value == 3.0
    assert math.isnan(impl.math.interp(impl.Var(math.nan), [1.0], [2.0]).value)


def test_second_derivative() -> None:
    def f(v: Any) -> Any:
        return vargrad.math.interp(v[0] * v[0], KNOTS, [v[1], v[1] * v[2], v[2], 1.0, 0.0])

    def at(x: list[float]) -> float:
        return float(np.interp(x[0] * x[0], KNOTS, [x[1], x[1] * x[2], x[2], 1.0, 0.0]))

    point = [1.3, 0.5, 0.75]
    found = vargrad.hessian(f)(point)
    h = 1 / 256
    for i in range(3):
        for k in range(3):

            def shifted(a: float, b: float, i: int = i, k: int = k) -> float:
                return at([x + a * (m == i) + b * (m == k) for m, x in enumerate(point)])

            expected = (shifted(h, h) - shifted(h, -h) - shifted(-h, h) + shifted(-h, -h)) / (4 * h * h)
            assert found[i][k] == pytest.approx(expected, abs=1e-8)


WRONG = [
    ([1.0, 1.0], [1.0, 2.0], ValueError, "repeated: knot 1 is 1.0 after 1.0"),
    ([1.0, 3.0, 2.0], [1.0, 2.0, 3.0], ValueError, "unsorted: knot 2 is 2.0 after 3.0"),
    ([1.0, 2.0], [1.0], ValueError, "2 knots and 1 values"),
    ([], [], ValueError, r"0 knot\(s\), of at least 1"),
    ([1.0, math.nan], [1.0, 2.0], ValueError, "knot 1 is nan: knots must be finite"),
    ([1.0, "2"], [1.0, 2.0], TypeError, "a knot must be a real number, not str"),
    ([1.0, 2.0], [1.0, None], TypeError, "a value must be a real number, not NoneType"),
]


@pytest.mark.parametrize(("xp", "fp", "kind", "message"), WRONG, ids=[str(i) for i in range(len(WRONG))])
def test_no_table(impl: Implementation, xp: Any, fp: Any, kind: type, message: str) -> None:
    with pytest.raises(kind, match=message):
        impl.math.interp(impl.Var(1.0), xp, fp)


@pytest.mark.parametrize("x", ["1.5", None, [1.5], np.array([1.0, 2.0])], ids=repr)
def test_what_is_looked_up_is_a_number(impl: Implementation, x: Any) -> None:
    with pytest.raises(TypeError, match=r"interp\(\): x must be a real number, not"):
        impl.math.interp(x, [1.0, 2.0], [1.0, impl.Var(2.0)])


def test_knots_have_no_derivative(impl: Implementation) -> None:
    with pytest.raises(TypeError, match="knot 1 is a Var, and there is no derivative by the knots"):
        impl.math.interp(1.5, [1.0, impl.Var(2.0)], [1.0, 2.0])


def table_of(x: Any, a: Any, b: Any) -> Any:
    return vargrad.math.interp(x, KNOTS, [1.0, a, b, a * b, 9.0], left=-a)


def test_compiled_batch_equals_rows() -> None:
    f = vargrad.compile(table_of)
    xs = np.concatenate([np.linspace(-2.0, 9.0, 301), KNOTS, [np.inf, -np.inf, np.nan]])
    rows = np.linspace(0.5, 1.5, len(xs)), np.linspace(2.0, 1.0, len(xs))
    expected = [float(np.interp(x, KNOTS, [1.0, a, b, a * b, 9.0], left=-a)) for x, a, b in zip(xs, *rows, strict=True)]
    assert np.array_equal(f(xs, *rows), expected, equal_nan=True)
    assert "1 path" in repr(f)  # selections, and no branch
    gradient = vargrad.grad(table_of, argnums=(0, 1, 2))
    plain = np.array([gradient(x, a, b) for x, a, b in zip(xs, *rows, strict=True)]).T
    finite = np.isfinite(xs)
    assert np.array_equal(np.array(f.grad(xs, *rows))[:, finite], plain[:, finite])


def test_compiled_inside_a_transform() -> None:
    slope = vargrad.compile(vargrad.grad(table_of))
    xs = np.linspace(-2.0, 9.0, 301)
    assert np.array_equal(slope(xs, 0.5, 1.5), vargrad.compile(table_of).grad(xs, 0.5, 1.5, argnums=0))


def test_closed_over_values_are_live() -> None:
    rates = [vargrad.Var(y, requires_grad=True) for y in VALUES]
    f = vargrad.compile(lambda x: vargrad.math.interp(x, KNOTS, rates))
    assert f(0.5) == 2.0
    rates[1].value = 5.0
    assert f(0.5) == 3.0
    f.backward(np.array([0.25, 0.5]))
    assert [v.grad for v in rates] == [1.25, 0.75, 0.0, 0.0, 0.0]
