"""Weights of rows and classes, label smoothing, evaluate, and what patience waits for."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from vargrad import NN, data, losses

X, Y = data.moons(60, noise=0.1, seed=0)
WEIGHTS = np.arange(60) % 3
REPEATED = np.repeat(np.arange(60), WEIGHTS)


def network(outputs: int = 1) -> NN:
    return NN([2, 6, outputs], "tanh", output_activation="identity", init="torch", seed=0)


def values(model: NN) -> Any:
    return model.parameters.values.copy()


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize(("loss", "outputs"), [("bce", 1), ("cross_entropy", 2), ("sse", 1), ("mse", 1)])
def test_a_weight_of_two_is_the_row_twice(loss: str, outputs: int, optimizer: str) -> None:
    one, two = network(outputs), network(outputs)
    options: dict[str, Any] = {"loss": loss, "optimizer": optimizer, "epochs": 10, "batch_size": None, "l2": 0.01}
    if optimizer == "sgd":
        options["lr"] = 0.001 if loss == "sse" else 0.1
    first = one.fit(X, Y, sample_weight=WEIGHTS, **options)
    second = two.fit(X[REPEATED], Y[REPEATED], **options)
    np.testing.assert_allclose(values(one), values(two), rtol=1e-7, atol=1e-9)
    assert first.losses == pytest.approx(second.losses, rel=1e-9)
    found = one.evaluate(X, Y, loss, sample_weight=WEIGHTS)
    assert found == pytest.approx(one.evaluate(X[REPEATED], Y[REPEATED], loss), rel=1e-9)


def test_steps_with_weights() -> None:
    one, two = network(), network()
    for _ in range(3):
        weighted = one.partial_fit(X, Y, "bce", "adam", sample_weight=WEIGHTS)
        assert weighted == pytest.approx(two.partial_fit(X[REPEATED], Y[REPEATED], "bce", "adam"), rel=1e-9)
    np.testing.assert_allclose(values(one), values(two), rtol=1e-9)
    for model, args, more in ((one, (X, Y), {"sample_weight": WEIGHTS}), (two, (X[REPEATED], Y[REPEATED]), {})):
        model.zero_grad()
        model.backward(*args, "bce", **more)  # type: ignore[arg-type]
    np.testing.assert_allclose(one.parameters.grads, two.parameters.grads, rtol=1e-8, atol=1e-12)
    assert one.score(X, Y, WEIGHTS) == pytest.approx(two.score(X[REPEATED], Y[REPEATED]))
    model = network()
    model.zero_grad()
    eager = losses.bce([[model(*x)] for x in X.tolist()], Y[:, None].tolist(), sample_weight=WEIGHTS)
    eager.backward()  # type: ignore[union-attr]
    assert model.evaluate(X, Y, "bce", WEIGHTS)["loss"] == pytest.approx(eager.value, rel=1e-12)  # type: ignore[union-attr]


def test_a_loss_of_ones_own_is_weighted() -> None:
    """Recorded, and with branches."""

    def smooth(p: Any, t: Any) -> Any:
        return (p - t) ** 2

    def branching(p: Any, t: Any) -> Any:
        return (p - t) ** 2 if p > t else 2 * (p - t) ** 2

    for loss in (smooth, branching):
        one, two = network(), network()
        one.fit(X, Y, loss, epochs=5, batch_size=None, sample_weight=WEIGHTS)
        two.fit(X[REPEATED], Y[REPEATED], loss, epochs=5, batch_size=None)
        np.testing.assert_allclose(values(one), values(two), rtol=1e-9)


@pytest.mark.parametrize(
    ("loss", "outputs", "labels"), [("bce", 1, Y), ("cross_entropy", 2, Y), ("hinge", 1, 2 * Y - 1)]
)
def test_weights_of_classes(loss: str, outputs: int, labels: Any) -> None:
    few = np.r_[np.flatnonzero(Y == 0), np.flatnonzero(Y == 1)[:6]]
    names = np.unique(labels).tolist()
    x, t = X[few], labels[few]
    counts = {name: int((t == name).sum()) for name in names}
    balanced = {name: len(t) / (2 * count) for name, count in counts.items()}
    made = []
    for more in (
        {"class_weight": "balanced"},
        {"class_weight": balanced},
        {"sample_weight": [balanced[k] for k in t.tolist()]},
    ):
        made.append(network(outputs))
        made[-1].fit(x, t, loss, "adam", epochs=5, seed=0, **more)  # type: ignore[arg-type]
    for one, other in itertools.pairwise(made):
        np.testing.assert_allclose(values(one), values(other), rtol=1e-9)
    plain = network(outputs)
    plain.fit(x, t, loss, "adam", epochs=5, seed=0, class_weight={names[0]: 1})
    other = network(outputs)
    other.fit(x, t, loss, "adam", epochs=5, seed=0)
    np.testing.assert_allclose(values(plain), values(other), rtol=1e-9)


def test_weights_go_with_their_rows_into_validation() -> None:
    weights = np.where(X[:, 0] > 0, 1.0, 3.0)
    model = network()
    history = model.fit(X, Y, "bce", epochs=3, validation_split=0.25, shuffle=False, sample_weight=weights)
    assert history.validation_losses[-1] == pytest.approx(model.evaluate(X[45:], Y[45:], "bce", weights[45:])["loss"])
    assert history.loss == pytest.approx(model.evaluate(X[:45], Y[:45], "bce", weights[:45])["loss"])
    given = network()
    validation = (X[45:], Y[45:], weights[45:])
    again = given.fit(
        X[:45], Y[:45], "bce", epochs=3, shuffle=False, validation_data=validation, sample_weight=weights[:45]
    )
    assert again["val_loss"] == pytest.approx(history["val_loss"])
    assert again["loss"] == pytest.approx(history["loss"])


def test_smoothed_labels() -> None:
    soft = np.where(Y == 1, 0.9, 0.1)
    table = np.stack([1 - soft, soft], axis=1)
    for loss, outputs, targets in (("bce", 1, soft), ("cross_entropy", 2, table)):
        one, two = network(outputs), network(outputs)
        one.fit(X, Y, loss, epochs=5, seed=0, label_smoothing=0.2)
        two.fit(X, targets, loss, epochs=5, seed=0)
        np.testing.assert_allclose(values(one), values(two), rtol=1e-9)
    z = [[0.5, -1.0, 2.0], [1.0, 0.0, 0.0]]
    mixed = [[0.1, 0.1, 0.8], [0.1, 0.8, 0.1]]
    assert losses.cross_entropy(z, [2, 1], label_smoothing=0.3) == pytest.approx(losses.cross_entropy(z, mixed))


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"sample_weight": np.ones(59)}, ValueError, r"sample_weight has shape \(59,\), expected \(60,\)"),
        ({"sample_weight": -np.ones(60)}, ValueError, r"sample_weight\[0\] is -1"),
        ({"sample_weight": np.zeros(60)}, ValueError, "0 for all rows"),
        ({"sample_weight": ["a"] * 60}, TypeError, "sample_weight"),
        ({"sample_weight": np.full(60, np.nan)}, ValueError, r"sample_weight\[0\] is nan"),
        ({"class_weight": {2: 1.0}}, ValueError, "2, which is none of the classes"),
        ({"class_weight": {1: -1.0}}, ValueError, "at least 0"),
        ({"class_weight": "even"}, ValueError, "class_weight 'even' is not known"),
        ({"class_weight": 3}, TypeError, "'balanced' or a dict"),
        ({"loss": "mse", "class_weight": "balanced"}, ValueError, "targets that are classes"),
        ({"loss": "mse", "label_smoothing": 0.1}, ValueError, "'cross_entropy' and 'bce'"),
        ({"label_smoothing": 2}, ValueError, "label_smoothing"),
        ({"monitor": "val_loss"}, ValueError, "monitor 'val_loss' is not known.* loss"),
        ({"monitor": "accuracy", "validation_split": 0.2}, ValueError, "did you mean 'val_accuracy'"),
        ({"min_delta": -1}, ValueError, "min_delta"),
    ],
)
def test_what_is_refused(more: dict[str, Any], error: type[Exception], message: str) -> None:
    model = network()
    before = values(model)
    with pytest.raises(error, match=message):
        model.fit(X, Y, **({"loss": "bce"} | more))
    assert (values(model) == before).all()
    assert model.task is None


def test_eager_weights_that_are_refused() -> None:
    wrong: Any
    for wrong in ([1.0], [-1.0, 1.0], [0.0, 0.0], 3, ["a", 1.0], [float("inf"), 1.0]):
        with pytest.raises((ValueError, TypeError), match="mse: sample_weight"):
            losses.mse([1.0, 2.0], [0.0, 0.0], sample_weight=wrong)
    assert losses.mse([1.0, 2.0], [0.0, 0.0], sample_weight=[3, 1]) == 7 / 4
    assert losses.sse([1.0, 2.0], [0.0, 0.0], sample_weight=[3, 1]) == 7


# ---- the history, and patience


def test_columns_of_the_history() -> None:
    model = network()
    history = model.fit(X, Y, "bce", lr=0.1, epochs=4, validation_split=0.2, schedule=lambda n: 0.5**n, seed=0)
    assert history.keys() == ["loss", "lr", "val_loss", "val_accuracy"]
    assert dict(history) == {  # type: ignore[call-overload]
        "loss": history.losses,
        "lr": pytest.approx([0.1, 0.05, 0.025, 0.0125]),
        "val_loss": history.validation_losses,
        "val_accuracy": history.metrics,
    }
    with pytest.raises(KeyError, match=r"val_r2.*has loss, lr"):
        history["val_r2"]
    assert network().fit(X, Y, "mse", "lbfgs", epochs=3).keys() == ["loss"]


def test_a_frame() -> None:
    pandas = pytest.importorskip("pandas")
    frame = network().fit(X, Y, "bce", epochs=3).to_frame()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame) == ["loss", "lr"]
    assert (frame.index.name, len(frame)) == ("epoch", 3)


def test_patience_waits_for_what_it_is_told() -> None:
    """Of the losses 8, 4, 2, 1, ... only steps of min_delta count; the best is kept all the same."""
    model = NN([1, 1], "identity", bias=False, init="zeros")
    options: dict[str, Any] = {"lr": 0.1, "epochs": 60, "batch_size": None, "patience": 3}
    history = model.fit([[1.0]], [4.0], **options, min_delta=1.0)
    falls = -np.diff(history.losses)
    assert history.ended == "no better loss for 3 epochs"
    assert history.epochs < 20
    assert falls[-1] < 1.0 < falls[0]
    assert history.best_epoch == int(np.argmin(history.losses))
    score = network().fit(
        X, Y, "bce", "adam", validation_split=0.3, patience=4, monitor="val_accuracy", epochs=200, seed=0
    )
    assert score.best_epoch == int(np.argmax(score["val_accuracy"])) == score.epochs - 5
    by_training = network().fit(
        X, Y, "bce", "adam", validation_split=0.3, patience=4, monitor="loss", epochs=30, seed=0
    )
    assert by_training.best_epoch == int(np.argmin(by_training["loss"]))


def test_a_callback_reaches_the_optimizer_that_was_named() -> None:
    seen = []

    def callback(history: Any) -> None:
        seen.append((history.optimizer.lr, history.optimizer.state_dict()["step"]))
        history.optimizer.lr /= 2

    history = network().fit(
        X, Y, "bce", "adam", lr=0.1, epochs=3, restarts=2, batch_size=None, callback=callback, seed=0
    )
    assert seen == [(0.1, 1), (0.05, 2), (0.025, 3)] * 2  # each start begins anew
    assert history["lr"] == [0.1, 0.05, 0.025]
    assert history.optimizer is None


def test_evaluate_knows_the_usual_loss() -> None:
    for loss, outputs, metric in (("bce", 1, "accuracy"), ("cross_entropy", 2, "accuracy"), ("mse", 1, "r2")):
        model = network(outputs)
        history = model.fit(X, Y, loss, epochs=3)
        assert model.evaluate(X, Y) == {"loss": pytest.approx(history.loss), metric: pytest.approx(history.score)}
    model.fit(X, Y, lambda p, t: (p - t) ** 4, epochs=1)
    with pytest.raises(ValueError, match="trained by a function"):
        model.evaluate(X, Y)
    with pytest.raises(ValueError, match="X has shape"):
        model.evaluate(X[:, :1], Y, "mse")


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_says_what_to_do(name: str) -> None:
    with pytest.raises(ValueError, match=r"output_activation='identity'.*loss='cross_entropy'.*predict_proba"):
        NN([2, 3], "tanh", output_activation=name)
