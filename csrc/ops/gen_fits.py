"""Fit the polynomials of the special functions: python csrc/ops/gen_fits.py (needs mpmath, a minute).

Writes src/vargrad/_ops/fits.py. Each fit interpolates a smooth function at Chebyshev's points, at 60 digits, and is
written as powers of a variable that runs over about [-1, 1]. Nothing but mpmath's own functions enters. The largest
error of each fit, relative to the function, is printed and stands beside it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
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


FITS = [
    Fit("SINC_SLOPE", lambda z: series(lambda k: (-1) ** (k + 1) * mp.pi ** (2 * k + 2) * (2 * k + 2)
        / mp.factorial(2 * k + 3), z), 0.0, 0.5625, 16, "sinc'(x) = x*P(x*x)"),
    Fit("EXPREL_SLOPE", lambda x: series(lambda k: (k + 1) / mp.factorial(k + 2), x), -2.0, 2.0, 25,
        "exprel'(x) = P(x)"),
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
        lines += [f"    {c!r}," for c in p]
        lines.append(")")
    path = Path(__file__).resolve().parents[2] / "src" / "vargrad" / "_ops" / "fits.py"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
