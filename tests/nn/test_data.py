"""Data without a download: shapes, geometry, seeds, splits."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import datasets
from sklearn.preprocessing import StandardScaler

from vargrad import NN, data
from vargrad._util import shares

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
    [
        ("digits", (1797, 64), 10),
        ("iris", (150, 4), 3),
        ("wine", (178, 13), 3),
        ("breast_cancer", (569, 30), 2),
        ("diabetes", (442, 10), 0),
    ],
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


def test_constant_columns() -> None:
    """The mean of a constant column is rounded, and its deviation may be what was rounded off."""
    train, test = np.full((1000, 4), 0.1), np.array([[0.1, 0.2, 1.0, 3.0]])
    train[:, 1] = 1e9 / 3
    train[:, 2] = 0.3
    train[::2, 2] = 0.1 + 0.2  # one ulp more
    train[:, 3] = np.arange(1000) / 7
    scaler = data.Scaler().fit(train)
    assert scaler.scale.tolist()[:3] == [1.0, 1.0, 1.0]
    assert scaler.transform(train)[:, :2].tolist() == [[0.0, 0.0]] * 1000
    assert np.abs(scaler.transform(train)[:, 2]).max() < 1e-15
    wanted = (test - train.mean(axis=0)) / [1, 1, 1, train[:, 3].std()]
    np.testing.assert_allclose(data.standardize(train, test)[1], wanted, atol=1e-14)


@pytest.mark.parametrize("size", [1e-300, 1e-5, 1.0, 1e155, 1e307])
def test_scaler(size: float) -> None:
    """As scikit-learn's where that has no overflow; and back."""
    X = np.random.default_rng(1).normal(3, 2, size=(40, 3)) * size
    with np.errstate(all="raise"):
        scaler = data.Scaler().fit(X)
        found = scaler.transform(X)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(found.std(axis=0), 1, rtol=1e-13)
    np.testing.assert_allclose(scaler.inverse(found), X, rtol=1e-13)
    if size == 1.0:
        np.testing.assert_allclose(found, StandardScaler().fit_transform(X), rtol=1e-12)
        for one, two in zip(X.T, found.T, strict=True):
            np.testing.assert_allclose(data.Scaler().fit(one).transform(one), two, rtol=1e-12)
            assert data.Scaler().fit(one).inverse(0.0 * one) == pytest.approx([one.mean()] * 40)
    before = scaler.mean, scaler.scale
    with pytest.raises(ValueError, match="expected finite numbers"):
        scaler.fit(X * np.inf)
    assert (scaler.mean, scaler.scale) == before
    assert scaler == data.Scaler().fit(X)
    assert scaler not in (data.Scaler().fit(X[:-1]), data.Scaler())


def test_scalers_are_kept_with_the_network(tmp_path: Path) -> None:
    X, y = data.diabetes()
    model = NN([10, 1], "identity", seed=0)
    model.scalers["inputs"], model.scalers["y"] = data.Scaler().fit(X), data.Scaler().fit(y)
    model.save(tmp_path / "m")
    scaler = model.scalers["y"]
    for again in (NN.load(tmp_path / "m"), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert again.scalers == model.scalers
        found = again.scalers["y"].inverse(again.predict(again.scalers["inputs"].transform(X)))
        assert found.tolist() == scaler.inverse(model.predict(data.standardize(X))).tolist()
    assert NN([10, 1], seed=0).scalers == {}
    whole = (tmp_path / "m").read_bytes()
    for scalers in ([], {"y": []}, {"y": {"mean": 1.0, "scale": 0.0}}, {"y": {"mean": [1.0], "scale": 1.0}}, {"y": {}}):
        head = json.loads(whole[8 : 8 + int.from_bytes(whole[:8], "little")])
        about = json.loads(head["__metadata__"]["vargrad"]) | {"scalers": scalers}
        head["__metadata__"]["vargrad"] = json.dumps(about)
        text = json.dumps(head).encode()
        rest = whole[8 + int.from_bytes(whole[:8], "little") :]
        (tmp_path / "bad").write_bytes(len(text).to_bytes(8, "little") + text + rest)
        with pytest.raises(ValueError, match="bad: its scaler"):
            NN.load(tmp_path / "bad")
    for wrong, error in ((data.Scaler(), ValueError), (StandardScaler(), TypeError)):
        model.scalers["y"] = wrong  # type: ignore[assignment]
        with pytest.raises(error, match=r"scalers\['y'\]"):
            model.save(tmp_path / "m")
    assert (tmp_path / "m").read_bytes() == whole


@pytest.mark.parametrize("form", ["ints", "texts", "column"])
def test_stratified_split(form: str) -> None:
    """Counts within one row of each class's share, which add up; the rows stay together."""
    X, y = np.arange(100.0)[:, None], np.repeat([0, 1, 2], [60, 33, 7])
    stratify = {"ints": y, "texts": np.array(["b", "a", "c"])[y], "column": y[:, None]}[form]
    seen = set()
    for test_size in (0.07, 0.25, 3, 0.97):
        for seed in range(5):
            X_train, X_test, y_train, y_test = data.train_test_split(X, y, test_size, seed=seed, stratify=stratify)
            wanted = test_size if isinstance(test_size, int) else round(test_size * 100)
            assert len(X_test) == len(y_test) == wanted
            assert sorted([*X_train[:, 0], *X_test[:, 0]]) == list(range(100))
            assert y[X_train[:, 0].astype(int)].tolist() == y_train.tolist()
            assert y[X_test[:, 0].astype(int)].tolist() == y_test.tolist()
            shares = np.array([60, 33, 7]) * wanted / 100
            assert (np.abs(np.bincount(y_test, minlength=3) - shares) < 1).all()
            seen.add(tuple(X_test[:, 0]))
    assert len(seen) == 20


def test_exact_counts() -> None:
    """A share is what is written: 0.07 of 100 rows are 7, though 100 * 0.07 is 7.000000000000001."""
    for percent in range(1, 100):
        assert shares.count(percent / 100, 100) == percent
        assert len(data.train_test_split(np.zeros(100), np.zeros(100), percent / 100)[1]) == percent
    assert shares.count(0.33, 10) == 4


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
        (lambda: ANY.standardize([["1", "2"]]), TypeError, ["argument 0", "<U1", "expected numbers"]),
        (lambda: ANY.train_test_split([1, 2], [1, 2], stratify=[1]), ValueError, ["stratify", "(1,)", "(2,)"]),
        (
            lambda: ANY.train_test_split([1, 2, 3], [1, 2, 3], stratify=list("aab")),
            ValueError,
            ["class 'b' has one row"],
        ),
        (
            lambda: ANY.train_test_split([1] * 6, [2] * 6, 2, stratify=[0, 1, 2] * 2),
            ValueError,
            ["2 of 6", "3 classes"],
        ),
        (lambda: ANY.Scaler().transform([1.0]), ValueError, ["call fit first"]),
        (lambda: ANY.Scaler().inverse([1.0]), ValueError, ["call fit first"]),
        (lambda: ANY.Scaler().fit([]), ValueError, ["(0,)", "at least one row"]),
        (lambda: ANY.Scaler().fit([[1.0], [float("nan")]]), ValueError, ["X[1, 0] is nan"]),
        (lambda: ANY.Scaler().fit([[1.0, 2.0]]).transform([[1.0]]), ValueError, ["(1, 1)", "(rows, 2)"]),
    ],
)
def test_wrong_arguments(call: Callable[[], Any], kind: type[Exception], words: list[str]) -> None:
    with pytest.raises(kind) as caught:
        call()
    assert [word for word in words if word not in str(caught.value)] == []
