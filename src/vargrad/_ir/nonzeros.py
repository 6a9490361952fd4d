"""The derivatives that are not 0 by their formulas: the entries of sparse Jacobians and Hessians.

Each root's row costs the part of the graph under that root. In most models these parts are small and apart. In a
recurrence they are not: all rows go through the same chain, of which each takes derivatives anew, and the program
would grow with the square of its length. Then the inputs that are in many rows, the heavy ones, are taken out of the
rows: each gets one sweep of its own, and what the other inputs share is bounded by HEAVY rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from vargrad._ir.expressions import Derivatives, ExpressionGraph
from vargrad._ops.codes import ADD, COMPOSITE, MUL, ZERO

Entry: TypeAlias = tuple[int, int]  # an input and the derivative by it
HEAVY = 64  # rows or columns: an input in more of them is heavy
SHARED = 4  # nodes that rows may make for each one there was, and for each entry


@dataclass(frozen=True, slots=True)
class Nonzeros:
    """The entries of a sparse matrix, row by row, each by increasing column: where they are, and their nodes."""

    rows: Any  # arrays of integers
    columns: Any
    nodes: list[int]


def nonzeros(g: ExpressionGraph, inputs: Sequence[int], roots: Sequence[int], symmetric: bool) -> Nonzeros:
    """The derivatives of the nodes ``roots``, one a row, by the nodes ``inputs``, one a column.

    ``symmetric``: the roots are a gradient by these inputs.
    """
    import numpy

    found = _rows(g, inputs, roots)
    if found is None:
        found = _shared_rows(g, inputs, roots, symmetric)
    column = {node: i for i, node in enumerate(inputs)}
    if list(inputs) != sorted(inputs):
        found = [sorted(row, key=lambda entry: column[entry[0]]) for row in found]
    rows = numpy.repeat(numpy.arange(len(found)), [len(row) for row in found])
    columns = numpy.array([column[leaf] for row in found for leaf, _ in row], numpy.intp)
    return Nonzeros(rows, columns, [node for row in found for _, node in row])


def _rows(g: ExpressionGraph, inputs: Sequence[int], roots: Sequence[int]) -> list[list[Entry]] | None:
    """The entries of each row; None if the rows share so much that the graph grows beyond all proportion."""
    by, found = Derivatives(g, inputs), []
    most = (SHARED + 1) * len(g)
    for root in roots:
        row = by.reached(root)
        most += SHARED * len(row)
        if len(g) > most:
            return None
        found.append(row)
    return found


def _shared_rows(g: ExpressionGraph, inputs: Sequence[int], roots: Sequence[int], symmetric: bool) -> list[list[Entry]]:
    """The same for rows that go through the same parts of a graph."""
    met = _met(g, inputs, roots)
    counts = Counter(leaf for row in met if row is not None for leaf in row)
    wide = [row for row, leaves in enumerate(met) if leaves is None]
    heavy = {leaf for leaf, count in counts.items() if count > HEAVY}
    if symmetric:
        heavy |= {inputs[row] for row in wide}
        wide = [row for row, leaf in enumerate(inputs) if leaf in heavy]
    whole = Derivatives(g, inputs)
    found: dict[int, dict[int, int]] = {row: dict(whole.reached(roots[row])) for row in wide}
    others = [row for row in range(len(roots)) if row not in found]
    light = Derivatives(g, [leaf for leaf in inputs if leaf not in heavy])
    rest = {row: dict(light.reached(roots[row])) for row in others}
    if symmetric:  # a column is a row
        place = {leaf: row for row, leaf in enumerate(inputs)}
        for leaf in heavy:
            for other, node in found[place[leaf]].items():
                if place[other] in rest:
                    rest[place[other]][leaf] = node
    else:
        for leaf, column in _columns(g, sorted(heavy), [roots[row] for row in others]):
            for row, node in zip(others, column, strict=True):
                if node != ZERO:
                    rest[row][leaf] = node
    found |= rest
    return [sorted(found[row].items()) for row in range(len(roots))]


def _columns(g: ExpressionGraph, leaves: Sequence[int], roots: Sequence[int]) -> list[tuple[int, list[int]]]:
    """The derivatives of all roots by each leaf, in one sweep a leaf.

    The derivative of the sum of all weight * root by a leaf is linear in the weights; its own derivatives by the
    weights are the column. The weights are inputs of the graph that no program reads.
    """
    if not leaves:
        return []
    weights = [g.input() for _ in roots]
    total = ZERO
    for weight, root in zip(weights, roots, strict=True):
        total = g.make(ADD, total, g.make(MUL, weight, root))
    by_weights = Derivatives(g, weights)
    return [(leaf, by_weights.of(node)) for leaf, node in zip(leaves, Derivatives(g, leaves).of(total), strict=True)]


def _met(g: ExpressionGraph, inputs: Sequence[int], roots: Sequence[int]) -> list[frozenset[int] | None]:
    """The inputs that each root depends on; None for more than HEAVY of them."""
    none: frozenset[int] = frozenset()
    known: list[frozenset[int] | None] = [none] * len(g)
    for leaf in inputs:
        known[leaf] = frozenset((leaf,))
    for node in range(ZERO + 1, max(roots, default=0) + 1):
        op, *operands = g.node(node)
        if op == COMPOSITE:
            operands = [parent[0] for parent in g.parents[node]]
        elif op < 0:
            continue
        met: frozenset[int] | None = none
        for operand in operands:
            more = known[operand]
            if met is None or more is None:
                met = None
            elif not more <= met:
                met = more if met <= more else met | more
        known[node] = None if met is None or len(met) > HEAVY else met
    return [known[root] for root in roots]
