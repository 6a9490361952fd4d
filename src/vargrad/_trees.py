"""Arguments and results as trees: numbers in lists, tuples, dicts and NumPy arrays, nested as they like.

A tree is the containers themselves with a ``Block`` in place of each number or array; the numbers stand beside it,
in one flat list.
"""

from __future__ import annotations

import copy
import math
import numbers
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from vargrad import _checks
from vargrad._core import Var

Scalar: TypeAlias = Var | float
Tree: TypeAlias = Any  # a Block, or a list, tuple or dict of Trees
_KINDS = "a float, or a list, tuple, dict or array of floats"


@dataclass(frozen=True, slots=True)
class Block:
    """Where the numbers of one leaf of a tree stand in the flat list; ``shape`` is None for a single number."""

    start: int
    shape: tuple[int, ...] | None = None

    def among(self, flat: Sequence[Any]) -> Sequence[Any]:
        """This block's part of the flat list."""
        return flat[self.start : self.start + math.prod(self.shape or ())]


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
    try:
        return _walk(x, flat)
    except _Foreign as error:
        where = what + (f" at {''.join(reversed(error.path))}" if error.path else "")
        message = f"{where} must be {_KINDS}, not {_kind(error.found)}"
    except OverflowError as error:
        message = f"{what}: {error}"
        raise OverflowError(message) from None
    raise TypeError(message)


def _walk(x: object, flat: list[Scalar]) -> Tree:
    if isinstance(x, (float, Var, numbers.Real)):
        flat.append(x if isinstance(x, Var) else _checks.as_float(x, "a number"))
        return Block(len(flat) - 1)
    if isinstance(x, (list, tuple)):
        items = [_item(i, item, flat) for i, item in enumerate(x)]
        if isinstance(x, list):
            return items
        return x._make(items) if hasattr(x, "_make") else tuple(items)
    if isinstance(x, dict):
        return _same_dict(x, [_item(key, item, flat) for key, item in x.items()])
    if is_array(x):
        return _walk_array(x, flat)
    raise _Foreign(x)


def _item(key: object, item: object, flat: list[Scalar]) -> Tree:
    try:
        return _walk(item, flat)
    except _Foreign as error:
        error.path.append(f"[{key!r}]")
        raise


def _walk_array(x: Any, flat: list[Scalar]) -> Block:
    block = Block(len(flat), x.shape)
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


def is_array(x: object) -> bool:
    """Whether x is an ndarray. Who has one has imported NumPy; nobody else pays for it."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(x, numpy.ndarray)


def _kind(x: Any) -> str:
    if is_array(x):
        return f"an array of {x.dtype}"
    if type(x).__name__ == "Var":
        return f"a Var of {type(x).__module__}, while the active backend's Var is {Var.__module__}'s"
    return "None" if x is None else f"{type(x).__name__} ({x!r:.60})"


def _same_dict(like: dict[Any, Any], items: Sequence[Any]) -> dict[Any, Any]:
    result = copy.copy(like)  # keeps what a subclass adds, such as a default
    for key, item in zip(like, items, strict=True):
        result[key] = item
    return result


def tree_map(function: Callable[[Block], Any], tree: Tree) -> Any:
    """The same containers with what ``function`` makes of each block."""
    if isinstance(tree, Block):
        return function(tree)
    if isinstance(tree, dict):
        return _same_dict(tree, [tree_map(function, item) for item in tree.values()])
    items = [tree_map(function, item) for item in tree]
    if isinstance(tree, list):
        return items
    return tree._make(items) if hasattr(tree, "_make") else tuple(items)


def fill(tree: Tree, flat: Sequence[Scalar]) -> Any:
    """The tree with numbers in place of its blocks: the inverse of flatten, arrays of floats or of objects."""
    return tree_map(lambda block: _shaped(block.among(flat), block.shape), tree)


def fill_matrix(outer: Tree, inner: Tree, rows: Sequence[Sequence[Scalar]]) -> Any:
    """The outer tree, each of whose blocks holds the inner tree of its rows; shapes are outer shape + inner shape."""

    def cell(o: Block, i: Block) -> Any:
        shape = None if o.shape is None and i.shape is None else (*(o.shape or ()), *(i.shape or ()))
        return _shaped([x for row in o.among(rows) for x in i.among(row)], shape)

    return tree_map(lambda o: tree_map(lambda i: cell(o, i), inner), outer)


def _shaped(values: Sequence[Scalar], shape: tuple[int, ...] | None) -> Any:
    if shape is None:
        return values[0]
    import numpy

    result = numpy.empty(len(values), object if any(isinstance(x, Var) for x in values) else float)
    result[:] = values
    return result.reshape(shape)


def aligned(tree: Tree, other: Tree, flat: Sequence[Scalar]) -> list[Scalar] | None:
    """The numbers of the other tree in this tree's order (keys of a dict may come in any); None if they differ."""
    if isinstance(tree, Block):
        same = isinstance(other, Block) and tree.shape == other.shape
        return list(other.among(flat)) if same else None
    if type(tree) is not type(other) or len(tree) != len(other):
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
    if isinstance(tree, Block):
        return "float" if tree.shape is None else f"array{tree.shape}"
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
    if isinstance(tree, Block):
        yield from [""] if tree.shape is None else _positions(tree.shape)
        return
    for key, item in tree.items() if isinstance(tree, dict) else enumerate(tree):
        for rest in paths(item):
            yield f"[{key!r}]{rest}"


def _positions(shape: tuple[int, ...]) -> Iterator[str]:
    strides = [math.prod(shape[k + 1 :]) for k in range(len(shape))]
    for n in range(math.prod(shape)):
        yield str([n // stride % size for stride, size in zip(strides, shape, strict=True)]) if shape else ""
