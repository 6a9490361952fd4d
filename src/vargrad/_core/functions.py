"""The functions of vargrad.math that are no single row of the table of operations; they serve both twins.

What Python's math has and a Var has no derivative for raises TypeError that says so.
"""

from __future__ import annotations

import math as _math
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

from vargrad._core import functions_nary, functions_py
from vargrad._core.modes import thread
from vargrad._core.tables import knots
from vargrad._core.tables.lines import interpolation
from vargrad._core.var import VARS as _VARS
from vargrad._core.var import Real
from vargrad._core.var import function as _function
from vargrad._core.var import nary as _nary
from vargrad._core.var import quiet as _quiet
from vargrad._core.var import twin as _twin
from vargrad._core.var import two as _two
from vargrad._ops import zeros as _zeros


def log(x: Real, base: Real | None = None, /) -> Real:
    """Logarithm of x, natural or to the given base.

    >>> from vargrad import Var, math
    >>> math.log(Var(8.0), 2).value
    3.0
    """
    if isinstance(x, _VARS) or isinstance(base, _VARS):
        if base is not None and thread.recorder is None:
            _math.log(_plain(x), _plain(base))  # its exception, whose words differ between an int and a float
        numerator: Real = _twin(x).function("log", x)
        return numerator if base is None else numerator / _twin(base).function("log", base)
    return _math.log(x) if base is None else _math.log(x, base)


def pow(x: Real, y: Real, /) -> Real:
    """x to the power y; raises what math.pow raises, where ``**`` may raise something else."""
    if isinstance(x, _VARS) or isinstance(y, _VARS):
        if thread.recorder is None:
            _math.pow(_plain(x), _plain(y))
        elif thread.recorder.hears_operations:
            return thread.recorder.operation("pow", x, y, plain=_math.pow)  # type: ignore[no-any-return]
        return x**y
    return _math.pow(x, y)


def _plain(x: Real) -> float:
    return x.value if isinstance(x, _VARS) else x


def dist(p: Iterable[Real], q: Iterable[Real], /) -> Real:
    """Euclidean distance of two points of equal dimension; ValueError if they differ."""
    p, q = _two("dist", p, q)
    return _nary("hypot", [a - b for a, b in zip(p, q, strict=True)])


def prod(values: Iterable[Real], /, *, start: Real = 1.0) -> Real:
    """Product from left to right, one node; right at zeros too."""
    values = list(values)
    return _nary("prod", values if isinstance(start, (float, int)) and start == 1 else [start, *values])


def softmax(values: Iterable[Real], /) -> list[Real]:
    """The exponentials of the values over their sum, as a list; ValueError if there are no values.

    Three nodes a value and one for the sum: a single node for each result would need room for all n operands, n times.
    """
    values = list(values)
    if not values:
        raise ValueError("softmax() of no values: give at least one")
    biggest: Real  # a constant: it changes neither the result nor its derivative
    if thread.recorder is None or not any(isinstance(x, _VARS) for x in values):
        biggest = max(map(_plain, values))
    else:
        biggest = thread.recorder.detach(_nary("maximum", values))
    powers = [_function("exp", x - biggest) for x in values]
    total = _nary("sum", powers)
    return [x / total for x in powers]


def where(condition: object, a: Real, b: Real, /) -> Real:
    """a if the condition holds, else b; the other one receives no derivative."""
    if thread.recorder is not None and thread.recorder.selects(condition):
        return thread.recorder.where(condition, a, b)  # type: ignore[no-any-return]
    chosen = a if condition else b
    if isinstance(chosen, _VARS) or not isinstance(b if chosen is a else a, _VARS):
        return chosen
    kind = type(b if chosen is a else a)
    return kind(chosen)


def square(x: Real, /) -> Real:
    """x times x."""
    return _function("square", x)


def clamp(x: Real, min: Real | None = None, max: Real | None = None, /) -> Real:
    """x, but at least min and at most max; the derivative passes at the bounds."""
    if isinstance(x, _VARS):
        return x.clamp(min, max)
    result = x if min is None else _function("clamp_min", x, min)
    return result if max is None else _function("clamp_max", result, max)


def interp(
    x: Real, xp: Iterable[float], fp: Iterable[Real], left: Real | None = None, right: Real | None = None
) -> Real:
    """Linear interpolation in the table of points (xp[i], fp[i]), as numpy.interp has it.

    ``x``: the number to look up, nan gives nan. ``xp``: the knots, floats that increase. ``fp``: a value for each, any
    of them a Var. ``left``, ``right``: what is given for x < xp[0] and x > xp[-1], fp[0] and fp[-1] by default. The
    derivative by x at a knot is that on its right, and 0 at the last one.

    Raises ValueError if knots are unsorted, repeated, not finite or none, or of another number than the values;
    TypeError if one is a Var.

    >>> from vargrad import Var, math
    >>> rate = [Var(0.02, requires_grad=True), Var(0.04, requires_grad=True)]
    >>> math.interp(1.5, [1.0, 3.0], rate).backward()
    >>> [v.grad for v in rate]
    [0.75, 0.25]
    """
    return interpolation(*knots.table("interp()", xp, fp), left, right)(x)


def modf(x: Real, /) -> tuple[Real, Real]:
    """The fractional and the integer part of x, both with its sign; derivatives 1 and 0.

    >>> from vargrad import Var, math
    >>> math.modf(Var(-2.75))
    (Var(-0.75), Var(-2.0))
    """
    return (_quiet("fraction", x), _quiet("whole", x)) if isinstance(x, _VARS) else _math.modf(x)


def frexp(x: Real, /) -> tuple[Real, Real]:
    """The mantissa m, from 0.5 to 1 with the sign of x, and the exponent e, an int, of x = m * 2**e.

    The derivative of m is 2**-e, that of e is 0. While compile records, e is a Var: rows have exponents of their own.

    >>> from vargrad import Var, math
    >>> math.frexp(Var(6.0))
    (Var(0.75), 3)
    """
    if not isinstance(x, _VARS):
        return _math.frexp(x)
    if thread.recorder is not None:
        return _quiet("mantissa", x), _quiet("exponent", x)
    exponent = _math.frexp(_plain(x))[1]
    _zeros.last.rounded = "the exponent of frexp", exponent
    return _quiet("mantissa", x), exponent


def ldexp(x: Real, i: Real, /) -> Real:
    """x * 2**i of a whole number i, rounded once; no derivative by i. Raises as math.ldexp does.

    A Var may be i where its value is whole, as frexp's exponent in a recorded function.
    """
    if not isinstance(x, _VARS) and not isinstance(i, _VARS):
        return _math.ldexp(x, i)  # type: ignore[arg-type] # it says so itself
    if thread.recorder is None:
        whole = int(_plain(i)) if isinstance(i, _VARS) and _plain(i).is_integer() else _plain(i)
        _math.ldexp(_plain(x), whole)  # type: ignore[arg-type] # its exceptions
    else:
        _math.ldexp(0.0, 0 if isinstance(i, _VARS) else i)  # type: ignore[arg-type]
    return _quiet("scaled", x, i if isinstance(i, _VARS) else float(min(max(i, -9999), 9999)))


def _by_value(function: Callable[..., Any]) -> Callable[..., Any]:
    """A predicate or a rounding to int: it has no derivative to lose."""

    def call(*operands: Any, **options: Any) -> Any:
        if function.__name__ in ("ceil", "floor", "trunc"):
            return function(*operands)  # Var's own, which tells the recorder
        if thread.recorder is None or not any(isinstance(x, _VARS) for x in operands):
            return function(*map(_plain, operands), **options)
        return thread.recorder.predicate(function.__name__, operands, options)

    return _named(call, function)


def _without_rule(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*operands: Any, **options: Any) -> Any:
        for x in operands:
            if isinstance(x, _VARS):
                raise TypeError(
                    f"vargrad.math.{function.__name__}() has no rule for a Var: use x.value to leave the graph, "
                    "or vargrad.custom to give its derivative"
                )
        return function(*operands, **options)

    return _named(call, function)


def _named(call: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    call.__name__ = call.__qualname__ = function.__name__
    call.__doc__ = function.__doc__
    call.__wrapped__ = function  # type: ignore[attr-defined] # whose signature is shown
    return call


_BY_VALUE = {"ceil", "floor", "trunc", "isclose", "isfinite", "isinf", "isnan", "isnormal", "issubnormal", "signbit"}


def names(rows: ModuleType) -> dict[str, Any]:
    """Everything vargrad.math offers: the functions above, the rows' functions, and the rest of the standard module."""
    own = {name: f for name, f in globals().items() if getattr(f, "__globals__", None) is globals() and name[0] != "_"}
    del own["names"]
    own |= {name: getattr(rows, name) for name in functions_py.__all__}
    own |= {name: getattr(functions_nary, name) for name in functions_nary.__all__}
    if hasattr(rows, "direct"):  # the compiled core has its own form of some of these
        own |= rows.direct(own)
    for name, value in vars(_math).items():
        if name not in own and not name.startswith("_"):
            wrap = _by_value if name in _BY_VALUE else _without_rule
            own[name] = wrap(value) if callable(value) else value
            if name in _BY_VALUE and name != "isclose" and hasattr(rows, "by_value"):
                own[name] = _named(rows.by_value(value, own[name], name in ("ceil", "floor", "trunc")), value)
    return own
