"""What the first call of a compiled function's gradient costs: microseconds a recorded node, and whether it is linear.

``python benchmarks/recording.py`` leaves with status 1 if a bound is missed or a gradient is wrong; ``--smoke`` only
checks results, on tiny sizes. A node is an operation that the function did on Vars, or a comparison it branched on.
The first call runs the function on Vars, makes expressions of what it did, derives them, writes the program, fits
the machine to it, and runs one row. Time is this process's own on the processor, the least of seven first calls.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Sequence
from time import process_time
from typing import Any

import numpy

import vargrad
from vargrad import math
from vargrad._cli.programs import rosenbrock

MOST, STEEPEST = 2.0, 2.0  # microseconds a node; and cost a node of many nodes over that of few
FEW, MANY = 10_000, 100_000


def chain(x: Any, steps: int) -> Any:
    """One operation after the other."""
    y = x[0]
    for _ in range(steps):
        y = y * x[1] + x[2]
    return y


def options(x: Any, steps: int) -> Any:
    """A portfolio of calls by Black and Scholes (1973), at as many strikes."""
    spot, rate, sigma, time = x
    root = sigma * time**0.5
    total = 0.0
    for i in range(steps):
        strike = 80.0 + 40.0 * i / steps
        d1 = (math.log(spot / strike) + (rate + sigma**2 / 2) * time) / root
        cash = strike * math.exp(-rate * time) * (1 + math.erf((d1 - root) / 2**0.5))
        total = total + 0.5 * (spot * (1 + math.erf(d1 / 2**0.5)) - cash)
    return total


def branches(x: Any, steps: int) -> Any:
    """A branch and a maximum a step."""
    level, other = x
    for i in range(steps):
        level = level * 0.5 + other if level > other else level + other * 0.3 - 0.01 * (i % 7)
        level = math.maximum(level, other * 0.1)
    return level


def banana(x: Any, _: int) -> Any:
    """Rosenbrock's function, of as many dimensions as there are numbers."""
    return rosenbrock(x)


PROGRAMS: list[tuple[str, Callable[[Any, int], Any], Callable[[int], Sequence[float]], int, int]] = [
    # title, function, point, nodes a step, guards a step
    ("chain", chain, lambda _: (0.5, 0.999, 0.001), 2, 0),
    ("Rosenbrock", banana, lambda steps: numpy.linspace(-1.5, 1.5, steps + 1).tolist(), 8, 0),
    ("Black-Scholes", options, lambda _: (100.0, 0.01, 0.2, 1.0), 24, 0),
    ("branches", branches, lambda _: (0.5, 0.25), 4, 1),
]


def count(root: Any) -> int:
    """How many operations there are under a Var."""
    seen, stack = {root}, [root]
    while stack:
        for v in stack.pop().parents:
            if v.prev_op is not None and v not in seen:
                seen.add(v)
                stack.append(v)
    return len(seen)


def first_call(function: Callable[[Any, int], Any], point: Sequence[float], steps: int) -> tuple[float, Any]:
    """Seconds of the first call of the gradient, and the gradient."""
    compiled = vargrad.compile(lambda x: function(x, steps), signature="(n)->()")
    x = numpy.array(point)
    gc.collect()
    start = process_time()
    gradient = compiled.grad(x)
    return process_time() - start, gradient


def measured(program: tuple[Any, ...], nodes: int, repeats: int) -> tuple[float, int]:
    """Least microseconds a node, and how many nodes there are; the gradient is checked against eager Vars'."""
    title, function, point_of, a_step, guards = program
    steps = nodes // (a_step + guards)
    point = point_of(steps)
    leaves = [vargrad.Var(x, requires_grad=True) for x in point]
    root = function(leaves, steps)
    root.backward()
    expected = numpy.array([v.grad for v in leaves])
    total = count(root) + guards * steps
    least = float("inf")
    for _ in range(repeats):
        seconds, found = first_call(function, point, steps)
        least = min(least, seconds)
        if not numpy.allclose(found, expected, rtol=1e-9, atol=1e-12 * numpy.abs(expected).max()):
            raise ArithmeticError(f"{title}: the compiled gradient is {found[:4]}, expected {expected[:4]}")
    return least / total * 1e6, total


def main() -> int:
    """See the module's docstring."""
    smoke = "--smoke" in sys.argv[1:]
    few, many, repeats = (200, 2000, 1) if smoke else (FEW, MANY, 7)
    held = True
    print(f"{'first call of grad':<20}{'us a node':>12}{'us a node':>12}{'ratio':>8}")
    for program in PROGRAMS:
        (cost, nodes), (steep, more) = measured(program, few, repeats), measured(program, many, repeats)
        good = smoke or (max(cost, steep) <= MOST and steep / cost <= STEEPEST)
        held = held and good
        verdict = "" if smoke else "ok" if good else "MISSED"
        figures = f"{cost:>12.3f}{steep:>12.3f}{steep / cost:>8.2f}"
        print(f"{program[0]:<20}{figures}  {nodes:,} and {more:,} nodes  {verdict}".rstrip())
    print(f"\nAll gradients are right{'.' if held else ', but a bound is missed.'}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
