"""Time and memory of the graph against plain Python floats that do the same arithmetic.

``python benchmarks/run.py`` prints a table of figures and their bounds, and leaves with status 1 if one is missed or
a result is wrong. ``--smoke`` only checks results, on tiny sizes. See benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import gc
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import Any

import captured
import expected
import lanes
import neuron
from vargrad._cli import article, backends, bench, measure
from vargrad._cli.programs import CHAIN, XOR, chain, rosenbrock, train_xor, uniform, xor_loss
from vargrad._cli.text import seconds


@dataclass(frozen=True)
class Sizes:
    """How much is measured: nodes, steps and repeats."""

    nodes: int = 100_000
    many: int = 5_000_000
    repeated: int = 90_000
    memory: int = 1_000_000
    steps: int = 2000
    repeats: int = 20


SIZES = {
    "compiled": Sizes(),
    "python": Sizes(nodes=20_000, many=400_000, repeated=10_000, memory=100_000, steps=200),
    "smoke": Sizes(nodes=1000, many=5000, repeated=1000, memory=20_000, steps=20, repeats=2),
}


class Wrong(ArithmeticError):
    """A result is not what the derivation by hand says."""


def check(what: str, found: Sequence[float], wanted: Sequence[float]) -> None:
    """Raise Wrong unless both agree."""
    if not expected.agree(found, wanted):
        raise Wrong(f"{what}: found {list(found)[:4]}, expected {list(wanted)[:4]}")


def check_results(var: Any, sizes: Sizes) -> None:
    """Every program that is timed below, once, against its derivation by hand."""
    leaves = [var(x, requires_grad=True) for x in CHAIN]
    y = chain(leaves, sizes.nodes // 2)
    y.backward()
    check("chain", [y.value, *(v.grad for v in leaves)], expected.chain(CHAIN, sizes.nodes // 2))
    start = uniform(9, 0, 1)
    leaves = [var(x, requires_grad=True) for x in start]
    train_xor(leaves, sizes.steps)
    check("XOR training", [v.value for v in leaves], expected.xor(start, sizes.steps))
    model = article.XorNN([var(x, requires_grad=True) for x in start])
    model.train(XOR, sizes.steps)
    check("XOR training, the article's class", [v.value for v in model.parameters], expected.xor(start, sizes.steps))
    point = uniform(sizes.repeated // 8, -1.5, 1.5)
    leaves = [var(x, requires_grad=True) for x in point]
    rosenbrock(leaves).backward()
    check("Rosenbrock", [v.grad for v in leaves], expected.rosenbrock(point))


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds and the result."""
    start = perf_counter()
    result = run()
    return perf_counter() - start, result


def phases(var: Any, nodes: int, repeats: int) -> tuple[float, float, float, float]:
    """Least seconds of floats doing the arithmetic of a chain, then of building, backward and freeing its graph."""
    least = [float("inf")] * 4
    for _ in range(repeats):
        leaves = [var(x, requires_grad=True) for x in CHAIN]
        gc.collect()
        floats, _ = timed(lambda: chain(CHAIN, nodes // 2))
        build, y = timed(partial(chain, leaves, nodes // 2))
        backward, _ = timed(y.backward)
        start = perf_counter()
        del y
        free = perf_counter() - start
        least = [min(pair) for pair in zip(least, (floats, build, backward, free), strict=True)]
    return least[0], least[1], least[2], least[3]


def xor_written_out(var: Any, steps: int, repeats: int) -> tuple[float, float]:
    """Least seconds of training, and of as many forward passes over floats, with the network as one function."""
    training = forward = float("inf")
    start = uniform(9, 0, 1)
    for _ in range(repeats):
        leaves = [var(x, requires_grad=True) for x in start]
        gc.collect()
        training = min(training, timed(partial(train_xor, leaves, steps))[0])
        forward = min(forward, timed(lambda: [xor_loss(start) for _ in range(steps)])[0])
    return training, forward


def xor_class(var: Any, steps: int, repeats: int) -> tuple[float, float]:
    """The same with the article's class."""
    training = forward = float("inf")
    start = uniform(9, 0, 1)
    floats = article.XorNN(start)
    for _ in range(repeats):
        model = article.XorNN([var(x, requires_grad=True) for x in start])
        gc.collect()
        training = min(training, timed(partial(model.train, XOR, steps))[0])
        forward = min(forward, timed(lambda: [floats.calculate_loss(XOR) for _ in range(steps)])[0])
    return training, forward


def third_and_fortieth(var: Any, nodes: int, sequences: int) -> tuple[float, float]:
    """Least seconds, over some sequences, of the 3rd and of the 40th build, backward and free of one graph."""
    point = uniform(nodes // 8 + 1, -1.5, 1.5)
    third = fortieth = float("inf")
    leaves = [var(x, requires_grad=True) for x in point]
    for _ in range(sequences):
        times = []
        for _ in range(40):
            gc.collect()
            times.append(timed(lambda: rosenbrock(leaves).backward())[0])
        third, fortieth = min(third, times[2]), min(fortieth, times[39])
    return third, fortieth


def table(twin: backends.Twin, sizes: Sizes, bounded: bool) -> bool:
    """Measure and print; return whether all bounds are held."""
    var = twin.Var
    per_node = measure.bytes_per_node(var, sizes.memory)  # first: memory freed before would hide growth
    third, fortieth = third_and_fortieth(var, sizes.repeated, max(1, sizes.repeats // 2))
    floats, build, backward, free = phases(var, sizes.nodes, sizes.repeats)
    trainings = {
        "the article's class": xor_class(var, sizes.steps, sizes.repeats),
        "written out": xor_written_out(var, sizes.steps, sizes.repeats),
    }
    many = sum(phases(var, sizes.many, sizes.repeats)[1:]) / sizes.many
    few = (build + backward + free) / sizes.nodes
    n, ns = sizes.nodes, 1e9
    rows: list[tuple[str, float | None, float, str]] = [
        ("building / floats", build / floats, 2.0, f"{build / n * ns:.1f} and {floats / n * ns:.1f} ns an operation"),
        ("backward / floats", backward / floats, 0.35, f"{backward / n * ns:.1f} ns an operation"),
        ("freeing / floats", free / floats, 0.05, f"{free / n * ns:.2f} ns an operation"),
        *(
            (
                f"XOR training / float passes, {form}",
                training / forward,
                1.9,
                f"{seconds(training)} and {seconds(forward)} for {sizes.steps:,} steps",
            )
            for form, (training, forward) in trainings.items()
        ),
        ("bytes a node", per_node, 64.0, f"{sizes.memory:,} nodes"),
        (
            f"cost a node, {sizes.many:,} / {n:,} nodes",
            many / few,
            3.0,
            f"{many * ns:.1f} and {few * ns:.1f} ns a node",
        ),
        (
            f"40th / 3rd repeat of {sizes.repeated:,} nodes",
            fortieth / third,
            1.1,
            f"{seconds(fortieth)} and {seconds(third)}",
        ),
    ]
    print(f"{'figure':<49}{'measured':>9}{'bound':>7}  {'':<8}from")
    held = True
    for name, figure, bound, source in rows:
        if figure is None:
            print(f"{name:<49}{'-':>9}{bound:>7g}  {'':<8}this system does not tell it without help")
            continue
        verdict = "" if not bounded else "ok" if figure <= bound else "MISSED"
        held = held and verdict != "MISSED"
        print(f"{name:<49}{figure:>9.3f}{bound if bounded else '-':>7}  {verdict:<8}{source}")
    return held


def beside_the_article(repeats: int) -> None:
    """The same programs on both twins and on the article's own class."""
    print(f"\n{'least time':<40}" + "".join(f"{name:>21}" for name, _ in bench.kinds()))
    for title, times in bench.rows(least=max(3, repeats // 4)):
        print(f"{title:<40}" + "".join(f"{seconds(t):>12} {t / times[0]:>6.0f} x" for t in times))


def main() -> int:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("--backend", choices=("compiled", "python"), help="default: the active one")
    parser.add_argument("--repeats", type=int, help="of each measurement, of which the least counts (default: 20)")
    parser.add_argument("--smoke", action="store_true", help="tiny sizes: check results, judge no time")
    options = parser.parse_args()
    if options.repeats is not None and options.repeats < 1:
        parser.error(f"argument --repeats: {options.repeats} is no number of repeats: give 1 or more")
    try:
        twin = backends.find(options.backend)
        sizes = SIZES["smoke" if options.smoke else twin.name]
        if options.repeats:
            sizes = replace(sizes, repeats=options.repeats)
        print(f"vargrad's {twin.title}, {platform.python_implementation()} {platform.python_version()}\n")
        check_results(twin.Var, sizes)
        held = table(twin, sizes, bounded=twin.name == "compiled" and not options.smoke)
        if twin.name == "compiled" and not options.smoke:
            beside_the_article(sizes.repeats)
        neuron.figures(twin.Var, *(((2, 3), 0.0) if options.smoke else ()))
        if twin.name == "compiled":
            lanes.figures(*((100, 0.0) if options.smoke else ()))
            captured.figures(*((0.0,) if options.smoke else ()))
    except (backends.Missing, ArithmeticError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    print("\nAll results are right" + ("." if options.smoke or held else ", but a bound is missed."))
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
