"""Operations inside a ``try`` of a recorded function: rows for which floats raise go to the user's handler.

While code with handlers runs, the recorder hears of every operation. The exception tables of the running frames say
whether it is inside a ``try`` or a ``with``. If so, that it would raise for plain floats is a guard, and a recording
for such rows raises what floats raise. An exception that nobody catches is none in a recording: the function is
recorded once more without it, and the row has IEEE's result, as it has outside of a ``try``.
"""

from __future__ import annotations

import ast
import dis
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from types import CodeType, FrameType
from typing import Any, TypeAlias

from vargrad._compile.watch.places import is_fixed
from vargrad._ops.formula import PYTHON, parse, value
from vargrad._ops.table import BY_NAME
from vargrad._util.conditions import both, either

Compare: TypeAlias = Callable[[str, Any, Any], Any]
Place: TypeAlias = tuple[tuple[CodeType, int], ...]  # the user's frames, and the instruction each is at
_HANDLER = dis.opmap["PUSH_EXC_INFO"]  # how except, with and finally begin; other entries clean up and raise again


def handlers(code: CodeType) -> list[tuple[int, int]]:
    """The instructions, from and to, whose exceptions go to an except, a with or a finally of this code.

    What a handler raises goes first to the clean-up of its own exception, and from there to the handler around it.
    """
    if not code.co_exceptiontable or is_fixed(code.co_filename):
        return []
    instructions = code.co_code
    entries = dis.Bytecode(code).exception_entries  # type: ignore[attr-defined]
    reach = {entry.target for entry in entries if instructions[entry.target] == _HANDLER}
    count = 0
    while count < len(reach):
        count = len(reach)
        caught = [(entry.start, entry.end) for entry in entries if entry.target in reach]
        reach |= {entry.target for entry in entries if any(a <= entry.target < b for a, b in caught)}
    return [(entry.start, entry.end) for entry in entries if entry.target in reach]


class Tries:
    """Where a recorded function is inside a try, and what is raised there; ``entry``: the code whose frame calls it."""

    def __init__(self, entry: CodeType) -> None:
        self._entry = entry
        self._raised: tuple[Exception, tuple[type, Place]] | None = None  # the last exception, and of which operation
        self._uncaught: set[tuple[type, Place]] = set()
        self._handlers: dict[CodeType, list[tuple[int, int]]] = {}

    def check(
        self, recorder: Any, plain: str | Callable[..., float], found: Iterable[Any], operands: Sequence[Any]
    ) -> None:
        """Inside a try, make guards of the conditions on which an operation raises, and raise for such a row.

        ``plain``: the operation, by its name or as a function of floats.
        """
        place = self._place()
        if place is not None:
            for danger in found:
                if danger if isinstance(danger, bool) else recorder.guard(danger):
                    self._raise(place, plain, [recorder.number(x) for x in operands])

    def _place(self) -> Place | None:
        """The frames that run now, if one of them is inside a try; else None."""
        found, inside = [], False
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and frame.f_code is not self._entry:
            code, at = frame.f_code, frame.f_lasti
            ranges = self._handlers.get(code)
            if ranges is None:
                ranges = self._handlers[code] = handlers(code)
            found.append((code, at))
            inside = inside or any(start <= at < end for start, end in ranges)
            frame = frame.f_back
        return tuple(found) if inside else None

    def _raise(self, place: Place, plain: str | Callable[..., float], operands: list[float]) -> None:
        """Raise what floats raise here; not if nobody catches it."""
        function = value(plain, PYTHON) if isinstance(plain, str) else plain
        try:
            function(*operands)
        except (ArithmeticError, ValueError) as error:
            what = type(error), place
            if what not in self._uncaught:
                self._raised = error, what
                raise

    def is_uncaught(self, error: Exception) -> bool:
        """Whether that came out of the function as it was raised here; from then on it is not raised."""
        if self._raised is None or self._raised[0] is not error:
            return False
        self._uncaught.add(self._raised[1])
        return True


@cache
def _kind(name: str) -> str:
    """When floats raise: "/", where the second operand is 0; "**"; "f", as the functions of math do; "", never."""
    if not BY_NAME[name].raises:
        return ""
    tree = parse(BY_NAME[name].value)
    if isinstance(tree, ast.BinOp) and isinstance(tree.right, ast.Name):
        if isinstance(tree.op, (ast.Div, ast.FloorDiv, ast.Mod)):
            return "/"
        if isinstance(tree.op, ast.Pow):
            return "**"
    return "f" if any(isinstance(node, ast.Call) for node in ast.walk(tree)) else ""


def dangers(name: str, operands: tuple[Any, ...], result: Any, compare: Compare) -> Iterator[Any]:
    """The conditions, one after the other, on which plain floats raise in this operation."""
    kind = _kind(name)
    if kind == "/":
        yield compare("eq", operands[1], 0.0)
    elif kind == "**":
        a, b = operands
        yield both(compare("eq", a, 0.0), compare("lt", b, 0.0))
        yield _invalid(operands, result, compare)
        yield _overflow(operands, result, compare)
    elif kind == "f":
        yield either(_invalid(operands, result, compare), _overflow(operands, result, compare))


def _invalid(operands: tuple[Any, ...], result: Any, compare: Compare) -> Any:
    """nan of numbers."""
    condition = compare("ne", result, result)
    for x in operands:
        condition = both(condition, compare("eq", x, x))
    return condition


def _overflow(operands: tuple[Any, ...], result: Any, compare: Compare) -> Any:
    """Infinity of finite numbers."""
    condition = either(compare("eq", result, math.inf), compare("eq", result, -math.inf))
    for x in operands:
        condition = both(condition, both(compare("lt", x, math.inf), compare("lt", -math.inf, x)))
    return condition
