"""Rows of inputs and targets as float64 arrays for training, or an error that names the place in them."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy
import numpy.typing

from vargrad._compile import signature
from vargrad._core import var, var_py
from vargrad._util import errors, shares
from vargrad.losses import TARGETS

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
Validation: TypeAlias = tuple[Array, Array, Array | None]  # inputs, targets, weights of rows
_FLOAT = numpy.dtype(numpy.float64)
_VARS = (var.Var, var_py.Var)


def _numbers(x: Any, what: str) -> Array:
    """x as float64; TypeError for anything but real numbers, ValueError that names the first one that is not finite."""
    try:
        if type(x) is not numpy.ndarray or x.dtype.kind == "O":
            x = _of_numbers(x, what)
        usual = type(x) is numpy.ndarray and x.dtype is _FLOAT and x.flags.aligned
        found = x if usual else signature.real(what, x)
    except ValueError:
        raise ValueError(f"{what} has rows of different lengths: expected as many numbers in each") from None
    if not all_finite(found):
        place = tuple(int(i[0]) for i in numpy.nonzero(~numpy.isfinite(found)))
        where = f"[{', '.join(map(str, place))}]" if place else ""
        raise ValueError(f"{what}{where} is {found[place]}: expected finite numbers")
    return found


def _of_numbers(x: Any, what: str) -> Any:
    """x as an array; if it is one of Python objects, as tables with int and bool columns give it, then as float64.

    TypeError that names the first object that is no real number. Vars stay, for others to refuse.
    """
    given = x if isinstance(x, numpy.ndarray) else numpy.asarray(x)
    if given.dtype.kind != "O" or any(isinstance(item, _VARS) for item in given.flat):
        return given
    found = numpy.empty(given.shape)
    for place, item in zip(numpy.ndindex(given.shape), given.flat, strict=True):
        where = f"{what}[{', '.join(map(str, place))}]" if place else what
        if not isinstance(item, (numbers.Real, numpy.bool)):
            raise TypeError(f"{where} is {item!r:.60}, of type {type(item).__name__}: expected numbers")
        found[place] = bool(item) if isinstance(item, numpy.bool) else errors.as_float(item, where)
    return found


def all_finite(x: Array) -> bool:
    """Whether no number is infinite or nan."""
    if x.size <= 16:  # a row or a few: one by one is faster than to set NumPy's error state
        return all(map(math.isfinite, x.ravel().tolist()))
    with numpy.errstate(all="ignore"):  # if the sum is finite, so are all numbers, and no second array is needed
        total = float(numpy.add.reduce(x, axis=None))
    return math.isfinite(total) or bool(numpy.isfinite(x).all())


def inputs(x: Any, columns: int, what: str = "X", empty: bool = False) -> Array:
    """The rows of inputs as an array (rows, columns); ``empty``: whether there may be no rows."""
    found = _numbers(x, what)
    if found.ndim and not len(found) and not empty:
        raise ValueError(f"{what} has no rows: there is nothing to learn from")
    if found.ndim != 2 or found.shape[1] != columns:
        hint = f": use {what}.reshape(-1, 1)" if found.ndim == 1 and columns == 1 else ""
        hint = f": one row is [{what}]" if found.shape == (columns,) and columns > 1 else hint
        raise ValueError(
            f"{what} has shape {found.shape}, expected (rows, {columns}), as the network has {columns} input(s){hint}"
        )
    return numpy.ascontiguousarray(found)


def split(x: Any, columns: int, outputs: int) -> tuple[Array, Array]:
    """Inputs and targets of the article's data, in which each row has its inputs and then its targets."""
    found = _numbers(x, "X")
    if found.ndim != 2 or found.shape[1] != columns + outputs:
        raise ValueError(
            f"without y, X must be rows of {columns} input(s) followed by {outputs} target(s), of shape "
            f"(rows, {columns + outputs}), not {found.shape}"
        )
    return found[:, :columns], found[:, columns:]


def targets(y: Any, rows: int, outputs: int, kind: str, what: str = "y") -> Array:
    """Targets as an array (rows, targets) for a loss of this kind (losses.Loss.kind, or "any"); labels are one-hot."""
    plain = kind == "labels" and type(y) is numpy.ndarray and y.dtype.kind == "i" and y.shape == (rows,)
    if plain and outputs > 1 and y.min() >= 0 and y.max() < outputs:  # the usual case needs no other check
        return _at(y, outputs, 0.0)
    try:
        found = _numbers(y, what)
    except TypeError as error:
        if not any(isinstance(item, str) for item in numpy.asarray(y).reshape(-1)[:100].tolist()):
            raise
        raise TypeError(f"{error}: number class labels by names, y = numpy.unique(y, return_inverse=True)") from None
    if found.ndim not in (1, 2) or len(found) != rows:
        raise ValueError(f"{what} has shape {found.shape}, expected {rows} rows, as many as X has")
    by_label = kind == "labels" or (kind == "signs" and outputs > 1)
    if by_label and found.size == rows and (outputs > 1 or kind == "labels"):
        return _one_hot(found.reshape(rows), outputs, -1.0 if kind == "signs" else 0.0, what)
    table = found.reshape(rows, -1)
    if kind != "any" and table.shape[1] != outputs:
        expected = f"({rows}, {outputs})" + (f" or ({rows},)" if outputs == 1 or by_label else "")
        raise ValueError(f"{what} has shape {found.shape}, expected {expected}: the network has {outputs} output(s)")
    if kind in TARGETS:
        expected, good = TARGETS[kind]
        _require(good(table), table, expected, what)
    return numpy.ascontiguousarray(table)


def weights(given: Any, rows: int, what: str = "sample_weight") -> Array | None:
    """A weight for each row, shape (rows,), or None; TypeError or ValueError for others than numbers of at least 0."""
    if given is None:
        return None
    found = _numbers(given, what)
    if found.shape != (rows,):
        raise ValueError(f"{what} has shape {found.shape}, expected ({rows},), a weight for each row")
    _require((found >= 0.0)[:, None], found[:, None], "a weight of at least 0", what)
    if not found.any():
        raise ValueError(f"{what} is 0 for all rows: there is nothing to learn from")
    return found


def class_weights(given: Any, y: Array, kind: str) -> Array | None:
    """The weight of each row by its class, from fit's class_weight; ``y``: targets as ``targets`` gives them.

    "balanced" gives each class rows / (classes * its rows), as scikit-learn does.
    """
    if given is None:
        return None
    classes = _classes(y, kind)
    if classes is None:
        raise ValueError("class_weight needs targets that are classes: labels, 0 and 1, or -1 and 1")
    names = list(range(y.shape[1])) if y.shape[1] > 1 else {"binary": [0, 1], "signs": [-1, 1]}[kind]
    if y.shape[1] == 1:
        classes = (y[:, 0] > 0.0).astype(int)
    if isinstance(given, str):
        errors.known("class_weight", given, ("balanced",))
        counts = numpy.bincount(classes, minlength=len(names))
        by_class = len(y) / (numpy.count_nonzero(counts) * numpy.maximum(counts, 1.0))
    elif isinstance(given, Mapping):
        unknown = [name for name in given if name not in names]
        if unknown:
            raise ValueError(f"class_weight has {unknown[0]!r:.40}, which is none of the classes {names!s:.80}")
        by_class = numpy.array([errors.as_float(given.get(n, 1.0), f"class_weight[{n}]") for n in names])
        if not (numpy.isfinite(by_class) & (by_class >= 0.0)).all():
            raise ValueError(f"class_weight must hold finite numbers of at least 0, not {given!r:.80}")
    else:
        raise TypeError(f"class_weight must be 'balanced' or a dict from class to weight, not {given!r:.60}")
    return numpy.asarray(by_class[classes], float)


def weighted(y: Array, weight: Array | None, mean: bool) -> Array:
    """Targets with the rows' weights as a last column; ``mean``: scaled so that they are 1 on average."""
    if weight is None:
        weight = numpy.ones(len(y))
    elif mean:
        total = float(weight.sum())
        if not 0.0 < total < math.inf:
            raise ValueError(f"the weights of these rows add up to {total}: expected a finite number above 0")
        weight = weight * (len(weight) / total)
    return numpy.ascontiguousarray(numpy.column_stack([y, weight]))


def smoothed(y: Array, kind: str, by: float) -> Array:
    """Targets moved by a share towards 1 / classes, or 1 / 2 of yes or no, as torch's label_smoothing does."""
    if not by:
        return y
    if kind not in ("labels", "binary"):
        raise ValueError("label_smoothing is for losses 'cross_entropy' and 'bce'")
    return y * (1.0 - by) + by / (y.shape[1] if kind == "labels" else 2)


def validation_of(given: Any, columns: int, outputs: int, kind: str, targets_in_row: int) -> Validation | None:
    """fit's validation_data, X and y and perhaps the rows' weights; TypeError or ValueError if it does not fit."""
    if given is None:
        return None
    if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
        raise TypeError(f"validation_data must be a pair of X and y, or X, y and sample_weight, not {given!r:.60}")
    x = inputs(given[0], columns, "validation_data[0]")
    y = targets(given[1], len(x), outputs, kind, "validation_data[1]")
    if y.shape[1] != targets_in_row:
        raise ValueError(f"validation_data[1] has {y.shape[1]} targets in a row, y has {targets_in_row}")
    return x, y, weights(given[2], len(x), "validation_data[2]") if len(given) == 3 else None


def split_off(
    x: Array, y: Array, share: Any, source: Any, kind: str = "values", shuffle: bool = True
) -> tuple[Array, Array, tuple[Array, Array]]:
    """Rows to train on, and a share of the rows for validation: the last ones without ``shuffle``, else random ones.

    Of classes (``kind``: see losses.Loss) as many from each as its share. ``source``: random, or one like it.
    """
    part = errors.as_float(share, "validation_split")
    if not 0.0 < part < 1.0:
        raise ValueError(f"validation_split must be a share of the rows, at least 0 and below 1, not {share!r:.60}")
    count = shares.count(part, len(x))
    if count >= len(x):
        raise ValueError(f"validation_split={share} leaves none of {len(x)} rows to train on")
    if not shuffle:
        return x[:-count], y[:-count], (x[-count:], y[-count:])
    random = numpy.random.default_rng(source.getrandbits(64))
    classes = _classes(y, kind)
    rows = random.permutation(len(x))[:count] if classes is None else shares.stratified(classes, count, random)
    some = numpy.sort(rows)
    rest = numpy.delete(numpy.arange(len(x)), some)
    return x[rest], y[rest], (x[some], y[some])


def _classes(y: Array, kind: str) -> Any:
    """The class of each row, ints from 0; None if these targets are no classes."""
    if kind in ("labels", "signs") and y.shape[1] > 1 and ((y == 1.0).sum(axis=1) == 1).all():
        return y.argmax(axis=1)
    if kind in ("binary", "signs") and y.shape[1] == 1 and len(found := numpy.unique(y)) <= 2:
        return numpy.searchsorted(found, y[:, 0])
    return None


def _require(good: Any, table: Array, expected: str, what: str) -> None:
    if not good.all():
        i, k = (int(x[0]) for x in numpy.nonzero(~good))
        place = f"{i}, {k}" if table.shape[1] > 1 else str(i)
        raise ValueError(f"{what}[{place}] is {table[i, k]:g}, expected {expected}")


def _one_hot(labels: Array, outputs: int, other: float, what: str) -> Array:
    if outputs == 1:
        raise ValueError(
            f"class labels need one output for each class, and the network has 1: use loss='bce' for {what}"
        )
    good = (labels >= 0) & (labels < outputs) & (labels == numpy.floor(labels))
    _require(good[:, None], labels[:, None], f"a label from 0 to {outputs - 1} (the network's outputs)", what)
    return _at(labels.astype(numpy.intp), outputs, other)


def _at(labels: Any, outputs: int, other: float) -> Array:
    table = numpy.full((len(labels), outputs), other)
    table[numpy.arange(len(labels)), labels] = 1.0
    return table
