"""Large graphs made small: the repetitions of a recorded loop become one node, and what else lies together too.

The nodes are on the tape in the order of their making, and an operand always lies before its result. So any stretch of
the tape may become one node: no circle can come of it. A stretch that repeats itself is found as in a text: where the
operations are the same as p places before, for p that the nodes themselves suggest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy

MOST = 40  # units of a picture
NEAR = 12  # of the newest operations that stay alone, those at the root
LEAVES = 12  # leaves that stay alone
_PERIODS, _DEPTH = 12, 6  # how many periods are tried, and how often in what is left


@dataclass
class Unit:
    """Nodes that are drawn as one: ``repeats`` times what ``counts`` has."""

    members: Sequence[int]
    counts: Counter[str]
    repeats: int = 1


def units_of(nodes: Sequence[tuple[str | None, Sequence[int]]]) -> list[Unit]:
    """The units of a graph: its nodes are (operation, places of the operands), leaves first, -1 for a number."""
    leaves = next((i for i, (op, _) in enumerate(nodes) if op is not None), len(nodes))
    kinds: dict[Any, int] = {}
    signs = numpy.array(
        [
            kinds.setdefault((op, len(operands), *[min(x, 0) if x < leaves else 1 for x in operands[:4]]), len(kinds))
            for op, operands in nodes[leaves:]
        ],
        dtype=numpy.int64,
    )
    stretches = _opened(_stretches(signs, 0, _DEPTH))
    units = [_unit(nodes, leaves + start, count, period) for start, count, period in _merged(stretches)]
    return _leaf_units(nodes, leaves, units) + units


def _unit(nodes: Sequence[tuple[str | None, Sequence[int]]], start: int, count: int, period: int) -> Unit:
    counts = Counter(nodes[i][0] or "leaf" for i in range(start, start + period))
    return Unit(range(start, start + count * period), counts, count)


def _stretches(signs: Any, offset: int, depth: int) -> list[tuple[int, int, int]]:
    """The whole as (start, repetitions, period), one after the other."""
    if len(signs) == 0:
        return []
    runs = _best(signs) if depth and len(signs) >= 4 else []
    if not runs:
        return [(offset, 1, len(signs))]
    result, done = [], 0
    for start, count, period in runs:
        result += _stretches(signs[done:start], offset + done, depth - 1)
        result.append((offset + start, count, period))
        done = start + count * period
    return result + _stretches(signs[done:], offset + done, depth - 1)


def _opened(stretches: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The newest operations each by itself: of a loop its last repetitions, as long as they are whole."""
    room, tail = NEAR, 0
    while stretches and room > 0:
        start, count, period = stretches.pop()
        taken = min(room, period) if count == 1 else min(count - 1, room // period) * period
        rest = count * period - taken
        if rest:
            stretches.append((start, 1, rest) if count == 1 else (start, rest // period, period))
        room -= taken
        tail += taken
        if rest:
            break
    end = stretches[-1][0] + stretches[-1][1] * stretches[-1][2] if stretches else 0
    return stretches + [(i, 1, 1) for i in range(end, end + tail)]


def _best(signs: Any) -> list[tuple[int, int, int]]:
    """The runs of the period that covers most; of two that cover as much, the shorter."""
    best: list[tuple[int, int, int]] = []
    most = 0
    for period in _periods(signs):
        same = numpy.concatenate(([0], signs[period:] == signs[:-period], [0])).astype(numpy.int8)
        edges = numpy.flatnonzero(numpy.diff(same))
        runs, end = [], 0
        for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            start = max(a, end)
            count = (b - start) // period + 1
            if count >= 3:
                runs.append((start, count, period))
                end = start + count * period
        covered = sum(count * p for _, count, p in runs)
        if covered > most:
            best, most = runs, covered
    return best if len(best) <= MOST else []


def _periods(signs: Any) -> list[int]:
    """Distances at which short pieces of the text come again, the most frequent ones, short before long."""
    width = min(6, len(signs) // 2)
    pieces = numpy.zeros(len(signs) - width, dtype=numpy.int64)
    for k in range(width):
        pieces = pieces * 1_000_003 + signs[k : k + len(pieces)]  # wraps, as a hash may
    order = numpy.argsort(pieces, kind="stable")
    again = numpy.diff(pieces[order]) == 0
    distances = numpy.diff(order)[again]
    if len(distances) == 0:
        return []
    found, counts = numpy.unique(distances, return_counts=True)
    best = numpy.argsort(-counts * found, kind="stable")[:_PERIODS]  # how much each of them may cover
    often = numpy.argsort(-counts, kind="stable")[:_PERIODS]
    return sorted({int(p) for p in (*found[best], *found[often])})


def _merged(stretches: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """No more stretches than a picture holds: neighbours become one, the newest ones stay."""
    if len(stretches) <= MOST:
        return stretches
    old, new = stretches[: -NEAR - 8], stretches[-NEAR - 8 :]
    size = -(-len(old) // (MOST - len(new)))
    parts = [old[i : i + size] for i in range(0, len(old), size)]
    return [p[0] if len(p) == 1 else (p[0][0], 1, sum(count * period for _, count, period in p)) for p in parts] + new


def _leaf_units(nodes: Sequence[tuple[str | None, Sequence[int]]], leaves: int, units: list[Unit]) -> list[Unit]:
    """Few leaves stay alone; of many, those become one that the same units use."""
    if leaves <= LEAVES:
        return [Unit([i], Counter(leaf=1)) for i in range(leaves)]
    users: list[list[int]] = [[] for _ in range(leaves)]
    for k, unit in enumerate(units):
        for i in unit.members:
            for x in nodes[i][1]:
                if 0 <= x < leaves and (not users[x] or users[x][-1] != k):
                    users[x].append(k)
    together: dict[tuple[int, ...], list[int]] = {}
    for i, used in enumerate(users):
        together.setdefault(tuple(used), []).append(i)
    if len(together) > LEAVES:
        together = {(): list(range(leaves))}
    return [Unit(members, Counter(leaf=len(members))) for members in together.values()]
