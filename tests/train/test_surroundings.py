"""What fit finds around it: no place for a bar, NumPy told to raise; and penalties beside losses that are sums."""

from __future__ import annotations

import importlib
import io
import sys
from typing import Any

import numpy as np
import pytest
import tqdm

from twins import PURE
from vargrad import NN, Var, losses, optim
from vargrad._train import engine_py, partial_fit, plan, predict
from vargrad._train import progress as _progress

X = np.arange(20.0).reshape(10, 2) / 10 - 1
Y = np.arange(10) % 2


@pytest.fixture(params=["python"] if PURE else ["python", "compiled"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Train by this engine."""
    name: str = request.param
    module: Any = engine_py if name == "python" else importlib.import_module("vargrad._train.engine_c")
    for user in (plan, partial_fit, predict):
        monkeypatch.setattr(user, "Engine", module.Engine)
    return name


def network(outputs: int = 1) -> NN:
    return NN([2, 3, outputs], "tanh", "identity", init="torch", seed=0)


# ---- the bar


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_progress, "PATIENCE", 0.0)
    monkeypatch.setattr(_progress, "INTERVAL", 0.0)


class Broken(io.StringIO):
    """A terminal that takes so many texts."""

    left = 2

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.left -= 1
        if self.left < 0:
            raise OSError(5, "Input/output error")
        return len(text)


@pytest.mark.parametrize("place", ["None", "closed", "broken", "no tqdm"])
@pytest.mark.usefixtures("at_once")
def test_no_place_for_a_bar(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", {"None": None, "closed": closed, "broken": Broken()}.get(place, io.StringIO()))
    if place == "no tqdm":
        monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    found, wanted = network(), network()
    assert found.fit(X, Y, "bce", epochs=40).epochs == 40
    wanted.fit(X, Y, "bce", epochs=40, progress=False)
    assert len(found.parameters) == len(wanted.parameters)


@pytest.mark.usefixtures("at_once")
def test_a_notebook_without_ipywidgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its stderr is no terminal and shows what is written all the same. tqdm.auto warns there when it is imported."""

    class OutStream(io.StringIO):
        __module__ = "ipykernel.iostream"

    class Auto:
        def __getattr__(self, name: str) -> Any:
            import warnings

            warnings.warn("IProgress not found. Please update jupyter and ipywidgets.", tqdm.TqdmWarning, stacklevel=2)
            return tqdm.std.tqdm

    monkeypatch.setitem(sys.modules, "tqdm.auto", Auto())  # type: ignore[arg-type]
    for stream, shown in ((OutStream(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        network().fit(X, Y, "bce", epochs=40)
        assert ("epoch" in stream.getvalue()) is shown


# ---- NumPy told to raise


@pytest.mark.parametrize("loss", ["bce", "cross_entropy", "hinge", "mse"])
def test_numpy_may_raise(engine: str, loss: str) -> None:
    """Under- and overflows on the way to a right result are nobody's concern."""
    outputs = 3 if loss == "cross_entropy" else 1
    y = {"cross_entropy": np.arange(10) % 3, "hinge": Y * 2 - 1}.get(loss, Y)
    found = []
    for how in ("raise", "ignore"):
        with np.errstate(all=how):
            model = network(outputs)
            model.parameters.values[:] *= 4000.0
            history = model.fit(
                X, y, loss, lr=1e-3, epochs=2, clip=1e-160, l2=1e-200, seed=0, validation_split=0.3, progress=False
            )
            step = model.partial_fit(X, y, loss, clip=1e-170)
            model.backward(X * 1e-150, y, loss)
            shown = model.predict_proba(X * 1e3) if loss in ("bce", "cross_entropy") else model.predict(X * 1e3)
            found.append((history.losses, step, shown.tolist(), model.score(X, y), model.parameters.grads.tolist()))
    assert found[0] == found[1]


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_numpy_may_raise_in_clipping(size: float) -> None:
    found = []
    for how in ("raise", "ignore"):
        x, y = Var(1.0, requires_grad=True), Var(2.0, requires_grad=True)
        (size * x + 3e-150 * y).backward()
        with np.errstate(all=how):
            found.append((optim.clip_grad_norm_([x, y], 1e-180), x.grad, y.grad))
            optim.clip_grad_value_([x, y], 1e-190)
    assert found[0] == found[1]


# ---- penalties


@pytest.mark.parametrize("method", ["gradient", "finite-difference"])
def test_a_penalty_counts_once_an_epoch(engine: str, method: str) -> None:
    """Under sse, too, where an epoch is the sum of its batches: each has its part, as many rows as it has of all."""
    model, twin = network(), network()
    kinds = {"method": method, "h": 1e-7}
    history = model.fit(
        X, Y, "sse", lr=0.01, epochs=3, batch_size=4, shuffle=False, l1=0.3, l2=0.2, progress=False, **kinds
    )
    expected = []
    for _ in range(3):
        total = 0.0
        for at in range(0, 10, 4):
            rows, targets = X[at : at + 4].tolist(), Y[at : at + 4].tolist()
            weights = [w for layer in twin.weights for neuron in layer for w in neuron]
            penalty = 0.3 * losses.l1(weights) + 0.2 * losses.l2(weights)
            loss: Any = losses.sse([twin(row) for row in rows], targets) + len(rows) / 10 * penalty
            for p in twin.parameters:
                p.grad = 0.0
            loss.backward()
            optim.SGD(twin.parameters, lr=0.01).step()
            total += loss.value
        expected.append(total)
    close = 1e-12 if method == "gradient" else 1e-5
    assert history.losses == pytest.approx(expected, rel=close)
    np.testing.assert_allclose(model.parameters.values, twin.parameters.values, rtol=close * 10, atol=close)


@pytest.mark.parametrize("loss", ["sse", "mse", "mae"])
@pytest.mark.parametrize("batch", [1, 3, 10])
def test_the_history_agrees_with_itself(engine: str, loss: str, batch: int) -> None:
    """Without a step that changes anything, all its losses are one number, penalties included."""
    model = network()
    history = model.fit(
        X, Y, loss, lr=0.0, epochs=2, batch_size=batch, l1=0.3, l2=0.2, validation_data=(X, Y), progress=False
    )
    weights = [w for layer in model.weights for neuron in layer for w in neuron]
    penalty: Any = 0.3 * losses.l1(weights) + 0.2 * losses.l2(weights)
    plain: Any = getattr(losses, loss)([model(row) for row in X.tolist()], Y.tolist())
    wanted = (plain + penalty).value
    for found in (*history.losses, *history.validation_losses, history.loss, *history.restart_losses):
        assert found == pytest.approx(wanted, rel=1e-12)
    assert model.partial_fit(X, Y, loss, lr=0.0, l1=0.3, l2=0.2) == pytest.approx(wanted, rel=1e-12)
    assert model.backward(X, Y, loss, l1=0.3, l2=0.2) == pytest.approx(wanted, rel=1e-12)
