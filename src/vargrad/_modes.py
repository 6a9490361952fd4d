"""no_grad and detect_anomaly: what a thread has switched on. Both twins ask here."""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ContextDecorator, contextmanager
from types import TracebackType
from typing import Any

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep


class _Thread(threading.local):
    no_grad = 0
    anomaly = 0
    origins: dict[int, str] | None = None
    recorder: Any = None  # who wants to know of comparisons and lost values while vargrad.compile records


thread = _Thread()
listeners: list[Callable[[int, int, int], None]] = []  # a core that wants to know of modes without asking each time
_quiet: Counter[int] = Counter()  # by thread: no_grad blocks
_anomaly = 0  # detect_anomaly blocks, in all threads
_recordings = 0  # likewise
_lock = threading.Lock()


def _change(quiet: int = 0, anomaly: int = 0, recordings: int = 0) -> None:
    global _anomaly, _recordings
    with _lock:
        if quiet:
            _quiet[threading.get_ident()] += quiet
            if not _quiet[threading.get_ident()]:
                del _quiet[threading.get_ident()]
        _anomaly += anomaly
        _recordings += recordings
        for listener in listeners:
            listener(*active())


def active() -> tuple[int, int, int]:
    """How many blocks are entered; how many of those change what an operation leaves, which recording does not; and
    the thread that is in them if they are one thread's no_grad, else 0."""
    only = next(iter(_quiet)) if len(_quiet) == 1 and not _anomaly and not _recordings else 0
    changing = _quiet.total() + _anomaly
    return changing + _recordings, changing, only


def set_no_grad(depth: int) -> int:
    """Be in so many no_grad blocks in this thread; returns in how many it was."""
    before, thread.no_grad = thread.no_grad, depth
    if depth != before:
        _change(quiet=depth - before)
    return before


@contextmanager
def recording(recorder: Any) -> Iterator[None]:
    """Let ``recorder`` hear of every comparison, rounding and reading of a Var in this thread."""
    before, thread.recorder = thread.recorder, recorder
    _change(recordings=1)
    try:
        yield
    finally:
        thread.recorder = before
        _change(recordings=-1)


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
        if thread.recorder is not None:
            thread.recorder.no_grad()
        set_no_grad(thread.no_grad + 1)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        set_no_grad(thread.no_grad - 1)


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
        _change(anomaly=1)
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
        _change(anomaly=-1)


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
