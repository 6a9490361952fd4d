"""vargrad.interpolate: SciPy's splines, with derivatives by the point and by the values."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest
import scipy.interpolate

import vargrad
from twins import Implementation, grads, keys, leaves
from vargrad import interpolate

KINDS: dict[str, tuple[Any, Any]] = {
    "not-a-knot": (interpolate.CubicSpline, scipy.interpolate.CubicSpline),
    "natural": (
        lambda x, y, **options: interpolate.CubicSpline(x, y, "natural", **options),
        lambda x, y, **options: scipy.interpolate.CubicSpline(x, y, bc_type="natural", **options),
    ),
    "clamped": (
        lambda x, y, **options: interpolate.CubicSpline(x, y, bc_type="clamped", **options),
        lambda x, y, **options: scipy.interpolate.CubicSpline(x, y, bc_type="clamped", **options),
    ),
    "monotone": (interpolate.PchipInterpolator, scipy.interpolate.PchipInterpolator),
}


def points(n: int) -> tuple[list[float], list[float]]:
    random = np.random.default_rng(n)
    return np.cumsum(random.uniform(0.1, 2.0, n)).tolist(), random.normal(size=n).tolist()


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("n", [2, 3, 4, 5, 9, 40])
def test_values_are_scipys(name: str, n: int) -> None:
    ours, theirs = KINDS[name]
    x, y = points(n)
    at = np.concatenate([x, np.linspace(x[0] - 1.0, x[-1] + 1.0, 101)])
    expected = theirs(x, y)(at)
    assert ours(x, y)(at) == pytest.approx(expected, rel=1e-12, abs=1e-12 * np.abs(expected).max())
    inside = ours(x, y, extrapolate=False)(at)
    assert np.isnan(inside).tolist() == np.isnan(theirs(x, y, extrapolate=False)(at)).tolist()


@pytest.mark.parametrize("name", KINDS)
def test_derivatives(impl: Implementation, name: str) -> None:
    """SciPy's derivative by the point, and differences by the values."""
    ours, theirs = KINDS[name]
    x, y = points(7)
    for at in (x[0] - 0.5, x[2], x[3] + 0.25, x[-1] + 0.125):
        point, *values = leaves(impl, at, *y)
        found = ours(x, values)(point)
        slopes = grads(found, [point, *values])
        assert slopes[0] == pytest.approx(theirs(x, y)(at, 1), rel=1e-9)
        for i in range(7):
            step = np.zeros(7)
            step[i] = 1e-5
            expected = (theirs(x, y + step)(at) - theirs(x, y - step)(at)) / 2e-5
            assert slopes[1 + i] == pytest.approx(expected, abs=1e-8)
        plain = ours(x, y)(at)
        assert keys([found, ours(x, values)(at), ours(x, y)(point)]) == keys([plain] * 3)


@pytest.mark.parametrize("name", KINDS)
def test_second_derivatives_and_batches(name: str) -> None:
    ours, theirs = KINDS[name]
    x, y = points(6)

    def f(v: Any) -> Any:
        return ours(x, list(v[:6]))(v[6] * v[6])

    at = [*y, 1.75]
    hessian = vargrad.hessian(f)(at)
    slope, curve = (float(theirs(x, y)(1.75 * 1.75, k)) for k in (1, 2))
    assert hessian[6][6] == pytest.approx(2.0 * slope + 4.0 * 1.75 * 1.75 * curve, rel=1e-9)
    gradient = vargrad.grad(f)
    for i in range(6):
        step = [1e-6 * (k == i) for k in range(7)]
        up, down = (gradient([a + s * b for a, b in zip(at, step, strict=True)])[6] for s in (1.0, -1.0))
        assert hessian[i][6] == pytest.approx((up - down) / 2e-6, abs=1e-7)
    compiled = vargrad.compile(f, signature="(n)->()")
    assert compiled.hessian(at) == pytest.approx(np.array(hessian), rel=1e-12, abs=1e-12)
    random = np.random.default_rng(3)
    rows = np.concatenate([random.normal(size=(200, 6)), random.uniform(0.1, math.sqrt(x[-1] + 1.0), (200, 1))], 1)
    assert compiled(rows).tolist() == [f(row) for row in rows.tolist()]
    slopes = np.array([gradient(row) for row in rows.tolist()])
    assert compiled.grad(rows) == pytest.approx(slopes, rel=1e-12, abs=1e-12)
    assert "1 path" in repr(compiled)


@pytest.mark.parametrize("name", KINDS)
def test_compiled_outside_of_the_knots(name: str) -> None:
    ours, theirs = KINDS[name]
    x, y = points(5)
    at = np.linspace(x[0] - 1.0, x[-1] + 1.0, 41)
    curve = ours(x, y, extrapolate=False)
    assert np.array_equal(vargrad.compile(lambda v: curve(v))(at), curve(at), equal_nan=True)
    assert np.isnan(curve(vargrad.Var(x[0] - 1.0)).value)
    slope = vargrad.compile(vargrad.grad(ours(x, y)))
    assert slope(at) == pytest.approx(theirs(x, y)(at, 1), rel=1e-9, abs=1e-12)


def test_a_number_looked_up_is_one_node(impl: Implementation) -> None:
    x, y = points(5)
    point, *values = leaves(impl, x[2] + 0.125, *y)
    curve = interpolate.CubicSpline(x, values)
    found = curve(point)
    assert len(found.parents) == 5  # the number and four coefficients
    assert interpolate.CubicSpline(x, y)(point).parents == (point,)
    assert type(curve([0.5, point])) is vargrad.Array


@pytest.mark.parametrize("name", KINDS)
def test_integers_are_numbers(impl: Implementation, name: str) -> None:
    """Of knots, of values, and looked up."""
    ours, theirs = KINDS[name]
    x, y = [0, 1, 3, 4, 6], [1, 5, 2, 2, 7]
    expected = theirs(x, y)(np.arange(-1, 8)).tolist()
    for values in (y, leaves(impl, *map(float, y))):
        curve = ours(x, values)
        found = [curve(i) for i in range(-1, 8)]
        assert [getattr(v, "value", v) for v in found] == pytest.approx(expected, rel=1e-13, abs=1e-12)
        assert keys(curve(np.arange(-1, 8)).tolist()) == keys(found)
    assert impl.Var is type(curve(np.int64(2)))


@pytest.mark.parametrize("x", ["1.5", None, {}, np.datetime64("2020-01-01")], ids=repr)
def test_what_is_looked_up_is_a_number(impl: Implementation, x: Any) -> None:
    for y in ([1.0, 2.0], leaves(impl, 1.0, 2.0)):
        with pytest.raises(TypeError, match=r"CubicSpline\(\): x must be a real number, not"):
            interpolate.CubicSpline([1.0, 2.0], y)(x)


@pytest.mark.parametrize("kind", [interpolate.CubicSpline, interpolate.PchipInterpolator])
def test_knots_at_distances_without_a_cube(kind: Any) -> None:
    with pytest.raises(ValueError, match=r"knots 0 and 1 are 1e-150 apart, too close for a cubic"):
        kind([0.0, 1e-150, 1.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"knots 0 and 1 are inf apart, too far apart for a cubic"):
        kind([-1e308, 1e308, 1.1e308], [1.0, 2.0, 3.0])
    assert kind([0.0, 1e-100, 2e-100], [0.0, 1.0, 2.0])(0.5e-100) == pytest.approx(0.5)


def test_it_never_overshoots() -> None:
    y = [0.0, 0.0, 1.0, 1.0, 5.0, 4.0]
    curve = interpolate.PchipInterpolator(range(6), y)
    fine = curve(np.linspace(0.0, 5.0, 501))
    assert fine.min() == 0.0
    assert fine.max() == 5.0
    assert (np.diff(fine[:401]) >= 0.0).all()


def test_values_that_are_live_in_a_compiled_function() -> None:
    x, y = points(5)
    rates = [vargrad.Var(v, requires_grad=True) for v in y]
    f = vargrad.compile(lambda t: interpolate.CubicSpline(x, rates)(t))
    assert f(x[1] + 0.25) == pytest.approx(scipy.interpolate.CubicSpline(x, y)(x[1] + 0.25))
    rates[2].value = y[2] + 1.0
    y[2] += 1.0
    assert f(x[1] + 0.25) == pytest.approx(scipy.interpolate.CubicSpline(x, y)(x[1] + 0.25))


def test_copies() -> None:
    x, y = points(4)
    curve = interpolate.CubicSpline(x, y)
    assert pickle.loads(pickle.dumps(curve))(x[0] + 0.5) == copy.deepcopy(curve)(x[0] + 0.5) == curve(x[0] + 0.5)


@pytest.mark.parametrize("kind", [interpolate.CubicSpline, interpolate.PchipInterpolator])
def test_wrong_input(kind: Any) -> None:
    name = rf"{kind.__name__}\(\)"
    for x, y, message in (
        ([0.0, 2.0, 1.0], [1.0, 2.0, 3.0], "knots must increase, these are unsorted: knot 2 is 1.0 after 2.0"),
        ([0.0, 1.0, 1.0], [1.0, 2.0, 3.0], "these are repeated"),
        ([0.0, 1.0], [1.0], "2 knots and 1 values"),
        ([0.0], [1.0], r"1 knot\(s\), of at least 2"),
        ([0.0, math.inf], [1.0, 2.0], "must be finite"),
    ):
        with pytest.raises(ValueError, match=f"{name}: .*{message}"):
            kind(x, y)
    with pytest.raises(TypeError, match="there is no derivative by the knots"):
        kind([0.0, vargrad.Var(1.0)], [1.0, 2.0])
    with pytest.raises(TypeError, match="a value must be a real number"):
        kind([0.0, 1.0], [1.0, "2"])
    with pytest.raises(TypeError, match="extrapolate must be True or False"):
        kind([0.0, 1.0], [1.0, 2.0], extrapolate=1)
    with pytest.raises((TypeError, ValueError), match="bc_type"):
        interpolate.CubicSpline([0.0, 1.0], [1.0, 2.0], "periodic")
