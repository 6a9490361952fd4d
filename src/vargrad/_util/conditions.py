"""Logic of conditions that may be known already: bools, or what stands for them while compile() records."""

from __future__ import annotations

from typing import Any


def both(a: Any, b: Any) -> Any:
    """a and b."""
    if isinstance(a, bool):
        return b if a else False
    if isinstance(b, bool):
        return a if b else False
    return a & b


def either(a: Any, b: Any) -> Any:
    """a or b."""
    if isinstance(a, bool):
        return True if a else b
    if isinstance(b, bool):
        return True if b else a
    return a | b
