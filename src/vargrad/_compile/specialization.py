"""Specializations: the recordings of a compiled function for one set of arguments and their shapes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from threading import RLock
from typing import Any, Protocol, TypeAlias

import numpy
import numpy.typing

from vargrad._arrays import dispatch
from vargrad._compile.paths import Output, Path, SideExit, without_collector
from vargrad._compile.recorder import Recorder, RecordingError, as_expressions
from vargrad._compile.results import flatten
from vargrad._compile.running import Running
from vargrad._compile.semantics.reductions import USE_A_SIGNATURE
from vargrad._compile.semantics.tries import Tries
from vargrad._compile.signature import Signature
from vargrad._compile.union import Union
from vargrad._compile.watch.reads import Read, Reads
from vargrad._core.modes import recording
from vargrad._core.var import Var
from vargrad._ops import zeros

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]


_VECTOR = re.compile(
    r"Var' (object is not (subscriptable|iterable)|has no len)|"
    r"Var' object has no attribute '(all|any|dot|flatten|max|mean|min|ndim|ravel|reshape|shape|size|sum|T)'"
)


class Owner(Protocol):
    """The part of a compiled function that its specializations use."""

    __name__: str
    __wrapped__: Callable[..., Any]
    signature: Signature | None
    max_paths: int
    native: str | None
    lock: Any

    def _forget_the_oldest(self, newest: Specialization) -> None: ...
    def _before_recording(self) -> list[Read]: ...
    def _after_recording(self, before: list[Read], running: Running) -> list[str]: ...


class Alone:
    """The owner of a single recording that no compiled function needs."""

    signature: Signature | None = None
    max_paths = 1
    native: str | None = None

    def __init__(self, function: Callable[..., Any]) -> None:
        self.__name__ = getattr(function, "__name__", type(function).__name__)
        self.__wrapped__ = function
        self.lock = RLock()

    def _forget_the_oldest(self, newest: Specialization) -> None:
        pass

    def _before_recording(self) -> list[Read]:
        return []

    def _after_recording(self, before: list[Read], running: Running) -> list[str]:
        return []


class Specialization:
    """Which arguments a call gives and the shape of each in one row, and the tree of paths recorded for such calls."""

    def __init__(
        self,
        owner: Owner,
        names: tuple[str, ...],
        positional: int,
        cores: tuple[Any, ...],
        reads: Reads | None = None,
    ) -> None:
        self.owner = owner
        self.reads = reads or Reads()  # what the recordings read besides their arguments
        self.names = names
        self.cores = cores
        self.positional = positional
        self.paths: list[Path] = []
        self.union = Union()
        self.layouts: dict[Any, Any] = {}  # of sparse derivatives: see sparse/calls.py
        self.labels = [
            name.lstrip("*") + (str(list(index)) if core else "")
            for name, core in zip(names, cores, strict=True)
            for index in numpy.ndindex(*core)
        ]

    def first_path(self, columns: Sequence[Array]) -> Path:
        """The first path, recorded from the first row if there is none yet."""
        if not self.paths:
            with self.owner.lock:
                if not self.paths:
                    new = self._record(columns, 0, ())
                    if not self.reads.are_same():  # another thread has changed something
                        return new
                    self.owner._forget_the_oldest(self)
                    self.paths.append(new)
        return self.paths[0]

    def batch_machine(self, first: Path, output: Output) -> Callable[[], tuple[Any, list[Var] | None]]:
        """Returns the machine that batches try first, of the union of all paths if there is one, and its leaves."""
        union = self.union
        known: tuple[Path, tuple[Any, list[Var] | None]] | None = None

        def now() -> tuple[Any, list[Var] | None]:
            nonlocal known
            path = union.path or first
            if known is None or known[0] is not path:  # each call of few rows asks
                stays = output.kind == "hvp" and path.recording.leaves  # see Call.shortcut: the first has none there
                its = first if stays else path
                known = path, (its.machine(output)[0], its.recording.leaves or None)
            return known[1]

        return now

    def child(self, columns: Sequence[Array], path: Path, side_exit: SideExit, row: int) -> Path:
        """The path for rows that leave ``path`` by this side exit, recorded from one of them if it is new."""
        found = path.children.get(side_exit)
        if found is not None:
            return found
        with self.owner.lock:
            if side_exit not in path.children:
                if len(self.paths) >= self.owner.max_paths:
                    raise RecordingError(
                        f"{self.owner.__name__}() has more than max_paths={self.owner.max_paths} paths through its "
                        "branches: write selections (vargrad.math.where, maximum, clamp) instead of branches, or give "
                        "compile() a larger max_paths, which costs time for each path"
                    )
                guard, value = side_exit
                forced = [*path.outcomes[:guard], value]
                new = self._record(columns, row, forced)
                if new.outcomes[: len(forced)] != forced:
                    raise RecordingError(
                        f"{self.owner.__name__}() took another path for the same arguments: its branches must depend "
                        "on its arguments alone"
                    )
                if new.structure != self.paths[0].structure:
                    raise RecordingError(
                        f"{self.owner.__name__}() returns {self.paths[0].structure} on one path and {new.structure} "
                        "on another"
                    )
                if not self.reads.are_same():
                    return new
                self.paths.append(new)
                try:
                    path.children[side_exit] = new
                except BaseException:  # Ctrl-C and refused memory too
                    self.paths.remove(new)
                    raise
            return path.children[side_exit]

    def _record(self, columns: Sequence[Array], row: int, forced: Sequence[float]) -> Path:
        """The path of a row; recorded twice where it may hold a number that cannot be watched."""
        path, doubtful = self._recorded(columns, row, forced)
        if doubtful:
            again, _ = self._recorded(columns, row, forced)
            if not path.recording.is_like(again.recording):
                raise RecordingError(
                    f"{self.owner.__name__}() computes something else when it runs again on the same arguments: "
                    f"{doubtful[0]}. A recording would keep the first number for all calls: make it an argument"
                )
        return path

    def _recorded(self, columns: Sequence[Array], row: int, forced: Sequence[float]) -> tuple[Path, list[str]]:
        """A path, and why it may hold numbers that cannot be watched."""
        tries = Tries(Running.call.__code__)
        while True:  # once more for each operation inside a try whose exception nobody catches
            try:
                return self._run(columns, row, Recorder(forced, tries, self.owner.signature is None))
            except (ArithmeticError, ValueError) as error:
                if not tries.is_uncaught(error):
                    raise

    def _run(self, columns: Sequence[Array], row: int, recorder: Recorder) -> tuple[Path, list[str]]:
        """One run of the function."""
        owner = self.owner
        arguments: list[Any] = []
        flat: list[list[Var]] = []
        for column, core in zip(columns, self.cores, strict=True):
            values = column if column.shape[-1] == 1 else column[..., row : row + 1]
            leaves = [Var(x) for x in values.reshape(-1).tolist()]
            flat.append(leaves)
            if core:
                vector = numpy.empty(len(leaves), object)
                vector[:] = leaves
                arguments.append(dispatch.wrapped(vector.reshape(core)))
            else:
                arguments += leaves
        sizes: dict[str, int] = {}
        if owner.signature is not None:
            for names, core in zip(owner.signature.inputs, self.cores, strict=True):
                sizes |= dict(zip(names, core, strict=True))
        k = self.positional
        named = dict(zip(self.names[k:], arguments[k:], strict=True))
        before = owner._before_recording()
        running = Running(owner.__wrapped__)
        with recording(recorder) as block, without_collector():  # a collection runs code of others, which reads too
            zeros.last.rounded, transforms = ("", None), zeros.last.transforms
            try:
                result = running.call(arguments[:k], named)
            except (TypeError, AttributeError) as error:
                if owner.signature is None and _VECTOR.search(str(error)):
                    error.args = (f"{error}. {USE_A_SIGNATURE}",)
                raise
            why = zeros.cause(result) or zeros.WITHOUT_VARS * (zeros.is_computed([result]) and bool(recorder.guards))
            structure, numbers = flatten(owner.__name__, result, owner.signature, sizes, recorder)
            block.done()
            finished = as_expressions(recorder, flat, numbers)
        empty = any(column.shape[0] == 0 for column, core in zip(columns, self.cores, strict=True) if core)
        if not recorder.guards and not empty and not any(isinstance(v, Var) for v in numbers):
            raise TypeError(
                f"compile(): {owner.__name__}() returned no Var: its result does not depend on its arguments. Were "
                "they turned into plain numbers on the way?"
            )
        why = why or next(filter(None, map(zeros.cause, numbers)), "")
        if transforms != zeros.last.transforms:  # what they return is made of derivatives
            why = ""
        return Path(finished, structure, owner.lock, why, owner.native), owner._after_recording(before, running)


def record(
    function: Callable[..., Any], at: Sequence[Sequence[float]], names: Sequence[str] = (), scalars: bool = True
) -> Path:
    """The path that ``function`` takes at a point: for each argument its numbers, a list of Vars unless ``scalars``."""
    cores: tuple[tuple[int, ...], ...] = tuple(() if scalars else (len(x),) for x in at)
    columns = [numpy.array(x, float).reshape((*core, 1)) for x, core in zip(at, cores, strict=True)]
    known = tuple(names) or tuple(f"x{i}" for i in range(len(at)))
    return Specialization(Alone(function), known, len(at), cores).first_path(columns)
