"""What a compiled function's comparison of all that it reads besides its arguments adds to a call of one row."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy

import vargrad
from vargrad._cli import measure
from vargrad._cli.text import seconds

NUMBER = 2.0
PAIR = (2.0, 3.0)
LIST = [2.0, 3.0, 4.0]
LONG = [2.0] * 1000
TABLE = {str(i): 2.0 for i in range(100)}
ARRAY = numpy.full(1000, 2.0)


class Model:
    """An object that holds numbers."""

    def __init__(self) -> None:
        self.rate, self.shift = 2.0, 0.0


MODEL = Model()


def cases() -> dict[str, Callable[[Any], Any]]:
    """Functions that all double their argument, by what they read for it."""
    inner = 2.0
    return {
        "nothing": lambda x: 2.0 * x,
        "a number of a closure": lambda x: inner * x,
        "a global number": lambda x: NUMBER * x,
        "a tuple of numbers": lambda x: PAIR[0] * x,
        "a list of 3 numbers": lambda x: LIST[0] * x,
        "a list of 1,000 numbers": lambda x: LONG[0] * x,
        "a dict of 100 numbers": lambda x: TABLE["7"] * x,
        "an array of 1,000 elements": lambda x: ARRAY[7] * x,
        "an object of 2 numbers": lambda x: MODEL.rate * x + MODEL.shift,
    }


def figures(budget: float = 0.2) -> None:
    """Print the least time of a call, and what it takes more than one that reads nothing."""
    print(f"\n{'a compiled call of one row that reads':<46}{'a call':>12}{'added':>12}{'frozen':>12}")
    nothing = 0.0
    for title, function in cases().items():
        watched, frozen = vargrad.compile(function), vargrad.compile(function, constants="frozen")
        for x in (3.0, -4.5):
            if not watched(x) == frozen(x) == 2.0 * x:
                raise ArithmeticError(f"{title}: the compiled call gives {watched(x)} for {2.0 * x}")
        time = measure.fastest(partial(watched, 3.0), budget, least=20)
        without = measure.fastest(partial(frozen, 3.0), budget, least=20)
        nothing = nothing or time
        print(f"{title:<46}{seconds(time):>12}{seconds(max(0.0, time - nothing)):>12}{seconds(without):>12}")
