"""NumPy's generalised-ufunc signatures, and a call's arguments as columns of rows."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy
import numpy.typing

from vargrad._util import errors
from vargrad._vm.machine import transposed

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
Core: TypeAlias = tuple[str, ...]
_DIMENSION = r"\s*(?:[A-Za-z_]\w*|[0-9]+)\s*"
_CORE = rf"\s*\(\s*(?:{_DIMENSION}(?:,{_DIMENSION})*)?\)\s*"
_SIGNATURE = re.compile(rf"({_CORE}(?:,{_CORE})*)->({_CORE}(?:,{_CORE})*)$")


@dataclass(frozen=True, slots=True)
class Signature:
    """The dimensions that every argument and result has in one row, its core."""

    text: str
    inputs: tuple[Core, ...]
    outputs: tuple[Core, ...]


def parse(text: Any) -> Signature:
    """A signature such as "(n),()->()"; ValueError with the reason if it is none."""
    if not isinstance(text, str):
        raise TypeError(f"compile(): signature must be a str such as '(n),()->()', not {type(text).__name__}")
    found = _SIGNATURE.match(text)
    if found is None:
        raise ValueError(
            f"compile(): {text!r} is no signature: write the dimensions of each argument in one row, an arrow, and "
            "those of each result, such as '(n),()->()'"
        )
    inputs, outputs = (
        tuple(tuple(re.findall(r"\w+", core)) for core in re.findall(r"\(([^)]*)\)", half)) for half in found.groups()
    )
    return Signature(text, inputs, outputs)


class Binder:
    """Which parameter of a function each argument of a call is."""

    def __init__(self, name: str, function: Callable[..., Any], signature: Signature | None) -> None:
        self.name = name
        self.signature = signature
        try:
            parameters = inspect.signature(function).parameters
        except (TypeError, ValueError):
            parameters = {}  # type: ignore[assignment]
        kinds = inspect.Parameter
        self._positional = [
            p.name for p in parameters.values() if p.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)
        ]
        self._only = {p.name for p in parameters.values() if p.kind == kinds.POSITIONAL_ONLY}
        self._keyword = [p.name for p in parameters.values() if p.kind == kinds.KEYWORD_ONLY]
        self._required = [
            p.name
            for p in parameters.values()
            if p.default is p.empty and p.kind not in (kinds.VAR_POSITIONAL, kinds.VAR_KEYWORD)
        ]
        self._any = not parameters or any(p.kind == kinds.VAR_POSITIONAL for p in parameters.values())
        self._extra = any(p.kind == kinds.VAR_KEYWORD for p in parameters.values())

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[tuple[str, ...], list[Any], int]:
        """The names of the arguments given, in the order of the parameters, their values, and how many by position."""
        if len(args) > len(self._positional) and not self._any:
            raise TypeError(
                f"{self.name}() takes {len(self._positional)} positional arguments ({', '.join(self._positional)}), "
                f"got {len(args)}"
            )
        names = (self._positional + [f"*{i}" for i in range(len(args))])[: len(args)]
        values = list(args)
        if kwargs:
            known = [*self._positional, *self._keyword]
            for name in kwargs:
                if name in names:
                    raise TypeError(f"{self.name}() got argument {name!r} by position and by name")
                if (name not in known and not self._extra) or name in self._only:
                    raise TypeError(f"{self.name}() has no argument {name!r}; it takes {', '.join(known) or 'none'}")
            order = [*(name for name in known if name in kwargs), *(name for name in kwargs if name not in known)]
            names += order
            values += [kwargs[name] for name in order]
        missing = [name for name in self._required if name not in names]
        if missing:
            raise TypeError(f"{self.name}() misses argument {', '.join(map(repr, missing))}")
        if self.signature is not None and len(values) != len(self.signature.inputs):
            raise TypeError(
                f"{self.name}() has the signature {self.signature.text!r} of {len(self.signature.inputs)} argument(s), "
                f"got {len(values)}"
            )
        return tuple(names), values, len(args)


class Batch:
    """A call's arguments: ``columns`` as a machine takes them, one or more per argument, over ``rows`` rows."""

    __slots__ = ("columns", "cores", "loop", "rows")

    def __init__(self, binder: Binder, names: Sequence[str], values: Sequence[Any]) -> None:
        signature = binder.signature
        if signature is None and _alike(values):  # nothing to check or broadcast
            self.loop: tuple[int, ...] = values[0].shape
            self.rows = values[0].size
            self.cores: tuple[tuple[int, ...], ...] = ((),) * len(values)
            self.columns: list[Array] = [x.reshape(-1) for x in values]
            return
        dimensions = signature.inputs if signature else ((),) * len(values)
        arrays = [real(f"{binder.name}(): argument {n.lstrip('*')!r}", x) for n, x in zip(names, values, strict=True)]
        sizes: dict[str, int] = {}
        loops = []
        for name, x, core in zip(names, arrays, dimensions, strict=True):
            if x.ndim < len(core):
                raise ValueError(
                    f"{binder.name}(): argument {name!r} has shape {x.shape}, but the signature {signature.text!r} "  # type: ignore[union-attr]
                    f"needs {len(core)} dimension(s) ({','.join(core)})"
                )
            split = x.ndim - len(core)
            loops.append(x.shape[:split])
            for dimension, size in zip(core, x.shape[split:], strict=True):
                wanted = sizes.setdefault(dimension, int(dimension) if dimension.isdigit() else size)
                if wanted != size:
                    raise ValueError(
                        f"{binder.name}(): argument {name!r} has shape {x.shape}, where the signature "
                        f"{signature.text!r} wants {dimension} = {wanted}"  # type: ignore[union-attr]
                    )
        try:
            self.loop = numpy.broadcast_shapes(*loops)
        except ValueError:
            shapes = ", ".join(f"{name}: {x.shape}" for name, x in zip(names, arrays, strict=True))
            raise ValueError(f"{binder.name}(): the arguments' shapes do not broadcast together ({shapes})") from None
        self.rows = math.prod(self.loop)
        self.cores = tuple(x.shape[len(loop) :] for x, loop in zip(arrays, loops, strict=True))
        self.columns = [self.column(x, core) for x, core in zip(arrays, self.cores, strict=True)]

    def column(self, x: Array, core: tuple[int, ...]) -> Array:
        """(rows,) or (1,) for a scalar argument, else (size of the core, rows or 1)."""
        count = math.prod(core)
        if x.size == count and self.rows:
            return numpy.ascontiguousarray(x).reshape((count, 1) if core else (1,))
        full = numpy.broadcast_to(x, self.loop + core)
        if not core:
            return numpy.ascontiguousarray(full).reshape(self.rows)
        return transposed(numpy.ascontiguousarray(full.reshape(self.rows, count)))


def _alike(values: Sequence[Any]) -> bool:
    """Whether these are contiguous, aligned float64 arrays of one shape, with a row at least."""
    if not values or type(values[0]) is not numpy.ndarray:
        return False
    shape = values[0].shape
    for x in values:
        if type(x) is not numpy.ndarray or x.shape != shape or x.dtype != numpy.float64:
            return False
        if not (x.flags.c_contiguous and x.flags.aligned):
            return False
    return values[0].size > 0


def real(what: str, x: Any) -> Array:
    """x as a float64 array; TypeError if its type does not convert without loss."""
    cure = errors.array_cure(x) if isinstance(x, numpy.ndarray) else None
    if cure:
        raise TypeError(f"{what} is {cure}")
    found = numpy.asarray(x)
    if found.dtype == numpy.float64:
        return found if found.flags.aligned else found.copy()
    if found.dtype.kind == "O":
        kinds = {type(item).__name__ for item in found.reshape(-1)[:100].tolist()}
        raise TypeError(f"{what} holds {', '.join(sorted(kinds))}, not numbers that convert to float64")
    if not numpy.can_cast(found.dtype, numpy.float64, "same_kind") or found.dtype.kind not in "fiub":
        raise TypeError(f"{what} is of dtype {found.dtype}, which does not convert to float64")
    return found.astype(numpy.float64)
