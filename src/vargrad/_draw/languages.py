"""A structure in the languages of other tools: Graphviz's dot, and Mermaid."""

from __future__ import annotations

from vargrad._draw.palette import LIGHT
from vargrad._draw.structure import Node, Structure

_DOT_SHAPES = {"leaf": "oval", "input": "oval", "constant": "plaintext", "group": "box3d"}


def dot(graph: Structure) -> str:
    """For Graphviz: ``dot -Tsvg graph.dot``."""
    lines = [
        "digraph {",
        f"  graph [rankdir=LR, label={_quoted(graph.title)}, fontname=Helvetica, bgcolor=transparent]",
        '  node [fontname=Helvetica, shape=box, style="rounded,filled", fillcolor="#f4f6f8", color="#7d8590"]',
        '  edge [fontname=Helvetica, color="#57606a"]',
    ]
    for i, node in graph.nodes.items():
        shape = _DOT_SHAPES.get(node.kind, "box")
        style = ', style="filled"' if shape in ("oval", "box3d") else ', style=""' if shape == "plaintext" else ""
        fill = f', fillcolor="{LIGHT["leaf_fill"]}", color="{LIGHT["leaf"]}"' if shape == "oval" else ""
        lines.append(f"  n{i} [label={_quoted(_label(node))}, shape={shape}{style}{fill}]")
    for edge in graph.edges:
        attributes = []
        if edge.label:
            attributes.append(f'label={_quoted(edge.label)}, fontcolor="{LIGHT["partial"]}"')
        if edge.weight is not None:
            attributes.append(f'color="{LIGHT["leaf" if edge.weight >= 0 else "partial"]}"')
        more = f" [{', '.join(attributes)}]" if attributes else ""
        lines.append(f"  n{edge.source} -> n{edge.target}{more}")
    return "\n".join([*lines, "}", ""])


def _label(node: Node) -> str:
    return "\n".join([node.title, *node.lines])


def _quoted(text: str) -> str:
    """A string of dot: only quotes and backslashes mean something in it, and newlines are written."""
    safe = text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{safe}"'


def mermaid(graph: Structure) -> str:
    """For Mermaid, which GitHub and many wikis show in a page of Markdown."""
    lines = ["flowchart LR", f"  accTitle: {_words(graph.title)}"]
    for i, node in graph.nodes.items():
        text = _mermaid(_label(node))
        open_, close = {"leaf": ("([", "])"), "input": ("([", "])"), "group": ("[[", "]]")}.get(node.kind, ("[", "]"))
        lines.append(f'  n{i}{open_}"{text}"{close}:::{node.kind}')
    for edge in graph.edges:
        label = f'|"{_mermaid(edge.label)}"|' if edge.label else ""
        lines.append(f"  n{edge.source} -->{label} n{edge.target}")
    lines += [
        f"  classDef leaf fill:{LIGHT['leaf_fill']},stroke:{LIGHT['leaf']},color:{LIGHT['ink']}",
        f"  classDef op fill:{LIGHT['plate']},stroke:{LIGHT['edge']},color:{LIGHT['ink']}",
        "  classDef constant fill:none,stroke:none",
    ]
    return "\n".join([*lines, ""])


def _mermaid(text: str) -> str:
    """Mermaid has no escapes but numbers of characters: all but letters, digits and a few signs are written so."""
    return "".join(c if c.isalnum() or c in " .,:+-=_" else "<br>" if c == "\n" else f"#{ord(c)};" for c in text)


def _words(text: str) -> str:
    return "".join(c if c.isalnum() or c in " .,:+-=_()[]" else " " for c in text)
