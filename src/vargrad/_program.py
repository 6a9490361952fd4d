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

    nodes: Any = graph.nodes
    outputs = [graph.value_of(node) for node in outputs]
    live = live_nodes(graph, outputs)
    if graph.parents:  # composites are their values here
        nodes = {node: (nodes[node][0], *map(graph.value_of, nodes[node][1:])) for node in live}
    number = graph.number
    register = {node: i for i, node in enumerate(inputs)}
    for node in live:
        if node in number:
            register[node] = len(register)
    constants = [number[node] for node in live if node in number]
    first = len(inputs) + len(constants)
    last = dict.fromkeys(outputs, len(graph.nodes))  # the node that reads this one last
    work = [node for node in live if node not in register]
    for node in reversed(work):
        for operand in nodes[node][1:]:
            if operand and operand not in last:
                last[operand] = node
    free: list[int] = []
    code: list[int] = []
    count = first
    for node in work:
        op, a, b, c = nodes[node]
        ra, rb, rc = register[a], register[b] if b else 0, register[c] if c else 0
        for operand, place in ((a, ra), (b, rb), (c, rc)):
            if place >= first and last.get(operand) == node:
                free.append(place)
                last[operand] = -1  # once, also where it is read twice
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
        numpy.array(constants, numpy.float64),
        numpy.array(code, numpy.int32).reshape(-1, 5),
        numpy.array([register[node] for node in outputs], numpy.int32),
    )


def live_nodes(graph: Expressions, outputs: Sequence[int]) -> list[int]:
    """Everything the outputs depend on, operands first; composites are their values."""
    nodes = graph.nodes
    seen = set(outputs)
    stack = list(seen)
    while stack:
        for operand in nodes[stack.pop()][1:]:
            if operand in graph.parents:
                operand = graph.value_of(operand)
            if operand and operand not in seen:
                seen.add(operand)
                stack.append(operand)
    return sorted(seen)


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
