"""The results of a recorded function: their structure, and the arrays that are made of a machine's outputs."""

from __future__ import annotations

import math
import numbers
import operator
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, TypeAlias

import numpy
import numpy.typing

from vargrad._compile.recorder import Condition, Recorder
from vargrad._compile.signature import Signature
from vargrad._core.var import Var
from vargrad._vm.machine import transposed

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Structure:
    """The shape of each result in one row, and the type of their container; None: a single result without one."""

    container: type | None
    cores: tuple[Shape, ...]

    def __str__(self) -> str:
        cores = ", ".join(map(str, self.cores))
        if self.container is not None:
            return f"{len(self.cores)} results of shapes {cores}"
        return f"an array of shape {cores}" if self.cores[0] else "one number"

    def fill(self, parts: list[Any]) -> Any:
        """A container like the function's, with these parts in it."""
        if self.container is None:
            return parts[0]
        if hasattr(self.container, "_make"):
            return self.container._make(parts)
        return list(parts) if self.container is list else tuple(parts)


def flatten(
    name: str, result: Any, signature: Signature | None, sizes: dict[str, int], recorder: Recorder
) -> tuple[Structure, list[Any]]:
    """The structure of a recorded function's result, and its numbers. TypeError or ValueError for an unfit result."""
    several = isinstance(result, (tuple, list)) and (signature is None or len(signature.outputs) > 1)
    if signature is not None and len(signature.outputs) > 1:
        found = len(result) if several else 1
        if found != len(signature.outputs):
            raise ValueError(
                f"{name}() returned {found} result(s); its signature {signature.text!r} has {len(signature.outputs)}"
            )
    items = list(result) if several else [result]
    if not items:
        raise TypeError(f"{name}() returned an empty {type(result).__name__}: nothing to compute")
    flat: list[Any] = []
    cores = []
    for i, item in enumerate(items):
        before = len(flat)
        core = _walk(name, item, flat, recorder)
        if math.prod(core) != len(flat) - before:
            raise ValueError(f"{name}() returned nested lists of unequal lengths")
        cores.append(core)
        if signature is not None:
            _check_core(name, signature, i, core, sizes)
    return Structure(type(result) if several else None, tuple(cores)), flat


def _walk(name: str, item: Any, flat: list[Any], recorder: Recorder) -> Shape:
    """Append the item's numbers; the shape they have."""
    if isinstance(item, Var):
        flat.append(item)
        return ()
    if isinstance(item, Condition):
        flat.append(recorder.where(item, 1.0, 0.0))
        return ()
    if isinstance(item, numpy.ndarray):
        for x in item.reshape(-1).tolist():
            _walk(name, x, flat, recorder)
        return tuple(item.shape)
    if isinstance(item, (list, tuple)):
        shapes = {_walk(name, x, flat, recorder) for x in item}
        if len(shapes) > 1:
            raise ValueError(f"{name}() returned a ragged sequence: items of shapes {sorted(shapes)}")
        return (len(item), *next(iter(shapes), ()))
    if isinstance(item, numbers.Real):
        flat.append(float(item))
        return ()
    found = "nothing (None): does it lack a return?" if item is None else f"{type(item).__name__} ({item!r:.60})"
    raise TypeError(f"compile(): {name}() must return Vars or numbers, or tuples, lists or arrays of them, not {found}")


def _check_core(name: str, signature: Signature, i: int, core: Shape, sizes: dict[str, int]) -> None:
    wanted = signature.outputs[i]
    good = len(core) == len(wanted)
    for dimension, size in zip(wanted, core, strict=False):
        good = good and size == sizes.setdefault(dimension, int(dimension) if dimension.isdigit() else size)
    if not good:
        expected = "(" + ",".join(str(sizes.get(d, d)) for d in wanted) + ")"
        raise ValueError(
            f"{name}() returned a result of shape {core}; its signature {signature.text!r} says {expected}"
        )


def arranged(part: Any, core: Shape, loop: Shape) -> Any:
    """One result from its outputs in all rows: a float, or an array of shape ``loop`` (of the rows) + ``core``."""
    if not core:
        return float(part[0, 0]) if not loop else part[0].reshape(loop)
    if not loop:
        return part.reshape(core)
    return transposed(numpy.ascontiguousarray(part)).reshape(loop + core)


def split(full: Any, cores: Sequence[Shape], loop: Shape) -> list[Any]:
    """All results from all outputs."""
    parts, start = [], 0
    for core in cores:
        stop = start + math.prod(core)
        parts.append(arranged(full[start:stop], core, loop))
        start = stop
    return parts


def split_matrix(full: Any, outer: Sequence[Shape], inner: Sequence[Shape], loop: Shape) -> list[list[Any]]:
    """The blocks of a matrix of derivatives: shape loop + outer core + inner core each."""
    if not isinstance(full, numpy.ndarray):  # nothing has a core
        width = len(inner)
        return [[x.reshape(loop) for x in full[i : i + width]] for i in range(0, len(full), width)]
    heights, widths = [math.prod(core) for core in outer], [math.prod(core) for core in inner]
    rows = full.shape[-1]  # there may be no output
    matrix = full.reshape(sum(heights), sum(widths), rows)
    blocks, top = [], 0
    for core, height in zip(outer, heights, strict=True):
        row, left = [], 0
        for other, width in zip(inner, widths, strict=True):
            part = matrix[top : top + height, left : left + width].reshape(height * width, rows)
            row.append(arranged(part, core + other, loop))
            left += width
        blocks.append(row)
        top += height
    return blocks


def items(tree: Any) -> list[Any]:
    """The items of tuples and lists in tuples and lists."""
    return [x for part in tree for x in items(part)] if isinstance(tree, (tuple, list)) else [tree]


def into(name: str, out: Any, results: Any, written: bool) -> Any:
    """The results in the caller's arrays: all of them or, if one does not fit or Ctrl-C comes before, none.

    ``out``: arrays in tuples and lists, in the order of the results. ``written``: they hold the results already.
    """
    targets, sources = items(out), items(results)
    if len(targets) != len(sources):
        raise ValueError(f"{name}(): out has {len(targets)} array(s) for {len(sources)} result(s)")
    for i, (target, source) in enumerate(zip(targets, sources, strict=True)):
        shape = numpy.shape(source)
        if not isinstance(target, numpy.ndarray) or target.shape != shape or target.dtype != numpy.float64:
            found = f"{target.dtype} {target.shape}" if isinstance(target, numpy.ndarray) else type(target).__name__
            raise ValueError(f"{name}(): out[{i}] must be a float64 array of shape {shape}, not {found}")
        if isinstance(target, numpy.ma.MaskedArray):
            raise ValueError(f"{name}(): out[{i}] is a masked array, whose mask would hide results: give out.data")
        if not target.flags.writeable:
            raise ValueError(f"{name}(): out[{i}] is read-only")
    if not written:  # without a step of the interpreter between two arrays, where a signal could interrupt
        plain: list[Any] = [numpy.asarray(target) for target in targets]
        deque(map(operator.setitem, plain, repeat(...), sources), maxlen=0)
    return _rebuilt(results, iter(targets))


def _rebuilt(tree: Any, given: Iterator[Any]) -> Any:
    """The same tuples and lists around other items."""
    if not isinstance(tree, (tuple, list)):
        return next(given)
    parts = [_rebuilt(part, given) for part in tree]
    if isinstance(tree, list):
        return parts
    return tree._make(parts) if hasattr(tree, "_make") else tuple(parts)
