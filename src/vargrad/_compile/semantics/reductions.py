"""NumPy's sums, norms and products of a single recorded number, where the function itself would have a vector.

Without a signature an array of arguments is taken row by row. ``np.sum(x)`` would then be the sum of one number, while
the function itself, called with the array, adds all of it up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy

from vargrad._core.var import VARS

USE_A_SIGNATURE = (
    "compile() gives each argument as one number, and takes an array of them row by row. For arguments that are "
    "vectors say so: compile(f, signature='(n)->()')"
)


def reduces(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether a NumPy function would make fewer dimensions of a vector: tried with vectors in place of the Vars."""
    arrays: list[Any] = []
    _find(args, arrays)
    _find(tuple(kwargs.values()), arrays)
    length = next((x.shape[-1] for x in arrays if x.ndim), 2)
    try:
        found = function(*_as_vectors(args, length), **{name: _as_vectors(x, length) for name, x in kwargs.items()})
        dimensions, kind = numpy.ndim(found), numpy.asarray(found).dtype.kind
    except Exception:
        return False  # it is not for vectors like these
    return kind == "f" and dimensions < max([1, *(x.ndim for x in arrays)])


def _find(x: Any, arrays: list[Any]) -> None:
    if isinstance(x, numpy.ndarray):
        arrays.append(x)
    elif isinstance(x, (list, tuple)):
        for item in x:
            _find(item, arrays)


def _as_vectors(x: Any, length: int) -> Any:
    if isinstance(x, VARS):
        return numpy.ones(length)
    if isinstance(x, numpy.ndarray) and x.dtype == object:
        return numpy.ones(x.shape)
    return type(x)(_as_vectors(item, length) for item in x) if type(x) in (list, tuple) else x
