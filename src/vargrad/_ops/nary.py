"""Values and partials of the rows with any number of operands, over floats or over Vars.

``Evaluation`` interprets the aggregates of the table; the graph of expressions does so with one of its own.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from operator import and_, eq, le, lt, ne, or_
from typing import Any

from vargrad._ops.branchless import Formulas
from vargrad._ops.formula import IEEE, Space, compile_formula, operand_names, parse
from vargrad._ops.table import AGGREGATES, BY_NAME, NARY, Aggregate, NaryOp

_WORDS = ("acc", "x", "y", "out", "n", "total", *(aggregate.name for aggregate in AGGREGATES))


def _of_python(row: NaryOp) -> Callable[..., float]:
    function: Callable[..., float] = getattr(math, row.name)
    return (lambda xs: function(*xs)) if row.function == "*values" else function


_PYTHON = {row.name: _of_python(row) for row in NARY if not row.exact and hasattr(math, row.name)}


@cache
def words(text: str) -> tuple[str, ...]:
    """The names in a formula of an n-ary row, those of functions aside."""
    found = {node.id for node in ast.walk(parse(text)) if isinstance(node, ast.Name)} if text else set()
    return tuple(name for name in _WORDS if name in found)


@cache
def needed(*texts: str) -> tuple[Aggregate, ...]:
    """The aggregates that the formulas name, and those that these need, in the order of the table."""
    wanted = {name for text in texts for name in words(text)}
    found = []
    for aggregate in reversed(AGGREGATES):
        if aggregate.name in wanted:
            found.append(aggregate)
            wanted |= {name for text in (aggregate.step, aggregate.final) for name in words(text)}
    return tuple(reversed(found))


class Evaluation:
    """The formulas of a row for one node: ``columns`` has a value for each operand, ``totals`` one for the node."""

    def __init__(self, xs: Sequence[Any], ys: Sequence[Any], totals: dict[str, Any]) -> None:
        self.columns: dict[str, Sequence[Any]] = {"x": xs, "y": ys}
        self.totals = totals

    def function(self, text: str, names: tuple[str, ...]) -> Callable[..., Any]:
        """The formula as a function of these names."""
        raise NotImplementedError

    def number(self, x: float) -> Any:
        """A number as formulas have it."""
        return x

    def settled(self, aggregate: Aggregate, value: Any) -> Any:
        """The value of an aggregate, a constant to derivatives if it is one."""
        return value

    def decided(self, value: Any) -> Any:
        """A constant as the other formulas take it."""
        return value

    def swapped(self) -> Evaluation:
        """The same node, seen from the second vector of a row of pairs."""
        raise NotImplementedError

    def total(self, text: str, **more: Any) -> Any:
        """The value of a formula that names no operand."""
        known, names = {**self.totals, **more}, words(text)
        return self.function(text, names)(*[known[name] for name in names])

    def bound(self, text: str, *first: str) -> tuple[Callable[..., Any], list[Sequence[Any]], list[Any]]:
        """A formula as a function of the names ``first``, some columns and some totals; these columns and totals."""
        names = words(text)
        columns = [name for name in self.columns if name in names]
        totals = [name for name in names if name in self.totals]
        function = self.function(text, (*first, *columns, *totals))
        return function, [self.columns[name] for name in columns], [self.totals[name] for name in totals]

    def start(self, text: str) -> Any:
        """Where a fold begins."""
        return self.columns["x"][0] if text == "x" else self.number(float(text))

    def folded(self, start: str, step: str) -> Any:
        """The result of a left fold over all operands."""
        acc = self.start(start)
        function, columns, totals = self.bound(step, "acc")
        for i in range(int(start == "x"), len(self.columns["x"])):
            acc = function(acc, *[column[i] for column in columns], *totals)
        return acc

    def each(self, text: str) -> list[Any]:
        """The value of a formula for each operand."""
        function, columns, totals = self.bound(text)
        return [function(*[column[i] for column in columns], *totals) for i in range(len(self.columns["x"]))]

    def add(self, aggregates: Sequence[Aggregate]) -> None:
        """Evaluate aggregates; those "after" x have their last value only, and ``go_before`` gives the others."""
        for aggregate in aggregates:
            name = aggregate.name
            if name in self.totals or name in self.columns:
                continue
            if aggregate.over == "each":
                self.columns[name] = [self.settled(aggregate, value) for value in self.each(aggregate.step)]
            elif aggregate.over == "before":
                self.columns[name] = self._before(aggregate)
            elif aggregate.over == "after":
                self.columns[name] = [self.start(aggregate.start)] * len(self.columns["x"])
            elif aggregate.over == "none":
                self.totals[name] = self.settled(aggregate, self.total(aggregate.final))
            else:
                acc = self.folded(aggregate.start, aggregate.step)
                value = acc if aggregate.final == "acc" else self.total(aggregate.final, acc=acc)
                self.totals[name] = self.settled(aggregate, value)

    def _before(self, aggregate: Aggregate) -> list[Any]:
        function, columns, totals = self.bound(aggregate.step, "acc")
        found = [self.start(aggregate.start)]
        for i in range(len(self.columns["x"]) - 1):
            found.append(function(found[-1], *[column[i] for column in columns], *totals))
        return found

    def go_before(self, aggregates: Sequence[Aggregate], i: int) -> None:
        """Let the aggregates "after" x be those of the operand before the i-th."""
        for aggregate in aggregates:
            if aggregate.over == "after" and i:
                after: Any = self.columns[aggregate.name]
                function, columns, totals = self.bound(aggregate.step, "acc")
                after[i - 1] = function(after[i], *[column[i] for column in columns], *totals)


class Numbers(Evaluation):
    """On floats, or on Vars in a space that builds nodes: then ``constants`` has what is constant to derivatives."""

    def __init__(
        self,
        xs: Sequence[Any],
        ys: Sequence[Any],
        totals: dict[str, Any],
        space: Space = IEEE,
        constants: Evaluation | None = None,
    ) -> None:
        super().__init__(xs, ys, totals)
        self._space = space
        self._constants = constants

    def function(self, text: str, names: tuple[str, ...]) -> Callable[..., Any]:
        return compile_formula(text, names, (), self._space)

    def add(self, aggregates: Sequence[Aggregate]) -> None:
        constants = self._constants
        if constants is not None:
            constants.add([aggregate for aggregate in aggregates if aggregate.constant])
            for aggregate in aggregates:
                if aggregate.name in constants.columns:
                    self.columns[aggregate.name] = constants.columns[aggregate.name]
                elif aggregate.name in constants.totals and aggregate.name not in self.totals:
                    self.totals[aggregate.name] = constants.decided(constants.totals[aggregate.name])
        super().add(aggregates)

    def swapped(self) -> Numbers:
        """The same node, seen from the second vector of a row of pairs."""
        constants = self._constants and self._constants.swapped()
        return Numbers(self.columns["y"], self.columns["x"], self.totals, self._space, constants)


class Selections(Evaluation):
    """On detached Vars while compile() records: the rows of a batch may differ, so branches become selections."""

    def __init__(
        self, xs: Sequence[Any], ys: Sequence[Any], totals: dict[str, Any], space: Space, recorder: Any
    ) -> None:
        super().__init__(xs, ys, totals)
        self._formulas = Formulas(self._build, lambda x: x)
        self._space = space
        self._recorder = recorder

    def function(self, text: str, names: tuple[str, ...]) -> Callable[..., Any]:
        return lambda *values: self._formulas.value(text, dict(zip(names, values, strict=True)))

    def decided(self, value: Any) -> Any:
        return bool(value) if self._recorder.selects(value) else value

    def swapped(self) -> Selections:
        return Selections(self.columns["y"], self.columns["x"], self.totals, self._space, self._recorder)

    def _build(self, name: str, *operands: Any) -> Any:
        recorder, names = self._recorder, self._space.names
        if name == "select":
            body, other, test = operands
            return recorder.select(test, body, other) if recorder.selects(test) else body if test else other
        if name in _CONDITIONS:
            return _CONDITIONS[name](*operands)
        numbers = [recorder.select(x, 1.0, 0.0) if recorder.selects(x) else x for x in operands]
        row = BY_NAME[name]
        function = names.get(row.function or name) or compile_formula(row.value, operand_names(row), (), self._space)
        return function(*numbers)


_CONDITIONS = {"and": and_, "or": or_, "lt": lt, "le": le, "eq": eq, "ne": ne}


def value(row: NaryOp, xs: Sequence[float], ys: Sequence[float]) -> float:
    """The row's value; ys is the second vector of rows of pairs, else empty."""
    if not xs and not row.empty:
        raise ValueError(f"{row.name}() of no values: give at least one")
    if not row.exact:
        return float(_PYTHON[row.name](*((xs, ys) if row.pairs else (xs,))))
    numbers = Numbers(xs, ys, {"n": float(len(xs))})
    numbers.add(needed(row.fold, row.final))
    result: float = numbers.total(row.final, acc=numbers.folded(row.start, row.fold))
    return result


def partials(
    row: NaryOp,
    operands: Sequence[Any],
    out: Any,
    wanted: Sequence[bool],
    inputs: Sequence[float],
    space: Space,
    recorder: Any = None,
) -> Iterator[tuple[int, Any]]:
    """Pairs (operand index, partial) in scatter order, the last operand first; a None partial means: skip.

    ``operands`` and ``out`` are floats or Vars (then the partials are Vars too); ``inputs`` the recorded values.
    ``recorder``: that of compile(), while it records: its detached Vars replace the recorded values then, since every
    row of a batch has values of its own.
    """
    half = len(inputs) // 2 if row.pairs else len(inputs)
    partial = row.partial if isinstance(out, float) else row.again or row.partial
    aggregates, n = needed(partial, row.partner), float(half)
    constants: Evaluation | None = None
    if not isinstance(out, float) and any(aggregate.constant for aggregate in aggregates):
        if recorder is None:
            constants = Numbers(inputs[:half], inputs[half:], {"n": n, "out": out.value})
        else:
            values = [recorder.detach(x) for x in operands]
            constants = Selections(values[:half], values[half:], {"n": n, "out": out}, space, recorder)
    first = Numbers(operands[:half], operands[half:], {"n": n, "out": out}, space, constants)
    if "total" in words(partial) + words(row.partner):
        first.add(needed(row.fold))
        first.totals["total"] = first.folded(row.start, row.fold)
    first.add(aggregates)
    if row.pairs:
        second = first.swapped()
        second.add(aggregates)
        yield from _each_partial(second, row.partner or partial, aggregates, wanted, half)
    yield from _each_partial(first, partial, aggregates, wanted, 0)


def _each_partial(
    evaluation: Evaluation, text: str, aggregates: Sequence[Aggregate], wanted: Sequence[bool], at: int
) -> Iterator[tuple[int, Any]]:
    partial, columns, totals = evaluation.bound(text)
    for i in reversed(range(len(evaluation.columns["x"]))):
        if wanted[at + i]:
            yield at + i, partial(*[column[i] for column in columns], *totals)
        evaluation.go_before(aggregates, i)
