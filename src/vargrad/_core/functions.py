"""The functions of vargrad.math that are no single row of the formula sheet; they serve both twins.

What Python's math has and a Var has no derivative for raises TypeError that says so.
"""

from __future__ import annotations

import math as _math
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType
from typing import Any, TypeAlias

from vargrad._core import functions_py, var, var_py
from vargrad._core.modes import thread

Real: TypeAlias = "var_py.Var | float"
_VARS = (var.Var, var_py.Var)


def _twin(*operands: Any) -> Any:
    """The core whose Vars take part."""
    return var_py if any(isinstance(x, var_py.Var) for x in operands) else var.module


def log(x: Real, base: Real | None = None, /) -> Real:
    """Logarithm of x, natural or to the given base.

    >>> from vargrad import Var, math
    >>> math.log(Var(8.0), 2).value
    3.0
    """
    if isinstance(x, _VARS) or isinstance(base, _VARS):
        numerator: Real = _twin(x).function("log", x)
        return numerator if base is None else numerator / _twin(base).function("log", base)
    return _math.log(x) if base is None else _math.log(x, base)


def pow(x: Real, y: Real, /) -> Real:
    """x to the power y; raises what math.pow raises, where ``**`` may raise something else."""
    if isinstance(x, _VARS) or isinstance(y, _VARS):
        if thread.recorder is None:
            _math.pow(_plain(x), _plain(y))
        return x**y
    return _math.pow(x, y)


def _plain(x: Real) -> float:
    return x.value if isinstance(x, _VARS) else x


def hypot(*coordinates: Real) -> Real:
    """Euclidean norm of the coordinates; derivative 0 at the origin."""
    return _nary("hypot", coordinates)


def dist(p: Iterable[Real], q: Iterable[Real], /) -> Real:
    """Euclidean distance of two points of equal dimension; ValueError if they differ."""
    p, q = _two("dist", p, q)
    return _nary("hypot", [a - b for a, b in zip(p, q, strict=True)])


def sum(values: Iterable[Real], /) -> Real:
    """Sum from left to right, one node."""
    return _nary("sum", values)


def fsum(values: Iterable[Real], /) -> Real:
    """Exactly rounded sum, as math.fsum, one node."""
    return _nary("fsum", values)


def mean(values: Iterable[Real], /) -> Real:
    """Arithmetic mean, one node; ValueError if there are no values."""
    return _nary("mean", values)


def prod(values: Iterable[Real], /, *, start: Real = 1.0) -> Real:
    """Product from left to right, one node; right at zeros too."""
    values = list(values)
    return _nary("prod", values if isinstance(start, (float, int)) and start == 1 else [start, *values])


def dot(a: Iterable[Real], b: Iterable[Real], /) -> Real:
    """Inner product of two vectors of equal length, left to right, one node; ValueError if lengths differ.

    >>> from vargrad import Var, math
    >>> w = [Var(1.0, requires_grad=True), Var(2.0, requires_grad=True)]
    >>> math.dot(w, [3.0, 4.0]).backward()
    >>> [v.grad for v in w]
    [3.0, 4.0]
    """
    return _nary("dot", *_two("dot", a, b))


if hasattr(_math, "sumprod"):  # from Python 3.12

    def sumprod(p: Iterable[Real], q: Iterable[Real], /) -> Real:
        """Inner product as math.sumprod rounds it, one node."""
        return _nary("sumprod", *_two("sumprod", p, q))


def logsumexp(values: Iterable[Real], /) -> Real:
    """log of the sum of exponentials, never overflowing, one node."""
    return _nary("logsumexp", values)


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
        biggest = thread.recorder.detach(maximum(*values))
    powers = [_function("exp", x - biggest) for x in values]
    total = _nary("sum", powers)
    return [x / total for x in powers]


def maximum(*values: Any) -> Real:
    """Largest of the arguments; ties share the derivative equally, nan wins."""
    return _nary("maximum", values)


def minimum(*values: Any) -> Real:
    """Smallest of the arguments; ties share the derivative equally, nan wins."""
    return _nary("minimum", values)


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


def _function(name: str, *operands: Real) -> Real:
    result: Real = _twin(*operands).function(name, *operands)
    return result


def _nary(name: str, values: Iterable[Any], partners: Sequence[Any] = ()) -> Real:
    values = _vector(values)
    result: Real
    try:
        result = var.module.apply_nary(name, values, partners)
    except TypeError:  # perhaps Vars of the pure twin beside a compiled core: rare, so not looked for before
        if var.module is var_py or _twin(*values, *partners) is not var_py:
            raise
        result = var_py.apply_nary(name, values, partners)
    return result


def _vector(values: Iterable[Any]) -> Sequence[Any]:
    return values if isinstance(values, (list, tuple)) else list(values)


def _two(name: str, a: Iterable[Real], b: Iterable[Real]) -> tuple[Sequence[Real], Sequence[Real]]:
    a, b = _vector(a), _vector(b)
    if len(a) != len(b):
        raise ValueError(f"{name}() needs two vectors of equal length, got {len(a)} and {len(b)}")
    return a, b


def _by_value(function: Callable[..., Any]) -> Callable[..., Any]:
    """A predicate or a rounding to int: it has no derivative to lose."""

    def call(*operands: Any, **options: Any) -> Any:
        if thread.recorder is None or not any(isinstance(x, _VARS) for x in operands):
            return function(*map(_plain, operands), **options)
        if function.__name__ in ("ceil", "floor", "trunc"):
            return function(*operands)  # Var's own, which tells the recorder
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
    return call


_BY_VALUE = {"ceil", "floor", "trunc", "isclose", "isfinite", "isinf", "isnan", "isnormal", "issubnormal", "signbit"}


def names(rows: ModuleType) -> dict[str, Any]:
    """Everything vargrad.math offers: the functions above, the rows' functions, and the rest of the standard module."""
    own = {name: f for name, f in globals().items() if getattr(f, "__globals__", None) is globals() and name[0] != "_"}
    del own["names"]
    own |= {name: getattr(rows, name) for name in functions_py.__all__}
    for name, value in vars(_math).items():
        if name not in own and not name.startswith("_"):
            wrap = _by_value if name in _BY_VALUE else _without_rule
            own[name] = wrap(value) if callable(value) else value
    return own
