"""Calls of one row, straight from the arguments to the machine. Twin of fastcall.pxi, and its type stub.

A compiled function looks at every call's arguments: shapes, names, guards. Most callers call it the same way again
and again; what the first call found out is kept as a Shortcut, which takes the next one if it is alike and declines,
by None, what is not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

from vargrad._core.modes import thread
from vargrad._core.var import add_grads, leaf_values

Argnums: TypeAlias = int | Sequence[int] | None
Shape: TypeAlias = tuple[int, ...]


class Departures(Protocol):
    """Where rows go that leave a path."""

    def guards(self) -> tuple[Any, list[float]]:
        """The machine of the guards, and what they are to give. Its inputs are the first ones of the shortcut's."""

    def child(self, key: tuple[int, float]) -> Shortcut | None:
        """The way on if that guard, the first that differs, gives that number; None if it is not recorded yet."""


class Shortcut:
    """One row of arguments through a machine and into the shapes of its results.

    ``arguments``, ``parts``: the shapes of what comes and of what is returned, () for a float. ``pair``: the first
    part stands apart from the others. ``alone``: these are one, by itself, not a tuple. ``leaves``: whose values are
    read at each call, and to whose .grad the outputs after the parts are added if it ``adds``. ``departures``: what
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
        departures: Departures | None = None,
        adds: bool = False,
    ) -> None:
        self._machine = machine
        self._arguments = tuple(arguments)
        self._parts = [(shape, math.prod(shape)) for shape in parts]
        self._pair = pair
        self._alone = alone
        self._leaves = leaves
        self._departures = departures
        self._adds = adds
        self._numbers = not any(self._arguments)
        self._outputs = sum(n for _, n in self._parts) + len(leaves) * adds + (departures is not None)
        self._guards: tuple[Any, list[float]] | None = None

    def __call__(self, args: tuple[Any, ...]) -> Any:
        """What the call returns, or None: it is unlike the one that this was made for."""
        if len(args) != len(self._arguments):
            return None
        if (self._leaves or self._departures or self._adds) and thread.recorder is not None:
            return None  # leaves are read, guards are decided: not while somebody records
        path: Shortcut | None = self
        while path is not None:
            inputs = path._gather(args)
            if inputs is None:
                return None
            found = path._outputs_of(path._machine, inputs, path._outputs)
            if path._departures is None:
                return path._results(found)
            if found[-1] == 1.0:
                return path._results(found[:-1])
            path = path._child(inputs, path._departures)
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

    def _child(self, inputs: list[float], departures: Departures) -> Shortcut | None:
        if self._guards is None:
            self._guards = departures.guards()
        machine, expected = self._guards
        found = self._outputs_of(machine, inputs[: machine.program.n_inputs], len(expected))
        for i, (x, right) in enumerate(zip(found, expected, strict=True)):
            if x != right:
                return departures.child((i, x))
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


class Direct:
    """A compiled function's methods, by a shortcut where there is one and by ``_value`` and its like otherwise."""

    _value: Callable[..., Any]
    _value_and_grad: Callable[..., Any]
    _grad: Callable[..., Any]
    _jacobian: Callable[..., Any]
    _hessian: Callable[..., Any]
    _hvp: Callable[..., Any]
    _backward: Callable[..., Any]

    def __init__(self) -> None:
        self._shortcuts: dict[str, Callable[[tuple[Any, ...]], Any] | None] = {}

    def _keep(self, what: str, shortcut: Callable[[tuple[Any, ...]], Any] | None) -> None:
        """Take this way from now on; None: no short way."""
        self._shortcuts[what] = shortcut

    def _attempt(
        self, what: str, args: tuple[Any, ...], kwargs: dict[str, Any], workers: int, progress: bool, **option: Any
    ) -> Any:
        plain = not kwargs and workers == 1 and progress is False and all(x is None for x in option.values())
        shortcut = self._shortcuts.get(what) if plain else None
        if shortcut is not None:
            found = shortcut(args)
            if found is not None:
                return found
        return getattr(self, "_" + what)(*args, workers=workers, progress=progress, **option, **kwargs)

    def __call__(self, *args: Any, out: Any = None, workers: int = 1, progress: bool = False, **kwargs: Any) -> Any:
        """The function's value in every row.

        ``args``, ``kwargs``: numbers or arrays, of shapes that broadcast. ``out``: the array, or the tuple of arrays,
        to write results into; untouched if the call fails. ``workers``: threads to use. ``progress``: show a bar of the
        rows done, by tqdm. Floats in, floats out.
        """
        return self._attempt("value", args, kwargs, workers, progress, out=out)

    def value_and_grad(
        self,
        *args: Any,
        argnums: Argnums = None,
        out: Any = None,
        workers: int = 1,
        progress: bool = False,
        **kwargs: Any,
    ) -> Any:
        """The pair of value and gradient, for a function of one number.

        ``out``, here and below: arrays for the results, in tuples or lists as they come.
        """
        return self._attempt("value_and_grad", args, kwargs, workers, progress, argnums=argnums, out=out)

    def grad(
        self,
        *args: Any,
        argnums: Argnums = None,
        out: Any = None,
        workers: int = 1,
        progress: bool = False,
        **kwargs: Any,
    ) -> Any:
        """The gradient of a function of one number: an array for one argument, else a tuple of them.

        ``argnums``: the positions to differentiate by, an int or several; all by default.
        """
        return self._attempt("grad", args, kwargs, workers, progress, argnums=argnums, out=out)

    def jacobian(
        self,
        *args: Any,
        argnums: Argnums = None,
        out: Any = None,
        workers: int = 1,
        progress: bool = False,
        **kwargs: Any,
    ) -> Any:
        """All first derivatives: loop shape + result's core + argument's core, for each result in its container."""
        return self._attempt("jacobian", args, kwargs, workers, progress, argnums=argnums, out=out)

    def hessian(
        self,
        *args: Any,
        argnums: Argnums = None,
        out: Any = None,
        workers: int = 1,
        progress: bool = False,
        **kwargs: Any,
    ) -> Any:
        """All second derivatives of a function of one number: loop shape + both arguments' cores."""
        return self._attempt("hessian", args, kwargs, workers, progress, argnums=argnums, out=out)

    def hvp(
        self,
        *args: Any,
        argnums: Argnums = None,
        out: Any = None,
        workers: int = 1,
        progress: bool = False,
        **kwargs: Any,
    ) -> Any:
        """The Hessian times a vector: ``f.hvp(*args, v)``, v shaped like the argument, or a tuple for several."""
        return self._attempt("hvp", args, kwargs, workers, progress, argnums=argnums, out=out)

    def backward(self, *args: Any, workers: int = 1, progress: bool = False, **kwargs: Any) -> float:
        """Sum the value over all rows, and add the sum's derivatives to the .grad of closed-over leaves that want one.

        Returns the summed value. If it fails, no .grad has changed. ``progress``: show a bar, by tqdm.
        """
        return self._attempt("backward", args, kwargs, workers, progress)  # type: ignore[no-any-return]
