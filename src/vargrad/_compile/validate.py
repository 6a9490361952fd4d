"""Checks of compiled functions from files and pickles. Everything is checked before anything is used."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any, TypeGuard

from vargrad._compile.merge import reachable
from vargrad._compile.recorder import Recording
from vargrad._compile.results import Structure
from vargrad._compile.signature import Binder, Signature, parse
from vargrad._core.var import Var
from vargrad._ir.expressions import ExpressionGraph
from vargrad._ops.codes import INPUT

LISTS = ("positional", "only", "keyword", "required")  # of a binder, under these names and an underscore
FLAGS = ("any", "extra")
_DIMENSIONS = 32  # of arrays; NumPy has no more before version 2
_MOST = 1 << 31


class Refused(ValueError):
    """The stored function is refused; the message says why."""


def require(good: bool, what: str) -> None:
    """Refused where it is not good."""
    if not good:
        raise Refused(what)


def is_count(x: Any, below: int = _MOST) -> TypeGuard[int]:
    """Whether it is a number of things, or the place of one."""
    return type(x) is int and 0 <= x < below


def are_counts(x: Any, below: int = _MOST) -> bool:
    """Whether it is a list or a tuple of such."""
    return isinstance(x, (list, tuple)) and all(is_count(n, below) for n in x)


def are_texts(x: Any) -> bool:
    """Whether it is a list, a tuple or a set of texts."""
    return isinstance(x, (list, tuple, set)) and all(isinstance(text, str) for text in x)


def are_fingerprints(x: Any) -> bool:
    """Whether it is texts by name."""
    return isinstance(x, dict) and are_texts(list(x)) and all(map(are_texts, x.values()))


def is_guard(x: Any) -> bool:
    """Whether it is a place and a finite number."""
    pair = isinstance(x, (list, tuple)) and len(x) == 2 and is_count(x[0])
    return pair and type(x[1]) in (int, float) and abs(x[1]) <= sys.float_info.max


def are_shapes(x: Any) -> bool:
    """Whether it is a tuple of shapes that arrays can have."""
    return isinstance(x, tuple) and all(isinstance(core, tuple) and _is_shape(core) for core in x)


def _is_shape(core: tuple[Any, ...]) -> bool:
    return are_counts(core) and len(core) <= _DIMENSIONS and math.prod(n or 1 for n in core) < _MOST


# ---- the whole function


def check_state(state: Any) -> None:
    """Check the state from which pickles.built() makes a compiled function. Raises Refused with the reason."""
    require(isinstance(state, dict), f"its state is of type {type(state).__name__}, expected a dict")
    name, signature = state.get("name"), state.get("signature")
    require(isinstance(name, str), f"its 'name' is {name!r:.60}")
    require("doc" in state, "it has no 'doc'")
    most = state.get("max_paths")
    require(type(most) is int and most >= 1, f"its 'max_paths' is {most!r:.60}, expected 1 or more")
    constants, reads = state.get("constants"), state.get("reads")
    require(constants in ("watched", "frozen"), f"its 'constants' are {constants!r:.60}")
    require(reads is None or are_fingerprints(reads), "its 'reads' are no texts by name")
    _check_signature(signature)
    _check_binder(state.get("binder"), signature)
    specializations = state.get("variants")
    require(
        isinstance(specializations, list),
        f"its 'variants' are of type {type(specializations).__name__}, expected a list",
    )
    seen = set()
    for specialization in specializations:
        _check_specialization(specialization)
        require(specialization[:3] not in seen, "it has a specialization twice")
        seen.add(specialization[:3])


def _check_signature(signature: Any) -> None:
    if signature is None:
        return
    require(type(signature) is Signature, f"its 'signature' is of type {type(signature).__name__}")
    parts = [getattr(signature, name, None) for name in ("text", "inputs", "outputs")]
    require(isinstance(parts[0], str), "its signature has no text")
    try:
        right = parse(parts[0])
    except ValueError as error:
        raise Refused(str(error)) from error
    require(parts == [right.text, right.inputs, right.outputs], f"its signature is not what {right.text!r:.60} says")


def _check_binder(binder: Any, signature: Any) -> None:
    require(type(binder) is Binder, f"its 'binder' is of type {type(binder).__name__}")
    found = vars(binder)
    require(isinstance(found.get("name"), str), "its parameters are of a function without a name")
    require(found.get("signature") == signature, "its parameters have another signature")
    for key in (*LISTS, *FLAGS):
        x = found.get(f"_{key}")
        good = are_texts(x) and isinstance(x, set if key == "only" else list) if key in LISTS else isinstance(x, bool)
        require(good, f"its parameters' {key!r} are unfit")


def _check_specialization(specialization: Any) -> None:
    require(isinstance(specialization, tuple) and len(specialization) == 4, "a specialization is not in four parts")
    names, positional, cores, paths = specialization
    require(isinstance(names, tuple) and are_texts(names) and are_shapes(cores), "a variant's arguments are unfit")
    good = len(cores) == len(names) and is_count(positional, len(names) + 1) and isinstance(paths, list)
    require(good, "a variant's arguments do not fit each other")
    sizes = [math.prod(core) for core in cores]
    seen = set()
    for i, path in enumerate(paths):
        require(isinstance(path, tuple) and len(path) == 4, "a path is not in four parts")
        recording, structure, parent, side_exit = path
        _check_recording(recording, sizes)
        _check_structure(structure, recording.results)
        if i == 0:
            require(parent is None and side_exit is None, "its first path leaves another one")
            continue
        good = is_count(parent, i) and isinstance(side_exit, tuple) and is_guard(side_exit)
        require(good, "a path leaves none of those before it")
        require(side_exit[0] < len(paths[parent][0].guards), "a path leaves another where that has no guard")
        require((parent, side_exit) not in seen, "two paths leave another in the same way")
        seen.add((parent, side_exit))
        require(structure == paths[0][1], "its paths differ in what they return")


def _check_structure(structure: Any, results: Sequence[int]) -> None:
    require(type(structure) is Structure, "what a path returns has no structure")
    container, cores = getattr(structure, "container", 0), getattr(structure, "cores", None)
    known = container is None or (isinstance(container, type) and issubclass(container, (tuple, list)))
    require(are_shapes(cores) and len(structure.cores) > 0, "a path's results have no shapes")
    require(known and (container is not None or len(structure.cores) == 1), "a path's container is unfit")
    require(len(results) == sum(map(math.prod, structure.cores)), "a path's results do not fit their shapes")


# ---- one graph


def _check_recording(recording: Any, sizes: Sequence[int]) -> None:
    """A recording: its arguments and leaves are its inputs, and all that it names are its nodes."""
    require(type(recording) is Recording, f"a path's recording is of type {type(recording).__name__}")
    found = vars(recording)
    g = found.get("expressions")
    if not isinstance(g, ExpressionGraph):
        raise Refused("a path has no expressions")
    size = len(g)
    arguments, leaf_inputs, leaves = (found.get(name) for name in ("arguments", "leaf_inputs", "leaves"))
    good = isinstance(arguments, list) and all(_are_nodes(nodes, size) for nodes in arguments)
    require(good and list(map(len, recording.arguments)) == list(sizes), "a path's arguments do not fit its shapes")
    good = _are_nodes(leaf_inputs, size) and isinstance(leaves, list) and all(isinstance(v, Var) for v in leaves)
    require(good and len(recording.leaves) == len(recording.leaf_inputs), "a path's leaves are unfit")
    results, guards = found.get("results"), found.get("guards")
    require(_are_nodes(results, size), "a path's results are no nodes of it")
    require(isinstance(guards, list) and all(map(is_guard, guards)), "a path's guards are unfit")
    require(_are_nodes([node for node, _ in recording.guards], size), "a guard is no node of its path")
    inputs = [*(x for nodes in recording.arguments for x in nodes), *recording.leaf_inputs]
    own = {node for node in range(size) if g.node(node)[0] == INPUT}
    good = len(set(inputs)) == len(inputs) and own.issuperset(inputs)
    if good and len(own) > len(inputs):  # of vectors, once hvp() was called: nothing that was recorded reads them
        own &= set(reachable(g, [*recording.results, *(node for node, _ in recording.guards)], {}))
        good = own.issubset(inputs)
    require(good, "a path's arguments and leaves are not its inputs")


def _are_nodes(x: Any, size: int) -> bool:
    return isinstance(x, list) and are_counts(x, size) and 0 not in x
