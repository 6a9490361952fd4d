"""Compiled methods, and other callables with a state of their own: recorded anew whenever that state has changed.

A recording takes an object's attributes for constants (Vars among them stay live). So before each call the object is
pickled into memory, and if it is not what it was, all recordings are forgotten. What cannot be pickled cannot be
compared: a TypeError, since a stale constant would be a wrong number.
"""

from __future__ import annotations

import functools
import inspect
import io
import pickle
import weakref
from array import array
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any, TypeAlias

from vargrad._compile.compiled import Compiled, compile
from vargrad._compile.recorder import RecordingError
from vargrad._core import var_py
from vargrad._core.modes import thread
from vargrad._core.var import Var

State: TypeAlias = tuple[bytes, list[Any]]  # to compare the first; the second keeps alive what that names by its id
_UNCHANGING = (bool, int, float, complex, str, bytes, type(None))
_FUNCTIONS = (FunctionType, BuiltinFunctionType, type, ModuleType, Compiled)
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


def _is_constant(x: Any) -> bool:
    """Whether it is one and the same whatever happens, or live: a Var."""
    return isinstance(x, (*_VARS, *_FUNCTIONS)) and not isinstance(x, Watched)


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
        if isinstance(x, Watched):
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


def compile_again(f: Callable[..., Any], signature: str | None, max_paths: int) -> Compiled:
    """A compiled function from its pickle: without recordings, which are of the object as it was."""
    return compile(f, signature=signature, max_paths=max_paths)


_SHORT = ("value_and_grad", "grad", "jacobian", "hessian", "hvp")


def _unchanging(x: Any) -> dict[str, Any] | None:
    """What the object holds, if it is all in its __dict__ and none of it can change."""
    if _slots(type(x)) != () or not hasattr(x, "__dict__"):
        return None
    found = dict(x.__dict__)
    return found if all(type(value) in _UNCHANGING or _is_constant(value) for value in found.values()) else None


def _refreshed(name: str) -> Callable[..., Any]:
    """A method of Compiled that looks at the object first."""
    inner = getattr(Compiled, name)

    def method(self: Watched, *args: Any, **kwargs: Any) -> Any:
        self._refresh()
        return inner(self, *args, **kwargs)

    return functools.update_wrapper(method, inner)


class Watched(Compiled):
    """A compiled function that goes with an object: what ``subject()`` returns."""

    def __init__(
        self, f: Callable[..., Any], signature: str | None, max_paths: int, subject: Callable[[], Any] | None = None
    ) -> None:
        super().__init__(f, signature, max_paths)
        self._original = function = f
        self._subject = subject = subject or (lambda: getattr(function, "__self__", function))
        self._state: State | None = None
        self._shallow: dict[str, Any] | None = None

        def recorded(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            if thread.recorder is not None and self._state is not None and self._changed(self._state):
                raise RecordingError(
                    f"{self.__name__}() changes what its {type(subject()).__name__} holds while it is recorded: that "
                    "would happen once, not at each call"
                )
            return result

        self.__wrapped__ = functools.update_wrapper(recorded, function, updated=())

    def __reduce__(self) -> tuple[Any, ...]:
        signature = None if self.signature is None else self.signature.text
        return compile_again, (self._original, signature, self.max_paths)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self

    def _changed(self, state: State) -> bool:
        return state_of(self.__name__, self._subject())[0] != state[0]

    def _refresh(self) -> None:
        """Forget all recordings if the object has changed since."""
        subject = self._subject()
        shallow = self._shallow
        if shallow is not None:  # the same objects under the same names, none of which can change
            now = subject.__dict__
            if len(now) == len(shallow) and all(now.get(name, shallow) is x for name, x in shallow.items()):
                return
        state = state_of(self.__name__, subject)
        with self.lock:
            if self._state is None or state[0] != self._state[0]:
                self._shallow = None
                for what in ("value", *_SHORT, "backward"):
                    self._keep(what, None)
                self._variants = {}
                self._state = state  # last: an interrupt may come between
            self._shallow = _unchanging(subject)


for _name in ("__call__", *_SHORT, "backward", "to_c", "save"):
    setattr(Watched, _name, _refreshed(_name))


class Method:
    """A compiled function bound to an object, which is not an argument to differentiate by.

    It has what a compiled function has: ``obj.f(x)``, ``obj.f.grad(x)``. Each object has recordings of its own.
    """

    def __init__(self, compiled: Watched, instance: Any, name: str) -> None:
        self._compiled = compiled
        self.__self__ = instance
        self.__name__ = name
        self.__doc__ = compiled.__doc__

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self.__self__, self.__name__)

    def __repr__(self) -> str:
        return f"<{self._compiled!r} of {self.__self__!r}>"

    def __str__(self) -> str:
        return str(self._compiled)

    @property
    def paths(self) -> int:
        """How many ways through the function have been recorded."""
        return self._compiled.paths

    @property
    def __wrapped__(self) -> Callable[..., Any]:
        return self._compiled.__wrapped__

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self.__wrapped__)


def _forwarded(name: str) -> Callable[..., Any]:
    def method(self: Method, *args: Any, **kwargs: Any) -> Any:
        return getattr(self._compiled, name)(*args, **kwargs)

    return functools.update_wrapper(method, getattr(Compiled, name))


for _name in ("__call__", "value_and_grad", "grad", "jacobian", "hessian", "hvp", "backward", "to_c", "save"):
    setattr(Method, _name, _forwarded(_name))


class Methods:
    """The compiled methods of one function, by object; they live as long as these."""

    def __init__(self, function: Compiled) -> None:
        self._function = function
        self._known: dict[int, tuple[weakref.ref[Any], Watched]] = {}

    def of(self, instance: Any) -> Method:
        """The function bound to an object."""
        known = self._known.get(id(instance))
        name = self._function.__name__
        if known is None:
            key, forget = id(instance), self._known.pop
            try:
                reference = weakref.ref(instance, lambda _: forget(key, None))
            except TypeError:
                raise TypeError(
                    f"{name}() is compiled once for each {type(instance).__name__}, and these cannot be remembered: "
                    'add "__weakref__" to the class\'s __slots__'
                ) from None
            known = self._known[key] = reference, self._bound(instance, reference)
        return Method(known[1], instance, name)

    def _bound(self, instance: Any, reference: weakref.ref[Any]) -> Watched:
        owner, function = self._function, self._function.__wrapped__

        @functools.wraps(function)
        def method(*args: Any, **kwargs: Any) -> Any:
            return function(reference(), *args, **kwargs)

        method.__signature__ = inspect.signature(MethodType(function, instance))  # type: ignore[attr-defined]
        signature = None if owner.signature is None else owner.signature.text
        return Watched(method, signature, owner.max_paths, reference)
