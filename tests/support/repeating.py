"""Functions that repeat themselves, as people write them, and random programs that do."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

import vargrad
from replay import ARITY, NAMES, program
from vargrad import math as m
from vargrad._compile.paths import Output
from vargrad._vm.program import Program

Array = npt.NDArray[np.float64]


def rosenbrock(x: Any) -> Any:
    total = 0.0
    for i in range(len(x) - 1):
        total = total + 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return total


def logistic(samples: int, features: int, seed: int = 0) -> Callable[[Any], Any]:
    """The loss of a logistic regression over data that is in the program."""
    rng = np.random.default_rng(seed)
    data = rng.normal(size=(samples, features)).tolist()
    labels = (rng.random(samples) < 0.5).astype(float).tolist()

    def loss(w: Any) -> Any:
        total = 0.0
        for x, label in zip(data, labels, strict=True):
            z = w[features]
            for j in range(features):
                z = z + w[j] * x[j]
            total = total + m.softplus(z) - label * z
        return total / samples

    return loss


def network(samples: int, hidden: int, seed: int = 0) -> Callable[[Any], Any]:
    """The squared error of a small network, 2-hidden-1."""
    rng = np.random.default_rng(seed)
    data, targets = rng.normal(size=(samples, 2)).tolist(), rng.normal(size=samples).tolist()

    def loss(p: Any) -> Any:
        total = 0.0
        for (a, b), target in zip(data, targets, strict=True):
            out = p[4 * hidden]
            for h in range(hidden):
                out = out + p[3 * hidden + h] * m.tanh(p[2 * h] * a + p[2 * h + 1] * b + p[2 * hidden + h])
            total = total + (out - target) ** 2
        return total

    return loss


def paths(count: int, steps: int) -> Callable[[Any], Any]:
    """The mean pay-off over independent paths of a stochastic process; the noise follows three parameters."""

    def price(v: Any) -> Any:
        drift, volatility, strike = v[0], v[1], v[2]
        total = 0.0
        for p in range(count):
            x = 1.0
            for t in range(steps):
                x = x + drift * x * 0.01 + volatility * x * 0.1 * v[3 + p * steps + t]
            total = total + m.relu(x - strike)
        return total / count

    return price


def diffusion(cells: int, steps: int) -> Callable[[Any], Any]:
    """A rod that cools at both ends: the edges are unlike the rest, and more of it at each step."""

    def energy(u: Any) -> Any:
        u = list(u)
        for _ in range(steps):
            inner = [u[i] + 0.2 * (u[i - 1] - 2.0 * u[i] + u[i + 1]) for i in range(1, cells - 1)]
            u = [u[0] * 0.5, *inner, u[-1] * 0.25]
        return sum((x * x for x in u), 0.0)

    return energy


def layer(outputs: int, inputs: int) -> Callable[[Any], Any]:
    """One dense layer on one sample, all of it arguments."""

    def total(v: Any) -> Any:
        x, w = v[:inputs], v[inputs:]
        rows = [w[i * inputs : (i + 1) * inputs] for i in range(outputs)]
        return sum((m.tanh(m.dot(list(row), list(x))) for row in rows), 0.0)

    return total


def recurrence(v: Any) -> Any:
    """Nothing repeats: each step is one deeper."""
    x = v[0]
    for i in range(300):
        x = m.sin(x * v[1]) + v[i % 2] * x
    return x


def masked(v: Any) -> Any:
    """Selections, where some terms say nothing."""
    return sum((m.relu(a) * b + m.where(a < b, a, m.exp(b)) for a, b in pairwise(v)), 0.0)


FUNCTIONS: dict[str, tuple[Callable[[Any], Any], int, int]] = {  # what, how many arguments, operations in lanes
    **{f"rosenbrock {n}": (rosenbrock, n, 0) for n in (*range(8, 20), 25, 33, 40)},
    "rosenbrock 300": (rosenbrock, 300, 2500),
    "logistic 200x3": (logistic(200, 3), 4, 1500),
    "logistic 20x40": (logistic(20, 40), 41, 0),
    "network 60": (network(60, 5), 21, 3000),
    "paths 40x6": (paths(40, 6), 3 + 240, 2000),
    "paths 12x3": (paths(12, 3), 3 + 36, 0),
    "diffusion 100x5": (diffusion(100, 5), 100, 1000),
    "layer 40x30": (layer(40, 30), 30 + 1200, 0),
    "layer 30x40": (layer(30, 40), 40 + 1200, 2000),
    "masked 200": (masked, 200, 1000),
    "recurrence": (recurrence, 2, 0),
}


def recorded(f: Callable[[Any], Any], x: Array, what: str) -> Program:
    """The program that compile makes of a function of one vector."""
    compiled: Any = vargrad.compile(f, signature="(n)->()")
    compiled(x)
    (specialization,) = compiled._specializations.values()
    found: Program = specialization.paths[0].program(Output(what, () if what == "value" else (0,)))
    return found


SOME = ["add", "sub", "mul", "add", "mul", "sub", "truediv", "neg", "square", "sigmoid", "tanh", "select", "lt", "and"]


def at_random(rng: random.Random) -> SimpleNamespace:
    """A loop body at random, repeated: over inputs, data, results of the turn before, with sums, edges and other
    operations in between."""
    times, body = rng.choice([3, 8, 9, 17, 40, 100]), rng.randint(1, 8)
    n_inputs = rng.choice([1, 3, times, 2 * times + 3])
    data = [round(rng.gauss(0.0, 1.0), rng.choice([0, 1, 6])) for _ in range(rng.choice([2, 5, times]))]
    fixed = n_inputs + len(data)
    code: list[list[int]] = []
    kinds = [[rng.choice("isdpplnt") for _ in range(3)] for _ in range(body)]
    places = [[rng.randint(0, 5) for _ in range(3)] for _ in range(body)]
    names = [rng.choice(SOME) for _ in range(body)]
    sums = {k: rng.choice(["add", "sub", "and", "or"]) for k in range(body) if rng.random() < 0.4}
    total: dict[int, int] = {}
    made: list[int] = []

    def op(name: str, *operands: int) -> int:
        code.append([NAMES.index(name), fixed + len(code), *operands, *[0] * (3 - len(operands))])
        return fixed + len(code) - 1

    def operand(turn: int, k: int, kind: str, at: int, start: int) -> int:
        if kind == "d":
            return n_inputs + (turn + at) % len(data)
        if kind == "n" and made:
            return made[at % len(made)]
        if kind in "pl" and len(code) > start:
            return fixed + start + at % (len(code) - start)
        if kind == "t" and turn and made:
            return made[-1 - at % min(len(made), body)]
        return (turn + at if kind == "i" else at) % n_inputs

    for turn in range(times):
        start = len(code)
        if rng.random() < 0.03:  # something else for once
            made.append(op(rng.choice(["mul", "sub"]), *(rng.randrange(fixed + len(code)) for _ in range(2))))
        for k in range(body):
            name = names[k]
            made.append(op(name, *(operand(turn, k, kinds[k][q], places[k][q], start) for q in range(ARITY[name]))))
            if k in sums:
                total[k] = op(sums[k], total[k], made[-1]) if k in total else made[-1]
    backwards = rng.random() < 0.3
    results = made[::-1] if backwards else made
    outputs = [*total.values(), *results[:: rng.choice([1, body, 3])][: rng.choice([1, 300])]]
    return program(code, data, n_inputs, fixed + len(code), [*outputs, rng.randrange(fixed)])
