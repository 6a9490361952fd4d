"""The log-likelihood of a Kalman filter, four states and 200 steps: its gradient against differences in mpmath."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest

import vargrad
from vargrad import linalg

STEPS = 200
THETA = [0.3, 0.12, 0.05, 0.4]  # time step, noise of the model's two axes, noise of the measurement
TIMES = np.arange(STEPS)
TRACK = np.stack([np.sin(TIMES / 20.0) + 0.05 * TIMES, np.cos(TIMES / 15.0)], 1)
SEEN = (TRACK + 0.3 * np.random.default_rng(3).normal(size=TRACK.shape)).tolist()


def model(theta: Any) -> tuple[Any, Any, Any, Any]:
    """Positions and velocities on two axes, of which the positions are seen."""
    dt, p, q, r = theta
    zero, one = 0.0 * dt, 0.0 * dt + 1.0
    f = [[one, zero, dt, zero], [zero, one, zero, dt], [zero, zero, one, zero], [zero, zero, zero, one]]
    noise = [
        [p * dt, zero, zero, zero],
        [zero, p * dt, zero, zero],
        [zero, zero, q * dt, zero],
        [zero, zero, zero, q * dt],
    ]
    return f, noise, [[one, zero, zero, zero], [zero, one, zero, zero]], [[r, 0.2 * r], [0.2 * r, r]]


def log_likelihood(theta: Any, solve: Any, slogdet: Any, array: Any) -> Any:
    f, q, h, r = map(array, model(theta))
    x, p, total = array([[0.0]] * 4), array(np.eye(4).tolist()), 0.0
    for seen in SEEN:
        x, p = f @ x, f @ p @ f.T + q
        error = array([[v] for v in seen]) - h @ x
        s = h @ p @ h.T + r
        gain = solve(s, h @ p).T
        total = total - 0.5 * ((error.T @ solve(s, error))[0, 0] + slogdet(s) + 2.0 * math.log(2.0 * math.pi))
        x, p = x + gain @ error, p - gain @ h @ p
    return total


def by_linalg(theta: Any) -> Any:
    """On plain arrays of objects."""
    return log_likelihood(theta, linalg.solve, lambda a: linalg.slogdet(a)[1], lambda a: np.array(a, object))


def by_numpy(theta: Any) -> Any:
    return log_likelihood(theta, np.linalg.solve, lambda a: np.linalg.slogdet(a)[1], vargrad.array)


@pytest.fixture(scope="module")
def slopes() -> list[float]:
    with mpmath.workdps(40):
        h = mpmath.mpf(10) ** -12

        def at(i: int, step: Any) -> Any:
            theta = list(map(mpmath.mpf, THETA))
            theta[i] += step
            return log_likelihood(theta, columns, lambda a: mpmath.log(mpmath.det(a)), mpmath.matrix)

        return [float((at(i, h) - at(i, -h)) / (2 * h)) for i in range(4)]


def columns(a: Any, b: Any) -> Any:
    return mpmath.inverse(a) * b


@pytest.mark.parametrize("way", ["backward", "grad", "compile"])
@pytest.mark.parametrize("ours", [by_linalg, by_numpy])
def test_gradient(way: str, ours: Any, slopes: list[float]) -> None:
    found: Any
    if way == "backward":
        theta = [vargrad.Var(x, requires_grad=True) for x in THETA]
        ours(theta).backward()
        found = [v.grad for v in theta]
    elif way == "grad":
        found = vargrad.grad(ours)(THETA)
    else:
        found = vargrad.compile(ours, signature="(n)->()").grad(THETA)
    assert found == pytest.approx(slopes, rel=1e-9)
