"""finite_difference is the article's formula to the bit; gradcheck finds what is wrong and nothing else."""

from __future__ import annotations

import math as plain_math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sheet
import vargrad
from sheet import ALL_NARY, ALL_ROWS
from twins import load
from vargrad import Var, custom, finite_difference, grad, gradcheck, hessian, math, no_grad
from vargrad._ops.table import BY_NAME, NARY_BY_NAME

ACTIVE = load(vargrad.backend)
FINITE = st.floats(-1e3, 1e3)


def square(x: Any) -> Any:
    return x * x


def article_loss(w: Sequence[Any]) -> Any:
    """The article's neuron on the AND data, for floats and Vars."""
    loss = 0.0
    for p, q, wanted in [(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 1)]:
        loss += (1 / (1 + math.e ** -(p * w[0] + q * w[1] + w[2])) - wanted) ** 2
    return loss


# ---- finite_difference


@given(w=st.lists(st.floats(-5, 5), min_size=3, max_size=3))
def test_the_articles_first_version(w: list[float]) -> None:
    """Raise each parameter by one, and look at the loss: no division, no eps."""
    current = article_loss(w)
    changes = [article_loss([v + (1 if k == i else 0) for k, v in enumerate(w)]) - current for i in range(3)]
    assert finite_difference(article_loss, (w,), eps=1) == (changes,)


@given(w=st.lists(st.floats(-5, 5), min_size=3, max_size=3))
def test_the_articles_second_version(w: list[float]) -> None:
    eps = 0.0001
    current = article_loss(w)
    slopes = [(article_loss([v + (eps if k == i else 0) for k, v in enumerate(w)]) - current) / eps for i in range(3)]
    assert finite_difference(article_loss, (w,)) == (slopes,)


@given(x=FINITE, eps=st.sampled_from([1.0, 0.5, 2.0**-10]))
def test_the_schemes_on_a_parabola(x: float, eps: float) -> None:
    """Of a*a: 2a + eps, 2a - eps and 2a, with quarters for a so that nothing is rounded."""
    a = round(x * 4) / 4
    found = {
        scheme: finite_difference(lambda a: a * a, (a,), eps, scheme) for scheme in ("forward", "backward", "central")
    }
    assert found == {"forward": (2 * a + eps,), "backward": (2 * a - eps,), "central": (2 * a,)}


@pytest.mark.parametrize(("scheme", "order"), [("forward", 1), ("backward", 1), ("central", 2)])
def test_the_error_falls_with_the_step(scheme: str, order: int) -> None:
    errors = [abs(finite_difference(math.exp, (1.0,), eps, scheme)[0] - plain_math.e) for eps in (1e-2, 1e-3)]
    assert plain_math.log10(errors[0] / errors[1]) == pytest.approx(order, abs=0.05)


def test_floats_go_in_and_floats_come_out() -> None:
    """What takes no Var (the standard module, float()) can be differenced all the same."""
    seen = []

    def f(x: Any, p: Any, a: Any) -> float:
        seen.extend([type(x), type(p["k"][0]), a.dtype])
        return plain_math.sin(x) * float(p["k"][0]) * float(a.sum())

    args = (0.5, {"k": [2.0]}, np.array([[1.0], [3.0]]))
    dx, dp, da = finite_difference(f, args, scheme="central")
    assert set(seen) == {float, np.dtype(float)}
    exact = grad(lambda x, p, a: math.sin(x) * p["k"][0] * a.sum(), (0, 1, 2))(*args)
    assert dx == pytest.approx(exact[0], rel=1e-7)
    assert dp["k"][0] == pytest.approx(exact[1]["k"][0], rel=1e-7)
    assert np.allclose(da, exact[2], rtol=1e-7)
    assert (type(dx), type(dp["k"][0]), da.dtype, da.shape) == (float, float, np.dtype(float), (2, 1))
    assert args[1] == {"k": [2.0]}
    assert args[2].tolist() == [[1.0], [3.0]]


def test_the_function_may_change_its_argument() -> None:
    def f(x: Any) -> Any:
        x[0] *= x[1]
        return x[0]

    x = [2.0, 3.0]
    assert finite_difference(f, (x,), eps=1) == ([3.0, 2.0],)
    assert x == [2.0, 3.0]


@pytest.mark.parametrize(("scheme", "calls"), [("forward", 4), ("backward", 4), ("central", 6)])
def test_how_often_the_function_is_called(scheme: str, calls: int) -> None:
    seen = []
    finite_difference(lambda x: seen.append(1) or x[0], ([1.0, 2.0, 3.0],), scheme=scheme)
    assert len(seen) == calls


def test_the_base_is_the_argument_to_the_bit() -> None:
    assert finite_difference(lambda x: plain_math.copysign(1.0, x), (-0.0,), eps=1) == (2.0,)


def test_no_argument_no_derivative() -> None:
    assert finite_difference(lambda: 1.0, ()) == ()
    assert finite_difference(lambda x: 1.0, ([],)) == ([],)


def test_a_difference_of_vars_can_be_differentiated() -> None:
    """d/dx of ((x + h)**3 - x**3) / h is 3 ((x + h)**2 - x**2) / h; all numbers here are exact."""
    x, h = 2.0, 0.5
    expected = 3 * ((x + h) ** 2 - x**2) / h
    assert grad(lambda x: finite_difference(lambda y: y**3, (x,), h)[0])(x) == expected
    v = Var(x)
    found = finite_difference(lambda y: y**3, (v,), h)[0]
    assert isinstance(found, Var)
    assert grad(lambda x: finite_difference(lambda y: y**3, (x,), h)[0])(v).value == expected
    assert isinstance(finite_difference(lambda y: 7.0, (v,))[0], Var)


def test_what_a_difference_closes_over_is_not_lost() -> None:
    assert grad(lambda w: finite_difference(lambda x: w * w * x, (1.0,), 1)[0])(3.0) == 6.0
    w = Var(3.0, requires_grad=True)
    slopes = finite_difference(lambda x: x[0] * w + x[1], ([1.0, 2.0],), eps=1)[0]
    assert [type(s) for s in slopes] == [Var, Var]
    slopes[0].backward()
    assert (slopes[0].value, slopes[1].value, w.grad) == (3.0, 1.0, 1.0)
    with no_grad():
        assert finite_difference(lambda x: x * w, (1.0,), eps=1) == (3.0,)
    constant = Var(3.0)
    assert type(finite_difference(lambda x: x * constant, (1.0,))[0]) is float


def test_a_function_that_sets_parameters() -> None:
    """As the article's loop does; under no_grad, since all parameters here are set by hand."""
    parameters = [Var(0.0, requires_grad=True) for _ in range(3)]

    def loss(*w: float) -> Any:
        for parameter, v in zip(parameters, w, strict=True):
            parameter.value = v
        return article_loss(parameters)

    with no_grad():
        found = finite_difference(loss, (0.5, -0.25, 1.0))
    assert found == tuple(finite_difference(article_loss, ([0.5, -0.25, 1.0],))[0])
    assert [p.grad for p in parameters] == [0.0] * 3


ERRORS: list[tuple[Callable[[], Any], type[Exception], list[str]]] = [
    (lambda: finite_difference(square, 3.0), TypeError, ["args is the tuple of f's arguments, such as (x,)", "float"]),
    (lambda: finite_difference(square, (1.0,), scheme="complex"), ValueError, ["'forward', 'backward', 'central'"]),
    (lambda: finite_difference(square, (1.0,), scheme=None), ValueError, ["scheme", "not None"]),
    (lambda: finite_difference(square, (1.0,), eps=0), ValueError, ["eps must be finite and positive, not 0"]),
    (lambda: finite_difference(square, (1.0,), eps=-1.0), ValueError, ["eps", "-1.0"]),
    (lambda: finite_difference(square, (1.0,), eps=float("nan")), ValueError, ["eps", "nan"]),
    (lambda: finite_difference(square, (1.0,), eps=float("inf")), ValueError, ["eps", "inf"]),
    (lambda: finite_difference(square, (1.0,), eps="1"), TypeError, ["eps must be a real number, not str"]),
    (lambda: finite_difference(square, ([1.0, "x"],)), TypeError, ["args at [0][1]", "str ('x')"]),
    (lambda: finite_difference(lambda x: [x], (1.0,)), TypeError, ["<lambda> returned [float]"]),
    (lambda: finite_difference(lambda x: None, (1.0,)), TypeError, ["returned nothing (None)"]),
    (lambda: finite_difference(square, (1.0, [1e30])), ValueError, ["eps=0.0001 is lost beside args[1][0] = 1e+30"]),
    (lambda: finite_difference(square, (float("inf"),)), ValueError, ["lost beside args[0] = inf", "finite argument"]),
    (lambda: gradcheck(square, 1.0), TypeError, ["gradcheck(): args is the tuple"]),
    (lambda: gradcheck(square, ()), ValueError, ["gradcheck of square: args holds no number"]),
    (lambda: gradcheck(square, ([],)), ValueError, ["holds no number"]),
    (lambda: gradcheck(square, (1.0,), eps=0.0), ValueError, ["eps must be finite and positive, not 0.0"]),
    (lambda: gradcheck(square, (1.0,), rtol=-1), ValueError, ["rtol must be finite and not negative, not -1"]),
    (lambda: gradcheck(square, (1.0,), atol=float("nan")), ValueError, ["atol", "nan"]),
    (lambda: gradcheck(lambda x: (x, x), (1.0,)), TypeError, ["returned (float, float)", "jacobian"]),
]


@pytest.mark.parametrize(("call", "kind", "parts"), ERRORS, ids=[f"{i}: {e[2][0]}" for i, e in enumerate(ERRORS)])
def test_errors_say_what_was_given_and_what_to_do(call: Any, kind: type[Exception], parts: list[str]) -> None:
    with pytest.raises(kind) as caught:
        call()
    for part in parts:
        assert part in str(caught.value)


def test_a_step_of_one_ulp_is_enough() -> None:
    x = 1e30
    assert finite_difference(lambda x: x, (x,), eps=plain_math.ulp(x)) == (1.0,)


# ---- gradcheck: a right rule passes


@pytest.mark.filterwarnings("ignore::vargrad.ZeroDerivativeWarning")
@pytest.mark.parametrize("name", [name for name in ALL_ROWS if name != "round"])
def test_every_row_passes(name: str) -> None:
    """At points of magnitudes from 1e-6 to 1e6 in the row's domain."""
    row, f = BY_NAME[name], sheet.call(ACTIVE, name)
    points = [p for p in sheet.points(row, 200) if all(1e-6 < abs(x) < 1e6 for x in p) and abs(f(*map(Var, p))) < 1e100]
    if name in sheet.STEPS:  # no jump near the point
        step = sheet.call(ACTIVE, sheet.STEPS[name])
        points = [p for (x,) in points if step(Var(x * 0.99)).value == step(Var(x * 1.01)).value for p in [(x,)]]
    assert len(points) >= 20
    for point in points[:20]:
        assert gradcheck(*sheet.varying(row, f, point)), point


@pytest.mark.parametrize("name", ALL_NARY)
def test_every_nary_row_passes(name: str) -> None:
    row, f = NARY_BY_NAME[name], sheet.call_nary(ACTIVE, name)
    points = [p for p in sheet.points_nary(row, 100) if all(1e-6 < abs(x) < 1e6 for x in p)]
    assert len(points) >= 10
    for point in points:
        assert gradcheck(f, tuple(map(list, sheet.split(row, point)))), point


@pytest.mark.parametrize("x", [1e-12, -3e-9, 1e-3, 0.5, -40.0, 1e8])
@pytest.mark.parametrize("name", ["abs", "relu", "leaky_relu", "clamp", "maximum"])
def test_away_from_a_kink(name: str, x: float) -> None:
    """However close: steps shrink until they stay on one side."""
    kinked: dict[str, Callable[[Any], Any]] = {
        "abs": abs,
        "relu": math.relu,
        "leaky_relu": math.leaky_relu,
        "clamp": lambda x: math.clamp(x, 0.0, 1e9),
        "maximum": lambda x: math.maximum(x, 0.0),
    }
    assert gradcheck(kinked[name], (x,))


@pytest.mark.parametrize("x", [1e-100, 1e-30, 1e-8, 0.5, 3e4, 1e200])
def test_the_step_follows_the_argument(x: float) -> None:
    """Domains that end close by, and arguments beside which a fixed step would be lost."""
    for f in (math.log, math.sqrt, lambda x: 1 / x, lambda x: x * math.log(x), lambda x: x**1.5):
        assert gradcheck(f, (x,))


def test_functions_of_short_and_of_large_scale() -> None:
    assert gradcheck(lambda x: math.sin(1e6 * x), (0.3,))
    assert gradcheck(lambda x: 1e10 + 1e10 * math.cos(x), (0.0,))
    assert gradcheck(lambda x: 1e-10 * math.sin(x), (0.7,))
    assert gradcheck(math.sin, (1e4,))
    assert gradcheck(lambda x: x * 0.0, (1e-3,))
    assert gradcheck(lambda x: 5, (2.0,))


def test_any_structure_and_closed_over_parameters() -> None:
    w = Var(2.0, requires_grad=True)
    f = lambda x, p, a: math.tanh(x * w) * p["k"][1] + (a @ a.T).sum()  # noqa: E731
    assert gradcheck(f, (0.3, {"k": [1.0, 2.0]}, np.arange(6.0).reshape(2, 3)))
    assert gradcheck(f, [Var(0.3), {"k": (1, w)}, np.ones((1, 1))])
    assert w.grad == 0.0
    assert gradcheck(lambda x: x.tanh(), (0.5,))
    assert gradcheck(article_loss, ([0.1, -0.2, 0.3],))
    assert gradcheck(lambda x: hessian(lambda x: x[0] ** 3 * x[1])(x)[0][1], ([2.0, 3.0],))


def coarse(t: Any) -> Any:
    """A time since an epoch, as programs have it: t moves in steps of 2.4e-7."""
    return math.cos((1.7e9 + t) - 1.7e9)


def single(x: Any) -> Any:
    """Rounded to single precision inside, with the derivative of what is meant."""
    return custom(float(np.float32(plain_math.sin(x.value))), [x], [plain_math.cos(x.value)])


@pytest.mark.parametrize("x", [0.1, 0.5, 1.0, 1.4, 3.0, -2.0, 40.0])
@pytest.mark.parametrize("f", [coarse, single, lambda x: math.exp((x + 2.0**33) - 2.0**33)])
def test_a_function_of_a_coarse_grain_passes(f: Callable[[Any], Any], x: float) -> None:
    assert gradcheck(f, (x,))


# ---- gradcheck: a wrong rule does not


@pytest.mark.parametrize("factor", [0.98, 1.02, -1.0, 0.0])
@pytest.mark.parametrize("x", [0.1, 0.5, 1.0, 1.4, -2.0, 40.0])
def test_a_wrong_rule_is_caught_through_the_grain(x: float, factor: float) -> None:
    """A step of 1e-3 is some thousand grains: two in a hundred are seen."""

    def wrong(t: Any) -> Any:
        at = (1.7e9 + t.value) - 1.7e9
        return custom(plain_math.cos(at), [t], [-factor * plain_math.sin(at)])

    with pytest.raises(AssertionError, match="gradcheck of wrong"):
        gradcheck(wrong, (x,))


@pytest.mark.filterwarnings("ignore::vargrad.ZeroDerivativeWarning")
@pytest.mark.parametrize("digits", [5, 6, 8, 12])
def test_rounding_is_named_where_the_derivative_is_zero(digits: int) -> None:
    for x in (0.3123456789, 2.718281828, -31.4159):
        with pytest.raises(AssertionError, match=r"is 0.0 by grad, .*the derivative of round, rint, //"):
            gradcheck(lambda x: round(x * x, digits), (x,))
    assert gradcheck(lambda x: x // 1, (0.5,))  # where f is constant its derivative is 0


def off(f: Callable[[float], float], slope: Callable[[float], float], factor: float) -> Callable[[Any], Any]:
    def wrong(x: Any) -> Any:
        return custom(f(x.value), [x], [factor * slope(x.value)])

    return wrong


RULES: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "exp": (plain_math.exp, plain_math.exp),
    "sin": (plain_math.sin, plain_math.cos),
    "cube": (lambda x: x**3, lambda x: 3 * x**2),
    "log": (plain_math.log, lambda x: 1 / x),
    "erf": (plain_math.erf, lambda x: 2 / plain_math.sqrt(plain_math.pi) * plain_math.exp(-x * x)),
    "abs": (abs, lambda x: plain_math.copysign(1.0, x)),
}


@pytest.mark.parametrize("factor", [1.001, 0.999, -1.0, 0.0])
@pytest.mark.parametrize("x", [0.02, 0.5, 2.0])
@pytest.mark.parametrize("name", RULES)
def test_wrong_by_a_thousandth_is_caught(name: str, x: float, factor: float) -> None:
    f, slope = RULES[name]
    assert gradcheck(off(f, slope, 1.0), (x,))
    with pytest.raises(AssertionError, match=rf"gradcheck of wrong: the derivative by args\[0\] = {x!r} is "):
        gradcheck(off(f, slope, factor), (x,))


def test_the_message_shows_where_and_both_values() -> None:
    def product(x: Any, p: Any) -> Any:
        return custom(x.value * p["k"][1].value, [x, p["k"][1]], [p["k"][1].value, x.value * 1.001])

    with pytest.raises(AssertionError) as caught:
        gradcheck(product, (3.0, {"k": [9.0, 4.0]}))
    message = str(caught.value)
    for part in (
        "gradcheck of product",
        "args[1]['k'][1] = 4.0",
        repr(3.0 * 1.001),
        "by grad",
        "3.0e-03",
        "rtol=1e-06",
    ):
        assert part in message
    assert gradcheck(product, (3.0, {"k": [9.0, 4.0]}), rtol=2e-3)
    assert gradcheck(product, (3.0, {"k": [9.0, 4.0]}), rtol=0, atol=4e-3)


def test_a_kink_and_an_end_of_the_domain_are_shown() -> None:
    with pytest.raises(AssertionError, match=r"args\[0\] = 0.0 is 0.0 by grad, 0.5 by differences"):
        gradcheck(math.relu, (0.0,))
    with pytest.raises(AssertionError, match="is inf by grad, but f has no finite values"):
        gradcheck(math.sqrt, (0.0,))
    with pytest.raises(AssertionError, match="nan by grad"):
        gradcheck(lambda x: x * float("nan"), (1.0,))


def test_an_error_of_the_function_itself_gets_out() -> None:
    def f(x: Any) -> Any:
        raise KeyError("mine")

    for check in (gradcheck, finite_difference):
        with pytest.raises(KeyError, match="mine"):
            check(f, (1.0,))
