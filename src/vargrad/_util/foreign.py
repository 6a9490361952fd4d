"""Numbers of other kinds beside a Var: what they are as operands, and what a comparison with them comes to."""

from __future__ import annotations

import math
import numbers
import operator
from typing import Any

from vargrad._util.errors import kind_of_scalar


def operand(value: Any) -> float | None:
    """The float that an operator takes for a Fraction or a scalar of NumPy; None for what is no operand of floats.

    Runs code of ``value``. TypeError for a complex number.
    """
    if isinstance(value, numbers.Rational) or kind_of_scalar(value) in ("b", "i", "u", "f"):
        return float(value)
    if isinstance(value, complex) or kind_of_scalar(value) == "c":
        raise TypeError(
            f"a Var is a real number and takes no {type(value).__name__} as an operand ({value!r:.40}): compute with "
            "the real and the imaginary part, each as a number or a Var of its own"
        )
    return None


def bound(how: str, other: Any, recorder: Any, v: Any) -> Any:
    """The comparison of any float with ``other`` as one with a float: (how, float), since a program has only these.

    A bool where all floats compare alike. NotImplemented for what is no number: it may hold a Var. What float raises
    is raised. Runs code of ``other``.
    """
    if kind_of_scalar(other) == "b":
        other = bool(other)
    kind = kind_of_scalar(other)
    if kind in ("f", "c") and other.dtype.itemsize < (8 if kind == "f" else 16):
        recorder.leave(v, f"a comparison with {type(other).__name__}, to which NumPy rounds; write float() of it: this")
    if kind == "c" and how not in ("eq", "ne"):
        recorder.leave(v, f"an order with {type(other).__name__}, which only NumPy has; write .real of it: this")
    if not isinstance(other, numbers.Number):
        return NotImplemented
    getattr(operator, how)(0.0, other)  # raises for a complex number, or a nan of Decimal
    if isinstance(other, numbers.Complex) and not isinstance(other, numbers.Real):
        if other.imag != 0.0:
            return how == "ne"
        other = other.real
    try:
        near = float(other)
    except OverflowError:
        near = math.inf if other > 0 else -math.inf
    if near == other or near != near:
        return how, near
    if how in ("eq", "ne"):
        return how == "ne"
    if near > other:  # no float is between the two
        return ("lt" if how in ("lt", "le") else "ge"), near
    return ("le" if how in ("lt", "le") else "gt"), near
