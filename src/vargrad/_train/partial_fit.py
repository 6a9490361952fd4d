"""Training step by step: partial_fit and backward, and the engine that they keep from one call to the next."""

from __future__ import annotations

import dataclasses
import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy
import numpy.typing

from vargrad import optim
from vargrad._core import parameters as _parameters
from vargrad._train import arguments, dataset
from vargrad._train.engine import Engine
from vargrad._train.epochs import Epochs
from vargrad._train.plan import programs_of
from vargrad._train.settings import StepSettings
from vargrad._train.updates import by_missed, same_mask
from vargrad._util.settings import Number

if TYPE_CHECKING:
    from vargrad._train.model import Model

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]


@dataclass
class Memory:
    """What partial_fit's optimizer keeps from step to step, whatever the loss; copies and pickles take it along.

    ``settings``: the optimizer's name and settings; ``state``: (states, parameters), in the order of its rule.
    """

    settings: tuple[str, dict[str, Any]]
    state: Array
    step: int = 0
    missed: Any = None  # (parameters,): how many steps passed each while it was frozen; None: all 0


class Asked(NamedTuple):
    """What a method was called with, besides data; not checked yet. ``call``: its name, for errors."""

    call: str
    loss: Any
    optimizer: Any = "sgd"
    l1: Any = 0.0
    l2: Any = 0.0
    clip: Any = None
    optimizer_settings: dict[str, Any] = {}  # noqa: RUF012 - only read

    def checked(self) -> StepSettings:
        """The settings; TypeError or ValueError that names the argument that is wrong."""
        return StepSettings(**{name: x for name, x in self._asdict().items() if name != "call"})


class Stepper:
    """A network's engine for single steps, and its optimizer's memory, which is ``kept`` if that is of this optimizer.

    ``given``: what it was made for: what was asked for, whether rows have weights, and the model's dropout.
    """

    def __init__(self, model: Model, x: Any, y: Any, asked: Asked, kept: Memory | None, weight: Any) -> None:
        settings, call = asked.checked(), asked.call
        arguments.require_layers(model, call)
        if not isinstance(settings.optimizer, str):
            raise TypeError(
                f"partial_fit: optimizer must be a name, not {settings.optimizer!r:.60}: the network keeps its state"
            )
        name, more = settings.optimizer, settings.optimizer_settings
        optimizer = arguments.optimizer_of(model, name, None, more, "partial_fit")
        if not isinstance(optimizer, optim.Optimizer):
            raise ValueError(f"partial_fit: {name!r} takes no single steps: use fit")
        self.loss = arguments.loss_of(settings.loss, model)
        rows = dataset.inputs(x, model.arch[0])
        t = dataset.targets(y, len(rows), model.arch[-1], self.loss.kind)
        arguments.warn_of_range(model, self.loss, t)
        self.weighted, self.targets = weight is not None, t.shape[1]
        if self.weighted:
            t = dataset.weighted(t, dataset.weights(weight, len(rows)), self.loss.mean)
        start = _parameters.of(model.parameters, call).values
        self.rule, size = optimizer.rule, len(start)
        if kept is None or kept.settings != (name, more) or kept.state.shape != (len(self.rule.states), size):
            kept = Memory((name, more), numpy.zeros((len(self.rule.states), size)))
        self.memory = kept
        self.programs = programs_of(model, self.loss, settings, [], start, rows, t, self.weighted)
        self.given = asked, self.weighted, model.dropout
        self.clip = settings.max_norm
        self.drops = bool(self.programs.dropout) and call == "partial_fit"
        self.grads, self.losses = numpy.zeros(size), numpy.empty(1)
        self.lr = optimizer.lr
        self.frozen: Any = ()  # not known yet
        self.prepare(None)

    def prepare(self, frozen: Any) -> None:
        """Make an engine that leaves these parameters where they are: bools, or None."""
        missed = self.memory.missed
        moving = numpy.ones(len(self.grads), bool) if frozen is None else ~frozen
        found = by_missed(self.rule, moving, missed)
        self.programs = dataclasses.replace(self.programs, updates=tuple(update for update, _ in found))
        self.engine = Engine(self.programs)
        self.missed = numpy.array([float(count) for _, count in found])
        self.lrs = numpy.full(len(found), self.lr)
        self.frozen = frozen

    def advance(self, model: Model, x: Any, y: Any, lr: Any = None, weight: Any = None) -> float:
        """One step on these rows, with the optimizer's lr if it is None; returns the loss before it."""
        if lr is None:
            lr = self.lr
        elif type(lr) is not float or not 0.0 < lr < math.inf:
            lr = Number(0).checked("lr", lr)
        parameters, memory = _parameters.of(model.parameters, "partial_fit"), self.memory
        frozen = arguments.frozen_of(model)
        if frozen is not self.frozen and not same_mask(frozen, self.frozen):
            self.prepare(frozen)
        self.lrs[:] = lr
        values, state = parameters.values, memory.state
        before = values.copy(), state.copy() if state.size else state, memory.step, memory.missed, model.task
        try:
            found = self.run(model, values, x, y, weight)
            if isinstance(parameters, _parameters.Leaves):
                parameters.values = values
            memory.step += 1
            if frozen is not None:
                memory.missed = frozen * 1 if memory.missed is None else memory.missed + frozen
            if model.task != self.loss.kind:
                model.task = self.loss.kind
        except BaseException:  # Ctrl-C and refused memory too
            _parameters.set_values(parameters, before[0])
            state[:], memory.step, memory.missed, model.task = before[1:]
            raise
        return found

    def run(self, model: Model, values: Array, x: Any, y: Any, weight: Any = None) -> float:
        """A step that changes the array ``values`` instead of the model's parameters."""
        rows = dataset.inputs(x, model.arch[0])
        t = dataset.targets(y, len(rows), model.arch[-1], self.loss.kind)
        if t.shape[1] != self.targets:
            raise ValueError(f"y has {t.shape[1]} targets in a row, and had {self.targets} before")
        if self.weighted:
            t = dataset.weighted(t, dataset.weights(weight, len(rows)), self.loss.mean)
        finite = self.engine.train(
            Epochs(
                values=values,
                grads=self.grads,
                state=self.memory.state,
                x=rows,
                y=t,
                losses=self.losses,
                batch=len(rows),
                mean=self.loss.mean,
                lrs=self.lrs,
                missed=self.missed,
                seeds=numpy.array([random.getrandbits(64)], numpy.uint64) if self.drops else None,
                step=self.memory.step,
                clip=self.clip,
            )
        )
        if not finite:
            arguments.require_finite(values, model)
            raise FloatingPointError(arguments.not_finite(model, 0, 0, values, self.grads))
        return float(self.losses[0])


def stepper(
    kept: Stepper | None, model: Model, X: Any, y: Any, asked: Asked, memory: Memory | None = None, weight: Any = None
) -> Stepper:
    """``kept`` if it is for the same, else a new stepper, with the same memory if it has this optimizer's."""
    if kept is not None and kept.given == (asked, weight is not None, model.dropout):
        return kept
    return Stepper(model, X, y, asked, memory, weight)


def backward(model: Model, one: Stepper, X: Any, y: Any, weight: Any = None) -> float:
    """Do what NN.backward says: take a step of length 0 on a copy of the parameters, and add its gradient to theirs."""
    one.lrs[:] = 0.0
    parameters = _parameters.of(model.parameters, "backward")
    found = one.run(model, parameters.values.copy(), X, y, weight)
    grads = _parameters.trainable_grads(parameters)[0] + one.grads
    before = model.task
    try:
        if before != one.loss.kind:
            model.task = one.loss.kind
        _parameters.set_grads(parameters, grads)
    except BaseException:  # Ctrl-C too
        model.task = before
        raise
    return found
