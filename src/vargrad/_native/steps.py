"""Steps of a plan or a row, as the machine gives them: what each reads and writes, and how a list of them is cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

MOST_STEPS = 400  # of a function: LLVM's time grows faster than their length
MOST_INSTRUCTIONS = 4000


class Step(NamedTuple):
    """An operation on slots, or two: ``second`` takes the result of ``first``, on its right where it is ``turned``."""

    out: int
    first: str
    operands: tuple[int, ...]
    second: str = ""
    other: tuple[int, ...] = ()  # the other operand of second, if it has two
    turned: bool = False

    @property
    def reads(self) -> tuple[int, ...]:
        return self.operands + self.other

    @property
    def writes(self) -> tuple[int, ...]:
        return (self.out,)


class Group(NamedTuple):
    """One operation on several slots at once: result i goes to slot out + i."""

    out: int
    first: str
    columns: tuple[tuple[int, ...], ...]  # an operand's slots
    second: str = ""

    @property
    def reads(self) -> tuple[int, ...]:
        return tuple(slot for column in self.columns for slot in column)

    @property
    def writes(self) -> tuple[int, ...]:
        return tuple(range(self.out, self.out + len(self.columns[0])))


class Interpreted(NamedTuple):
    """A step that the machine goes on interpreting."""

    reads: tuple[int, ...]
    writes: tuple[int, ...]


AnyStep = Step | Group | Interpreted


class Names(NamedTuple):
    """What the numbers of operations mean: the name of each one's first operation and of its second, and arities."""

    first: Sequence[str]
    second: Sequence[str]
    arity: dict[str, int]

    def step(self, op: int, out: int, a: int, b: int, c: int) -> Step:
        """The step of one instruction."""
        first, second = self.first[op], self.second[op]
        operands = (a, b, c)[: self.arity[first]]
        if not second:
            return Step(out, first, operands)
        turned = second not in self.arity  # an r stands before the name
        second = second[1:] if turned else second
        return Step(out, first, operands, second, (c,) if self.arity[second] == 2 else (), turned)


class Part(NamedTuple):
    """Steps that become one function, or one step that is interpreted."""

    first: int
    last: int
    kept: frozenset[int]  # slots that are written here and read behind it
    weight: int  # instructions, about


def uses(steps: Iterable[AnyStep]) -> Counter[str]:
    """How often each operation occurs."""
    found: Counter[str] = Counter()
    for step in steps:
        if not isinstance(step, Interpreted):
            found[step.first] += 1
            if step.second:
                found[step.second] += 1
    return found


def _weight(step: AnyStep, size: Counter[str]) -> int:
    return 0 if isinstance(step, Interpreted) else size[step.first] + size[step.second]


def cut(steps: Sequence[AnyStep], wanted: Iterable[int], size: Counter[str]) -> list[Part]:
    """All steps in parts. ``wanted``: slots that are read in the end. ``size``: instructions of each operation."""
    bounds, length, weight = [0], 0, 0
    for i, step in enumerate(steps):
        alone = isinstance(step, Interpreted)
        more = _weight(step, size)
        if length and (alone or length >= MOST_STEPS or weight + more > MOST_INSTRUCTIONS):
            bounds.append(i)
            length = weight = 0
        length, weight = length + 1, weight + more
        if alone:
            bounds.append(i + 1)
            length = weight = 0
    if bounds[-1] < len(steps):
        bounds.append(len(steps))
    parts: list[Part] = []
    live = set(wanted)
    for first, last in zip(reversed(bounds[:-1]), reversed(bounds[1:]), strict=True):
        written = {slot for step in steps[first:last] for slot in step.writes}
        parts.append(Part(first, last, frozenset(written & live), sum(_weight(x, size) for x in steps[first:last])))
        for step in reversed(steps[first:last]):
            live.difference_update(step.writes)
            live.update(step.reads)
    return parts[::-1]
