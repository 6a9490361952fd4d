"""jvp of compiled functions, and Jacobians in forward mode, reverse mode or both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vargrad import Var, compile, grad, hvp, jacobian, jvp, load_compiled, math
from vargrad._compile.compiled import Compiled
from vargrad._compile.paths import Output
from vargrad._ir.expressions import pushed


def orbit(p: Any, steps: int = 40) -> list[Any]:
    """Runge and Kutta's method: each result depends on all steps before it, and on both parameters."""
    x, v, found = 1.0, 0.0, []
    h = 0.05

    def slope(x: Any, v: Any) -> tuple[Any, Any]:
        return v, -p[0] * math.sin(x) - p[1] * v

    for _ in range(steps):
        a, b = slope(x, v)
        c, d = slope(x + h / 2 * a, v + h / 2 * b)
        x, v = x + h * c, v + h * d
        found += [x, v]
    return found


def columns_forward(f: Compiled, *args: Any) -> list[int]:
    """Which columns of the Jacobian go forward."""
    f(*args)
    (specialization,) = f._specializations.values()
    recording = specialization.paths[0].recording
    return pushed(recording.expressions, [x for a in recording.arguments for x in a], recording.results)


def steps_of(f: Compiled, *args: Any) -> int:
    """Operations of the Jacobian's program."""
    f.jacobian(*args)
    (specialization,) = f._specializations.values()
    return specialization.paths[0].steps[Output("jacobian", tuple(range(len(args))))]


def test_few_parameters_of_many_results_go_forward() -> None:
    f, p = compile(orbit, signature="(n)->(m)"), np.array([9.81, 0.3])
    assert columns_forward(f, p) == [0, 1]
    found = f.jacobian(p)
    assert found.shape == (80, 2)
    expected = [grad(lambda q, k=k: orbit(q)[k])([9.81, 0.3]) for k in range(80)]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
    batch = f.jacobian(np.array([[9.81, 0.3], [2.0, 0.0]]))
    np.testing.assert_allclose(batch[0], found, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(batch[1], jacobian(orbit)([2.0, 0.0]), rtol=1e-12, atol=1e-14)


def test_the_program_is_linear_in_the_steps() -> None:
    """By sweeps back it grew with the square: 4 times as long from twice as many steps."""
    short, long = (
        steps_of(compile(lambda p, n=n: orbit(p, n), signature="(n)->(m)"), np.array([9.81, 0.3])) for n in (50, 100)
    )
    assert long < 2.1 * short
    assert short < 12 * 50 * 20


def test_results_of_their_own_numbers_go_back() -> None:
    f = compile(lambda x: [y * y for y in x] + [math.sin(y) for y in x], signature="(n)->(m)")
    assert columns_forward(f, np.arange(30.0)) == []
    assert columns_forward(compile(lambda x, y: [x * y, x + y]), 1.0, 2.0) == []


def both(p: Any, x: Any) -> list[Any]:
    """One parameter that reaches all results by a long way, and a sum over numbers of which each has its result."""
    found, total = [], 0.0
    for y in x:
        p = math.sin(p) + 0.1
        total = total + y * y
        found.append(p * y)
    return [*found, total]


def test_both_ways_in_one_jacobian() -> None:
    f, x = compile(both, signature="(),(n)->(m)"), np.linspace(0.5, 2.0, 40)
    assert columns_forward(f, 0.7, x) == [0]
    by_p, by_x = f.jacobian(0.7, x)
    expected = jacobian(both, argnums=(0, 1))(0.7, x.tolist())
    np.testing.assert_allclose(by_p, [row[0] for row in expected], rtol=1e-12)
    np.testing.assert_allclose(by_x, [row[1] for row in expected], rtol=1e-12)
    np.testing.assert_array_equal(f.jacobian(0.7, x, argnums=1), by_x)


def branching(x: Any, y: Any) -> list[Any]:
    found, total = [], x
    for k in range(1, 12):
        total = total * y + math.where(total > 0.2 * k, math.sqrt(total * k), x) if x > 0 else total / 2 - y
        found.append(total)
    return found


def test_branches_and_selections_of_each_row() -> None:
    f = compile(branching)
    x, y = np.array([0.7, -0.4, 2.0, 0.05]), 0.8
    found = f.jacobian(x, y)
    tangent = f.jvp(x, y, (np.full(4, 0.5), 2.0))[1]
    for row, at in enumerate(x.tolist()):
        expected = np.array(jacobian(branching, argnums=(0, 1))(at, y))
        np.testing.assert_allclose([[part[row] for part in one] for one in found], expected, rtol=1e-12)
        np.testing.assert_allclose([t[row] for t in tangent], expected @ [0.5, 2.0], rtol=1e-12)


def test_a_side_that_is_not_taken_makes_no_nan() -> None:
    f = compile(lambda x: [math.where(x > 0, math.sqrt(abs(x)), 0.0) * k for k in range(1, 40)])
    assert [float(c) for c in f.jvp(0.0, 1.0)[1]] == [0.0] * 39
    assert [float(c) for c in f.jacobian(0.0)] == [0.0] * 39


# ---- jvp


def test_jvp_is_value_and_tangent_like_the_function() -> None:
    @compile
    def f(x: Any, y: Any) -> Any:
        return (x * y, math.sin(x)) if x > 0 else (y, x * 1.0)

    assert f.jvp(2.0, 3.0, (1.0, 0.5)) == (f(2.0, 3.0), (4.0, pytest.approx(np.cos(2.0))))
    assert f.jvp(2.0, 3.0, 1.0, argnums=1)[1] == (2.0, 0.0)
    value, tangent = f.jvp(np.array([2.0, -1.0]), 3.0, (np.array([1.0, 2.0]), 0.5))
    np.testing.assert_array_equal(value, f(np.array([2.0, -1.0]), 3.0))
    np.testing.assert_allclose(tangent, [[4.0, 0.5], [np.cos(2.0), 2.0]])
    out = (np.empty(2), np.empty(2)), (np.empty(2), np.empty(2))
    assert f.jvp(np.array([2.0, -1.0]), 3.0, (np.array([1.0, 2.0]), 0.5), out=out)[1][0] is out[1][0]
    np.testing.assert_array_equal(out[1], tangent)


def test_jvp_of_vectors_is_the_jacobian_times_the_vector() -> None:
    f, p, v = (
        compile(orbit, signature="(n)->(m)"),
        np.array([[9.81, 0.3], [2.0, 0.0]]),
        np.array([[1.0, 2.0], [0.5, 0.0]]),
    )
    value, tangent = f.jvp(p, v)
    np.testing.assert_array_equal(value, f(p))
    np.testing.assert_allclose(tangent, np.einsum("rij,rj->ri", f.jacobian(p), v), rtol=1e-12, atol=1e-13)
    assert np.allclose(f.jvp(p[0], v[0])[1], jvp(orbit)(p[0].tolist(), v[0].tolist())[1], rtol=1e-13)


def test_jvp_beside_hvp_keeps_their_vectors_apart() -> None:
    f = compile(lambda x: x * x * x)
    assert [f.hvp(2.0, 1.0), f.jvp(2.0, 5.0)[1], f.hvp(2.0, 3.0), f.jvp(2.0, 1.0)[1]] == [12.0, 60.0, 36.0, 12.0]


def test_jvp_of_variables_is_differentiated_again() -> None:
    f = compile(lambda x: x * x * x)
    assert grad(lambda y: f.jvp(y, 1.0)[1])(2.0) == 12.0
    y = Var(2.0, requires_grad=True)
    f.jvp(y, 3.0)[1].backward()
    assert y.grad == 36.0
    g = compile(orbit, signature="(n)->(m)")
    weighed = grad(lambda w: g.jvp(np.array([9.81, 0.3]), np.array([w, 1.0]))[1][5])(2.0)
    assert weighed == pytest.approx(g.jacobian(np.array([9.81, 0.3]))[5, 0], rel=1e-12)
    product = compile(lambda x, y: x * x * y)
    assert grad(lambda w: product.jvp(3.0, 2.0, (w, 0.0))[1])(5.0) == 12.0
    assert grad(lambda w: product.hvp(3.0, 2.0, (w, 0.0))[0])(5.0) == 4.0
    assert g.jvp(np.array([y, Var(0.3)]), np.array([1.0, 0.0]))[1][3].value == pytest.approx(
        jvp(orbit)([2.0, 0.3], [1.0, 0.0])[1][3], rel=1e-13
    )


class Scaled:
    def __init__(self, factor: float) -> None:
        self.factor = factor

    @compile
    def times(self, x: Any) -> Any:
        return [self.factor * x, x * x]


def test_jvp_of_methods_and_of_loaded_functions(tmp_path: Any) -> None:
    scaled = Scaled(3.0)
    assert scaled.times.jvp(2.0, 1.0) == ([6.0, 4.0], [3.0, 4.0])
    scaled.factor = 5.0
    assert scaled.times.jvp(2.0, 1.0)[1] == [5.0, 4.0]
    f = compile(lambda x: x * x)
    f(1.0)
    f.save(tmp_path / "square")
    assert load_compiled(tmp_path / "square").jvp(3.0, 1.0) == (9.0, 6.0)


def test_jvp_of_wrong_vectors_is_refused() -> None:
    f = compile(lambda x, y: x * y)
    with pytest.raises(TypeError, match=r"<lambda>\.jvp\(\) takes the arguments and then the vector"):
        f.jvp()
    with pytest.raises(TypeError, match=r"<lambda>\.jvp\(\) needs a tuple of 2 vectors"):
        f.jvp(1.0, 2.0, 3.0)
    with pytest.raises(ValueError, match=r"<lambda>\.jvp\(\): vector 0 has shape \(3,\), not \(2,\)"):
        f.jvp(np.ones(2), 2.0, (np.ones(3), 1.0))
    with pytest.raises(TypeError, match=r"<lambda>\.hvp\(\) needs a tuple of 2 vectors"):
        f.hvp(1.0, 2.0, 3.0)
    assert hvp(lambda x: x[0] * x[1])([1.0, 2.0], [1.0, 0.0]) == [0.0, 1.0]
