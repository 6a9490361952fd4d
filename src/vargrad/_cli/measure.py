"""Seconds and bytes, measured the same way by all benchmarks."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any


def fastest(run: Callable[[], Any], budget: float = 0.5, least: int = 3) -> float:
    """Least seconds of one call, over at least ``least`` repeats and about ``budget`` seconds of them.

    Short calls are repeated inside one measurement, so that the clock's own steps do not count.
    """
    run()
    start = perf_counter()
    run()
    once = max(perf_counter() - start, 1e-9)
    inner = max(1, int(1e-3 / once))
    best, spent, repeats = once, 0.0, 0
    while repeats < least or spent < budget:
        gc.collect()
        start = perf_counter()
        for _ in range(inner):
            run()
        seconds = perf_counter() - start
        best = min(best, seconds / inner)
        spent += seconds
        repeats += 1
    return best


def resident_bytes() -> int | None:
    """Memory of this process that is in RAM; None where the system does not tell without help (not Linux)."""
    if sys.platform != "linux":
        return None
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def bytes_per_node(kind: Any, nodes: int) -> float | None:
    """What a node of a chain of additions costs in RAM. Measure early: memory freed before hides growth."""
    gc.collect()
    before = resident_bytes()
    x = kind(1.0, requires_grad=True)
    for _ in range(nodes):
        x = x + 1.0
    after = resident_bytes()
    return None if before is None or after is None else (after - before) / nodes
