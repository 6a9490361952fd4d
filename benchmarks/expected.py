"""What the programs must give, by derivatives worked out by hand over plain floats."""

from __future__ import annotations

import math
from collections.abc import Sequence

from vargrad._cli.programs import XOR


def chain(leaves: Sequence[float], n: int) -> list[float]:
    """Value and the three derivatives of x = x * a + b, n times."""
    x, a, b = leaves
    dx, da, db = 1.0, 0.0, 0.0
    for _ in range(n):
        dx, da, db = dx * a, da * a + x, db * a + 1.0
        x = x * a + b
    return [x, dx, da, db]


def rosenbrock(x: Sequence[float]) -> list[float]:
    """The gradient."""
    gradient = [0.0] * len(x)
    for i in range(len(x) - 1):
        t = x[i + 1] - x[i] * x[i]
        gradient[i] += -400.0 * x[i] * t - 2.0 * (1.0 - x[i])
        gradient[i + 1] += 200.0 * t
    return gradient


def xor(parameters: Sequence[float], steps: int) -> list[float]:
    """The nine parameters after so many steps of gradient descent at learning rate 1."""

    def sigmoid(x: float) -> float:
        return 1.0 / (1.0 + math.exp(-x))

    p = list(parameters)
    for _ in range(steps):
        gradient = [0.0] * 9
        for x0, x1, y in XOR:
            h0 = sigmoid(x0 * p[0] + x1 * p[1] + p[2])
            h1 = sigmoid(x0 * p[3] + x1 * p[4] + p[5])
            out = sigmoid(h0 * p[6] + h1 * p[7] + p[8])
            top = 2.0 * (out - y) * out * (1.0 - out)
            below = [top * p[6] * h0 * (1.0 - h0), top * p[7] * h1 * (1.0 - h1)]
            inputs = (x0, x1, 1.0)
            terms = [d * x for d in below for x in inputs] + [top * h0, top * h1, top]
            gradient = [g + t for g, t in zip(gradient, terms, strict=True)]
        p = [v - g for v, g in zip(p, gradient, strict=True)]
    return p


def agree(found: Sequence[float], wanted: Sequence[float]) -> bool:
    """Equal to nine digits of the largest."""
    scale = max(map(abs, wanted))
    return len(found) == len(wanted) and all(abs(a - b) <= 1e-9 * scale for a, b in zip(found, wanted, strict=True))
