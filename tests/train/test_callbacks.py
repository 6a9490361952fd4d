"""What a callback of fit may do: set lr and settings, edit parameters, stop, raise, read the history."""

from __future__ import annotations

import copy
import signal
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from vargrad import NN, optim
from vargrad._train.history import History

Array = npt.NDArray[np.float64]
OPTIMIZERS = ["sgd", "adam", "lbfgs"]


def small(seed: int = 0, rows: int = 23) -> tuple[Array, Array]:
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, 3))
    return x, np.stack([x[:, 0] * x[:, 1], np.sin(x[:, 2])], axis=1)


X, Y = small()


def network() -> NN:
    return NN([3, 5, 2], "tanh", "identity", init="torch", seed=1)


def values(model: NN) -> list[float]:
    return [p.value for p in model.parameters]


# ---- settings


CHANGES: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "lr": (optim.SGD, {"lr": 0.1}, {"lr": 0.01}),
    "momentum": (optim.SGD, {"lr": 0.1, "momentum": 0.5}, {"momentum": 0.9}),
    "momentum from none": (optim.SGD, {"lr": 0.1}, {"momentum": 0.9, "nesterov": True}),
    "betas": (optim.Adam, {"lr": 0.01}, {"betas": (0.8, 0.9)}),
    "weight decay": (optim.AdamW, {"lr": 0.01}, {"weight_decay": 0.5, "lr": 0.02}),
    "another state": (optim.Adam, {"lr": 0.01}, {"amsgrad": True}),
    "eps": (optim.RMSprop, {"lr": 0.01}, {"eps": 0.1, "centered": True}),
}


@pytest.mark.parametrize(("kind", "settings", "change"), CHANGES.values(), ids=CHANGES)
def test_settings_count_from_the_next_epoch(kind: Any, settings: dict[str, Any], change: dict[str, Any]) -> None:
    """As in two trainings, with the change between them."""
    models = [network(), network()]
    one, two = (kind(model.parameters, **settings) for model in models)
    options: dict[str, Any] = {"batch_size": 5, "shuffle": False, "progress": False}

    def callback(history: History) -> None:
        if history.epochs == 3:
            for name, value in change.items():
                setattr(one, name, value)

    models[0].fit(X, Y, optimizer=one, epochs=7, callback=callback, **options)
    models[1].fit(X, Y, optimizer=two, epochs=3, **options)
    for name, value in change.items():
        setattr(two, name, value)
    models[1].fit(X, Y, optimizer=two, epochs=4, **options)
    assert values(models[0]) == values(models[1])
    assert repr(one.state_dict()) == repr(two.state_dict())
    assert one.state_dict()["step"] == 35


def test_a_schedule_changed_in_a_callback() -> None:
    model = network()
    optimizer = optim.SGD(model.parameters, lr=0.2)
    schedule = optim.ExponentialLR(optimizer, 0.9)
    rates = []

    def callback(history: History) -> None:
        rates.append(optimizer.lr)
        if history.epochs == 2:
            schedule.gamma = 0.5
        if history.epochs == 4:
            optimizer.lr = 0.05

    model.fit(X, Y, optimizer=optimizer, schedule=schedule, epochs=6, shuffle=False, batch_size=5, callback=callback)
    assert rates == pytest.approx([0.2 * 0.9, 0.2 * 0.9**2, 0.2 * 0.5**3, 0.2 * 0.5**4, 0.2 * 0.5**5, 0.2 * 0.5**6])
    other = network()
    for lr in (0.2, 0.2 * 0.9, 0.2 * 0.9**2, 0.2 * 0.5**3, 0.05, 0.2 * 0.5**5):
        other.fit(X, Y, lr=lr, epochs=1, shuffle=False, batch_size=5)
    np.testing.assert_allclose(values(model), values(other), rtol=1e-12)


def test_a_function_of_the_epoch_multiplies_what_lr_is_now() -> None:
    model, other = network(), network()
    optimizer = optim.SGD(model.parameters, lr=0.2)

    def callback(history: History) -> None:
        optimizer.lr = 0.1

    model.fit(
        X, Y, optimizer=optimizer, schedule=lambda epoch: 0.5**epoch, epochs=3, batch_size=None, callback=callback
    )
    for lr in (0.2, 0.1 * 0.5, 0.1 * 0.25):
        other.fit(X, Y, lr=lr, epochs=1, batch_size=None)
    np.testing.assert_allclose(values(model), values(other), rtol=1e-12)


def test_settings_that_do_not_go_together_reach_the_caller() -> None:
    model = network()
    optimizer = optim.SGD(model.parameters, lr=0.1, momentum=0.9, nesterov=True)
    before = values(model), repr(optimizer.state_dict())

    def callback(history: History) -> None:
        optimizer.momentum = 0.0

    with pytest.raises(ValueError, match="nesterov needs momentum above 0"):
        model.fit(X, Y, optimizer=optimizer, callback=callback)
    assert (values(model), repr(optimizer.state_dict())) == before


def test_a_checkpoint_of_the_optimizer() -> None:
    """What state_dict gives in a callback is of this epoch, and what load_state_dict takes there counts."""
    model, later = network(), network()
    optimizer = optim.Adam(model.parameters, lr=0.01)
    kept: list[Any] = []
    options: dict[str, Any] = {"batch_size": 5, "shuffle": False, "progress": False}

    def callback(history: History) -> None:
        if history.epochs == 4:
            kept[:] = values(model), optimizer.state_dict()

    model.fit(X, Y, optimizer=optimizer, epochs=10, callback=callback, **options)
    later.parameters.values[:] = kept[0]
    again = optim.Adam(later.parameters)
    again.load_state_dict(kept[1])
    assert kept[1]["step"] == 20
    later.fit(X, Y, optimizer=again, epochs=6, **options)
    assert values(later) == values(model)

    def back(history: History) -> None:
        if history.epochs == 2:
            later.parameters.values[:] = kept[0]
            again.load_state_dict(kept[1])

    later.fit(X, Y, optimizer=again, epochs=8, callback=back, **options)
    assert values(later) == values(model)
    assert again.state_dict()["step"] == 50


# ---- parameters


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("edited", [False, True], ids=["views", "a list of other Vars"])
def test_weights_clipped_in_a_callback_stay_clipped(optimizer: str, edited: bool) -> None:
    model = network()
    if edited:
        model.parameters[0] = copy.copy(model.parameters[0])

    def callback(history: History) -> None:
        for p in model.parameters:
            p.value = min(max(p.value, -0.2), 0.2)

    history = model.fit(X, Y, optimizer=optimizer, epochs=12, callback=callback, progress=False)
    assert max(map(abs, values(model))) == 0.2
    assert history.epochs == 12 or history.ended.startswith("L-BFGS")
    outputs = np.array([[v.value for v in model(row)] for row in X.tolist()])
    assert history.loss == pytest.approx(((outputs - Y) ** 2).mean(), rel=1e-12)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_pruned_weights_stay_zero_with_patience(optimizer: str) -> None:
    """The best parameters are those that the callback left, not those before it."""
    model = network()

    def callback(history: History) -> None:
        model.parameters.values[:4] = 0.0

    model.fit(X, Y, optimizer=optimizer, epochs=9, patience=4, validation_split=0.3, seed=0, callback=callback)
    assert model.parameters.values[:4].tolist() == [0.0] * 4
    assert model.parameters.values[4:].all()


@pytest.mark.parametrize("batch", [7, None])
def test_an_edit_after_an_iteration_of_lbfgs_is_kept(batch: int | None) -> None:
    """Its loss is that after the iteration, so the edit belongs to the best parameters, whatever the batch."""
    model = network()

    def callback(history: History) -> None:
        model.parameters.values[:4] = 0.0

    model.fit(X, Y, optimizer="lbfgs", epochs=9, batch_size=batch, patience=4, seed=0, callback=callback)
    assert model.parameters.values[:4].tolist() == [0.0] * 4


def test_an_edit_is_one_between_two_trainings() -> None:
    model, other = network(), network()

    def edit(one: NN) -> None:
        one.parameters[3].value *= 2.0

    options: dict[str, Any] = {"batch_size": 5, "shuffle": False, "lr": 0.1, "progress": False}
    model.fit(X, Y, epochs=6, callback=lambda h: edit(model) if h.epochs == 2 else None, **options)
    other.fit(X, Y, epochs=2, **options)
    edit(other)
    other.fit(X, Y, epochs=4, **options)
    assert values(model) == values(other)


def test_edits_that_cannot_be_taken_over_are_refused() -> None:
    for edited in (False, True):
        model = network()
        if edited:
            model.parameters[0] = copy.copy(model.parameters[0])
        before = values(model)
        kept = list(model.parameters)

        def replace(history: History, model: NN = model) -> None:
            model.parameters[5] = copy.copy(model.parameters[5])

        with pytest.raises(ValueError, match=r"set \.value"):
            model.fit(X, Y, callback=replace)
        model.parameters[5] = kept[5]
        assert values(model) == before

        def freeze(history: History, model: NN = model) -> None:
            for p in model.parameters:
                p.requires_grad = False

        with pytest.raises(ValueError, match="all parameters have requires_grad=False"):
            model.fit(X, Y, callback=freeze)


def test_a_callback_that_spoils_the_parameters_is_told() -> None:
    model = network()
    before = values(model)

    def callback(history: History) -> None:
        model.parameters[2].value = float("nan")

    with pytest.raises(FloatingPointError, match=r"parameters\[2\] .* is nan"):
        model.fit(X, Y, callback=callback, epochs=1)
    assert values(model) == before


# ---- stopping and raising


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("stop", [True, np.bool_(True), np.array(True)], ids=["bool", "numpy.bool", "0-d array"])
def test_what_stops(optimizer: str, stop: Any) -> None:
    history = network().fit(X, Y, optimizer=optimizer, callback=lambda h: stop if h.epochs == 3 else None)
    assert (history.epochs, history.stopped_early, history.ended) == (3, True, "stopped by the callback")


@pytest.mark.parametrize("answer", [None, False, np.bool_(False), 1.5, [], [True], "text", np.array([True])])
def test_what_does_not_stop(answer: Any) -> None:
    """Such as the results of functions that are called for what they do."""
    history = network().fit(X, Y, epochs=4, callback=lambda h: answer)
    assert (history.epochs, history.stopped_early, history.ended) == (4, False, "all epochs done")


@pytest.mark.parametrize("restarts", [1, 3])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("error", [StopIteration("mine"), FloatingPointError("mine"), SystemExit("mine"), KeyError()])
def test_what_a_callback_raises_reaches_the_caller(optimizer: str, error: BaseException, restarts: int) -> None:
    model = network()
    before = values(model)

    def callback(history: History) -> None:
        if history.epochs == 2:
            raise error

    with pytest.raises(type(error)) as caught:
        model.fit(X, Y, optimizer=optimizer, callback=callback, restarts=restarts, progress=False)
    assert caught.value is error
    assert values(model) == before


# ---- the history


def test_the_history_in_the_middle_says_what_is_known() -> None:
    texts = []
    history = network().fit(X, Y, validation_split=0.3, epochs=3, seed=0, callback=lambda h: texts.append(str(h)))
    assert len(texts) == 3
    for i, text in enumerate(texts):
        assert f"{i + 1} epoch" in text
        assert "so far" in text
        assert f"loss {history.losses[0]:.4g} -> {history.losses[i]:.4g}" in text
        assert f"validation r2 {history.metrics[i]:.4g}" in text
        assert "nan" not in text
        assert "in 0 s" not in text
    assert "so far" not in str(history)
    assert f"r2 {history.score:.4g}" in str(history)


def test_the_history_says_why_it_ended() -> None:
    def run(**options: Any) -> str:
        return network().fit(X, Y, progress=False, **({"epochs": 5} | options)).ended

    assert run() == run(optimizer="lbfgs") == run(patience=5) == "all epochs done"
    assert run(epochs=500, patience=3, lr=3.0, clip=1.0) == "no better loss for 3 epochs"
    assert run(callback=lambda h: signal.raise_signal(signal.SIGINT)) == "interrupted by Ctrl-C"
    assert run(callback=lambda h: signal.raise_signal(signal.SIGINT), restarts=2) == "interrupted by Ctrl-C"
    assert "CONVERGENCE" in run(optimizer="lbfgs", epochs=10000, tolerance_change=0.01)
    history = network().fit(X, Y, optimizer="lbfgs", epochs=10000, tolerance_change=0.01)
    assert history.ended.startswith("L-BFGS: CONVERGENCE")
    assert history.ended in str(history)
