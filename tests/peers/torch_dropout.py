"""Dropout beside a loop in torch with the same factors, in float64: ``python -m pytest tests/peers/torch_dropout.py``.

torch is large, so a plain run of the tests does not collect this file.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from torch_twin import flat, twin
from vargrad import NN, data
from vargrad._train import loop
from vargrad._train.engine_py import Engine

X, Y = data.moons(100, noise=0.1, seed=0)
XT, YT = torch.tensor(X), torch.tensor(Y[:, None].astype(float))


@pytest.mark.parametrize("rates", [[0.2, 0.5], [0.5, 0.0]], ids=["both", "first"])
@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_a_training(rates: list[float], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = NN([2, 8, 8, 1], "tanh", "identity", init="torch", seed=0, dropout=rates)
    other = twin(model)
    works: list[Any] = []
    original = loop.Epochs

    def noted(**fields: Any) -> Any:
        works.append(original(**fields))
        return works[-1]

    monkeypatch.setattr(loop, "Epochs", noted)
    history = model.fit(X, Y, "bce", name, lr=0.05, epochs=30, shuffle=False, seed=1, progress=False)
    seeds = np.concatenate([work.seeds for work in works])
    reference = Engine(_programs(model))
    optimizer = (torch.optim.SGD if name == "sgd" else torch.optim.Adam)(other.parameters(), lr=0.05)
    losses = []
    for seed in seeds.tolist():
        total = 0.0
        for at in range(0, 100, 32):
            some = slice(at, min(at + 32, 100))
            a = XT[some]
            for k, factor in enumerate(reference.factors(seed, at, some.stop - at)):
                a = other[2 * k + 1](other[2 * k](a))
                if factor is not None:
                    a = a * torch.tensor(factor.T)
            optimizer.zero_grad()
            loss = torch.nn.functional.binary_cross_entropy_with_logits(a, YT[some])
            loss.backward()
            optimizer.step()
            total += loss.item() * (some.stop - at)
        losses.append(total / 100)
    np.testing.assert_allclose(history.losses, losses, rtol=1e-9)
    np.testing.assert_allclose(model.parameters.values, flat(other), rtol=1e-9, atol=1e-9)


def _programs(model: NN) -> Any:
    from vargrad._train import programs

    loss = programs.known_loss("sse", 1, 1)
    return programs.network(model.arch, model.activations, True, loss, 1, dropout=model.dropout)
