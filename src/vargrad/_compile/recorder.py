"""Records one run of the user's function on Vars: its operations become expressions, guards and live leaves.

A comparison returns a Condition. When Python asks for its truth, as `if` does, it becomes a guard: the recording is
valid for the rows in which all its guards have the same outcome. The graph of Vars is the same as in eager code.
"""

from __future__ import annotations

import linecache
import math
import operator
import sys
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

from vargrad._compile.semantics.reductions import USE_A_SIGNATURE, reduces
from vargrad._compile.semantics.tries import Tries, dangers
from vargrad._core import modes, var
from vargrad._core.var import Var, leaf_values
from vargrad._ir.expressions import ExpressionGraph, converted
from vargrad._ir.nary import nary, rounded
from vargrad._ops.codes import LT, N_ROWS, NEG, OPCODES, ROUND, SELECT, ZERO
from vargrad._ops.table import NARY

Operand: TypeAlias = "Var | float"
_SWAPPED = {"gt": "lt", "ge": "le"}
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {how: getattr(operator, how) for how in ("lt", "le", "eq", "ne")}
_SELECTED = -2  # opcode, in the exported graph, of a node that where() or detach() made


class RecordingError(TypeError):
    """A recorded function did something that cannot be replayed for other numbers; the message names the line."""

    __module__ = "vargrad"


def user_line() -> str:
    """Where the user's code is: file, line and the line's text."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(modes._PACKAGE):
        frame = frame.f_back
    name, line = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(name, line).strip()
    return f"{name}:{line}" + (f" ({text})" if text else "")


class Condition(var.Truth):
    """The result of a comparison of Vars while recording: bool() of it makes a guard, ``where`` of it does not."""

    __slots__ = ("how", "operands", "recorder")

    def __init__(self, recorder: Recorder, how: str, operands: tuple[Any, ...]) -> None:
        self.recorder = recorder
        self.how = how
        self.operands = operands

    def truth(self) -> bool:
        """The outcome for this row, kept as a guard."""
        return self.recorder.guard(self)

    def __and__(self, other: Any) -> Any:
        return Condition(self.recorder, "and", (self, other)) if isinstance(other, Condition) else bool(self) & other

    def __or__(self, other: Any) -> Any:
        return Condition(self.recorder, "or", (self, other)) if isinstance(other, Condition) else bool(self) | other

    def __index__(self) -> int:
        return int(bool(self))

    def __float__(self) -> float:
        return float(bool(self))

    def __repr__(self) -> str:
        return f"Condition({self.how})"

    __hash__ = None  # type: ignore[assignment]


def _as_bool(name: str) -> Callable[..., Any]:
    function = getattr(operator, name)

    def left(self: Condition, other: Any) -> Any:
        return function(bool(self), bool(other) if isinstance(other, Condition) else other)

    return left


def _reflected(name: str) -> Callable[..., Any]:
    function = getattr(operator, name)
    return lambda self, other: function(other, bool(self))


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "xor"):
    setattr(Condition, f"__{_name}__", _as_bool(_name))
    setattr(Condition, f"__r{_name}__", _reflected(_name))
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Condition, f"__{_name}__", _as_bool(_name))
for _name in ("and", "or"):
    setattr(Condition, f"__r{_name}__", _reflected(f"{_name}_"))


class Recorder:
    """Receives the events of one recording.

    ``forced``: outcomes of the first guards, to record a given side exit. ``tries``: where the function is inside a
    try, and what is raised there. ``alone``: each argument is one number.
    """

    hears_operations = False  # whether code with handlers has run: see modes.hear_operations

    def __init__(self, forced: Sequence[float] = (), tries: Tries | None = None, alone: bool = False) -> None:
        self.forced = forced
        self.tries = tries
        self.alone = alone
        self.guards: list[tuple[Any, float]] = []
        self.selections: dict[Var, tuple[Condition | None, Operand, Operand]] = {}
        self.derivatives = 0  # how many transforms the recorded function is inside
        self.constants: set[Var] = set()  # leaves made of plain numbers

    # ---- called by Vars

    def compare(self, how: str, a: Operand, b: Operand) -> Any:
        """A comparison; a bool if no Var takes part."""
        if not isinstance(a, Var) and not isinstance(b, Var):
            return bool(getattr(operator, how)(a, b))
        return Condition(self, _SWAPPED.get(how, how), (b, a) if how in _SWAPPED else (a, b))

    def operation(self, name: str, *operands: Operand, plain: Callable[..., float] | None = None) -> Any:
        """An operation, while each is told. Inside a try, that ``plain``, the same of floats, raises is a guard."""
        self.hears_operations = False
        try:
            result = var.twin(*operands).apply(name, *operands)
        finally:
            self.hears_operations = True
        if self.tries is not None:
            self.tries.check(self, plain or name, dangers(name, operands, result, self.compare), operands)
        return result

    def array_function(self, function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """A function of NumPy; RecordingError where one number stands for a vector."""
        if self.alone and reduces(function, args, kwargs):
            raise RecordingError(
                f"{function.__module__}.{function.__name__}() of a single recorded number, at {user_line()}: "
                + USE_A_SIGNATURE
            )
        try:
            return function._implementation(*args, **kwargs)
        except ValueError as error:
            if self.alone:  # such as a matrix of the wrong dimensions
                error.add_note(USE_A_SIGNATURE)
            raise

    def truth(self, v: Var) -> bool:
        """bool(v)."""
        return bool(Condition(self, "ne", (v, 0.0)))

    def integer(self, v: Var, name: str, result: int) -> int:
        """round, floor, ceil or trunc of v: an int, and a guard that it is this one."""
        return int(self._outcome((name, v), float(result)))

    def leave(self, v: Var, how: str) -> NoReturn:
        """Called when code reads v as a plain number; raises RecordingError."""
        raise RecordingError(
            f"{how} of a Var while compile() records, at {user_line()}: the number would become a constant of the "
            "program, and its derivative would be lost. Keep the Var; `if`, comparisons, round() and vargrad.math "
            "work on it"
        )

    def no_grad(self) -> NoReturn:
        """Called when code enters no_grad, whose results would become constants; raises RecordingError."""
        raise RecordingError(
            f"no_grad() while compile() records, at {user_line()}: use v.detach() for a value without its derivative"
        )

    def detach(self, v: Operand) -> Var:
        """v's value, a constant to derivatives."""
        return self._selected(v, None, v, v)

    def select(self, condition: Condition, a: Operand, b: Operand) -> Var:
        """A selection without a guard, a constant to derivatives inside the recorded function."""
        return self._selected(a if self.holds(condition) else b, condition, a, b)

    def biggest(self, operands: Sequence[Operand]) -> Any:
        """The largest operand."""
        return self._nary("maximum", *operands)

    def selects(self, condition: object) -> bool:
        """Whether ``where`` may select by this."""
        return isinstance(condition, Condition)

    def where(self, condition: Condition, a: Operand, b: Operand) -> Operand:
        """A selection without a guard; inside a transform, whose graph has only the side taken, one with a guard."""
        if self.derivatives:
            return a if condition else b
        return self.select(condition, a, b)

    def predicate(self, name: str, operands: Sequence[Any], options: dict[str, Any]) -> Any:
        """A predicate of the standard module: isnan and its like."""
        x, *rest = operands
        if name == "isnan":
            return self.compare("ne", x, x)
        if name == "isinf":
            return self.compare("eq", abs(x), math.inf)
        if name == "isfinite":
            return self.compare("lt", abs(x), math.inf)
        if name == "signbit":
            return self.compare("lt", _sign(x), 0.0)
        if name == "isclose":
            return self._close(x, rest[0], **options)
        raise RecordingError(f"{name}() of a Var cannot be recorded, at {user_line()}")

    def _close(self, a: Any, b: Any, rel_tol: float = 1e-9, abs_tol: float = 0.0) -> Any:
        distance, size = abs(a - b), self._nary("maximum", abs(a), abs(b))
        near = self.compare("le", distance, self._nary("maximum", rel_tol * size, abs_tol))
        return self.compare("eq", a, b) | (near & self.compare("lt", size, math.inf))

    def is_constant(self, v: Var) -> bool:
        """Whether v was detached, or made of a plain number: no derivative by it is asked for."""
        return v in self.constants or (v in self.selections and self.selections[v][0] is None)

    def _nary(self, name: str, *operands: Operand) -> Any:
        return var.module.apply_nary(name, operands)

    def _selected(self, chosen: Operand, condition: Condition | None, a: Operand, b: Operand) -> Var:
        node = var.identity(chosen)
        if node.prev_op is None:
            self.leave(node, "a result under no_grad()")
        self.selections[node] = condition, a, b
        return node

    # ---- guards

    def guard(self, condition: Condition) -> bool:
        """Whether the condition holds in this recording."""
        return bool(self._outcome(condition, float(self.holds(condition))))

    def _outcome(self, subject: Any, found: float) -> float:
        if len(self.guards) < len(self.forced):
            found = self.forced[len(self.guards)]
        self.guards.append((subject, found))
        return found

    def holds(self, condition: Any) -> bool:
        """A condition's truth for the numbers of this run."""
        if not isinstance(condition, Condition):
            return bool(condition)
        if condition.how == "and":
            return all(self.holds(part) for part in condition.operands)
        if condition.how == "or":
            return any(self.holds(part) for part in condition.operands)
        a, b = condition.operands
        return bool(_COMPARE[condition.how](self.number(a), self.number(b)))

    def number(self, x: Operand) -> float:
        """The number that an operand has in this run."""
        return leaf_values((x,))[0] if isinstance(x, Var) else x

    # ---- from the graph of Vars to expressions

    def roots(self) -> list[Var]:
        """All Vars that guards and selections read."""
        wanted: list[Any] = [part for selection in self.selections.values() for part in selection]
        found = []
        for subject, _ in self.guards:
            wanted += subject.operands if isinstance(subject, Condition) else (subject,)
        while wanted:
            x = wanted.pop()
            if isinstance(x, Var):
                found.append(x)
            elif isinstance(x, Condition):
                wanted += x.operands
            elif isinstance(x, tuple):
                wanted.append(x[1])
        return found


def _sign(x: Var) -> Any:
    return var.module.function("copysign", 1.0, x)


@dataclass(eq=False)
class Recording:
    """A finished recording as expressions. All but ``leaves`` and the guards' outcomes are nodes of these."""

    expressions: ExpressionGraph
    arguments: list[list[int]]  # the numbers of each argument
    leaves: list[Var]  # closed over: their values are read at each call
    leaf_inputs: list[int]
    results: list[int]
    guards: list[tuple[int, float]]  # nodes, and their values in the rows that this recording is for

    def is_like(self, other: Recording) -> bool:
        """Whether another recording is the same, to the last bit of its numbers."""
        (columns, parents), (theirs, other_parents) = self.expressions.state(), other.expressions.state()
        return (
            all(a.tobytes() == b.tobytes() for a, b in zip(columns, theirs, strict=True))
            and (parents, self.arguments, self.results, self.leaf_inputs, self.guards)
            == (other_parents, other.arguments, other.results, other.leaf_inputs, other.guards)
            and len(self.leaves) == len(other.leaves)
            and all(a is b or repr(a.value) == repr(b.value) for a, b in zip(self.leaves, other.leaves, strict=True))
        )


def as_expressions(recorder: Recorder, arguments: Sequence[Sequence[Var]], results: Sequence[Operand]) -> Recording:
    """Convert a finished run from Vars to expressions; a number among the results is a constant."""
    return _Conversion(recorder, arguments).recording(results)


class _Conversion:
    """Converts the graph of Vars to expressions."""

    def __init__(self, recorder: Recorder, arguments: Sequence[Sequence[Var]]) -> None:
        self.expressions = ExpressionGraph()
        self.leaves: list[Var] = []
        self.leaf_inputs: list[int] = []
        self._recorder = recorder
        self._arguments = arguments
        self._place: dict[Var, int] = {}  # of a Var in ``_made``
        self._made = array("i")

    def recording(self, results: Sequence[Operand]) -> Recording:
        """Convert everything that results, guards and selections read."""
        g, recorder = self.expressions, self._recorder
        given = {v: g.input() for argument in self._arguments for v in argument}
        roots = [v for v in results if isinstance(v, Var)] + recorder.roots()
        if roots:
            self._convert(roots, given)
        return Recording(
            g,
            [[given[v] for v in argument] for argument in self._arguments],
            self.leaves,
            self.leaf_inputs,
            [self._id(v) for v in results],
            [(self._guard(subject), outcome) for subject, outcome in recorder.guards],
        )

    def _convert(self, roots: list[Var], given: dict[Var, int]) -> None:
        g, selections = self.expressions, self._recorder.selections
        root: Any = roots[0] if len(roots) == 1 else var.module.apply_nary("sum", roots)
        wanted = [*roots, *selections]
        codes, first, operands, numbers, leaves, places = var.module.export(root, wanted)
        self._place = dict(zip(wanted, places, strict=True))
        made = self._made = array("i", bytes(4 * len(codes)))
        for i, v in enumerate(leaves):
            node = given.get(v)
            if node is None and v in self._recorder.constants:
                node = g.constant(v.value)
            elif node is None:
                node = g.input()
                self.leaves.append(v)
                self.leaf_inputs.append(node)
            made[i] = node
        chosen = {self._place[v]: selection for v, selection in selections.items()}
        for i in chosen.keys() - {-1}:
            codes[i] = _SELECTED

        def special(i: int, code: int, parts: list[int]) -> int:
            if code == _SELECTED:
                return self._selection(*chosen[i])
            if code == ROUND:
                return rounded(g, *parts)
            row = NARY[code - N_ROWS]
            if row.name == "custom":
                raise RecordingError("custom() takes its value and partials as plain numbers, which cannot be recorded")
            half = len(parts) // 2 if row.pairs else len(parts)
            return nary(g, row.name, parts[:half], parts[half:])

        count = len(codes) if len(roots) == 1 else len(codes) - 1  # the sum is our own
        converted(g, codes, first, operands, numbers, made, count, special)

    def _id(self, x: Operand) -> int:
        return self._made[self._place[x]] if isinstance(x, Var) else self.expressions.constant(x)

    def _selection(self, condition: Condition | None, a: Operand, b: Operand) -> int:
        g = self.expressions
        if condition is None:
            return g.composite(self._id(a))
        return g.make(SELECT, self._id(a), self._id(b), self._condition(condition))

    def _condition(self, condition: Any) -> int:
        if not isinstance(condition, Condition):
            return self.expressions.constant(float(condition))
        a, b = condition.operands
        number = self._condition if condition.how in ("and", "or") else self._id
        return self.expressions.make(OPCODES[condition.how], number(a), number(b))

    def _guard(self, subject: Any) -> int:
        """The node whose value is the guard's outcome."""
        if isinstance(subject, Condition):
            return self._condition(subject)
        g, (name, v) = self.expressions, subject
        x, one = self._id(v), self.expressions.constant(1.0)
        down = g.apply("floordiv", x, one)
        up = g.make(NEG, g.apply("floordiv", g.make(NEG, x), one))
        if name == "round":
            return g.apply("rint", x)
        return down if name == "floor" else up if name == "ceil" else g.make(SELECT, up, down, g.make(LT, x, ZERO))
