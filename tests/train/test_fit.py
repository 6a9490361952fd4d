"""NN.fit: what it learns, what it returns, and how it ends."""

from __future__ import annotations

import copy
import signal
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from vargrad import NN, data, losses, optim
from vargrad._train import loop as _training
from vargrad._train.history import History

Array = npt.NDArray[np.float64]
XOR, TRUTH = data.gate("xor")
ARTICLE = [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]


def values(model: NN) -> list[float]:
    return [p.value for p in model.parameters]


def learned(model: NN) -> bool:
    return bool((np.round(model.predict(XOR)) == TRUTH).all())


def small(seed: int = 0, rows: int = 23) -> tuple[Array, Array]:
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, 3))
    return x, np.stack([x[:, 0] * x[:, 1], np.sin(x[:, 2])], axis=1)


def regression(**kwargs: Any) -> tuple[NN, History]:
    model = NN([3, 5, 2], "tanh", "identity", init="torch", seed=1)
    options: dict[str, Any] = {"epochs": 20, "batch_size": 5, "seed": 2, "progress": False} | kwargs
    return model, model.fit(*small(), **options)


# ---- what it learns


def test_the_articles_loop() -> None:
    """Step by step the same numbers as a loop of calculate_loss, backward and p.value -= lr * p.grad."""
    model, other = NN([2, 2, 1], seed=3), NN([2, 2, 1], seed=3)
    history = model.fit(ARTICLE, loss="sse", lr=1, epochs=50)
    seen = []
    for _ in range(50):
        loss = other.calculate_loss(ARTICLE)
        loss.backward()
        seen.append(loss.value)
        for p in other.parameters:
            p.value -= p.grad
            p.grad = 0.0
    np.testing.assert_allclose(history.losses, seen, rtol=1e-12)
    np.testing.assert_allclose(values(model), values(other), rtol=1e-12)
    assert history.loss == pytest.approx(other.calculate_loss(ARTICLE).value, rel=1e-12)


def test_the_articles_first_method() -> None:
    """Finite differences of the article's h = 1, or of another one."""
    for h in (1.0, 1e-3):
        model, other = NN([2, 2, 1], seed=3), NN([2, 2, 1], seed=3)
        model.fit(ARTICLE, loss="sse", lr=0.1, epochs=20, method="finite-difference", h=h)
        for _ in range(20):
            before = other.calculate_loss(ARTICLE).value
            changes = []
            for p in other.parameters:
                saved = p.value
                p.value += h
                changes.append((other.calculate_loss(ARTICLE).value - before) / h)
                p.value = saved
            for p, change in zip(other.parameters, changes, strict=True):
                p.value -= 0.1 * change
        np.testing.assert_allclose(values(model), values(other), rtol=1e-9)


def test_xor_by_the_articles_recipe(compiled: Any) -> None:
    """Uniform from [0, 1), lr 1, 2000 steps: some starts end in a minimum that is none; new starts help."""
    models = [NN([2, 2, 1], seed=seed) for seed in range(400)]
    for model in models:
        model.fit(XOR, TRUTH, loss="sse", lr=1, epochs=2000)
    assert sum(map(learned, models)) >= 0.78 * 400
    for seed in range(100):
        models[seed] = NN([2, 2, 1], seed=seed)
        models[seed].fit(XOR, TRUTH, loss="sse", lr=1, epochs=2000, restarts=5, seed=seed)
    assert sum(map(learned, models[:100])) >= 99


def test_moons() -> None:
    X, y = data.moons(100, noise=0.1, seed=0)
    model = NN([2, 16, 16, 1], "tanh", "identity", init="torch", seed=0)
    history = model.fit(X, y, "bce", "adam", lr=0.01, epochs=200, seed=0, progress=False)
    assert model.score(X, y) == history.score == 1.0
    assert (model.predict(X) == y).all()


def test_digits(compiled: Any) -> None:
    X, y = data.digits()
    X, X_test, y, y_test = data.train_test_split(X, y, test_size=0.25, seed=0)
    scores = []
    for seed in range(3):
        model = NN([64, 32, 10], "tanh", "identity", init="torch", seed=seed)
        model.fit(X, y, "cross_entropy", momentum=0.9, epochs=60, batch_size=16, seed=seed, progress=False)
        scores.append(model.score(X_test, y_test))
    assert np.mean(scores) >= 0.97


# ---- losses, optimisers, schedules


@pytest.mark.parametrize("loss", ["sse", "mse", "mae", "huber", "bce", "hinge", "cross_entropy"])
def test_the_loss_is_the_function_of_that_name(loss: str) -> None:
    X, y = small()
    y = np.sign(y) if loss == "hinge" else (y > 0).astype(float)
    model = NN([3, 4, 2], "tanh", "identity", init="torch", seed=5)
    history = model.fit(X, y, loss, lr=0.01, epochs=2, batch_size=None, progress=False)
    outputs = [[v.value for v in model(row)] for row in X.tolist()]
    assert history.loss == pytest.approx(getattr(losses, loss)(outputs, y.tolist()), rel=1e-12)
    assert history.losses[1] < history.losses[0]


def test_a_loss_of_ones_own() -> None:
    """Of numbers where there is one output, of lists where there are several; with a branch too."""
    X, y = small()
    for loss in (
        lambda p, t: sum((a - b) ** 2 for a, b in zip(p, t, strict=True)) / 2,
        lambda p, t: sum((a - b) ** 2 if a > b else (b - a) ** 2 for a, b in zip(p, t, strict=True)) / 2,
    ):
        model, other = (NN([3, 4, 2], "tanh", "identity", init="torch", seed=5) for _ in range(2))
        history = model.fit(X, y, loss, epochs=5, seed=1, progress=False)
        assert history.losses == pytest.approx(other.fit(X, y, epochs=5, seed=1, progress=False).losses, rel=1e-12)
        np.testing.assert_allclose(values(model), values(other), rtol=1e-11)
    y /= np.abs(y).max()
    model, other = (NN([3, 1], "tanh", seed=5) for _ in range(2))
    model.fit(X, y[:, 0], lambda p, t: (p - t) ** 2, epochs=5, seed=1, progress=False)
    other.fit(X, y[:, :1], epochs=5, seed=1, progress=False)
    np.testing.assert_allclose(values(model), values(other), rtol=1e-11)


def test_a_loss_of_other_targets() -> None:
    """One output and two targets: an interval to lie in."""
    X, _ = small()
    bounds = np.stack([X[:, 0] - 0.1, X[:, 0] + 0.1], axis=1)
    model = NN([3, 1], "identity", seed=0)
    history = model.fit(
        X,
        bounds,
        lambda p, t: (p - t[0]) ** 2 if p < t[0] else (p - t[1]) ** 2 if p > t[1] else 0.0 * p,
        epochs=300,
        progress=False,
    )
    assert history.loss < 1e-4
    assert np.isnan(history.score)


@pytest.mark.parametrize(("name", "settings"), [("sgd", {"momentum": 0.9}), ("adam", {}), ("rmsprop", {"alpha": 0.9})])
def test_optimizers_are_those_of_optim(name: str, settings: dict[str, float]) -> None:
    """By name, as an object that goes on where it was, and in the article's loop."""
    X, y = small(rows=12)
    kinds = {"sgd": optim.SGD, "adam": optim.Adam, "rmsprop": optim.RMSprop}
    one, two, three = (NN([3, 4, 2], "tanh", "identity", init="torch", seed=5) for _ in range(3))
    options: dict[str, Any] = {"batch_size": 5, "shuffle": False, "progress": False}
    one.fit(X, y, optimizer=name, lr=0.02, epochs=4, **settings, **options)
    whole, loop = kinds[name](two.parameters, lr=0.02, **settings), kinds[name](three.parameters, lr=0.02, **settings)
    two.fit(X, y, optimizer=whole, epochs=1, **options)
    two.fit(X, y, optimizer=whole, epochs=3, **options)
    for _ in range(4):
        for at in (0, 5, 10):
            loop.zero_grad()
            loss: Any = losses.mse([three(row) for row in X[at : at + 5].tolist()], y[at : at + 5])
            loss.backward()
            loop.step()
    np.testing.assert_allclose(values(one), values(two), rtol=1e-12)
    np.testing.assert_allclose(values(one), values(three), rtol=1e-10)
    assert whole.state_dict()["step"] == loop.state_dict()["step"] == 12


def test_lbfgs_is_scipys() -> None:
    from scipy.optimize import minimize

    X, y = small()
    model, other = (NN([3, 4, 2], "tanh", "identity", init="torch", seed=5) for _ in range(2))
    history = model.fit(X, y, optimizer="lbfgs", epochs=40, history_size=7, l2=0.001)

    def loss(at: Array) -> tuple[float, Array]:
        other.parameters.values[:], other.parameters.grads[:] = at, 0.0
        weights = [w for layer in other.weights for neuron in layer for w in neuron]
        found: Any = losses.mse([other(row) for row in X.tolist()], y) + 0.001 * losses.l2(weights)
        found.backward()
        return found.value, other.parameters.grads.copy()

    options = {"maxiter": 40, "maxcor": 7, "gtol": 1e-7, "ftol": 1e-9}
    wanted = minimize(loss, other.parameters.values.copy(), jac=True, method="L-BFGS-B", options=options)
    assert history.epochs == wanted.nit == 40
    assert history.loss == pytest.approx(wanted.fun, rel=1e-6)
    np.testing.assert_allclose(values(model), wanted.x, rtol=1e-4, atol=1e-6)  # a search magnifies the last digits
    assert history.losses == sorted(history.losses, reverse=True)


def test_lbfgs_with_all_that_fit_has() -> None:
    seen = []
    model = NN([3, 4, 2], "tanh", "identity", init="torch", seed=5)

    def callback(history: History) -> bool:
        seen.append(values(model))
        return len(seen) == 5

    history = model.fit(*small(), optimizer="lbfgs", validation_split=0.3, callback=callback, seed=0)
    assert history.stopped_early
    assert history.epochs == len(history.validation_losses) == 5
    assert values(model) == seen[-1]
    history = model.fit(*small(), optimizer="lbfgs", epochs=20, restarts=2, seed=0)
    assert history.loss == min(history.restart_losses)


def test_schedules() -> None:
    """A function of the epoch, and one of optim, are the learning rates of a loop over epochs."""
    by_function, history = regression(lr=0.2, schedule=lambda epoch: 0.9**epoch, shuffle=False)
    model = NN([3, 5, 2], "tanh", "identity", init="torch", seed=1)
    optimizer = optim.SGD(model.parameters, lr=0.2)
    schedule = optim.ExponentialLR(optimizer, 0.9)
    again = model.fit(*small(), optimizer=optimizer, schedule=schedule, epochs=20, batch_size=5, shuffle=False)
    assert again.losses == pytest.approx(history.losses, rel=1e-9)
    loop = NN([3, 5, 2], "tanh", "identity", init="torch", seed=1)
    for epoch in range(20):
        loop.fit(*small(), lr=0.2 * 0.9**epoch, epochs=1, batch_size=5, shuffle=False)
    np.testing.assert_allclose(values(by_function), values(loop), rtol=1e-12)
    np.testing.assert_allclose(values(model), values(loop), rtol=1e-9)
    assert optimizer.lr == pytest.approx(0.2 * 0.9**20)  # of the next epoch


def test_a_schedule_that_looks_at_losses() -> None:
    models = [NN([3, 5, 2], "tanh", "identity", init="torch", seed=1) for _ in range(2)]
    optimizers = [optim.SGD(model.parameters, lr=1.0) for model in models]
    one, two = (optim.ReduceLROnPlateau(optimizer, factor=0.5, patience=0) for optimizer in optimizers)
    options: dict[str, Any] = {"batch_size": 5, "shuffle": False}
    models[0].fit(*small(), optimizer=optimizers[0], schedule=one, epochs=30, **options)
    for _ in range(30):
        two.step(models[1].fit(*small(), optimizer=optimizers[1], epochs=1, **options).losses[0])
    assert optimizers[0].lr == optimizers[1].lr < 1.0
    assert values(models[0]) == values(models[1])


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_step_by_step(optimizer: str) -> None:
    """partial_fit on one batch after the other is fit, and remembers as it does."""
    X, y = small(rows=12)
    one, two = (NN([3, 4, 2], "tanh", "identity", init="torch", seed=5) for _ in range(2))
    history = one.fit(X, y, optimizer=optimizer, lr=0.05, epochs=3, batch_size=4, shuffle=False, l2=0.01)
    steps = [
        two.partial_fit(X[at : at + 4], y[at : at + 4], optimizer=optimizer, lr=0.05, l2=0.01)
        for _ in range(3)
        for at in (0, 4, 8)
    ]
    assert values(one) == values(two)
    assert history.losses == pytest.approx(np.reshape(steps, (3, 3)).mean(axis=1), rel=1e-12)
    copied = copy.deepcopy(two)
    copied.partial_fit(X, y, optimizer=optimizer)
    assert values(copied) != values(two)


# ---- epochs


def test_the_seed_decides_everything() -> None:
    runs = [regression(seed=seed, validation_split=0.2) for seed in (2, 2, 3)]
    assert values(runs[0][0]) == values(runs[1][0])
    assert values(runs[0][0]) != values(runs[2][0])


def test_pythons_seed_decides_without_one() -> None:
    import random

    found = []
    for _ in range(2):
        random.seed(5)
        found.append(values(regression(seed=None)[0]))
    assert found[0] == found[1]


def test_how_many_epochs_go_at_once_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = regression(epochs=40)
    monkeypatch.setattr(_training, "ORDERS", 3 * 23)
    few = regression(epochs=40)
    each = regression(epochs=40, callback=lambda history: None)
    assert values(plain[0]) == values(few[0]) == values(each[0])
    assert plain[1].losses == few[1].losses == each[1].losses


def test_validation() -> None:
    X, y = small(1, 40)
    model = NN([3, 5, 2], "tanh", "identity", init="torch", seed=1)
    history = model.fit(*small(), epochs=15, validation_data=(X, y), progress=False)
    assert len(history.validation_losses) == len(history.metrics) == history.epochs == 15
    outputs = [[v.value for v in model(row)] for row in X.tolist()]
    assert history.validation_losses[-1] == pytest.approx(losses.mse(outputs, y), rel=1e-12)
    assert history.metrics[-1] == pytest.approx(model.score(X, y), rel=1e-12)
    assert history.metric == "r2"


def test_a_validation_split_is_kept_out() -> None:
    """A row that would spoil everything is not trained on, if it is held out."""
    for seed in range(3):
        _, history = regression(validation_split=0.5, seed=seed)
        assert len(history.validation_losses) == 20
    model = NN([1, 1], "identity", seed=0)
    X = np.arange(10.0).reshape(-1, 1)
    seen: list[int] = []

    def loss(p: Any, t: Any) -> Any:
        return (p - t) ** 2

    model.fit(
        X, X[:, 0], loss, validation_split=0.3, epochs=1, lr=0.001, seed=0, callback=lambda h: seen.append(h.epochs)
    )
    assert seen == [1]


def test_patience_goes_back_to_the_best() -> None:
    draw = np.random.default_rng(0)
    X, y = draw.normal(size=(30, 3)), draw.normal(size=(30, 2))  # nothing to learn but noise
    model = NN([3, 20, 2], "tanh", "identity", init="torch", seed=1)
    history = model.fit(
        X[:15], y[:15], epochs=500, patience=7, validation_data=(X[15:], y[15:]), seed=0, progress=False
    )
    assert history.stopped_early
    assert history.best_epoch == int(np.argmin(history.validation_losses)) == history.epochs - 8
    outputs = [[v.value for v in model(row)] for row in X[15:].tolist()]
    assert losses.mse(outputs, y[15:]) == pytest.approx(min(history.validation_losses), rel=1e-12)


def test_patience_without_validation_looks_at_the_training_loss() -> None:
    model, history = regression(patience=3, lr=3.0, epochs=400)
    assert history.stopped_early
    assert history.best_epoch == int(np.argmin(history.losses)) == history.epochs - 4
    assert np.isfinite(values(model)).all()


def test_the_callback_sees_and_stops() -> None:
    model = NN([3, 5, 2], "tanh", "identity", init="torch", seed=1)
    seen = []

    def callback(history: History) -> bool:
        seen.append((history.epochs, values(model)))
        return len(seen) == 4

    history = model.fit(*small(), epochs=20, callback=callback, seed=0)
    assert [n for n, _ in seen] == [1, 2, 3, 4]
    assert len({tuple(v) for _, v in seen}) == 4
    assert history.stopped_early
    assert values(model) == seen[-1][1]


def test_ctrl_c_keeps_the_best_so_far() -> None:
    model = NN([3, 5, 2], "tanh", "identity", init="torch", seed=1)

    def callback(history: History) -> None:
        if history.epochs == 6:
            signal.raise_signal(signal.SIGINT)

    history = model.fit(*small(), epochs=1000, callback=callback, seed=0, restarts=3)
    assert history.interrupted
    assert history.epochs == 6
    assert history.best_epoch == int(np.argmin(history.losses))
    assert "interrupted" in repr(history)
    assert len(history.restart_losses) == 1


def test_restarts_choose_by_loss() -> None:
    model = NN([2, 2, 1], seed=2)
    history = model.fit(XOR, TRUTH, "sse", lr=1, epochs=300, restarts=6, seed=1)
    assert len(history.restart_losses) == 6
    assert history.loss == min(history.restart_losses)
    assert model.calculate_loss(ARTICLE).value == pytest.approx(history.loss, rel=1e-12)
    alone = NN([2, 2, 1], seed=2).fit(XOR, TRUTH, "sse", lr=1, epochs=300)
    assert history.restart_losses[0] == alone.loss  # the first start is the network's own


def test_the_history_reads_well() -> None:
    _, history = regression(validation_split=0.2, patience=3)
    for part in ("epochs in", "loss", "validation loss", "validation r2", "parameters of epoch"):
        assert part in repr(history)
    assert "best of 2 starts" in repr(regression(restarts=2)[1])


def test_forms_of_data() -> None:
    X, y = small()
    plain = values(regression()[0])
    for form in (
        (X.tolist(), y.tolist()),
        (np.asfortranarray(X), y),
        (np.hstack([X, y]), None),
        (X, tuple(map(tuple, y))),
    ):
        model = NN([3, 5, 2], "tanh", "identity", init="torch", seed=1)
        model.fit(*form, epochs=20, batch_size=5, seed=2)
        assert values(model) == plain
