"""vargrad.special against mpmath: values, first and second derivatives, on both twins and on all instruction sets."""

from __future__ import annotations

import math
import pickle
import random
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

import mpmath
import pytest

import oracle
import recorded
import vargrad
from oracle import mp
from oracle_bessel import MPMATH
from oracle_special import TEXTBOOK
from twins import Implementation, key, leaves
from vargrad import special
from vargrad._ops import formula
from vargrad._ops.table import ROWS

# (low, high) of each operand, uniform; the rest of the domain is in test_ops.py and test_higher_derivatives.py.
RANGES: dict[str, tuple[tuple[float, float], ...]] = {
    "beta": ((0.0, 200.0), (0.0, 200.0)),
    "betaln": ((0.0, 200.0), (0.0, 200.0)),
    "digamma": ((0.01, 30.0),),
    "entr": ((0.01, 5.0),),
    "erfcinv": ((0.0, 2.0),),
    "erfinv": ((-1.0, 1.0),),
    "exprel": ((-40.0, 40.0),),
    "expit": ((-40.0, 40.0),),
    "gamma": ((0.01, 60.0),),
    "gammainc": ((0.1, 60.0), (0.1, 80.0)),
    "gammaincc": ((0.1, 60.0), (0.1, 80.0)),
    "gammaln": ((0.01, 100.0),),
    "i0e": ((-60.0, 60.0),),
    "i1e": ((-60.0, 60.0),),
    "j0": ((-60.0, 60.0),),
    "j1": ((-60.0, 60.0),),
    "log_expit": ((-40.0, 40.0),),
    "log_ndtr": ((-60.0, 8.0),),
    "logaddexp": ((-20.0, 20.0), (-20.0, 20.0)),
    "logit": ((0.0, 1.0),),
    "ndtr": ((-20.0, 8.0),),
    "ndtri": ((0.0, 1.0),),
    "norm_pdf": ((-30.0, 30.0),),
    "rel_entr": ((0.01, 5.0), (0.01, 5.0)),
    "sinc": ((-10.0, 10.0),),
    "xlog1py": ((-5.0, 5.0), (-0.99, 5.0)),
    "xlogy": ((-5.0, 5.0), (0.01, 5.0)),
    "y0": ((0.0, 60.0),),
    "y1": ((0.0, 60.0),),
}
ALSO = {"norm_cdf": "ndtr", "norm_ppf": "ndtri", "psi": "digamma"}
TRUE = TEXTBOOK | {"expit": oracle.TEXTBOOK["sigmoid"], "gammaln": TEXTBOOK["lgamma"]}


FIXED = {row.special: row.parameters for row in ROWS if row.special}  # operands without a derivative


def moved(name: str) -> list[int]:
    """The operands that have a derivative."""
    return [i for i in range(len(RANGES[name])) if i not in FIXED.get(name, ())]


def points(name: str, count: int = 12) -> list[tuple[float, ...]]:
    rng = random.Random(zlib.crc32(name.encode()))
    return [tuple(rng.uniform(*ends) for ends in RANGES[name]) for _ in range(count)]


@cache
def true(name: str, point: tuple[float, ...], *by: int) -> Any:
    """The value, or a derivative by central differences at 400 bits."""
    with mp.workprec(400):
        if not by:
            return TRUE[name](*map(mp.mpf, point))
        h = mp.mpf(2) ** -80

        def moved(*steps: int) -> Any:
            xs = [mp.mpf(x) for x in point]
            for i, step in zip(by, steps, strict=True):
                xs[i] += step * h
            return TRUE[name](*xs)

        if len(by) == 1:
            return (moved(1) - moved(-1)) / (2 * h)
        return (moved(1, 1) - moved(1, -1) - moved(-1, 1) + moved(-1, -1)) / (4 * h * h)


def wrong(name: str, point: tuple[float, ...], by: tuple[int, ...], got: float, tolerance: float = 2e-14) -> bool:
    """More off than rounding of the operands and of a few results explains."""
    there = true(name, point, *by)
    change = sum(abs(x * true(name, point, *by, i)) for i, x in enumerate(point)) if len(by) < 2 else abs(there)
    return not abs(mp.mpf(got) - there) <= tolerance * (abs(there) + 0.1 * change) + mp.mpf(2) ** -200


@pytest.mark.parametrize("name", MPMATH)
def test_the_series_of_the_oracle_are_mpmaths_functions(name: str) -> None:
    for x in (5e-324, 1e-20, 0.3, 2.5, 15.0, 60.0, 140.0, 160.0, 1000.0, 9999.0):
        with mp.workprec(300), mpmath.workprec(300):
            assert abs(mpmath.mpf(TEXTBOOK[name](mp.mpf(x))) / MPMATH[name](mpmath.mpf(x)) - 1) < 2.0**-270


def test_every_function_is_here() -> None:
    assert set(special.__all__) == set(RANGES) | set(ALSO) | {"betainc", "polygamma"}
    assert {row.special for row in ROWS if row.special} <= set(RANGES)


@pytest.mark.parametrize("name", RANGES)
def test_eager(impl: Implementation, name: str) -> None:
    function = getattr(special, name)
    for point in points(name):
        by = moved(name)
        operands = [leaves(impl, x)[0] if i in by else x for i, x in enumerate(point)]
        result, xs = function(*operands), [operands[i] for i in by]
        assert not wrong(name, point, (), result.value), (point, result.value)
        for i, slope in zip(by, impl.pullback_graph(result, xs), strict=True):
            assert not wrong(name, point, (i,), slope.value), (point, i, slope.value)
            for j, second in zip(by, impl.pullback_graph(slope, xs), strict=True):
                assert not wrong(name, point, (i, j), second.value, 1e-12), (point, i, j, second.value)


@pytest.mark.parametrize("machine", recorded.MACHINES)
@pytest.mark.parametrize("name", RANGES)
def test_compiled(name: str, machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On every instruction set, and on the machine in Python."""
    recorded.use(monkeypatch, machine)
    function, columns = getattr(special, name), list(zip(*points(name), strict=True))
    by = moved(name)
    f = vargrad.compile(lambda *xs: function(*(x if i in by else x.detach() for i, x in enumerate(xs))), signature=None)
    import numpy as np

    arrays = [np.array(column) for column in columns]
    values, slopes, seconds = f(*arrays), f.grad(*arrays), f.hessian(*arrays)
    slopes = slopes if isinstance(slopes, tuple) else (slopes,)
    for k, point in enumerate(points(name)):
        assert not wrong(name, point, (), float(values[k])), (point, values[k])
        for i in by:
            assert not wrong(name, point, (i,), float(slopes[i][k])), (point, i, slopes[i][k])
            for j in by:
                second = seconds[k] if len(point) == 1 else seconds[i][j][k]
                assert not wrong(name, point, (i, j), float(second), 1e-12), (point, i, j, second)


@pytest.mark.parametrize("name", ALSO)
def test_second_names(impl: Implementation, name: str) -> None:
    for x in (0.25, 0.5, 0.75):
        assert getattr(special, name)(x) == getattr(special, ALSO[name])(x)
        assert getattr(special, name)(impl.Var(x)).prev_op == ALSO[name]


@pytest.mark.parametrize("name", ["gamma", "gammaln"])
def test_eager_code_has_the_formula_of_programs(impl: Implementation, name: str) -> None:
    """Where math's function is Python's own: the same bits for floats and Vars of both twins, no exception."""
    function, row = getattr(special, name), next(row for row in ROWS if row.special == name)
    own = formula.compile_formula(row.kernel, ("a",), row.let, formula.IEEE)
    for x in (*(point[0] for point in points(name)), 0.0, -0.0, -1.5, -2.0, 5e-324, 1e308, math.inf, -math.inf):
        assert key(function(x)) == key(function(impl.Var(x)).value) == key(own(x))
        assert function(impl.Var(x)).prev_op == row.name


@pytest.mark.skipif(vargrad.backend != "compiled", reason="the pure twin has no other way than Python")
def test_functions_are_the_cores_own() -> None:
    """A call goes straight to C: each is a built-in function of its public name."""
    for name in set(special.__all__) - {"betainc", "polygamma"}:
        function = getattr(special, name)
        assert (type(function), function.__name__) == (type(len), name)
        assert (function.__module__, pickle.loads(pickle.dumps(function))) == ("vargrad.special", function)


@pytest.mark.parametrize("n", range(5))
@pytest.mark.parametrize("x", [0.1, 1.0, 3.5, 12.0, 1e6, -0.3, -2.5])
def test_polygamma(impl: Implementation, n: int, x: float) -> None:
    if x < 0 and n > 3:
        assert math.isnan(special.polygamma(n, x))
        return
    (v,) = leaves(impl, x)
    result = special.polygamma(n, v)
    assert result.value == special.polygamma(n, x)
    assert result.value == pytest.approx(float(mpmath_polygamma(n, x)), rel=1e-13)
    if x > 0 or n < 3:
        (slope,) = impl.pullback_graph(result, [v])
        assert slope.value == pytest.approx(float(mpmath_polygamma(n + 1, x)), rel=1e-13)


def mpmath_polygamma(n: int, x: float) -> Any:
    with mp.workprec(200):
        return mp.psi(n, mp.mpf(x))


def test_no_derivative_by_an_order(impl: Implementation) -> None:
    with pytest.raises(TypeError, match=r"no derivative by its order n"):
        special.polygamma(impl.Var(1.0), 2.0)  # type: ignore[arg-type]
    for n in (-1, 0.5, 171):
        with pytest.raises(ValueError, match="whole orders n from 0 to 170"):
            special.polygamma(n, 2.0)  # type: ignore[arg-type]


def test_no_derivative_by_a_parameter(impl: Implementation) -> None:
    """A Var is a parameter as long as no derivative by it can be asked for."""
    (a,) = leaves(impl, 2.0)
    x = impl.Var(1.5)
    expected = special.gammainc(2.0, 1.5)
    for asked in (a, a * 1.0, impl.Var(1.0) * a):
        with pytest.raises(TypeError, match=r"gammainc\(\) has no derivative by its parameter a.*a\.detach\(\)"):
            special.gammainc(asked, x)
        assert special.gammainc(asked.detach(), x).value == expected
    for constant in (2, impl.Var(2.0), impl.Var(1.0) * 2.0):
        assert special.gammainc(constant, x).value == expected
    with vargrad.no_grad():
        assert special.gammainc(a, x).value == expected


def test_no_derivative_by_a_parameter_while_recorded() -> None:
    with pytest.raises(TypeError, match="no derivative by its parameter a"):
        vargrad.compile(lambda a, x: special.gammaincc(a, x))(2.0, 1.5)
    f = vargrad.compile(lambda a, x: special.gammaincc(a.detach(), x))
    assert f.grad(2.0, 1.5) == pytest.approx((0.0, -1.5 * math.exp(-1.5)), rel=1e-15)


@pytest.mark.parametrize("a", [1e-20, 0.05, 0.9, 1.0, 5.5, 19.9, 20.0, 45.0, 1e3, 3e4])
def test_incomplete_gamma_over_its_pieces(impl: Implementation, a: float) -> None:
    """Both functions and the slope, at each border of the formulas and in the tails."""
    around = [a * (1 + k / math.sqrt(a)) for k in (-8, -3, -0.5, 0.0, 0.5, 3, 8, 30)] if a > 1 else [1e-3, 0.5, 30.0]
    for x in (
        1e-30,
        0.2 * a,
        0.31 * a,
        0.7001 * a,
        1.2999 * a,
        2.35 * a,
        2.4 * a,
        a + 0.24,
        a + 0.26,
        1.49,
        1.51,
        *around,
    ):
        if not 0 < x < 600 + 2 * a:
            continue
        v = leaves(impl, x)[0]
        for name in ("gammainc", "gammaincc"):
            with mp.workprec(200):
                t = TEXTBOOK[name](mp.mpf(a), mp.mpf(x))
                d = TEXTBOOK["gamma_density"](mp.mpf(a), mp.mpf(x))
            result = getattr(special, name)(a, v)
            allowed = 6 * oracle.EPS * (1 + float(x * d / t)) if t > 1e-290 else 1e-10
            assert abs(result.value - t) <= allowed * t + 1e-300, (name, a, x)
            (slope,) = impl.pullback_graph(result, [v])
            sign = 1 if name == "gammainc" else -1
            allowed = 6 * oracle.EPS * (1 + abs(a - 1 - x)) if d > 1e-290 else 1e-10
            assert abs(sign * slope.value - d) <= allowed * d + 1e-300, (name, a, x)
        assert special.gammainc(a, x) + special.gammaincc(a, x) == pytest.approx(1.0, rel=1e-15)


EDGES: dict[str, list[tuple[tuple[float, ...], float]]] = {  # scipy.special's values
    "gamma": [
        ((0.0,), math.inf),
        ((-0.0,), -math.inf),
        ((-5e-324,), -math.inf),
        ((-1.0,), math.nan),
        ((math.inf,), math.inf),
        ((172.0,), math.inf),
    ],
    "gammaln": [((0.0,), math.inf), ((-3.0,), math.inf), ((math.inf,), math.inf), ((-math.inf,), math.inf)],
    "digamma": [((0.0,), -math.inf), ((-2.0,), math.nan), ((math.inf,), math.inf)],
    "logaddexp": [((math.inf, math.inf), math.inf), ((-math.inf, -math.inf), -math.inf), ((1.0, -math.inf), 1.0)],
    "xlogy": [((0.0, 0.0), 0.0), ((0.0, math.nan), math.nan), ((1.0, 0.0), -math.inf), ((0.0, -1.0), 0.0)],
    "entr": [((0.0,), 0.0), ((-1.0,), -math.inf)],
    "rel_entr": [((0.0, 0.0), 0.0), ((1.0, 0.0), math.inf), ((-1.0, 1.0), math.inf), ((0.0, math.nan), math.nan)],
    "logit": [((0.0,), -math.inf), ((1.0,), math.inf), ((1.5,), math.nan)],
    "log_expit": [((-math.inf,), -math.inf), ((math.inf,), 0.0)],
    "exprel": [((0.0,), 1.0), ((math.inf,), math.inf), ((-math.inf,), 0.0)],
    "sinc": [((0.0,), 1.0), ((3.0,), 0.0), ((math.inf,), 0.0)],
    "erfinv": [((1.0,), math.inf), ((-1.0,), -math.inf), ((1.5,), math.nan), ((0.0,), 0.0)],
    "erfcinv": [((0.0,), math.inf), ((2.0,), -math.inf), ((1.0,), 0.0), ((-0.5,), math.nan)],
    "ndtri": [((0.0,), -math.inf), ((1.0,), math.inf), ((0.5,), 0.0), ((1.5,), math.nan)],
    "i0e": [((0.0,), 1.0), ((math.inf,), 0.0), ((-math.inf,), 0.0)],
    "i1e": [((0.0,), 0.0), ((math.inf,), 0.0), ((-math.inf,), 0.0)],
    "j0": [((0.0,), 1.0), ((math.inf,), 0.0), ((-math.inf,), 0.0)],
    "j1": [((0.0,), 0.0), ((math.inf,), 0.0), ((-math.inf,), 0.0)],
    "y0": [((0.0,), -math.inf), ((math.inf,), 0.0), ((-1.0,), math.nan)],
    "y1": [((0.0,), -math.inf), ((math.inf,), 0.0), ((-1.0,), math.nan)],
    "gammainc": [
        ((-1.0, 2.0), math.nan),
        ((1.0, -2.0), math.nan),
        ((0.0, 1.0), 1.0),
        ((0.0, 0.0), math.nan),
        ((3.0, 0.0), 0.0),
        ((3.0, math.inf), 1.0),
        ((math.inf, 3.0), 0.0),
        ((math.inf, math.inf), math.nan),
    ],
    "ndtr": [((-math.inf,), 0.0), ((math.inf,), 1.0)],
    "log_ndtr": [((-math.inf,), -math.inf), ((math.inf,), 0.0)],
    "norm_pdf": [((math.inf,), 0.0), ((-math.inf,), 0.0)],
    "beta": [
        *[((x, y), special.beta(y, x)) for x, y in ((1.5, -2.5), (-0.3, 0.2), (3.0, -200.5))],
        ((-2.0, 1.0), -0.5),
        ((-2.0, 2.0), 0.5),
        ((-2.0, 3.0), math.inf),
        ((-2.0, 1.5), math.inf),
        ((-1.5, -2.5), 0.0),
        ((-1.5, 1.5), 0.0),
        ((-2.0, -3.0), -math.inf),
        ((0.0, 1.0), math.inf),
        ((5e-324, 1e-310), math.inf),
        ((5e-324, 100.0), math.inf),
        ((math.inf, 1.0), 0.0),
    ],
    "betaln": [
        ((-2.0, 2.0), -math.log(2)),
        ((-2.0, 3.0), math.inf),
        ((-1.5, 1.5), -math.inf),
        ((0.0, 1.0), math.inf),
        ((math.inf, 1.0), -math.inf),
        ((1.0, math.inf), -math.inf),
    ],
}


@pytest.mark.parametrize("name", EDGES)
def test_edges(impl: Implementation, name: str) -> None:
    function: Callable[..., Any] = getattr(special, name)
    by = moved(name)
    compiled = vargrad.compile(lambda *xs: function(*(x if i in by else x.detach() for i, x in enumerate(xs))))
    for point, expected in EDGES[name]:
        operands = [leaves(impl, x)[0] if i in by else x for i, x in enumerate(point)]
        for found in (function(*point), function(*operands).value, float(compiled(*point))):
            same = found == expected or (math.isnan(found) and math.isnan(expected))
            assert same, (name, point, found, expected)
    assert all(math.isnan(function(*[math.nan] * len(point))) for point, _ in EDGES[name])


@cache
def with_many_bits(name: str, point: tuple[float, ...]) -> float:
    """Enough for a sum of the smallest double and of the largest in the list."""
    with mp.workprec(2000):
        return float(TRUE[name](*map(mp.mpf, point)))


@pytest.mark.parametrize(
    ("name", "point"),
    [
        *(
            ("betaln", (x, y))
            for x in (5e-324, 1e-310, 9e-301, 1.1e-300)
            for y in (5e-324, 1e-300, 0.5, 7.9, 8.1, 200.0)
        ),
        *(("gamma", (x,)) for x in (-1e-308, -9e-301, -1.1e-300, -1e-8, -169.75)),
        ("beta", (1e-305, 1e-306)),
    ],
)
def test_values_next_to_0_and_where_parts_overflow(impl: Implementation, name: str, point: tuple[float, ...]) -> None:
    function: Callable[..., Any] = getattr(special, name)
    compiled = vargrad.compile(lambda *xs: function(*xs))
    expected = with_many_bits(name, point)
    for found in (function(*point), function(*leaves(impl, *point)).value, float(compiled(*point))):
        assert math.isclose(found, expected, rel_tol=1e-14)


@pytest.mark.parametrize("x", [2.5, 700.5, 715.0, 716.0])
def test_derivatives_of_exprel_up_to_its_overflow(impl: Implementation, x: float) -> None:
    compiled = vargrad.compile(special.exprel)
    v = impl.Var(x, requires_grad=True)
    special.exprel(v).backward()
    first, second = (float(true("exprel", (x,), *(0,) * order)) for order in (1, 2))
    assert all(math.isclose(found, first, rel_tol=1e-14) for found in (v.grad, compiled.grad(x)))
    assert math.isclose(compiled.hessian(x), second, rel_tol=1e-14)
    assert compiled.grad(717.0) == compiled.hessian(1e16) == compiled.hessian(math.inf) == math.inf
