"""A structure as text: a tree from each root down to the inputs, a shared node once."""

from __future__ import annotations

from vargrad._draw.structure import Node, Structure

DEEPEST, MOST = 40, 400  # levels that are indented, and lines in all


def tree(graph: Structure) -> str:
    """The lines of the tree. A node that is met again is named by its number: "= [3]"."""
    into = graph.operands()
    uses = dict.fromkeys(graph.nodes, 0)
    for edge in graph.edges:
        uses[edge.source] += 1
    numbers: dict[int, int] = {}
    lines = [graph.title]
    used = {edge.source for edge in graph.edges}
    roots = [i for i, node in graph.nodes.items() if node.root or i not in used]
    stack = [(i, "", "", "") for i in reversed(roots)]
    while stack:
        i, branch, below, label = stack.pop()
        if len(lines) > MOST:
            lines.append(f"... {len(graph.nodes) - MOST:,} more nodes")
            break
        node = graph.nodes[i]
        text = f"{branch}{label}{_text(node)}"
        if i in numbers:
            lines.append(f"{text}  = [{numbers[i]}]")
            continue
        shared = uses[i] > 1 and node.kind != "constant"
        if shared:
            numbers[i] = len(numbers) + 1
        lines.append(f"{text}  [{numbers[i]}]" if shared else text)
        edges = into[i]
        deep = len(below) // 3 >= DEEPEST
        if deep and edges:
            lines.append(f"{below}...")
            continue
        for edge in reversed(edges):
            last = edge is edges[-1]
            mark = f"({edge.label}) " if edge.label else ""
            stack.append((edge.source, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  "), mark))
    lines += ["", *(f"{text}" for name, text in _legend(graph) if name)]
    return "\n".join(lines).rstrip()


def _text(node: Node) -> str:
    more = "  ".join(node.lines)
    return f"{node.title}: {more}" if more else node.title


def _legend(graph: Structure) -> list[tuple[str, str]]:
    if not any(edge.partial is not None for edge in graph.edges):
        return []
    return [("partial", "in parentheses: the derivative of the operation above by this operand")]


_ASCII: dict[str, str] = dict(zip("├└│─▁▂▃▄▅▆▇█", "|`|-._-~=+*#", strict=True)) | {
    "\N{MINUS SIGN}": "-",
    "\N{MULTIPLICATION SIGN}": "*",
    "÷": "/",
    "≤": "<=",
    "≠": "!=",
    "Σ": "sum",
    "²": "^2",
    "…": "...",
}


def in_ascii(text: str) -> str:
    """The same with signs of ASCII alone; what has no likeness there is a question mark."""
    return text.translate({ord(sign): like for sign, like in _ASCII.items()}).encode("ascii", "replace").decode("ascii")
