"""A recorded path as text: its operations, its results and their first derivatives, one a line. For print(f)."""

from __future__ import annotations

from collections.abc import Sequence

from vargrad._compile.paths import Output, Path
from vargrad._vm.program import disassembly

_MOST_OPERATIONS = 200  # of a path, and
_MOST_DERIVATIVES = 64  # of its results, for its derivatives to be shown: they are to be read


def as_machine_code(path: Path) -> str:
    """What of a path runs as machine code: "; machine code: grad of a row, value of batches", or nothing."""
    names = {"row": "of a row", "batch": "of batches"}
    found = {
        f"{output.kind} {names[name]}": None
        for output, machine in path.machines().items()
        for name, unit in machine.units()
        if unit.is_native
    }
    return f"; machine code: {', '.join(found)}" if found else ""


def listing(path: Path, labels: Sequence[str]) -> list[str]:
    """The lines; ``labels``: a name for each number that is an argument."""
    arguments, results = path.recording.arguments, path.recording.results
    inputs = [*labels, *(f"leaf{k}" for k in range(len(path.recording.leaves)))]
    values = ["value"] if len(results) == 1 else [f"value[{i}]" for i in range(len(results))]
    holds = ["holds if"] if path.outcomes else []
    program = path.shown(Output("value"))
    if not labels:
        return disassembly(program, inputs, [*values, *holds])
    if len(program.code) > _MOST_OPERATIONS or len(results) * len(labels) > _MOST_DERIVATIVES:
        return [*disassembly(program, inputs, [*values, *holds]), "too long to show derivatives here"]
    derivatives = [f"d {value} / d {label}" for value in values for label in labels]
    program = path.shown(Output("values_and_jacobian", tuple(range(len(arguments)))))
    return disassembly(program, inputs, [*values, *derivatives, *holds])
