"""Compiled functions as pickles: recorded paths as plain data, the Python function by reference or by cloudpickle.

Without either, the recorded paths alone are stored, and a row that needs a new one is an error.
"""

from __future__ import annotations

import importlib
import pickle
import secrets
import threading
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from vargrad._compile.dispatcher import Dispatcher
from vargrad._compile.paths import Path
from vargrad._compile.recorder import RecordingError
from vargrad._compile.specialization import Specialization
from vargrad._compile.validate import Refused, check_state, require

Kind = TypeVar("Kind", bound=Dispatcher)
FORMAT = 4  # of the pickles written; others are refused


def reduce(compiled: Dispatcher, restore: Callable[..., Dispatcher]) -> tuple[Any, ...]:
    """The value of ``__reduce__``; ``restore`` is called with the arguments of ``read`` without the fresh object."""
    state = {
        "name": compiled.__name__,
        "doc": compiled.__doc__,
        "signature": compiled.signature,
        "max_paths": compiled.max_paths,
        "binder": compiled._binder,
        "constants": "frozen" if compiled._frozen else "watched",
        "reads": compiled._lost_reads if isinstance(compiled.__wrapped__, Lost) else compiled._fingerprint(),
        "variants": [
            (specialization.names, specialization.positional, specialization.cores, flat(specialization))
            for specialization in compiled._specializations.values()
        ],
    }
    function = compiled.__wrapped__
    place = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    if isinstance(function, Lost):
        return restore, (FORMAT, state, None)
    found = _found(*place) is function
    if found and place[0] != "__main__":  # another process has another __main__
        return restore, (FORMAT, state, place)
    try:
        cloudpickle = importlib.import_module("cloudpickle")
    except ImportError:
        return restore, (FORMAT, state, place if found else None)
    if id(compiled) in _now.storing:  # the function calls itself
        return _outer, (_now.storing[id(compiled)],)
    token = _now.storing[id(compiled)] = secrets.token_hex(16)
    try:
        # in one piece, so that leaves which function and paths share stay shared
        return restore, (FORMAT, cloudpickle.dumps((state, function)), None, token)
    finally:
        del _now.storing[id(compiled)]


class _Now(threading.local):
    """The compiled functions that this thread is storing and restoring."""

    def __init__(self) -> None:
        self.storing: dict[int, str] = {}
        self.restoring: dict[str, Dispatcher] = {}


_now = _Now()


def _outer(token: str) -> Dispatcher:
    """The compiled function that is being restored, for a reference to it from inside its own pickle."""
    found = _now.restoring.get(token) if isinstance(token, str) else None
    if found is None:
        raise ValueError(
            f"this pickle is a part of another one, of a compiled function {token!r:.60} that is not there"
        )
    return found


def read(compiled: Kind, version: int, state: Any, place: tuple[str, str] | None, token: str) -> Kind:
    """A compiled function from its pickle, made of a fresh object; ValueError for a pickle of another version."""
    if version != FORMAT:
        raise ValueError(
            f"this compiled function was stored in format {version}; this version of vargrad reads format {FORMAT}: "
            "store it again from its source"
        )
    function: Callable[..., Any] | None = None
    try:
        require(isinstance(token, str), f"its token is of type {type(token).__name__}, expected a text")
        if isinstance(state, bytes):
            _now.restoring[token] = compiled
            try:
                both = pickle.loads(state)
            finally:
                del _now.restoring[token]
            require(isinstance(both, tuple) and len(both) == 2, "it holds no state and function")
            state, function = both
        if place is not None:
            require(isinstance(place, tuple) and len(place) == 2, "where its function is are no two texts")
            function = _found(*place)
        return built(compiled, state, function)
    except Refused as why:
        raise ValueError(f"this pickle holds no compiled function that can be restored: {why}") from why.__cause__


def built(compiled: Kind, state: dict[str, Any], function: Callable[..., Any] | None) -> Kind:
    """A new compiled function, made with these paths; Refused if they cannot be those of one."""
    check_state(state)
    require(function is None or callable(function), f"its function is of type {type(function).__name__}")
    known = Lost(state["name"]) if function is None else function
    compiled.__init__(known, None, state["max_paths"])  # type: ignore[misc]
    compiled._frozen = state["constants"] == "frozen"
    compiled.__name__, compiled.__doc__ = state["name"], state["doc"]
    compiled.signature = state["signature"]
    compiled._binder = state["binder"]
    for names, positional, cores, paths in state["variants"]:
        specialization = compiled._specializations[names, positional, cores] = Specialization(
            compiled, names, positional, cores, compiled._reads
        )
        for recording, structure, parent, side_exit in paths:
            path = Path(recording, structure, compiled.lock, native=compiled.native)
            specialization.paths.append(path)
            if parent is not None:
                specialization.paths[parent].children[side_exit] = path
    if function is None:
        compiled._lost_reads = state["reads"]
    else:
        compiled._resume(state["reads"])
    return compiled


class Lost:
    """Takes the place of a function that could not be stored."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise RecordingError(
            f"{self.__name__}() was stored without its Python source, so no new path can be recorded: define it in a "
            "module that can be imported, or install cloudpickle before storing it"
        )


def flat(specialization: Specialization) -> list[tuple[Any, ...]]:
    """A variant's paths in the order of recording, each with its parent's number: no recursion over the tree."""
    parents: dict[int, tuple[int, Any]] = {}
    for i, path in enumerate(specialization.paths):
        for side_exit, child in path.children.items():
            parents[id(child)] = i, side_exit
    return [(path.recording, path.structure, *parents.get(id(path), (None, None))) for path in specialization.paths]


def _found(module: Any, qualname: str) -> Any:
    """The function of that name, unwrapped if it is compiled; None if there is none."""
    try:
        found: Any = importlib.import_module(module)
        for name in qualname.split("."):
            found = getattr(found, name)
    except (ImportError, AttributeError, ValueError, TypeError):
        return None
    return found.__wrapped__ if isinstance(found, Dispatcher) else found
