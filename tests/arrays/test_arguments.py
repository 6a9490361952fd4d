"""Compiled functions of masked arrays, and of vectors without an element."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import vargrad
from vargrad import math


@vargrad.compile
def price(x: Any, y: Any) -> Any:
    return x * math.exp(y) if x > 0.0 else y


@vargrad.compile(signature="(n)->()")
def length(x: Any) -> Any:
    return math.hypot(*x)


def test_masked_arrays_are_refused() -> None:
    masked = np.ma.masked_array([1.0, 2.0, 3.0], [False, True, False])
    for _ in range(2):
        with pytest.raises(TypeError, match=r"'x' is a masked array: give x\.filled\(value\)"):
            price(masked, 0.5)
        price(np.ones(3), 0.5)
    with pytest.raises(TypeError, match="masked array"):
        price.grad(0.5, masked)
    with pytest.raises(TypeError, match="masked array"):
        length.hvp(np.ones(3), masked)


def test_a_vector_without_an_element() -> None:
    """The function is a constant then."""
    total = vargrad.compile(lambda x: sum(v * v for v in x), signature="(n)->()")
    for _ in range(2):
        assert total(np.zeros(0)) == 0.0
        assert total(np.zeros((4, 0))).tolist() == [0.0] * 4
        assert total.grad(np.zeros((4, 0))).shape == (4, 0)
        assert total.hessian(np.zeros(0)).shape == (0, 0)
        assert total.hvp(np.zeros(0), np.zeros(0)).shape == (0,)
        assert total.value_and_grad(np.zeros((2, 0)))[0].tolist() == [0.0, 0.0]
    assert total(np.array([1.0, 2.0])) == 5.0
    product = vargrad.compile(lambda a, x: a @ x, signature="(m,n),(n)->(m)")
    assert product(np.zeros((2, 0)), np.zeros(0)).tolist() == [0.0, 0.0]
    assert [x.shape for x in product.jacobian(np.zeros((2, 0)), np.zeros(0))] == [(2, 2, 0), (2, 0)]
    assert product(np.zeros((0, 3)), np.zeros(3)).shape == (0,)
    some = vargrad.compile(lambda x, y: sum(x), signature="(n),()->()")
    assert [part.tolist() for part in some.grad(np.zeros((2, 0)), [1.0, 2.0])] == [[[], []], [0.0, 0.0]]
    with pytest.raises(TypeError, match="returned no Var"):
        vargrad.compile(lambda x, y: 1.0, signature="(n),()->()")(np.zeros(2), 1.0)
