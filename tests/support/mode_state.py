"""Which modes this context is in, and what that is outside all of them."""

from __future__ import annotations

from typing import Any

from vargrad._core import modes

CLEAN = (False, False, None, (0, 0, 0, 0))


def state() -> tuple[Any, ...]:
    """This context's modes and recorder, and what the compiled core was told."""
    thread = modes.thread
    return thread.no_grad, thread.anomaly, thread.recorder, modes.active()
