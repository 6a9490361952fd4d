"""Fit the polynomials of the special functions: python csrc/ops/gen_fits.py (needs mpmath, a minute).

Writes src/vargrad/_ops/fits.py. Each fit interpolates a smooth function at Chebyshev's points, at 60 digits, and is
written as powers of a variable that runs over about [-1, 1]. Nothing but mpmath's own functions enters. The largest
error of each fit, relative to the function, is printed and stands beside it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from mpmath import mp, mpf  # type: ignore[import-untyped]

mp.dps = 60


class Fit(NamedTuple):
    """A polynomial of this degree for f on [low, high], in powers of x - middle."""

    name: str
    f: Callable[[Any], Any]
    low: float
    high: float
    degree: int
    doc: str
    middle: float = 0.0


def series(coefficient: Callable[[int], Any], z: Any) -> Any:
    """The power series with these coefficients, summed until nothing is added."""
    total, k = mpf(0), 0
    while True:
        term = coefficient(k) * mpf(z) ** k
        total += term
        if abs(term) < mpf(10) ** -mp.dps:
            return total
        k += 1


def erfcinv(y: Any) -> Any:
    """The inverse of erfc on (0, 1), by Newton's steps on the logarithms."""
    y = mpf(y)
    if y > mpf("0.2"):
        return mp.erfinv(1 - y)
    x = mp.sqrt(-mp.log(y))
    for _ in range(60):
        tail = mp.erfc(x)
        step = mp.log(tail / y) * tail * mp.sqrt(mp.pi) / 2 * mp.exp(x * x)
        x += step
        if abs(step) < mpf(10) ** -50:
            break
    return x


def gap(a: Any) -> Any:
    """a + pdf(a) / cdf(a) of the normal distribution."""
    a = mpf(a)
    with mp.workdps(200):
        return a + mp.exp(-a * a / 2) * mp.sqrt(2 / mp.pi) / mp.erfc(-a / mp.sqrt(2))


def gap_far(u: Any) -> Any:
    """gap(a) * -a where u = 1 / a**2."""
    if u < mpf("1e-6"):
        return 1 - 2 * u + 10 * u**2 - 74 * u**3 + 706 * u**4 - 8162 * u**5 + 110410 * u**6
    a = -1 / mp.sqrt(u)
    return gap(a) * -a


ROOT = mp.findroot(mp.digamma, 1.46)
FITS = [
    Fit("LGAMMA", lambda d: mp.loggamma(2 + d).real / d if d else mp.digamma(2), -0.5, 0.5, 21,
        "log(gamma(2 + x)) = x*P(x)"),
    Fit("GAMMA", lambda d: mp.gamma(2 + d), -0.5, 0.5, 21, "gamma(2 + x) = P(x)"),
    Fit("DIGAMMA", lambda x: mp.digamma(x) / (x - ROOT), 1.0, 2.0, 23, "digamma(x) = (x - root)*P", 1.5),
    Fit("ERFINV", lambda z: mp.erfinv(mp.sqrt(z)) / mp.sqrt(z) if z else mp.sqrt(mp.pi) / 2, 0.0, 0.5626, 28,
        "erfinv(x) = x*P(x*x)", 0.25),
    *(Fit(f"ERFCINV_{i}", lambda t: erfcinv(mp.exp(-t * t)), low, high, degree, "erfcinv(exp(-x*x)) = P", middle)
        for i, (low, high, degree, middle) in enumerate(
            ((1.177, 2.0, 20, 1.5), (2.0, 4.0, 22, 3.0), (4.0, 9.0, 20, 6.5), (9.0, 16.0, 20, 12.5),
             (16.0, 27.5, 20, 21.5)))),
    Fit("GAP_FAR", gap_far, 0.0, 0.04, 24, "gap = -P(1/x**2)/x below -5", 0.02),
    Fit("GAP_LOW", gap, -5.0, -1.5, 27, "gap = P(x)", -3.25),
    Fit("GAP_HIGH", gap, -1.5, 1.0, 31, "gap = P(x)", -0.25),
    Fit("SINC_SLOPE", lambda z: series(lambda k: (-1) ** (k + 1) * mp.pi ** (2 * k + 2) * (2 * k + 2)
        / mp.factorial(2 * k + 3), z), 0.0, 0.5625, 16, "sinc'(x) = x*P(x*x)"),
    Fit("EXPREL_SLOPE", lambda x: series(lambda k: (k + 1) / mp.factorial(k + 2), x), -2.0, 2.0, 25,
        "exprel'(x) = P(x)"),
]  # fmt: skip


# ---- Bessel functions


def amplitude(order: int, quadrature: bool, w: Any) -> Any:
    """P, or x times Q, of J = sqrt(2 / (pi x)) (P cos(t) - Q sin(t)) for large x, where w = 1 / x**2."""
    if w == 0:
        return mpf(4 * order - 1) / 8 if quadrature else mpf(1)
    x = 1 / mp.sqrt(w)
    t = x - (2 * order + 1) * mp.pi / 4
    j, y = mp.besselj(order, x), mp.bessely(order, x)
    scale = mp.sqrt(mp.pi * x / 2)
    return scale * (y * mp.cos(t) - j * mp.sin(t)) * x if quadrature else scale * (j * mp.cos(t) + y * mp.sin(t))


def scaled_i(order: int, x: Any) -> Any:
    """exp(-x) I(x)."""
    return mp.besseli(order, x) * mp.exp(-x)


def scaled_i_near(order: int, x: Any) -> Any:
    """exp(-x) I(x) over x to the order."""
    return scaled_i(order, x) / x**order if x else mpf(1) / (order + 1)


def scaled_i_far(order: int, u: Any) -> Any:
    """sqrt(x) exp(-x) I(x) where u = 1 / x."""
    return mp.sqrt(1 / mpf(u)) * scaled_i(order, 1 / mpf(u)) if u else 1 / mp.sqrt(2 * mp.pi)


def regular(order: int, z: Any) -> Any:
    """What Y has beside 2 / pi (log(x) J - order / x), over x to the order, where z = x * x."""
    z = mpf(z) or mpf(10) ** -40
    with mp.workdps(120):
        x = mp.sqrt(z)
        rest = mp.bessely(order, x) - 2 / mp.pi * (mp.log(x) * mp.besselj(order, x) - order / x)
        return rest / x**order


FITS += [
    *(fit for n in (0, 1) for fit in (
        Fit(f"I{n}E_0", partial(scaled_i_near, n), 0.0, 3.0, 27,
            f"exp(-x) I{n}(x) / x**{n} = P(x)", 1.5),
        Fit(f"I{n}E_1", partial(scaled_i, n), 3.0, 8.0, 27, f"exp(-x) I{n}(x) = P(x)", 5.5),
        Fit(f"I{n}E_FAR", partial(scaled_i_far, n), 0.0, 0.125, 31, f"exp(-x) I{n}(x) = P(1/x)/sqrt(x)",
            0.0625),
        Fit(f"J{n}_1", partial(mp.besselj, n), 4.0, 8.0, 22, f"J{n}(x) = P(x)", 6.0),
        Fit(f"Y{n}_0", partial(regular, n), 0.0, 16.0, 18,
            f"(Y{n}(x) - 2/pi (log(x) J{n}(x) - {n}/x)) / x**{n} = P(x*x)", 8.0),
        Fit(f"Y{n}_1", partial(mp.bessely, n), 4.0, 8.0, 26, f"Y{n}(x) = P(x)", 6.0),
        Fit(f"P{n}", partial(amplitude, n, False), 0.0, 0.015625, 18, f"P of J{n}'s amplitude = P(1/x**2)",
            0.0078125),
        Fit(f"Q{n}", partial(amplitude, n, True), 0.0, 0.015625, 18, f"x Q of J{n}'s amplitude = P(1/x**2)",
            0.0078125),
    )),
    Fit("J0_0", lambda z: (mp.besselj(0, mp.sqrt(z)) - 1) / z if z else mpf(-1) / 4, 0.0, 16.0, 18,
        "J0(x) = 1 + x*x*P(x*x)", 8.0),
    Fit("J1_0", lambda z: mp.besselj(1, mp.sqrt(z)) / mp.sqrt(z) if z else mpf(1) / 2, 0.0, 16.0, 20,
        "J1(x) = x*P(x*x)", 8.0),
]  # fmt: skip


# ---- the incomplete gamma function


def temme(terms: int, degree: int) -> list[list[Any]]:
    """Taylor's coefficients of Temme's C(k, eta), k < terms (DLMF 8.12.7 to 8.12.11); they converge up to 3.5.

    mu(eta) solves eta**2 / 2 = mu - log(1 + mu), so that mu' mu = eta (1 + mu). C(0) = 1/mu - 1/eta, and
    C(k) = C(k-1)' / eta + g / mu, where g takes the pole away.
    """
    n = degree + 2 * terms + 3
    mu = [mpf(0), mpf(1)]
    for k in range(2, n):
        mu.append((mu[k - 1] - mp.fsum(mu[i] * (k + 1 - i) * mu[k + 1 - i] for i in range(2, k))) / (k + 1))
    inverse = [mpf(1)]  # of mu, from the power -1 on
    for k in range(1, n - 1):
        inverse.append(-mp.fsum(mu[i + 1] * inverse[k - i] for i in range(1, k + 1)))
    found = [inverse[1:]]
    while len(found) < terms:
        c = found[-1]
        found.append([(j + 2) * c[j + 2] - c[1] * inverse[j + 1] for j in range(len(c) - 2)])
    return found


TEMME = temme(10, 90)
TEMME_DEGREES = (19, 17, 15, 14, 13, 12, 11, 10, 8, 8)
FITS += [
    *(Fit(f"TEMME_{k}", partial(mp.polyval, TEMME[k][::-1]), -1.0, 1.0, degree, f"Temme's C({k}, eta) = P(eta)")
      for k, degree in enumerate(TEMME_DEGREES)),
    Fit("LOG_GAP", lambda m: (m - mp.log(1 + m)) / m**2 if abs(m) > 1e-20 else mpf(1) / 2, -0.3, 0.3, 22,
        "mu - log(1 + mu) = mu*mu*P(mu)"),
    Fit("LGAMMA1P", lambda a: mp.loggamma(1 + a) / a if a else mp.digamma(1), 0.0, 1.0, 20,
        "log(gamma(1 + x)) = x*P(x)", 0.5),
]  # fmt: skip


def coefficients(fit: Fit) -> list[Any]:
    """Powers of x - middle, lowest first: the interpolation at Chebyshev's points."""
    n = fit.degree + 1
    center, radius = (mpf(fit.low) + mpf(fit.high)) / 2, (mpf(fit.high) - mpf(fit.low)) / 2
    points = [center + radius * mp.cos(mp.pi * (2 * i + 1) / (2 * n)) for i in range(n)]
    values = [fit.f(x) for x in points]
    # Newton's divided differences, then expanded around the middle
    table = list(values)
    for k in range(1, n):
        for i in range(n - 1, k - 1, -1):
            table[i] = (table[i] - table[i - 1]) / (points[i] - points[i - k])
    p: list[Any] = [mpf(0)]
    for c, x in zip(reversed(table), reversed(points), strict=True):
        shift = mpf(fit.middle) - x
        p = [shift * (p[j] if j < len(p) else 0) + (p[j - 1] if j else 0) for j in range(len(p) + 1)]
        p[0] += c
    return p[:n]


def worst(fit: Fit, p: list[float]) -> Any:
    """The largest relative error of the rounded coefficients on a grid."""
    found = mpf(0)
    for i in range(401):
        x = mpf(fit.low) + (mpf(fit.high) - mpf(fit.low)) * i / 400
        there = fit.f(x)
        if there:
            found = max(found, abs(mp.polyval([mpf(c) for c in p[::-1]], x - mpf(fit.middle)) / there - 1))
    return found


def rows(numbers: list[Any]) -> list[str]:
    """Lines of four numbers."""
    texts = [f"{float(x)!r}," for x in numbers]
    return [f"    {' '.join(texts[i : i + 4])}" for i in range(0, len(texts), 4)]


def gauss_legendre(n: int) -> tuple[list[Any], list[Any]]:
    """Nodes and weights on [0, 1]."""
    nodes, weights = [], []
    for k in range(n):
        x = mp.cos(mp.pi * (k + mpf(3) / 4) / (n + mpf(1) / 2))
        for _ in range(8):  # Newton's steps
            slope = n * (x * mp.legendre(n, x) - mp.legendre(n - 1, x)) / (x * x - 1)
            x -= mp.legendre(n, x) / slope
        nodes.append((1 + x) / 2)
        weights.append(1 / ((1 - x * x) * slope * slope))
    return nodes, weights


def main() -> int:
    """Write the module."""
    lines = [
        '"""Coefficients of polynomials in formulas of the table, lowest power first.',
        "",
        "Written by csrc/ops/gen_fits.py; do not edit.",
        '"""',
        "",
        "# fmt: off",
    ]
    for fit in FITS:
        p = [float(c) for c in coefficients(fit)]
        error = f"2^{float(mp.log(worst(fit, p), 2)):.1f}"
        print(f"{fit.name:14} {error:8} {fit.doc}", file=sys.stderr)
        where = f"from {fit.low!r} to {fit.high!r}"
        around = f" in powers of x - {fit.middle!r}," if fit.middle else ""
        lines += [f"# {fit.doc},{around} {where}; within {error}", f"{fit.name} = ("]
        lines += [*rows(p), ")"]
    high = float(ROOT)
    lines += [f"DIGAMMA_ROOT = ({high!r}, {float(ROOT - mpf(high))!r})"]
    bernoulli = [mp.bernoulli(2 * k) for k in range(1, 12)]
    for name, doc, numbers in (
        ("STIRLING", "B(2k) / (2k (2k - 1))", [b / (2 * k * (2 * k - 1)) for k, b in enumerate(bernoulli, 1)][:9]),
        ("DIGAMMA_FAR", "B(2k) / 2k", [b / (2 * k) for k, b in enumerate(bernoulli, 1)][:9]),
        ("TRIGAMMA_FAR", "B(2k)", bernoulli[:10]),
        ("ZETA_FAR", "B(2k) / (2k)!", [b / mp.factorial(2 * k) for k, b in enumerate(bernoulli, 1)]),
    ):
        lines += [f"# {doc}", f"{name} = (", *rows(numbers), ")"]
    nodes, weights = gauss_legendre(18)
    for name, numbers in (("NODES", nodes), ("WEIGHTS", weights)):
        lines += ["# of the rule of Gauss and Legendre on [0, 1]", f"{name} = (", *rows(numbers), ")"]
    path = Path(__file__).resolve().parents[2] / "src" / "vargrad" / "_ops" / "fits.py"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
