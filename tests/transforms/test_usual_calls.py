"""Transforms of one float, or of a flat list or tuple of floats: the short way gives what the general one does."""

from __future__ import annotations

from typing import Any

import pytest

import vargrad
from calls import python_calls
from twins import Implementation
from vargrad import Var, grad, hessian, hvp, jacobian, math, value_and_grad
from vargrad._core import var
from vargrad._transforms import run as running

TRANSFORMS = [grad, value_and_grad, jacobian, hessian]


def test_no_tree_is_walked(compiled: Implementation) -> None:
    slope, row = grad(lambda x: x * x), value_and_grad(lambda x: x[0] * x[1])
    walks = {"flatten", "fill", "_walk", "positions"}
    for run in (lambda: slope(2.0), lambda: row([2.0, 3.0]), lambda: row((2.0, 3.0))):
        assert not walks.intersection(python_calls(run))


def shapes(x: Any) -> Any:
    """Types of containers, and numbers as their text."""
    if isinstance(x, (list, tuple)):
        return type(x), [shapes(item) for item in x]
    return type(x), repr(x)


def f(x: Any) -> Any:
    return x * x * math.sin(x)


def g(x: Any) -> Any:
    return x[0] ** 2 * x[1] + math.exp(x[1]) * x[0]


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize(("function", "x"), [(f, 0.7), (f, -0.0), (g, [0.7, 1.3]), (g, (0.7, 1.3))])
def test_both_ways_agree(monkeypatch: pytest.MonkeyPatch, transform: Any, function: Any, x: Any) -> None:
    short = shapes(transform(function)(x))
    with monkeypatch.context() as patch:
        patch.setattr(running, "fresh", lambda which, args: None)
        assert shapes(transform(function)(x)) == short
    assert shapes(transform(lambda y, z: function(z), argnums=1)(5.0, x)) == short
    assert shapes(transform(lambda y, z: function(z), argnums=-1)(5.0, x)) == short


def test_hvp_of_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    short = shapes(hvp(g)([0.7, 1.3], [1.0, -2.0]))
    with monkeypatch.context() as patch:
        patch.setattr(running, "fresh", lambda which, args: None)
        assert shapes(hvp(g)([0.7, 1.3], [1.0, -2.0])) == short


@pytest.mark.parametrize("x", [[], (), [1.0, 2], [1.0, True], [[1.0], 2.0], {"a": 1.0}, 2, True])
def test_other_arguments_go_the_general_way(x: Any) -> None:
    assert var.module.fresh(0, (x,)) is None


@pytest.mark.parametrize("which", [True, (0,), 1, -2, 10**30, -(10**30)])
def test_other_argnums_go_the_general_way(which: Any) -> None:
    assert var.module.fresh(which, (2.0,)) is None


def test_the_caller_keeps_the_list() -> None:
    x, seen = [2.0, 3.0], []

    def spoils(y: list[Any]) -> Any:
        seen.extend(y)
        result = y[0] * y[1]
        y.clear()
        return result

    assert grad(spoils)(x) == [3.0, 2.0]
    assert x == [2.0, 3.0]
    assert [v.requires_grad for v in seen] == [False, False]


def test_variables_are_constants_after_an_error() -> None:
    seen = []

    def fails(y: Any) -> Any:
        seen.append(y)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        grad(fails)(2.0)
    assert not seen[0].requires_grad


def test_a_parameter_of_the_closure_connects_the_result() -> None:
    """Then the derivative is a Var, to be differentiated by it."""
    w = Var(3.0, requires_grad=True)
    slope = grad(lambda x: w * x * x)(2.0)
    assert isinstance(slope, Var)
    slope.backward()
    assert (slope.value, w.grad) == (12.0, 4.0)
    value, row = value_and_grad(lambda x: w * x[0] * x[1])([2.0, 5.0])
    assert isinstance(value, Var)
    assert [v.value for v in row] == [15.0, 6.0]


def test_modes_go_the_general_way() -> None:
    with vargrad.no_grad():
        assert var.module.fresh(0, (2.0,)) is None
        assert grad(f)(0.5) == pytest.approx(grad(f)(0.5))
    assert vargrad.compile(lambda x: grad(f)(x))(0.5) == pytest.approx(grad(f)(0.5))
