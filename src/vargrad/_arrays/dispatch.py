"""What NumPy's functions do with arrays of Vars and floats: ``vargrad.array``, and the tables that its class reads.

Without them NumPy asks each element for a method, such as ``.sqrt()``, which floats do not have, chooses by comparison,
or refuses objects altogether.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy

from vargrad._arrays import factors, least, linear, spectrum
from vargrad._arrays.array import FUNCTIONS, UFUNCS, filled
from vargrad._arrays.array import Array as Array
from vargrad._arrays.array import wrapped as wrapped
from vargrad._arrays.operands import dot, fixed, given
from vargrad._core import functions
from vargrad._core.modes import thread
from vargrad._core.tables import knots
from vargrad._core.tables.lines import interpolation
from vargrad._core.var import VARS, Var, function, nary
from vargrad._ops.table import BY_NAME, METHODS
from vargrad._util.public import show_as

_PREDICATES = ("isnan", "isfinite", "isinf", "signbit")
_CLIP: Any = getattr(numpy, "_core").umath.clip  # noqa: B009  the ufunc under numpy.clip has no public name


def array(values: Any, requires_grad: bool = False) -> Array:
    """An array of objects from nested sequences or an array of Vars and numbers, for NumPy's functions.

    ``requires_grad``: make a leaf that wants a derivative of each number. TypeError for what is no number.

    >>> import numpy as np
    >>> import vargrad
    >>> x = vargrad.array([[2.0, 1.0], [1.0, 3.0]], requires_grad=True)
    >>> np.linalg.det(np.maximum(x, 0.0)).backward()
    >>> x.grad.round(12).tolist()
    [[3.0, -1.0], [-1.0, 2.0]]
    """
    found = given("array()", values)
    items = found.ravel().tolist()
    if requires_grad:
        items = [x if isinstance(x, VARS) else Var(x, requires_grad=True) for x in items]
    result = numpy.empty(len(items), object)
    result[:] = items
    return result.reshape(found.shape).view(Array)


# ---- element by element


def _row(name: str) -> Callable[..., Any]:
    """A row of the table of operations as a function of Vars and floats."""
    if len(BY_NAME[name].partials) == 1:
        return lambda x: function(name, x)
    return lambda x, y: function(name, x, y)


def _heaviside(x: Any, at_zero: Any) -> Any:
    return functions.where(x > 0.0, 1.0, functions.where(x < 0.0, 0.0, functions.where(x == 0.0, at_zero, x)))


def _predicate(name: str) -> Callable[..., Any]:
    def holds(x: Any) -> bool:
        if thread.recorder is not None and isinstance(x, VARS):
            return bool(thread.recorder.predicate(name, (x,), {}))
        number = fixed(x)
        return math.copysign(1.0, number) < 0.0 if name == "signbit" else bool(getattr(math, name)(number))

    each = numpy.frompyfunc(holds, 1, 1)
    return lambda *operands, **options: _truths(each(*operands, **options))


_LOGICAL: dict[str, Callable[..., bool]] = {
    "logical_and": lambda x, y: bool(x) and bool(y),
    "logical_or": lambda x, y: bool(x) or bool(y),
    "logical_xor": lambda x, y: bool(x) != bool(y),
    "logical_not": lambda x: not x,
}


def _of_truths(truth: Callable[..., bool]) -> Callable[..., Any]:
    each = numpy.frompyfunc(truth, truth.__code__.co_argcount, 1)
    return lambda *operands, **options: _truths(each(*operands, **options))


def _truths(found: Any) -> Any:
    return found.astype(bool) if isinstance(found, numpy.ndarray) else found


def _fill_tables() -> None:
    for row in METHODS:
        for name in (row.name, row.alias):
            ufunc = getattr(numpy, name, None) if name else None
            if (
                isinstance(ufunc, numpy.ufunc) and ufunc.nin == len(row.partials) and name != "remainder"
            ):  # NumPy's is %
                UFUNCS[ufunc] = numpy.frompyfunc(_row(row.name), ufunc.nin, 1)
    for name, pair in (("hypot", "hypot"), ("maximum", "maximum"), ("minimum", "minimum")):
        UFUNCS[getattr(numpy, name)] = numpy.frompyfunc(lambda x, y, pair=pair: nary(pair, [x, y]), 2, 1)
    for name in ("copysign", "logaddexp", "arctan2", "fmax", "fmin"):
        UFUNCS[getattr(numpy, name)] = numpy.frompyfunc(_row(name), 2, 1)
    UFUNCS[numpy.fabs] = numpy.frompyfunc(_row("abs"), 1, 1)
    UFUNCS[numpy.heaviside] = numpy.frompyfunc(_heaviside, 2, 1)
    UFUNCS[_CLIP] = numpy.frompyfunc(functions.clamp, 3, 1)
    UFUNCS[numpy.matmul] = _matmul
    for name, truth in _LOGICAL.items():
        UFUNCS[getattr(numpy, name)] = _of_truths(truth)
    UFUNCS[numpy.float_power] = numpy.frompyfunc(lambda x, y: x**y, 2, 1)
    for name in _PREDICATES:
        UFUNCS[getattr(numpy, name)] = _predicate(name)
    FUNCTIONS.update(
        {
            numpy.linalg.solve: linear.solve,
            numpy.linalg.inv: linear.inv,
            numpy.linalg.det: linear.det,
            numpy.linalg.slogdet: linear.slogdet,
            numpy.linalg.cholesky: factors.cholesky,
            numpy.linalg.qr: factors.qr,
            numpy.linalg.eigh: spectrum.eigh,
            numpy.linalg.eigvalsh: spectrum.eigvalsh,
            numpy.linalg.lstsq: least.lstsq,
            numpy.linalg.norm: least.norm,
            numpy.interp: _interp,
            numpy.where: _where,
            numpy.round: _round,
            numpy.around: _round,
            numpy.isclose: _isclose,
            numpy.allclose: _allclose,
            numpy.dot: _dot,
        }
    )


# ---- functions of whole arrays


def _objects(x: Any) -> Any:
    """As a plain array of objects."""
    return numpy.asarray(x, object).view(numpy.ndarray)


def _where(condition: Any, *either: Any) -> Any:
    if len(either) != 2:
        return numpy.where(numpy.asarray(condition).view(numpy.ndarray), *either)
    return wrapped(numpy.frompyfunc(functions.where, 3, 1)(_objects(condition), *map(_objects, either)))


def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: float | None = None) -> Any:
    if period is not None:
        raise TypeError("numpy.interp() of Vars takes no period: give x % period, and a table over one period")
    table = knots.table("interp()", numpy.asarray(xp).tolist(), numpy.asarray(fp).tolist())
    return wrapped(numpy.frompyfunc(interpolation(*table, left, right), 1, 1)(_objects(x)))


def _round(a: Any, decimals: int = 0, out: Any = None) -> Any:
    each = numpy.frompyfunc(lambda x: round(x, decimals), 1, 1)
    return wrapped(each(_objects(a))) if out is None else each(_objects(a), out=out)


def _isclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    if thread.recorder is None:
        a, b = (numpy.frompyfunc(fixed, 1, 1)(_objects(x)) for x in (a, b))
        return numpy.isclose(numpy.asarray(a, float), numpy.asarray(b, float), rtol, atol, equal_nan)

    def close(x: Any, y: Any) -> bool:
        if x == y or (equal_nan and x != x and y != y):
            return True
        return bool(abs(y) < math.inf) and bool(abs(x - y) <= atol + rtol * abs(y))

    return _truths(numpy.frompyfunc(close, 2, 1)(_objects(a), _objects(b)))


def _allclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    return bool(numpy.all(_isclose(a, b, rtol, atol, equal_nan)))


_LONG = 8  # from this length on one inner product costs less than its multiplications and additions


def _matmul(a: Any, b: Any, **options: Any) -> Any:
    """a @ b, for long rows with a single node for each number of the result."""
    a, b = numpy.asarray(a), numpy.asarray(b)
    if options or not (1 <= a.ndim <= 2 and 1 <= b.ndim <= 2 and a.shape[-1] == b.shape[0] >= _LONG):
        return numpy.matmul(a, b, **options)
    rows = a.reshape(-1, a.shape[-1]).tolist()
    columns = b.reshape(b.shape[0], -1).T.tolist()
    items = [dot(row, column) for row in rows for column in columns]
    if a.ndim == b.ndim == 1:
        return items[0]
    return filled(items, a.shape[:-1] + b.shape[1:]).astype(object, copy=False)


def _dot(a: Any, b: Any, out: Any = None) -> Any:
    left, right = (numpy.asarray(x).view(numpy.ndarray) for x in (a, b))
    if out is not None:
        return numpy.dot(left, right, out)
    return wrapped((_matmul if 1 <= left.ndim <= 2 and 1 <= right.ndim <= 2 else numpy.dot)(left, right))


_fill_tables()
show_as("vargrad", [array])
