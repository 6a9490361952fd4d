"""NN.fit with frozen layers and groups of parameters beside torch: ``python -m pytest tests/peers/torch_groups.py``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from torch_twin import flat, twin
from vargrad import NN, data, optim

torch.set_default_dtype(torch.float64)  # that of NAdam's mu_product, whatever its parameters are
X, Y = data.moons(60, noise=0.1, seed=0)


def network() -> NN:
    return NN([2, 8, 8, 1], "tanh", "identity", init="torch", seed=0)


def train(theirs: Any, steps: Any, schedule: Any = None, epochs: int = 40) -> None:
    x, t = torch.tensor(X), torch.tensor(Y[:, None].astype(float))
    for _ in range(epochs):
        for at in range(0, len(x), 20):
            steps.zero_grad()
            torch.nn.functional.binary_cross_entropy_with_logits(theirs(x[at : at + 20]), t[at : at + 20]).backward()
            steps.step()
        if schedule is not None:
            schedule.step()


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "NAdam", "RMSprop"])
def test_a_frozen_layer(name: str) -> None:
    model = network()
    theirs = twin(model)
    for p in model.parameters[:24]:
        p.requires_grad = False
    for p in list(theirs.parameters())[:2]:
        p.requires_grad = False
    train(theirs, getattr(torch.optim, name)(theirs.parameters(), lr=0.01))
    optimizer = getattr(optim, name)(model.parameters, lr=0.01)
    model.fit(X, Y, "bce", optimizer, epochs=40, batch_size=20, shuffle=False)
    np.testing.assert_allclose(model.parameters.values, flat(theirs), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("SGD", {"lr": 0.1, "momentum": 0.9}, {"weight_decay": 0.01}),
        ("Adam", {"lr": 0.01, "betas": (0.8, 0.99)}, {"weight_decay": 0.1}),
        ("NAdam", {"lr": 0.01}, {"momentum_decay": 0.1}),
    ],
)
def test_groups(name: str, first: dict[str, Any], second: dict[str, Any]) -> None:
    model = network()
    theirs = twin(model)
    own = list(theirs.parameters())
    two = getattr(torch.optim, name)([{"params": own[:2], **first}, {"params": own[2:], **second}], lr=0.02)
    train(theirs, two, torch.optim.lr_scheduler.StepLR(two, 10, 0.5))
    p = model.parameters
    one = getattr(optim, name)([{"params": p[:24], **first}, {"params": p[24:], **second}], lr=0.02)
    model.fit(X, Y, "bce", one, epochs=40, batch_size=20, shuffle=False, schedule=optim.StepLR(one, 10, 0.5))
    np.testing.assert_allclose(model.parameters.values, flat(theirs), rtol=1e-9, atol=1e-9)
    assert [group["lr"] for group in one.param_groups] == pytest.approx([group["lr"] for group in two.param_groups])


@pytest.mark.parametrize("batch", [20, None])
def test_weights_and_smoothing(batch: int | None) -> None:
    """torch's weight of classes divides by their sum, ours in all rows of a training."""
    labels = np.where(X[:, 0] + X[:, 1] > 1.0, 2, Y)
    weight = torch.tensor([0.5, 2.0, 1.0])
    model = NN([2, 8, 3], "tanh", "identity", init="torch", seed=0)
    theirs = twin(model)
    steps, x, t = torch.optim.Adam(theirs.parameters(), lr=0.01), torch.tensor(X), torch.tensor(labels)
    mean = float(weight[t].mean())
    for _ in range(40):
        for at in range(0, len(x), batch or len(x)):
            steps.zero_grad()
            some = slice(at, at + (batch or len(x)))
            each = torch.nn.functional.cross_entropy(theirs(x[some]), t[some], reduction="none", label_smoothing=0.1)
            (each * weight[t[some]]).mean().div(mean).backward()
            steps.step()
    more: dict[str, Any] = {"class_weight": {0: 0.5, 1: 2.0}, "label_smoothing": 0.1, "shuffle": False}
    model.fit(X, labels, "cross_entropy", "adam", lr=0.01, epochs=40, batch_size=batch, **more)
    np.testing.assert_allclose(model.parameters.values, flat(theirs), rtol=1e-9, atol=1e-9)
