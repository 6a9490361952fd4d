"""Arguments and results as trees: numbers in lists, tuples, dicts, dataclasses and NumPy arrays, nested as they like.

The numbers are in one flat list. A tree is the containers with the position of each number in its place, an
``ArrayPlace`` of positions in place of each array, and an ``ObjectPlace`` of trees in place of each other object.
"""

from __future__ import annotations

import copy
import math
import numbers
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from vargrad._core.var import Var
from vargrad._transforms.tree_classes import ObjectPlace, opened
from vargrad._transforms.tree_classes import register_tree as register_tree
from vargrad._util import errors

Scalar: TypeAlias = Var | float
Tree: TypeAlias = Any  # an int, a ArrayPlace, or a list, tuple or dict of Trees
_NUMBERS = {float, Var}
_KINDS = "a float, or a list, tuple, dict, dataclass or array of floats"


@dataclass(frozen=True, slots=True)
class ArrayPlace:
    """The place of an array in the flat list: its numbers are one after the other there."""

    start: int
    shape: tuple[int, ...]
    subclass: Any = None  # of ndarray, if it is one

    def among(self, flat: Sequence[Any]) -> Sequence[Any]:
        """The array's part of the flat list."""
        return flat[self.start : self.start + math.prod(self.shape)]


def plain(x: Scalar) -> float:
    """The number itself, of a Var its value."""
    return x.value if isinstance(x, Var) else x


class _Foreign(Exception):
    """Raised where a tree holds what is no number, with the way to it."""

    def __init__(self, found: object) -> None:
        self.found = found
        self.path: list[str] = []


def flatten(x: object, flat: list[Scalar], what: str) -> Tree:
    """The tree of x, its numbers appended to flat; TypeError that names ``what`` and the way to what is no number."""
    kind_of = type(x)
    if kind_of is list or kind_of is tuple:  # of numbers alone, the usual case
        items = list(x)  # type: ignore[call-overload]
        if _NUMBERS.issuperset(map(type, items)):
            start = len(flat)
            flat += items
            return kind_of(range(start, len(flat)))
    try:
        return _walk(x, flat)
    except _Foreign as error:
        where = what + (f" at {''.join(reversed(error.path))}" if error.path else "")
        raise TypeError(f"{where} must be {_KINDS}, not {kind(error.found)}") from None
    except OverflowError as error:
        raise OverflowError(f"{what}: {error}") from None


def _walk(x: object, flat: list[Scalar]) -> Tree:
    if isinstance(x, (float, Var, numbers.Real)):
        flat.append(x if type(x) is float or isinstance(x, Var) else errors.as_float(x, "a number"))
        return len(flat) - 1
    place = opened(x)
    if place is not None:
        parts = zip(place.labels(), place.parts, strict=True)
        return place.of([_item(label, item, flat) for label, item in parts])
    if isinstance(x, (list, tuple, dict)):
        keyed = x.items() if isinstance(x, dict) else enumerate(x)
        return _like(x, [_item(f"[{key!r}]", item, flat) for key, item in keyed])
    if is_array(x):
        return _walk_array(x, flat)
    raise _Foreign(x)


def _item(label: str, item: object, flat: list[Scalar]) -> Tree:
    try:
        return _walk(item, flat)
    except _Foreign as error:
        error.path.append(label)
        raise


def _walk_array(x: Any, flat: list[Scalar]) -> ArrayPlace:
    if errors.array_cure(x):
        raise _Foreign(x)
    block = ArrayPlace(len(flat), x.shape, None if type(x) is sys.modules["numpy"].ndarray else type(x))
    if x.dtype.kind in "fiub":
        flat += x.astype(float).reshape(-1).tolist()
        return block
    if x.dtype.kind != "O":
        raise _Foreign(x)
    for position, item in zip(_positions(x.shape), x.reshape(-1).tolist(), strict=True):
        if not isinstance(item, (float, Var, numbers.Real)):
            error = _Foreign(item)
            error.path.append(position)
            raise error
        _walk(item, flat)
    return block


def _class_for_vars() -> Any:
    """The class of vargrad.array, if that has been used."""
    module = sys.modules.get("vargrad._arrays.array")
    return getattr(module, "Array", None)


def is_array(x: object) -> bool:
    """Whether x is an ndarray. Where there is one NumPy has been imported; other programs do not pay for it."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(x, numpy.ndarray)


def kind(x: Any) -> str:
    """A name for what x is, for a message that refuses it."""
    if is_array(x):
        return errors.array_cure(x) or f"an array of {x.dtype}"
    if type(x).__name__ == "Var":
        return f"a Var of {type(x).__module__}, while the active backend's Var is {Var.__module__}'s"
    return "None" if x is None else f"{type(x).__name__} ({x!r:.60})"


def _like(container: Any, items: list[Any]) -> Any:
    """A container of that kind, with these items."""
    if isinstance(container, dict):
        result = copy.copy(container)  # keeps what a subclass adds, such as a default
        for key, item in zip(container, items, strict=True):
            result[key] = item
        return result
    if type(container) is list:
        return items
    if isinstance(container, list):
        own: Any = copy.copy(container)
        list.__setitem__(own, slice(None), items)
        return own
    if type(container) is tuple or hasattr(container, "_make"):
        return container._make(items) if hasattr(container, "_make") else tuple(items)
    made: Any
    try:  # a subclass, without its __init__, whose arguments may be others
        made = tuple.__new__(type(container), items)
    except TypeError:  # a type of C's, such as time.struct_time
        return type(container)(items)
    if hasattr(container, "__dict__"):
        made.__dict__.update(container.__dict__)
    return made


def _items(tree: Any) -> Iterable[Any]:
    return tree.values() if isinstance(tree, dict) else tree


def fill(tree: Tree, flat: Sequence[Scalar], argument: bool = False) -> Any:
    """The tree with its numbers in place, the inverse of flatten; arrays are of floats, or of objects if of Vars.

    ``argument``: for a function to compute with. Then dataclasses are made by their constructors.
    """
    if isinstance(tree, int):
        return flat[tree]
    if isinstance(tree, ObjectPlace):
        return tree.made([fill(t, flat, argument) for t in tree.parts], argument)
    if isinstance(tree, ArrayPlace):
        array = _array(tree.among(flat), tree.shape)
        kind = tree.subclass
        return array if kind is None or (kind is _class_for_vars() and array.dtype != object) else array.view(kind)
    return _like(tree, [flat[t] if type(t) is int else fill(t, flat, argument) for t in _items(tree)])


def mapped(x: Any, function: Callable[[Var], Any]) -> Any:
    """Anything, with the function of each Var in its place; what is no container of ours is left as it is."""
    if isinstance(x, Var):
        return function(x)
    place = opened(x)
    if place is not None:
        return place.made([mapped(item, function) for item in place.parts])
    if isinstance(x, (list, tuple, dict)):
        return _like(x, [mapped(item, function) for item in _items(x)])
    if is_array(x) and x.dtype == object and any(isinstance(item, Var) for item in x.flat):
        found = _array([mapped(item, function) for item in x.reshape(-1).tolist()], x.shape)
        return found if type(x) is sys.modules["numpy"].ndarray else found.view(type(x))
    return x


def fill_matrix(outer: Tree, inner: Tree, rows: Sequence[Sequence[Scalar]]) -> Any:
    """The outer tree with, in place of each number, the inner tree of its row; arrays of shape outer + inner."""
    if isinstance(outer, int):
        return fill(inner, rows[outer])
    if isinstance(outer, ArrayPlace):
        return _fill_columns(inner, outer.among(rows), outer.shape)
    if isinstance(outer, ObjectPlace):
        return outer.made([fill_matrix(t, inner, rows) for t in outer.parts])
    return _like(outer, [fill_matrix(t, inner, rows) for t in _items(outer)])


def _fill_columns(tree: Tree, rows: Sequence[Sequence[Scalar]], shape: tuple[int, ...]) -> Any:
    """The tree with, in place of each number, the array of all rows' numbers there."""
    if isinstance(tree, int):
        return _array([row[tree] for row in rows], shape)
    if isinstance(tree, ArrayPlace):
        return _array([x for row in rows for x in tree.among(row)], shape + tree.shape)
    if isinstance(tree, ObjectPlace):
        return tree.made([_fill_columns(t, rows, shape) for t in tree.parts])
    return _like(tree, [_fill_columns(t, rows, shape) for t in _items(tree)])


def _array(values: Sequence[Scalar], shape: tuple[int, ...]) -> Any:
    import numpy

    result = numpy.empty(len(values), object if any(isinstance(x, Var) for x in values) else float)
    result[:] = values
    return result.reshape(shape)


def aligned(tree: Tree, other: Tree, flat: Sequence[Scalar]) -> list[Scalar] | None:
    """The numbers of the other tree in this tree's order (keys of a dict may come in any); None if they differ."""
    if type(tree) is not type(other):
        return None
    if isinstance(tree, int):
        return [flat[other]]
    if isinstance(tree, ArrayPlace):
        return list(other.among(flat)) if tree.shape == other.shape else None
    if isinstance(tree, ObjectPlace):
        return aligned(tree.parts, other.parts, flat) if tree.is_like(other) else None
    if len(tree) != len(other):
        return None
    if isinstance(tree, dict):
        if tree.keys() != other.keys():
            return None
        pairs = [(item, other[key]) for key, item in tree.items()]
    else:
        pairs = list(zip(tree, other, strict=True))
    parts = [aligned(item, counterpart, flat) for item, counterpart in pairs]
    return None if None in parts else [x for part in parts if part is not None for x in part]


def describe(tree: Tree) -> str:
    """A tree in words for a message, such as ``[float, array(3,)]``."""
    if isinstance(tree, int):
        return "float"
    if isinstance(tree, ArrayPlace):
        return f"array{tree.shape}"
    if isinstance(tree, ObjectPlace):
        return f"{tree.kind.__name__}({_listed([describe(item) for item in tree.parts])})"
    if isinstance(tree, dict):
        names = [f"{key!r}: {describe(item)}" for key, item in tree.items()]
        return "{" + _listed(names) + "}"
    inside = _listed([describe(item) for item in tree])
    if isinstance(tree, list):
        return f"[{inside}]"
    return f"{type(tree).__name__}({inside})" if hasattr(tree, "_make") else f"({inside})"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 6 else f"{names[0]}, {names[1]}, ... {len(names)} items"


def paths(tree: Tree) -> Iterator[str]:
    """How one would index each number of the tree, in the order of the flat list."""
    if isinstance(tree, (int, ArrayPlace)):
        yield from [""] if isinstance(tree, int) else _positions(tree.shape)
        return
    if isinstance(tree, ObjectPlace):
        for label, item in zip(tree.labels(), tree.parts, strict=True):
            for rest in paths(item):
                yield label + rest
        return
    for key, item in tree.items() if isinstance(tree, dict) else enumerate(tree):
        for rest in paths(item):
            yield f"[{key!r}]{rest}"


def _positions(shape: tuple[int, ...]) -> Iterator[str]:
    strides = [math.prod(shape[k + 1 :]) for k in range(len(shape))]
    for n in range(math.prod(shape)):
        yield str([n // stride % size for stride, size in zip(strides, shape, strict=True)]) if shape else ""
