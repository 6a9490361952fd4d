"""Rows of the table for the incomplete gamma function, for vargrad.special: a is a parameter, b what scipy calls x.

Below a = 20 the power series in b up to about a, a continued fraction beyond. From 20 on Temme's uniform expansion
where eta is at most 1: b from about 0.3 a to 2.4 a; elsewhere again the series or the fraction, which then end early.
Each has a fixed number of terms: programs have no loops. Sources: DLMF 8.7.1, 8.9.2, 8.12.
"""

from __future__ import annotations

from vargrad._ops import fits
from vargrad._ops.polynomials import Let, polynomial
from vargrad._ops.row import Op
from vargrad._ops.table_gamma import gamma_parts

_TERMS = 72


def _series(first: int, step: str) -> str:
    """1 + x / (a + 1) (1 + x / (a + 2) (1 + ...)), where ``step`` is x."""
    text = "1.0"
    for k in range(_TERMS, first - 1, -1):
        text = f"(1.0 + {step} / (a + {k}.0) * {text})"
    return text


def _alternating() -> str:
    """The sum of (-b)**n / ((a + n) n!) from n = 1 on, for b up to 1.5."""
    text = "0.0"
    for n in range(26, 0, -1):
        text = f"(-b / {n}.0) * (1.0 / (a + {n}.0) + {text})"
    return text


def _fraction() -> str:
    """exp(b) b**-a times the upper function: 1 / (b + 1 - a - 1 (1 - a) / (b + 3 - a - ...))."""
    text = f"(b - a + {2 * _TERMS + 1}.0)"
    for k in range(_TERMS, 0, -1):
        text = f"(b - a + {2 * k - 1}.0 + {k}.0 * (a - {k}.0) / {text})"
    return f"1.0 / {text}"


def _temme() -> str:
    text = polynomial(fits.TEMME_9, "e")
    for k in range(8, -1, -1):
        text = f"({polynomial(getattr(fits, f'TEMME_{k}'), 'e')} + {text} / a)"
    return text


# r is b**a exp(-b) / gamma(1 + a)
_DENSITY: Let = (
    *gamma_parts("a", "a"),
    ("m", "(b - a) / a"),
    (
        "f",  # eta**2 / 2, what the exponent loses against a normal distribution's
        f"m * m * {polynomial(fits.LOG_GAP, 'm')} if fabs(m) < 0.3 else (m - log(b / a) if m < 1e10 else inf)",
    ),
    ("h", "exp(-0.5 * b)"),
    ("n", "0.3989422804014327 * exp(-a * f) / sqrt(a)"),
    ("r", "(b ** a * h * h / (a * ga) if b < 2000.0 else 0.0) if a < 20.0 else n / exp(w)"),
    ("w", f"{polynomial(fits.STIRLING, '(1.0 / a / a)')} / a"),
)
_DENSITY = (*_DENSITY[:-2], _DENSITY[-1], _DENSITY[-2])
_INCOMPLETE: Let = (
    *_DENSITY,
    ("e", "copysign(sqrt(2.0 * f), m)"),
    ("t", f"n * {_temme()}"),
    ("z", "e * sqrt(0.5 * a)"),
    ("u", f"a * (log(b) - {polynomial(fits.LGAMMA1P, '(a - 0.5)')})"),
    ("p", f"r * {_series(1, 'b')}"),
    ("q", f"r * a * {_fraction()}"),
    ("g", "1.5 if a < 1.0 else a + 0.25"),
)
_SMALL = f"-expm1(u) - exp(u) * a * ({_alternating()})"
_OUTSIDE = "inf - inf if a < 0.0 or b < 0.0 or a != a or b != b else"

# fmt: off
INCOMPLETE_PARTS = (
    Op("gamma_density",
       f"{_OUTSIDE} (0.0 if b == inf or a == inf or a == 0.0 else"
       " ((inf if a < 1.0 else (1.0 if a == 1.0 else 0.0)) if b == 0.0 else a * r / b))",
       ("skip", "((a - 1.0) / b - 1.0) * out"), ((1e-30, 1e6), (1e-30, 1e6)),
       "Density of the gamma distribution of shape a at b.", let=_DENSITY, parameters=(0,), quiet=True,
       written="b ** (a - 1.0) * exp(-b) / gamma(a)"),
)
INCOMPLETE = (
    Op("gammainc",
       f"{_OUTSIDE} ((inf - inf if b == 0.0 else 1.0) if a == 0.0 else"
       " ((inf - inf if b == inf else 0.0) if a == inf else (0.0 if b == 0.0 else (1.0 if b == inf else"
       " (0.5 * erfc(-z) - t if a >= 20.0 and f <= 0.5 else (p if b < g else 1.0 - q))))))",
       ("skip", "gamma_density(a, b)"), ((1e-30, 1e6), (1e-30, 1e6)),
       "Regularized lower incomplete gamma function, the distribution function at b of shape a.", let=_INCOMPLETE,
       parameters=(0,), special="gammainc"),
    Op("gammaincc",
       f"{_OUTSIDE} ((inf - inf if b == 0.0 else 0.0) if a == 0.0 else"
       " ((inf - inf if b == inf else 1.0) if a == inf else (1.0 if b == 0.0 else (0.0 if b == inf else"
       f" (0.5 * erfc(z) + t if a >= 20.0 and f <= 0.5 else (({_SMALL} if a < 1.0 else 1.0 - p) if b < g else q))))))",
       ("skip", "-gamma_density(a, b)"), ((1e-30, 1e6), (1e-30, 1e6)),
       "Regularized upper incomplete gamma function, 1 - gammainc(a, b), accurate in its tail.", let=_INCOMPLETE,
       parameters=(0,), special="gammaincc"),
)
# fmt: on
