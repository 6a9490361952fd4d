"""What tests of both modes share: their names, and whether one is on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import vargrad
from twins import Implementation

KINDS = pytest.mark.parametrize("kind", ["no_grad", "detect_anomaly"])


def detector(impl: Implementation, kind: str) -> Callable[[], bool]:
    """Whether the mode is on, by what an operation does."""

    def quiet() -> bool:
        return (impl.Var(2.0) * 3.0).prev_op is None

    def strict() -> bool:
        try:
            impl.Var(0.0, True).sqrt().backward()
        except FloatingPointError:
            return True
        return False

    return quiet if kind == "no_grad" else strict


def mode(kind: str) -> Any:
    """A new block of that mode."""
    return getattr(vargrad, kind)()
