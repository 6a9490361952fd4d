"""The modes that are switched on: no_grad, detect_anomaly, recording. Both twins read them here.

Each entry of a mode is a ModeBlock. A context variable holds the blocks that were entered in the current context, so
that tasks of an event loop are apart, as threads are; a task inherits the blocks it was created in. A block counts
until it is left, wherever that happens, and from then on in no context: leaving marks the block itself. Thus blocks may
be left in any order, twice, by another thread or task, or never (a block ends with the last context that has it), and
no derivative is lost by a block that is over.

A generator has no context of its own: it runs in its caller's. While it is suspended inside a block its caller is in
that block too, as contextlib.contextmanager needs it. A decorated generator function is in the block only while its
body runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import ContextDecorator
from contextvars import ContextVar
from threading import get_ident
from types import TracebackType
from typing import Any
from weakref import ref

from vargrad._util import steps

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep

NO_GRAD, ANOMALY, RECORDING, OUTSIDE = 1, 2, 3, 4  # OUTSIDE: no no_grad block around it counts
HEARING = 5  # in _open, a recording whose recorder is told of every operation


class ModeBlock:
    """One entry of a mode. ``kind``: which, 0 when it is over. ``held``: the recorder, or the origins of nodes.

    Contexts hold it. The object that entered it has a weak reference only, so that the block ends with its last
    context, for example when a thread ends inside it.
    """

    known = False  # true from entering until leaving is complete

    def __init__(self, kind: int, held: Any = None) -> None:
        self.kind, self.held = kind, held
        self.key, self.ident = id(self), get_ident()

    def __del__(self) -> None:
        if self.known:
            _leave(self)


class _Idle:
    """Where no block is open."""

    __slots__ = ()
    no_grad: bool = False
    anomaly: bool = False
    origins: dict[int, str] | None = None
    recorder: Any = None  # vargrad.compile's while it records; told of comparisons and of values that become floats


class _Active(_Idle):
    """Where some block is, perhaps in another context."""

    __slots__ = ()

    @property
    def no_grad(self) -> bool:  # type: ignore[override]
        for block in reversed(blocks.get()):
            if block.kind == NO_GRAD or block.kind == OUTSIDE:
                return bool(block.kind == NO_GRAD)
        return False

    @property
    def anomaly(self) -> bool:  # type: ignore[override]
        return _newest(ANOMALY) is not None

    @property
    def origins(self) -> dict[int, str] | None:  # type: ignore[override]
        block = _newest(ANOMALY)
        return None if block is None else block.held

    @property
    def recorder(self) -> Any:
        block = _newest(RECORDING)
        return None if block is None else block.held


listeners: list[Callable[[int, int, int, int], None]] = []  # called with active() after each change
blocks: ContextVar[tuple[ModeBlock, ...]] = ContextVar("vargrad modes", default=())
_open: dict[int, tuple[int, int]] = {}  # by key, of the whole process: kind and thread
thread = _Idle()  # what this thread is in now; its class changes, so that asking costs nothing outside of all modes


def _newest(kind: int) -> ModeBlock | None:
    for block in reversed(blocks.get()):
        if block.kind == kind:
            return block
    return None


def _enter(block: ModeBlock) -> None:
    block.known = True
    blocks.set((*_still_open(), block))
    _open[block.key] = block.kind, block.ident
    _tell()


def hear_operations() -> None:
    """Tell the recorder of this context of every operation from now on."""
    if (block := _newest(RECORDING)) is not None:
        block.held.hears_operations = True
        _open[block.key] = HEARING, block.ident
        _tell()


def _leave(block: ModeBlock) -> None:
    """Mark the block as over, without allocating. After an interrupt, calling it again completes the work."""
    if block.known and _open is not None:  # None: the interpreter ends
        block.kind = 0
        block.held = None
        _open.pop(block.key, None)
        _tell()
        block.known = False


def _still_open() -> tuple[ModeBlock, ...]:
    return tuple([block for block in blocks.get() if block.kind])


def _forget() -> None:
    """Drop the blocks that are over; without memory they stay until another one is entered, and do nothing."""
    try:
        entered = blocks.get()
        if entered and not entered[-1].kind:
            blocks.set(_still_open())
    except MemoryError:
        pass


def _tell() -> None:
    """Tell the listeners which blocks are open, after one was entered or left.

    Without a lock, since a signal handler or ``__del__`` may come here in the middle, and leaves things as they were.
    """
    told: dict[int, tuple[int, int]] | None = None
    try:
        while told != _open:  # another thread may have changed it meanwhile
            told = _open.copy()
            found = _sums(told)
            for listener in listeners:
                listener(*found)
    except BaseException as error:  # then let them ask each time, which is slower and always right
        i = 0
        while i < len(listeners):
            listeners[i](1, 1, 1, 0)
            i += 1
        if not isinstance(error, MemoryError):
            raise


def _look(active: int, changing: int, anomalies: int, only: int) -> None:
    thread.__class__ = _Active if active else _Idle


listeners.append(_look)


def _forked() -> None:
    """Forget the blocks of threads that do not exist in a forked child: all but the one that forked."""
    for key in [*_open]:
        if _open[key][1] != get_ident():
            _open.pop(key, None)
    _tell()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def active() -> tuple[int, int, int, int]:
    """How many blocks are open, how many of those change what an operation does, and how many are detect_anomaly's;
    and the key of the only one, if it is no_grad's, else 0."""
    return _sums(_open.copy())


def _sums(opened: dict[int, tuple[int, int]]) -> tuple[int, int, int, int]:
    kinds = [opened[key][0] for key in opened]  # refused memory, an iterator of items() may crash CPython 3.11
    quiet, anomalies = kinds.count(NO_GRAD), kinds.count(ANOMALY)
    only = next(iter(opened)) if quiet == len(kinds) == 1 else 0
    return len(kinds), quiet + anomalies + kinds.count(HEARING), anomalies, only


class outside:
    """A block in which no no_grad block around it counts. It is left exactly once, at the latest by ``__del__``."""

    _block: ModeBlock | None = None  # until all of it is left

    def __enter__(self) -> outside:
        if thread.no_grad:
            self._block = ModeBlock(OUTSIDE)
            try:
                _enter(self._block)
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
        if self._block is not None:
            _leave(self._block)
            _forget()
            self._block = None

    def __del__(self) -> None:
        self.__exit__()


class recording(outside):
    """A block that tells ``recorder`` of every comparison, rounding and reading of a Var, no_grad or not."""

    _listening: ModeBlock | None = None

    def __init__(self, recorder: Any) -> None:
        self._recorder = recorder

    def __enter__(self) -> recording:
        super().__enter__()
        try:
            self._listening = ModeBlock(RECORDING, self._recorder)
            _enter(self._listening)
        except BaseException:
            self.__exit__()
            raise
        return self

    def done(self) -> None:
        """Stop telling the recorder: operations that join the roots of a graph are not part of the recording."""
        if self._listening is not None:
            _leave(self._listening)
            _forget()
            self._listening = None

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        tb: TracebackType | None = None,
    ) -> None:
        self.done()
        outside.__exit__(self)  # super() would need memory


class _Mode(ContextDecorator):
    """A block of this context. It leaves what it entered exactly once, whatever interrupts it, and no other block.

    An interrupt may come before any bytecode, even the first one of ``__exit__``. So an entry is forgotten only when
    all of it is done, leaving twice is leaving once, and ``__del__`` leaves what is not forgotten. The block whose
    ``__exit__`` was interrupted before its first bytecode thus ends when the traceback is dropped that holds it:
    Python code cannot close that window, since a function is interrupted before any ``try`` of its own.

    One object may be entered by several threads and tasks: each leaves its own block, or the newest if it has none.
    """

    _kind = 0
    _mine: dict[int, ref[ModeBlock]] | None = None  # what was entered, by its key

    def __enter__(self) -> Any:
        block = ModeBlock(self._kind, self._new_held())
        if self._mine is None:
            self._mine = {}
        self._mine[block.key] = ref(block)
        try:
            _enter(block)
        except BaseException:
            self._end(block)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        mine = self._mine
        if mine:
            entered = blocks.get()
            i = len(entered)
            while i:
                i -= 1
                mark = mine.get(entered[i].key)
                if entered[i].known and mark is not None and mark() is entered[i]:
                    self._end(entered[i])
                    return
            self._end_newest()

    def _end_newest(self) -> None:
        """Leave the newest block that is not over, if there is one."""
        mine = self._mine
        while mine:
            key = next(reversed(mine))
            mark = mine.get(key)
            block = None if mark is None else mark()
            if block is not None:
                self._end(block)
                return
            mine.pop(key, None)  # it ended with its context

    def _end(self, block: ModeBlock) -> None:
        _leave(block)
        _forget()
        if self._mine is not None:
            self._mine.pop(block.key, None)

    def _new_held(self) -> Any:
        """What the block is to hold."""

    def __del__(self) -> None:
        while self._mine:
            self._end_newest()

    def _recreate_cm(self) -> _Mode:
        return type(self)()  # a decorated function may call itself

    def __call__(self, function: Any) -> Any:
        stepped = steps.each_in(self._recreate_cm, function)
        return super().__call__(function) if stepped is None else stepped


class no_grad(_Mode):
    """Record nothing inside the block, in this thread or task: results are leaves. Also a decorator.

    A decorated generator, coroutine or asynchronous generator function is in the block only while its body runs.
    A ``with`` in a generator holds for the generator's caller too, until the generator leaves it or is closed.

    >>> import vargrad
    >>> x = vargrad.Var(3.0)
    >>> with vargrad.no_grad():
    ...     y = x * x
    >>> y.value, y.prev_op
    (9.0, None)
    """

    _kind = NO_GRAD

    def __enter__(self) -> no_grad:
        if thread.recorder is not None:
            thread.recorder.no_grad()
        super().__enter__()
        return self


class detect_anomaly(_Mode):
    """Make backward raise FloatingPointError at the first derivative that is inf or nan, in this thread or task.

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

    _kind = ANOMALY

    def _new_held(self) -> dict[int, str]:
        around = thread.origins  # of a block around this one, whose nodes may be used in here
        return {} if around is None else around


def note_origin(uid: int) -> None:
    """Under detect_anomaly, remember which line outside this package made the node ``uid``."""
    origins = thread.origins
    if origins is None:
        return
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    origins[uid] = f"{frame.f_code.co_filename}:{frame.f_lineno}"


def anomaly_error(uid: int, op: str, inputs: tuple[float, ...], partial: float, adjoint: float) -> FloatingPointError:
    """The error that backward raises under detect_anomaly."""
    origin = (thread.origins or {}).get(uid)
    where = f", computed at {origin}" if origin else " (enter detect_anomaly before the forward pass to see its line)"
    call = f"{op}({', '.join(map(repr, inputs))})"
    return FloatingPointError(f"the derivative of {call} is {partial!r} (adjoint of the result {adjoint!r}){where}")
