"""The types of the functions of vargrad.special that are rows of the table.

Written by csrc/ops/gen_ops.py from src/vargrad/_ops/table.py; do not edit.
"""

# fmt: off
from typing import overload

from vargrad._core.var import Plain, Var

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

@overload
def expit(x: Var, /) -> Var:
    """1 / (1 + exp(-x))."""
@overload
def expit(x: Plain, /) -> float: ...

@overload
def norm_pdf(x: Var, /) -> Var:
    """Density of the standard normal distribution."""
@overload
def norm_pdf(x: Plain, /) -> float: ...

@overload
def exprel(x: Var, /) -> Var:
    """(exp(x) - 1) / x, accurate near 0, where it is 1."""
@overload
def exprel(x: Plain, /) -> float: ...

@overload
def sinc(x: Var, /) -> Var:
    """sin(pi x) / (pi x), which is 1 at 0."""
@overload
def sinc(x: Plain, /) -> float: ...

@overload
def logaddexp(x: Var, y: Var | Plain, /) -> Var:
    """log(exp(x) + exp(y)), never overflowing."""
@overload
def logaddexp(x: Plain, y: Var, /) -> Var: ...
@overload
def logaddexp(x: Plain, y: Plain, /) -> float: ...

@overload
def xlogy(x: Var, y: Var | Plain, /) -> Var:
    """x * log(y), and 0 where x is 0."""
@overload
def xlogy(x: Plain, y: Var, /) -> Var: ...
@overload
def xlogy(x: Plain, y: Plain, /) -> float: ...

@overload
def xlog1py(x: Var, y: Var | Plain, /) -> Var:
    """x * log(1 + y), and 0 where x is 0."""
@overload
def xlog1py(x: Plain, y: Var, /) -> Var: ...
@overload
def xlog1py(x: Plain, y: Plain, /) -> float: ...

@overload
def entr(x: Var, /) -> Var:
    """-x * log(x), 0 at 0 and -inf below."""
@overload
def entr(x: Plain, /) -> float: ...

@overload
def rel_entr(x: Var, y: Var | Plain, /) -> Var:
    """x * log(x / y), 0 where x is 0, inf outside of x, y > 0."""
@overload
def rel_entr(x: Plain, y: Var, /) -> Var: ...
@overload
def rel_entr(x: Plain, y: Plain, /) -> float: ...

@overload
def logit(x: Var, /) -> Var:
    """log(x / (1 - x)), the inverse of expit."""
@overload
def logit(x: Plain, /) -> float: ...

@overload
def log_expit(x: Var, /) -> Var:
    """log(expit(x)), accurate in its tails."""
@overload
def log_expit(x: Plain, /) -> float: ...

@overload
def ndtr(x: Var, /) -> Var:
    """Distribution function of the standard normal distribution."""
@overload
def ndtr(x: Plain, /) -> float: ...

@overload
def norm_cdf(x: Var, /) -> Var:
    """Distribution function of the standard normal distribution."""
@overload
def norm_cdf(x: Plain, /) -> float: ...

@overload
def gammaln(x: Var, /) -> Var:
    """Logarithm of the absolute value of the gamma function. inf or nan where math.lgamma raises."""
@overload
def gammaln(x: Plain, /) -> float: ...

@overload
def gamma(x: Var, /) -> Var:
    """The gamma function. inf or nan where math.gamma raises."""
@overload
def gamma(x: Plain, /) -> float: ...

@overload
def digamma(x: Var, /) -> Var:
    """The derivative of log(gamma(x)), also called psi."""
@overload
def digamma(x: Plain, /) -> float: ...

@overload
def psi(x: Var, /) -> Var:
    """The derivative of log(gamma(x)), also called psi."""
@overload
def psi(x: Plain, /) -> float: ...

@overload
def beta(x: Var, y: Var | Plain, /) -> Var:
    """The beta function gamma(x) gamma(y) / gamma(x + y)."""
@overload
def beta(x: Plain, y: Var, /) -> Var: ...
@overload
def beta(x: Plain, y: Plain, /) -> float: ...

@overload
def betaln(x: Var, y: Var | Plain, /) -> Var:
    """Logarithm of the absolute value of beta(x, y)."""
@overload
def betaln(x: Plain, y: Var, /) -> Var: ...
@overload
def betaln(x: Plain, y: Plain, /) -> float: ...

@overload
def erfinv(x: Var, /) -> Var:
    """The inverse of erf."""
@overload
def erfinv(x: Plain, /) -> float: ...

@overload
def erfcinv(x: Var, /) -> Var:
    """The inverse of erfc."""
@overload
def erfcinv(x: Plain, /) -> float: ...

@overload
def ndtri(x: Var, /) -> Var:
    """Quantile of the standard normal distribution, the inverse of ndtr."""
@overload
def ndtri(x: Plain, /) -> float: ...

@overload
def norm_ppf(x: Var, /) -> Var:
    """Quantile of the standard normal distribution, the inverse of ndtr."""
@overload
def norm_ppf(x: Plain, /) -> float: ...

@overload
def log_ndtr(x: Var, /) -> Var:
    """log(ndtr(x)), accurate in its tails."""
@overload
def log_ndtr(x: Plain, /) -> float: ...

@overload
def i0e(x: Var, /) -> Var:
    """exp(-abs(x)) times the modified Bessel function I of order 0; derivative 0 at 0."""
@overload
def i0e(x: Plain, /) -> float: ...

@overload
def i1e(x: Var, /) -> Var:
    """exp(-abs(x)) times the modified Bessel function I of order 1."""
@overload
def i1e(x: Plain, /) -> float: ...

@overload
def j0(x: Var, /) -> Var:
    """Bessel function of the first kind, of order 0."""
@overload
def j0(x: Plain, /) -> float: ...

@overload
def j1(x: Var, /) -> Var:
    """Bessel function of the first kind, of order 1."""
@overload
def j1(x: Plain, /) -> float: ...

@overload
def y0(x: Var, /) -> Var:
    """Bessel function of the second kind, of order 0."""
@overload
def y0(x: Plain, /) -> float: ...

@overload
def y1(x: Var, /) -> Var:
    """Bessel function of the second kind, of order 1."""
@overload
def y1(x: Plain, /) -> float: ...

@overload
def gammainc(a: Var, x: Var | Plain, /) -> Var:
    """Regularized lower incomplete gamma function, the distribution function at x of shape a."""
@overload
def gammainc(a: Plain, x: Var, /) -> Var: ...
@overload
def gammainc(a: Plain, x: Plain, /) -> float: ...

@overload
def gammaincc(a: Var, x: Var | Plain, /) -> Var:
    """Regularized upper incomplete gamma function, 1 - gammainc(a, x), accurate in its tail."""
@overload
def gammaincc(a: Plain, x: Var, /) -> Var: ...
@overload
def gammaincc(a: Plain, x: Plain, /) -> float: ...
