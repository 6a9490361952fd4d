"""Nodes in columns, and a table that finds them again. store.pyx has the same in C."""

from __future__ import annotations

PLACES = 256


class Store:
    """Columns ``op``, ``a``, ``b``, ``c`` and ``number``, and what has been kept under which operation."""

    __slots__ = ("_kept", "_numbers", "a", "b", "c", "number", "op", "place", "size")

    def __init__(self) -> None:
        self.op: list[int] = []
        self.a: list[int] = []
        self.b: list[int] = []
        self.c: list[int] = []
        self.number: list[float] = []  # of constants
        self.size = 0
        self.place = [0] * PLACES  # where templates are filled in, see walks.py; place 0 stays 0
        self._kept: dict[tuple[int, int, int, int], int] = {}
        self._numbers: dict[float | str, int] = {}

    def append(self, op: int, a: int, b: int, c: int, number: float) -> int:
        """A new node."""
        self.op.append(op)
        self.a.append(a)
        self.b.append(b)
        self.c.append(c)
        self.number.append(number)
        self.size += 1
        return self.size - 1

    def find(self, op: int, a: int, b: int, c: int) -> int:
        """The node kept under that operation, or 0."""
        return self._kept.get((op, a, b, c), 0)

    def keep(self, op: int, a: int, b: int, c: int, node: int) -> None:
        """Keep a node, once, to be found again."""
        self._kept[op, a, b, c] = node

    def find_number(self, x: float) -> int:
        """The node kept for a number, or 0; zeros of either sign are two, all nans are one."""
        return self._numbers.get(x if x and x == x else repr(abs(x) if x != x else x), 0)

    def keep_number(self, x: float, node: int) -> None:
        """Keep a number's node, once."""
        self._numbers[x if x and x == x else repr(abs(x) if x != x else x)] = node

    def columns(self) -> tuple[bytes, ...]:
        """All columns, as the machine has them in memory: int32 and float64."""
        from array import array

        return (
            *(array("i", x).tobytes() for x in (self.op, self.a, self.b, self.c)),
            array("d", self.number).tobytes(),
        )
