"""A program: straight-line code over numbered registers, which a machine runs for each row of a batch.

Registers are in this order: inputs, constants, temporaries. A temporary is used again as soon as its last reader
has run, so a program's registers are as many as are alive at once, and an instruction may write over its own operand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vargrad._ops.codes import ARITY, NAMES

if TYPE_CHECKING:
    import numpy
    import numpy.typing


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Instructions (op, out, a, b, c) and the registers to copy out in the end."""

    n_inputs: int
    n_registers: int
    constants: numpy.typing.NDArray[numpy.float64]
    code: numpy.typing.NDArray[numpy.int32]
    outputs: numpy.typing.NDArray[numpy.int32]

    def __str__(self) -> str:
        return "\n".join(disassembly(self))


_SYMBOLS = {
    "add": "{} + {}",
    "sub": "{} - {}",
    "mul": "{} * {}",
    "truediv": "{} / {}",
    "pow": "{} ** {}",
    "mod": "{} % {}",
    "floordiv": "{} // {}",
    "neg": "-{}",
    "select": "{0} if {2} else {1}",
    "lt": "{} < {}",
    "le": "{} <= {}",
    "eq": "{} == {}",
    "ne": "{} != {}",
    "and": "{} and {}",
    "or": "{} or {}",
    "not": "not {}",
}


def disassembly(
    program: Program, inputs: Sequence[str] = (), outputs: Sequence[str] = (), limit: int = 1000
) -> list[str]:
    """The program as lines to read; ``inputs`` and ``outputs`` are names for them, ``limit`` the most lines.

    Each result has a name of its own, though registers are used again.
    """
    names = {i: f"x{i}" for i in range(program.n_inputs)} | dict(enumerate(inputs))
    names |= {program.n_inputs + i: repr(float(x)) for i, x in enumerate(program.constants)}
    lines = []
    for step, (op, out, *operands) in enumerate(program.code.tolist()):
        if step == limit:
            lines.append(f"... {len(program.code) - limit} more")
            break
        name = NAMES[op]
        texts = [names[operand] for operand in operands[: ARITY[op]]]
        call: Callable[..., str] = _SYMBOLS.get(name, f"{name}({', '.join(['{}'] * ARITY[op])})").format
        names[out] = f"v{step + 1}"
        lines.append(f"{names[out]} = {call(*texts)}")
    returned: list[Any] = [names.get(register, "...") for register in program.outputs.tolist()]
    if outputs:
        lines += [f"{label} = {text}" for label, text in zip(outputs, returned, strict=False)]
    else:
        lines.append(f"return {', '.join(returned)}")
    return lines
