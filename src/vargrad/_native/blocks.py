"""Machine code for the steps of a plan: functions over blocks of rows."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from vargrad._native.kernels import DOUBLE, literal, vector
from vargrad._native.module import LANES, Module
from vargrad._native.steps import AnyStep, Interpreted, Part, Step

SHORT = 800  # instructions of a part whose loop is written twice: with two vectors in turn, a divider waits less
FEW = 8  # numbers, the same in all rows, that are read before the loop: more would not stay in registers


class Block(NamedTuple):
    """A plan: steps over slots, which are registers, then one for each input and output."""

    steps: Sequence[AnyStep]
    registers: int
    inputs: int
    outputs: int
    known: dict[int, float]  # registers that hold the same number in all rows and calls
    spread: dict[int, int]  # registers that hold the same number in all rows: where that is in the workspace


def bits(x: float) -> int:
    """The bits of a double."""
    (found,) = struct.unpack("<q", struct.pack("<d", x))
    return int(found) % 2**64


class _Writer:
    """One function: a loop over the rows, as many at a time as a vector has."""

    def __init__(self, module: Module, block: Block, part: Part, lanes: int) -> None:
        self.module, self.block, self.part, self.lanes = module, block, part, lanes
        self.kind = vector(DOUBLE, lanes)
        self.begin: list[str] = []  # before the loop
        self.body: list[str] = []
        self.values: dict[int, str] = {}  # of each slot
        self.pointers: set[int] = set()
        read = {slot for step in block.steps[part.first : part.last] for slot in step.reads}
        self.few = len(read & block.spread.keys()) <= FEW

    def pointer(self, slot: int) -> str:
        """Where the rows of a slot begin."""
        if slot not in self.pointers:
            self.pointers.add(slot)
            self.begin.append(f"  %q{slot} = getelementptr ptr, ptr %w, i64 {slot}\n")
            self.begin.append(f"  %p{slot} = load ptr, ptr %q{slot}, align 8\n")
        return f"%p{slot}"

    def place(self, slot: int, how: str) -> str:
        """The address of the rows of this turn."""
        name = f"%a{how}{slot}"
        self.body.append(f"  {name} = getelementptr double, ptr {self.pointer(slot)}, i64 %i\n")
        return name

    def value(self, slot: int) -> str:
        """The value of a slot."""
        if slot in self.values:
            return self.values[slot]
        if slot in self.block.known:
            found = literal(bits(self.block.known[slot]), DOUBLE, self.lanes)
        elif slot in self.block.spread:
            found, zeros = f"%s{slot}", f"<{self.lanes} x i32> zeroinitializer"
            (self.begin if self.few else self.body).extend(
                (
                    f"  %d{slot} = getelementptr double, ptr %w, i64 {self.block.spread[slot]}\n",
                    f"  %b{slot} = load double, ptr %d{slot}, align 8\n",
                    f"  %e{slot} = insertelement {self.kind} poison, double %b{slot}, i64 0\n",
                    f"  {found} = shufflevector {self.kind} %e{slot}, {self.kind} poison, {zeros}\n",
                )
            )
        else:
            found = f"%v{slot}"
            self.body.append(f"  {found} = load {self.kind}, ptr {self.place(slot, 'l')}, align 8\n")
        self.values[slot] = found
        return found

    def step(self, step: Step) -> None:
        """Compute a step."""
        lines, result = self.module.apply(step.first, [self.value(x) for x in step.operands], self.lanes)
        self.body.append(lines)
        if step.second:
            operands = [result, *(self.value(x) for x in step.other)]
            lines, result = self.module.apply(step.second, operands[::-1] if step.turned else operands, self.lanes)
            self.body.append(lines)
        self.values[step.out] = result
        if step.out >= self.block.registers:  # an output: written at once, and read again at times
            self.store(step.out)

    def store(self, slot: int) -> None:
        """Write a slot's value to its memory."""
        self.body.append(f"  store {self.kind} {self.values[slot]}, ptr {self.place(slot, 's')}, align 8\n")

    def text(self, name: str) -> str:
        """The function."""
        for step in self.block.steps[self.part.first : self.part.last]:
            assert isinstance(step, Step)
            self.step(step)
        for slot in sorted(self.part.kept):
            if slot < self.block.registers:
                self.store(slot)
        return (
            f"define internal void @{name}(ptr %w, i64 %from, i64 %to) #0 {{\nentry:\n{''.join(self.begin)}"
            f"  %any = icmp ult i64 %from, %to\n  br i1 %any, label %loop, label %done\n"
            f"loop:\n  %i = phi i64 [ %from, %entry ], [ %next, %loop ]\n{''.join(self.body)}"
            f"  %next = add i64 %i, {self.lanes}\n  %more = icmp ult i64 %next, %to\n"
            f"  br i1 %more, label %loop, label %done\ndone:\n  ret void\n}}\n"
        )


def write(module: Module, block: Block, parts: Sequence[Part], prefix: str) -> Iterator[str]:
    """Adds a function to the module for each part that is not interpreted; yields its name, or nothing in its place."""
    for i, part in enumerate(parts):
        if isinstance(block.steps[part.first], Interpreted):
            yield ""
            continue
        name = f"{prefix}{i}"
        module.functions.append(_Writer(module, block, part, LANES).text(f"{name}.rest"))
        wide = module.isa.vector == LANES and part.weight <= SHORT
        if wide:
            module.functions.append(_Writer(module, block, part, 2 * LANES).text(f"{name}.wide"))
        module.functions.append(
            f"define void @{name}(ptr %w, i64 %n) #0 {{\n  %whole = and i64 %n, {-2 * LANES if wide else 0}\n"
            + f"  call void @{name}.wide(ptr %w, i64 0, i64 %whole)\n" * wide
            + f"  call void @{name}.rest(ptr %w, i64 %whole, i64 %n)\n  ret void\n}}\n"
        )
        yield name
