"""A network as a structure: inputs and neurons in columns, and each weight as an edge."""

from __future__ import annotations

from typing import Any

from vargrad._draw.layout import LINE, MARGIN, TEXT, Box, Layout, ports, size_of, width_of
from vargrad._draw.structure import Edge, Node, Structure

SHOWN = 10  # neurons of one layer, half of them from its end
LABELS = 12  # more weights than that are told by colour and width alone
LEGEND = [
    ("plus", "weight above 0"),
    ("minus", "weight below 0: the wider, the larger"),
]


def structure(model: Any) -> Structure:
    """The picture of an NN, with its weights as they are now."""
    arch = model.arch
    result = Structure("network", f"Network {arch}, {len(model.parameters):,} parameters", legend=list(LEGEND))
    places: list[list[int | None]] = []
    for column, (count, names) in enumerate(zip(arch, ["", *model.activations], strict=True)):
        places.append(shown(count))
        for k in places[-1]:
            i = len(result.nodes)
            if k is None:
                hidden = count - len(places[-1]) + 1
                result.nodes[i] = Node(i, "group", f"{hidden:,} more", column=column)
                result.nodes[i].counts["inputs" if not column else "neurons"] = hidden
                continue
            kind = "neuron" if column else "input"
            result.nodes[i] = Node(i, kind, f"input {k}" if not column else names, column=column)
            result.nodes[i].root = column == len(arch) - 1
            if column and model.has_bias:
                result.nodes[i].note = f"bias {model.biases[column - 1][k].value:.3g}"
    weights, start = model.weights, 0
    for column in range(1, len(arch)):
        end = start + len(places[column - 1])
        for j, neuron in enumerate(places[column]):
            for i, source in enumerate(places[column - 1]):
                if neuron is not None and source is not None:
                    weight = weights[column - 1][neuron][source].value
                    result.edges.append(Edge(start + i, end + j, i, weight=weight))
        start = end
    return result


def shown(count: int) -> list[int | None]:
    """The places of a layer that are drawn; None stands for those between."""
    if count <= SHOWN:
        return list(range(count))
    return [*range(SHOWN // 2), None, *range(count - SHOWN // 2, count)]


def columns(graph: Structure, extra: int = 0) -> Layout:
    """The layout of a network: one column for each layer. Needs no library."""
    result = Layout()
    layers: dict[int, list[Node]] = {}
    for node in graph.nodes.values():
        layers.setdefault(node.column, []).append(node)
    sizes = {i: size_of(node, extra) for i, node in graph.nodes.items()}
    pitch = max(h for _, h in sizes.values()) + 24
    tallest = max(map(len, layers.values()))
    labelled = len(graph.edges) <= LABELS
    x = float(MARGIN)
    for column, nodes in layers.items():
        wide = max(sizes[node.id][0] for node in nodes)
        gap = max((len(layers[column - 1]) if column else 0) * 14, 90) + (60 if labelled else 0)
        x += min(gap, 260) if column else 0
        for k, node in enumerate(nodes):
            y = MARGIN + pitch * (k + 0.5 + (tallest - len(nodes)) / 2)
            result.boxes[node.id] = Box(x + wide / 2, y, wide, sizes[node.id][1])
        x += wide
    taken: list[Box] = []
    leaving, arriving = _ports(graph, result.boxes)
    for k, edge in enumerate(graph.edges):
        a, b = result.boxes[edge.source], result.boxes[edge.target]
        start, end = (a.x + a.w / 2, a.y + leaving[k]), (b.x - b.w / 2, b.y + arriving[k])
        third = tuple((2 * p + q) / 3 for p, q in zip(start, end, strict=True))
        other = tuple((p + 2 * q) / 3 for p, q in zip(start, end, strict=True))
        result.curves.append([start, (third[0], third[1]), (other[0], other[1]), end])
        if not labelled:
            result.labels.append(None)
            continue
        w = width_of(edge.label, TEXT) + 6
        spots = [
            Box(start[0] + t * (end[0] - start[0]), start[1] + t * (end[1] - start[1]), w, LINE)
            for t in (0.3, 0.7, 0.24, 0.76, 0.4, 0.6, 0.5)
        ]
        box = next((spot for spot in spots if not any(spot.meets(other) for other in taken)), spots[0])
        result.labels.append(box)
        taken.append(box)
    result.width, result.height = x + MARGIN, pitch * tallest + 2 * MARGIN
    return result


def _ports(graph: Structure, boxes: dict[int, Box]) -> tuple[dict[int, float], dict[int, float]]:
    """Where each edge leaves and arrives, from the middle of the node's side: spread, to be told apart."""
    sides: tuple[dict[int, float], dict[int, float]] = ({}, {})
    for side, own, other in ((sides[0], "source", "target"), (sides[1], "target", "source")):
        at: dict[int, list[int]] = {}
        for k, edge in enumerate(graph.edges):
            at.setdefault(getattr(edge, own), []).append(k)
        for node, edges in at.items():
            edges.sort(key=lambda k: boxes[getattr(graph.edges[k], other)].y)
            for k, port in zip(edges, ports(len(edges), boxes[node].h, 9.0), strict=True):
                side[k] = port
    return sides
