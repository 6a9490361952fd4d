"""Which graphs of expressions are active: the compiled ones where they are built, unless VARGRAD_BACKEND says no."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from vargrad import _core
from vargrad._expressions import nodes, walks

if _core.backend == "compiled":
    try:
        from vargrad._expressions_c import nodes, walks  # type: ignore[attr-defined,no-redef]
    except ImportError:
        if os.environ.get("VARGRAD_BACKEND") == "compiled":
            raise

if TYPE_CHECKING:
    from vargrad._expressions.nodes import Expressions as Expressions
    from vargrad._expressions.walks import Derivatives as Derivatives
    from vargrad._expressions.walks import Template as Template
    from vargrad._expressions.walks import converted as converted
    from vargrad._expressions.walks import folded as folded
    from vargrad._expressions.walks import lowered as lowered
    from vargrad._expressions.walks import template as template
    from vargrad._expressions.walks import ties as ties
else:
    Expressions = nodes.Expressions
    Derivatives, Template, converted = walks.Derivatives, walks.Template, walks.converted
    folded, lowered, template, ties = walks.folded, walks.lowered, walks.template, walks.ties


def restored(columns: Any, parents: Any) -> Expressions:
    """A graph from its pickle, whichever module wrote it."""
    g = Expressions()
    g.fill(columns, parents)
    return g
