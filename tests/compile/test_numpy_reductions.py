"""NumPy's reductions of one recorded number are refused: the plain function has a vector there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import vargrad
from twins import Implementation

REDUCTIONS: dict[str, Callable[[Any], Any]] = {
    "norm": lambda x: np.linalg.norm(x),
    "sum": lambda x: np.sum(x),
    "sum_of_a_result": lambda x: np.sum(x * x),
    "axis": lambda x: np.sum(x, axis=-1),
    "mean": lambda x: np.mean(x * 2),
    "dot": lambda x: np.dot(x, x),
    "matrix": lambda x: np.dot(np.eye(2), x)[0],
    "max": lambda x: np.max(x),
    "min": lambda x: np.amin(x),
    "prod": lambda x: np.prod(x),
    "std": lambda x: np.std(x),
    "var": lambda x: np.var(x),
    "median": lambda x: np.median(x),
    "vdot": lambda x: np.vdot(x, x),
    "inner": lambda x: np.inner(x, x),
    "average": lambda x: np.average(x),
    "percentile": lambda x: np.percentile(x, 50),
    "einsum": lambda x: np.einsum("i,i", x, x),
}
OTHERS: dict[str, Callable[[Any], Any]] = {
    "clip": lambda x: np.clip(x, 0, 3.5),
    "round": lambda x: np.round(x * 1.25),
    "where": lambda x: np.where(x > 3.5, x, 0.0),
    "sqrt": lambda x: np.sqrt(x),
    "maximum": lambda x: np.maximum(x, 3.5),
    "ndim": lambda x: x + np.ndim(x),
    "sum_of_a_list": lambda x: np.sum([x, 2 * x]),
    "sum_of_an_array": lambda x: np.sum(np.array([x, 2 * x])),
    "stack": lambda x: np.sum(np.stack([x, x * 2])),
    "hstack": lambda x: np.sum(np.hstack([x, x * 2])),
    "norm_of_a_list": lambda x: np.linalg.norm([x, x]),
    "product": lambda x: np.dot(np.eye(2), np.array([x, x]))[0],
    "mean_of_an_array": lambda x: np.mean(np.full(3, x)),
}


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_of_one_number_are_refused(name: str) -> None:
    f = REDUCTIONS[name]
    for given in (np.array([3.0, 4.0]), 3.0):
        with pytest.raises(vargrad.RecordingError, match=r"single recorded number.*test_numpy_reductions.*signature="):
            vargrad.compile(f)(given)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_the_cure_is_right(name: str) -> None:
    f, x = REDUCTIONS[name], np.array([3.0, 4.0])
    assert vargrad.compile(f, signature="(n)->()")(x) == pytest.approx(f(x), rel=1e-15)


@pytest.mark.parametrize("name", OTHERS)
def test_other_functions_are_recorded(name: str) -> None:
    f = OTHERS[name]
    found = vargrad.compile(f)(np.array([3.0, 4.0]))
    assert found.tolist() == pytest.approx([float(f(3.0)), float(f(4.0))], rel=1e-15)


@pytest.mark.parametrize("name", {**REDUCTIONS, **OTHERS})
def test_eager_code_is_as_with_floats(name: str, impl: Implementation) -> None:
    f = {**REDUCTIONS, **OTHERS}[name]
    if name in ("matrix", "einsum"):  # NumPy refuses or scales, whatever the number is
        return
    for x in (3.0, 4.5):
        found = f(impl.Var(x))
        assert getattr(found, "value", found) == pytest.approx(float(f(x)), rel=1e-15)


def test_a_number_of_a_vector_is_a_number() -> None:
    f = vargrad.compile(lambda x: np.sum(x[0]) + np.max(x), signature="(n)->()")
    assert f(np.array([3.0, 4.0])) == 7.0


def test_linear_algebra_of_a_number_names_the_signature() -> None:
    with pytest.raises(np.linalg.LinAlgError) as caught:
        vargrad.compile(lambda x: np.linalg.det(x))(np.eye(2))
    assert any("signature" in note for note in caught.value.__notes__)


def test_arrays_of_other_libraries_decide_themselves(impl: Implementation) -> None:
    class Other:
        def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
            return "theirs"

    v = impl.Var(1.0)
    assert np.where(Other(), v, v) == "theirs"
    assert np.dot(v, Other()) == "theirs"


def test_arrays_of_subclasses_take_part(impl: Implementation) -> None:
    class Mine(np.ndarray):
        pass

    v = impl.Var(1.5)
    for given in (np.ones(2), np.ones(2).view(Mine), np.ma.ones(2), np.array([v, v])):
        assert np.where(np.array([True, False]), v, given)[0] is v
        assert np.dot(given, v)[1].value == (1.5 if given.dtype == float else 2.25)
