"""What the transforms promise around the numbers: floats or Vars, no .grad touched, errors, no_grad, depth."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from vargrad import Var, custom, detect_anomaly, grad, hessian, hvp, jacobian, math, no_grad, reference, value_and_grad


def cubic(x: Any) -> Any:
    return x[0] ** 3 * x[1]


# Each as a function of (f, x), so that all are asked the same.
TRANSFORMS: dict[str, Callable[[Any, Any], Any]] = {
    "grad": lambda f, x: grad(f)(x),
    "value_and_grad": lambda f, x: value_and_grad(f)(x),
    "jacobian": lambda f, x: jacobian(f)(x),
    "hessian": lambda f, x: hessian(f)(x),
    "hvp": lambda f, x: hvp(f)(x, [1.0, 2.0]),
}
EVERY = pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)


def numbers(x: Any) -> list[Any]:
    return [v for item in x for v in numbers(item)] if isinstance(x, (list, tuple)) else [x]


def values(x: Any) -> list[float]:
    return [v.value if isinstance(v, Var) else v for v in numbers(x)]


# ---- floats where nothing is left to differentiate, else Vars


@EVERY
def test_floats_of_plain_numbers(transform: Any) -> None:
    constant = Var(5.0)
    for result in (transform(cubic, [2.0, 3.0]), transform(lambda x: cubic(x) * constant, [2.0, 3.0])):
        assert {type(v) for v in numbers(result)} == {float}


@EVERY
def test_vars_of_vars(transform: Any) -> None:
    plain = transform(cubic, [2.0, 3.0])
    for x in ([Var(2.0), 3.0], [2.0, Var(3.0, requires_grad=True)], [Var(1.0) * 2.0, Var(3.0)]):
        found = transform(cubic, x)
        assert all(isinstance(v, Var) for v in numbers(found))
        assert values(found) == values(plain)


@EVERY
def test_a_closed_over_parameter_stays_connected(transform: Any) -> None:
    w = Var(5.0, requires_grad=True)
    w.grad = 0.25
    found = transform(lambda x: cubic(x) * w, [2.0, 3.0])
    assert w.grad == 0.25
    assert all(isinstance(v, Var) for v in numbers(found))
    plain = values(transform(cubic, [2.0, 3.0]))
    for v, slope in zip(numbers(found), plain, strict=True):  # linear in w
        w.grad = 0.0
        v.backward()
        assert (v.value, w.grad) == (5.0 * slope, slope)


@EVERY
def test_the_rule_asks_the_value_not_the_derivative(transform: Any) -> None:
    """A sum's derivative does not depend on the other term, but its type must not depend on that."""
    w = Var(5.0, requires_grad=True)
    found = transform(lambda x: cubic(x) + w, [2.0, 3.0])
    assert all(isinstance(v, Var) for v in numbers(found))


@EVERY
def test_transforms_leave_no_variable_behind(transform: Any) -> None:
    """An outer transform over plain floats ends in floats: the inner variables are nobody's any more."""
    found = grad(lambda w: math.sum(numbers(transform(lambda x: cubic(x) * w, [2.0, 3.0]))))(5.0)
    assert type(found) is float
    assert found == math.sum(values(transform(cubic, [2.0, 3.0])))


def test_hvp_of_a_vector_of_vars() -> None:
    v = [Var(1.0, requires_grad=True), 2.0]
    found = hvp(cubic)([2.0, 3.0], v)
    found[0].backward()
    assert v[0].grad == hessian(cubic)([2.0, 3.0])[0][0]


def test_jacobian_rows_are_all_of_one_kind() -> None:
    w = Var(5.0, requires_grad=True)
    found = jacobian(lambda x: [x[0] * 2, x[1] * w, 1.0])([2.0, 3.0])
    assert all(isinstance(v, Var) for v in numbers(found))
    array = jacobian(lambda x: x * np.array([1.0, w]))(np.array([2.0, 3.0]))
    assert array.dtype == object
    assert values(array.tolist()) == [1.0, 0.0, 0.0, 5.0]


def test_arrays_of_vars() -> None:
    x = np.array([Var(2.0, requires_grad=True), Var(3.0, requires_grad=True)])
    found = grad(cubic)(x)
    assert found.dtype == object
    (found * found).sum().backward()
    g, h = np.array(grad(cubic)([2.0, 3.0])), np.array(hessian(cubic)([2.0, 3.0]))
    assert [v.grad for v in x] == (2 * h @ g).tolist()


@pytest.mark.parametrize("constant", [7, 7.0, np.float64(7.0), np.array(7.0), Var(7.0)])
def test_derivatives_of_a_constant_are_zeros(constant: Any) -> None:
    x = {"a": [1.0, 2.0], "b": np.ones(2)}
    value, found = value_and_grad(lambda x: constant)(x)
    assert (type(value), value) == (float, 7.0)
    assert found["a"] == [0.0, 0.0]
    assert found["b"].tolist() == [0.0, 0.0]
    assert hessian(lambda x: constant)([1.0, 2.0]) == [[0.0, 0.0], [0.0, 0.0]]
    assert hvp(lambda x: constant)([1.0, 2.0], [1.0, 1.0]) == [0.0, 0.0]
    assert jacobian(lambda x: [constant, x])(1.0) == [0.0, 1.0]
    of_var = value_and_grad(lambda x: constant)(Var(1.0))
    assert all(isinstance(v, Var) for v in of_var)
    assert values(of_var) == [7.0, 0.0]


def test_no_grad_attribute_is_touched() -> None:
    leaves = [Var(float(i), requires_grad=True) for i in range(1, 5)]
    for i, leaf in enumerate(leaves):
        leaf.grad = i / 8
    grad(lambda x: cubic([x, leaves[0]]))(leaves[1])
    hessian(lambda x: cubic(x) * leaves[2])(leaves[:2])
    value_and_grad(cubic)([leaves[3], 2.0])
    assert [leaf.grad for leaf in leaves] == [i / 8 for i in range(4)]
    assert all(leaf.requires_grad for leaf in leaves)


# ---- no_grad, detect_anomaly, exceptions, threads


@EVERY
def test_inside_no_grad(transform: Any) -> None:
    """A derivative asked for is found; what nobody may differentiate further is a leaf."""
    w, v = Var(5.0, requires_grad=True), Var(2.0, requires_grad=True)
    plain = transform(cubic, [2.0, 3.0])
    with no_grad():
        assert transform(cubic, [2.0, 3.0]) == plain
        for found in (transform(lambda x: cubic(x) * w / 5, [2.0, 3.0]), transform(cubic, [v, 3.0])):
            assert values(found) == values(plain)
            assert all(r.prev_op is None and not r.requires_grad for r in numbers(found))
        assert (v * v).prev_op is None


def test_no_grad_inside_the_function_holds_back_a_part() -> None:
    def f(x: Any) -> Any:
        with no_grad():
            factor = x * x
        return factor * x

    assert grad(f)(3.0) == 9.0
    with no_grad():
        assert grad(f)(3.0) == 9.0


@EVERY
@pytest.mark.parametrize("outer", [False, True])
def test_an_exception_leaves_everything_as_it_was(transform: Any, outer: bool) -> None:
    class Unlucky(Exception):
        pass

    kept: list[Any] = []

    def f(x: Any) -> Any:
        kept.extend(x)
        raise Unlucky

    v = Var(2.0, requires_grad=True)
    if outer:
        with no_grad():
            with pytest.raises(Unlucky):
                transform(f, [v, 1.0])
            assert (v * v).prev_op is None
    else:
        with pytest.raises(Unlucky):
            transform(f, [v, 1.0])
    assert (v * v).prev_op == "mul"
    assert v.requires_grad
    assert not any(x.requires_grad for x in kept)


def test_detect_anomaly_reaches_in() -> None:
    with detect_anomaly(), pytest.raises(FloatingPointError, match="sqrt"):
        grad(math.sqrt)(0.0)
    assert grad(math.sqrt)(0.0) == float("inf")


def test_threads_do_not_meet() -> None:
    found: dict[int, Any] = {}

    def work(i: int) -> None:
        found[i] = [hessian(cubic)([float(i), float(k)]) for k in range(50)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert found == {i: [hessian(cubic)([float(i), float(k)]) for k in range(50)] for i in range(4)}


# ---- depth

DEPTH = 100_000


def chain(x: Any) -> Any:
    """x squared, after DEPTH operations that lead back to x."""
    for _ in range(DEPTH // 2):
        x = (x + 1.0) - 1.0
    return x * x


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        (grad(chain), 3.0),
        (jacobian(lambda x: [chain(x), x]), [3.0, 1.0]),
        (hessian(chain), 2.0),
        (lambda x: hvp(chain)(x, 2.0), 4.0),
        (lambda x: grad(chain)(Var(x)).value, 3.0),
    ],
    ids=["grad", "jacobian", "hessian", "hvp", "grad of a Var"],
)
def test_deep_functions(transform: Any, expected: Any) -> None:
    """A chain of 100,000 operations, in a thread whose stack, 10 bytes for each, has no room to recurse.

    Not less, for the pure twin's sake: CPython 3.13 frees linked objects by recursion, to a depth of its own choice.
    """
    found: list[Any] = []
    size = threading.stack_size(10 * DEPTH // 4096 * 4096)
    try:
        thread = threading.Thread(target=lambda: found.append(transform(1.5)))
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
    assert found == [expected]


# ---- metadata and errors


def test_the_result_is_named_after_both() -> None:
    def area(width: float, *, height: float = 2.0) -> float:
        """The area."""
        return width * height

    for name, transform in (("grad", grad), ("hessian", hessian), ("hvp", hvp)):
        derived = transform(area)
        assert derived.__name__ == derived.__qualname__ == f"{name}(area)"
        assert derived.__module__ == area.__module__
        assert "area" in derived.__doc__
    assert grad(area).__wrapped__ is area
    assert grad(area, argnums=(0,)).__doc__ == "Gradient of area by positional argument (0,)."

    class Squarer:
        def __call__(self, x: Any) -> Any:
            return x * x

    assert grad(Squarer()).__name__ == "grad(Squarer)"
    assert grad(Squarer())(3.0) == 6.0


def returns(result: Any) -> Callable[..., Any]:
    def f(*args: Any) -> Any:
        return result

    return f


ERRORS: list[tuple[Callable[[], Any], type[Exception], list[str]]] = [
    (lambda: grad(3.0), TypeError, ["grad() takes a function, not float (3.0)", "grad(f)(x)"]),
    (lambda: hvp(None), TypeError, ["hvp() takes a function, not NoneType"]),
    (lambda: grad(cubic, argnums=1.0), TypeError, ["grad(): argnums must be an int or a tuple of ints, not 1.0"]),
    (lambda: hessian(cubic, argnums=True), TypeError, ["hessian(): argnums", "not True"]),
    (lambda: jacobian(cubic, argnums="0"), TypeError, ["jacobian(): argnums", "not '0'"]),
    (lambda: grad(cubic, argnums=(0, None)), TypeError, ["argnums", "not (0, None)"]),
    (lambda: grad(cubic, argnums=(0, False)), TypeError, ["argnums", "not (0, False)"]),
    (lambda: grad(cubic, argnums=()), ValueError, ["argnums is empty"]),
    (
        lambda: grad(cubic, 1)([1.0, 2.0]),
        ValueError,
        ["of cubic", "argument 1", "the call has 1 positional", "keyword"],
    ),
    (lambda: grad(cubic, -2)([1.0, 2.0]), ValueError, ["argnums=-2", "cubic"]),
    (lambda: grad(cubic)(x=[1.0, 2.0]), ValueError, ["argument 0", "0 positional"]),
    (lambda: grad(cubic, (0, 0))([1.0]), ValueError, ["of cubic: argnums=(0, 0) names an argument twice"]),
    (lambda: grad(cubic, (0, -1))([1.0]), ValueError, ["twice"]),
    (lambda: grad(cubic)("text"), TypeError, ["grad(): argument 0 of cubic must be a float", "not str ('text')"]),
    (lambda: grad(cubic)([1.0, {"k": (2.0, None)}]), TypeError, ["argument 0 of cubic at [1]['k'][1]", "not None"]),
    (lambda: hessian(cubic)([1.0, 2j]), TypeError, ["hessian(): argument 0 of cubic at [1]", "not complex (2j)"]),
    (lambda: grad(cubic, 1)(1.0, {2.0}), TypeError, ["argument 1 of cubic", "not set"]),
    (lambda: grad(cubic)(np.array([1j])), TypeError, ["argument 0", "not an array of complex128"]),
    (lambda: grad(cubic)(np.array([[1.0, 2.0], [3.0, "x"]], dtype=object)), TypeError, ["at [1, 1]", "str ('x')"]),
    (lambda: grad(cubic)([1.0, 10**400]), OverflowError, ["argument 0 of cubic", "too large for a float"]),
    (lambda: grad(returns(None))(1.0), TypeError, ["f returned nothing (None): does it lack a return?"]),
    (lambda: grad(returns([1.0, 2.0]))(1.0), TypeError, ["grad() needs", "f returned [float, float]", "jacobian"]),
    (lambda: hessian(returns({"a": 1.0}))(1.0), TypeError, ["hessian() needs", "f returned {'a': float}", "jacobian"]),
    (lambda: value_and_grad(returns(np.ones((2, 3))))(1.0), TypeError, ["f returned array(2, 3)", "jacobian"]),
    (lambda: grad(returns(1j))(1.0), TypeError, ["f returned complex (1j)"]),
    (lambda: grad(returns("7"))(1.0), TypeError, ["f returned str ('7')"]),
    (lambda: jacobian(returns([1.0, (None,)]))(1.0), TypeError, ["jacobian(): what f returned at [1][0]", "not None"]),
    (lambda: hvp(cubic)([1.0, 2.0], (1.0, 2.0)), ValueError, ["x, [float, float], not (float, float)"]),
    (lambda: hvp(cubic)([1.0, 2.0], [1.0]), ValueError, ["hvp() of cubic", "[float, float], not [float]"]),
    (lambda: hvp(cubic)({"a": 1.0}, {"b": 1.0}), ValueError, ["{'a': float}, not {'b': float}"]),
    (lambda: hvp(cubic)(np.ones(2), np.ones((2, 1))), ValueError, ["array(2,), not array(2, 1)"]),
    (lambda: hvp(cubic)([0.0] * 50, [0.0] * 49), ValueError, ["50 items", "49 items"]),
    (lambda: hvp(cubic)([1.0, 2.0], [1.0, "x"]), TypeError, ["the vector v for cubic at [1]", "str ('x')"]),
]


@pytest.mark.parametrize(("call", "kind", "parts"), ERRORS, ids=[f"{i}: {e[2][0]}" for i, e in enumerate(ERRORS)])
def test_errors_say_what_was_given_and_what_to_do(call: Any, kind: type[Exception], parts: list[str]) -> None:
    with pytest.raises(kind) as caught:
        call()
    for part in parts:
        assert part in str(caught.value)


def test_a_custom_partial_given_as_a_number_cannot_be_differentiated_again() -> None:
    f = lambda x: custom(x.value**2, [x], [2 * x.value])  # noqa: E731
    assert grad(f)(3.0) == 6.0
    with pytest.raises(TypeError, match="give a Var"):
        hessian(f)(3.0)
    assert hessian(lambda x: custom(x.value**2, [x], [2 * x]))(3.0) == 2.0


def test_lists_need_no_numpy() -> None:
    script = (
        "import sys; from vargrad import hessian, jacobian;"
        "hessian(lambda x: x[0] * x[1])([1.0, 2.0]); jacobian(lambda x: [x])({'a': 1.0}); print('numpy' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == "False"


def test_foreign_vars_are_refused_by_name() -> None:
    """A Var of the twin that is not active; on the pure twin there is no other."""
    foreign = reference.Var(1.0)
    if reference.Var is Var:
        assert isinstance(grad(lambda x: x * x)(foreign), Var)
    else:
        with pytest.raises(TypeError, match=r"while the active backend's Var is vargrad's"):
            grad(lambda x: x * x)(foreign)
        with pytest.raises(TypeError, match=r"returned a Var of vargrad\.reference"):
            grad(lambda x: foreign)(1.0)


def test_computed_var_that_requires_grad_is_somebodys_variable() -> None:
    """A derivative by it is not lost: the result stays connected, as it does over a leaf."""
    doubled = Var(2.0) * 3.0
    doubled.requires_grad = True
    slope: Any = grad(lambda x: x * x * doubled)(2.0)
    slope.backward()
    assert (slope.value, doubled.grad) == (24.0, 4.0)
