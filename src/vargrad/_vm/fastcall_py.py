"""Calls of one row, straight from the arguments to the machine. Twin of fastcall.pxi and ways.pxi, and their type stub.

A compiled function examines the arguments of every call: shapes, names, guards. Most callers call it in the same way
again and again. So the first call leaves a Shortcut, which serves later calls with arguments of the same kind and
returns None for all others. Shortcuts of the compiled machine serve arrays of few rows, too: see few.pxi.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, Self, TypeAlias, TypeVar

from vargrad._core.modes import thread
from vargrad._core.var import add_grads, leaf_values
from vargrad._vm.watch_py import Watch
from vargrad._vm.ways import MOST_ARRANGEMENTS, MOST_WAYS, Arrangement, arrangement, is_plain

Kind = TypeVar("Kind", bound="HasShortcuts")
Method = TypeVar("Method", bound=Callable[..., Any])
Shape: TypeAlias = tuple[int, ...]


class SideTraces(Protocol):
    """Side exits of a path: which path takes a row that fails a guard."""

    def guards(self) -> tuple[Any, list[float]]:
        """The machine of the guards, whose inputs are the shortcut's first ones, and their values on this path."""

    def child(self, side_exit: tuple[int, float]) -> Shortcut | None:
        """The shortcut of the path behind a side exit; None if it is not recorded yet."""

    @property
    def batch(self) -> Callable[[], tuple[Any, Any]]:
        """Returns the machine that batches try first, and the leaves that it reads: a list, or None."""


class Shortcut:
    """One row of arguments through a machine and into the shapes of its results.

    ``arguments``, ``parts``: the shapes of the arguments and of the results, () for a float. ``pair``: the result is
    a pair of the first part and all others. ``alone``: these others are a single one, not in a tuple. ``leaves``:
    Vars whose values are read at each call, and to whose .grad the outputs after the parts are added if it ``adds``.
    ``width``: the parts are a matrix, in tuples of so many; 0: they are not.
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
        width: int = 0,
    ) -> None:
        self._machine = machine
        self._arguments = tuple(arguments)
        self._parts = [(shape, math.prod(shape)) for shape in parts]
        self._pair = pair
        self._alone = alone
        self._leaves = leaves
        self._side_traces = side_traces
        self._adds = adds
        self._width = width
        self.batches = False  # whether arrays of rows may be taken; this machine takes none
        self.hvp = False  # whether the last argument is that of hvp, which has no rows of its own
        self._numbers = not any(self._arguments)
        self._outputs = sum(n for _, n in self._parts) + len(leaves) * adds + (side_traces is not None)
        self._guards: tuple[Any, list[float]] | None = None
        self.watch: Watch | None = None  # what the recording read besides its arguments

    def __call__(self, args: tuple[Any, ...], out: Any = None) -> Any:
        """The call's result; None if its arguments are not of the kind that this shortcut is for.

        ``out``: arrays to write results into, which only the compiled machine does.
        """
        if len(args) != len(self._arguments) or out is not None:
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

    def into(self, args: tuple[Any, ...], targets: list[Any]) -> bool:
        """Whether the results could be written to these arrays, one for each of them in their order: not here."""
        return False

    def _gather(self, args: tuple[Any, ...]) -> list[float] | None:
        import numpy

        inputs: list[float] = []
        for x, shape in zip(args, self._arguments, strict=True):
            if not shape:
                if not isinstance(x, (float, int)) and not _is_scalar(x):
                    return None
                try:
                    inputs.append(float(x))
                except OverflowError:
                    return None
            elif type(x) is numpy.ndarray and x.shape == shape and x.dtype == numpy.float64 and x.flags.c_contiguous:
                inputs += x.reshape(-1).tolist()
            elif 0 in shape or not _add_items(x, shape, inputs):
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
        if self._width:
            rest = [tuple(rest[i : i + self._width]) for i in range(0, len(rest), self._width)]
        last = rest[0] if self._alone else tuple(rest)
        return (first, last) if self._pair else last


def _is_scalar(x: Any) -> bool:
    """Whether it is a scalar of NumPy that converts to float64, or such an array without an axis."""
    import numpy

    if not isinstance(x, numpy.generic) and (type(x) is not numpy.ndarray or x.ndim):
        return False
    return x.dtype.kind in "biuf" and numpy.can_cast(x.dtype, numpy.float64)


def _add_items(x: Any, shape: Shape, inputs: list[float]) -> bool:
    """Add the numbers of lists or tuples in the depth of that shape; False for anything else."""
    if type(x) not in (list, tuple) or len(x) != shape[0]:
        return False
    if len(shape) > 1:
        return all(_add_items(item, shape[1:], inputs) for item in x)
    if not all(type(item) is float or (type(item) is int and abs(item) <= 1 << 53) for item in x):
        return False
    inputs += map(float, x)
    return True


class Way(NamedTuple):
    """A shortcut, and what a call must have for it."""

    shortcut: Shortcut
    names: tuple[str, ...]
    positional: int
    argnums: Any


class HasShortcuts:
    """An object whose fast methods have shortcuts, for each kind of output some ways of calling."""

    _shortcuts: dict[str, Shortcut]  # for calls with arguments by position alone, the newest of each kind
    _ways: dict[str, dict[Any, Way]]  # of each kind, by their keys, the oldest first
    _arranged: dict[tuple[str, int, tuple[str, ...]], list[tuple[Way, Arrangement]]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = super().__new__(cls)
        self._drop_ways()
        return self

    def _attempt(self, kind: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of the first way that fits the call and does not decline; None if there is none."""
        tried = None if kwargs else self._shortcuts.get(kind)
        found = None if tried is None else tried(args)
        if found is not None or kind not in self._ways:
            return found
        key = kind, len(args), tuple(kwargs)
        if key not in self._arranged:
            if len(self._arranged) >= MOST_ARRANGEMENTS:
                self._arranged.clear()
            fitting = [(way, arrangement(kind, *way[1:3], *key[1:])) for way in [*self._ways[kind].values()]]
            self._arranged[key] = [(way, found) for way, found in fitting if found is not None]
        given = (*args, *kwargs.values())
        for way, (places, by, out) in self._arranged.get(key, ()):
            argnums = None if by < 0 else given[by]
            if way.shortcut is tried or not (is_plain(argnums) and argnums == way.argnums):
                continue
            found = way.shortcut(tuple(given[i] for i in places), None if out < 0 else given[out])
            if found is not None:
                return found
        return None

    def _shortcut_of(self, kind: str, key: Any) -> Shortcut | None:
        """The shortcut of calls of that kind with this key; None if there is none."""
        way = self._ways.get(kind, {}).get(key)
        return None if way is None else way.shortcut

    def _add_way(
        self, kind: str, key: Any, shortcut: Shortcut, names: tuple[str, ...], positional: int, argnums: Any
    ) -> None:
        """Let calls of that kind try this shortcut first.

        ``key``: what the way is remembered by. ``names``, ``positional``: see ways.arrangement. ``argnums``: what the
        call gave as that; a way is only remembered for an int, a tuple of ints and None.
        """
        if not is_plain(argnums):
            return
        ways = self._ways.setdefault(kind, {})
        ways[key] = Way(shortcut, names, positional, argnums)
        while len(ways) > MOST_WAYS:
            del ways[next(iter(ways))]
        self._arranged = {}
        if argnums is None and positional == len(names):
            self._shortcuts[kind] = shortcut

    def _count_ways(self) -> int:
        """How many ways are remembered."""
        return sum(map(len, self._ways.values()))

    def _drop_ways(self) -> None:
        """No shortcuts any more."""
        self._shortcuts, self._ways, self._arranged = {}, {}, {}


def fast_method(kind: str) -> Callable[[Method], Method]:
    """Decorator: a method of a class derived from HasShortcuts that tries the object's shortcuts of that kind first."""

    def decorate(function: Method) -> Method:
        @functools.wraps(function)
        def method(self: HasShortcuts, *args: Any, **kwargs: Any) -> Any:
            found = self._attempt(kind, args, kwargs)
            return function(self, *args, **kwargs) if found is None else found

        return method  # type: ignore[return-value]

    return decorate


def fast_calls(kind: type[Kind]) -> type[Kind]:
    """Class decorator: ``f(x)`` tries the shortcut of kind "value" first; here ``__call__`` does so itself."""
    return kind
