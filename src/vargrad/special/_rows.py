"""The functions of vargrad.special that are rows of the table; they serve both twins.

Written by csrc/ops/gen_ops.py from src/vargrad/_ops/table.py; do not edit.
"""

from __future__ import annotations

from typing import overload

from vargrad._core.var import Number, Plain, Real, Var, function

__all__ = [
    "beta",
    "betaln",
    "digamma",
    "entr",
    "erfcinv",
    "erfinv",
    "exprel",
    "i0e",
    "i1e",
    "j0",
    "j1",
    "log_expit",
    "log_ndtr",
    "logaddexp",
    "logit",
    "ndtr",
    "ndtri",
    "norm_pdf",
    "rel_entr",
    "sinc",
    "xlog1py",
    "xlogy",
    "y0",
    "y1",
]


@overload
def norm_pdf(x: Var, /) -> Var: ...
@overload
def norm_pdf(x: Plain, /) -> float: ...
def norm_pdf(x: Number, /) -> Real:
    """Density of the standard normal distribution."""
    return function("norm_pdf", x)


@overload
def exprel(x: Var, /) -> Var: ...
@overload
def exprel(x: Plain, /) -> float: ...
def exprel(x: Number, /) -> Real:
    """(exp(x) - 1) / x, accurate near 0, where it is 1."""
    return function("exprel", x)


@overload
def sinc(x: Var, /) -> Var: ...
@overload
def sinc(x: Plain, /) -> float: ...
def sinc(x: Number, /) -> Real:
    """sin(pi x) / (pi x), which is 1 at 0."""
    return function("sinc", x)


@overload
def logaddexp(x: Var, y: Var | Plain, /) -> Var: ...
@overload
def logaddexp(x: Plain, y: Var, /) -> Var: ...
@overload
def logaddexp(x: Plain, y: Plain, /) -> float: ...
def logaddexp(x: Number, y: Number, /) -> Real:
    """log(exp(x) + exp(y)), never overflowing."""
    return function("logaddexp", x, y)


@overload
def xlogy(x: Var, y: Var | Plain, /) -> Var: ...
@overload
def xlogy(x: Plain, y: Var, /) -> Var: ...
@overload
def xlogy(x: Plain, y: Plain, /) -> float: ...
def xlogy(x: Number, y: Number, /) -> Real:
    """x * log(y), and 0 where x is 0."""
    return function("xlogy", x, y)


@overload
def xlog1py(x: Var, y: Var | Plain, /) -> Var: ...
@overload
def xlog1py(x: Plain, y: Var, /) -> Var: ...
@overload
def xlog1py(x: Plain, y: Plain, /) -> float: ...
def xlog1py(x: Number, y: Number, /) -> Real:
    """x * log(1 + y), and 0 where x is 0."""
    return function("xlog1py", x, y)


@overload
def entr(x: Var, /) -> Var: ...
@overload
def entr(x: Plain, /) -> float: ...
def entr(x: Number, /) -> Real:
    """-x * log(x), 0 at 0 and -inf below."""
    return function("entr", x)


@overload
def rel_entr(x: Var, y: Var | Plain, /) -> Var: ...
@overload
def rel_entr(x: Plain, y: Var, /) -> Var: ...
@overload
def rel_entr(x: Plain, y: Plain, /) -> float: ...
def rel_entr(x: Number, y: Number, /) -> Real:
    """x * log(x / y), 0 where x is 0, inf outside of x, y > 0."""
    return function("rel_entr", x, y)


@overload
def logit(x: Var, /) -> Var: ...
@overload
def logit(x: Plain, /) -> float: ...
def logit(x: Number, /) -> Real:
    """log(x / (1 - x)), the inverse of expit."""
    return function("logit", x)


@overload
def log_expit(x: Var, /) -> Var: ...
@overload
def log_expit(x: Plain, /) -> float: ...
def log_expit(x: Number, /) -> Real:
    """log(expit(x)), accurate in its tails."""
    return function("log_expit", x)


@overload
def ndtr(x: Var, /) -> Var: ...
@overload
def ndtr(x: Plain, /) -> float: ...
def ndtr(x: Number, /) -> Real:
    """Distribution function of the standard normal distribution."""
    return function("ndtr", x)


@overload
def digamma(x: Var, /) -> Var: ...
@overload
def digamma(x: Plain, /) -> float: ...
def digamma(x: Number, /) -> Real:
    """The derivative of log(gamma(x)), also called psi."""
    return function("digamma", x)


@overload
def beta(x: Var, y: Var | Plain, /) -> Var: ...
@overload
def beta(x: Plain, y: Var, /) -> Var: ...
@overload
def beta(x: Plain, y: Plain, /) -> float: ...
def beta(x: Number, y: Number, /) -> Real:
    """The beta function gamma(x) gamma(y) / gamma(x + y) of positive numbers."""
    return function("beta", x, y)


@overload
def betaln(x: Var, y: Var | Plain, /) -> Var: ...
@overload
def betaln(x: Plain, y: Var, /) -> Var: ...
@overload
def betaln(x: Plain, y: Plain, /) -> float: ...
def betaln(x: Number, y: Number, /) -> Real:
    """log(beta(x, y))."""
    return function("betaln", x, y)


@overload
def erfinv(x: Var, /) -> Var: ...
@overload
def erfinv(x: Plain, /) -> float: ...
def erfinv(x: Number, /) -> Real:
    """The inverse of erf."""
    return function("erfinv", x)


@overload
def erfcinv(x: Var, /) -> Var: ...
@overload
def erfcinv(x: Plain, /) -> float: ...
def erfcinv(x: Number, /) -> Real:
    """The inverse of erfc."""
    return function("erfcinv", x)


@overload
def ndtri(x: Var, /) -> Var: ...
@overload
def ndtri(x: Plain, /) -> float: ...
def ndtri(x: Number, /) -> Real:
    """Quantile of the standard normal distribution, the inverse of ndtr."""
    return function("ndtri", x)


@overload
def log_ndtr(x: Var, /) -> Var: ...
@overload
def log_ndtr(x: Plain, /) -> float: ...
def log_ndtr(x: Number, /) -> Real:
    """log(ndtr(x)), accurate in its tails."""
    return function("log_ndtr", x)


@overload
def i0e(x: Var, /) -> Var: ...
@overload
def i0e(x: Plain, /) -> float: ...
def i0e(x: Number, /) -> Real:
    """exp(-abs(x)) times the modified Bessel function I of order 0; derivative 0 at 0."""
    return function("i0e", x)


@overload
def i1e(x: Var, /) -> Var: ...
@overload
def i1e(x: Plain, /) -> float: ...
def i1e(x: Number, /) -> Real:
    """exp(-abs(x)) times the modified Bessel function I of order 1."""
    return function("i1e", x)


@overload
def j0(x: Var, /) -> Var: ...
@overload
def j0(x: Plain, /) -> float: ...
def j0(x: Number, /) -> Real:
    """Bessel function of the first kind, of order 0."""
    return function("j0", x)


@overload
def j1(x: Var, /) -> Var: ...
@overload
def j1(x: Plain, /) -> float: ...
def j1(x: Number, /) -> Real:
    """Bessel function of the first kind, of order 1."""
    return function("j1", x)


@overload
def y0(x: Var, /) -> Var: ...
@overload
def y0(x: Plain, /) -> float: ...
def y0(x: Number, /) -> Real:
    """Bessel function of the second kind, of order 0."""
    return function("y0", x)


@overload
def y1(x: Var, /) -> Var: ...
@overload
def y1(x: Plain, /) -> float: ...
def y1(x: Number, /) -> Real:
    """Bessel function of the second kind, of order 1."""
    return function("y1", x)
