"""The modes that a thread has switched on: no_grad, detect_anomaly, recording. Both twins read them here."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import ContextDecorator
from types import TracebackType
from typing import Any

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


Blocks = tuple[object, ...]


class _Thread(threading.local):
    """What this thread is in. Leaving sets again what is set here, so that it needs no memory."""

    no_grad: Blocks  # the blocks that are entered, each an object of its own
    anomaly: Blocks
    origins: dict[int, str] | None
    recorder: Any  # of vargrad.compile while it records: is told of comparisons and lost values
    ident: int

    def __init__(self) -> None:
        self.no_grad = self.anomaly = ()
        self.origins = self.recorder = None
        self.ident = threading.get_ident()
        self._end = _End(self.ident)


class _End:
    """Dies with its thread, which may end inside a block."""

    def __init__(self, ident: int) -> None:
        self.ident = ident

    def __del__(self) -> None:
        if _threads is not None and _threads.pop(self.ident, None) is not None:  # None: so does the interpreter
            _tell()


listeners: list[Callable[[int, int, int], None]] = []  # a core that wants to know of modes without asking each time
_threads: dict[int, tuple[int, int, int]] = {}  # by thread: its no_grad and detect_anomaly blocks, whether it records
thread = _Thread()


def _publish() -> None:
    """Tell the listeners which blocks this thread is in, after it has entered or left one.

    Without a lock, since a signal handler or ``__del__`` may come here in the middle, and leaves things as they were.
    A thread that has left all blocks needs no memory here.
    """
    if thread.no_grad or thread.anomaly or thread.recorder is not None:
        own = len(thread.no_grad), len(thread.anomaly), int(thread.recorder is not None)
        _threads[thread.ident] = own
    else:
        _threads.pop(thread.ident, None)
    _tell()


def _tell() -> None:
    told: dict[int, tuple[int, int, int]] | None = None
    try:
        while told != _threads:  # another thread may come between, and tell what is no longer so
            told = _threads.copy()
            for listener in listeners:
                listener(*_sums(told))
    except BaseException as error:  # then let them look each time, which is slower and always right
        i = 0
        while i < len(listeners):
            listeners[i](1, 1, 0)
            i += 1
        if not isinstance(error, MemoryError):
            raise


def _forked() -> None:
    """Only the thread that forks goes on in the child."""
    for ident in [*_threads]:
        if ident != thread.ident:
            _threads.pop(ident, None)
    _tell()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


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


class _NoBlocks(Blocks):
    """None, but an object of its own: whoever has set it knows whether it is still there."""


class outside:
    """No no_grad block of this thread counts in here; ``before`` are those there were.

    What is set is set back once and needs no memory, whatever comes, if only by ``__del__``: see _Mode.
    """

    _inside: Blocks | None = None  # what is set, until all of it is set back
    before: Blocks = ()

    def __enter__(self) -> outside:
        self.before = thread.no_grad
        if self.before:
            self._inside = inside = _NoBlocks()
            try:
                thread.no_grad = inside
                _publish()
            except BaseException:
                self.__exit__()
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        tb: TracebackType | None = None,
    ) -> None:
        if self._inside is not None:
            if thread.no_grad is self._inside:
                thread.no_grad = self.before
            _publish()
            self._inside = None

    def __del__(self) -> None:
        self.__exit__()


class recording(outside):
    """Let ``recorder`` hear of every comparison, rounding and reading of a Var in this thread, in no no_grad block."""

    _recorder: Any = None
    _outer: Any = None

    def __init__(self, recorder: Any) -> None:
        self._outer, self._recorder = thread.recorder, recorder

    def __enter__(self) -> recording:
        super().__enter__()
        try:
            thread.recorder = self._recorder
            _publish()
        except BaseException:
            self.__exit__()
            raise
        return self

    def done(self) -> None:
        """No longer listen: what joins the roots of a graph is no part of it."""
        if self._recorder is not None:
            if thread.recorder is self._recorder:
                thread.recorder = self._outer
            _publish()
            self._recorder = None

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        tb: TracebackType | None = None,
    ) -> None:
        self.done()
        outside.__exit__(self)  # super() would need memory


class _Mode(ContextDecorator):
    """A block of this thread. What it entered is left once, whatever comes, and no other block is.

    An interrupt may come before any bytecode, even the first one of ``__exit__``. So each entry is an object of its
    own, leaving twice is leaving once, an entry is forgotten only when all of it is done, and ``__del__`` leaves what
    is not forgotten. The block whose ``__exit__`` was interrupted before its first bytecode thus ends when the
    traceback is dropped that holds it: Python code cannot close that window, since a function is interrupted before
    any ``try`` of its own.

    Leaving needs no memory: what is set then was made on entering.
    """

    _attribute = ""
    _last: Any = None  # the newest entry: the one before, the blocks outside, the blocks inside

    def __enter__(self) -> Any:
        outside = getattr(thread, self._attribute)
        inside = (*outside, object())
        self._last = (self._last, outside, inside)
        try:
            setattr(thread, self._attribute, inside)
            _publish()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self._last is not None:
            before, outside, inside = self._last
            now = getattr(thread, self._attribute)
            if now is not inside:  # not the newest any more, or left already
                outside = _without(now, inside[-1])
            setattr(thread, self._attribute, outside)
            self._left()
            _publish()
            self._last = before

    def _left(self) -> None:
        """What else ends with the block."""

    def __del__(self) -> None:
        while self._last is not None:
            self.__exit__(None, None, None)

    def _recreate_cm(self) -> _Mode:
        return type(self)()  # a decorated function may call itself


def _without(blocks: Blocks, block: object) -> Blocks:
    """A function of its own: one with a comprehension over its locals needs memory to begin with."""
    return tuple([one for one in blocks if one is not block])


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
        super().__enter__()
        if thread.origins is None:
            try:
                thread.origins = {}
            except BaseException:
                self.__exit__(None, None, None)
                raise
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
    """The error that backward raises under detect_anomaly."""
    origin = (thread.origins or {}).get(uid)
    where = f", computed at {origin}" if origin else " (enter detect_anomaly before the forward pass to see its line)"
    call = f"{op}({', '.join(map(repr, inputs))})"
    return FloatingPointError(f"the derivative of {call} is {partial!r} (adjoint of the result {adjoint!r}){where}")
