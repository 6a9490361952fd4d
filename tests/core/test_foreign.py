"""Numbers of other kinds beside a Var: by value as float has them, with the derivative, and exact while recorded."""

from __future__ import annotations

import itertools
import math
import operator
import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import vargrad
from twins import Implementation, grads, leaves, outcome

ORDERS = [operator.lt, operator.le, operator.gt, operator.ge]
COMPARISONS = [operator.eq, operator.ne, *ORDERS]
ARITHMETIC = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.pow,
    divmod,
]


def name_of(value: object) -> str:
    return (
        f"{type(value).__name__}-{value!s:.20}"
        if not isinstance(value, (Floating, Reflecting))
        else type(value).__name__
    )


class Floating:
    """Has __float__ and is no number to a float."""

    def __float__(self) -> float:
        return 0.5


class Reflecting:
    """Compares with floats, and says how it was asked."""

    def __eq__(self, other: object) -> Any:
        return type(other).__name__, "eq"

    def __gt__(self, other: object) -> Any:
        return type(other).__name__, "gt"

    __hash__ = None  # type: ignore[assignment]


NUMBERS = [
    Fraction(1, 2),
    Fraction(1, 3),
    Fraction(10**400),
    -Fraction(10**400),
    Decimal("0.5"),
    Decimal("0.1"),
    Decimal("nan"),
    Decimal("sNaN"),
    Decimal("-inf"),
    0.5 + 0j,
    1j,
    np.longdouble(0.5),
    np.longdouble(1) / np.longdouble(3),
    np.float16(0.1),
    np.float32(0.1),
    np.float64(0.1),
    np.int8(1),
    np.uint64(2**63),
    np.True_,
    np.complex64(0.5),
    True,
    2**53 + 1,
    2**53 - 1,
    10**400,
    -(10**400),
    "0.5",
    None,
    [0.5],
    Floating(),
    Reflecting(),
    math.nan,
]
VALUES = [0.5, 0.1, 1 / 3, float(np.float32(0.1)), 1.0, 2.0**53, -math.inf, math.inf, math.nan, 0.0]


def answer(compare: Any, a: Any, b: Any) -> Any:
    try:
        found = compare(a, b)
    except Exception as error:
        return type(error)
    return found if isinstance(found, tuple) else bool(found)


@pytest.mark.parametrize("other", NUMBERS, ids=name_of)
def test_compares_as_the_value_does(impl: Implementation, other: Any) -> None:
    for value, compare in itertools.product(VALUES, COMPARISONS):
        v = impl.Var(value)
        assert answer(compare, v, other) == answer(compare, value, other), (value, compare)
        if not isinstance(other, Reflecting):  # its own method is asked first, and sees the Var
            assert answer(compare, other, v) == answer(compare, other, value), (value, compare)


def test_an_order_with_text_is_refused_as_floats_refuse_it(impl: Implementation) -> None:
    for compare in ORDERS:
        assert outcome(compare, impl.Var(0.5), "a") == outcome(compare, 0.5, "a")


OPERANDS = [Fraction(7, 3), Fraction(-2), Fraction(1, 3), np.float16(0.3), np.float32(2.3), np.longdouble(2.5)]
OPERANDS += [np.int64(3), np.uint8(2), np.True_]


@pytest.mark.filterwarnings("ignore::vargrad.ZeroDerivativeWarning")  # of // and divmod
@pytest.mark.parametrize("other", OPERANDS, ids=name_of)
@pytest.mark.parametrize("op", ARITHMETIC)
def test_an_operand_is_taken_as_its_float(impl: Implementation, op: Any, other: Any) -> None:
    for value in (0.75, 2.5):
        (x,) = leaves(impl, value)
        for left in (True, False):
            number = float(other)
            expected = op(value, number) if left else op(number, value)
            if isinstance(expected, complex):
                continue
            found, plain = (op(x, other), op(x, number)) if left else (op(other, x), op(number, x))
            assert outcome(lambda r: r, found) == outcome(lambda r: r, expected)
            for a, b in zip(*[r if isinstance(r, tuple) else (r,) for r in (found, plain)], strict=True):
                assert grads(a, [x]) == grads(b, [x])


def test_errors_of_operands(impl: Implementation) -> None:
    x = impl.Var(2.0)
    for op in ARITHMETIC:
        for bad in (1j, np.complex64(1j), np.complex128(2)):
            for a, b in ((x, bad), (bad, x)):
                with pytest.raises(TypeError, match=r"a Var is a real number and takes no complex"):
                    op(a, b)
        for bad in (
            Decimal(1),
            Floating(),
            "a" if op is not operator.mod else None,
            np.datetime64("2020"),
            np.str_("a"),
        ):
            with pytest.raises(TypeError):
                op(x, bad)
    with pytest.raises(OverflowError):
        x + Fraction(10**400)
    with pytest.raises(ZeroDivisionError):
        x / Fraction(0)
    with pytest.raises(ZeroDivisionError):
        divmod(Fraction(1), impl.Var(0.0))


def test_methods_and_arrays(impl: Implementation) -> None:
    x = impl.Var(2.0)
    assert x.clamp(Fraction(5, 2)).value == 2.5
    assert x.hypot(Fraction(3, 2)).value == 2.5
    assert [v.value for v in np.array([1.0, 2.0]) * x] == [2.0, 4.0]
    assert (np.array([1.0, 2.0]) == x).tolist() == [False, True]
    assert (x == np.array([1.0, 2.0])).tolist() == [False, True]


class Editing(Fraction):
    """Edits a leaf while it is converted."""

    leaf: Any

    def __float__(self) -> float:
        self.leaf.value = 100.0
        for _ in range(200):
            type(self.leaf)(7.0)
        return 3.0


def test_a_conversion_that_edits_the_other_operand(impl: Implementation) -> None:
    for op in (operator.add, operator.mul, operator.pow):
        for left in (True, False):
            number = Editing(3)
            x = number.leaf = impl.Var(2.0, requires_grad=True)
            y = op(x, number) if left else op(number, x)
            expected = op(100.0, 3.0) if left else op(3.0, 100.0)
            assert y.value == expected
            assert [v.value for v in y.parents] == ([100.0, 3.0] if left else [3.0, 100.0])


# ---- while recorded

NEAR = [0.5, 1 / 3, 0.1, 2.0**53, 2.0**53 + 2, 2.0**60, 1e308, math.inf, 0.0]
NEAR += [math.nextafter(x, d) for x in (0.5, 1 / 3, 0.1) for d in (0.0, 1.0)] + [-x for x in NEAR]


@pytest.mark.parametrize(
    "other",
    [
        n
        for n in NUMBERS
        if not isinstance(n, (Reflecting, Floating, np.float16, np.float32, np.complex64, str, list, type(None)))
    ],
    ids=name_of,
)
@pytest.mark.parametrize("compare", COMPARISONS)
def test_a_guard_is_exact(compare: Any, other: Any) -> None:
    """Recorded for one row and replayed for others, in both operand orders."""

    def f(x: Any) -> Any:
        return x * 2.0 if compare(x, other) else x * 3.0

    def reflected(x: Any) -> Any:
        return x * 2.0 if compare(other, x) else x * 3.0

    for g in (f, reflected):
        expected = []
        try:
            for x in NEAR:
                expected.append(g(x))
        except Exception as error:
            with pytest.raises(type(error)):
                vargrad.compile(g)(0.5)
            continue
        assert vargrad.compile(g)(np.array(NEAR)).tolist() == expected


def test_a_comparison_that_numpy_rounds_is_refused() -> None:
    for kind in (np.float16, np.float32, np.complex64):
        with pytest.raises(vargrad.RecordingError, match=r"write float\(\) of it"):
            vargrad.compile(lambda x, kind=kind: x * 2.0 if x == kind(0.1) else x)(1.0)
    with pytest.raises(vargrad.RecordingError, match=r"write \.real of it"):
        vargrad.compile(lambda x: x * 2.0 if x < np.complex128(0.1) else x)(1.0)


class Holder:
    """A class of somebody who holds a Var instead of subclassing it."""

    def __init__(self, v: Any) -> None:
        self.v = v

    def __gt__(self, other: Any) -> Any:
        return self.v > other


def test_a_class_that_holds_a_var_is_asked_while_recorded() -> None:
    def f(x: Any, y: Any) -> Any:
        return x * 2.0 if x < Holder(y) else y * 3.0

    a, b = np.array([random.Random(1).random() for _ in range(9)]), np.full(9, 0.5)
    assert vargrad.compile(f)(a, b).tolist() == [f(float(x), 0.5) for x in a]


def test_a_fraction_in_a_compiled_function() -> None:
    f = vargrad.compile(lambda x: x * Fraction(1, 3) + x // Fraction(1, 2))
    value, slope = f.value_and_grad(2.0)
    assert (value, slope) == (2.0 * float(Fraction(1, 3)) + 4.0, float(Fraction(1, 3)))
