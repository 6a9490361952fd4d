"""What a picture shows, before it has a form: nodes, edges, and what is written on them. All writers read this."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from vargrad._draw.labels import number, plain

# How an operation is written in a node; the others are written by their name.
SYMBOLS = {
    "add": "+",
    "sub": "−",  # noqa: RUF001 -- the minus sign, as wide as the plus
    "mul": "×",  # noqa: RUF001
    "truediv": "÷",
    "pow": "**",
    "neg": "−",  # noqa: RUF001
    "mod": "%",
    "floordiv": "//",
    "square": "x²",
    "identity": "=",
    "sum": "Σ",
    "dot": "Σ w x",
    "lt": "<",
    "le": "≤",
    "eq": "=",
    "ne": "≠",
}


@dataclass
class Node:
    """A node of a picture.

    ``kind``: "leaf", "constant", "op", "group" (many nodes in one), "input", "output" or "neuron". ``value``: the
    result, None where a picture has no numbers. ``grad``: what ``.grad`` holds, None where there is none. ``adjoint``:
    the derivative of the root by this node, None where it was not asked for. ``counts``: of a group, how many nodes
    of each operation; ``repeats``: how often its piece is repeated. ``column``: where a network has it.
    """

    id: int
    kind: str
    name: str = ""
    op: str = ""
    value: float | None = None
    grad: float | None = None
    adjoint: float | None = None
    counts: Counter[str] = field(default_factory=Counter)
    repeats: int = 1
    source: str = ""
    note: str = ""
    column: int = 0
    root: bool = False

    @property
    def symbol(self) -> str:
        """How its operation is written."""
        return SYMBOLS.get(self.op, self.op)

    @property
    def nodes(self) -> int:
        """How many nodes of the graph it stands for."""
        return self.counts.total() * self.repeats if self.kind == "group" else 1

    @property
    def title(self) -> str:
        """Its first line."""
        if self.kind == "group":
            what = "node" if self.nodes == 1 else "nodes"
            return f"{self.repeats:,} times" if self.repeats > 1 else f"{self.nodes:,} {what}"
        if self.kind == "constant":
            return plain(self.name) or number(self.value or 0.0)
        return plain(self.name) if self.kind != "op" else self.symbol

    @property
    def lines(self) -> list[str]:
        """What stands under the title."""
        lines = []
        if self.kind == "group":
            common = self.counts.most_common(4)
            lines = [f"{count:,} {SYMBOLS.get(op, op)}" for op, count in common]
            rest = self.counts.total() - sum(count for _, count in common)
            lines += [f"{rest:,} others"] if rest else []
        elif self.kind == "op":
            text = f"{plain(self.name)} = " if self.name else ""
            lines = [text + number(self.value)] if self.value is not None else [plain(self.name)] if self.name else []
        elif self.kind not in ("constant",) and self.value is not None:
            lines = [number(self.value)]
        if self.grad is not None:
            lines.append(f"grad {number(self.grad)}")
        if self.adjoint is not None:
            lines.append(f"adjoint {number(self.adjoint)}")
        return lines + ([plain(self.note)] if self.note else [])

    @property
    def described(self) -> str:
        """One line about it, for a reader who cannot see the picture."""
        what = {"op": self.op, "group": "group", "constant": "constant"}.get(self.kind, self.kind)
        title = self.title if self.kind != "op" else what
        return ", ".join([title if self.kind in ("op", "group") else f"{what} {title}", *self.lines])


@dataclass
class Edge:
    """An edge from an operand to the operation that uses it.

    ``position``: which operand it is, from 0. ``partial``: the derivative of the operation by that operand, as backward
    multiplies it; None where it passes nothing on. ``weight``: a network's parameter. ``count``: how many edges of the
    graph it stands for.
    """

    source: int
    target: int
    position: int = 0
    partial: float | None = None
    weight: float | None = None
    count: int = 1

    @property
    def label(self) -> str:
        """What stands on it."""
        if self.count > 1:
            return f"{self.count:,} edges"
        if self.partial is not None:
            return number(self.partial)
        return "" if self.weight is None else f"{self.weight:.3g}"


@dataclass
class Structure:
    """A picture: ``nodes`` by id, ``edges``, ``title``, ``kind`` ("graph", "network", "chart"), a ``legend`` of pairs.

    ``curves``: of a chart, the numbers of each curve by its name.
    """

    kind: str
    title: str
    nodes: dict[int, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    legend: list[tuple[str, str]] = field(default_factory=list)
    curves: dict[str, list[float]] = field(default_factory=dict)

    def operands(self) -> dict[int, list[Edge]]:
        """The edges into each node, first operand first."""
        into: dict[int, list[Edge]] = {i: [] for i in self.nodes}
        for edge in self.edges:
            into[edge.target].append(edge)
        for edges in into.values():
            edges.sort(key=lambda edge: edge.position)
        return into

    @property
    def described(self) -> str:
        """The picture in words."""
        into = self.operands()
        sentences = [self.title + "."]
        for name, numbers in self.curves.items():
            ends = f"from {number(numbers[0])} to {number(numbers[-1])}"
            sentences.append(f"{name}: {len(numbers)} epochs, {ends}.")
        for node in list(self.nodes.values())[:60]:
            words = node.described
            used = [self.nodes[edge.source].title for edge in into[node.id][:6]]
            sentences.append(f"{words}{' from ' + ' and '.join(used) if used else ''}.")
        if len(self.nodes) > 60:
            sentences.append(f"{len(self.nodes) - 60} more.")
        return " ".join(sentences)
