"""The arguments of fit, partial_fit and backward other than data: checked once, and passed on as one object.

The descriptors check what the fields are set to. Each of these fields has to be given: a descriptor that is left as the
default refuses itself.
"""
# ruff: noqa: RUF009

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from vargrad._util.settings import Choice, Count, Number, Positive, Setting

if TYPE_CHECKING:
    from vargrad._train.history import History


@dataclass(frozen=True, eq=False, kw_only=True)
class StepSettings:
    """The settings of a step. Making them raises TypeError or ValueError that names the argument that is wrong."""

    error_prefix: ClassVar[str] = ""
    loss: str | Callable[[Any, Any], Any] = "mse"
    optimizer: Any = "sgd"
    l1: Number = Number(0)
    l2: Number = Number(0)
    clip: Setting[float | None] = Positive(optional=True)
    optimizer_settings: dict[str, Any]  # by their names; the optimizer checks them

    @property
    def max_norm(self) -> float:
        """The most that the gradient's norm may be; 0 where nothing bounds it."""
        given: float | None = self.clip
        return 0.0 if given is None else given


@dataclass(frozen=True, eq=False, kw_only=True)
class FitSettings(StepSettings):
    """The settings of a training: the arguments of NN.fit without its data."""

    lr: float | None  # the optimizer checks it
    epochs: Count = Count(1)
    batch_size: Setting[int | None] = Count(1, optional=True)
    shuffle: bool
    seed: Setting[int | None] = Count(optional=True)
    validation_split: float  # dataset.split_off checks it
    patience: Setting[int | None] = Count(1, optional=True)
    restarts: Count = Count(1)
    callback: Callable[[History], Any] | None
    progress: bool
    monitor: str | None  # the plan checks it, and the data's weights
    min_delta: Number = Number(0)
    label_smoothing: Number = Number(0, 1)
    sample_weight: Any
    class_weight: Any
    method: Choice = Choice("gradient", "finite-difference")
    h: Positive = Positive()
    schedule: Any

    def __post_init__(self) -> None:
        if self.callback is not None and not callable(self.callback):
            raise TypeError(f"callback must be a function of the history, not {self.callback!r:.60}")

    @property
    def difference(self) -> float:
        """The step of finite differences; 0 where derivatives are exact."""
        return float(self.h) if self.method == "finite-difference" else 0.0
