"""A neuron's sum as a chain of operators, as the article writes it, or as one ``dot`` node, as NN builds it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from vargrad import NN
from vargrad._cli import measure
from vargrad._cli.programs import uniform
from vargrad._cli.text import seconds

WIDTHS = (2, 4, 8, 32, 128)


def operators(layer: Sequence[Any], parameters: Sequence[Any]) -> Any:
    """p * w0 + q * w1 + ... + b."""
    total = layer[0] * parameters[0]
    for i in range(1, len(layer)):
        total = total + layer[i] * parameters[i]
    return total + parameters[-1]


def figures(var: Any, widths: Sequence[int] = WIDTHS, budget: float = 0.2) -> None:
    """Print the least time of forward and backward for each width; the values agree to the bit."""
    print(f"\n{'a neuron, forward and backward':<40}{'operators':>12}{'dot node':>12}")
    for width in widths:
        model = NN([width, 1], activation="identity", seed=0, var=var)
        layer = [var(x) for x in uniform(width, -1.0, 1.0)]
        chain = partial(operators, layer, model.parameters)
        dot = partial(model._nary, "dot", [*layer, 1.0], list(model.parameters))
        if chain().value != dot().value:
            raise ArithmeticError(f"the two forms of a neuron of {width} inputs differ")
        times = [measure.fastest(partial(both_ways, form), budget) for form in (chain, dot)]
        print(f"{f'{width} inputs':<40}" + "".join(f"{seconds(t):>12}" for t in times))


def both_ways(form: Callable[[], Any]) -> None:
    """Build and differentiate."""
    form().backward()
