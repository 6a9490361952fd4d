"""vargrad.array: NumPy's functions on arrays of Vars and floats, against the same on floats."""

from __future__ import annotations

import copy
import operator
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import vargrad
from vargrad import Var
from vargrad._arrays.dispatch import UFUNCS

NUMBERS = [0.75, 0.5, 0.25, 0.875]


def mixed(numbers: Any = NUMBERS) -> tuple[Any, list[Var]]:
    """An array whose elements are Vars and floats in turn, and the Vars."""
    flat = np.asarray(numbers, float).ravel().tolist()
    items = [Var(x, requires_grad=True) if i % 2 == 0 else x for i, x in enumerate(flat)]
    found = vargrad.array(np.array([*items, None], object)[:-1].reshape(np.shape(numbers)))
    return found, [v for v in items if isinstance(v, Var)]


def check(f: Callable[[Any], Any], numbers: Any, tolerance: float = 1e-14) -> None:
    """Value as NumPy's on floats, and derivatives of the sum by differences of that."""
    x, variables = mixed(numbers)
    found = f(x)
    expected = np.asarray(f(np.asarray(numbers, float)))
    assert np.shape(found) == expected.shape
    values = np.array([getattr(v, "value", v) for v in np.ravel(found).tolist()], float)
    assert values == pytest.approx(expected.ravel().astype(float), rel=tolerance, nan_ok=True)
    total = sum(v for v in np.ravel(found).tolist() if isinstance(v, Var))
    if not isinstance(total, Var):
        return
    total.backward()
    flat = np.asarray(numbers, float)
    for k, v in enumerate(variables):
        h = 1e-6
        step = np.zeros(flat.size)
        step[2 * k] = h
        step = step.reshape(flat.shape)
        slope = (np.sum(f(flat + step)) - np.sum(f(flat - step))) / (2 * h)
        assert v.grad == pytest.approx(slope, rel=1e-7, abs=1e-7)


ONE = [u for u in UFUNCS if u.nin == 1 and "?" not in u.types[0]]  # isnan and its like are tested below
ONE += [np.negative, np.positive, np.absolute, np.reciprocal, np.conjugate, np.floor, np.ceil, np.trunc, np.sign]
TWO = [*(u for u in UFUNCS if u.nin == 2 and u is not np.matmul), np.remainder, np.floor_divide, np.power, np.divide]


def test_the_tables_are_filled() -> None:
    names = {u.__name__ for u in UFUNCS}
    assert names >= {"sqrt", "exp", "log", "sin", "arctan", "tanh", "cbrt", "maximum", "minimum", "arctan2", "hypot"}
    assert names >= {"copysign", "logaddexp", "heaviside", "isnan", "isfinite", "isinf", "signbit", "clip", "matmul"}


@pytest.mark.parametrize("ufunc", ONE, ids=lambda u: u.__name__)
def test_ufunc_of_one(ufunc: Any) -> None:
    numbers = np.array(NUMBERS) + 1.0 if ufunc is np.arccosh else np.array(NUMBERS)
    check(ufunc, numbers)
    check(ufunc, numbers.reshape(2, 2))


@pytest.mark.parametrize("ufunc", TWO, ids=lambda u: u.__name__)
def test_ufunc_of_two(ufunc: Any) -> None:
    check(lambda x: ufunc(x, 0.6), NUMBERS)
    check(lambda x: ufunc(0.6, x), NUMBERS)
    check(lambda x: ufunc(x, x[::-1] + 0.1), NUMBERS)
    check(lambda x: ufunc(x[:, None], x[None, :] + 0.1), NUMBERS)


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "clip": lambda x: np.clip(x, 0.3, 0.8),
    "clip below": lambda x: np.clip(x, 0.3, None),
    "x.clip": lambda x: x.clip(0.3, 0.8),
    "where": lambda x: np.where(x > 0.6, x * x, -x),
    "where of floats": lambda x: np.where(np.asarray(x > 0.6), 1.0, x),
    "interp": lambda x: np.interp(x, [0.0, 0.4, 1.0], [1.0, -1.0, 2.0]),
    "interp, values": lambda x: np.interp(0.3, [0.0, 0.4, 0.6, 1.0], x),
    "norm": np.linalg.norm,
    "solve": lambda x: np.linalg.solve(x.reshape(2, 2), [1.0, 2.0]),
    "solve, floats by Vars": lambda x: np.linalg.solve([[2.0, 1.0], [1.0, 3.0]], x[:2]),
    "inv": lambda x: np.linalg.inv(x.reshape(2, 2)),
    "det": lambda x: np.linalg.det(x.reshape(2, 2)),
    "slogdet": lambda x: np.linalg.slogdet(x.reshape(2, 2)).logabsdet,
    "cholesky": lambda x: np.linalg.cholesky(x.reshape(2, 2) + np.eye(2)),
    "lstsq": lambda x: np.linalg.lstsq(x.reshape(4, 1), [1.0, 2.0, 3.0, 4.0])[0],
    "qr": lambda x: np.linalg.qr(x.reshape(2, 2)).R,
    "eigh": lambda x: np.linalg.eigh(x.reshape(2, 2)).eigenvalues * [1.0, 2.0],
    "matmul": lambda x: x.reshape(2, 2) @ x[:2],
    "matmul, long": lambda x: np.outer(x, [1.0] * 9) @ np.ones((9, 2)),
    "dot": lambda x: np.dot(x, x),
    "x.dot": lambda x: x.dot(x),
    "stack": lambda x: np.sqrt(np.maximum(np.stack([x, x - 0.5]), 0.1)),
    "concatenate": lambda x: np.sqrt(np.concatenate([x, [1.0, 2.0]])),
    "diag": lambda x: np.exp(np.diag(x)),
    "mean": np.mean,
    "std": np.std,
    "cumsum": np.cumsum,
    "x.sum": lambda x: x.sum(),
    "x.max": lambda x: x.max(),
    "einsum": lambda x: np.einsum("i,i", x, x),
    "round": lambda x: np.round(x * 1.03, 1),
    "x.round": lambda x: (x * 10.3).round(),
    "median": lambda x: np.median(x),
    "diff": np.diff,
    "kron": lambda x: np.kron(x, x),
    "trapezoid": np.trapezoid,
    "matrix_power": lambda x: np.linalg.matrix_power(x.reshape(2, 2), 3),
    "vector_norm": lambda x: np.linalg.vector_norm(x),
    "average": lambda x: np.average(x, weights=[1.0, 2.0, 3.0, 4.0]),
    "sort": lambda x: np.sqrt(np.sort(x)),
    "logaddexp.reduce": lambda x: np.logaddexp.reduce(x.reshape(2, 2), axis=0),
    "logaddexp.accumulate": np.logaddexp.accumulate,
    "arctan2.outer": lambda x: np.arctan2.outer(x, x),
    "hypot.reduce": lambda x: np.hypot.reduce(x),
    "float_power": lambda x: np.float_power(x, 3),
    "logical_and": lambda x: np.logical_and(x > 0.6, x - 0.5),
    "logical_or": lambda x: np.logical_or(x - 0.5, 0.0),
    "logical_xor": lambda x: np.logical_xor(x - 0.5, x > 0.8),
    "logical_not": lambda x: np.logical_not(x - 0.5),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(name: str) -> None:
    check(FUNCTIONS[name], NUMBERS)


def test_what_failed_by_the_data() -> None:
    """The maximum with 0 leaves a float where it is larger, which has no method sqrt."""
    x = vargrad.array([4.0, -1.0], requires_grad=True)
    y = np.sqrt(np.maximum(x, 0.0))
    y[0].backward()
    assert y.value.tolist() == [2.0, 0.0]
    assert x.grad.tolist() == [0.25, 0.0]


def test_tests_of_numbers() -> None:
    x, _ = mixed([np.nan, np.inf, -0.0, 1.0])
    for name in ("isnan", "isfinite", "isinf", "signbit"):
        found = getattr(np, name)(x)
        assert found.dtype == bool
        assert found.tolist() == getattr(np, name)(np.array([np.nan, np.inf, -0.0, 1.0])).tolist()
    assert np.isnan(vargrad.array(np.nan)) is True or bool(np.isnan(vargrad.array(np.nan)))
    near = vargrad.array([1.0, 2.0], requires_grad=True)
    assert np.isclose(near, [1.0 + 1e-9, 2.1]).tolist() == [True, False]
    assert np.allclose(near, [1.0, 2.0])
    assert not np.allclose([1.0, 3.0], near)
    assert np.isclose(x, x, equal_nan=True).all()


@pytest.mark.parametrize("function", [np.linalg.svd, np.linalg.pinv, np.linalg.eig, np.fft.fft, np.frexp, np.spacing])
def test_functions_without_a_rule_say_so(function: Any) -> None:
    with pytest.raises(TypeError, match=rf"{function.__name__}.*has no rule for an array of Vars"):
        function(mixed()[0].reshape(2, 2))


@pytest.mark.parametrize(
    "function", [np.i0, np.gradient, np.cov, lambda x: np.bincount([0, 1, 1, 2], weights=x.ravel())]
)
def test_functions_that_ask_for_floats_say_so(function: Any) -> None:
    with pytest.raises(TypeError, match="has no rule for an array of Vars"):
        function(mixed()[0].reshape(2, 2))


def test_errors_in_functions_that_numpy_calls_are_their_own() -> None:
    with pytest.raises(TypeError, match=r"float\(\) of a Var"):
        np.apply_along_axis(lambda row: float(row[0]), 0, vargrad.array([[1.0, 2.0]], requires_grad=True))


def test_an_array_of_floats_holds_no_vars() -> None:
    numbers = np.array(NUMBERS)
    with pytest.raises(TypeError, match="array of float64 cannot hold them: write a = a \\+ b"):
        numbers += mixed()[0]
    assert numbers.tolist() == NUMBERS


def test_logical_functions_give_truths() -> None:
    """Python's `and` of objects gives one of them."""
    x = vargrad.array([1.0, 0.0], requires_grad=True)
    for function in (np.logical_and, np.logical_or, np.logical_xor):
        found = function(x, 2.0)
        assert type(found) is np.ndarray
        assert found.dtype == bool
        assert found.tolist() == function(x.value, 2.0).tolist()


def test_a_table_is_checked_once_for_all_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time of m numbers in a table of n knots is m log(n), not m n."""
    looked_at = 0

    class Knot(float):
        def __lt__(self, other: Any) -> bool:
            nonlocal looked_at
            looked_at += 1
            return float.__lt__(self, other)

        def __gt__(self, other: Any) -> bool:
            nonlocal looked_at
            looked_at += 1
            return float.__gt__(self, other)

    def table(what: str, xs: Any, ys: Any) -> Any:
        nonlocal looked_at
        looked_at += len(xs)
        return [Knot(x) for x in xs], ys

    monkeypatch.setattr("vargrad._core.tables.knots.table", table)
    n = 1000
    xp, x = np.arange(float(n)), vargrad.array(np.linspace(-5.0, n + 5.0, n), requires_grad=True)
    found = np.interp(x, xp, np.sqrt(xp))
    assert found.value == pytest.approx(np.interp(x.value, xp, np.sqrt(xp)), rel=1e-13)
    assert looked_at < 20 * n


def test_class_of_results() -> None:
    x, _ = mixed()
    for y in (x + 1.0, 1.0 + x, -x, x[1:], x.reshape(2, 2).T, np.stack([x, x]), np.array([1.0] * 4) * x, np.exp(x)):
        assert type(y) is vargrad.Array
        assert y.dtype == object
    assert type(np.isnan(x)) is np.ndarray
    assert type(x > 0.6) is np.ndarray
    assert type(x[0]) is Var
    assert type(x.value) is np.ndarray
    y = x.copy()
    y += 1.0
    assert type(y) is vargrad.Array
    out = vargrad.array(np.zeros(4))
    assert np.exp(x, out=out) is out
    assert out.value == pytest.approx(np.exp(NUMBERS))


def test_without_objects_it_is_left_to_numpy() -> None:
    order = vargrad.array([3.0, 1.0, 2.0]).argsort()
    assert (order + 1).tolist() == [2, 3, 1]
    floats = vargrad.array([4.0, 9.0]).astype(float)
    assert np.sqrt(floats).tolist() == [2.0, 3.0]
    assert np.linalg.norm(floats) == np.linalg.norm([4.0, 9.0])
    assert np.maximum(floats, vargrad.array([5.0, 5.0], requires_grad=True)).value.tolist() == [5.0, 9.0]


def test_making_one() -> None:
    w = vargrad.array([[1, 2.5], [True, np.float32(0.5)]], requires_grad=True)
    assert w.shape == (2, 2)
    assert all(isinstance(v, Var) and v.requires_grad for v in w.ravel())
    assert w.value.tolist() == [[1.0, 2.5], [1.0, 0.5]]
    assert w.grad.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    x = Var(1.0)
    assert vargrad.array([x, 2])[0] is x
    assert type(vargrad.array([x, 2])[1]) is float
    assert vargrad.array(w)[0, 0] is w[0, 0]
    assert vargrad.array(w) is not w
    assert vargrad.array(3.0).shape == ()
    for bad in (["a"], [1j], [None], [[1.0], [1.0, 2.0]]):
        with pytest.raises((TypeError, ValueError)):
            vargrad.array(bad)


def test_copies_and_pickles() -> None:
    w = vargrad.array([1.0, 2.0], requires_grad=True)
    for again in (copy.deepcopy(w), pickle.loads(pickle.dumps(w))):
        assert type(again) is vargrad.Array
        assert again.value.tolist() == [1.0, 2.0]
        assert again[0] is not w[0]


class Other:
    """An array of another library."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> str:
        return ufunc.__name__

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> str:
        return str(function.__name__)


def test_arrays_of_other_libraries_have_their_say() -> None:
    x, _ = mixed()
    assert np.add(x, Other()) == "add"
    assert np.sqrt(x).dtype == object
    assert np.concatenate([x, Other()]) == "concatenate"


def test_plain_arrays_of_objects_keep_working() -> None:
    plain = np.array([Var(0.5), Var(2.0)], object)
    assert type(np.exp(plain)) is np.ndarray
    assert [v.value for v in plain * 2.0] == [1.0, 4.0]
    assert np.linalg.solve(vargrad.array([[2.0, 0.0], [0.0, 4.0]]), plain).value.tolist() == [0.25, 0.5]


def test_arguments_of_transforms() -> None:
    def f(x: Any) -> Any:
        return np.linalg.det(np.sqrt(np.maximum(x, 0.0))) if isinstance(x, vargrad.Array) else x

    numbers = np.array([[2.0, 1.0], [1.0, 3.0]])
    gradient = vargrad.grad(f)(vargrad.array(numbers))
    assert type(gradient) is np.ndarray
    a, b, c, d = np.sqrt(numbers).ravel()
    assert gradient == pytest.approx(np.array([[d, -c], [-b, a]]) / (2.0 * np.sqrt(numbers)))
    compiled = vargrad.compile(f, signature="(n,n)->()")
    assert compiled.grad(numbers) == pytest.approx(gradient)


@pytest.mark.parametrize(
    "name", ["maximum", "where", "clip", "sqrt", "hypot", "logaddexp", "isclose", "interp", "sort"]
)
def test_compiled(name: str) -> None:
    def f(x: Any) -> Any:
        if name == "where":
            return np.where(x > 0.0, x * x, -x).sum()
        if name == "clip":
            return np.clip(x, -0.5, 0.5).sum()
        if name == "sqrt":
            return np.sqrt(x * x + 1.0).sum()
        if name == "isclose":
            return x[0] * x[1] if np.isclose(x, 0.5, atol=0.25).any() else x[0]
        if name == "interp":
            return np.interp(x, [-1.0, 0.0, 2.0], [1.0, 0.5, 3.0]).sum()
        if name == "sort":
            return np.sort(x)[1] if not np.isnan(x).any() else 0.0 * x[0]
        return getattr(np, name)(x, 0.25).sum()

    points = np.random.default_rng(1).normal(size=(200, 3))
    compiled = vargrad.compile(f, signature="(n)->()")
    assert compiled(points) == pytest.approx([f(x) for x in points], rel=1e-14)
    assert compiled.grad(points) == pytest.approx(np.array([vargrad.grad(f)(vargrad.array(x)) for x in points]))


@pytest.mark.parametrize("operation", [operator.add, operator.matmul, operator.gt], ids=lambda o: o.__name__)
def test_shapes_that_do_not_fit(operation: Any) -> None:
    with pytest.raises(ValueError, match=r"broadcast|mismatch"):
        operation(vargrad.array([1.0, 2.0]), vargrad.array([1.0, 2.0, 3.0]))
