"""Expressions as a graph of numbered nodes: equal ones are one, constants are folded, cheap forms replace dear ones.

A node is a tuple (op, a, b, c) of an operation and up to three operands; an operand that is not there is node 0.
Operands are always older than the node, so ascending order is an order of evaluation. Nothing recurses over the graph:
a program of a hundred thousand nodes is built in one pass.

Rewriting keeps the results of IEEE arithmetic, including signed zeros, infinities and nan, to a few units in the
last place: x + 0.0 stays where x may be -0.0, and x * 0.0 is never 0.0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from vargrad import _formula
from vargrad._ops import BY_NAME
from vargrad._program import ARITY, NAMES, OPCODES

INPUT, CONSTANT, COMPOSITE = -1, -2, -3  # kinds of node that no machine runs
ADD, SUB, MUL, DIV, POW = (OPCODES[name] for name in ("add", "sub", "mul", "truediv", "pow"))
NEG, ABS, SQUARE, EXP, SIGMOID = (OPCODES[name] for name in ("neg", "abs", "square", "exp", "sigmoid"))
SELECT, LT, LE, EQ, NE = (OPCODES[name] for name in ("select", "lt", "le", "eq", "ne"))
AND, OR, NOT = OPCODES["and"], OPCODES["or"], OPCODES["not"]
ZERO = 1  # the constant 0.0, in every graph
_KEEP = -1  # what a rule returns where the node is to stay as it is

Parents = tuple[tuple[int, int, int], ...]


class Expressions:
    """The graph. ``make`` is the only way to a node of an operation."""

    __slots__ = ("_constants", "_table", "nodes", "number", "parents")

    def __init__(self) -> None:
        self.nodes: list[tuple[int, int, int, int]] = []
        self.number: dict[int, float] = {}  # the values of constants
        self.parents: dict[int, Parents] = {}  # of composites: operand, partial, condition under which it counts
        self._table: dict[tuple[int, int, int, int], int] = {}
        self._constants: dict[float | str, int] = {}
        self._append((CONSTANT, 0, 0, 0))  # stands for an operand that is not there, which counts as constant
        self.number[0] = 0.0
        self.constant(0.0)

    def __getstate__(self) -> tuple[Any, ...]:
        return self.nodes, self.number, self.parents

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.nodes, self.number, self.parents = state
        self._table = {node: i for i, node in enumerate(self.nodes) if node[0] >= 0}
        self._constants = {}
        for i, value in self.number.items():
            if i:
                self._constants[_key(value)] = i

    def _append(self, key: tuple[int, int, int, int]) -> int:
        self.nodes.append(key)
        return len(self.nodes) - 1

    def input(self) -> int:
        """A new input."""
        return self._append((INPUT, 0, 0, 0))

    def constant(self, value: float) -> int:
        """The node of a number; zeros of either sign are two nodes, all nans are one."""
        key = value if value and value == value else _key(value)
        found = self._constants.get(key)
        if found is None:
            found = self._constants[key] = self._append((CONSTANT, 0, 0, 0))
            self.number[found] = float(value)
        return found

    def composite(self, value: int, parents: Parents = ()) -> int:
        """A node of value's value whose derivatives are given: (operand, partial, condition or -1) for each operand.

        Without parents it is a constant to derivatives. ``parents[node]`` may be set later: partials may need the node.
        """
        node = self._append((COMPOSITE, value, 0, 0))
        self.parents[node] = parents
        return node

    def value_of(self, node: int) -> int:
        """The node itself, or what a composite stands for."""
        while self.nodes[node][0] == COMPOSITE:
            node = self.nodes[node][1]
        return node

    def resolved(self) -> list[tuple[int, int, int, int]]:
        """The nodes, with what composites stand for in the place of composites."""
        if not self.parents:
            return self.nodes
        value_of = self.value_of
        return [(op, value_of(a), value_of(b), value_of(c)) for op, a, b, c in self.nodes]

    def make(self, op: int, a: int, b: int = 0, c: int = 0) -> int:
        """The node of an operation on nodes, or an equal, simpler one."""
        key = (op, a, b, c)
        found = self._table.get(key)
        if found is None:
            number = self.number
            if a in number and b in number and c in number:
                found = self.constant(fold(op, number[a], number[b], number[c]))
            else:
                rule = _RULES[op]
                found = rule(self, a, b, c) if rule else _KEEP
                if found == _KEEP:
                    found = len(self.nodes)
                    self.nodes.append(key)
            self._table[key] = found
        return found

    def apply(self, name: str, *operands: int) -> int:
        """The node of an operation by its name."""
        return self.make(OPCODES[name], *operands)

    def never_minus_zero(self, node: int) -> bool:
        """Whether the node's value is certainly not -0.0, so that adding 0.0 to it changes nothing."""
        for _ in range(16):
            op, a, b, _c = self.nodes[node]
            if op in _NEVER_NEGATIVE:
                return True
            if op == CONSTANT:
                return math.copysign(1.0, self.number[node]) > 0.0 or self.number[node] != 0.0
            if op == MUL and self.number.get(a, -1.0) > 0.0:
                node = b
            elif op == ADD:  # -0.0 only as the sum of two of them
                if self.nodes[a][0] in _NEVER_NEGATIVE or a in self.number:
                    return True
                node = b
            elif op == COMPOSITE:
                node = a
            else:
                return False
        return False


def _key(value: float) -> float | str:
    """What tells constants apart: zeros of either sign are equal, and nans are not."""
    return value if value and value == value else repr(float(abs(value) if value != value else value))


_FOLD: dict[str, Callable[..., float]] = {
    "select": lambda a, b, c: a if c else b,
    "lt": lambda a, b: float(a < b),
    "le": lambda a, b: float(a <= b),
    "eq": lambda a, b: float(a == b),
    "ne": lambda a, b: float(a != b),
    "and": lambda a, b: float(a != 0.0 and b != 0.0),
    "or": lambda a, b: float(a != 0.0 or b != 0.0),
    "not": lambda a: float(a == 0.0),
}


def fold(op: int, *operands: float) -> float:
    """The value of an operation on numbers, IEEE."""
    name = NAMES[op]
    function = _FOLD[name] if name in _FOLD else _formula.value(name, _formula.IEEE)
    return function(*operands[: ARITY[op]])


# ---- rules: an equal, cheaper node, or _KEEP

_NEVER_NEGATIVE = frozenset(
    OPCODES[name] for name in ("square", "exp", "exp2", "abs", "sigmoid", "cosh", "softplus", "lt", "le", "eq", "ne")
)


def _add(g: Expressions, a: int, b: int, _: int) -> int:
    if b in g.number or (a > b and a not in g.number):
        return g.make(ADD, b, a)  # a constant stands first
    if g.number.get(a) == 0.0 and (math.copysign(1.0, g.number[a]) < 0.0 or g.never_minus_zero(b)):
        return b
    if a == b:
        return g.make(MUL, g.constant(2.0), a)
    if g.nodes[b][0] == NEG:
        return g.make(SUB, a, g.nodes[b][1])
    if g.nodes[a][0] == NEG:
        return g.make(SUB, b, g.nodes[a][1])
    return _KEEP


def _sub(g: Expressions, a: int, b: int, _: int) -> int:
    if g.number.get(b) == 0.0:
        return a if math.copysign(1.0, g.number[b]) > 0.0 else g.make(ADD, a, ZERO)
    if g.number.get(a) == 0.0 and math.copysign(1.0, g.number[a]) < 0.0:
        return g.make(NEG, b)
    if g.nodes[b][0] == NEG:
        return g.make(ADD, a, g.nodes[b][1])
    return _KEEP


def _mul(g: Expressions, a: int, b: int, _: int) -> int:
    if b in g.number or (a > b and a not in g.number):
        return g.make(MUL, b, a)
    nodes = g.nodes
    if a == b:
        return g.make(SQUARE, a)
    op, p, q, _c = nodes[b]
    factor = g.number.get(a)
    if factor is not None:
        if factor == 1.0:
            return b
        if factor == -1.0:
            return g.make(NEG, b)
        if op == NEG:
            return g.make(MUL, g.constant(-factor), p)
        other = g.number.get(p, 0.0) if op == MUL else 0.0
        # both at least 1: nothing that is finite or normal now was not before
        if abs(other) >= 1.0 and abs(factor) >= 1.0 and math.isfinite(other * factor):
            return g.make(MUL, g.constant(other * factor), q)
        return _KEEP
    if op == NEG:
        return g.make(NEG, g.make(MUL, a, p))
    if nodes[a][0] == NEG:
        return g.make(NEG, g.make(MUL, nodes[a][1], b))
    return _KEEP


def _neg(g: Expressions, a: int, _b: int, _c: int) -> int:
    op, p, q, _ = g.nodes[a]
    if op == NEG:
        return p
    if op == MUL and p in g.number:
        return g.make(MUL, g.constant(-g.number[p]), q)
    return _KEEP


def _exact_reciprocal(x: float) -> bool:
    return abs(math.frexp(x)[0]) == 0.5 and 2.0**-1022 <= abs(x) <= 2.0**1022


def _div(g: Expressions, a: int, b: int, _: int) -> int:
    nodes, divisor = g.nodes, g.number.get(b)
    if divisor is not None and math.isfinite(divisor) and divisor != 0.0 and _exact_reciprocal(divisor):
        return g.make(MUL, g.constant(1.0 / divisor), a)
    if nodes[b][0] == NEG:
        return g.make(NEG, g.make(DIV, a, nodes[b][1]))
    if nodes[a][0] == NEG:
        return g.make(NEG, g.make(DIV, nodes[a][1], b))
    if g.number.get(a) == 1.0 and nodes[b][0] == ADD:
        p, q = nodes[b][1:3]
        if g.number.get(p) == 1.0 and nodes[q][0] == EXP:
            return g.make(SIGMOID, g.make(NEG, nodes[q][1]))
    return _KEEP


def _pow(g: Expressions, a: int, b: int, _: int) -> int:
    base, exponent = g.number.get(a), g.number.get(b)
    if base == math.e:
        return g.make(EXP, b)
    if base == 2.0:
        return g.apply("exp2", b)
    if exponent == 0.0:
        return g.constant(1.0)
    if exponent == 0.5:  # but pow(-inf, 0.5) is inf, and pow(-0.0, 0.5) is 0.0
        root = g.apply("sqrt", g.make(ADD, a, ZERO))
        return g.make(SELECT, g.constant(math.inf), root, g.make(EQ, a, g.constant(-math.inf)))
    if exponent is None or not exponent.is_integer() or abs(exponent) > 8.0:
        return _KEEP
    # the reciprocal first: the power of x might overflow where its reciprocal is still a number
    x = a if exponent > 0.0 else g.make(DIV, g.constant(1.0), a)
    return _whole_power(g, x, abs(int(exponent)))


def _whole_power(g: Expressions, x: int, n: int) -> int:
    result = -1
    while n:
        if n & 1:
            result = x if result < 0 else g.make(MUL, result, x)
        n >>= 1
        if n:
            x = g.make(SQUARE, x)
    return result


def _even(g: Expressions, a: int, op: int) -> int:
    return g.make(op, g.nodes[a][1]) if g.nodes[a][0] in (NEG, ABS) else _KEEP


def _square(g: Expressions, a: int, _b: int, _c: int) -> int:
    return _even(g, a, SQUARE)


def _abs(g: Expressions, a: int, _b: int, _c: int) -> int:
    return a if g.nodes[a][0] in (ABS, SQUARE, EXP) else _even(g, a, ABS)


def _identity(_g: Expressions, a: int, _b: int, _c: int) -> int:
    return a


def _scaled(name: str) -> Callable[..., int]:
    """A row whose value is its operand times its partial, a number."""
    factor = float(BY_NAME[name].partials[0])

    def rule(g: Expressions, a: int, _b: int, _c: int) -> int:
        return g.make(MUL, g.constant(factor), a)

    return rule


def _select(g: Expressions, a: int, b: int, c: int) -> int:
    condition = g.number.get(c)
    if condition is not None:
        return a if condition else b
    if a == b:
        return a
    if g.nodes[c][0] == NOT:
        return g.make(SELECT, b, a, g.nodes[c][1])
    op = g.nodes[a][0]
    if op == g.nodes[b][0] and op >= 0 and ARITY[op] == 1:  # one function of a selection, not two functions
        return g.make(op, g.make(SELECT, g.nodes[a][1], g.nodes[b][1], c))
    return _KEEP


def _not(g: Expressions, a: int, _b: int, _c: int) -> int:
    op, p, q, _ = g.nodes[a]
    if op == NOT:
        return p
    return g.make(EQ, p, q) if op == NE else g.make(NE, p, q) if op == EQ else _KEEP


def _and(g: Expressions, a: int, b: int, _: int) -> int:
    for x, y in ((a, b), (b, a)):
        if x in g.number:
            return y if g.number[x] else g.constant(0.0)
        if g.nodes[x] == (NOT, y, 0, 0):
            return g.constant(0.0)
    return a if a == b else g.make(AND, b, a) if a > b else _KEEP


def _or(g: Expressions, a: int, b: int, _: int) -> int:
    for x, y in ((a, b), (b, a)):
        if x in g.number:
            return g.constant(1.0) if g.number[x] else y
        if g.nodes[x] == (NOT, y, 0, 0):
            return g.constant(1.0)
        op, p, q, _c = g.nodes[x]
        # number < v, or v is nan: not v <= number, unless the number is nan
        if op == LT and g.number.get(p, math.nan) == g.number.get(p) and g.nodes[y] == (NE, q, q, 0):
            return g.make(NOT, g.make(LE, q, p))
        if op == LT and g.number.get(q, math.nan) == g.number.get(q) and g.nodes[y] == (NE, p, p, 0):
            return g.make(NOT, g.make(LE, q, p))
    return a if a == b else g.make(OR, b, a) if a > b else _KEEP


def _equal(op: int) -> Callable[..., int]:
    def rule(g: Expressions, a: int, b: int, _: int) -> int:
        return g.make(op, b, a) if a > b else _KEEP

    return rule


def _less(g: Expressions, a: int, b: int, _: int) -> int:
    return g.constant(0.0) if a == b else _KEEP


_BY_NAME: dict[str, Callable[..., int]] = {
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "truediv": _div,
    "pow": _pow,
    "neg": _neg,
    "abs": _abs,
    "square": _square,
    "identity": _identity,
    "degrees": _scaled("degrees"),
    "radians": _scaled("radians"),
    "select": _select,
    "lt": _less,
    "eq": _equal(EQ),
    "ne": _equal(NE),
    "and": _and,
    "or": _or,
    "not": _not,
}
_RULES: tuple[Any, ...] = tuple(_BY_NAME.get(name) for name in NAMES)
