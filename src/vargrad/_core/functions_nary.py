"""The functions of vargrad.math that are rows of any number of operands; they serve both twins.

Written by csrc/ops/gen_ops.py from src/vargrad/_ops/table.py; do not edit.
"""

from __future__ import annotations

import math as _math
from collections.abc import Iterable

from vargrad._core.var import Real, nary, two

__all__ = [  # noqa: RUF022
    "sum",
    "fsum",
    "mean",
    "dot",
    "hypot",
    "logsumexp",
    "maximum",
    "minimum",
]


def sum(values: Iterable[Real], /) -> Real:
    """Sum from left to right, one node."""
    return nary("sum", values)


def fsum(values: Iterable[Real], /) -> Real:
    """Exactly rounded sum, as math.fsum, one node."""
    return nary("fsum", values)


def mean(values: Iterable[Real], /) -> Real:
    """Arithmetic mean, one node; ValueError if there are no values."""
    return nary("mean", values)


def dot(p: Iterable[Real], q: Iterable[Real], /) -> Real:
    """Inner product of two vectors of equal length, left to right, one node; ValueError if lengths differ."""
    return nary("dot", *two("dot", p, q))


if hasattr(_math, "sumprod"):  # from Python 3.12
    __all__ += ["sumprod"]

    def sumprod(p: Iterable[Real], q: Iterable[Real], /) -> Real:
        """Inner product as math.sumprod rounds it, one node."""
        return nary("sumprod", *two("sumprod", p, q))


def hypot(*values: Real) -> Real:
    """Euclidean norm of the coordinates; derivative 0 at the origin."""
    return nary("hypot", values)


def logsumexp(values: Iterable[Real], /) -> Real:
    """log of the sum of exponentials, never overflowing, one node."""
    return nary("logsumexp", values)


def maximum(*values: Real) -> Real:
    """Largest of the arguments; ties share the derivative equally, nan wins."""
    return nary("maximum", values)


def minimum(*values: Real) -> Real:
    """Smallest of the arguments; ties share the derivative equally, nan wins."""
    return nary("minimum", values)
