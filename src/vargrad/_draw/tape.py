"""The graph under one or more Vars as a structure: read from the live nodes, and nothing of them is changed.

``parents`` would make a Var of each constant operand, so the walk asks ``_node`` instead, as the sweep does.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from vargrad._core.modes import thread
from vargrad._core.sweep_py import local_partials
from vargrad._draw.collapse import units_of
from vargrad._draw.labels import plain
from vargrad._draw.structure import Edge, Node, Structure
from vargrad._ops.table import NARY_BY_NAME

LEGEND = [
    ("leaf", "input"),
    ("op", "operation and its result"),
    ("partial", "on an arrow: derivative of the operation by that operand"),
    ("grad", "grad: sum that backward has added up"),
]
NUMBERS = 12  # of one operation that are shown each by itself


def walk(roots: Sequence[Any]) -> list[Any]:
    """All Vars under the roots, each with what its ``_node`` says: leaves in the order of use, then oldest first."""
    seen = {id(v): (v, v._node()) for v in roots}
    stack = [entry[1] for entry in seen.values()]
    while stack:
        for operand in stack.pop()[1]:
            if not isinstance(operand, float) and id(operand) not in seen:
                made = operand._node()
                seen[id(operand)] = operand, made
                stack.append(made)
    operations = [entry for entry in seen.values() if entry[1][0] is not None]
    operations.sort(key=lambda entry: entry[0]._uid)
    used = (id(x) for _, (_, operands, _) in operations for x in operands if not isinstance(x, float))
    order = dict.fromkeys([*used, *seen])  # a leaf's own number says nothing: the tape gives it out again
    return [entry for entry in (seen[key] for key in order) if entry[1][0] is None] + operations


def structure(roots: Sequence[Any], names: Mapping[int, str], limit: int, adjoints: bool) -> Structure:
    """The picture of the graph; one of more than ``limit`` nodes is collapsed."""
    entries = walk(roots)
    operations = sum(made[0] is not None for _, made in entries)
    result = Structure("graph", _title(roots, names, operations), legend=list(LEGEND))
    if len(entries) > limit:
        _collapse(result, entries, {id(v) for v in roots}, names)
        return result
    place = {id(v): i for i, (v, _) in enumerate(entries)}
    origins = thread.origins or {}
    for i, (v, (op, _, _)) in enumerate(entries):
        node = node_of(i, v, op, names.get(id(v), ""))
        node.source = origins.get(v._uid, "")
        result.nodes[i] = node
    for v in roots:
        result.nodes[place[id(v)]].root = True
    for i, (v, (op, operands, inputs)) in enumerate(entries):
        partials = dict(local_partials(v)) if op is not None else {}
        half = len(operands) // 2 if op == "custom" else len(operands)  # behind them: the partials that were given
        numbers = [k for k, operand in enumerate(operands[:half]) if isinstance(operand, float)]
        if len(numbers) > NUMBERS:
            _constant(result, i, numbers[0], f"{len(numbers):,} numbers")
        for k, operand in enumerate(operands[:half]):
            if not isinstance(operand, float):
                _note_edit(result.nodes[place[id(operand)]], inputs[k])
                result.edges.append(Edge(place[id(operand)], i, k, partials.get(k)))
            elif len(numbers) <= NUMBERS:
                _constant(result, i, k, "", operand)
    if adjoints:
        for i, adjoint in sweep(result, len(entries), [place[id(v)] for v in roots]).items():
            if result.nodes[i].kind != "constant":
                result.nodes[i].adjoint = adjoint
    if not any(node.grad is not None for node in result.nodes.values()):
        result.legend.pop()
    if adjoints:
        result.legend.append(("adjoint", "adjoint: derivative of the result by that node"))
    return result


def _collapse(result: Structure, entries: Sequence[Any], roots: set[int], names: Mapping[int, str]) -> None:
    place = {id(v): i for i, (v, _) in enumerate(entries)}
    units = units_of([(op, [place.get(id(x), -1) for x in operands]) for _, (op, operands, _) in entries])
    owner = [0] * len(entries)
    for unit in units:
        for i in unit.members:
            owner[i] = unit.members[0]
    links: Counter[tuple[int, int]] = Counter()
    for unit in units:
        first = unit.members[0]
        v, (op, _, _) = entries[first]
        if len(unit.members) == 1:
            result.nodes[first] = node_of(first, v, op, names.get(id(v), ""))
        else:
            result.nodes[first] = Node(first, "group", counts=unit.counts, repeats=unit.repeats)
        result.nodes[first].root = any(id(entries[i][0]) in roots for i in unit.members)
        partials = dict(local_partials(v)) if len(unit.members) == 1 and op is not None else {}
        for i in unit.members:
            for k, operand in enumerate(entries[i][1][1]):
                source = -1 if isinstance(operand, float) else owner[place[id(operand)]]
                if source < 0 or source == first:
                    continue
                if len(unit.members) == 1 and result.nodes[source].kind != "group":
                    result.edges.append(Edge(source, first, k, partials.get(k)))
                else:
                    links[source, first] += 1
    result.edges += [Edge(source, target, 99, count=count) for (source, target), count in links.items()]
    if any(node.kind == "group" for node in result.nodes.values()):
        result.legend.insert(2, ("group", "many nodes in one, with what a repetition holds"))


def node_of(i: int, v: Any, op: str | None, name: str) -> Node:
    """A leaf or an operation."""
    node = Node(i, "leaf" if op is None else "op", name, op or "", v.value)
    if v.requires_grad:
        node.grad = v.grad
    if op is None and not name and node.grad is None:
        node.kind = "constant"  # a number that has become a Var on the way
    elif op is None and not name:
        node.name = "leaf"
    return node


def _constant(result: Structure, target: int, position: int, name: str, value: float | None = None) -> None:
    source = len(result.nodes)
    result.nodes[source] = Node(source, "constant", name, value=value)
    result.edges.append(Edge(source, target, position))


def _note_edit(node: Node, recorded: float) -> None:
    value = node.value
    if value is not None and value != recorded and not (math.isnan(value) and math.isnan(recorded)):
        node.note = f"was {recorded!r} when it was used"


def sweep(graph: Structure, operations: int, roots: Sequence[int]) -> dict[int, float]:
    """The adjoint of each node, added up in the order of the engine's sweep: newest first."""
    result = dict.fromkeys(roots, 1.0)
    into = graph.operands()
    for i in reversed(range(operations)):
        if i not in result:
            continue
        edges = into[i]
        many = graph.nodes[i].op in NARY_BY_NAME  # of these the sweep takes the last operand first
        for edge in reversed(edges) if many else edges:
            if edge.partial is not None:
                term = result[i] * edge.partial
                result[edge.source] = result[edge.source] + term if edge.source in result else term
    return result


def _title(roots: Sequence[Any], names: Mapping[int, str], operations: int) -> str:
    shown = [plain(names[id(v)]) for v in roots if id(v) in names]
    what = f"Computation graph of {' and '.join(shown[:4])}" if shown else "Computation graph"
    return f"{what}, {operations:,} operation{'s' * (operations != 1)}"
