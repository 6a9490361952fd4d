"""The pure twin, whichever twin is active: the specification of behaviour, and an oracle for the compiled one.

>>> from vargrad import reference
>>> x = reference.Var(2.0, requires_grad=True)
>>> reference.math.exp(x).backward()
>>> x.grad == reference.math.exp(2.0)
True
"""

from __future__ import annotations

from types import SimpleNamespace

from vargrad._core import functions, functions_py
from vargrad._core.modes import detect_anomaly, no_grad
from vargrad._core.var_py import Var, custom, identity, pullback, pullback_graph

math: SimpleNamespace = SimpleNamespace(**functions.names(functions_py))

__all__ = [
    "Var",
    "custom",
    "detect_anomaly",
    "identity",
    "math",
    "no_grad",
    "pullback",
    "pullback_graph",
]


def __dir__() -> list[str]:
    return sorted(__all__)
