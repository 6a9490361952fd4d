"""Compiled functions in files: NumPy's npz with numbers and one JSON text. Nothing in a file is ever executed.

What is stored of a path is its graph of expressions, not yet differentiated; operations go by name. A file may come
from anywhere, so every number in it is checked before it is used. The Python function itself is not stored.
"""

from __future__ import annotations

import io
import json
import math
import os
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeGuard

import numpy
import numpy.typing

from vargrad._codes import ARITY, COMPOSITE, CONSTANT, INPUT, NAMES, OPCODES, ZERO
from vargrad._compile import Compiled
from vargrad._core import Var
from vargrad._expr import Expressions, restored
from vargrad._files import PathLike, replacing
from vargrad._merged import transplant
from vargrad._record import Graph
from vargrad._results import Structure
from vargrad._signature import Binder, parse
from vargrad._stored import Lost, built, flat

Integers: TypeAlias = numpy.typing.NDArray[numpy.int32]
FORMAT, VERSION = "vargrad.compile", 1
_CONTAINERS: dict[str, type | None] = {"one": None, "tuple": tuple, "list": list}
_ARRAYS: dict[str, tuple[Any, int]] = {
    "header": (numpy.uint8, 1),
    "nodes": (numpy.int32, 2),
    "slopes": (numpy.int32, 2),
}
_ARRAYS |= {"numbers": (numpy.float64, 1), "leaves": (numpy.float64, 2)}
_LISTS = ("positional", "only", "keyword", "required")
_FLAGS = ("any", "extra")


def save(compiled: Compiled, path: PathLike) -> None:
    """Write the recorded paths to a file."""
    if not compiled.paths:
        raise ValueError(f"{compiled.__name__}.save(): nothing is recorded yet: call the function first")
    arrays: dict[str, list[Any]] = {name: [] for name in ("nodes", "slopes", "numbers")}
    leaves: dict[Var, int] = {}
    header = {
        "format": FORMAT,
        "version": VERSION,
        "operations": NAMES,
        "name": compiled.__name__,
        "doc": compiled.__doc__,
        "signature": compiled.signature and compiled.signature.text,
        "max_paths": compiled.max_paths,
        "parameters": {key: _listed(getattr(compiled._binder, f"_{key}")) for key in (*_LISTS, *_FLAGS)},
        "variants": [
            {
                "names": variant.names,
                "positional": variant.positional,
                "cores": variant.cores,
                "paths": [_path(compiled.__name__, path, leaves, arrays) for path in flat(variant)],
            }
            for variant in compiled._variants.values()
            if variant.paths
        ],
    }
    text = json.dumps(header).encode()
    values = [(v.value, v.requires_grad, v.grad if v.requires_grad else 0.0) for v in leaves]
    with replacing(path) as file:
        numpy.savez(
            file,
            header=numpy.frombuffer(text, numpy.uint8),
            nodes=numpy.array(arrays["nodes"], numpy.int32).reshape(-1, 4),
            slopes=numpy.array(arrays["slopes"], numpy.int32).reshape(-1, 4),
            numbers=numpy.array(arrays["numbers"], numpy.float64),
            leaves=numpy.array(values, numpy.float64).reshape(-1, 3),
        )


def _listed(x: Any) -> Any:
    return sorted(x) if isinstance(x, set) else x


def _path(name: str, path: tuple[Any, ...], leaves: dict[Var, int], arrays: dict[str, list[Any]]) -> dict[str, Any]:
    """What the header says of a path; its nodes go to the arrays."""
    graph, structure, parent, key = path
    container = next((label for label, kind in _CONTAINERS.items() if kind is structure.container), None)
    if container is None:
        raise TypeError(f"{name}.save(): it returns a {structure.container}; a file holds results in a tuple or a list")
    g = Expressions()
    ids = {node: g.input() for node in [*(x for nodes in graph.arguments for x in nodes), *graph.leaf_inputs]}
    guards = [node for node, _ in graph.guards]
    transplant(graph.expressions, [*graph.results, *guards], g, ids, {})
    slopes = [(node, *parent) for node, parents in g.parents.items() for parent in parents]
    nodes = [g.node(i) for i in range(len(g))]
    arrays["nodes"] += nodes
    arrays["slopes"] += slopes
    arrays["numbers"] += [g.number_of(node) for node, (op, *_) in enumerate(nodes) if op == CONSTANT]
    return {
        "nodes": len(nodes),
        "slopes": len(slopes),
        "arguments": [[ids[x] for x in nodes] for nodes in graph.arguments],
        "leaves": [
            (ids[x], leaves.setdefault(v, len(leaves))) for x, v in zip(graph.leaf_inputs, graph.leaves, strict=True)
        ],
        "results": [ids[x] for x in graph.results],
        "guards": [(ids[node], expected) for node, expected in graph.guards],
        "container": container,
        "cores": structure.cores,
        "parent": parent,
        "key": key,
    }


def load_compiled(path: PathLike, function: Callable[..., Any] | None = None) -> Compiled:
    """A compiled function from a file that its ``save`` wrote. Nothing in the file is executed.

    ``function``: the Python function that was compiled, to record new paths with; without it a row that needs one is a
    RecordingError. Closed-over leaves are new ones, with the values and .grad they had. Raises ValueError, naming the
    file, for one that is truncated, foreign, of another version, or does not fit ``function``; OSError if it cannot be
    read.

    >>> import os, tempfile, vargrad
    >>> f = vargrad.compile(lambda x: x * x if x > 0 else -x)
    >>> f([3.0, -1.0]).tolist()
    [9.0, 1.0]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     f.save(os.path.join(folder, "f.npz"))
    ...     again = vargrad.load_compiled(os.path.join(folder, "f.npz"))
    >>> again.value_and_grad(5.0)
    (25.0, 10.0)
    """
    path = os.fspath(path)
    try:
        return _Reader(path).compiled(function)
    except _Refused as why:
        raise ValueError(f"{path}: no compiled function that can be loaded: {why}") from why.__cause__


class _Refused(Exception):
    """What is wrong with a file."""


def _require(good: bool, what: str) -> None:
    if not good:
        raise _Refused(what)


def _count(x: Any, below: int = 1 << 31) -> TypeGuard[int]:
    return type(x) is int and 0 <= x < below


def _counts(x: Any, below: int = 1 << 31) -> TypeGuard[list[int]]:
    return isinstance(x, list) and all(_count(n, below) for n in x)


def _texts(x: Any) -> TypeGuard[list[str]]:
    return isinstance(x, list) and all(isinstance(text, str) for text in x)


class _Reader:
    """A file, checked as it is taken apart."""

    def __init__(self, path: str) -> None:
        with open(path, "rb") as file:
            stream = io.BytesIO(file.read())
        try:
            archive = numpy.load(stream, allow_pickle=False)
            _require(not isinstance(archive, numpy.ndarray), "it is one array, not an npz archive")
            with archive:
                found = {name: archive[name] for name in _ARRAYS if name in archive}
        except _Refused:
            raise
        except (
            Exception
        ) as error:  # of any kind: from zip archives, NumPy's headers, and the tokenizer that reads these
            raise _Refused("it is truncated, or no npz archive of plain arrays") from error
        for name, (kind, dimensions) in _ARRAYS.items():
            _require(name in found, f"it has no array {name!r}")
            x = found[name]
            good = isinstance(x, numpy.ndarray) and x.dtype == kind and x.ndim == dimensions
            _require(good, f"its array {name!r} is not of {numpy.dtype(kind)} in {dimensions} dimension(s)")
        self._arrays: dict[str, Any] = found
        try:
            self._header = json.loads(found["header"].tobytes().decode())
        except (ValueError, RecursionError) as error:
            raise _Refused(f"its header is no JSON ({error})") from error
        self._at = dict.fromkeys(("nodes", "slopes", "numbers"), 0)

    def compiled(self, function: Callable[..., Any] | None) -> Compiled:
        """The whole function."""
        header = self._header
        _require(isinstance(header, dict) and header.get("format") == FORMAT, "it is not from Compiled.save()")
        version = header.get("version")
        _require(version == VERSION, f"its format is {version!r:.20}, and this vargrad reads {VERSION}: save it again")
        kinds: dict[str, Any] = {
            "name": str,
            "doc": (str, type(None)),
            "signature": (str, type(None)),
            "max_paths": int,
        }
        kinds |= {"parameters": dict, "variants": list, "operations": list}
        for key, kind in kinds.items():
            _require(isinstance(header.get(key), kind), f"its {key!r} is {header.get(key)!r:.60}")
        names = header["operations"]
        _require(_texts(names), "its operations are not named by texts")
        unknown = [name for name in names if name not in OPCODES]
        _require(not unknown, f"it uses operations that this vargrad has not: {', '.join(unknown):.200}")
        self._opcodes = numpy.array([OPCODES[name] for name in names], numpy.int64)
        self._leaves = self._read_leaves()
        try:
            signature = None if header["signature"] is None else parse(header["signature"])
        except ValueError as error:
            raise _Refused(str(error)) from error
        binder = Binder(header["name"], Lost(header["name"]), signature)
        self._set_parameters(binder, header["parameters"], function)
        variants = [self._variant(entry) for entry in header["variants"]]
        ends = {name: len(self._arrays[name]) for name in self._at}
        _require(self._at == ends, f"its paths take {self._at} entries of its arrays, which have {ends}")
        _require(header["max_paths"] >= 1, "its max_paths is below 1")
        state = {key: header[key] for key in ("name", "doc", "max_paths")}
        state |= {"signature": signature, "binder": binder, "variants": variants}
        return built(Compiled.__new__(Compiled), state, Lost(header["name"]) if function is None else function)

    def _set_parameters(self, binder: Binder, parameters: dict[str, Any], function: Any) -> None:
        for key in (*_LISTS, *_FLAGS):
            found = parameters.get(key)
            _require(_texts(found) if key in _LISTS else isinstance(found, bool), f"its parameters' {key!r} are unfit")
            setattr(binder, f"_{key}", set(found) if key == "only" else found)  # type: ignore[arg-type]
        if function is not None:
            theirs = Binder(binder.name, function, binder.signature)
            if vars(theirs) != vars(binder):
                mine, other = (", ".join(b._positional + b._keyword) for b in (binder, theirs))
                raise _Refused(f"it was compiled from {binder.name}({mine}), and the function given takes ({other})")

    def _read_leaves(self) -> list[Var]:
        table = self._arrays["leaves"]
        _require(table.shape[1] == 3, "its leaves are not rows of value, requires_grad and grad")
        leaves = []
        for value, wanted, grad in table.tolist():
            leaves.append(Var(value, requires_grad=bool(wanted)))
            if wanted:
                leaves[-1].grad = grad
        return leaves

    def _variant(self, entry: Any) -> tuple[Any, ...]:
        _require(isinstance(entry, dict), "a variant is no table")
        names, positional, cores, paths = (entry.get(key) for key in ("names", "positional", "cores", "paths"))
        _require(
            _texts(names) and isinstance(cores, list) and all(map(_counts, cores)), "a variant's arguments are unfit"
        )
        good = len(cores) == len(names) and _count(positional, len(names) + 1)
        _require(good and isinstance(paths, list) and bool(paths), "a variant's arguments do not fit each other")
        shapes = tuple(map(tuple, cores))
        found: list[tuple[Any, ...]] = []
        for path in paths:
            found.append(self._path(path, [math.prod(core) for core in shapes], found))
        return tuple(names), positional, shapes, found

    def _path(self, entry: Any, sizes: Sequence[int], before: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
        _require(isinstance(entry, dict), "a path is no table")
        g = self._expressions(entry.get("nodes"), entry.get("slopes"))
        size = len(g)
        graph = Graph.__new__(Graph)
        graph.expressions, graph.constant = g, False
        graph.arguments, graph.results = entry.get("arguments"), entry.get("results")
        good = isinstance(graph.arguments, list) and all(_counts(nodes, size) for nodes in graph.arguments)
        _require(good and list(map(len, graph.arguments)) == list(sizes), "a path's arguments do not fit its shapes")
        leaves, guards, cores = entry.get("leaves"), entry.get("guards"), entry.get("cores")
        _require(
            isinstance(leaves, list) and all(_counts(x, size) and len(x) == 2 for x in leaves), "its leaves are unfit"
        )
        _require(all(k < len(self._leaves) for _, k in leaves), "a path names a leaf that is not there")
        graph.leaf_inputs, graph.leaves = [node for node, _ in leaves], [self._leaves[k] for _, k in leaves]
        inputs = [*(x for nodes in graph.arguments for x in nodes), *graph.leaf_inputs]
        own = [node for node in range(size) if g.node(node)[0] == INPUT]
        _require(sorted(inputs) == own, "a path's arguments and leaves are not its inputs")
        _require(isinstance(guards, list) and all(map(_is_guard, guards)), "a path's guards are unfit")
        graph.guards = [(node, float(expected)) for node, expected in guards]
        _require(all(node < size for node, _ in graph.guards), "a guard is no node of its path")
        _require(isinstance(cores, list) and all(map(_counts, cores)), "a path's results have no shapes")
        structure = Structure(self._container(entry, cores), tuple(map(tuple, cores)))
        _require(_counts(graph.results, size), "a path's results are no nodes of it")
        _require(len(graph.results) == sum(map(math.prod, structure.cores)), "a path's results do not fit their shapes")
        parent, key = entry.get("parent"), entry.get("key")
        if not before:
            _require(parent is None and key is None, "its first path leaves another one")
            return graph, structure, None, None
        _require(_count(parent, len(before)) and _is_guard(key), "a path leaves none of those before it")
        _require(key[0] < len(before[parent][0].guards), "a path leaves another where that has no guard")
        _require(structure == before[0][1], "its paths differ in what they return")
        return graph, structure, parent, (key[0], float(key[1]))

    def _container(self, entry: dict[str, Any], cores: list[Any]) -> type | None:
        label = entry.get("container")
        _require(label in _CONTAINERS and (label != "one" or len(cores) == 1), "a path's container is unfit")
        return _CONTAINERS[label]  # type: ignore[index]

    def _take(self, name: str, count: int) -> Any:
        start = self._at[name]
        self._at[name] = start + count
        _require(start + count <= len(self._arrays[name]), f"its array {name!r} ends too early")
        return self._arrays[name][start : start + count]

    def _expressions(self, nodes: Any, slopes: Any) -> Expressions:
        """The graph of a path, if its nodes are operations on older ones."""
        _require(_count(nodes) and nodes > ZERO and _count(slopes), "a path does not say how many nodes it has")
        _require(
            self._arrays["nodes"].shape[1] == self._arrays["slopes"].shape[1] == 4, "its nodes are not rows of four"
        )
        table = self._take("nodes", nodes).astype(numpy.int64)
        op, operands, place = table[:, 0], table[:, 1:], numpy.arange(nodes)[:, None]
        _require(bool(numpy.all((op >= COMPOSITE) & (op < len(self._opcodes)))), "a node is of no known kind")
        arity = numpy.array([*(ARITY[code] for code in self._opcodes), 1, 0, 0])[op]  # the last three: op < 0
        used = numpy.arange(3) < arity[:, None]
        good = numpy.where(used, (operands > 0) & (operands < place), operands == 0)
        _require(bool(numpy.all(good)), "a node's operands are not older nodes")
        op[op >= 0] = self._opcodes[op[op >= 0]]
        constants = numpy.flatnonzero(op == CONSTANT).tolist()
        numbers = self._take("numbers", len(constants)).tolist()
        _require(constants[:2] == [0, ZERO] and str(numbers[1]) == "0.0", "a path does not begin with its zeros")
        composites = numpy.flatnonzero(op == COMPOSITE).tolist()
        parents: dict[int, Any] = dict.fromkeys(composites, ())
        for node, operand, partial, condition in self._take("slopes", slopes).tolist():
            good = node in parents and 0 < operand < node and 0 < partial < nodes and -1 <= condition < nodes
            _require(good, "a derivative is of no node")
            parents[node] += ((operand, partial, condition),)
        column = numpy.zeros(nodes)
        column[constants] = numbers
        return restored((*table.T.tolist(), column.tolist()), parents)


def _is_guard(x: Any) -> bool:
    return isinstance(x, list) and len(x) == 2 and _count(x[0]) and type(x[1]) in (int, float) and math.isfinite(x[1])
