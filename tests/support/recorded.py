"""Shared by the tests of compile: all machines, and random functions of numbers with branches."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

import vargrad
from vargrad import Var
from vargrad import math as m
from vargrad._compile import paths
from vargrad._vm import machine_py

Array = npt.NDArray[np.float64]
MACHINES: dict[str, Any] = {"python": machine_py.Machine}
if os.environ.get("VARGRAD_BACKEND") != "python":
    from vargrad._vm import machine_c

    MACHINES |= {isa: partial(machine_c.Machine, isa=isa) for isa in machine_c.instruction_sets()}

UNARY: list[Callable[[Any], Any]] = [
    m.sin,
    m.tanh,
    m.sigmoid,
    m.relu,
    m.gelu,
    m.erf,
    m.silu,
    m.softplus,
    abs,
    lambda x: -x,
    lambda x: x**2,
    lambda x: x * 0.5 + 1.0,
    lambda x: 1 / (1 + m.exp(-x)),
    lambda x: m.log(1.0 + x * x),
    lambda x: (1.0 + x * x) ** 0.5,
    lambda x: (2.0 + m.cos(x)) ** -1,
    lambda x: m.clamp(x, -0.5, 1.0),
    lambda x: x % 0.7,
    lambda x: round(x) + x,
    lambda x: round(x, 1) * x,
    lambda x: m.floor(x) * x,
    lambda x: x if x else x + 1.0,
]
BINARY: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / (1.5 + m.sin(b)),
    lambda a, b: (1.0 + a * a) ** m.tanh(b),
    lambda a, b: m.hypot(a, b),
    lambda a, b: m.atan2(a, 1.0 + b * b),
    lambda a, b: m.logsumexp([a, b, 0.3]),
    lambda a, b: m.softmax([a, b])[0],
    lambda a, b: m.maximum(a, b),
    lambda a, b: m.minimum(a, b, 0.5),
    lambda a, b: m.dot([a, b], [b, 2.0]),
    lambda a, b: m.prod([a, b, a]),
    lambda a, b: m.fsum([a, b, 0.1]),
    lambda a, b: m.mean([a, b]),
    lambda a, b: m.where(a < b, a * b, a - b),
    lambda a, b: max(a, b),
    lambda a, b: sorted([a, b, a * b])[1],
    lambda a, b: a * 2.0 if a < b else b - a,
    lambda a, b: a if m.isclose(a, b) else b,
    lambda a, b: _halved(a, b),
]


def _halved(a: Any, b: Any) -> Any:
    """A loop whose length depends on data."""
    while abs(a) > 0.4:
        a = a / 2 + b / 16
        b = b / 2
    return a


Steps = tuple[tuple[int, int, int], ...]
INDEX = st.integers(0, 40)
STEPS: st.SearchStrategy[Steps] = st.lists(st.tuples(INDEX, INDEX, INDEX), min_size=1, max_size=8).map(tuple)
ALL = [*UNARY, *BINARY]
NUMBERS = st.one_of(st.floats(-2.0, 2.0).map(lambda x: round(x, 2)), st.sampled_from([0.0, 0.5, 1.0, -1.0]))


def function(steps: Steps, count: int = 3) -> Callable[..., Any]:
    """The function of so many numbers that takes these steps."""

    def f(*xs: Any) -> Any:
        made = list(xs[:count])
        for which, i, j in steps:
            a, b = made[-1 - i % len(made)], made[-1 - j % len(made)]
            step = ALL[which % len(ALL)]
            made.append(m.tanh(step(a) if which % len(ALL) < len(UNARY) else step(a, b)) * 1.5)  # stays near 1
        return made[-1] + 0.0 * made[0]

    return f


def eager(f: Callable[..., Any], row: Sequence[float], what: Callable[..., Any]) -> Array:
    """The result of vargrad's transform ``what`` of f at one row, over all arguments, as one vector."""
    found = what(lambda xs: f(*xs))([float(x) for x in row])
    return np.array([getattr(x, "value", x) for x in _flat(found)])


def _flat(x: Any) -> list[Any]:
    return [y for item in x for y in _flat(item)] if isinstance(x, (list, tuple)) else [x]


def close(found: Any, expected: Any) -> bool:
    """Equal to 1e-12, relative to the row's largest number, and at least to 1: the functions above stay near 1."""
    found, expected = np.ravel(found), np.ravel(expected)
    scale = max(1.0, *np.abs(expected).tolist())
    return bool(np.all(np.abs(found - expected) <= 1e-12 * scale))


def use(monkeypatch: Any, machine: str) -> None:
    """Let compile run its programs on that machine."""
    monkeypatch.setattr(paths, "Machine", MACHINES[machine])


def leaf(value: float) -> Var:
    """A leaf that wants a derivative."""
    return vargrad.Var(value, requires_grad=True)
