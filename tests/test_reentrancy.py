"""Python that runs in the middle of an operation: conversions, collections and refused memory leave the graph whole."""

from __future__ import annotations

import gc

import pytest

from helpers import Implementation


def test_a_grad_whose_conversion_edits_the_var_lands_in_the_var(impl: Implementation) -> None:
    """The place is looked up after the conversion."""
    x = impl.Var(2.0, requires_grad=True)
    y = x * 3.0  # x is used: an edit moves it to a new node

    class Edits(float):
        def __float__(self) -> float:
            x.value = 5.0
            return 7.0

    x.grad = Edits()
    assert (x.value, x.grad, y.value) == (5.0, 7.0, 6.0)


def test_a_collection_within_a_derivative_may_run_backward(impl: Implementation) -> None:
    """The derivative asked for and backward in __del__ both give what they give alone."""
    leaves = [impl.Var(float(i + 1), requires_grad=True) for i in range(50)]
    root = leaves[0] * leaves[0]
    for v in leaves[1:]:
        root = root + v * v
    a = impl.Var(3.0, requires_grad=True)
    square = a * a
    ran = []

    class Cycle:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            square.backward()
            ran.append(1)

    before = gc.get_threshold()
    try:
        for threshold in range(1, 61):  # one of them collects at each allocation of the call
            gc.collect()
            gc.set_threshold(threshold)
            Cycle()
            found, other = impl.pullback(root, leaves)
            gc.set_threshold(*before)
            assert (found, other) == ([2.0 * v.value for v in leaves], False), threshold
    finally:
        gc.set_threshold(*before)
    gc.collect()
    assert len(ran) == 60
    assert a.grad == 6.0 * 60


def test_an_operand_stays_when_memory_for_its_var_is_refused(compiled: Implementation) -> None:
    """A leaf that a graph uses is not given to the next Var."""
    from vargrad import _core_c as core

    y = compiled.Var(10.0) * 2.0
    held = [compiled.Var(0.0) for _ in range(200)]  # so that no dead handle is there to be used again
    core.limit_allocations(0)
    try:
        with pytest.raises(MemoryError):
            _ = y.parents
    finally:
        core.limit_allocations(-1)
    held += [compiled.Var(777.0) for _ in range(20)]
    assert [v.value for v in y.parents] == [10.0, 2.0]
    x = y.prev_var1
    x.requires_grad = True
    y.backward()
    assert x.grad == 2.0


def test_the_name_of_an_operation_is_a_plain_string(impl: Implementation) -> None:
    """A subclass may answer differently each time it is asked."""

    class Name(str):
        __slots__ = ()

    x = impl.Var(2.0)
    with pytest.raises(TypeError, match="prev_op must be a str, not Name"):
        impl.Var(-2.0, prev_var1=x, prev_op=Name("neg"))
    assert impl.Var(-2.0, prev_var1=x, prev_op="neg").prev_op == "neg"
