"""fit: check the arguments, train from one or several starts, and keep the best one's parameters."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from vargrad._core.parameters import Leaves, trainable_grads
from vargrad._train.loop import Run, begin
from vargrad._train.plan import TrainingPlan, plan_training
from vargrad.optim import Optimizer

if TYPE_CHECKING:
    from vargrad._core.var import Var
    from vargrad._train.history import History
    from vargrad._train.model import Model
    from vargrad._train.settings import FitSettings


def fit(model: Model, X: Any, y: Any, validation_data: Any, settings: FitSettings) -> History:
    """Train the model, as NN.fit says."""
    begun = time.perf_counter()
    plan = plan_training(model, X, y, validation_data, settings)
    before = _Snapshot(plan)
    try:
        model.task = plan.loss.kind  # before the first callback, which may predict
        best = _best_of(plan, before)
        best.history.seconds = time.perf_counter() - begun
        plan.progress.close()
        plan.release()  # before the parameters change: it may fail for want of memory
        plan.publish(best.values)
        if best.updates is not None:
            best.updates.publish()
    except BaseException:  # Ctrl-C and refused memory too: either everything has changed, or nothing
        before.restore()
        raise
    return best.history


class _Snapshot:
    """The state of everything that a training changes, to restore it."""

    def __init__(self, plan: TrainingPlan) -> None:
        self.plan, self.task = plan, plan.model.task
        self.view = None if isinstance(plan.parameters, Leaves) else plan.parameters.values
        schedule = plan.settings.schedule
        parts = plan.optimizer.parts if isinstance(plan.optimizer, Optimizer) else []
        changing = [plan.optimizer, *parts, *([schedule] if hasattr(schedule, "optimizer") else [])]
        self.attributes = [(one, dict(vars(one))) for one in changing]  # settings too, which a callback may set
        self.flags: list[tuple[Var, bool, float]] = []  # only a callback freezes parameters, which loses their grad
        if plan.settings.callback is not None:
            leaves = plan.parameters.leaves if isinstance(plan.parameters, Leaves) else plan.parameters
            grads = trainable_grads(plan.parameters)[0].tolist()
            self.flags = [(v, v.requires_grad, grad) for v, grad in zip(leaves, grads, strict=True)]

    def reset(self) -> None:
        """Give optimizer and schedule what they had, and freeze and thaw parameters as they were."""
        for one, attributes in self.attributes:
            vars(one).update(attributes)
        for v, moves, _ in self.flags:
            if v.requires_grad != moves:
                v.requires_grad = moves

    def restore(self) -> None:
        plan = self.plan
        self.reset()
        for v, moves, grad in self.flags:
            if moves:
                v.grad = grad
        plan.model.task = self.task
        plan.progress.close()
        if self.view is None:
            plan.publish(plan.start)
        else:  # also where the callback has put other Vars into the list
            self.view[:] = plan.start


def _best_of(plan: TrainingPlan, before: _Snapshot) -> Run:
    """The best of several runs: from the parameters as they are, then from newly drawn ones."""
    best: Run | None = None
    least = math.inf
    failure: FloatingPointError | None = None
    ranks: list[float] = []
    for i in range(plan.settings.restarts):
        plan.progress.before = i * plan.settings.epochs
        if i:
            before.reset()  # a callback may have changed the optimizer, and what is frozen
        run = begin(plan, i)
        try:
            run.train()
        except FloatingPointError as error:
            if error is not run.failure:  # the callback's own
                raise
            failure = failure or error
            ranks.append(math.nan)
            continue
        ranks.append(run.rank)
        if best is None or ranks[-1] < least or math.isnan(least):  # nan where a loss of the user's own gives it
            best, least = run, ranks[-1]
        if run.history.interrupted:
            best.history.interrupted, best.history.ended = True, run.history.ended
            break
    if best is None:
        assert failure is not None
        raise failure
    best.history.restart_losses = ranks
    return best.finish()
