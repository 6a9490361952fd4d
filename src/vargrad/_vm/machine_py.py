"""The machine in NumPy: it runs a program over a batch, ufunc by ufunc. Fallback and oracle of the compiled one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

import numpy
import numpy.typing

from vargrad._native.settings import checked
from vargrad._ops import formula
from vargrad._ops.branchless import Formulas
from vargrad._ops.codes import ARITY, NAMES
from vargrad._ops.fold import fold
from vargrad._vm.fastcall_py import HasShortcuts as HasShortcuts
from vargrad._vm.fastcall_py import Shortcut
from vargrad._vm.fastcall_py import fast_calls as fast_calls
from vargrad._vm.fastcall_py import fast_method as fast_method
from vargrad._vm.program import Program
from vargrad._vm.watch_py import Calls as Calls
from vargrad._vm.watch_py import Watch as Watch

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
IMPLEMENTATION = "python"
CHUNK = 8192  # rows at a time: temporaries of that length stay in cache
SEGMENT = 1024  # rows whose sums are added by pairs: see csrc/vm/sums.h
_NUMPY = {
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "true_divide",
    "pow": "power",
    "floordiv": "floor_divide",
    "neg": "negative",
    "identity": "positive",
}
_BY_PYTHON = {"erf": 1, "erfc": 1, "remainder": 2}  # NumPy's remainder is another one, and it has no erf
_BY_FORMULA = {"fmax", "fmin"}  # of 0.0 and -0.0 NumPy's give now one, now the other


def _comparison(name: str) -> Callable[..., Any]:
    test = getattr(numpy, {"lt": "less", "le": "less_equal", "eq": "equal", "ne": "not_equal"}[name])
    return lambda a, b: test(a, b).astype(float)


def _function(name: str) -> Callable[..., Any]:
    if name in _MACHINE:
        return _MACHINE[name]
    if name in _BY_PYTHON:
        function = numpy.frompyfunc(formula.IEEE.names[name], _BY_PYTHON[name], 1)
        return lambda *operands: numpy.asarray(function(*operands), float)  # also of constants alone
    ufunc = getattr(numpy, _NUMPY.get(name, name), None)
    if isinstance(ufunc, numpy.ufunc) and name not in _BY_FORMULA:
        return ufunc
    formulas = Formulas(lambda part, *operands: FUNCTIONS[part](*operands), float)
    return lambda *operands: formulas.row(name, *operands)


_MACHINE: dict[str, Callable[..., Any]] = {
    "select": lambda a, b, c: numpy.where(c, a, b),
    **{name: _comparison(name) for name in ("lt", "le", "eq", "ne")},
    "and": lambda a, b: numpy.logical_and(a, b).astype(float),
    "or": lambda a, b: numpy.logical_or(a, b).astype(float),
    "not": lambda a: numpy.logical_not(a).astype(float),
}
FUNCTIONS: dict[str, Callable[..., Any]] = {name: _function(name) for name in NAMES}


def empty(count: int) -> Array:
    """An array of so many float64, of any value."""
    return numpy.empty(count)


def transposed(x: Array) -> Array:
    """A new array of the transposed matrix."""
    return numpy.array(x.T, order="C")


class Updater:
    """Steps by an update rule in one call, see updates.pxi: this machine leaves them to the caller."""

    def leaves(self, owner: dict[str, Any], leaves: tuple[Any, ...], rows: Array | None, after: Any) -> bool:
        """Whether Vars anywhere in memory could be stepped."""
        return False

    def arrays(self, owner: dict[str, Any], values: Array, grads: Array, rows: Array | None, after: Any) -> bool:
        """Whether values in an array could be stepped."""
        return False


class Machine:
    """Runs one program. ``run`` and ``point`` may be called from several threads at once."""

    shortcut = Shortcut

    def __init__(self, program: Program, *, native: str | None = None) -> None:
        checked(native)  # there is no machine code of it
        self.program = program
        self._code = [
            (FUNCTIONS[NAMES[op]], out, operands[: ARITY[op]]) for op, out, *operands in program.code.tolist()
        ]
        self._outputs = program.outputs.tolist()
        self._constants = program.constants.tolist()

    def updater(self, states: int) -> Updater:
        """Steps of many parameters by this program, an update rule with so many states."""
        return Updater()

    def units(self) -> list[Any]:
        """What may become machine code: nothing."""
        return []

    def brief(self, rows: int) -> bool:
        """Whether run(whole=True) is supported for so many rows: not by this machine."""
        return False

    def run(
        self,
        inputs: Sequence[Array],
        out: Sequence[Array],
        workers: int = 1,
        whole: bool = False,
        tell: Callable[[int], object] | None = None,
    ) -> None:
        """Compute every row.

        An array of ``inputs`` feeds one input, shape (rows,) or (1,) for all rows, or several: (k, rows) or (k, 1).
        ``out``: likewise, float64 arrays of as many rows, for the outputs in turn; they are written completely. They
        may be an input's own rows, and overlap nothing otherwise.
        ``tell``: is called with the number of rows done since, now and then.
        """
        inputs, out = tuple(inputs), tuple(out)
        columns = [row for x in inputs for row in (x if x.ndim == 2 else (x,))]
        targets = [row for x in out for row in (x if x.ndim == 2 else (x,))]
        if len(columns) != self.program.n_inputs or len(targets) != len(self._outputs):
            raise ValueError(
                f"the program takes {self.program.n_inputs} inputs and has {len(self._outputs)} outputs; "
                f"got {len(columns)} and {len(targets)}"
            )
        shared = any(numpy.may_share_memory(x, y) for i, x in enumerate(out) for y in (*out[:i], *inputs))
        if shared:
            columns = _apart(columns, targets)
        rows = len(targets[0]) if targets else 0
        for count in self._each(rows, workers, lambda start: self._chunk(columns, targets, start, shared)):
            if tell is not None:
                tell(count)

    def _each(self, rows: int, workers: int, do: Callable[[int], Any]) -> Iterator[Any]:
        """What ``do`` returns for the first row of each chunk, in turn."""
        starts = range(0, rows, CHUNK)
        if workers == 1 or len(starts) < 2:
            yield from map(do, starts)
            return
        with ThreadPoolExecutor(workers) as pool:
            try:
                yield from pool.map(do, starts)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def add_up(
        self,
        inputs: Sequence[Array],
        rows: int,
        stays: Array | None = None,
        workers: int = 1,
        tell: Callable[[int], object] | None = None,
    ) -> Array:
        """The sums of so many rows, one for each output, in the order of csrc/vm/sums.h.

        ``inputs``, ``workers``, ``tell``: as for ``run``. ``stays``: an array of so many rows, written with the last
        output, which then has no sum; rows for which it is not 1 are left out of the others.
        """
        columns = [row for x in inputs for row in (x if x.ndim == 2 else (x,))]
        if len(columns) != self.program.n_inputs:
            raise ValueError(f"the program takes {self.program.n_inputs} inputs, got {len(columns)}")
        sums = len(self._outputs) - (stays is not None)
        parts: list[Array] = []
        for some, count in self._each(rows, workers, lambda start: self._sums(columns, rows, start, sums, stays)):
            parts += some
            if tell is not None:
                tell(count)
        return _by_pairs(parts) if parts else numpy.zeros(sums)

    def _sums(
        self, columns: Sequence[Array], rows: int, start: int, sums: int, stays: Array | None
    ) -> tuple[list[Array], int]:
        """The sums of each segment of a chunk of rows, and how many rows that are."""
        stop = min(start + CHUNK, rows)
        with numpy.errstate(all="ignore"):
            results = self._results(columns, start)
            x = numpy.full((sums, CHUNK), -0.0)  # -0.0 + x is x
            adds: Any = True
            if stays is not None:
                stays[start:stop] = results[-1]
                adds = stays[start:stop] == 1.0
            for i in range(sums):
                numpy.copyto(x[i, : stop - start], results[i], where=adds)
            return _segments(x)[: (stop - start + SEGMENT - 1) // SEGMENT], stop - start

    def _chunk(self, columns: Sequence[Array], targets: Sequence[Array], start: int, shared: bool) -> int:
        """Run a chunk of rows; returns how many. ``shared``: a target may be a column, so columns are read first."""
        with numpy.errstate(all="ignore"):
            results = self._results(columns, start)
            if shared:
                results = [numpy.array(x) for x in results]
            for target, result in zip(targets, results, strict=True):
                target[start : start + CHUNK] = result
        return min(CHUNK, len(targets[0]) - start)

    def _results(self, columns: Sequence[Array], start: int) -> list[Any]:
        """Each output of a chunk of rows, or one number for all of them."""
        stop = start + CHUNK
        registers: list[Any] = [x if len(x) == 1 else x[start:stop] for x in columns]
        registers += self._constants
        registers += [None] * (self.program.n_registers - len(registers))
        for function, place, operands in self._code:
            registers[place] = function(*[registers[i] for i in operands])
        return [registers[register] for register in self._outputs]

    def row(self, x: Array, out: Array) -> None:
        """One row from one C-contiguous array of n_inputs items to another of as many as there are outputs."""
        for name, array, count in (("x", x, self.program.n_inputs), ("out", out, len(self._outputs))):
            if array.dtype != numpy.float64 or not array.dtype.isnative or not array.flags.c_contiguous:
                raise ValueError(f"{name} is not a C-contiguous array of float64")
            if array.size != count:
                raise ValueError(f"{name} has {array.size} items, expected {count}")
        self.run([x.reshape(-1, 1).copy()], [out.reshape(-1, 1)])

    def point(self, values: Sequence[float]) -> tuple[float, ...]:
        """One row of plain numbers."""
        values = tuple(values)
        if len(values) != self.program.n_inputs:
            raise TypeError(f"the program takes {self.program.n_inputs} numbers, got {len(values)}")
        registers: list[float] = [x if type(x) is float else _number(x) for x in values]
        registers += self._constants
        registers += [0.0] * (self.program.n_registers - len(registers))
        for op, place, a, b, c in self.program.code.tolist():
            registers[place] = fold(op, registers[a], registers[b], registers[c])
        return tuple([registers[i] for i in self._outputs])


def _halves(x: Array) -> Array:
    """The sums over the first axis, a power of two: the first half plus the second, until one is left."""
    while len(x) > 1:
        half = len(x) // 2
        x = x[:half] + x[half:]
    total: Array = x[0]
    return total


def _segments(x: Array) -> list[Array]:
    """The sums of each SEGMENT rows: 8 vectors of 8 rows by halves, the groups in turn, then the 8 lanes.

    All operands are contiguous: NumPy's way for others crashes where it gets no memory.
    """
    x = x.reshape(len(x), -1, SEGMENT // 64, 8, 8)  # by output, segment, group, vector, lane
    groups = _halves(numpy.array(x.transpose(3, 2, 4, 1, 0), order="C"))
    total = numpy.full(groups.shape[1:], -0.0)
    for group in groups:
        total += group
    return list(_halves(total))


def _by_pairs(parts: list[Array]) -> Array:
    """The sum: of neighbours, until one is left."""
    while len(parts) > 1:
        odd = parts[len(parts) // 2 * 2 :]
        parts = [parts[i] + parts[i + 1] for i in range(0, len(parts) - 1, 2)] + odd
    return parts[0]


def _apart(columns: Sequence[Array], targets: Sequence[Array]) -> list[Array]:
    """The columns, those of one row copied. ValueError for a target that overlaps others or not the same rows."""
    columns = [x.copy() if len(x) == 1 else x for x in columns]
    for i, target in enumerate(targets):
        bad = any(numpy.may_share_memory(target, other) for other in targets[:i])
        for x in columns:
            bad = bad or (numpy.may_share_memory(target, x) and not _same(target, x))
        if bad:
            raise ValueError("out overlaps another array without being the same rows of it: copy one of them")
    return columns


def _same(x: Array, y: Array) -> bool:
    """Whether these are the same rows."""
    first, second = x.__array_interface__, y.__array_interface__
    return first["data"][0] == second["data"][0] and x.strides == y.strides and x.shape == y.shape


def _number(x: Any) -> float:
    if isinstance(x, (float, int)):
        return float(x)
    raise TypeError(f"a point is of floats, not of {type(x).__name__}")
