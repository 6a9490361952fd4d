"""Small results that stay keep few segments alive, also after a graph of millions: segments.py compiled CASE."""

from __future__ import annotations

import sys
from collections import deque
from typing import Any

from twin import load

core, _ = load()
Var = core.Var
KEPT, DEPTH = 50, 2000
x = Var(1.0, requires_grad=True)


def graph(depth: int) -> Any:
    """A chain that deep."""
    z: Any = x
    for _ in range(depth):
        z = z + x
    return z


def most_segments() -> int:
    """Each result kept is made next to the end of a graph that dies."""
    kept: deque[Any] = deque(maxlen=KEPT)
    most = 0
    for _ in range(20 * KEPT):
        loss = graph(DEPTH)
        kept.append(x * 3.0)
        most = max(most, core.statistics()["segments"])
        del loss
    return most


def needed() -> int:
    """A segment for each result, and those of one graph."""
    before = core.statistics()["segments"]
    loss = graph(DEPTH)
    own = core.statistics()["segments"] - before + 1
    del loss
    return KEPT + own


if __name__ == "__main__":
    if sys.argv[2] == "after_millions":
        graph(4_000_000)
    limit = 4 * needed() + 16  # what is not needed is looked for when segments have quadrupled
    found = most_segments()
    assert found <= limit, f"{found} segments alive where {limit} would do"
