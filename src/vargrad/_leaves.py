"""Closed-over leaves of a compiled function: their values as numbers, and adding to their .grad."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vargrad._core import Var


def values(leaves: Sequence[Var]) -> list[float]:
    """What the leaves are now."""
    return [v.value for v in leaves]


def add_grads(sums: Iterable[tuple[Sequence[Var], Sequence[float]]]) -> None:
    """Add each number to its leaf's .grad, of those that want one; all sums are ready before the first is added."""
    wanted = [(v, part) for leaves, parts in sums for v, part in zip(leaves, parts, strict=True) if v.requires_grad]
    for v, part in wanted:
        v.grad += part
