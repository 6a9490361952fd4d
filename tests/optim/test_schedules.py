"""Learning-rate schedules against the recursions by which torch documents them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from vargrad import Var, optim

BASE = 0.8
ANY: Any = optim


def optimizer(lr: float = BASE) -> Any:
    return optim.SGD(Var(0.0, requires_grad=True), lr=lr)


def cosine(t_max: int, eta_min: float) -> Callable[[float, int], float]:
    """torch's recursion; where it divides by zero, at the turn, the closed form of half a period later."""

    def step(lr: float, epoch: int) -> float:
        if (epoch - 1 - t_max) % (2 * t_max) == 0:
            return eta_min + (BASE - eta_min) * (1 - math.cos(math.pi / t_max)) / 2
        ratio = (1 + math.cos(math.pi * epoch / t_max)) / (1 + math.cos(math.pi * (epoch - 1) / t_max))
        return ratio * (lr - eta_min) + eta_min

    return step


@pytest.mark.parametrize(
    ("build", "start", "recursion"),
    [
        (lambda o: optim.StepLR(o, 3, 0.5), 1.0, lambda lr, n: lr * 0.5 if n % 3 == 0 else lr),
        (lambda o: optim.MultiStepLR(o, [7, 2, 7]), 1.0, lambda lr, n: lr * 0.1 ** [7, 2, 7].count(n)),
        (lambda o: optim.ExponentialLR(o, 0.9), 1.0, lambda lr, n: lr * 0.9),
        (lambda o: optim.LambdaLR(o, lambda n: 0.95**n), 1.0, lambda lr, n: lr * 0.95),
        (
            lambda o: optim.LinearLR(o, 0.25, 0.75, 4),
            0.25,
            lambda lr, n: lr * (1 + 0.5 / (4 * 0.25 + (n - 1) * 0.5)) if n <= 4 else lr,
        ),
        (lambda o: optim.CosineAnnealingLR(o, 7, 0.1), 1.0, cosine(7, 0.1)),
        (
            lambda o: optim.CosineAnnealingWarmRestarts(o, 3, 2, 0.1),
            1.0,
            lambda lr, n: (
                0.1 + 0.7 * (1 + math.cos(math.pi * (n - 3) / 6)) / 2
                if 3 <= n < 9
                else 0.1 + 0.7 * (1 + math.cos(math.pi * (n if n < 3 else (n - 9) / 4) / 3)) / 2
            ),
        ),
        (
            lambda o: optim.SequentialLR(o, [optim.LinearLR(o, 0.5, total_iters=2), optim.ExponentialLR(o, 0.9)], [4]),
            0.5,
            lambda lr, n: BASE * (0.75 if n == 1 else 1.0) if n <= 4 else lr * 0.9,
        ),
    ],
    ids=[
        "StepLR",
        "MultiStepLR",
        "ExponentialLR",
        "LambdaLR",
        "LinearLR",
        "CosineAnnealingLR",
        "CosineAnnealingWarmRestarts",
        "SequentialLR",
    ],
)
def test_schedules_follow_their_recursion(
    build: Callable[[Any], Any], start: float, recursion: Callable[[float, int], float]
) -> None:
    o = optimizer()
    schedule = build(o)
    lr = start * BASE
    assert o.lr == pytest.approx(lr, rel=1e-15)
    for epoch in range(1, 20):
        schedule.step()
        lr = recursion(lr, epoch)
        assert o.lr == pytest.approx(lr, rel=1e-12)
        assert schedule.get_last_lr() == [o.lr] == [schedule.lr_at(epoch)]


@pytest.mark.parametrize("strategy", ["cos", "linear"])
def test_one_cycle(strategy: str) -> None:
    """Up to the top, down to the end, monotone between, and symmetric about the middle of each phase."""
    o = optimizer()
    schedule = optim.OneCycleLR(o, max_lr=1.0, total_steps=41, pct_start=11 / 41, anneal_strategy=strategy)
    lrs = [o.lr]
    for _ in range(40):
        schedule.step()
        lrs.append(o.lr)
    assert (lrs[0], lrs[10], lrs[40]) == pytest.approx((1 / 25, 1.0, 1 / 25 / 1e4), rel=1e-12)
    assert lrs[:11] == sorted(lrs[:11])
    assert lrs[10:] == sorted(lrs[10:], reverse=True)
    assert [lrs[i] + lrs[10 - i] for i in range(5)] == pytest.approx([1.04] * 5, rel=1e-12)
    assert [lrs[10 + i] + lrs[40 - i] for i in range(15)] == pytest.approx([1 + 1 / 25e4] * 15, rel=1e-12)
    if strategy == "linear":
        assert lrs[5] - lrs[4] == pytest.approx(lrs[1] - lrs[0], rel=1e-12)
    else:
        assert lrs[1] == pytest.approx(1 - 0.96 * (1 + math.cos(math.pi / 10)) / 2, rel=1e-12)
    schedule.step()
    assert o.lr == lrs[40]
    with pytest.raises(ValueError, match="step 42 of total_steps=41"):
        schedule.step()
    assert schedule.last_epoch == 41


def test_plateau() -> None:
    """The epochs that reduce, told by hand: two bad ones in a row, then a cooldown of one."""
    o = optimizer(1.0)
    schedule = optim.ReduceLROnPlateau(o, factor=0.5, patience=1, cooldown=1, min_lr=0.3, threshold=0.1)
    history = []
    for loss in (1.0, 0.95, 0.95, 0.95, 0.95, 0.5, 0.6, math.nan, 0.6, 0.6, 0.6):
        schedule.step(loss)
        history.append(o.lr)
    assert history == [1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.3, 0.3, 0.3, 0.3]


@pytest.mark.parametrize(
    ("mode", "threshold_mode", "better", "worse"),
    [("min", "rel", 0.89, 0.91), ("min", "abs", 0.89, 0.91), ("max", "rel", 1.11, 1.09), ("max", "abs", 1.11, 1.09)],
)
def test_what_counts_as_better(mode: str, threshold_mode: str, better: float, worse: float) -> None:
    for metric, count in ((better, 0), (worse, 1)):
        schedule = optim.ReduceLROnPlateau(optimizer(), mode, threshold=0.1, threshold_mode=threshold_mode)
        schedule.step(1.0)
        schedule.step(metric)
        assert schedule.num_bad_epochs == count


def test_state_dicts() -> None:
    first, second = optimizer(), optimizer(0.1)
    one, two = optim.CosineAnnealingLR(first, 5), optim.CosineAnnealingLR(second, 50)
    one.step()
    two.load_state_dict(one.state_dict())
    one.step()
    two.step()
    assert first.lr == second.lr
    with pytest.raises(ValueError, match="something else"):
        two.load_state_dict(optim.ExponentialLR(first, 0.5).state_dict())


@pytest.mark.parametrize(
    ("build", "kind", "words"),
    [
        (lambda: ANY.StepLR(3, 1), TypeError, ["StepLR", "optimizer", "3"]),
        (lambda: ANY.StepLR(optimizer(), 0), ValueError, ["StepLR: step_size", "at least 1"]),
        (lambda: ANY.StepLR(optimizer(), 1.5), TypeError, ["StepLR: step_size", "int"]),
        (lambda: ANY.ExponentialLR(optimizer(), -0.1), ValueError, ["ExponentialLR: gamma"]),
        (lambda: ANY.LinearLR(optimizer(), 2.0), ValueError, ["LinearLR: start_factor", "at most 1"]),
        (lambda: ANY.LambdaLR(optimizer(), 0.5), TypeError, ["LambdaLR", "function of the epoch"]),
        (lambda: ANY.MultiStepLR(optimizer(), [1.5]), TypeError, ["milestone", "int"]),
        (lambda: ANY.OneCycleLR(optimizer(), 1, 9, anneal_strategy="cosine"), ValueError, ["did you mean 'cos'"]),
        (lambda: ANY.ReduceLROnPlateau(optimizer(), "mean"), ValueError, ["ReduceLROnPlateau: mode", "'mean'"]),
        (lambda: ANY.ReduceLROnPlateau(optimizer(), factor=1.0), ValueError, ["factor", "below 1"]),
        (lambda: ANY.ReduceLROnPlateau(optimizer()).step("low"), TypeError, ["metrics", "str"]),
    ],
)
def test_wrong_schedule(build: Callable[[], Any], kind: type[Exception], words: list[str]) -> None:
    with pytest.raises(kind) as caught:
        build()
    assert [word for word in words if word not in str(caught.value)] == []


def test_sequences_that_do_not_fit_and_states() -> None:
    o = optimizer()
    warm, fall = optim.LinearLR(o), optim.ExponentialLR(o, 0.9)
    before = o.lr
    wrong: list[tuple[Any, Any, str]] = [
        ([warm, fall], [], "one milestone fewer"),
        ([], [], "at least one"),
        ([warm, fall], [-1], "milestone"),
        ([warm, fall, fall], [3, 3], "must rise"),
        ([warm, optim.ReduceLROnPlateau(o)], [3], r"schedulers\[1\]"),
        ([warm, optim.StepLR(optimizer(), 2)], [3], "another optimizer"),
    ]
    for schedulers, milestones, message in wrong:
        with pytest.raises(ValueError, match=message):
            optim.SequentialLR(o, schedulers, milestones)
        assert o.lr == before
    one = optim.SequentialLR(o, [warm, fall], [2])
    for _ in range(3):
        one.step()
    p = optimizer()
    two = optim.SequentialLR(p, [optim.LinearLR(p), optim.ExponentialLR(p, 0.5)], [7])
    two.load_state_dict(one.state_dict())
    for _ in range(3):
        one.step()
        two.step()
    assert p.lr == o.lr


def test_schedules_of_groups() -> None:
    """Each group's rate is what it would be alone."""
    builds: list[Any] = [
        lambda o: optim.StepLR(o, 2),
        lambda o: optim.CosineAnnealingLR(o, 3, 0.01),
        lambda o: optim.SequentialLR(o, [optim.LinearLR(o), optim.ExponentialLR(o, 0.9)], [2]),
    ]
    for build in builds:
        x, y = (Var(0.0, requires_grad=True) for _ in range(2))
        both = optim.SGD([{"params": [x], "lr": 0.5}, {"params": y}], lr=0.1)
        alone = [optim.SGD([v], lr=lr) for v, lr in ((x, 0.5), (y, 0.1))]
        schedule, *others = [build(o) for o in (both, *alone)]
        for _ in range(6):
            assert schedule.get_last_lr() == [o.lr for o in alone] == [g["lr"] for g in both.param_groups]
            for one in (schedule, *others):
                one.step()
