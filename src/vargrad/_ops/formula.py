"""Formulas of the table, parsed from their small subset of Python and compiled into functions.

The subset: numbers, names, ``+ - * / // % **``, unary minus, comparisons, ``and``/``or``, ``x if c else y``
and calls of the functions below. Division, powers and functions become calls into a namespace, so that one
text can mean Python's arithmetic (which raises), IEEE arithmetic (which does not), or an expression on Vars.
"""

from __future__ import annotations

import ast
import math
import sys
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from vargrad._ops import ieee as _ieee
from vargrad._ops.table import BY_NAME, CALLED, Op

_FUNCTIONS = """exp exp2 expm1 log log2 log10 log1p sqrt cbrt sin cos tan asin acos atan atan2 sinh cosh tanh
asinh acosh atanh erf erfc fabs copysign rint fmod remainder round lgamma gamma"""
FUNCTIONS = frozenset(_FUNCTIONS.split()) | {row.name for row in CALLED}
_BINARY = {ast.Div: "div", ast.FloorDiv: "floordiv", ast.Mod: "mod", ast.Pow: "power"}
_PLAIN = (ast.Add, ast.Sub, ast.Mult)
_ALLOWED = (
    ast.BinOp,
    ast.BoolOp,
    ast.Compare,
    ast.Constant,
    ast.IfExp,
    ast.Load,
    ast.Name,
    ast.UnaryOp,
    ast.USub,
    ast.And,
    ast.Or,
    ast.cmpop,
    *_BINARY,
    *_PLAIN,
)


def parse(text: str) -> ast.expr:
    """The syntax tree of a formula; ValueError names the first construct outside the subset."""
    tree = ast.parse(text, mode="eval").body
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if not (isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS) or node.keywords:
                raise ValueError(f"formula {text!r} calls {ast.unparse(node.func)!r}; allowed are {sorted(FUNCTIONS)}")
        elif isinstance(node, ast.Constant) and type(node.value) not in (int, float):
            raise ValueError(f"formula {text!r} has {node.value!r}; constants are numbers")
        elif not isinstance(node, _ALLOWED):
            raise ValueError(f"formula {text!r} uses {type(node).__name__}, which the table's language has not")
    return tree


def needed(text: str, let: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """Those bindings that a formula names, or that one of these names in turn."""
    used, found = _names(text), []
    for name, bound in reversed(let):
        if name in used:
            used |= _names(bound)
            found.append((name, bound))
    return found[::-1]


def _names(text: str) -> set[str]:
    return {node.id for node in ast.walk(parse(text)) if isinstance(node, ast.Name)}


class _Calls(ast.NodeTransformer):
    """Turn every operator that may raise into a call by name."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        name = _BINARY.get(type(node.op))
        return node if name is None else ast.Call(ast.Name(name, ast.Load()), [node.left, node.right], [])


def _python_power(a: float, b: float) -> float:
    result = a**b
    if isinstance(result, complex):
        raise ValueError(f"negative number {a!r} cannot be raised to the fractional power {b!r}")
    return float(result)


def _python_round(a: float, b: float) -> float:
    return round(a, int(b))


class Space:
    """Meanings for the names in a formula. Compared by identity, so that compiled formulas can be cached by it."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.names = dict(names)


def _part(name: str) -> Callable[..., float]:
    """A row that other rows call: in partials, so its arithmetic is IEEE's."""
    return lambda *operands: value(name, IEEE)(*operands)


_CONSTANTS = {"inf": math.inf, "skip": None, "round": _python_round, "rint": _ieee.rint}
PYTHON = Space(
    {
        **{name: getattr(math, name) for name in FUNCTIONS if hasattr(math, name)},
        **_CONSTANTS,
        **{row.name: _part(row.name) for row in CALLED},
        "div": lambda a, b: a / b,
        "floordiv": lambda a, b: a // b,
        "mod": lambda a, b: a % b,
        "power": _python_power,
    }
)
IEEE = Space(
    {
        **PYTHON.names,
        **{k: v for k, v in vars(_ieee).items() if callable(v) and not k.startswith("_")},
    }
)
_OPERATORS = {
    "div": "truediv",
    "floordiv": "floordiv",
    "mod": "mod",
    "power": "pow",
    "rint": "rint",
}


@cache
def graph_space(apply: Callable[..., Any], kind: type) -> Space:
    """A space whose functions build nodes, by ``apply(row name, *operands, ieee=True)``, where a Var takes part."""

    def lift(name: str, row: str) -> Callable[..., Any]:
        plain = IEEE.names[name]

        def call(*operands: Any) -> Any:
            for x in operands:
                if type(x) is kind:
                    return apply(row, *operands, ieee=True)
            return plain(*operands)

        return call

    rows = {row.function or row.name: row.name for row in BY_NAME.values()} | _OPERATORS
    return Space(
        {
            **IEEE.names,
            **{name: lift(name, row) for name, row in rows.items() if name in IEEE.names},
        }
    )


@cache
def compile_formula(
    text: str, names: tuple[str, ...], let: tuple[tuple[str, str], ...], space: Space
) -> Callable[..., Any]:
    """A function of ``names`` that evaluates ``text``, after the bindings of ``let``, in the namespace ``space``."""
    body: list[ast.stmt] = [
        ast.Assign([ast.Name(name, ast.Store())], _Calls().visit(parse(bound))) for name, bound in needed(text, let)
    ]
    body.append(ast.Return(_Calls().visit(parse(text))))
    arguments = ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, [])
    function = ast.FunctionDef("formula", arguments, body, [])
    if sys.version_info >= (3, 12):  # since then a function has type parameters
        function.type_params = []
    module = ast.fix_missing_locations(ast.Module([function], []))
    scope = dict(space.names)
    exec(compile(module, f"<formula {text}>", "exec"), scope)
    result: Callable[..., Any] = scope["formula"]
    return result


def operand_names(row: Op) -> tuple[str, ...]:
    """('a',) or ('a', 'b')."""
    return ("a", "b")[: row.arity]


@cache
def value(name: str, space: Space = PYTHON) -> Callable[..., float]:
    """The row's value; in PYTHON with the results and exceptions of plain floats, in IEEE it never raises.

    Of a function of Python's own for which the row has a formula as well, IEEE takes that, as programs do.
    """
    row = BY_NAME[name]
    text = row.kernel if row.kernel and space is IEEE else row.value
    return compile_formula(text, operand_names(row), row.let, space if row.raises else IEEE)


@cache
def partials(name: str, space: Space = IEEE) -> tuple[Callable[..., Any], ...]:
    """The row's partials, functions of the operands and the result; None means: skip."""
    row = BY_NAME[name]
    return tuple(compile_formula(text, (*operand_names(row), "out"), row.let, space) for text in row.partials)
