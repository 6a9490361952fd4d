"""What runs while a function is recorded: its code, and sources of numbers that cannot be watched."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable, Iterator, Sequence
from types import CodeType, ModuleType
from typing import Any

import numpy

from vargrad._compile.semantics.tries import handlers
from vargrad._compile.watch.places import Place, Seen, all_code, global_names, is_fixed
from vargrad._core import modes
from vargrad._vm.machine import Calls

_MODULES = {"random", "secrets", "time"}  # that hold little else
_SOURCES = {"_io", "_queue", "_random", "_socket", "datetime", "nt", "os", "posix", "random", "secrets", "time"}


class Running:
    """Calls a function and notes the code objects that run, each with its globals.

    Under a profiler, which takes the only place there is, it takes all code that the function can reach.
    """

    def __init__(self, function: Any) -> None:
        self.seen: dict[CodeType, dict[str, Any]] = {}
        self.asked: list[str] = []  # sources of numbers that cannot be watched, and where they were asked
        self._function = function

    def call(self, args: Sequence[Any], named: dict[str, Any]) -> Any:
        """Call the function."""
        if sys.getprofile() is None:
            return Calls(self._note_code, self._note_builtin).run(self._function, tuple(args), named)
        self.seen = all_code(self._function)
        if any(map(handlers, self.seen)):
            modes.hear_operations()
        return self._function(*args, **named)

    def _note_code(self, frame: Any) -> None:
        """Called once for each code object, with the frame in which it runs first."""
        if not is_fixed(frame.f_code.co_filename):
            self.seen[frame.f_code] = frame.f_globals
            if handlers(frame.f_code):
                modes.hear_operations()

    def _note_builtin(self, frame: Any, function: Any) -> bool:
        """Called for a builtin function until it returns True: it is no source of numbers."""
        if not is_source(function):
            return True
        if not frame.f_code.co_filename.startswith(modes._PACKAGE):
            self.asked.append(f"it calls {function.__name__}() at {_line_of(frame)}")
        return False


def _line_of(frame: Any) -> str:
    """The user's line under a frame."""
    while frame.f_back is not None and is_fixed(frame.f_code.co_filename):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def is_source(function: Any) -> bool:
    """Whether a builtin function may give another number each time: dice, a clock, a file, an iterator."""
    if function is next or function is input or getattr(function, "__name__", "") == "send":
        return True
    if getattr(function, "__module__", None) in _SOURCES:
        return True
    owner = getattr(function, "__self__", None)
    kind = owner if isinstance(owner, type) else type(owner)
    return kind.__module__.split(".")[0] in _SOURCES or kind.__module__.startswith("numpy.random")


def named_sources(seen: Seen, found: Iterable[Place]) -> Iterator[str]:
    """Sources that tell no profiler when they are called, in code that ran and where it reads: for a message."""
    for code, names in seen.items():
        if "numpy.random" in code.co_names:
            yield f"it imports numpy.random at {code.co_filename}:{code.co_firstlineno}"
        for name in global_names(code):
            module = names.get(name)
            if module is numpy.random or (module is numpy and "random" in code.co_names):
                yield f"it uses numpy.random at {code.co_filename}:{code.co_firstlineno}"
            elif isinstance(module, ModuleType) and module.__name__ in _MODULES:
                yield f"it uses the module {module.__name__} at {code.co_filename}:{code.co_firstlineno}"
    for place in found:
        held = place.get()
        while isinstance(held, functools.partial):
            held = held.func
        if callable(held) and not isinstance(held, type) and is_source(held):
            yield f"it uses {place.name}()"
