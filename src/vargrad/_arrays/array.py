"""The thin subclass of ndarray whose Vars NumPy's functions do not lose. What it does instead is in dispatch.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy

from vargrad._core.var import VARS
from vargrad._util.public import show_as

FUNCTIONS: dict[Any, Callable[..., Any]] = {}  # NumPy's functions, and what is called in their place
UFUNCS: dict[Any, Callable[..., Any]] = {}  # ufuncs, and what is called for each element


class Array(numpy.ndarray[Any, Any]):
    """An array that may hold Vars beside numbers: made by ``vargrad.array``.

    >>> import numpy as np
    >>> import vargrad
    >>> x = vargrad.array([vargrad.Var(4.0), -1.0])
    >>> np.sqrt(np.maximum(x, 0.0))
    Array([Var(2.0), 0.0], dtype=object)
    """

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if self.dtype != object:  # it holds no Vars, as what astype() or argsort() gives
            return getattr(ufunc, method)(*_settled(inputs), **options)
        plain = [x.view(_NDARRAY) if type(x) is Array else x for x in inputs]
        for x in plain:
            if type(x) not in _KNOWN and _is_foreign(x):
                return NotImplemented  # for an array of another library to say
        if options or method != "__call__":
            return _called(ufunc, method, plain, options)
        try:
            found = UFUNCS.get(ufunc, ufunc)(*plain)
        except TypeError as error:
            if ufunc not in UFUNCS and str(error).startswith(("ufunc ", "loop of ufunc")):
                raise _without_rule(f"numpy.{ufunc.__name__}") from error
            raise
        return found.view(Array) if type(found) is _NDARRAY and found.dtype == object else wrapped(found)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if self.dtype != object:
            return function(*_settled(args), **dict(zip(kwargs, _settled(tuple(kwargs.values())), strict=True)))
        own = FUNCTIONS.get(function)
        if own is not None:
            return own(*args, **kwargs)
        if any(kind not in VARS and not issubclass(kind, numpy.ndarray) for kind in types):
            return NotImplemented
        try:
            return wrapped(function._implementation(*args, **kwargs))
        except (TypeError, AttributeError) as error:
            if str(error).startswith(_NUMPYS_OWN) and function not in _CALL_BACK:
                raise _without_rule(f"{function.__module__}.{function.__name__}") from error
            raise

    @property
    def value(self) -> Any:
        """The numbers, as an array of floats."""
        return self._each(lambda x: x.value if isinstance(x, VARS) else x)

    @property
    def grad(self) -> Any:
        """The derivatives that backward has accumulated, as an array of floats; 0 where there is no Var."""
        return self._each(lambda x: x.grad if isinstance(x, VARS) else 0.0)

    def _each(self, of: Callable[[Any], float]) -> Any:
        return numpy.array(list(map(of, self.ravel().tolist())), float).reshape(self.shape)

    def round(self, decimals: int = 0, out: Any = None) -> Any:  # type: ignore[override]
        """numpy.round."""
        return numpy.round(self, decimals, out)

    def dot(self, other: Any, out: Any = None) -> Any:
        """numpy.dot, with a single node for each number of the result."""
        return self.view(numpy.ndarray).dot(other, out) if out is not None else numpy.dot(self, other)


_NDARRAY = numpy.ndarray
_KNOWN = {numpy.ndarray, float, int, bool, numpy.float64, *VARS}


# How errors begin where NumPy takes objects for floats or asks floats for what arrays have; and the functions that call
# functions of the user's, whose errors are their own.
_NUMPYS_OWN = (
    "Cannot cast ufunc",
    "Cannot cast array data",
    "ufunc ",
    "loop of ufunc",
    "float() of a Var would lose",
    "'float' object has no attribute 'shape'",
)
_CALL_BACK = {numpy.apply_along_axis, numpy.apply_over_axes, numpy.piecewise}


def _settled(x: Any) -> Any:
    """The same without this class where an array holds no objects."""
    if type(x) in (tuple, list):
        return type(x)(map(_settled, x))
    return x.view(numpy.ndarray) if type(x) is Array and x.dtype != object else x


def _without_rule(name: str) -> TypeError:
    return TypeError(
        f"{name}() has no rule for an array of Vars: use .value for the numbers without derivatives, or functions of "
        "vargrad.linalg and vargrad.math"
    )


def _is_foreign(x: Any) -> bool:
    return hasattr(type(x), "__array_ufunc__") and not isinstance(x, (numpy.ndarray, numpy.generic))


def _called(ufunc: Any, method: str, plain: list[Any], options: dict[str, Any]) -> Any:
    """A call with options, such as ``out``, or a method, such as ``reduce``."""
    out = options.get("out")
    if out is not None:
        options["out"] = tuple(x.view(numpy.ndarray) if type(x) is Array else x for x in out)
    own = UFUNCS.get(ufunc, ufunc)
    try:
        found = own(*plain, **options) if method == "__call__" else getattr(ufunc, method)(*plain, **options)
    except (TypeError, AttributeError) as error:  # objects have no such method
        if method == "__call__" or own is ufunc or not isinstance(own, numpy.ufunc):
            raise _explained(error, ufunc, out) from error
        found = getattr(own, method)(*plain, **options)
    if out is not None:
        return out[0] if len(out) == 1 else out
    return wrapped(found)


def _explained(error: Exception, ufunc: Any, out: Any) -> Exception:
    if out is not None and str(error).startswith("Cannot cast ufunc"):
        kind = out[0].dtype
        return TypeError(
            f"numpy.{ufunc.__name__}() gives Vars, and an array of {kind} cannot hold them: write a = a + b instead of "
            "a += b, or give an array of dtype=object"
        )
    return _without_rule(f"numpy.{ufunc.__name__}") if str(error).startswith(("ufunc ", "loop of ufunc")) else error


def wrapped(x: Any) -> Any:
    """An array of objects as this class, other arrays without it, in a tuple or list too; anything else as it is."""
    if type(x) is tuple or type(x) is list:
        return type(x)(map(wrapped, x))
    if type(x) is Array:
        return x if x.dtype == object else x.view(numpy.ndarray)
    return x.view(Array) if type(x) is numpy.ndarray and x.dtype == object else x


def filled(items: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """An array of these items: of floats if all are, else one that may hold Vars."""
    if not any(isinstance(x, VARS) for x in items):
        return numpy.array(items, float).reshape(shape)
    result = numpy.empty(len(items), object)
    result[:] = items
    return result.reshape(shape).view(Array)


show_as("vargrad", [Array])
