"""Compiled functions of Series and DataFrames of pandas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import vargrad
from vargrad import math

pandas = pytest.importorskip("pandas")
DAYS = ["mon", "tue", "wed"]


@vargrad.compile
def price(x: Any, y: Any) -> Any:
    return x * math.exp(y) if x > 0.0 else y


@vargrad.compile(signature="(n)->()")
def length(x: Any) -> Any:
    return math.hypot(*x)


def series(*values: float, index: Any = DAYS, name: Any = None) -> Any:
    return pandas.Series(values, index=index, name=name, dtype=float)


def assert_like(found: Any, numbers: Any, index: Any = DAYS, name: Any = None) -> None:
    pandas.testing.assert_series_equal(found, pandas.Series(numbers, index=index, name=name))


@pytest.mark.parametrize("again", [1, 2])
def test_a_series_comes_back(again: int) -> None:
    """By the general way, and where a shortcut is known."""
    x, plain = series(1.0, -2.0, 3.0, name="x"), np.array([1.0, -2.0, 3.0])
    for _ in range(again):
        assert_like(price(x, 0.5), price(plain, 0.5), name="x")
        assert_like(price(0.5, x), price(0.5, plain), name="x")
        assert_like(price(x=x, y=plain), price(plain, plain), name="x")
        value, slopes = price.value_and_grad(x, 0.5)
        assert_like(value, price(plain, 0.5), name="x")
        for found, expected in zip(slopes, price.grad(plain, 0.5), strict=True):
            assert_like(found, expected, name="x")
        assert_like(price.hessian(x, 0.5)[0][1], price.hessian(plain, 0.5)[0][1], name="x")
        assert_like(price.jvp(x, 0.5, (1.0, 0.0))[1], price.jvp(plain, 0.5, (1.0, 0.0))[1], name="x")


def test_integers_and_containers() -> None:
    whole = pandas.Series([1, 2, 3], index=DAYS)
    assert_like(price(whole, 0.0), [1.0, 2.0, 3.0])
    f = vargrad.compile(lambda x: [x * 2.0, (x > 1.0) * 1.0])
    doubled, above = f(whole)
    assert_like(doubled, [2.0, 4.0, 6.0])
    assert_like(above, [0.0, 1.0, 1.0])


def test_names() -> None:
    x, y = series(1.0, 2.0, 3.0, name="x"), series(0.5, 0.25, 0.0, name="y")
    assert price(x, y).name is None
    assert price(x, y.rename("x")).name == "x"


def test_a_data_frame_comes_back() -> None:
    frame = pandas.DataFrame({"a": [1.0, -2.0], "b": [0.5, 0.25]}, index=["u", "v"])
    found = price(frame, 0.5)
    pandas.testing.assert_frame_equal(found, pandas.DataFrame(price(frame.to_numpy(), 0.5), frame.index, frame.columns))
    assert_like(price(frame["a"], frame["b"]), price(frame["a"].to_numpy(), frame["b"].to_numpy()), ["u", "v"])


def test_rows_of_a_data_frame_are_vectors() -> None:
    frame = pandas.DataFrame({"a": [3.0, 5.0], "b": [4.0, 12.0]}, index=["u", "v"])
    assert_like(length(frame), [5.0, 13.0], ["u", "v"])
    slopes = length.grad(frame)
    assert type(slopes) is np.ndarray
    assert slopes.shape == (2, 2)
    assert length(frame["a"]) == pytest.approx(np.hypot(3.0, 5.0))  # a vector by itself has no rows


def test_rows_in_more_dimensions_have_no_labels() -> None:
    x = series(1.0, 2.0, 3.0)
    found = price(x, np.zeros((2, 1)))
    assert type(found) is np.ndarray
    assert found.shape == (2, 3)


def test_arrays_to_write_to_are_what_they_are() -> None:
    out = np.empty(3)
    assert price(series(1.0, 2.0, 3.0), 0.0, out=out) is out
    assert out.tolist() == [1.0, 2.0, 3.0]


def test_rows_are_never_paired_by_position_alone() -> None:
    x, y = series(1.0, 2.0, 3.0), series(0.0, 0.5, 1.0, index=["tue", "mon", "wed"])
    with pytest.raises(ValueError, match=r"'x' and 'y' have a different index.*x\.align\(y"):
        price(x, y)
    x, y = x.align(y, join="inner")
    assert price(x, y)["mon"] == price(1.0, 0.5)
