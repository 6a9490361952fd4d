"""Machine code for one row: functions over a workspace that has a place for each number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from vargrad._native.blocks import bits
from vargrad._native.kernels import DOUBLE, literal, vector
from vargrad._native.module import Module
from vargrad._native.steps import AnyStep, Group, Interpreted, Part


class Row(NamedTuple):
    """Steps over places."""

    steps: Sequence[AnyStep]
    known: dict[int, float]  # places that hold the same number in all calls
    wanted: Sequence[int]  # places that are read in the end


class _Writer:
    """One function."""

    def __init__(self, module: Module, row: Row, part: Part) -> None:
        self.module, self.row, self.part = module, row, part
        self.body: list[str] = []
        self.values: dict[int, str] = {}  # of each place
        self.count = 0

    def name(self) -> str:
        self.count += 1
        return f"%t{self.count}"

    def address(self, place: int) -> str:
        name = self.name()
        self.body.append(f"  {name} = getelementptr double, ptr %w, i64 {place}\n")
        return name

    def value(self, place: int) -> str:
        """The number at a place."""
        if place not in self.values:
            if place in self.row.known:
                self.values[place] = literal(bits(self.row.known[place]), DOUBLE, 1)
            else:
                address, name = self.address(place), self.name()
                self.body.append(f"  {name} = load double, ptr {address}, align 8\n")
                self.values[place] = name
        return self.values[place]

    def apply(self, name: str, operands: Sequence[str], lanes: int) -> str:
        lines, result = self.module.apply(name, operands, lanes)
        self.body.append(lines)
        return result

    def group(self, step: Group) -> None:
        """One operation, its operands gathered into a vector."""
        count = len(step.columns[0])
        lanes = 2 if count <= 2 else 4 if count <= 4 else 8
        kind, operands = vector(DOUBLE, lanes), []
        for column in step.columns:
            found = "poison"
            for i in range(lanes):
                number, name = self.value(column[i if i < count else 0]), self.name()
                self.body.append(f"  {name} = insertelement {kind} {found}, double {number}, i64 {i}\n")
                found = name
            operands.append(found)
        result = self.apply(step.first, operands, lanes)
        if step.second:
            result = self.apply(step.second, [result], lanes)
        for i in range(count):
            name = self.name()
            self.body.append(f"  {name} = extractelement {kind} {result}, i64 {i}\n")
            self.values[step.out + i] = name

    def text(self, name: str) -> str:
        """The function."""
        for step in self.row.steps[self.part.first : self.part.last]:
            if isinstance(step, Group):
                self.group(step)
                continue
            assert not isinstance(step, Interpreted)
            result = self.apply(step.first, [self.value(x) for x in step.operands], 1)
            if step.second:
                operands = [result, *(self.value(x) for x in step.other)]
                result = self.apply(step.second, operands[::-1] if step.turned else operands, 1)
            self.values[step.out] = result
        for place in sorted(self.part.kept):
            address = self.address(place)
            self.body.append(f"  store double {self.values[place]}, ptr {address}, align 8\n")
        return f"define void @{name}(ptr %w, i64 %n) #0 {{\n{''.join(self.body)}  ret void\n}}\n"


def write(module: Module, row: Row, parts: Sequence[Part], prefix: str) -> Iterator[str]:
    """Adds a function to the module for each part; yields its name."""
    for i, part in enumerate(parts):
        module.functions.append(_Writer(module, row, part).text(f"{prefix}{i}"))
        yield f"{prefix}{i}"
