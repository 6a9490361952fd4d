"""The functions of vargrad.special that are rows of the table, over the pure twin.

Written by csrc/ops/gen_ops.py from src/vargrad/_ops/table.py; do not edit.
"""

from __future__ import annotations

from vargrad._core.var_py import Var, function

__all__ = [
    "beta",
    "betaln",
    "digamma",
    "entr",
    "erfcinv",
    "erfinv",
    "expit",
    "exprel",
    "gamma",
    "gammainc",
    "gammaincc",
    "gammaln",
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
    "norm_cdf",
    "norm_pdf",
    "norm_ppf",
    "psi",
    "rel_entr",
    "sinc",
    "xlog1py",
    "xlogy",
    "y0",
    "y1",
]


def expit(x: Var | float, /) -> Var | float:
    """1 / (1 + exp(-x))."""
    return function("sigmoid", x, ieee=True)


def norm_pdf(x: Var | float, /) -> Var | float:
    """Density of the standard normal distribution."""
    return function("norm_pdf", x, ieee=True)


def exprel(x: Var | float, /) -> Var | float:
    """(exp(x) - 1) / x, accurate near 0, where it is 1."""
    return function("exprel", x, ieee=True)


def sinc(x: Var | float, /) -> Var | float:
    """sin(pi x) / (pi x), which is 1 at 0."""
    return function("sinc", x, ieee=True)


def logaddexp(x: Var | float, y: Var | float, /) -> Var | float:
    """log(exp(x) + exp(y)), never overflowing."""
    return function("logaddexp", x, y, ieee=True)


def xlogy(x: Var | float, y: Var | float, /) -> Var | float:
    """x * log(y), and 0 where x is 0."""
    return function("xlogy", x, y, ieee=True)


def xlog1py(x: Var | float, y: Var | float, /) -> Var | float:
    """x * log(1 + y), and 0 where x is 0."""
    return function("xlog1py", x, y, ieee=True)


def entr(x: Var | float, /) -> Var | float:
    """-x * log(x), 0 at 0 and -inf below."""
    return function("entr", x, ieee=True)


def rel_entr(x: Var | float, y: Var | float, /) -> Var | float:
    """x * log(x / y), 0 where x is 0, inf outside of x, y > 0."""
    return function("rel_entr", x, y, ieee=True)


def logit(x: Var | float, /) -> Var | float:
    """log(x / (1 - x)), the inverse of expit."""
    return function("logit", x, ieee=True)


def log_expit(x: Var | float, /) -> Var | float:
    """log(expit(x)), accurate in its tails."""
    return function("log_expit", x, ieee=True)


def ndtr(x: Var | float, /) -> Var | float:
    """Distribution function of the standard normal distribution."""
    return function("ndtr", x, ieee=True)


def norm_cdf(x: Var | float, /) -> Var | float:
    """Distribution function of the standard normal distribution."""
    return function("ndtr", x, ieee=True)


def gammaln(x: Var | float, /) -> Var | float:
    """Logarithm of the absolute value of the gamma function. inf or nan where math.lgamma raises."""
    return function("lgamma", x, ieee=True)


def gamma(x: Var | float, /) -> Var | float:
    """The gamma function. inf or nan where math.gamma raises."""
    return function("gamma", x, ieee=True)


def digamma(x: Var | float, /) -> Var | float:
    """The derivative of log(gamma(x)), also called psi."""
    return function("digamma", x, ieee=True)


def psi(x: Var | float, /) -> Var | float:
    """The derivative of log(gamma(x)), also called psi."""
    return function("digamma", x, ieee=True)


def beta(x: Var | float, y: Var | float, /) -> Var | float:
    """The beta function gamma(x) gamma(y) / gamma(x + y)."""
    return function("beta", x, y, ieee=True)


def betaln(x: Var | float, y: Var | float, /) -> Var | float:
    """Logarithm of the absolute value of beta(x, y)."""
    return function("betaln", x, y, ieee=True)


def erfinv(x: Var | float, /) -> Var | float:
    """The inverse of erf."""
    return function("erfinv", x, ieee=True)


def erfcinv(x: Var | float, /) -> Var | float:
    """The inverse of erfc."""
    return function("erfcinv", x, ieee=True)


def ndtri(x: Var | float, /) -> Var | float:
    """Quantile of the standard normal distribution, the inverse of ndtr."""
    return function("ndtri", x, ieee=True)


def norm_ppf(x: Var | float, /) -> Var | float:
    """Quantile of the standard normal distribution, the inverse of ndtr."""
    return function("ndtri", x, ieee=True)


def log_ndtr(x: Var | float, /) -> Var | float:
    """log(ndtr(x)), accurate in its tails."""
    return function("log_ndtr", x, ieee=True)


def i0e(x: Var | float, /) -> Var | float:
    """exp(-abs(x)) times the modified Bessel function I of order 0; derivative 0 at 0."""
    return function("i0e", x, ieee=True)


def i1e(x: Var | float, /) -> Var | float:
    """exp(-abs(x)) times the modified Bessel function I of order 1."""
    return function("i1e", x, ieee=True)


def j0(x: Var | float, /) -> Var | float:
    """Bessel function of the first kind, of order 0."""
    return function("j0", x, ieee=True)


def j1(x: Var | float, /) -> Var | float:
    """Bessel function of the first kind, of order 1."""
    return function("j1", x, ieee=True)


def y0(x: Var | float, /) -> Var | float:
    """Bessel function of the second kind, of order 0."""
    return function("y0", x, ieee=True)


def y1(x: Var | float, /) -> Var | float:
    """Bessel function of the second kind, of order 1."""
    return function("y1", x, ieee=True)


def gammainc(a: Var | float, x: Var | float, /) -> Var | float:
    """Regularized lower incomplete gamma function, the distribution function at x of shape a."""
    return function("gammainc", a, x, ieee=True)


def gammaincc(a: Var | float, x: Var | float, /) -> Var | float:
    """Regularized upper incomplete gamma function, 1 - gammainc(a, x), accurate in its tail."""
    return function("gammaincc", a, x, ieee=True)
