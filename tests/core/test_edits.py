"""Leaves edited between forward and backward: an error that names them, and never a mixed gradient."""

from __future__ import annotations

import math
import operator
from fractions import Fraction

import pytest

from twins import Implementation, grads, key, leaves


def test_the_articles_loop_edits_after_backward(impl: Implementation) -> None:
    x = impl.Var(4.0, requires_grad=True)
    for _ in range(60):
        loss = (x - 1.0) ** 2
        loss.backward()
        x.value -= 0.1 * x.grad
        x.grad = 0
    assert x.value == pytest.approx(1.0, abs=1e-5)


def test_edit_keeps_identity_and_grad(impl: Implementation) -> None:
    x = impl.Var(4.0, requires_grad=True)
    z = x * x
    x.grad = 3.0
    x.value = 5
    assert z.prev_var1 is x
    assert (x.value, x.grad, z.value) == (5.0, 3.0, 16.0)
    z = x * x
    z.backward()
    assert x.grad == 13.0


def test_edited_back_is_not_edited(impl: Implementation) -> None:
    x = impl.Var(4.0, requires_grad=True)
    z = x * x
    x.value = 5.0
    x.value = 4.0
    assert grads(z, [x]) == [8.0]


def test_edit_of_a_leaf_on_another_graph_does_not_matter(impl: Implementation) -> None:
    x, y = leaves(impl, 1.0, 2.0)
    z, other = x * 3.0, y * y
    y.value = 7.0
    assert grads(z, [x]) == [3.0]
    assert other.value == 4.0


@pytest.mark.parametrize(("before", "after"), [(0.0, -0.0), (1.0, math.nan), (math.inf, -math.inf)])
def test_edit_is_judged_by_the_bits(impl: Implementation, before: float, after: float) -> None:
    x = impl.Var(before, requires_grad=True)
    z = x * 2.0
    x.value = after
    with pytest.raises(RuntimeError, match="leaf"):
        z.backward()
    x.value = before
    assert grads(z, [x]) == [2.0]


def test_nan_edited_to_nan_is_the_same(impl: Implementation) -> None:
    x = impl.Var(math.nan, requires_grad=True)
    z = x * 2.0
    x.value = math.nan
    assert grads(z, [x]) == [2.0]


def test_backward_is_atomic(impl: Implementation) -> None:
    """An edited leaf deep down: no grad has changed, neither of leaves nor of computed Vars, and none changes later."""
    x, y, w = leaves(impl, 1.0, 2.0, 3.0)
    middle = y * w
    middle.requires_grad = True
    z = (x * 2.0) * middle + w
    x.value = 5.0
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"1\.0.*5\.0"):
            z.backward()
        assert [v.grad for v in (x, y, w, middle)] == [0.0] * 4
    x.value = 1.0
    assert grads(z, [x, y, w, middle]) == [12.0, 6.0, 5.0, 2.0]


@pytest.mark.parametrize("name", ["sum", "dot", "custom"])
def test_operand_that_edits_the_other_one(impl: Implementation, name: str) -> None:
    """Python may run while an operand is converted; what it edits must not be read before, nor freed meanwhile."""
    x = impl.Var(1.0, requires_grad=True)
    y = x * x  # an edit of a used leaf makes a new one

    class Meddler(Fraction):
        def __float__(self) -> float:
            x.value = 5.0
            for v in leaves(impl, *[0.0] * 5000):
                v * 2.0
            return 1.0

    operations = {
        "sum": lambda: impl.math.sum([x, Meddler(1)]),
        "dot": lambda: impl.math.dot([x, 0.0], [Meddler(1), x]),
        "custom": lambda: impl.custom(6.0, [x], [Meddler(1)]),
    }
    z = operations[name]()
    assert x.value == 5.0
    assert z.value == (5.0 if name == "dot" else 6.0)
    assert grads(z, [x]) == [1.0]
    assert y.value == 1.0


@pytest.mark.parametrize("kind", [int, float])
def test_subclass_of_a_number_is_taken_at_its_value(impl: Implementation, kind: type) -> None:
    """Its __float__ is not asked, as the operators of plain floats do not ask."""

    class Pretender(kind):  # type: ignore[misc,valid-type]
        def __float__(self) -> float:
            raise AssertionError("asked")

    number = Pretender(2)
    x = impl.Var(1.5, requires_grad=True)
    for operation in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.mod):
        assert key(operation(x, number)) == key(operation(1.5, number))
        assert key(operation(number, x)) == key(operation(number, 1.5))
