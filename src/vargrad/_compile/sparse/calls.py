"""Calls that ask for a sparse Jacobian or Hessian, or for its pattern. The dense matrix is never made."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy

from vargrad._compile.call import Array, Call, Computed
from vargrad._compile.paths import Output, Path, Rows
from vargrad._compile.recorder import RecordingError
from vargrad._compile.results import into
from vargrad._compile.sparse.pattern import Layout, Pattern, places_of
from vargrad._util.argnums import Argnums
from vargrad._util.errors import known

Ran: TypeAlias = list[tuple[Path, Rows | None, Computed]]
Way: TypeAlias = tuple[str, Any]  # what is asked for, and argnums
KINDS = ("jacobian", "hessian")
MOST_GIVEN = 128  # patterns remembered, of other shapes and arguments


class Owner(Protocol):
    """The part of a compiled function that these calls use."""

    __name__: str
    lock: Any
    given: dict[Any, Pattern]  # the patterns that the caller has
    sparse_shortcuts: dict[Way, tuple[Any, Any, Pattern]]  # for values of one row, with the key of their pattern

    def _begin(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], workers: int, progress: bool = False
    ) -> Call | None: ...
    def _tell_zeros(self, call: Call) -> None: ...


def derivative(
    owner: Owner,
    what: str,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    sparse: bool | str,
    workers: int,
    progress: bool,
    argnums: Argnums | None,
    out: Any,
) -> Any:
    """The result of ``jacobian`` or ``hessian`` with ``sparse``: True for a csr_array, "values" for its numbers."""
    name = f"{owner.__name__}.{what}()"
    if sparse is not True and not (isinstance(sparse, str) and sparse == "values"):
        raise ValueError(f"{name}: sparse must be False, True or 'values', not {sparse!r:.60}")
    usual = sparse is not True and not kwargs and type(workers) is int and workers == 1 and progress is False
    usual = usual and (argnums is None or type(argnums) is int)
    if usual and (values := _quickly(owner, (what, argnums), args)) is not None:
        return values if out is None else into(owner.__name__, out, values, False)
    csr_array = _csr_array(name) if sparse is True else None
    call, output = _begun(owner, what, args, kwargs, argnums, workers, progress)
    loop = call.batch.loop
    if csr_array is not None and loop:
        raise ValueError(
            f"{name}: sparse=True gives the matrix of one point, and the arguments are rows of shape {loop}: "
            "sparse='values' gives the entries in every row"
        )
    owner._tell_zeros(call)
    if csr_array is None and not call.path.outcomes:
        layout = _given_layout(owner, what, call, output, [call.path])
        if usual and layout.at(call.path) is None:
            _remember(owner, (what, argnums), call, output)
        if type(out) is numpy.ndarray and out.size and layout.at(call.path) is None and call.write_row(output, out):
            return out
    ran = _by_path(call, output)
    if call.path.outcomes:
        owner._tell_zeros(call)
    paths = list(dict.fromkeys(path for path, _, _ in ran))
    if csr_array is None:
        layout = _given_layout(owner, what, call, output, paths)
        values = _in_order(ran, layout, call.batch.rows)
        result = values.reshape(-1) if not loop else numpy.ascontiguousarray(values.T).reshape((*loop, len(values)))
        return result if out is None else into(owner.__name__, out, result, False)
    layout = _layout(call, output, paths)
    data = _in_order(ran, layout, 1).reshape(-1)
    indices, starts = layout.compressed()
    if out is not None:
        return _into_matrix(name, out, data, layout)
    return csr_array((data, indices.copy(), starts.copy()), shape=layout.pattern.shape)


def pattern(
    owner: Owner, what: str, args: Sequence[Any], kwargs: Mapping[str, Any], argnums: Argnums | None
) -> tuple[Any, Any]:
    """Rows and columns of the entries, over all paths recorded so far, those of these arguments among them."""
    known(f"{owner.__name__}.pattern(): what", what, KINDS)
    call, output = _begun(owner, what, args, kwargs, argnums, 1, False)
    if call.path.outcomes:
        call.compute(Output("value"))  # records the paths of all rows
    found = _layout(call, output, [call.path]).pattern
    key = _key(call, output)
    with owner.lock:
        older = owner.given.pop(key, None)
        if older is not None:
            found = older.with_entries([found.places])
        _give(owner, key, found)
    return found.rows_and_columns()


def _csr_array(name: str) -> Any:
    try:
        from scipy.sparse import csr_array
    except ImportError as error:
        raise ImportError(
            f"{name}: sparse=True needs SciPy: pip install 'vargrad[scipy]'; sparse='values' works without"
        ) from error
    return csr_array


def _begun(
    owner: Owner,
    what: str,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    argnums: Argnums | None,
    workers: int,
    progress: bool,
) -> tuple[Call, Output]:
    call = owner._begin(args, kwargs, workers, progress)
    if call is None:
        raise TypeError(
            f"{owner.__name__}.{what}(): a sparse derivative takes numbers and arrays, not Vars; without sparse= it "
            "takes Vars too"
        )
    call.choose(argnums)
    if what == "hessian":
        call.require_scalar(what)
    return call, Output(what, call.wrt, True)


def _by_path(call: Call, output: Output) -> Ran:
    if not call.path.outcomes and not call.path.nonzeros(output).nodes:
        return [(call.path, None, numpy.empty((0, call.batch.rows)))]
    return call.by_path(output)


def _quickly(owner: Owner, way: Way, args: Sequence[Any]) -> Any:
    """The values by the shortcut that a call like this one left; None if there is none, or the pattern is another."""
    found = owner.sparse_shortcuts.get(way)
    if found is None:
        return None
    shortcut, key, pattern = found
    return shortcut(tuple(args)) if owner.given.get(key) is pattern else None


def _remember(owner: Owner, way: Way, call: Call, output: Output) -> None:
    """Leave a shortcut for later calls like this one, which is of a path that has all entries of the pattern."""
    pattern, path = owner.given.get(_key(call, output)), call.path
    if pattern is None or not len(pattern) or call.batch.loop or path.zeros:
        return
    machine, cores = path.machine(output)[0], call.specialization.cores
    shortcut = machine.shortcut(machine, cores, [(len(pattern),)], False, True, path.recording.leaves)
    shortcut.watch = call.specialization.reads.watch
    owner.sparse_shortcuts[way] = shortcut, _key(call, output), pattern


def _shape(call: Call, output: Output) -> tuple[int, int]:
    width = sum(map(math.prod, call.cores()))
    return width if output.kind == "hessian" else sum(map(math.prod, call.structure.cores)), width


def _layout(call: Call, output: Output, paths: Sequence[Path]) -> Layout:
    """The layout of all paths recorded so far, and of these."""
    layouts, every = call.specialization.layouts, [*call.specialization.paths, *paths]
    found: Layout | None = layouts.get((output, "all"))
    if found is None or not all(map(found.takes, every)):
        shape = _shape(call, output)
        parts = [places_of(path, output, shape) for path in dict.fromkeys(every)]
        found = Layout(Pattern(shape, numpy.empty(0, numpy.int64)).with_entries(parts), output)
        assert all(map(found.takes, every))
        layouts[output, "all"] = found
    return found


def _given_layout(owner: Owner, what: str, call: Call, output: Output, paths: Sequence[Path]) -> Layout:
    """The layout of the pattern that the caller has; RecordingError if an entry of these paths is not in it."""
    key, layouts = _key(call, output), call.specialization.layouts
    with owner.lock:
        given = owner.given.get(key)
        if given is None:
            given = _layout(call, output, paths).pattern
            _give(owner, key, given)
    found: Layout | None = layouts.get((output, "given"))
    if found is None or found.pattern is not given:
        found = layouts[output, "given"] = Layout(given, output)
    if not all(map(found.takes, paths)):
        new = given.with_entries(places_of(path, output, given.shape) for path in paths)
        raise RecordingError(
            f"{owner.__name__}.{what}(): a new path, or a change of what the function reads, enlarged the pattern from "
            f"{len(given)} to {len(new)} entries: call {owner.__name__}.pattern({what!r}, ...) with the same "
            "arguments again, and use the pattern that it returns"
        )
    return found


def _give(owner: Owner, key: Any, pattern: Pattern) -> None:
    """Remember a pattern as the caller's, and forget the oldest of too many; called with the lock held."""
    owner.given[key] = pattern
    while len(owner.given) > MOST_GIVEN:
        del owner.given[next(iter(owner.given))]


def _key(call: Call, output: Output) -> Any:
    specialization = call.specialization
    return specialization.names, specialization.positional, specialization.cores, output


def _in_order(ran: Ran, layout: Layout, rows: int) -> Array:
    """The numbers of all entries, shape (entries, rows)."""
    path, _, out = ran[0]
    if len(ran) == 1 and layout.at(path) is None:
        return out if isinstance(out, numpy.ndarray) else numpy.array(out)
    full = numpy.zeros((len(layout.pattern), rows))
    for path, index, out in ran:
        mine = numpy.arange(rows) if index is None else index
        at = layout.at(path)
        if at is None:
            full[:, mine] = out
        else:
            full[:, mine] = 0.0
            full[at[:, None], mine] = out
    return full


def _into_matrix(name: str, out: Any, data: Array, layout: Layout) -> Any:
    """The numbers in the caller's csr_array, which has to have the pattern."""
    from scipy.sparse import issparse

    shape = layout.pattern.shape
    if not issparse(out) or out.format != "csr":
        raise ValueError(f"{name}: out must be a csr_array of shape {shape}, not {type(out).__name__}")
    indices, starts = layout.compressed()
    if out.shape != shape or not numpy.array_equal(out.indptr, starts) or not numpy.array_equal(out.indices, indices):
        raise ValueError(
            f"{name}: out must have the pattern of the result, {len(data)} entries in shape {shape}; it has "
            f"{out.nnz} in shape {out.shape}, or in other places. A new path may have enlarged the pattern: leave out= "
            "away to get a new matrix"
        )
    into(name.removesuffix("()"), out.data, data, False)
    return out
