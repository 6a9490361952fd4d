"""A module of LLVM's text for one instruction set: operations inline, as functions, or as calls of the machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from vargrad._native.kernels import DOUBLE, Kernel, declarations, literal, table, vector

LANES = 8  # of the machine's kernels, which take a multiple of so many rows
INLINE = 130  # instructions of a kernel that may be inline
EXPANSION = 1000  # instructions that all uses of one kernel in a module may become; beyond, it is a function
SHORT = 8  # instructions of a kernel that is always inline
FAR = ("sin", "cos", "tan")  # for angles beyond HUGE_ANGLE of vmath_more.h the machine's kernel asks the C library
HUGE_ANGLE = 0x4140000000000000  # 2.0**21


class Isa(NamedTuple):
    """An instruction set of the machine, as LLVM names it."""

    name: str
    fma: bool
    vector: int  # doubles
    features: str  # of x86-64; others have none to choose from


ISAS = {
    "baseline": Isa("baseline", False, 2, ""),
    "avx2": Isa("avx2", True, 4, "+avx2,+fma"),
    "avx512": Isa("avx512", True, 8, "+avx2,+fma,+avx512f,+avx512dq,+avx512vl"),
}


class Module:
    """Text that grows: functions over workspaces, and the operations that they call.

    ``kernels``: addresses of the machine's kernels, by the name of the operation.
    """

    def __init__(self, isa: Isa, kernels: dict[str, int], uses: Counter[str]) -> None:
        self.isa = isa
        self.kernels = kernels
        self.table = table(isa.fma)
        self.uses = uses
        self.lanes: set[int] = set()
        self.functions: list[str] = []
        self.shared: dict[tuple[str, int], str] = {}
        self.count = 0
        width = f'"prefer-vector-width"="{64 * isa.vector}" "min-legal-vector-width"="{64 * isa.vector}"'
        self.attributes = f"attributes #0 = {{ nounwind {width} }}\n"

    def text(self) -> str:
        """The whole module."""
        return "".join([*self.functions, *map(declarations, sorted(self.lanes)), self.attributes])

    def apply(self, name: str, operands: Sequence[str], lanes: int) -> tuple[str, str]:
        """Lines that compute an operation of so many lanes, and the name of the result."""
        self.lanes.add(lanes)
        self.count += 1
        kernel = self.table.get(name)
        if kernel is not None and name not in FAR:
            size = len(kernel.instructions)
            if size <= SHORT or (size <= INLINE and self.uses[name] * size <= EXPANSION):
                return _inline(kernel, operands, lanes, f"k{self.count}.")
        function = self._function(name, kernel, lanes, len(operands))
        result, kind = f"%k{self.count}", vector(DOUBLE, lanes)
        return f"  {result} = call {kind} {function}({', '.join(f'{kind} {x}' for x in operands)})\n", result

    def _function(self, name: str, kernel: Kernel | None, lanes: int, arity: int) -> str:
        """The name of a function of the module that computes an operation."""
        known = self.shared.get((name, lanes))
        if known is not None:
            return known
        self.shared[name, lanes] = function = f"@{name}.{lanes}"
        kind, operands = vector(DOUBLE, lanes), [f"%x{i}" for i in range(arity)]
        head = f"define internal {kind} {function}({', '.join(f'{kind} {x}' for x in operands)}) noinline #0 {{\n"
        if kernel is None:
            body = self._call(name, operands, lanes)
        else:
            lines, result = _inline(kernel, operands, lanes, "k")
            body = f"{lines}  ret {kind} {result}\n"
            if name in FAR:
                body = f"{_far(lanes)}near:\n{body}far:\n{self._call(name, operands, lanes)}"
        self.functions.append(f"{head}{body}}}\n")
        return function

    def _call(self, name: str, operands: list[str], lanes: int) -> str:
        """Lines that return what the machine's own kernel gives; lanes that it has more are those before again."""
        kind, rows = vector(DOUBLE, lanes), max(LANES, lanes)
        lines = [f"  %out = alloca [{rows} x double], align 64\n"]
        for i, x in enumerate(operands):
            lines.append(f"  %in{i} = alloca [{rows} x double], align 64\n")
            for j in range(0, rows, lanes):
                lines.append(f"  %at{i}.{j} = getelementptr double, ptr %in{i}, i64 {j}\n")
                lines.append(f"  store {kind} {x}, ptr %at{i}.{j}, align 8\n")
        given = ", ".join(f"ptr %in{min(i, len(operands) - 1)}" for i in range(3))
        lines.append(f"  call void inttoptr (i64 {self.kernels[name]} to ptr)(ptr %out, {given}, i64 {rows})\n")
        lines.append(f"  %result = load {kind}, ptr %out, align 8\n  ret {kind} %result\n")
        return "".join(lines)


def _far(lanes: int) -> str:
    """Lines that branch to far where any angle is one that the kernel does not reduce, else to near."""
    kind = vector(DOUBLE, lanes)
    suffix = "f64" if lanes == 1 else f"v{lanes}f64"
    lines = f"  %size = call {kind} @llvm.fabs.{suffix}({kind} %x0)\n"
    lines += f"  %huge = fcmp ogt {kind} %size, {literal(HUGE_ANGLE, DOUBLE, lanes)}\n"
    if lanes == 1:
        return lines + "  br i1 %huge, label %far, label %near\n"
    lines += f"  %mask = bitcast <{lanes} x i1> %huge to i{lanes}\n  %any = icmp ne i{lanes} %mask, 0\n"
    return lines + "  br i1 %any, label %far, label %near\n"


def _inline(kernel: Kernel, operands: Sequence[str], lanes: int, prefix: str) -> tuple[str, str]:
    lines, result = kernel.template(lanes)
    lines, result = lines.replace("~", prefix), result.replace("~", prefix)
    for i, operand in enumerate(operands):
        lines, result = lines.replace(f"@{i}", operand), result.replace(f"@{i}", operand)
    return lines, result
