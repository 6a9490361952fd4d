"""Rows of the table for vargrad.special: names and conventions are scipy.special's.

These rows never raise, as scipy.special's functions: outside of its domain a function is nan, at a pole inf. Where a
derivative cancels near a point, a part holds a polynomial for it there (``fits.py``), whose own derivatives by the
rules are right as well.
"""

from __future__ import annotations

from math import inf

from vargrad._ops import fits
from vargrad._ops.polynomials import polynomial, slope
from vargrad._ops.row import REAL, Op
from vargrad._ops.table_bessel import BESSEL
from vargrad._ops.table_binary import BINARY_PARTS
from vargrad._ops.table_gamma import GAMMA, GAMMA_PARTS, TURN
from vargrad._ops.table_incomplete import INCOMPLETE, INCOMPLETE_PARTS

# exp(-a*a/2) loses a*a/2 ulps to the rounding of the square, so the square is split: h*h is exact.
_H = ("h", "rint(a * 16.0) / 16.0 if fabs(a) < 40.0 else 0.0")
_PDF = "0.3989422804014327 * exp(-0.5 * h * h) * exp(0.5 * (h - a) * (h + a))"
# the same for a factor in front of it: only the last product may be subnormal
_TIMES_PDF = "0.3989422804014327 * exp(0.5 * (h - a) * (h + a)) * exp(-0.25 * h * h) * exp(-0.25 * h * h)"
_RATIO = (  # log(a / b), accurate where a is about b, and where the quotient over- or underflows
    "(log1p((a - b) / b) if fabs(a - b) < 0.5 * b else"
    " (log(a / b) if 1e-300 < a / b and a / b < 1e300 else log(a) - log(b)))"
)
_EXPREL = (
    "(1.0 if a == 0.0 else (expm1(a) / a if a < 700.0 or a != a else"
    " (inf if a == inf else exp(0.5 * a) * (exp(0.5 * a) / a))))"
)

# fmt: off
SPECIAL_PARTS = (
    Op("log_ratio", _RATIO, ("1.0 / a", "-1.0 / b"), ((1e-150, 1e150), (1e-150, 1e150)), "log(a / b), accurate at 1."),
    Op("logit_slope", "1.0 / a / (1.0 - a)", ("(2.0 * a - 1.0) * out * out",), ((1e-100, 1.0),), "Slope of logit."),
    Op("sinc_slope",
       f"a * {polynomial(fits.SINC_SLOPE, 'z')} if fabs(a) < 0.75 else"
       " (s * cos(r) - s * sin(r) / 3.141592653589793 / a) / a",
       (f"{polynomial(fits.SINC_SLOPE, 'z')} + 2.0 * z *"
        f" {polynomial(slope(fits.SINC_SLOPE), 'z')} if fabs(a) < 0.75 else"
        " -3.141592653589793 * (s * sin(r)) / a - 2.0 * out / a",),
       ((-1e15, 1e15),), "Slope of sinc.", let=(*TURN, ("z", "a * a"))),
    Op("exprel_slope",
       f"{polynomial(fits.EXPREL_SLOPE, 'a')} if fabs(a) < 2.0 else"
       f" ((inf if a == inf else {_EXPREL} * (1.0 - 1.0 / a) + 1.0 / a) if a > 0.0 else (exp(a) - {_EXPREL}) / a)",
       (f"{polynomial(slope(fits.EXPREL_SLOPE), 'a')} if fabs(a) < 2.0 else"
        " ((inf if a == inf else out * (1.0 - 2.0 / a) + exprel(a) / a) if a > 0.0 else (exp(a) - 2.0 * out) / a)",),
       ((-1e100, 700.0),), "Slope of exprel."),
    *GAMMA_PARTS,
    *INCOMPLETE_PARTS,
    *BINARY_PARTS,
)

SPECIAL = (
    Op("norm_pdf", f"0.0 if fabs(a) >= 40.0 else {_PDF}", (f"-a * {_TIMES_PDF} if fabs(a) < 40.0 else 0.0",),
       ((-38.0, 38.0),), "Density of the standard normal distribution.", let=(_H,), special="norm_pdf"),
    Op("exprel", _EXPREL, ("exprel_slope(a)",), ((-1e100, 716.0),), "(exp(a) - 1) / a, accurate near 0, where it is 1.",
       special="exprel"),
    Op("sinc",
       "1.0 if a == 0.0 else (0.0 if fabs(a) == inf else s * sin(r) / 3.141592653589793 / a)",
       ("sinc_slope(a)",), ((-1e15, 1e15),), "sin(pi a) / (pi a), which is 1 at 0.", let=TURN, special="sinc"),
    Op("logaddexp",
       "a + 0.6931471805599453 if a == b else (a if a > b else b) + log1p(exp(-fabs(a - b)))",
       ("sigmoid(a - b) if a != b or fabs(a) != inf else 0.5",
        "sigmoid(b - a) if a != b or fabs(a) != inf else 0.5"), (REAL, REAL),
       "log(exp(a) + exp(b)), never overflowing.", special="logaddexp"),
    Op("xlogy", "0.0 if a == 0.0 and b == b else a * log(b)",
       ("log(b)", "a / b if a != 0.0 or b != 0.0 else 0.0"), ((-1e150, 1e150), (1e-150, inf)),
       "a * log(b), and 0 where a is 0.", special="xlogy"),
    Op("xlog1py", "0.0 if a == 0.0 and b == b else a * log1p(b)",
       ("log1p(b)", "a / (1.0 + b) if a != 0.0 or b != -1.0 else 0.0"), ((-1e150, 1e150), (-1.0, inf)),
       "a * log(1 + b), and 0 where a is 0.", special="xlog1py"),
    Op("entr", "-(a * log(a)) if a > 0.0 else (0.0 if a == 0.0 else (-inf if a < 0.0 else a))",
       ("-(log(a) + 1.0)",), ((0.0, 1e300),), "-a * log(a), 0 at 0 and -inf below.", special="entr"),
    Op("rel_entr",
       f"a * {_RATIO} if a > 0.0 and b > 0.0 else"
       " (a + b if a != a or b != b else (0.0 if a == 0.0 and b >= 0.0 else inf))",
       ("log_ratio(a, b) + 1.0", "-(a / b) if a != 0.0 or b != 0.0 else 0.0"), ((1e-150, 1e150), (1e-150, 1e150)),
       "a * log(a / b), 0 where a is 0, inf outside of a, b > 0.", special="rel_entr"),
    Op("logit",
       "log(a / (1.0 - a)) if a < 0.25 or a > 0.75 else log1p((2.0 * a - 1.0) / (1.0 - a))",
       ("logit_slope(a)",), ((0.0, 1.0),), "log(a / (1 - a)), the inverse of expit.", special="logit"),
    Op("log_expit", "(a if a < 0.0 else 0.0) - log1p(t)", ("sigmoid(-a)",), (REAL,),
       "log(expit(a)), accurate in its tails.", let=(("t", "exp(-fabs(a))"),), special="log_expit"),
    Op("ndtr", "0.5 * erfc(a * -0.7071067811865476)", ("norm_pdf(a)",), ((-38.0, 38.0),),
       "Distribution function of the standard normal distribution.", special="ndtr",
       also="norm_cdf"),
    *GAMMA,
    *BESSEL,
    *INCOMPLETE,
)
# fmt: on

# What partials above call.
_CALLED = ("norm_pdf", "exprel", "ndtr", "digamma", "beta", "j0", "j1", "y0", "y1")
CALLED_SPECIAL = tuple(row for row in SPECIAL if row.name in _CALLED)
