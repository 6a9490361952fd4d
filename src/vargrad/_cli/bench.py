"""``bench``: the table of the README, on this machine: the same programs on both twins and on the tutorial's class."""

from __future__ import annotations

import gc
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from vargrad._cli import article, backends, measure, terminal
from vargrad._cli.programs import CHAIN, XOR, chain, rosenbrock, uniform
from vargrad._cli.text import seconds

PROGRAMS: list[tuple[str, Callable[[Any], Any], list[float]]] = [
    ("XOR training, 2000 steps", lambda x: article.XorNN(x).train(XOR, 2000), uniform(9, 0, 1)),
    ("chain of 400 operations, derivative", lambda x: chain(x, 200).backward(), list(CHAIN)),
    ("Rosenbrock in 40 dimensions, gradient", lambda x: rosenbrock(x).backward(), uniform(40, -1.5, 1.5)),
]
BUDGET = 0.2  # seconds of repeats of one program on one kind, of which the least counts
LEAST = 2


def kinds() -> list[tuple[str, Any]]:
    """The classes that run each program, by their names in the table; without a compiled core there are two."""
    found = [("in pure Python", backends.find("python").Var), ("tutorial's class", article.Var)]
    try:
        return [("vargrad", backends.find("compiled").Var), *found]
    except backends.Missing:
        return found


def rows(budget: float = BUDGET, least: int = LEAST) -> Iterator[tuple[str, list[float]]]:
    """Each program's title and its least seconds on each kind."""
    for title, run, inputs in PROGRAMS:
        times = []
        for _, kind in kinds():
            make = partial(fresh, run, kind, inputs)
            gc.collect()
            times.append(measure.fastest(make, budget=budget, least=least))
        yield title, times


def fresh(run: Callable[[Any], Any], kind: Any, inputs: Sequence[float]) -> None:
    """Run the program on new leaves."""
    run([kind(x, requires_grad=True) for x in inputs])


def show(as_json: bool = False) -> int:
    """Print the table, or JSON with seconds."""
    names = [name for name, _ in kinds()]
    if as_json:
        found = {title: dict(zip(names, times, strict=True)) for title, times in rows()}
        print(terminal.as_json({"python": platform.python_version(), "seconds": found}))
        return 0
    system = (
        f"{platform.python_implementation()} {platform.python_version()}, {platform.machine() or 'unknown machine'}"
    )
    terminal.say(terminal.wrapped(f"Least seconds of a few runs, and how many times those of {names[0]}. {system}."))
    if len(names) == 2:
        terminal.say(terminal.wrapped(f"The compiled core is not measured: {backends.why()}."))
    sys.stdout.flush()
    narrow = terminal.width() < 46 + 17 * (len(names) - 1)
    if not narrow:
        terminal.say(f"\n{'':<37}" + "".join(f"{name:>{9 if not k else 17}}" for k, name in enumerate(names)))
    for title, times in rows():
        cells = [seconds(t) + ("" if not k else f" {t / times[0]:>5.3g} x") for k, t in enumerate(times)]
        if narrow:
            terminal.say(f"\n{title}")
            for name, cell in zip(names, cells, strict=True):
                terminal.say(f"  {name:<20}{cell}")
        else:
            terminal.say(f"{title:<37}" + "".join(f"{cell:>{9 if not k else 17}}" for k, cell in enumerate(cells)))
        sys.stdout.flush()
    return 0
