"""Optimisers with torch's update rules, names and defaults; learning-rate schedules; gradient clipping.

Each takes a network's ``parameters`` or any list of Vars, and a ``step()`` runs all of them through one recorded
program (the rules are in rules.py). Trajectories follow torch's in float64.

>>> from vargrad import NN, optim
>>> model = NN([2, 2, 1], seed=1)
>>> data = [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]
>>> optimizer = optim.Adam(model.parameters, lr=0.1)
>>> for _ in range(200):
...     optimizer.zero_grad()
...     loss = model.calculate_loss(data)
...     loss.backward()
...     optimizer.step()
>>> [round(model(p, q).value) for p, q, _ in data]
[0, 1, 1, 0]
"""

from __future__ import annotations

from vargrad._util.public import show_as
from vargrad.optim.base import Optimizer
from vargrad.optim.clipping import clip_grad_norm_, clip_grad_value_
from vargrad.optim.lbfgs import LBFGS
from vargrad.optim.optimizers import SGD, Adam, AdamW, NAdam, RMSprop
from vargrad.optim.schedules import (
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiStepLR,
    OneCycleLR,
    ReduceLROnPlateau,
    StepLR,
)
from vargrad.optim.sequence import SequentialLR

__all__ = [
    "LBFGS",
    "SGD",
    "Adam",
    "AdamW",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "ExponentialLR",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "NAdam",
    "OneCycleLR",
    "Optimizer",
    "RMSprop",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
    "clip_grad_norm_",
    "clip_grad_value_",
]

show_as(__name__, map(globals().__getitem__, __all__))


def __dir__() -> list[str]:
    return sorted(__all__)
