"""Learning-rate schedules with torch's names, arguments and defaults. Each is a closed form of the epoch."""

from __future__ import annotations

import inspect
import math
from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import Any

from vargrad._util import errors
from vargrad._util.settings import Choice, Count, Number
from vargrad.optim.schedule import Attached, HasLearningRate, Schedule, parts, set_lrs


class LambdaLR(Schedule):
    """lr = base_lr * lr_lambda(epoch); torch.optim.lr_scheduler.LambdaLR.

    ``state_dict`` leaves ``lr_lambda`` out if it is a function, as in torch, since few of them can be pickled; of an
    object that can be called it has the attributes.

    >>> from vargrad import Var, optim
    >>> optimizer = optim.SGD(Var(0.0, requires_grad=True), lr=1.0)
    >>> schedule = optim.LambdaLR(optimizer, lambda epoch: 1 / (1 + epoch))
    >>> schedule.step()
    >>> optimizer.lr
    0.5
    """

    def __init__(self, optimizer: HasLearningRate, lr_lambda: Callable[[int], float]) -> None:
        if not callable(lr_lambda):
            raise TypeError(f"LambdaLR: lr_lambda must be a function of the epoch, not {lr_lambda!r:.60}")
        self.lr_lambda = lr_lambda
        super().__init__(optimizer)

    def lr_at(self, epoch: int) -> float:
        return float(self.base_lr * self.lr_lambda(epoch))

    def state_dict(self) -> dict[str, Any]:
        state = super().state_dict()
        function = state.pop("lr_lambda")
        if not inspect.isroutine(function) and hasattr(function, "__dict__"):
            state["lr_lambda"] = dict(vars(function))
        return state

    def take_over(self, state: dict[str, Any]) -> None:
        vars(self.lr_lambda).update(state.pop("lr_lambda", {}))
        super().take_over(state)


class StepLR(Schedule):
    """lr times ``gamma`` every ``step_size`` epochs; torch.optim.lr_scheduler.StepLR.

    >>> from vargrad import Var, optim
    >>> optimizer = optim.SGD(Var(0.0, requires_grad=True), lr=1.0)
    >>> schedule = optim.StepLR(optimizer, step_size=2, gamma=0.5)
    >>> [schedule.lr_at(epoch) for epoch in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    step_size: Count = Count(1)
    gamma: Number = Number(0)

    def __init__(self, optimizer: HasLearningRate, step_size: int, gamma: float = 0.1) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer)

    def lr_at(self, epoch: int) -> float:
        return float(self.base_lr * self.gamma ** (epoch // self.step_size))


class MultiStepLR(Schedule):
    """lr times ``gamma`` at each of the epochs ``milestones``; torch.optim.lr_scheduler.MultiStepLR.

    >>> from vargrad import Var, optim
    >>> optimizer = optim.SGD(Var(0.0, requires_grad=True), lr=1.0)
    >>> schedule = optim.MultiStepLR(optimizer, milestones=[1, 3], gamma=0.5)
    >>> [schedule.lr_at(epoch) for epoch in range(5)]
    [1.0, 0.5, 0.5, 0.25, 0.25]
    """

    gamma: Number = Number(0)

    def __init__(self, optimizer: HasLearningRate, milestones: Iterable[int], gamma: float = 0.1) -> None:
        self.milestones: list[int] = sorted(Count(0).checked("MultiStepLR: a milestone", m) for m in milestones)
        self.gamma = gamma
        super().__init__(optimizer)

    def lr_at(self, epoch: int) -> float:
        return float(self.base_lr * self.gamma ** bisect_right(self.milestones, epoch))


class ExponentialLR(Schedule):
    """lr times ``gamma`` every epoch; torch.optim.lr_scheduler.ExponentialLR.

    >>> from vargrad import Var, optim
    >>> optimizer = optim.SGD(Var(0.0, requires_grad=True), lr=1.0)
    >>> optim.ExponentialLR(optimizer, gamma=0.5).lr_at(3)
    0.125
    """

    gamma: Number = Number(0)

    def __init__(self, optimizer: HasLearningRate, gamma: float) -> None:
        self.gamma = gamma
        super().__init__(optimizer)

    def lr_at(self, epoch: int) -> float:
        return float(self.base_lr * self.gamma**epoch)


class LinearLR(Schedule):
    """lr times a factor from ``start_factor`` to ``end_factor`` over ``total_iters`` epochs; torch's LinearLR.

    >>> from vargrad import Var, optim
    >>> optimizer = optim.SGD(Var(0.0, requires_grad=True), lr=1.0)
    >>> schedule = optim.LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> [schedule.lr_at(epoch) for epoch in range(4)]
    [0.5, 0.75, 1.0, 1.0]
    """

    start_factor: Number = Number(0, 1)
    end_factor: Number = Number(0, 1)
    total_iters: Count = Count(1)

    def __init__(
        self, optimizer: HasLearningRate, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5
    ) -> None:
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer)

    def lr_at(self, epoch: int) -> float:
        done = min(epoch, self.total_iters) / self.total_iters
        return float(self.base_lr * (self.start_factor + (self.end_factor - self.start_factor) * done))


class CosineAnnealingLR(Schedule):
    """lr from base_lr to ``eta_min`` and back on a cosine of half period ``T_max`` epochs (Loshchilov and Hutter 2017).

    torch.optim.lr_scheduler.CosineAnnealingLR.

    >>> from vargrad import Var, optim
    >>> optimizer = optim.SGD(Var(0.0, requires_grad=True), lr=1.0)
    >>> schedule = optim.CosineAnnealingLR(optimizer, T_max=2)
    >>> [round(schedule.lr_at(epoch), 12) for epoch in range(5)]
    [1.0, 0.5, 0.0, 0.5, 1.0]
    """

    T_max: Count = Count(1)
    eta_min: Number = Number(0)

    def __init__(self, optimizer: HasLearningRate, T_max: int, eta_min: float = 0.0) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer)

    def lr_at(self, epoch: int) -> float:
        return float(self.eta_min + (self.base_lr - self.eta_min) * (1 + math.cos(math.pi * epoch / self.T_max)) / 2)


class CosineAnnealingWarmRestarts(Schedule):
    """lr from base_lr to ``eta_min`` on a cosine, again and again (Loshchilov and Hutter 2017).

    ``T_0``: epochs of the first descent; ``T_mult``: how many times as long as the last one each other is.
    torch.optim.lr_scheduler.CosineAnnealingWarmRestarts.

    >>> from vargrad import Var, optim
    >>> optimizer = optim.SGD(Var(0.0, requires_grad=True), lr=1.0)
    >>> schedule = optim.CosineAnnealingWarmRestarts(optimizer, T_0=2, T_mult=2)
    >>> [round(schedule.lr_at(epoch), 3) for epoch in range(7)]
    [1.0, 0.5, 1.0, 0.854, 0.5, 0.146, 1.0]
    """

    T_0: Count = Count(1)
    T_mult: Count = Count(1)
    eta_min: Number = Number(0)

    def __init__(self, optimizer: HasLearningRate, T_0: int, T_mult: int = 1, eta_min: float = 0.0) -> None:
        self.T_0, self.T_mult, self.eta_min = T_0, T_mult, eta_min
        super().__init__(optimizer)

    def lr_at(self, epoch: int) -> float:
        length, since = self.T_0, epoch
        if self.T_mult == 1:
            since %= length
        while since >= length:
            since, length = since - length, length * self.T_mult
        return float(self.eta_min + (self.base_lr - self.eta_min) * (1 + math.cos(math.pi * since / length)) / 2)


class OneCycleLR(Schedule):
    """lr from max_lr / ``div_factor`` up to ``max_lr`` and far down again in ``total_steps`` (Smith and Topin 2018).

    Step it after every batch, as ``NN.fit`` does. torch.optim.lr_scheduler.OneCycleLR in two phases, with
    ``cycle_momentum=False``. Raises ValueError for a step too many.

    >>> from vargrad import Var, optim
    >>> optimizer = optim.SGD(Var(0.0, requires_grad=True))
    >>> schedule = optim.OneCycleLR(optimizer, max_lr=1.0, total_steps=10)
    >>> [round(schedule.lr_at(step), 3) for step in (0, 1, 2, 6, 9)]
    [0.04, 0.52, 1.0, 0.389, 0.0]
    """

    per_batch = True
    max_lr: Number = Number(0)
    total_steps: Count = Count(1)
    pct_start: Number = Number(0, 1)
    anneal_strategy: Choice = Choice("cos", "linear")
    div_factor: Number = Number(1e-300)
    final_div_factor: Number = Number(1e-300)

    def __init__(
        self,
        optimizer: HasLearningRate,
        max_lr: float,
        total_steps: int,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
    ) -> None:
        self.max_lr, self.total_steps, self.pct_start = max_lr, total_steps, pct_start
        self.anneal_strategy, self.div_factor, self.final_div_factor = anneal_strategy, div_factor, final_div_factor
        super().__init__(optimizer)

    def lr_at(self, epoch: int) -> float:
        if epoch > self.total_steps:
            raise ValueError(f"OneCycleLR: step {epoch} of total_steps={self.total_steps}")
        epoch = min(epoch, self.total_steps - 1)  # after the last batch there is nothing to do
        top = self.pct_start * self.total_steps - 1
        first = self.max_lr / self.div_factor
        if epoch <= top:
            return self._between(first, self.max_lr, epoch / top if top else 0.0)
        rest = self.total_steps - 1 - top
        return self._between(self.max_lr, first / self.final_div_factor, (epoch - top) / rest if rest else 1.0)

    def _between(self, start: float, end: float, part: float) -> float:
        if self.anneal_strategy == "linear":
            return start + (end - start) * part
        return end + (start - end) / 2 * (1 + math.cos(math.pi * part))


class ReduceLROnPlateau(Attached):
    """lr times ``factor`` when a metric has not improved for more than ``patience`` epochs; torch's ReduceLROnPlateau.

    ``mode``: "min" for a loss, which ``NN.fit`` then gives it, validation data's if there is any, or "max" for the
    metric of validation data; better by ``threshold`` counts, relative or absolute by ``threshold_mode``; after a
    reduction the next ``cooldown`` epochs do not count; never below ``min_lr`` nor by less than ``eps``.

    >>> from vargrad import Var, optim
    >>> optimizer = optim.SGD(Var(0.0, requires_grad=True), lr=1.0)
    >>> schedule = optim.ReduceLROnPlateau(optimizer, patience=1)
    >>> for loss in (0.5, 0.5, 0.5):
    ...     schedule.step(loss)
    >>> optimizer.lr
    0.1
    """

    mode: Choice = Choice("min", "max")
    threshold_mode: Choice = Choice("rel", "abs")
    factor: Number = Number(0, 1, open_above=True)
    threshold: Number = Number(0)
    min_lr: Number = Number(0)
    eps: Number = Number(0)
    patience: Count = Count(0)
    cooldown: Count = Count(0)

    def __init__(
        self,
        optimizer: HasLearningRate,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float = 0,
        eps: float = 1e-8,
    ) -> None:
        self.mode, self.factor, self.patience, self.threshold = mode, factor, patience, threshold
        self.threshold_mode, self.cooldown, self.min_lr, self.eps = threshold_mode, cooldown, min_lr, eps
        self.best: float = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs: int = 0
        self.cooldown_counter: int = 0
        super().__init__(optimizer)

    def step(self, metrics: float) -> None:
        """End an epoch with this metric; nan counts as no better."""
        metric = errors.as_float(metrics, "ReduceLROnPlateau: metrics")
        before = self.__dict__.copy(), self.get_last_lr()
        try:
            self._take(metric)
        except BaseException:  # Ctrl-C too
            self.__dict__.update(before[0])
            set_lrs(self.optimizer, before[1])
            raise

    def _take(self, metric: float) -> None:
        self.last_epoch += 1
        if self._better(metric):
            self.best, self.num_bad_epochs = metric, 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            for part in parts(self.optimizer):
                lr = max(part.lr * self.factor, self.min_lr)
                if part.lr - lr > self.eps:
                    part.lr = lr
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0

    def _better(self, metric: float) -> bool:
        sign = 1 if self.mode == "min" else -1
        if self.threshold_mode == "rel":
            return bool(sign * metric < sign * self.best * (1 - sign * self.threshold))
        return bool(sign * metric < sign * self.best - self.threshold)
