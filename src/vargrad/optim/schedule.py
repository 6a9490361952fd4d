"""The base of the schedules: an optimizer, the epoch, and the learning rate that follows from it."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class HasLearningRate(Protocol):
    """The attribute of an optimizer that a schedule sets."""

    lr: float


class Attached:
    """The base of all schedules: an optimizer, the last epoch, and their state_dict."""

    def __init__(self, optimizer: HasLearningRate) -> None:
        if not hasattr(optimizer, "lr") or not hasattr(optimizer, "step"):
            raise TypeError(f"{type(self).__name__}: optimizer must be one of vargrad.optim, not {optimizer!r:.60}")
        self.optimizer = optimizer
        self.last_epoch = 0

    def get_last_lr(self) -> list[float]:
        """The learning rate of each group of the optimizer's parameters, as in torch."""
        return [part.lr for part in parts(self.optimizer)]

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer."""
        return {name: value for name, value in self.__dict__.items() if name != "optimizer"}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over a state_dict, and go on from there; ValueError for one of another kind, which changes nothing."""
        if set(state_dict) != set(self.state_dict()):
            raise ValueError(
                f"{type(self).__name__}: this is the state_dict of something else: it has {', '.join(state_dict)}"
            )
        self.take_over(dict(state_dict))

    def take_over(self, state: dict[str, Any]) -> None:
        """Set the attributes that a checked state_dict has."""
        self.__dict__.update(state)


class Schedule(Attached):
    """A learning rate that follows from the epoch: ``step()`` after each epoch sets ``optimizer.lr``.

    ``base_lr`` is the optimizer's lr when the schedule was made, ``base_lrs``, where there are several groups of
    parameters, that of each. One
    optimizer has one schedule: the next epoch's learning rate is ``lr_at(epoch)``, whatever has been set meanwhile.
    ``per_batch``: whether it is to be stepped after every batch instead, as ``NN.fit`` then does. A rate that is
    negative or not finite is a ValueError.
    """

    per_batch = False

    def __init__(self, optimizer: HasLearningRate) -> None:
        super().__init__(optimizer)
        self.base_lr: float = optimizer.lr
        if len(parts(optimizer)) > 1:
            self.base_lrs: list[float] = [part.lr for part in parts(optimizer)]
        set_lrs(optimizer, self._checked(0))

    @property
    def bases(self) -> list[float]:
        """The learning rate of each group of parameters when the schedule was made."""
        return list(self.__dict__.get("base_lrs", (self.base_lr,)))

    def lr_at(self, epoch: int) -> float:
        """The learning rate in that epoch, counted from 0, of a group whose lr was ``base_lr`` at first."""
        raise NotImplementedError

    def rates(self, count: int) -> list[list[float]]:
        """The learning rates of the next so many epochs or batches, of each group; first what the optimizer has."""
        now = [part.lr for part in parts(self.optimizer)]
        return [now, *(self._checked(self.last_epoch + i) for i in range(1, count))]

    def _checked(self, epoch: int) -> list[float]:
        """The learning rate of each group in that epoch."""
        found = []
        for base in self.bases:
            one = self
            if base != self.base_lr:
                one = copy.copy(self)
                one.base_lr = base
            found.append(float(one.lr_at(epoch)))
            if not 0.0 <= found[-1] < math.inf:
                raise ValueError(
                    f"{type(self).__name__}: the learning rate of epoch {epoch} is {found[-1]}: expected a finite "
                    "number of at least 0"
                )
        return found

    def step(self) -> None:
        """End an epoch: set the learning rate of the next one."""
        before = [part.lr for part in parts(self.optimizer)]
        lrs = self._checked(self.last_epoch + 1)
        try:
            set_lrs(self.optimizer, lrs)
            self.last_epoch += 1
        except BaseException:  # Ctrl-C too
            set_lrs(self.optimizer, before)
            raise


def parts(optimizer: Any) -> list[Any]:
    """An optimizer for each group of parameters."""
    return getattr(optimizer, "parts", None) or [optimizer]


def set_lrs(optimizer: Any, lrs: Sequence[float]) -> None:
    """Set the learning rate of each group."""
    for part, lr in zip(parts(optimizer), lrs, strict=True):
        part.lr = lr
