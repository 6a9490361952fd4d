"""One run of a training from one start: epochs, validation, patience, callback. plan.py prepares, fit.py chooses."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy
import numpy.typing

from vargrad._train import metrics
from vargrad._train.history import History
from vargrad.optim import LBFGS, Optimizer
from vargrad.optim.lbfgs import minimize

if TYPE_CHECKING:
    from vargrad._train.plan import TrainingPlan

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
ORDERS = 1 << 20  # how many row numbers are drawn at once, at most


class Run:
    """One training from given parameters on; ``values`` are those that it has reached, and at last those to keep."""

    def __init__(self, plan: TrainingPlan, values: Array) -> None:
        self.plan, self.values, self.step = plan, values, 0
        self.grads = numpy.zeros_like(values)
        self.state = numpy.zeros((0, len(values)))  # the optimizer's, in the order of its rule
        if isinstance(plan.optimizer, Optimizer) and plan.rule is not None:
            self.state = plan.optimizer.state.rows_for(plan.rule, len(values)).copy()
            self.step = plan.optimizer.state.steps
        self.history = History(metric=metrics.METRIC[plan.loss.kind])
        self._best, self._best_loss, self._best_epoch = values.copy(), math.inf, 0
        self._generator: numpy.random.Generator | None = None
        settings = plan.settings
        looks = settings.callback, plan.epoch_end, settings.patience, plan.validation
        self._one_by_one = any(x is not None for x in looks)  # whether something happens after each epoch

    def train(self) -> Run:
        """Run all epochs. Raises FloatingPointError for a loss that is not finite, and whatever the callback raises."""
        history, begun = self.history, time.perf_counter()
        try:
            self._loop()
        except KeyboardInterrupt:
            history.interrupted = True
        history.seconds = time.perf_counter() - begun
        if (history.interrupted or self.plan.settings.patience is not None) and self._best_loss < math.inf:
            self.values, history.best_epoch = self._best, self._best_epoch
        if not numpy.isfinite(self.values).all():
            raise self.plan.not_finite(history.epochs, 0, self.values, self.grads)
        return self

    def _loop(self) -> None:
        """Epoch by epoch where something happens after each, else in ever larger chunks of some 50 ms."""
        history, chunk = self.history, 1 if self._one_by_one else 16
        while history.epochs < self.plan.settings.epochs and not history.stopped_early:
            before = time.perf_counter()
            self._epochs(min(chunk, self.plan.settings.epochs - history.epochs))
            if self._one_by_one:
                self._look()
            elif time.perf_counter() - before < 0.05:
                chunk *= 2
            self.plan.progress.advance(history.epochs, self._text)

    def _epochs(self, count: int) -> None:
        """Run so many epochs in one call of the engine, or fewer, as the memory for the order of rows allows."""
        plan, engine, history = self.plan, self.plan.engine, self.history
        order = None
        if plan.settings.shuffle and plan.batch < len(plan.x):
            count = min(count, max(1, ORDERS // len(plan.x)))
            if self._generator is None:
                self._generator = plan.generator()
            rows = numpy.broadcast_to(numpy.arange(len(plan.x)), (count, len(plan.x)))
            order = numpy.ascontiguousarray(self._generator.permuted(rows, axis=1))
        rates = None
        if plan.rate is not None:
            rates = numpy.array([plan.rate(history.epochs + i) for i in range(count)])
        losses = numpy.empty(count)
        options: dict[str, Any] = {} if plan.validation else {"best": self._best, "best_loss": self._best_loss}
        first = history.epochs
        try:
            finite = engine.train(
                self.values,
                self.grads,
                self.state,
                plan.x,
                plan.y,
                losses,
                numpy.array([plan.lr, 0.0]),
                plan.batch,
                plan.loss.mean,
                order=order,
                rates=rates,
                counts_steps=plan.programs.counts_steps,
                step=self.step,
                clip=plan.settings.max_norm,
                difference=plan.settings.difference,
                **options,
            )
        finally:
            self.step = engine.step
            history.losses += losses[: engine.epoch].tolist()
            if not plan.validation and engine.best_loss < self._best_loss:
                self._best_loss = engine.best_loss
                self._best_epoch = first + int(losses[: max(engine.epoch, 1)].argmin())
        if not finite:
            raise plan.not_finite(history.epochs, engine.at, self.values, self.grads)

    def _look(self) -> None:
        """Do what comes after an epoch: validate, keep the best parameters, judge patience, call the callback."""
        plan, history = self.plan, self.history
        if plan.validation is not None:
            loss = plan.loss_on(self.values, *plan.validation)
            history.validation_losses.append(loss)
            history.metrics.append(self._score(self.values, *plan.validation))
            if loss < self._best_loss:
                self._best[:] = self.values
                self._best_loss, self._best_epoch = loss, history.epochs - 1
        if plan.settings.patience is not None and history.epochs - 1 - self._best_epoch >= plan.settings.patience:
            history.stopped_early = True
        if plan.epoch_end is not None:
            plan.epoch_end(history)
        if plan.settings.callback is not None:
            plan.publish(self.values)
            if plan.settings.callback(history) is True:
                history.stopped_early = True

    def _score(self, values: Array, x: Array, y: Array) -> float:
        """The metric of these parameters on these rows."""
        outputs = numpy.empty((len(x), self.plan.model.arch[-1]))
        self.plan.engine.outputs(values, x, outputs)
        return metrics.score(self.plan.loss.kind, outputs, y)

    def _text(self) -> str:
        history, plan = self.history, self.plan
        losses, x, y = history.losses, plan.x, plan.y
        if history.validation_losses:
            losses, (x, y) = history.validation_losses, plan.validation or (x, y)
        found = self._score(self.values, x, y)
        return f"{'validation ' * bool(history.validation_losses)}loss {losses[-1]:.4g}, {history.metric} {found:.4g}"

    def finish(self) -> Run:
        """Enter the loss and the score of the parameters that are kept into the history."""
        history, plan = self.history, self.plan
        history.loss = plan.loss_on(self.values, plan.x, plan.y)
        history.score = self._score(self.values, plan.x, plan.y)
        return self

    @property
    def rank(self) -> float:
        """The loss by which runs are compared: on validation data if there is any, else on the training data."""
        return self.plan.loss_on(self.values, *(self.plan.validation or (self.plan.x, self.plan.y)))


class LBFGSRun(Run):
    """A run by SciPy's L-BFGS over all rows at once; an epoch is an iteration."""

    def _loop(self) -> None:
        plan, history, weight = self.plan, self.history, self.plan.weight(len(self.plan.x))
        assert isinstance(plan.optimizer, LBFGS)

        def evaluate(x: Array) -> tuple[float, Array]:
            found = plan.engine.value(numpy.ascontiguousarray(x), plan.x, plan.y, weight, self.grads)
            return found, self.grads.copy()

        before = evaluate(self.values)[0]
        if not math.isfinite(before):
            raise plan.not_finite(0, 0, self.values, self.grads)

        def iterated(intermediate_result: Any) -> None:
            nonlocal before
            history.losses.append(before)
            before = float(intermediate_result.fun)
            self.values[:] = intermediate_result.x
            if plan.validation is None and before < self._best_loss:
                self._best[:] = self.values
                self._best_loss, self._best_epoch = before, history.epochs - 1
            self._look()
            plan.progress.advance(history.epochs, self._text)
            if history.stopped_early:
                raise StopIteration

        minimize(plan.optimizer, evaluate, self.values.copy(), plan.settings.epochs, callback=iterated)


def begin(plan: TrainingPlan, values: Array) -> Run:
    """A run of this plan from these parameters, by its optimizer."""
    return LBFGSRun(plan, values) if isinstance(plan.optimizer, LBFGS) else Run(plan, values)
