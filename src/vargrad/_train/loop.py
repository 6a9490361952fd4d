"""One run of a training from one start: epochs, validation, patience, callback. plan.py prepares, fit.py chooses."""

from __future__ import annotations

import dataclasses
import functools
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy
import numpy.typing

from vargrad._core import parameters as _parameters
from vargrad._train import arguments, dataset, metrics
from vargrad._train.engine import Engine
from vargrad._train.epochs import Epochs
from vargrad._train.history import History
from vargrad._train.updates import Updates, same_mask
from vargrad.optim import LBFGS, Optimizer
from vargrad.optim.lbfgs import minimize

if TYPE_CHECKING:
    from vargrad._train.plan import TrainingPlan

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
ORDERS = 1 << 20  # how many row numbers are drawn at once, at most
MULTIPLICATIONS = 1 << 21  # by weights: about a millisecond's


class Run:
    """One training from given parameters on; ``values`` are those that it has reached, and at last those to keep."""

    def __init__(self, plan: TrainingPlan, values: Array, source: Any, updates: Updates | None) -> None:
        self.plan, self.values, self.step = plan, values, 0
        self.frozen = plan.frozen
        self.programs, self.engine = plan.programs, plan.engine
        self.updates = updates  # None for L-BFGS
        self.failure: FloatingPointError | None = None
        self.grads = numpy.zeros(len(values))
        if updates is not None:
            self.step = updates.step
        self.history = History(metric=metrics.METRIC[plan.loss.kind])
        self._best, self._best_loss, self._best_epoch = values.copy(), math.inf, 0
        self._reference, self._since = math.inf, 0  # the value that patience waits to be undercut, and its epoch
        self._source = source
        self._generator: numpy.random.Generator | None = None
        self._drops: numpy.random.Generator | None = None  # for dropout
        self._begun, self._first_step, self._edited = time.perf_counter(), self.step, False
        settings = plan.settings
        looks = settings.callback, settings.patience, plan.validation
        # whether something happens after each epoch
        self._one_by_one = plan.rates.each_epoch or any(x is not None for x in looks)
        # whether the best parameters are those that an epoch ends with: the loss of one step is that before it
        self._best_is_after = plan.monitor != "loss" or plan.batch < len(plan.x) or self.updates is None

    def train(self) -> Run:
        """Run all epochs. Raises FloatingPointError for a loss that is not finite, and whatever the callback raises."""
        history = self.history
        try:
            self._loop()
            history.ended = history.ended or "all epochs done"
        except KeyboardInterrupt:
            history.interrupted, history.ended = True, "interrupted by Ctrl-C"
            self._settle()
        history.seconds = time.perf_counter() - self._begun
        if (history.interrupted or self.plan.settings.patience is not None) and self._best_loss < math.inf:
            self.values, history.best_epoch = self._best, self._best_epoch
        if not dataset.all_finite(self.values):
            raise self._diverged(history.epochs, 0)
        return self

    def _diverged(self, epoch: int, first: int) -> FloatingPointError:
        self.failure = self.plan.not_finite(epoch, first, self.values, self.grads)
        return self.failure

    def _settle(self) -> None:
        """Bring the schedule to where the parameters are."""
        self.plan.rates.settle(self.history.epochs, self.step - self._first_step)

    def _loop(self) -> None:
        """Epoch by epoch where something happens after each, else in ever larger chunks of some 50 ms."""
        history, chunk = self.history, 1 if self._one_by_one else self._first_chunk
        while history.epochs < self.plan.settings.epochs and not history.stopped_early:
            before = time.perf_counter()
            self._epochs(min(chunk, self.plan.settings.epochs - history.epochs))
            if self._one_by_one:
                self._look()
            elif time.perf_counter() - before < 0.05:
                chunk *= 2
            self.plan.progress.advance(history.epochs, self._text)

    @property
    def _first_chunk(self) -> int:
        """How many epochs surely take a few milliseconds at most: a call of the engine costs as much as some steps."""
        plan = self.plan
        of_epoch = len(plan.x) * len(self.values) + 512 * -(-len(plan.x) // plan.batch)
        known = plan.loss.name and not plan.settings.difference
        return max(16, MULTIPLICATIONS // of_epoch) if known else 16

    def _epochs(self, count: int) -> None:
        """Run so many epochs in one call of the engine, or fewer, as the memory for the order of rows allows."""
        plan, engine, history = self.plan, self.engine, self.history
        order = None
        if plan.settings.shuffle and plan.batch < len(plan.x):
            count = min(count, max(1, ORDERS // len(plan.x)))
            if self._generator is None:
                self._generator = numpy.random.default_rng(self._source.getrandbits(64))
            rows = numpy.broadcast_to(numpy.arange(len(plan.x)), (count, len(plan.x)))
            order = numpy.ascontiguousarray(self._generator.permuted(rows, axis=1))
        seeds = None
        if self.programs.dropout:
            if self._drops is None:
                self._drops = numpy.random.default_rng(self._source.getrandbits(64))
            seeds = self._drops.integers(0, 1 << 64, count, numpy.uint64)
        updates = self.updates
        assert updates is not None
        rates = plan.rates.of(history.epochs, count, -(-len(plan.x) // plan.batch))
        losses = numpy.empty(count)
        by_loss = plan.monitor == "loss"
        lrs = (
            plan.rates.lrs[:1] * count
            if rates is None
            else rates[-(-len(rates) // count) - 1 :: len(rates) // count, 0].tolist()
        )
        first = history.epochs
        work = Epochs(
            values=self.values,
            grads=self.grads,
            state=updates.state,
            x=plan.x,
            y=plan.y,
            losses=losses,
            batch=plan.batch,
            mean=plan.loss.mean,
            lrs=updates.lrs,
            rates=None if rates is None else updates.of_groups(rates),
            missed=updates.missed,
            order=order,
            seeds=seeds,
            step=self.step,
            clip=plan.settings.max_norm,
            difference=plan.settings.difference,
            best=self._best if by_loss else None,
            best_loss=self._best_loss,
        )
        try:
            finite = engine.train(work)
        finally:
            self.step = updates.step = engine.step
            history.losses += losses[: engine.epoch].tolist()
            history.lrs += lrs[: engine.epoch]
            if by_loss and engine.best_loss < self._best_loss:
                self._best_loss = engine.best_loss
                self._best_epoch = first + int(losses[: max(engine.epoch, 1)].argmin())
        if not finite:
            raise self._diverged(history.epochs, engine.at)
        self._settle()

    def _look(self) -> None:
        """Do what comes after an epoch: validate, keep the best parameters, judge patience, call the callback."""
        plan, history = self.plan, self.history
        if plan.validation is not None:
            loss = plan.loss_on(self.values, *plan.validation)
            history.validation_losses.append(loss)
            history.metrics.append(self._score(self.values, *plan.validation))
            judged = loss if plan.monitor == "val_loss" else -history.metrics[-1]
            if plan.monitor != "loss" and judged < self._best_loss:
                self._best[:] = self.values
                self._best_loss, self._best_epoch = judged, history.epochs - 1
        judged = history[plan.monitor][-1] * (1 if plan.monitor.endswith("loss") else -1)
        if judged < self._reference - plan.settings.min_delta:
            self._reference, self._since = judged, history.epochs - 1
        if plan.settings.patience is not None and history.epochs - 1 - self._since >= plan.settings.patience:
            history.stopped_early, history.ended = True, f"no better {plan.monitor} for {plan.settings.patience} epochs"
        plan.rates.look(history)
        if plan.settings.callback is not None:
            self._call(plan.settings.callback)

    def _call(self, callback: Callable[[History], Any]) -> None:
        """Call the callback, with everything as it is after this epoch, and take over what it has changed."""
        plan, history = self.plan, self.history
        ended, history.ended = history.ended, ""
        history.seconds = time.perf_counter() - self._begun
        plan.publish(self.values)
        if self.updates is not None:
            self.updates.publish()
        history.optimizer = plan.optimizer
        try:
            stop = callback(history)
        finally:
            history.optimizer = None
        history.ended = ended
        if isinstance(stop, (bool, numpy.bool_, numpy.ndarray)) and numpy.ndim(stop) == 0 and bool(stop):
            history.stopped_early, history.ended = True, ended or "stopped by the callback"
        frozen = arguments.frozen_of(plan.model)
        leaves = isinstance(plan.parameters, _parameters.Leaves)  # a list that was edited before, and has no views
        if leaves and not _parameters.are(plan.parameters, plan.model.parameters):
            raise ValueError(
                "fit: the callback has put other Vars into the list of parameters: set .value of the old ones"
            )
        values = plan.parameters.values
        self._edited = not numpy.array_equal(values, self.values)
        if self._edited:
            self.values[:] = values
            if self._best_epoch == history.epochs - 1 and self._best_is_after:
                self._best[:] = values  # as judged before the edit, and kept after it
        self._take(frozen)

    def _take(self, frozen: Any) -> None:
        """Go on with the settings and the state that the optimizer has now, and leave what is frozen now."""
        if self.updates is None:
            self._edited = self._edited or not same_mask(frozen, self.frozen)
        elif self.updates.outdated(frozen):
            assert isinstance(self.plan.optimizer, Optimizer)
            self.updates = Updates(self.plan.optimizer, self.plan.model.parameters, frozen)
            self.programs = dataclasses.replace(self.programs, updates=tuple(self.updates.updates))
            self.engine = Engine(self.programs)
            self._first_step += self.updates.step - self.step
            self.step = self.updates.step
        self.frozen = frozen

    def _score(self, values: Array, x: Array, y: Array) -> float:
        """The metric of these parameters on these rows."""
        return self.plan.score(values, x, y)

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
        history.loss = self.rank if plan.validation is None else plan.loss_on(self.values, plan.x, plan.y)
        history.score = self._score(self.values, plan.x, plan.y)
        return self

    @functools.cached_property
    def rank(self) -> float:
        """The loss by which runs are compared: on validation data if there is any, else on the training data."""
        return self.plan.loss_on(self.values, *(self.plan.validation or (self.plan.x, self.plan.y)))


class LBFGSRun(Run):
    """A run by SciPy's L-BFGS over all rows at once; an epoch is an iteration."""

    _evaluations = 0

    def _loop(self) -> None:
        """Once, or anew from where a callback has put the parameters."""
        history, again = self.history, True
        while again and history.epochs < self.plan.settings.epochs and not history.stopped_early:
            self._edited = False
            message = self._minimized()
            again = self._edited
            if not again and not history.stopped_early and history.epochs < self.plan.settings.epochs:
                history.ended = f"L-BFGS: {message}"

    def _minimized(self) -> str:
        plan, history, weight = self.plan, self.history, self.plan.weight(len(self.plan.x))
        assert isinstance(plan.optimizer, LBFGS)

        moving = slice(None) if self.frozen is None else ~self.frozen  # the search knows nothing of frozen parameters

        def evaluate(x: Array) -> tuple[float, Array]:
            self._evaluations += 1
            found = plan.engine.value(whole(x), plan.x, plan.y, weight, self.grads)
            return found, self.grads[moving].copy()

        def whole(x: Array) -> Array:
            found = self.values.copy()
            found[moving] = x
            return found

        before = plan.engine.value(self.values, plan.x, plan.y, weight, self.grads)
        if not math.isfinite(before):
            raise self._diverged(0, 0)
        failure: BaseException | None = None

        def iterated(intermediate_result: Any) -> None:
            nonlocal failure
            try:
                after(intermediate_result)
            except BaseException as error:  # SciPy takes StopIteration for its own
                failure = error
                raise
            if history.stopped_early or self._edited:
                raise StopIteration

        def after(intermediate_result: Any) -> None:
            nonlocal before
            history.losses.append(before)
            before = float(intermediate_result.fun)
            self.values[moving] = intermediate_result.x
            if plan.monitor == "loss" and before < self._best_loss:
                self._best[:] = self.values
                self._best_loss, self._best_epoch = before, history.epochs - 1
            self._look()
            plan.progress.advance(history.epochs, self._text)

        left = plan.settings.epochs - history.epochs
        limit = plan.optimizer.eval_limit
        more = None if limit is None else max(1, limit - self._evaluations)
        message = minimize(plan.optimizer, evaluate, self.values[moving].copy(), left, more, iterated)
        if failure is not None:
            raise failure
        return message


def begin(plan: TrainingPlan, start: int) -> Run:
    """The run of this plan that has this number, from 0, by the plan's optimizer."""
    values, source = plan.beginning(start)
    return (LBFGSRun if isinstance(plan.optimizer, LBFGS) else Run)(plan, values, source, plan.updates_of(start))
