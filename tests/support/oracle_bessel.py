"""Bessel functions of order 0 and 1 for oracle_special.py, from their series.

mpmath's own are exact, too, but its bessely of a whole order is a limit of ten times the precision: seconds a value at
the precision that differences of the third order need. The series of Abramowitz and Stegun (9.1.10, 9.1.11, 9.6.10)
take milliseconds, and so do the asymptotic ones (9.2.5, 9.2.6, 9.7.1) where x is so large that their smallest term is
below the precision. ``tests/ops/test_special.py`` compares all of them with mpmath.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath


def bessel_functions(mp: Any) -> dict[str, Callable[[Any], Any]]:
    """The rows' names and functions over this context of mpmath."""

    def far(x: Any) -> bool:
        return bool(abs(x) > 0.4 * mp.prec + 30)  # terms fall down to exp(-2 x), this is below 2**-prec

    def terms(order: int, x: Any) -> list[Any]:
        """Of Hankel's expansion: a(k) / x**k."""
        found, k = [mp.mpf(1)], 0
        while abs(found[-1]) > mp.ldexp(1, -mp.prec - 10):
            k += 1
            found.append(found[-1] * (4 * order - (2 * k - 1) ** 2) / (8 * k * x))
        return found

    def series(order: int, x: Any, sign: int, weight: Callable[[int], Any]) -> Any:
        """The sum of (x/2)**(2k + order) / (k! (k + order)!), with these signs and weights."""
        half, total, k = x / 2, mp.mpf(0), 0
        term = half**order
        square = sign * half * half
        while k <= abs(half) or abs(term) > mp.ldexp(1, -mp.prec - 20) * abs(half) ** order:
            total += term * weight(k)
            k += 1
            term = term * square / (k * (k + order))
        return total

    def first(order: int, x: Any) -> Any:
        if x < 0:
            return (-1) ** order * first(order, -x)
        if far(x):
            return waves(order, x)[0]
        with mp.workprec(mp.prec + 20 + int(3 * abs(x))):  # the largest term is exp(x)
            return series(order, x, -1, lambda k: 1)

    def second(order: int, x: Any) -> Any:
        if far(x):
            return waves(order, x)[1]
        with mp.workprec(mp.prec + 40 + int(3 * abs(x))):
            harmonic = [mp.mpf(0)]

            def digammas(k: int) -> Any:  # psi(k + 1) + psi(k + order + 1)
                while len(harmonic) <= k + order:
                    harmonic.append(harmonic[-1] + mp.mpf(1) / len(harmonic))
                return harmonic[k] + harmonic[k + order] - 2 * mp.euler

            whole = 2 * mp.log(x / 2) * series(order, x, -1, lambda k: 1) - series(order, x, -1, digammas)
            return (whole - (2 / x if order else 0)) / mp.pi

    def waves(order: int, x: Any) -> tuple[Any, Any]:
        with mp.workprec(mp.prec + 20 + max(int(mp.log(x, 2)), 0)):
            a = terms(order, x)
            p = mp.fsum((-1) ** (k // 2) * a[k] for k in range(0, len(a), 2))
            q = mp.fsum((-1) ** (k // 2) * a[k] for k in range(1, len(a), 2))
            scale, angle = mp.sqrt(2 / (mp.pi * x)), x - (2 * order + 1) * mp.pi / 4
            c, s = mp.cos(angle), mp.sin(angle)
            return scale * (p * c - q * s), scale * (p * s + q * c)

    def scaled(order: int, a: Any) -> Any:
        x = abs(a)
        sign = (-1) ** order if a < 0 else 1
        if far(x):
            return sign * mp.fsum((-1) ** k * t for k, t in enumerate(terms(order, x))) / mp.sqrt(2 * mp.pi * x)
        return sign * series(order, x, 1, lambda k: 1) * mp.exp(-x)

    return {
        "i0e": lambda a: scaled(0, a),
        "i1e": lambda a: scaled(1, a),
        "j0": lambda a: first(0, a),
        "j1": lambda a: first(1, a),
        "y0": lambda a: second(0, a),
        "y1": lambda a: second(1, a),
    }


MPMATH: dict[str, Callable[[Any], Any]] = {  # the same functions as mpmath has them
    "i0e": lambda a: mpmath.besseli(0, a) * mpmath.exp(-abs(a)),
    "i1e": lambda a: mpmath.besseli(1, a) * mpmath.exp(-abs(a)),
    "j0": lambda a: mpmath.besselj(0, a),
    "j1": lambda a: mpmath.besselj(1, a),
    "y0": lambda a: mpmath.bessely(0, a),
    "y1": lambda a: mpmath.bessely(1, a),
}
