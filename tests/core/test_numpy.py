"""NumPy: object arrays of Vars, Vars beside arrays, NumPy's scalars on either side."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

import sheet
from twins import Implementation, grads, key, keys, leaves
from vargrad._ops.table import METHODS

NAMES = [name for row in METHODS for name in (row.name, row.alias) if name and hasattr(np, name)]
UFUNCS = [name for name in NAMES if any("O" in loop for loop in getattr(np, name).types)]  # not copysign
SCALARS = [np.float64(2.5), np.float32(2.5), np.float16(2.5), np.int64(2), np.int8(2), np.uint32(2), np.bool_(True)]
OPERATORS = ["add", "sub", "mul", "truediv", "pow", "mod", "floordiv"]


def objects(impl: Implementation, *values: float) -> Any:
    return np.array(leaves(impl, *values), dtype=object)


def values(array: Any) -> list[float]:
    return [v.value for v in array.ravel()]


@pytest.mark.parametrize("name", UFUNCS)
def test_ufunc_of_an_object_array(impl: Implementation, name: str) -> None:
    ufunc = getattr(np, name)
    point = [1.25, 1.5] if name == "arccosh" else [0.25, 0.5]
    arguments = [objects(impl, *point)] * ufunc.nin
    result = ufunc(*arguments)
    assert result.dtype == object
    assert values(result) == pytest.approx(ufunc(*[np.array(point)] * ufunc.nin).tolist(), rel=1e-14)
    assert result[0].prev_op is not None or name in ("fmax", "fmin")  # of which NumPy takes one operand, by >=


def test_all_but_one_take_objects() -> None:
    """So that no change in NumPy empties the list above unseen."""
    assert set(NAMES) - set(UFUNCS) == {"copysign"}


@pytest.mark.parametrize("name", ["absolute", "fabs", "negative", "positive", "conjugate", "square", "hypot"])
def test_other_ufuncs(impl: Implementation, name: str) -> None:
    ufunc = getattr(np, name)
    array = objects(impl, -1.5, 2.0)
    plain = np.array([-1.5, 2.0])
    assert values(ufunc(*[array] * ufunc.nin)) == pytest.approx(ufunc(*[plain] * ufunc.nin).tolist())


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("scalar", SCALARS, ids=lambda x: type(x).__name__)
def test_scalar_on_either_side(impl: Implementation, scalar: Any, name: str) -> None:
    function = getattr(operator, name)
    x = impl.Var(1.5, requires_grad=True)
    for result, plain in (
        (function(x, scalar), function(1.5, float(scalar))),
        (function(scalar, x), function(float(scalar), 1.5)),
    ):
        assert isinstance(result, impl.Var)
        assert key(result) == key(plain)
        assert result.prev_op == name


@pytest.mark.parametrize("scalar", SCALARS, ids=lambda x: type(x).__name__)
def test_comparison_with_a_scalar(impl: Implementation, scalar: Any) -> None:
    x = impl.Var(2.25)
    for compare in (operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge):
        assert bool(compare(x, scalar)) is bool(compare(2.25, scalar))
        assert bool(compare(scalar, x)) is bool(compare(scalar, 2.25))


@pytest.mark.parametrize("scalar", SCALARS[:-1], ids=lambda x: type(x).__name__)
def test_value_from_a_scalar(impl: Implementation, scalar: Any) -> None:
    x = impl.Var(scalar)
    assert key(x) == key(float(scalar))
    x.value = scalar
    x.requires_grad = True
    x.grad = scalar
    (x * 1.0).backward(scalar)
    assert x.grad == 2 * float(scalar)


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("dtype", [float, np.float32, int, object])
def test_array_on_either_side(impl: Implementation, name: str, dtype: Any) -> None:
    function = getattr(operator, name)
    x, array = impl.Var(1.5, requires_grad=True), np.array([[2, 3], [4, 5]], dtype=dtype)
    for result, plain in (
        (function(x, array), function(1.5, array.astype(float))),
        (function(array, x), function(array.astype(float), 1.5)),
    ):
        assert result.shape == (2, 2)
        assert result.dtype == object
        assert all(isinstance(v, impl.Var) for v in result.ravel())
        assert values(result) == pytest.approx(plain.ravel().tolist())


def test_object_matmul(impl: Implementation) -> None:
    a, b = objects(impl, 1.0, 2.0, 3.0, 4.0).reshape(2, 2), objects(impl, 5.0, 6.0)
    product = a @ b
    assert values(product) == (np.array([[1.0, 2.0], [3.0, 4.0]]) @ np.array([5.0, 6.0])).tolist()
    assert grads(product[0], list(b)) == [1.0, 2.0]
    mixed = np.array([[1.0, 2.0], [3.0, 4.0]]) @ b
    assert grads(mixed[1], list(b)) == [3.0, 4.0]


REDUCTIONS = {
    "sum": np.sum,
    "mean": np.mean,
    "prod": np.prod,
    "cumsum": np.cumsum,
    "dot": lambda a: np.dot(a, a),
    "max": np.max,
    "sort": np.sort,
    "var": np.var,
    "outer": lambda a: np.outer(a, a),
    "where": lambda a: np.where(np.array([True, False, True]), a, 0.0),
}


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reduction_of_an_object_array(impl: Implementation, name: str) -> None:
    plain = np.array([3.0, 1.0, 2.0])
    found = np.atleast_1d(REDUCTIONS[name](objects(impl, *plain))).ravel()
    expected = np.atleast_1d(REDUCTIONS[name](plain)).ravel().tolist()
    assert [getattr(v, "value", v) for v in found] == pytest.approx(expected)


def test_gradient_through_numpy(impl: Implementation) -> None:
    w = objects(impl, 0.5, -0.25)
    x = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    loss = np.sum((np.tanh(x @ w) - 1.0) ** 2)
    t = np.tanh(x @ np.array([0.5, -0.25]))
    assert grads(loss, list(w)) == pytest.approx((2 * (t - 1) * (1 - t * t)) @ x)


def test_indexing_and_sorting(impl: Implementation) -> None:
    array = objects(impl, 3.0, 1.0, 2.0)
    assert values(np.sort(array)) == [1.0, 2.0, 3.0]
    assert np.argmin(array) == 1
    assert (array > 1.5).tolist() == [True, False, True]
    assert values(array[array > 1.5]) == [3.0, 2.0]


def test_var_is_a_scalar_to_numpy(impl: Implementation) -> None:
    x = impl.Var(2.0)
    array = np.array(x)
    assert array.shape == ()
    assert array.dtype == object
    assert array[()] is x
    assert -1e6 < impl.Var.__array_priority__ < 0.0  # above NumPy's scalars, below its arrays
    assert not hasattr(impl.Var, "__array_ufunc__")


def test_reading_arrays_out(impl: Implementation) -> None:
    array = objects(impl, 3.0, 1.0)
    assert keys([v.item() for v in array]) == keys([3.0, 1.0])
    with pytest.raises(TypeError, match=r"v\.value"):
        array.astype(float)


def test_functions_of_numpy_scalars(impl: Implementation) -> None:
    for name in ("exp", "sigmoid", "tanh"):
        assert getattr(impl.math, name)(np.float64(0.5)) == sheet.PLAIN[name](0.5)
