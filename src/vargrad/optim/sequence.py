"""Schedules one after the other."""

from __future__ import annotations

import copy
from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

from vargrad._util.settings import Count
from vargrad.optim.schedule import HasLearningRate, Schedule, parts, set_lrs


class SequentialLR(Schedule):
    """One schedule after the other; torch.optim.lr_scheduler.SequentialLR.

    ``schedulers``: schedules of this optimizer, made in their order, the first one first, so that its ``base_lr`` is
    that of all; ``milestones``: at which epochs the second, the third and so on take over, each from its own epoch 0.
    Step this one alone. Raises ValueError for schedules of another optimizer, for ReduceLROnPlateau and OneCycleLR,
    which are stepped in other ways, and for milestones that do not rise or are not one fewer than the schedules.

    >>> from vargrad import Var, optim
    >>> optimizer = optim.SGD(Var(0.0, requires_grad=True), lr=1.0)
    >>> warm = optim.LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> schedule = optim.SequentialLR(optimizer, [warm, optim.ExponentialLR(optimizer, gamma=0.5)], milestones=[2])
    >>> [schedule.lr_at(epoch) for epoch in range(5)]
    [0.5, 0.75, 1.0, 0.5, 0.25]
    """

    def __init__(self, optimizer: HasLearningRate, schedulers: Iterable[Schedule], milestones: Iterable[int]) -> None:
        self.schedulers: list[Schedule] = list(schedulers)
        self.milestones: list[int] = [Count(0).checked("SequentialLR: a milestone", m) for m in milestones]
        for i, one in enumerate(self.schedulers):
            if not isinstance(one, Schedule) or one.per_batch:
                raise ValueError(
                    f"SequentialLR: schedulers[{i}] is {one!r:.60}: expected one that follows from the epoch alone"
                )
            if one.optimizer is not optimizer:
                raise ValueError(f"SequentialLR: schedulers[{i}] belongs to another optimizer")
        if not self.schedulers or len(self.milestones) != len(self.schedulers) - 1:
            raise ValueError(
                f"SequentialLR: {len(self.schedulers)} schedulers and {len(self.milestones)} milestones: give at least "
                "one scheduler, and one milestone fewer"
            )
        if sorted(set(self.milestones)) != self.milestones:
            raise ValueError(f"SequentialLR: milestones must rise, not {self.milestones!r:.60}")
        before = [part.lr for part in parts(optimizer)]
        try:
            set_lrs(optimizer, self.schedulers[0].bases)  # those that the others have found are not the first ones
            super().__init__(optimizer)
        except BaseException:  # Ctrl-C too
            set_lrs(optimizer, before)
            raise

    def lr_at(self, epoch: int) -> float:
        i = bisect_right(self.milestones, epoch)
        one = copy.copy(self.schedulers[i])
        one.base_lr = self.base_lr
        return one.lr_at(epoch - self.milestones[i - 1] if i else epoch)

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer; of the schedules their own."""
        return {**super().state_dict(), "schedulers": [one.state_dict() for one in self.schedulers]}

    def take_over(self, state: dict[str, Any]) -> None:
        given = state.pop("schedulers")
        if len(given) != len(self.schedulers):
            raise ValueError(
                f"SequentialLR: this state_dict has {len(given)} schedulers, expected {len(self.schedulers)}"
            )
        for one, own in zip(self.schedulers, given, strict=True):
            one.load_state_dict(own)
        super().take_over(state)
