"""What runs while a function is recorded: its code, and sources of numbers that cannot be watched."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from types import CodeType
from typing import Any

import numpy

from vargrad._compile.places import Seen, all_code, global_names, is_fixed
from vargrad._core import modes
from vargrad._vm.machine import Calls

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
        return self._function(*args, **named)

    def _note_code(self, frame: Any) -> None:
        """Called once for each code object, with the frame in which it runs first."""
        if not is_fixed(frame.f_code.co_filename):
            self.seen[frame.f_code] = frame.f_globals

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


def named_sources(seen: Seen) -> Iterator[str]:
    """Sources that tell no profiler when they are called, where code names them: for a message."""
    for code, names in seen.items():
        if "numpy.random" in code.co_names:
            yield f"it imports numpy.random at {code.co_filename}:{code.co_firstlineno}"
        for name in global_names(code):
            found = names.get(name)
            if found is numpy.random or (found is numpy and "random" in code.co_names):
                yield f"it uses numpy.random at {code.co_filename}:{code.co_firstlineno}"
            elif callable(found) and not isinstance(found, type) and is_source(found):
                yield f"it uses {name}() at {code.co_filename}:{code.co_firstlineno}"
