"""``grad``, ``explain`` and ``draw``: derivatives of an expression on the command line, and how they come about."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vargrad._cli import backends, terminal
from vargrad._cli.expression import Expression, Mistake, bindings
from vargrad._core.var import VARS
from vargrad._draw.labels import number

if TYPE_CHECKING:
    from vargrad._draw.drawing import Drawing

ENDINGS = ("svg", "png", "pdf", "html", "dot", "mmd", "txt")
STEPPED = 400  # operations of an expression whose steps are shown one by one


@dataclass
class Computed:
    """An expression at a point: its variables, its result, and what backward found."""

    expression: Expression
    variables: dict[str, Any]
    result: Any
    name: str
    notes: list[str]

    @property
    def value(self) -> float:
        """The result as a float."""
        found: float = getattr(self.result, "value", self.result)
        return found

    @property
    def is_computed(self) -> bool:
        """Whether the result is an operation on the variables, and no variable or number itself."""
        return isinstance(self.result, VARS) and self.result.prev_op is not None

    @property
    def gradient(self) -> dict[str, float]:
        """The derivative by each variable, in the order of use."""
        return {name: v.grad for name, v in self.variables.items()}

    def picture(self) -> Drawing:
        """The graph."""
        from vargrad._draw.drawing import draw  # which grad does without

        return draw(self.result, names={**self.variables, self.name: self.result}, limit=2 * STEPPED)

    def facts(self) -> dict[str, Any]:
        """What --json begins with."""
        at = {name: v.value for name, v in self.variables.items()}
        return {"expression": self.expression.text, "at": at, "value": self.value, "gradient": self.gradient}


def computed(options: argparse.Namespace) -> Computed:
    """The expression at the given point, with its derivatives. Raises Mistake."""
    expression = Expression(options.expression)
    given = bindings(options.values)
    expression.check_values(given)
    names = [name for name in expression.names if name in given]
    if not names:
        raise Mistake("the expression has no variable: there is nothing to differentiate by", expression.text)
    twin = backends.find()
    variables = {name: twin.Var(given[name], requires_grad=True) for name in names}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = expression.compute(variables, twin.math)
        if isinstance(result, VARS):
            result.backward()
    name = next((text for text in ("z", "f", "L", "result") if text not in variables), "the_result")
    return Computed(expression, variables, result, name, [str(warning.message) for warning in caught])


def show(options: argparse.Namespace) -> int:
    """Run one of the three commands. Raises Mistake."""
    if options.command == "draw":
        check_file(options)
    found = computed(options)
    {"grad": grad, "explain": explain, "draw": picture}[options.command](found, options)
    for note in found.notes:
        terminal.say(terminal.wrapped(f"vargrad: note: {note}"), file=sys.stderr)
    return 0


def grad(found: Computed, options: argparse.Namespace) -> None:
    """Value and derivatives, all digits."""
    if options.json:
        print(terminal.as_json(found.facts()))
        return
    terminal.say(terminal.wrapped(f"{found.expression.text.strip()} = {bold(found.value)}", hanging="  "))
    for name, slope in found.gradient.items():
        terminal.say(f"  d/d{terminal.paint(name, 'name')} = {terminal.paint(digits(slope), 'number')}")


def explain(found: Computed, options: argparse.Namespace) -> None:
    """The derivation, as the tutorial tells it."""
    steps = found.picture().steps().steps if found.is_computed and _small(found) else []
    if options.json:
        told = [{"phase": step.phase, "say": step.say, "formula": step.formula} for step in steps]
        print(terminal.as_json(found.facts() | {"steps": told}))
        return
    at = ", ".join(f"{name} = {number(v.value)}" for name, v in found.variables.items())
    z = found.name
    terminal.say(terminal.wrapped(f"{bold(z)} = {found.expression.text.strip()}, at {at}", hanging="    "))
    terminal.say()
    if not steps:
        what = "is one of the variables" if isinstance(found.result, VARS) else "does not depend on the variables here"
        terminal.say(terminal.wrapped(f"{z} {what}: no operation, and nothing to go back through."))
    for step in steps:
        if step.phase in ("start", "forward"):
            forward(step)
    for step in steps:
        if step.phase == "backward":
            backward(step)
    terminal.say()
    terminal.say(f"{bold(z)} = {bold(found.value)}")
    for name, slope in found.gradient.items():
        terminal.say(f"d{z}/d{terminal.paint(name, 'name')} = {terminal.paint(digits(slope), 'number')}")


def forward(step: Any) -> None:
    """The heading, or one operation's result."""
    if step.phase == "start":
        heading("Forward", "each operation computes its result from its operands.")
        return
    terminal.say(terminal.equation(step.formula, "  "))


def backward(step: Any) -> None:
    """The heading too before the first of them. One edge: local derivative, product, and the sum at a shared node."""
    if step.formula.endswith("= 1") and "begins at the result" in step.say:
        terminal.say()
        heading("Backward", "the derivative of the result by each node, newest first.")
    terminal.say(terminal.wrapped(step.say, "  "))
    terminal.say(terminal.equation(step.formula, "    "))


def heading(word: str, rest: str) -> None:
    """A line that begins with a bold word."""
    text = terminal.wrapped(f"{word}: {rest}")
    terminal.say(terminal.paint(word, "bold") + text[len(word) :])


def _small(found: Computed) -> bool:
    structure = found.picture().structure
    operations = sum(node.kind == "op" for node in structure.nodes.values())
    if operations > STEPPED or any(node.kind == "group" for node in structure.nodes.values()):
        raise Mistake(f"the expression has more than {STEPPED} operations, too many to explain: use grad", status=1)
    return True


def check_file(options: argparse.Namespace) -> None:
    """Mistake for a file that draw could not write, before anything is computed."""
    if options.output is None:
        if options.steps:
            raise Mistake("--steps writes a page: name its file, as in --steps -o steps.html")
        return
    if options.json:
        raise Mistake("--json prints the graph: leave -o away, or --json")
    ending = os.path.splitext(options.output)[1].lstrip(".").lower()
    if options.steps and ending != "html":
        raise Mistake(f"--steps writes a page of HTML: {options.output!r:.80} does not end with .html")
    if ending not in ENDINGS:
        raise Mistake(f"-o writes {', '.join(ENDINGS)}: the name {options.output!r:.80} ends with none of them")


def picture(found: Computed, options: argparse.Namespace) -> None:
    """The graph as text, as JSON or in a file."""
    if not isinstance(found.result, VARS):
        raise Mistake("the result does not depend on the variables here: there is no graph", status=1)
    drawing = found.picture()
    if options.json:
        graph = drawing.structure
        nodes = [
            {"id": i, "kind": n.kind, "name": n.name, "op": n.op, "value": n.value, "grad": n.grad}
            for i, n in graph.nodes.items()
        ]
        edges = [
            {"from": e.source, "to": e.target, "operand": e.position, "derivative": e.partial} for e in graph.edges
        ]
        print(terminal.as_json(found.facts() | {"nodes": nodes, "edges": edges}))
    elif options.output is None:
        terminal.say(drawing.text())
    else:
        try:
            if options.steps:
                if not found.is_computed:
                    raise Mistake("the result is one of the variables: there are no steps to show", status=1)
                _small(found)
                drawing.steps().save(options.output)
            else:
                drawing.save(options.output, theme=options.theme)
        except OSError as error:
            raise Mistake(f"cannot write {options.output}: {error.strerror or error}", status=1) from None
        terminal.say(f"{options.output}: {drawing.structure.title}")


def digits(x: float) -> str:
    """All digits that a float has; a whole number without its .0."""
    return number(x) if x == x and abs(x) < 1e10 and x == int(x) else repr(x)


def bold(x: float | str) -> str:
    """A name or a number that matters most."""
    return terminal.paint(x if isinstance(x, str) else digits(x), "bold")
