"""What runs while a function is recorded, and whether what it read is still there. Twin of watch.pxi."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from operator import is_
from types import CellType, CodeType, FunctionType
from typing import Any

import numpy


class Watch:
    """Places by what holds them, the objects that were there, and what these held.

    ``places``: (dict, key, object, content), (cell, None, object, content) or, for the code and the defaults of a
    function, (function, "__code__", "__defaults__" or "__kwdefaults__", object, content) each. ``content``: None for
    what cannot change, the items of a list as a tuple, a copy of a dict or of an array without objects, and for another
    object its class and a copy of its __dict__. For containers in containers [content, [(object, content), ...]]: of
    the outer one, None for a tuple, and of those in it. ``rest``: a function that tells of all other places.
    ``missing``: the object for a place that holds none.
    """

    def __init__(self, missing: object = None) -> None:
        self._missing = missing
        self._places: list[tuple[Any, Any, Any, Any]] = []
        self._rest: Callable[[], bool] | None = None

    def set(self, places: Sequence[tuple[Any, Any, Any, Any]], rest: Callable[[], bool] | None) -> None:
        """Watch these from now on."""
        self._places, self._rest = list(places), rest

    def same(self) -> bool:
        """Whether each place holds its object still, and each of these what it held."""
        for holder, key, held, content in self._places:
            try:
                if isinstance(holder, FunctionType):
                    now = getattr(holder, key)
                else:
                    now = holder.cell_contents if isinstance(holder, CellType) else holder[key]
            except (KeyError, ValueError):
                now = self._missing
            if now is not held or not (content is None or _holds(now, content)):
                return False
        return self._rest is None or self._rest()


def _holds(x: Any, content: Any) -> bool:
    """Whether an object holds the same objects as then, an array the same bytes."""
    if isinstance(content, list):
        outer, inner = content
        return (outer is None or _holds(x, outer)) and all(_holds(y, c) for y, c in inner)
    if isinstance(x, list):
        return len(x) == len(content) and all(map(is_, x, content))
    if isinstance(x, numpy.ndarray):
        same = x.dtype is content.dtype and x.shape == content.shape and x.flags.c_contiguous
        return same and x.tobytes() == content.tobytes()
    if not isinstance(x, dict):
        if type(x) is not content[0]:
            return False
        x, content = x.__dict__, content[1]
    return len(x) == len(content) and all(map(is_, x, content)) and all(map(is_, x.values(), content.values()))


class Calls:
    """Tells of the code and the builtin functions that are called in this thread, as a profiler is told.

    ``on_code`` is called with a frame, once for each code object. ``on_builtin`` is called with the calling frame and
    the function, until it returns True for a function of that kind.
    """

    def __init__(self, on_code: Callable[[Any], object], on_builtin: Callable[[Any, Any], bool]) -> None:
        self._on_code = on_code
        self._on_builtin = on_builtin
        self._codes: dict[int, CodeType] = {}  # by identity: to hash a code object is to walk through its constants
        self._harmless: set[Any] = set()

    def run(self, function: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Call the function, and tell meanwhile."""
        try:
            sys.setprofile(self._note)
            return function(*args, **named)
        finally:
            sys.setprofile(None)

    def _note(self, frame: Any, event: str, argument: Any) -> None:
        if event == "call":
            code = frame.f_code
            if id(code) not in self._codes:
                self._codes[id(code)] = code
                self._on_code(frame)
        elif event == "c_call":
            kind = (getattr(argument, "__qualname__", ""), argument.__module__)
            if kind not in self._harmless and self._on_builtin(frame, argument):
                self._harmless.add(kind)
