"""Splines through points whose values may be Vars, under scipy.interpolate's names: yield curves, tables, calibrations.

``vargrad.math.interp`` is the linear one.

>>> from vargrad import Var, interpolate
>>> x = Var(1.5, requires_grad=True)
>>> interpolate.CubicSpline([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 8.0, 27.0])(x).backward()
>>> round(x.grad, 12)  # of x**3
6.75
"""

from __future__ import annotations

from vargrad._arrays import dispatch as _dispatch  # noqa: F401  results are arrays that NumPy's functions know
from vargrad._arrays.splines import CubicSpline as CubicSpline
from vargrad._arrays.splines import PchipInterpolator as PchipInterpolator

__all__ = ["CubicSpline", "PchipInterpolator"]
