"""Data to train on, without a download: gates, two moons, spirals, and scikit-learn's small real sets.

Each function returns a pair ``X, y`` of NumPy arrays: X of shape (rows, inputs) in float64, y of shape (rows,), int64
class labels from 0 or float64 targets.

>>> from vargrad import data
>>> X, y = data.moons(100, noise=0.1, seed=0)
>>> X.shape, y.shape
((100, 2), (100,))
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

import numpy
import numpy.typing

from vargrad._util import errors, shares
from vargrad._util.settings import Count, Number

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
Labels: TypeAlias = numpy.typing.NDArray[numpy.int64]
GATES: dict[str, Callable[[int, int], int]] = {
    "and": lambda p, q: p & q,
    "or": lambda p, q: p | q,
    "xor": lambda p, q: p ^ q,
    "nand": lambda p, q: 1 - (p & q),
    "nor": lambda p, q: 1 - (p | q),
    "xnor": lambda p, q: 1 - (p ^ q),
}
__all__ = [
    "Scaler",
    "breast_cancer",
    "diabetes",
    "digits",
    "gate",
    "iris",
    "moons",
    "spirals",
    "standardize",
    "train_test_split",
    "wine",
]


def gate(name: str) -> tuple[Array, Labels]:
    """The truth table of a gate: X (4, 2), y (4,). ``name``: "and", "or", "xor", "nand", "nor" or "xnor".

    Raises ValueError for another name.

    >>> X, y = gate("xor")
    >>> X.tolist(), y.tolist()
    ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0])
    """
    rule = GATES[errors.known("gate", name, GATES)]
    pairs = [(p, q) for p in (0, 1) for q in (0, 1)]
    return numpy.array(pairs, float), numpy.array([rule(p, q) for p, q in pairs])


def moons(n: int = 200, noise: float = 0.1, seed: int | None = None) -> tuple[Array, Labels]:
    """Two half circles of radius 1 that reach into each other: X (n, 2), y (n,) of 0 and 1, in random order.

    ``noise``: standard deviation of what is added to each coordinate; ``seed``: the same one gives the same data.

    >>> X, y = moons(6, noise=0, seed=1)
    >>> bool(numpy.allclose(numpy.hypot(*(X - [0, 0] - numpy.outer(y, [1, 0.5])).T), 1))
    True
    """
    n, noise, random = _drawn(n, noise, seed)
    y = random.permutation(numpy.arange(n) % 2)
    angle = numpy.pi * _spaced(y, 2)
    upper = numpy.column_stack([numpy.cos(angle), numpy.sin(angle)])
    X = numpy.where(y[:, None] == 0, upper, [1.0, 0.5] - upper)
    return X + noise * random.normal(size=(n, 2)), y


def spirals(
    n: int = 300, classes: int = 2, turns: float = 1.0, noise: float = 0.05, seed: int | None = None
) -> tuple[Array, Labels]:
    """Spiral arms around the origin, one for each class: X (n, 2) within radius 1, y (n,), in random order.

    ``turns``: full turns of each arm; ``noise``: standard deviation of what is added to each coordinate; ``seed``: the
    same one gives the same data.

    >>> X, y = spirals(9, classes=3, noise=0, seed=1)
    >>> sorted(y.tolist()), float(numpy.hypot(*X.T).max())
    ([0, 0, 0, 1, 1, 1, 2, 2, 2], 1.0)
    """
    n, noise, random = _drawn(n, noise, seed)
    classes = Count(1).checked("classes", classes)
    turns = Number().checked("turns", turns)
    y = random.permutation(numpy.arange(n) % classes)
    radius = _spaced(y, classes)
    angle = 2 * numpy.pi * (turns * radius + y / classes)
    X = radius[:, None] * numpy.column_stack([numpy.cos(angle), numpy.sin(angle)])
    return X + noise * random.normal(size=(n, 2)), y


def _drawn(n: object, noise: object, seed: Any) -> tuple[int, float, numpy.random.Generator]:
    if seed is not None:
        seed = Count(0).checked("seed", seed)
    return Count(1).checked("n", n), Number(0).checked("noise", noise), numpy.random.default_rng(seed)


def _spaced(y: Labels, classes: int) -> Array:
    """For each row its place among those of its class, evenly from 0 to 1."""
    places = numpy.empty(len(y))
    for k in range(classes):
        places[y == k] = numpy.linspace(0, 1, numpy.count_nonzero(y == k))
    return places


def digits() -> tuple[Array, Labels]:
    """Handwritten digits of 8 times 8 pixels (UCI): X (1797, 64) from 0 to 1, y (1797,) of 0 to 9. By scikit-learn."""
    X, y = _sklearn("load_digits")
    return X / 16, y.astype(numpy.int64)


def iris() -> tuple[Array, Labels]:
    """Fisher's irises: X (150, 4), lengths and widths in cm, y (150,) of 0 to 2. By scikit-learn."""
    X, y = _sklearn("load_iris")
    return X, y.astype(numpy.int64)


def breast_cancer() -> tuple[Array, Labels]:
    """Wisconsin breast cancer: X (569, 30) in various units, y (569,), 0 malignant, 1 benign. By scikit-learn."""
    X, y = _sklearn("load_breast_cancer")
    return X, y.astype(numpy.int64)


def wine() -> tuple[Array, Labels]:
    """Wines of three growers (UCI): X (178, 13), analyses in various units, y (178,) of 0 to 2. By scikit-learn."""
    X, y = _sklearn("load_wine")
    return X, y.astype(numpy.int64)


def diabetes() -> tuple[Array, Array]:
    """Diabetes (Efron et al. 2004): X (442, 10), centred and scaled, y (442,), its progression. By scikit-learn."""
    X, y = _sklearn("load_diabetes")
    return X, y.astype(numpy.float64)


def _sklearn(loader: str) -> tuple[Any, Any]:
    try:
        from sklearn import datasets
    except ImportError as error:
        raise ImportError(
            f"vargrad.data.{loader.removeprefix('load_')}() comes with scikit-learn: pip install 'vargrad[sklearn]'"
        ) from error
    X, y = getattr(datasets, loader)(return_X_y=True)
    return X, y


def train_test_split(
    X: Any, y: Any, test_size: float | int = 0.25, seed: int | None = None, stratify: Any = None
) -> tuple[Any, Any, Any, Any]:
    """X_train, X_test, y_train, y_test: the rows in random order, some of them kept for the test.

    ``X``, ``y``: arrays or lists of as many rows; ``test_size``: a share of them between 0 and 1, rounded up, or
    their number as an int; ``seed``: the same one gives the same split. ``stratify``: the class of each row, such as
    y; both parts then have each class in its share. Raises ValueError if either part would be empty, or if it has fewer
    rows than there are classes.

    >>> X_train, X_test, y_train, y_test = train_test_split(*gate("xor"), test_size=1, seed=0)
    >>> X_train.shape, X_test.shape, y_train.shape, y_test.shape
    ((3, 2), (1, 2), (3,), (1,))
    """
    X, y = numpy.asarray(X), numpy.asarray(y)
    if X.ndim == 0 or y.ndim == 0 or len(X) != len(y):
        raise ValueError(f"train_test_split: X and y must have as many rows, got shapes {X.shape} and {y.shape}")
    rows = len(X)
    if isinstance(test_size, float):
        count = shares.count(Number(0, 1).checked("train_test_split: test_size", test_size), rows)
    else:
        count = Count(0).checked("train_test_split: test_size", test_size)
    if not 0 < count < rows:
        raise ValueError(f"train_test_split: test_size={test_size!r} of {rows} row(s) leaves {count} for the test")
    if seed is not None:
        seed = Count(0).checked("seed", seed)
    random = numpy.random.default_rng(seed)
    if stratify is None:
        order = random.permutation(rows)
        test, train = order[:count], order[count:]
    else:
        classes = _classes(stratify, rows, count)
        test = shares.stratified(classes, count, random)
        train = random.permutation(numpy.delete(numpy.arange(rows), test))
    return X[train], X[test], y[train], y[test]


def _classes(stratify: Any, rows: int, count: int) -> Labels:
    """The classes numbered from 0; ValueError if they cannot all be in the test and in the rest."""
    given = numpy.asarray(stratify)
    if given.shape not in ((rows,), (rows, 1)):
        raise ValueError(
            f"train_test_split: stratify has shape {given.shape}, expected ({rows},), a class for each row"
        )
    names, classes, sizes = numpy.unique(given.reshape(rows), return_inverse=True, return_counts=True)
    if sizes.min() < 2:
        rare = names[sizes.argmin()].item()
        raise ValueError(f"train_test_split: class {rare!r:.60} has one row, and cannot be in both parts: leave it out")
    if not len(names) <= count <= rows - len(names):
        raise ValueError(
            f"train_test_split: {count} of {rows} row(s) for the test: with stratify either part needs a row "
            f"for each of {len(names)} classes"
        )
    return classes.astype(numpy.int64)


class Scaler:
    """Shifts and scales each column to mean 0 and standard deviation 1, and back.

    Fit it on the rows to train on, and use it for all others. Attributes: ``mean`` and ``scale``, arrays of shape
    (columns,), or () for data of shape (rows,). A column that is constant, up to rounding, is only shifted: its scale
    is 1. A network keeps scalers in its file: see ``NN.scalers``.

    >>> scaler = Scaler().fit([[1.0, 5.0], [3.0, 5.0]])
    >>> scaler.transform([[5.0, 6.0]]).tolist()
    [[3.0, 1.0]]
    >>> scaler.inverse([[3.0, 1.0]]).tolist()
    [[5.0, 6.0]]
    """

    _kept: tuple[Array, Array] | None = None  # mean and scale, so that both change at once

    def __init__(self, mean: Any = None, scale: Any = None) -> None:
        """Without arguments a scaler to fit; with both one that has these numbers, as an earlier one had them."""
        if mean is None and scale is None:
            return
        if mean is None or scale is None:
            raise TypeError("Scaler: give both mean and scale, or neither and fit it")
        shift, factor = (numpy.array(x, numpy.float64) for x in (mean, scale))
        if shift.ndim > 1 or shift.shape != factor.shape:
            raise ValueError(f"Scaler: mean and scale have shapes {shift.shape} and {factor.shape}, not (columns,)")
        if not (numpy.isfinite(shift).all() and numpy.isfinite(factor).all() and (factor > 0.0).all()):
            raise ValueError("Scaler: mean and scale must be finite numbers, scale above 0")
        self._kept = shift, factor

    @property
    def mean(self) -> Array | None:
        """What is subtracted; None before fit."""
        return None if self._kept is None else self._kept[0]

    @property
    def scale(self) -> Array | None:
        """What is divided by; None before fit."""
        return None if self._kept is None else self._kept[1]

    def fit(self, X: Any) -> Scaler:
        """Take mean and deviation of the columns of X, shape (rows, columns) or (rows,); returns the scaler.

        Raises TypeError or ValueError for other shapes and for what is no finite number; then nothing has changed.
        """
        x = self._array(X, "Scaler.fit: X")
        if not len(x):
            raise ValueError(f"Scaler.fit: X has shape {x.shape}, expected at least one row")
        if not numpy.isfinite(x).all():
            place = tuple(int(i[0]) for i in numpy.nonzero(~numpy.isfinite(x)))
            raise ValueError(f"Scaler.fit: X[{', '.join(map(str, place))}] is {x[place]}: expected finite numbers")
        largest = numpy.abs(x).max(axis=0, initial=0.0)
        unit = numpy.ldexp(1.0, numpy.frexp(largest)[1] - 1)  # so that squares neither over- nor underflow
        with numpy.errstate(under="ignore"):
            scaled = x / unit
            mean, deviation = scaled.mean(axis=0), scaled.std(axis=0)
            spread = scaled.max(axis=0) - scaled.min(axis=0)
            constant = spread <= _ROUNDING
            found = numpy.where(constant, x[0], mean * unit), numpy.where(constant, 1.0, deviation * unit)
        self._kept = found
        return self

    def transform(self, X: Any) -> Array:
        """The rows of X, shifted and scaled; ValueError before fit and for other columns."""
        x, mean, scale = self._fitting(X, "Scaler.transform")
        found: Array = (x - mean) / scale
        return found

    def inverse(self, X: Any) -> Array:
        """What transform made these rows of; ValueError before fit and for other columns."""
        x, mean, scale = self._fitting(X, "Scaler.inverse")
        found: Array = x * scale + mean
        return found

    def _fitting(self, X: Any, what: str) -> tuple[Array, Array, Array]:
        if self._kept is None:
            raise ValueError(f"{what}: call fit first, with the rows to train on")
        x = self._array(X, f"{what}: X")
        mean, scale = self._kept
        if x.shape[1:] != mean.shape:
            expected = ", ".join(["rows", *map(str, mean.shape)])
            raise ValueError(f"{what}: X has shape {x.shape}, expected ({expected})")
        return x, mean, scale

    @staticmethod
    def _array(X: Any, what: str) -> Array:
        given = numpy.asarray(X)
        if given.dtype.kind not in "fiubO":
            raise TypeError(f"{what} is of dtype {given.dtype}, expected numbers")
        if given.ndim not in (1, 2):
            raise ValueError(f"{what} has shape {given.shape}, expected (rows, columns) or (rows,)")
        return given.astype(numpy.float64)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Scaler):
            return NotImplemented
        if self._kept is None or other._kept is None:
            return self._kept is other._kept
        return all(numpy.array_equal(one, two) for one, two in zip(self._kept, other._kept, strict=True))

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "<Scaler, not fitted>" if self._kept is None else f"<Scaler of {self._kept[0].size} column(s)>"


_ROUNDING = 8 * float(numpy.finfo(numpy.float64).eps)  # of a column's largest number: what differs by less is noise


def standardize(X: Any, *others: Any) -> Any:
    """X with mean 0 and standard deviation 1 in each column; ``others`` shifted and scaled by the same numbers.

    ``X``, ``others``: shapes (rows, columns) or (rows,). A constant column is only shifted. Returns X alone, or a
    tuple. Raises what ``Scaler`` raises, which keeps the numbers for later.

    >>> train, test = standardize([[1.0], [3.0]], [[5.0]])
    >>> train.tolist(), test.tolist()
    ([[-1.0], [1.0]], [[3.0]])
    """
    arrays = [Scaler._array(x, f"standardize: argument {i}") for i, x in enumerate((X, *others))]
    for i, x in enumerate(arrays):
        if len(x) == 0 or x.shape[1:] != arrays[0].shape[1:]:
            raise ValueError(
                f"standardize: argument {i} has shape {x.shape}, expected rows, with as many columns as the first"
            )
    scaler = Scaler().fit(arrays[0])
    scaled = tuple(scaler.transform(x) for x in arrays)
    return scaled if others else scaled[0]


def __dir__() -> list[str]:
    return sorted(__all__)
