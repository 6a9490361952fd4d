# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, annotation_typing=False
"""Passes over a graph of expressions: derivatives in reverse mode, programs, and the way in from the tape.

An adjoint is a pair (value, condition). The condition is -1, always, or the node that says in which rows the operand
is reached at all: a branch that lost receives nothing, whatever its partials are there, as in eager code. So the value
may be anything (inf, nan) where the condition is false, and a selection is made only where an adjoint is used up.

This source is two modules: itself, and with the C types of passes.pxd vargrad._ir.compiled.passes.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any

# isort: off
from vargrad._ops.codes import ADD, AND, ARITY, COMPOSITE, CONSTANT, INPUT, MUL, N_ROWS, NAMES, NOT, OR, ROUND
from vargrad._ops.codes import SELECT, ZERO

# isort: on
from vargrad._ops.table import BY_NAME

from .graph import ExpressionGraph, Int
from .templates import Template, template

_RULES: list[Template | None] = [None] * (2 * N_ROWS)  # of each row's operands
_FILLED = bytearray(N_ROWS)


def _fill(op: Int) -> None:
    row = BY_NAME[NAMES[op]]
    for i, text in enumerate(row.partials):
        _RULES[2 * op + i] = template(text, ("a", "b", "out"), row.let)
    _FILLED[op] = 1


def partial_rules(op: Int) -> tuple[Template | None, Template | None]:
    """The partials of a row by its operands; None for one that never counts, or that the row has not."""
    if not _FILLED[op]:
        _fill(op)
    return _RULES[2 * op], _RULES[2 * op + 1]


_ARITY = bytes(ARITY)
_DIFFERENTIABLE = bytes(
    op == SELECT or (op < N_ROWS and any(text != "skip" for text in BY_NAME[name].partials))
    for op, name in enumerate(NAMES)
)


class Derivatives:
    """Derivatives by the inputs ``wrt`` of any nodes of a graph, also of derivatives made before."""

    __slots__ = ("_depends", "_g", "_known", "_leaves", "_value", "_when", "_wrt", "_zero_unless")

    def __init__(self, g: ExpressionGraph, wrt: Sequence[int]) -> None:
        self._g = g
        self._wrt = tuple(wrt)
        self._leaves = frozenset(wrt)
        self._depends = bytearray(64)  # whether a node depends on wrt; 2: it is of wrt
        self._known = 0
        self._zero_unless: dict[int, int] = {}  # totals that are 0 where their condition is false
        self._value = array("i", bytes(4))  # adjoints, 0 where there is none; of use inside of() only
        self._when = array("i", bytes(4))

    def of(self, root: Int, sparse: bool = False) -> list[int]:
        """The derivative of root by each of wrt; the constant 0.0 where it does not depend on it.

        ``sparse``: expect to meet few of the graph's nodes.
        """
        if sparse:
            reached = dict(self.reached(root))
            return [reached.get(leaf, ZERO) for leaf in self._wrt]
        self._extend()
        if not self._depends[root]:
            return [ZERO] * len(self._wrt)
        return self._swept(root, range(root, ZERO, -1), self._wrt)

    def reached(self, root: Int) -> list[tuple[int, int]]:
        """The derivatives of root that are not 0.0 by their formula: (input, derivative), the oldest input first.

        Takes time for the nodes under root alone, however large the graph and wrt are.
        """
        self._extend()
        if not self._depends[root]:
            return []
        g = self._g
        met: set[int] = set()
        order = self._order(root, met)
        leaves = sorted(met)
        found = zip(leaves, self._swept(root, order, leaves), strict=True)
        return [(leaf, node) for leaf, node in found if g.op[node] != CONSTANT or g.number[node] != 0.0]

    def _swept(self, root: Int, nodes: Sequence[int], leaves: Sequence[int]) -> list[int]:
        """The derivative of root by each leaf; ``nodes``: from root on, each after all that depend on it."""
        if root >= len(self._value):
            self._value, self._when = array("i", bytes(8 * root + 8)), array("i", bytes(8 * root + 8))
        one = self._g.constant(1.0)
        self._value[root], self._when[root] = one, -1
        try:
            for node in nodes:
                if self._value[node] and self._depends[node] == 1:  # a row may skip an operand, as abs and copysign do
                    self._spread(node, one)
            return [self._taken(leaf) for leaf in leaves]
        except BaseException:
            self._value = array("i", bytes(4 * len(self._value)))
            raise

    def _taken(self, leaf: Int) -> int:
        """The adjoint of one of wrt, which has none afterwards."""
        if leaf >= len(self._value) or not self._value[leaf]:
            return ZERO
        found = self._settled(self._value[leaf], self._when[leaf])
        self._value[leaf] = 0
        return found

    def _spread(self, node: Int, one: Int) -> None:
        """Take a node's adjoint away and give its operands their shares."""
        g = self._g
        value, condition = self._value[node], self._when[node]
        op, a, b, c = g.op[node], g.a[node], g.b[node], g.c[node]
        self._value[node] = 0
        if op == COMPOSITE:
            for operand, partial, when in g.parents[node]:
                if self._depends[operand]:
                    self._add(operand, g.make(MUL, value, partial), condition, when)
        elif op == SELECT:
            other = g.make(NOT, c)
            if self._depends[a]:
                self._add(a, g.make(MUL, value, one), condition, c)
            if self._depends[b]:
                self._add(b, g.make(MUL, value, one), condition, other)
        elif 0 <= op < N_ROWS:
            if not _FILLED[op]:
                _fill(op)
            if self._depends[a]:
                self._through(_RULES[2 * op], a, a, b, node, value, condition, one)
            if self._depends[b]:
                self._through(_RULES[2 * op + 1], b, a, b, node, value, condition, one)

    def _through(
        self, rule: Template | None, operand: Int, a: Int, b: Int, out: Int, value: Int, condition: Int, one: Int
    ) -> None:
        """Add to an operand's adjoint its share from one operation."""
        if rule is None:
            return
        g = self._g
        g.place[1], g.place[2], g.place[3] = a, b, out
        partial = rule.run(g)
        when = -1 if rule.condition < 0 else g.place[rule.condition]
        term = partial if value == one else value if partial == one else g.make(MUL, value, partial)
        self._add(operand, term, condition, when)

    def _add(self, operand: Int, term: Int, condition: Int, when: Int) -> None:
        """Add a term to an operand's adjoint, where both conditions hold."""
        g = self._g
        if condition >= 0:
            when = condition if when < 0 else g.make(AND, condition, when)
        if when >= 0 and g.op[when] == CONSTANT:
            if g.number[when] == 0.0:
                return
            when = -1
        before, before_when = self._value[operand], self._when[operand]
        if before == 0:
            self._value[operand], self._when[operand] = term, when
        elif before_when == when:
            self._value[operand] = g.make(ADD, before, term)
        else:
            total = g.make(ADD, self._settled(before, before_when), self._settled(term, when))
            either = -1 if before_when < 0 or when < 0 else g.make(OR, before_when, when)
            if either >= 0:
                self._zero_unless[total] = either
            self._value[operand] = total
            self._when[operand] = -1 if either >= 0 and g.op[either] == CONSTANT else either

    def _settled(self, value: Int, condition: Int) -> int:
        if condition < 0 or self._zero_unless.get(value, -1) == condition:
            return value
        return self._g.make(SELECT, value, ZERO, condition)

    def _extend(self) -> None:
        """Bring up to date which nodes depend on wrt."""
        g = self._g
        if g.size > len(self._depends):
            larger = bytearray(2 * g.size)
            larger[: self._known] = self._depends[: self._known]
            self._depends = larger
        for node in range(self._known, g.size):
            op, depends = g.op[node], 0
            if op >= 0:
                if self._depends[g.a[node]] or self._depends[g.b[node]] or self._depends[g.c[node]]:
                    depends = _DIFFERENTIABLE[op]
            elif op == COMPOSITE:
                for operand, _, _ in g.parents[node]:
                    if self._depends[operand]:
                        depends = 1
            elif op == INPUT and node in self._leaves:
                depends = 2
            self._depends[node] = depends
        self._known = g.size

    def _order(self, root: Int, met: set[int]) -> list[int]:
        """The nodes under root that depend on wrt and are not of it, newest first; those of wrt are added to met."""
        g = self._g
        seen = {root} if self._depends[root] == 1 else set()
        if not seen:
            met.add(root)
        stack = list(seen)
        while stack:
            node = stack.pop()
            composite = g.op[node] == COMPOSITE
            for operand in [p[0] for p in g.parents[node]] if composite else (g.a[node], g.b[node], g.c[node]):
                if self._depends[operand] == 1 and operand not in seen:
                    seen.add(operand)
                    stack.append(operand)
                elif self._depends[operand] == 2:
                    met.add(operand)
        return sorted(seen, reverse=True)


def lowered(
    g: ExpressionGraph, inputs: Sequence[int], outputs: Sequence[int]
) -> tuple[int, array[float], array[int], array[int]]:
    """How many registers, the constants, the code and the outputs of the program for some nodes; see _vm/program.py."""
    wanted = array("i", [g.value_of(node) for node in outputs])
    size = max(wanted, default=0) + 1
    live, last = bytearray(size), array("i", bytes(4 * size))  # last: the node that reads this one last
    for i in range(len(wanted)):
        live[wanted[i]] = 1
    register = array("i", bytes(4 * max(size, max(inputs, default=0) + 1)))
    count, steps = 0, 0
    for node in inputs:
        register[node] = count
        count += 1
    constants = array("d")
    for node in range(size - 1, 0, -1):
        if live[node]:
            if g.op[node] >= 0:
                steps += 1
                a, b, c = g.value_of(g.a[node]), g.value_of(g.b[node]), g.value_of(g.c[node])
                arity = _ARITY[g.op[node]]
                if not a or (arity > 1 and not b) or (arity > 2 and not c):  # node 0 is no number
                    raise AssertionError(f"node {node} lacks an operand: a defect of vargrad, please report it")
                if not live[a]:
                    live[a], last[a] = 1, node
                if b and not live[b]:
                    live[b], last[b] = 1, node
                if c and not live[c]:
                    live[c], last[c] = 1, node
            elif g.op[node] == CONSTANT:
                constants.append(g.number[node])
                register[node] = count
                count += 1
    first, unused, k = count, 0, 0
    free, code = array("i", bytes(4 * (steps + 1))), array("i", bytes(20 * steps))
    for node in range(1, size):
        if live[node] and g.op[node] >= 0:
            a, b, c = g.value_of(g.a[node]), g.value_of(g.b[node]), g.value_of(g.c[node])
            code[k], code[k + 2] = g.op[node], register[a]
            code[k + 3], code[k + 4] = register[b] if b else 0, register[c] if c else 0
            if last[a] == node and register[a] >= first:
                free[unused] = register[a]
                unused += 1
            if b and last[b] == node and register[b] >= first and b != a:
                free[unused] = register[b]
                unused += 1
            if c and last[c] == node and register[c] >= first and c != a and c != b:
                free[unused] = register[c]
                unused += 1
            if unused:
                unused -= 1
                register[node] = free[unused]
            else:
                register[node] = count
                count += 1
            code[k + 1] = register[node]
            k += 5
    return count, constants, code, array("i", [register[node] for node in wanted])


def converted(
    g: ExpressionGraph,
    codes: Sequence[int],
    first: Sequence[int],
    operands: Sequence[int],
    numbers: Sequence[float],
    made: array[int],
    count: Int,
    special: Callable[[int, int, list[int]], int],
) -> None:
    """The first so many nodes of an export of Vars (see _core.var.export) as expressions, into ``made``.

    Nodes that are in ``made`` already stay; ``special(place, code, operands)`` makes those of other operations than
    the table's unary and binary ones.
    """
    for i in range(count):
        if made[i]:
            continue
        code, k, stop = codes[i], first[i], first[i + 1]
        if 0 <= code < N_ROWS and code != ROUND:
            a = g.constant(numbers[-1 - operands[k]]) if operands[k] < 0 else made[operands[k]]
            b = 0
            if stop - k > 1:
                b = g.constant(numbers[-1 - operands[k + 1]]) if operands[k + 1] < 0 else made[operands[k + 1]]
            made[i] = g.make(code, a, b)
        else:
            parts: list[Any] = []
            for j in range(k, stop):
                parts.append(g.constant(numbers[-1 - operands[j]]) if operands[j] < 0 else made[operands[j]])
            made[i] = special(i, code, parts)
