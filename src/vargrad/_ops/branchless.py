"""The table's formulas evaluated on anything that can be built up by operation: expressions, or NumPy arrays.

Conditionals are selections here, both sides evaluated. A partial comes as a pair: its value, and the condition under
which it counts at all; ``skip`` never becomes a factor of zero.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeAlias

from vargrad._ops.formula import needed, parse
from vargrad._ops.table import BY_NAME, ROWS

Build: TypeAlias = Callable[..., Any]  # build(name of an operation, *operands)
Lift: TypeAlias = Callable[[float], Any]  # what a number becomes

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "truediv",
    ast.Pow: "pow",
    ast.Mod: "mod",
    ast.FloorDiv: "floordiv",
    ast.USub: "neg",
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Eq: "eq",
    ast.NotEq: "ne",
    ast.And: "and",
    ast.Or: "or",
}
_SWAPPED: dict[type[ast.AST], str] = {ast.Gt: "lt", ast.GtE: "le"}
_FUNCTIONS = {row.function or row.name: row.name for row in ROWS}
ALWAYS, NEVER = "always", "never"  # conditions of a partial, besides a node
_parse, _needed = cache(parse), cache(needed)


class Formulas:
    """Evaluates formulas by ``build``; numbers in them become ``lift(number)``."""

    def __init__(self, build: Build, lift: Lift) -> None:
        self._build = build
        self._lift = lift

    def value(self, text: str, names: Mapping[str, Any], let: tuple[tuple[str, str], ...] = ()) -> Any:
        """The value of a formula in which the names mean these operands."""
        return self._expression(_parse(text), self._bound(text, names, let))

    def partial(self, text: str, names: Mapping[str, Any], let: tuple[tuple[str, str], ...] = ()) -> tuple[Any, Any]:
        """A partial and its condition: ALWAYS, NEVER, or what ``build`` made of the formula's tests."""
        return self._partial(_parse(text), self._bound(text, names, let))

    def row(self, name: str, *operands: Any) -> Any:
        """The value of a row by its formula."""
        row = BY_NAME[name]
        return self.value(row.kernel or row.value, dict(zip("ab", operands, strict=False)), row.let)

    def _bound(self, text: str, names: Mapping[str, Any], let: tuple[tuple[str, str], ...]) -> dict[str, Any]:
        scope = {"inf": self._lift(float("inf")), **names}
        for name, bound in _needed(text, let):
            scope[name] = self._expression(_parse(bound), scope)
        return scope

    def _expression(self, tree: ast.expr, scope: Mapping[str, Any]) -> Any:
        match tree:
            case ast.Constant():
                return self._lift(float(tree.value))  # type: ignore[arg-type]
            case ast.Name():
                return scope[tree.id]
            case ast.IfExp():
                test = self._expression(tree.test, scope)
                body, other = self._expression(tree.body, scope), self._expression(tree.orelse, scope)
                return self._build("select", body, other, test)
            case ast.Call():
                name = tree.func.id  # type: ignore[attr-defined]
                return self._build(_FUNCTIONS[name], *(self._expression(x, scope) for x in tree.args))
            case ast.UnaryOp():
                return self._build(_OPERATORS[type(tree.op)], self._expression(tree.operand, scope))
            case ast.BinOp():
                parts = [tree.left, tree.right]
                return self._build(_OPERATORS[type(tree.op)], *(self._expression(x, scope) for x in parts))
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                a, b = self._expression(left, scope), self._expression(right, scope)
                if type(op) in _SWAPPED:
                    return self._build(_SWAPPED[type(op)], b, a)
                return self._build(_OPERATORS[type(op)], a, b)
            case ast.BoolOp():
                result, *rest = [self._expression(x, scope) for x in tree.values]
                for x in rest:
                    result = self._build(_OPERATORS[type(tree.op)], result, x)
                return result
        raise NotImplementedError(ast.unparse(tree))

    def _partial(self, tree: ast.expr, scope: Mapping[str, Any]) -> tuple[Any, Any]:
        if isinstance(tree, ast.Name) and tree.id == "skip":
            return self._lift(0.0), NEVER
        if not isinstance(tree, ast.IfExp):
            return self._expression(tree, scope), ALWAYS
        test = self._expression(tree.test, scope)
        (yes, when_yes), (no, when_no) = self._partial(tree.body, scope), self._partial(tree.orelse, scope)
        if when_yes == ALWAYS and when_no == ALWAYS:
            return self._build("select", yes, no, test), ALWAYS
        taken, other = self._both(test, when_yes), self._both(self._build("not", test), when_no)
        if taken == NEVER or other == NEVER:
            return (no, other) if taken == NEVER else (yes, taken)
        return self._build("select", yes, no, test), self._build("or", taken, other)

    def _both(self, test: Any, condition: Any) -> Any:
        if condition == NEVER:
            return NEVER
        return test if condition == ALWAYS else self._build("and", test, condition)
