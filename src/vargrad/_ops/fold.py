"""The value of one operation on plain numbers, IEEE."""

from __future__ import annotations

from collections.abc import Callable

from vargrad._ops import formula
from vargrad._ops.codes import ARITY, NAMES

_MACHINE_ONLY: dict[str, Callable[..., float]] = {
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
    """The value of an operation on numbers, IEEE; operands beyond its own are ignored."""
    name = NAMES[op]
    function = _MACHINE_ONLY[name] if name in _MACHINE_ONLY else formula.value(name, formula.IEEE)
    return function(*operands[: ARITY[op]])
