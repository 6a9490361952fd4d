"""Calls of one row, straight from the arguments to the machine. Twin of fastcall.pxi, and its type stub.

A compiled function examines the arguments of every call: shapes, names, guards. Most callers call it in the same way
again and again. So the first call leaves a Shortcut, which serves later calls with arguments of the same kind and
returns None for all others.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol, Self, TypeAlias, TypeVar

from vargrad._core.modes import thread
from vargrad._core.var import add_grads, leaf_values
from vargrad._vm.watch_py import Watch

Kind = TypeVar("Kind", bound="HasShortcuts")
Method = TypeVar("Method", bound=Callable[..., Any])
Shape: TypeAlias = tuple[int, ...]


class SideTraces(Protocol):
    """Side exits of a path: which path takes a row that fails a guard."""

    def guards(self) -> tuple[Any, list[float]]:
        """The machine of the guards, whose inputs are the shortcut's first ones, and their values on this path."""

    def child(self, side_exit: tuple[int, float]) -> Shortcut | None:
        """The shortcut of the path behind a side exit; None if it is not recorded yet."""


class Shortcut:
    """One row of arguments through a machine and into the shapes of its results.

    ``arguments``, ``parts``: the shapes of the arguments and of the results, () for a float. ``pair``: the result is
    a pair of the first part and all others. ``alone``: these others are a single one, not in a tuple. ``leaves``:
    Vars whose values are read at each call, and to whose .grad the outputs after the parts are added if it ``adds``.
    ``side_traces``: asked if the last output is not 1.0, that is if a guard fails; None: there is no such output.
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
        self.watch: Watch | None = None  # what the recording read besides its arguments

    def __call__(self, args: tuple[Any, ...]) -> Any:
        """The call's result; None if its arguments are not of the kind that this shortcut is for."""
        if len(args) != len(self._arguments):
            return None
        if self.watch is not None and not self.watch.same():
            return None
        if (self._leaves or self._side_traces or self._adds) and thread.recorder is not None:
            return None  # reading leaves and deciding guards are part of a recording that is going on
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
