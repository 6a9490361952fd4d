"""Trainings of the engines of networks, with all that they take and leave."""

from __future__ import annotations

import itertools
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pytest

from vargrad._train import programs
from vargrad._train.epochs import Epochs
from vargrad._train.programs import NetworkPrograms
from vargrad.optim import rules

Array: TypeAlias = npt.NDArray[np.float64]


def network(
    sizes: list[int],
    activations: list[str],
    loss: str = "mse",
    bias: bool = True,
    rule: Any = None,
    l1: float = 0.0,
    l2: float = 0.0,
) -> NetworkPrograms:
    program = programs.known_loss(loss, sizes[-1], sizes[-1])
    updates = updates_of(rule or rules.sgd(), sizes, bias)
    return programs.network(sizes, activations, bias, program, sizes[-1], updates, programs.penalty_program(l1, l2))


def updates_of(rule: Any, sizes: list[int], bias: bool = True) -> list[programs.Update]:
    """The same rule for all parameters."""
    count = sum((n + bias) * m for n, m in itertools.pairwise(sizes))
    return [programs.Update(rule.program(), np.array([[0, count]]))]


def some(seed: int, *shape: int, low: float = -1.0) -> Array:
    return np.random.default_rng(seed).uniform(low, 1.0, shape)


class Run:
    """One training: everything that train takes, and what it leaves."""

    def __init__(self, net: NetworkPrograms, rows: int = 23, epochs: int = 6, batch: int = 5, **options: Any) -> None:
        self.values, self.grads = some(1, net.parameters), np.zeros(net.parameters)
        self.state = np.zeros((net.states, net.parameters))
        self.x, self.y = some(2, rows, net.sizes[0]), some(3, rows, net.sizes[-1], low=0.0)
        self.losses, self.lrs, self.batch = np.full(epochs, np.nan), np.linspace(0.1, 0.2, len(net.updates)), batch
        self.best = np.zeros(net.parameters)
        self.options = {"mean": True, "best": self.best} | options
        self.finite = True

    def by(self, engine: Any) -> Run:
        arrays = {name: getattr(self, name) for name in ("values", "grads", "state", "x", "y", "losses", "lrs")}
        self.finite = engine.train(Epochs(**arrays, batch=self.batch, **self.options))
        self.far = engine.epoch, engine.at, engine.step, engine.best_loss
        return self


def same(run: Run, other: Run) -> None:
    for name in ("values", "grads", "state", "losses", "best"):
        np.testing.assert_allclose(getattr(run, name), getattr(other, name), rtol=1e-9, atol=1e-11, err_msg=name)
    assert run.far == pytest.approx(other.far, rel=1e-9)
    assert run.finite == other.finite
