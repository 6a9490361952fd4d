"""The learning rates of a training: the optimizer's own, or what a schedule makes of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy
import numpy.typing

from vargrad import optim
from vargrad._util import errors

if TYPE_CHECKING:
    from vargrad._train.history import History
    from vargrad._train.settings import FitSettings

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]


class Rates:
    """No schedule: the optimizer's learning rate, also when a callback has set another one.

    ``each_epoch``: whether something happens after each epoch, so that epochs have to run one by one.
    """

    each_epoch = False

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer

    @property
    def lrs(self) -> list[float]:
        """The learning rate of each group of parameters in the next step; none for L-BFGS, which searches for its."""
        return [part.lr for part in self.optimizer.parts] if isinstance(self.optimizer, optim.Optimizer) else []

    def of(self, epoch: int, epochs: int, batches: int) -> Array | None:
        """The learning rates of so many epochs from ``epoch`` on, one for each epoch or for each batch of ``batches``
        in each, shape (times, groups of parameters); None: those that the optimizer has, in all of them.
        """
        return None

    def settle(self, epochs: int, steps: int) -> None:
        """Bring the schedule to where the parameters are: after so many epochs and steps of this training, at all."""

    def look(self, history: History) -> None:
        """Look at the epoch that has ended."""


class FactorRates(Rates):
    """lr times a function of the epoch."""

    def __init__(self, optimizer: Any, factor: Callable[[int], float]) -> None:
        super().__init__(optimizer)
        self._factor = factor

    def of(self, epoch: int, epochs: int, batches: int) -> Array | None:
        return numpy.outer([self._checked(i) for i in range(epoch, epoch + epochs)], self.lrs)

    def _checked(self, epoch: int) -> float:
        found = errors.as_float(self._factor(epoch), "the schedule's factor")
        if not 0.0 <= found < math.inf:
            raise ValueError(
                f"fit: the schedule's factor for epoch {epoch} is {found}: expected a finite number of at least 0"
            )
        return found


class ScheduleRates(Rates):
    """The learning rate that a schedule of optim sets, stepped after each epoch, or after each batch."""

    each_epoch = True

    def __init__(self, optimizer: Any, schedule: Any) -> None:
        super().__init__(optimizer)
        self._schedule, self._done = schedule, 0
        self._per_batch = getattr(schedule, "per_batch", False)

    def of(self, epoch: int, epochs: int, batches: int) -> Array | None:
        return numpy.array(self._schedule.rates(batches)) if self._per_batch else None

    def settle(self, epochs: int, steps: int) -> None:
        done = steps if self._per_batch else epochs
        while self._done < done:
            self._schedule.step()
            self._done += 1


class PlateauRates(Rates):
    """The learning rate of ReduceLROnPlateau, which looks at each epoch's loss, or at its metric for mode "max"."""

    each_epoch = True

    def __init__(self, optimizer: Any, schedule: optim.ReduceLROnPlateau) -> None:
        super().__init__(optimizer)
        self._schedule = schedule

    def look(self, history: History) -> None:
        if self._schedule.mode == "max":
            self._schedule.step(history.metrics[-1])
        else:
            self._schedule.step((history.validation_losses or history.losses)[-1])


def rates_of(optimizer: Any, settings: FitSettings, validates: bool, metric: str, steps: int) -> Rates:
    """The learning rates for fit's settings; TypeError or ValueError for a schedule that does not go with them.

    ``validates``: whether there is validation data; ``metric``: its metric's name; ``steps``: how many the training
    takes at most.
    """
    schedule = settings.schedule
    if schedule is None:
        return Rates(optimizer)
    if not hasattr(schedule, "optimizer"):
        if not callable(schedule):
            raise TypeError(f"schedule must be one of vargrad.optim or a function of the epoch, not {schedule!r:.60}")
        return FactorRates(optimizer, schedule)
    if schedule.optimizer is not settings.optimizer:
        raise ValueError("fit: the schedule belongs to another optimizer: give fit that one")
    if isinstance(schedule, optim.ReduceLROnPlateau):
        if schedule.mode == "max" and not validates:
            raise ValueError(
                f"fit: ReduceLROnPlateau with mode 'max' looks at the {metric} of validation data, and there is none: "
                "give validation_split or validation_data, or take mode 'min', which looks at the loss"
            )
        return PlateauRates(optimizer, schedule)
    if isinstance(schedule, optim.OneCycleLR) and schedule.last_epoch + steps > schedule.total_steps:
        raise ValueError(
            f"fit: OneCycleLR has {schedule.total_steps - schedule.last_epoch} of total_steps={schedule.total_steps} "
            f"left, and this training takes {steps} steps: it steps the schedule after every batch, so make it with "
            "total_steps = epochs times the batches of an epoch"
        )
    return ScheduleRates(optimizer, schedule)
