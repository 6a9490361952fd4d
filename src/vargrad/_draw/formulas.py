"""An operation and its derivatives in words: the formulas of the op table, with the names of the operands in them."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from vargrad._ops.formula import IEEE, compile_formula, operand_names, parse
from vargrad._ops.table import BY_NAME, NARY_BY_NAME, PARTS

LONGEST = 48  # a formula that is longer is not shown
_PARTS = {part.name: part for part in PARTS}


def expression(op: str, operands: Sequence[str]) -> str:
    """The operation of these operands, as Python has it: "x ** 2", "sigmoid(q)"."""
    row = BY_NAME.get(op)
    if row is not None and not row.let:
        tree = parse(row.value)
        if isinstance(tree, (ast.BinOp, ast.UnaryOp)):
            found = _written(row.value, dict(zip(operand_names(row), operands, strict=True)), False)
            if found is not None:
                return found
    shown = [*operands[:4], "…"] if len(operands) > 5 else operands
    return f"{op}({', '.join(shown)})"


def partial(op: str, position: int, operands: Sequence[str], result: str, values: Sequence[float] = ()) -> str | None:
    """The derivative by one operand: "2 * x"; None where the table's formula is too long to help.

    ``values``: those of the operands, and behind them the result: they choose among the branches of a formula.
    """
    row, many = BY_NAME.get(op), NARY_BY_NAME.get(op)
    if row is not None:
        names = (*operand_names(row), "out")
        tree = _Chosen(names, row.let, values).visit(parse(row.partials[position]))
        tree = _Whole().visit(tree)
        if any(isinstance(x, ast.Call) and _is_part(x) for x in ast.walk(tree)):
            return None
        return _written(ast.unparse(tree), dict(zip(names, [*operands, result], strict=True)))
    if many is None or op == "custom" or " if " in many.partial:
        return None
    half = len(operands) // 2 if many.pairs else len(operands)
    partner = operands[(position + half) % len(operands)]
    return _written(many.partial, {"x": operands[position], "y": partner, "n": str(half), "out": result})


class _Chosen(ast.NodeTransformer):
    """Put the branch that was taken in the place of a condition."""

    def __init__(self, names: tuple[str, ...], let: tuple[tuple[str, str], ...], values: Sequence[float]) -> None:
        self.names, self.let, self.values = names, let, values

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        holds = compile_formula(ast.unparse(node.test), self.names, self.let, IEEE)(*self.values)
        chosen: ast.expr = self.visit(node.body if holds else node.orelse)
        return chosen


def _is_part(node: ast.Call) -> bool:
    return ast.unparse(node.func) in _PARTS


class _Whole(ast.NodeTransformer):
    """Put what a part of the sheet stands for in its place: sigmoid(q) * (1 - sigmoid(q)) for sigmoid_slope(q)."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        part = _PARTS.get(ast.unparse(node.func))
        if part is None or not part.written:
            return node
        operands = dict(zip(operand_names(part), map(ast.unparse, node.args), strict=True))
        return parse(_written(part.written, operands, False, 200) or part.written)


def _written(text: str, names: Mapping[str, str], shorter: bool = True, longest: int = LONGEST) -> str | None:
    tree = parse(text)
    called = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node not in called}
    if not used <= names.keys():
        return None
    result = ast.unparse(ast.fix_missing_locations(_Filled(names, shorter).visit(tree)))
    return result if len(result) <= longest else None


class _Filled(ast.NodeTransformer):
    """Put the operands in, and with ``shorter`` leave out what changes nothing: times 1, to the power 1."""

    def __init__(self, names: Mapping[str, str], shorter: bool) -> None:
        self.names, self.shorter = names, shorter

    def visit_Call(self, node: ast.Call) -> ast.expr:
        node.args = [self.visit(x) for x in node.args]
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return _atom(self.names[node.id])

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return _atom(f"{node.value:g}" if isinstance(node.value, float) else str(node.value))

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = self.visit(node.left), self.visit(node.right)
        a, b = (_number(left), _number(right)) if self.shorter else (None, None)
        if a is not None and b is not None and isinstance(node.op, (ast.Add, ast.Sub)):
            return _atom(f"{a + b if isinstance(node.op, ast.Add) else a - b:g}")
        if isinstance(node.op, ast.Mult) and a == 1.0:
            return right  # type: ignore[no-any-return]
        if isinstance(node.op, (ast.Mult, ast.Pow)) and b == 1.0:
            return left  # type: ignore[no-any-return]
        return ast.BinOp(left, node.op, right)


def _atom(text: str) -> ast.Name:
    return ast.Name(f"({text})" if text.startswith("-") else text, ast.Load())


def _number(node: ast.expr) -> float | None:
    try:
        return float(node.id.strip("()")) if isinstance(node, ast.Name) else None
    except ValueError:
        return None
