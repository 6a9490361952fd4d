"""The functions of vargrad.special as a textbook has them, in mpmath: part of oracle.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath

mp = mpmath.mp.clone()


def _sinc(a: Any) -> Any:
    return mp.sinpi(a) / (mp.pi * a) if a else mp.mpf(1)


def _exprel(a: Any) -> Any:
    return (mp.expm1(a) / a) if a else mp.mpf(1)


def _pdf(a: Any) -> Any:
    return mp.exp(-a * a / 2) / mp.sqrt(2 * mp.pi)


def _cdf(a: Any) -> Any:
    return mp.erfc(-a / mp.sqrt(2)) / 2


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
}
