"""The article's loop with an optimiser, beside torch's from equal weights: 200 steps in float64 on moons and digits.

``python -m pytest tests/peers/torch_training.py`` (needs torch, safetensors and scikit-learn).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from vargrad import NN, data, math, optim

torch.set_num_threads(1)  # two would wait for each other
OPTIMISERS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 1e-3}),
    ("Adam", {"lr": 0.01}),
    ("AdamW", {"lr": 0.01}),
    ("RMSprop", {"lr": 0.001}),
]


def twin(model: NN, folder: Path, *layers: Any) -> torch.nn.Sequential:
    """The same network in torch, its weights taken through a file."""
    model.save(folder / "start")
    theirs = torch.nn.Sequential(*layers).double()
    theirs.load_state_dict(load_file(folder / "start"))
    return theirs


def assert_equal_weights(model: NN, theirs: torch.nn.Sequential, folder: Path) -> None:
    model.save(folder / "end")
    ours = load_file(folder / "end")
    for name, x in theirs.state_dict().items():
        np.testing.assert_allclose(ours[name].numpy(), x.numpy(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("name", "settings"), OPTIMISERS)
def test_moons(tmp_path: Path, name: str, settings: dict[str, Any]) -> None:
    X, y = data.moons(60, seed=0)
    rows = np.column_stack([X, y]).tolist()
    model = NN([2, 8, 1], "tanh", output_activation="sigmoid", init="xavier_uniform", seed=1)
    linear = torch.nn.Linear
    theirs = twin(model, tmp_path, linear(2, 8), torch.nn.Tanh(), linear(8, 1), torch.nn.Sigmoid())
    one = getattr(optim, name)(model.parameters, **settings)
    two = getattr(torch.optim, name)(theirs.parameters(), **settings)
    inputs, targets = torch.tensor(X), torch.tensor(y[:, None])
    for _ in range(200):
        one.zero_grad()
        loss = model.calculate_loss(rows) / len(rows)
        loss.backward()
        one.step()
        two.zero_grad()
        wanted = ((theirs(inputs) - targets) ** 2).mean()
        wanted.backward()
        two.step()
        assert loss.value == pytest.approx(wanted.item(), rel=1e-9)
    assert_equal_weights(model, theirs, tmp_path)


@pytest.mark.parametrize(("name", "settings"), OPTIMISERS)
def test_digits(tmp_path: Path, name: str, settings: dict[str, Any]) -> None:
    """64-32-10, cross-entropy, batches of 32."""
    X, y = data.digits()
    model = NN([64, 32, 10], "relu", output_activation="identity", init="torch", seed=1)
    theirs = twin(model, tmp_path, torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))
    one = getattr(optim, name)(model.parameters, **settings)
    two = getattr(torch.optim, name)(theirs.parameters(), **settings)
    random = np.random.default_rng(2)
    for _ in range(200):
        batch = random.choice(len(X), 32, replace=False)
        one.zero_grad()
        outputs = [model(row) for row in X[batch].tolist()]
        losses = [math.logsumexp(z) - z[label] for z, label in zip(outputs, y[batch].tolist(), strict=True)]
        loss = math.mean(losses)
        loss.backward()
        one.step()
        two.zero_grad()
        wanted = torch.nn.functional.cross_entropy(theirs(torch.tensor(X[batch])), torch.tensor(y[batch]))
        wanted.backward()
        two.step()
        assert loss.value == pytest.approx(wanted.item(), rel=1e-9)
    assert_equal_weights(model, theirs, tmp_path)
