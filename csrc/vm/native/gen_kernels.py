"""Write src/vargrad/_native/kernels.txt: python csrc/vm/native/gen_kernels.py (needs `pip install ziglang`, for clang).

The functions of vmath.h, and the table's rows made of them, as LLVM's instructions on one row, which
``vargrad._native`` widens to as many rows as a vector has. clang compiles kernels_ir.h twice: with fma, for all
instruction sets that have it, and without. Branches become selections here, as in the kernels of lanes. What calls a
library, and what is long, is left out: there machine code calls the machine's own kernel.

A line of the file: name, arity, where ("fma", "plain" or "both"), a digest of the source, the instructions. An
instruction is an opcode and its operands, separated by spaces; instructions are separated by ";" and numbered from
the operands on: 0, 1 and, where there are three, 2. The last one is the result. (Operations of one operand ignore 1.)
"#" begins a number, in the hexadecimal digits of its bits. select is of doubles, select_bits of integers, select_test
of conditions; bits and from reinterpret a double and an integer.
"""

from __future__ import annotations

import hashlib
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TARGET = ROOT / "src/vargrad/_native/kernels.txt"
HEADERS = ("vm/vmath/vmath.h", "vm/vmath/vmath_more.h", "vm/vmath/fits.h", "vm/kernels_isa.h")
MOST = 300  # instructions; what is longer is called
CLANG = f"""
-target x86_64-linux-musl -O2 -g0 -fno-sanitize=all -ffp-contract=off -fno-math-errno -fno-trapping-math
-fno-vectorize -fno-slp-vectorize -mllvm -phi-node-folding-threshold=100000
-mllvm -two-entry-phi-node-folding-threshold=100000
-S -emit-llvm -x c -include {ROOT}/csrc/ieee.h -I{ROOT}/csrc {HERE}/kernels_ir.h
"""
KNOWN = {"fadd", "fsub", "fmul", "fdiv", "fneg", "fcmp", "icmp", "select", "select_bits", "select_test"}
KNOWN |= {"and", "or", "xor", "add", "sub", "shl", "lshr", "bits", "from"}
KNOWN |= {"fma", "fabs", "sqrt", "copysign", "floor", "is.fpclass"}
SELECT = {"double": "select", "i64": "select_bits", "i1": "select_test"}


class CannotBeInline(Exception):
    """Of a function that stays a call of the machine's kernel."""


# ---- what a line derives from


def rows() -> dict[str, str]:
    """Of each operation, the C text of its value."""
    text = (ROOT / "csrc/ops/ops.def").read_text(encoding="utf-8")
    found = {}
    for name, arity, rest in re.findall(r"^ROW\((\w+), (\d), (.*)\)$", text, re.MULTILINE):
        found[name] = f"{arity} {', '.join(_parts(rest)[1:3])}"
    header = (ROOT / "csrc/vm/kernels.h").read_text(encoding="utf-8")
    for name, arity, value in re.findall(r"^ +M\((\w+), (\d), (.*)\) *\\?$", header, re.MULTILINE):
        found[name] = f"{arity} {value}"
    return found | {"erf_given": "2 erf_given(a, b)"}


def _parts(text: str) -> list[str]:
    """Split at the commas outside parentheses."""
    parts, depth = [""], 0
    for c in text:
        depth += (c == "(") - (c == ")")
        if c == "," and not depth:
            parts.append("")
        else:
            parts[-1] += c
    return [part.strip() for part in parts]


def digests() -> dict[str, str]:
    """Of each operation, a digest of all that its kernel is made of."""
    shared = b"".join((ROOT / "csrc" / name).read_bytes() for name in HEADERS)
    return {name: hashlib.sha256(shared + text.encode()).hexdigest()[:16] for name, text in rows().items()}


# ---- from clang's text to instructions


def compiled(fma: bool) -> str:
    """What clang makes of kernels_ir.h."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "kernels.ll")
        command = [sys.executable, "-m", "ziglang", "cc", *CLANG.split(), f"-DVMATH_FMA={int(fma)}", "-o", str(out)]
        subprocess.run(command, check=True)
        return out.read_text(encoding="utf-8")


class Function:
    """The instructions of one function, numbered behind its operands."""

    def __init__(self, arity: int, names: list[str], body: list[str]) -> None:
        self.instructions: list[str] = []
        self.first, self.arity = len(names), arity
        self.known: dict[str, str] = {}
        self.place = {name: str(i) for i, name in enumerate(names)}  # of each of LLVM's names
        self.edges: dict[tuple[str, str], str | None] = {}  # from block to block: under which condition; None: always
        self.block = str(len(names))
        self.condition: str | None = None
        for line in body:
            self._line(line)
        read = {part for text in self.instructions for part in text.split()[1:]}
        if read & {str(i) for i in range(arity, len(names))}:
            raise SystemExit(f"an operation of {arity} operands reads another one")

    def emit(self, text: str) -> str:
        """The number of an instruction; equal ones are one."""
        if text not in self.known:
            self.known[text] = str(self.first + len(self.instructions))
            self.instructions.append(text)
        return self.known[text]

    def operand(self, text: str) -> str:
        if text in self.place:
            return self.place[text]
        if text in ("true", "false"):
            return text
        if text.startswith("0x"):
            return f"#{int(text, 16):016x}"
        if re.fullmatch(r"-?\d+", text):
            return f"#{int(text) % 2**64:016x}"
        if re.fullmatch(r"-?\d\.\d+e[+-]\d+", text):
            return f"#{struct.pack('>d', float(text)).hex()}"
        raise CannotBeInline(f"operand {text}")

    def _line(self, line: str) -> None:
        line = line.split(", !")[0].split(";")[0].strip()
        if not line:
            return
        if label := re.fullmatch(r"(\w+):.*", line):
            self._enter(label[1])
        elif branch := re.fullmatch(r"br label %(\w+)", line):
            self.edges[self.block, branch[1]] = self.condition
        elif branch := re.fullmatch(r"br i1 (\S+), label %(\w+), label %(\w+)", line):
            test = self.operand(branch[1])
            self.edges[self.block, branch[2]] = self._both(test)
            self.edges[self.block, branch[3]] = self._both(self.emit(f"xor {test} true"))
        elif result := re.fullmatch(r"ret double (\S+)", line):
            self.result = self.operand(result[1])
        elif assignment := re.fullmatch(r"(%\w+) = (.*)", line):
            self.place[assignment[1]] = self._value(assignment[2])
        else:
            raise CannotBeInline(line)

    def _both(self, test: str) -> str:
        return test if self.condition is None else self.emit(f"and {self.condition} {test}")

    def _enter(self, block: str) -> None:
        """A block runs where it is entered from any side."""
        self.block, found = block, [test for (_, to), test in self.edges.items() if to == block]
        self.condition = None
        if found and None not in found:
            self.condition = found[0]
            for test in found[1:]:
                self.condition = self.emit(f"or {self.condition} {test}")

    def _value(self, text: str) -> str:
        if phi := re.fullmatch(r"phi (double|i64|i1) (.*)", text):
            sides = re.findall(r"\[ (\S+), %(\w+) \]", phi[2])
            value = self.operand(sides[-1][0])
            for side, block in reversed(sides[:-1]):
                test = self.edges[block, self.block]
                other, value = value, self.operand(side)
                if test is not None:
                    value = self.emit(f"{SELECT[phi[1]]} {test} {value} {other}")
            return value
        pattern = r"(?:tail )?call (?:noundef )?(?:double|i1) @(?:llvm\.)?([\w.]+?)(?:\.f64)?\((.*)\).*"
        if call := re.fullmatch(pattern, text):
            names = [part.split()[-1] for part in call[2].split(",")]
            opcode = call[1]
        elif cast := re.fullmatch(r"bitcast (double|i64) (\S+) to (double|i64)", text):
            opcode, names = ("bits" if cast[1] == "double" else "from"), [cast[2]]
        else:
            words = re.sub(r"\b(nuw|nsw|exact|disjoint|samesign|double|i64|i1)\b", "", text).replace(",", "").split()
            opcode, names = words[0], words[1:]
            if opcode == "select":
                opcode = SELECT[text.split()[3]]
            elif opcode in ("fcmp", "icmp"):
                opcode, names = " ".join(words[:2]), words[2:]
        if opcode.split()[0] not in KNOWN:
            raise CannotBeInline(text)
        return self.emit(" ".join([opcode, *map(self.operand, names)]))

    def text(self) -> str:
        """All in one line; only what the result is made of."""
        if self.result != str(self.first + len(self.instructions) - 1):
            self.instructions.append(f"is {self.result}")
        wanted, last = set(), self.first + len(self.instructions) - 1
        ahead = [last]
        while ahead:
            number = ahead.pop()
            if number >= self.first and number not in wanted:
                wanted.add(number)
                ahead += [int(x) for x in self.instructions[number - self.first].split() if x.isdigit()]
        names = {str(i): str(i) for i in range(self.first)}
        lines = []
        for number in sorted(wanted):
            parts = self.instructions[number - self.first].split()
            lines.append(" ".join([parts[0], *[names.get(part, part) for part in parts[1:]]]))
            names[str(number)] = str(max(2, self.arity) + len(lines) - 1)
        if len(lines) > MOST:
            raise CannotBeInline(f"{len(lines)} instructions")
        return ";".join(lines)


def functions(fma: bool) -> dict[str, str]:
    """Of each operation that can be inline, its instructions."""
    found = {}
    sources = rows()
    pattern = r"^define .*? @op_(\w+)\((.*?)\).*?\{\n(.*?)^\}"
    for name, parameters, body in re.findall(pattern, compiled(fma), re.MULTILINE | re.DOTALL):
        names = [f"%{i}" for i in range(len(parameters.split(",")))]
        try:
            found[name] = Function(int(sources[name][0]), names, body.splitlines()).text()
        except CannotBeInline as reason:
            print(f"{name}: a call ({reason})")
    return found


def main() -> None:
    """Write the file."""
    fma, plain, digest, source = functions(True), functions(False), digests(), rows()
    lines = ["# Written by csrc/vm/native/gen_kernels.py, which says what a line is; do not edit."]
    for name in fma.keys() | plain.keys():
        for where, text in ("fma", fma.get(name)), ("plain", plain.get(name)):
            if text is not None and (where == "fma" or text != fma.get(name)):
                both = fma.get(name) == plain.get(name)
                lines.append(f"{name} {source[name][0]} {'both' if both else where} {digest[name]} {text}")
    TARGET.write_text("\n".join([lines[0], *sorted(lines[1:])]) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
