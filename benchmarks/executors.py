"""The same work by each engine, and by each executor of a compiled program: why there are several.

``python benchmarks/executors.py`` prints the least times and judges none of them; ``--smoke`` measures tiny sizes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy

import lanes
import vargrad
from vargrad import NN, math
from vargrad._cli import measure
from vargrad._cli.programs import OPTION, XOR, black_scholes, train_xor, uniform, xor_loss
from vargrad._cli.text import seconds
from vargrad._vm import machine


def training(steps: int) -> list[tuple[str, Callable[[], Any], int]]:
    """Descent on the tutorial's XOR network: a title, the training, its steps."""
    start = uniform(9, 0, 1)
    leaves = [vargrad.Var(x, requires_grad=True) for x in start]
    compiled = vargrad.compile(lambda *p: xor_loss(p))

    def by_machine() -> None:
        p = numpy.array(start)
        for _ in range(steps):
            p -= compiled.grad(*p.tolist())

    model = NN([2, 2, 1], seed=0)
    fit = partial(model.fit, numpy.array(XOR), loss="sse", lr=1, epochs=50 * steps)
    return [
        ("a step of XOR on the tape", partial(train_xor, leaves, steps), steps),
        ("a step of XOR on the machine", by_machine, steps),
        ("a step of XOR in the dense engine", fit, 50 * steps),
    ]


def options(rows: int) -> list[tuple[str, Callable[[], Any], int]]:
    """Black and Scholes' price and its five derivatives."""
    priced = vargrad.compile(lambda *leaves: black_scholes(leaves, math))
    batch = [numpy.linspace(0.9 * x, 1.1 * x, rows) for x in OPTION]
    alone = [numpy.array([x]) for x in OPTION]
    leaves = [vargrad.Var(x, requires_grad=True) for x in OPTION]
    return [
        ("an option on the tape", lambda: black_scholes(leaves, math).backward(), 1),
        ("an option, batch of many", partial(priced.value_and_grad, *batch), rows),
        ("an option, batch of one row", partial(priced.value_and_grad, *alone), 1),
        ("an option, scheduled row", partial(priced.value_and_grad, *OPTION), 1),
    ]


def repeated(n: int) -> list[tuple[str, Callable[[], Any], int]]:
    """The gradient of Rosenbrock's function in n dimensions; without lanes it is a long row."""
    x = numpy.linspace(-1.5, 1.5, n)
    found = vargrad.compile(lanes.rosenbrock, signature="(n)->()")
    plain = vargrad.compile(lanes.rosenbrock, signature="(n)->()")
    module: Any = machine.module
    before = module.lanes_from(0.0)
    try:
        plain.grad(x)
    finally:
        module.lanes_from(before)
    leaves = [vargrad.Var(v, requires_grad=True) for v in x.tolist()]
    return [
        (f"Rosenbrock, n = {n:,}, on the tape", lambda: lanes.rosenbrock(leaves).backward(), 1),
        (f"Rosenbrock, n = {n:,}, long row", partial(plain.grad, x), 1),
        (f"Rosenbrock, n = {n:,}, rerolled row", partial(found.grad, x), 1),
    ]


def main(arguments: Sequence[str]) -> int:
    """See the module's docstring."""
    smoke = "--smoke" in arguments
    if vargrad.backend != "compiled":
        print("Only the compiled core has several executors.")
        return 0
    steps, rows, n = (2, 1000, 50) if smoke else (200, 100_000, 2000)
    for title, run, times in (*training(steps), *options(rows), *repeated(n)):
        print(f"{title:<40}{seconds(measure.fastest(run, 0.0 if smoke else 0.5) / times):>12}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
