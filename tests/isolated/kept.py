"""What stays of the memory of many leaves once they are dead: kept.py compiled CASE.

A million and a half of them take 100 MB; 32 MB may be kept for the next ones.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from twin import held, load

core, math = load()
Var = core.Var
COUNT = 1_500_000
MOST = 40 << 20


def new(_: int = 0) -> Any:
    return Var(1.0)


def in_order(leaves: list[Any]) -> None:
    """The last made, the last freed."""


def shuffled(leaves: list[Any]) -> None:
    """No two neighbours die one after the other."""
    leaves[:] = [leaf for k in range(997) for leaf in leaves[k::997]]


def some_stay(leaves: list[Any]) -> None:
    """A few outlive the others, and keep their own blocks."""
    stay.extend(leaves[::150_000])


stay: list[Any] = []


def used_by_operations(leaves: list[Any]) -> None:
    """Used leaves are found dead in another way."""
    for v in leaves:
        v * 2.0


def used_by_a_sum(leaves: list[Any]) -> None:
    """One node has all of them, and dies before their Vars do."""
    math.sum(leaves).backward()


def graph_stays(leaves: list[Any]) -> None:
    """The Vars die first, then the chain of operations that used them."""
    total: Any = 0.0
    for v in leaves:
        total = total + v
    leaves.clear()
    del v
    total.backward()


def main(case: Callable[[list[Any]], None]) -> None:
    """Twice: malloc hands out memory in another way once some has been freed."""
    for _ in range(2):
        before = held(core)
        leaves = list(map(new, range(COUNT)))
        assert core.statistics()["leaves"] >= COUNT
        case(leaves)
        leaves.clear()
        after = held(core)
        assert after["bytes"] < MOST, after
        if "ASAN_OPTIONS" not in os.environ:  # AddressSanitizer keeps what is freed, to see whether it is used again
            assert after["resident"] - before["resident"] < MOST + (32 << 20), (before, after)  # CPython keeps some too
    assert sum(v.value for v in stay) == len(stay)


if __name__ == "__main__":
    main(globals()[sys.argv[2]])
