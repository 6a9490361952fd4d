"""no_grad and detect_anomaly: what a thread has switched on. Both twins ask here."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ContextDecorator, contextmanager
from types import TracebackType
from typing import Any

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep


Blocks = tuple[object, ...]


class _Thread(threading.local):
    no_grad: Blocks = ()  # the blocks that are entered, each an object of its own
    anomaly: Blocks = ()
    origins: dict[int, str] | None = None
    recorder: Any = None  # who wants to know of comparisons and lost values while vargrad.compile records


thread = _Thread()
listeners: list[Callable[[int, int, int], None]] = []  # a core that wants to know of modes without asking each time
_threads: dict[int, tuple[int, int, int]] = {}  # by thread: its no_grad and detect_anomaly blocks, whether it records


def _publish() -> None:
    """Tell the listeners which blocks this thread is in, after it has entered or left one.

    Without a lock, since a signal handler or ``__del__`` may come here in the middle, and leaves things as they were.
    """
    own = len(thread.no_grad), len(thread.anomaly), int(thread.recorder is not None)
    if any(own):
        _threads[threading.get_ident()] = own
    else:
        _threads.pop(threading.get_ident(), None)
    told: dict[int, tuple[int, int, int]] | None = None
    while told != _threads:  # another thread may come between, and tell what is no longer so
        told = _threads.copy()
        for listener in listeners:
            listener(*_sums(told))


def active() -> tuple[int, int, int]:
    """How many blocks are entered; how many of those change what an operation leaves, which recording does not; and
    the thread that is in them if they are one thread's no_grad, else 0."""
    return _sums(_threads.copy())


def _sums(entered: dict[int, tuple[int, int, int]]) -> tuple[int, int, int]:
    changing, recordings, only = 0, 0, 0
    for ident, (quiet, anomaly, records) in entered.items():
        changing += quiet + anomaly
        recordings += records
        only = ident if len(entered) == 1 and not anomaly and not records else 0
    return changing + recordings, changing, only


def set_no_grad(blocks: Blocks) -> Blocks:
    """Be in these no_grad blocks in this thread, () for none; returns in which it was."""
    before = thread.no_grad
    if blocks is not before:
        thread.no_grad = blocks
        _publish()
    return before


@contextmanager
def recording(recorder: Any) -> Iterator[None]:
    """Let ``recorder`` hear of every comparison, rounding and reading of a Var in this thread."""
    before = thread.recorder
    try:
        thread.recorder = recorder
        _publish()
        yield
    finally:
        thread.recorder = before
        _publish()


class _Mode(ContextDecorator):
    """A block of this thread. What it entered is left once, whatever comes, and nobody else's is.

    An interrupt may come before any bytecode, even the first one of ``__exit__``. So each entry is an object of its
    own, leaving twice is leaving once, an entry is forgotten only when all of it is done, and ``__del__`` leaves what
    is not forgotten.
    """

    _attribute = ""
    _entries: Blocks = ()

    def __enter__(self) -> Any:
        entry = object()
        self._entries = (*self._entries, entry)
        setattr(thread, self._attribute, (*getattr(thread, self._attribute), entry))
        _publish()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self._entries:
            entered = getattr(thread, self._attribute)
            setattr(thread, self._attribute, tuple([one for one in entered if one is not self._entries[-1]]))
            self._left()
            _publish()
            self._entries = self._entries[:-1]

    def _left(self) -> None:
        """What else ends with the block."""

    def __del__(self) -> None:
        while self._entries:
            self.__exit__(None, None, None)

    def _recreate_cm(self) -> _Mode:
        return type(self)()  # a decorated function may call itself


class no_grad(_Mode):
    """Record nothing inside the block, in this thread: results are leaves. Also a decorator.

    >>> import vargrad
    >>> x = vargrad.Var(3.0)
    >>> with vargrad.no_grad():
    ...     y = x * x
    >>> y.value, y.prev_op
    (9.0, None)
    """

    _attribute = "no_grad"

    def __enter__(self) -> no_grad:
        if thread.recorder is not None:
            thread.recorder.no_grad()
        super().__enter__()
        return self


class detect_anomaly(_Mode):
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

    _attribute = "anomaly"

    def __enter__(self) -> detect_anomaly:
        if not thread.anomaly:
            thread.origins = {}
        super().__enter__()
        return self

    def _left(self) -> None:
        if not thread.anomaly:
            thread.origins = None


def note_origin(uid: int) -> None:
    """Under detect_anomaly, remember which line outside this package made the node ``uid``."""
    if not thread.anomaly or thread.origins is None:  # an interrupt may leave origins of no block
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
