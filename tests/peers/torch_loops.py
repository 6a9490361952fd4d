"""Frozen parameters, one cycle per batch, and settings changed between epochs, beside loops in torch, in float64:
``python -m pytest tests/peers/torch_loops.py``.

torch is large, so a plain run of the tests does not collect this file.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from torch_twin import flat, twin
from vargrad import NN, data, optim
from vargrad._train.history import History

X, Y = data.moons(100, noise=0.1, seed=0)
XT, YT = torch.tensor(X), torch.tensor(Y[:, None].astype(float))
PAIRS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "sgd": (optim.SGD, torch.optim.SGD, {"lr": 0.1}),
    "momentum": (optim.SGD, torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}),
    "dampening": (optim.SGD, torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}),
    "adam": (optim.Adam, torch.optim.Adam, {"lr": 0.01, "amsgrad": True}),
    "adamw": (optim.AdamW, torch.optim.AdamW, {"lr": 0.01, "weight_decay": 0.1}),
    "rmsprop": (optim.RMSprop, torch.optim.RMSprop, {"lr": 0.01, "momentum": 0.5, "centered": True}),
}


def network() -> NN:
    return NN([2, 8, 8, 1], "tanh", "identity", init="torch", seed=0)


def batches() -> list[slice]:
    return [slice(at, at + 32) for at in range(0, 100, 32)]


def steps(network: torch.nn.Sequential, optimizer: Any, some: slice) -> None:
    optimizer.zero_grad()  # to None: what takes no part is skipped
    torch.nn.functional.binary_cross_entropy_with_logits(network(XT[some]), YT[some]).backward()
    optimizer.step()


@pytest.mark.parametrize("name", PAIRS)
def test_layers_frozen_and_thawed(name: str) -> None:
    """The first layer is frozen at first, the second in the middle: with momentum, decay and steps of their own."""
    ours, theirs, settings = PAIRS[name]
    model = network()
    other = twin(model)
    one, two = ours(model.parameters, **settings), theirs(other.parameters(), **settings)
    parts = model.parameters[:24], model.parameters[24:96]
    for epoch in range(30):
        for k, frozen in ((0, epoch < 10), (1, 15 <= epoch < 20)):
            for p in parts[k]:
                p.requires_grad = not frozen
            other[2 * k].requires_grad_(not frozen)
        for some in batches():
            one.zero_grad()
            model.backward(X[some], Y[some], "bce")
            one.step()
            steps(other, two, some)
    np.testing.assert_allclose([p.value for p in model.parameters], flat(other), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", PAIRS)
def test_one_cycle_in_fit(name: str) -> None:
    ours, theirs, settings = PAIRS[name]
    model = network()
    other = twin(model)
    one, two = ours(model.parameters, **settings), theirs(other.parameters(), **settings)
    first = optim.OneCycleLR(one, max_lr=0.05, total_steps=80)
    second = torch.optim.lr_scheduler.OneCycleLR(two, max_lr=0.05, total_steps=80, cycle_momentum=False)
    model.fit(X, Y, "bce", one, schedule=first, epochs=20, batch_size=32, shuffle=False, progress=False)
    for _ in range(20):
        for some in batches():
            steps(other, two, some)
            second.step()
    np.testing.assert_allclose([p.value for p in model.parameters], flat(other), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", PAIRS)
def test_lr_and_weights_set_between_epochs(name: str) -> None:
    """lr halved, and weights clipped, as in a loop over epochs in torch."""
    ours, theirs, settings = PAIRS[name]
    model = network()
    other = twin(model)
    one, two = ours(model.parameters, **settings), theirs(other.parameters(), **settings)

    def callback(history: History) -> None:
        if history.epochs % 5 == 0:
            one.lr /= 2
        np.clip(model.parameters.values, -0.5, 0.5, out=model.parameters.values)

    model.fit(X, Y, "bce", one, epochs=20, batch_size=32, shuffle=False, callback=callback, progress=False)
    for epoch in range(20):
        for some in batches():
            steps(other, two, some)
        if epoch % 5 == 4:
            two.param_groups[0]["lr"] /= 2
        with torch.no_grad():
            for p in other.parameters():
                p.clamp_(-0.5, 0.5)
    np.testing.assert_allclose([p.value for p in model.parameters], flat(other), rtol=1e-9, atol=1e-9)
