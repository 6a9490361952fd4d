"""One call of a compiled function: runs its rows along their paths and puts the outputs together."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy
import numpy.typing

from vargrad._compile.labels import Labels
from vargrad._compile.paths import GUARDS, Output, Path, Rows, SideExit, Tell, execute, rows_of, run
from vargrad._compile.results import Structure, items, split
from vargrad._compile.signature import Batch, real
from vargrad._compile.specialization import Specialization
from vargrad._compile.union import Work
from vargrad._core.var import Var
from vargrad._util.argnums import Argnums, check_argnums, positions
from vargrad._vm.machine import empty

if TYPE_CHECKING:
    from vargrad._vm.fastcall_py import Shortcut

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
Computed: TypeAlias = Array | list[Array]  # (outputs, rows), or an array for each output
ROWS_AT_ONCE = 1 << 18  # of a function with branches
APART = 1 << 17  # rows from which on each result has memory of its own, so that none keeps another's alive


def chosen_arguments(name: str, argnums: Argnums | None, count: int) -> tuple[tuple[int, ...], bool]:
    """The positions of the arguments to differentiate by, all by default, and whether it is one by itself."""
    if argnums is None and count:
        return tuple(range(count)), count == 1
    which = check_argnums(f"{name}()", () if argnums is None else argnums)
    return positions(f"{name}()", which, count, "argument(s)"), isinstance(which, int)


def hold_vars(vectors: Sequence[Any]) -> bool:
    """Whether vectors, or the tuples of them, hold Vars: then results are part of the Vars' graph."""
    return any(isinstance(x, Var) or (isinstance(x, numpy.ndarray) and x.dtype == object) for x in items(list(vectors)))


class SideTraces:
    """Side exits of a path, for its shortcut: which path takes a row that fails a guard."""

    def __init__(self, path: Path, made: Callable[[Path], Any], batch: Callable[[], Any] | None = None) -> None:
        self._path = path
        self._made = made
        if batch is not None:
            self.batch = batch

    def guards(self) -> tuple[Any, list[float]]:
        """The machine of the guards, and the values they have on this path."""
        return self._path.machine(GUARDS)[0], self._path.outcomes

    def child(self, side_exit: SideExit) -> Any:
        """The shortcut of the path behind a side exit; None if it is not recorded yet."""
        path = self._path.children.get(side_exit)
        return None if path is None else self._made(path)


class Call:
    """One call: its specialization, its batch of rows, and the arguments to differentiate by."""

    def __init__(
        self, specialization: Specialization, path: Path, batch: Batch, workers: int, progress: bool = False
    ) -> None:
        self.specialization = specialization
        self.path = path  # the first one
        self.batch = batch
        self.wrt: tuple[int, ...] = ()
        self.zeros = "" if path.outcomes else path.zeros  # why derivatives of rows so far are zero by definition
        self.labels: Labels | None = None
        self.written = False  # whether the results are in the caller's arrays already
        self._workers = workers
        self._progress = progress
        self._tell: Tell | None = None  # progress callback, with the number of rows done
        self._one = False
        self._vectors: list[Array] = []

    @property
    def structure(self) -> Structure:
        found: Structure = self.path.structure
        return found

    def choose(self, argnums: Argnums | None) -> None:
        """Set the arguments to differentiate by."""
        self.wrt, self._one = chosen_arguments(
            self.specialization.owner.__name__, argnums, len(self.specialization.names)
        )

    def cores(self) -> list[tuple[int, ...]]:
        """Core shapes of the arguments to differentiate by."""
        return [self.specialization.cores[i] for i in self.wrt]

    def by_argument(self, parts: Sequence[Any]) -> Any:
        """The part itself if one argument was chosen, otherwise a tuple of all parts."""
        return parts[0] if self._one else tuple(parts)

    def twice(self, full: Computed) -> tuple[Any, Any]:
        """Two results like the function's, from one output after the other: its value and a tangent."""
        cores, fill = self.structure.cores, self.structure.fill
        parts = split(full, (*cores, *cores), self.batch.loop)
        return fill(parts[: len(cores)]), fill(parts[len(cores) :])

    def require_scalar(self, what: str) -> None:
        """ValueError if the function's result is not one number."""
        if self.structure.container is not None or self.structure.cores != ((),):
            name = self.specialization.owner.__name__
            raise ValueError(
                f"{name}.{what}() needs a function that returns one number; this one returns {self.structure}"
            )

    def shortcut(self, output: Output) -> Shortcut | None:
        """A shortcut for later calls like this one; None for results that it cannot put together."""
        kind = output.kind
        found = self._shapes(kind)
        if found is None:
            return None
        arguments, parts, alone, width = found

        def made(path: Path) -> Shortcut | None:
            if kind != "value" and path.zeros:  # each call tells
                return None
            if kind == "hvp" and path.recording.leaves:  # its program has the vector behind them
                return None
            machine, _ = path.machine(output)
            first = path is self.path
            batch = specialization.batch_machine(path, output) if first else None
            side_traces = SideTraces(path, made, batch) if path.outcomes else None
            leaves, pair = path.recording.leaves, kind == "value_and_grad"
            adds = kind == "backward"
            shortcut = machine.shortcut(machine, arguments, parts, pair, alone, leaves, side_traces, adds, width)
            shortcut.batches, shortcut.hvp = first and not adds, kind == "hvp"
            return shortcut

        specialization = self.specialization
        return made(self.path)

    def _shapes(self, kind: str) -> tuple[Sequence[Any], Sequence[Any], bool, int] | None:
        """Shapes of arguments and of results, whether it is one result, and how many are in each tuple of a matrix.

        None unless the outputs are the results in their order, and in tuples.
        """
        cores, by = self.specialization.cores, self.cores()
        container, results = self.structure.container, self.structure.cores
        if container not in (None, tuple) or (kind not in ("value", "backward") and not by):
            return None
        if kind in ("value", "backward"):
            return cores, results, container is None, 0
        if kind in ("grad", "value_and_grad"):
            return cores, [(), *by] if kind == "value_and_grad" else by, self._one, 0
        if kind == "hvp":
            return ((*cores, by[0]), by, True, 0) if self._one else None
        rows = by if kind == "hessian" else results
        alone = self._one if kind == "hessian" else container is None
        if self._one:
            return cores, [row + by[0] for row in rows], alone, 0
        if alone and not results[0]:
            return cores, by, False, 0
        if any(rows) or any(by) or (container is None and kind == "jacobian"):
            return None
        return cores, [()] * (len(rows) * len(by)), False, len(by)

    def take_vectors(self, what: str, vector: Any) -> None:
        """The vectors of the method ``what``, one for each argument to differentiate by."""
        name, batch = f"{self.specialization.owner.__name__}.{what}()", self.batch
        parts = (vector,) if self._one else tuple(vector) if isinstance(vector, (tuple, list)) else ()
        if len(parts) != len(self.wrt):
            raise TypeError(f"{name} needs a tuple of {len(self.wrt)} vectors, one for each argument")
        for i, (part, core) in enumerate(zip(parts, self.cores(), strict=True)):
            x = real(f"{name}: vector {i}", part)
            try:
                numpy.broadcast_to(x, batch.loop + core)
            except ValueError:
                raise ValueError(f"{name}: vector {i} has shape {x.shape}, not {batch.loop + core}") from None
            if x.ndim < len(core) or x.shape[x.ndim - len(core) :] != core:
                raise ValueError(f"{name}: vector {i} has shape {x.shape}, not {batch.loop + core}")
            self._vectors.append(batch.column(x, core))

    def compute(self, output: Output, out: Sequence[Any] = ()) -> Computed:
        """All outputs of all rows.

        ``out``: the caller's arrays; they are written directly if nothing can interrupt that.
        """
        if output.kind in ("grad", "value_and_grad", "hessian", "hvp"):
            self.require_scalar(output.kind)
        with self._shown():
            return self._all(output, out)

    @contextmanager
    def _shown(self) -> Iterator[None]:
        """Show a bar of rows done, if the caller asked for one."""
        if not self._progress or sys.stderr is None:  # there is none in a program without a console
            yield
            return
        from tqdm import tqdm

        name = self.specialization.owner.__name__
        with tqdm(total=self.batch.rows, unit="row", unit_scale=True, desc=name) as bar:
            self._tell = bar.update
            yield

    def _all(self, output: Output, out: Sequence[Any]) -> Computed:
        batch = self.batch
        if not self.path.outcomes:
            return self._straight(output, out)
        if batch.rows <= ROWS_AT_ONCE:
            return self._compute(output, batch.columns, self._vectors, batch.rows)
        full: Any = None  # rows that fail a guard are copied: in pieces, so that there are never many
        for start in range(0, batch.rows, ROWS_AT_ONCE):
            rows = slice(start, min(start + ROWS_AT_ONCE, batch.rows))
            columns, vectors = rows_of(batch.columns, rows), rows_of(self._vectors, rows)
            piece = self._compute(output, columns, vectors, rows.stop - start)
            if full is None:
                full = self._fresh(len(piece), batch.rows)
            for whole, part in zip(full, piece, strict=True):
                whole[rows] = part
        return full  # type: ignore[no-any-return]

    def _numbers(self) -> bool:
        """Whether each output of the machine is a result: nothing has a core."""
        return not any(self.structure.cores) and not any(self.cores())

    def _fresh(self, outputs: int, rows: int) -> Computed:
        if rows < APART or not self._numbers():
            return empty(outputs * rows).reshape(outputs, rows)
        return [empty(rows) for _ in range(outputs)]

    def _straight(self, output: Output, out: Sequence[Any]) -> Computed:
        """All rows of a function without branches."""
        batch, path = self.batch, self.path
        machine, outputs = path.machine(output)
        columns = [*batch.columns, *path.leaf_column(), *self._vectors]
        if len(out) == outputs and batch.loop and self._numbers() and machine.brief(batch.rows) and self._fits(out):
            targets = [x.reshape(-1) for x in out]
            machine.run(columns, targets, self._workers, whole=True)
            self.written = True
            if self._tell is not None:
                self._tell(batch.rows)
            return targets
        full = self._fresh(outputs, batch.rows)
        if isinstance(full, list):
            machine.run(columns, full, self._workers, tell=self._tell)
        else:
            execute(machine, columns, full, self._workers, self._tell)
        return full

    def _fits(self, out: Sequence[Any]) -> bool:
        """Whether the machine may write there: contiguous float64, apart from everything else."""
        others = [*self.batch.columns, *self._vectors]
        for i, x in enumerate(out):
            if type(x) is not numpy.ndarray or x.shape != self.batch.loop or x.dtype != numpy.float64:
                return False
            if not x.flags.carray or any(numpy.may_share_memory(x, other) for other in (*others, *out[:i])):
                return False
        return True

    def _compute(self, output: Output, columns: Sequence[Array], vectors: Sequence[Array], rows: int) -> Array:
        full: Any = None
        for _, index, out, _ in self._run(output, columns, vectors, rows):
            if index is None:
                full = out
            else:
                full[:, index] = out
        return full  # type: ignore[no-any-return]

    def _run(
        self, output: Output, columns: Sequence[Array], vectors: Sequence[Array], rows: int, summed: bool = False
    ) -> Any:
        def child(path: Path, side_exit: SideExit, row: int) -> Path:
            return self.specialization.child(columns, path, side_exit, row)

        specialization = self.specialization
        union, paths = specialization.union, specialization.paths
        numbers = sum(x.size // max(x.shape[-1], 1) for x in (*columns, *vectors))
        work = Work(rows, numbers + self.path.machine(output)[1])
        first = self.path if union.path is None or output.sparse else union.path
        for ran in run(first, self.path, output, columns, vectors, rows, self._workers, child, self._tell, summed):
            path, index, _, left = ran
            count = rows if index is None else len(index)
            if path is not union.path:
                work.add(path, output, count, index is None)
            if path.zeros and count > sum(map(len, left)):
                self.zeros = path.zeros
            yield ran
        if not output.sparse and union.is_worth_trying(paths, work):
            with specialization.owner.lock:
                union.build(paths, output, work)

    def by_path(self, output: Output) -> list[tuple[Path, Rows | None, Computed]]:
        """The outputs path by path: (path, indices of its rows or None for all, outputs); the last one of a row counts.

        Each path may have another number of outputs.
        """
        with self._shown():
            if not self.path.outcomes:
                return [(self.path, None, self._straight(output, ()))]
            columns, rows = self.batch.columns, self.batch.rows
            return [(path, index, out) for path, index, out, _ in self._run(output, columns, (), rows)]

    def write_row(self, output: Output, out: Array) -> bool:
        """Write the outputs of a single row of a function without branches straight to ``out``, if that fits."""
        columns = [*self.batch.columns, *self.path.leaf_column()]
        machine, outputs = self.path.machine(output)
        if self.batch.loop or out.shape != (outputs,) or out.dtype != numpy.float64 or not out.flags.carray:
            return False
        if any(numpy.may_share_memory(out, x) for x in columns):
            return False
        execute(machine, columns, out.reshape(-1, 1), self._workers, self._tell)
        return True

    def sums(self, output: Output) -> Iterator[tuple[Path, Array]]:
        """The sums of the outputs over the rows, path by path, each row once."""
        with self._shown():
            step = ROWS_AT_ONCE if self.path.outcomes else self.batch.rows or 1
            for start in range(0, self.batch.rows, step):
                stop = min(start + step, self.batch.rows)
                columns = self.batch.columns
                if stop - start < self.batch.rows:
                    columns = rows_of(columns, slice(start, stop))
                for path, _, out, _ in self._run(output, columns, (), stop - start, summed=True):
                    yield path, out
