"""Initial parameters of a network: the article's, and the field's usual ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

# The factor that makes up for the activation's damping of its inputs: torch.nn.init.calculate_gain's, and for
# activations that torch has none for, that of the function they resemble.
GAINS = {
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": math.sqrt(2.0),
    "leaky_relu": math.sqrt(2.0 / (1 + 0.01**2)),
    "elu": math.sqrt(2.0),
    "selu": 3 / 4,
    "softplus": 1.0,
    "silu": math.sqrt(2.0),
    "gelu": math.sqrt(2.0),
    "identity": 1.0,
}


def _xavier(n_in: int, n_out: int, gain: float) -> float:
    return gain * math.sqrt(2.0 / (n_in + n_out))


def _kaiming(n_in: int, n_out: int, gain: float) -> float:
    return gain * math.sqrt(1.0 / n_in)


def _lecun(n_in: int, n_out: int, gain: float) -> float:
    return math.sqrt(1.0 / n_in)


# The weights' standard deviation from inputs, outputs and gain; biases are 0.
SPREADS: dict[str, Callable[[int, int, float], float]] = {
    **dict.fromkeys(("xavier", "glorot"), _xavier),  # Glorot and Bengio 2010
    **dict.fromkeys(("kaiming", "he"), _kaiming),  # He et al. 2015
    "lecun": _lecun,  # LeCun et al. 1998
}
NAMES = (
    "uniform",
    *(f"{name}_{kind}" for name in SPREADS for kind in ("uniform", "normal")),
    "torch",
    "normal",
    "zeros",
)
OTHER_NAMES = {  # of other libraries, see errors.known
    "glorot": "glorot_uniform",
    "xavier": "xavier_uniform",
    "kaiming": "kaiming_normal",
    "he": "he_normal",
    "lecun": "lecun_normal",
    "randomnormal": "normal",
    "randomuniform": "uniform",
    "pytorch": "torch",
    "default": "torch",
}


def draw(name: str, arch: Sequence[int], activations: Sequence[str], bias: bool, random: Random) -> Iterator[float]:
    """The parameters in the article's order, each neuron's weights and then its bias.

    ``name``: one of NAMES; ``arch``: inputs, then neurons by layer; ``random``: a generator or the random module.
    """
    for n_in, n_out, activation in zip(arch, arch[1:], activations, strict=False):
        weight, offset = _layer(name, n_in, n_out, GAINS[activation], random)
        for _ in range(n_out):
            yield from (weight() for _ in range(n_in))
            if bias:
                yield offset()


def _layer(
    name: str, n_in: int, n_out: int, gain: float, random: Random
) -> tuple[Callable[[], float], Callable[[], float]]:
    """Two functions: one draws a weight of the layer, one a bias."""

    def zero() -> float:
        return 0.0

    if name == "uniform":
        return random.random, random.random
    if name == "normal":
        return (lambda: random.normalvariate(0.0, 1.0),) * 2
    if name == "zeros":
        return zero, zero
    if name == "torch":  # torch.nn.Linear.reset_parameters
        bound = 1 / math.sqrt(n_in)
        return (lambda: random.uniform(-bound, bound),) * 2
    rule, kind = name.split("_")
    deviation = SPREADS[rule](n_in, n_out, gain)
    if kind == "normal":
        return lambda: random.normalvariate(0.0, deviation), zero
    bound = math.sqrt(3.0) * deviation
    return lambda: random.uniform(-bound, bound), zero
