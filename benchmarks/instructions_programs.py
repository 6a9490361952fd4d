"""The programs of instructions.py, and the process that runs them under callgrind.

callgrind is told to forget its counts at each call of ``getsid`` and to write them down at each call of ``getpgrp``:
two functions of the system that nothing here calls otherwise, and that Python's ``os`` has. So the import of NumPy,
the preparations and the first rounds, in which Python adapts its bytecode, are not part of any figure.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

Loop: TypeAlias = Callable[[int], object]
IMPORT = "import vargrad"  # once in a process: it is not one of PROGRAMS
BEFORE, AFTER = "getsid", "getpgrp"


@dataclass(frozen=True)
class Program:
    """What is repeated, how often it is counted, and whether NumPy does part of the work."""

    prepare: Callable[[], Loop]  # returns what repeats the work n times
    times: int
    numpy: bool = False


def repeated(unit: Callable[[], object]) -> Loop:
    """The unit, n times."""

    def loop(n: int) -> None:
        for _ in range(n):
            unit()

    return loop


def leaf() -> Loop:
    """Make a leaf and drop it."""
    from vargrad import Var

    return repeated(lambda: Var(1.0, requires_grad=True))


def product() -> Loop:
    """One operation on two leaves."""
    from vargrad import Var

    x, y = Var(2.0, requires_grad=True), Var(3.0, requires_grad=True)
    return repeated(lambda: x * y)


def special() -> Loop:
    """A function of the math module, and a power: both compute in C."""
    from vargrad import Var, math

    x = Var(0.75, requires_grad=True)
    return repeated(lambda: math.exp(x) + math.log(x) + x**3)


def backward() -> Loop:
    """A chain of 200 operations, its derivative, and its end."""
    from vargrad import Var

    x = Var(0.5, requires_grad=True)

    def unit() -> None:
        z: Any = x
        for _ in range(100):
            z = z * x + 0.5
        z.backward()

    return repeated(unit)


def xor() -> Loop:
    """A step of gradient descent on the tutorial's network."""
    from vargrad import NN

    model = NN([2, 2, 1], seed=0)
    rows = (((0.0, 0.0), 0.0), ((0.0, 1.0), 1.0), ((1.0, 0.0), 1.0), ((1.0, 1.0), 0.0))

    def unit() -> None:
        loss: Any = 0.0
        for x, y in rows:
            loss = loss + (model(*x) - y) ** 2
        loss.backward()
        for parameter in model.parameters:
            parameter.value -= 0.1 * parameter.grad
            parameter.grad = 0.0

    return repeated(unit)


def curve(x: Any, y: Any) -> Any:
    """A function of two numbers, with a branch."""
    from vargrad import math

    z = math.sin(x) * y if x > 0 else x + y
    return z * z + math.exp(-y)


def one_row() -> Loop:
    """A compiled call with two numbers."""
    import vargrad

    f = vargrad.compile(curve)
    return repeated(lambda: f(0.5, 1.5))


def one_row_gradient() -> Loop:
    """The same with its gradient."""
    import vargrad

    f = vargrad.compile(curve).value_and_grad
    return repeated(lambda: f(0.5, 1.5))


def batch() -> Loop:
    """Values and gradients of 20,000 rows; one of three takes the other branch."""
    import vargrad

    f = vargrad.compile(curve)
    x, y = np.linspace(-1.0, 2.0, 20_000), np.linspace(0.5, 1.5, 20_000)
    return repeated(lambda: f.value_and_grad(x, y))


def first_call() -> Loop:
    """Record a function of 40 arguments, differentiate it, and run it once."""
    import vargrad

    start = [0.5 + i / 100 for i in range(40)]

    def rosenbrock(*x: Any) -> Any:
        return sum(100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(len(x) - 1))

    return repeated(lambda: vargrad.compile(rosenbrock).value_and_grad(*start))


def transform() -> Loop:
    """grad() of an ordinary function, which is recorded anew at each call."""
    import vargrad

    slope = vargrad.grad(curve)
    return repeated(lambda: slope(0.5, 1.5))


def optimiser() -> Loop:
    """A step of Adam on 100 parameters."""
    from vargrad import Var
    from vargrad.optim import Adam

    parameters = [Var(i / 100, requires_grad=True) for i in range(100)]
    step = Adam(parameters, lr=0.001)

    def unit() -> None:
        for parameter in parameters:
            parameter.grad = 1.0
        step.step()

    return repeated(unit)


def fit() -> Loop:
    """20 epochs of 256 rows through a network of two hidden layers."""
    from vargrad import NN

    rng = np.random.default_rng(0)
    x = rng.uniform(-1.0, 1.0, (256, 2))
    y = (x[:, 0] * x[:, 1] > 0).astype(float)
    return repeated(lambda: NN([2, 16, 16, 1], seed=0).fit(x, y, epochs=20, lr=0.1, batch_size=32))


PROGRAMS: dict[str, Program] = {
    "a leaf": Program(leaf, 2_000),
    "x * y": Program(product, 2_000),
    "exp, log and a power": Program(special, 1_000),
    "200 operations and backward": Program(backward, 20),
    "a step of the tutorial's XOR": Program(xor, 50),
    "compiled, one row": Program(one_row, 2_000),
    "compiled, one row, gradient": Program(one_row_gradient, 2_000),
    "compiled, 20,000 rows, gradients": Program(batch, 2, numpy=True),
    "compile and first call": Program(first_call, 2, numpy=True),
    "grad() of a function": Program(transform, 200),
    "a step of Adam, 100 parameters": Program(optimiser, 20),
    "fit, 20 epochs": Program(fit, 1, numpy=True),
}
NAMES = (IMPORT, *PROGRAMS)  # in the order in which they are counted


def counted(work: Callable[[], object]) -> None:
    """Do it, with callgrind's counts cleared before and written down after."""
    gc.collect()
    gc.disable()  # when it would run depends on all that was made before
    os.getsid(0)
    work()
    os.getpgrp()
    gc.enable()


def surroundings() -> dict[str, str]:
    """What the counts depend on besides vargrad's sources."""
    from vargrad._core import var
    from vargrad._vm import machine

    made = Path(var.module.__file__ or "").read_bytes()
    cython = re.search(rb"_cython_(\d+)_(\d+)_(\d+)", made)
    compiler = re.search(rb"(?:GCC: \(|clang version )[^\0]+", made)  # a compiler leaves its name in what it made
    return {
        "python": sys.version,
        "compiler": compiler[0].decode() if compiler else "unknown",
        "cython": b".".join(cython.groups()).decode() if cython else "unknown",
        "system": f"{platform.machine()}, {' '.join(platform.libc_ver())}",
        "instructions": getattr(machine.module, "instruction_set", lambda: "NumPy's")(),
        "numpy": np.__version__,
    }


def main() -> None:
    """Run all of them, and print what else the counts depend on."""
    time.perf_counter = lambda: 0.0  # fit asks it how many epochs to do at once
    counted(lambda: __import__("vargrad"))
    for program in PROGRAMS.values():
        loop = program.prepare()
        loop(max(3, program.times // 10))
        counted(lambda n=program.times, loop=loop: loop(n))  # type: ignore[misc]
    print(json.dumps(surroundings()))


if __name__ == "__main__":
    main()
