"""A picture as shapes and texts at places, in the order in which they are painted. SVG and PDF are written from it."""

from __future__ import annotations

from dataclasses import dataclass, field

from vargrad._draw.labels import number
from vargrad._draw.layout import LINE, MARGIN, PAD, TEXT, TITLE, Layout, width_of
from vargrad._draw.structure import Edge, Node, Structure


@dataclass
class Shape:
    """A rectangle (with ``radius``), or a curve (``points``: a start, then three for each cubic)."""

    style: str
    x: float = 0.0
    y: float = 0.0
    w: float = 0.0
    h: float = 0.0
    radius: float = 0.0
    points: list[tuple[float, float]] = field(default_factory=list)
    thick: float | None = None
    arrow: bool = False


@dataclass
class Text:
    """A text by the place of its baseline; ``anchor``: start, middle or end."""

    style: str
    x: float
    y: float
    text: str
    size: float = TEXT
    anchor: str = "middle"


@dataclass
class Part:
    """What belongs together: a node, an edge, the legend. ``key`` names it in the SVG, ``title`` says what it is."""

    key: str
    style: str
    title: str
    items: list[Shape | Text] = field(default_factory=list)


@dataclass
class Scene:
    """All parts, and the size of the picture in pixels."""

    width: float
    height: float
    title: str
    described: str
    parts: list[Part] = field(default_factory=list)


def scene(graph: Structure, layout: Layout, free: int = 0) -> Scene:
    """The picture of a structure. ``free``: so many lines of a node are left for the stepper."""
    result = Scene(layout.width, layout.height, graph.title, graph.described)
    widest = 5.4 if len(graph.edges) <= 30 else 2.6
    numbered = any(edge.partial is not None for edge in graph.edges)
    strongest = max((abs(edge.weight) for edge in graph.edges if edge.weight is not None), default=1.0) or 1.0
    for k, (edge, curve) in enumerate(zip(graph.edges, layout.curves, strict=True)):
        part = Part(f"edge-{k}", f"edge {_passing(graph, edge, numbered)}", _edge_words(graph, edge))
        line = Shape("line", points=curve, arrow=graph.kind != "network")
        if edge.weight is not None:
            line.style = "plus" if edge.weight >= 0 else "minus"
            line.thick = 0.6 + widest * abs(edge.weight) / strongest
        part.items.append(line)
        result.parts.append(part)
    for k, (edge, box) in enumerate(zip(graph.edges, layout.labels, strict=True)):
        if box is not None:  # after all lines, so that no line goes through a label
            part = Part(f"label-{k}", "label", "")
            part.items.append(Shape("halo", box.x - box.w / 2, box.y - box.h / 2, box.w, box.h, 5))
            style = "partial" if edge.partial is not None else "count"
            part.items.append(Text(style, box.x, box.y + TEXT * 0.36, edge.label))
            result.parts.append(part)
    for i, node in graph.nodes.items():
        result.parts.append(_node(node, layout, i, free))
    legend(result, graph)
    return result


def _passing(graph: Structure, edge: Edge, numbered: bool) -> str:
    """Quiet are constants, and in a picture with derivatives all that passes none on."""
    shown = edge.partial is not None or edge.weight is not None or not numbered
    return "passes" if shown and graph.nodes[edge.source].kind != "constant" else "quiet"


def _edge_words(graph: Structure, edge: Edge) -> str:
    a, b = graph.nodes[edge.source], graph.nodes[edge.target]
    text = f"{a.title} to {b.title}"
    if edge.partial is not None:
        return f"{text}, derivative {number(edge.partial)}"
    return f"{text}, weight {number(edge.weight)}" if edge.weight is not None else text


def _node(node: Node, layout: Layout, i: int, free: int) -> Part:
    box = layout.boxes[i]
    root = " root" if node.root else ""
    part = Part(f"node-{i}", f"node {node.kind}{root}", node.described + (f", {node.source}" if node.source else ""))
    left, top = box.x - box.w / 2, box.y - box.h / 2
    if node.kind == "constant":
        part.items.append(Shape("halo", left, top, box.w, box.h, 6))
        part.items.append(Text("number", box.x, box.y + TEXT * 0.36, node.title))
        return part
    if node.kind == "group":
        for shift in (8, 4):
            part.items.append(Shape("plate", left + shift, top - shift, box.w, box.h, 9))
    part.items.append(Shape("plate", left, top, box.w, box.h, 20 if node.kind in ("leaf", "input") else 9))
    lines = node.lines
    y = box.y - LINE * (len(lines) + free) / 2 + TITLE * 0.36
    part.items.append(Text("title", box.x, y, node.title, TITLE))
    for line in lines:
        y += LINE
        style = line.split(" ")[0] if line.startswith(("grad ", "adjoint ")) else "number"
        part.items.append(Text(style, box.x, y, line))
    for _ in range(free):
        y += LINE
        part.items.append(Text("adjoint", box.x, y, ""))
    return part


def legend(result: Scene, graph: Structure) -> None:
    """At the bottom, in as many lines as the width of the picture asks for."""
    entries = [(style, text, 24 + 0.86 * width_of(text, TEXT)) for style, text in graph.legend]
    if not entries:
        return
    result.width = max(result.width, *(w + 2 * MARGIN for _, _, w in entries))
    part = Part("legend", "legend", "Legend")
    x, y = float(MARGIN), result.height + 10
    for style, text, w in entries:
        if x > MARGIN and x + w > result.width - MARGIN:
            x, y = float(MARGIN), y + LINE + 4
        part.items.append(Shape(f"swatch-{style}", x, y - 10, 14, 12, 3 if style != "leaf" else 6))
        part.items.append(Text("words", x + 21, y, text, anchor="start"))
        x += w + PAD + 6
    result.parts.append(part)
    result.height = y + MARGIN - 4
