"""``and`` and ``xor``: the article's networks learn, then both twins run that very program against the clock."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from time import perf_counter
from typing import Any

from vargrad._cli import backends, pictures, terminal, text
from vargrad.nn import NN

GATES: dict[str, tuple[list[int], list[list[int]]]] = {
    "and": ([2, 1], [[0, 0, 0], [0, 1, 0], [1, 0, 0], [1, 1, 1]]),
    "xor": ([2, 2, 1], [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]),
}
SIGNS = {"and": "&", "xor": "^"}
METHODS = {"backprop": "backpropagation", "finite-difference": "finite difference"}
EPS = 1e-4  # the article's h
SURE = 1 / 3  # an answer nearer than this to its bit is learned; nearer to a half is a guess
PATIENCE = 4.0  # seconds that the slower twin may take in the race


def show(options: argparse.Namespace) -> int:
    """Print what happens; return 1 if it has not learned, or the twins' numbers differ.

    Raises Missing if a twin asked for is not there.
    """
    arch, data = GATES[options.command]
    twin = backends.find(options.backend)
    pictures.check(options.plot, options.html)  # before the training, not after it
    model = NN(arch, seed=options.seed, var=twin.Var)
    if options.html:
        pictures.stepper(model, data, options.lr, options.html)
    losses: list[float] = []
    course = noted(train(model, data, options.lr, options.method), losses)
    if options.json:
        return as_json(model, data, course, losses, options, twin.name)
    gate, method = options.command.upper(), METHODS[options.method]
    steps = f"{options.steps} step{'s' if options.steps > 1 else ''}"
    print(terminal.wrapped(f"{gate} with the tutorial's network {model!r}"))
    print(terminal.wrapped(f"{steps} by {method}, lr {options.lr:g}, seed {options.seed}, on the {twin.title}") + "\n")
    took = watch(course, options.steps)
    learned = table(model, data, SIGNS[options.command])
    if options.plot is not None:
        pictures.show(model, data, losses, options.plot)
    if options.html:
        told = f"{options.html}: the first step of this training, to walk through in a browser"
        terminal.say(terminal.wrapped(told) + "\n")
    if learned:
        print(terminal.wrapped(f"Learned: all four answers are right. {steps} took {text.seconds(took)}.") + "\n")
    else:
        told = (
            f"Not learned: after {steps} ({text.seconds(took)}) some answers are wrong or hardly better than a guess."
        )
        print(
            terminal.wrapped(f"{told} Not every start leads there: try another --seed, another --lr, or more --steps.")
        )
        print()
    same = race(arch, data, options) == 0
    return 0 if learned and same else 1


def noted(losses: Iterator[float], into: list[float]) -> Iterator[float]:
    """The same losses, each also put into a list."""
    for loss in losses:
        into.append(loss)
        yield loss


def as_json(
    model: NN,
    data: Sequence[Sequence[float]],
    course: Iterator[float],
    losses: list[float],
    options: argparse.Namespace,
    backend: str,
) -> int:
    """Train in silence and print all that came of it as JSON."""
    start = perf_counter()
    for _ in islice(course, options.steps):
        pass
    took = perf_counter() - start
    answers = [model(p, q).value for p, q, _ in data]
    learned = all(abs(answer - bit) < SURE for answer, (_, _, bit) in zip(answers, data, strict=True))
    found = {
        **{name: getattr(options, name) for name in ("method", "steps", "lr", "seed")},
        "gate": options.command,
        "backend": backend,
        "learned": learned,
        "seconds": took,
        "answers": [
            {"inputs": [p, q], "target": bit, "answer": a} for (p, q, bit), a in zip(data, answers, strict=True)
        ],
        "parameters": [p.value for p in model.parameters],
        "losses": losses,
    }
    print(terminal.as_json(found))
    return 0 if learned else 1


def train(model: NN, data: Sequence[Sequence[float]], lr: float, method: str) -> Iterator[float]:
    """The article's loop without end: take a step, hand out the loss it started from."""
    parameters = model.parameters
    while True:
        if method == "backprop":
            loss = model.calculate_loss(data)
            loss.backward()
            for p in parameters:
                p.value -= lr * p.grad
                p.grad = 0
            yield loss.value
        else:
            current, derivatives = finite_difference(model, data)
            for p, derivative in zip(parameters, derivatives, strict=True):
                p.value -= lr * derivative
            yield current


def finite_difference(model: NN, data: Sequence[Sequence[float]]) -> tuple[float, list[float]]:
    """The loss, and by how much it changes when each parameter in turn is changed a little bit."""
    derivatives = []
    current = model.calculate_loss(data).value
    for p in model.parameters:
        saved = p.value
        p.value = saved + EPS
        derivatives.append((model.calculate_loss(data).value - current) / EPS)
        p.value = saved
    return current, derivatives


def watch(losses: Iterator[float], steps: int) -> float:
    """Run the steps, showing the loss: a line now and then, and a bar where there is a terminal. Returns seconds."""
    milestones = {1, steps, *(steps * i // 8 for i in range(1, 8))} - {0}
    width = len(str(steps))
    chunk = max(1, steps // 200)
    took, done, first = 0.0, 0, math.nan
    with progress(steps) as bar:
        for stop in sorted(milestones | set(range(chunk, steps, chunk))):
            start = perf_counter()
            *_, loss = islice(losses, stop - done)
            took += perf_counter() - start
            first = loss if done == 0 else first
            bar.set_postfix_str(f"loss {loss:.6f}", refresh=False)
            bar.update(stop - done)
            done = stop
            if stop in milestones:
                length = (
                    round(min(32, terminal.width() - 34) * loss / first) if 0 < loss < math.inf and first > 0 else 0
                )
                bar.write(f"  step {stop:>{width}}  loss {loss:<10.6f} {'#' * min(length, 40)}".rstrip())
                sys.stdout.flush()
    print()
    return took


def progress(steps: int) -> Any:
    """tqdm's bar on a terminal; on a pipe it shows nothing but the lines written."""
    from tqdm import tqdm

    return tqdm(total=steps, file=sys.stdout, disable=not sys.stdout.isatty(), leave=False, unit="step")


def table(model: NN, data: Sequence[Sequence[float]], sign: str) -> bool:
    """Print the truth table with the network's answers; return whether it has learned them all."""
    print(f"  p  q  p {sign} q  the network says")
    learned = True
    for p, q, bit in data:
        answer = model(p, q).value
        right = abs(answer - bit) < SURE
        verdict = "" if right else "wrong" if not abs(answer - bit) < 0.5 else "a guess"
        print(f"  {p}  {q}     {bit}{answer:>18.3f}  {verdict}".rstrip())
        learned = learned and right
    print()
    return learned


def race(arch: Sequence[int], data: Sequence[Sequence[float]], options: argparse.Namespace) -> int:
    """Time the very same program on both twins and print the ratio; return 1 if their numbers differ."""
    try:
        twins = [backends.find("python"), backends.find("compiled")]
    except backends.Missing as missing:
        print(terminal.wrapped(f"No comparison of the backends, there is only one: {missing}."))
        return 0
    slow_time, steps, slow = sprint(twins[0], arch, data, options, options.steps)
    if slow_time < PATIENCE / 8:  # a second try costs little and calms the figures
        slow_time = min(slow_time, sprint(twins[0], arch, data, options, steps)[0])
    fast_time, _, fast = sprint(twins[1], arch, data, options, steps)
    fast_time = min([fast_time, *(sprint(twins[1], arch, data, options, steps)[0] for _ in range(4))])
    which = "The very same program"
    if steps < options.steps:  # the slower twin has used up our patience
        which = f"The first {steps} of {options.steps} steps of the very same program"
    same = text.bits(slow) == text.bits(fast)
    verdict = "the same numbers to the last bit" if same else "BUT THE NUMBERS DIFFER"
    print(terminal.wrapped(f"{which} on both backends, {verdict}:"))
    ratio = slow_time / fast_time
    times = f"pure Python: {text.seconds(slow_time)}, compiled: {text.seconds(fast_time)}"
    print(terminal.wrapped(f"{times}, {ratio:.{1 if ratio < 10 else 0}f} x faster"))
    return 0 if same else 1


def sprint(
    twin: backends.Twin,
    arch: Sequence[int],
    data: Sequence[Sequence[float]],
    options: argparse.Namespace,
    steps: int,
) -> tuple[float, int, list[float]]:
    """Seconds, steps done before patience ran out, and the parameters then."""
    model = NN(arch, seed=options.seed, var=twin.Var)
    losses = train(model, data, options.lr, options.method)
    done = 0
    start = perf_counter()
    while done < steps and (done == 0 or twin.name == "compiled" or perf_counter() - start < PATIENCE):
        next(losses)
        done += 1
    return perf_counter() - start, done, [p.value for p in model.parameters]
