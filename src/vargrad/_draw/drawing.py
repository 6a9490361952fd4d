"""draw, and the picture that it returns."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from vargrad._compile.paths import without_collector
from vargrad._core.var import VARS
from vargrad._draw import chart, files, languages, network, tape
from vargrad._draw.labels import xml
from vargrad._draw.layout import layered
from vargrad._draw.names import names_of
from vargrad._draw.page import Shown
from vargrad._draw.scene import Scene, scene
from vargrad._draw.stepper import Steps
from vargrad._draw.structure import Structure
from vargrad._draw.svg import svg
from vargrad._draw.text import in_ascii, tree
from vargrad._util.errors import known
from vargrad._util.files import replacing
from vargrad._util.public import show_as

__all__ = ["Drawing", "draw"]
LIMIT = 120  # nodes of a graph that is drawn node by node


class Drawing:
    """A picture of a graph, a network, a compiled function or a training; ``draw`` makes it.

    ``structure``: its nodes, edges and numbers, as they were when it was made. A notebook shows it as SVG.

    >>> import vargrad
    >>> x = vargrad.Var(3.0)
    >>> print(vargrad.draw(x + x, names={"x": x}))
    Computation graph, 1 operation
    +: 6
    ├─ (1) x: 3  [1]
    └─ (1) x: 3  = [1]
    <BLANKLINE>
    in parentheses: the derivative of the operation above by this operand
    """

    def __init__(self, structure: Structure, model: Any = None) -> None:
        self.structure = structure
        self._model = model

    def _scene(self) -> Scene:
        graph = self.structure
        if graph.kind == "chart":
            return chart.scene(graph)
        return scene(graph, network.columns(graph) if graph.kind == "network" else layered(graph))

    def text(self, ascii: bool = False) -> str:
        """The picture as text: a tree, or a line of bars; needs nothing installed.

        ``ascii``: with signs of ASCII alone, for terminals and files that have no others.
        """
        found = chart.text(self.structure) if self.structure.kind == "chart" else tree(self.structure)
        return in_ascii(found) if ascii else found

    def svg(self, theme: str = "auto") -> str:
        """The picture as SVG. ``theme``: "light", "dark", or "auto", which follows the reader's system.

        Raises ImportError where the library for layouts is missing: ``pip install 'vargrad[draw]'``.
        """
        known("theme", theme, ("auto", "light", "dark"))
        return svg(self._scene(), theme)

    def html(self) -> str:
        """The picture as a page of its own, without anything from elsewhere."""
        title = xml(self.structure.title)
        return (
            f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title>\n'
            '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">\n'
            "<style>body { margin: 1rem } figure { margin: 0; overflow-x: auto }</style></head>\n"
            f"<body><figure>\n{self.svg()}</figure></body>\n</html>\n"
        )

    def dot(self) -> str:
        """The graph in the language of Graphviz; ValueError for a chart, which is no graph."""
        return languages.dot(self._graph("dot"))

    def mermaid(self) -> str:
        """The graph in the language of Mermaid; ValueError for a chart, which is no graph."""
        return languages.mermaid(self._graph("Mermaid"))

    def _graph(self, language: str) -> Structure:
        if self.structure.kind == "chart":
            raise ValueError(f"a chart is no graph, which {language} needs: save it as svg, png, pdf, html or txt")
        return self.structure

    def save(self, path: str | os.PathLike[str], *, theme: str = "auto", scale: float = 2.0) -> None:
        """Write the picture to a file, of the kind that its name ends with: svg, png, pdf, html, dot, mmd or txt.

        ``theme``: "light", "dark" or "auto", which is light in a PNG or PDF. ``scale``: pixels of a PNG for one of the
        SVG. The file is replaced as a whole or stays as it was. Raises ValueError for another ending, ImportError
        where a library is missing, OSError if the file cannot be written.
        """
        known("theme", theme, ("auto", "light", "dark"))
        if not 0 < scale <= 20:
            raise ValueError(f"scale must be above 0 and at most 20, got {scale!r}")
        name = os.fspath(path)
        ending = os.path.splitext(name)[1].lstrip(".").lower()
        writers: dict[str, Callable[[], str | bytes]] = {
            "svg": lambda: self.svg(theme),
            "png": lambda: files.png(self._scene(), theme, scale),
            "pdf": lambda: files.pdf(self._scene(), theme),
            "html": self.html,
            "dot": self.dot,
            "mmd": self.mermaid,
            "txt": lambda: self.text() + "\n",
        }
        if ending not in writers:
            raise ValueError(f"save() writes {', '.join(writers)}: the name {name!r:.80} ends with none of them")
        made = writers[ending]()
        with replacing(path) as file:
            file.write(made.encode("utf-8") if isinstance(made, str) else made)

    def steps(self, data: Iterable[Sequence[float]] | None = None, lr: float = 1.0) -> Shown:
        """The stepper: a page that walks forward through the graph and then backward, edge by edge.

        ``.html()`` gives the page, ``.save("steps.html")`` writes it; a notebook shows it. ``.steps`` is the list of
        what it says. For a small NN the page shows one step of training on a copy, as the tutorial does it: ``data``
        are the rows, inputs and then targets, ``lr`` is the learning rate. Raises ValueError for what has no backward
        pass to show: a compiled function, a training, several roots, a graph so large that it was collapsed, a network
        of more than 12 weights.
        """
        if self._model is not None and data is not None:
            from vargrad._draw.training import TrainingSteps

            return TrainingSteps(self._model, data, lr)
        if self._model is not None:
            raise ValueError("there is no backward pass in a network: give steps() the rows to train on, steps(data)")
        if data is not None:
            raise ValueError("data are for the picture of an NN: this is another, whose steps() takes none")
        return Steps(self.structure)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<vargrad.draw: {self.structure.title}>"

    def _repr_svg_(self) -> str | None:
        return self._try(self.svg)

    def _repr_html_(self) -> str:
        found = self._try(self.svg)
        if found is not None:
            return f'<div style="overflow-x: auto">{found}</div>'
        hint = "For a picture: pip install 'vargrad[draw]'"
        return f"<pre>{xml(self.text())}</pre><p>{xml(hint)}</p>"

    @staticmethod
    def _try(make: Callable[[], str]) -> str | None:
        """None where the extra is not installed: then a notebook shows the text."""
        try:
            return make()
        except ImportError:
            return None


def draw(
    *roots: Any,
    names: Mapping[str, Any] | None = None,
    adjoints: bool = False,
    limit: int = LIMIT,
) -> Drawing:
    """A picture of the graph under a Var: operations, values, the derivative on each edge, what backward added up.

    ``roots``: one Var or more, or one NN, compiled function or History of a training. ``names``: names of Vars, as in
    ``{"x": x}``; a list gives ``w[0]``, ``w[1]``. Other Vars are named by the variables of the caller that hold them.
    ``adjoints``: also show the derivative of the result by each node. ``limit``: a graph of more nodes is collapsed:
    loops become one node with a count. Nothing is changed: no value, no grad, no node. Source lines are known of what
    was computed inside ``vargrad.detect_anomaly()``. Raises TypeError for what cannot be drawn, ValueError for a
    compiled function that is not recorded yet or a History without epochs.

    >>> import vargrad
    >>> x, y = vargrad.Var(53.0, requires_grad=True), vargrad.Var(-17.0, requires_grad=True)
    >>> z = (x**2 + 3) ** 2 + y
    >>> z.backward()
    >>> print(vargrad.draw(z))
    Computation graph of z, 4 operations
    +: z = 7907327
    ├─ (1) **: 7907344
    │  ├─ (5624) +: 2812
    │  │  ├─ (1) **: 2809
    │  │  │  ├─ (106) x: 53  grad 596144
    │  │  │  └─ 2
    │  │  └─ 3
    │  └─ 2
    └─ (1) y: -17  grad 1
    <BLANKLINE>
    in parentheses: the derivative of the operation above by this operand
    """
    if not roots:
        raise TypeError("draw() takes something to draw: a Var, several Vars, an NN, a compiled function or a History")
    if all(isinstance(v, VARS) for v in roots):
        frame = sys._getframe(1)
        with without_collector():
            return Drawing(tape.structure(roots, names_of(names, frame), limit, adjoints))
    if len(roots) == 1:
        found = _of_another(roots[0])
        if found is not None:
            return Drawing(found, roots[0] if found.kind == "network" else None)
    wrong = next(v for v in roots if not isinstance(v, VARS))
    raise TypeError(
        f"draw() takes a Var, several Vars, an NN, a compiled function or a History, not {type(wrong).__name__} "
        f"({wrong!r:.60})"
    )


def _of_another(thing: Any) -> Structure | None:
    """The structure of what is no Var. Nothing is imported for it: it can only be given if its module has been."""
    kinds: tuple[tuple[str, tuple[str, ...], Callable[[Any], Structure]], ...] = (
        ("vargrad.nn.network", ("NN",), network.structure),
        ("vargrad._compile.compiled", ("Compiled", "Method"), _compiled),
        ("vargrad._train.history", ("History",), chart.structure),
    )
    for module, names, make in kinds:
        loaded = sys.modules.get(module)
        if loaded is not None and isinstance(thing, tuple(getattr(loaded, name) for name in names)):
            return make(thing)
    return None


def _compiled(f: Any) -> Structure:
    from vargrad._draw import programs

    return programs.structure(f)


show_as("vargrad", [Drawing, draw])
