"""Merge all recorded paths of a specialization into one graph, in which what they share is computed once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from vargrad._compile.paths import Path
from vargrad._core.var import Var
from vargrad._ir.expressions import ExpressionGraph
from vargrad._ops.codes import COMPOSITE, CONSTANT

Composites: TypeAlias = dict[tuple[int, tuple[int, ...]], int]


@dataclass
class Branch:
    """One path: its results and guards as nodes of the merged graph, and its side traces by guard."""

    results: list[int]
    guards: list[int]
    outcomes: list[float]
    children: dict[int, list[tuple[float, Branch]]] = field(default_factory=dict)
    size: int = 1  # how many paths begin with this one
    known: int = 0  # guards that its rows have passed, or failed, on the path that they come from


class Merged:
    """The paths of a specialization, the first one first. Inputs: the arguments, then the leaves."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.expressions = g = ExpressionGraph()
        self.arguments = [[g.input() for _ in nodes] for nodes in paths[0].recording.arguments]
        self.leaves: dict[Var, int] = {}
        self._composites: Composites = {}
        branches = {id(path): self._branch(path) for path in paths}
        self.branches = list(branches.values())  # parents before children
        self.root = branches[id(paths[0])]
        for path in reversed(paths):  # children are younger
            branch = branches[id(path)]
            for (guard, value), child in path.children.items():
                branch.children.setdefault(guard, []).append((value, branches[id(child)]))
                branches[id(child)].known = guard + 1
                branch.size += branches[id(child)].size

    def _branch(self, path: Path) -> Branch:
        recording, g = path.recording, self.expressions
        ids: dict[int, int] = {}
        for mine, theirs in zip(self.arguments, recording.arguments, strict=True):
            ids |= dict(zip(theirs, mine, strict=True))
        for leaf, node in zip(recording.leaves, recording.leaf_inputs, strict=True):
            if leaf not in self.leaves:
                self.leaves[leaf] = g.input()
            ids[node] = self.leaves[leaf]
        guards = [node for node, _ in recording.guards]
        transplant(recording.expressions, [*recording.results, *guards], g, ids, self._composites)
        return Branch([ids[node] for node in recording.results], [ids[node] for node in guards], path.outcomes)


def transplant(
    source: ExpressionGraph, wanted: Iterable[int], target: ExpressionGraph, ids: dict[int, int], composites: Composites
) -> None:
    """Copy the wanted nodes and their operands to another graph.

    ``ids``: the new numbers of nodes, to which those made are added; it has to hold the inputs'. ``composites``: those
    of the target, by value and operands.
    """
    parents = source.parents
    ids[0] = 0
    needed = reachable(source, wanted, ids)
    for node in needed:
        op, a, b, c = source.node(node)
        if op == CONSTANT:
            ids[node] = target.constant(source.number_of(node))
        elif op == COMPOSITE:
            key = ids[a], tuple(ids[operand] for operand, _, _ in parents[node])
            if key not in composites:
                composites[key] = target.composite(ids[a])
            ids[node] = composites[key]
        else:
            ids[node] = target.make(op, ids[a], ids[b], ids[c])
    for node in needed:
        if parents.get(node):
            target.parents[ids[node]] = tuple((ids[a], ids[p], ids[c] if c >= 0 else -1) for a, p, c in parents[node])


def reachable(source: ExpressionGraph, wanted: Iterable[int], known: dict[int, int]) -> Sequence[int]:
    """The wanted nodes and all their operands, derivatives of composites included, but no known ones; oldest first."""
    seen: set[int] = set()
    stack = list(wanted)
    while stack:
        node = stack.pop()
        if node not in seen and node not in known and node >= 0:
            seen.add(node)
            stack += source.node(node)[1:]
            for parent in source.parents.get(node, ()):
                stack += parent
    return sorted(seen)
