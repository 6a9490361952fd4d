"""Rows of the table around the gamma function and the inverse of the normal distribution, for vargrad.special.

Each function has formulas of its own: polynomials in ``fits.py`` where it is smooth, recurrences up to 8, the
series of Stirling and of Euler and Maclaurin beyond, reflection below 0.
"""

from __future__ import annotations

from collections.abc import Sequence

from vargrad._ops import fits
from vargrad._ops.polynomials import Let, polynomial, slope
from vargrad._ops.row import Op
from vargrad._ops.table_beta import beta_parts

TURN: Let = (  # pi times the distance from the nearest integer, which is exact; and -1 where that integer is odd
    ("r", "3.141592653589793 * (a - rint(a))"),
    ("s", "1.0 if rint(a) == 2.0 * rint(0.5 * rint(a)) else -1.0"),
)


def gamma_parts(x: str, tag: str = "") -> Let:
    """Names for log(gamma(x)), l, and gamma(x), g, of x >= 0; and what they are made of, all with a tag."""
    m, d, q, p, w = (f"{name}{tag}" for name in "mdqpw")
    factors = " * ".join(f"({x} - {i}.0 if {m} > {i + 1}.5 else 1.0)" for i in range(1, 7))
    return (
        (m, f"rint({x})"),
        (d, f"{x} - {m}"),
        (q, factors),  # gamma(x) = q * gamma(2 + d) for m >= 2
        (p, f"{x} if {m} == 1.0 else {x} * (1.0 + {x})"),  # gamma(2 + d) / p for m < 2
        (w, f"{polynomial(fits.STIRLING, f'(1.0 / {x} / {x})')} / {x}"),
        (
            f"l{tag}",
            f"({d} * {polynomial(fits.LGAMMA, d)} + (log({q}) if {m} > 1.5 else -log({p})) if {x} < 8.0 else"
            f" ({x} - 0.5) * (log({x}) - 1.0) + (0.4189385332046727 + {w}))",
        ),
        (f"v{tag}", f"{x} ** (0.5 * {x} - 0.25)"),
        (
            f"g{tag}",
            f"({polynomial(fits.GAMMA, d)} * ({q} if {m} > 1.5 else 1.0) / (1.0 if {m} > 1.5 else {p})"
            f" if {x} < 8.0 else (inf if {x} > 172.0 else"
            f" 2.5066282746310002 * exp({w}) * (v{tag} * exp(-{x})) * v{tag}))",
        ),
    )


_X: Let = (("x", "fabs(a)"),)
_LGAMMA = "l if a > 0.0 or a != a else (inf if a == rint(a) else log(3.141592653589793 / fabs(sin(r))) - log(x) - l)"
_GAMMA = (
    "g if a > 0.0 or a != a else (1.0 / a if x < 1e-300 else"  # gamma(x) overflows among the subnormal numbers
    " (inf - inf if a == rint(a) else 3.141592653589793 / (s * sin(r) * g) / x))"
)
_PSI: Let = (
    ("x", "a if a > 0.0 else 1.0 - a"),
    ("k", "rint(x - 0.5) - 1.0"),
    ("y", "x - k"),
    ("z", "1.0 / x / x"),
    (
        "q",
        "(-1.0 / x if k < -0.5 else 0.0) + "
        + " + ".join(f"(1.0 / (x - {i}.0) if k > {i - 1}.5 else 0.0)" for i in range(1, 7)),
    ),
    (
        "l",
        f"(y - {fits.DIGAMMA_ROOT[0]!r} - {fits.DIGAMMA_ROOT[1]!r}) * {polynomial(fits.DIGAMMA, '(y - 1.5)')} + q"
        f" if x < 8.0 else log(x) - 0.5 / x - z * {polynomial(fits.DIGAMMA_FAR, 'z')}",
    ),
)


def _zeta_far() -> str:
    """The series of Euler and Maclaurin behind y = x + 10, in units of y ** -s."""
    text = "0.0"
    for k, c in reversed(list(enumerate(fits.ZETA_FAR))):  # times s (s + 1) ... (s + 2 k)
        inner = f"({c!r} + {text})" if text != "0.0" else repr(c)
        factors = "a" if k == 0 else f"(a + {2 * k - 1}.0) * (a + {2 * k}.0)"
        text = f"{factors} * {inner} / y{' / y' if k else ''}"
    return text


_ZETA: Let = (
    ("x", "b if b > 0.0 else 1.0 - b"),
    ("y", "x + 10.0"),
    ("f", " + ".join(f"(x + {i}.0) ** -a" for i in range(9, -1, -1))),
    ("t", f"y ** -a * (y / (a - 1.0) + (0.5 + {_zeta_far()}))"),
    ("r", "3.141592653589793 * (b - rint(b))"),
    ("c", "cos(r)"),
    ("u", "3.141592653589793 / sin(r)"),
    ("l", "t + f"),
)


def _difference(coefficients: Sequence[float], p: str) -> Let:
    """Names p0, p1, ... of Horner's sums at z = u * u, and p for (z P(z) - y P(y)) / (z - y) where y = w * w."""
    *rest, last = range(len(coefficients))
    sums = [(f"{p}{last}", repr(coefficients[last]))]
    text = f"{p}{last}"
    for k in reversed(rest):
        sums.append((f"{p}{k}", f"{coefficients[k]!r} + u * u * {p}{k + 1}"))
        text = f"({p}{k} + w * w * {text})"
    return *sums, (p, text)


# digamma(a + b) - digamma(a), and trigamma(a) - trigamma(a + b), as sums of positive terms: ten of the recurrence, and
# the series behind them. t and s are 1 / (a + k) and 1 / (a + b + k), whose difference is b * t * s; so are u and w.
_GAPS: Let = (
    ("c", "a + b"),
    *((f"t{k}", f"1.0 / (a + {k}.0)") for k in range(10)),
    *((f"s{k}", f"1.0 / (c + {k}.0)") for k in range(10)),
    ("u", "1.0 / (a + 10.0)"),
    ("w", "1.0 / (c + 10.0)"),
    ("v", "b * w * u"),
    *_difference(fits.DIGAMMA_FAR, "p"),
    ("ff", " + ".join(f"b * s{k} * t{k}" for k in range(9, -1, -1))),
    ("g", "log1p(b * u) + 0.5 * v + v * (u + w) * p"),
    *_difference(fits.TRIGAMMA_FAR, "q"),
    ("hh", " + ".join(f"b * s{k} * t{k} * (t{k} + s{k})" for k in range(9, -1, -1))),
    ("r", "v + 0.5 * v * (u + w) + v * (u * u * q0 + w * (u + w) * q)"),
)


def _beta(a: str, b: str) -> Let:
    """Names for what beta of two positive numbers is made of."""
    return (
        *gamma_parts(a, "a"),
        *gamma_parts(b, "b"),
        ("c", f"{a} + {b}"),
        *gamma_parts("c", "c"),
        ("x", f"{a} if {a} > {b} else {b}"),
        ("y", f"{b} if {a} > {b} else {a}"),
        ("wx", f"wa if {a} > {b} else wb"),
        ("wy", f"wb if {a} > {b} else wa"),
        ("gy", f"gb if {a} > {b} else ga"),
        ("ly", f"lb if {a} > {b} else la"),
        ("m", "y - y * log(x + y) - (x - 0.5) * log1p(y / x) + (wx - wc)"),
        (
            "k",
            "ly + m if y < 8.0 else"
            " 0.9189385332046727 - (x - 0.5) * log1p(y / x) - y * log1p(x / y) - 0.5 * log(y) + (wx + (wy - wc))",
        ),
        ("f", f"{a} - (c - (c - {a})) + ({b} - (c - {a}))"),  # what a + b lost to rounding
        ("h", "(ga / gc * gb if ga > gb else gb / gc * ga) * (1.0 - f * (log(c) - 0.5 / c) if c > 2.0 else 1.0)"),
    )


def _sine(x: str) -> str:
    """sin(pi x), with the digits that it has near the integers."""
    parity = f"(1.0 if rint({x}) == 2.0 * rint(0.5 * rint({x})) else -1.0)"
    return f"{parity} * sin(3.141592653589793 * ({x} - rint({x})))"


_POSITIVE = (
    "(1.0 / x + 1.0 / y if y < 1e-300 else (h if c < 170.0 and x < 169.0 else (0.0 if x == inf else"
    " (gy * exp(m) if y < 8.0 else exp(k)))))"
)
_POSITIVE_LOG = "((log1p(y / x) - log(y) if y < 1e-300 else log(h)) if x < 8.0 else (-inf if x == inf else k))"
# Reflections: i and j are positive numbers whose beta function that of a and b is a multiple of, or of its reciprocal.
_BETA: Let = (
    ("lo", "a if a < b else b"),
    ("hi", "b if a < b else a"),
    ("e", "a + b"),
    ("i", "hi if lo > 0.0 else (1.0 - hi if hi < 0.0 else (1.0 - lo if e > 0.0 else 1.0 - e))"),
    ("j", "lo if lo > 0.0 else (1.0 - lo if hi < 0.0 else (e if e > 0.0 else hi))"),
    *_beta("i", "j"),
    ("pos", _POSITIVE),
    ("ln", _POSITIVE_LOG),
    ("sl", _sine("lo")),
    ("sh", _sine("hi")),
    ("se", _sine("e")),
    ("even", "1.0 if rint(hi) == 2.0 * rint(0.5 * hi) else -1.0"),
    ("last", "1.0 if rint(b) == 2.0 * rint(0.5 * b) else -1.0"),
)
_WHOLE_LO, _WHOLE_HI = "lo == rint(lo)", "hi == rint(hi)"


def _reflected(positive: str, pole: str, above: str, below: str, both: str) -> str:
    """The value of beta or betaln by the operands' signs; scipy has values at some pairs of whole numbers, too.

    ``positive``: of i and j; ``pole``: where both are whole and below 0. Of one below 0: ``above``, where the sum is
    above 0, or ``below``; ``both``: of two below 0.
    """
    whole = (
        f"{positive} * even if {_WHOLE_HI} and hi > 0.0 and e <= 0.0 else ({pole} if {_WHOLE_HI} and hi < 0.0 else inf)"
    )
    regular = f"({above} if e > 0.0 else {below}) if hi > 0.0 else (inf if {_WHOLE_HI} else {both})"
    return (
        f"{positive} if lo > 0.0 or a != a or b != b else (inf if a == 0.0 or b == 0.0 else"
        f" (({whole}) if {_WHOLE_LO} else ({regular})))"
    )


_BETA_VALUE = _reflected(
    "pos",
    "last * inf",
    "(copysign(inf, sl) if hi == inf else 3.141592653589793 / (sl * hi * pos))",
    "pos * se / sl",
    "se / sl * 3.141592653589793 / (sh * (1.0 - e) * pos)",
)
_BETALN_VALUE = _reflected(
    "ln",
    "inf",
    "(inf if hi == inf else log(3.141592653589793 / fabs(sl) / hi) - ln)",
    "ln + log(fabs(se / sl))",
    "log(fabs(se / sl / sh) * 3.141592653589793 / (1.0 - e)) - ln",
).replace("ln * even", "ln")
_TAIL = (  # erfcinv of u = exp(-t * t)
    f"({polynomial(fits.ERFCINV_0, 't0')} if t < 2.0 else"
    f" ({polynomial(fits.ERFCINV_1, 't1')} if t < 4.0 else"
    f" ({polynomial(fits.ERFCINV_2, 't2')} if t < 9.0 else"
    f" ({polynomial(fits.ERFCINV_3, 't3')} if t < 16.0 else"
    f" (inf if t == inf else {polynomial(fits.ERFCINV_4, 't4')})))))"
)


def _inverse(complement: str, center: str) -> Let:
    """Names for erfcinv(complement), v, where that is small, and for erfinv(center), w, where that is."""
    return (
        ("t", f"sqrt(-log({complement}))"),
        *((f"t{i}", f"t - {middle}") for i, middle in enumerate((1.5, 3.0, 6.5, 12.5, 21.5))),
        ("v", _TAIL),
        ("m", center),
        ("n", "m * m - 0.25"),
        ("w", f"m * {polynomial(fits.ERFINV, 'n')}"),
    )


_GAP_FAR, _GAP_LOW, _GAP_HIGH = fits.GAP_FAR, fits.GAP_LOW, fits.GAP_HIGH
_GAP: Let = (
    ("u", "1.0 / a / a"),
    ("o", "u - 0.02"),
    ("p", "a + 3.25"),
    ("q", "a + 0.25"),
    ("n", f"{polynomial(_GAP_FAR, 'o')}"),
    (
        "k",
        f"(-n / a if a < -5.0 else ({polynomial(_GAP_LOW, 'p')} if a < -1.5 else {polynomial(_GAP_HIGH, 'q')}))",
    ),
    ("h", "rint(a * 16.0) / 16.0 if fabs(a) < 40.0 else 0.0"),
    (
        "e",
        "0.0 if fabs(a) >= 40.0 else 0.7978845608028654 * exp(-0.5 * h * h) * exp(0.5 * (h - a) * (h + a))"
        " / erfc(a * -0.7071067811865476)",
    ),
)

_SCALED = "mills_gap(-1.4142135623730951 * fabs(out)) + 1.4142135623730951 * fabs(out)"

# fmt: off
GAMMA_PARTS = (
    Op("mills_gap", "a + e if a > 1.0 else k",
       ("1.0 - e * out if a > 1.0 else"
        f" (u * (n + 2.0 * u * {polynomial(slope(_GAP_FAR), 'o')}) if a < -5.0 else"
        f" ({polynomial(slope(_GAP_LOW), 'p')} if a < -1.5 else {polynomial(slope(_GAP_HIGH), 'q')}))",),
       ((-1e100, 37.0),), "a plus the density over the distribution function of the normal distribution.", let=_GAP,
       quiet=True),
    Op("zeta",
       "(l if a > 1.0 else inf - inf) if b > 0.0 or b != b else (inf if b == rint(b) else"
       " (u * u - l if a == 2.0 else (u * u * u * c + l if a == 3.0 else"
       " (u * u * u * u * (1.0 + 2.0 * c * c) / 3.0 - l if a == 4.0 else inf - inf))))",
       ("skip", "-a * zeta(a + 1.0, b)"), ((2.0, 6.0), (1e-20, 1e20)),
       "Hurwitz zeta function, the sum of (b + k) ** -a; a is a number, not differentiated.", let=_ZETA,
       parameters=(0,), quiet=True),
    Op("digamma_gap", "g + ff",
       ("zeta(2.0, a + b) - zeta(2.0, a) if b > 0.5 * a else -(r + hh)", "zeta(2.0, a + b)"),
       ((1e-30, 1e30), (1e-30, 1e30)), "digamma(a + b) - digamma(a) of positive numbers.", let=_GAPS,
       written="digamma(a + b) - digamma(a)", quiet=True),
    *beta_parts(_POSITIVE, (*_beta("a", "b"), *(pair for pair in _GAPS if pair[0] != "c"))),
)

GAMMA = (
    Op("lgamma", "lgamma(a)", ("digamma(a)",), ((1e-30, 1e30),),
       "Logarithm of the absolute value of the gamma function.", function="lgamma", exact=False,
       special="gammaln",
       kernel=_LGAMMA, let=(*_X, *gamma_parts("x"), *TURN)),
    Op("gamma", "gamma(a)", ("out * digamma(a)",), ((1e-30, 171.0),), "The gamma function.", function="gamma",
       exact=False, special="gamma", kernel=_GAMMA, let=(*_X, *gamma_parts("x"), *TURN)),
    Op("digamma",
       "l if a > 0.0 or a != a else (-1.0 / a if a == 0.0 else"
       " (inf - inf if a == rint(a) else l - 3.141592653589793 * cos(r) / sin(r)))",
       ("zeta(2.0, a)",), ((1e-30, 1e30),), "The derivative of log(gamma(a)), also called psi.", let=(*_PSI, *TURN),
       special="digamma", also="psi"),
    Op("beta", _BETA_VALUE,
       ("beta_slope(a, b) if a > 0.0 and b > 0.0 else -(out * (digamma(a + b) - digamma(a)))",
        "beta_slope(b, a) if a > 0.0 and b > 0.0 else -(out * (digamma(a + b) - digamma(b)))"),
       ((1e-30, 1e30), (1e-30, 1e30)),
       "The beta function gamma(a) gamma(b) / gamma(a + b).", let=_BETA, special="beta"),
    Op("betaln", _BETALN_VALUE,
       ("-digamma_gap(a, b) if a > 0.0 and b > 0.0 else digamma(a) - digamma(a + b)",
        "-digamma_gap(b, a) if a > 0.0 and b > 0.0 else digamma(b) - digamma(a + b)"), ((1e-30, 1e30), (1e-30, 1e30)),
       "Logarithm of the absolute value of beta(a, b).", let=_BETA, special="betaln"),
    Op("erfinv",
       "a / 0.0 if fabs(a) == 1.0 else (inf - inf if fabs(a) > 1.0 else (w if fabs(a) <= 0.75 else copysign(v, a)))",
       ("0.886226925452758 / gauss(out) if fabs(a) < 0.5 else"
        f" 0.7071067811865475 / (1.0 - fabs(a)) / ({_SCALED})",), ((-1.0, 1.0),), "The inverse of erf.",
       let=_inverse("1.0 - fabs(a)", "a"), special="erfinv"),
    Op("erfcinv",
       "inf - inf if a < 0.0 or a > 2.0 else (w if fabs(m) <= 0.75 else (v if a < 1.0 else -v))",
       ("-0.886226925452758 / gauss(out) if fabs(1.0 - a) < 0.5 else"
        f" -0.7071067811865475 / (a if a < 1.0 else 2.0 - a) / ({_SCALED})",), ((1e-60, 2.0),), "The inverse of erfc.",
       let=_inverse("a if a < 1.0 else 2.0 - a", "1.0 - a"), special="erfcinv"),
    Op("ndtri",
       "inf - inf if a < 0.0 or a > 1.0 else"
       " 1.4142135623730951 * (-w if fabs(m) <= 0.75 else (-v if a < 0.5 else v))",
       ("1.0 / norm_pdf(out) if fabs(a - 0.5) < 0.25 else"
        " 1.0 / (a if a < 0.5 else 1.0 - a) / (mills_gap(-fabs(out)) + fabs(out))",), ((1e-60, 1.0),),
       "Quantile of the standard normal distribution, the inverse of ndtr.",
       let=_inverse("2.0 * a if a < 0.5 else 2.0 - 2.0 * a", "1.0 - 2.0 * a"), special="ndtri",
       also="norm_ppf"),
    Op("log_ndtr",
       "log1p(-0.5 * erfc(a * 0.7071067811865476)) if a > -1.0 else"
       " (log(0.5 * erfc(a * -0.7071067811865476)) if a > -5.0 else"
       " (-inf if a == -inf else -(0.5 * a * a + 0.9189385332046727 + log(k - a))))",
       ("norm_pdf(a) / ndtr(a) if a > 0.5 else mills_gap(a) - a",), ((-1e100, 37.0),),
       "log(ndtr(a)), accurate in its tails.", let=_GAP, special="log_ndtr"),
)
# fmt: on
