# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, annotation_typing=False
"""Forward mode over a graph of expressions, and the choice between it and reverse mode.

A tangent is the derivative of a node along one direction of the inputs. Node 0 stands for none: the node does not
depend on what moves. So an infinite partial beside it makes no nan, as in reverse mode.

This source is two modules: itself, and with the C types of forward.pxd vargrad._ir.compiled.forward.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from vargrad._ops.codes import ADD, COMPOSITE, MUL, N_ROWS, SELECT, ZERO

from .graph import ExpressionGraph, Int
from .passes import partial_rules
from .templates import Template

_RULES: list[Any] = [None] * N_ROWS  # of each row met so far: the partials by its operands
_GROUPS = 512  # as many groups of inputs, and of results, are told apart when the operations are counted
_GAIN = 64  # operations that forward mode must save before it is taken


def _rules(op: Int) -> tuple[Template | None, Template | None]:
    found = _RULES[op]
    if found is None:
        found = _RULES[op] = partial_rules(op)
    return found  # type: ignore[no-any-return]


def _operands(g: ExpressionGraph, node: Int) -> list[int]:
    """The operands through which a node's derivative comes."""
    op = g.op[node]
    if op == COMPOSITE:
        return [parent[0] for parent in g.parents[node]]
    if op == SELECT:
        return [g.a[node], g.b[node]]
    if op < 0 or op >= N_ROWS:
        return []
    by_a, by_b = _rules(op)
    found = [] if by_a is None else [g.a[node]]
    return found if by_b is None else [*found, g.b[node]]


class Tangents:
    """Pushes directions of the inputs ``wrt`` forward to the nodes ``roots``.

    The cost of a direction is that of the nodes that it reaches; what has been computed on the way is shared.
    """

    __slots__ = ("_g", "_order", "_roots", "_tangent", "_wrt")

    def __init__(self, g: ExpressionGraph, wrt: Sequence[int], roots: Sequence[int]) -> None:
        self._g = g
        self._wrt, self._roots = tuple(wrt), tuple(roots)
        size = max((*self._wrt, *self._roots), default=0) + 1
        self._tangent = array("i", bytes(4 * size))
        moves, live = bytearray(size), bytearray(size)
        for node in self._roots:
            live[node] = 1
        for node in range(size - 1, ZERO, -1):
            if live[node]:
                for operand in _operands(g, node):
                    live[operand] = 1
        for node in self._wrt:
            moves[node] = 1
        order = []
        for node in range(ZERO + 1, size):
            if live[node] and not moves[node]:
                for operand in _operands(g, node):
                    if moves[operand]:
                        moves[node] = 1
                if moves[node]:
                    order.append(node)
        self._order = array("i", order)  # the nodes between wrt and the roots, oldest first

    def along(self, seeds: Sequence[int]) -> list[int]:
        """The tangent of each root; ``seeds`` are those of wrt, ZERO for an input that stays where it is."""
        one = self._g.constant(1.0)
        tangent = self._tangent
        try:
            for i in range(len(self._wrt)):
                tangent[self._wrt[i]] = 0 if seeds[i] == ZERO else seeds[i]
            for i in range(len(self._order)):
                tangent[self._order[i]] = self._of(self._order[i], one)
            return [tangent[root] or ZERO for root in self._roots]
        finally:
            for i in range(len(self._order)):
                tangent[self._order[i]] = 0
            for node in self._wrt:
                tangent[node] = 0

    def _of(self, node: Int, one: Int) -> int:
        """A node's tangent from those of its operands; 0 for none."""
        g, tangent = self._g, self._tangent
        op, a, b, total = g.op[node], g.a[node], g.b[node], 0
        if op == COMPOSITE:
            for operand, partial, when in g.parents[node]:
                if tangent[operand]:
                    total = self._plus(total, tangent[operand], partial, when, one)
            return total
        if op == SELECT:
            if not tangent[a] and not tangent[b]:
                return 0
            return g.make(SELECT, tangent[a] or ZERO, tangent[b] or ZERO, g.c[node])
        if not tangent[a] and not tangent[b]:
            return 0
        by_a, by_b = _rules(op)
        if tangent[a] and by_a is not None:
            total = self._through(by_a, total, tangent[a], node, one)
        if tangent[b] and by_b is not None:
            total = self._through(by_b, total, tangent[b], node, one)
        return total

    def _through(self, rule: Template, total: Int, tangent: Int, node: Int, one: Int) -> int:
        """Add to a node's tangent what comes by one operand."""
        g = self._g
        g.place[1], g.place[2], g.place[3] = g.a[node], g.b[node], node
        partial = rule.run(g)
        return self._plus(total, tangent, partial, -1 if rule.condition < 0 else g.place[rule.condition], one)

    def _plus(self, total: Int, tangent: Int, partial: Int, when: Int, one: Int) -> int:
        """Total + partial * tangent, the second where its condition holds."""
        g = self._g
        term = partial if tangent == one else tangent if partial == one else g.make(MUL, partial, tangent)
        if when >= 0:
            term = g.make(SELECT, term, ZERO, when)
        return g.make(ADD, total, term) if total else term


def pushed(g: ExpressionGraph, wrt: Sequence[int], roots: Sequence[int]) -> list[int]:
    """The positions in wrt whose columns of the Jacobian take fewer operations in forward mode; reverse has the others.

    Reverse mode visits, for each root, the nodes under it that depend on wrt. Forward mode visits, for each input, the
    nodes that depend on it. Inputs are taken in the order of how many roots they reach; the best first part of that
    order goes forward. Thus a few parameters that reach all roots go forward, beside many that reach one root each.
    """
    size = max((*wrt, *roots), default=0) + 1
    if len(wrt) == 0 or len(roots) < 2:
        return []
    reached: list[Any] = [0] * size  # as bits, the groups of roots that are over a node
    height = -(-len(roots) // _GROUPS)
    for i, root in enumerate(roots):
        reached[root] |= 1 << i // height
    weight = array("i", bytes(4 * size))
    for node in range(size - 1, ZERO, -1):
        bits = reached[node]
        if bits:
            weight[node] = bits.bit_count()
            for operand in _operands(g, node):
                reached[operand] |= bits
            reached[node] = 0
    order = sorted(range(len(wrt)), key=[-weight[node] for node in wrt].__getitem__)
    width = -(-len(wrt) // _GROUPS)
    moved: list[Any] = [0] * size  # as bits, the groups of inputs under a node
    densities = []
    for position, i in enumerate(order):
        moved[wrt[i]] |= 1 << position // width
        if position % width == 0:
            densities.append(weight[wrt[i]])
    groups = len(densities)
    places = [k for k in range(1, groups) if 2 * densities[k] <= densities[k - 1]]
    found = [0] * (len(places) + 2)
    places = [0, *places, groups]
    for node in range(ZERO + 1, size):
        if weight[node]:
            operands = _operands(g, node)
            bits = moved[node]
            for operand in operands:
                bits |= moved[operand]
            moved[node] = bits
            if bits and operands:
                for k, place in enumerate(places):
                    found[k] += width * (bits & ((1 << place) - 1)).bit_count()
                    if bits >> place:
                        found[k] += height * weight[node]
    best = found.index(min(found))
    if 4 * found[best] + _GAIN > 3 * found[0]:
        return []
    return sorted(order[: places[best] * width])
