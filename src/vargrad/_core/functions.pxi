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
}


cdef extern from "ops/ops.h":
    int OP_sum
    int OP_fsum
    int OP_mean
    int OP_prod
    int OP_dot
    int OP_sumprod
    int OP_hypot
    int OP_logsumexp
    int OP_maximum
    int OP_minimum
    int OP_custom


def fabs(x, /):
    """Absolute value; derivative 0 at 0."""
    if type(x) is Var:
        return finish_unary(OP_abs, op_value_abs((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_abs, "abs", x)


def exp(x, /):
    """e to the power a."""
    if type(x) is Var:
        return finish_unary(OP_exp, op_value_exp((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_exp, "exp", x)


def exp2(x, /):
    """2 to the power a."""
    if type(x) is Var:
        return finish_unary(OP_exp2, op_value_exp2((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_exp2, "exp2", x)


def expm1(x, /):
    """exp(a) - 1, accurate near 0."""
    if type(x) is Var:
        return finish_unary(OP_expm1, op_value_expm1((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_expm1, "expm1", x)


def log2(x, /):
    """Logarithm to base 2."""
    if type(x) is Var:
        return finish_unary(OP_log2, op_value_log2((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_log2, "log2", x)


def log10(x, /):
    """Logarithm to base 10."""
    if type(x) is Var:
        return finish_unary(OP_log10, op_value_log10((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_log10, "log10", x)


def log1p(x, /):
    """log(1 + a), accurate near 0."""
    if type(x) is Var:
        return finish_unary(OP_log1p, op_value_log1p((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_log1p, "log1p", x)


def sqrt(x, /):
    """Square root; derivative inf at 0."""
    if type(x) is Var:
        return finish_unary(OP_sqrt, op_value_sqrt((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_sqrt, "sqrt", x)


def cbrt(x, /):
    """Cube root; derivative inf at 0."""
    if type(x) is Var:
        return finish_unary(OP_cbrt, op_value_cbrt((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_cbrt, "cbrt", x)


def sin(x, /):
    """Sine of a in radians."""
    if type(x) is Var:
        return finish_unary(OP_sin, op_value_sin((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_sin, "sin", x)


def cos(x, /):
    """Cosine of a in radians."""
    if type(x) is Var:
        return finish_unary(OP_cos, op_value_cos((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_cos, "cos", x)


def tan(x, /):
    """Tangent of a in radians."""
    if type(x) is Var:
        return finish_unary(OP_tan, op_value_tan((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_tan, "tan", x)


def asin(x, /):
    """Inverse sine, radians."""
    if type(x) is Var:
        return finish_unary(OP_arcsin, op_value_arcsin((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_arcsin, "arcsin", x)


def acos(x, /):
    """Inverse cosine, radians."""
    if type(x) is Var:
        return finish_unary(OP_arccos, op_value_arccos((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_arccos, "arccos", x)


def atan(x, /):
    """Inverse tangent, radians."""
    if type(x) is Var:
        return finish_unary(OP_arctan, op_value_arctan((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_arctan, "arctan", x)


def atan2(x, y, /):
    """Angle of the point (b, a), radians."""
    return function2(OP_arctan2, "arctan2", x, y)


def sinh(x, /):
    """Hyperbolic sine."""
    if type(x) is Var:
        return finish_unary(OP_sinh, op_value_sinh((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_sinh, "sinh", x)


def cosh(x, /):
    """Hyperbolic cosine."""
    if type(x) is Var:
        return finish_unary(OP_cosh, op_value_cosh((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_cosh, "cosh", x)


def tanh(x, /):
    """Hyperbolic tangent."""
    if type(x) is Var:
        return finish_unary(OP_tanh, op_value_tanh((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_tanh, "tanh", x)


def asinh(x, /):
    """Inverse hyperbolic sine."""
    if type(x) is Var:
        return finish_unary(OP_arcsinh, op_value_arcsinh((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_arcsinh, "arcsinh", x)


def acosh(x, /):
    """Inverse hyperbolic cosine."""
    if type(x) is Var:
        return finish_unary(OP_arccosh, op_value_arccosh((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_arccosh, "arccosh", x)


def atanh(x, /):
    """Inverse hyperbolic tangent."""
    if type(x) is Var:
        return finish_unary(OP_arctanh, op_value_arctanh((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_arctanh, "arctanh", x)


def degrees(x, /):
    """Radians to degrees."""
    if type(x) is Var:
        return finish_unary(OP_degrees, op_value_degrees((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_degrees, "degrees", x)


def radians(x, /):
    """Degrees to radians."""
    if type(x) is Var:
        return finish_unary(OP_radians, op_value_radians((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_radians, "radians", x)


def sigmoid(x, /):
    """1 / (1 + exp(-a))."""
    if type(x) is Var:
        return finish_unary(OP_sigmoid, op_value_sigmoid((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_sigmoid, "sigmoid", x)


def relu(x, /):
    """max(a, 0); derivative 0 at 0."""
    if type(x) is Var:
        return finish_unary(OP_relu, op_value_relu((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_relu, "relu", x)


def leaky_relu(x, y=0.01, /):
    """a, or slope b times a where a <= 0; derivative b at 0."""
    return function2(OP_leaky_relu, "leaky_relu", x, y)


def elu(x, y=1.0, /):
    """a, or b (exp(a) - 1) where a <= 0; derivative b at 0."""
    return function2(OP_elu, "elu", x, y)


def selu(x, /):
    """elu times 1.0507, of slope 1.6733: it keeps mean 0 and variance 1."""
    if type(x) is Var:
        return finish_unary(OP_selu, op_value_selu((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_selu, "selu", x)


def softplus(x, /):
    """log(1 + exp(a))."""
    if type(x) is Var:
        return finish_unary(OP_softplus, op_value_softplus((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_softplus, "softplus", x)


def silu(x, /):
    """a times sigmoid(a), also called swish."""
    if type(x) is Var:
        return finish_unary(OP_silu, op_value_silu((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_silu, "silu", x)


def gelu(x, /):
    """a times the normal distribution function of a (the erf form)."""
    if type(x) is Var:
        return finish_unary(OP_gelu, op_value_gelu((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_gelu, "gelu", x)


def erf(x, /):
    """Error function."""
    if type(x) is Var:
        return finish_unary(OP_erf, op_value_erf((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_erf, "erf", x)


def erfc(x, /):
    """1 - erf(a), accurate in its tail."""
    if type(x) is Var:
        return finish_unary(OP_erfc, op_value_erfc((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_erfc, "erfc", x)


def fmod(x, y, /):
    """Remainder with a's sign, as C's fmod."""
    return function2(OP_fmod, "fmod", x, y)


def remainder(x, y, /):
    """IEEE 754 remainder, nearest quotient."""
    return function2(OP_remainder, "remainder", x, y)


def copysign(x, y, /):
    """Magnitude of a, sign of b."""
    return function2(OP_copysign, "copysign", x, y)


def fmax(x, y, /):
    """Larger of a and b, or the one that is no nan, as C's fmax; ties share the derivative equally."""
    return function2(OP_fmax, "fmax", x, y)


def fmin(x, y, /):
    """Smaller of a and b, or the one that is no nan, as C's fmin; ties share the derivative equally."""
    return function2(OP_fmin, "fmin", x, y)


def lgamma(x, /):
    """Logarithm of the absolute value of the gamma function."""
    if type(x) is Var:
        return finish_unary(OP_lgamma, op_value_lgamma((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_lgamma, "lgamma", x)


def gamma(x, /):
    """The gamma function."""
    if type(x) is Var:
        return finish_unary(OP_gamma, op_value_gamma((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_gamma, "gamma", x)


def sum(values, /):
    """Sum from left to right, one node."""
    return of_vector(OP_sum, "sum", values)


def fsum(values, /):
    """Exactly rounded sum, as math.fsum, one node."""
    return of_vector(OP_fsum, "fsum", values)


def mean(values, /):
    """Arithmetic mean, one node; ValueError if there are no values."""
    return of_vector(OP_mean, "mean", values)


def dot(p, q, /):
    """Inner product of two vectors of equal length, left to right, one node; ValueError if lengths differ."""
    return of_pairs(OP_dot, "dot", p, q)


def sumprod(p, q, /):
    """Inner product as math.sumprod rounds it, one node."""
    return of_pairs(OP_sumprod, "sumprod", p, q)


@cython.embedsignature(False)
def hypot(x=NOTHING, y=NOTHING, /, *rest):
    """hypot(*values)\n--\n\nEuclidean norm of the coordinates; derivative 0 at the origin."""
    return of_arguments(OP_hypot, "hypot", x, y, rest)


def logsumexp(values, /):
    """log of the sum of exponentials, never overflowing, one node."""
    return of_vector(OP_logsumexp, "logsumexp", values)


@cython.embedsignature(False)
def maximum(x=NOTHING, y=NOTHING, /, *rest):
    """maximum(*values)\n--\n\nLargest of the arguments; ties share the derivative equally, nan wins."""
    return of_arguments(OP_maximum, "maximum", x, y, rest)


@cython.embedsignature(False)
def minimum(x=NOTHING, y=NOTHING, /, *rest):
    """minimum(*values)\n--\n\nSmallest of the arguments; ties share the derivative equally, nan wins."""
    return of_arguments(OP_minimum, "minimum", x, y, rest)
