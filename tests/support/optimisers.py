"""The optimisers once more, over arrays and in the papers' order of operations: the oracle of vargrad's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from vargrad import optim

CLASSES: dict[str, Any] = {  # what these are the oracle of
    "sgd": optim.SGD,
    "adam": optim.Adam,
    "adamw": optim.AdamW,
    "nadam": optim.NAdam,
    "rmsprop": optim.RMSprop,
}


def decayed(p: Any, g: Any, weight_decay: float, maximize: bool) -> Any:
    return (-g if maximize else g) + weight_decay * p


def sgd(
    p: Any,
    gradients: Iterable[Any],
    lr: float,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
    maximize: bool = False,
) -> Any:
    velocity = None
    for g in gradients:
        g = decayed(p, g, weight_decay, maximize)
        velocity = g if velocity is None else momentum * velocity + (1 - dampening) * g
        p = p - lr * (g + momentum * velocity if nesterov else velocity if momentum else g)
    return p


def adam(
    p: Any,
    gradients: Iterable[Any],
    lr: float,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    amsgrad: bool = False,
    maximize: bool = False,
    decoupled: bool = False,
) -> Any:
    m, v, top = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p)
    for t, g in enumerate(gradients, 1):
        g = decayed(p, g, 0.0 if decoupled else weight_decay, maximize)
        if decoupled:
            p = p - lr * weight_decay * p
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        top = np.maximum(top, v) if amsgrad else v
        p = p - lr * (m / (1 - betas[0] ** t)) / (np.sqrt(top / (1 - betas[1] ** t)) + eps)
    return p


def adamw(p: Any, gradients: Iterable[Any], lr: float, weight_decay: float = 0.01, **settings: Any) -> Any:
    return adam(p, gradients, lr, weight_decay=weight_decay, decoupled=True, **settings)


def nadam(
    p: Any,
    gradients: Iterable[Any],
    lr: float,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    momentum_decay: float = 4e-3,
    decoupled_weight_decay: bool = False,
    maximize: bool = False,
) -> Any:
    m, v, product = np.zeros_like(p), np.zeros_like(p), 1.0
    for t, g in enumerate(gradients, 1):
        g = decayed(p, g, 0.0 if decoupled_weight_decay else weight_decay, maximize)
        if decoupled_weight_decay:
            p = p - lr * weight_decay * p
        now, after = (betas[0] * (1 - 0.5 * 0.96 ** (n * momentum_decay)) for n in (t, t + 1))
        product *= now
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        ahead = after * m / (1 - product * after) + (1 - now) * g / (1 - product)
        p = p - lr * ahead / (np.sqrt(v / (1 - betas[1] ** t)) + eps)
    return p


def rmsprop(
    p: Any,
    gradients: Iterable[Any],
    lr: float,
    alpha: float = 0.99,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    momentum: float = 0.0,
    centered: bool = False,
    maximize: bool = False,
) -> Any:
    square, mean, velocity = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p)
    for g in gradients:
        g = decayed(p, g, weight_decay, maximize)
        square = alpha * square + (1 - alpha) * g**2
        mean = alpha * mean + (1 - alpha) * g
        velocity = momentum * velocity + g / (np.sqrt(square - mean**2 if centered else square) + eps)
        p = p - lr * velocity
    return p


# Every setting at least once: the name of the optimiser, and its settings by torch's names.
CASES: list[tuple[str, dict[str, Any]]] = [
    ("sgd", {}),
    ("sgd", {"weight_decay": 0.1, "maximize": True}),
    ("sgd", {"momentum": 0.9}),
    ("sgd", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("sgd", {"momentum": 0.8, "dampening": 0.3}),
    ("adam", {}),
    ("adam", {"betas": (0.4, 0.9), "eps": 1e-3, "weight_decay": 0.1}),
    ("adam", {"amsgrad": True, "maximize": True}),
    ("adamw", {}),
    ("adamw", {"weight_decay": 0.2, "amsgrad": True}),
    ("nadam", {}),
    ("nadam", {"betas": (0.4, 0.9), "eps": 1e-3, "weight_decay": 0.1, "momentum_decay": 0.1}),
    ("nadam", {"weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("rmsprop", {}),
    ("rmsprop", {"alpha": 0.4, "weight_decay": 0.1, "maximize": True}),
    ("rmsprop", {"centered": True, "eps": 1e-4}),
    ("rmsprop", {"momentum": 0.9, "centered": True, "eps": 1e-3}),
]
