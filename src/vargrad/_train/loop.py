"""One training of a network by the engine: epochs, validation, patience, callback. fit.py prepares and chooses."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy
import numpy.typing

from vargrad._train import metrics
from vargrad._train.history import History
from vargrad._train.progress import Progress

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
ORDERS = 1 << 20  # row numbers that are drawn at once


@dataclass(eq=False)
class Task:
    """What is trained, on what, and how: all of it checked."""

    engine: Any
    x: Array
    y: Array
    outputs: int  # of the network
    kind: str  # of targets, see losses.Loss
    mean: bool
    counts: bool
    states: int
    epochs: int
    batch: int
    shuffle: bool
    generator: Callable[[], numpy.random.Generator]
    validation: tuple[Array, Array] | None
    patience: int | None
    callback: Callable[[History], Any] | None
    publish: Callable[[Array], None]  # makes parameters the model's, for the callback
    progress: Progress
    rate: Callable[[int], float] | None  # of an epoch; None: lr stays
    after: Callable[[History], None] | None  # hears of each epoch
    lr: float
    clip: float
    difference: float
    describe: Callable[[int, int, Array, Array], str]  # epoch, first row, values, grads: why a loss is not finite

    def weight(self, rows: int) -> float:
        """What a row's loss counts."""
        return 1.0 / rows if self.mean else 1.0

    def loss(self, values: Array, x: Array, y: Array) -> float:
        """The loss of these parameters on these rows."""
        found: float = self.engine.value(values, x, y, self.weight(len(x)))
        return found

    def score(self, values: Array, x: Array, y: Array) -> float:
        """The metric of these parameters on these rows."""
        outputs = numpy.empty((len(x), self.outputs))
        self.engine.outputs(values, x, outputs)
        return metrics.score(self.kind, outputs, y)


class Run:
    """One training from these parameters on; ``values`` are the parameters to keep when it is over."""

    def __init__(self, task: Task, values: Array, state: Array | None = None, step: int = 0) -> None:
        self.task, self.values, self.step = task, values, step
        self.grads = numpy.zeros_like(values)
        self.state = numpy.zeros((task.states, len(values))) if state is None else state
        self.history = History(metric=metrics.METRIC[task.kind])
        self._best, self._best_loss, self._best_epoch = values.copy(), math.inf, 0
        self._generator: numpy.random.Generator | None = None
        self._one_by_one = any(x is not None for x in (task.callback, task.after, task.patience, task.validation))

    def train(self) -> Run:
        """All of it. Raises FloatingPointError for a loss that is not finite, and what the callback raises."""
        history, begun = self.history, time.perf_counter()
        try:
            self._loop()
        except KeyboardInterrupt:
            history.interrupted = True
        history.seconds = time.perf_counter() - begun
        if (history.interrupted or self.task.patience is not None) and self._best_loss < math.inf:
            self.values, history.best_epoch = self._best, self._best_epoch
        if not numpy.isfinite(self.values).all():
            raise FloatingPointError(self.task.describe(history.epochs, 0, self.values, self.grads))
        return self

    def _loop(self) -> None:
        """Epochs, as many at once as nobody needs to look at."""
        history, chunk = self.history, 1 if self._one_by_one else 16
        while history.epochs < self.task.epochs and not history.stopped_early:
            before = time.perf_counter()
            self._epochs(min(chunk, self.task.epochs - history.epochs))
            if self._one_by_one:
                self._look()
            elif time.perf_counter() - before < 0.05:
                chunk *= 2
            self.task.progress.advance(history.epochs, self._text)

    def _epochs(self, count: int) -> None:
        """So many epochs in one go of the engine."""
        task, engine, history = self.task, self.task.engine, self.history
        order = None
        if task.shuffle and task.batch < len(task.x):
            count = min(count, max(1, ORDERS // len(task.x)))
            if self._generator is None:
                self._generator = task.generator()
            rows = numpy.broadcast_to(numpy.arange(len(task.x)), (count, len(task.x)))
            order = numpy.ascontiguousarray(self._generator.permuted(rows, axis=1))
        rates = None
        if task.rate is not None:
            rates = numpy.array([task.rate(history.epochs + i) for i in range(count)])
        losses = numpy.empty(count)
        options: dict[str, Any] = {} if task.validation else {"best": self._best, "best_loss": self._best_loss}
        first = history.epochs
        try:
            finite = engine.train(
                self.values,
                self.grads,
                self.state,
                task.x,
                task.y,
                losses,
                numpy.array([task.lr, 0.0]),
                task.batch,
                task.mean,
                order=order,
                rates=rates,
                counts=task.counts,
                step=self.step,
                clip=task.clip,
                difference=task.difference,
                **options,
            )
        finally:
            self.step = engine.step
            history.losses += losses[: engine.epoch].tolist()
            if not task.validation and engine.best_loss < self._best_loss:
                self._best_loss = engine.best_loss
                self._best_epoch = first + int(losses[: max(engine.epoch, 1)].argmin())
        if not finite:
            raise FloatingPointError(task.describe(history.epochs, engine.at, self.values, self.grads))

    def _look(self) -> None:
        """After an epoch: validation, the best so far, patience, the callback."""
        task, history = self.task, self.history
        if task.validation is not None:
            loss = task.loss(self.values, *task.validation)
            history.validation_losses.append(loss)
            history.metrics.append(task.score(self.values, *task.validation))
            if loss < self._best_loss:
                self._best[:] = self.values
                self._best_loss, self._best_epoch = loss, history.epochs - 1
        if task.patience is not None and history.epochs - 1 - self._best_epoch >= task.patience:
            history.stopped_early = True
        if task.after is not None:
            task.after(history)
        if task.callback is not None:
            task.publish(self.values)
            if task.callback(history) is True:
                history.stopped_early = True

    def _text(self) -> str:
        history, task = self.history, self.task
        losses, x, y = history.losses, task.x, task.y
        if history.validation_losses:
            losses, (x, y) = history.validation_losses, task.validation or (x, y)
        found = task.score(self.values, x, y)
        return f"{'validation ' * bool(history.validation_losses)}loss {losses[-1]:.4g}, {history.metric} {found:.4g}"

    def finish(self) -> Run:
        """The loss and the score of the parameters that are left."""
        history, task = self.history, self.task
        history.loss = task.loss(self.values, task.x, task.y)
        history.score = task.score(self.values, task.x, task.y)
        return self

    @property
    def rank(self) -> float:
        """What runs are compared by: the loss of the parameters that are left, on validation data if there is any."""
        return self.task.loss(self.values, *(self.task.validation or (self.task.x, self.task.y)))


class QuasiNewton(Run):
    """The same by SciPy's L-BFGS over all rows at once; an epoch is an iteration. ``options`` are SciPy's."""

    def __init__(self, task: Task, values: Array, options: dict[str, Any]) -> None:
        super().__init__(task, values)
        self.options = options

    def _loop(self) -> None:
        from scipy.optimize import minimize

        task, history, weight = self.task, self.history, self.task.weight(len(self.task.x))

        def evaluate(x: Array) -> tuple[float, Array]:
            found = task.engine.value(numpy.ascontiguousarray(x), task.x, task.y, weight, self.grads)
            return found, self.grads.copy()

        before = evaluate(self.values)[0]
        if not math.isfinite(before):
            raise FloatingPointError(task.describe(0, 0, self.values, self.grads))

        def iterated(intermediate_result: Any) -> None:
            nonlocal before
            history.losses.append(before)
            before = float(intermediate_result.fun)
            self.values[:] = intermediate_result.x
            if task.validation is None and before < self._best_loss:
                self._best[:] = self.values
                self._best_loss, self._best_epoch = before, history.epochs - 1
            self._look()
            task.progress.advance(history.epochs, self._text)
            if history.stopped_early:
                raise StopIteration

        options = {"maxiter": task.epochs, **self.options}
        minimize(evaluate, self.values.copy(), jac=True, method="L-BFGS-B", options=options, callback=iterated)
