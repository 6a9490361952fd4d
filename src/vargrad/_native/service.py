"""When programs become machine code: at once, or by a thread of its own as soon as they have run for long enough.

Nothing here raises: where there is no machine code to be had, the machine goes on interpreting, and the reason is
logged once. A unit is an object of the machine with ``jobs()``, what is to be compiled, and ``accept(code, parts)``.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections import deque
from typing import Any, Protocol

from vargrad._native.settings import checked as checked

MOST_MEMORY = 256 << 20  # bytes of machine code
TIMES = 10.0  # so many times what compiling takes a program has to run before it is compiled
NS_TO_BEGIN, NS_A_STEP = 1e7, 1e5  # what compiling takes, about


class Unit(Protocol):
    """What becomes machine code at once."""

    def jobs(self) -> list[dict[str, Any]]: ...
    def accept(self, code: Any, parts: list[list[int]]) -> None: ...


class _State:
    """Of this process."""

    def __init__(self) -> None:
        self.reason = ""  # why there is no machine code, as far as known
        self.found = False  # llvmlite
        self.waiting: deque[weakref.ref[Any]] = deque()
        self.work = threading.Condition(threading.Lock())
        self.thread: threading.Thread | None = None
        self.busy = False
        self.stopping = False


_state = _State()


def reason() -> str:
    """Why programs do not become machine code; "" where nothing speaks against it."""
    if not _state.reason and not _state.found:
        from importlib.util import find_spec

        _state.found = find_spec("llvmlite") is not None
        _state.reason = "" if _state.found else "llvmlite is not installed"
    return _state.reason


def goal(mode: str, steps: int) -> float:
    """How long a unit of so many steps runs, in ns, before it is compiled."""
    if reason():
        if mode == "now":
            _tell(_state.reason)
        return float("inf")
    return 0.0 if mode == "now" else TIMES * (NS_TO_BEGIN + NS_A_STEP * steps)


def ask(unit: Unit, mode: str) -> None:
    """Compile a unit: now, or soon."""
    if mode == "now":
        compile_now(unit)
    else:
        _compile_soon(unit)


def compile_now(unit: Unit) -> bool:
    """Compile a unit, in this thread; False where that fails."""
    if reason() or _state.stopping:
        return False
    try:
        from vargrad._native import engine, units

        if engine.memory() >= MOST_MEMORY:
            raise MemoryError(f"machine code has {engine.memory() >> 20} MiB already")
        code, parts = units.compiled(unit.jobs())
        unit.accept(code, parts)
    except MemoryError as error:
        _tell(f"one program stays interpreted: {str(error) or 'no memory'}")
        return False
    except Exception as error:  # of llvmlite, of LLVM, of the system: any of them leaves the interpreter
        _state.reason = f"{type(error).__name__}: {error}"
        _tell(_state.reason)
        return False
    return True


def _tell(text: str, told: set[str] = set()) -> None:  # noqa: B006
    if text not in told:
        import logging

        told.add(text)
        logging.getLogger("vargrad").warning("no machine code: %s; programs run as without it", text)


# ---- the thread


def _compile_soon(unit: Unit) -> None:
    with _state.work:
        if _state.stopping:
            return
        _state.waiting.append(weakref.ref(unit))
        if _state.thread is None:
            _state.thread = threading.Thread(target=_work, name="vargrad native", daemon=True)
            try:
                _state.thread.start()
            except RuntimeError as error:  # no more threads to be had, or the interpreter ends
                _state.thread, _state.reason = None, str(error)
                return
        _state.work.notify()


def _work() -> None:
    state = _state
    while True:
        with state.work:
            state.busy = False
            state.work.notify_all()
            while not state.waiting and not state.stopping:
                state.work.wait()
            if state.stopping:
                return
            unit = state.waiting.popleft()()
            state.busy = True
        if unit is not None:
            compile_now(unit)
        unit = None


def wait(timeout: float | None = None) -> bool:
    """Wait until all that was asked for is compiled; False if that takes longer than so many seconds."""
    with _state.work:
        return _state.work.wait_for(lambda: not _state.waiting and not _state.busy, timeout)


def _stop() -> None:
    """At exit: LLVM must not be at work when its library goes."""
    with _state.work:
        _state.stopping = True
        _state.waiting.clear()
        _state.work.notify_all()
        thread = _state.thread
    if thread is not None and thread.is_alive():
        thread.join()


def _after_fork() -> None:
    """The child has no thread, and locks as they were. Had LLVM been at work, the child does without."""
    global _state
    old, _state = _state, _State()
    _state.reason = old.reason
    if old.busy:
        _state.reason = "the process was forked while LLVM was at work"


atexit.register(_stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
