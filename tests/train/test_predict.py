"""predict, predict_proba and score: what a network that fit has trained says of new rows."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from vargrad import NN
from vargrad._train import metrics

Array = npt.NDArray[np.float64]


def values(model: NN) -> list[float]:
    return [p.value for p in model.parameters]


def small(seed: int = 0, rows: int = 23) -> tuple[Array, Array]:
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, 3))
    return x, np.stack([x[:, 0] * x[:, 1], np.sin(x[:, 2])], axis=1)


def test_predictions_by_loss() -> None:
    X, y = small()
    model = NN([3, 4, 2], "tanh", "identity", init="torch", seed=5)
    outputs = np.array([[v.value for v in model(row)] for row in X.tolist()])
    np.testing.assert_allclose(model.predict(X), outputs, rtol=1e-12)
    with pytest.raises(ValueError, match="predict_proba needs"):
        model.predict_proba(X)
    labels = (y[:, 0] > 0).astype(int)
    model.fit(X, labels, "cross_entropy", epochs=30, seed=0, progress=False)
    outputs = np.array([[v.value for v in model(row)] for row in X.tolist()])
    assert (model.predict(X) == outputs.argmax(axis=1)).all()
    odds = np.exp(outputs)
    np.testing.assert_allclose(model.predict_proba(X), odds / odds.sum(axis=1, keepdims=True), rtol=1e-12)
    assert model.score(X, labels) == (model.predict(X) == labels).mean()
    one = NN([3, 1], "identity", seed=0)
    one.fit(X, labels, "bce", epochs=30, seed=0, progress=False)
    z = np.array([one(row).value for row in X.tolist()])
    np.testing.assert_allclose(one.predict_proba(X)[:, 1], 1 / (1 + np.exp(-z)), rtol=1e-12)
    np.testing.assert_allclose(one.predict_proba(X).sum(axis=1), 1.0, rtol=1e-15)
    assert (one.predict(X) == (z > 0)).all()
    assert one.score(X, labels) == (one.predict(X) == labels).mean()
    one.fit(X, 2 * labels - 1, "hinge", epochs=30, seed=0, progress=False)
    assert set(one.predict(X)) == {-1, 1}
    assert one.score(X, 2 * labels - 1) == (one.predict(X) == 2 * labels - 1).mean()


def test_hinge_of_several_classes_takes_labels() -> None:
    X, y = small()
    labels = (y[:, 0] > 0).astype(int)
    one, two = (NN([3, 2], "identity", seed=0) for _ in range(2))
    one.fit(X, labels, "hinge", epochs=10, seed=0, progress=False)
    two.fit(X, 2.0 * np.eye(2)[labels] - 1.0, "hinge", epochs=10, seed=0, progress=False)
    assert values(one) == values(two)
    assert one.score(X, labels) == (one.predict(X) == labels).mean()


def test_r2() -> None:
    y = np.array([[1.0, 2.0], [2.0, 2.0], [4.0, 2.0]])
    assert metrics.score("values", y, y) == 1.0
    assert metrics.score("values", np.full((3, 1), y[:, 0].mean()), y[:, :1]) == pytest.approx(0.0)
    assert metrics.score("values", y + np.array([0.0, 1.0]), y) == 0.5  # a constant that is missed counts 0


def test_copies_know_what_they_learned(tmp_path: Path) -> None:
    X, y = small()
    model = NN([3, 2], "identity", seed=0)
    model.fit(X, (y[:, 0] > 0).astype(int), "cross_entropy", epochs=5, progress=False)
    model.save(tmp_path / "model.safetensors")
    loaded = NN.load(tmp_path / "model.safetensors")
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model)), loaded):
        assert (other.predict(X) == model.predict(X)).all()
        other.fit(X, y, epochs=2, restarts=2, progress=False)


def test_a_file_that_was_trained_for_something_unknown(tmp_path: Path) -> None:
    model = NN([2, 1], seed=0)
    model.__dict__["task"] = "dance"
    model.save(tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="was trained for 'dance'"):
        NN.load(tmp_path / "model.safetensors")


@pytest.mark.parametrize("rows", [1, 2, 8, 9, 40])
def test_a_row_alone_is_predicted_as_among_others_in_every_form(rows: int) -> None:
    model = NN([2, 3, 1], seed=0)
    table = np.random.default_rng(0).normal(size=(rows, 2)).astype(np.float32).astype(float)
    unaligned = np.frombuffer(b"." + table.tobytes(), np.uint8)[1:].view(np.float64).reshape(table.shape)
    wide = np.repeat(table, 2, axis=1)[:, ::2]
    for _ in range(2):
        expected = np.array([model(*row).value for row in table.tolist()])
        single = np.concatenate([model.predict(table[i : i + 1]) for i in range(rows)])
        np.testing.assert_allclose(single, expected, rtol=1e-12)
        forms = [table, table.tolist(), [*map(tuple, table.tolist())], table.astype(np.float32), table.astype(">f8")]
        for form in [*forms, table.astype(object), np.asfortranarray(table), unaligned, wide]:
            np.testing.assert_allclose(model.predict(form), expected, rtol=1e-12)
        model.parameters[0].value += 1.0  # by hand: counts at once
        model.parameters.values[-1] = 0.25


@pytest.mark.parametrize("rows", [1, 8, 9, 40])
@pytest.mark.parametrize("wrong", [np.inf, -np.inf, np.nan])
def test_a_number_that_is_not_finite_is_named_in_few_rows_and_in_many(rows: int, wrong: float) -> None:
    model, table = NN([2, 1], seed=0), np.ones((rows, 2))
    table[-1, 1] = wrong
    for form in (table, table.tolist()):
        with pytest.raises(ValueError, match=rf"X\[{rows - 1}, 1\] is -?(inf|nan): expected finite numbers"):
            model.predict(form)
    table[:] = 1e308  # their sum is not finite, they are
    assert model.predict(table).shape == (rows,)
    with pytest.raises(ValueError, match=r"X has shape \(2,\), expected \(rows, 2\).*one row is \[X\]"):
        model.predict([0.5, 0.25])
