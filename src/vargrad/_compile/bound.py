"""A call of a compiled function with its arrays: computed again and again from what they hold, into the same arrays."""

from __future__ import annotations

from typing import Any

import numpy

from vargrad._compile.results import items
from vargrad._compile.signature import Batch
from vargrad._core.var import Var
from vargrad._util.argnums import Argnums
from vargrad._util.errors import known
from vargrad._vm.ways import is_plain

METHODS = {"value": "__call__"} | {name: name for name in ("value_and_grad", "grad", "jacobian", "hessian", "hvp")}


class Bound:
    """A call with its arrays, made by ``Compiled.bind``: ``b()`` reads them as they are now, and fills ``b.out``."""

    def __init__(
        self, owner: Any, what: str, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Argnums | None
    ) -> None:
        self.out: Any = None
        self._owner = owner
        self._what = what
        self._args = args
        self._kwargs = kwargs
        self._argnums = argnums
        self._shortcut: Any = None
        self._ordered: tuple[Any, ...] = ()  # the arguments as the shortcut takes them
        self._targets: list[Any] = []  # the arrays of ``out``, one after the other

    def __call__(self) -> Any:
        """Compute anew; returns ``out``. If it raises, ``out`` is as before."""
        if self._owner._is_watched:
            self._owner._refresh()
        if self._shortcut is not None and self._shortcut.into(self._ordered, self._targets):
            return self.out
        self.compute(self.out)
        return self.out

    def __repr__(self) -> str:
        return f"<{self._what} of {self._owner!r}, bound to {len(self._args) + len(self._kwargs)} argument(s)>"

    def compute(self, out: Any) -> Any:
        """The results by the general way, and the shortcut for the next time."""
        options = self._kwargs if self._what == "value" else self._kwargs | {"argnums": self._argnums}
        found = getattr(self._owner, METHODS[self._what])(*self._args, out=out, **options)
        self._shortcut = None
        if is_plain(self._argnums):
            vector = self._what == "hvp"
            args = self._args[:-1] if vector else self._args
            names, values, positional = self._owner._binder.bind(args, self._kwargs)
            key = names, positional, Batch(self._owner._binder, names, values).cores
            specialization = self._owner._specializations.get(key)
            self._shortcut = self._owner._shortcut_of(self._what, (specialization, self._argnums))
            self._ordered = (*values, *self._args[-1:]) if vector else tuple(values)
        return found


def bind(
    self: Any, *args: Any, what: str = "value", argnums: Argnums | None = None, out: Any = None, **kwargs: Any
) -> Bound:
    """The call with its arrays, to be computed again and again: ``b = f.bind(x, out=y)``, then ``b()``.

    ``args``, ``kwargs``: numbers, which stay, and C-contiguous arrays of float64, which each ``b()`` reads as they are
    then. ``what``: "value", "value_and_grad", "grad", "jacobian", "hessian" or "hvp". ``argnums``: as in these methods.
    ``out``: arrays of float64 for the results, in tuples or lists as they come; new ones by default. Each ``b()``
    writes into them, and returns them; no other array is made for calls of few rows. The first time is now. What f
    reads besides its arguments is watched as in any call. Raises TypeError or ValueError for arguments that would have
    to be copied, and what the method raises.

    >>> import numpy, vargrad
    >>> f = vargrad.compile(lambda x, y: x * y)
    >>> x = numpy.array([1.0, 2.0])
    >>> slopes = f.bind(x, 3.0, what="grad", argnums=1)
    >>> slopes.out.tolist()
    [1.0, 2.0]
    >>> x *= 10.0
    >>> slopes().tolist()
    [10.0, 20.0]
    """
    name = f"{self.__name__}.bind()"
    known(f"{name}: what", what, tuple(METHODS))
    if what == "value" and argnums is not None:
        raise ValueError(f"{name}: argnums={argnums!r:.60} goes with derivatives: give what='grad', or another")
    labels = [*(f"argument {i}" for i in range(len(args))), *(f"argument {key!r}" for key in kwargs)]
    for label, x in zip(labels, (*args, *kwargs.values()), strict=True):
        _check(f"{name}: {label}", x)
    bound = Bound(self, what, args, kwargs, argnums)
    bound.out = bound.compute(out)
    if out is None:
        bound.out = _arrays(bound.out)
    bound._targets = items(bound.out)
    return bound


def _check(what: str, x: Any) -> None:
    """TypeError or ValueError for an argument that cannot be read anew at each call."""
    if isinstance(x, Var):
        raise TypeError(f"{what} is a Var: expected a number or an array")
    if isinstance(x, (float, int, numpy.generic)):
        return
    cure = "give an array that the numbers are written to, as by numpy.array(x, float)"
    parts = items(x)  # the vectors of hvp are a tuple
    if not parts or not all(type(part) is numpy.ndarray for part in parts):
        raise TypeError(f"{what} is of type {type(x).__name__}, which would be copied at each call: {cure}")
    for part in parts:
        if part.dtype != numpy.float64 or not (part.flags.c_contiguous and part.flags.aligned):
            raise ValueError(f"{what} is no C-contiguous array of float64, and would be copied at each call: {cure}")


def _arrays(results: Any) -> Any:
    """The same tuples and lists of arrays, also for numbers."""
    if not isinstance(results, (tuple, list)):
        return numpy.asarray(results)
    parts = [_arrays(part) for part in results]
    return type(results)._make(parts) if hasattr(results, "_make") else type(results)(parts)
