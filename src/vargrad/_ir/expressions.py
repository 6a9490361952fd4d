"""Which graphs of expressions are active: the compiled ones where they are built, unless VARGRAD_BACKEND says no."""

from __future__ import annotations

import copyreg
from types import ModuleType
from typing import TYPE_CHECKING, Any

from vargrad._ir.pure import forward, graph, passes
from vargrad._util.backend import choose

_passes: ModuleType = choose(passes, "vargrad._ir.compiled.passes")
_graph: ModuleType = choose(graph, "vargrad._ir.compiled.graph")
_forward: ModuleType = choose(forward, "vargrad._ir.compiled.forward")

if TYPE_CHECKING:
    from vargrad._ir.pure.forward import Tangents as Tangents
    from vargrad._ir.pure.forward import pushed as pushed
    from vargrad._ir.pure.graph import ExpressionGraph as ExpressionGraph
    from vargrad._ir.pure.passes import Derivatives as Derivatives
    from vargrad._ir.pure.passes import Template as Template
    from vargrad._ir.pure.passes import converted as converted
    from vargrad._ir.pure.passes import folded as folded
    from vargrad._ir.pure.passes import lowered as lowered
    from vargrad._ir.pure.passes import template as template
else:
    ExpressionGraph = _graph.ExpressionGraph
    Tangents, pushed = _forward.Tangents, _forward.pushed
    Derivatives, Template, converted = _passes.Derivatives, _passes.Template, _passes.converted
    folded, lowered, template = _passes.folded, _passes.lowered, _passes.template


def restored(columns: Any, parents: Any) -> ExpressionGraph:
    """A graph from its pickle, whichever module wrote it."""
    g = ExpressionGraph()
    g.fill(columns, parents)
    return g


# Here and not as a method: which of the two modules reads a pickle is not for the one that wrote it to say.
copyreg.pickle(graph.ExpressionGraph, lambda g: (restored, g.state()))
copyreg.pickle(ExpressionGraph, lambda g: (restored, g.state()))
