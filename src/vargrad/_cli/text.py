"""Numbers as text: exactly, and for people."""

from __future__ import annotations

from collections.abc import Sequence


def bits(numbers: Sequence[float]) -> list[str]:
    """Each float as text that two floats share only if they are the same bits (any nan is the same)."""
    return [float(x).hex() for x in numbers]


def seconds(t: float) -> str:
    """A time with the unit that suits it."""
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if t * scale >= 1.0:
            return f"{t * scale:.3g} {unit}"
    return f"{t * 1e9:.3g} ns"
