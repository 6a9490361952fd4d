"""Ways of calling a compiled function: how the arguments of a call are arranged for a shortcut.

A shortcut takes its arguments by position, in the order of the specialization's names. A call that gives some of them
by name, or that has ``argnums=`` or ``out=``, is a way of calling it. Which argument goes where depends on the names
alone, so it is found once for each tuple of names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

MOST_WAYS = 16  # of one method that are remembered
MOST_ARRANGEMENTS = 64  # of one method: tuples of names
MOST_ARGUMENTS = 16
_OPTIONS = {"value": {"out"}, "backward": set()}  # which names are the method's own, by its kind
_OWN = {"argnums", "out"}


class Arrangement(NamedTuple):
    """Where in a call's arguments, first those by position and then those by name, the shortcut's are."""

    places: tuple[int, ...]
    argnums: int  # where argnums= and out= are; -1: they are not given
    out: int


def arrangement(
    kind: str, wanted: Sequence[str], positional: int, count: int, names: tuple[str, ...]
) -> Arrangement | None:
    """How ``count`` arguments by position and others by these names fit a shortcut; None if they do not.

    ``kind``: the method's. ``wanted``, ``positional``: the names of the shortcut's arguments, and how many of them it
    has by position. The vector of hvp is the last argument by position.
    """
    vector = kind == "hvp"
    own = _OPTIONS.get(kind, _OWN) & set(names)
    if (
        count != positional + vector
        or {*names} - own != {*wanted[positional:]}
        or len(wanted) > MOST_ARGUMENTS - vector
    ):
        return None
    places = [*range(positional), *(count + names.index(name) for name in wanted[positional:])]
    if vector:
        places.append(count - 1)
    where = {name: count + names.index(name) for name in own}
    return Arrangement(tuple(places), where.get("argnums", -1), where.get("out", -1))


def is_plain(argnums: Any) -> bool:
    """Whether it is of a type that is compared without any code of others: None, an int, a tuple of ints."""
    return argnums is None or type(argnums) is int or (type(argnums) is tuple and all(type(i) is int for i in argnums))
