"""Calls of one row, straight from the arguments to the machine. Twin of fastcall.pxi, and its type stub.

A compiled function looks at every call's arguments: shapes, names, guards. Most callers call it the same way again
and again; what the first call found out is kept as a Shortcut, which takes the next one if it is alike and declines,
by None, what is not.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol, Self, TypeAlias, TypeVar

from vargrad._core.modes import thread
from vargrad._core.var import add_grads, leaf_values

Kind = TypeVar("Kind", bound="HasShortcuts")
Method = TypeVar("Method", bound=Callable[..., Any])
Shape: TypeAlias = tuple[int, ...]


class SideTraces(Protocol):
    """Where rows go that leave a path."""

    def guards(self) -> tuple[Any, list[float]]:
        """The machine of the guards, and what they are to give. Its inputs are the first ones of the shortcut's."""

    def child(self, side_exit: tuple[int, float]) -> Shortcut | None:
        """The way on if that guard, the first that differs, gives that number; None if it is not recorded yet."""


class Shortcut:
    """One row of arguments through a machine and into the shapes of its results.

    ``arguments``, ``parts``: the shapes of what comes and of what is returned, () for a float. ``pair``: the first
    part stands apart from the others. ``alone``: these are one, by itself, not a tuple. ``leaves``: whose values are
    read at each call, and to whose .grad the outputs after the parts are added if it ``adds``. ``side_traces``: what
    to ask if the last output is not 1.0; its absence says that there is no such output.
    """

    def __init__(
        self,
        machine: Any,
        arguments: Sequence[Shape],
        parts: Sequence[Shape],
        pair: bool,
        alone: bool,
        leaves: Sequence[Any] = (),
        side_traces: SideTraces | None = None,
        adds: bool = False,
    ) -> None:
        self._machine = machine
        self._arguments = tuple(arguments)
        self._parts = [(shape, math.prod(shape)) for shape in parts]
        self._pair = pair
        self._alone = alone
        self._leaves = leaves
        self._side_traces = side_traces
        self._adds = adds
        self._numbers = not any(self._arguments)
        self._outputs = sum(n for _, n in self._parts) + len(leaves) * adds + (side_traces is not None)
        self._guards: tuple[Any, list[float]] | None = None

    def __call__(self, args: tuple[Any, ...]) -> Any:
        """What the call returns, or None: it is unlike the one that this was made for."""
        if len(args) != len(self._arguments):
            return None
        if (self._leaves or self._side_traces or self._adds) and thread.recorder is not None:
            return None  # leaves are read, guards are decided: not while somebody records
        path: Shortcut | None = self
        while path is not None:
            inputs = path._gather(args)
            if inputs is None:
                return None
            found = path._outputs_of(path._machine, inputs, path._outputs)
            if path._side_traces is None:
                return path._results(found)
            if found[-1] == 1.0:
                return path._results(found[:-1])
            path = path._child(inputs, path._side_traces)
        return None

    def _gather(self, args: tuple[Any, ...]) -> list[float] | None:
        import numpy

        inputs: list[float] = []
        for x, shape in zip(args, self._arguments, strict=True):
            if not shape:
                if not isinstance(x, (float, int)):
                    return None
                try:
                    inputs.append(float(x))
                except OverflowError:
                    return None
            elif type(x) is numpy.ndarray and x.shape == shape and x.dtype == numpy.float64 and x.flags.c_contiguous:
                inputs += x.reshape(-1).tolist()
            else:
                return None
        return inputs + leaf_values(self._leaves)

    def _outputs_of(self, machine: Any, inputs: list[float], count: int) -> Sequence[float]:
        import numpy

        if self._numbers:
            return machine.point(inputs)  # type: ignore[no-any-return]
        flat = numpy.empty(count)
        machine.row(numpy.array(inputs), flat)
        return flat.tolist()

    def _child(self, inputs: list[float], side_traces: SideTraces) -> Shortcut | None:
        if self._guards is None:
            self._guards = side_traces.guards()
        machine, outcomes = self._guards
        found = self._outputs_of(machine, inputs[: machine.program.n_inputs], len(outcomes))
        for i, (x, right) in enumerate(zip(found, outcomes, strict=True)):
            if x != right:
                return side_traces.child((i, x))
        return None

    def _results(self, found: Sequence[float]) -> Any:
        import numpy

        results: list[Any] = []
        start = 0
        for shape, size in self._parts:
            part = found[start : start + size]
            results.append(numpy.array(part).reshape(shape) if shape else part[0])
            start += size
        if self._adds:
            add_grads(self._leaves, list(found[start:]))
            return results[0]
        first, rest = (results[0], results[1:]) if self._pair else (None, results)
        last = rest[0] if self._alone else tuple(rest)
        return (first, last) if self._pair else last


class HasShortcuts:
    """An object whose fast methods have shortcuts, one for each kind of output."""

    _shortcuts: dict[str, Shortcut]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = super().__new__(cls)
        self._shortcuts = {}
        return self

    def _set_shortcut(self, kind: str, shortcut: Shortcut | None) -> None:
        """Let the method of that kind try this shortcut first; None: no shortcut any more."""
        if shortcut is None:
            self._shortcuts.pop(kind, None)
        else:
            self._shortcuts[kind] = shortcut


def fast_method(kind: str) -> Callable[[Method], Method]:
    """Decorator: a method of a class derived from HasShortcuts that tries the object's shortcut of that kind first."""

    def decorate(function: Method) -> Method:
        @functools.wraps(function)
        def method(self: HasShortcuts, *args: Any, **kwargs: Any) -> Any:
            shortcut = None if kwargs else self._shortcuts.get(kind)
            found = None if shortcut is None else shortcut(args)
            return function(self, *args, **kwargs) if found is None else found

        return method  # type: ignore[return-value]

    return decorate


def fast_calls(kind: type[Kind]) -> type[Kind]:
    """Class decorator: ``f(x)`` tries the shortcut of kind "value" first; here ``__call__`` does so itself."""
    return kind
