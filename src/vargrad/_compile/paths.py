"""Recorded paths of one function: a tree of them, the programs of each, and running a batch through the tree.

This is a tree of traces with side exits. A path is one recording, valid for the rows whose guards have the outcomes
recorded. A row that fails a guard leaves the path there: the guard's number and its value are the side exit, which
leads to the child path for such rows. That is recorded with the outcomes of all guards before forced, so that it fits
the row even where the machine's last bit differs from Python's.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from threading import RLock
from typing import Any, NamedTuple, TypeAlias

import numpy
import numpy.typing

from vargrad._compile.recorder import Recording
from vargrad._core.var import leaf_values
from vargrad._ir.expressions import Derivatives, ExpressionGraph, Tangents, pushed
from vargrad._ir.lower import lower
from vargrad._ir.nonzeros import Nonzeros, nonzeros
from vargrad._ops.codes import ADD, AND, EQ, LE, LT, MUL, NE, NOT, OR, ZERO
from vargrad._vm.machine import Machine, empty
from vargrad._vm.program import Program

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
Rows: TypeAlias = numpy.typing.NDArray[numpy.intp]
Tell: TypeAlias = Callable[[int], object]  # called with the number of rows done; below 0: of rows to be done again
SideExit: TypeAlias = tuple[int, float]  # the number of the guard that fails first, and its value instead
MANY_OUTPUTS = 64  # of one row, from which on it is worth while to gather its inputs
_CHUNK = 1 << 14  # rows whose guards are evaluated together
BOOLEAN = frozenset((LT, LE, EQ, NE, AND, OR, NOT))


class Output(NamedTuple):
    """The results of a program: value or derivative, by the method's name ``kind``, and the arguments it is by.

    ``sparse``: only those that are not 0 by their formula.
    """

    kind: str
    wrt: tuple[int, ...] = ()
    sparse: bool = False


WITH_VECTORS = ("hvp", "jvp")  # outputs with vectors among the inputs
GUARDS = Output("guards")  # the values of a recording's guards


class Path:
    """One recording: its expressions, guards and leaves, and the machines built of it so far."""

    __slots__ = (
        "_derivatives",
        "_lock",
        "_machines",
        "_nonzeros",
        "children",
        "native",
        "outcomes",
        "recording",
        "steps",
        "structure",
        "vectors",
        "zeros",
    )

    def __init__(
        self, recording: Recording, structure: Any, lock: RLock, zeros: str = "", native: str | None = None
    ) -> None:
        self.zeros = zeros  # why derivatives of a result are zero by definition: see _ops/zeros.py
        self.native = native  # when its programs become machine code, if not as VARGRAD_NATIVE says
        self.recording = recording
        self.structure = structure
        self.outcomes = [outcome for _, outcome in recording.guards]
        self.children: dict[SideExit, Path] = {}
        self.steps: dict[Output, int] = {}  # operations of the programs built so far
        self.vectors: dict[tuple[int, ...], list[int]] = {}
        self._lock: Any = lock
        self._machines: dict[Output, tuple[Machine, int]] = {}
        self._derivatives: dict[tuple[int, ...], Derivatives] = {}
        self._nonzeros: dict[Output, Nonzeros] = {}

    def machine(self, output: Output) -> tuple[Machine, int]:
        """The machine for an output, and how many numbers it gives; with guards the last says whether they all hold."""
        found = self._machines.get(output)
        if found is None:
            with self._lock, without_collector():
                program = self.program(output)
                self.steps[output] = len(program.code)
                found = self._machines[output] = Machine(program, native=self.native), len(program.outputs)
        return found

    def machines(self) -> dict[Output, Machine]:
        """The machines that there are, by what they compute."""
        return {output: machine for output, (machine, _) in self._machines.items()}

    def nonzeros(self, output: Output) -> Nonzeros:
        """The entries of a sparse Jacobian or Hessian, each an output of its program."""
        found = self._nonzeros.get(output)
        if found is None:
            recording = self.recording
            inputs = [x for i in output.wrt for x in recording.arguments[i]]
            with self._lock, without_collector():
                g, roots = recording.expressions, recording.results
                if output.kind == "hessian":
                    roots = Derivatives(g, inputs).of(roots[0])
                found = self._nonzeros[output] = nonzeros(g, inputs, roots, output.kind == "hessian")
        return found

    def program(self, output: Output) -> Program:
        """The program for an output. Its inputs: the arguments, the closed-over leaves, and for hvp the vectors."""
        try:
            outputs = self._outputs(output)
        except BaseException:  # Ctrl-C and MemoryError too: derivatives that are half done must not be used
            self._derivatives.clear()
            raise
        if self.outcomes and output is not GUARDS:
            outputs = [*outputs, self._stays()]
        inputs = [x for argument in self.recording.arguments for x in argument] + self.recording.leaf_inputs
        inputs += self.vectors.get(output.wrt, []) if output.kind in WITH_VECTORS else []
        return lower(self.recording.expressions, inputs, outputs)

    def shown(self, output: Output) -> Program:
        """The program for an output, to be read by people: no machine is built of it."""
        with self._lock, without_collector():
            return self.program(output)

    def _stays(self) -> int:
        g = self.recording.expressions
        result = g.constant(1.0)
        for node, outcome in self.recording.guards:
            result = g.make(AND, result, equal(g, node, outcome))
        return result

    def _outputs(self, output: Output) -> list[int]:
        kind, wrt, sparse = output
        if sparse:
            return self.nonzeros(output).nodes
        recording, g = self.recording, self.recording.expressions
        if kind == "value":
            return recording.results
        if kind == "guards":
            return [node for node, _ in recording.guards]
        if kind == "backward":
            (root,) = recording.results
            return [root, *self._by(recording.leaf_inputs).of(root)]
        inputs = [x for i in wrt for x in recording.arguments[i]]
        if kind in ("jacobian", "values_and_jacobian"):
            values = recording.results if kind == "values_and_jacobian" else []
            return [*values, *self._jacobian(inputs)]
        if kind == "jvp":
            vectors = self.vectors[wrt] = [g.input() for _ in inputs]
            return [*recording.results, *Tangents(g, inputs, recording.results).along(vectors)]
        by = self._by(inputs)
        (root,) = recording.results
        gradient = by.of(root)
        if kind == "grad":
            return gradient
        if kind == "value_and_grad":
            return [root, *gradient]
        if kind == "hessian":
            return [partial for row in gradient for partial in by.of(row, len(gradient) > 4)]
        vectors = self.vectors[wrt] = [g.input() for _ in inputs]
        total = ZERO
        for partial, vector in zip(gradient, vectors, strict=True):
            if partial != ZERO:
                total = g.make(ADD, total, g.make(MUL, partial, vector))
        return by.of(total)

    def _jacobian(self, inputs: list[int]) -> list[int]:
        """The Jacobian row by row; of its columns some are pushed forward, the others come from reverse sweeps."""
        g, results = self.recording.expressions, self.recording.results
        forward = pushed(g, inputs, results)
        tangents = Tangents(g, [inputs[i] for i in forward], results)
        one = g.constant(1.0)
        columns = {
            column: tangents.along([one if i == k else ZERO for i in range(len(forward))])
            for k, column in enumerate(forward)
        }
        others = [i for i in range(len(inputs)) if i not in columns]
        if others:
            by = self._by([inputs[i] for i in others])
            rows = [by.of(root, len(results) > 4) for root in results]
            columns |= {column: [row[k] for row in rows] for k, column in enumerate(others)}
        return [columns[i][k] for k in range(len(results)) for i in range(len(inputs))]

    def _by(self, inputs: Sequence[int]) -> Derivatives:
        key = tuple(inputs)
        if key not in self._derivatives:
            self._derivatives[key] = Derivatives(self.recording.expressions, key)
        return self._derivatives[key]

    def leaf_column(self) -> list[Array]:
        """The present values of the closed-over leaves, as one more block of inputs."""
        leaves = self.recording.leaves
        if not leaves:
            return []
        column = numpy.empty((len(leaves), 1))
        leaf_values(leaves, column)
        return [column]

    def side_exits(self, columns: Sequence[Array], rows: Rows) -> list[tuple[SideExit, Rows]]:
        """The side exits that these rows take, each with its rows."""
        (machine, _), leaves = self.machine(GUARDS), self.leaf_column()
        outcomes = numpy.array(self.outcomes)[:, None]
        groups: dict[SideExit, list[Rows]] = {}
        for start in range(0, len(rows), _CHUNK):
            part = rows[start : start + _CHUNK]
            found = numpy.empty((len(self.outcomes), len(part)))
            machine.run([*rows_of(columns, part), *leaves], [found])
            differs = found != outcomes
            left = differs.any(axis=0)
            part, found, guard = part[left], found[:, left], differs[:, left].argmax(axis=0)
            value = found[guard, numpy.arange(len(part))]
            for k in numpy.flatnonzero(numpy.bincount(guard)).tolist():
                at = guard == k
                mine, reached = part[at], value[at]
                for x in numpy.unique(reached).tolist():
                    groups.setdefault((k, x), []).append(mine[reached == x if x == x else reached != reached])
        return [(side_exit, numpy.concatenate(parts)) for side_exit, parts in groups.items()]


def equal(g: ExpressionGraph, guard: int, outcome: float) -> int:
    """The node that tells whether a guard has this outcome."""
    if g.node(guard)[0] in BOOLEAN:
        return guard if outcome else g.make(NOT, guard)
    return g.make(EQ, guard, g.constant(outcome))


class without_collector:
    """Switches cyclic garbage collection off inside: a large graph is many young objects, none of them garbage.

    It is switched on again once, whatever is raised, if only by ``__del__``.
    """

    _off = False

    def __enter__(self) -> None:
        self._off = gc.isenabled()
        gc.disable()

    def __exit__(self, *error: object) -> None:
        if self._off:
            gc.enable()
            self._off = False

    def __del__(self) -> None:
        if self._off:
            gc.enable()


def execute(machine: Machine, columns: Sequence[Array], out: Array, workers: int, tell: Tell | None) -> None:
    """All rows of the columns through a machine, into an array of shape (outputs, rows)."""
    outputs, rows = out.shape
    if rows == 1 and outputs > MANY_OUTPUTS:
        parts = [x.reshape(-1) for x in columns]
        machine.row(parts[0] if len(parts) == 1 else numpy.concatenate(parts), out.reshape(-1))
        if tell is not None:
            tell(1)
    else:
        machine.run(columns, [out], workers, tell=tell)


def rows_of(columns: Sequence[Array], rows: Any) -> list[Array]:
    """Some rows of the columns."""
    return [x if x.shape[-1] == 1 else numpy.ascontiguousarray(x[..., rows]) for x in columns]


def run(
    path: Path,
    tree: Path,
    output: Output,
    columns: Sequence[Array],
    vectors: Sequence[Array],
    rows: int,
    workers: int,
    child_for: Callable[[Path, SideExit, int], Path],
    tell: Tell | None = None,
    summed: bool = False,
) -> Iterator[tuple[Path, Rows | None, Array, list[Rows]]]:
    """The outputs of every row, path by path: (path, indices of the rows or None for all, outputs, rows that left it).

    ``summed``: instead of the outputs of the rows, their sums over those rows of the path that did not leave it.

    ``path``: the first path, or the union of all, whose rows that are on none of them begin at ``tree``, the first.
    A row that leaves a path is yielded again later, with a path of its own: its later result replaces the earlier one.
    ``child_for(path, side_exit, row)`` returns the path behind a side exit, recorded from that row if it is new.
    """
    first, first_is_union = path, path is not tree
    todo: list[tuple[Path, Rows | None]] = [(first, None)]
    while todo:
        path, index = todo.pop()
        machine, outputs = path.machine(output)
        some, more = (columns, vectors) if index is None else (rows_of(columns, index), rows_of(vectors, index))
        count = rows if index is None else len(index)
        gone: list[Rows] = []
        given = [*some, *path.leaf_column(), *more]
        if summed:
            stays = empty(count) if path.outcomes else None
            out = machine.add_up(given, count, stays, workers, tell)
        else:
            out = empty(outputs * count).reshape(outputs, count)
            execute(machine, given, out, workers, tell)
            stays, out = (out[-1], out[:-1]) if path.outcomes else (None, out)
        if stays is not None:
            left = numpy.flatnonzero(stays != 1.0)
            if tell is not None:
                tell(-len(left))
            if len(left) and first_is_union and path is first:
                gone = [left]
                todo.append((tree, left))
            elif len(left):
                for side_exit, group in path.side_exits(some, left):
                    original = group if index is None else index[group]
                    gone.append(group)
                    todo.append((child_for(path, side_exit, int(original[0])), original))
        yield path, index, out, gone
