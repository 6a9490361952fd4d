"""jvp, vjp, jacobian in forward mode and has_aux: values against mpmath and reverse mode, structures, nesting."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from mpmath import mp

from programs import Program, Twin, programs
from programs import run as run_program
from twins import Implementation, keys
from vargrad import (
    Var,
    ZeroDerivativeWarning,
    compile,
    detect_anomaly,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    math,
    no_grad,
    value_and_grad,
    vjp,
)
from vargrad._transforms import run


class Pair(NamedTuple):
    a: Any
    b: Any


def chain(x: Any, m: Any = math, steps: int = 12) -> list[Any]:
    """Each result depends on all before it: reverse mode would go through all of them, once for each."""
    a, b = x
    found = []
    for _ in range(steps):
        a, b = m.sin(a) + b / 3, m.exp(-b * b) * a
        found += [a, b, a * b]
    return found


def spread(x: Any) -> Any:
    return {"list": [x[0] * x[1], 7.0], "array": np.array([x[0] / x[1], math.sin(x[0])]), "pair": Pair(x[0] ** 3, x[1])}


def test_a_chain_is_differentiated_by_one_walk_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    x = [0.7, -1.2]
    expected = [grad(lambda p, k=k: chain(p)[k])(x) for k in range(36)]
    monkeypatch.setattr(run, "pullback", lambda *_: pytest.fail("a sweep back"))
    found = jacobian(chain)(x)
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=0)
    with mp.workdps(40):
        for k in (0, 17, 35):
            for i in range(2):
                at = [mp.mpf(0.7), mp.mpf(-1.2)]

                def line(t: Any, i: int = i, k: int = k, at: Any = at) -> Any:
                    return chain([t if j == i else y for j, y in enumerate(at)], mp)[k]

                assert found[k][i] == pytest.approx(float(mp.diff(line, at[i])), rel=1e-13)


def test_results_that_share_nothing_are_swept_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many numbers, each in a result or two of its own: forward mode would be quadratic."""
    monkeypatch.setattr(run.module, "pushforward", lambda *_: pytest.fail("a walk forward"), raising=True)
    n = 60
    found = jacobian(lambda x: [f(v) for v in x for f in (math.sin, math.cos)])([0.1 * i for i in range(n)])
    assert len(found) == 2 * n
    assert found[4][2] == pytest.approx(np.cos(0.2))
    assert sum(v != 0.0 for row in found for v in row) == 2 * n - 1


def test_an_infinite_partial_of_another_column_makes_no_nan() -> None:
    """Forward mode must not multiply it by the 0 of a direction in which its operand does not move."""
    found = jacobian(lambda x: [math.sqrt(x[0]) + x[1] * k for k in range(12)])([0.0, 2.0])
    assert found == [[np.inf, float(k)] for k in range(12)]
    assert jacobian(lambda x: [7.0, x[0], *chain(x)])([1.0, 2.0])[:2] == [[0.0, 0.0], [1.0, 0.0]]


@given(programs())
def test_twins_push_forward_alike(twins: list[Implementation], program: Program) -> None:
    found = []
    for impl in twins:
        core = run.module if impl.Var is Var else __import__("vargrad._core.var_py", fromlist=["x"])
        if impl.name == "compiled":
            core = __import__("vargrad._core.var_c", fromlist=["x"])
        ran = run_program(program, Twin(impl))
        variables = [v for v in ran.variables if isinstance(v, impl.Var)]
        leaves, roots = variables[: ran.leaves], variables[ran.leaves :]
        for v in leaves:
            v.requires_grad = True
        if not roots:
            return
        top = core.apply_nary("sum", roots)
        seeds = [0.5 * (i + 1) for i in range(len(leaves))]
        rows = [core.pushforward(top, roots, leaves, seeds), core.pushforward(top, roots, leaves, None)]
        found.append([None if m is None else [keys(row) for row in m] for m in rows] + [core.count_under(top)])
    assert all(one == found[0] for one in found)


# ---- jvp and vjp


def test_jvp_of_any_structure_is_the_jacobian_times_the_vector() -> None:
    x, v = [0.7, -1.2], [0.3, 2.0]
    value, tangent = jvp(spread)(x, v)
    rows = jacobian(spread)(x)
    assert value["list"] == spread(x)["list"]
    assert isinstance(tangent["pair"], Pair)
    assert tangent["array"].dtype == float
    for found, row in (
        (tangent["list"][0], rows["list"][0]),
        (tangent["array"][1], [column[1] for column in rows["array"]]),
        (tangent["pair"].a, rows["pair"].a),
    ):
        assert found == pytest.approx(row[0] * v[0] + row[1] * v[1], rel=1e-14)
    assert tangent["list"][1] == 0.0


def test_vjp_weighs_the_results_as_often_as_one_likes() -> None:
    x = {"p": 0.7, "q": np.array([-1.2, 3.0])}

    def f(x: Any) -> Any:
        return x["p"] * x["q"], [x["q"][0] ** 2, 5.0]

    value, pulled = vjp(f)(x)
    assert value[1] == [1.44, 5.0]
    found = pulled((np.array([1.0, 10.0]), [2.0, 3.0]))
    assert found["p"] == pytest.approx(-1.2 + 30.0)
    np.testing.assert_allclose(found["q"], [0.7 - 2 * 2 * 1.2, 7.0])
    assert pulled((np.array([0.0, 0.0]), [0.0, 1.0]))["p"] == 0.0
    both = vjp(lambda a, b: a * b, argnums=(0, 1))(2.0, 3.0)[1]
    assert both(1.0) == (3.0, 2.0)


def test_nested_with_the_other_transforms() -> None:
    x = 1.3
    fourth = lambda t: t**4  # noqa: E731
    assert jvp(grad(fourth))(x, 1.0) == pytest.approx((4 * x**3, 12 * x**2))
    assert grad(lambda t: jvp(fourth)(t, 2.0)[1])(x) == pytest.approx(24 * x**2)
    assert jvp(lambda t: jvp(fourth)(t, t)[1])(x, 1.0)[1] == pytest.approx(16 * x**3)
    assert grad(lambda t: vjp(fourth)(t)[1](t))(x) == pytest.approx(16 * x**3)
    assert grad(lambda w: jvp(lambda t: t**3)(x, w)[1])(5.0) == pytest.approx(3 * x**2)
    assert hessian(lambda w: jvp(lambda t: t**3)(w, w)[1])(x) == pytest.approx(18 * x)
    second = jacobian(jacobian(chain))([0.7, -1.2])
    expected = hessian(lambda p: chain(p)[35])([0.7, -1.2])
    np.testing.assert_allclose(second[35], expected, rtol=1e-12)
    product = hvp(lambda p: chain(p)[35])([0.7, -1.2], [1.0, 2.0])
    np.testing.assert_allclose(jvp(grad(lambda p: chain(p)[35]))([0.7, -1.2], [1.0, 2.0])[1], product, rtol=1e-12)


def test_closed_over_variables_connect_the_results() -> None:
    w = Var(3.0, requires_grad=True)
    value, tangent = jvp(lambda t: w * t**2)(2.0, 1.0)
    assert isinstance(value, Var)
    tangent.backward()
    assert w.grad == 4.0
    value, pulled = vjp(lambda t: [w * t, t])(2.0)
    assert isinstance(value[0], Var)
    pulled([2.0, 1.0]).backward()
    assert w.grad == 6.0
    rows = jacobian(lambda t: [w * y for y in chain(t)])([0.7, -1.2])
    w.grad = 0.0
    rows[30][0].backward()
    assert w.grad == pytest.approx(jacobian(chain)([0.7, -1.2])[30][0], rel=1e-13)
    with no_grad():
        assert jvp(lambda t: t**2)(3.0, 1.0) == (9.0, 6.0)
        assert vjp(lambda t: t**2)(3.0)[1](1.0) == 6.0
    _, pulled = vjp(lambda t: w * t**2)(3.0)
    with no_grad():
        assert pulled(1.0).prev_op is None
        assert pulled(1.0).value == 18.0
        assert vjp(lambda t: t**2)(3.0)[1](Var(2.0)).value == 12.0


def test_anomalies_and_edits_are_found() -> None:
    w = Var(2.0)

    def edits(t: Any) -> Any:
        found = [v * w for v in chain(t)]
        w.value += 1.0
        return found

    for f in (jacobian(edits), lambda t: jvp(edits)(t, [1.0, 1.0])):
        with pytest.raises(RuntimeError, match="its derivatives would mix both"):
            f([0.7, -1.2])
    with detect_anomaly(), pytest.raises(ArithmeticError):
        jacobian(lambda x: [math.sqrt(x[0]) * k for k in range(1, 9)])([0.0])
    with detect_anomaly():
        assert jvp(lambda t: t * 2.0)(1.5, 2.0) == (3.0, 4.0)


def test_a_recording_replays_them() -> None:
    def f(a: Any, b: Any) -> Any:
        tangents = jvp(chain)([a, b], [1.0, a])[1]
        rows = jacobian(chain)([a, b])
        return tangents[35] + rows[34][1] + vjp(lambda t: [t[0] ** 2, t[1] * b])([a, b])[1]([b, 1.0])[0]

    x = np.array([0.7, -0.4]), np.array([-1.2, 0.3])
    compiled = compile(f)
    np.testing.assert_allclose(compiled(*x), [f(0.7, -1.2), f(-0.4, 0.3)], rtol=1e-12)
    np.testing.assert_allclose(compiled.grad(*x)[0][1], grad(f)(-0.4, 0.3), rtol=1e-12)


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match=r"jvp\(\) of chain: v must have the structure of x, \[float, float\]"):
        jvp(chain)([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match=r"vjp\(\) of <lambda>: u must have the structure of the result, float, not"):
        vjp(lambda t: t)(1.0)[1]([1.0])
    with pytest.raises(TypeError, match=r"jvp\(\) takes a function"):
        jvp(3.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"the vector v for chain must be a float"):
        jvp(chain)([1.0, 2.0], "uv")


# ---- has_aux


def test_what_is_returned_beside_the_number_comes_along() -> None:
    def f(x: Any, y: Any) -> Any:
        return x * y, {"sum": x + y, "name": "f", "list": [x, 3], "none": None, "array": np.array([x, y])}

    gradient, aux = grad(f, has_aux=True)(2.0, 5.0)
    assert gradient == 5.0
    assert (aux["sum"], aux["name"], aux["list"], aux["none"]) == (7.0, "f", [2.0, 3], None)
    assert aux["array"].dtype == float
    (value, aux), both = value_and_grad(f, (0, 1), has_aux=True)(2.0, 5.0)
    assert (value, aux["sum"], both) == (10.0, 7.0, (5.0, 2.0))
    inner = grad(lambda x: grad(f, has_aux=True)(x, x)[1]["sum"])
    assert inner(3.0) == 2.0
    assert compile(lambda x: grad(f, has_aux=True)(x, 5.0)[1]["sum"])(2.0) == 7.0


def test_a_number_computed_without_variables_is_told_beside_others_too() -> None:
    with pytest.warns(ZeroDerivativeWarning, match="computed without Vars"):
        assert grad(lambda x: (x.value * 0.5, "beside"), has_aux=True)(3.0) == (0.0, "beside")
    with pytest.warns(ZeroDerivativeWarning, match="computed without Vars"):
        assert jvp(lambda x: x.value * 0.5)(3.0, 1.0) == (1.5, 0.0)


def test_a_result_without_anything_beside_it_is_refused() -> None:
    for found in (lambda x: x, lambda x: (x, 1, 2), lambda x: [x]):
        with pytest.raises(TypeError, match="has_aux=True needs a function that returns a pair"):
            grad(found, has_aux=True)(1.0)
    with pytest.raises(TypeError, match="has no argument 'has_aux'"):
        compile(lambda x: x * x).grad(2.0, has_aux=True)
