"""What the scripts here share: the twin named on the command line, and what may not grow."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

# The compiled core and its math are only one twin together with the selector: ask for it by name.
os.environ["VARGRAD_BACKEND"] = sys.argv[1]
COMPILED = sys.argv[1] == "compiled"


def load() -> tuple[ModuleType, Any]:
    """The core and its math."""
    core = importlib.import_module("vargrad._core.var").module
    assert sys.argv[1] == core.IMPLEMENTATION
    return core, importlib.import_module("vargrad.math")


def resident() -> int:
    """Bytes of this process in memory, 0 where the system does not say."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def held(core: ModuleType) -> dict[str, int]:
    """Everything that a leak would make grow."""
    gc.collect()
    found = {"blocks": sys.getallocatedblocks(), "resident": resident()}
    return found | (core.statistics() if COMPILED else {})


# What may differ between two moments of a loop that leaks nothing: a recycled segment more or less, a trace that
# is due, and the allocator's own slack.
SLACK = {
    "blocks": 2_000,
    "resident": 4 << 20,
    "segments": 64,
    "spare": 256,
    "nodes": 30_000,
    "leaves": 3_000,
    "bytes": 4 << 20,
}


def must_not_grow(core: ModuleType, loop: Callable[[int], object], steps: int) -> None:
    """Run the loop to warm up, then twice as long as before: nothing may grow beyond its slack."""
    loop(steps // 4)
    before = held(core)
    loop(steps)
    after = held(core)
    grown = {k: after[k] - before[k] for k in before if after[k] - before[k] > SLACK[k]}
    assert not grown, f"{loop.__name__}: {grown} more after {steps} steps, from {before}"
