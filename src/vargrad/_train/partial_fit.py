"""Training step by step: what partial_fit keeps from one call to the next."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy
import numpy.typing

from vargrad._core import parameters as _parameters
from vargrad._train import arguments, dataset, programs
from vargrad._train.engine import Engine

if TYPE_CHECKING:
    from vargrad._train.model import Model

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]


class Session:
    """The engine of a network for these settings, and what the optimizer remembers."""

    def __init__(
        self, model: Model, x: Any, y: Any, loss: Any, optimizer: str, l1: float, l2: float, clip: Any, settings: Any
    ) -> None:
        for name, number in (("l1", l1), ("l2", l2), ("clip", clip)):
            arguments.positive(name, number, zero=name != "clip")
        if not isinstance(optimizer, str):
            raise TypeError(f"partial_fit: optimizer must be a name, not {optimizer!r:.60}: it remembers by itself")
        arguments.require_trainable(model)
        one = arguments.optimizer_of(model, optimizer, None, settings, 1, "partial_fit")
        if optimizer == "lbfgs":
            raise ValueError("partial_fit: 'lbfgs' takes no single steps: use fit")
        row, self.kind, self.mean = arguments.loss_of(loss, model)
        found = dataset.inputs(x, model.arch[0])
        t = dataset.targets(y, len(found), model.arch[-1], self.kind)
        start = _parameters.of(model.parameters, "partial_fit").values
        program = arguments.loss_program(loss, row, y, model, start, found, t)
        penalty = programs.penalty_program(float(l1), float(l2))
        rule = one._chosen().program()
        net = programs.network(model.arch, model.activations, model.has_bias, program, t.shape[1], rule, penalty)
        self.engine, self.counts, self.clip, self.step = Engine(net), net.counts, float(clip or 0.0), 0
        self.state, self.grads = numpy.zeros((net.states, net.parameters)), numpy.zeros(net.parameters)
        self.hypers, self.losses = numpy.array([one.lr, 0.0]), numpy.empty(1)
        self.given = loss, optimizer, l1, l2, clip, settings
        self.targets, self.lr = t.shape[1], one.lr

    def advance(self, model: Model, x: Any, y: Any) -> float:
        """One step on these rows."""
        parameters = _parameters.of(model.parameters, "partial_fit")
        values = parameters.values
        before, state = values.copy(), self.state.copy() if self.state.size else self.state
        try:
            found = self.run(model, values, x, y)
            if isinstance(parameters, _parameters.Leaves):
                parameters.values = values
        except BaseException:  # Ctrl-C and refused memory too
            values[:], self.state[:] = before, state
            raise
        self.step += 1
        model.task = self.kind
        return found

    def run(self, model: Model, values: Array, x: Any, y: Any) -> float:
        """The same on parameters that stand here."""
        found = dataset.inputs(x, model.arch[0])
        t = dataset.targets(y, len(found), model.arch[-1], self.kind)
        if t.shape[1] != self.targets:
            raise ValueError(f"y has {t.shape[1]} targets in a row, and had {self.targets} before")
        finite = self.engine.train(
            values,
            self.grads,
            self.state,
            found,
            t,
            self.losses,
            self.hypers,
            len(found),
            self.mean,
            counts=self.counts,
            step=self.step,
            clip=self.clip,
        )
        if not finite:
            arguments.require_finite(values, model)
            raise FloatingPointError(arguments.not_finite(model, 0, 0, values, self.grads))
        return float(self.losses[0])


def partial_fit(
    model: Model,
    X: Any,
    y: Any,
    loss: Any,
    optimizer: str,
    lr: float | None,
    l1: float,
    l2: float,
    clip: float | None,
    settings: dict[str, Any],
) -> float:
    """NN.partial_fit, see there."""
    kept: Session | None = model.__dict__.get("_session")
    session = kept
    if session is None or session.given != (loss, optimizer, l1, l2, clip, settings):
        arguments.require_layers(model, "partial_fit")
        session = Session(model, X, y, loss, optimizer, l1, l2, clip, settings)
    if lr is None:
        lr = session.lr
    elif type(lr) is not float or not 0.0 < lr < math.inf:
        arguments.positive("lr", lr, zero=True)
        lr = float(lr)
    session.hypers[0] = lr
    if kept is session:
        return session.advance(model, X, y)
    model.__dict__["_session"] = session
    try:
        return session.advance(model, X, y)
    except BaseException:
        model.__dict__["_session"] = kept
        raise


def backward(model: Model, X: Any, y: Any, loss: Any, l1: float, l2: float) -> float:
    """NN.backward, see there: a step of length 0 on a copy of the parameters, whose gradient is kept."""
    session: Session | None = model.__dict__.get("_still")
    if session is None or session.given != (loss, "sgd", l1, l2, None, {}):
        arguments.require_layers(model, "backward")
        session = Session(model, X, y, loss, "sgd", l1, l2, None, {})
        session.hypers[0] = 0.0
    parameters = _parameters.of(model.parameters, "backward")
    grads = parameters.grads.copy()
    found = session.run(model, parameters.values.copy(), X, y)
    grads += session.grads
    model.__dict__["_still"] = session
    _parameters.set_grads(parameters, grads)
    return found
