"""NN.fit beside the same training in torch, in float64: ``python -m pytest tests/peers/torch_fit.py``.

torch is large, so a plain run of the tests does not collect this file.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from torch_twin import flat, twin
from vargrad import NN, data, losses

torch.set_default_dtype(torch.float64)  # that of NAdam's mu_product, whatever its parameters are
OPTIMIZERS = {
    "sgd": ({"lr": 0.1}, torch.optim.SGD, {"lr": 0.1}),
    "momentum": ({"lr": 0.1, "momentum": 0.9, "nesterov": True}, torch.optim.SGD, {}),
    "adam": ({"lr": 0.01}, torch.optim.Adam, {}),
    "adamw": ({"lr": 0.01, "weight_decay": 0.1}, torch.optim.AdamW, {}),
    "nadam": ({"lr": 0.01}, torch.optim.NAdam, {}),
    "rmsprop": ({"lr": 0.01}, torch.optim.RMSprop, {}),
}
LOSSES = {
    "cross_entropy": torch.nn.functional.cross_entropy,
    "bce": torch.nn.functional.binary_cross_entropy_with_logits,
    "mse": torch.nn.functional.mse_loss,
    "mae": torch.nn.functional.l1_loss,
    "huber": torch.nn.functional.huber_loss,
}


def problem(name: str) -> tuple[NN, Any, Any, str]:
    if name == "moons":
        X, y = data.moons(100, noise=0.1, seed=0)
        return NN([2, 16, 16, 1], "tanh", "identity", init="torch", seed=0), X, y, "bce"
    X, y = data.digits()
    return NN([64, 32, 10], "tanh", "identity", init="torch", seed=0), X[:640], y[:640], "cross_entropy"


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", ["moons", "digits"])
def test_two_hundred_steps(name: str, optimizer: str) -> None:
    """From equal weights, over the same mini-batches of 32."""
    model, X, y, loss = problem(name)
    ours, theirs, more = OPTIMIZERS[optimizer]
    network = twin(model)
    steps = theirs(network.parameters(), **(ours | more))
    epochs = 200 // -(-len(X) // 32)
    kind = {"momentum": "sgd"}.get(optimizer, optimizer)
    history = model.fit(X, y, loss, kind, epochs=epochs, batch_size=32, shuffle=False, progress=False, **ours)
    x, t = torch.tensor(X), torch.tensor(y if loss == "cross_entropy" else y[:, None].astype(float))
    count = 0
    for _ in range(epochs):
        total = 0.0
        for at in range(0, len(x), 32):
            steps.zero_grad()
            found = LOSSES[loss](network(x[at : at + 32]), t[at : at + 32])
            found.backward()
            steps.step()
            total += found.item() * len(x[at : at + 32])
            count += 1
    assert count == 200
    np.testing.assert_allclose([p.value for p in model.parameters], flat(network), rtol=1e-9, atol=1e-9)
    assert history.losses[-1] == pytest.approx(total / len(x), rel=1e-9)


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_are_torchs(loss: str) -> None:
    draw = np.random.default_rng(1)
    for size in (0.1, 1.0, 30.0, 1000.0):
        p, t = draw.normal(size=(7, 4)) * size, draw.random((7, 4))
        if loss == "cross_entropy":
            t /= t.sum(axis=1, keepdims=True)
        theirs = torch.tensor(p, requires_grad=True)
        wanted = LOSSES[loss](theirs, torch.tensor(t))
        wanted.backward()
        model = NN([4, 4], "identity", bias=False, seed=0)  # the identity: outputs are inputs
        for i, row in enumerate(model.weights[0]):
            for k, w in enumerate(row):
                w.value = float(i == k)
        outputs = [model(row) for row in p.tolist()]
        found: Any = getattr(losses, loss)(outputs, t.tolist())
        found.backward()
        assert found.value == pytest.approx(wanted.item(), rel=1e-13)
        assert theirs.grad is not None
        slopes = np.array([[w.grad for w in row] for row in model.weights[0]])  # of d loss / d p, times p
        np.testing.assert_allclose(slopes, theirs.grad.numpy().T @ p, rtol=1e-11, atol=1e-13 * size)
