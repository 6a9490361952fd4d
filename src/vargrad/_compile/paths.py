"""Recorded paths of one function: a tree of them, the programs of each, and running a batch through the tree.

A path is what one recording stands for: the rows in which its guards come out as recorded. A row that leaves a path
does so at a first guard, with a value; (guard, value) names the child path that such rows go to. The child's recording
is forced through the guards before, so that it is the rows' own even where the machine's last bit differs from
Python's.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from threading import RLock
from typing import Any, TypeAlias

import numpy
import numpy.typing

from vargrad._compile.recorder import Graph
from vargrad._core.var import leaf_values
from vargrad._ir.expressions import Derivatives
from vargrad._ir.lower import lower
from vargrad._ops.codes import ADD, AND, EQ, LE, LT, MUL, NE, NOT, OR, ZERO
from vargrad._vm.machine import Machine, empty
from vargrad._vm.program import Program

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
Rows: TypeAlias = numpy.typing.NDArray[numpy.intp]
Tell: TypeAlias = Callable[[int], object]  # is told of rows done, or of so many that are to be done again
Key: TypeAlias = tuple[int, float]  # a guard's number, and how it came out
Goal: TypeAlias = tuple[str, tuple[int, ...]]  # what is computed, and the arguments it is by
GUARDS: Goal = ("guards", ())
_CHUNK = 1 << 14  # rows whose guards are looked at together
BOOLEAN = frozenset((LT, LE, EQ, NE, AND, OR, NOT))


class Path:
    """One recording: its expressions, guards and leaves, and the machines built of it so far."""

    __slots__ = ("_derivatives", "_lock", "_machines", "children", "expected", "graph", "structure", "vectors")

    def __init__(self, graph: Graph, structure: Any, lock: RLock) -> None:
        self.graph = graph
        self.structure = structure
        self.expected = [expected for _, expected in graph.guards]
        self.children: dict[Key, Path] = {}
        self.vectors: dict[tuple[int, ...], list[int]] = {}
        self._lock: Any = lock
        self._machines: dict[Goal, tuple[Machine, int]] = {}
        self._derivatives: dict[tuple[int, ...], Derivatives] = {}

    def machine(self, goal: Goal) -> tuple[Machine, int]:
        """The machine for a goal, and how many outputs it has; the last says whether a row stays on a guarded path."""
        found = self._machines.get(goal)
        if found is None:
            with self._lock, without_collector():
                program = self.program(goal)
                found = self._machines[goal] = Machine(program), len(program.outputs)
        return found

    def program(self, goal: Goal) -> Program:
        """The program for a goal. Its inputs: the arguments, the closed-over leaves, and for hvp the vectors."""
        try:
            outputs = self._outputs(goal)
        except BaseException:  # Ctrl-C and refused memory too: what is half differentiated is not gone on with
            self._derivatives.clear()
            raise
        if self.expected and goal is not GUARDS:
            outputs = [*outputs, self._stays()]
        inputs = [x for argument in self.graph.arguments for x in argument] + self.graph.leaf_inputs
        inputs += self.vectors.get(goal[1], []) if goal[0] == "hvp" else []
        return lower(self.graph.expressions, inputs, outputs)

    def _stays(self) -> int:
        g = self.graph.expressions
        result = g.constant(1.0)
        for node, expected in self.graph.guards:
            if g.node(node)[0] in BOOLEAN:
                right = node if expected else g.make(NOT, node)
            else:
                right = g.make(EQ, node, g.constant(expected))
            result = g.make(AND, result, right)
        return result

    def _outputs(self, goal: Goal) -> list[int]:
        what, wrt = goal
        graph, g = self.graph, self.graph.expressions
        if what == "value":
            return graph.results
        if what == "guards":
            return [node for node, _ in graph.guards]
        if what == "backward":
            (root,) = graph.results
            return [root, *self._by(graph.leaf_inputs).of(root)]
        inputs = [x for i in wrt for x in graph.arguments[i]]
        by = self._by(inputs)
        if what == "jacobian":
            return [partial for root in graph.results for partial in by.of(root, len(graph.results) > 4)]
        (root,) = graph.results
        gradient = by.of(root)
        if what == "grad":
            return gradient
        if what == "value_and_grad":
            return [root, *gradient]
        if what == "hessian":
            return [partial for row in gradient for partial in by.of(row, len(gradient) > 4)]
        vectors = self.vectors[wrt] = [g.input() for _ in inputs]
        total = ZERO
        for partial, vector in zip(gradient, vectors, strict=True):
            if partial != ZERO:
                total = g.make(ADD, total, g.make(MUL, partial, vector))
        return by.of(total)

    def _by(self, inputs: Sequence[int]) -> Derivatives:
        key = tuple(inputs)
        if key not in self._derivatives:
            self._derivatives[key] = Derivatives(self.graph.expressions, key)
        return self._derivatives[key]

    def leaf_column(self) -> list[Array]:
        """The closed-over leaves' values now, as one more block of inputs."""
        leaves = self.graph.leaves
        if not leaves:
            return []
        column = numpy.empty((len(leaves), 1))
        leaf_values(leaves, column)
        return [column]

    def departures(self, columns: Sequence[Array], rows: Rows) -> list[tuple[Key, Rows]]:
        """Which of the rows leave the path, and where."""
        (machine, _), leaves = self.machine(GUARDS), self.leaf_column()
        expected = numpy.array(self.expected)[:, None]
        groups: dict[Key, list[Rows]] = {}
        for start in range(0, len(rows), _CHUNK):
            part = rows[start : start + _CHUNK]
            found = numpy.empty((len(self.expected), len(part)))
            machine.run([*taken(columns, part), *leaves], [found])
            differs = found != expected
            left = differs.any(axis=0)
            part, found, guard = part[left], found[:, left], differs[:, left].argmax(axis=0)
            value = found[guard, numpy.arange(len(part))]
            for k in numpy.flatnonzero(numpy.bincount(guard)).tolist():
                at = guard == k
                mine, outcome = part[at], value[at]
                for x in numpy.unique(outcome).tolist():
                    groups.setdefault((k, x), []).append(mine[outcome == x if x == x else outcome != outcome])
        return [(key, numpy.concatenate(parts)) for key, parts in groups.items()]


class without_collector:
    """No cyclic garbage collection inside: a large graph is many young objects, none of them garbage.

    The collector is switched on again once, without memory and whatever comes, if only by ``__del__``.
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


def taken(columns: Sequence[Array], rows: Any) -> list[Array]:
    """Some rows of the columns."""
    return [x if x.shape[-1] == 1 else numpy.ascontiguousarray(x[..., rows]) for x in columns]


def run(
    path: Path,
    goal: Goal,
    columns: Sequence[Array],
    vectors: Sequence[Array],
    rows: int,
    workers: int,
    child_for: Callable[[Path, Key, int], Path],
    tell: Tell | None = None,
) -> Iterator[tuple[Path, Rows | None, Array, list[Rows]]]:
    """The outputs of every row, path by path: rows as indices, or None for all; and which of these left the path.

    A row that left comes again later with a path of its own: the last word on a row is right. ``child_for(path, key,
    row)`` is the path that a row goes to from there, recorded if it is new.
    """
    todo: list[tuple[Path, Rows | None]] = [(path, None)]
    while todo:
        path, index = todo.pop()
        machine, outputs = path.machine(goal)
        some, more = (columns, vectors) if index is None else (taken(columns, index), taken(vectors, index))
        count = rows if index is None else len(index)
        out = empty(outputs * count).reshape(outputs, count)
        machine.run([*some, *path.leaf_column(), *more], [out], workers, tell=tell)
        groups = []
        if path.expected:
            left = numpy.flatnonzero(out[-1] != 1.0)
            out = out[:-1]
            groups = path.departures(some, left) if len(left) else []
            if tell is not None:
                tell(-len(left))
            for key, group in groups:
                original = group if index is None else index[group]
                todo.append((child_for(path, key, int(original[0])), original))
        yield path, index, out, [group for _, group in groups]
