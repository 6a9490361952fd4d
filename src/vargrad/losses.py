"""Losses, for the article's own loop and, by name, for NN.fit: one definition each.

Predictions and targets are a number, a list of one row's numbers, or a list of rows (lists, or a NumPy array of Vars
such as ``model(X)``); the loss of several rows is the mean of theirs, but for ``sse`` their sum; by ``sample_weight``,
a number of at least 0 for each row, the weighted mean or sum. Values may be Vars or
floats. Torch's definitions where torch has the loss. ValueError for targets that are not of the loss's kind.

>>> from vargrad import NN, losses
>>> model = NN([2, 3], activation="identity", seed=0)
>>> loss = losses.cross_entropy([model(0, 1), model(1, 0)], [2, 0])
>>> loss.backward()
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, overload

from vargrad import math
from vargrad._core import modes, var, var_py
from vargrad._util import errors

if TYPE_CHECKING:
    _N = TypeVar("_N", var_py.Var, float)
    _Rows: TypeAlias = "_N | Sequence[_N] | Sequence[Sequence[_N]]"

__all__ = ["bce", "cross_entropy", "hinge", "huber", "l1", "l2", "mae", "mse", "sse"]
_VARS = (var.Var, var_py.Var)


@dataclass(frozen=True)
class Loss:
    """A loss of one row: ``row(outputs, targets)`` of two lists of numbers.

    ``mean``: whether rows are averaged, or added. ``kind``: what targets are: "values" for regression; "labels": 0 to
    outputs - 1, given to ``row`` as a list with a 1 at the label; "binary": 0 or 1; "signs": -1 or 1. ``logits``:
    whether outputs are to be without activation.
    """

    name: str
    row: Callable[[Sequence[Any], Sequence[Any]], Any]
    mean: bool = True
    kind: str = "values"
    logits: bool = False


@overload
def sse(predictions: _Rows[_N], targets: Any, *, sample_weight: Any = None) -> _N: ...
@overload
def sse(predictions: Any, targets: Any, *, sample_weight: Any = None) -> Any: ...
def sse(predictions: Any, targets: Any, *, sample_weight: Any = None) -> Any:
    """The article's loss: the sum of squared errors over all outputs and rows.

    >>> sse([0.5, 2.0], [0.0, 1.0])
    1.25
    """
    return _over_rows(LOSSES["sse"], predictions, targets, sample_weight)


@overload
def mse(predictions: _Rows[_N], targets: Any, *, sample_weight: Any = None) -> _N: ...
@overload
def mse(predictions: Any, targets: Any, *, sample_weight: Any = None) -> Any: ...
def mse(predictions: Any, targets: Any, *, sample_weight: Any = None) -> Any:
    """The mean of squared errors; torch.nn.functional.mse_loss.

    >>> mse([0.5, 2.0], [0.0, 1.0])
    0.625
    """
    return _over_rows(LOSSES["mse"], predictions, targets, sample_weight)


@overload
def mae(predictions: _Rows[_N], targets: Any, *, sample_weight: Any = None) -> _N: ...
@overload
def mae(predictions: Any, targets: Any, *, sample_weight: Any = None) -> Any: ...
def mae(predictions: Any, targets: Any, *, sample_weight: Any = None) -> Any:
    """The mean of absolute errors; torch.nn.functional.l1_loss.

    >>> mae([0.5, 2.0], [0.0, 1.0])
    0.75
    """
    return _over_rows(LOSSES["mae"], predictions, targets, sample_weight)


@overload
def huber(predictions: _Rows[_N], targets: Any, delta: float = 1.0, *, sample_weight: Any = None) -> _N: ...
@overload
def huber(predictions: Any, targets: Any, delta: float = 1.0, *, sample_weight: Any = None) -> Any: ...
def huber(predictions: Any, targets: Any, delta: float = 1.0, *, sample_weight: Any = None) -> Any:
    """The mean of e**2 / 2 for errors abs(e) up to ``delta`` and delta (abs(e) - delta / 2) beyond (Huber 1964).

    torch.nn.functional.huber_loss. Raises ValueError unless delta is positive.

    >>> huber([0.5, 3.0], [0.0, 1.0])
    0.8125
    """
    if not delta > 0.0:
        raise ValueError(f"huber: delta must be positive, not {delta!r:.60}")
    return _over_rows(Loss("huber", lambda p, t: _huber(p, t, delta)), predictions, targets, sample_weight)


@overload
def hinge(predictions: _Rows[_N], targets: Any, *, sample_weight: Any = None) -> _N: ...
@overload
def hinge(predictions: Any, targets: Any, *, sample_weight: Any = None) -> Any: ...
def hinge(predictions: Any, targets: Any, *, sample_weight: Any = None) -> Any:
    """The mean of max(0, 1 - t p) for targets t of -1 and 1, as support vector machines have it.

    >>> hinge([0.5, -3.0], [1, -1])
    0.25
    """
    return _over_rows(LOSSES["hinge"], predictions, targets, sample_weight)


@overload
def bce(predictions: _Rows[_N], targets: Any, *, sample_weight: Any = None) -> _N: ...
@overload
def bce(predictions: Any, targets: Any, *, sample_weight: Any = None) -> Any: ...
def bce(predictions: Any, targets: Any, *, sample_weight: Any = None) -> Any:
    """Binary cross-entropy from logits: the mean of softplus(z) - t z, for outputs z without activation, t from 0 to 1.

    torch.nn.functional.binary_cross_entropy_with_logits. Finite for logits of any size.

    >>> bce([800.0], [0])
    800.0
    """
    return _over_rows(LOSSES["bce"], predictions, targets, sample_weight)


@overload
def cross_entropy(
    predictions: _Rows[_N], targets: Any, *, sample_weight: Any = None, label_smoothing: float = 0.0
) -> _N: ...
@overload
def cross_entropy(
    predictions: Any, targets: Any, *, sample_weight: Any = None, label_smoothing: float = 0.0
) -> Any: ...
def cross_entropy(predictions: Any, targets: Any, *, sample_weight: Any = None, label_smoothing: float = 0.0) -> Any:
    """Cross-entropy from logits: a row's logsumexp(z) - z[label]; the mean over rows.

    ``predictions``: one row's outputs without activation, or a list of rows. ``targets``: the row's label, an int from
    0 to outputs - 1, or a list of them; or as many probabilities as outputs, for each row.
    ``label_smoothing``: the share of each target that goes to all labels alike. torch.nn.functional.cross_entropy.

    >>> cross_entropy([800.0, 0.0], 1)
    800.0
    """
    rows = _plain(predictions)
    labels = _plain(targets)
    if not _is_list(rows) or not rows:
        raise TypeError(f"cross_entropy: predictions must be a row of outputs, or rows of them, not {rows!r:.60}")
    if not _is_list(rows[0]):
        rows, labels = [rows], [labels]
    if not _is_list(labels) or len(labels) != len(rows):
        raise ValueError(f"cross_entropy: {len(rows)} row(s) of predictions, targets {labels!r:.60}")
    by = errors.as_float(label_smoothing, "cross_entropy: label_smoothing")
    if not 0.0 <= by <= 1.0:
        raise ValueError(f"cross_entropy: label_smoothing must be from 0 to 1, not {label_smoothing!r:.60}")
    found = []
    for i, (row, label) in enumerate(zip(rows, labels, strict=True)):
        what = f"targets[{i}]"
        given = _checked(LOSSES["cross_entropy"], label, what) if _is_list(label) else _label(label, len(row), what)
        value = _cross_entropy(row, given)
        found.append((1.0 - by) * value + by * _cross_entropy(row, [1.0 / len(row)] * len(row)) if by else value)
    return _averaged(LOSSES["cross_entropy"], found, sample_weight)


@overload
def l1(parameters: Iterable[_N]) -> _N: ...
@overload
def l1(parameters: Any) -> Any: ...
def l1(parameters: Any) -> Any:
    """The sum of absolute values, for a penalty: ``loss + 0.001 * l1(model.parameters)``.

    >>> l1([1.0, -2.0])
    3.0
    """
    return math.sum([abs(p) for p in parameters])


@overload
def l2(parameters: Iterable[_N]) -> _N: ...
@overload
def l2(parameters: Any) -> Any: ...
def l2(parameters: Any) -> Any:
    """The sum of squares, for a penalty: ``loss + 0.001 * l2(model.parameters)``.

    >>> l2([1.0, -2.0])
    5.0
    """
    return math.sum([p * p for p in parameters])


# ---- rows


def _errors(p: Sequence[Any], t: Sequence[Any]) -> list[Any]:
    return [a - b for a, b in zip(p, t, strict=True)]


def _sse(p: Sequence[Any], t: Sequence[Any]) -> Any:
    return math.sum([e * e for e in _errors(p, t)])


def _mse(p: Sequence[Any], t: Sequence[Any]) -> Any:
    return math.mean([e * e for e in _errors(p, t)])


def _mae(p: Sequence[Any], t: Sequence[Any]) -> Any:
    return math.mean([abs(e) for e in _errors(p, t)])


def _huber(p: Sequence[Any], t: Sequence[Any], delta: float = 1.0) -> Any:
    return math.mean([_huber_error(abs(e), delta) for e in _errors(p, t)])


def _huber_error(size: Any, delta: float) -> Any:
    near = math.minimum(size, delta)
    return near * (size - 0.5 * near)  # size**2 / 2 where it is the smaller, without a branch


def _hinge(p: Sequence[Any], t: Sequence[Any]) -> Any:
    return math.mean([math.relu(1.0 - b * a) for a, b in zip(p, t, strict=True)])


def _bce(p: Sequence[Any], t: Sequence[Any]) -> Any:
    return math.mean([math.softplus(a) - b * a for a, b in zip(p, t, strict=True)])


def _cross_entropy(p: Sequence[Any], t: Any) -> Any:
    total = math.logsumexp(p)
    if isinstance(t, int):
        return total - p[t]
    if len(t) != len(p):
        raise ValueError(f"cross_entropy: {len(t)} probabilities for {len(p)} outputs")
    return math.dot(t, [total - a for a in p])


LOSSES = {
    loss.name: loss
    for loss in (
        Loss("sse", _sse, mean=False),
        Loss("mse", _mse),
        Loss("mae", _mae),
        Loss("huber", _huber),
        Loss("hinge", _hinge, kind="signs", logits=True),
        Loss("bce", _bce, kind="binary", logits=True),
        Loss("cross_entropy", _cross_entropy, kind="labels", logits=True),
    )
}

# What the targets of a kind must be, in words, and the test for it, of a number or an array. Those of "labels" are
# probabilities here.
TARGETS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "binary": ("0 or 1, or a probability between", lambda t: (t >= 0.0) & (t <= 1.0)),
    "labels": ("a probability from 0 to 1", lambda t: (t >= 0.0) & (t <= 1.0)),
    "signs": ("-1 or 1", lambda t: abs(t) == 1.0),
}


# ---- arguments


def _checked(loss: Loss, targets: Any, what: str) -> Any:
    """These targets; ValueError for the first that is none of the loss's kind.

    While a function is recorded, a Var has no value yet that could be judged.
    """
    if loss.kind in TARGETS:
        expected, good = TARGETS[loss.kind]
        for i, x in enumerate(targets):
            is_var = isinstance(x, _VARS)
            if is_var and modes.thread.recorder is not None:
                continue
            number = x.value if is_var else errors.as_float(x, f"{loss.name}: {what}[{i}]")
            if not good(number):
                raise ValueError(f"{loss.name}: {what}[{i}] is {number:g}, expected {expected}")
    return targets


def _plain(x: Any) -> Any:
    """Arrays as lists."""
    return x.tolist() if hasattr(x, "tolist") and not isinstance(x, _VARS) else x


def _is_list(x: Any) -> bool:
    return isinstance(x, (list, tuple))


def _label(x: Any, outputs: int, what: str) -> int:
    if isinstance(x, float) and x.is_integer():
        x = int(x)
    if isinstance(x, bool) or not hasattr(x, "__index__"):
        raise TypeError(f"cross_entropy: {what} must be a label, an int from 0 to {outputs - 1}, not {x!r:.60}")
    label = operator.index(x)
    if not 0 <= label < outputs:
        raise ValueError(f"cross_entropy: {what} is {label}, expected a label from 0 to {outputs - 1}")
    return label


def _over_rows(loss: Loss, predictions: Any, targets: Any, sample_weight: Any = None) -> var.Real:
    p, t = _plain(predictions), _plain(targets)
    if sample_weight is not None and _is_list(p) and not any(_is_list(row) for row in p) and _is_list(t):
        p, t = [[x] for x in p], [[x] for x in t]  # a weight for each number: each is a row
    if not (_is_list(p) and any(_is_list(row) for row in p)):
        one: var.Real = _row(loss, p, t, "targets")
        return one if sample_weight is None else _averaged(loss, [one], sample_weight)
    if not _is_list(t) or len(t) != len(p):
        raise ValueError(f"{loss.name}: {len(p)} rows of predictions, targets {t!r:.60}")
    rows = [_row(loss, a, b, f"targets[{i}]") for i, (a, b) in enumerate(zip(p, t, strict=True))]
    return _averaged(loss, rows, sample_weight)


def _averaged(loss: Loss, rows: list[Any], sample_weight: Any) -> var.Real:
    """The mean of the rows' losses, or their sum as the loss wants it; weighted by ``sample_weight``, if any."""
    if sample_weight is None:
        found: var.Real = math.mean(rows) if loss.mean else math.sum(rows)
        return found
    weights = _plain(sample_weight)
    if not _is_list(weights) or len(weights) != len(rows):
        raise ValueError(
            f"{loss.name}: sample_weight must be a weight for each of {len(rows)} rows, not {weights!r:.60}"
        )
    weights = [errors.as_float(w, f"{loss.name}: sample_weight[{i}]") for i, w in enumerate(weights)]
    total = math.fsum(weights)
    if not all(0.0 <= w < math.inf for w in weights) or not 0.0 < total < math.inf:
        raise ValueError(f"{loss.name}: sample_weight must be finite numbers of at least 0, not all 0: {weights!r:.60}")
    found = math.dot(weights, rows)
    return found / total if loss.mean else found


def _row(loss: Loss, p: Any, t: Any, what: str) -> Any:
    p, t = (x if _is_list(x) else [x] for x in (p, t))
    if len(p) != len(t) or not p:
        raise ValueError(f"{loss.name}: {len(p)} prediction(s) and {len(t)} target(s): give one target for each")
    for x in (*p, *t):
        if not isinstance(x, (float, *_VARS)):
            errors.as_float(x, f"{loss.name}: a prediction or target")
    return loss.row(p, _checked(loss, t, what))


def __dir__() -> list[str]:
    return sorted(__all__)
