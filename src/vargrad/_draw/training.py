"""One step of training, step by step: predictions, loss, the derivative by each parameter, and the move against it."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any

from vargrad._core.var import nary
from vargrad._draw import network
from vargrad._draw.labels import number
from vargrad._draw.page import Page, Shown, Step
from vargrad._draw.scene import scene

TIMES, MINUS = "\N{MULTIPLICATION SIGN}", "\N{MINUS SIGN}"
ROWS = 16  # more of them make too many steps


class TrainingSteps(Shown):
    """The article's training step on a copy of a network: p.value -= lr * p.grad, by the sum of squared errors.

    ``steps``: the list of steps; ``before``, ``after``: the parameters; ``grads``: the derivatives of the loss by them.

    >>> import vargrad
    >>> model = vargrad.NN([1, 1], activation="identity", bias=False, init="zeros")
    >>> training = vargrad.draw(model).steps([[2.0, 6.0]], lr=0.1)
    >>> training.before, training.grads, training.after
    ([0.0], [-24.0], [2.4000000000000004])
    """

    def __init__(self, model: Any, data: Iterable[Sequence[float]], lr: float) -> None:
        if not math.isfinite(lr):
            raise ValueError(f"lr must be a finite number, got {lr!r}")
        self._model = twin = copy.deepcopy(model)
        rows = [list(row) for row in data]
        if len(rows) > ROWS:
            raise ValueError(f"steps() goes through at most {ROWS} rows, got {len(rows)}")
        self.structure = graph = network.structure(twin)
        if len(graph.edges) > network.LABELS or any(node.kind == "group" for node in graph.nodes.values()):
            raise ValueError(f"steps() shows networks of at most {network.LABELS} weights, this one is {model!r}")
        for p in twin.parameters:
            p.requires_grad = False  # forgets what was added up before
            p.requires_grad = True
        loss = twin.calculate_loss(rows)
        loss.backward()
        self.before, self.grads = [p.value for p in twin.parameters], [p.grad for p in twin.parameters]
        self.after = [value - lr * grad for value, grad in zip(self.before, self.grads, strict=True)]
        self.places = _places(twin)
        everything = [f"{part}-{k}" for k in range(len(graph.edges)) for part in ("edge", "label")]
        everything += [f"node-{i}" for i in graph.nodes]
        say = "A training step: predict, measure the loss, find its derivative by each parameter, move against it."
        self.steps = [Step("start", say, show=everything)]
        errors = [self._forward(k, row, len(rows)) for k, row in enumerate(rows)]
        text = " + ".join(number(e) for e in errors)
        self.steps.append(
            Step("forward", "The loss is the sum of the squared errors.", f"loss = {text} = {number(loss.value)}")
        )
        self._backward()
        self._update(lr)
        for p, value in zip(twin.parameters, self.after, strict=True):
            p.value = value
        now = twin.calculate_loss(rows).value
        say = "Done. The same again, many times, is training."
        self.steps.append(Step("end", say, f"loss before {number(loss.value)}, after {number(now)}"))

    def _forward(self, k: int, row: list[float], rows: int) -> float:
        """The step of one row, and its error."""
        model, graph = self._model, self.structure
        inputs, targets = row[: model.arch[0]], row[model.arch[0] :]
        layer: list[Any] = [float(x) for x in inputs]
        values = list(layer)
        for weights, biases, name in zip(model.weights, model.biases, model.activations, strict=True):
            given = [*layer, 1.0] if biases else layer
            totals = [nary("dot", given, [*w, *biases[j : j + 1]]) for j, w in enumerate(weights)]
            layer = [t if name == "identity" else getattr(t, name)() for t in totals]
            values += [v.value for v in layer]
        outputs = [v.value for v in layer]
        error = sum((p - t) ** 2 for p, t in zip(outputs, targets, strict=True))
        said, wanted = ", ".join(map(number, outputs)), ", ".join(map(number, targets))
        shown = ", ".join(map(number, inputs))
        say = f"Row {k + 1} of {rows}: for {shown} the network says {said}, and {wanted} is wanted."
        squares = " + ".join(f"({number(p)} {MINUS} {_signed(t)})²" for p, t in zip(outputs, targets, strict=True))
        step = Step("forward", say, f"error = {squares} = {number(error)}")
        step.sets = {f"node-{i}": number(v) for i, v in zip(graph.nodes, values, strict=True)}
        step.now = [f"node-{i}" for i in graph.nodes]
        self.steps.append(step)
        return float(error)

    def _backward(self) -> None:
        for k in reversed(range(len(self.grads))):
            name, words, parts = self.places[k]
            grad = number(self.grads[k])
            way = "it must fall" if self.grads[k] > 0 else "it must rise" if self.grads[k] < 0 else "it stays"
            step = Step("backward", f"{words}: {way} to make the loss smaller.", f"dloss/d{name} = {grad}")
            step.now, step.sums = list(parts), {name: self.grads[k]}
            self.steps.append(step)

    def _update(self, lr: float) -> None:
        strongest = max((abs(x) for x in [*self.before, *self.after]), default=1.0) or 1.0
        for k, (name, words, parts) in enumerate(self.places):
            numbers = f"{number(self.before[k])} {MINUS} {number(lr)} {TIMES} {_signed(self.grads[k])}"
            step = Step(
                "update", f"{words} moves against its derivative.", f"{name} = {numbers} = {number(self.after[k])}"
            )
            step.now = list(parts)
            for part in parts:
                kind, _, place = part.partition("-")
                if kind == "label":
                    step.sets[part] = f"{self.after[k]:.3g}"
                    wide = 0.6 + 5.4 * abs(self.after[k]) / strongest
                    step.lines[f"edge-{place}"] = ("plus" if self.after[k] >= 0 else "minus", round(wide, 2))
                elif kind == "node":
                    step.sets[part] = f"bias → {self.after[k]:.3g}"
            self.steps.append(step)

    def _page(self) -> Page:
        rows = [(name, name, value) for (name, _, _), value in zip(self.places, self.before, strict=True)]
        shapes = scene(self.structure, network.columns(self.structure, 1), 1)
        return Page(
            "A training step", "Derivatives of the loss by each parameter, with all digits", shapes, rows, self.steps
        )

    def __repr__(self) -> str:
        return f"<vargrad stepper: a training step of {self._model!r}, {len(self.steps)} steps>"


def _places(model: Any) -> list[tuple[str, str, list[str]]]:
    """For each parameter in its order: its name, its words, and the parts of the picture that show it."""
    arch, result = model.arch, []
    edge, node = 0, arch[0]
    for layer, (count, neurons) in enumerate(itertools.pairwise(arch)):
        for j in range(neurons):
            where = "the output" if layer == len(arch) - 2 else f"layer {layer + 1}"
            neuron = where if neurons == 1 else f"neuron {j} of {where}"
            for i in range(count):
                source = f"input {i}" if layer == 0 else f"neuron {i} of layer {layer}"
                parts = [f"edge-{edge}", f"label-{edge}"]
                result.append((f"w{layer + 1}[{j}][{i}]", f"The weight from {source} to {neuron}", parts))
                edge += 1
            if model.has_bias:
                result.append((f"b{layer + 1}[{j}]", f"The bias of {neuron}", [f"node-{node}"]))
            node += 1
    return result


def _signed(x: float) -> str:
    return f"({number(x)})" if x < 0 else number(x)
