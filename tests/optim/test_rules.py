"""The update rules: recorded programs against the functions they record, and against NumPy's form of the papers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import optimisers
from vargrad._vm.machine import Machine
from vargrad.optim import rules

NAMES = [f"{name} {settings}" for name, settings in optimisers.CASES]


def rule_of(name: str, settings: dict[str, Any]) -> rules.Rule:
    settings = dict(settings)
    if "betas" in settings:
        settings["beta1"], settings["beta2"] = settings.pop("betas")
    rule: rules.Rule = getattr(rules, name)(**settings)
    return rule


@pytest.mark.parametrize(("name", "settings"), optimisers.CASES, ids=NAMES)
def test_a_program_is_its_function_over_arrays(name: str, settings: dict[str, Any]) -> None:
    """For any numbers, also where torch would not go: every row of the batch is the function of its floats."""
    rule = rule_of(name, settings)
    random = np.random.default_rng(1)
    lr, step = 0.05, 3.0
    columns = random.normal(size=(2 + len(rule.states), 21))
    if "square_avg" in rule.states or "exp_avg_sq" in rule.states:
        columns[2:] = random.uniform(1.0, 2.0, columns[2:].shape)  # mean squares, and larger than the squared means
        columns[3:] /= 4
    out = np.empty((1 + len(rule.states), 21))
    Machine(rule.program()).run([columns, np.array([lr]), np.array([step])], [out])
    wanted = [rule(*row, lr, step) for row in columns.T.tolist()]
    np.testing.assert_allclose(out.T, wanted, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize(("name", "settings"), optimisers.CASES, ids=NAMES)
def test_two_hundred_steps_follow_the_papers(name: str, settings: dict[str, Any]) -> None:
    rule = rule_of(name, settings)
    machine = Machine(rule.program())
    random = np.random.default_rng(2)
    start, gradients, lr = random.normal(size=9), random.normal(size=(200, 9)), 0.01
    now = np.zeros((1 + len(rule.states), 9))
    now[0] = start
    for step, g in enumerate(gradients, 1):
        out = np.empty_like(now)
        machine.run([now[0], g, now[1:], np.array([lr]), np.array([float(step)])], [out])
        now = out
    wanted = getattr(optimisers, name)(start, gradients, lr, **settings)
    np.testing.assert_allclose(now[0], wanted, rtol=1e-12, atol=1e-12)


def test_a_rule_is_recorded_once() -> None:
    assert rules.adam().program() is rules.adam().program()
    assert rules.adam().program() is not rules.adam(eps=1e-7).program()
    assert rules.adam().inputs == ("p", "g", "exp_avg", "exp_avg_sq", "lr", "step")
    assert rules.sgd().states == ()
