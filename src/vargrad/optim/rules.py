"""Update rules of the optimisers: each is one scalar function that takes one parameter through one step.

A rule is ``update(p, g, *states, lr, step, **constants) -> (p, *states)``, ordinary Python over floats that compile
records:

- ``p`` the parameter, ``g`` its gradient; results are their new values.
- ``*states``: numbers that the rule keeps for each parameter, all 0 before the first step; ``Rule.states`` has their
  names, those of torch's state_dict.
- ``lr`` (the learning rate) and ``step`` (1.0 in the first step, then 2.0, ...) may differ at every step and are the
  same for all parameters. Whatever depends on these two alone, such as Adam's bias corrections, is computed once a
  step.
- ``constants``: everything else. They are folded into the recorded program; a zero costs nothing.

``Rule.program()`` is what the machine and the training engine run over all parameters: its inputs are p, g, the
states, lr, step in this order, its outputs p and the states; it has no branches. The functions ``sgd``, ``adam``,
``adamw``, ``nadam`` and ``rmsprop`` take torch's constants by torch's names, and choose the function and the states
for them.

Formulas: the algorithms printed in torch's documentation of SGD, Adam, AdamW, NAdam and RMSprop, in torch's order of
operations, since trajectories are compared with torch's.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from vargrad import math

if TYPE_CHECKING:
    from vargrad._vm.machine import Machine
    from vargrad._vm.machine_py import Updater
    from vargrad._vm.program import Program

Number: TypeAlias = Any  # a float, or a Var while it is recorded

_LOG_96 = math.log(0.96)  # 0.96 is torch's, from the paper


@dataclass(frozen=True)
class Rule:
    """One update function with its constants.

    >>> rule = sgd(momentum=0.5)
    >>> rule.states
    ('momentum_buffer',)
    >>> rule(1.0, 0.25, 0.0, 0.1, 1.0)  # p, g, momentum_buffer, lr, step
    (0.975, 0.25)
    """

    update: Callable[..., tuple[Number, ...]]
    states: tuple[str, ...]
    constants: tuple[tuple[str, float | bool], ...]

    def __call__(self, p: Number, g: Number, *rest: Number) -> tuple[Number, ...]:
        """The new p and states, from p, g, the states, lr, step."""
        *states, lr, step = rest
        return self.update(p, g, *states, lr=lr, step=step, **dict(self.constants))

    @functools.cached_property
    def inputs(self) -> tuple[str, ...]:
        """Names of the program's inputs in order."""
        return ("p", "g", *self.states, "lr", "step")

    def program(self) -> Program:
        """The recorded rule. Inputs: p, g, the states, lr, step; outputs: p, the states."""
        return _recorded(self)

    @functools.cached_property
    def machine(self) -> tuple[Machine, Updater]:
        """The machine of the program, and its steps in one call; equal rules have the same ones."""
        return _machine(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.update, self.states, self.constants)  # without the machine, which cannot be copied


@functools.lru_cache(maxsize=64)
def _machine(rule: Rule) -> tuple[Machine, Updater]:
    from vargrad._vm.machine import Machine

    machine = Machine(rule.program())
    return machine, machine.updater(len(rule.states))


@functools.lru_cache(maxsize=64)
def _recorded(rule: Rule) -> Program:
    from vargrad._compile.paths import Output
    from vargrad._compile.specialization import record

    some = [[1.0 / (i + 1)] for i in range(len(rule.inputs))]  # any point at which all is finite
    return record(rule, some, rule.inputs).program(Output("value"))


def sgd(
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
    maximize: bool = False,
) -> Rule:
    """torch.optim.SGD: without momentum there is no state."""
    common = ("weight_decay", weight_decay), ("maximize", maximize)
    if not momentum:
        return Rule(_descent, (), common)
    more = ("momentum", momentum), ("dampening", dampening), ("nesterov", nesterov)
    return Rule(_momentum, ("momentum_buffer",), (*common, *more))


def adam(
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    amsgrad: bool = False,
    maximize: bool = False,
    decoupled: bool = False,
) -> Rule:
    """torch.optim.Adam (Kingma and Ba 2015); ``decoupled`` weight decay is AdamW's (Loshchilov and Hutter 2019)."""
    states = ("exp_avg", "exp_avg_sq", *(["max_exp_avg_sq"] if amsgrad else []))
    constants = {"beta1": beta1, "beta2": beta2, "eps": eps, "weight_decay": weight_decay}
    return Rule(_adam, states, (*constants.items(), ("maximize", maximize), ("decoupled", decoupled)))


def adamw(
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.01,
    amsgrad: bool = False,
    maximize: bool = False,
) -> Rule:
    """torch.optim.AdamW."""
    return adam(beta1, beta2, eps, weight_decay, amsgrad, maximize, decoupled=True)


def nadam(
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    momentum_decay: float = 4e-3,
    decoupled_weight_decay: bool = False,
    maximize: bool = False,
) -> Rule:
    """torch.optim.NAdam (Dozat 2016), whose product of momenta is a state of each parameter here."""
    constants = {"beta1": beta1, "beta2": beta2, "eps": eps, "weight_decay": weight_decay, "decay": momentum_decay}
    states = ("exp_avg", "exp_avg_sq", "mu_product")
    return Rule(_nadam, states, (*constants.items(), ("maximize", maximize), ("decoupled", decoupled_weight_decay)))


def rmsprop(
    alpha: float = 0.99,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    momentum: float = 0.0,
    centered: bool = False,
    maximize: bool = False,
) -> Rule:
    """torch.optim.RMSprop (Hinton's lecture 6e; centred as in Graves 2013)."""
    states = ("square_avg", *(["grad_avg"] if centered else []), *(["momentum_buffer"] if momentum else []))
    constants = {"alpha": alpha, "eps": eps, "weight_decay": weight_decay, "momentum": momentum}
    return Rule(_rmsprop, states, (*constants.items(), ("centered", centered), ("maximize", maximize)))


# ---- the formulas


def _slope(p: Number, g: Number, weight_decay: float, maximize: bool) -> Number:
    """The gradient to descend by: its sign turned to climb, and weight decay as an L2 term's gradient."""
    if maximize:
        g = -g
    return g + weight_decay * p if weight_decay else g


def _mixed(old: Number, new: Number, weight: float) -> Number:
    """old + weight (new - old), from the nearer end, as torch.lerp."""
    return old + weight * (new - old) if weight < 0.5 else new - (new - old) * (1 - weight)


def _descent(
    p: Number, g: Number, *, lr: Number, step: Number, weight_decay: float, maximize: bool
) -> tuple[Number, ...]:
    return (p - lr * _slope(p, g, weight_decay, maximize),)


def _momentum(
    p: Number,
    g: Number,
    buffer: Number,
    *,
    lr: Number,
    step: Number,
    momentum: float,
    dampening: float,
    nesterov: bool,
    weight_decay: float,
    maximize: bool,
) -> tuple[Number, ...]:
    g = _slope(p, g, weight_decay, maximize)
    fresh = math.where(step == 1, 1.0, 1 - dampening) if dampening else 1.0  # the first gradient fills the buffer
    buffer = momentum * buffer + fresh * g
    return p - lr * (g + momentum * buffer if nesterov else buffer), buffer


def _adam(
    p: Number,
    g: Number,
    mean: Number,
    square: Number,
    *largest: Number,
    lr: Number,
    step: Number,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
    decoupled: bool,
) -> tuple[Number, ...]:
    g = _slope(p, g, 0.0 if decoupled else weight_decay, maximize)
    if decoupled and weight_decay:
        p = p * (1 - lr * weight_decay)
    mean = _mixed(mean, g, 1 - beta1)
    square = beta2 * square + (1 - beta2) * (g * g)
    largest = tuple(math.maximum(x, square) for x in largest)
    (scale,) = largest or (square,)
    root = math.sqrt(scale) / math.sqrt(1 - beta2**step) + eps
    return p - lr / (1 - beta1**step) * (mean / root), mean, square, *largest


def _nadam(
    p: Number,
    g: Number,
    mean: Number,
    square: Number,
    product: Number,
    *,
    lr: Number,
    step: Number,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    decay: float,
    maximize: bool,
    decoupled: bool,
) -> tuple[Number, ...]:
    g = _slope(p, g, 0.0 if decoupled else weight_decay, maximize)
    if decoupled and weight_decay:
        p = p * (1 - lr * weight_decay)
    now, next_ = (beta1 * (1 - 0.5 * math.exp(t * (decay * _LOG_96))) for t in (step, step + 1))
    product = math.where(step == 1, 1.0, product) * now  # states are 0 at first
    mean = _mixed(mean, g, 1 - beta1)
    square = beta2 * square + (1 - beta2) * (g * g)
    root = math.sqrt(square / (1 - beta2**step)) + eps
    p = p - lr * (1 - now) / (1 - product) * (g / root)
    p = p - lr * next_ / (1 - product * next_) * (mean / root)
    return p, mean, square, product


def _rmsprop(
    p: Number,
    g: Number,
    square: Number,
    *rest: Number,
    lr: Number,
    step: Number,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
    centered: bool,
    maximize: bool,
) -> tuple[Number, ...]:
    g = _slope(p, g, weight_decay, maximize)
    square = alpha * square + (1 - alpha) * (g * g)
    means = tuple(_mixed(mean, g, 1 - alpha) for mean in rest[:centered])
    variance = square - means[0] * means[0] if centered else square
    ratio = g / (math.sqrt(variance) + eps)
    if not momentum:
        return p - lr * ratio, square, *means
    buffer = momentum * rest[-1] + ratio
    return p - lr * buffer, square, *means, buffer
