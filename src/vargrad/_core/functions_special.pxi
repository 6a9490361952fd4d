# Written by csrc/ops/gen_ops.py from src/vargrad/_ops/table.py; do not edit.

cdef extern from "ops/ops.h":
    double op_quiet_sigmoid(double a, double b)
    double op_quiet_norm_pdf(double a, double b)
    double op_quiet_exprel(double a, double b)
    double op_quiet_sinc(double a, double b)
    double op_quiet_logaddexp(double a, double b)
    double op_quiet_xlogy(double a, double b)
    double op_quiet_xlog1py(double a, double b)
    double op_quiet_entr(double a, double b)
    double op_quiet_rel_entr(double a, double b)
    double op_quiet_logit(double a, double b)
    double op_quiet_log_expit(double a, double b)
    double op_quiet_ndtr(double a, double b)
    double op_quiet_lgamma(double a, double b)
    double op_quiet_gamma(double a, double b)
    double op_quiet_digamma(double a, double b)
    double op_quiet_beta(double a, double b)
    double op_quiet_betaln(double a, double b)
    double op_quiet_erfinv(double a, double b)
    double op_quiet_erfcinv(double a, double b)
    double op_quiet_ndtri(double a, double b)
    double op_quiet_log_ndtr(double a, double b)
    double op_quiet_i0e(double a, double b)
    double op_quiet_i1e(double a, double b)
    double op_quiet_j0(double a, double b)
    double op_quiet_j1(double a, double b)
    double op_quiet_y0(double a, double b)
    double op_quiet_y1(double a, double b)
    double op_quiet_gammainc(double a, double b)
    double op_quiet_gammaincc(double a, double b)


def expit(x, /):
    """1 / (1 + exp(-x))."""
    cdef Pair p
    if not usual(x, NOTHING, &p):
        return function("sigmoid", x, ieee=True)
    return finish_quiet(OP_sigmoid, op_quiet_sigmoid(p.x, p.y), &p, x, NOTHING)


def norm_pdf(x, /):
    """Density of the standard normal distribution."""
    cdef Pair p
    if not usual(x, NOTHING, &p):
        return function("norm_pdf", x, ieee=True)
    return finish_quiet(OP_norm_pdf, op_quiet_norm_pdf(p.x, p.y), &p, x, NOTHING)


def exprel(x, /):
    """(exp(x) - 1) / x, accurate near 0, where it is 1."""
    cdef Pair p
    if not usual(x, NOTHING, &p):
        return function("exprel", x, ieee=True)
    return finish_quiet(OP_exprel, op_quiet_exprel(p.x, p.y), &p, x, NOTHING)


def sinc(x, /):
    """sin(pi x) / (pi x), which is 1 at 0."""
    cdef Pair p
    if not usual(x, NOTHING, &p):
        return function("sinc", x, ieee=True)
    return finish_quiet(OP_sinc, op_quiet_sinc(p.x, p.y), &p, x, NOTHING)


def logaddexp(x, y, /):
    """log(exp(x) + exp(y)), never overflowing."""
    cdef Pair p
    if not usual(x, y, &p):
        return function("logaddexp", x, y, ieee=True)
    return finish_quiet(OP_logaddexp, op_quiet_logaddexp(p.x, p.y), &p, x, y)


def xlogy(x, y, /):
    """x * log(y), and 0 where x is 0."""
    cdef Pair p
    if not usual(x, y, &p):
        return function("xlogy", x, y, ieee=True)
    return finish_quiet(OP_xlogy, op_quiet_xlogy(p.x, p.y), &p, x, y)


def xlog1py(x, y, /):
    """x * log(1 + y), and 0 where x is 0."""
    cdef Pair p
    if not usual(x, y, &p):
        return function("xlog1py", x, y, ieee=True)
    return finish_quiet(OP_xlog1py, op_quiet_xlog1py(p.x, p.y), &p, x, y)


def entr(x, /):
    """-x * log(x), 0 at 0 and -inf below."""
    cdef Pair p
    if not usual(x, NOTHING, &p):
        return function("entr", x, ieee=True)
    return finish_quiet(OP_entr, op_quiet_entr(p.x, p.y), &p, x, NOTHING)


def rel_entr(x, y, /):
    """x * log(x / y), 0 where x is 0, inf outside of x, y > 0."""
    cdef Pair p
    if not usual(x, y, &p):
        return function("rel_entr", x, y, ieee=True)
    return finish_quiet(OP_rel_entr, op_quiet_rel_entr(p.x, p.y), &p, x, y)


def logit(x, /):
    """log(x / (1 - x)), the inverse of expit."""
    cdef Pair p
    if not usual(x, NOTHING, &p):
        return function("logit", x, ieee=True)
    return finish_quiet(OP_logit, op_quiet_logit(p.x, p.y), &p, x, NOTHING)


def log_expit(x, /):
    """log(expit(x)), accurate in its tails."""
    cdef Pair p
    if not usual(x, NOTHING, &p):
        return function("log_expit", x, ieee=True)
    return finish_quiet(OP_log_expit, op_quiet_log_expit(p.x, p.y), &p, x, NOTHING)


def ndtr(x, /):
    """Distribution function of the standard normal distribution."""
    cdef Pair p
    if not usual(x, NOTHING, &p):
        return function("ndtr", x, ieee=True)
    return finish_quiet(OP_ndtr, op_quiet_ndtr(p.x, p.y), &p, x, NOTHING)


def norm_cdf(x, /):
    """Distribution function of the standard normal distribution."""
    cdef Pair p
    if not usual(x, NOTHING, &p):
        return function("ndtr", x, ieee=True)
    return finish_quiet(OP_ndtr, op_quiet_ndtr(p.x, p.y), &p, x, NOTHING)


def gammaln(x, /):
    """Logarithm of the absolute value of the gamma function. inf or nan where math.lgamma raises."""
    cdef Pair p
    if not usual(x, NOTHING, &p):
        return function("lgamma", x, ieee=True)
    return finish_quiet(OP_lgamma, op_quiet_lgamma(p.x, p.y), &p, x, NOTHING)


def gamma(x, /):
    """The gamma function. inf or nan where math.gamma raises."""
    cdef Pair p
    if not usual(x, NOTHING, &p):
        return function("gamma", x, ieee=True)
    return finish_quiet(OP_gamma, op_quiet_gamma(p.x, p.y), &p, x, NOTHING)


def digamma(x, /):
    """The derivative of log(gamma(x)), also called psi."""
    cdef Pair p
    if not usual(x, NOTHING, &p):
        return function("digamma", x, ieee=True)
    return finish_quiet(OP_digamma, op_quiet_digamma(p.x, p.y), &p, x, NOTHING)


def psi(x, /):
    """The derivative of log(gamma(x)), also called psi."""
    cdef Pair p
    if not usual(x, NOTHING, &p):
        return function("digamma", x, ieee=True)
    return finish_quiet(OP_digamma, op_quiet_digamma(p.x, p.y), &p, x, NOTHING)


def beta(x, y, /):
    """The beta function gamma(x) gamma(y) / gamma(x + y)."""
    cdef Pair p
    if not usual(x, y, &p):
        return function("beta", x, y, ieee=True)
    return finish_quiet(OP_beta, op_quiet_beta(p.x, p.y), &p, x, y)


def betaln(x, y, /):
    """Logarithm of the absolute value of beta(x, y)."""
    cdef Pair p
    if not usual(x, y, &p):
        return function("betaln", x, y, ieee=True)
    return finish_quiet(OP_betaln, op_quiet_betaln(p.x, p.y), &p, x, y)


def erfinv(x, /):
    """The inverse of erf."""
    cdef Pair p
    if not usual(x, NOTHING, &p):
        return function("erfinv", x, ieee=True)
    return finish_quiet(OP_erfinv, op_quiet_erfinv(p.x, p.y), &p, x, NOTHING)


def erfcinv(x, /):
    """The inverse of erfc."""
    cdef Pair p
    if not usual(x, NOTHING, &p):
        return function("erfcinv", x, ieee=True)
    return finish_quiet(OP_erfcinv, op_quiet_erfcinv(p.x, p.y), &p, x, NOTHING)


def ndtri(x, /):
    """Quantile of the standard normal distribution, the inverse of ndtr."""
    cdef Pair p
    if not usual(x, NOTHING, &p):
        return function("ndtri", x, ieee=True)
    return finish_quiet(OP_ndtri, op_quiet_ndtri(p.x, p.y), &p, x, NOTHING)


def norm_ppf(x, /):
    """Quantile of the standard normal distribution, the inverse of ndtr."""
    cdef Pair p
    if not usual(x, NOTHING, &p):
        return function("ndtri", x, ieee=True)
    return finish_quiet(OP_ndtri, op_quiet_ndtri(p.x, p.y), &p, x, NOTHING)


def log_ndtr(x, /):
    """log(ndtr(x)), accurate in its tails."""
    cdef Pair p
    if not usual(x, NOTHING, &p):
        return function("log_ndtr", x, ieee=True)
    return finish_quiet(OP_log_ndtr, op_quiet_log_ndtr(p.x, p.y), &p, x, NOTHING)


def i0e(x, /):
    """exp(-abs(x)) times the modified Bessel function I of order 0; derivative 0 at 0."""
    cdef Pair p
    if not usual(x, NOTHING, &p):
        return function("i0e", x, ieee=True)
    return finish_quiet(OP_i0e, op_quiet_i0e(p.x, p.y), &p, x, NOTHING)


def i1e(x, /):
    """exp(-abs(x)) times the modified Bessel function I of order 1."""
    cdef Pair p
    if not usual(x, NOTHING, &p):
        return function("i1e", x, ieee=True)
    return finish_quiet(OP_i1e, op_quiet_i1e(p.x, p.y), &p, x, NOTHING)


def j0(x, /):
    """Bessel function of the first kind, of order 0."""
    cdef Pair p
    if not usual(x, NOTHING, &p):
        return function("j0", x, ieee=True)
    return finish_quiet(OP_j0, op_quiet_j0(p.x, p.y), &p, x, NOTHING)


def j1(x, /):
    """Bessel function of the first kind, of order 1."""
    cdef Pair p
    if not usual(x, NOTHING, &p):
        return function("j1", x, ieee=True)
    return finish_quiet(OP_j1, op_quiet_j1(p.x, p.y), &p, x, NOTHING)


def y0(x, /):
    """Bessel function of the second kind, of order 0."""
    cdef Pair p
    if not usual(x, NOTHING, &p):
        return function("y0", x, ieee=True)
    return finish_quiet(OP_y0, op_quiet_y0(p.x, p.y), &p, x, NOTHING)


def y1(x, /):
    """Bessel function of the second kind, of order 1."""
    cdef Pair p
    if not usual(x, NOTHING, &p):
        return function("y1", x, ieee=True)
    return finish_quiet(OP_y1, op_quiet_y1(p.x, p.y), &p, x, NOTHING)


def gammainc(a, x, /):
    """Regularized lower incomplete gamma function, the distribution function at x of shape a."""
    cdef Pair p
    if not usual(a, x, &p) or not p.constants & A_CONSTANT:
        return function("gammainc", a, x, ieee=True)
    return finish_quiet(OP_gammainc, op_quiet_gammainc(p.x, p.y), &p, a, x)


def gammaincc(a, x, /):
    """Regularized upper incomplete gamma function, 1 - gammainc(a, x), accurate in its tail."""
    cdef Pair p
    if not usual(a, x, &p) or not p.constants & A_CONSTANT:
        return function("gammaincc", a, x, ieee=True)
    return finish_quiet(OP_gammaincc, op_quiet_gammaincc(p.x, p.y), &p, a, x)


SPECIAL = {
    "expit": expit,
    "norm_pdf": norm_pdf,
    "exprel": exprel,
    "sinc": sinc,
    "logaddexp": logaddexp,
    "xlogy": xlogy,
    "xlog1py": xlog1py,
    "entr": entr,
    "rel_entr": rel_entr,
    "logit": logit,
    "log_expit": log_expit,
    "ndtr": ndtr,
    "norm_cdf": norm_cdf,
    "gammaln": gammaln,
    "gamma": gamma,
    "digamma": digamma,
    "psi": psi,
    "beta": beta,
    "betaln": betaln,
    "erfinv": erfinv,
    "erfcinv": erfcinv,
    "ndtri": ndtri,
    "norm_ppf": norm_ppf,
    "log_ndtr": log_ndtr,
    "i0e": i0e,
    "i1e": i1e,
    "j0": j0,
    "j1": j1,
    "y0": y0,
    "y1": y1,
    "gammainc": gammainc,
    "gammaincc": gammaincc,
}  # math has other functions of some of these names
