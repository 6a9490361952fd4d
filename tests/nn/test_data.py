"""Data without a download: shapes, geometry, seeds, splits."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn import datasets

from vargrad import NN, data

ANY: Any = data


@pytest.mark.parametrize("name", ["and", "or", "xor", "nand", "nor", "xnor"])
def test_gates(name: str) -> None:
    X, y = data.gate(name)
    bits = [(bool(p), bool(q)) for p, q in X]
    positive = {"and": all, "or": any, "xor": lambda pq: pq[0] != pq[1]}[name.removeprefix("n").replace("xn", "x")]
    if name == "nor":
        positive = any
    assert y.tolist() == [positive(pq) != (name[0] == "n" or name == "xnor") for pq in bits]
    assert len(set(bits)) == 4
    assert NN([2, 1], seed=0).calculate_loss(np.column_stack([X, y])).value > 0


def test_moons_are_those_of_scikit_learn() -> None:
    """The same points, in another order."""
    X, y = data.moons(50, noise=0, seed=3)
    theirs, labels = datasets.make_moons(50, shuffle=False)
    for k in (0, 1):
        ours, wanted = X[y == k], theirs[labels == k]
        np.testing.assert_allclose(ours[np.argsort(ours[:, 0])], wanted[np.argsort(wanted[:, 0])], atol=1e-12)
    assert np.bincount(data.moons(51)[1]).tolist() == [26, 25]


def test_spirals() -> None:
    X, y = data.spirals(90, classes=3, turns=1.5, noise=0, seed=1)
    assert np.bincount(y).tolist() == [30, 30, 30]
    radius = np.hypot(*X.T)
    angle = 2 * np.pi * (1.5 * radius + y / 3)
    np.testing.assert_allclose(X, radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]), atol=1e-12)
    np.testing.assert_allclose(np.sort(radius), np.repeat(np.linspace(0, 1, 30), 3), atol=1e-12)


@pytest.mark.parametrize("draw", [data.moons, data.spirals])
def test_noise_and_seeds(draw: Callable[..., Any]) -> None:
    X, y = draw(4000, noise=0.2, seed=5)
    again, labels = draw(4000, noise=0.2, seed=5)
    bare, order = draw(4000, noise=0, seed=5)
    np.testing.assert_array_equal(X, again)
    np.testing.assert_array_equal(y, labels)
    np.testing.assert_array_equal(y, order)
    assert (X - bare).std() == pytest.approx(0.2, rel=0.03)
    assert abs((X - bare).mean()) < 0.01
    assert (draw(4000, noise=0.2, seed=6)[0] != X).any()
    assert (draw(4000)[0] != draw(4000)[0]).any()
    assert X.dtype == np.float64
    assert y.dtype == np.int64


@pytest.mark.parametrize(
    ("name", "shape", "classes"),
    [("digits", (1797, 64), 10), ("iris", (150, 4), 3), ("breast_cancer", (569, 30), 2), ("diabetes", (442, 10), 0)],
)
def test_real_data(name: str, shape: tuple[int, int], classes: int) -> None:
    X, y = getattr(data, name)()
    theirs, labels = getattr(datasets, f"load_{name}")(return_X_y=True)
    np.testing.assert_allclose(X, theirs / (16 if name == "digits" else 1))
    np.testing.assert_array_equal(y, labels)
    assert (X.shape, X.dtype, y.dtype) == (shape, np.float64, np.int64 if classes else np.float64)
    if classes:
        assert sorted(set(y.tolist())) == list(range(classes))


def test_without_scikit_learn() -> None:
    script = "import sys; sys.modules['sklearn'] = None; from vargrad import data; data.gate('xor'); data.iris()"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "ImportError: vargrad.data.iris() comes with scikit-learn: pip install 'vargrad[sklearn]'" in run.stderr


@pytest.mark.parametrize(("test_size", "count"), [(0.25, 3), (3, 3), (0.01, 1), (9, 9), (0.9, 9)])
def test_split(test_size: float, count: int) -> None:
    X, y = np.arange(20.0).reshape(10, 2), np.arange(10)
    parts = data.train_test_split(X, y, test_size, seed=1)
    X_train, X_test, y_train, y_test = parts
    assert len(X_test) == len(y_test) == count
    assert sorted([*y_train, *y_test]) == list(range(10))
    for rows, labels in ((X_train, y_train), (X_test, y_test)):
        np.testing.assert_array_equal(rows, X[labels])
    for one, two in zip(parts, data.train_test_split(X.tolist(), y.tolist(), test_size, seed=1), strict=True):
        np.testing.assert_array_equal(one, two)
    orders = {tuple(data.train_test_split(X, y, test_size, seed=seed)[3]) for seed in range(20)}
    assert len(orders) > 5


def test_standardize() -> None:
    draw = np.random.default_rng(2)
    X, other = draw.normal(5, 3, size=(50, 4)), draw.normal(size=(7, 4))
    X[:, 2] = 1.5
    one, two = data.standardize(X, other)
    np.testing.assert_allclose(one.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(one.std(axis=0), [1, 1, 0, 1], atol=1e-12)
    np.testing.assert_allclose(two[:, 0], (other[:, 0] - X[:, 0].mean()) / X[:, 0].std())
    np.testing.assert_allclose(data.standardize(X[:, 0]), one[:, 0])
    assert X[0, 2] == 1.5


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: ANY.gate("xorr"), ValueError, ["gate", "did you mean 'xor'"]),
        (lambda: ANY.gate(3), TypeError, ["gate", "int"]),
        (lambda: ANY.moons(0), ValueError, ["n must be", "at least 1"]),
        (lambda: ANY.moons(2.5), TypeError, ["n must be an int", "2.5"]),
        (lambda: ANY.moons(noise=-1), ValueError, ["noise", "-1"]),
        (lambda: ANY.moons(seed="a"), TypeError, ["seed", "str"]),
        (lambda: ANY.spirals(classes=0), ValueError, ["classes", "0"]),
        (lambda: ANY.spirals(turns=float("inf")), ValueError, ["turns", "inf"]),
        (lambda: ANY.train_test_split([1, 2], [1]), ValueError, ["(2,) and (1,)"]),
        (lambda: ANY.train_test_split(1, 2), ValueError, ["() and ()"]),
        (lambda: ANY.train_test_split([1, 2], [1, 2], 2), ValueError, ["test_size=2 of 2 row(s)"]),
        (lambda: ANY.train_test_split([1, 2], [1, 2], 0.0), ValueError, ["leaves 0"]),
        (lambda: ANY.train_test_split([1, 2], [1, 2], 1.5), ValueError, ["test_size", "at most 1"]),
        (lambda: ANY.train_test_split([1, 2], [1, 2], "half"), TypeError, ["test_size", "str"]),
        (lambda: ANY.standardize([]), ValueError, ["argument 0", "(0,)"]),
        (lambda: ANY.standardize([[1.0]], [[1.0, 2.0]]), ValueError, ["argument 1", "(1, 2)"]),
        (lambda: ANY.standardize(3.0), ValueError, ["argument 0", "()"]),
    ],
)
def test_wrong_arguments(call: Callable[[], Any], kind: type[Exception], words: list[str]) -> None:
    with pytest.raises(kind) as caught:
        call()
    assert [word for word in words if word not in str(caught.value)] == []
