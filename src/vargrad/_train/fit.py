"""fit: everything that is given is checked, then one or several trainings run, and the best one's parameters stay."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy
import numpy.typing

from vargrad._core import parameters as _parameters
from vargrad._train import arguments, dataset, programs
from vargrad._train.engine import Engine
from vargrad._train.history import History
from vargrad._train.loop import QuasiNewton, Run, Task
from vargrad._train.progress import Progress
from vargrad._util import errors

if TYPE_CHECKING:
    from vargrad._train.model import Model

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
METHODS = ("gradient", "finite-difference")


def fit(
    model: Model,
    X: Any,
    y: Any,
    loss: Any,
    optimizer: Any,
    lr: float | None,
    epochs: int,
    batch_size: int | None,
    shuffle: bool,
    seed: int | None,
    validation_split: float,
    validation_data: Any,
    patience: int | None,
    restarts: int,
    callback: Callable[[History], Any] | None,
    progress: bool,
    method: str,
    h: float,
    l1: float,
    l2: float,
    clip: float | None,
    schedule: Any,
    settings: dict[str, Any],
) -> History:
    """NN.fit, see there."""
    begun = time.perf_counter()
    arguments.require_layers(model, "fit")
    parameters = _parameters.of(model.parameters, "fit")
    arguments.require_trainable(model)
    start = parameters.values.copy()
    arguments.require_finite(start, model)
    epochs = arguments.count("epochs", epochs)
    restarts = arguments.count("restarts", restarts)
    patience = None if patience is None else arguments.count("patience", patience)
    for name, number in (("h", h), ("l1", l1), ("l2", l2), ("clip", clip)):
        arguments.positive(name, number, zero=name in ("l1", "l2"))
    errors.known("method", method, METHODS)
    if callback is not None and not callable(callback):
        raise TypeError(f"callback must be a function of the history, not {callback!r:.60}")
    source: Any = random if seed is None else random.Random(arguments.integer("seed", seed))
    one = arguments.optimizer_of(model, optimizer, lr, settings, restarts)
    options = arguments.quasi_newton(one, schedule, clip, method)
    rate, after = arguments.rate_of(one, schedule, optimizer)

    row, kind, mean = arguments.loss_of(loss, model)
    n_in, n_out = model.arch[0], model.arch[-1]
    if y is None:
        X, y = dataset.split(X, n_in, n_out)
    x = dataset.inputs(X, n_in)
    t = dataset.targets(y, len(x), n_out, kind)
    validation = arguments.validation_of(validation_data, x, t, y, n_in, n_out, kind)
    if validation_split:
        x, t, validation = arguments.split_off(x, t, validation_split, validation, source)
    batch = len(x) if batch_size is None else arguments.count("batch_size", batch_size)

    rule = None if options is not None else one._chosen()
    update = programs.no_update() if rule is None else rule.program()
    program = arguments.loss_program(loss, row, y, model, start, x, t)
    penalty = programs.penalty_program(float(l1), float(l2))
    net = programs.network(model.arch, model.activations, model.has_bias, program, t.shape[1], update, penalty)
    bar = Progress(epochs * restarts, bool(progress))
    task = Task(
        engine=Engine(net),
        x=x,
        y=t,
        outputs=n_out,
        kind=kind,
        mean=mean,
        counts=net.counts,
        states=net.states,
        epochs=epochs,
        batch=batch,
        shuffle=bool(shuffle),
        generator=lambda: numpy.random.default_rng(source.getrandbits(64)),
        validation=validation,
        patience=patience,
        callback=callback,
        publish=lambda values: _parameters.set_values(parameters, values),
        progress=bar,
        rate=rate,
        after=after,
        lr=0.0 if rule is None else one.lr,
        clip=float(clip or 0.0),
        difference=float(h) if method == "finite-difference" else 0.0,
        describe=lambda *where: arguments.not_finite(model, *where),
    )

    def begin(values: Array) -> Run:
        if options is not None:
            return QuasiNewton(task, values, options)
        if one is optimizer:  # it goes on
            return Run(task, values, one._states(rule, start).copy(), one._steps)
        return Run(task, values)

    before = task.lr, schedule.state_dict() if hasattr(schedule, "optimizer") else None, model.task
    remembered = None if rule is None else (one._state, one._names, one._steps)
    try:
        best = _best_of(task, model, start, restarts, source, begin)
        best.history.seconds = time.perf_counter() - begun
        bar.close()
        _parameters.set_values(parameters, best.values)
        if rule is not None and one is optimizer:
            one._state, one._names, one._steps = best.state, rule.states, best.step
        model.task = kind
    except BaseException:  # Ctrl-C and refused memory too: all of it is there afterwards, or nothing
        _parameters.set_values(parameters, start)
        if remembered is not None:
            one.lr = before[0]
            one._state, one._names, one._steps = remembered
        if before[1] is not None:
            schedule.load_state_dict(before[1])
        model.task = before[2]
        bar.close()
        raise
    return best.history


def _best_of(task: Task, model: Model, start: Array, restarts: int, source: Any, begin: Callable[[Array], Run]) -> Run:
    """The best of several runs: from ``start``, then from newly drawn parameters."""
    best: Run | None = None
    least = math.inf
    failure: FloatingPointError | None = None
    ranks: list[float] = []
    for i in range(restarts):
        values = start.copy() if i == 0 else numpy.array(model.draw(source))
        task.progress.before = i * task.epochs
        run = begin(values)
        try:
            run.train()
        except FloatingPointError as error:
            failure = failure or error
            ranks.append(math.nan)
            continue
        ranks.append(run.rank)
        if best is None or ranks[-1] < least:
            best, least = run, ranks[-1]
        if run.history.interrupted:
            best.history.interrupted = True
            break
    if best is None:
        assert failure is not None
        raise failure
    best.history.restart_losses = ranks
    return best.finish()
