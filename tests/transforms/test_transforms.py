"""grad, value_and_grad, jacobian, hessian and hvp: values against mpmath and exact arithmetic, structures, nesting."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, namedtuple
from collections.abc import Callable
from itertools import product
from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

from vargrad import Var, grad, hessian, hvp, jacobian, math, value_and_grad

Point = namedtuple("Point", "x y")


def rosenbrock(x: Any) -> Any:
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


# ---- values: one text, read over Vars by vargrad and over many digits by mpmath

TEXTS = [
    ("exp(sin(3 * x)) / (1 + x**2)", 0.7),
    ("log(1 + x**4) * atan(x)", -1.3),
    ("sqrt(x) ** 3 - x ** -2 + x ** x", 1.9),
    ("tanh(x) * erf(x / 2) + cosh(x) ** 0.5", 0.0),
    ("1 / (1 + exp(-x)) - asinh(x * x)", 2.5),
    ("acos(x / 3) * asin(x / 4) + x ** 3", -1.0),
    ("(x - 1) ** 3 * exp(-x * x / 2)", 1.0),
]


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize(("text", "x"), TEXTS)
def test_derivatives_of_any_order_against_mpmath(text: str, x: float, order: int) -> None:
    f: Callable[[Any], Any] = eval(f"lambda x: {text}", vars(math) | {"erf": math.erf})
    for _ in range(order):
        f = grad(f)
    with mp.workdps(80):
        names = {name: getattr(mp, name) for name in dir(mp) if not name.startswith("_")}
        expected = float(mp.diff(eval(f"lambda x: {text}", names), x, order))
    assert f(x) == pytest.approx(expected, rel=1e-12, abs=1e-12)


Monomials = dict[tuple[int, int], int]


def differentiated(p: Monomials, variable: int) -> Monomials:
    result: Monomials = {}
    for powers, coefficient in p.items():
        lower = tuple(n - (i == variable) for i, n in enumerate(powers))
        result[lower] = result.get(lower, 0) + coefficient * powers[variable]  # type: ignore[index]
    return {powers: c for powers, c in result.items() if c}


def polynomial(p: Monomials) -> Callable[[Any, Any], Any]:
    return lambda x, y: math.sum([c * x**m * y**n for (m, n), c in p.items()])


@pytest.mark.filterwarnings("ignore::vargrad.ZeroDerivativeWarning")  # of the polynomial 0
@given(
    p=st.dictionaries(st.tuples(st.integers(0, 4), st.integers(0, 4)), st.integers(-9, 9), max_size=6),
    x=st.integers(-5, 5),
    y=st.integers(-5, 5),
    by=st.lists(st.integers(0, 1), min_size=1, max_size=4),
)
def test_polynomials_exactly(p: Monomials, x: int, y: int, by: list[int]) -> None:
    """Small integers are exact in floats: mixed derivatives of any order equal those of the coefficients."""
    f = polynomial(p)
    for variable in by:
        f, p = grad(f, argnums=variable), differentiated(p, variable)
    assert f(x, y) == sum(c * x**m * y**n for (m, n), c in p.items())


# ---- structures


def summed(x: Any) -> Any:
    """A function of any structure: the sum of i * (x_i**2) over its numbers x_i, from i = 1."""
    return math.sum([i * v**2 for i, v in enumerate(numbers(x), start=1)])


def numbers(x: Any) -> list[Any]:
    if isinstance(x, np.ndarray):
        return x.ravel().tolist()
    if isinstance(x, (list, tuple)):
        return [v for item in x for v in numbers(item)]
    return [v for item in x.values() for v in numbers(item)] if isinstance(x, dict) else [x]


def same_structure(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.shape == b.shape and b.dtype == float
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same_structure, a, b))
    if isinstance(a, dict):
        return type(a) is type(b) and list(a) == list(b) and all(same_structure(a[k], b[k]) for k in a)
    return type(b) is float


STRUCTURES = [
    3.0,
    3,
    True,
    np.float32(1.5),
    np.int64(4),
    [],
    [2.0, 3],
    (2.0, [3.0]),
    Point(2.0, 5.0),
    {"b": 2.0, "a": [3.0, (4.0,)]},
    OrderedDict(z=1.0, a=2.0),
    defaultdict(list, k=[1.0]),
    [[1.0, 2.0], [3.0, [4.0, {"w": 5.0}]]],
    np.array(2.0),
    np.array([1.0, 2.0, 3.0]),
    np.arange(6).reshape(2, 3),
    np.arange(6.0).reshape(3, 2).T,
    np.ones((2, 0)),
    np.array([1.0, 2], dtype=object),
    {"W": np.ones((2, 2)), "b": [np.zeros(2, np.float32), 1.0]},
]


@pytest.mark.parametrize("x", STRUCTURES, ids=repr)
def test_gradient_has_the_structure_of_the_argument(x: Any) -> None:
    expected = [2.0 * i * v for i, v in enumerate(numbers(x), start=1)]
    found = grad(summed)(x)
    assert same_structure(x, found)
    assert numbers(found) == expected
    value, found = value_and_grad(summed)(x)
    assert type(value) is float
    assert value == summed([float(v) for v in numbers(x)])
    assert same_structure(x, found)
    assert numbers(found) == expected


@pytest.mark.parametrize("x", STRUCTURES, ids=repr)
def test_hvp_has_the_structure_of_the_argument(x: Any) -> None:
    found = hvp(summed)(x, x)
    assert same_structure(x, found)
    assert numbers(found) == [2.0 * i * v for i, v in enumerate(numbers(x), start=1)]


def test_a_subclass_of_dict_stays_what_it_is_inside() -> None:
    seen = []

    def f(p: Any) -> Any:
        seen.append(type(p))
        return p["k"] * len(p["missing"])

    argument = defaultdict(list, k=1.0)
    assert grad(f)(argument) == {"k": 0.0}
    assert seen == [defaultdict]
    assert argument == {"k": 1.0}


def test_the_callers_argument_is_not_touched() -> None:
    def f(x: Any) -> Any:
        x[0] = x[0] * x[1]["k"]
        x[1]["k"] = 0.0
        x[2][0] = x[2][0] * x[0]
        return x[2][0]

    argument = [2.0, {"k": 3.0}, np.array([5.0])]
    assert grad(f)(argument) == [15.0, {"k": 10.0}, np.array([6.0])]
    assert argument == [2.0, {"k": 3.0}, np.array([5.0])]


def test_argnums() -> None:
    def f(x: Any, y: Any, z: Any) -> Any:
        return x * y**2 * z**3

    point = (2.0, 3.0, 5.0)
    parts = [9.0 * 125.0, 2.0 * 2.0 * 3.0 * 125.0, 2.0 * 9.0 * 75.0]
    for i in range(-3, 3):
        assert grad(f, i)(*point) == parts[i]
        assert grad(f, argnums=np.int64(i))(*point) == parts[i]
    assert grad(f, (2, 0))(*point) == (parts[2], parts[0])
    assert grad(f, [-2])(*point) == (parts[1],)
    assert value_and_grad(f, (0, 1))(*point) == (2.0 * 9.0 * 125.0, (parts[0], parts[1]))


def test_other_arguments_pass_through_untouched() -> None:
    seen = []
    others = ("text", None, Var(4.0), object())

    def f(*args: Any, **kwargs: Any) -> Any:
        seen.append((args[1:], kwargs))
        return args[0] * 2 * kwargs["factor"]

    for transform in (grad(f), jacobian(f)):
        assert transform(3.0, *others, factor=5.0, name="x") == 10.0
    hvp(f)(3.0, 1.0, *others, factor=5.0, name="x")
    for args, kwargs in seen:
        assert all(a is b for a, b in zip(args, others, strict=True))
        assert kwargs == {"factor": 5.0, "name": "x"}
    assert len(seen) == 3


# ---- jacobian, hessian, hvp


def linear(m: int, n: int) -> np.ndarray:
    return np.arange(1.0, m * n + 1).reshape(m, n) ** 2


def test_jacobian_of_sequences() -> None:
    a = linear(3, 2)
    rows = a.tolist()
    f = lambda x: [math.dot(row, x) for row in rows]  # noqa: E731
    assert jacobian(f)([1.0, 2.0]) == rows
    assert jacobian(lambda x: tuple(f(x)))((1.0, 2.0)) == tuple(tuple(row) for row in rows)
    assert jacobian(lambda p: {"out": f([p["a"], p["b"]])})({"a": 1.0, "b": 2.0}) == {
        "out": [{"a": row[0], "b": row[1]} for row in rows]
    }
    by_two = jacobian(lambda x, y: f([x, y]), argnums=(0, 1))(1.0, 2.0)
    assert by_two == [tuple(row) for row in rows]


def test_jacobian_of_arrays() -> None:
    a = linear(6, 4)
    found = jacobian(lambda x: (a @ x.ravel()).reshape(2, 3))(np.ones((4, 1)))
    assert found.shape == (2, 3, 4, 1)
    assert found.dtype == float
    assert np.array_equal(found.reshape(6, 4), a)


def test_jacobian_mixes_arrays_and_numbers() -> None:
    a = linear(2, 2)
    of_list = jacobian(lambda x: a @ np.array(x, dtype=object))([1.0, 2.0])  # the array's shape is inside the list
    assert [column.tolist() for column in of_list] == a.T.tolist()
    of_array = jacobian(lambda x: list(a @ x))(np.ones(2))
    assert [row.tolist() for row in of_array] == a.tolist()
    of_number = jacobian(lambda x: {"v": x * a[0], "c": 3})(2.0)
    assert of_number["v"].tolist() == a[0].tolist()
    assert of_number["c"] == 0.0


def test_jacobian_of_a_number_is_the_gradient() -> None:
    assert jacobian(rosenbrock)([1.5, 2.0]) == grad(rosenbrock)([1.5, 2.0])


def test_hessian_of_every_structure() -> None:
    expected = [[1200 * 1.5**2 - 400 * 2.0 + 2, -600.0], [-600.0, 200.0]]
    assert hessian(rosenbrock)([1.5, 2.0]) == expected
    assert hessian(rosenbrock)((1.5, 2.0)) == tuple(map(tuple, expected))
    assert hessian(rosenbrock)(np.array([1.5, 2.0])).tolist() == expected
    by_both = hessian(lambda x, y: rosenbrock([x, y]), argnums=(0, 1))(1.5, 2.0)
    assert by_both == tuple(map(tuple, expected))
    named = hessian(lambda p: rosenbrock([p["a"], p["b"]]))({"a": 1.5, "b": 2.0})
    assert named == {"a": dict(zip("ab", expected[0], strict=True)), "b": dict(zip("ab", expected[1], strict=True))}
    square = hessian(lambda x: (x @ x).sum())(np.ones((2, 2)))
    assert square.shape == (2, 2, 2, 2)
    assert np.array_equal(square, square.transpose(2, 3, 0, 1))


@pytest.mark.parametrize("seed", range(5))
def test_hvp_is_the_hessian_times_v(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, v = rng.normal(size=4), rng.normal(size=4)

    def f(x: Any) -> Any:
        return math.logsumexp([x[0] * x[1], math.sin(x[2]), x[3] ** 2]) * math.hypot(*x) / (1 + math.exp(x[0]))

    h = hessian(f)(x)
    assert np.allclose(h, h.T, rtol=1e-12, atol=1e-14)
    assert np.allclose(hvp(f)(x, v), h @ v, rtol=1e-12, atol=1e-14)
    assert np.allclose(jacobian(grad(f))(x), h, rtol=1e-12, atol=1e-14)


def test_hvp_takes_the_keys_of_v_in_any_order() -> None:
    f = lambda p: p["a"] ** 2 * p["b"]  # noqa: E731
    x = {"a": 3.0, "b": 5.0}
    assert hvp(f)(x, {"b": 2.0, "a": 1.0}) == hvp(f)(x, {"a": 1.0, "b": 2.0}) == {"a": 22.0, "b": 6.0}


def test_one_run_of_the_function_each() -> None:
    runs = []

    def f(x: Any) -> Any:
        runs.append(1)
        return rosenbrock(x)

    x = [1.5, 2.0]
    for transform in (grad(f), value_and_grad(f), hessian(f), jacobian(lambda x: [f(x), x[0], x[1]])):
        transform(x)
    hvp(f)(x, x)
    assert len(runs) == 5


# ---- nesting


def test_no_perturbation_confusion() -> None:
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0) == 6.0
    assert grad(lambda x: grad(lambda y: x**2 * y**3)(x))(2.0) == 4 * 3.0 * 2.0**3  # of 3 x**4
    assert grad(lambda x: grad(lambda y: grad(lambda z: x * y**2 * z**3)(y))(x))(2.0) == 4 * 12.0 * 2.0**3  # of 12 x**4
    assert jacobian(lambda x: [x * d for d in jacobian(lambda y: [x + y, x * y])(x)])(3.0) == [1.0, 6.0]


def test_a_plain_var_as_argument_is_a_variable_too() -> None:
    """Without requires_grad as well: what closes over the variable must see that it is one."""
    for v in (Var(2.0), Var(2.0) * 1.0, Var(2.0, requires_grad=True)):
        found = grad(lambda x: x * grad(lambda y: x * y * y)(3.0))(v)
        assert isinstance(found, Var)
        assert found.value == 2 * 6.0 * 2.0
        assert grad(lambda x: grad(lambda y: x * y)(1.0))(v).value == 1.0


@pytest.mark.parametrize("value", [0.0, -0.0, 5e-324, 1e308, float("inf"), -1.5])
def test_the_variable_of_a_var_equals_it_to_the_bit(value: float) -> None:
    seen = []
    grad(lambda x: seen.append(x.value) or x)(Var(value))
    assert seen[0].hex() == value.hex()


def test_the_same_var_twice_is_two_variables() -> None:
    v = Var(3.0, requires_grad=True)
    dx, dy = grad(lambda x, y: x**2 * y, argnums=(0, 1))(v, v)
    assert (dx.value, dy.value) == (18.0, 9.0)
    (dx + dy).backward()
    assert v.grad == 2 * 2 * 3.0 + 2 * 3.0  # 2 v v, then v**2


def test_every_transform_inside_every_other() -> None:
    """Of f(x, y) = x**3 y**4, derivatives of order i and j at (2, 3) in closed form."""

    def exact(i: int, j: int) -> float:
        return prod(range(4 - i, 4)) * 2.0 ** (3 - i) * prod(range(5 - j, 5)) * 3.0 ** (4 - j)

    def f(p: Any) -> Any:
        return p[0] ** 3 * p[1] ** 4

    def order(*axes: int) -> float:
        return exact(axes.count(0), axes.count(1))

    p, two = [2.0, 3.0], range(2)
    third = [[[order(i, j, k) for k in two] for j in two] for i in two]
    assert jacobian(hessian(f))(p) == third
    assert hessian(lambda p: grad(f)(p)[0])(p) == third[0]
    assert jacobian(jacobian(grad(f)))(p) == third
    assert jacobian(lambda p: hvp(f)(p, [1.0, 0.0]))(p) == third[0]
    assert jacobian(lambda v: hvp(f)(p, v))([1.0, 1.0]) == hessian(f)(p)
    assert hvp(lambda p: grad(f)(p)[1])(p, [0.0, 1.0]) == third[1][1]
    assert grad(lambda p: hessian(f)(p)[0][1])(p) == third[0][1]
    assert grad(lambda p: value_and_grad(f)(p)[0])(p) == grad(f)(p)
    fourth = [[[[order(i, j, k, n) for n in two] for k in two] for j in two] for i in two]
    assert hessian(lambda p: hessian(f)(p)[0][1])(p) == fourth[0][1]
    direction = [1.0, -2.0]
    along = [
        sum(direction[k] * direction[n] * fourth[i][j][k][n] for k, n in product(two, two)) for i, j in [(0, 0), (0, 1)]
    ]
    slope = lambda p: math.dot(hvp(f)(p, direction), direction)  # noqa: E731
    assert hessian(slope)(p)[0] == along
