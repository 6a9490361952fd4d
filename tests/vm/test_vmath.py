"""The kernels' functions against mpmath: at most 2 ulp, wherever a double is, in every instruction set."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import oracle
from oracle import mp
from twins import Implementation
from vargrad._ops import formula, ieee

Array = npt.NDArray[np.float64]
LIMIT = 2.0  # ulp
BEYOND = 1e150  # where mpmath's own functions fail, the limit stands in
EDGES = [0.0, 1.0, 0.5, 2.0, math.inf, 5e-324, 2.0**-1022, 2.0**-1022 - 5e-324, 1.7976931348623157e308, 1e-17, 1e-300]
EDGES += [1 - 2.0**-53, 1 + 2.0**-52, 709.78271289338397, 745.13321910194122, 1023.5, 1074.5, 6.0, 27.3, 2.0**21, 3.0]
SPECIAL = np.array([*EDGES, *(-x for x in EDGES), math.nan])

# Where each function is hard, besides everywhere: (low, high), sampled evenly.
EVEN: dict[str, list[tuple[float, float]]] = {
    "exp": [(-746, 710), (-1, 1), (-746, -708)],
    "exp2": [(-1076, 1025), (-1, 1), (-1076, -1021)],
    "expm1": [(-60, 710), (-1, 1), (-3, 3)],
    "log": [(0, 4), (0.7, 1.42), (0.999, 1.001)],
    "log2": [(0, 4), (0.7, 1.42), (0.999, 1.001)],
    "log10": [(0, 4), (0.7, 1.42), (0.999, 1.001)],
    "log1p": [(-1, 4), (-0.5, 0.5), (-1, -0.999)],
    "sqrt": [(0, 4)],
    "cbrt": [(-4, 4), (0.5, 1)],
    "sin": [(-4, 4), (-1e6, 1e6), (-3e6, 3e6)],
    "cos": [(-4, 4), (-1e6, 1e6), (-3e6, 3e6)],
    "tan": [(-4, 4), (-1e6, 1e6), (-3e6, 3e6)],
    "arcsin": [(-1, 1), (0.999, 1), (0.49, 0.51)],
    "arccos": [(-1, 1), (0.999, 1), (-1, -0.999), (0.49, 0.51)],
    "arctan": [(-4, 4), (0.9, 1.1), (0.45, 0.55)],
    "sinh": [(-711, 711), (-4, 4), (0.9, 1.1)],
    "cosh": [(-711, 711), (-4, 4)],
    "tanh": [(-20, 20), (-1, 1)],
    "arcsinh": [(-4, 4), (-0.1, 0.1)],
    "arccosh": [(1, 4), (1, 1.001)],
    "arctanh": [(-1, 1), (0.999, 1), (-0.1, 0.1)],
    "erf": [(-6.1, 6.1), (0.9, 1.3), (-1, 1)],
    "erfc": [(-6.1, 28), (0.3, 1), (25, 28)],
    "rint": [(-9, 9), (-1e16, 1e16)],
}
LIMITS: dict[str, dict[float, float]] = {  # at -infinity and infinity, where it has no mpmath value
    "exp": {-math.inf: 0.0, math.inf: math.inf},
    "exp2": {-math.inf: 0.0, math.inf: math.inf},
    "expm1": {-math.inf: -1.0, math.inf: math.inf},
    **{name: {math.inf: math.inf, 0.0: -math.inf} for name in ("log", "log2", "log10")},
    "log1p": {math.inf: math.inf, -1.0: -math.inf},
    "sqrt": {math.inf: math.inf},
    "cbrt": {-math.inf: -math.inf, math.inf: math.inf},
    "arctan": {-math.inf: -math.pi / 2, math.inf: math.pi / 2},
    "sinh": {-math.inf: -math.inf, math.inf: math.inf},
    "cosh": {-math.inf: math.inf, math.inf: math.inf},
    "tanh": {-math.inf: -1.0, math.inf: 1.0},
    "arcsinh": {-math.inf: -math.inf, math.inf: math.inf},
    "arccosh": {math.inf: math.inf},
    "arctanh": {-1.0: -math.inf, 1.0: math.inf},
    "erf": {-math.inf: -1.0, math.inf: 1.0},
    "erfc": {-math.inf: 2.0, math.inf: 0.0},
    "gauss": {-math.inf: 0.0, math.inf: 0.0},
    "rint": {-math.inf: -math.inf, math.inf: math.inf},
}
EVEN["gauss"] = [(-27.5, 27.5), (-2, 2), (-41, 41)]
ODD = ["expm1", "log1p", "sqrt", "cbrt", "sin", "tan", "arcsin", "arctan", "sinh", "tanh", "arcsinh", "arctanh"]
ODD += ["erf", "rint"]


@pytest.fixture(scope="module")
def machine(compiled: Implementation) -> Any:
    """The compiled machine's module."""
    import vargrad._vm.machine_c

    return vargrad._vm.machine_c


def anywhere(rng: np.random.Generator, n: int) -> Array:
    """Doubles of all magnitudes alike, subnormal ones too."""
    return rng.integers(0, 2**64, n, dtype=np.uint64).view(np.float64)


def points(name: str) -> Array:
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    small = np.exp(rng.uniform(np.log(5e-324), 0.0, 250))
    turns = np.arange(-200.0, 200.0) * (np.pi / 2) if name in ("sin", "cos", "tan") else np.empty(0)
    powers = 2.0 ** np.arange(-1074, 1024, 7) if name.startswith("log") else np.empty(0)
    even = [rng.uniform(low, high, 700) for low, high in EVEN[name]]
    return np.concatenate([SPECIAL, anywhere(rng, 250), small, -small, turns, powers, *even])


def exact(name: str, x: float) -> Any:
    """The true value, an mpf, or a float where that is nan or infinite."""
    if math.isnan(x) or x in LIMITS.get(name, {}):
        return LIMITS.get(name, {}).get(x, math.nan)
    if math.isinf(x):
        return math.nan
    if name in ("tanh", "erf", "erfc") and abs(x) > 1000:
        return LIMITS[name][math.copysign(math.inf, x)]
    if name in ("exp", "exp2", "expm1", "sinh", "cosh", "gauss") and abs(x) > 2000:
        return LIMITS[name][math.copysign(math.inf, x)]
    tiny = abs(x) < 2.0**-500  # these are x there, to a double's precision and beyond
    if tiny and name in (*ODD, "erf") and name not in ("sqrt", "cbrt", "rint"):
        return mp.mpf(x) * (2 / mp.sqrt(mp.pi) if name == "erf" else 1)
    value = oracle.TEXTBOOK[name](mp.mpf(x))
    return value if isinstance(value, mp.mpf) else math.nan  # complex: outside the domain


LARGEST = mp.mpf(1.7976931348623157e308)


def distances(got: Array, true: list[Any]) -> Array:
    """How far each number is from the true one, in units of the last place of a double there."""
    nearest, rest, unit = np.empty(len(true)), np.zeros(len(true)), np.ones(len(true))
    with mp.workprec(200):
        for i, t in enumerate(true):
            if isinstance(t, float) or abs(t) > LARGEST:
                nearest[i] = t if isinstance(t, float) else math.copysign(math.inf, t)
                if not isinstance(t, float) and abs(t) < LARGEST * (1 + mp.mpf(2) ** -52):  # neither is wrong
                    nearest[i] = got[i]
                continue
            nearest[i] = float(t)
            exponent = max(mp.frexp(t)[1] - 53, -1074) if t else -1074
            unit[i] = exponent
            rest[i] = mp.ldexp(nearest[i] - t, -exponent)
    with np.errstate(all="ignore"):
        off = np.abs(np.ldexp(got - nearest, -unit.astype(int)) + rest)
    same = (got == nearest) | (np.isnan(got) & np.isnan(nearest))
    return np.where(same, np.abs(rest), np.where(np.isfinite(got) & np.isfinite(nearest), off, np.inf))


def worst(name: str, isa: str, got: Array, true: list[Any], *operands: Array) -> str:
    """What is wrong, "" if nothing."""
    off = distances(got, true)
    i = int(np.argmax(off))
    return "" if off[i] <= LIMIT else f"{name} on {isa} at {[float(x[i]).hex() for x in operands]}: {off[i]} ulp"


@pytest.mark.parametrize("name", EVEN)
def test_functions_of_one_number_are_within_two_ulp(name: str, machine: Any) -> None:
    x = points(name)
    out = np.empty_like(x)
    with mp.workprec(1200 if name in ("expm1", "arctanh", "arcsinh", "log1p") else 200):
        true = [exact(name, float(v)) for v in x]
    for isa in machine.instruction_sets():
        machine.kernel(name, isa, x, x, out)
        assert not worst(name, isa, out, true, x)


@pytest.mark.parametrize("name", ODD)
def test_the_sign_of_zero_is_kept(name: str, machine: Any) -> None:
    x = np.array([0.0, -0.0])
    out = np.empty_like(x)
    for isa in machine.instruction_sets():
        machine.kernel(name, isa, x, x, out)
        assert np.array_equal(np.signbit(out), np.signbit(x))
        assert not out.any()


def power_points() -> tuple[Array, Array]:
    rng = np.random.default_rng(5)
    base = np.exp(rng.uniform(-600, 600, 1500))
    near = np.concatenate([np.exp(rng.uniform(-2.5, 2.5, 1500)), 1 + rng.uniform(-1e-3, 1e-3, 1000)])
    whole = np.rint(rng.uniform(-30, 30, 500))
    a = [base, near, rng.uniform(-9, 9, 500), np.repeat(SPECIAL, len(SPECIAL)), anywhere(rng, 500)]
    wide = rng.uniform(-1, 1, len(near)) * 740 / np.abs(np.log(near))
    b = [rng.uniform(-2, 2, 1500), wide, whole, np.tile(SPECIAL, len(SPECIAL)), anywhere(rng, 500)]
    return np.concatenate(a), np.concatenate(b)


def exact_power(a: float, b: float) -> Any:
    """C99's special cases are what math.pow says; mpmath says the rest."""
    if b == 1.0:
        return mp.mpf(a) if math.isfinite(a) else a
    if a == 1.0 or b == 0.0:
        return 1.0
    if a == 0.0 and b < 0.0:
        return math.copysign(math.inf, a) if math.isfinite(b) and math.fmod(b, 2.0) == -1.0 else math.inf
    try:
        special = math.pow(a, b)
    except ValueError:
        return math.nan
    except OverflowError:
        special = math.inf
    if not (math.isfinite(a) and math.isfinite(b)) or a == 0.0:
        return special
    if abs(b) * abs(math.log(abs(a))) > 2000:
        up = (abs(a) > 1.0) == (b > 0.0)
        return math.copysign(math.inf if up else 0.0, -1.0 if a < 0.0 and math.fmod(b, 2.0) else 1.0)
    magnitude = mp.power(mp.mpf(abs(a)), mp.mpf(b))
    return -magnitude if a < 0.0 and math.fmod(b, 2.0) else magnitude


def exact_angle(a: float, b: float) -> Any:
    if a == 0.0 or b == 0.0 or not (math.isfinite(a) and math.isfinite(b)):
        return math.atan2(a, b)
    if abs(a) < abs(b) * 2.0**-400 and b > 0.0:
        return mp.mpf(a) / mp.mpf(b)
    return mp.atan2(mp.mpf(a), mp.mpf(b))


def angle_points() -> tuple[Array, Array]:
    rng = np.random.default_rng(6)
    a = [rng.uniform(-3, 3, 2500), np.repeat(SPECIAL, len(SPECIAL)), anywhere(rng, 1000)]
    b = [rng.uniform(-3, 3, 2500), np.tile(SPECIAL, len(SPECIAL)), anywhere(rng, 1000)]
    return np.concatenate(a), np.concatenate(b)


@pytest.mark.parametrize(
    ("name", "where", "truth"),
    [("pow", power_points, exact_power), ("arctan2", angle_points, exact_angle)],
    ids=["pow", "arctan2"],
)
def test_functions_of_two_numbers_are_within_two_ulp(
    name: str, where: Callable[[], tuple[Array, Array]], truth: Callable[[float, float], Any], machine: Any
) -> None:
    a, b = where()
    out = np.empty_like(a)
    with mp.workprec(200):
        true = [truth(float(x), float(y)) for x, y in zip(a, b, strict=True)]
    for isa in machine.instruction_sets():
        machine.kernel(name, isa, a, b, out)
        assert not worst(name, isa, out, true, a, b)
        zero = np.array([isinstance(t, float) and t == 0.0 for t in true])
        signs = np.array([isinstance(t, float) and math.copysign(1.0, t) < 0.0 for t in true])
        assert np.array_equal(np.signbit(out[zero]), signs[zero])


@pytest.mark.parametrize("name", ["fmod", "remainder", "mod", "floordiv", "copysign"])
def test_remainders_are_the_sheets_own(name: str, machine: Any) -> None:
    functions = {"mod": ieee.mod, "floordiv": ieee.floordiv, **formula.IEEE.names}
    a, b = angle_points()
    out = np.empty_like(a)
    usable = np.isfinite(a) & np.isfinite(b)
    a, b, out = a[usable], b[usable], out[usable]
    expected = np.array([functions[name](float(x), float(y)) for x, y in zip(a, b, strict=True)])
    for isa in machine.instruction_sets():
        machine.kernel(name, isa, a, b, out)
        assert np.array_equal(out, expected, equal_nan=True)
