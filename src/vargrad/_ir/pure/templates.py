# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, annotation_typing=False
"""Formulas of the sheet, simplified once and then repeated on other nodes.

This source is two modules: itself, and with the C types of templates.pxd vargrad._ir.compiled.templates.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import cache

from vargrad._ops.branchless import ALWAYS, NEVER, Formulas
from vargrad._ops.codes import COMPOSITE, CONSTANT, ZERO

from .graph import ExpressionGraph, Int
from .store import PLACES


class Template:
    """Instructions to repeat on other nodes, as the optimiser left them, once for all.

    Place 0 is for an operand that is not there; then come the given nodes, constants, and a place an instruction.
    """

    __slots__ = ("_code", "_constants", "_given", "_parents", "_steps", "condition", "result")

    def __init__(self, g: ExpressionGraph, given: Sequence[int], result: Int, condition: Int = -1) -> None:
        wanted = {result} if condition < 0 else {result, condition}
        stack = list(wanted)
        while stack:
            node = stack.pop()
            operands = set(g.node(node)[1:])
            operands.update(*g.parents.get(node, ()))  # a condition may be -1: always
            for operand in operands - wanted - {0, -1}:
                wanted.add(operand)
                stack.append(operand)
        constants = sorted(node for node in wanted if g.is_number(node))
        place = {0: 0}
        for node in (*given, *constants):
            place[node] = len(place)
        code = []
        for node in sorted(wanted - place.keys()):
            op, a, b, c = g.node(node)
            code += [op, place[a], place[b], place[c]]
            place[node] = len(place)
        if len(place) > PLACES:
            raise ValueError(f"a formula of {len(place)} nodes, expected at most {PLACES}")
        self._given, self._steps = len(given), len(code) // 4
        self._constants = array("d", [g.number_of(node) for node in constants])
        self._code = array("i", code)
        place[-1] = -1
        self._parents = tuple(
            [
                (place[node], [(place[x], place[partial], place[when]) for x, partial, when in g.parents[node]])
                for node in sorted(wanted & g.parents.keys())
            ]
        )
        self.result = place[result]
        self.condition = -1 if condition < 0 else place[condition]  # a place, or -1 for always

    def run(self, g: ExpressionGraph) -> int:
        """The result for the given nodes, which are in ``g.place`` from 1 on; afterwards all nodes are there."""
        k = self._given + 1
        for i in range(len(self._constants)):
            g.place[k] = g.constant(self._constants[i])
            k += 1
        code = self._code
        for i in range(0, 4 * self._steps, 4):
            if code[i] == COMPOSITE:
                g.place[k] = g.composite(g.place[code[i + 1]])
            else:
                g.place[k] = g.make(code[i], g.place[code[i + 1]], g.place[code[i + 2]], g.place[code[i + 3]])
            k += 1
        for place, parents in self._parents:
            found = []
            for x, partial, when in parents:
                if g.op[g.place[x]] != CONSTANT:
                    found.append((g.place[x], g.place[partial], -1 if when < 0 else g.place[when]))
            g.parents[g.place[place]] = tuple(found)
        return g.place[self.result]

    def at(self, g: ExpressionGraph, given: tuple[int, ...]) -> int:
        """The result for given nodes."""
        for i in range(self._given):
            g.place[i + 1] = given[i]
        return self.run(g)

    def each(self, g: ExpressionGraph, xs: Sequence[int], given: tuple[int, ...]) -> tuple[tuple[int, int, int], ...]:
        """For each x, which is given first, itself, the result, and its condition: a node, or -1 for always."""
        found = []
        for x in xs:
            g.place[1] = x
            for i in range(1, self._given):
                g.place[i + 1] = given[i - 1]
            result = self.run(g)
            found.append((x, result, -1 if self.condition < 0 else g.place[self.condition]))
        return tuple(found)


@cache
def template(text: str, names: tuple[str, ...], let: tuple[tuple[str, str], ...] = ()) -> Template | None:
    """A formula of the sheet over these names; None where it never counts."""
    g = ExpressionGraph()
    given = [g.input() for _ in names]
    formulas = Formulas(g.apply, lambda x: g.constant(x))  # compiled, g.constant is no object
    result, condition = formulas.partial(text, dict(zip(names, given, strict=True)), let)
    if condition == NEVER:
        return None
    return Template(g, given, result, -1 if condition == ALWAYS else condition)


def folded(g: ExpressionGraph, step: Template, acc: Int, xs: Sequence[int], ys: Sequence[int], biggest: Int) -> int:
    """A left fold: step's given nodes are acc, x, y and biggest."""
    for i in range(len(xs)):
        g.place[1], g.place[2], g.place[3], g.place[4] = acc, xs[i], ys[i] if ys else ZERO, biggest
        acc = step.run(g)
    return acc
