"""The stepper: the steps that go forward through a graph and then backward, edge by edge."""

from __future__ import annotations

import copy
import linecache
import os

from vargrad._draw import formulas
from vargrad._draw.labels import number, plain
from vargrad._draw.layout import layered
from vargrad._draw.page import Page, Shown, Step
from vargrad._draw.scene import scene
from vargrad._draw.structure import Edge, Node, Structure
from vargrad._ops.table import NARY_BY_NAME

TIMES = "\N{MULTIPLICATION SIGN}"


class Steps(Shown):
    """The steps of a graph, and the page that shows them; ``draw(v).steps()`` makes it.

    ``steps``: the list of them. ``names``: what the nodes are called in it.

    >>> import vargrad
    >>> x = vargrad.Var(3.0, requires_grad=True)
    >>> for step in vargrad.draw(x * x, names={"x": x}).steps().steps:
    ...     print(step.formula.replace("\\N{MULTIPLICATION SIGN}", "times"))
    <BLANKLINE>
    v1 = x * x = 3 * 3 = 9
    dv1/dv1 = 1
    dv1/dx = dv1/dv1 times x = 1 times 3 = 3
    dv1/dx = 3 + dv1/dv1 times x = 3 + 1 times 3 = 6
    dv1/dx = 6
    """

    def __init__(self, structure: Structure) -> None:
        roots = [node for node in structure.nodes.values() if node.root]
        if structure.kind != "graph" or any(node.value is None for node in structure.nodes.values() if not node.name):
            small = structure.kind == "graph" and any(node.kind == "group" for node in structure.nodes.values())
            why = "this graph was collapsed: give draw() a higher limit" if small else "there is no backward pass in it"
            raise ValueError(f"steps() shows the graph under one Var: {why}")
        if len(roots) != 1 or roots[0].kind != "op":
            raise ValueError(f"steps() shows the graph under one computed Var, this picture has {len(roots)} root(s)")
        edited = next((node for node in structure.nodes.values() if node.note), None)
        if edited is not None:
            raise ValueError(
                f"a leaf was edited after its use ({edited.title} {edited.note}): run the forward pass again"
            )
        self.structure = _bare(structure)
        self.root = roots[0].id
        self.names = _names(self.structure)
        self.steps = _Walk(self.structure, self.root, self.names).steps

    def _page(self) -> Page:
        graph = self.structure
        rows = [
            (f"node-{i}", self.names[i], node.value or 0.0)
            for i, node in sorted(graph.nodes.items(), key=lambda item: self.names[item[0]])
            if node.kind == "leaf"
        ]
        root = self.names[self.root]
        shapes = scene(graph, layered(graph, 1), 1)
        return Page(f"{root}, step by step", f"Derivatives of {root} so far, with all digits", shapes, rows, self.steps)

    def __repr__(self) -> str:
        return f"<vargrad stepper: {self.structure.title}, {len(self.steps)} steps>"


def _bare(structure: Structure) -> Structure:
    """A copy without the sums of other sweeps: the steps fill them in."""
    graph = copy.deepcopy(structure)
    for node in graph.nodes.values():
        node.grad = node.adjoint = None
    graph.legend = [
        ("leaf", "input"),
        ("op", "operation and its result"),
        ("partial", "on an arrow: derivative of the operation by that operand"),
        ("adjoint", "derivative of the result, as far as it is added up"),
    ]
    return graph


def _names(graph: Structure) -> dict[int, str]:
    """A name for each node: its own, or v1, v2 and so on; a constant is its number."""
    names: dict[int, str] = {}
    taken = {node.name for node in graph.nodes.values()}
    counts = {"op": 0, "leaf": 0}
    for i, node in graph.nodes.items():
        if node.kind == "constant":
            names[i] = plain(node.name) or number(node.value or 0.0)
            continue
        own = "" if node.kind == "leaf" and node.name == "leaf" else plain(node.name)
        while not own or (not node.name and own in taken):
            counts[node.kind] += 1
            own = f"{'v' if node.kind == 'op' else 'leaf'}{counts[node.kind]}"
        names[i] = own
        if not node.name or node.name == "leaf":
            node.name = own
    return names


class _Walk:
    """Makes the steps."""

    def __init__(self, graph: Structure, root: int, names: dict[int, str]) -> None:
        self.graph, self.root, self.names = graph, root, names
        self.into = graph.operands()
        self.place = {id(edge): k for k, edge in enumerate(graph.edges)}
        leaves = [f"node-{i}" for i, node in graph.nodes.items() if node.kind != "op"]
        self.steps = [Step("start", "Forward: each operation computes its result from its operands.", show=leaves)]
        operations = [node for node in graph.nodes.values() if node.kind == "op"]
        for node in operations:
            self._forward(node)
        self.sums = {root: 1.0}
        r = names[root]
        self.steps.append(
            Step("backward", f"Backward begins at the result: by itself, {r} has the derivative 1.", f"d{r}/d{r} = 1")
        )
        self._arrive(self.steps[-1], root)
        for node in reversed(operations):
            if node.id in self.sums:
                edges = self.into[node.id]
                for edge in reversed(edges) if node.op in NARY_BY_NAME else edges:
                    self._back(node, edge)
        self._end()

    def _forward(self, node: Node) -> None:
        edges = self.into[node.id]
        name, value = self.names[node.id], number(node.value or 0.0)
        operands = [self.names[edge.source] for edge in edges]
        values = [number(self.graph.nodes[edge.source].value or 0.0) for edge in edges]
        text = formulas.expression(node.op, operands)
        filled = formulas.expression(node.op, values)
        same = f" = {filled}" if filled != text else ""
        links = [f"edge-{self.place[id(edge)]}" for edge in edges]
        key = f"node-{node.id}"
        say = f"{name} is {text}. Its value is {value}."
        step = Step(
            "forward", say, f"{name} = {text}{same} = {value}", _line(node.source), [key, *links], [key, *links]
        )
        self.steps.append(step)

    def _back(self, node: Node, edge: Edge) -> None:
        if edge.partial is None:
            return
        r, n, a = self.names[self.root], self.names[node.id], self.names[edge.source]
        adjoint = self.sums[node.id]
        term = adjoint * edge.partial
        operands = [self.names[e.source] for e in self.into[node.id]]
        values = [self.graph.nodes[e.source].value or 0.0 for e in self.into[node.id]]
        rule = formulas.partial(node.op, edge.position, operands, n, [*values, node.value or 0.0])
        value = number(edge.partial)
        local = f"{rule} = {value}" if rule and rule != value else value
        say = f"{n} is {formulas.expression(node.op, operands)}: its derivative by {a} is {local}."
        factor = rule.replace(" * ", f" {TIMES} ") if rule and rule != value else f"d{n}/d{a}"
        product = f"d{r}/d{n} {TIMES} {_bracketed(factor)}"
        numbers = f"{number(adjoint)} {TIMES} {_bracketed(value)}"
        before = self.sums.get(edge.source)
        if before is None:
            self.sums[edge.source] = term
            formula = f"d{r}/d{a} = {product} = {numbers} = {number(term)}"
        else:
            self.sums[edge.source] = total = before + term
            say += f" {a} is used more than once, so this is added to the {number(before)} that came before."
            formula = f"d{r}/d{a} = {number(before)} + {product} = {number(before)} + {numbers} = {number(total)}"
        k = self.place[id(edge)]
        step = Step(
            "backward", say, formula, _line(node.source), [f"label-{k}"], [f"edge-{k}", f"label-{k}", f"node-{node.id}"]
        )
        self.steps.append(step)
        self._arrive(step, edge.source)

    def _arrive(self, step: Step, i: int) -> None:
        key = f"node-{i}"
        step.sets[key] = f"d{plain(self.names[self.root], 8)}/d{plain(self.names[i], 8)} = {number(self.sums[i])}"
        step.sums[key] = self.sums[i]
        step.now.append(key)

    def _end(self) -> None:
        r = self.names[self.root]
        leaves = [i for i, node in self.graph.nodes.items() if node.kind == "leaf"]
        found = [f"d{r}/d{self.names[i]} = {number(0.0 + self.sums[i])}" for i in leaves if i in self.sums]
        say = "Done. Backward adds these to the .grad of the inputs that want one."
        if not found:
            say = "Done. Nothing arrived at an input."
        step = Step("end", say, ", ".join(found))
        step.now = [f"node-{i}" for i in leaves if i in self.sums]
        self.steps.append(step)


def _bracketed(text: str) -> str:
    return f"({text})" if any(sign in text for sign in (" + ", " - ")) or text.startswith("-") else text


def _line(source: str) -> str:
    """The place, and what stands there, where that is known and can be read."""
    if not source:
        return ""
    file, _, line = source.rpartition(":")
    text = linecache.getline(file, int(line)).strip() if line.isdigit() else ""
    return f"{os.path.basename(file)}, line {line}{': ' + plain(text, 80) if text else ''}"
