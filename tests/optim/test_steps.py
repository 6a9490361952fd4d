"""Steps in one call of the machine: the same as by arrays, to the bit, and all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import optimisers
from refusals import with_each_refused
from twins import Implementation, keys
from vargrad import NN, Var, optim, reference
from vargrad._core import parameters as _parameters


def as_leaves(start: list[float]) -> Any:
    return [Var(x, requires_grad=True) for x in start]


def as_block(start: list[float]) -> Any:
    parameters = NN([1, len(start)], bias=False, seed=0).parameters
    parameters.values[:] = start
    return parameters


def of_both_twins(start: list[float]) -> Any:
    return [(Var, reference.Var)[i % 2](x, requires_grad=True) for i, x in enumerate(start)]


def half_a_block(start: list[float]) -> Any:
    half = len(start) // 2
    return [*as_leaves(start[:half]), *as_block(start[half:])]


def trained(optimizer: Any, parameters: Any, gradients: Any) -> tuple[list[Any], str]:
    """Values and state after steps by these gradients."""
    for row in gradients:
        for p, g in zip(parameters, row.tolist(), strict=True):
            p.grad = g
        optimizer.step()
    return keys([p.value for p in parameters]), repr(optimizer.state_dict())


@pytest.mark.parametrize("count", [1, 2, 9, 65, 700])
@pytest.mark.parametrize("make", [as_leaves, as_block, of_both_twins, half_a_block])
@pytest.mark.parametrize(("name", "settings"), optimisers.CASES)
def test_the_same_as_by_arrays(
    name: str, settings: dict[str, Any], make: Callable[[list[float]], Any], count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if count == 1 and make is half_a_block:
        return
    random = np.random.default_rng(count)
    start, gradients = random.normal(size=count).tolist(), random.normal(size=(4, count))
    gradients[2, 0] = np.inf
    parameters = make(start)
    found = trained(optimisers.CLASSES[name](parameters, lr=0.01, **settings), parameters, gradients)
    monkeypatch.setattr(optim.Optimizer, "_step_at_once", lambda *_: False)
    parameters = make(start)
    assert found == trained(optimisers.CLASSES[name](parameters, lr=0.01, **settings), parameters, gradients)


@pytest.mark.parametrize("make", [as_leaves, as_block])
def test_a_step_is_an_edit(make: Callable[[list[float]], Any]) -> None:
    parameters = make([1.0, 2.0])
    root = parameters[0] * parameters[1]
    root.backward()
    optim.SGD(parameters, lr=0.5).step()
    assert [p.value for p in parameters] == [0.0, 1.5]
    with pytest.raises(RuntimeError, match="editing leaves"):
        root.backward()


def test_without_memory_nothing_changes(compiled: Implementation) -> None:
    from vargrad._core import var_c

    parameters = as_leaves([1.0, 2.0, 3.0])
    optimizer = optim.Adam(parameters, lr=0.1)
    optimizer.step()
    for p in parameters:
        p.grad = 1.0

    def attempt() -> None:
        roots = [p * 2.0 for p in parameters]  # so that edits need new leaves, which may need memory
        before = [p.value for p in parameters], repr(optimizer.state_dict())
        fillers = [Var(0.0) for _ in range(300)]
        try:
            optimizer.step()
        except MemoryError:
            assert ([p.value for p in parameters], repr(optimizer.state_dict())) == before
            raise
        assert roots
        assert fillers

    _, refused = with_each_refused(var_c, attempt)
    assert refused


@pytest.mark.parametrize("make", [as_leaves, as_block, of_both_twins, half_a_block])
def test_grads_are_set_where_they_are_wanted(make: Callable[[list[float]], Any]) -> None:
    parameters = make([1.0, 2.0, 3.0, 4.0])
    slots = _parameters.of(parameters, "it")
    for p in parameters:
        p.grad = 5.0
    optim.SGD(parameters).zero_grad()
    assert [p.grad for p in parameters] == [0.0] * 4
    parameters[2].requires_grad = False
    _parameters.set_grads(slots, np.array([1.0, -0.0, 3.0, float("inf")]))
    assert keys([p.grad for p in parameters if p.requires_grad]) == keys([1.0, -0.0, float("inf")])
    parameters[2].requires_grad = True
    assert parameters[2].grad == 0.0
    parameters[2].requires_grad = False
    optim.SGD(parameters[:2]).zero_grad()
    _parameters.set_grads(slots, 7.0)
    assert [p.grad for p in parameters if p.requires_grad] == [7.0] * 3
