"""Polynomials as text, for formulas of the table."""

from __future__ import annotations

from collections.abc import Sequence

Let = tuple[tuple[str, str], ...]


def polynomial(coefficients: Sequence[float], x: str) -> str:
    """The formula of a polynomial by Horner's rule, lowest power first."""
    text = repr(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        text = f"({text} * {x} + {c!r})"
    return text


def slope(coefficients: Sequence[float]) -> list[float]:
    """The derivative's coefficients."""
    return [k * c for k, c in enumerate(coefficients)][1:]
