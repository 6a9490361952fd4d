"""Tells when all derivatives of a result are zero for all arguments: it was rounded, or computed without Vars."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from typing import Any

from vargrad._ops.table import ROWS

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
# The last operation of a result, as the user wrote it, where it is not the name of a method.
_WRITTEN = {
    "floordiv": "//",
    "round": "round()",
    "rint": "rint()",
    "copysign": "the sign that copysign() copies",
    "whole": "the integer part of modf()",
    "exponent": "the exponent of frexp()",
    "scaled": "the power of ldexp()",
}
SKIPPED = {row.name: row.skipped for row in ROWS if row.skipped}
WITHOUT_VARS = (
    "is a plain float that was computed without Vars. Comparisons read the values of Vars and pass no derivative on, "
    "so a root found by bisection has none: vargrad.implicit gives it, or one Newton step at the end, "
    "root - g(root) / slope, where g uses the Vars and slope is a float"
)


class ZeroDerivativeWarning(UserWarning):
    """All derivatives of a result are zero whatever the arguments are: its last operation rounds, or it is no Var.

    >>> import warnings
    >>> from vargrad import grad
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error")
    ...     grad(lambda x: round(x**2, 1))(1.25)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    vargrad.ZeroDerivativeWarning: all derivatives of the result of <lambda>() are zero: it was made by round(): ...
    """

    __module__ = "vargrad"


class _Last(threading.local):
    """What happened last in this thread."""

    rounded: tuple[str, int | None] = "", None  # an int made of a Var, and the function that made it
    order = 0  # of the derivatives that the transforms around this place are asked for
    transforms = 0  # how many have run: what they return is no rounding of the function that called them


last = _Last()


def cause(result: Any) -> str:
    """Why all derivatives of a result are zero by definition, for ``warn``; "" if they are not."""
    if type(result) is int:
        name, rounded = last.rounded
        return f"is an int, {name}() of a Var: compute with the Var, and round afterwards" * (result is rounded)
    op = getattr(result, "prev_op", None)
    skipped = SKIPPED.get(op)  # type: ignore[arg-type]
    if skipped is None:
        return ""
    constants = [isinstance(x, float) for x in result._node()[1]]
    if not all(constant or skipped >> i & 1 for i, constant in enumerate(constants)):
        return ""
    return f"was made by {_WRITTEN.get(op, op)}: differentiate the number before that, and round afterwards"  # type: ignore[arg-type]


def is_computed(alone: list[Any]) -> bool:
    """Whether a float is held by its caller's variable alone: it was computed, and is no constant of the code.

    ``alone``: a list of nothing but the variable. An argument would hold a reference or borrow one, as the interpreter
    likes; from 3.14 on that differs from line to line.
    """
    return type(alone[0]) is float and sys.getrefcount(alone[0]) <= _COMPUTED


def _references() -> int:
    number = float("1.5")
    return _count([number])


def _count(alone: list[float]) -> int:
    return sys.getrefcount(alone[0])


_COMPUTED = _references()


def warn(what: str, why: str) -> None:
    """Warn at the user's line that the derivatives of ``what`` are zero."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(f"all derivatives of {what} are zero: it {why}", ZeroDerivativeWarning, stacklevel=level)


def check_root(root: Any) -> None:
    """Warn if backward() of a Var can only give zeros."""
    why = cause(root)
    if why:
        warn("this Var", why)
