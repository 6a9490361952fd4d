"""Exceptions of operations inside a try of a recorded function: each row takes the handler that eager code takes."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import vargrad
from vargrad import Var
from vargrad import math as m

POINTS = [1.0, 0.0, -2.0, 3.0, 710.0, 2.0, -1e308, 1e308, -0.0, 4.0, math.inf, -math.inf, 0.5]


def reciprocal(x: Any) -> Any:
    try:
        return 1 / x
    except ZeroDivisionError:
        return 7 * x + 3


def suppressed(x: Any) -> Any:
    result = x
    with contextlib.suppress(ValueError):
        result = m.log(x)
    return result * 2


def overflow(x: Any) -> Any:
    try:
        return m.exp(x)
    except OverflowError:
        return x
    finally:
        x = 0.0


def _root(x: Any) -> Any:
    return m.sqrt(x)


def in_a_function(x: Any) -> Any:
    try:
        return _root(x) + 1 / (x - 3)
    except ValueError:
        return -x
    except ZeroDivisionError:
        return 100 * x


def in_a_loop(x: Any) -> Any:
    total = 0.0
    for i in range(5):
        try:
            total = total + 1 / (x - i)
        except ZeroDivisionError:
            total = total + x
    return total


def power_of_math(x: Any) -> Any:
    try:
        return m.pow(x, -1.5)
    except ValueError:
        return x


def powers(x: Any) -> Any:
    try:
        return x**-1.5 + x**200.0
    except ValueError:
        return x * 2
    except ZeroDivisionError:
        return x * 3
    except OverflowError:
        return x * 4


def remainders(x: Any) -> Any:
    try:
        return m.fmod(5.0, x) + 7 % x + divmod(x, x - 1)[0]
    except (ValueError, ArithmeticError):
        return x * 2


def nested(x: Any) -> Any:
    try:
        try:
            return m.log(x)
        except KeyError:
            return 1.0 * x
        finally:
            x = x * 2
    except ValueError:
        return x + 5


def in_a_handler(x: Any) -> Any:
    try:
        try:
            return m.sqrt(x - 1)
        except ValueError as error:
            return m.log(x) * len(error.args) * 3
    except ValueError:
        return x + 7


def in_a_handler_in_a_with(x: Any) -> Any:
    result = x
    with contextlib.suppress(ZeroDivisionError):
        try:
            result = m.sqrt(x - 1)
        except ValueError:
            with contextlib.nullcontext():
                result = 1 / x
        finally:
            result = result + 1 / (x - 3)
    return result


def bare(x: Any) -> Any:
    try:
        y = m.acosh(x)
    except:  # noqa: E722
        y = x / 4
    return y


def generated(x: Any) -> Any:
    def items() -> Iterator[Any]:
        for i in range(3):
            yield 1 / (x - i)

    try:
        return sum(items())
    except ZeroDivisionError:
        return x * 9


def other_error(x: Any) -> Any:
    try:
        return 1 / x
    except ZeroDivisionError:
        raise KeyError("x is zero") from None


def calls_other_error(x: Any) -> Any:
    try:
        return other_error(x)
    except KeyError:
        return x + 11


def two_variables(x: Any) -> Any:
    y = x - 1
    try:
        return y / x + x / y
    except ZeroDivisionError:
        return x - y


CAUGHT = [
    reciprocal,
    suppressed,
    overflow,
    in_a_function,
    in_a_loop,
    power_of_math,
    powers,
    remainders,
    nested,
    in_a_handler,
    in_a_handler_in_a_with,
    bare,
    generated,
    calls_other_error,
    two_variables,
]


def eager(f: Callable[[Any], Any], x: float) -> tuple[float, float]:
    v = Var(x, requires_grad=True)
    result = f(v)
    result.backward()
    return result.value, v.grad


@pytest.mark.parametrize("f", CAUGHT, ids=lambda f: f.__name__)
def test_each_row_takes_the_handler_that_eager_code_takes(f: Callable[[Any], Any]) -> None:
    expected = np.array([eager(f, x) for x in POINTS])
    together = vargrad.compile(f)
    values, slopes = together.value_and_grad(np.array(POINTS))
    np.testing.assert_allclose(values, expected[:, 0], rtol=1e-12)
    np.testing.assert_allclose(slopes, expected[:, 1], rtol=1e-12)
    for x, (value, slope) in zip(POINTS, expected, strict=True):
        for one in (together, vargrad.compile(f)):  # along paths that are there, and as the first row of all
            np.testing.assert_allclose(one.value_and_grad(x), (value, slope), rtol=1e-12)
            np.testing.assert_allclose(one(x), value, rtol=1e-12)


@pytest.mark.parametrize("f", [reciprocal, powers, in_a_function], ids=lambda f: f.__name__)
def test_shuffled_rows_and_c_text(f: Callable[[Any], Any]) -> None:
    """The first row decides nothing; all paths go into files and C."""
    for seed in range(3):
        points = np.random.default_rng(seed).permutation(POINTS)
        np.testing.assert_allclose(vargrad.compile(f)(points), [eager(f, float(x))[0] for x in points], rtol=1e-12)
    assert "if" in vargrad.compile(f).to_c(np.array(POINTS))


def test_vectors() -> None:
    @vargrad.compile(signature="(n)->()")
    def harmonic(x: Any) -> Any:
        try:
            return len(x) / sum(1 / item for item in x)
        except ZeroDivisionError:
            return 0.0 * x[0]

    assert harmonic(np.array([[1.0, 2.0], [0.0, 3.0], [4.0, 4.0]])).tolist() == [4 / 3, 0.0, 4.0]


def test_second_derivatives() -> None:
    f = vargrad.compile(reciprocal)
    assert f.hessian(np.array([2.0, 0.0])).tolist() == [0.25, 0.0]


UNCAUGHT: list[Callable[[Any], Any]] = []


def _uncaught(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    UNCAUGHT.append(f)
    return f


@_uncaught
def another_kind(x: Any) -> Any:
    try:
        return 1 / x
    except KeyError:
        return x


@_uncaught
def finally_only(x: Any) -> Any:
    try:
        return 1 / x
    finally:
        x = None


@_uncaught
def raised_again(x: Any) -> Any:
    try:
        return 1 / x
    except ZeroDivisionError:
        raise


@_uncaught
def in_a_with(x: Any) -> Any:
    with contextlib.nullcontext():
        return 1 / x


@_uncaught
def no_try(x: Any) -> Any:
    return 1 / x


@_uncaught
def after_the_try(x: Any) -> Any:
    try:
        y = x * 2
    except ZeroDivisionError:
        return x
    return 2 / y


@_uncaught
def in_a_comprehension(x: Any) -> Any:
    return sum([1 / (x - i) for i in (0.0,)])


@pytest.mark.parametrize("f", UNCAUGHT, ids=lambda f: f.__name__)
def test_without_a_handler_a_row_has_ieee_results(f: Callable[[Any], Any]) -> None:
    for points in ([1.0, 0.0, -0.0, 2.0], [0.0, 1.0, -0.0, 2.0]):
        found = vargrad.compile(f)(np.array(points))
        assert found.tolist() == [1 / x if x else math.copysign(math.inf, x) for x in points]


@pytest.mark.parametrize("f", [no_try, after_the_try, in_a_comprehension], ids=lambda f: f.__name__)
def test_no_guard_outside_of_a_try(f: Callable[[Any], Any]) -> None:
    compiled = vargrad.compile(f)
    compiled(np.array([1.0, 0.0]))
    assert compiled.paths == 1


def test_an_error_that_the_function_raises_itself() -> None:
    assert vargrad.compile(other_error)(np.array([1.0, 2.0])).tolist() == [1.0, 0.5]
    with pytest.raises(KeyError, match="x is zero"):
        vargrad.compile(other_error)(np.array([1.0, 0.0]))


def test_a_loop_of_uncaught_errors_runs_the_function_once_more_in_all() -> None:
    runs = []

    def f(x: Any) -> Any:
        runs.append(1)
        total = 0.0
        for _ in range(50):
            with contextlib.suppress(KeyError):
                total = total + 1 / x
        return total

    assert vargrad.compile(f, constants="frozen")(0.0) == math.inf
    assert len(runs) == 2


def test_constant_operands_make_no_guard() -> None:
    def f(x: Any) -> Any:
        try:
            return x / 2.0 + x * 3
        except ZeroDivisionError:
            return x

    compiled = vargrad.compile(f)
    compiled(0.0)
    assert "guard" not in str(compiled)


def test_eager_code_and_nested_functions() -> None:
    """Inside another recording it runs as Python, and its try counts there too."""
    inner = vargrad.compile(reciprocal)
    outer = vargrad.compile(lambda x: inner(x) * 2)
    points = np.array([0.0, 4.0])
    assert outer(points).tolist() == [6.0, 0.5]
    assert inner(Var(0.0)).value == 3.0


def test_modes_are_clean_afterwards() -> None:
    from mode_state import CLEAN, state

    vargrad.compile(reciprocal)(np.array(POINTS))
    with pytest.raises(KeyError):
        vargrad.compile(other_error)(0.0)
    assert state() == CLEAN
