"""What a training leaves behind: losses by epoch, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class History:
    """A training. ``losses``: of each epoch, the mean (or sum, as the loss says) over its batches, before their steps.

    ``validation_losses`` and ``metrics``: of each epoch on validation data, where there is any; ``metric`` names what
    they are, "accuracy" or "r2". ``loss`` and ``score``: of the parameters that are left, on the training data.
    ``best_epoch``: whose parameters are left, counted from 0, where they are not the last. ``interrupted``: by
    Ctrl-C; ``stopped_early``: by patience or the callback. ``restart_losses``: what each start led to, nan where it
    diverged. ``seconds``: all in all.
    """

    metric: str = ""
    losses: list[float] = field(default_factory=list)
    validation_losses: list[float] = field(default_factory=list)
    metrics: list[float] = field(default_factory=list)
    loss: float = float("nan")
    score: float = float("nan")
    best_epoch: int | None = None
    interrupted: bool = False
    stopped_early: bool = False
    restart_losses: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def epochs(self) -> int:
        """How many were completed."""
        return len(self.losses)

    def __repr__(self) -> str:
        parts = [f"{self.epochs} epoch{'s' * (self.epochs != 1)} in {self.seconds:.3g} s"]
        if self.losses:
            parts.append(f"loss {self.losses[0]:.4g} -> {self.loss:.4g}")
        if self.validation_losses:
            parts.append(f"validation loss {self.validation_losses[0]:.4g} -> {self.validation_losses[-1]:.4g}")
        if self.metrics:
            parts.append(f"validation {self.metric} {self.metrics[-1]:.4g}")
        parts.append(f"{self.metric} {self.score:.4g}")
        if self.best_epoch is not None:
            parts.append(f"parameters of epoch {self.best_epoch}")
        if len(self.restart_losses) > 1:
            parts.append(f"best of {len(self.restart_losses)} starts")
        if self.stopped_early or self.interrupted:
            parts.append("interrupted" if self.interrupted else "stopped early")
        return f"<History: {', '.join(parts)}>"
