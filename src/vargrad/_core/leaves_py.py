"""Functions of many leaves of the pure twin at once.

Values and grads are written by ``deque(map(...))``, a loop that CPython runs in C, so that all of them change or none:
between two bytecodes Python may run a handler of Ctrl-C or another thread, inside that loop it does not.
"""

from __future__ import annotations

import os
import sys
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from itertools import starmap
from operator import call
from threading import RLock
from typing import Any, Protocol, overload

from vargrad._core.float_py import Float
from vargrad._core.modes import thread
from vargrad._util import errors

# Held while grads are added to, on interpreters without a GIL. It is reentrant, so that a signal handler of the same
# thread that adds as well does not wait. With a GIL there is no lock: an interrupt at the end of its block would keep
# it held for ever.
_lock = nullcontext if getattr(sys, "_is_gil_enabled", lambda: True)() else RLock
_adding: Any = _lock()


def _renew() -> None:
    """Make a new lock in a forked child, where the thread that held the old one does not exist."""
    global _adding
    _adding = _lock()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_renew)


class Leaf(Protocol):
    """The parts of a Var that these functions use; its module imports this one."""

    @property
    def _value(self) -> float: ...
    @property
    def _grad(self) -> float: ...
    @property
    def _requires_grad(self) -> bool: ...
    @property
    def prev_op(self) -> str | None: ...
    def _value_setter(self) -> Callable[[float], None]: ...
    def _grad_setter(self) -> Callable[[float], None]: ...


class Cell:
    """A leaf's place in the arrays of its block."""

    __slots__ = ("grads", "place", "values")

    def __init__(self, values: array[float], grads: array[float], place: int) -> None:
        self.values = values
        self.grads = grads
        self.place = place


@overload
def leaf_values(leaves: Iterable[Leaf], into: None = None) -> list[float]: ...
@overload
def leaf_values(leaves: Iterable[Leaf], into: object) -> None: ...
def leaf_values(leaves: Iterable[Leaf], into: object = None) -> list[float] | None:
    """The values of the Vars as numbers, also while compile records: a list of floats.

    ``into``: a writable C-contiguous buffer of as many float64, to be filled instead. Raises TypeError for what is
    no Var or no buffer, ValueError for a buffer of something else; nothing is written then.
    """
    given = _vars(leaves)
    found = [v._value for v in given]
    if into is None:
        return found
    _doubles(into, "into", len(given), True)[:] = memoryview(array("d", found))
    return None


def add_grads(leaves: Iterable[Leaf], parts: object) -> None:
    """Add each part to the .grad of its Var, where that wants one: to all of them, or to none if it raises.

    ``parts``: a C-contiguous buffer of as many float64, or a list of numbers. A Var may be there more than once.
    Raises TypeError for what is no Var or no number, ValueError for a buffer of something else.
    """
    given = _vars(leaves)
    numbers = _doubles(errors.as_doubles(parts, "parts"), "parts", len(given), False)
    with _adding:  # without a GIL too, backward loses nothing that another thread adds
        sums: dict[Leaf, float] = {}
        for v, part in zip(given, numbers, strict=True):
            if v._requires_grad:
                sums[v] = sums.get(v, v._grad) + part
        deque(map(call, [v._grad_setter() for v in sums], sums.values()), maxlen=0)


def leaf_grads(leaves: Iterable[Leaf], into: object) -> bool:
    """Whether all the Vars want a grad: if so, these are written to ``into``, if not, nothing is.

    ``into``: a writable C-contiguous buffer of as many float64. Raises TypeError for what is no Var or no buffer,
    ValueError for a buffer of something else.
    """
    given = _vars(leaves)
    view = _doubles(into, "into", len(given), True)
    if not all(v._requires_grad for v in given):
        return False
    view[:] = memoryview(array("d", [v._grad for v in given]))
    return True


def set_leaf_values(leaves: Iterable[Leaf], to: object) -> None:
    """Make the values of the leaves these numbers: of all of them, or of none.

    ``to``: a C-contiguous buffer of as many float64. Raises TypeError for what is no Var or no buffer, ValueError for
    a buffer of something else, AttributeError for a computed Var.
    """
    given = _vars(leaves)
    for v in given:
        if v.prev_op is not None:
            raise errors.computed_value(v.prev_op)
        if thread.recorder is not None:
            thread.recorder.leave(v, ".value =")
    numbers = _doubles(to, "to", len(given), False).tolist()
    deque(map(call, [v._value_setter() for v in given], numbers), maxlen=0)


def set_leaf_grads(leaves: Iterable[Leaf], to: object) -> None:
    """Make the .grad of each Var that wants one this number, or its own of these numbers.

    ``to``: a number, or a C-contiguous buffer of as many float64. Raises TypeError for what is no Var, number or
    buffer, ValueError for a buffer of something else; then none has changed.
    """
    given = _vars(leaves)
    one = isinstance(to, (float, int))
    same = [errors.as_float(to, "to")] * len(given) if one else None
    numbers: Sequence[float] = _doubles(to, "to", len(given), False) if same is None else same
    wanted = [(v._grad_setter(), x) for v, x in zip(given, numbers, strict=True) if v._requires_grad]
    deque(starmap(call, wanted), maxlen=0)


def descend(leaves: Iterable[Leaf], lr: float) -> None:
    """Take lr times its .grad from the value of each leaf, and make its .grad 0: of all of them, or of none.

    A Var may be there more than once, and moves once. Raises TypeError for what is no Var or no number,
    AttributeError for a computed Var or one that wants no grad.
    """
    rate = errors.as_float(lr, "lr")
    given = tuple(dict.fromkeys(_vars(leaves)))
    for v in given:
        if v.prev_op is not None:
            raise errors.computed_value(v.prev_op)
        if not v._requires_grad:
            raise errors.no_grad_attribute(None)
        if thread.recorder is not None:
            thread.recorder.leave(v, ".value =")
    setters = [v._value_setter() for v in given] + [v._grad_setter() for v in given]
    numbers = [v._value - rate * v._grad for v in given] + [0.0] * len(given)
    deque(map(call, setters, numbers), maxlen=0)


def _vars(leaves: Iterable[Leaf]) -> tuple[Leaf, ...]:
    given = tuple(leaves)
    for i, v in enumerate(given):
        if not isinstance(v, Float):
            raise errors.no_var(i, v)
    return given


def _doubles(buffer: object, what: str, count: int, written: bool) -> memoryview[float]:
    """One float64 for each Var, in a buffer of any shape."""
    kind = "writable C-contiguous buffer of float64" if written else "C-contiguous buffer of float64"
    try:
        view = memoryview(buffer)  # type: ignore[arg-type]
    except (BufferError, TypeError, ValueError) as error:
        raise errors.no_buffer(what, buffer, kind, error) from None
    if not view.c_contiguous or (written and view.readonly):
        raise errors.no_buffer(what, buffer, kind, "it is read-only" if view.c_contiguous else "it has gaps")
    if view.format != "d" or view.nbytes != 8 * count:
        raise errors.wrong_buffer(what, count, view.nbytes // view.itemsize, view.format)
    return view.cast("B").cast("d")
