"""What linear algebra is made of: arguments as arrays, numbers without their derivatives, inner products."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy
from numpy.linalg import LinAlgError

from vargrad._arrays.array import filled
from vargrad._core.modes import thread
from vargrad._core.var import VARS, nary, twin
from vargrad._ops import zeros
from vargrad._util import errors

Vector: TypeAlias = list[Any]  # of floats and Vars
Matrix: TypeAlias = list[Vector]
_COUNTS = ("zero", "one", "two")


def given(what: str, x: Any, dimensions: int = 0) -> Any:
    """The argument as an array of floats, or of objects if it holds Vars; errors as those of numpy.linalg.

    TypeError for what is neither, LinAlgError where it has fewer dimensions.
    """
    cure = errors.array_cure(x) if isinstance(x, numpy.ndarray) else None
    if cure and type(x).__module__.startswith("numpy"):
        raise TypeError(f"{what} takes no {cure.removeprefix('a ')}")
    found = numpy.asarray(x)
    if found.dtype.kind == "O":
        items = [
            v if isinstance(v, VARS) else errors.as_float(v, f"{what}: an element") for v in found.ravel().tolist()
        ]
        array = numpy.empty(len(items), object)
        array[:] = items
        found = array.reshape(found.shape)
        if not any(isinstance(v, VARS) for v in items):
            found = found.astype(float)
    elif found.dtype.kind in "fiub":
        found = found.astype(float)
    else:
        raise TypeError(f"{what} takes real numbers and Vars, not an array of {found.dtype}")
    if found.ndim < dimensions:
        raise LinAlgError(
            f"{found.ndim}-dimensional array given. Array must be at least {_COUNTS[dimensions]}-dimensional"
        )
    return found


def hold_vars(*arrays: Any) -> bool:
    """Whether there is a Var among the elements: else the function is NumPy's."""
    for x in arrays:
        if isinstance(x, numpy.ndarray):
            if x.dtype == object and any(isinstance(v, VARS) for v in x.flat):
                return True
        elif isinstance(x, VARS) or (isinstance(x, (list, tuple)) and hold_vars(*x)):
            return True
    return False


def plain(x: Any) -> Any:
    """An argument without a Var as NumPy's functions take it: an array of objects as one of floats."""
    return given("an array", x) if isinstance(x, numpy.ndarray) and x.dtype == object else x


def square(what: str, x: Any) -> Any:
    """The argument, whose last two dimensions are the same; LinAlgError if they are not."""
    found = given(what, x, 2)
    if found.shape[-1] != found.shape[-2]:
        raise LinAlgError("Last 2 dimensions of the array must be square")
    return found


def recording() -> bool:
    """Whether compile() records: numbers are not known then, and everything is made of scalar operations."""
    return thread.recorder is not None


def fixed(x: Any) -> Any:
    """A number without its derivative: a float, or while compile() records a Var."""
    if not isinstance(x, VARS):
        return x
    return x.value if thread.recorder is None else thread.recorder.detach(x)


def numbers(array: Any) -> Any:
    """The numbers of an array without their derivatives: of floats, or while compile() records of objects."""
    if array.dtype != object:
        return array
    items = list(map(fixed, array.ravel().tolist()))
    if thread.recorder is None:
        return numpy.array(items, float).reshape(array.shape)
    found = numpy.empty(len(items), object)
    found[:] = items
    return found.reshape(array.shape)


def moved(x: Any) -> Any:
    """x minus its own number: 0, with the derivative of x."""
    return x - fixed(x) if isinstance(x, VARS) else 0.0


def all_moved(array: Any) -> Any:
    """The same of each element, as nested lists."""
    if array.dtype != object:
        return numpy.zeros(array.shape).tolist()
    return numpy.array([*map(moved, array.ravel().tolist()), None], object)[:-1].reshape(array.shape).tolist()


def pinned(x: Any, number: float) -> Any:
    """x with this number, from which its own differs in the last digits, as its value."""
    if not isinstance(x, VARS) or x.value == number:
        return x if isinstance(x, VARS) else number
    one = 1.0 if is_first_order() else type(x)(1.0)  # a partial that is a Var may be differentiated again
    return _CUSTOM[type(x)](number, (x,), (one,))


def dot(xs: Sequence[Any], ys: Sequence[Any]) -> Any:
    """The inner product, one node, of what is no constant 0."""
    pairs = [(x, y) for x, y in zip(xs, ys, strict=True) if not (_is_zero(x) or _is_zero(y))]
    if not pairs:
        return 0.0
    return nary("dot", *zip(*pairs, strict=True))


def _is_zero(x: Any) -> bool:
    return type(x) is float and x == 0.0


def node(value: float, parents: Sequence[Any], partials: Sequence[float]) -> Any:
    """One node of eager code that has these partials by those of its parents that are Vars; the others are floats."""
    if float in set(map(type, parents)):
        pairs = [(x, p) for x, p in zip(parents, partials, strict=True) if type(x) is not float]
        if not pairs:
            return value
        parents, partials = zip(*pairs, strict=True)
    return _CUSTOM[type(parents[0])](value, parents, partials)


_CUSTOM = {kind: twin(kind(0.0)).custom for kind in VARS}


def is_first_order() -> bool:
    """Whether derivatives of eager code will only be taken once, by a sweep: then partials may be floats."""
    return zeros.last.order == 0 and thread.recorder is None


def corrections() -> int:
    """How many steps of Newton's method with a fixed matrix make all derivatives right that are asked for.

    Each makes one more order right. One order more than the transforms around take is for Vars outside of them.
    """
    return zeros.last.order + (1 if thread.recorder is None else 2)


def stacked(function: Callable[..., Any], dimensions: int, *arrays: Any) -> Any:
    """The function of each matrix of the stacks, which broadcast as in numpy.linalg; it returns an array, or several.

    ``dimensions``: how many of the last ones are the function's own.
    """
    loop = numpy.broadcast_shapes(*[x.shape[: x.ndim - dimensions] for x in arrays])
    if loop == ():
        return function(*arrays)
    full = [numpy.broadcast_to(x, loop + x.shape[x.ndim - dimensions :]) for x in arrays]
    found = [function(*[x[index] for x in full]) for index in numpy.ndindex(*loop)]
    if not found:
        return _nothing(function(*[_regular(x.shape[len(loop) :]) for x in full]), loop)
    if type(found[0]) is tuple:
        return tuple(_joined([x[i] for x in found], loop) for i in range(len(found[0])))
    return _joined(found, loop)


def _regular(shape: tuple[int, ...]) -> Any:
    """A matrix or vector of this shape that every function takes."""
    return numpy.eye(*shape) * numpy.arange(1.0, shape[-1] + 1.0) if len(shape) == 2 else numpy.ones(shape)


def _nothing(like: Any, loop: tuple[int, ...]) -> Any:
    if type(like) is tuple:
        return tuple(_nothing(x, loop) for x in like)
    return numpy.zeros(loop + numpy.shape(like))


def _joined(parts: list[Any], loop: tuple[int, ...]) -> Any:
    if not isinstance(parts[0], numpy.ndarray):
        return filled(parts, loop)
    return filled([x for part in parts for x in part.ravel().tolist()], loop + parts[0].shape)
