"""Engines that one training leaves to the next: same numbers, and never two trainings in one engine."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from twins import keys
from vargrad import NN, data
from vargrad._train import engine, plan

X, Y = data.moons(40, noise=0.1, seed=0)


def numbers(options: dict[str, Any], seed: int = 0) -> list[Any]:
    model = NN([2, 5, 1], "tanh", "identity", init="torch", seed=seed)
    history = model.fit(X, Y, epochs=5, seed=1, progress=False, **options)
    return keys([p.value for p in model.parameters] + history.losses + [history.loss, history.score])


OPTIONS: dict[str, dict[str, Any]] = {
    "mse": {},
    "bce": {"loss": "bce"},
    "adam": {"optimizer": "adam"},
    "penalty": {"l2": 0.01},
    "all rows": {"batch_size": None},
    "weights": {"sample_weight": np.arange(40.0)},
    "validation": {"validation_split": 0.25},
    "function": {"loss": lambda p, t: (p - t) ** 4},
    "schedule": {"schedule": lambda epoch: 1 / (1 + epoch)},
    "clip": {"clip": 0.01},
}


@pytest.fixture(autouse=True)
def none_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_spare", {})


def made(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The engines that are made from now on."""
    found: list[Any] = []
    original = plan.Engine

    def counted(network: Any) -> Any:
        found.append(original(network))
        return found[-1]

    monkeypatch.setattr(plan, "Engine", counted)
    return found


def test_a_kept_engine_gives_the_same_numbers() -> None:
    fresh = {}
    for name, options in OPTIONS.items():
        engine._spare.clear()
        fresh[name] = numbers(options)
    for _ in range(2):
        for name, options in OPTIONS.items():
            assert numbers(options) == fresh[name], name
    assert 0 < len(engine._spare) <= engine.MOST_SPARE


def test_the_same_training_makes_one_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    engines = made(monkeypatch)
    for seed in range(3):
        numbers({}, seed)
    assert len(engines) == 1
    with pytest.raises(FloatingPointError):  # its engine is not kept
        numbers({"lr": 1e300})
    numbers({})
    assert len(engines) == 2
    numbers({"loss": "bce"})
    assert len(engines) == 3


def test_functions_and_large_networks_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    engines = made(monkeypatch)
    for _ in range(2):
        numbers(OPTIONS["function"])
    assert len(engines) == 2
    monkeypatch.setattr(engine, "MOST_PARAMETERS", 20)
    for _ in range(2):
        numbers({})
    assert len(engines) == 4


def test_a_training_inside_of_another() -> None:
    alone = numbers({})
    inside: list[Any] = []
    outside = numbers({"callback": lambda history: inside.append(numbers({}))})
    assert outside == alone
    assert inside == [alone] * 5


def test_trainings_at_the_same_time() -> None:
    alone = [numbers({}, seed) for seed in range(4)]
    found: list[list[Any]] = [[] for _ in range(4)]

    def train(i: int) -> None:
        for _ in range(20):
            found[i].append(numbers({}, i))

    threads = [threading.Thread(target=train, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[one] * 20 for one in alone]
