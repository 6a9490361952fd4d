"""What a network says about the plane of its two inputs, and what its weights are: for pictures of both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Plane:
    """Answers on a grid. ``answers``: (rows, columns), from the lower left; ``points``: the data's (n, 2), or None.

    ``levels``: where the answer changes, one number for one output; none where answers are class labels.
    """

    x: Any
    y: Any
    answers: Any
    points: Any
    targets: Any
    level: float | None
    what: str


def plane(model: Any, X: Any, y: Any, resolution: int, margin: float = 0.15) -> Plane:
    """The model's answers around the data, or on [0, 1] x [0, 1] without data.

    Raises ValueError for a model that has not two inputs, or data of another shape.
    """
    import numpy as np

    inputs = getattr(model, "arch", [2])[0]
    if inputs != 2:
        raise ValueError(f"a plane has two inputs, this model has {inputs}: plot.losses and plot.network show others")
    if not isinstance(resolution, int) or not 2 <= resolution <= 2000:
        raise ValueError(f"resolution must be an int from 2 to 2000, not {resolution!r:.60}")
    points = targets = None
    low, high = np.zeros(2), np.ones(2)
    if X is not None:
        points = np.asarray(X, dtype=float)
        if points.ndim == 2 and points.shape[1] == 3 and y is None:  # the tutorial's rows: inputs, then the target
            points, targets = points[:, :2], points[:, 2]
        if points.ndim != 2 or points.shape[1] != 2 or not len(points):
            raise ValueError(f"X must be (rows, 2), or (rows, 3) with targets and no y, not {points.shape}")
        low, high = points.min(axis=0), points.max(axis=0)
    if y is not None:
        targets = np.asarray(y, dtype=float).ravel()
        if points is None or len(targets) != len(points):
            raise ValueError(f"y must have one target for each row of X, not {len(targets)}")
    span = np.where(high > low, high - low, 1.0) * margin
    across = np.linspace(low[0] - span[0], high[0] + span[0], resolution)
    up = np.linspace(low[1] - span[1], high[1] + span[1], resolution)
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    answers, level, what = _answers(model, grid)
    return Plane(across, up, answers.reshape(resolution, resolution), points, targets, level, what)


def _answers(model: Any, grid: Any) -> tuple[Any, float | None, str]:
    """Probabilities or outputs where there is one, else labels."""
    import numpy as np

    task = getattr(model, "task", None)
    outputs = getattr(model, "arch", [1])[-1]
    if task == "binary" and outputs == 1:
        return np.asarray(model.predict_proba(grid), dtype=float)[:, 1], 0.5, "probability of class 1"
    found = np.asarray(model.predict(grid), dtype=float)
    if found.ndim == 2 and found.shape[1] > 1:
        return found.argmax(axis=1).astype(float), None, "class"
    found = found.ravel()
    if task == "labels":
        return found, None, "class"
    return found, 0.0 if task == "signs" else 0.5, "output"


@dataclass
class Neurons:
    """A network's shown neurons by column, and its weights between them.

    ``columns``: for each layer the indices that are shown, None for those left out between; ``weights``: layer, neuron,
    input and value; ``biases``: by layer and neuron.
    """

    columns: list[list[int | None]]
    weights: list[tuple[int, int, int, float]] = field(default_factory=list)
    biases: dict[tuple[int, int], float] = field(default_factory=dict)
    activations: list[str] = field(default_factory=list)
    title: str = ""


MOST = 12  # neurons of one layer that are drawn, half of them from its end


def neurons(model: Any) -> Neurons:
    """The weights of an NN as they are now. Raises TypeError for what has none."""
    if not all(hasattr(model, name) for name in ("arch", "weights", "biases", "activations")):
        raise TypeError(f"network() draws an NN, not {type(model).__name__} ({model!r:.60})")
    arch = model.arch
    columns: list[list[int | None]] = [
        list(range(n)) if n <= MOST else [*range(MOST // 2), None, *range(n - MOST // 2, n)] for n in arch
    ]
    title = f"Network {arch}, {len(model.parameters):,} parameters"
    found = Neurons(columns, activations=list(model.activations), title=title)
    for layer, matrix in enumerate(model.weights):
        for j in columns[layer + 1]:
            if j is None:
                continue
            for i in columns[layer]:
                if i is not None:
                    found.weights.append((layer, j, i, matrix[j][i].value))
            if model.has_bias:
                found.biases[layer, j] = model.biases[layer][j].value
    return found
