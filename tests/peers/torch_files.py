"""Weights to torch and back: ``python -m pytest tests/peers/torch_files.py`` (needs torch and safetensors)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from vargrad import NN

ACTIVATIONS: dict[str, Any] = {
    "sigmoid": torch.nn.Sigmoid,
    "tanh": torch.nn.Tanh,
    "relu": torch.nn.ReLU,
    "leaky_relu": torch.nn.LeakyReLU,
    "elu": torch.nn.ELU,
    "selu": torch.nn.SELU,
    "softplus": torch.nn.Softplus,
    "silu": torch.nn.SiLU,
    "gelu": torch.nn.GELU,
    "identity": torch.nn.Identity,
}


def sequential(activation: str, bias: bool) -> torch.nn.Sequential:
    first, second = torch.nn.Linear(3, 4, bias=bias), torch.nn.Linear(4, 2, bias=bias)
    return torch.nn.Sequential(first, ACTIVATIONS[activation](), second).double()


def outputs(model: Any, x: list[float]) -> list[float]:
    if isinstance(model, NN):
        return [y.value for y in model(x)]
    found: list[float] = model(torch.tensor(x, dtype=torch.float64)).tolist()
    return found


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_both_ways(tmp_path: Path, activation: str, bias: bool) -> None:
    x = [0.3, -1.2, 2.0]
    ours = NN([3, 4, 2], activation, output_activation="identity", init="torch", bias=bias, seed=1)
    ours.save(tmp_path / "ours")
    theirs = sequential(activation, bias)
    theirs.load_state_dict(load_file(tmp_path / "ours"))
    assert outputs(theirs, x) == pytest.approx(outputs(ours, x), rel=1e-13)

    other = sequential(activation, bias)
    save_file(other.state_dict(), tmp_path / "theirs")
    loaded = NN.load(tmp_path / "theirs", activation, output_activation="identity")
    assert outputs(loaded, x) == pytest.approx(outputs(other, x), rel=1e-13)
    ours.load_parameters(tmp_path / "theirs")
    assert outputs(ours, x) == outputs(loaded, x)
    save_file(other.float().state_dict(), tmp_path / "single")
    single = NN.load(tmp_path / "single", activation, output_activation="identity")
    assert outputs(single, x) == pytest.approx(outputs(other.double(), x), rel=1e-13)
