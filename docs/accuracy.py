"""Measure the accuracy of vargrad.special and write it into docs/ops.md: python docs/accuracy.py (needs scipy, mpmath).

Names of functions may follow: then only these are measured again.
The largest error in units in the last place of the true value, of vargrad and of scipy.special, over random points of
each region, the same in every run. ``tests/ops/test_accuracy.py`` holds the page to it.
"""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from oracle_special import SLOW, TEXTBOOK, mp  # noqa: E402
from vargrad import special  # noqa: E402

FILE = ROOT / "csrc" / "ops" / "accuracy.json"
POINTS = 200
Draw = Callable[[random.Random], tuple[float, ...]]


def evenly(*ends: tuple[float, float]) -> Draw:
    """Points of a box."""
    return lambda rng: tuple(rng.uniform(*pair) for pair in ends)


def by_magnitude(*powers: tuple[float, float], sign: float = 1.0, end: float = 0.0) -> Draw:
    """Points that are these powers of ten away from ``end``."""
    return lambda rng: tuple(end + sign * 10.0 ** rng.uniform(*pair) for pair in powers)


def around_shape(low: float, high: float) -> Draw:
    """(a, x) where x is within eight deviations of a gamma distribution of shape a, a power of ten."""

    def draw(rng: random.Random) -> tuple[float, ...]:
        a = 10.0 ** rng.uniform(low, high)
        return a, abs(a + rng.uniform(-8.0, 8.0) * math.sqrt(a)) + 1e-3

    return draw


def around_share(low: float, high: float) -> Draw:
    """(a, b, x) where x is within four deviations of a beta distribution's mean."""

    def draw(rng: random.Random) -> tuple[float, ...]:
        a, b = 10.0 ** rng.uniform(low, high), 10.0 ** rng.uniform(low, high)
        x = a / (a + b) + rng.uniform(-4.0, 4.0) * math.sqrt(a / (a + b) * b / (a + b) / (a + b))
        return a, b, min(max(x, 1e-3), 0.999)

    return draw


TINY, HUGE = (-300.0, -2.0), (2.0, 300.0)
REGIONS: dict[str, dict[str, Draw]] = {
    "beta": {
        "0 to 20": evenly((0.0, 20.0), (0.0, 20.0)),
        "tiny": by_magnitude((-30.0, 0.0), (-30.0, 2.0)),
        "20 to 300": evenly((20.0, 300.0), (20.0, 300.0)),
        "below 0": evenly((-20.0, 0.0), (-20.0, 20.0)),
    },
    "betaln": {
        "0 to 20": evenly((0.0, 20.0), (0.0, 20.0)),
        "tiny": by_magnitude((-30.0, 0.0), (-30.0, 2.0)),
        "large": by_magnitude((1.3, 15.0), (1.3, 15.0)),
    },
    "betainc": {
        "0 to 10": evenly((0.05, 10.0), (0.05, 10.0), (0.0, 1.0)),
        "10 to 1000": around_share(1.0, 3.0),
        "mixed": around_share(-2.0, 2.0),
    },
    "digamma": {"0 to 10": evenly((0.0, 10.0)), "tail": by_magnitude((1.0, 300.0)), "below 0": evenly((-20.0, 0.0))},
    "entr": {"0 to 5": evenly((0.0, 5.0)), "tiny": by_magnitude(TINY), "huge": by_magnitude(HUGE)},
    "erfcinv": {
        "0 to 2": evenly((0.0, 2.0)),
        "near 0": by_magnitude(TINY),
        "near 2": by_magnitude((-15.0, -2.0), sign=-1, end=2),
    },
    "erfinv": {
        "-1 to 1": evenly((-1.0, 1.0)),
        "near 0": by_magnitude(TINY),
        "near 1": by_magnitude((-15.0, -2.0), sign=-1, end=1),
    },
    "expit": {"-20 to 20": evenly((-20.0, 20.0)), "lower tail": evenly((-700.0, -20.0))},
    "exprel": {"-20 to 20": evenly((-20.0, 20.0)), "near 0": by_magnitude(TINY), "tails": evenly((-700.0, 700.0))},
    "gamma": {"0 to 20": evenly((0.0, 20.0)), "20 to 171": evenly((20.0, 171.0)), "below 0": evenly((-50.0, 0.0))},
    "gammainc": {
        "0 to 20": evenly((0.0, 20.0), (0.0, 40.0)),
        "tiny": by_magnitude((-30.0, 0.0), (-30.0, 1.0)),
        "20 to 10000": around_shape(1.3, 4.0),
    },
    "gammaincc": {
        "0 to 20": evenly((0.0, 20.0), (0.0, 40.0)),
        "upper tail": evenly((0.0, 20.0), (40.0, 600.0)),
        "20 to 10000": around_shape(1.3, 4.0),
    },
    "gammaln": {"0 to 20": evenly((0.0, 20.0)), "tail": by_magnitude((1.3, 300.0)), "below 0": evenly((-50.0, 0.0))},
    "i0e": {"0 to 30": evenly((0.0, 30.0)), "tail": by_magnitude((1.5, 300.0))},
    "i1e": {"0 to 30": evenly((0.0, 30.0)), "near 0": by_magnitude(TINY), "tail": by_magnitude((1.5, 300.0))},
    "j0": {"0 to 2": evenly((0.0, 2.0)), "2 to 30": evenly((2.0, 30.0)), "30 to 10000": evenly((30.0, 1e4))},
    "j1": {"0 to 2": evenly((0.0, 2.0)), "2 to 30": evenly((2.0, 30.0)), "30 to 10000": evenly((30.0, 1e4))},
    "log_expit": {"-20 to 20": evenly((-20.0, 20.0)), "upper tail": evenly((20.0, 700.0))},
    "log_ndtr": {
        "-5 to 5": evenly((-5.0, 5.0)),
        "lower tail": by_magnitude((0.7, 100.0), sign=-1),
        "upper tail": evenly((5.0, 37.0)),
    },
    "logaddexp": {"-20 to 20": evenly((-20.0, 20.0), (-20.0, 20.0)), "large": evenly((-1e3, 1e3), (-1e3, 1e3))},
    "logit": {"0.01 to 0.4": evenly((0.01, 0.4)), "near 1/2": evenly((0.4, 0.6)), "near 0": by_magnitude(TINY)},
    "ndtr": {"-5 to 5": evenly((-5.0, 5.0)), "lower tail": evenly((-37.0, -5.0))},
    "ndtri": {"0 to 1": evenly((0.0, 1.0)), "near 0": by_magnitude(TINY)},
    "norm_pdf": {"-5 to 5": evenly((-5.0, 5.0)), "tail": evenly((5.0, 37.0))},
    "rel_entr": {"0 to 5": evenly((0.0, 5.0), (0.0, 5.0)), "mixed": by_magnitude((-100.0, 100.0), (-100.0, 100.0))},
    "sinc": {"-0.9 to 0.9": evenly((-0.9, 0.9)), "to 1000": evenly((0.9, 1e3))},
    "xlog1py": {"-5 to 5": evenly((-5.0, 5.0), (-0.99, 5.0)), "tiny": by_magnitude((-9.0, 9.0), (-100.0, -1.0))},
    "xlogy": {"0 to 5": evenly((-5.0, 5.0), (0.0, 5.0)), "mixed": by_magnitude((-9.0, 9.0), (-100.0, 100.0))},
    "y0": {"0 to 2": evenly((0.0, 2.0)), "2 to 30": evenly((2.0, 30.0)), "30 to 10000": evenly((30.0, 1e4))},
    "y1": {"0 to 2": evenly((0.0, 2.0)), "2 to 30": evenly((2.0, 30.0)), "30 to 10000": evenly((30.0, 1e4))},
}  # fmt: skip
# scipy names it otherwise, or has its convention of sinc in NumPy
ELSEWHERE: dict[str, Callable[..., Any]] = {
    "norm_pdf": lambda x: math.exp(-x * x / 2) / math.sqrt(2 * math.pi),
    "sinc": lambda x: math.sin(math.pi * x) / (math.pi * x),
    "logaddexp": lambda a, b: max(a, b) + math.log1p(math.exp(-abs(a - b))),
}


def _betainc(a: Any, b: Any, x: Any) -> Any:
    return x**a * (1 - x) ** b / a / mp.beta(a, b) * mp.hyp2f1(a + b, 1, a + 1, x)


TRUE = TEXTBOOK | {"expit": lambda x: 1 / (1 + mp.exp(-x)), "gammaln": TEXTBOOK["lgamma"], "betainc": _betainc}


def points(name: str, region: str, count: int = POINTS) -> list[tuple[float, ...]]:
    """The first so many points of a region."""
    rng = random.Random(zlib.crc32(f"{name} {region}".encode()))
    return [REGIONS[name][region](rng) for _ in range(count)]


def error(got: float, true: Any) -> float:
    """In units in the last place of the true number, where that is neither subnormal nor too large."""
    if not 1e-290 < abs(true) < 1e300:
        return 0.0
    with mp.workprec(300):
        return float(abs(mp.mpf(got) - true) / mp.ldexp(1, mp.frexp(true)[1] - 53))


def measured(name: str, region: str, functions: list[Callable[..., Any]], count: int = POINTS) -> list[float]:
    """The largest error of each function in a region."""
    worst = [0.0] * len(functions)
    for point in points(name, region, count):
        tiny = -min(0, *(math.frexp(x)[1] for x in point))  # bits of an x that 1 - x has
        with mp.workprec((300 if name in SLOW else 1500) + tiny):
            true = TRUE[name](*map(mp.mpf, point))
        worst = [max(w, error(float(f(*point)), true)) for w, f in zip(worst, functions, strict=True)]
    return worst


def main() -> int:
    """Measure, write the file, and the page of operations from it."""
    import scipy
    import scipy.special

    found: dict[str, Any] = {"scipy": scipy.__version__, "functions": {}}
    wanted = sys.argv[1:] or list(REGIONS)
    if FILE.exists():
        found["functions"] = json.loads(FILE.read_text(encoding="utf-8"))["functions"]
    found["functions"] = {name: found["functions"].get(name, {}) for name in REGIONS}
    for name in wanted:
        regions = REGIONS[name]
        theirs = ELSEWHERE.get(name) or getattr(scipy.special, name)
        of_name = {r: measured(name, r, [getattr(special, name), theirs]) for r in regions}
        found["functions"][name] = {r: [round(x, 1 if x < 100 else None) for x in pair] for r, pair in of_name.items()}
        print(name, found["functions"][name], file=sys.stderr, flush=True)
    FILE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8", newline="\n")
    return subprocess.run([sys.executable, str(ROOT / "csrc" / "ops" / "gen_ops.py")], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
