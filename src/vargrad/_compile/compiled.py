"""compile: record a function of floats once, run it and its derivatives over arrays."""

from __future__ import annotations

import functools
import inspect
import weakref
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any, Concatenate, Self, overload

from vargrad._compile.bound import bind as bind_call
from vargrad._compile.call import chosen_arguments
from vargrad._compile.dispatcher import SHORTCUTS
from vargrad._compile.listing import as_machine_code, listing
from vargrad._compile.paths import Output
from vargrad._compile.recorder import RecordingError
from vargrad._compile.sparse.methods import HasPattern
from vargrad._compile.typed import P, Q, R, S, Typed
from vargrad._compile.watch.fingerprints import Fingerprint
from vargrad._compile.watch.object_state import State, is_stateful, state_of, unchanging
from vargrad._core.modes import thread
from vargrad._util.argnums import Argnums
from vargrad._util.files import PathLike
from vargrad._util.public import show_as
from vargrad._vm.machine import fast_calls

__all__ = ["Compiled", "RecordingError", "compile", "load_compiled"]


@overload
def compile(
    f: Callable[P, R],
    *,
    signature: str | None = ...,
    max_paths: int = ...,
    constants: str = ...,
    native: str | None = ...,
) -> Compiled[P, R]: ...
@overload
def compile(
    f: None = ..., *, signature: str | None = ..., max_paths: int = ..., constants: str = ..., native: str | None = ...
) -> Callable[[Callable[P, R]], Compiled[P, R]]: ...
def compile(
    f: Callable[..., Any] | None = None,
    *,
    signature: str | None = None,
    max_paths: int = 256,
    constants: str = "watched",
    native: str | None = None,
) -> Compiled[..., Any] | Callable[[Callable[..., Any]], Compiled[..., Any]]:
    """Record f when it is first called, and replay it and its derivatives over arrays from then on.

    ``f``: ordinary code on floats, with ``vargrad.math``; branches are followed row by row. ``signature``: NumPy's
    generalised-ufunc signature, such as ``"(n),()->()"``, for arguments and results that are vectors; without it every
    argument is a number. ``max_paths``: how many paths through f's branches may be recorded. ``constants``: "watched",
    whatever else f reads, such as globals, closures, elements and attributes, is compared before each call, and f is
    recorded anew where it has changed; "frozen", it stays as it is in the first call. ``native``: "off", "auto" or
    "now", when programs become machine code, instead of what VARGRAD_NATIVE says. Also a decorator, with or without
    arguments. Raises TypeError for what is no function, ValueError for what is no signature.

    >>> import numpy, vargrad
    >>> @vargrad.compile
    ... def f(x, y):
    ...     return x * y if x > 0 else -y
    >>> f(2.0, 3.0)
    6.0
    >>> f(numpy.array([2.0, -1.0]), 3.0).tolist()
    [6.0, -3.0]
    >>> f.value_and_grad(2.0, 3.0)
    (6.0, (3.0, 2.0))
    """
    if f is None:
        return lambda g: compile(g, signature=signature, max_paths=max_paths, constants=constants, native=native)
    if isinstance(f, (classmethod, staticmethod)):
        kind = type(f).__name__
        cure = "make it a staticmethod of the numbers" if kind == "classmethod" else "write @staticmethod above it"
        raise TypeError(f"compile() takes a function, not a {kind}: {cure}")
    if callable(f) and is_stateful(f) and constants == "watched":
        return Watched(f, signature, max_paths, native=native)
    return Compiled(f, signature, max_paths, constants, native)


@fast_calls
class Compiled(Typed[P, R], HasPattern):
    """A recorded function. Every derivative is per row: shape of the rows, then the shapes of result and argument.

    >>> import vargrad
    >>> f = vargrad.compile(lambda x: x * x)
    >>> isinstance(f, vargrad.Compiled), f.grad([1.0, 2.0]).tolist()
    (True, [2.0, 4.0])
    """

    _methods: Methods | None = None
    bind = bind_call

    def to_c(self, *args: Any, name: str | None = None, argnums: Argnums | None = None, **kwargs: Any) -> str:
        """C99 for the recorded paths: a function for the value, and one for value and derivatives.

        ``args``, ``kwargs``: numbers or arrays to record with first; they choose among the recordings for different
        arguments. Not needed if there is only one of these. ``name``: the C function's, if not this one's.
        ``argnums``: the arguments to differentiate by. Closed-over leaves become constants, as they are now. A comment
        at the top of the text says how to call it. Raises ValueError for a name that C cannot have, and where it is
        not clear which recording is meant.

        >>> import vargrad
        >>> @vargrad.compile
        ... def area(a, b):
        ...     return a * b if a > 0 else 0.0
        >>> print(area.to_c([1.0, -1.0], 2.0))
        /* area: value and derivatives, from 2 recorded path(s).
        ...
        int area(const double *x, double *value) {
            if (!(0.0 < x[0])) {
                value[0] = 0.0;
                return 0;
            }
            const double v1 = x[0] * x[1];
            value[0] = v1;
            return 0;
        }
        ...
        """
        from vargrad._compile import to_c as _to_c

        if args or kwargs:
            call = self._begin(args, kwargs, 1)
            if call is None:
                raise TypeError(f"{self.__name__}.to_c() takes numbers and arrays to record with, not Vars")
            call.choose(argnums)
            call.compute(Output("value"))
            specialization, wrt = call.specialization, call.wrt
        else:
            self._look()
            recorded = [specialization for specialization in self._specializations.values() if specialization.paths]
            if len(recorded) != 1:
                raise ValueError(
                    f"{self.__name__}.to_c(): the function has been called in {len(recorded)} ways: give to_c() the "
                    "arguments of a call to record with"
                )
            specialization = recorded[0]
            wrt, _ = chosen_arguments(self.__name__, argnums, len(specialization.names))
        return _to_c.source(specialization, wrt, name)

    def save(self, path: PathLike) -> None:
        """Write the recorded paths to a file, for ``vargrad.load_compiled``; closed-over leaves go by value.

        ``path``: the file, replaced if it is there, and only by a complete one. Raises ValueError where nothing is
        recorded yet, TypeError for results in a container that a file cannot hold.
        """
        from vargrad._compile import files

        self._look()
        files.save(self, path)

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self: Compiled[Concatenate[S, Q], R], instance: S, owner: type | None = None) -> Compiled[Q, R]: ...
    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None or not isinstance(self.__wrapped__, FunctionType):
            return self
        if isinstance(instance, type):
            raise TypeError(
                f"{self.__name__}() is a classmethod: attributes of its class would become constants. Make it a "
                "method, or a staticmethod of the numbers"
            )
        with self.lock:
            if self._methods is None:
                self._methods = Methods(self)
            return self._methods.of(instance)

    def __reduce__(self) -> tuple[Any, ...]:
        from vargrad._compile import pickles

        self._look()
        return pickles.reduce(self, restore)

    def __repr__(self) -> str:
        signature = f", signature={self.signature.text!r}" if self.signature else ""
        known = f"{self.paths} path(s)" if self.paths else "not recorded yet"
        return f"<vargrad.compile({self.__name__}{signature}), {known}>"

    def __str__(self) -> str:
        lines = [repr(self)]
        for specialization in self._specializations.values():
            for i, path in enumerate(specialization.paths):
                lines.append(f"path {i}: {', '.join(specialization.labels)} -> {path.structure}{as_machine_code(path)}")
                lines += [f"    {line}" for line in listing(path, specialization.labels)]
        return "\n".join(lines)


def load_compiled(path: PathLike, function: Callable[..., Any] | None = None) -> Compiled[..., Any]:
    """A compiled function from a file that its ``save`` wrote. Nothing in the file is executed.

    ``function``: the Python function that was compiled, to record new paths with; without it a row that needs one is a
    RecordingError. Closed-over leaves are new ones, with the values and .grad they had. Raises ValueError, naming the
    file, for one that is truncated, foreign, of another version, or does not fit ``function``; OSError if it cannot be
    read.

    >>> import os, tempfile, vargrad
    >>> f = vargrad.compile(lambda x: x * x if x > 0 else -x)
    >>> f([3.0, -1.0]).tolist()
    [9.0, 1.0]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     f.save(os.path.join(folder, "f.npz"))
    ...     again = vargrad.load_compiled(os.path.join(folder, "f.npz"))
    >>> again.value_and_grad(5.0)
    (25.0, 10.0)
    """
    from vargrad._compile import files

    kind = Watched if function is not None and callable(function) and is_stateful(function) else Compiled
    return files.load(path, function, kind.__new__(kind))


def restore(version: int, state: Any, place: tuple[str, str] | None, token: str = "") -> Compiled[..., Any]:
    """A compiled function from its pickle; ValueError for a pickle of another version."""
    from vargrad._compile import pickles

    return pickles.read(Compiled.__new__(Compiled), version, state, place, token)


def compile_again(f: Callable[..., Any], signature: str | None, max_paths: int) -> Compiled[..., Any]:
    """A compiled function from its pickle: without recordings, which are of the object as it was."""
    return compile(f, signature=signature, max_paths=max_paths)


_PUBLIC = ("__call__", *SHORTCUTS[1:], "bind", "jvp", "pattern", "to_c", "save")  # the first shortcut is the call's


def _refreshed(name: str) -> Callable[..., Any]:
    """A method of Compiled that first compares the object with what was recorded."""
    inner = getattr(Compiled, name)

    def method(self: Watched, *args: Any, **kwargs: Any) -> Any:
        self._refresh()
        return inner(self, *args, **kwargs)

    return functools.update_wrapper(method, inner)


class Watched(Compiled[..., Any]):
    """A compiled function that reads an object, which ``subject()`` returns; before each call it is compared."""

    _is_watched = True

    def __init__(
        self,
        f: Callable[..., Any],
        signature: str | None,
        max_paths: int,
        subject: Callable[[], Any] | None = None,
        native: str | None = None,
    ) -> None:
        super().__init__(f, signature, max_paths, native=native)
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

    def _roots(self) -> list[Any]:
        """The function, and the object whose class it may read."""
        return [self.__wrapped__, self._original, self._subject()]

    def _whole_function(self) -> Any:
        function, subject = self._original, self._subject()
        if function is subject or getattr(function, "__self__", function) is subject:
            return function
        return MethodType(function.__wrapped__, subject)  # type: ignore[attr-defined]

    def _resume(self, stored: Fingerprint | None) -> None:
        super()._resume(stored)
        if self.paths:
            self._state = state_of(self.__name__, self._subject())

    def _changed(self, state: State) -> bool:
        return state_of(self.__name__, self._subject())[0] != state[0]

    def _refresh(self) -> None:
        """Forget all recordings if the object has changed since."""
        subject = self._subject()
        shallow = self._shallow
        if shallow is not None:  # unchanged: the same immutable objects under the same names
            now = subject.__dict__
            if len(now) == len(shallow) and all(now.get(name, shallow) is x for name, x in shallow.items()):
                return
        state = state_of(self.__name__, subject)
        with self.lock:
            if self._state is None or state[0] != self._state[0]:
                self._shallow = None
                self._forget_all()
                self._state = state  # last: an interrupt may come between
            self._shallow = unchanging(subject)


for _name in _PUBLIC:
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
        """How many paths through the function's branches have been recorded."""
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


for _name in _PUBLIC:
    setattr(Method, _name, _forwarded(_name))


class Methods:
    """The compiled methods of one function, one for each object, for as long as it lives."""

    def __init__(self, function: Compiled[..., Any]) -> None:
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
        return Watched(method, signature, owner.max_paths, reference, owner.native)


show_as("vargrad", [Compiled, compile, load_compiled])
