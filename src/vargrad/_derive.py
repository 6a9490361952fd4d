"""Derivatives of expressions as expressions: reverse mode over the graph, by the partials of the formula sheet.

An adjoint is a pair (value, condition). The condition is -1, always, or the node that says in which rows the operand
is reached at all: a branch that lost receives nothing, whatever its partials are there, as in eager code. So the value
may be anything (inf, nan) where the condition is false, and a selection is made only where an adjoint is used up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from vargrad._expr import ADD, AND, COMPOSITE, INPUT, MUL, NOT, OR, SELECT, ZERO, Expressions
from vargrad._ops import BY_NAME, ROWS
from vargrad._program import NAMES
from vargrad._sheet_expr import ALWAYS, NEVER, Formulas

_ROWS = len(ROWS)


@dataclass(frozen=True, slots=True)
class Rule:
    """How to build a partial from (a, b, out): constants and instructions, as the optimiser left them, once for all.

    Places 0, 1, 2 are a, b and out; then come the constants, then one place for each instruction.
    """

    constants: tuple[float, ...]
    code: tuple[tuple[int, int, int, int], ...]
    partial: int
    condition: int  # a place, or -1 for always

    def build(self, g: Expressions, a: int, b: int, out: int) -> tuple[int, int]:
        """The partial and its condition in that graph."""
        if not self.code:
            return (a, b, out)[self.partial] if self.partial < 3 else g.constant(self.constants[self.partial - 3]), -1
        place = [a, b, out]
        for x in self.constants:
            place.append(g.constant(x))
        for op, p, q, r in self.code:
            place.append(g.make(op, place[p], place[q] if q >= 0 else 0, place[r] if r >= 0 else 0))
        return place[self.partial], place[self.condition] if self.condition >= 0 else -1


@cache
def rules(op: int) -> tuple[Rule | None, ...]:
    """A rule for each operand of a row; None where it receives nothing."""
    row = BY_NAME[NAMES[op]]
    found: list[Rule | None] = []
    for text in row.partials:
        g = Expressions()
        a, b, out = g.input(), g.input(), g.input()
        names = {"a": a, "b": b, "out": out}
        partial, condition = Formulas(g.apply, g.constant).partial(text, names, row.let)
        found.append(None if condition == NEVER else _rule(g, (a, b, out), partial, condition))
    return tuple(found)


def _rule(g: Expressions, given: tuple[int, int, int], partial: int, condition: int | str) -> Rule:
    wanted = [partial] if condition == ALWAYS else [partial, int(condition)]
    place = {node: i for i, node in enumerate(given)}
    seen, stack = set(wanted), list(wanted)
    while stack:
        for operand in g.nodes[stack.pop()][1:]:
            if operand and operand not in seen:
                seen.add(operand)
                stack.append(operand)
    constants = sorted(seen & g.number.keys())
    place |= {node: 3 + i for i, node in enumerate(constants)} | {0: -1}
    code = []
    for node in sorted(seen - place.keys()):
        op, *operands = g.nodes[node]
        p, q, r = (place[x] for x in operands)
        code.append((op, p, q, r))
        place[node] = len(place) - 1
    last = -1 if condition == ALWAYS else place[int(condition)]
    return Rule(tuple(g.number[node] for node in constants), tuple(code), place[partial], last)


_RULES: list[tuple[Rule | None, ...] | None] = [None] * _ROWS


def _fill(op: int) -> tuple[Rule | None, ...]:
    found = _RULES[op] = rules(op)
    return found


class Derivatives:
    """Derivatives by the inputs ``wrt`` of any nodes of a graph, also of derivatives made before."""

    def __init__(self, g: Expressions, wrt: Sequence[int]) -> None:
        self._g = g
        self._wrt = tuple(wrt)
        self._leaves = frozenset(wrt)
        self._depends = bytearray()  # whether a node depends on wrt

    def of(self, root: int, sparse: bool = False) -> list[int]:
        """The derivative of root by each of wrt; the constant 0.0 where it does not depend on it.

        ``sparse``: expect to meet few of the graph's nodes.
        """
        g = self._g
        self._extend()
        if not self._depends[root]:
            return [ZERO] * len(self._wrt)
        nodes, leaves, make, depends = g.nodes, self._leaves, g.make, self._depends
        one = g.constant(1.0)
        adjoint: dict[int, tuple[int, int]] = {root: (one, -1)}
        for node in self._order(root) if sparse else range(root, ZERO, -1):
            found = adjoint.get(node)
            if found is None or node in leaves:
                continue
            del adjoint[node]
            value, condition = found
            op, a, b, c = nodes[node]
            for operand, rule in zip((a, b), _RULES[op] or _fill(op), strict=False) if 0 <= op < _ROWS else ():
                if rule is None or not depends[operand]:
                    continue
                if rule.code:
                    partial, when = rule.build(g, a, b, node)
                else:  # most: a number, an operand or the result
                    k, when = rule.partial, -1
                    partial = a if k == 0 else b if k == 1 else node if k == 2 else g.constant(rule.constants[k - 3])
                term = partial if value == one else value if partial == one else make(MUL, value, partial)
                if when < 0 and condition < 0 and operand not in adjoint:
                    adjoint[operand] = term, -1
                else:
                    self._add(adjoint, operand, term, condition, when)
            if op in (SELECT, COMPOSITE):
                for operand, partial, when in self._choices(node, op, a, b, c):
                    self._add(adjoint, operand, make(MUL, value, partial), condition, when)
        return [self._settled(*adjoint[leaf]) if leaf in adjoint else ZERO for leaf in self._wrt]

    def _add(self, adjoint: dict[int, tuple[int, int]], operand: int, term: int, condition: int, when: int) -> None:
        """Add a term to an operand's adjoint, where both conditions hold."""
        make, number = self._g.make, self._g.number
        when = condition if when < 0 else when if condition < 0 else make(AND, condition, when)
        if when in number:
            if number[when] == 0.0:
                return
            when = -1
        before = adjoint.get(operand)
        if before is None:
            adjoint[operand] = term, when
        elif before[1] == when:
            adjoint[operand] = make(ADD, before[0], term), when
        else:
            total = make(ADD, self._settled(*before), self._settled(term, when))
            either = -1 if before[1] < 0 or when < 0 else make(OR, before[1], when)
            adjoint[operand] = total, -1 if either in number else either

    def _settled(self, value: int, condition: int) -> int:
        return value if condition < 0 else self._g.make(SELECT, value, ZERO, condition)

    def _choices(self, node: int, op: int, a: int, b: int, c: int) -> list[tuple[int, int, int]]:
        """(operand, partial, condition) of a selection's or composite's operands that depend on wrt."""
        depends = self._depends
        if op == COMPOSITE:
            return [parent for parent in self._g.parents[node] if depends[parent[0]]]
        one = self._g.constant(1.0)
        sides = (a, one, c), (b, one, self._g.make(NOT, c))
        return [side for side in sides if depends[side[0]]]

    def _extend(self) -> None:
        """Bring up to date which nodes depend on wrt."""
        g, depends, leaves = self._g, self._depends, self._leaves
        nodes = g.nodes
        for node in range(len(depends), len(nodes)):
            op, a, b, c = nodes[node]
            if op >= 0:
                depends.append((depends[a] or depends[b] or (c and depends[c])) and _DIFFERENTIABLE[op])
            elif op == COMPOSITE:
                depends.append(any(depends[parent[0]] for parent in g.parents[node]))
            else:
                depends.append(op == INPUT and node in leaves)

    def _order(self, root: int) -> list[int]:
        """The nodes under root that depend on wrt, newest first."""
        nodes, depends, parents = self._g.nodes, self._depends, self._g.parents
        seen = {root}
        stack = [root]
        while stack:
            node = stack.pop()
            operands = nodes[node][1:] if node not in parents else [p[0] for p in parents[node]]
            for operand in operands:
                if depends[operand] and operand not in seen:
                    seen.add(operand)
                    stack.append(operand)
        return sorted(seen, reverse=True)


_DIFFERENTIABLE = bytes(
    op == SELECT or (op < _ROWS and any(text != "skip" for text in BY_NAME[name].partials))
    for op, name in enumerate(NAMES)
)
