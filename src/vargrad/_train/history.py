"""The history of a training: the losses of its epochs, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
    ``lrs``: the learning rate in each epoch (of its last batch, of the first group of parameters); none for L-BFGS.
    ``optimizer``: in a callback the one that trains, also where it was given by name, see its ``lr``; else None.
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
    lrs: list[float] = field(default_factory=list)
    optimizer: Any = field(default=None, compare=False)

    def keys(self) -> list[str]:
        """The names of the columns, Keras's: "loss", "lr", and of validation data "val_loss" and "val_accuracy"."""
        return list(self._columns())

    def __getitem__(self, name: str) -> list[float]:
        """A number for each epoch: ``history["loss"]``; KeyError for what is no column.

        >>> from vargrad import NN
        >>> history = NN([1, 1], "identity", seed=0).fit([[0.0], [1.0]], [1.0, 3.0], epochs=3)
        >>> len(history["loss"]), history["lr"], history.keys()
        (3, [0.1, 0.1, 0.1], ['loss', 'lr'])
        """
        columns = self._columns()
        if name not in columns:
            raise KeyError(f"{name!r:.40}: this history has {', '.join(columns)}")
        return columns[name]

    def _columns(self) -> dict[str, list[float]]:
        columns = {"loss": self.losses, "lr": self.lrs, "val_loss": self.validation_losses}
        return {name: x for name, x in {**columns, f"val_{self.metric}": self.metrics}.items() if x or name == "loss"}

    def to_frame(self) -> Any:
        """The columns as a pandas.DataFrame, a row for each epoch; ImportError without pandas."""
        try:
            import pandas  # type: ignore[import-untyped, unused-ignore]
        except ImportError as error:
            raise ImportError(
                "History.to_frame needs pandas: pip install pandas; dict(history) has the lists"
            ) from error
        return pandas.DataFrame(self._columns()).rename_axis("epoch")

    @property
    def epochs(self) -> int:
        """How many epochs were completed."""
        return len(self.losses)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """The losses over the epochs, drawn by matplotlib; returns the axes. ``vargrad.plot.losses`` shows several.

        ``ax``: the axes to draw into; None makes a new figure. Raises ValueError where there is no epoch, ImportError
        without matplotlib: ``pip install 'vargrad[plot]'``.

        >>> from vargrad import NN
        >>> history = NN([1, 1], seed=0).fit([[0.0], [1.0]], [0.0, 1.0], epochs=3)
        >>> list(history.plot().lines[0].get_ydata()) == history.losses
        True
        """
        from vargrad.plot import losses

        return losses(self, ax=ax)

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
