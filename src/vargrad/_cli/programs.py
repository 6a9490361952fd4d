"""The programs that the benchmarks measure: ordinary Python code, for floats and for either twin.

Every function takes its variables as a sequence, then the functions to use: Python's math or a twin's.
"""

from __future__ import annotations

import math as _math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from vargrad import reference
from vargrad._cli.backends import Twin
from vargrad._core import sweep_py

XOR = ((0.0, 0.0, 0.0), (0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.0))
CHAIN = (0.5, 0.9999, 0.0001)
OPTION = (100.0, 95.0, 1.0, 0.01, 0.2)  # price, strike, years, rate, volatility


def chain(leaves: Sequence[Any], n: int) -> Any:
    """2n operations, each needing the one before: x = x * a + b."""
    x, a, b = leaves
    for _ in range(n):
        x = x * a + b
    return x


def xor_loss(p: Sequence[Any]) -> Any:
    """The article's network and loss, written out: nine parameters in its order."""
    e = _math.e
    w00, w01, b0, w10, w11, b1, v0, v1, c = p
    loss = 0.0
    for x0, x1, y in XOR:
        h0 = 1 / (1 + e ** -(x0 * w00 + x1 * w01 + b0))
        h1 = 1 / (1 + e ** -(x0 * w10 + x1 * w11 + b1))
        out = 1 / (1 + e ** -(h0 * v0 + h1 * v1 + c))
        loss = loss + (out - y) ** 2
    return loss


def rosenbrock(x: Sequence[Any]) -> Any:
    """The banana valley in len(x) dimensions."""
    total = 0.0
    for a, b in pairwise(x):
        total = total + 100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2
    return total


def mlp_loss(p: Sequence[Any], math: Any, points: Sequence[tuple[float, float, float]]) -> Any:
    """Mean squared error of a 2-8-8-1 tanh network over points (x, y, target)."""
    total = 0.0
    for x, y, target in points:
        layer: list[Any] = [x, y]
        k = 0
        for n_out in (8, 8, 1):
            sums = []
            for _ in range(n_out):
                s = p[k]
                for value in layer:
                    k += 1
                    s = s + p[k] * value
                sums.append(s)
                k += 1
            layer = [math.tanh(s) for s in sums]
        total = total + (layer[0] - target) ** 2
    return total / len(points)


def black_scholes(leaves: Sequence[Any], math: Any) -> Any:
    """Price of a European call (F. Black and M. Scholes, 1973)."""
    price, strike, years, rate, volatility = leaves
    spread = volatility * math.sqrt(years)
    d1 = (math.log(price / strike) + (rate + 0.5 * volatility * volatility) * years) / spread
    d2 = d1 - spread
    below = 0.5 * (1.0 + math.erf(d1 / _math.sqrt(2.0)))
    return price * below - strike * math.exp(-rate * years) * (0.5 * (1.0 + math.erf(d2 / _math.sqrt(2.0))))


def uniform(n: int, low: float, high: float, seed: int = 0) -> list[float]:
    """n floats of [low, high), the same on every machine."""
    draw = random.Random(seed).random
    return [low + (high - low) * draw() for _ in range(n)]


def ring(n: int) -> list[tuple[float, float, float]]:
    """n points of a square, target 1 inside the unit circle and -1 outside."""
    xs = uniform(2 * n, -1.2, 1.2, seed=1)
    return [(x, y, 1.0 if x * x + y * y < 1.0 else -1.0) for x, y in zip(xs[::2], xs[1::2], strict=True)]


def train_xor(leaves: Sequence[Any], steps: int, lr: float = 1.0) -> None:
    """The article's loop: forward, backward, then each parameter a step down."""
    for _ in range(steps):
        loss = xor_loss(leaves)
        loss.backward()
        for p in leaves:
            p.value -= lr * p.grad
            p.grad = 0


@dataclass(frozen=True)
class Program:
    """A function of some Vars to be differentiated; or, with ``steps``, the XOR network trained for so many."""

    title: str
    function: Callable[[Sequence[Any], Any], Any]
    inputs: Sequence[float]
    steps: int = 0

    def run(self, twin: Twin) -> list[float]:
        """All numbers that come out, on that twin: values and derivatives."""
        leaves = [twin.Var(x, requires_grad=True) for x in self.inputs]
        if self.steps:
            train_xor(leaves, self.steps)
        result = self.function(leaves, twin.math)
        result.backward()
        return [result.value, *(p.value for p in leaves), *(p.grad for p in leaves)]

    def nodes(self) -> int:
        """How many operations the graphs of one run hold."""
        leaves = [reference.Var(x, requires_grad=True) for x in self.inputs]
        graph = sweep_py.order(self.function(leaves, reference.math))
        return sum(v.prev_op is not None for v in graph) * (self.steps + 1)


def programs() -> list[Program]:
    """What ``compare`` runs."""
    points = ring(25)
    return [
        Program("chain of 20,000 operations", lambda x, m: chain(x, 10_000), CHAIN),
        Program("XOR training, 300 steps", lambda x, m: xor_loss(x), uniform(9, 0, 1), steps=300),
        Program("Rosenbrock, 100 dimensions", lambda x, m: rosenbrock(x), uniform(100, -1.5, 1.5)),
        Program("2-8-8-1 tanh network, 25 points", lambda x, m: mlp_loss(x, m, points), uniform(105, -1, 1)),
        Program("Black-Scholes, price and greeks", black_scholes, OPTION),
    ]
