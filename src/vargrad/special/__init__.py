"""Special functions under scipy.special's names, for floats and Vars alike, in eager and in compiled code.

They never raise: as in scipy.special the result is nan outside of a function's domain, and inf at a pole. The
formulas, and where each is accurate, are in docs/ops.md and docs/numerics.md.

>>> from vargrad import Var, special
>>> special.ndtr(0.0), special.ndtr(Var(0.0))
(0.5, Var(0.5))
>>> x = Var(3.0, requires_grad=True)
>>> special.gammaln(x).backward()
>>> x.grad == special.digamma(3.0)
True
"""

from __future__ import annotations

import math as _math
from typing import overload as _overload

from vargrad._core.var import VARS as _VARS
from vargrad._core.var import Number as _Number
from vargrad._core.var import Plain as _Plain
from vargrad._core.var import Real as _Real
from vargrad._core.var import Var as _Var
from vargrad._core.var import quiet as _quiet
from vargrad._util.public import show_as as _show_as
from vargrad.special import _rows
from vargrad.special._beta import betainc as _betainc
from vargrad.special._rows import *  # noqa: F403
from vargrad.special._rows import digamma

__all__ = ["betainc", "polygamma"]
__all__ += _rows.__all__


@_overload
def betainc(a: _Plain, b: _Plain, x: _Var, /) -> _Var: ...
@_overload
def betainc(a: _Plain, b: _Plain, x: _Plain, /) -> float: ...
def betainc(a: _Number, b: _Number, x: _Number, /) -> _Real:
    """Regularized incomplete beta function, the distribution function at x of the beta distribution of a and b.

    TypeError if a or b is a Var by which a derivative may be asked for: there is none.

    >>> from vargrad import Var, special
    >>> x = Var(0.5, requires_grad=True)
    >>> special.betainc(2.0, 2.0, x).backward()
    >>> round(x.grad, 12)  # 6 x (1 - x)
    1.5
    """
    result: _Real = _betainc(a, b, x)
    return result


@_overload
def polygamma(n: int, x: _Var, /) -> _Var: ...
@_overload
def polygamma(n: int, x: _Plain, /) -> float: ...
def polygamma(n: int, x: _Number, /) -> _Real:
    """The n-th derivative of digamma(x), of order n = 0, 1, 2, ...; there is no derivative by the order.

    x below 0 is possible up to the order 3, and is nan beyond. TypeError if n is a Var, ValueError if it is no whole
    number from 0 to 170.

    >>> from vargrad import special
    >>> round(special.polygamma(1, 1.0), 6)  # pi**2 / 6
    1.644934
    """
    if isinstance(n, _VARS):
        raise TypeError("polygamma() has no derivative by its order n: give an int, such as polygamma(1, x)")
    if not 0 <= n <= 170 or n != int(n):
        raise ValueError(f"polygamma() takes whole orders n from 0 to 170, got {n!r}")
    if n == 0:
        return digamma(x)
    return _quiet("zeta", n + 1.0, x) * float((-1) ** (int(n) + 1) * _math.factorial(int(n)))


_show_as(__name__, [globals()[_name] for _name in __all__])


def __dir__() -> list[str]:
    return sorted(__all__)
