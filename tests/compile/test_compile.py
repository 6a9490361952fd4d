"""compile: calls, shapes, signatures, closed-over leaves."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import pytest

import recorded
import vargrad
from recorded import MACHINES, close, leaf
from vargrad import Var
from vargrad import math as m
from vargrad._compile.recordings import MOST_SPECIALIZATIONS


@pytest.fixture(params=list(MACHINES))
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    recorded.use(monkeypatch, request.param)
    return str(request.param)


pytestmark = pytest.mark.usefixtures("machine")


def price(S: Any, K: Any, T: Any, r: Any, s: Any) -> Any:
    sq = s * m.sqrt(T)
    d1 = (m.log(S / K) + (r + 0.5 * s * s) * T) / sq
    half = math.sqrt(0.5)
    return S * (0.5 * (1.0 + m.erf(d1 * half))) - K * m.exp(-r * T) * (0.5 * (1.0 + m.erf((d1 - sq) * half)))


def inputs(n: int) -> list[Any]:
    rng = np.random.default_rng(1)
    bounds = [(50, 150), (50, 150), (0.1, 2), (0.0, 0.1), (0.1, 0.6)]
    return [rng.uniform(low, high, n) for low, high in bounds]


def test_value_and_gradient_over_arrays() -> None:
    f = vargrad.compile(price)
    X = inputs(500)
    value, gradient = f.value_and_grad(*X)
    assert isinstance(gradient, tuple)
    for i in range(0, 500, 50):
        row = [float(x[i]) for x in X]
        assert close(value[i], price(*row))
        assert close([g[i] for g in gradient], vargrad.grad(price, argnums=tuple(range(5)))(*row))
    assert np.array_equal(f(*X), value)
    assert all(map(np.array_equal, f.grad(*X), gradient))
    assert np.array_equal(f.grad(*X, argnums=2), gradient[2])
    assert all(map(np.array_equal, f.grad(*X, argnums=(4, 0)), (gradient[4], gradient[0])))
    assert np.array_equal(f(*X, workers=2), value)


def test_floats_in_floats_out() -> None:
    f = vargrad.compile(price)
    row = [float(x[0]) for x in inputs(1)]
    for _ in range(3):
        value, gradient = f.value_and_grad(*row)
        assert [type(x) for x in (value, f(*row), *gradient)] == [float] * 7
        assert close(value, price(*row))
        assert close(f(*row), value)
        assert close(gradient, f.grad(*row))
    assert close(f(*[np.float32(x) for x in row]), price(*[float(np.float32(x)) for x in row]))
    assert close(f(100, 95, 1, 0, True), price(100.0, 95.0, 1.0, 0.0, 1.0))
    assert f.value_and_grad(*(np.array([x]) for x in row))[0].shape == (1,)


def test_broadcasting() -> None:
    f = vargrad.compile(lambda x, y, z: x * y + z)
    x, y, z = np.arange(4.0)[:, None], np.arange(3.0), 7
    value, gradient = f.value_and_grad(x, y, z)
    assert np.array_equal(value, x * y + z)
    expected = np.broadcast_arrays(y, x, 1.0, value)[:3]
    assert all(map(np.array_equal, gradient, expected))
    assert f(x[:0], y, z).shape == (0, 3)
    assert f(np.arange(24.0).reshape(2, 3, 4)[::2, :, ::-1], 2.0, np.ones((3, 1))).shape == (1, 3, 4)
    assert f([1, 2], [3, 4], 0).tolist() == [3.0, 8.0]


def rosenbrock(x: Any) -> Any:
    total = 0.0
    for i in range(len(x) - 1):
        total = total + 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return total


@pytest.mark.parametrize("n", [2, 5, 100])
def test_vectors(n: int) -> None:
    f = vargrad.compile(rosenbrock, signature="(n)->()")
    rng = np.random.default_rng(n)
    x, v = rng.uniform(-1, 1, n), rng.uniform(-1, 1, n)
    value, gradient = f.value_and_grad(x)
    assert type(value) is float
    assert close(value, rosenbrock(x.tolist()))
    assert close(gradient, vargrad.grad(rosenbrock)(x.tolist()))
    hessian = f.hessian(x)
    assert hessian.shape == (n, n)
    assert close(hessian[:, :3], np.array(vargrad.hessian(rosenbrock)(x.tolist()))[:, :3])
    assert close(f.hvp(x, v), hessian @ v)
    batch = rng.uniform(-1, 1, (2, 3, n))
    gradients = f.grad(batch)
    assert gradients.shape == (2, 3, n)
    assert f.hessian(batch).shape == (2, 3, n, n)
    assert close(gradients[1, 2], f.grad(batch[1, 2]))
    assert gradients.flags.c_contiguous
    assert f.jacobian(x).shape == (n,)


def test_several_arguments_and_results() -> None:
    f = vargrad.compile(lambda a, x, b: ([a * x[0], x[1] * b, a * b], m.dot(x, x) * a), signature="(),(n),()->(3),()")
    a, x, b = np.array([1.0, 2.0]), np.array([[3.0, 4.0], [5.0, 6.0]]), 10.0
    first, second = f(a, x, b)
    assert first.tolist() == [[3.0, 40.0, 10.0], [10.0, 60.0, 20.0]]
    assert second.tolist() == [25.0, 122.0]
    (by_a, by_x, by_b), (also_a, also_x, also_b) = f.jacobian(a, x, b)
    assert (by_a.shape, by_x.shape, by_b.shape) == ((2, 3), (2, 3, 2), (2, 3))
    assert by_x[1].tolist() == [[2.0, 0.0], [0.0, 10.0], [0.0, 0.0]]
    assert (also_a.tolist(), also_x.tolist(), also_b.tolist()) == (
        [25.0, 61.0],
        [[6.0, 8.0], [20.0, 24.0]],
        [0.0, 0.0],
    )
    (_, only), _ = f.jacobian(a, x, b, argnums=(0, 1))
    assert np.array_equal(only, by_x)


def test_matrices() -> None:
    f = vargrad.compile(lambda A, x: A @ x, signature="(m,n),(n)->(m)")
    A, x = np.arange(6.0).reshape(2, 3), np.array([1.0, -1.0, 2.0])
    assert np.array_equal(f(A, x), A @ x)
    by_A, by_x = f.jacobian(A, x)
    assert np.array_equal(by_x, A)
    assert by_A.shape == (2, 2, 3)
    assert np.array_equal(f(np.stack([A, -A]), x), np.stack([A @ x, -A @ x]))


def test_results_keep_their_container() -> None:
    assert vargrad.compile(lambda x: (x, 2 * x))(1.5) == (1.5, 3.0)
    assert vargrad.compile(lambda x: [x, 2.0])(1.5) == [1.5, 2.0]
    array = vargrad.compile(lambda x: np.array([x, x * x]))
    assert array(np.array([2.0, 3.0])).tolist() == [[2.0, 4.0], [3.0, 9.0]]
    assert array.jacobian(np.array([2.0, 3.0])).tolist() == [[1.0, 4.0], [1.0, 6.0]]


def test_keywords_and_defaults() -> None:
    calls: list[Any] = []

    @vargrad.compile
    def f(x: Any, y: Any = 2.0, *, z: Any = 3.0) -> Any:
        calls.append((x, y, z))
        return x * y + z

    assert f(1.0) == 5.0
    assert type(calls[-1][1]) is float
    assert f(1.0, 3.0) == f(1.0, y=3.0) == f(x=1.0, y=3.0) == 6.0
    assert f(2.0, z=1.0) == 5.0
    assert f.grad(2.0, z=np.array([1.0, 2.0]))[0].tolist() == [2.0, 2.0]
    assert f.grad(z=1.0, y=4.0, x=2.0) == (4.0, 2.0, 1.0)
    assert f.grad(3.0) == 2.0


def test_closed_over_leaves_are_live() -> None:
    w, b = leaf(2.0), Var(1.0)
    f = vargrad.compile(lambda x: w * x + b)
    x = np.array([1.0, 2.0])
    assert f(x).tolist() == [3.0, 5.0]
    w.value, b.value = 3.0, 0.0
    assert f(x).tolist() == [3.0, 6.0]
    assert f(2.0) == 6.0
    w.value = 4.0
    assert f(2.0) == 8.0
    assert f.paths == 1


def test_backward() -> None:
    w, b = leaf(2.0), Var(1.0)
    f = vargrad.compile(lambda x: (w * x + b) ** 2)
    x = np.array([1.0, 2.0, -1.0])
    eager = sum(((w * v + b) ** 2 for v in x.tolist()), Var(0.0))
    eager.backward()
    expected, w.grad = w.grad, 10.0
    assert f.backward(x) == eager.value
    assert w.grad == 10.0 + expected
    f.backward(x)
    assert w.grad == 10.0 + 2 * expected
    assert f.backward(np.zeros((0,))) == 0.0


def test_backward_of_many_rows_is_done_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    from vargrad._compile import call

    w = leaf(0.5)
    f = vargrad.compile(lambda x: w * x if x < 100 else w * w)
    x = np.arange(5000.0)
    monkeypatch.setattr(call, "ROWS_AT_ONCE", 1024)
    assert f.backward(x) == sum(0.5 * v if v < 100 else 0.25 for v in x.tolist())
    assert w.grad == sum(v if v < 100 else 1.0 for v in x.tolist())


def test_a_failed_backward_changes_nothing() -> None:
    v, w = leaf(1.0), leaf(2.0)

    @vargrad.compile
    def f(x: Any) -> Any:
        if x > 3:
            raise KeyError("no")
        return v * w * x

    with pytest.raises(KeyError):
        f.backward(np.array([1.0, 4.0]))
    assert (v.grad, w.grad) == (0.0, 0.0)


def test_out() -> None:
    f = vargrad.compile(lambda x: x * 2)
    x, out = np.arange(3.0), np.full(3, np.nan)
    assert f(x, out=out) is out
    assert out.tolist() == [0.0, 2.0, 4.0]
    both = vargrad.compile(lambda x: (x, -x))
    pair = np.empty(3), np.empty(3)
    assert both(x, out=pair) == pair
    assert pair[1].tolist() == [0.0, -1.0, -2.0]


def test_decorator_with_arguments() -> None:
    @vargrad.compile(signature="(n)->()", max_paths=3)
    def norm(x: Any) -> Any:
        """The norm."""
        return m.hypot(*x)

    assert norm(np.array([3.0, 4.0])) == 5.0
    assert (norm.__doc__, norm.__name__, norm.max_paths) == ("The norm.", "norm", 3)
    assert norm.__wrapped__([3.0, 4.0]) == 5.0
    assert norm.signature is not None
    assert norm.signature.text == "(n)->()"


def test_vars_run_the_function_itself() -> None:
    """So a compiled function may be used in eager code, and in another compiled one."""
    inner = vargrad.compile(lambda x: x * x)
    x = leaf(3.0)
    inner(x).backward()
    assert x.grad == 6.0
    outer = vargrad.compile(lambda x: inner(x) + x)
    assert outer.grad(2.0) == 5.0
    assert vargrad.grad(inner)(2.0) == 4.0


def test_a_compiled_function_inside_another_keeps_its_leaves_live() -> None:
    """Also where it is called with plain numbers alone."""
    w = leaf(3.0)
    inner = vargrad.compile(lambda x: w * x)
    assert inner(2.0) == inner(2.0) == 6.0
    outer = vargrad.compile(lambda x: x * inner(2.0))
    assert outer(10.0) == 60.0
    w.value = 4.0
    assert outer(10.0) == 80.0
    assert outer.backward(np.array([1.0, 2.0])) == 24.0
    assert w.grad == 6.0


def test_rows_that_are_no_numbers_are_ieee() -> None:
    f = vargrad.compile(lambda x: m.log(x) / x)
    with np.errstate(all="ignore"):
        x = np.array([0.0, -1.0, np.inf, np.nan, 2.0])
        assert np.array_equal(f(x), np.log(x) / x, equal_nan=True)
    assert math.isnan(f(0.0) * 0.0)


def test_inside_no_grad() -> None:
    f = vargrad.compile(lambda x: x * x)
    with vargrad.no_grad():
        assert f.grad(3.0) == 6.0


def test_detach_is_a_constant_to_derivatives() -> None:
    f = vargrad.compile(lambda x: x.detach() * x)
    assert f.value_and_grad(np.array([3.0, 4.0]))[1].tolist() == [3.0, 4.0]


def test_printing() -> None:
    f = vargrad.compile(lambda x, y: x * y if x > 0 else x, signature=None)
    assert "not recorded yet" in str(f)
    f(np.array([1.0, -1.0]), 2.0)
    assert str(f).count("path") == 3
    assert "= x * y" in str(f)
    assert "d value / d x = y" in str(f)


def evaluated(text: str, names: dict[str, Any]) -> dict[str, Any]:
    """What the lines of a listing compute, by their names, run as Python."""
    for line in text.splitlines():
        if " = " in line:
            name, expression = line.strip().split(" = ")
            names[name] = eval(expression, {"square": lambda a: a * a, "sin": math.sin, "cos": math.cos}, names)
    return names


def test_printing_shows_derivatives_that_are_right() -> None:
    f = vargrad.compile(lambda x, y: (x**2 + 3) ** 2 * m.sin(y) + x)
    value, (by_x, by_y) = f.value_and_grad(1.5, 0.7)
    found = evaluated(str(f), {"x": 1.5, "y": 0.7})
    assert (found["value"], found["d value / d x"], found["d value / d y"]) == (value, by_x, by_y)
    names = [line.split(" = ")[0] for line in str(f).splitlines() if " = " in line]
    assert len(set(names)) == len(names)  # no name stands for two numbers


def test_printing_several_results_and_guards() -> None:
    f = vargrad.compile(lambda x: [x * x, -x] if x > 1 else [x, x])
    f(3.0)
    found = evaluated(str(f), {"x": 3.0})
    assert [found["value[0]"], found["value[1]"]] == list(f(3.0)) == [9.0, -3.0]
    assert [found["d value[0] / d x"], found["d value[1] / d x"]] == [6.0, -1.0]
    assert found["holds if"] is True


def test_printing_a_long_function_shows_no_derivatives() -> None:
    f = vargrad.compile(lambda x: sum((m.sin(i * x) for i in range(300)), 0.0))
    f(1.0)
    assert "too long to show derivatives" in str(f)
    assert "d value" not in str(f)


def test_threads_record_once() -> None:
    calls = []

    @vargrad.compile
    def f(x: Any) -> Any:
        calls.append(1)
        return m.sin(x) if x > 0 else x

    x = np.linspace(-1, 1, 1000)
    results: list[Any] = []
    threads = [threading.Thread(target=lambda: results.append(f.grad(x))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == f.paths == 2
    assert all(np.array_equal(results[0], r) for r in results)
    assert len(results) == 8


def test_recordings_of_many_lengths_are_bounded() -> None:
    """The oldest goes first, and comes back when its length is asked for again."""
    recorded_at = []

    def half_square(x: Any) -> Any:
        recorded_at.append(len(x))
        return m.dot(x, x) * 0.5

    f = vargrad.compile(half_square, signature="(n)->()")
    newest = MOST_SPECIALIZATIONS + 3
    for n in [*range(1, newest + 1), newest, 4, 3]:  # 1 to 3 are forgotten, 4 and the newest are not
        assert np.array_equal(f.grad(np.arange(float(n))), np.arange(float(n)))
    assert recorded_at == [*range(1, newest + 1), 3]
    assert f.paths == MOST_SPECIALIZATIONS
