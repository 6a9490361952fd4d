"""Snapshots of an object, to see whether attributes that a recording took for constants have changed.

The object is pickled into memory. An object that cannot be pickled cannot be compared: that is a TypeError, since a
stale constant would be a wrong number. Vars are live, not constants, and compared by identity.
"""

from __future__ import annotations

import functools
import io
import pickle
import weakref
from array import array
from types import BuiltinFunctionType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any, TypeAlias

from vargrad._core import var_py
from vargrad._core.var import Var
from vargrad._vm.machine import HasShortcuts

State: TypeAlias = tuple[bytes, list[Any]]  # to compare, and the objects whose ids it holds, to keep them alive
_UNCHANGING = (bool, int, float, complex, str, bytes, type(None))
_FUNCTIONS = (FunctionType, BuiltinFunctionType, type, ModuleType, HasShortcuts)
_VARS = (Var, var_py.Var)


class _Empty:
    """For the size of an object without slots or C bases."""


_KINDS: weakref.WeakKeyDictionary[type, tuple[str, ...] | None] = weakref.WeakKeyDictionary()


def _slots(kind: type) -> tuple[str, ...] | None:
    """The slots of a class; None if it holds more than these and __dict__: then a C type is among its bases."""
    try:
        return _KINDS[kind]
    except KeyError:
        members = [
            name for base in kind.__mro__ for name, x in vars(base).items() if isinstance(x, MemberDescriptorType)
        ]
        size = _Empty.__basicsize__ + len(members) * object.__basicsize__ // 2  # a pointer each
        plain = kind.__itemsize__ == 0 and kind.__basicsize__ <= size
        found = _KINDS[kind] = tuple(members) if plain else None
        return found


def _is_watched(x: Any) -> bool:
    """Whether it is a compiled function that watches an object's state itself."""
    return isinstance(x, HasShortcuts) and getattr(x, "_is_watched", False)


def _is_constant(x: Any) -> bool:
    """Whether it is immutable and compared by identity, or a Var, which is live."""
    return isinstance(x, (*_VARS, *_FUNCTIONS)) and not _is_watched(x)


class _Described:
    """In a snapshot, the type of objects whose ``__vargrad_state__`` returns the Vars they hold, and the rest."""


class _Pickler(pickle.Pickler):
    """Writes an object's contents; Vars, functions and classes by id, and holds on to these."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, 5)
        self.alive: list[Any] = []

    def persistent_id(self, x: Any) -> int | None:
        if not _is_constant(x):
            return None
        self.alive.append(x)
        return id(x)

    def reducer_override(self, x: Any) -> Any:
        if _is_watched(x):
            return x.__reduce__()
        hook = getattr(type(x), "__vargrad_state__", None)
        if hook is not None:
            live, rest = hook(x)
            self.alive += live
            return _Described, (type(x), array("Q", map(id, live)).tobytes(), rest)
        slots = _slots(type(x))
        if slots is None:
            return NotImplemented
        return (
            type(x),
            (),
            (getattr(x, "__dict__", None), {name: getattr(x, name) for name in slots if hasattr(x, name)}),
        )


def state_of(name: str, x: Any) -> State:
    """A snapshot of the object, to compare; TypeError if it cannot be pickled."""
    file = io.BytesIO()
    pickler = _Pickler(file)
    try:
        pickler.dump(x)
    except MemoryError:
        raise
    except Exception as error:
        raise TypeError(
            f"{name}() cannot be compiled with this {type(x).__name__}: its attributes are compared before each "
            f"call, since they are constants of a recording, and one of them cannot be compared ({error}). Compile a "
            "function that takes the numbers as arguments"
        ) from error
    return file.getvalue(), pickler.alive


def is_stateful(f: Any) -> bool:
    """Whether a callable's results may change with an attribute of it."""
    if isinstance(f, functools.partial):
        held = (*f.args, *f.keywords.values())
        return is_stateful(f.func) or not all(type(x) in _UNCHANGING or _is_constant(x) for x in held)
    if isinstance(f, MethodType):
        return not isinstance(f.__self__, type)
    return not isinstance(f, _FUNCTIONS) and _slots(type(f)) is not None


def unchanging(x: Any) -> dict[str, Any] | None:
    """The object's __dict__ if it holds everything and only immutable values, else None."""
    if _slots(type(x)) != () or not hasattr(x, "__dict__"):
        return None
    found = dict(x.__dict__)
    return found if all(type(value) in _UNCHANGING or _is_constant(value) for value in found.values()) else None
