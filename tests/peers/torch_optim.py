"""Optimisers, schedules and clipping beside torch's own, in float64: ``python -m pytest tests/peers/torch_optim.py``.

torch is large, so a plain run of the tests does not collect this file; test_optim.py has an oracle of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import optimisers
from vargrad import Var, optim

torch.set_default_dtype(torch.float64)  # that of NAdam's mu_product, whatever its parameters are
CLASSES = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "nadam": "NAdam", "rmsprop": "RMSprop"}


@pytest.mark.parametrize("lr", [None, 0.05])
@pytest.mark.parametrize(("name", "settings"), optimisers.CASES)
def test_two_hundred_steps(name: str, settings: dict[str, Any], lr: float | None) -> None:
    """Also with everybody's default for lr."""
    settings = dict(settings) if lr is None else settings | {"lr": lr}
    random = np.random.default_rng(4)
    start, gradients = random.normal(size=12), random.normal(size=(200, 12))
    ours, theirs = [Var(x, requires_grad=True) for x in start.tolist()], torch.tensor(start, requires_grad=True)
    one = getattr(optim, CLASSES[name])(ours, **settings)
    two = getattr(torch.optim, CLASSES[name])([theirs], **settings)
    for g in gradients:
        for p, x in zip(ours, g.tolist(), strict=True):
            p.grad = x
        theirs.grad = torch.tensor(g)
        one.step()
        two.step()
    np.testing.assert_allclose([p.value for p in ours], theirs.detach().numpy(), rtol=1e-12, atol=1e-12)
    state = two.state_dict()["state"].get(0, {})
    for key, x in one.state_dict()["state"].items():
        np.testing.assert_allclose(x, state[key].numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "build",
    [
        lambda m, o: m.StepLR(o, 3, 0.5),
        lambda m, o: m.MultiStepLR(o, [7, 2, 7]),
        lambda m, o: m.ExponentialLR(o, 0.9),
        lambda m, o: m.LambdaLR(o, lambda n: 0.95**n),
        lambda m, o: m.LinearLR(o),
        lambda m, o: m.LinearLR(o, 0.25, 0.75, 4),
        lambda m, o: m.CosineAnnealingLR(o, 7, 0.1),
        lambda m, o: m.CosineAnnealingWarmRestarts(o, 4),
        lambda m, o: m.CosineAnnealingWarmRestarts(o, 3, 2, 0.1),
        lambda m, o: m.SequentialLR(o, [m.LinearLR(o, 0.1, total_iters=4), m.ExponentialLR(o, 0.9)], [4]),
        lambda m, o: m.SequentialLR(
            o,
            [m.LinearLR(o), m.CosineAnnealingLR(o, 9, 0.1), m.StepLR(o, 2), m.LambdaLR(o, lambda n: 0.5**n)],
            [3, 12, 20],
        ),
        lambda m, o: m.OneCycleLR(o, 1.0, 31, **({} if m is optim else {"cycle_momentum": False})),
        lambda m, o: m.OneCycleLR(
            o, 2.0, 35, pct_start=0.2, anneal_strategy="linear", **({} if m is optim else {"cycle_momentum": False})
        ),
    ],
)
def test_thirty_epochs(build: Callable[[Any, Any], Any]) -> None:
    one = optim.SGD(Var(0.0, requires_grad=True), lr=0.8)
    two = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.8)
    ours, theirs = build(optim, one), build(torch.optim.lr_scheduler, two)
    for _ in range(30):
        assert ours.get_last_lr() == pytest.approx(theirs.get_last_lr(), rel=1e-12)
        two.step()
        ours.step()
        theirs.step()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"patience": 1, "cooldown": 2, "threshold": 0.05},
        {"mode": "max", "patience": 2, "factor": 0.7, "min_lr": 0.1},
        {"threshold_mode": "abs", "patience": 0, "threshold": 0.2, "eps": 0.02},
        {"mode": "max", "threshold_mode": "abs", "patience": 0},
    ],
)
def test_a_plateau(settings: dict[str, Any]) -> None:
    one = optim.SGD(Var(0.0, requires_grad=True), lr=0.8)
    two = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.8)
    ours = optim.ReduceLROnPlateau(one, **settings)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(two, **settings)
    for metric in np.random.default_rng(5).normal(size=100).cumsum().tolist():
        ours.step(metric)
        theirs.step(metric)
        assert one.lr == two.param_groups[0]["lr"]


@pytest.mark.parametrize("norm_type", [1, 2.0, 3, float("inf")])
@pytest.mark.parametrize("max_norm", [0.3, 100.0])
def test_clipping(norm_type: float, max_norm: float) -> None:
    g = np.random.default_rng(6).normal(size=7)
    ours, theirs = [Var(0.0, requires_grad=True) for _ in g], torch.zeros(7, dtype=torch.float64, requires_grad=True)
    for p, x in zip(ours, g.tolist(), strict=True):
        p.grad = x
    theirs.grad = torch.tensor(g)
    one = optim.clip_grad_norm_(ours, max_norm, norm_type)
    two = torch.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type)
    assert one == pytest.approx(two.item(), rel=1e-14)
    assert [p.grad for p in ours] == pytest.approx(theirs.grad.tolist(), rel=1e-14)
    optim.clip_grad_value_(ours, 0.1)
    torch.nn.utils.clip_grad_value_(theirs, 0.1)
    assert [p.grad for p in ours] == pytest.approx(theirs.grad.tolist(), rel=1e-14)
