"""Frozen parameters and groups of parameters in fit and partial_fit: they do what a loop over an optimizer does."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import importlib.util
import pickle
from typing import Any

import numpy as np
import pytest

from engines import Run, network, same
from vargrad import NN, Var, optim
from vargrad._train import engine_py, programs
from vargrad.optim import rules

PURE = importlib.util.find_spec("vargrad._train.engine_c") is None
SETS = [] if PURE else importlib.import_module("vargrad._vm.machine_c").instruction_sets()
X = np.random.default_rng(0).normal(size=(12, 2))
Y = np.sin(X[:, 0])


def model_(frozen: int = 0) -> NN:
    model = NN([2, 4, 1], "tanh", output_activation="identity", init="torch", seed=3)
    for p in model.parameters[:frozen]:
        p.requires_grad = False
    return model


def loop(model: NN, optimizer: Any, steps: int) -> None:
    for _ in range(steps):
        optimizer.zero_grad()
        model.backward(X, Y)
        optimizer.step()


@pytest.fixture(params=["python", *SETS])
def engine(request: pytest.FixtureRequest) -> Any:
    """The NumPy engine, and the compiled one on each instruction set."""
    if request.param == "python":
        return engine_py.Engine
    module = importlib.import_module("vargrad._train.engine_c")
    return lambda network: module.Engine(network, request.param)


@pytest.mark.parametrize("clip", [0.0, 0.05])
def test_groups_have_rules_and_rates_of_their_own(engine: Any, clip: float) -> None:
    """Each parameter moves as it does where all have its group's rule; in no group, it stays and is not clipped by."""
    places, whole = [[[0, 4], [9, 11]], [[5, 9], [20, 32]]], network([3, 5, 2], ["tanh", "identity"])
    some_rules = rules.sgd(momentum=0.9), rules.adam()
    updates = [programs.Update(r.program(), np.array(at)) for r, at in zip(some_rules, places, strict=True)]
    net = dataclasses.replace(whole, updates=tuple(updates))
    options = {"epochs": 1, "batch": 23, "step": 4, "missed": np.array([0.0, 3.0]), "clip": clip}
    run = Run(net, **options).by(engine(net))
    same(run, Run(net, **options).by(engine_py.Engine(net)))
    start = Run(net).values
    assert (np.flatnonzero(run.values == start) == np.r_[4, 11:20]).all()
    if not clip:
        for rule, at, lr, step in zip(some_rules, updates, run.lrs, (4, 1), strict=True):
            alone = network([3, 5, 2], ["tanh", "identity"], rule=rule)
            other = Run(alone, epochs=1, batch=23, step=step)
            other.lrs = np.array([lr])
            np.testing.assert_allclose(run.values[at.places], other.by(engine(alone)).values[at.places], rtol=1e-12)


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "NAdam"])
def test_frozen_parameters_stay(name: str) -> None:
    one, two = model_(5), model_(5)
    first, second = (getattr(optim, name)(m.parameters, lr=0.05) for m in (one, two))
    one.fit(X, Y, "mse", first, epochs=4, batch_size=None)
    loop(two, second, 4)
    np.testing.assert_allclose(one.parameters.values, two.parameters.values, rtol=1e-10)
    assert (one.parameters.values[:5] == model_().parameters.values[:5]).all()
    assert (one.parameters.values[5:] != model_().parameters.values[5:]).all()
    assert str(first.state_dict()["missed"]) == str(second.state_dict()["missed"])


def test_frozen_by_name_with_restarts_and_lbfgs() -> None:
    for optimizer, more in (("adam", {"restarts": 3}), ("sgd", {"clip": 0.1}), ("lbfgs", {})):
        model = model_(5)
        before = model.parameters.values.copy()
        history = model.fit(X, Y, "mse", optimizer, epochs=5, seed=0, **more)  # type: ignore[arg-type]
        assert (model.parameters.values[:5] == before[:5]).all()
        assert history.loss < history.losses[0]


def test_partial_fit_with_parameters_that_freeze_and_thaw() -> None:
    one, two = model_(), model_()
    optimizer = optim.Adam(two.parameters, lr=0.05)
    for frozen in (0, 5, 0, 3):
        for model in (one, two):
            for i, p in enumerate(model.parameters):
                p.requires_grad = i >= frozen
        for _ in range(2):
            one.partial_fit(X, Y, "mse", "adam", lr=0.05)
        loop(two, optimizer, 2)
    np.testing.assert_allclose(one.parameters.values, two.parameters.values, rtol=1e-10)


def test_a_callback_freezes_and_thaws() -> None:
    one, two = model_(), model_()
    first, second = (optim.Adam(m.parameters, lr=0.05) for m in (one, two))

    def callback(history: Any) -> None:
        for p in one.parameters[:5]:
            p.requires_grad = history.epochs % 4 < 2

    one.fit(X, Y, "mse", first, epochs=6, batch_size=None, callback=callback)
    for epoch in range(6):
        for p in two.parameters[:5]:
            p.requires_grad = epoch % 4 < 2
        loop(two, second, 1)
    np.testing.assert_allclose(one.parameters.values, two.parameters.values, rtol=1e-10)


def groups(model: NN) -> list[dict[str, Any]]:
    biases = [b for layer in model.biases for b in layer]
    weights = [w for layer in model.weights for neuron in layer for w in neuron]
    return [{"params": biases, "lr": 0.2, "momentum": 0.0}, {"params": weights, "weight_decay": 0.1}]


def test_groups_in_fit_and_in_a_loop() -> None:
    one, two = model_(), model_()
    first, second = (optim.SGD(groups(m), lr=0.05, momentum=0.9) for m in (one, two))
    schedules = [optim.StepLR(o, 2, 0.5) for o in (first, second)]
    one.fit(X, Y, "mse", first, epochs=6, batch_size=None, schedule=schedules[0])
    for _ in range(6):
        loop(two, second, 1)
        schedules[1].step()
    np.testing.assert_allclose(one.parameters.values, two.parameters.values, rtol=1e-10)
    assert schedules[0].get_last_lr() == pytest.approx(schedules[1].get_last_lr()) == [0.025, 0.00625]
    state = first.state_dict()
    third = optim.SGD(groups(two), lr=0.3)
    third.load_state_dict(state)
    assert str(third.state_dict()) == str(state)
    assert [dict(g) | {"params": 0} for g in third.param_groups] == [
        dict(g) | {"params": 0} for g in first.param_groups
    ]


def test_an_optimizer_of_some_parameters_trains_those() -> None:
    model = model_()
    before = model.parameters.values.copy()
    model.fit(X, Y, "mse", optim.Adam(model.parameters[12:]), epochs=2)
    assert ((model.parameters.values == before) == (np.arange(17) < 12)).all()


def test_groups_that_are_none() -> None:
    model = model_()
    parameters = model.parameters
    wrong: list[tuple[Any, type[Exception], str]] = [
        ([{"lr": 0.1}], TypeError, "group 0 must be a dict with 'params'"),
        ([{"params": parameters[:3]}, parameters[3]], TypeError, "group 1 must be a dict"),
        ([{"params": parameters[:3], "learning_rate": 1}], ValueError, "group 0 'learning_rate'"),
        ([{"params": parameters[:3]}, {"params": parameters[2:]}], ValueError, "twice"),
        ([{"params": parameters[:3], "lr": -1.0}], ValueError, "lr"),
    ]
    for given, error, message in wrong:
        with pytest.raises(error, match=message):
            optim.SGD(given)
    other = optim.SGD([{"params": model_().parameters}], lr=0.1)
    before = parameters.values.copy()
    with pytest.raises(ValueError, match="other parameters"):
        model.fit(X, Y, "mse", other)
    group = optim.SGD([{"params": parameters}], lr=0.1).param_groups[0]
    with pytest.raises(ValueError, match="lr"):
        group["lr"] = -1
    with pytest.raises(ValueError, match="momentun"):
        group["momentun"] = 0.1
    assert group["lr"] == 0.1
    assert (parameters.values == before).all()


def test_a_callback_that_freezes_all_that_an_optimizer_moves() -> None:
    model = model_()
    optimizer = optim.Adam(model.parameters[:4], lr=0.1)
    before, state = model.parameters.values.copy(), optimizer.state_dict()
    model.backward(X, Y)
    grads = model.parameters.grads.copy()

    def callback(history: Any) -> None:
        for p in model.parameters[:4]:
            p.requires_grad = False

    with pytest.raises(ValueError, match="all parameters of this optimizer have requires_grad=False"):
        model.fit(X, Y, "mse", optimizer, epochs=3, callback=callback)
    assert all(p.requires_grad for p in model.parameters)
    assert (model.parameters.values == before).all()
    assert (model.parameters.grads == grads).all()
    assert optimizer.state_dict() == state


@pytest.mark.parametrize("epochs", [1, 2])
def test_what_a_callback_froze_is_thawed_if_it_raises(epochs: int) -> None:
    """The gradients too, which freezing loses, also where it has thawed them itself."""
    model = model_(frozen=3)
    grads = [0.5 if p.requires_grad else None for p in model.parameters]
    for p in model.parameters[3:]:
        p.grad = 0.5

    def callback(history: Any) -> None:
        for i, p in enumerate(model.parameters[:6]):
            p.requires_grad = (i < 3) == (history.epochs == 1)
        if history.epochs == epochs:
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        model.fit(X, Y, "mse", epochs=3, callback=callback)
    assert [p.grad if p.requires_grad else None for p in model.parameters] == grads


def test_each_start_begins_with_what_was_frozen_before() -> None:
    """A callback that freezes in one start does it anew in the next, from the same epoch on."""
    model = model_()
    moved: list[list[bool]] = []
    last = np.zeros(0)

    def callback(history: Any) -> None:
        nonlocal last
        now = model.parameters.values[:4].copy()
        if history.epochs == 1:
            moved.append([])
        else:
            moved[-1].append(bool((now != last).any()))
        last = now
        if history.epochs == 3:
            for p in model.parameters[:4]:
                p.requires_grad = False

    model.fit(X, Y, "mse", epochs=5, restarts=3, seed=0, callback=callback)
    assert moved == [[True, True, False, False]] * 3


@pytest.mark.parametrize("schedule", [None, lambda epoch: 1.0])
def test_the_rate_in_the_history_is_that_of_the_first_group(schedule: Any) -> None:
    """Also where this group is frozen, with a schedule and without."""
    model = model_()
    optimizer = optim.Adam([{"params": model.parameters[:4], "lr": 0.5}, {"params": model.parameters[4:]}], lr=0.1)
    for p in model.parameters[:4]:
        p.requires_grad = False
    history = model.fit(X, Y, "mse", optimizer, epochs=2, schedule=schedule)
    assert history["lr"] == [0.5, 0.5]
    assert {type(lr) for lr in history["lr"]} == {float}


@pytest.mark.parametrize("grouped", [True, False])
@pytest.mark.parametrize("model_first", [True, False])
@pytest.mark.parametrize("again", [lambda both: pickle.loads(pickle.dumps(both)), copy.deepcopy])
def test_a_pickle_or_a_copy_of_network_and_optimizer_keeps_them_together(
    grouped: bool, model_first: bool, again: Any
) -> None:
    model = NN([2, 3, 1], seed=0)
    first, rest = model.parameters[:9], model.parameters[9:]
    optimizer = optim.Adam([{"params": first, "lr": 0.5}, {"params": rest}] if grouped else [*rest, *first], lr=0.1)
    rest[0].requires_grad = False
    twins: list[Any] = list(again([model, optimizer] if model_first else [optimizer, model]))
    new_model, new_optimizer = twins if model_first else twins[::-1]
    assert list(map(id, new_optimizer.variables)) == [
        id(new_model.parameters[i]) for i in ([*range(13)] if grouped else [*range(9, 13), *range(9)])
    ]
    for one, of in ((model, optimizer), (new_model, new_optimizer)):
        for v in one.parameters:
            if v.requires_grad:
                v.grad = v.value
        of.step()
    assert new_model.parameters.values.tolist() == model.parameters.values.tolist()
    assert model.parameters.values.tolist() != NN([2, 3, 1], seed=0).parameters.values.tolist()


def test_an_optimizer_of_edited_parameters_and_of_loose_leaves_is_pickled_with_them() -> None:
    model, loose = NN([2, 1], seed=0), Var(1.0, requires_grad=True)
    own = list(model.parameters)
    optimizer = optim.SGD([{"params": [loose, own[0]]}, {"params": own[1:]}])
    twin, twin_loose, twin_optimizer = pickle.loads(pickle.dumps((model, loose, optimizer)))
    expected = [twin_loose, *twin.parameters]
    assert list(map(id, twin_optimizer.variables)) == list(map(id, expected))
    model.parameters[0] = loose
    twin, twin_optimizer = pickle.loads(pickle.dumps((model, optimizer)))
    assert twin.parameters[0] is twin_optimizer.variables[0]
    del model, twin
    assert len(pickle.loads(pickle.dumps(optimizer)).variables) == 4
