"""Expressions of the command line: read by ``ast``, checked against a list of what is allowed, computed on Vars.

Nothing is ever evaluated as Python. All numbers are floats, so that no power can grow without bound.
"""

from __future__ import annotations

import ast
import difflib
import math as _math
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from vargrad._core import functions_nary, functions_py
from vargrad._core.var import VARS

LONGEST, DEEPEST, MOST = 2000, 100, 1000  # characters, levels and parts of an expression
_OWN = ("clamp", "dist", "log", "pow", "prod", "square", "where")  # of vargrad.math, besides rows and n-ary ones
FUNCTIONS = frozenset((*functions_py.__all__, *functions_nary.__all__, *_OWN))
CONSTANTS = {name: getattr(_math, name) for name in ("pi", "e", "tau", "inf", "nan")}
_BUILTINS: dict[str, Callable[..., Any]] = {"abs": abs, "max": max, "min": min}
_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
    ast.Pow: lambda a, b: a**b,
}
_COMPARED: dict[type, Callable[[Any, Any], Any]] = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
}
_INSTEAD = {
    ast.BitXor: ("^", "a power is written **"),
    ast.BitAnd: ("&", "a condition is written with and"),
    ast.BitOr: ("|", "a condition is written with or"),
    ast.LShift: ("<<", "multiply by 2**n"),
    ast.RShift: (">>", "divide by 2**n"),
    ast.MatMult: ("@", "dot([a, b], [c, d]) is the product of vectors"),
}
_KINDS = {
    ast.Lambda: "a lambda",
    ast.Subscript: "an index",
    ast.Dict: "a dictionary",
    ast.Set: "a set",
    ast.JoinedStr: "a text",
    ast.NamedExpr: "an assignment",
    ast.Starred: "a star",
    ast.Await: "await",
    ast.Yield: "yield",
    ast.YieldFrom: "yield",
}


class Mistake(Exception):
    """What is wrong with an expression, and where; ``status``: what the command exits with."""

    def __init__(self, message: str, text: str = "", column: int | None = None, status: int = 2) -> None:
        super().__init__(message)
        self.text, self.column, self.status = text, column, status

    def lines(self, width: int) -> list[str]:
        """The message, and the place under the text: a caret, in an excerpt that fits the width."""
        lines = [str(self)]
        if self.text and self.column is not None:
            room = max(16, width - 4)
            at = min(self.column, len(self.text))
            start = 0 if at < room - 4 else at - room // 2
            excerpt = "".join(c if c.isprintable() else "?" for c in self.text[start : start + room])
            before = excerpt[: at - start]
            columns = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in before if not _marks(c))
            lines += [f"  {excerpt}", f"  {' ' * columns}^"]
        return lines


def _marks(c: str) -> bool:
    return unicodedata.combining(c) != 0


class Expression:
    """One expression that holds nothing but what is allowed; raises Mistake otherwise.

    ``names``: its variables, in the order of their first use.
    """

    def __init__(self, text: str, what: str = "the expression") -> None:
        self.text = text
        self._what = what
        self._tree = self._parsed()
        self._check()
        found = sorted(self._variables(), key=lambda node: (node.lineno, node.col_offset))
        self.names = list(dict.fromkeys(node.id for node in found))
        self._first = {node.id: node for node in reversed(found)}

    def _mistake(self, message: str, node: ast.expr | int | None, status: int = 2) -> Mistake:
        column = node if isinstance(node, int) or node is None else self._column(node)
        return Mistake(message, self.text, column, status)

    def _column(self, node: ast.expr) -> int:
        """In characters: ast counts bytes."""
        return self._characters(node.col_offset)

    def _characters(self, bytes_before: int | None) -> int:
        return len(self.text.encode()[:bytes_before].decode(errors="ignore"))

    def _parsed(self) -> ast.expr:
        text = self.text
        if not text.strip():
            raise Mistake(f'{self._what} is empty: write one such as "(x**2 + 3)**2 + y"')
        if len(text) > LONGEST:
            raise Mistake(f"{self._what} has {len(text):,} characters: at most {LONGEST:,} are read")
        for i, c in enumerate(text):
            if unicodedata.category(c)[0] == "C":
                raise self._mistake(f"{self._what} has a sign that cannot be printed ({c!a})", i)
        skipped = len(text) - len(text.lstrip())
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Python's advice on what is refused below
                tree = ast.parse(text[skipped:], mode="eval").body
        except SyntaxError as error:
            column = skipped + max(0, (error.offset or 1) - 1)
            if not error.offset or (error.lineno or 1) > 1 or column >= len(text.rstrip()):
                raise self._mistake(f"{self._what} ends too early: something is missing", len(text.rstrip())) from None
            raise self._mistake(f"{self._what} is no formula: {error.msg}", column) from None
        except (ValueError, MemoryError, RecursionError):
            raise self._mistake(f"{self._what} is nested too deeply: at most {DEEPEST} levels are read", None) from None
        for node in ast.walk(tree):
            if isinstance(node, ast.expr):
                node.col_offset += len(text[:skipped].encode())
                node.end_col_offset = (node.end_col_offset or 0) + len(text[:skipped].encode())
        return tree

    def _check(self) -> None:
        stack: list[tuple[ast.expr, int]] = [(self._tree, 1)]
        parts = 0
        while stack:
            node, depth = stack.pop()
            parts += 1
            if depth > DEEPEST:
                raise self._mistake(f"{self._what} is nested too deeply: at most {DEEPEST} levels are read", node)
            if parts > MOST:
                raise self._mistake(f"{self._what} is too large: it has more than {MOST:,} parts", node)
            stack += [(child, depth + 1) for child in self._children(node)]

    def _children(self, node: ast.expr) -> list[ast.expr]:
        """The parts of a node that is allowed; raises Mistake for another."""
        match node:
            case ast.Constant(value=value):
                self._number(node, value)
                return []
            case ast.Name():
                return []
            case ast.BinOp(left=left, op=op, right=right):
                if type(op) not in _BINARY:
                    sign, instead = _INSTEAD[type(op)]
                    place = self.text.find(sign, self._column(left))
                    raise self._mistake(f"{sign} is no operation on real numbers: {instead}", place)
                return [left, right]
            case ast.UnaryOp(op=op, operand=operand):
                if isinstance(op, ast.Invert):
                    raise self._mistake("~ is no operation on real numbers: a condition is written with not", node)
                return [operand]
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                if not all(type(op) in _COMPARED for op in ops):
                    raise self._mistake("is, in and not in are not allowed: compare by < <= == != >= >", node)
                return [left, *comparators]
            case ast.BoolOp(values=values):
                return values
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return [test, body, orelse]
            case ast.Call():
                return self._call(node)
            case ast.Attribute(value=value, attr=attr):
                hint = f": write {attr} alone" if attr in FUNCTIONS or attr in CONSTANTS else ""
                place = self.text.find(".", self._characters(value.end_col_offset))
                raise self._mistake(f"attributes are not allowed (.{attr:.40}){hint}", place)
            case ast.List() | ast.Tuple():
                raise self._mistake("a list is allowed only as what a function takes, as in dot([x, y], [1, 2])", node)
        kind = _KINDS.get(type(node), "a comprehension" if hasattr(node, "generators") else "this")
        raise self._mistake(f"{kind} is not allowed: write numbers, variables, operators and functions", node)

    def _call(self, node: ast.Call) -> list[ast.expr]:
        if not isinstance(node.func, ast.Name):
            if isinstance(node.func, ast.Attribute):
                self._children(node.func)
            raise self._mistake("only functions by their name can be called", node)
        name = node.func.id
        if name not in FUNCTIONS and name not in _BUILTINS:
            known = sorted(FUNCTIONS | _BUILTINS.keys())
            near = difflib.get_close_matches(name, known, n=1)
            guess = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known)}"
            raise self._mistake(f"{name:.40} is no function here{guess}", node)
        if node.keywords:
            raise self._mistake(f"{name} takes its operands by place, without names", node.keywords[0].value)
        parts: list[ast.expr] = []
        for operand in node.args:
            parts += operand.elts if isinstance(operand, (ast.List, ast.Tuple)) else [operand]
        return parts

    def _number(self, node: ast.expr, value: object) -> float:
        if type(value) not in (int, float):
            what = {bool: "True and False are no numbers", complex: "complex numbers are not allowed"}
            raise self._mistake(what.get(type(value), "only numbers are allowed here, no text"), node)
        try:
            return float(value)  # type: ignore[arg-type]
        except OverflowError:
            raise self._mistake("this number is too large for a float, whose largest is 1.8e308", node) from None

    def _variables(self) -> Iterator[ast.Name]:
        called = {id(node.func) for node in ast.walk(self._tree) if isinstance(node, ast.Call)}
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Name) and id(node) not in called:
                yield node

    def check_values(self, given: Mapping[str, Any]) -> None:
        """Mistake if a variable has no value, or a value no variable."""
        missing = [name for name in self.names if name not in given and name not in CONSTANTS]
        functions = [name for name in missing if name in FUNCTIONS or name in _BUILTINS]
        if functions:
            raise self._mistake(f"{functions[0]} is a function: write {functions[0]}(...)", self._first[functions[0]])
        if missing:
            values = " ".join(f"{name}=1.5" for name in missing)
            has, them = ("has", "it") if len(missing) == 1 else ("have", "them")
            raise self._mistake(
                f"{' and '.join(missing)} {has} no value: add {them} after the expression, as in {values}",
                self._first[missing[0]],
            )
        unused = [name for name in given if name not in self.names]
        if unused:
            here = f"its variables are {', '.join(self.names)}" if self.names else "it has no variables"
            raise Mistake(f"{' and '.join(unused)} has a value, but is not in the expression: {here}")

    def compute(self, values: Mapping[str, Any], functions: Any) -> Any:
        """The value for these variables, Vars or floats; ``functions``: the vargrad.math of their twin."""
        result = self._value(self._tree, {**CONSTANTS, **values}, functions)
        if not isinstance(result, (float, *VARS)):
            raise self._mistake("this is a condition, not a number: write a if condition else b", self._tree)
        return result

    def _value(self, node: ast.expr, values: Mapping[str, Any], functions: Any) -> Any:
        def of(part: ast.expr) -> Any:
            if isinstance(part, (ast.List, ast.Tuple)):
                return [of(x) for x in part.elts]
            return self._value(part, values, functions)

        def compute(operation: Callable[..., Any], *operands: Any) -> Any:
            try:
                result = operation(*operands)
            except (ArithmeticError, ValueError, TypeError) as error:
                status = 2 if isinstance(error, TypeError) else 1
                words = str(error) if not isinstance(error, OverflowError) else "the result is too large for a float"
                raise self._mistake(f"this cannot be computed: {words}", self._place(node), status) from None
            if type(result) is complex:
                raise self._mistake("this has no real result: a negative number to a broken power", node, 1)
            return result if not isinstance(result, int) or isinstance(result, bool) else float(result)

        match node:
            case ast.Constant(value=value):
                return self._number(node, value)
            case ast.Name(id=name):
                return values[name]
            case ast.BinOp(left=left, op=op, right=right):
                return compute(_BINARY[type(op)], of(left), of(right))
            case ast.UnaryOp(op=op, operand=operand):
                x = of(operand)
                if isinstance(op, ast.Not):
                    return not x
                return compute(lambda: -x if isinstance(op, ast.USub) else +x)
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                a = of(left)
                for sign, part in zip(ops, comparators, strict=True):
                    b = of(part)
                    if not compute(_COMPARED[type(sign)], a, b):
                        return False
                    a = b
                return True
            case ast.BoolOp(op=op, values=parts):
                found: Any = None
                for part in parts:
                    found = of(part)
                    if bool(found) != isinstance(op, ast.And):
                        break
                return found
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return of(body) if of(test) else of(orelse)
            case ast.Call(func=ast.Name(id=name), args=args):
                return compute(_BUILTINS.get(name) or getattr(functions, name), *[of(x) for x in args])
        raise AssertionError(node)

    def _place(self, node: ast.expr) -> int:
        """The sign of an operation, which stands behind its first operand; else where the node begins."""
        if isinstance(node, ast.BinOp):
            end = self._characters(node.left.end_col_offset)
            while end < len(self.text) and self.text[end] in " )":
                end += 1
            return end
        return self._column(node)


def bindings(given: list[str]) -> dict[str, float]:
    """The numbers of ``x=53 y=-17``, by name; each may be a formula of numbers, such as pi/2. Raises Mistake."""
    found: dict[str, float] = {}
    for text in given:
        name, sign, value = text.partition("=")
        name = name.strip()
        if not sign:
            raise Mistake(f"{text!r:.60} gives no variable its value: write name=number, as in x=53")
        if not name.isidentifier() or name in ("True", "False", "None"):
            raise Mistake(f"{name!r:.60} is no name of a variable: write name=number, as in x=53", text, 0)
        name = unicodedata.normalize("NFKC", name)  # as Python's own parser does
        if name in FUNCTIONS or name in _BUILTINS:
            raise Mistake(f"{name} is the name of a function: give the variable another", text, 0)
        if name in found:
            raise Mistake(f"{name} has two values: give it one", text, 0)
        found[name] = _constant(name, value)
    return found


def _constant(name: str, text: str) -> float:
    if not text.strip():
        raise Mistake(f"{name}= has no number after it: write {name}=53")
    expression = Expression(text, f"the value of {name}")
    unknown = [other for other in expression.names if other not in CONSTANTS]
    if unknown:
        raise Mistake(
            f"the value of {name} is not a number: {text.strip():.60}", text, expression.text.find(unknown[0])
        )
    from vargrad import math

    result: float = expression.compute({}, math)
    return result
