"""The history of a training: the losses of its epochs, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class History:
    """The course of a training. ``losses``: one number for each epoch, the mean of its batches' losses (for "sse" the
    sum), each taken before the batch's step.

    All losses, those on validation data too, contain the penalties l1 and l2, once each; so they can be compared.

    ``validation_losses``, ``metrics``: one number for each epoch, on validation data, where there is any; ``metric``
    names the second, "accuracy" or "r2". ``loss``, ``score``: loss and metric on the training data of the parameters
    that were kept. ``best_epoch``: the epoch, counted from 0, whose parameters were kept; None for the last one's.
    ``interrupted``: whether Ctrl-C ended it; ``stopped_early``: whether patience or the callback did. ``ended``: in
    words, why it ended, for L-BFGS in SciPy's; empty in a callback, since then it has not.
    ``restart_losses``: the final loss of each start, nan where it diverged. ``seconds``: the time of all starts.
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
    ended: str = ""

    @property
    def epochs(self) -> int:
        """How many epochs were completed."""
        return len(self.losses)

    def __repr__(self) -> str:
        so_far = "" if self.ended else " so far"
        parts = [f"{self.epochs} epoch{'s' * (self.epochs != 1)} in {self.seconds:.3g} s{so_far}"]
        if self.losses:  # the final loss and score are known at the end
            parts.append(f"loss {self.losses[0]:.4g} -> {self.loss if self.ended else self.losses[-1]:.4g}")
        if self.validation_losses:
            parts.append(f"validation loss {self.validation_losses[0]:.4g} -> {self.validation_losses[-1]:.4g}")
        if self.metrics:
            parts.append(f"validation {self.metric} {self.metrics[-1]:.4g}")
        if self.ended:
            parts.append(f"{self.metric} {self.score:.4g}")
        if self.best_epoch is not None:
            parts.append(f"parameters of epoch {self.best_epoch}")
        if len(self.restart_losses) > 1:
            parts.append(f"best of {len(self.restart_losses)} starts")
        if self.stopped_early or self.interrupted:
            parts.append("interrupted" if self.interrupted else "stopped early")
        if self.ended.startswith("L-BFGS"):
            parts.append(self.ended)
        return f"<History: {', '.join(parts)}>"
