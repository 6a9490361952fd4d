"""The plan of a training: fit's data and settings, checked, with the programs and the engine that they need."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy
import numpy.typing

from vargrad import optim
from vargrad._core import parameters as _parameters
from vargrad._train import arguments, dataset, metrics, programs
from vargrad._train.engine import Engine, keep, take
from vargrad._train.predict import outputs_of
from vargrad._train.progress import Progress
from vargrad._train.rates import Rates, rates_of
from vargrad._train.updates import Updates
from vargrad._util import errors

if TYPE_CHECKING:
    from vargrad._train.model import Model
    from vargrad._train.programs import Update
    from vargrad._train.settings import FitSettings, StepSettings
    from vargrad.losses import Loss

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]


@dataclass(frozen=True, eq=False)
class TrainingPlan:
    """A training that can begin. ``x``, ``y``: (rows, inputs) and (rows, targets); ``validation``: another such pair.
    ``weighted``: whether the last target is the row's weight. ``monitor``: a key of the history, to judge epochs by.

    ``start``: the parameters as they were. ``frozen``: where they stay, bools, or None; a callback may change it.
    ``source``: random, or a random.Random, for what the first start draws; ``entropy``: the seed of the others.
    ``key``: to keep the engine by for another training, or None.
    ``updates``: the optimizer's rules and their state as the first start begins with them; None for L-BFGS.
    """

    settings: FitSettings
    model: Model
    parameters: _parameters.Parameters | _parameters.Leaves
    start: Array
    optimizer: optim.Optimizer | optim.LBFGS
    frozen: Any
    loss: Loss
    x: Array
    y: Array
    validation: tuple[Array, Array] | None
    weighted: bool
    monitor: str
    source: Any
    entropy: int
    rates: Rates
    programs: programs.NetworkPrograms
    engine: Engine
    key: Any
    progress: Progress
    updates: Updates | None

    @property
    def batch(self) -> int:
        """How many rows a step takes."""
        size: int | None = self.settings.batch_size
        return len(self.x) if size is None else size

    def weight(self, rows: int) -> float:
        """The factor of each row's loss among so many rows."""
        return 1.0 / rows if self.loss.mean else 1.0

    def loss_on(self, values: Array, x: Array, y: Array) -> float:
        """The loss of these parameters on these rows."""
        return float(self.engine.value(values, x, y, self.weight(len(x))))

    def score(self, values: Array, x: Array, y: Array) -> float:
        """The metric of these parameters on these rows, each of which counts once."""
        outputs = numpy.empty((len(x), self.model.arch[-1]))
        self.engine.outputs(values, x, outputs)
        return metrics.score(self.loss.kind, outputs, y[:, :-1] if self.weighted else y)

    def publish(self, values: Array) -> None:
        """Make these the model's parameters."""
        _parameters.set_values(self.parameters, values)

    def beginning(self, start: int) -> tuple[Array, Any]:
        """The parameters that a start begins with, and its source of random numbers, independent of all others.

        The first start has the network's own parameters; the others are drawn, and not as ``NN(seed=...)`` draws.
        """
        if start == 0:
            return self.start.copy(), self.source
        words = numpy.random.SeedSequence(self.entropy, spawn_key=(start,)).generate_state(4, numpy.uint64)
        source = random.Random(int.from_bytes(words.astype("<u8").tobytes(), "little"))
        drawn = numpy.array(self.model.draw(source))
        return (drawn if self.frozen is None else numpy.where(self.frozen, self.start, drawn)), source

    def updates_of(self, start: int) -> Updates | None:
        """The optimizer's rules and state for a start; those of the first one are made with the plan."""
        if start == 0 or not isinstance(self.optimizer, optim.Optimizer):
            return self.updates
        return Updates(self.optimizer, self.model.parameters, self.frozen)

    def release(self) -> None:
        """Keep the engine for another training; this plan is not used any more."""
        if self.key is not None:
            keep(self.key, self.engine, len(self.start))

    def not_finite(self, epoch: int, first: int, values: Array, grads: Array) -> FloatingPointError:
        """The error for a loss that is not finite, see arguments.not_finite."""
        return FloatingPointError(arguments.not_finite(self.model, epoch, first, values, grads))


def plan_training(model: Model, X: Any, y: Any, validation_data: Any, settings: FitSettings) -> TrainingPlan:
    """Check all that fit was given and build its engine; raises TypeError or ValueError before anything changes."""
    arguments.require_layers(model, "fit")
    parameters = _parameters.of(model.parameters, "fit")
    frozen = arguments.frozen_of(model)
    start = parameters.values.copy()
    arguments.require_finite(start, model)
    source: Any = random if settings.seed is None else random.Random(settings.seed)
    optimizer = arguments.optimizer_of(model, settings.optimizer, settings.lr, settings.optimizer_settings)
    if optimizer is settings.optimizer and isinstance(optimizer, optim.Optimizer) and settings.restarts > 1:
        raise ValueError("fit: restarts need an optimizer by name: the state of this one belongs to one start")
    if isinstance(optimizer, optim.LBFGS):
        arguments.require_lbfgs(settings, model)
    loss = arguments.loss_of(settings.loss, model)
    x, t, validation, is_weighted = _rows(model, X, y, validation_data, settings, loss, source)
    monitor = monitor_of(settings, validation is not None, metrics.METRIC[loss.kind])
    steps = settings.epochs * -(-len(x) // (settings.batch_size or len(x)))
    rates = rates_of(optimizer, settings, validation is not None, metrics.METRIC[loss.kind], steps)
    arguments.warn_of_range(model, loss, t[:, :-1] if is_weighted else t)
    updates = Updates(optimizer, model.parameters, frozen) if isinstance(optimizer, optim.Optimizer) else None
    rules = [] if updates is None else updates.updates
    network = programs_of(model, loss, settings, rules, start, x, t, is_weighted)
    key = (Engine, network.key) if loss.name else None  # a function is recorded anew by each training
    engine = (None if key is None else take(key)) or Engine(network)
    return TrainingPlan(
        settings=settings,
        model=model,
        parameters=parameters,
        start=start,
        optimizer=optimizer,
        frozen=frozen,
        loss=loss,
        x=x,
        y=t,
        validation=validation,
        weighted=is_weighted,
        monitor=monitor,
        source=source,
        entropy=0 if settings.restarts == 1 else _entropy(settings.seed),
        rates=rates,
        programs=network,
        engine=engine,
        key=key,
        progress=Progress(settings.epochs * settings.restarts, settings.progress),
        updates=updates,
    )


def _entropy(seed: int | None) -> int:
    return (random if seed is None else random.Random(seed)).getrandbits(128)


def _rows(
    model: Model, X: Any, y: Any, validation_data: Any, settings: FitSettings, loss: Loss, source: Any
) -> tuple[Array, Array, tuple[Array, Array] | None, bool]:
    """Inputs, targets, the pair of both for validation, and whether the last target is a weight."""
    kind, by = loss.kind, float(settings.label_smoothing)
    n_in, n_out = model.arch[0], model.arch[-1]
    if y is None:
        X, y = dataset.split(X, n_in, n_out)
    x = dataset.inputs(X, n_in)
    t = dataset.targets(y, len(x), n_out, kind)
    validation = dataset.validation_of(validation_data, n_in, n_out, kind, t.shape[1])
    w = dataset.weights(settings.sample_weight, len(x))
    if settings.validation_split:
        if validation is not None:
            raise ValueError("give validation_split or validation_data, not both")
        both = x if w is None else numpy.column_stack([x, w])  # so that weights go where their rows go
        both, t, (vx, vt) = dataset.split_off(both, t, settings.validation_split, source, kind, settings.shuffle)
        x = numpy.ascontiguousarray(both[:, :n_in])
        vw = None if w is None else vx[:, n_in]
        validation, w = (numpy.ascontiguousarray(vx[:, :n_in]), vt, vw), None if w is None else both[:, n_in]
    of_class = dataset.class_weights(settings.class_weight, t, kind)
    if of_class is not None:
        w = of_class if w is None else w * of_class
    is_weighted = w is not None or (validation is not None and validation[2] is not None)
    t = dataset.smoothed(t, kind, by)
    if is_weighted:
        t = dataset.weighted(t, w, loss.mean)
    if validation is None:
        return x, t, None, is_weighted
    vx, vt, vw = validation
    vt = dataset.smoothed(vt, kind, by)
    return x, t, (vx, dataset.weighted(vt, vw, loss.mean) if is_weighted else vt), is_weighted


def monitor_of(settings: FitSettings, validates: bool, metric: str) -> str:
    """The key of the history that epochs are judged by; ValueError for one that there is not."""
    if settings.monitor is None:
        return "val_loss" if validates else "loss"
    names = ("loss", *(["val_loss", f"val_{metric}"] if validates else []))
    others = {"valacc": "val_accuracy", "accuracy": "val_accuracy", "acc": "val_accuracy", "validationloss": "val_loss"}
    return errors.known("monitor", settings.monitor, names, others)


def programs_of(
    model: Model,
    loss: Loss,
    settings: StepSettings,
    updates: Sequence[Update],
    values: Array,
    x: Array,
    t: Array,
    is_weighted: bool = False,
) -> programs.NetworkPrograms:
    """The network's programs for this loss, these penalties and these update rules.

    ``is_weighted``: whether the last of the targets ``t`` is the row's weight.
    """
    penalty = programs.penalty_program(settings.l1, settings.l2)
    program = _loss_program(loss, model, values, x, t, is_weighted)
    shape = model.arch, model.activations, model.has_bias
    return programs.network(*shape, program, t.shape[1], updates, penalty, model.dropout)


def _loss_program(loss: Loss, model: Model, values: Array, x: Array, t: Array, is_weighted: bool) -> Any:
    """The loss as a program; a user's function is recorded at the first row."""
    n_out = model.arch[-1]
    if loss.name:
        return programs.known_loss(loss.name, n_out, t.shape[1], is_weighted)
    one_target = t.shape[1] - is_weighted == 1  # whether y came as (rows,) or as (rows, 1)

    def function(p: Sequence[Any], target: Sequence[Any]) -> Any:
        return loss.row(p[0] if n_out == 1 else p, target[0] if one_target else target)

    outputs = outputs_of(model, values, x[:1])[0]
    row = programs.by_weight(function) if is_weighted else function
    program = programs.loss_program(row, outputs.tolist(), t[0].tolist())
    return programs.loss_of_arrays(row) if program is None else program
