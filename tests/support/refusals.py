"""Memory refused to the compiled cores, one allocation after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def with_each_refused(core: Any, attempt: Callable[[], T]) -> tuple[T, int]:
    """What the attempt returns once nothing is refused to it, and how many allocations were refused before, in turn.

    Each refusal must raise MemoryError, unless the attempt does without that memory.
    """
    refused = n = 0
    while True:
        core.limit_allocations(n)
        try:
            found = attempt()
        except MemoryError:
            refused += 1
        else:
            if core.limit_allocations(-1) != 0:  # some were left: none was asked for in vain
                return found, refused
        finally:
            core.limit_allocations(-1)
        n += 1
