"""Calls of one row, straight from the arguments to the machine. Twin of _direct.pxi, and its type stub.

A compiled function looks at every call's arguments: shapes, names, guards. Most callers call it the same way again
and again; what the first call found out is kept as a Shortcut, which takes the next one if it is alike and declines,
by None, what is not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from vargrad._core import leaf_values
from vargrad._modes import thread

Argnums: TypeAlias = int | Sequence[int] | None
Shape: TypeAlias = tuple[int, ...]
Follow: TypeAlias = Callable[[tuple[float, ...]], "Sequence[float] | None"]


class Shortcut:
    """One row of arguments through a machine and into the shapes of its results.

    ``arguments``, ``parts``: the shapes of what comes and of what is returned, () for a float. ``pair``: the first
    part stands apart from the others. ``alone``: these are one, by itself, not a tuple. ``leaves``: whose values are
    read at each call. ``follow``: what to ask if the last output is not 1.0, from all inputs to outputs or None; its
    absence says that there is no such output.
    """

    def __init__(
        self,
        machine: Any,
        arguments: Sequence[Shape],
        parts: Sequence[Shape],
        pair: bool,
        alone: bool,
        leaves: Sequence[Any] = (),
        follow: Follow | None = None,
    ) -> None:
        self._machine = machine
        self._arguments = tuple(arguments)
        self._parts = [(shape, math.prod(shape)) for shape in parts]
        self._pair = pair
        self._alone = alone
        self._leaves = leaves
        self._follow = follow
        self._numbers = not any(self._arguments)

    def __call__(self, args: tuple[Any, ...]) -> Any:
        """What the call returns, or None: it is unlike the one that this was made for."""
        import numpy

        if len(args) != len(self._arguments):
            return None
        if (self._leaves or self._follow) and thread.recorder is not None:
            return None  # leaves are read, guards are decided: not while somebody records
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
        inputs += leaf_values(self._leaves)
        found: Sequence[float] | None
        if self._numbers:
            found = self._machine.point(inputs)
        else:
            flat = numpy.empty(sum(size for _, size in self._parts) + (self._follow is not None))
            self._machine.row(numpy.array(inputs), flat)
            found = flat.tolist()
        if self._follow is not None:
            found = found[:-1] if found[-1] == 1.0 else self._follow(tuple(inputs))
            if found is None:
                return None
        results, start = [], 0
        for shape, size in self._parts:
            part = found[start : start + size]
            results.append(numpy.array(part).reshape(shape) if shape else part[0])
            start += size
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
