"""An NN as a torch.nn.Sequential with the same parameters, and back: for tests/peers, which need torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from vargrad import NN


def twin(model: NN) -> torch.nn.Sequential:
    """The same network in torch, with the same parameters."""
    layers: list[torch.nn.Module] = []
    for weights, biases, name in zip(model.weights, model.biases, model.activations, strict=True):
        linear = torch.nn.Linear(len(weights[0]), len(weights), dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor([[w.value for w in neuron] for neuron in weights], dtype=torch.float64))
            linear.bias.copy_(torch.tensor([b.value for b in biases], dtype=torch.float64))
        layers += [linear, {"tanh": torch.nn.Tanh(), "identity": torch.nn.Identity()}[name]]
    return torch.nn.Sequential(*layers)


def flat(network: torch.nn.Sequential) -> Any:
    """Its parameters in the article's order."""
    linear = [layer for layer in network if isinstance(layer, torch.nn.Linear)]
    return np.concatenate([np.c_[x.weight.detach().numpy(), x.bias.detach().numpy()].ravel() for x in linear])
