"""Restarts: each start has random numbers of its own, which are not those that the network was drawn with."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from vargrad import NN, data, math
from vargrad._train import updates
from vargrad._train.engine import Engine

XOR, TRUTH = data.gate("xor")
X, Y = data.moons(60, noise=0.1, seed=0)


@pytest.mark.parametrize("batch_size", [None, 16])
def test_no_start_repeats_another(monkeypatch: pytest.MonkeyPatch, batch_size: int | None) -> None:
    """The same seed for the network and for fit: not the same numbers, and not the same ones shifted."""
    found, orders = [], []
    original = Engine.train

    class Watched(Engine):  # type: ignore[misc,valid-type]
        def train(self, work: Any) -> Any:
            found.append(work.values.tolist())
            orders.append(None if work.order is None else work.order.tolist())
            return original(self, work)

    monkeypatch.setattr("vargrad._train.plan.Engine", Watched)
    model = NN([2, 8, 1], "tanh", "identity", init="torch", seed=3)
    model.fit(X, Y, "bce", epochs=1, batch_size=batch_size, restarts=4, seed=3, progress=False)
    assert len(found) == 4
    numbers = [x for start in found for x in start]
    assert len(set(numbers)) == len(numbers) == 4 * 33
    if batch_size is not None:
        assert len({str(order) for order in orders}) == 4


def test_readmes_example() -> None:
    history = NN([2, 2, 1], seed=0).fit(XOR, TRUTH, "sse", lr=1, epochs=2000, restarts=5, seed=0)
    assert len(set(history.restart_losses)) == 5


def test_more_starts_begin_with_the_same_ones() -> None:
    """Also where the seed is negative, or Python's."""
    for seed in (0, -7, 2**70, None):
        found = []
        for restarts in (2, 4, 4):
            random.seed(5)
            model = NN([2, 4, 1], "tanh", "identity", init="torch", seed=0)
            history = model.fit(X, Y, "bce", epochs=2, restarts=restarts, seed=seed, progress=False)
            found.append(history.restart_losses)
        assert found[1] == found[2]
        assert found[0] == found[1][:2]


def test_another_seed_has_other_starts() -> None:
    losses = [
        NN([2, 4, 1], "tanh", "identity", seed=0).fit(X, Y, "bce", epochs=1, batch_size=None, restarts=3, seed=seed)
        for seed in (1, 2)
    ]
    one, two = (history.restart_losses for history in losses)
    assert one[0] == two[0]  # the network's own parameters
    assert not set(one[1:]) & set(two[1:])


def test_estimators_restart_elsewhere() -> None:
    pytest.importorskip("sklearn")
    from vargrad.sklearn import NNClassifier, NNRegressor

    for kind in (NNClassifier, NNRegressor):
        for batch_size in (16, 60):
            model = kind(hidden=(4,), epochs=2, batch_size=batch_size, restarts=3, random_state=0).fit(X, Y)
            assert len(set(np.round(model.history_.restart_losses, 12))) == 3


def test_a_start_whose_loss_is_no_number_is_not_the_best() -> None:
    """A loss of one's own may be nan on validation rows alone."""
    model = NN([1, 1], "identity", seed=0)
    model.parameters[0].value = -100.0  # the prediction for x = 1 is below 0, and has no logarithm

    def loss(prediction: Any, target: Any) -> Any:
        return (prediction - target) ** 2 + 0 * math.log(prediction)

    rows = [[0.0], [0.0]], [1.0, 1.0]
    history = model.fit(*rows, loss=loss, validation_data=([[1.0]], [1.0]), epochs=3, restarts=3, seed=0)
    first, *others = history.restart_losses
    assert np.isnan(first)
    assert np.isfinite(others).all()
    assert model.parameters[0].value > 0
    assert history.validation_losses[-1] == min(others)


@pytest.mark.parametrize(("restarts", "made"), [(1, 1), (3, 3)])
def test_rules_are_prepared_once_for_each_start(monkeypatch: pytest.MonkeyPatch, restarts: int, made: int) -> None:
    prepared: list[updates.Updates] = []
    init = updates.Updates.__init__

    def counted(self: updates.Updates, *args: Any) -> None:
        prepared.append(self)
        init(self, *args)

    monkeypatch.setattr(updates.Updates, "__init__", counted)
    NN([2, 2, 1], seed=1).fit(XOR, TRUTH, epochs=3, optimizer="adam", restarts=restarts, seed=0, progress=False)
    assert len(prepared) == made
