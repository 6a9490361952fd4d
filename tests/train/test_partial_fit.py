"""What partial_fit's optimizer remembers: whatever the loss is called, in copies and pickles; frozen parameters."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from vargrad import NN, optim

X, Y = np.random.default_rng(0).normal(size=(20, 2)), np.random.default_rng(1).normal(size=20)


def network() -> NN:
    return NN([2, 5, 1], "tanh", "identity", init="torch", seed=1)


def values(model: NN) -> list[float]:
    return [p.value for p in model.parameters]


@pytest.mark.parametrize(
    ("optimizer", "settings"), [("adam", {}), ("adamw", {"amsgrad": True}), ("sgd", {"momentum": 0.9}), ("rmsprop", {})]
)
def test_a_lambda_in_the_loop(optimizer: str, settings: dict[str, Any]) -> None:
    """One function, a new one at each step, and a loop of optim are the same training."""
    one, two, three = network(), network(), network()
    kinds: dict[str, Any] = {
        "nadam": optim.NAdam,
        "adam": optim.Adam,
        "adamw": optim.AdamW,
        "sgd": optim.SGD,
        "rmsprop": optim.RMSprop,
    }
    loop = kinds[optimizer](three.parameters, lr=0.02, **settings)

    def square(p: Any, t: Any) -> Any:
        return (p - t) ** 2

    for _ in range(30):
        first = one.partial_fit(X, Y, square, optimizer, lr=0.02, **settings)
        second = two.partial_fit(X, Y, lambda p, t: (p - t) ** 2, optimizer, lr=0.02, **settings)
        loop.zero_grad()
        third = three.backward(X, Y, square)
        loop.step()
        assert first == second == pytest.approx(third, rel=1e-10)
    assert values(one) == values(two)
    np.testing.assert_allclose(values(one), values(three), rtol=1e-10)


def test_a_lambda_is_asked_anew() -> None:
    """What it reads may have changed, so the last recording does not count."""
    model = NN([1, 1], "identity", seed=0)
    found, w = [], 0.0
    for _ in range(3):
        w += 1.0
        found.append(model.partial_fit([[1.0]], [5.0], lambda p, t: w * (p - t) ** 2, lr=0.0))  # noqa: B023
    assert found == pytest.approx([found[0], 2 * found[0], 3 * found[0]], rel=1e-14)


def test_losses_and_penalties_may_change_in_the_middle() -> None:
    one, two = network(), network()
    loop = optim.Adam(two.parameters, lr=0.02)
    for loss, l2 in (("mse", 0.0), ("mae", 0.0), ("huber", 0.1), ("mse", 0.2)):
        one.partial_fit(X, Y, loss, "adam", lr=0.02, l2=l2)
        loop.zero_grad()
        two.backward(X, Y, loss, l2=l2)
        loop.step()
    np.testing.assert_allclose(values(one), values(two), rtol=1e-10)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
def test_copies_go_on_where_they_were_taken(optimizer: str, copied: Callable[[NN], NN]) -> None:
    model, whole = network(), network()
    for _ in range(20):
        whole.partial_fit(X, Y, optimizer=optimizer, lr=0.02)
    for _ in range(10):
        model.partial_fit(X, Y, optimizer=optimizer, lr=0.02)
    twin = copied(model)
    for _ in range(10):
        twin.partial_fit(X, Y, optimizer=optimizer, lr=0.02)
    assert values(twin) == values(whole)
    if copied is not copy.copy:  # which shares the parameters, as copy.copy does
        for _ in range(10):
            model.partial_fit(X, Y, optimizer=optimizer, lr=0.02)
        assert values(model) == values(whole)


def test_another_optimizer_begins_anew() -> None:
    one, two = network(), network()
    for _ in range(3):
        one.partial_fit(X, Y, optimizer="adam")
    two.parameters.values[:] = one.parameters.values
    for settings in ({}, {"momentum": 0.9}):
        one.partial_fit(X, Y, optimizer="sgd", **settings)
        two.partial_fit(X, Y, optimizer="sgd", **settings)
    assert values(one) == values(two)


def test_a_failed_step_leaves_the_memory() -> None:
    one, two = network(), network()
    for i in range(6):
        one.partial_fit(X, Y, optimizer="adam")
        two.partial_fit(X, Y, optimizer="adam")
        with pytest.raises(FloatingPointError):
            one.partial_fit(X, 1e200 * Y, "sse", "adam")
        with pytest.raises(ArithmeticError):
            one.partial_fit(X, Y, lambda p, t: (p - t) / 0.0, "adam" if i % 2 else "sgd")
    assert values(one) == values(two)


def test_a_parameter_frozen_after_the_first_step_does_not_move() -> None:
    model = network()
    model.partial_fit(X, Y, optimizer="adam")
    model.parameters[3].requires_grad = False
    before = values(model)
    model.partial_fit(X, Y, optimizer="adam")
    assert [i for i, (a, b) in enumerate(zip(values(model), before, strict=True)) if a == b] == [3]
    model.parameters[3].requires_grad = True
    model.partial_fit(X, Y, optimizer="adam")
    assert values(model)[3] != before[3]
