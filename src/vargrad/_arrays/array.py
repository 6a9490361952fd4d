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
    """An array that may hold Vars beside numbers: made by ``vargrad.array``."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        plain = tuple(x.view(numpy.ndarray) if isinstance(x, Array) else x for x in inputs)
        out = options.get("out")
        if out is not None:
            options["out"] = tuple(x.view(numpy.ndarray) if isinstance(x, Array) else x for x in out)
        if any(hasattr(type(x), "__array_ufunc__") and not isinstance(x, _PLAIN) for x in plain):
            return NotImplemented  # for an array of another library to say
        own = UFUNCS.get(ufunc) if method == "__call__" else None
        found = _called(ufunc if own is None else own, method, plain, options)
        if out is not None:
            return out[0] if len(out) == 1 else out
        return tuple(map(wrapped, found)) if type(found) is tuple else wrapped(found)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        own = FUNCTIONS.get(function)
        if own is not None:
            return own(*args, **kwargs)
        if any(kind not in VARS and not issubclass(kind, numpy.ndarray) for kind in types):
            return NotImplemented
        return function._implementation(*args, **kwargs)

    def dot(self, other: Any, out: Any = None) -> Any:
        """numpy.dot, with a single node for each number of the result."""
        return self.view(numpy.ndarray).dot(other, out) if out is not None else numpy.dot(self, other)


_PLAIN = (numpy.ndarray, numpy.generic)


def _called(function: Any, method: str, plain: tuple[Any, ...], options: dict[str, Any]) -> Any:
    if isinstance(function, numpy.ufunc):
        return getattr(function, method)(*plain, **options)
    return function(*plain, **options)


def wrapped(x: Any) -> Any:
    """An array of objects as this class; anything else as it is."""
    return x.view(Array) if isinstance(x, numpy.ndarray) and x.dtype == object and type(x) is not Array else x


def filled(items: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """An array of these items: of floats if all are, else one that may hold Vars."""
    if not any(isinstance(x, VARS) for x in items):
        return numpy.array(items, float).reshape(shape)
    result = numpy.empty(len(items), object)
    result[:] = items
    return result.reshape(shape).view(Array)


show_as("vargrad", [Array])
