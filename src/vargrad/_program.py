"""A program: straight-line code over numbered registers, what a machine runs for each row of a batch.

Registers stand in this order: inputs, constants, temporaries. A temporary is used again as soon as its last reader
has run, so a program's registers are as many as are alive at once, and an instruction may write over its own operand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vargrad._ops import ROWS

if TYPE_CHECKING:
    import numpy
    import numpy.typing

    from vargrad._expr import Expressions

# The rows, then what only a machine has; csrc/program.h counts the same.
MACHINE_ONLY = ("select", "lt", "le", "eq", "ne", "and", "or", "not")
NAMES: tuple[str, ...] = (*(row.name for row in ROWS), *MACHINE_ONLY)
OPCODES: dict[str, int] = {name: i for i, name in enumerate(NAMES)}
ARITY: tuple[int, ...] = (*(row.arity for row in ROWS), 3, 2, 2, 2, 2, 2, 2, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Instructions (op, out, a, b, c) and the registers to copy out in the end."""

    n_inputs: int
    n_registers: int
    constants: numpy.typing.NDArray[numpy.float64]
    code: numpy.typing.NDArray[numpy.int32]
    outputs: numpy.typing.NDArray[numpy.int32]

    def __str__(self) -> str:
        return "\n".join(listing(self))


def lower(graph: Expressions, inputs: Sequence[int], outputs: Sequence[int]) -> Program:
    """The program that computes the nodes ``outputs`` of a graph from its nodes ``inputs``."""
    import numpy

    outputs = [graph.value_of(node) for node in outputs]
    nodes, number = graph.resolved(), graph.number
    size = max(outputs, default=0) + 1
    live, last = bytearray(size), [0] * size  # last: the node that reads this one last; 0 for outputs
    for node in outputs:
        live[node] = 1
    work, constants = [], []
    for node in range(size - 1, 0, -1):
        if live[node]:
            op, a, b, c = nodes[node]
            if op >= 0:
                work.append(node)
                if not live[a]:
                    live[a], last[a] = 1, node
                if b and not live[b]:
                    live[b], last[b] = 1, node
                if c and not live[c]:
                    live[c], last[c] = 1, node
            elif node in number:
                constants.append(node)
    register = [0] * max(size, *(node + 1 for node in inputs), 1)
    for place, node in enumerate((*inputs, *constants)):
        register[node] = place
    count = first = len(inputs) + len(constants)
    free: list[int] = []
    code: list[int] = []
    for node in reversed(work):
        op, a, b, c = nodes[node]
        ra, rb, rc = register[a], register[b] if b else 0, register[c] if c else 0
        if last[a] == node and ra >= first:
            free.append(ra)
        if b and last[b] == node and rb >= first and b != a:
            free.append(rb)
        if c and last[c] == node and rc >= first and c != a and c != b:
            free.append(rc)
        if free:
            out = free.pop()
        else:
            out = count
            count += 1
        register[node] = out
        code += (op, out, ra, rb, rc)
    return Program(
        len(inputs),
        count,
        numpy.array([number[node] for node in constants], numpy.float64),
        numpy.array(code, numpy.int32).reshape(-1, 5),
        numpy.array([register[node] for node in outputs], numpy.int32),
    )


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


def listing(program: Program, inputs: Sequence[str] = (), outputs: Sequence[str] = (), limit: int = 1000) -> list[str]:
    """The program as lines to read; ``inputs`` and ``outputs`` are names for them, ``limit`` the most lines."""
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
        names[out] = f"r{out}"
        lines.append(f"{names[out]} = {call(*texts)}")
    returned: list[Any] = [names.get(register, f"r{register}") for register in program.outputs.tolist()]
    if outputs:
        lines += [f"{label} = {text}" for label, text in zip(outputs, returned, strict=False)]
    else:
        lines.append(f"return {', '.join(returned)}")
    return lines
