"""Graphs from outside: what their columns and derivatives must be before a node is made of them."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from vargrad._ops.codes import ARITY, COMPOSITE, CONSTANT, INPUT, ZERO

_ARITY = dict(enumerate(ARITY)) | {COMPOSITE: 1, CONSTANT: 0, INPUT: 0}


def columns_of(columns: Any) -> tuple[array[int], array[int], array[int], array[int], array[float]]:
    """Operations, three columns of operands, and numbers, all of one length; ValueError for anything else."""
    if not isinstance(columns, (list, tuple)) or len(columns) != 5:
        raise ValueError("the nodes of a graph are not in five columns")
    try:
        op, a, b, c = (_column("i", x) for x in columns[:4])
        number: array[float] = _column("d", columns[4])
    except (TypeError, OverflowError, ValueError) as error:
        raise ValueError(f"the nodes of a graph are not columns of numbers ({error})") from None
    if not len(op) == len(a) == len(b) == len(c) == len(number):
        raise ValueError("the columns of a graph are of several lengths")
    zeros = [*op[: ZERO + 1], *map(repr, number[: ZERO + 1])]
    if zeros != [CONSTANT, CONSTANT, "0.0", "0.0"]:
        raise ValueError("a graph does not begin with its zeros")
    for node, (kind, *operands) in enumerate(zip(op, a, b, c, strict=True)):
        arity = _ARITY.get(kind, -1)
        older = [0 < operand < node for operand in operands[:arity]] if arity > 0 else []
        if arity < 0 or not all(older) or any(operands[arity:]):
            of = f"nodes {operands[0]}, {operands[1]} and {operands[2]}"
            raise ValueError(f"node {node} is operation {kind} of {of}: of no known kind, or these are not older nodes")
    return op, a, b, c, number


def _column(kind: Any, x: Any) -> Any:
    if not isinstance(x, (list, tuple, array)):
        raise TypeError(f"one is of type {type(x).__name__}")
    return array(kind, x)


def parents_of(parents: Any, op: Sequence[int]) -> dict[int, tuple[tuple[int, int, int], ...]]:
    """The derivatives of composites: for each (operand, partial, condition or -1); ValueError for anything else."""
    composites = [node for node, kind in enumerate(op) if kind == COMPOSITE]
    if not isinstance(parents, dict) or parents.keys() != set(composites):
        raise ValueError("a derivative is of no node that takes one, or such a node has none")
    return {node: tuple(_triple(x, node, len(op)) for x in _listed(parents[node])) for node in composites}


def _listed(x: Any) -> Any:
    if not isinstance(x, (list, tuple)):
        raise ValueError(f"a node's derivatives are of type {type(x).__name__}, expected a tuple")
    return x


def _triple(x: Any, node: int, size: int) -> tuple[int, int, int]:
    if not isinstance(x, (list, tuple)) or len(x) != 3 or not all(type(number) is int for number in x):
        raise ValueError(f"a derivative of node {node} is no operand, partial and condition")
    operand, partial, condition = x
    if not (0 < operand < node and 0 < partial < size and -1 <= condition < size):
        raise ValueError(f"a derivative is of no node: of node {node} by {operand}, {partial} where {condition}")
    return operand, partial, condition
