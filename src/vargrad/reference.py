"""The pure twin, whichever twin is active: the specification of behaviour, and an oracle for the compiled one.

>>> from vargrad import reference
>>> x = reference.Var(2.0, requires_grad=True)
>>> reference.math.exp(x).backward()
>>> x.grad == reference.math.exp(2.0)
True
"""

from __future__ import annotations

from types import SimpleNamespace

from vargrad import _functions_py, _math
from vargrad._core_py import Var, custom, identity, pullback, pullback_graph
from vargrad._modes import detect_anomaly, no_grad

math = SimpleNamespace(**_math.names(_functions_py))

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
