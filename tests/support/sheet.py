"""The table of operations seen from outside: how a user calls each row, what plain Python says, where to sample it."""

from __future__ import annotations

import functools
import math
import operator
import random
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from twins import Implementation
from vargrad import reference, special
from vargrad._ops import formula
from vargrad._ops.table import BY_NAME, NARY, NARY_BY_NAME, PARTS, ROWS, NaryOp, Op

ALL_ROWS = [row.name for row in ROWS]
# "custom" has no formula; some functions are in Python's own math from a later version only.
ALL_NARY = [row.name for row in NARY if row.name != "custom" and (not row.since or hasattr(math, row.name))]
WHOLE = {"scaled": (1,)}  # operands that are whole numbers, so that there is no derivative by them
# Rows whose values or derivatives jump, and what is constant between two jumps.
STEPS = {"fraction": "whole", "whole": "whole", "mantissa": "exponent", "exponent": "exponent"}


def held(row: Op) -> tuple[int, ...]:
    """The operands by which there is no derivative: parameters, and whole numbers."""
    return row.parameters + WHOLE.get(row.name, ())


PARTIALS = [(row.name, i) for row in ROWS for i in range(row.arity) if i not in held(row)]

OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "pow": operator.pow,
    "mod": operator.mod,
    "floordiv": operator.floordiv,
    "neg": operator.neg,
    "abs": abs,
}


def ways(impl: Implementation, name: str) -> dict[str, Callable[..., Any]]:
    """Every door to a row: operator, method, alias, function."""
    row = BY_NAME[name]
    found: dict[str, Callable[..., Any]] = {}
    if name in OPERATORS:
        found["operator"] = OPERATORS[name]
    if name == "round":
        found["builtin"] = lambda a, n: round(a, int(n))
    if name == "identity":
        found["function"] = impl.identity
    for method in filter(None, (name, row.alias, "fabs" if name == "abs" else "")):
        if hasattr(impl.Var, method):
            found[f"method {method}"] = _method(impl, method)
    if name == "clamp_min":
        found["method"] = lambda a, b: _var(impl, a).clamp(min=b)
    if name == "clamp_max":
        found["method"] = lambda a, b: _var(impl, a).clamp(max=b)
    if row in PARTS:
        found["function"] = lambda *operands: impl.apply(name, *(_var(impl, x) for x in operands))
    if row.function:
        found["math"] = getattr(impl.math, row.function)
    if row.special and row.exact:  # otherwise it is another function than Python's, see test_special.py
        found["special"] = getattr(special, row.special)
    if name in ("log", "square"):
        found["math"] = getattr(impl.math, name)
    return found


def call(impl: Implementation, name: str) -> Callable[..., Any]:
    """One of the ways that takes a constant as its first operand too."""
    doors = ways(impl, name)
    if BY_NAME[name].parameters:  # its function refuses a Var there that wants a derivative, as tests have them
        return lambda *operands: impl.apply(name, *(_var(impl, x) for x in operands))
    for kind in ("operator", "builtin", "math", "special", "function"):
        if kind in doors:
            return doors[kind]
    return next(iter(doors.values()))


def _var(impl: Implementation, x: Any) -> Any:
    return x if isinstance(x, impl.Var) else impl.Var(float(x))  # what is too large says so as floats do


def _method(impl: Implementation, method: str) -> Callable[..., Any]:
    return lambda a, *b: getattr(_var(impl, a), method)(*b)


# ---- what plain Python says


def plain_pow(a: float, b: float) -> float:
    """a ** b of floats, where a complex result is the ValueError that a Var raises."""
    result = a**b
    if isinstance(result, complex):
        raise ValueError(f"negative number {float(a)!r} cannot be raised to the fractional power {float(b)!r}")
    return float(result)


def _plain(row: Op) -> Callable[..., float]:
    for name in (row.function, row.name):
        if hasattr(math, name):
            return getattr(math, name)
    own = getattr(reference.math, row.function)  # the field's: no outside oracle to the bit, see test_ops
    return lambda *xs: float(own(*map(float, xs)))


def plain_gauss(a: float) -> float:
    if math.fabs(a) >= 40.0:
        return 0.0
    h = float(np.rint(a * 16.0)) / 16.0
    return math.exp(-h * h) * math.exp((h - a) * (h + a))


def _of_floats(value: Callable[..., float]) -> Callable[..., float]:
    """The function of numbers that become floats first, as in Python's math: a large int overflows."""
    return lambda *numbers: value(*map(float, numbers))


PLAIN: dict[str, Callable[..., float]] = {
    **{
        row.name: _of_floats(formula.value(row.name)) for row in ROWS if row in PARTS or row.special
    },  # held against the textbook as well, see OWN
    **{row.name: _plain(row) for row in ROWS if row.function or hasattr(math, row.name)},
    **OPERATORS,
    "pow": plain_pow,
    "gauss": plain_gauss,
    "identity": float,
    "round": lambda a, n: round(float(a), int(n)),
    "square": lambda a: a * a,
    "rint": lambda a: float(np.rint(a)),
    "fmax": lambda a, b: max((float(x) for x in (b, a) if x == x), default=math.nan),  # math has it since 3.15
    "fmin": lambda a, b: min((float(x) for x in (b, a) if x == x), default=math.nan),
    "clamp_min": lambda a, b: max(float(a), float(b)),  # keeps the first where neither is greater
    "clamp_max": lambda a, b: min(float(a), float(b)),
}
_NAMED = [row for row in ROWS if row.exact and not hasattr(math, row.function or row.special or "exp")]
OWN = [row.name for row in ROWS if row in PARTS or row in _NAMED]


def _fold(step: Callable[[float, float], float], start: float, xs: Sequence[float]) -> float:
    return float(functools.reduce(step, xs, start))  # builtin sum() compensates from Python 3.12


PLAIN_NARY: dict[str, Callable[..., float]] = {
    "sum": lambda xs: _fold(operator.add, 0.0, xs),
    "fsum": math.fsum,
    "mean": lambda xs: _fold(operator.add, 0.0, xs) / len(xs),
    "prod": lambda xs: _fold(operator.mul, 1.0, xs),
    "dot": lambda xs, ys: _fold(operator.add, 0.0, [x * y for x, y in zip(xs, ys, strict=True)]),
    "sumprod": getattr(math, "sumprod", math.fsum),
    "hypot": lambda xs: math.hypot(*xs),
    "logsumexp": lambda xs: float(reference.math.logsumexp(xs)),
    "maximum": lambda xs: max(float(x) for x in xs) if all(x == x for x in xs) else math.nan,
    "minimum": lambda xs: min(float(x) for x in xs) if all(x == x for x in xs) else math.nan,
}


def call_nary(impl: Implementation, name: str) -> Callable[..., Any]:
    """vargrad.math's function, taking its operands as one sequence (two in rows of pairs)."""
    function = getattr(impl.math, name)
    if name in NARY_BY_NAME and NARY_BY_NAME[name].function == "*values":
        return lambda xs: function(*xs)
    return function


# ---- where to sample


def _one(rng: random.Random, low: float, high: float) -> float:
    """A point of [low, high]: near 0, uniform, of any magnitude, or close to a finite end."""
    kind = rng.randrange(4)
    if kind == 0:
        return rng.gauss(0.0, 2.0)
    if kind == 1:
        return rng.uniform(max(low, -50.0), min(high, 50.0))
    ends = [end for end in (low, high) if math.isfinite(end) and end]
    if kind == 2 and ends:
        return rng.choice(ends) * (1 - rng.choice([-1, 1]) * 2.0 ** rng.uniform(-50, -1))
    return rng.choice([-1.0, 1.0]) * 10.0 ** rng.uniform(-300, 300)


def _inside(x: float, domain: tuple[float, float]) -> bool:
    return domain[0] < x < domain[1]


def points(row: Op, count: int = 100) -> list[tuple[float, ...]]:
    """Points of the row's domain, of all magnitudes and both signs; the same in every run."""
    rng = random.Random(zlib.crc32(row.name.encode()))
    found: list[tuple[float, ...]] = []
    while len(found) < count:
        point = [_one(rng, *domain) for domain in row.domain]
        if row.arity == 2 and rng.randrange(3) == 0:  # comparable magnitudes, where quotients are not extreme
            point[1] = point[0] * rng.uniform(-3.0, 3.0)
        if row.name == "round":
            point[1] = float(round(point[1]))
        if all(map(_inside, point, row.domain)):
            found.append(tuple(point))
    return found


def varying(row: Op, f: Callable[..., Any], point: Sequence[float]) -> tuple[Callable[..., Any], tuple[float, ...]]:
    """The row as a function of those operands that have a derivative, and their part of the point."""
    moved = [i for i in range(row.arity) if i not in held(row)]

    def function(*xs: Any) -> Any:
        operands = list(point)
        for i, x in zip(moved, xs, strict=True):
            operands[i] = x
        return f(*operands)

    return function, tuple(point[i] for i in moved)


def points_nary(row: NaryOp, count: int = 30) -> list[tuple[float, ...]]:
    """Operands of an n-ary row, one flat tuple; in rows of pairs the second half is the second vector."""
    rng = random.Random(zlib.crc32(row.name.encode()))
    found: list[tuple[float, ...]] = []
    while len(found) < count:
        n = rng.randint(1, 6) * (2 if row.pairs else 1)
        point = [_one(rng, *row.domain) for _ in range(n)]
        if rng.randrange(2):  # one scale, so that no operand drowns
            scale = abs(point[0])
            point = [scale * rng.uniform(-2.0, 2.0) for _ in range(n)]
        if all(_inside(x, row.domain) for x in point):
            found.append(tuple(point))
    return found


def split(row: NaryOp, operands: Sequence[Any]) -> tuple[Sequence[Any], ...]:
    """The arguments of an n-ary function from the flat tuple."""
    half = len(operands) // 2
    return (operands[:half], operands[half:]) if row.pairs else (operands,)
