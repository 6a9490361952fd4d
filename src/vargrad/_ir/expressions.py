"""Which graphs of expressions are active: the compiled ones where they are built, unless VARGRAD_BACKEND says no."""

from __future__ import annotations

import copyreg
from types import ModuleType
from typing import TYPE_CHECKING, Any

from vargrad._ir.pure import forward, graph, passes, templates
from vargrad._util.backend import choose

_passes: ModuleType = choose(passes, "vargrad._ir.compiled.passes")
_templates: ModuleType = choose(templates, "vargrad._ir.compiled.templates")
_graph: ModuleType = choose(graph, "vargrad._ir.compiled.graph")
_forward: ModuleType = choose(forward, "vargrad._ir.compiled.forward")

if TYPE_CHECKING:
    from vargrad._ir.pure.forward import Tangents as Tangents
    from vargrad._ir.pure.forward import pushed as pushed
    from vargrad._ir.pure.graph import ExpressionGraph as ExpressionGraph
    from vargrad._ir.pure.passes import Derivatives as Derivatives
    from vargrad._ir.pure.passes import converted as converted
    from vargrad._ir.pure.passes import lowered as lowered
    from vargrad._ir.pure.templates import Template as Template
    from vargrad._ir.pure.templates import folded as folded
    from vargrad._ir.pure.templates import template as template
else:
    ExpressionGraph = _graph.ExpressionGraph
    Tangents, pushed = _forward.Tangents, _forward.pushed
    Derivatives, converted, lowered = _passes.Derivatives, _passes.converted, _passes.lowered
    Template, folded, template = _templates.Template, _templates.folded, _templates.template


def restored(columns: Any, parents: Any) -> ExpressionGraph:
    """A graph from its pickle, whichever module wrote it."""
    g = ExpressionGraph()
    g.fill(columns, parents)
    return g


# Here and not as a method: which of the two modules reads a pickle is not for the one that wrote it to say.
copyreg.pickle(graph.ExpressionGraph, lambda g: (restored, g.state()))
copyreg.pickle(ExpressionGraph, lambda g: (restored, g.state()))
