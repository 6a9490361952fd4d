"""Dropout: what is left out, the same in both engines, only in training, and kept with the network."""

from __future__ import annotations

import copy
import importlib
import json
import pickle
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines import Run, network, same
from twins import PURE, keys
from vargrad import NN, Var, data, math
from vargrad._train import engine_py
from vargrad.nn import safetensors
from vargrad.optim import rules

X, Y = data.moons(60, noise=0.1, seed=0)
# Of the generator with the seed 1234567, as Steele and others' own program prints them.
KNOWN = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821]


def engines() -> list[Any]:
    """Each instruction set of the compiled engine, as far as it is built."""
    if PURE:
        return [pytest.param(engine_py.Engine, id="python")]
    module = importlib.import_module("vargrad._train.engine_c")
    names = importlib.import_module("vargrad._vm.machine_c").instruction_sets()
    made = [pytest.param(lambda net, name=name: module.Engine(net, name), id=name) for name in names]
    return [*made, pytest.param(engine_py.Engine, id="python")]


def net_of(*rates: float, rule: Any = None, l2: float = 0.01) -> Any:
    made = network([3, 9, 5, 2], ["tanh", "identity", "identity"], rule=rule, l2=l2)
    return made.__class__(**{**vars(made), "dropout": rates})


SEEDS = np.array([3, 2**64 - 1, 0, 7, 7, 12345678901], np.uint64)


@pytest.mark.parametrize("engine", engines())
@pytest.mark.parametrize("rates", [(0.2, 0.5), (0.0, 0.9), (0.5, 0.0)])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch": 23},
        {"rows": 150, "batch": 70},
        {"mean": False},
        {"order": np.array([np.random.default_rng(i).permutation(23) for i in range(6)])},
        {"difference": 1e-3, "clip": 0.1},
    ],
    ids=["as it is", "one batch", "more than a chunk", "sum", "shuffled", "differences"],
)
def test_engines_train_alike(engine: Any, rates: Any, options: dict[str, Any]) -> None:
    # not Adam, which makes a step of the noise of differences that are 0
    net = net_of(*rates, rule=rules.sgd(momentum=0.5) if "difference" in options else rules.adam())
    run = Run(net, seeds=SEEDS, **options).by(engine(net))
    same(run, Run(net, seeds=SEEDS, **options).by(engine_py.Engine(net)))
    assert np.abs(run.values - Run(net, **options).by(engine(net)).values).max() > 1e-3


def test_the_generator_is_the_known_one() -> None:
    found = engine_py.uniform(1234567, 0, 5) * 2.0**53
    assert found.tolist() == [float(x >> 11) for x in KNOWN]
    assert engine_py.uniform(1234567, 3, 2).tolist() == engine_py.uniform(1234567, 0, 5)[3:].tolist()


@pytest.mark.parametrize("engine", engines())
def test_the_same_outputs_are_left_out_to_the_last_one(engine: Any) -> None:
    """The slope by the weights of the last layer is 0 where their input is left out."""
    net = net_of(0.0, 0.3, l2=0.0)
    reference = engine_py.Engine(net)
    for seed in range(200):
        run = Run(net, rows=7, epochs=1, batch=1, seeds=np.array([seed], np.uint64)).by(engine(net))
        factor = reference.factors(seed, 6, 1)[1]
        assert factor is not None
        slopes = run.grads[-12:].reshape(2, 6)[0, :5]
        assert ((slopes != 0.0) == (factor[:, 0] > 0.0)).all()


def test_steps_are_those_of_vars() -> None:
    """A training beside a loop over Vars, whose outputs are multiplied by the same factors."""
    net = net_of(0.2, 0.5)
    model = NN([3, 9, 5, 2], ["tanh", "identity", "identity"])
    run = Run(net, rows=8, epochs=3, batch=3, seeds=SEEDS[:3])
    model.parameters.values[:] = run.values
    reference = engine_py.Engine(net)
    seen = []
    for epoch in range(3):
        total = 0.0
        for at in (0, 3, 6):
            rows = range(at, min(at + 3, 8))
            factors = reference.factors(int(SEEDS[epoch]), at, len(rows))
            errors: list[Any] = []
            for k, i in enumerate(rows):
                layer: list[Any] = run.x[i].tolist()
                for j, name in enumerate(model.activations):
                    sums = [math.dot(n, layer) + b for n, b in zip(model.weights[j], model.biases[j], strict=True)]
                    layer = [z.tanh() for z in sums] if name == "tanh" else sums
                    table = factors[j]
                    if table is not None:
                        layer = [a * float(f) for a, f in zip(layer, table[:, k], strict=True)]
                errors += [(p - t) ** 2 for p, t in zip(layer, run.y[i].tolist(), strict=True)]
            squares = [w * w for weights in model.weights for n in weights for w in n]
            loss: Any = sum(errors) / len(errors) + 0.01 * sum(squares)
            loss.backward()
            model.step(0.1)
            total += loss.value * len(rows)
        seen.append(total / 8)
    run.by(engine_py.Engine(net))
    np.testing.assert_allclose(run.values, [p.value for p in model.parameters], rtol=1e-11)
    np.testing.assert_allclose(run.losses, seen, rtol=1e-11)


def test_shares_and_sizes() -> None:
    net = net_of(0.25, 0.5)
    first, second, last = engine_py.Engine(net).factors(5, 0, 4000)
    assert last is None
    for factor, rate in ((first, 0.25), (second, 0.5)):
        assert factor is not None
        assert set(np.unique(factor).tolist()) == {0.0, 1.0 / (1.0 - rate)}
        assert factor.mean() == pytest.approx(1.0, abs=0.03)
        assert abs(np.corrcoef(factor)[0, 1]) < 0.06


def model(**options: Any) -> NN:
    return NN([2, 8, 6, 1], "tanh", "identity", init="torch", seed=0, **options)


def fitted(**options: Any) -> tuple[NN, Any]:
    made = model(dropout=options.pop("dropout", [0.2, 0.5]))
    return made, made.fit(X, Y, "bce", **{"epochs": 6, "seed": 1, "batch_size": 20, "progress": False, **options})


def test_a_seed_decides() -> None:
    found = [keys([p.value for p in fitted(seed=seed)[0].parameters]) for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]
    assert keys([p.value for p in fitted(callback=lambda history: None)[0].parameters]) == found[0]  # epoch by epoch
    random.seed(4)
    one = keys(fitted(seed=None)[1].losses)
    random.seed(4)
    assert keys(fitted(seed=None)[1].losses) == one
    _, history = fitted(restarts=3)
    assert len(set(history.restart_losses)) == 3


def test_nothing_is_left_out_without_it() -> None:
    plain = model()
    history = plain.fit(X, Y, "bce", epochs=6, seed=1, batch_size=20, progress=False)
    other, again = fitted(dropout=0)
    assert keys(history.losses) == keys(again.losses)
    assert keys([p.value for p in plain.parameters]) == keys([p.value for p in other.parameters])
    assert plain.dropout == other.dropout == (0.0, 0.0)


def test_only_training_leaves_out() -> None:
    one, history = fitted(validation_data=(X, Y))
    other = model()
    other.parameters.values[:] = one.parameters.values
    other.task = "bce"
    assert (one.predict_proba(X) == other.predict_proba(X)).all()
    assert one.evaluate(X, Y) == other.evaluate(X, Y)
    assert history.loss == history.validation_losses[-1] == one.evaluate(X, Y)["loss"]
    assert history.losses[-1] != history.loss
    assert one(0.5, 0.25).value == pytest.approx(other(0.5, 0.25).value, rel=1e-15)
    for net in (one, other):
        net.zero_grad()
        net.backward(X, Y, "bce")
    assert (one.parameters.grads == other.parameters.grads).all()


def test_partial_fit_leaves_out_anew_at_each_step() -> None:
    found = []
    for _ in range(2):
        random.seed(3)
        made = model(dropout=0.5)
        found.append([made.partial_fit(X, Y, "bce", lr=0.0) for _ in range(4)])
    assert found[0] == found[1]
    assert len(set(found[0])) == 4
    made.dropout = 0.0
    assert made.partial_fit(X, Y, "bce", lr=0.0) == pytest.approx(made.evaluate(X, Y, "bce")["loss"], rel=1e-12)
    made.dropout = 0.5
    assert made.partial_fit(X, Y, "bce", lr=0.0) != made.evaluate(X, Y, "bce")["loss"]


def test_it_is_kept_with_the_network(tmp_path: Path) -> None:
    made = model(dropout=[0.1, 0.0])
    made.save(tmp_path / "m")
    for again in (NN.load(tmp_path / "m"), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert again.dropout == (0.1, 0.0)
        assert repr(again) == repr(made) == "<NN [2, 8, 6, 1], tanh tanh identity, dropout 0.1 0.0, 85 parameters>"
    other = model(dropout=0.3)
    other.load_parameters(tmp_path / "m")
    assert other.dropout == (0.3, 0.3)
    arrays, metadata = safetensors.read(tmp_path / "m")
    about = json.loads(metadata["vargrad"])
    for wrong in ([0.1], [0.1, 1.0], "much", [0.1, None], {"a": 1}):
        safetensors.write(tmp_path / "w", arrays, {"vargrad": json.dumps({**about, "dropout": wrong})})
        with pytest.raises(ValueError, match="its dropout is"):
            NN.load(tmp_path / "w")
    model().save(tmp_path / "p")
    assert "dropout" not in safetensors.read(tmp_path / "p")[1]["vargrad"]


@pytest.mark.parametrize(
    ("arch", "given", "error", "words"),
    [
        ([2, 3, 1], 1.0, ValueError, "below 1, not 1.0"),
        ([2, 3, 1], -0.1, ValueError, "at least 0"),
        ([2, 3, 1], float("nan"), ValueError, "nan"),
        ([2, 3, 1], [0.1, 0.2], ValueError, "2 share"),
        ([2, 1], 0.2, ValueError, "has none"),
        ([2, 1], [0.2], ValueError, "0 hidden layer"),
        ([2, 3, 1], "half", TypeError, "real number"),
        ([2, 3, 3, 1], [0.1, [0.2]], TypeError, "real number"),
        ([2, 3, 1], Var(0.5), TypeError, "not a Var"),
    ],
)
def test_wrong_shares(arch: list[int], given: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        NN(arch, dropout=given)
    made = NN(arch)
    with pytest.raises(error, match=words):
        made.dropout = given
    assert not any(made.dropout)


def test_lbfgs_refuses_it() -> None:
    made = model(dropout=0.5)
    before = keys([p.value for p in made.parameters])
    with pytest.raises(ValueError, match="dropout leaves out others each time"):
        made.fit(X, Y, "bce", "lbfgs", progress=False)
    assert keys([p.value for p in made.parameters]) == before
