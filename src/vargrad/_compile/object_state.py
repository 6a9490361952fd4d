"""What an object holds, to compare: whether what a recording took for constants has changed since.

The object is pickled into memory. What cannot be pickled cannot be compared: a TypeError, since a stale constant would
be a wrong number. Vars stay live, and are told by identity.
"""

from __future__ import annotations

import functools
import io
import pickle
import weakref
from array import array
from types import BuiltinFunctionType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any, TypeAlias

from vargrad._compile.dispatcher import Dispatcher
from vargrad._core import var_py
from vargrad._core.var import Var

State: TypeAlias = tuple[bytes, list[Any]]  # to compare the first; the second keeps alive what that names by its id
_UNCHANGING = (bool, int, float, complex, str, bytes, type(None))
_FUNCTIONS = (FunctionType, BuiltinFunctionType, type, ModuleType, Dispatcher)
_VARS = (Var, var_py.Var)


class _Empty:
    """The least that an object of a Python class has."""


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
    """Whether it is a compiled function that looks at an object's state itself."""
    return isinstance(x, Dispatcher) and x._is_watched


def _is_constant(x: Any) -> bool:
    """Whether it is one and the same whatever happens, or live: a Var."""
    return isinstance(x, (*_VARS, *_FUNCTIONS)) and not _is_watched(x)


class _Described:
    """In a state, an object that says by ``__vargrad_state__`` which Vars it holds, and what else."""


class _Pickler(pickle.Pickler):
    """Writes what an object holds; Vars, functions and classes by identity, and so it keeps them."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, 5)
        self.kept: list[Any] = []

    def persistent_id(self, x: Any) -> int | None:
        if not _is_constant(x):
            return None
        self.kept.append(x)
        return id(x)

    def reducer_override(self, x: Any) -> Any:
        if _is_watched(x):
            return x.__reduce__()
        hook = getattr(type(x), "__vargrad_state__", None)
        if hook is not None:
            live, rest = hook(x)
            self.kept += live
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
    """What the object holds now, to compare; TypeError if that cannot be known."""
    file = io.BytesIO()
    pickler = _Pickler(file)
    try:
        pickler.dump(x)
    except MemoryError:
        raise
    except Exception as error:
        raise TypeError(
            f"{name}() cannot be compiled with this {type(x).__name__}: what it holds is compared before each call, "
            f"lest its numbers go stale, and something in it has no comparable form ({error}). Compile a function that "
            "takes the numbers as arguments"
        ) from error
    return file.getvalue(), pickler.kept


def is_stateful(f: Any) -> bool:
    """Whether what a callable computes may change with something it holds."""
    if isinstance(f, functools.partial):
        held = (*f.args, *f.keywords.values())
        return is_stateful(f.func) or not all(type(x) in _UNCHANGING or _is_constant(x) for x in held)
    if isinstance(f, MethodType):
        return not isinstance(f.__self__, type)
    return not isinstance(f, _FUNCTIONS) and _slots(type(f)) is not None


def unchanging(x: Any) -> dict[str, Any] | None:
    """What the object holds, if it is all in its __dict__ and none of it can change."""
    if _slots(type(x)) != () or not hasattr(x, "__dict__"):
        return None
    found = dict(x.__dict__)
    return found if all(type(value) in _UNCHANGING or _is_constant(value) for value in found.values()) else None
