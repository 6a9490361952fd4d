"""Operands by which no derivative is offered: the parameters of some functions of vargrad.special."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from vargrad._core.modes import thread
from vargrad._ops.row import Op


def check(row: Op, operands: Sequence[Any], kind: type, order: Callable[[Any], Iterable[Any]]) -> None:
    """TypeError if a derivative by a parameter of the row may be asked for: it would be lost.

    ``kind``: the class of Vars; ``order``: all Vars under one of them.
    """
    for i in row.parameters:
        v = operands[i]
        if not isinstance(v, kind) or thread.no_grad:
            continue
        if thread.recorder is not None:
            wanted = not thread.recorder.is_constant(v)
        else:
            wanted = any(u.requires_grad for u in order(v))
        if wanted:
            raise TypeError(
                f"{row.special or row.name}() has no derivative by its parameter {'ab'[i]}, which is a Var that wants "
                f"one: give a number, or {'ab'[i]}.detach() if it is a constant here; where that derivative is "
                "needed, vargrad.custom takes one of your own"
            )
