# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, annotation_typing=False
"""Expressions as a graph of numbered nodes: equal ones are one, constants are folded, cheap forms replace dear ones.

A node is an operation and up to three operands, in columns ``op``, ``a``, ``b`` and ``c``; an operand that is not
there is node 0. Operands are always older than the node, so ascending order is an order of evaluation. Nothing
recurses over the graph: a program of a hundred thousand nodes is built in one pass.

Rewriting keeps the results of IEEE arithmetic, including signed zeros, infinities and nan, to a few units in the
last place: x + 0.0 stays where x may be -0.0, and x * 0.0 is never 0.0.

This source is two modules: itself, and with the C types of graph.pxd vargrad._ir.compiled.graph.
"""

from __future__ import annotations

import math
from array import array
from typing import Any, TypeAlias

# isort: off
from vargrad._ops.codes import ABS, ADD, AND, ARITY, COMPOSITE, CONSTANT, DEGREES, DIV, EQ, EXP, EXP2, IDENTITY, INPUT
from vargrad._ops.codes import LE, LT, MUL, NAMES, NE, NEG, NOT, OPCODES, OR, POW, RADIANS, SELECT, SIGMOID, SQRT
from vargrad._ops.codes import SQUARE, SUB, ZERO

# isort: on
from vargrad._ir.columns import columns_of, parents_of
from vargrad._ops.fold import fold
from vargrad._ops.table import BY_NAME

from .store import Store

Int: TypeAlias = int  # Cython below 3.3 takes an argument's ``int`` for Python's own, against the .pxd

Parents = tuple[tuple[int, int, int], ...]
_UNCHANGED = -1  # returned by a rule that does not apply
_DEEPEST = 100  # how far rules look into a graph, one inside the other: C has no stack for more than some thousands
_INWARDS = 64  # how far a selection is moved
_MOST = 1000  # nodes that rules make for one


class ExpressionGraph(Store):
    """The graph. ``make`` is the only way to a node of an operation."""

    __slots__ = ("depth", "parents", "spent")

    def __init__(self) -> None:
        super().__init__()
        self.parents: dict[int, Parents] = {}  # of composites: operand, partial, condition under which it counts
        self.depth = 0  # of nested rules, and how many nodes they have made since the outermost began
        self.spent = 0
        self.append(CONSTANT, 0, 0, 0, 0.0)  # node 0, for operands that are not there; counts as constant
        self.constant(0.0)

    def __len__(self) -> int:
        return self.size

    def state(self) -> tuple[list[array[Any]], dict[int, Parents]]:
        """The columns and the parents, from which ``fill`` makes a copy."""
        return [array(kind, x) for kind, x in zip("iiiid", self.columns(), strict=True)], self.parents

    def fill(self, columns: Any, parents: Any) -> None:
        """Take over the nodes of another graph; this one must be fresh. ValueError if they are none."""
        op, a, b, c, number = columns_of(columns)
        if self.size != ZERO + 1:
            raise ValueError("only a graph that has no nodes yet takes those of another")
        for i in range(ZERO + 1, len(op)):
            if self.find(op[i], a[i], b[i], c[i]) if op[i] >= 0 else op[i] == CONSTANT and self.find_number(number[i]):
                raise ValueError(f"node {i} is there twice")
            self.append(op[i], a[i], b[i], c[i], number[i])
        self.parents = parents_of(parents, op)

    def input(self) -> int:
        """A new input."""
        return self.append(INPUT, 0, 0, 0, 0.0)

    def constant(self, value: float) -> int:
        """The node of a number; zeros of either sign are two nodes, all nans are one."""
        value = float(value)
        found = self.find_number(value)
        return found if found else self.append(CONSTANT, 0, 0, 0, value)

    def composite(self, value: Int, parents: Parents = ()) -> int:
        """A node of value's value whose derivatives are given: (operand, partial, condition or -1) for each operand.

        Without parents it is a constant to derivatives. ``parents[node]`` may be set later: partials may need the node.
        """
        node = self.append(COMPOSITE, value, 0, 0, 0.0)
        self.parents[node] = parents
        return node

    def value_of(self, node: Int) -> int:
        """The node itself, or the node of a composite's value."""
        while self.op[node] == COMPOSITE:
            node = self.a[node]
        return node

    def node(self, node: Int) -> tuple[int, int, int, int]:
        """Operation and operands of a node."""
        if not 0 <= node < self.size:
            raise IndexError(f"node {node} of {self.size}")
        return self.op[node], self.a[node], self.b[node], self.c[node]

    def is_number(self, node: Int) -> bool:
        """Whether a node is a constant."""
        return self.op[node] == CONSTANT

    def number_of(self, node: Int) -> float:
        """The value of a constant."""
        return self.number[node]

    def make(self, op: Int, a: Int, b: Int = 0, c: Int = 0) -> int:
        """The node of an operation on nodes, or an equal, simpler one."""
        found = self.find(op, a, b, c)
        if found:
            return found
        if self.op[a] == CONSTANT and self.op[b] == CONSTANT and self.op[c] == CONSTANT:
            return self.constant(_folded(op, self.number[a], self.number[b], self.number[c]))
        found = self._simpler(op, a, b, c) if _REWRITTEN[op] else _UNCHANGED
        return self.append(op, a, b, c, 0.0) if found == _UNCHANGED else found

    def _simpler(self, op: Int, a: Int, b: Int, c: Int) -> int:
        """The node that the rules find. Their depth is bounded: graphs from files may hold any number of negations."""
        if self.depth == 0:
            self.spent = 0
        if self.depth >= _DEEPEST or self.spent >= _MOST:
            return _UNCHANGED
        self.spent += 1
        self.depth += 1
        try:
            return _rewritten(self, op, a, b, c)
        finally:
            self.depth -= 1

    def apply(self, name: str, *operands: Int) -> int:
        """The node of an operation by its name."""
        return self.make(OPCODES[name], *operands)

    def never_minus_zero(self, node: Int) -> bool:
        """Whether the node's value is certainly not -0.0, so that adding 0.0 to it changes nothing."""
        for _ in range(16):
            op, a = self.op[node], self.a[node]
            if op == CONSTANT:
                return not _is_minus_zero(self.number[node])
            if op == COMPOSITE:
                node = a
            elif op < 0:
                return False
            elif _NEVER_NEGATIVE[op]:
                return True
            elif op == MUL and self.op[a] == CONSTANT and self.number[a] > 0.0:
                node = self.b[node]
            elif op == ADD:  # -0.0 only as the sum of two of them
                if self.op[a] == CONSTANT or (self.op[a] >= 0 and _NEVER_NEGATIVE[self.op[a]]):
                    return True
                node = self.b[node]
            else:
                return False
        return False


def _folded(op: Int, a: float, b: float, c: float) -> float:
    if op == MUL:
        return a * b
    if op == ADD:
        return a + b
    return fold(op, a, b, c)


def _is_minus_zero(x: float) -> bool:
    return x == 0.0 and math.copysign(1.0, x) < 0.0


# ---- rules: an equal, cheaper node, or _UNCHANGED


def _rewritten(g: ExpressionGraph, op: Int, a: Int, b: Int, c: Int) -> int:
    if op == MUL:
        return _mul(g, a, b)
    if op == ADD:
        return _add(g, a, b)
    if op == SUB:
        return _sub(g, a, b)
    if op == NEG:
        return _neg(g, a)
    if op == DIV:
        return _div(g, a, b)
    if op == SELECT:
        return _select(g, a, b, c)
    if op == SQUARE:
        return g.make(SQUARE, g.a[a]) if g.op[a] == NEG or g.op[a] == ABS else _UNCHANGED
    if op == POW:
        return _pow(g, a, b)
    if op == ABS:
        return _abs(g, a)
    if op == AND:
        return _and(g, a, b)
    if op == OR:
        return _or(g, a, b)
    if op == NOT:
        return _not(g, a)
    if op in (EQ, NE):
        return g.make(op, b, a) if a > b else _UNCHANGED
    if op == LT:
        return g.constant(0.0) if a == b else _UNCHANGED
    if op == IDENTITY:
        return a
    if op in (DEGREES, RADIANS):  # the operand times the partial, a number
        return g.make(MUL, g.constant(float(BY_NAME[NAMES[op]].partials[0])), a)
    return _UNCHANGED


_REWRITES = (MUL, ADD, SUB, NEG, DIV, SELECT, SQUARE, POW, ABS, AND, OR, NOT, EQ, NE, LT, IDENTITY, DEGREES, RADIANS)
_REWRITTEN = bytes(op in _REWRITES for op in range(len(NAMES)))
_POSITIVE = ("square", "exp", "exp2", "abs", "sigmoid", "cosh", "softplus", "lt", "le", "eq", "ne")
_NEVER_NEGATIVE = bytes(name in _POSITIVE for name in NAMES)


def _add(g: ExpressionGraph, a: Int, b: Int) -> int:
    if g.op[b] == CONSTANT or (a > b and g.op[a] != CONSTANT):
        return g.make(ADD, b, a)  # constants come first
    if g.op[a] == CONSTANT and g.number[a] == 0.0 and (_is_minus_zero(g.number[a]) or g.never_minus_zero(b)):
        return b
    if a == b:
        return g.make(MUL, g.constant(2.0), a)
    if g.op[b] == NEG:
        return g.make(SUB, a, g.a[b])
    if g.op[a] == NEG:
        return g.make(SUB, b, g.a[a])
    return _UNCHANGED


def _sub(g: ExpressionGraph, a: Int, b: Int) -> int:
    if g.op[b] == CONSTANT and g.number[b] == 0.0:
        return g.make(ADD, a, ZERO) if _is_minus_zero(g.number[b]) else a
    if g.op[a] == CONSTANT and _is_minus_zero(g.number[a]):
        return g.make(NEG, b)
    if g.op[b] == NEG:
        return g.make(ADD, a, g.a[b])
    return _UNCHANGED


def _mul(g: ExpressionGraph, a: Int, b: Int) -> int:
    if g.op[b] == CONSTANT or (a > b and g.op[a] != CONSTANT):
        return g.make(MUL, b, a)
    if a == b:
        return g.make(SQUARE, a)
    if g.op[a] == CONSTANT:
        factor = g.number[a]
        if factor == 1.0:
            return b
        if factor == -1.0:
            return g.make(NEG, b)
        if g.op[b] == NEG:
            return g.make(MUL, g.constant(-factor), g.a[b])
        if g.op[b] == MUL and g.op[g.a[b]] == CONSTANT:
            other = g.number[g.a[b]]
            # both at least 1: nothing that is finite or normal now was not before
            if abs(other) >= 1.0 and abs(factor) >= 1.0 and math.isfinite(other * factor):
                return g.make(MUL, g.constant(other * factor), g.b[b])
        return _UNCHANGED
    if g.op[b] == NEG:
        return g.make(NEG, g.make(MUL, a, g.a[b]))
    if g.op[a] == NEG:
        return g.make(NEG, g.make(MUL, g.a[a], b))
    return _UNCHANGED


def _neg(g: ExpressionGraph, a: Int) -> int:
    if g.op[a] == NEG:
        return g.a[a]
    if g.op[a] == MUL and g.op[g.a[a]] == CONSTANT:
        return g.make(MUL, g.constant(-g.number[g.a[a]]), g.b[a])
    return _UNCHANGED


def _exact_reciprocal(x: float) -> bool:
    return 2.0**-1022 <= abs(x) <= 2.0**1022 and abs(math.frexp(x)[0]) == 0.5


def _div(g: ExpressionGraph, a: Int, b: Int) -> int:
    if g.op[b] == CONSTANT and _exact_reciprocal(g.number[b]):
        return g.make(MUL, g.constant(1.0 / g.number[b]), a)
    if g.op[b] == NEG:
        return g.make(NEG, g.make(DIV, a, g.a[b]))
    if g.op[a] == NEG:
        return g.make(NEG, g.make(DIV, g.a[a], b))
    if g.op[a] == CONSTANT and g.number[a] == 1.0 and g.op[b] == ADD:
        p, q = g.a[b], g.b[b]
        if g.op[p] == CONSTANT and g.number[p] == 1.0 and g.op[q] == EXP:
            return g.make(SIGMOID, g.make(NEG, g.a[q]))
    return _UNCHANGED


def _pow(g: ExpressionGraph, a: Int, b: Int) -> int:
    if g.op[a] == CONSTANT and g.number[a] == math.e:
        return g.make(EXP, b)
    if g.op[a] == CONSTANT and g.number[a] == 2.0:
        return g.make(EXP2, b)
    if g.op[b] != CONSTANT:
        return _UNCHANGED
    exponent = g.number[b]
    if exponent == 0.0:
        return g.constant(1.0)
    if exponent == 0.5:  # but pow(-inf, 0.5) is inf, and pow(-0.0, 0.5) is 0.0
        root = g.make(SQRT, g.make(ADD, a, ZERO))
        return g.make(SELECT, g.constant(math.inf), root, g.make(EQ, a, g.constant(-math.inf)))
    if not abs(exponent) <= 8.0 or exponent != math.floor(exponent):
        return _UNCHANGED
    # the reciprocal first: the power of x might overflow where its reciprocal is still a number
    x = a if exponent > 0.0 else g.make(DIV, g.constant(1.0), a)
    return _whole_power(g, x, int(abs(exponent)))


def _whole_power(g: ExpressionGraph, x: Int, n: Int) -> int:
    result = -1
    while n:
        if n & 1:
            result = x if result < 0 else g.make(MUL, result, x)
        n >>= 1
        if n:
            x = g.make(SQUARE, x)
    return result


def _abs(g: ExpressionGraph, a: Int) -> int:
    if g.op[a] == ABS or g.op[a] == SQUARE or g.op[a] == EXP:
        return a
    return g.make(ABS, g.a[a]) if g.op[a] == NEG else _UNCHANGED


def _select(g: ExpressionGraph, a: Int, b: Int, c: Int) -> int:
    if g.op[c] == CONSTANT:
        return a if g.number[c] else b
    if a == b:
        return a
    if g.op[c] == NOT:
        return g.make(SELECT, b, a, g.a[c])
    op = g.op[a]
    if op < 0 or op != g.op[b] or not _UNARY[op] or g.depth > _INWARDS:
        return _UNCHANGED
    return g.make(op, g.make(SELECT, g.a[a], g.a[b], c))  # one function of a selection, not two functions


_UNARY = bytes(arity == 1 for arity in ARITY)


def _not(g: ExpressionGraph, a: Int) -> int:
    if g.op[a] == NOT:
        return g.a[a]
    if g.op[a] == NE:
        return g.make(EQ, g.a[a], g.b[a])
    return g.make(NE, g.a[a], g.b[a]) if g.op[a] == EQ else _UNCHANGED


def _and(g: ExpressionGraph, a: Int, b: Int) -> int:
    if g.op[a] == CONSTANT:
        return b if g.number[a] else g.constant(0.0)
    if g.op[b] == CONSTANT:
        return a if g.number[b] else g.constant(0.0)
    if (g.op[a] == NOT and g.a[a] == b) or (g.op[b] == NOT and g.a[b] == a):
        return g.constant(0.0)
    return a if a == b else g.make(AND, b, a) if a > b else _UNCHANGED


def _or(g: ExpressionGraph, a: Int, b: Int) -> int:
    if g.op[a] == CONSTANT:
        return g.constant(1.0) if g.number[a] else b
    if g.op[b] == CONSTANT:
        return g.constant(1.0) if g.number[b] else a
    if (g.op[a] == NOT and g.a[a] == b) or (g.op[b] == NOT and g.a[b] == a):
        return g.constant(1.0)
    found = _less_or_nan(g, a, b)
    if found == _UNCHANGED:
        found = _less_or_nan(g, b, a)
    if found != _UNCHANGED:
        return found
    return a if a == b else g.make(OR, b, a) if a > b else _UNCHANGED


def _less_or_nan(g: ExpressionGraph, x: Int, y: Int) -> int:
    """Number < v, or v is nan: not v <= number, unless the number is nan."""
    if g.op[x] != LT or g.op[y] != NE or g.a[y] != g.b[y]:
        return _UNCHANGED
    p, q, v = g.a[x], g.b[x], g.a[y]
    if (v == q and _is_some_number(g, p)) or (v == p and _is_some_number(g, q)):
        return g.make(NOT, g.make(LE, q, p))
    return _UNCHANGED


def _is_some_number(g: ExpressionGraph, node: Int) -> bool:
    return g.op[node] == CONSTANT and g.number[node] == g.number[node]
