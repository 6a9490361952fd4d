"""Nodes in columns, and a table that finds them again. store.pyx has the same in C."""

from __future__ import annotations

from vargrad._ops.codes import CONSTANT

PLACES = 1024


class Store:
    """Columns ``op``, ``a``, ``b``, ``c`` and ``number``, and tables to find operations and numbers again."""

    __slots__ = ("_numbers", "_operations", "a", "b", "c", "number", "op", "place", "size")

    def __init__(self) -> None:
        self.op: list[int] = []
        self.a: list[int] = []
        self.b: list[int] = []
        self.c: list[int] = []
        self.number: list[float] = []  # of constants
        self.size = 0
        self.place = [0] * PLACES  # where templates are filled in, see templates.py; place 0 stays 0
        self._operations: dict[tuple[int, int, int, int], int] = {}
        self._numbers: dict[float | str, int] = {}

    def append(self, op: int, a: int, b: int, c: int, number: float) -> int:
        """A new node, to be found again if it is an operation or a number."""
        node = self.size
        if len(self.op) > node:  # an interrupt or refused memory came between two columns
            for column in (self.op, self.a, self.b, self.c, self.number):
                del column[node:]
        self.op.append(op)
        self.a.append(a)
        self.b.append(b)
        self.c.append(c)
        self.number.append(number)
        self.size += 1
        if op >= 0:
            self._operations[op, a, b, c] = node
        elif op == CONSTANT and node:
            self._numbers[_key(number)] = node
        return node

    def find(self, op: int, a: int, b: int, c: int) -> int:
        """The node of that operation, or 0."""
        return self._operations.get((op, a, b, c), 0)

    def find_number(self, x: float) -> int:
        """The node of a number, or 0; zeros of either sign are two, all nans are one."""
        return self._numbers.get(_key(x), 0)

    def columns(self) -> tuple[bytes, ...]:
        """All columns, as the machine has them in memory: int32 and float64."""
        from array import array

        return (
            *(array("i", x).tobytes() for x in (self.op, self.a, self.b, self.c)),
            array("d", self.number).tobytes(),
        )


def _key(x: float) -> float | str:
    return x if x and x == x else repr(abs(x) if x != x else x)
