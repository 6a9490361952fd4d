"""Compiled functions in files: NumPy's npz with numbers and one JSON text. Nothing in a file is ever executed.

A path is stored as its graph of expressions, without derivatives; operations are stored by name. A file may come from
anywhere, so every number in it is checked before it is used. The Python function itself is not stored. In the header
"variants" are specializations, and a path's "key" is the side exit of its "parent" that leads to it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any, TypeVar

import numpy

from vargrad._compile.archive import read_arrays
from vargrad._compile.dispatcher import Dispatcher
from vargrad._compile.merge import transplant
from vargrad._compile.pickles import Lost, built, flat
from vargrad._compile.recorder import Recording
from vargrad._compile.results import Structure
from vargrad._compile.signature import Binder, parse
from vargrad._compile.validate import FLAGS, LISTS, Refused, are_counts, are_texts, is_count, is_guard, require
from vargrad._core.var import Var
from vargrad._ir.expressions import ExpressionGraph, restored
from vargrad._ops.codes import COMPOSITE, CONSTANT, NAMES, OPCODES, ROUND, ZERO
from vargrad._util.files import PathLike, replacing

Kind = TypeVar("Kind", bound=Dispatcher)
FORMAT, VERSION = "vargrad.compile", 1
_CONTAINERS: dict[str, type | None] = {"one": None, "tuple": tuple, "list": list}
_ARRAYS: dict[str, tuple[Any, int]] = {
    "header": (numpy.uint8, 1),
    "nodes": (numpy.int32, 2),
    "slopes": (numpy.int32, 2),
}
_ARRAYS |= {"numbers": (numpy.float64, 1), "leaves": (numpy.float64, 2)}


def save(compiled: Dispatcher, path: PathLike) -> None:
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
        "constants": "frozen" if compiled._frozen else "watched",
        "reads": compiled._lost_reads if isinstance(compiled.__wrapped__, Lost) else compiled._fingerprint(),
        "parameters": {key: _listed(getattr(compiled._binder, f"_{key}")) for key in (*LISTS, *FLAGS)},
        "variants": [
            {
                "names": specialization.names,
                "positional": specialization.positional,
                "cores": specialization.cores,
                "paths": [_path(compiled.__name__, path, leaves, arrays) for path in flat(specialization)],
            }
            for specialization in compiled._specializations.values()
            if specialization.paths
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
    """The header's entry for a path; its nodes are added to the arrays."""
    recording, structure, parent, side_exit = path
    container = next((label for label, kind in _CONTAINERS.items() if kind is structure.container), None)
    if container is None:
        raise TypeError(f"{name}.save(): it returns a {structure.container}; a file holds results in a tuple or a list")
    g = ExpressionGraph()
    ids = {node: g.input() for node in [*(x for nodes in recording.arguments for x in nodes), *recording.leaf_inputs]}
    guards = [node for node, _ in recording.guards]
    transplant(recording.expressions, [*recording.results, *guards], g, ids, {})
    slopes = [(node, *parent) for node, parents in g.parents.items() for parent in parents]
    nodes = [g.node(i) for i in range(len(g))]
    arrays["nodes"] += nodes
    arrays["slopes"] += slopes
    arrays["numbers"] += [g.number_of(node) for node, (op, *_) in enumerate(nodes) if op == CONSTANT]
    return {
        "nodes": len(nodes),
        "slopes": len(slopes),
        "arguments": [[ids[x] for x in nodes] for nodes in recording.arguments],
        "leaves": [
            (ids[x], leaves.setdefault(v, len(leaves)))
            for x, v in zip(recording.leaf_inputs, recording.leaves, strict=True)
        ],
        "results": [ids[x] for x in recording.results],
        "guards": [(ids[node], outcome) for node, outcome in recording.guards],
        "container": container,
        "cores": structure.cores,
        "parent": parent,
        "key": side_exit,
    }


def load(path: PathLike, function: Callable[..., Any] | None, into: Kind) -> Kind:
    """The function of a file, made of a fresh object; see vargrad.load_compiled."""
    if function is not None and not callable(function):
        raise TypeError(f"load_compiled() takes the function that was compiled, not {type(function).__name__}")
    path = os.fsdecode(path)
    try:
        return _Reader(read_arrays(path, _ARRAYS)).compiled(function, into)
    except Refused as why:
        raise ValueError(f"{path}: no compiled function that can be loaded: {why}") from why.__cause__
    except (MemoryError, OSError):
        raise
    except Exception as error:  # that no check has foreseen
        damage = f"it is damaged ({type(error).__name__}: {error!s:.200})"
        raise ValueError(f"{path}: no compiled function that can be loaded: {damage}") from error


class _Reader:
    """Reads the arrays of a file and checks each part; the whole function is checked once more in the end."""

    def __init__(self, arrays: dict[str, Any]) -> None:
        self._arrays = arrays
        try:
            self._header = json.loads(arrays["header"].tobytes().decode())
        except (ValueError, RecursionError) as error:
            raise Refused(f"its header is no JSON ({error!s:.200})") from error
        self._at = dict.fromkeys(("nodes", "slopes", "numbers"), 0)

    def compiled(self, function: Callable[..., Any] | None, into: Kind) -> Kind:
        """The whole function."""
        header = self._header
        require(isinstance(header, dict) and header.get("format") == FORMAT, "it is not from Compiled.save()")
        version = header.get("version")
        require(
            type(version) is int and version == VERSION,
            f"its format is {version!r:.20}, and this vargrad reads {VERSION}: save it again",
        )
        kinds: dict[str, Any] = {"name": str, "doc": (str, type(None)), "signature": (str, type(None))}
        kinds |= {"max_paths": int, "parameters": dict, "variants": list, "operations": list}
        for key, kind in kinds.items():
            require(isinstance(header.get(key, ...), kind), f"its {key!r} is {header.get(key)!r:.60}")
        names = header["operations"]
        require(are_texts(names), "its operations are not named by texts")
        unknown = [name for name in names if name not in OPCODES]
        require(not unknown, f"it uses operations that this vargrad has not: {', '.join(unknown):.200}")
        self._opcodes = numpy.array([OPCODES[name] for name in names], numpy.int64)
        self._leaves = self._read_leaves()
        try:
            signature = None if header["signature"] is None else parse(header["signature"])
        except ValueError as error:
            raise Refused(str(error)) from error
        binder = Binder(header["name"], Lost(header["name"]), signature)
        self._set_parameters(binder, header["parameters"], function)
        specializations = [self._specialization(entry) for entry in header["variants"]]
        ends = {name: len(self._arrays[name]) for name in self._at}
        require(self._at == ends, f"its paths take {self._at} entries of its arrays, which have {ends}")
        state = {key: header[key] for key in ("name", "doc", "max_paths")}
        state |= {"constants": header.get("constants", "watched"), "reads": header.get("reads")}
        state |= {"signature": signature, "binder": binder, "variants": specializations}
        return built(into, state, function)

    def _set_parameters(self, binder: Binder, parameters: dict[str, Any], function: Any) -> None:
        for key in (*LISTS, *FLAGS):
            found = parameters.get(key)
            good = are_texts(found) if key in LISTS else isinstance(found, bool)
            require(good, f"its parameters' {key!r} are unfit")
            setattr(binder, f"_{key}", set(found) if key == "only" else found)  # type: ignore[arg-type]
        if function is not None:
            theirs = Binder(binder.name, function, binder.signature)
            if vars(theirs) != vars(binder):
                mine, other = (", ".join(b._positional + b._keyword) for b in (binder, theirs))
                raise Refused(f"it was compiled from {binder.name}({mine}), and the function given takes ({other})")

    def _read_leaves(self) -> list[Var]:
        table = self._arrays["leaves"]
        require(table.shape[1] == 3, "its leaves are not rows of value, requires_grad and grad")
        leaves = []
        for value, wanted, grad in table.tolist():
            leaves.append(Var(value, requires_grad=bool(wanted)))
            if wanted:
                leaves[-1].grad = grad
        return leaves

    def _specialization(self, entry: Any) -> tuple[Any, ...]:
        require(isinstance(entry, dict), "a specialization is no table")
        names, positional, cores, paths = (entry.get(key) for key in ("names", "positional", "cores", "paths"))
        require(are_texts(names), "a variant's arguments are unfit")
        require(isinstance(paths, list) and bool(paths), "a specialization has no paths")
        return tuple(names), positional, _shapes(cores), [self._path(path) for path in paths]

    def _path(self, entry: Any) -> tuple[Any, ...]:
        require(isinstance(entry, dict), "a path is no table")
        leaves, guards, side_exit = entry.get("leaves"), entry.get("guards"), entry.get("key")
        require(isinstance(leaves, list) and all(are_counts(x) and len(x) == 2 for x in leaves), "its leaves are unfit")
        require(all(k < len(self._leaves) for _, k in leaves), "a path names a leaf that is not there")
        require(isinstance(guards, list) and all(map(is_guard, guards)), "a path's guards are unfit")
        recording = Recording(
            expressions=self._expressions(entry.get("nodes"), entry.get("slopes")),
            arguments=entry.get("arguments"),  # checked with the whole
            leaves=[self._leaves[k] for _, k in leaves],
            leaf_inputs=[node for node, _ in leaves],
            results=entry.get("results"),
            guards=[(node, float(outcome)) for node, outcome in guards],
        )
        label = entry.get("container")
        require(isinstance(label, str) and label in _CONTAINERS, "a path's container is unfit")
        structure = Structure(_CONTAINERS[label], _shapes(entry.get("cores")))
        require(side_exit is None or is_guard(side_exit), "a path leaves none of those before it")
        return (
            recording,
            structure,
            entry.get("parent"),
            None if side_exit is None else (side_exit[0], float(side_exit[1])),
        )

    def _take(self, name: str, count: int) -> Any:
        start = self._at[name]
        self._at[name] = start + count
        require(start + count <= len(self._arrays[name]), f"its array {name!r} ends too early")
        return self._arrays[name][start : start + count]

    def _expressions(self, nodes: Any, slopes: Any) -> ExpressionGraph:
        """The graph of a path, if its nodes are operations on older ones."""
        good = is_count(nodes) and nodes > ZERO and is_count(slopes)
        require(good, "a path does not say how many nodes it has")
        good = self._arrays["nodes"].shape[1] == self._arrays["slopes"].shape[1] == 4
        require(good, "its nodes are not rows of four")
        table = self._take("nodes", nodes).astype(numpy.int64)
        op = table[:, 0]
        require(bool(numpy.all((op >= COMPOSITE) & (op < len(self._opcodes)))), "a node is of no known kind")
        op[op >= 0] = self._opcodes[op[op >= 0]]
        require(not numpy.any(op == ROUND), "a node is of no known kind: round() is recorded as other operations")
        constants = numpy.flatnonzero(op == CONSTANT)
        column = numpy.zeros(nodes)
        column[constants] = self._take("numbers", len(constants))
        parents: dict[int, Any] = {node: [] for node in numpy.flatnonzero(op == COMPOSITE).tolist()}
        for node, *derivative in self._take("slopes", slopes).tolist():
            parents.setdefault(node, []).append(derivative)
        try:
            return restored((*table.T.tolist(), column.tolist()), parents)
        except ValueError as error:
            raise Refused(str(error)) from error


def _shapes(cores: Any) -> Any:
    """JSON's lists as tuples; anything else is returned as it is, and refused later."""
    if not isinstance(cores, list):
        return cores
    return tuple(tuple(core) if isinstance(core, list) else core for core in cores)
