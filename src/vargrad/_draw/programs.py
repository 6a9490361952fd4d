"""A compiled function as a structure: the program of each recorded path."""

from __future__ import annotations

from typing import Any

from vargrad._compile.paths import Output
from vargrad._draw.structure import Edge, Node, Structure
from vargrad._ops.codes import ARITY, NAMES

LEGEND = [("leaf", "argument"), ("op", "operation")]
MOST = 400  # operations of all paths


def structure(f: Any) -> Structure:
    """The picture of what has been recorded; ValueError where nothing is yet, or too much for a picture."""
    compiled = getattr(f, "_compiled", f)  # of a method: the function that belongs to its object
    programs = [
        ([*ways.labels, *(f"leaf{k}" for k in range(len(path.recording.leaves)))], path)
        for ways in list(compiled._specializations.values())
        for path in list(ways.paths)
    ]
    if not programs:
        raise ValueError(f"{f.__name__} is not recorded yet: call it once, then draw it")
    made = [(names, path.program(Output("value")), bool(path.outcomes)) for names, path in programs]
    operations = sum(len(program.code) for _, program, _ in made)
    if operations > MOST:
        raise ValueError(
            f"{f.__name__} has {operations:,} recorded operations, more than the {MOST} of a legible picture: "
            "print(f) lists them; draw(f(x)) of Vars collapses what repeats itself"
        )
    several = f", {len(programs)} paths" if len(programs) > 1 else ""
    title = f"Compiled function {f.__name__}, {operations:,} operation{'s' * (operations != 1)}{several}"
    result = Structure("graph", title, legend=list(LEGEND))
    for number, (names, program, guarded) in enumerate(made):
        _add(result, program, names, f"path {number}: " if several else "", guarded)
    return result


def _add(result: Structure, program: Any, inputs: list[str], prefix: str, guarded: bool) -> None:
    """The nodes of one program. A register is used again: ``holds`` says which node it has now."""
    holds: dict[int, int] = {}
    numbers = {program.n_inputs + k: float(x) for k, x in enumerate(program.constants)}

    def node_in(register: int) -> int:
        if register in numbers and register not in holds:  # a constant: one for each use, as on the tape
            return _new(result, "constant", "", value=numbers[register])
        if register not in holds:
            holds[register] = _new(result, "input", inputs[register] if register < len(inputs) else f"x{register}")
        return holds[register]

    for op, out, *operands in program.code.tolist():
        sources = [node_in(register) for register in operands[: ARITY[op]]]
        i = _new(result, "op", "", NAMES[op])
        result.edges += [Edge(source, i, k) for k, source in enumerate(sources)]
        holds[out] = i
    outputs = program.outputs.tolist()
    for k, register in enumerate(outputs):
        last = guarded and k == len(outputs) - 1
        name = "is valid" if last else "value" if len(outputs) - guarded == 1 else f"value {k}"
        i = _new(result, "output", prefix + name)
        result.nodes[i].root = True
        result.edges.append(Edge(node_in(register), i, 0))


def _new(result: Structure, kind: str, name: str, op: str = "", value: float | None = None) -> int:
    i = len(result.nodes)
    result.nodes[i] = Node(i, kind, name, op, value)
    return i
