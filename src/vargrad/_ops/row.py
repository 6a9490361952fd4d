"""What a row of the table of operations holds."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

REAL = (-inf, inf)
POSITIVE = (0.0, inf)


@dataclass(frozen=True, slots=True)
class Op:
    """One row: a name, a value, a partial for each operand, and what the tests need to check them."""

    name: str
    value: str
    partials: tuple[str, ...]
    domain: tuple[tuple[float, float], ...]
    doc: str
    let: tuple[tuple[str, str], ...] = ()
    alias: str = ""  # a second name of Var's method: NumPy has some functions twice
    function: str = ""  # the name in vargrad.math, if it has one
    kinks: tuple[tuple[float, ...], ...] = ()  # points where a derivative is a convention, not a limit
    exact: bool = True  # False: the value is Python's own function, which C does not have to the bit
    written: str = ""  # of a part: the value as mathematics writes it, for pictures; "" where that is too long
    kernel: str = ""  # of a row that is not exact: the value in programs and in vargrad.special, our own formula
    parameters: tuple[int, ...] = ()  # operands that must be plain numbers: no derivative by them is offered
    quiet: bool = False  # it never raises, as functions of vargrad.special
    special: str = ""  # the name in vargrad.special, if it has one: by that name it never raises, but gives inf or nan
    also: str = ""  # a second name there

    @property
    def arity(self) -> int:
        """1 or 2 operands."""
        return len(self.partials)

    @property
    def raises(self) -> bool:
        """Whether its value may raise, as Python's functions do."""
        return not self.quiet and (bool(self.function) or not self.special)

    @property
    def skipped(self) -> int:
        """Bits of the operands, the first one's lowest, whose derivative is zero by definition: rounding, signs."""
        return sum(1 << i for i, partial in enumerate(self.partials) if partial == "skip")


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A name for formulas of rows of any number of operands: something computed from all operands, or one by one.

    ``over``: "all", a fold ``acc`` over all operands, then ``final``; "before" and "after", the same fold over those
    before or after x; "each", ``step`` of x alone, without a fold; "none", ``final`` alone. Formulas may name what
    ``NaryOp`` lists, and the aggregates above their own.
    """

    name: str
    step: str
    start: str
    doc: str
    final: str = "acc"
    over: str = "all"
    constant: bool = False  # to derivatives: they are zero, or cancel


@dataclass(frozen=True, slots=True)
class NaryOp:
    """A row over any number of operands x: a left fold ``acc`` from ``start``, then ``final``, and one partial.

    ``start`` is a number, or "x" for the first operand. Formulas may name ``x``, ``y`` (the partner of x, in rows of
    pairs), ``n`` (how many x), the rows of ``AGGREGATES``; the partial also ``out`` and ``total`` (the fold's result).
    """

    name: str
    start: str
    fold: str
    final: str
    partial: str
    domain: tuple[float, float]
    doc: str
    function: str = "values"  # what vargrad.math's function takes: "values", "*values", "p, q"; "" if there is none
    pairs: bool = False  # operands come as two vectors of equal length
    partner: str = ""  # the partial for the second vector; "" means the same formula as the first
    again: str = ""  # the partial as it is differentiated, where the rules would cancel the digits of ``partial``
    exact: bool = True  # False: the value is a function of Python's own; the formulas, if any, are for programs
    since: str = ""  # the first Python that has that function, where not all have
    empty: bool = True  # whether no operand at all is allowed
    kinks: tuple[tuple[float, ...], ...] = ()
