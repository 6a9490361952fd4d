"""A case of corners.py: a call, what it must return, what it is measured in."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import vargrad


class Wrong(ArithmeticError):
    """A call did not return what an independent computation gives."""


@dataclass(frozen=True)
class Case:
    """``run``: the call. ``expected``: what must come of it, computed in another way; None if ``checks`` tells.

    ``unit``: the name of the neighbour; ``bound``: at most so many of it, or None where nothing is promised.
    """

    group: str
    name: str
    run: Callable[[], Any]
    expected: Any
    unit: str
    bound: float | None = None
    checks: Callable[[Any], bool] | None = None


class Expression:
    """A call written as an operator, with the values of its names."""

    def __init__(self, text: str, **names: Any) -> None:
        self.text, self.names = text, names

    def __call__(self) -> Any:
        return eval(self.text, dict(self.names))


def plain(x: Any) -> Any:
    """Numbers instead of Vars, in containers too."""
    if isinstance(x, vargrad.Var):
        return x.value
    if isinstance(x, dict):
        return {key: plain(item) for key, item in x.items()}
    return [plain(item) for item in x] if isinstance(x, (list, tuple)) else x


def same(found: Any, expected: Any, tolerance: float = 1e-9) -> bool:
    """Equal containers of nearly equal numbers."""
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(same(found[k], expected[k], tolerance) for k in expected)
    if isinstance(expected, (list, tuple)):
        return len(found) == len(expected) and all(map(same, found, expected, [tolerance] * len(expected)))
    if isinstance(expected, np.ndarray):
        return np.shape(found) == expected.shape and bool(np.allclose(found, expected, tolerance, tolerance))
    if isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=tolerance, abs_tol=tolerance) or (found != found != expected)
    return bool(found == expected)


def check(case: Case) -> None:
    """Wrong, if the case does not return what it must."""
    found = plain(case.run())
    right = case.checks(found) if case.checks else same(found, plain(case.expected))
    if not right:
        raise Wrong(f"{case.group}, {case.name}: found {found!r:.80}, expected {case.expected!r:.80}")
