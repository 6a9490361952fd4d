"""The task of a network, by which predict and score read its outputs: from the first step on."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vargrad import NN, data, losses, optim
from vargrad._train.history import History

X, Y = data.moons(100, seed=0)


def network(outputs: int = 1) -> NN:
    return NN([2, 8, outputs], "tanh", output_activation="identity", init="torch", seed=0)


def right(model: NN) -> float:
    """The share of right labels, from the outputs of the network's Vars."""
    outputs = [model(row) for row in X.tolist()]
    if isinstance(outputs[0], list):
        return float(np.mean([np.argmax([v.value for v in row]) == y for row, y in zip(outputs, Y, strict=True)]))
    return float(np.mean([(v.value > 0) == y for v, y in zip(outputs, Y, strict=True)]))


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
@pytest.mark.parametrize(("loss", "outputs"), [("bce", 1), ("cross_entropy", 2)])
def test_a_callback_of_the_first_fit_judges_labels(loss: str, outputs: int, optimizer: str, tmp_path: Path) -> None:
    model = network(outputs)
    seen = []

    def callback(history: History) -> None:
        assert model.score(X, Y) == right(model) == (model.predict(X) == Y).mean()
        assert model.predict_proba(X).shape == (100, 2)
        model.save(tmp_path / "checkpoint.safetensors")
        checkpoint = NN.load(tmp_path / "checkpoint.safetensors")
        assert checkpoint.score(X, Y) == copy.deepcopy(model).score(X, Y) == model.score(X, Y)
        seen.append(history.epochs)

    model.fit(X, Y, loss, optimizer, epochs=3, callback=callback, progress=False)
    assert seen == [1, 2, 3]


@pytest.mark.parametrize("old", [None, "values"])
def test_an_exception_brings_the_old_task_back(old: str | None) -> None:
    model = network()
    model.task = old

    def callback(history: History) -> None:
        assert model.task == "binary"
        raise LookupError

    with pytest.raises(LookupError):
        model.fit(X, Y, "bce", callback=callback)
    assert model.task == old
    with pytest.raises(FloatingPointError):
        model.fit(1e9 * X, Y, "sse", lr=1e9, progress=False)
    for call in (model.partial_fit, model.backward):
        with pytest.raises(ValueError, match="expected 0 or 1"):
            call(X, 7 + Y, "bce")
    assert model.task == old


def test_a_loop_of_ones_own() -> None:
    model = network()
    optimizer = optim.Adam(model.parameters, lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        model.backward(X, Y, "bce")
        optimizer.step()
        assert model.task == "binary"
    assert model.score(X, Y) == right(model) > 0.9
    assert model.predict_proba(X).shape == (100, 2)


def test_parameters_from_a_file_bring_their_task(tmp_path: Path) -> None:
    model, other = network(), network()
    model.fit(X, Y, "bce", "adam", lr=0.05, progress=False)
    model.save(tmp_path / "model.safetensors")
    other.load_parameters(tmp_path / "model.safetensors")
    assert other.score(X, Y) == right(model)
    network().save(tmp_path / "new.safetensors")
    other.load_parameters(tmp_path / "new.safetensors")  # a file that says nothing leaves the task
    assert other.task == "binary"


@pytest.mark.parametrize("name", losses.LOSSES)
def test_the_function_for_its_name(name: str) -> None:
    outputs = 2 if name == "cross_entropy" else 1
    y = 2 * Y - 1 if name == "hinge" else Y
    one, two = network(outputs), network(outputs)
    function = getattr(losses, name)
    one.fit(X, y, name, epochs=3, lr=0.001, seed=0)
    two.fit(X, y, function, epochs=3, lr=0.001, seed=0)
    assert one.parameters.values.tolist() == two.parameters.values.tolist()
    assert one.task == two.task
    for call in ("partial_fit", "backward"):
        assert getattr(one, call)(X, y, name) == getattr(two, call)(X, y, function)


def test_a_network_from_elsewhere_learns_its_task(tmp_path: Path) -> None:
    """As torch writes it: without metadata."""
    from vargrad.nn import safetensors

    model = network(2)
    layers = zip(model.weights, model.biases, strict=True)
    arrays = {}
    for i, (weights, biases) in enumerate(layers):
        arrays[f"{2 * i}.weight"] = np.array([[w.value for w in neuron] for neuron in weights])
        arrays[f"{2 * i}.bias"] = np.array([b.value for b in biases])
    safetensors.write(tmp_path / "torch.safetensors", arrays, {"format": "pt"})
    names = {"activation": "tanh", "output_activation": "identity"}
    given: Any
    for given in ("cross_entropy", losses.cross_entropy):
        loaded = NN.load(tmp_path / "torch.safetensors", **names, loss=given)
        assert loaded.predict_proba(X).shape == (100, 2)
        assert loaded.score(X, Y) == right(model)
    loaded = NN.load(tmp_path / "torch.safetensors", **names)
    assert loaded.task is None
    loaded.task = "labels"
    assert loaded.score(X, Y) == right(model)
    with pytest.raises(ValueError, match="did you mean 'bce'"):
        NN.load(tmp_path / "torch.safetensors", **names, loss="bcee")


def test_tasks_that_there_are_not() -> None:
    model = network()
    model.task = "bce"
    for task, message in (("labels", "use 'binary'"), ("cross_entropy", "1 output"), ("dance", "not known")):
        with pytest.raises(ValueError, match=message):
            model.task = task
        assert model.task == "binary"
    model.task = None
    with pytest.raises(ValueError, match=r"model\.task = 'bce'"):
        model.predict_proba(X)
