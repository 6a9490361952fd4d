"""Fit the polynomials of vmath*.h and write fits.h: python csrc/vm/vmath/gen_vmath.py (needs mpmath, a minute).

Each row of FITS is a function that is smooth after an analytic reduction, an interval, a degree and a weight. The
Remez exchange finds the polynomial whose weighted error is level; errors are printed as powers of two, relative to
the function of vmath that uses the fit. Nothing but mpmath's own functions and definitions enters.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from mpmath import mp, mpf  # type: ignore[import-untyped]

mp.dps = 60
Function = Callable[[Any], Any]
POINTS = 600  # of the grid on which extrema are sought


@dataclass(frozen=True)
class Fit:
    """A polynomial in z for f on [low, high], its error weighted by w."""

    name: str
    f: Function
    low: float
    high: float
    degree: int
    w: Function
    doc: str


def series(coefficient: Callable[[int], Any], z: Any) -> Any:
    """The power series with these coefficients, summed until nothing is added: for quotients that are 0/0 at 0."""
    total, k = mpf(0), 0
    while True:
        term = coefficient(k) * z**k
        total += term
        if abs(term) < mpf(10) ** -mp.dps:
            return total
        k += 1


def of_square(f: Function, first: Any, power: int, taylor: Callable[[int], Any]) -> Function:
    """z -> (f(sqrt z) - first(sqrt z)) / sqrt(z)**power, from the Taylor series where that cancels."""

    def quotient(z: Any) -> Any:
        if z < mpf("0.01"):
            return series(taylor, z)
        x = mp.sqrt(z)
        return (f(x) - first(x)) / x**power

    return quotient


def central(k: int) -> Any:
    """The k-th coefficient of asin(x) / x in x*x."""
    return mp.binomial(2 * k, k) / (4**k * (2 * k + 1))


def erf_tail(t: Any) -> Any:
    """exp(x*x) * erfc(x) where t = (x - 3) / (x + 3)."""
    x = 3 * (1 + t) / (1 - t)
    return mp.exp(x * x) * mp.erfc(x)


def erfc_scaled(t: Any) -> Any:
    """exp(x*x) * erfc(x) * (1 + 2 x) where t = (x - 4) / (x + 4)."""
    if t == 1:
        return 2 / mp.sqrt(mp.pi)
    x = 4 * (1 + t) / (1 - t)
    return (1 + 2 * x) * mp.exp(x * x) * mp.erfc(x)


HALF_LN2 = 0.34665
S_MAX = 0.0295  # (f / (2 + f))**2 for 1 + f between sqrt(1/2) and sqrt(2)
QUARTER = 0.6172  # (pi/4)**2 and a little
FITS = [
    Fit("EXP", lambda r: series(lambda k: 1 / mp.factorial(k + 2), r), -HALF_LN2, HALF_LN2, 9, lambda r: r * r,
        "exp(r) = 1 + r + r*r*P(r)"),
    Fit("LOG", lambda z: series(lambda k: mpf(2) / (2 * k + 3), z), 0.0, S_MAX, 6, lambda z: z,
        "log((1+s)/(1-s)) = 2*s + s*z*P(z), z = s*s"),
    Fit("LOG_TAIL", lambda z: series(lambda k: mpf(2) / (2 * k + 5), z), 0.0, S_MAX, 6, lambda z: z * z,
        "log((1+s)/(1-s)) = 2*s + s*z*(2/3 + z*P(z)), z = s*s"),
    Fit("SIN", lambda z: series(lambda k: (-1) ** (k + 1) / mp.factorial(2 * k + 3), z), 0.0, QUARTER, 5, lambda z: z,
        "sin(r) = r + r*z*P(z), z = r*r"),
    Fit("COS", lambda z: series(lambda k: (-1) ** k / mp.factorial(2 * k + 4), z), 0.0, QUARTER, 5,
        lambda z: z * z, "cos(r) = 1 - z/2 + z*z*P(z), z = r*r"),
    Fit("ATAN", of_square(mp.atan, lambda x: x, 3, lambda k: mpf((-1) ** (k + 1)) / (2 * k + 3)), 0.0, 0.2501, 11,
        lambda z: z, "atan(t) = t + t*z*P(z), z = t*t"),
    Fit("ASIN", of_square(mp.asin, lambda x: x, 3, lambda k: central(k + 1)), 0.0, 0.2501, 12, lambda z: z,
        "asin(x) = x + x*z*P(z), z = x*x"),
    Fit("SINH", lambda z: series(lambda k: 1 / mp.factorial(2 * k + 3), z), 0.0, 1.0, 6, lambda z: z,
        "sinh(x) = x + x*z*P(z), z = x*x"),
    Fit("ERF", lambda z: series(lambda k: mpf(2) / mp.sqrt(mp.pi) * (-1) ** k / (mp.factorial(k) * (2 * k + 1)), z)
        - 1, 0.0, 1.0, 11, lambda z: mpf(1), "erf(x) = x + x*P(x*x)"),
    Fit("ERF_TAIL", erf_tail, -0.5, 1 / 3, 11, lambda t: mp.exp(-((3 * (1 + t) / (1 - t)) ** 2)),
        "erf(x) = 1 - exp(-x*x) * P((x-3)/(x+3)) from 1 to 6"),
    Fit("ERFC", lambda t: erfc_scaled(t) - mpf("1.25"), -7.0 / 9, 0.75, 20, lambda t: mpf(1),
        "erfc(x) = exp(-x*x) / (1 + 2*x) * (1.25 + P((x-4)/(x+4))) from 0.5 to 28"),
    Fit("CBRT", mp.cbrt, 0.5, 1.0, 4, lambda m: 1 / mp.cbrt(m), "a first guess at cbrt(m), half to one"),
]  # fmt: skip


def remez(fit: Fit) -> tuple[list[Any], Any]:
    """Coefficients of the minimax polynomial, lowest first, and its largest weighted error.

    A weight that falls steeply leaves some first guesses without enough extrema: the best of several.
    """
    return min((exchange(fit, skew) for skew in (0.9, 1.0, 1.1, 1.2)), key=lambda found: found[1])


def exchange(fit: Fit, skew: float) -> tuple[list[Any], Any]:
    """The same from one set of first points."""
    low, high, n = mpf(fit.low), mpf(fit.high), fit.degree + 2
    grid = [(low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * i / POINTS) for i in range(POINTS + 1)]
    table = [(x, fit.f(x), fit.w(x)) for x in grid]
    chosen = [round(POINTS * (i / (n - 1)) ** skew) for i in range(n)]
    best = mp.inf
    while True:
        rows, right = mp.matrix(n, n), mp.matrix(n, 1)
        for i, at in enumerate(chosen):
            x, y, w = table[at]
            w = max(w, mpf(10) ** -30)  # where the weight vanishes any value does
            for j in range(n - 1):
                rows[i, j] = w * x**j
            rows[i, n - 1] = (-1) ** i
            right[i] = w * y
        solution = mp.lu_solve(rows, right)
        p = [solution[j] for j in range(n - 1)]
        error = [w * (mp.polyval(p[::-1], x) - y) for x, y, w in table]
        worst = max(abs(e) for e in error)
        if worst >= best * mpf("0.999"):
            return p, worst
        best = worst
        edges = [-1, *(i for i, (a, b) in enumerate(pairwise(error)) if a * b < 0), POINTS]
        extrema = [max(range(a + 1, b + 1), key=lambda i: abs(error[i])) for a, b in pairwise(edges)]
        while len(extrema) > n:
            extrema.pop(0 if abs(error[extrema[0]]) < abs(error[extrema[-1]]) else -1)
        if len(extrema) < n:
            return p, worst
        chosen = extrema


def horner(p: list[Any]) -> str:
    """Even and odd halves, each by Horner's rule: half the latency for one operation more."""

    def half(c: list[str]) -> str:
        text = c[-1]
        for x in reversed(c[:-1]):
            text = f"FMA({text}, zz, {x})"
        return text

    numbers = [float(c).hex() for c in p]
    return f"FMA({half(numbers[1::2])}, z, {half(numbers[0::2])})"


def constant(name: str, value: Any, pieces: int, bits: int = 53) -> str:
    """A number as a sum of doubles, all but the last with so many bits."""
    parts = []
    for i in range(pieces):
        last = i == pieces - 1
        scale = mpf(2) ** (bits - 1 - int(mp.floor(mp.log(abs(value), 2))))
        part = float(value) if last else float(mp.floor(value * scale) / scale)
        parts.append(f"#define {name}_{i} {part.hex()}")
        value -= mpf(part)
    return "\n".join(parts)


def main() -> int:
    """Write the header."""
    lines = [
        "/* Written by csrc/vm/vmath/gen_vmath.py; do not edit. Fits and constants of vmath.h. zz is z * z. */",
        "#ifndef VARGRAD_VMATH_FITS_H",
        "#define VARGRAD_VMATH_FITS_H",
        "",
        constant("LN2", mp.log(2), 2, 38),
        constant("LN2_FULL", mp.log(2), 2),
        constant("LOG2E", 1 / mp.log(2), 2),
        constant("LOG10E", 1 / mp.log(10), 2),
        constant("LOG10_2", mp.log(2, 10), 2, 38),
        constant("HALF_PI", mp.pi / 2, 4, 30),
        constant("PI_2", mp.pi / 2, 2),
        constant("PI_4", mp.pi / 4, 2),
        constant("PI", mp.pi, 2),
        constant("TWO_OVER_PI", 2 / mp.pi, 1),
        constant("TWO_THIRDS", mpf(2) / 3, 2),
        constant("CBRT_2", mp.cbrt(2), 1),
        constant("CBRT_4", mp.cbrt(4), 1),
    ]
    for fit in FITS:
        p, worst = remez(fit)
        print(f"{fit.name:9} 2^{float(mp.log(worst, 2)):.1f}  {fit.doc}", file=sys.stderr)
        lines += ["", f"/* {fit.doc}; within 2^{float(mp.log(worst, 2)):.1f} */", f"#define FIT_{fit.name}(z, zz) \\"]
        lines.append(f"    {horner(p)}")
    lines += ["", "#endif"]
    path = Path(__file__).with_name("fits.h")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
