"""Arguments of somebody's own kinds of list, tuple and array keep their type, or are refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import vargrad
from vargrad import compile, grad, jacobian, value_and_grad


class Named(list[Any]):
    """A list with an attribute."""

    label = "none"


class Pair(tuple[Any, ...]):
    """A tuple whose constructor takes other arguments."""

    def __new__(cls, a: float, b: float) -> Pair:
        made = super().__new__(cls, (a, b))
        made.label = "pair"  # type: ignore[attr-defined]
        return made


class Tagged(np.ndarray):  # type: ignore[type-arg]
    """An array with a method of its own."""

    def product(self) -> Any:
        return self[0] * self[1]


def named() -> Named:
    result = Named([2.0, 3.0])
    result.label = "own"
    return result


@pytest.mark.parametrize("make", [named, lambda: Pair(2.0, 3.0), lambda: np.array([2.0, 3.0]).view(Tagged)])
def test_a_subclass_keeps_its_type(make: Callable[[], Any]) -> None:
    argument, seen = make(), []

    def f(p: Any) -> Any:
        seen.append((type(p), getattr(p, "label", None)))
        return p[0] * p[1]

    found = grad(f)(argument)
    assert type(found) is type(argument)
    assert list(found) == [3.0, 2.0]
    assert seen == [(type(argument), getattr(argument, "label", None))]
    assert list(argument) == [2.0, 3.0]


def test_an_array_keeps_its_methods() -> None:
    assert grad(lambda p: p.product())(np.array([2.0, 3.0]).view(Tagged)).tolist() == [3.0, 2.0]


REFUSED = [
    (np.array([[1.0, 2.0]]).view(np.matrix), r"a numpy\.matrix.*numpy\.asarray"),
    (np.ma.array([1.0, 2.0], mask=[False, True]), r"a masked array.*filled.*compressed"),
]


@pytest.mark.parametrize(("argument", "cure"), REFUSED)
def test_a_kind_that_is_refused(argument: Any, cure: str) -> None:
    """A masked array gave the sum of the masked elements too."""
    for call in (grad(lambda p: (p * p).sum()), grad(lambda p: p[0].sum()), jacobian(lambda p: p)):
        with pytest.raises(TypeError, match=cure):
            call(argument)
    with pytest.raises(TypeError, match=cure):
        grad(lambda p: p[0]["k"][0])([{"k": argument}])
    f = compile(lambda x: x * x, signature="(n)->(n)")
    g = compile(lambda x: x * 2.0)
    for compiled in (f, g):
        for _ in range(2):
            with pytest.raises(TypeError, match=cure):
                compiled(argument)
            compiled(np.array([1.0, 2.0]))


def test_a_bool_has_no_derivative() -> None:
    """It was 0.0 without a word."""
    for transform in (grad, value_and_grad):
        for f in (lambda x: x > 1.0, lambda x: bool(x), lambda x: x.is_integer(), lambda x: np.bool_(True)):
            with pytest.raises(TypeError, match="returned bool"):
                transform(f)(2.0)
    assert vargrad.compile(lambda x: x > 1.0)(np.array([0.0, 2.0])).tolist() == [0.0, 1.0]
