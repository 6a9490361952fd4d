"""Special functions under scipy.special's names, for floats and Vars alike, in eager and in compiled code.

They never raise: as in scipy.special the result is nan outside of a function's domain, and inf at a pole.

>>> from vargrad import Var, special
>>> special.ndtr(0.0), special.ndtr(Var(0.0))
(0.5, Var(0.5))
>>> x = Var(0.0, requires_grad=True)
>>> special.xlogy(x, 2.0).backward()
>>> round(x.grad, 6)
0.693147
"""

from __future__ import annotations

from vargrad._core import functions_special as _rows
from vargrad._core.functions_special import *  # noqa: F403
from vargrad._core.functions_special import ndtr
from vargrad._core.var import Real as _Real
from vargrad._core.var import function as _function
from vargrad._util.public import show_as as _show_as

__all__ = [*_rows.__all__, "expit", "norm_cdf"]


def expit(x: _Real, /) -> _Real:
    """1 / (1 + exp(-x)), the inverse of logit: vargrad.math.sigmoid under its other name."""
    return _function("sigmoid", x)


def norm_cdf(x: _Real, /) -> _Real:
    """Distribution function of the standard normal distribution: ndtr."""
    return ndtr(x)


_show_as(__name__, [globals()[_name] for _name in __all__])
