"""The functions of vargrad.special as a textbook has them, in mpmath: part of oracle.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath

from oracle_bessel import bessel_functions

mp = mpmath.mp.clone()


def _sinc(a: Any) -> Any:
    return mp.sinpi(a) / (mp.pi * a) if a else mp.mpf(1)


def _exprel(a: Any) -> Any:
    return (mp.expm1(a) / a) if a else mp.mpf(1)


def _pdf(a: Any) -> Any:
    return mp.exp(-a * a / 2) / mp.sqrt(2 * mp.pi)


def _cdf(a: Any) -> Any:
    return mp.erfc(-a / mp.sqrt(2)) / 2


def _erfcinv(y: Any) -> Any:
    """Newton's steps on the logarithm of erfc, from the asymptotic guess."""
    if y > 1:
        return -_erfcinv(2 - y)
    if y == 1:
        return mp.mpf(0)
    x = mp.sqrt(-mp.log(y)) if y < 0.5 else (1 - y) * mp.sqrt(mp.pi) / 2
    with mp.workprec(mp.prec + 30):
        while True:
            tail = mp.erfc(x)
            step = mp.log(tail / y) * tail * mp.sqrt(mp.pi) / 2 * mp.exp(x * x)
            x += step
            if abs(step) < mp.ldexp(abs(x), -mp.prec // 2 - 20):
                return x


def _gap(a: Any) -> Any:
    return a + _pdf(a) / _cdf(a)


def _log_gamma(a: Any) -> Any:
    return mp.loggamma(a).real if a > 0 else mp.log(abs(mp.gamma(a)))


def _lower(a: Any, b: Any) -> Any:
    """The power series of the regularized lower incomplete gamma function (DLMF 8.11.4): all terms are positive."""
    with mp.workprec(mp.prec + 40 + int(max(0, -mp.log(a, 2) + 1))):
        term = total = mp.exp(a * mp.log(b) - b) / mp.gamma(a + 1)
        k = 0
        while k < b or term > mp.ldexp(total, -mp.prec):
            k += 1
            term = term * b / (a + k)
            total += term
        return total


def _upper(a: Any, b: Any) -> Any:
    """The regularized upper one by the continued fraction (DLMF 8.9.2), by the rule of Lentz, where b > a + 1."""
    with mp.workprec(mp.prec + 40):
        d = 1 / (b + 1 - a)
        c, h, k = mp.inf, d, 0
        while True:
            k += 1
            n, s = k * (a - k), b + 2 * k + 1 - a
            d, c = 1 / (n * d + s), s + n / c
            h *= c * d
            if abs(c * d - 1) < mp.ldexp(1, -mp.prec):
                return h * mp.exp(a * mp.log(b) - b) / mp.gamma(a)


def _whole(a: Any) -> Any:
    return mp.sign(a) * mp.floor(abs(a))


def _exponent(a: Any) -> Any:
    return mp.mpf(mp.frexp(a)[1])


def _beta(a: Any, b: Any) -> Any:
    return mp.gamma(a) * mp.gamma(b) / mp.gamma(a + b)


def _gap_of(n: int, a: Any, b: Any) -> Any:
    return mp.psi(n, a) - mp.psi(n, a + b)


def _bend(a: Any, b: Any) -> Any:
    """The mixed derivative of beta over beta, in polygammas with as many more bits as cancel, times (a + b) / (a b)."""
    with mp.workprec(mp.prec + 3 * int(abs(mp.log(a, 2)) + abs(mp.log(b, 2)))):
        c = a + b
        mixed = (mp.digamma(a) - mp.digamma(c)) * (mp.digamma(b) - mp.digamma(c)) - mp.psi(1, c)
        return mixed * c / (a * b)


def _bend_slope(a: Any, b: Any) -> Any:
    """Its derivative by a, by the product rule."""
    with mp.workprec(mp.prec + 5 * int(abs(mp.log(a, 2)) + abs(mp.log(b, 2)))):
        c = a + b
        p, q = mp.digamma(a) - mp.digamma(c), mp.digamma(b) - mp.digamma(c)
        mixed = p * q - mp.psi(1, c)
        slope = (mp.psi(1, a) - mp.psi(1, c)) * q - p * mp.psi(1, c) - mp.psi(2, c)
        return slope * (1 / a + 1 / b) - mixed / (a * a)


TEXTBOOK: dict[str, Callable[..., Any]] = {
    "log_ratio": lambda a, b: mp.log(a / b),
    "logit_slope": lambda a: 1 / (a * (1 - a)),
    "sinc_slope": lambda a: (mp.cospi(a) - _sinc(a)) / a if a else mp.mpf(0),
    "exprel_slope": lambda a: (mp.exp(a) - _exprel(a)) / a if a else mp.mpf(1) / 2,
    "norm_pdf": _pdf,
    "exprel": _exprel,
    "sinc": _sinc,
    "logaddexp": lambda a, b: max(a, b) + mp.log1p(mp.exp(-abs(a - b))),
    "xlogy": lambda a, b: a * mp.log(b),
    "xlog1py": lambda a, b: a * mp.log(1 + b),
    "entr": lambda a: -a * mp.log(a),
    "rel_entr": lambda a, b: a * mp.log(a / b),
    "logit": lambda a: mp.log(a / (1 - a)),
    "log_expit": lambda a: -mp.log(1 + mp.exp(-a)) if a > 0 else a - mp.log(1 + mp.exp(a)),
    "ndtr": _cdf,
    "mills_gap": _gap,
    "log_ndtr": lambda a: mp.log(_cdf(a)),
    "lgamma": _log_gamma,
    "gamma": mp.gamma,
    "digamma": mp.digamma,
    "zeta": lambda a, b: mp.zeta(a, b),
    "digamma_gap": lambda a, b: mp.digamma(a + b) - mp.digamma(a),
    "beta": _beta,
    "beta_slope": lambda a, b: _beta(a, b) * (mp.digamma(a) - mp.digamma(a + b)),
    "beta_curve": lambda a, b: _beta(a, b) * ((mp.digamma(a) - mp.digamma(a + b)) ** 2 + _gap_of(1, a, b)),
    "trigamma_gap": lambda a, b: _gap_of(1, a, b),
    "tetragamma_gap": lambda a, b: -_gap_of(2, a, b),
    "beta_one": lambda a, b: _beta(a + 1, b + 1) * (a + b + 1),
    "beta_bend": _bend,
    "beta_bend_slope": _bend_slope,
    "betaln": lambda a, b: _log_gamma(a) + _log_gamma(b) - _log_gamma(a + b),
    "fraction": lambda a: a - _whole(a),
    "whole": _whole,
    "scaled": lambda a, b: a * mp.power(2, b),
    "exponent": _exponent,
    "mantissa": lambda a: mp.frexp(a)[0],
    "gamma_density": lambda a, b: mp.exp((a - 1) * mp.log(b) - b) / mp.gamma(a),
    "gammainc": lambda a, b: 1 - _upper(a, b) if b > a + 1 else _lower(a, b),
    "gammaincc": lambda a, b: _upper(a, b) if b > a + 1 else 1 - _lower(a, b),
    **bessel_functions(mp),
    "erfinv": lambda a: -_erfcinv(1 + a) if a < 0 else _erfcinv(1 - a),
    "erfcinv": _erfcinv,
    "ndtri": lambda a: -mp.sqrt(2) * _erfcinv(2 * a),
}

# mpmath takes long for these: they are differentiated with fewer bits.
SLOW = {"lgamma", "gamma", "digamma", "zeta", "digamma_gap", "beta", "betaln", "erfcinv", "ndtri"}
SLOW |= {"beta_curve", "trigamma_gap", "tetragamma_gap"}
SLOW |= {"beta_slope", "beta_one", "beta_bend", "beta_bend_slope", "gamma_density", "gammainc", "gammaincc"}
SLOW |= set(bessel_functions(mp))
