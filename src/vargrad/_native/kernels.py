"""The machine's operations as LLVM's instructions: read from kernels.txt, and written for any number of lanes.

csrc/vm/native/gen_kernels.py makes that file of the C that the machine's own kernels are compiled from.
"""

from __future__ import annotations

import functools
import importlib.resources
from dataclasses import dataclass

DOUBLES = {"fadd", "fsub", "fmul", "fdiv", "fneg"}
CALLS = {"fma": 3, "fabs": 1, "sqrt": 1, "copysign": 2, "floor": 1}
DOUBLE, BITS, TEST = "double", "i64", "i1"
SELECTS = {"select": DOUBLE, "select_bits": BITS, "select_test": TEST}


def vector(kind: str, lanes: int) -> str:
    """The name of a type of so many lanes."""
    return kind if lanes == 1 else f"<{lanes} x {kind}>"


def literal(bits: int, kind: str, lanes: int) -> str:
    """A number, the same in each lane."""
    text = f"0x{bits:016X}" if kind == DOUBLE else str(bits)
    return text if lanes == 1 else f"splat ({kind} {text})"


@dataclass(frozen=True)
class Kernel:
    """One operation: ``arity`` operands, and instructions (opcode, operands) numbered from ``first`` on."""

    name: str
    arity: int
    instructions: tuple[tuple[str, ...], ...]

    @property
    def first(self) -> int:
        return max(2, self.arity)

    @functools.cache  # noqa: B019  # a hundred kernels, for ever
    def template(self, lanes: int) -> tuple[str, str]:
        """Lines with "~" before each local name and "@0", "@1", "@2" for operands; and the result, written likewise."""
        kinds = [DOUBLE] * self.first
        names = [f"@{i}" for i in range(self.first)]
        lines = []
        for i, (opcode, *operands) in enumerate(self.instructions, self.first):
            kind, text = _instruction(opcode, operands, kinds, names, lanes)
            kinds.append(kind)
            if text is None:
                names.append(_operand(operands[0], DOUBLE, names, lanes))
            else:
                names.append(f"%~{i}")
                lines.append(f"  %~{i} = {text}\n")
        return "".join(lines), names[-1]


def _operand(text: str, kind: str, names: list[str], lanes: int) -> str:
    if text.startswith("#"):
        return literal(int(text[1:], 16), kind, lanes)
    if text in ("true", "false"):
        return text if lanes == 1 else f"splat (i1 {text})"
    return names[int(text)]


def _kind_of(operands: list[str], kinds: list[str]) -> str:
    """The type of integers or conditions."""
    for text in operands:
        if text in ("true", "false"):
            return TEST
        if not text.startswith("#"):
            return kinds[int(text)]
    raise ValueError("an instruction on constants alone")


def _instruction(
    opcode: str, operands: list[str], kinds: list[str], names: list[str], lanes: int
) -> tuple[str, str | None]:
    """The type of its result, and its text; None: it is its operand."""
    name, _, condition = opcode.partition(":")

    def texts(kind: str, some: list[str] = operands) -> str:
        return ", ".join(_operand(text, kind, names, lanes) for text in some)

    def typed(kind: str, some: list[str] = operands) -> str:
        return ", ".join(f"{vector(kind, lanes)} {_operand(text, kind, names, lanes)}" for text in some)

    suffix = "f64" if lanes == 1 else f"v{lanes}f64"
    if name == "is":
        return DOUBLE, None
    if name in CALLS:
        return DOUBLE, f"call {vector(DOUBLE, lanes)} @llvm.{name}.{suffix}({typed(DOUBLE)})"
    if name == "is.fpclass":
        what = f"{typed(DOUBLE, operands[:1])}, i32 {int(operands[1][1:], 16)}"
        return TEST, f"call {vector(TEST, lanes)} @llvm.is.fpclass.{suffix}({what})"
    if name == "bits":
        return BITS, f"bitcast {typed(DOUBLE)} to {vector(BITS, lanes)}"
    if name == "from":
        return DOUBLE, f"bitcast {typed(BITS)} to {vector(DOUBLE, lanes)}"
    if name.startswith("select"):
        kind = SELECTS[name]
        return kind, f"select {typed(TEST, operands[:1])}, {typed(kind, operands[1:])}"
    if name == "fcmp":
        return TEST, f"fcmp {condition} {vector(DOUBLE, lanes)} {texts(DOUBLE)}"
    if name == "icmp":
        return TEST, f"icmp {condition} {vector(BITS, lanes)} {texts(BITS)}"
    kind = DOUBLE if name in DOUBLES else _kind_of(operands, kinds)
    return kind, f"{name} {vector(kind, lanes)} {texts(kind)}"


def declarations(lanes: int) -> str:
    """What the instructions of so many lanes call."""
    suffix, kind = ("f64" if lanes == 1 else f"v{lanes}f64"), vector(DOUBLE, lanes)
    lines = [f"declare {kind} @llvm.{name}.{suffix}({', '.join([kind] * n)})" for name, n in CALLS.items()]
    lines.append(f"declare {vector(TEST, lanes)} @llvm.is.fpclass.{suffix}({kind}, i32)")
    return "\n".join(lines) + "\n"


@functools.cache
def table(fma: bool) -> dict[str, Kernel]:
    """The operations that can be inline, by name; ``fma``: as instruction sets that have it compute them."""
    found = {}
    for line in lines():
        name, arity, where, _, text = line.split(" ", 4)
        if where in ("both", "fma" if fma else "plain"):
            parts = (instruction.split() for instruction in text.split(";"))
            instructions = tuple(
                (":".join(part[:2]), *part[2:]) if part[0] in ("fcmp", "icmp") else tuple(part) for part in parts
            )
            found[name] = Kernel(name, int(arity), instructions)
    return found


def lines() -> list[str]:
    """The lines of kernels.txt, without the first."""
    text = (importlib.resources.files("vargrad._native") / "kernels.txt").read_text(encoding="utf-8")
    return text.splitlines()[1:]
