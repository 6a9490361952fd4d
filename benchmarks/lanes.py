"""One row of compiled functions that repeat themselves: as lanes, and operation by operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import vargrad
from vargrad import math
from vargrad._cli import measure
from vargrad._cli.text import seconds
from vargrad._vm import machine


def rosenbrock(x: Sequence[Any]) -> Any:
    """The usual banana, as a plain loop."""
    total = 0.0
    for i in range(len(x) - 1):
        total = total + 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return total


@dataclass(frozen=True)
class Logistic:
    """The loss of a logistic regression over data drawn at random, sample by sample."""

    samples: int
    features: int = 8

    def __call__(self, w: Sequence[Any]) -> Any:
        rng = np.random.default_rng(1)
        total = 0.0
        for x, label in zip(
            rng.normal(size=(self.samples, self.features)).tolist(), rng.random(self.samples).tolist(), strict=True
        ):
            z = w[self.features]
            for weight, feature in zip(w[: self.features], x, strict=True):
                z = z + weight * feature
            total = total + math.softplus(z) - label * z
        return total / self.samples


@dataclass(frozen=True)
class Paths:
    """The price of a call, averaged over paths in time steps, by rate, volatility, strike and the noise."""

    paths: int
    steps: int = 12

    def __call__(self, v: Sequence[Any]) -> Any:
        rate, volatility, strike = v[0], v[1], v[2]
        dt = 1.0 / self.steps
        total = 0.0
        for p in range(self.paths):
            x = 1.0
            for t in range(self.steps):
                x = x + rate * x * dt + volatility * x * dt**0.5 * v[3 + p * self.steps + t]
            total = total + math.relu(x - strike)
        return total / self.paths


@dataclass(frozen=True)
class Perceptron:
    """The squared error of a network of 2, 16, 16 and 1 neurons over points drawn at random, neuron by neuron."""

    points: int
    width: int = 16

    def parameters(self) -> int:
        """How many weights there are."""
        return 3 * self.width + (self.width + 1) * self.width + self.width + 1

    def __call__(self, p: Sequence[Any]) -> Any:
        rng = np.random.default_rng(2)
        total = 0.0
        for x, y in zip(rng.normal(size=(self.points, 2)).tolist(), rng.random(self.points).tolist(), strict=True):
            weights = iter(p)
            for width in (self.width, self.width, 1):
                sums = []
                for _ in range(width):
                    z = next(weights)
                    for value in x:
                        z = z + next(weights) * value
                    sums.append(z)
                x = [math.tanh(z) for z in sums]
            total = total + (x[0] - y) ** 2
        return total / self.points


def cases(size: int) -> list[tuple[str, Callable[[Any], Any], Any]]:
    """Title, function and argument."""
    rng = np.random.default_rng(0)
    logistic, paths, network = Logistic(size), Paths(size // 10), Perceptron(max(size // 20, 8))
    weights = rng.normal(size=logistic.features + 1)
    noise = rng.normal(size=paths.paths * paths.steps)
    return [
        (f"Rosenbrock in {size} dimensions", rosenbrock, rng.uniform(-1.5, 1.5, size)),
        (f"logistic regression, {size} samples of {logistic.features}", logistic, weights),
        (f"{paths.paths} paths of {paths.steps} steps", paths, np.concatenate([[0.05, 0.2, 1.0], noise])),
        (f"2-16-16-1 network, {network.points} points", network, rng.normal(size=network.parameters()) / 4.0),
    ]


def figures(size: int = 2000, budget: float = 0.2) -> None:
    """Print the least time of value and gradient, in lanes and without; both are the same but for rounding."""
    module: Any = machine.module
    if not hasattr(module, "lanes_from"):
        return  # the pure twin has one way
    print(f"\n{'value and gradient of one row':<46}{'in lanes':>12}{'without':>12}")
    for title, f, x in cases(size):
        ways = [partial(vargrad.compile(f, signature="(n)->()").value_and_grad, x) for _ in range(2)]
        found = [ways[0]()]
        before = module.lanes_from(0.0)
        try:
            found.append(ways[1]())
        finally:
            module.lanes_from(before)
        if not np.allclose(found[0][1], found[1][1], rtol=1e-11, atol=1e-13):
            raise ArithmeticError(f"{title}: in lanes the gradient is another")
        times = [measure.fastest(way, budget) for way in ways]
        print(f"{title:<46}" + "".join(f"{seconds(t):>12}" for t in times) + f"{times[1] / times[0]:>7.1f} x")
