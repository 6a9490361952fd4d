"""vargrad.math: the standard module for floats and Vars alike, and nodes of any number of operands."""

from __future__ import annotations

import itertools
import math
import re
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import oracle
import sheet
from twins import Implementation, grads, key, keys, leaves, outcome
from vargrad._ops.table import NARY_BY_NAME

PUBLIC = [name for name in vars(math) if not name.startswith("_")]
FUNCTIONS = [name for name in PUBLIC if callable(getattr(math, name))]
BY_VALUE = ["ceil", "floor", "trunc", "isfinite", "isinf", "isnan"]
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("comb", "perm", "gcd", "lcm"), (6, 4)),
    **dict.fromkeys(("factorial", "isqrt"), (6,)),
    **dict.fromkeys(("atan2", "copysign", "fmod", "hypot", "isclose", "nextafter", "pow", "remainder"), (0.5, 0.75)),
    **dict.fromkeys(("fmax", "fmin"), (0.5, 0.75)),
    **dict.fromkeys(("fsum", "prod"), ([0.5, 0.75],)),
    **dict.fromkeys(("dist", "sumprod"), ([0.5, 2.0], [0.25, 1.0])),
    "acosh": (1.5,),
    "ldexp": (0.5, 3),
    "fma": (0.5, 0.75, 2.0),
    "log": (0.5, 10),
}


def arguments(name: str) -> tuple[Any, ...]:
    return ARGUMENTS.get(name, (0.5,))


@pytest.mark.parametrize("name", PUBLIC)
def test_a_drop_in_import(impl: Implementation, name: str) -> None:
    """Every name of the standard module, and on plain numbers its very result."""
    ours, standard = getattr(impl.math, name), getattr(math, name)
    if not callable(standard):
        assert key(ours) == key(standard)
        return
    assert outcome(ours, *arguments(name)) == outcome(standard, *arguments(name))
    assert ours.__name__ == name
    assert ours.__doc__


def nested(impl: Implementation, argument: Any) -> Any:
    return [impl.Var(x) for x in argument] if isinstance(argument, list) else impl.Var(argument)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_of_vars(impl: Implementation, name: str) -> None:
    """Value of the standard function, or a TypeError that says what to do: never a silent constant."""
    plain = arguments(name)
    found = outcome(getattr(impl.math, name), *[nested(impl, x) for x in plain])
    expected = getattr(math, name)(*plain)
    if isinstance(found, tuple) and found[0] is TypeError:
        assert re.search(rf"math\.{name}\(\) has no rule for a Var.*\.value.*custom", found[1])
        assert name not in BY_VALUE
        assert not hasattr(impl.Var, name)
    elif isinstance(expected, tuple):
        assert found == keys(expected)
    elif isinstance(expected, (int, bool)):
        assert found == key(expected)
    else:
        assert float.fromhex(found) == pytest.approx(expected, rel=1e-15)
        assert getattr(impl.math, name)(*[nested(impl, x) for x in plain]).prev_op is not None


def test_no_function_of_a_var_is_forgotten(impl: Implementation) -> None:
    """What has no rule is what is discrete, or has no elementary derivative."""
    without = []
    for name in FUNCTIONS:
        try:
            getattr(impl.math, name)(*[nested(impl, x) for x in arguments(name)])
        except TypeError:
            without.append(name)
    discrete = {"comb", "perm", "gcd", "lcm", "factorial", "isqrt", "frexp", "modf", "ldexp", "nextafter", "ulp"}
    assert set(without) <= discrete | {"gamma", "lgamma", "fma", "signbit", "isnormal", "issubnormal"}


# ---- log with a base, pow, dist


@pytest.mark.parametrize("base", [2, 10.0, 0.5])
def test_log_to_a_base(impl: Implementation, base: float) -> None:
    x, b = leaves(impl, 8.0, base)
    assert key(impl.math.log(x, base)) == key(math.log(8.0, base))
    assert grads(impl.math.log(x, b), [x, b]) == pytest.approx(
        [1 / (8 * math.log(base)), -math.log(8) / math.log(base) ** 2 / base]
    )
    assert key(impl.math.log(8.0, b)) == key(math.log(8.0, base))
    assert key(impl.math.log(8.0, base)) == key(math.log(8.0, base))


@pytest.mark.parametrize(("x", "base"), [(0.0, 2), (-1.0, 2), (2.0, 1), (2.0, 0), (2.0, -1), (2.0, 1.0)])
def test_log_raises_as_maths(impl: Implementation, x: float, base: float) -> None:
    for a, b in ((impl.Var(x), base), (x, impl.Var(base)), (impl.Var(x), impl.Var(base))):
        # From 3.14 on, the words tell an int from a float, and a Var takes an int as its float.
        plain = {outcome(math.log, x, y) for y in ([float(base)] if b is not base else [base, float(base)])}
        assert outcome(impl.math.log, a, b) in plain


@pytest.mark.parametrize("x", [0.0, -8.0, 2.0, 1e300, math.inf, math.nan])
@pytest.mark.parametrize("y", [-1.0, 0.0, 1 / 3, 2.0, 400.0, -math.inf])
def test_pow_is_maths_pow(impl: Implementation, x: float, y: float) -> None:
    expected = outcome(math.pow, x, y)
    for a, b in itertools.product((x, impl.Var(x)), (y, impl.Var(y))):
        assert outcome(impl.math.pow, a, b) == expected


def test_dist(impl: Implementation) -> None:
    p, q = [1.0, 2.0, 3.0], [4.0, 6.0, 3.0]
    v = leaves(impl, *p)
    result = impl.math.dist(v, q)
    assert key(result) == key(math.dist(p, q))
    assert grads(result, v) == pytest.approx([-0.6, -0.8, 0.0])


# ---- nodes of any number of operands


@pytest.mark.parametrize("name", sheet.ALL_NARY)
def test_one_node_whatever_the_number(impl: Implementation, name: str) -> None:
    row = NARY_BY_NAME[name]
    xs = leaves(impl, *[0.5 + i / 64 for i in range(64)])
    result = sheet.call_nary(impl, name)(*sheet.split(row, xs))
    assert result.prev_op == name
    assert all(a is b for a, b in zip(result.parents, xs, strict=True))


@pytest.mark.parametrize("name", ["sum", "fsum", "mean", "prod", "logsumexp", "softmax", "dot"])
def test_any_iterable_will_do(impl: Implementation, name: str) -> None:
    function = getattr(impl.math, name)
    values = [0.5, 2.0, -1.0]
    expected = outcome(function, values, *([values] if name == "dot" else []))
    for shape in (tuple, iter, lambda xs: (x for x in xs), lambda xs: np.array(xs, dtype=object)):
        made = [shape(leaves(impl, *values)) for _ in range(2 if name == "dot" else 1)]
        assert outcome(function, *made) == expected


@pytest.mark.parametrize(
    "name", ["sum", "fsum", "prod", "dot", "hypot", "mean", "logsumexp", "softmax", "maximum", "minimum"]
)
def test_no_values_at_all(impl: Implementation, name: str) -> None:
    function = sheet.call_nary(impl, name)
    empty = outcome(function, *([[], []] if name == "dot" else [[]]))
    if name in ("mean", "logsumexp", "softmax", "maximum", "minimum"):
        assert empty == (ValueError, f"{name}() of no values: give at least one")
    else:
        assert empty == key(1.0 if name == "prod" else 0.0)


@pytest.mark.parametrize("name", ["dot", "dist"])
def test_lengths_must_agree(impl: Implementation, name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name}\(\) needs two vectors of equal length, got 2 and 1"):
        getattr(impl.math, name)(leaves(impl, 1.0, 2.0), [1.0])


@pytest.mark.parametrize("bad", ["1", None, 1j, [1.0]])
@pytest.mark.parametrize("name", ["sum", "prod", "dot", "hypot", "maximum", "exp", "atan2"])
def test_operand_that_is_no_number(impl: Implementation, name: str, bad: Any) -> None:
    x = impl.Var(1.0)
    function = getattr(impl.math, name)
    calls = {"sum": ([x, bad],), "prod": ([x, bad],), "dot": ([x, x], [1.0, bad]), "exp": (bad,)}
    with pytest.raises(TypeError):
        function(*calls.get(name, (x, bad)))


@pytest.mark.parametrize("scalar", [np.float32(0.5), np.float64(0.5), np.int64(2), Fraction(1, 2), True])
def test_other_real_numbers_are_constants(impl: Implementation, scalar: Any) -> None:
    x = impl.Var(3.0, requires_grad=True)
    result = impl.math.dot([x, 1.0], [scalar, scalar])
    assert result.value == 4.0 * float(scalar)
    assert grads(result, [x]) == [float(scalar)]


def test_same_operand_many_times(impl: Implementation) -> None:
    x, y = leaves(impl, 3.0, 2.0)
    assert grads(impl.math.sum([x] * 5), [x]) == [5.0]
    assert grads(impl.math.prod([x, x, x]), [x]) == [27.0]
    assert grads(impl.math.dot([x, y], [x, x]), [x, y]) == [8.0, 3.0]
    assert grads(impl.math.hypot(x, x), [x]) == pytest.approx([2**0.5])


def test_prod_with_a_start(impl: Implementation) -> None:
    x = impl.Var(3.0, requires_grad=True)
    assert grads(impl.math.prod([2.0, 5.0], start=x), [x]) == [10.0]
    assert grads(impl.math.prod([x, 5.0], start=2), [x]) == [10.0]
    assert impl.math.prod([2.0], start=3.0) == 6.0


def test_fsum_is_exact(impl: Implementation) -> None:
    values = [1e16, 1.0, -1e16, 1e-16] * 50
    assert key(impl.math.fsum(leaves(impl, *values))) == key(math.fsum(values))
    assert impl.math.fsum(leaves(impl, *values)).value != impl.math.sum(leaves(impl, *values)).value


@pytest.mark.parametrize("shift", [0.0, 1000.0, -1e6])
def test_softmax(impl: Implementation, shift: float) -> None:
    """Values and the whole Jacobian against the closed form at high precision, also where exp would overflow."""
    point = [0.5 + shift, 1.5 + shift, -2.0 + shift, 0.5 + shift]
    xs = leaves(impl, *point)
    outputs = impl.math.softmax(xs)
    with oracle.mp.workprec(200):
        powers = [oracle.mp.exp(oracle.mp.mpf(x)) for x in point]
        weights = [p / oracle.mp.fsum(powers) for p in powers]
        for i, y in enumerate(outputs):
            assert y.value == pytest.approx(float(weights[i]), rel=1e-14)
            closed = [float(weights[i] * ((i == j) - weights[j])) for j in range(4)]
            assert grads(y, xs) == pytest.approx(closed, rel=1e-13)


def test_softmax_of_floats(impl: Implementation) -> None:
    found = impl.math.softmax([1.0, 2.0, 3.0])
    assert [type(x) for x in found] == [float] * 3
    assert keys(found) == keys(impl.math.softmax(leaves(impl, 1.0, 2.0, 3.0)))


@pytest.mark.parametrize("condition", [True, False])
def test_where(impl: Implementation, condition: bool) -> None:
    x, y = leaves(impl, 2.0, 3.0)
    assert impl.math.where(condition, x, y) is (x if condition else y)
    constant = impl.math.where(condition, x, 5.0)
    assert constant.value == (2.0 if condition else 5.0)
    assert isinstance(constant, impl.Var)
    assert key(impl.math.where(condition, 1.0, 2.0)) == key(1.0 if condition else 2.0)


def test_where_takes_a_var_as_condition(impl: Implementation) -> None:
    x, y = leaves(impl, 2.0, 3.0)
    assert impl.math.where(x, x, y) is x
    assert impl.math.where(impl.Var(0.0), x, y) is y
    assert impl.math.where(x > y, x, y) is y


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_hypot_of_any_number(impl: Implementation, n: int) -> None:
    point = tuple(1.5 * i - 2.0 for i in range(n))
    xs = leaves(impl, *point)
    true = [float(oracle.slope_nary("hypot", False, point, i)) for i in range(n)]
    assert grads(impl.math.hypot(*xs), xs) == pytest.approx(true, rel=1e-15)
    if n == 2:
        assert key(xs[0].hypot(xs[1])) == key(impl.math.hypot(*xs))


@pytest.mark.parametrize(
    "name", [row for row in sheet.ALL_ROWS if row in ("sigmoid", "relu", "gelu", "softplus", "silu", "selu")]
)
def test_the_fields_own_take_floats(impl: Implementation, name: str) -> None:
    assert key(getattr(impl.math, name)(0.7)) == key(getattr(impl.Var(0.7), name)())


def test_elu_has_a_default_alpha(impl: Implementation) -> None:
    x, alpha = impl.Var(-2.0, requires_grad=True), impl.Var(1.0)
    for result in (x.elu(), impl.math.elu(x), x.elu(1.0), x.elu(alpha=1.0), x.elu(alpha=alpha)):
        assert (result.value, grads(result, [x])) == (math.expm1(-2.0), [math.exp(-2.0)])
    assert grads(x.elu(0.25), [x]) == [0.25 * math.exp(-2.0)]


def test_leaky_relu_has_a_default_slope(impl: Implementation) -> None:
    x = impl.Var(-2.0, requires_grad=True)
    for result in (x.leaky_relu(), impl.math.leaky_relu(x), x.leaky_relu(0.01), x.leaky_relu(slope=0.01)):
        assert grads(result, [x]) == [0.01]
    assert grads(x.leaky_relu(0.25), [x]) == [0.25]
