"""Functions of vargrad.math in their usual forms run no Python code; unusual arguments give the same on both twins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from calls import python_calls
from twins import Implementation, key, outcome
from vargrad import reference

# By name: calls with two Vars and a number. What is unusual is added by the tests.
USUAL: dict[str, Callable[[Any, Any, Any], Any]] = {
    "log": lambda f, a, b: f(a),
    "log with a base": lambda f, a, b: f(a, 2.0),
    "log to a Var": lambda f, a, b: f(2, a),
    "pow": lambda f, a, b: (f(a, b), f(a, 2), f(2.0, b), f(True, b)),
    "square": lambda f, a, b: f(a),
    "where": lambda f, a, b: (f(True, a, b), f(False, a, 1.0), f(True, 1.0, b)),
    "sum": lambda f, a, b: (f([a, b, 1.5]), f((a, 2, True))),
    "mean": lambda f, a, b: f([a, b, 1.5]),
    "prod": lambda f, a, b: (f([a, b, 1.5]), f([a, np.float64(2.0)])),
    "logsumexp": lambda f, a, b: f([a, b, 1.5]),
    "dot": lambda f, a, b: f([a, b], (1.5, 2)),
    "hypot": lambda f, a, b: (f(a), f(a, b), f(a, 1, 2.0)),
    "dist": lambda f, a, b: f([a, b], [0.5, b]),
    "maximum": lambda f, a, b: (f(a), f(a, b), f(a, 1, b, 2.5)),
    "minimum": lambda f, a, b: (f(a), f(a, b), f(a, 1, b, 2.5)),
    "isnan": lambda f, a, b: (f(a), f(1.0)),
    "isfinite": lambda f, a, b: f(a),
    "floor": lambda f, a, b: (f(a), f(1.5)),
    "trunc": lambda f, a, b: f(a),
}


@pytest.mark.parametrize("name", USUAL)
def test_usual_calls_run_no_python(compiled: Implementation, name: str) -> None:
    function = getattr(compiled.math, name.split(" ")[0])
    a, b = compiled.Var(1.5), compiled.Var(0.75)
    call = USUAL[name]
    assert python_calls(lambda: call(function, a, b)) in ([], ["<lambda>"])


def test_usual_calls_of_vars_run_no_python(compiled: Implementation) -> None:
    v, w = compiled.Var(1.2345), compiled.Var(2.0)
    values = [v, w, 0.5]
    ours: Any = compiled.math
    assert python_calls(lambda: (round(v, 2), v.hypot(w), v.hypot(3.0))) == []  # type: ignore[arg-type]
    assert set(python_calls(lambda: ours.softmax(values))) == set()


ODD: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda kind: [],
    "numbers": lambda kind: [0.5, 2, True],
    "a generator": lambda kind: (kind(x) for x in (0.5, 0.25)),
    "a subclass": lambda kind: type("Own", (list,), {"__iter__": lambda self: reversed(self)})([kind(0.5), 2.0]),
    "a fraction": lambda kind: [kind(0.5), Fraction(1, 4)],
    "a large int": lambda kind: [kind(0.5), 2**70],
    "too large an int": lambda kind: [kind(0.5), 10**400],
    "numpy": lambda kind: [kind(0.5), np.float64(0.25), np.float32(0.5)],
    "many": lambda kind: [kind(float(i)) for i in range(12)],
    "inf": lambda kind: [kind(float("inf")), kind(-1.0)],
    "nan": lambda kind: [kind(1.0), kind(float("nan"))],
    "zeros": lambda kind: [kind(-0.0), 0.0],
    "no number": lambda kind: [kind(1.0), "1"],
    "an array": lambda kind: np.array([1.0, 2.0]),
}


def with_grads(function: Callable[..., Any], arguments: Callable[[Callable[..., Any]], Any], kind: Any) -> Any:
    """What it returns or raises, and the grads of the Vars that it was given."""
    made: list[Any] = []

    def leaf(x: float) -> Any:
        made.append(kind(x, requires_grad=True))
        return made[-1]

    def call() -> Any:
        result = function(*arguments(leaf))
        for v in result if isinstance(result, list) else [result]:
            if isinstance(v, kind):
                v.backward()
        return result

    return outcome(call), [key(v.grad) for v in made]


def odd_calls() -> Iterator[tuple[str, str]]:
    for name in ("sum", "mean", "prod", "logsumexp", "softmax", "dot", "dist", "hypot", "maximum", "minimum"):
        for odd in ODD:
            yield name, odd


@pytest.mark.parametrize(("name", "odd"), list(odd_calls()))
def test_unusual_arguments(twins: list[Implementation], name: str, odd: str) -> None:
    def arguments(kind: Callable[..., Any]) -> Any:
        values = ODD[odd](kind)
        if name in ("hypot", "maximum", "minimum"):
            return tuple(values)
        return (values, ODD[odd](kind)) if name in ("dot", "dist") else (values,)

    found = [with_grads(getattr(twin.math, name), arguments, twin.Var) for twin in twins]
    assert found.count(found[0]) == len(found)


NUMBERS = [0.5, -2.0, 0.0, -0.0, 2, True, 10**400, 1e200, float("inf"), float("nan"), Fraction(1, 2), "1", None]


@pytest.mark.parametrize("x", NUMBERS, ids=repr)
def test_pow_log_and_where_of_anything(twins: list[Implementation], x: Any) -> None:
    def variable(kind: Any, value: Any) -> Any:
        return kind(value) if isinstance(value, float) else value

    for y in NUMBERS:
        for name in ("pow", "log"):
            for first, second in ((True, True), (True, False), (False, True), (False, False)):
                found = [
                    outcome(
                        getattr(twin.math, name),
                        variable(twin.Var, x) if first else x,
                        variable(twin.Var, y) if second else y,
                    )
                    for twin in twins
                ]
                assert found.count(found[0]) == len(found), (name, x, y, first, second)


@pytest.mark.parametrize("digits", [0, 2, -1, 17, 299, 300, -300, 400, -400, 10**30, True, np.int64(2), 2.0, None])
@pytest.mark.parametrize("x", [2.675, -0.0, 1234.5, 1.7e308, float("inf"), float("nan")])
def test_round(twins: list[Implementation], x: float, digits: Any) -> None:
    found = [outcome(round, twin.Var(x), digits) for twin in twins]
    assert found.count(found[0]) == len(found)
    if not isinstance(digits, int) or abs(digits) < 400:
        assert found[0] == outcome(round, x, digits)


def test_leaves_of_a_block(impl: Implementation) -> None:
    """Their values are those of the array, also after it was written to."""
    block = impl.Block([3.0, 4.0])
    a, b = block.leaves
    for v in (a, b):
        v.requires_grad = True
    kept = a + b
    block.values[0] = 6.0
    block.values[1] = 8.0
    ours: Any = impl.math
    assert (ours.hypot(a, b).value, a.hypot(b).value, ours.sum([a, b]).value) == (10.0, 10.0, 14.0)
    assert (ours.pow(a, 2).value, ours.maximum(a, b).value, ours.dist([a], [0.0]).value) == (36.0, 8.0, 6.0)
    assert round(a, 1).value == 6.0
    assert kept.value == 7.0
    ours.dot([a, b], [1.0, 2.0]).backward()
    assert (a.grad, b.grad) == (1.0, 2.0)
    block.values[0] = -8.0
    with pytest.raises(ValueError, match="math domain error"):
        ours.pow(a, 0.5)


def test_modes(impl: Implementation) -> None:
    a, b = impl.Var(3.0, requires_grad=True), impl.Var(4.0)
    ours: Any = impl.math
    with impl.no_grad():
        for y in (ours.hypot(a, b), ours.sum([a, b]), ours.log(a), ours.pow(a, b), ours.maximum(a, b), round(a, 1)):
            assert y.prev_op is None
        assert all(y.prev_op is None for y in ours.softmax([a, b]))
    y = ours.log(a) * 0.0
    with impl.detect_anomaly(), pytest.raises(FloatingPointError, match="test_direct"):
        ours.dot([ours.log(ours.maximum(impl.Var(1e-320), 0.0))], [1.0]).backward()
    assert y.value == 0.0


def test_vars_of_the_pure_twin(compiled: Implementation) -> None:
    """They go through the pure twin's rows."""
    a, b = reference.Var(3.0, requires_grad=True), reference.Var(4.0)
    ours: Any = compiled.math
    for y in (ours.hypot(a, b), ours.sum([a, b]), ours.log(a), ours.log(a, 2.0), ours.pow(a, b), ours.dist([a], [b])):
        assert isinstance(y, reference.Var)
    assert all(isinstance(y, reference.Var) for y in ours.softmax([a, 1.0]))
    assert ours.where(False, a, 1.0).value == 1.0
    with pytest.raises(TypeError, match="Var"):
        ours.sum([a, compiled.Var(1.0)])
