"""Where nodes and edges of a graph are: layers from left to right, by igraph's Sugiyama layout.

That library knows no sizes. It gives each node a layer and a place in it, and each long edge a place in the layers that
it passes. Widths, gaps, ports and the places of labels are computed here, from the texts.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass, field

from vargrad._draw.structure import Edge, Node, Structure
from vargrad._ops.table import NARY

MISSING = "needs its layout library: pip install 'vargrad[draw]'. Without it, print(draw(...)) shows a tree of text"
TITLE, TEXT, LINE = 17, 13, 18  # sizes of fonts, height of a line, in pixels
PAD, MARGIN, SPACE, GAP = 14, 24, 26, 46  # inside a node, around all, between nodes of a layer, between layers
_PORT = 20.0  # between edges that enter a node
_ANY_ORDER = {"add", "mul", *(row.name for row in NARY)}  # the others show their first operand above the second


@dataclass
class Box:
    """A rectangle by its middle."""

    x: float
    y: float
    w: float
    h: float

    def meets(self, other: Box, space: float = 2.0) -> bool:
        """Whether the two are closer than that."""
        return (
            abs(self.x - other.x) * 2 < self.w + other.w + 2 * space
            and abs(self.y - other.y) * 2 < self.h + other.h + 2 * space
        )


@dataclass
class Layout:
    """Boxes of nodes by id; for each edge its curve (a point, then three for each cubic) and the box of its label."""

    width: float = 0.0
    height: float = 0.0
    boxes: dict[int, Box] = field(default_factory=dict)
    curves: list[list[tuple[float, float]]] = field(default_factory=list)
    labels: list[Box | None] = field(default_factory=list)


def width_of(text: str, size: float) -> float:
    """About how wide a text is: no font here is wider."""
    return sum(1.05 if unicodedata.east_asian_width(c) in "WF" else 0.62 for c in text) * size


def number_width(node: Node) -> float:
    """The width of a constant, with the arrow from it to its operation."""
    return width_of(node.title, TEXT) + 34


def size_of(node: Node, extra: int = 0) -> tuple[float, float]:
    """Width and height of a node; ``extra`` more lines are left free, each for a number."""
    if node.kind == "constant":
        return width_of(node.title, TEXT) + 10, 24.0
    widths = [width_of(node.title, TITLE), *(width_of(line, TEXT) for line in node.lines), 140.0 * (extra > 0)]
    return max(*widths, 28.0) + 2 * PAD, 22 + LINE * (len(node.lines) + extra) + 14


def layered(graph: Structure, extra: int = 0) -> Layout:
    """The layout of a graph; ImportError where the library is missing."""
    constants = {i for i, node in graph.nodes.items() if node.kind == "constant"}
    into = graph.operands()
    sizes: dict[int, tuple[float, float]] = {}
    leads: dict[int, float] = {}  # room on the left of a node for its constants
    for i, node in graph.nodes.items():
        if i in constants:
            continue
        w, h = size_of(node, extra)
        numbers = [graph.nodes[edge.source] for edge in into[i] if edge.source in constants]
        leads[i] = max(map(number_width, numbers), default=0.0)
        sizes[i] = w, max(h, _PORT * (len(into[i]) - 1) + 34 if numbers else 0.0)
    places, layers, ways = _plane(graph, constants)
    pitch = max((h for _, h in sizes.values()), default=40.0) + SPACE
    wide: dict[int, float] = {}
    for i, layer in layers.items():
        wide[layer] = max(wide.get(layer, 0.0), sizes[i][0] + leads[i])
    top = min(places.values(), default=0.0)
    for stretch in (1.0, 1.3, 1.7, 2.2, 3.0):
        result = Layout()
        lefts = _columns(graph, layers, wide, stretch)
        unit = pitch * stretch**0.5
        for i, (w, h) in sizes.items():
            middle = lefts[layers[i]] + (wide[layers[i]] + leads[i]) / 2
            result.boxes[i] = Box(middle, unit * (places[i] - top), w, h)
        heights = [[unit * (across - top) for _, across in way] for way in ways]
        _route(result, graph, layers, lefts, wide, ways, heights)
        if _label(result, graph):
            break
    _fit(result)
    return result


def _fit(result: Layout) -> None:
    """Move all to where the margins end."""
    boxes = [*result.boxes.values(), *(box for box in result.labels if box is not None)]
    depths = [box.y + sign * box.h / 2 for box in boxes for sign in (-1, 1)]
    depths += [y for curve in result.curves for _, y in curve]
    down = MARGIN + 8 - min(depths, default=0.0)
    for box in boxes:
        box.y += down
    result.curves = [[(x, y + down) for x, y in curve] for curve in result.curves]
    result.width = max((box.x + box.w / 2 for box in boxes), default=0.0) + MARGIN
    result.height = max(depths, default=0.0) + down + MARGIN


def _plane(
    graph: Structure, constants: set[int]
) -> tuple[dict[int, float], dict[int, int], list[list[tuple[int, float]]]]:
    """For each node its place across and its layer, and for each edge the layers and places that it passes."""
    try:
        import igraph
    except ImportError as error:
        raise ImportError(f"a picture of a graph {MISSING}") from error
    ids = [i for i in graph.nodes if i not in constants]
    index = {i: k for k, i in enumerate(ids)}
    pairs = sorted({(edge.source, edge.target) for edge in graph.edges if edge.source not in constants})
    layers = _layers(ids, pairs)
    plain = igraph.Graph(len(ids), [(index[a], index[b]) for a, b in pairs], directed=True)
    places: dict[int, float] = {}
    between: dict[tuple[int, int], list[tuple[int, float]]] = {}
    offset = 0.0
    for component in plain.connected_components(mode="weak"):  # all at once, it mixes up their edges
        part = plain.induced_subgraph(component)  # keeps the order of nodes
        members = [ids[k] for k in sorted(component)]
        found = part.layout_sugiyama(layers=[layers[i] for i in members], maxiter=300)
        left = min(x for x, _ in found.coords)
        places.update((i, x - left + offset) for i, (x, _) in zip(members, found.coords, strict=True))
        for (a, b), way in zip(part.get_edgelist(), found.edge_routing, strict=True):
            pair = members[a], members[b]
            between[pair] = [(layers[pair[0]] + 1 + k, x - left + offset) for k, (x, _) in enumerate(way)]
        offset = max(places[i] for i in members) + 1.2
    _part(places, layers, between)
    return places, layers, [between.get((edge.source, edge.target), []) for edge in graph.edges]


def _part(
    places: dict[int, float], layers: dict[int, int], between: dict[tuple[int, int], list[tuple[int, float]]]
) -> None:
    """Move apart what igraph puts too close together or in one place, as it does with some graphs."""
    rows: dict[int, list[tuple[float, tuple[int, int], int]]] = {}
    for i, x in places.items():
        rows.setdefault(layers[i], []).append((x, (i, -1), -1))
    for pair, way in between.items():
        for k, (layer, x) in enumerate(way):
            rows.setdefault(layer, []).append((x, pair, k))
    for row in rows.values():
        end, last = -math.inf, 0.5
        for x, (a, b), k in sorted(row):
            size = 0.5 if k < 0 else 0.2
            end, last = max(x, end + last + size), size
            if k < 0:
                places[a] = end
            else:
                between[a, b][k] = between[a, b][k][0], end


def _layers(ids: list[int], pairs: list[tuple[int, int]]) -> dict[int, int]:
    """An operation stands right behind the last of its operands, an input right before the first that uses it."""
    operands: dict[int, list[int]] = {i: [] for i in ids}
    users: dict[int, list[int]] = {i: [] for i in ids}
    for a, b in pairs:
        operands[b].append(a)
        users[a].append(b)
    left = {i: len(operands[i]) for i in ids}
    ready = [i for i in ids if not left[i]]
    layers = dict.fromkeys(ids, 0)
    while ready:
        i = ready.pop()
        for user in users[i]:
            layers[user] = max(layers[user], layers[i] + 1)
            left[user] -= 1
            if not left[user]:
                ready.append(user)
    for i in ids:
        if not operands[i] and users[i]:
            layers[i] = min(layers[user] for user in users[i]) - 1
    return layers


def _columns(graph: Structure, layers: dict[int, int], wide: dict[int, float], stretch: float) -> dict[int, float]:
    """The left side of each layer: before it is room for the labels of the edges that end there."""
    room: dict[int, float] = {}
    for edge in graph.edges:
        layer = layers[edge.target]
        room[layer] = max(room.get(layer, 0.0), width_of(edge.label, TEXT) + 20 if edge.label else 0.0)
    lefts, x = {}, float(MARGIN)
    for layer in sorted(wide):
        x += (GAP + room.get(layer, 0.0)) * stretch if layer > min(wide) else 0.0
        lefts[layer] = x
        x += wide[layer]
    return lefts


def ports(count: int, height: float, most: float) -> list[float]:
    """Where so many edges meet the side of a node, from its middle."""
    step = min(most, (height - 14) / (count - 1)) if count > 1 else 0.0
    return [(k - (count - 1) / 2) * step for k in range(count)]


def _route(
    result: Layout,
    graph: Structure,
    layers: dict[int, int],
    lefts: dict[int, float],
    wide: dict[int, float],
    ways: list[list[tuple[int, float]]],
    heights: list[list[float]],
) -> None:
    leaving: dict[int, list[int]] = {}
    for k, edge in enumerate(graph.edges):
        if edge.source in layers:  # no constant
            leaving.setdefault(edge.source, []).append(k)
    first: dict[int, float] = {}
    for source, edges in leaving.items():
        # In the order in which they go up or down, so that they do not cross at once.
        edges.sort(key=lambda k: (heights[k] or [result.boxes[graph.edges[k].target].y])[0] * 1000 + _port(graph, k))
        for k, port in zip(edges, ports(len(edges), result.boxes[source].h, 14.0), strict=True):
            first[k] = port
    last: dict[int, float] = {}
    for target, arriving in _arriving(graph, layers, result, heights).items():
        for k, port in zip(arriving, ports(len(arriving), result.boxes[target].h, _PORT), strict=True):
            last[k] = port
    for k, edge in enumerate(graph.edges):
        b = result.boxes[edge.target]
        end = (b.x - b.w / 2, b.y + last[k])
        if edge.source not in layers:
            w = number_width(graph.nodes[edge.source]) - 26
            result.boxes[edge.source] = Box(end[0] - 26 - w / 2, end[1], w, 19.0)
            result.curves.append([(end[0] - 24, end[1]), *_straight((end[0] - 24, end[1]), end)])
            continue
        a = result.boxes[edge.source]
        points = [(a.x + a.w / 2, a.y + first[k])]
        column = lefts[layers[edge.source]] + wide[layers[edge.source]]
        if points[0][0] < column - 1:
            points += _straight(points[-1], (column, points[0][1]))
        for (layer, _), y in zip(ways[k], heights[k], strict=True):
            points += _curve(points[-1], (lefts[layer], y))
            points += _straight(points[-1], (lefts[layer] + wide[layer], y))
        points += _curve(points[-1], (lefts[layers[edge.target]], end[1]))
        if end[0] > points[-1][0] + 1:
            points += _straight(points[-1], end)
        result.curves.append(points)


def _arriving(
    graph: Structure, layers: dict[int, int], result: Layout, heights: list[list[float]]
) -> dict[int, list[int]]:
    """The edges into each node from top to bottom: by their operand, or where that is no matter as they come."""
    arriving: dict[int, list[int]] = {}
    for k, edge in enumerate(graph.edges):
        arriving.setdefault(edge.target, []).append(k)

    def height(k: int) -> float:
        source = graph.edges[k].source
        if source not in layers:
            return float("inf")
        return heights[k][-1] if heights[k] else result.boxes[source].y

    for target, edges in arriving.items():
        free = graph.nodes[target].op in _ANY_ORDER or graph.nodes[target].kind != "op"
        edges.sort(key=lambda k: (height(k) if free else 0.0, graph.edges[k].position))
    return arriving


def _port(graph: Structure, k: int) -> float:
    return float(graph.edges[k].position)


def _curve(a: tuple[float, float], b: tuple[float, float]) -> list[tuple[float, float]]:
    middle = (a[0] + b[0]) / 2
    return [(middle, a[1]), (middle, b[1]), b]


def _straight(a: tuple[float, float], b: tuple[float, float]) -> list[tuple[float, float]]:
    return [((2 * a[0] + b[0]) / 3, (2 * a[1] + b[1]) / 3), ((a[0] + 2 * b[0]) / 3, (a[1] + 2 * b[1]) / 3), b]


def at(curve: list[tuple[float, float]], part: int, t: float) -> tuple[float, float]:
    """A point of a curve: ``part`` counts its cubics, t goes from 0 to 1."""
    p = curve[3 * part : 3 * part + 4]
    s = 1 - t
    weights = (s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t)
    return sum(w * x for w, (x, _) in zip(weights, p, strict=True)), sum(
        w * y for w, (_, y) in zip(weights, p, strict=True)
    )


def _label(result: Layout, graph: Structure) -> bool:
    """Find a place on its own edge for each label; whether none of them overlaps anything."""
    taken: list[Box] = list(result.boxes.values())
    free = True
    for edge, curve in zip(graph.edges, result.curves, strict=True):
        if not edge.label:
            result.labels.append(None)
            continue
        w = width_of(edge.label, TEXT) + 8
        spots = [Box(*at(curve, part, t), w, 19.0) for part, t in _spots(edge, curve)]
        box = next((spot for spot in spots if not any(spot.meets(other) for other in taken)), None)
        free = free and box is not None
        result.labels.append(box or spots[0])
        taken.append(result.labels[-1])  # type: ignore[arg-type]
    return free


def _spots(edge: Edge, curve: list[tuple[float, float]]) -> list[tuple[int, float]]:
    """Places for a label, the best first: in the gap before the operation, then in the gaps before that one."""
    parts = range(len(curve) // 3)
    curved = [k for k in parts if curve[3 * k + 1][0] == curve[3 * k + 2][0]]
    return [(k, t) for k in reversed(curved or parts) for t in (0.5, 0.58, 0.42, 0.66, 0.34, 0.74, 0.26, 0.82, 0.18)]
