"""Rows of the table for the second and third derivatives of the beta function, as sums of positive terms.

By the rules its mixed derivatives are differences of numbers that grow as an operand gets small. With
H = B(a, b) a b / (a + b) and the sums M(i, j) of (a + k)**-i (a + b + k)**-j over k = 1, 2, ... the mixed one is
H ((a + b) M(1, 1) M'(1, 1) + M(1, 2) + M'(1, 2)), where M' has b in place of a: all positive. The sums are of eleven
terms and Euler and Maclaurin's formula, whose integral is Gauss and Legendre's rule, or a closed form where b is large.
"""

from __future__ import annotations

from functools import cache
from math import comb

from vargrad._ops import fits
from vargrad._ops.polynomials import Let, polynomial
from vargrad._ops.row import Op

_FIRST = 12  # of the terms that Euler and Maclaurin's formula sums
_DIRECT = {  # of z = b / (a + 12): the integral of s**(i + j - 2) / (1 + z s)**j from 0 to 1, where z > 3
    (1, 1): "{l} / {z}",
    (1, 2): "({l} - {z} / (1.0 + {z})) / {z} / {z}",
    (2, 1): "({z} - {l}) / {z} / {z}",
    (3, 1): "(0.5 * {z} * {z} - {z} + {l}) / {z} / {z} / {z}",
    (2, 2): "({z} - 2.0 * {l} + {z} / (1.0 + {z})) / {z} / {z} / {z}",
    (1, 3): "({l} + 2.0 / (1.0 + {z}) - 1.5 - 0.5 / (1.0 + {z}) / (1.0 + {z})) / {z} / {z} / {z}",
}


def _product(x: str, i: int, y: str, j: int) -> str:
    return " * ".join([x] * i + [y] * j)


def _sums(a: str, b: str, tag: str, *orders: tuple[int, int]) -> Let:
    """Names ``m12tag`` and so on for sums of these orders, and what they are made of."""
    p, q, z, log, v = (f"{name}{tag}" for name in "pqzlv")
    let = [(f"t{k}{tag}", f"1.0 / ({a} + {k}.0)") for k in range(1, _FIRST)]
    let += [(f"s{k}{tag}", f"1.0 / (c + {k}.0)") for k in range(1, _FIRST)]
    let += [(p, f"1.0 / ({a} + {_FIRST}.0)"), (q, f"1.0 / (c + {_FIRST}.0)"), (z, f"{b} * {p}"), (log, f"log1p({z})")]
    let += [(v, f"({a} + {_FIRST}.0) / (c + {_FIRST}.0)")]
    let += [(f"y{k}{tag}", f"1.0 / (1.0 + {node!r} * {z})") for k, node in enumerate(fits.NODES)]
    return (*let, *((f"m{i}{j}{tag}", _sum(i, j, tag)) for i, j in orders))


@cache
def _sum(i: int, j: int, tag: str) -> str:
    """The sum of the orders i and j, of the names that ``_sums`` gives."""
    p, q, z, log, v = (f"{name}{tag}" for name in "pqzlv")
    terms = " + ".join(_product(f"t{k}{tag}", i, f"s{k}{tag}", j) for k in range(_FIRST - 1, 0, -1))
    rule = " + ".join(
        f"{weight * node ** (i + j - 2)!r} * {_product(f'y{k}{tag}', j, '', 0)}"
        for k, (node, weight) in enumerate(zip(fits.NODES, fits.WEIGHTS, strict=True))
    )
    integral = f"({_DIRECT[i, j].format(l=log, z=z)} if {z} > 3.0 else {rule})"
    text = "0.0"
    for m in range(8, 0, -1):  # B(2m) / (2m)! times a derivative of odd order n
        n = 2 * m - 1
        bernoulli = fits.TRIGAMMA_FAR[m - 1] / (2 * m)
        c = [bernoulli * comb(i - 1 + n - k, n - k) * comb(j - 1 + k, k) for k in range(n + 1)]
        text = f"({polynomial(c, v)} + {p} * {p} * {text})"
    powers = _product(p, i, q, j)
    return f"{terms} + {_product(p, i + j - 1, '', 0)} * {integral} + {powers} * (0.5 + {p} * {text})"


_BEND: Let = (
    ("c", "a + b"),
    *_sums("a", "b", "a", (1, 1), (1, 2)),
    *_sums("b", "a", "b", (1, 1), (1, 2)),
)
_BEND_SLOPE: Let = (
    ("c", "a + b"),
    *_sums("a", "b", "a", (1, 1), (1, 2), (2, 1), (2, 2), (1, 3)),
    *_sums("b", "a", "b", (1, 1), (1, 2), (1, 3)),
    ("g", "digamma_gap(a, b)"),  # from here on for its partials: minus the derivatives of log(beta)
    ("k", "digamma_gap(b, a)"),
    ("u", "zeta(2.0, a) - zeta(2.0, c)"),
    ("w", "zeta(2.0, b) - zeta(2.0, c)"),
    ("o", "zeta(2.0, c)"),
    ("e", "2.0 * zeta(3.0, c)"),
    ("f", "6.0 * zeta(4.0, c)"),
    ("x", "2.0 * (zeta(3.0, c) - zeta(3.0, a))"),
    ("i", "g * o - u * k + e"),  # slope of g * k - o by a
    ("j", "k * o - w * g + e"),
)
_CLOSE: Let = (*_sums("a", "b", "s", (1, 2), (2, 1)), ("tt", "b * (1.0 / a / c / c + 1.0 / a / a / c + (m12s + m21s))"))
_CLOSER: Let = (("c", "a + b"), *_sums("a", "b", "s", (1, 3), (2, 2), (3, 1)))
_WIDE = ((1e-30, 1e30), (1e-30, 1e30))


def beta_parts(beta: str, let: Let) -> tuple[Op, ...]:
    """The rows; ``beta`` is the formula of the function, and ``let`` names what that and digamma_gap have."""
    # fmt: off
    return (
        Op("beta_slope", f"-({beta} * (g + ff))",
           ("beta_curve(a, b)", "beta_one(a, b) * beta_bend(a, b)"),
           _WIDE, "Slope of beta by a.", let=let, quiet=True, written="-beta(a, b) * (digamma(a + b) - digamma(a))"),
        Op("beta_curve", f"{beta} * ((g + ff) * (g + ff) + tt)",
           ("-(out * digamma_gap(a, b)"
            " + beta(a, b) * (2.0 * digamma_gap(a, b) * trigamma_gap(a, b) + tetragamma_gap(a, b)))",
            "beta_one(a, b) * (beta_bend_slope(a, b) - digamma_gap(1.0 + a, b) * beta_bend(a, b))"),
           _WIDE, "Slope of beta_slope by a.", let=(*let, *_CLOSE), quiet=True),
        Op("trigamma_gap", "tt", ("-tetragamma_gap(a, b)", "2.0 * zeta(3.0, a + b)"), _WIDE,
           "Trigamma at a less that at a + b.", let=(("c", "a + b"), *_CLOSE), quiet=True),
        Op("tetragamma_gap",
           "2.0 * b * (1.0 / a / c / c / c + 1.0 / a / a / c / c + 1.0 / a / a / a / c + (m13s + m22s + m31s))",
           ("6.0 * (zeta(4.0, a + b) - zeta(4.0, a))", "6.0 * zeta(4.0, a + b)"), ((0.5, 50.0), (0.5, 50.0)),
           "Minus the slope of trigamma_gap by a.", let=_CLOSER, quiet=True),
        Op("beta_one", f"{beta} * (a / c * b)",
           ("-(out * digamma_gap(1.0 + a, b))", "-(out * digamma_gap(1.0 + b, a))"), _WIDE,
           "beta(a, b) a b / (a + b), which is 1 where an operand is 0.", let=let, quiet=True,
           written="beta(a, b) * a * b / (a + b)"),
        Op("beta_bend", "c * m11a * m11b + (m12a + m12b)",
           ("beta_bend_slope(a, b)", "beta_bend_slope(b, a)"), _WIDE,
           "The mixed derivative of beta, divided by beta_one.", let=_BEND, quiet=True),
        Op("beta_bend_slope",
           "m11a * m11b - (c * ((m21a + m12a) * m11b + m11a * m12b) + (m22a + 2.0 * m13a) + 2.0 * m13b)",
           ("-((x * k + 2.0 * u * o + g * e + f) * (1.0 / a + 1.0 / b) + 2.0 * (i - (g * k - o) / a) / a / a)",
            "(u * w + o * o - (g + k) * e - f) * (1.0 / a + 1.0 / b) - i / b / b - j / a / a"),
           ((0.5, 20.0), (0.5, 20.0)), "Slope of beta_bend by a.", let=_BEND_SLOPE, quiet=True),
    )
    # fmt: on
