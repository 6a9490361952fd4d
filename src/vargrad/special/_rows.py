"""The functions of vargrad.special that are rows of the table; they serve both twins.

Written by csrc/ops/gen_ops.py from src/vargrad/_ops/table.py; do not edit.
"""

from __future__ import annotations

from vargrad._core.var import Real, function

__all__ = [
    "beta",
    "betaln",
    "digamma",
    "entr",
    "erfcinv",
    "erfinv",
    "exprel",
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
]


def norm_pdf(x: Real, /) -> Real:
    """Density of the standard normal distribution."""
    return function("norm_pdf", x)


def exprel(x: Real, /) -> Real:
    """(exp(x) - 1) / x, accurate near 0, where it is 1."""
    return function("exprel", x)


def sinc(x: Real, /) -> Real:
    """sin(pi x) / (pi x), which is 1 at 0."""
    return function("sinc", x)


def logaddexp(x: Real, y: Real, /) -> Real:
    """log(exp(x) + exp(y)), never overflowing."""
    return function("logaddexp", x, y)


def xlogy(x: Real, y: Real, /) -> Real:
    """x * log(y), and 0 where x is 0."""
    return function("xlogy", x, y)


def xlog1py(x: Real, y: Real, /) -> Real:
    """x * log(1 + y), and 0 where x is 0."""
    return function("xlog1py", x, y)


def entr(x: Real, /) -> Real:
    """-x * log(x), 0 at 0 and -inf below."""
    return function("entr", x)


def rel_entr(x: Real, y: Real, /) -> Real:
    """x * log(x / y), 0 where x is 0, inf outside of x, y > 0."""
    return function("rel_entr", x, y)


def logit(x: Real, /) -> Real:
    """log(x / (1 - x)), the inverse of expit."""
    return function("logit", x)


def log_expit(x: Real, /) -> Real:
    """log(expit(x)), accurate in its tails."""
    return function("log_expit", x)


def ndtr(x: Real, /) -> Real:
    """Distribution function of the standard normal distribution."""
    return function("ndtr", x)


def digamma(x: Real, /) -> Real:
    """The derivative of log(gamma(x)), also called psi."""
    return function("digamma", x)


def beta(x: Real, y: Real, /) -> Real:
    """The beta function gamma(x) gamma(y) / gamma(x + y) of positive numbers."""
    return function("beta", x, y)


def betaln(x: Real, y: Real, /) -> Real:
    """log(beta(x, y))."""
    return function("betaln", x, y)


def erfinv(x: Real, /) -> Real:
    """The inverse of erf."""
    return function("erfinv", x)


def erfcinv(x: Real, /) -> Real:
    """The inverse of erfc."""
    return function("erfcinv", x)


def ndtri(x: Real, /) -> Real:
    """Quantile of the standard normal distribution, the inverse of ndtr."""
    return function("ndtri", x)


def log_ndtr(x: Real, /) -> Real:
    """log(ndtr(x)), accurate in its tails."""
    return function("log_ndtr", x)
