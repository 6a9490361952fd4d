"""Which arguments to differentiate by: the argnums of the transforms and of compiled functions."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, TypeAlias

Argnums: TypeAlias = int | Sequence[int]


def check_argnums(where: str, argnums: Any) -> int | tuple[int, ...]:
    """argnums as an int or a tuple of ints. ``where`` begins the message of a TypeError or ValueError."""
    several = isinstance(argnums, (tuple, list))
    try:
        found = tuple(operator.index(i) for i in (argnums if several else [argnums]) if not isinstance(i, bool))
    except TypeError:
        found = ()
    if len(found) != (len(argnums) if several else 1):
        raise TypeError(f"{where}: argnums must be an int or a tuple of ints, not {argnums!r:.60}")
    if not found:
        raise ValueError(f"{where}: argnums is empty: name at least one argument")
    return found if several else found[0]


def positions(where: str, argnums: int | tuple[int, ...], count: int, arguments: str) -> tuple[int, ...]:
    """The positions that argnums name among ``count`` arguments; -1 is the last.

    ``arguments``: what these are, for the message of a ValueError.
    """
    given = (argnums,) if isinstance(argnums, int) else argnums
    for i in given:
        if not -count <= i < count:
            raise ValueError(f"{where}: argnums={argnums} names argument {i}, but the call has {count} {arguments}")
    found = tuple(i % count for i in given)
    if len(set(found)) != len(found):
        raise ValueError(f"{where}: argnums={argnums} names an argument twice")
    return found
