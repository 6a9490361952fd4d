"""The standard module's functions for floats and Vars alike: import it instead of ``math``.

>>> from vargrad import Var, math
>>> math.exp(0.0), math.exp(Var(0.0))
(1.0, Var(1.0))
>>> w = [Var(1.0, requires_grad=True), Var(2.0, requires_grad=True)]
>>> math.dot(w, [3.0, 4.0]).backward()
>>> [v.grad for v in w]
[3.0, 4.0]
"""

from __future__ import annotations

from vargrad._core import functions as _functions
from vargrad._core import functions_py, var, var_py
from vargrad._util.public import show_as as _show_as

# the pure twin's functions stand in a module of their own, the compiled ones in the core
_names = _functions.names(functions_py if var.module is var_py else var.module)
__all__ = sorted(_names)  # their types are in math.pyi
_show_as(__name__, (f for f in _names.values() if getattr(f, "__module__", "").startswith("vargrad._")))
globals().update(_names)


def __dir__() -> list[str]:
    return __all__
