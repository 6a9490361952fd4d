"""implicit: derivatives of roots against mpmath, eager and recorded."""

from __future__ import annotations

import math as plain_math
from typing import Any

import numpy as np
import pytest
from mpmath import mp

from vargrad import Var, compile, grad, hessian, implicit, jacobian, math


def bisection(a: float, b: float) -> float:
    low, high = 0.0, 2.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if plain_math.cos(middle) < a * middle + b else (middle, high)
    return low


def residual(x: Any, a: Any, b: Any) -> Any:
    return math.cos(x) - a * x - b


def newton(a: Any, b: Any) -> Any:
    """It runs on Vars too, while compile() records."""
    x = 0.5
    for _ in range(12):
        x = x - (math.cos(x) - a * x - b) / (-math.sin(x) - a)
    return x


def exact(a: Any, b: Any) -> Any:
    return mp.findroot(lambda x: mp.cos(x) - a * x - b, 0.5)


def expected(orders: tuple[int, int], a: float, b: float) -> float:
    with mp.workdps(50):
        if orders == (0, 0):
            return float(exact(mp.mpf(a), mp.mpf(b)))
        return float(mp.diff(exact, (mp.mpf(a), mp.mpf(b)), orders))


POINT = (1.3, 0.2)


def test_derivatives_of_a_root_by_bisection() -> None:
    root = implicit(bisection, residual)
    assert root(*POINT) == bisection(*POINT)
    assert grad(root)(*POINT) == pytest.approx(expected((1, 0), *POINT), rel=1e-12)
    assert grad(root, 1)(*POINT) == pytest.approx(expected((0, 1), *POINT), rel=1e-12)
    both = hessian(root, (0, 1))(*POINT)
    assert both[0][0] == pytest.approx(expected((2, 0), *POINT), rel=1e-11)
    assert both[0][1] == pytest.approx(expected((1, 1), *POINT), rel=1e-11)
    assert grad(grad(grad(root)))(*POINT) == pytest.approx(expected((3, 0), *POINT), rel=1e-10)
    assert grad(hessian(root), 1)(*POINT) == pytest.approx(expected((2, 1), *POINT), rel=1e-10)


def test_a_root_of_a_leaf_has_its_value_and_gradient() -> None:
    a = Var(1.3, requires_grad=True)
    root = implicit(bisection, residual)(a, 0.2)
    assert root.value == bisection(*POINT)
    (root * 2).backward()
    assert a.grad == pytest.approx(2 * expected((1, 0), *POINT), rel=1e-12)


def test_variables_that_only_the_residual_sees() -> None:
    w = Var(2.0, requires_grad=True)
    root = implicit(lambda a: plain_math.sqrt(a * w.value), lambda x, a: x * x - w * a)(8.0)
    root.backward()
    assert (root.value, w.grad) == (4.0, pytest.approx(1.0))


def test_recorded_roots() -> None:
    f = compile(implicit(newton, residual))
    a = np.array([1.3, 0.9, 2.0])
    for orders, found in (
        ((0, 0), f(a, 0.2)),
        ((1, 0), f.grad(a, 0.2)[0]),
        ((2, 0), f.hessian(a, 0.2)[0][0]),
        ((1, 1), f.hessian(a, 0.2)[0][1]),
    ):
        np.testing.assert_allclose(found, [expected(orders, x, 0.2) for x in a], rtol=1e-10)
    third = compile(grad(implicit(newton, residual))).hessian(1.3, 0.2)[0][0]
    assert third == pytest.approx(expected((3, 0), *POINT), rel=1e-9)


def test_a_vector_of_roots() -> None:
    """The point where a circle meets a parabola, in a dict, by fixed numbers of steps."""

    def solve(p: Any) -> Any:
        x, y = 1.0, 1.0
        for _ in range(40):
            f, g = x * x + y * y - p[0], y - p[1] * x * x
            a, b, c, d = 2 * x, 2 * y, -2 * p[1] * x, 1.0
            x, y = x - (d * f - b * g) / (a * d - b * c), y - (a * g - c * f) / (a * d - b * c)
        return {"x": x, "y": y}

    def equations(z: Any, p: Any) -> Any:
        return [z["x"] ** 2 + z["y"] ** 2 - p[0], z["y"] - p[1] * z["x"] ** 2]

    p = [2.0, 0.8]
    meet = implicit(solve, equations)
    rows = jacobian(meet)(p)

    def y(r: Any, c: Any) -> Any:
        return (-1 + mp.sqrt(1 + 4 * c * c * r)) / (2 * c)

    with mp.workdps(40):
        at = mp.mpf(2.0), mp.mpf(0.8)
        assert rows["y"][0] == pytest.approx(float(mp.diff(y, at, (1, 0))), rel=1e-12)
        assert rows["y"][1] == pytest.approx(float(mp.diff(y, at, (0, 1))), rel=1e-12)
        second = hessian(lambda p: meet(p)["y"])(p)
        assert second[0][1] == pytest.approx(float(mp.diff(y, at, (1, 1))), rel=1e-11)
    f = compile(lambda r, c: meet([r, c])["y"])
    np.testing.assert_allclose(f.grad(np.array([2.0, 2.0]), 0.8)[1], rows["y"][1], rtol=1e-12)


def test_what_is_no_root_is_refused() -> None:
    with pytest.raises(ValueError, match=r"implicit\(\): <lambda> returned no root: residual is .* at x = 1.0"):
        implicit(lambda a, b: 1.0, residual)(*POINT)
    with pytest.raises(ValueError, match="returned no root"):
        compile(implicit(lambda a, b: a * 0.0, residual))(*POINT)
    assert implicit(lambda a, b: 0.62, residual, tolerance=0.1)(*POINT) == 0.62
    with pytest.raises(ValueError, match="returned no root"):
        implicit(lambda a, b: float("nan"), lambda x, a, b: x - a)(*POINT)


def test_a_singular_derivative_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the derivative of <lambda> by the root is singular at x = 0.0"):
        grad(implicit(lambda a: 0.0, lambda x, a: x * x - a))(0.0)
    with pytest.raises(ValueError, match=r"singular at x = 1.0, 1.0"):
        implicit(lambda a: [1.0, 1.0], lambda x, a: [x[0] - x[1], 2 * x[0] - 2 * x[1] + 0 * a])(2.0)


def test_other_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match=r"<lambda> returned 2 number\(s\) for a root of 1"):
        implicit(lambda a: 1.0, lambda x, a: [x, x])(2.0)
    with pytest.raises(TypeError, match="solve must be a function, not float"):
        implicit(3.0, residual)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="what <lambda> returned must be a float"):
        implicit(lambda a: None, lambda x, a: x)(2.0)
    for wrong in (0.0, -1.0, True, "x", float("nan")):
        with pytest.raises(ValueError, match="tolerance must be a number above 0"):
            implicit(bisection, residual, tolerance=wrong)  # type: ignore[arg-type]
