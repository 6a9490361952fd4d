"""Shares of rows: how many they are, and which, so that each class has its part."""

from __future__ import annotations

import math
from typing import Any


def count(share: float, rows: int) -> int:
    """``share`` of so many rows, rounded up; the share as it is written, so that 0.07 of 100 is 7.

    As a float 0.07 is a little more than that, and 100 times it a little more than 7.

    >>> count(0.07, 100), count(0.25, 10)
    (7, 3)
    """
    from fractions import Fraction

    return math.ceil(Fraction(repr(float(share))) * rows)


def stratified(classes: Any, taken: int, random: Any) -> Any:
    """Which rows to take, in random order: ``taken`` of them, of each class as near to its share as whole rows allow.

    ``classes``: an array with the class of each row, ints from 0; ``random``: a numpy.random.Generator. What is left
    over of the shares goes to the classes that lack most, but the last row of a class is taken only if there is no
    other.

    >>> import numpy
    >>> rows = stratified(numpy.array([0] * 6 + [1] * 3 + [2]), 3, numpy.random.default_rng(0))
    >>> sorted(numpy.array([0] * 6 + [1] * 3 + [2])[rows].tolist())
    [0, 0, 1]
    """
    import numpy

    sizes = numpy.bincount(classes)
    parts = sizes * taken // len(classes)
    lacking = sizes * taken % len(classes)
    while parts.sum() < taken:  # at most once for each class
        spare = sizes - parts
        k = int(numpy.lexsort((lacking, spare > 1, spare > 0))[-1])
        parts[k], lacking[k] = parts[k] + 1, -1
    chosen = [random.permutation(numpy.flatnonzero(classes == k))[:n] for k, n in enumerate(parts.tolist())]
    return random.permutation(numpy.concatenate(chosen))
