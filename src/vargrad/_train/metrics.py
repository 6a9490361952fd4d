"""Predictions and probabilities from a network's outputs, and their score."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy
import numpy.typing

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
METRIC = {"values": "r2", "any": "r2", "labels": "accuracy", "binary": "accuracy", "signs": "accuracy"}


def predictions(kind: str, outputs: Array) -> Any:
    """Labels after training on labels, else the outputs; of shape (rows,) if there is one for each row.

    ``kind``: see losses.Loss. ``outputs``: (rows, outputs).
    """
    if kind == "labels" or (kind == "signs" and outputs.shape[1] > 1):
        return outputs.argmax(axis=1)
    found: Any = outputs
    if kind == "binary":
        found = (outputs > 0.0).astype(numpy.int64)
    elif kind == "signs":
        found = numpy.where(outputs > 0.0, 1, -1)
    return found[:, 0] if outputs.shape[1] == 1 else found


def score(kind: str, outputs: Array, targets: Array, weights: Array | None = None) -> float:
    """The share of right labels, or the mean of R**2 over outputs; both arrays (rows, outputs), labels one-hot.

    ``weights``: (rows,), how much each row counts.
    """
    if kind in ("labels", "signs") and outputs.shape[1] > 1:
        return float(_mean(outputs.argmax(axis=1) == targets.argmax(axis=1), weights))
    if kind in ("binary", "signs"):
        middle = 0.5 if kind == "binary" else 0.0
        right = ((outputs > 0.0) == (targets > middle)).mean(axis=1)
        return float(_mean(right, weights))
    if targets.shape != outputs.shape:
        return float("nan")  # the targets of a user's loss need not be like the outputs
    with numpy.errstate(all="ignore"):
        if weights is None:  # fit asks for it: without methods of arrays, which take as long as ten small sums
            middles = numpy.add.reduce(targets, axis=0) / len(targets)
            squares = (targets - outputs) ** 2, (targets - middles) ** 2
        else:
            w = weights[:, None]
            squares = w * (targets - outputs) ** 2, w * (targets - _mean(targets, weights)) ** 2
        rests, spreads = (numpy.add.reduce(x, axis=0).tolist() for x in squares)
    pairs = zip(rests, spreads, strict=True)
    found = [1.0 - rest / spread if spread > 0.0 else float(not rest > 0.0) for rest, spread in pairs]
    return found[0] if len(found) == 1 else float(numpy.mean(found))


def _mean(x: Any, weights: Array | None) -> Any:
    """The mean over rows. (numpy.average turns a lack of memory into a TypeError.)"""
    return x.mean(axis=0) if weights is None else weights @ x / weights.sum()


def probabilities(kind: str, outputs: Array) -> Array:
    """The probability of each class, (rows, classes); of several binary outputs, each one's probability of 1."""
    if kind == "labels":
        with numpy.errstate(all="ignore"):
            shifted = numpy.exp(outputs - outputs.max(axis=1, keepdims=True))
            return shifted / shifted.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]
    from vargrad._vm.machine_py import FUNCTIONS

    with numpy.errstate(all="ignore"):
        ones: Array = FUNCTIONS["sigmoid"](outputs)
        zeros: Array = FUNCTIONS["sigmoid"](-outputs)
    return numpy.hstack([zeros, ones]) if outputs.shape[1] == 1 else ones
