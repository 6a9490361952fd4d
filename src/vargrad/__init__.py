"""Exact derivatives of ordinary Python code on scalars, at C speed.

>>> import vargrad
>>> x = vargrad.Var(3.0, requires_grad=True)
>>> y = x**2 if x > 0 else -x
>>> y.backward()
>>> x.grad
6.0
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from vargrad._core.modes import detect_anomaly, no_grad
from vargrad._core.var import Var, backend, custom
from vargrad._ops.zeros import ZeroDerivativeWarning
from vargrad._util.version import __version__ as __version__

if TYPE_CHECKING:
    from vargrad import data, interpolate, linalg, losses, math, optim, plot, reference, special
    from vargrad._arrays.dispatch import Array, array
    from vargrad._compile.compiled import Compiled, RecordingError, compile, load_compiled
    from vargrad._draw.drawing import Drawing, draw
    from vargrad.nn import NN
    from vargrad.numeric import finite_difference, gradcheck
    from vargrad.transforms import grad, hessian, hvp, implicit, jacobian, jvp, register_tree, value_and_grad, vjp

__all__ = [
    "NN",
    "Array",
    "Compiled",
    "Drawing",
    "RecordingError",
    "Var",
    "ZeroDerivativeWarning",
    "array",
    "backend",
    "compile",
    "custom",
    "data",
    "detect_anomaly",
    "draw",
    "finite_difference",
    "grad",
    "gradcheck",
    "hessian",
    "hvp",
    "implicit",
    "interpolate",
    "jacobian",
    "jvp",
    "linalg",
    "load_compiled",
    "losses",
    "math",
    "no_grad",
    "optim",
    "plot",
    "reference",
    "register_tree",
    "special",
    "value_and_grad",
    "vjp",
]

# Imported when first asked for, so that `import vargrad` stays cheap.
_LAZY = {
    "Array": "_arrays.dispatch",
    "Compiled": "_compile.compiled",
    "Drawing": "_draw.drawing",
    "NN": "nn",
    "RecordingError": "_compile.compiled",
    "array": "_arrays.dispatch",
    "compile": "_compile.compiled",
    "draw": "_draw.drawing",
    "finite_difference": "numeric",
    "gradcheck": "numeric",
    "load_compiled": "_compile.compiled",
    **dict.fromkeys(("grad", "hessian", "hvp", "implicit", "jacobian", "jvp", "register_tree"), "transforms"),
    **dict.fromkeys(("value_and_grad", "vjp"), "transforms"),
}


def __getattr__(name: str) -> Any:
    if name in ("data", "interpolate", "linalg", "losses", "math", "optim", "plot", "reference", "special"):
        return importlib.import_module(f"vargrad.{name}")
    if name not in _LAZY:
        raise AttributeError(f"module 'vargrad' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"vargrad.{_LAZY[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
