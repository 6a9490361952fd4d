"""no_grad and detect_anomaly: what a thread has switched on. Both twins ask here."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import ContextDecorator
from types import TracebackType

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep


class _Thread(threading.local):
    no_grad = 0
    anomaly = 0
    origins: dict[int, str] | None = None


thread = _Thread()
listeners: list[Callable[[int], None]] = []  # a core that wants to know whether any thread is in any mode
_active = 0
_lock = threading.Lock()


def _change(step: int) -> None:
    global _active
    with _lock:
        _active += step
        for listener in listeners:
            listener(_active)


def active() -> int:
    """How many such blocks are entered, in all threads."""
    return _active


class no_grad(ContextDecorator):
    """Record nothing inside the block, in this thread: results are leaves. Also a decorator.

    >>> import vargrad
    >>> x = vargrad.Var(3.0)
    >>> with vargrad.no_grad():
    ...     y = x * x
    >>> y.value, y.prev_op
    (9.0, None)
    """

    def __enter__(self) -> no_grad:
        thread.no_grad += 1
        _change(1)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        thread.no_grad -= 1
        _change(-1)


class detect_anomaly(ContextDecorator):
    """Make backward raise FloatingPointError at the first derivative that is inf or nan, in this thread.

    The message names the operation, its operands and the source line that computed it, if that line ran
    inside the block.

    >>> import vargrad
    >>> with vargrad.detect_anomaly():
    ...     x = vargrad.Var(0.0, requires_grad=True)
    ...     x.sqrt().backward()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    FloatingPointError: the derivative of sqrt(0.0) is inf ...
    """

    def __enter__(self) -> detect_anomaly:
        if thread.anomaly == 0:
            thread.origins = {}
        thread.anomaly += 1
        _change(1)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        thread.anomaly -= 1
        if thread.anomaly == 0:
            thread.origins = None
        _change(-1)


def note_origin(uid: int) -> None:
    """Under detect_anomaly, remember which line outside this package made the node ``uid``."""
    if thread.origins is None:
        return
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    thread.origins[uid] = f"{frame.f_code.co_filename}:{frame.f_lineno}"


def anomaly_error(uid: int, op: str, inputs: tuple[float, ...], partial: float, adjoint: float) -> FloatingPointError:
    """What backward raises under detect_anomaly."""
    origin = (thread.origins or {}).get(uid)
    where = f", computed at {origin}" if origin else " (enter detect_anomaly before the forward pass to see its line)"
    call = f"{op}({', '.join(map(repr, inputs))})"
    return FloatingPointError(f"the derivative of {call} is {partial!r} (adjoint of the result {adjoint!r}){where}")
