"""custom(value, parents, partials): a user's own operation."""

from __future__ import annotations

import math
from typing import Any

import pytest

from twins import Implementation, grads, leaves


def test_a_cube(impl: Implementation) -> None:
    x = impl.Var(2.0, requires_grad=True)
    y = impl.custom(8.0, [x], [12.0])
    assert (y.value, y.prev_op) == (8.0, "custom")
    assert y.parents == (x,)
    assert y.prev_var1 is x
    assert grads(y * 2.0, [x]) == [24.0]


@pytest.mark.parametrize("n", [0, 1, 2, 7, 1000])
def test_any_number_of_parents(impl: Implementation, n: int) -> None:
    xs = leaves(impl, *map(float, range(n)))
    y = impl.custom(1.0, xs, [i + 0.5 for i in range(n)])
    assert all(a is b for a, b in zip(y.parents, xs, strict=True))
    assert grads(y, xs) == [i + 0.5 for i in range(n)]


def test_parents_that_are_numbers_and_partials_that_are_vars(impl: Implementation) -> None:
    x, slope = leaves(impl, 2.0, 5.0)
    y = impl.custom(1, (x, 3), (slope, 7))
    y.backward(2.0)
    assert x.grad == 10.0
    assert slope.grad == 0.0  # a partial is no operand: its own derivative is the second order's business
    assert [p.value for p in y.parents] == [2.0, 3.0]


def test_partials_given_as_vars_differentiate_again(impl: Implementation) -> None:
    x = impl.Var(2.0, requires_grad=True)
    y = impl.custom(x.value**3, [x], [3 * x * x])
    (slope,) = impl.pullback_graph(y, [x])
    assert slope.value == 12.0
    (curvature,) = impl.pullback_graph(slope, [x])
    assert curvature.value == 12.0


def test_partials_given_as_numbers_do_not(impl: Implementation) -> None:
    x = impl.Var(2.0, requires_grad=True)
    y = impl.custom(8.0, [x], [12.0])
    with pytest.raises(TypeError, match="give a Var"):
        impl.pullback_graph(y, [x])
    assert impl.pullback(y, [x]) == ([12.0], False)


@pytest.mark.parametrize("sizes", [(1, 0), (0, 1), (2, 3)])
def test_one_partial_per_parent(impl: Implementation, sizes: tuple[int, int]) -> None:
    xs = leaves(impl, *[1.0] * sizes[0])
    with pytest.raises(ValueError, match=f"{sizes[0]} parents and {sizes[1]} partials"):
        impl.custom(1.0, xs, [1.0] * sizes[1])


@pytest.mark.parametrize("bad", ["x", None, 1j, [1.0]])
def test_operands_that_are_no_numbers(impl: Implementation, bad: Any) -> None:
    x = impl.Var(2.0)
    with pytest.raises(TypeError, match=r"operand of custom\(\)"):
        impl.custom(1.0, [x], [bad])
    with pytest.raises(TypeError, match=r"operand of custom\(\)"):
        impl.custom(1.0, [bad], [1.0])


def test_iterators_and_the_same_parent_twice(impl: Implementation) -> None:
    x = impl.Var(2.0, requires_grad=True)
    y = impl.custom(1.0, iter([x, x]), (v for v in [3.0, 4.0]))
    assert grads(y, [x]) == [7.0]


def test_non_finite_partials_travel_on(impl: Implementation) -> None:
    x, y = leaves(impl, 1.0, 1.0)
    assert grads(impl.custom(1.0, [x, y], [math.inf, 0.0]), [x, y]) == [math.inf, 0.0]


def test_inside_a_graph(impl: Implementation) -> None:
    x = impl.Var(0.5, requires_grad=True)
    own = impl.custom(math.sin(0.25), [x * x], [math.cos(0.25)]) * 3.0
    assert grads(own, [x]) == pytest.approx(grads(impl.math.sin(x * x) * 3.0, [x]))
