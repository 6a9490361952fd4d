"""Schedules and L-BFGS objects in fit: by epoch, batch, loss or metric; what is refused; where Ctrl-C leaves them."""

from __future__ import annotations

import pickle
import signal
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from vargrad import NN, data, optim
from vargrad._train.history import History

Array = npt.NDArray[np.float64]
X, Y = data.moons(22, noise=0.1, seed=0)
OPTIONS: dict[str, Any] = {"batch_size": 5, "shuffle": False, "progress": False}  # five batches an epoch, the last of 2


def network() -> NN:
    return NN([2, 5, 1], "tanh", "identity", init="torch", seed=1)


def values(model: NN) -> list[float]:
    return [p.value for p in model.parameters]


@pytest.mark.parametrize("callback", [None, lambda history: None], ids=["plain", "callback"])
@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam])
def test_one_cycle_is_stepped_after_every_batch(kind: Any, callback: Any) -> None:
    """As in a loop over batches that steps both."""
    model, other = network(), network()
    one, two = kind(model.parameters), kind(other.parameters)
    first, second = (optim.OneCycleLR(optimizer, max_lr=0.5, total_steps=20) for optimizer in (one, two))
    model.fit(X, Y, "bce", one, schedule=first, epochs=4, callback=callback, **OPTIONS)
    for _ in range(4):
        for at in range(0, 22, 5):
            two.zero_grad()
            other.backward(X[at : at + 5], Y[at : at + 5], "bce")
            two.step()
            second.step()
    np.testing.assert_allclose(values(model), values(other), rtol=1e-10)
    assert first.last_epoch == second.last_epoch == 20
    assert one.lr == two.lr


def test_a_cycle_in_two_trainings() -> None:
    model, other = network(), network()
    one, two = optim.SGD(model.parameters), optim.SGD(other.parameters)
    first, second = (optim.OneCycleLR(optimizer, max_lr=0.5, total_steps=20) for optimizer in (one, two))
    model.fit(X, Y, "bce", one, schedule=first, epochs=4, **OPTIONS)
    for epochs in (1, 3):
        other.fit(X, Y, "bce", two, schedule=second, epochs=epochs, **OPTIONS)
    assert values(model) == values(other)
    before = values(other), second.state_dict()
    with pytest.raises(ValueError, match=r"OneCycleLR has 0 of total_steps=20 left, .* takes 5 steps: .* every batch"):
        other.fit(X, Y, "bce", two, schedule=second, epochs=1, **OPTIONS)
    assert before == (values(other), second.state_dict())


def test_a_schedule_of_ones_own_per_batch() -> None:
    class Halving(optim.ExponentialLR):
        per_batch = True

    model = network()
    optimizer = optim.SGD(model.parameters, lr=1.0)
    schedule = Halving(optimizer, 0.5)
    rates: list[float] = []
    model.fit(
        X, Y, "bce", optimizer, schedule=schedule, epochs=3, callback=lambda h: rates.append(optimizer.lr), **OPTIONS
    )
    assert rates == [0.5**5, 0.5**10, 0.5**15]


@pytest.mark.parametrize("loss", ["bce", "mse"])
def test_a_plateau_of_the_metric(loss: str) -> None:
    """Mode "max" looks at accuracy or R**2 of validation data."""
    model = network()
    optimizer, other = optim.SGD(model.parameters, lr=0.5), optim.SGD(network().parameters, lr=0.5)
    schedule, wanted = (
        optim.ReduceLROnPlateau(one, "max", factor=0.5, patience=1, threshold=0.01) for one in (optimizer, other)
    )
    rates: list[float] = []
    history = model.fit(
        X, Y, loss, optimizer, schedule=schedule, epochs=30, validation_split=0.4, seed=0,
        callback=lambda h: rates.append(optimizer.lr), **OPTIONS,
    )  # fmt: skip
    for metric, rate in zip(history.metrics, rates, strict=True):
        wanted.step(metric)
        assert other.lr == rate
    assert schedule.best == max(history.metrics[:1] + history.metrics) or schedule.best in history.metrics
    assert optimizer.lr < 0.5
    before = values(model)
    with pytest.raises(
        ValueError, match=r"mode 'max' looks at the (accuracy|r2) of validation data, and there is none"
    ):
        model.fit(X, Y, loss, optimizer, schedule=schedule)
    assert values(model) == before


@pytest.mark.parametrize("bad", [-1.0, float("nan"), float("inf")])
def test_rates_that_are_none(bad: float) -> None:
    model = network()
    before = values(model)
    with pytest.raises(ValueError, match=rf"schedule's factor for epoch 3 is {bad}: expected a finite number of at"):
        model.fit(X, Y, schedule=lambda epoch: bad if epoch == 3 else 1.0, epochs=9, **OPTIONS)
    assert values(model) == before
    optimizer = optim.SGD(model.parameters, lr=0.5)
    schedule = optim.LambdaLR(optimizer, lambda epoch: bad if epoch == 3 else 1.0)
    state = repr(optimizer.state_dict()), schedule.state_dict()
    with pytest.raises(ValueError, match=rf"LambdaLR: the learning rate of epoch 3 is {bad * 0.5}"):
        model.fit(X, Y, optimizer=optimizer, schedule=schedule, epochs=9, **OPTIONS)
    assert (values(model), (repr(optimizer.state_dict()), schedule.state_dict())) == (before, state)

    class Own(optim.ExponentialLR):
        def lr_at(self, epoch: int) -> float:
            return bad

    with pytest.raises(ValueError, match=rf"Own: the learning rate of epoch 0 is {bad}"):
        Own(optimizer, 0.5)
    assert optimizer.lr == 0.5


class Decay:
    """A function of the epoch with a state, as torch has them."""

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def __call__(self, epoch: int) -> float:
        return self.rate**epoch


def test_the_state_of_a_lambda_can_be_pickled() -> None:
    one, two = (optim.SGD(network().parameters, lr=0.8) for _ in range(2))
    first, second = optim.LambdaLR(one, lambda n: 0.5**n), optim.LambdaLR(two, lambda n: 0.5**n)
    first.step()
    state = pickle.loads(pickle.dumps(first.state_dict()))
    assert state == {"base_lr": 0.8, "last_epoch": 1}
    second.load_state_dict(state)
    for schedule in (first, second):
        schedule.step()
    assert one.lr == two.lr == 0.2
    third, fourth = optim.LambdaLR(one, Decay(0.5)), optim.LambdaLR(two, Decay(0.1))
    fourth.load_state_dict(pickle.loads(pickle.dumps(third.state_dict())))
    assert fourth.lr_at(3) == third.lr_at(3)
    with pytest.raises(ValueError, match="something else"):
        first.load_state_dict(third.state_dict())


@pytest.mark.parametrize("when", ["callback", "loss"])
@pytest.mark.parametrize("name", ["ExponentialLR", "OneCycleLR"])
def test_ctrl_c_leaves_the_schedule_where_the_parameters_are(name: str, when: str) -> None:
    model = network()
    optimizer = optim.Adam(model.parameters, lr=0.01)
    make: Any = {
        "ExponentialLR": lambda: optim.ExponentialLR(optimizer, 0.9),
        "OneCycleLR": lambda: optim.OneCycleLR(optimizer, 0.1, 500),
    }[name]
    schedule = make()
    calls = 0

    def loss(p: Any, t: Any) -> Any:
        return abs(p - t) if p < t else (p - t) ** 2  # branches: it is called for each batch

    def callback(history: History) -> None:
        if when == "callback" and history.epochs == 3:
            signal.raise_signal(signal.SIGINT)

    if when == "loss":
        from vargrad._train import programs

        original = programs.loss_of_arrays

        def interrupting(row: Any) -> Any:
            inner = original(row)

            def found(*arguments: Any) -> Any:
                nonlocal calls
                calls += 1
                if calls == 18:  # in the third batch of the fourth epoch
                    signal.raise_signal(signal.SIGINT)
                return inner(*arguments)

            return found

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(programs, "loss_of_arrays", interrupting)
            history = model.fit(X, Y, loss, optimizer, schedule=schedule, epochs=100, callback=callback, **OPTIONS)
    else:
        history = model.fit(X, Y, loss, optimizer, schedule=schedule, epochs=100, callback=callback, **OPTIONS)
    assert history.interrupted
    assert history.epochs == 3
    steps = optimizer.state_dict()["step"]
    assert steps == (15 if when == "callback" else 17)
    assert schedule.last_epoch == (3 if name == "ExponentialLR" else steps)
    assert optimizer.lr == schedule.lr_at(schedule.last_epoch)


# ---- L-BFGS


def test_an_lbfgs_object_is_taken() -> None:
    one, two = network(), network()
    optimizer = optim.LBFGS(one.parameters, history_size=7, tolerance_change=1e-12)
    history = one.fit(X, Y, "bce", optimizer, epochs=30, l2=0.01)
    again = two.fit(X, Y, "bce", "lbfgs", epochs=30, l2=0.01, history_size=7, tolerance_change=1e-12)
    assert values(one) == values(two)
    assert history.losses == again.losses
    assert history.epochs == 30
    history = one.fit(X, Y, "bce", optimizer, epochs=3, restarts=3, seed=0)
    assert len(set(history.restart_losses)) == 3
    with pytest.raises(ValueError, match="belongs to other parameters"):
        two.fit(X, Y, "bce", optimizer)
    with pytest.raises(TypeError, match="has settings of its own"):
        one.fit(X, Y, "bce", optimizer, history_size=3)
    assert "LBFGS(max_iter=20, max_eval=25" in repr(optimizer)


def test_lbfgs_is_limited_by_epochs_alone_and_says_what_ended_it() -> None:
    """SciPy's own limit is 15,000 evaluations."""
    model = network()
    limited = optim.LBFGS(model.parameters, max_eval=12, tolerance_grad=0.0, tolerance_change=0.0)
    history = model.fit(X, Y, "bce", limited, epochs=1000)
    assert 5 < history.epochs < 13
    assert "EVALUATIONS" in history.ended
    assert history.ended.startswith("L-BFGS: ")
    assert history.ended in str(history)
    free = optim.LBFGS(model.parameters, tolerance_grad=0.0, tolerance_change=0.0, max_iter=3)
    assert free.max_eval == 3
    history = model.fit(X, Y, "bce", free, epochs=60)
    assert (history.epochs, history.ended) == (60, "all epochs done")


def test_lbfgs_goes_beyond_scipys_evaluations(monkeypatch: pytest.MonkeyPatch) -> None:
    from scipy import optimize

    seen: list[Any] = []
    original = optimize.minimize

    def watched(*arguments: Any, **options: Any) -> Any:
        seen.append(options["options"])
        return original(*arguments, **options)

    monkeypatch.setattr(optimize, "minimize", watched)
    network().fit(X, Y, "bce", "lbfgs", epochs=20_000)
    assert seen[0]["maxfun"] > 20 * 20_000  # of an iteration's search, SciPy's at most


def test_estimators_by_lbfgs() -> None:
    pytest.importorskip("sklearn")
    from vargrad.sklearn import NNClassifier, NNRegressor

    for kind in (NNClassifier, NNRegressor):
        model = kind(hidden=(4,), optimizer="lbfgs", epochs=50, random_state=0).fit(X, Y)
        assert model.score(X, Y) > 0.5
