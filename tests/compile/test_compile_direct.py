"""Calls of one row: the second call goes straight to the machine, and says what the first one said."""

from __future__ import annotations

import inspect
import math
import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import recorded
import vargrad
from recorded import MACHINES, close, leaf
from twins import Implementation
from vargrad import math as m
from vargrad._compile.paths import Output

METHODS = ("__call__", "value_and_grad", "grad", "jacobian", "hessian")


@pytest.fixture(params=list(MACHINES))
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    recorded.use(monkeypatch, request.param)
    return str(request.param)


pytestmark = pytest.mark.usefixtures("machine")


def same(a: Any, b: Any) -> bool:
    """Equal types, shapes and bits, through tuples."""
    if isinstance(a, tuple):
        return isinstance(b, tuple) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and np.shape(a) == np.shape(b) and bool(np.all(a == b))


def slow(compiled: Any, name: str, *args: Any) -> Any:
    """The long way of the same function: by keyword ``workers`` no shortcut is asked."""
    return getattr(compiled, name)(*args, workers=2)


FUNCTIONS: dict[str, tuple[Callable[..., Any], str | None, list[Any]]] = {
    "number": (lambda x: x * m.sin(x), None, [0.7]),
    "numbers": (lambda x, y: x * m.sin(y) + m.exp(x), None, [0.7, -1.2]),
    "vector": (lambda v: m.dot(v, v) * v[0] + m.exp(v[2]), "(n)->()", [np.array([0.5, -1.0, 2.0])]),
    "matrix": (lambda A: A[0, 0] * A[1, 2] + m.exp(A[0, 1]), "(m,n)->()", [np.arange(6.0).reshape(2, 3)]),
    "mixed": (lambda a, v, b: a * v[0] ** 2 + m.sin(b * v[1]), "(),(n),()->()", [2.0, np.array([0.1, 0.2]), -0.3]),
    "vectors": (lambda v, w: m.dot(v, w) ** 2 / w[0], "(n),(n)->()", [np.array([1.0, 2.0]), np.array([3.0, 4.0])]),
    "guards": (lambda v: v[0] * v[1] if v[0] > v[1] else m.exp(v[1] - v[0]), "(2)->()", [np.array([2.0, 1.0])]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_short_way_says_what_the_long_way_says(name: str) -> None:
    f, signature, args = FUNCTIONS[name]
    compiled = vargrad.compile(f, signature=signature)
    other = [-x[::-1].copy() if isinstance(x, np.ndarray) else x + 0.5 for x in args]
    for method in METHODS:
        for given in (args, other, args, other):
            found, expected = getattr(compiled, method)(*given), slow(compiled, method, *given)
            assert same(found, expected)
    for k in range(3):
        vectors = tuple(np.ones_like(x) * k if isinstance(x, np.ndarray) else float(k) for x in args)
        vector = vectors if len(args) > 1 else vectors[0]
        assert same(compiled.hvp(*args, vector), slow(compiled, "hvp", *args, vector))


def test_results_keep_their_containers_and_shapes() -> None:
    x = np.array([1.0, 2.0])
    for result, signature in [
        (lambda v: [v[0] * v[1], v[0]], "(n)->(2)"),
        (lambda v: (v[0] * v[1], [v[0], v[1], 3.0]), "(n)->(),(3)"),
        (lambda v: [v[0] * v[1], v[1]], "(n)->(),()"),
    ]:
        compiled = vargrad.compile(result, signature=signature)
        for method in ("__call__", "jacobian"):
            for _ in range(3):
                found, expected = getattr(compiled, method)(x), slow(compiled, method, x)
                assert type(found) is type(expected)
                assert all(map(same, found, expected))


def test_every_result_is_a_new_array() -> None:
    compiled = vargrad.compile(lambda v: m.dot(v, v), signature="(n)->()")
    x = np.array([1.0, 2.0])
    first, second, third = (compiled.grad(x) for _ in range(3))
    second[:] = 7.0
    assert (first == 2.0 * x).all()
    assert (third == 2.0 * x).all()
    assert third.flags.owndata or third.base is not second.base
    assert not np.shares_memory(third, x)


def test_what_is_unlike_goes_the_long_way() -> None:
    compiled = vargrad.compile(lambda v: m.dot(v, v), signature="(n)->()")
    x = np.array([1.0, 2.0, 3.0])
    compiled.grad(x)
    for other in (
        [1.0, 2.0, 3.0],
        np.array([1, 2, 3]),
        x.astype(np.float32),
        x.astype(">f8"),
        np.repeat(x, 2)[::2],
        x[::-1][::-1],
        np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(float),  # not aligned
        x.view(type("Mine", (np.ndarray,), {})),
    ):
        assert np.array_equal(compiled.grad(other), 2.0 * x)
    assert np.array_equal(compiled.grad(np.stack([x, -x])), [2.0 * x, -2.0 * x])
    assert np.array_equal(compiled.grad(x[:2]), 2.0 * x[:2])
    with pytest.raises(ValueError, match="needs 1 dimension"):
        compiled.grad(1.0)
    with pytest.raises(TypeError, match="positional arguments"):
        compiled.grad(x, x)
    with pytest.raises(TypeError, match="misses argument"):
        compiled.grad()
    with pytest.raises(ValueError, match="workers"):
        compiled.grad(x, workers=0)

    point = vargrad.compile(lambda a, b: a * b)
    assert point(2.0, 3.0) == point(2, 3) == point(True, np.float64(6.0)) == point(a=2.0, b=3.0) == 6.0
    assert point.grad(2, np.int64(3)) == (3.0, 2.0)
    for wrong, error in ((10**400, TypeError), ("2", TypeError), (None, TypeError), (1j, TypeError)):
        with pytest.raises(error, match="argument 'b'"):
            point(2.0, wrong)
    product = point(vargrad.Var(2.0), 3.0)
    assert isinstance(product, vargrad.Var)


def test_leaves_are_read_at_each_call_and_paths_found() -> None:
    w = leaf(2.0)

    def f(v: Any) -> Any:
        return w * v[0] * v[1] if v[0] > w else m.exp(v[1]) - v[0]

    compiled = vargrad.compile(f, signature="(n)->()")
    for value, first, second in np.random.default_rng(0).uniform(-2.0, 2.0, (50, 3)).tolist():
        w.value = value
        x = np.array([first, second])
        result, gradient = compiled.value_and_grad(x)
        assert close(result, getattr(f(x), "value", f(x)))
        expected = [value * second, value * first] if first > value else [-1.0, np.exp(second)]
        assert close(gradient, expected)
        assert same(compiled.grad(x), gradient)
        assert same(compiled(x), result)
        assert close(compiled.hvp(x, np.array([1.0, 0.0])), [0.0, value] if first > value else [0.0, 0.0])
    assert compiled.paths == 2


def test_many_paths_in_any_order() -> None:
    """A tree of paths whose guards read leaves that others do not have: each row finds its own, or makes it."""
    low, high = leaf(-0.5), leaf(1.0)

    def f(x: Any, n: Any) -> Any:
        while x < high:
            x = x + n * n + 0.3
        return x * low if n < low else m.sin(x) + n

    compiled = vargrad.compile(f)
    points = np.random.default_rng(3).uniform(-1.0, 1.2, (60, 2)).tolist()
    for _ in range(2):
        for x, n in points:
            found = [compiled.value_and_grad(x, n), compiled.hessian(x, n)]
            assert same(found[0], slow(compiled, "value_and_grad", x, n))
            assert same(found[1], slow(compiled, "hessian", x, n))
            assert close(found[0][1], vargrad.grad(lambda a, b: f(a, b), argnums=(0, 1))(x, n))
        high.value = 1.3
    assert compiled.paths > 5
    assert compiled(math.nan, 0.5) != compiled(math.nan, 0.5)


def test_backward_of_one_row() -> None:
    """Adds what eager code adds, also on a path of other leaves, and nothing to a leaf that wants nothing."""
    w, b, constant = leaf(0.7), leaf(-0.2), vargrad.Var(3.0)

    def f(x: Any, y: Any) -> Any:
        error = w * x + b - y if x > 0 else constant * b * x + y
        return error * error

    compiled = vargrad.compile(f)
    eager = vargrad.Var(0.0)
    for x, y in np.random.default_rng(4).normal(size=(30, 2)).tolist():
        for v in (w, b):
            v.grad = 0.25
        value = compiled.backward(x, y)
        found = [w.grad, b.grad]
        for v in (w, b):
            v.grad = 0.25
        eager = f(vargrad.Var(x), vargrad.Var(y))
        eager.backward()
        assert close(value, eager.value)
        assert close(found, [w.grad, b.grad])
        w.value -= 0.01 * w.grad
    assert not constant.requires_grad
    before = w.grad, b.grad
    with pytest.raises(TypeError, match="argument 'y'"):
        compiled.backward(1.0, "2")
    with pytest.raises(TypeError, match="Var's derivative would be lost"):
        compiled.backward(vargrad.Var(1.0), 2.0)
    with pytest.raises(TypeError, match="Var's derivative would be lost"):
        vargrad.compile(lambda x: x * compiled.backward(1.0, 2.0))(1.0)
    assert (w.grad, b.grad) == before
    vector = vargrad.compile(lambda v: w * m.dot(v, v), signature="(n)->()")
    w.grad = 0
    for _ in range(3):
        vector.backward(np.array([1.0, 2.0]))
    assert w.grad == 15.0


def test_while_another_function_records() -> None:
    """Leaves are the outer recording's then: no number is frozen."""
    w = leaf(3.0)
    inner = vargrad.compile(lambda x: w * x)
    assert inner(2.0) == inner(2.0) == 6.0
    outer = vargrad.compile(lambda y: y * inner(2.0))
    assert outer(1.0) == 6.0
    w.value = 5.0
    assert outer(1.0) == outer(1.0) == 10.0
    slope = vargrad.compile(lambda y: y * inner.grad(2.0))
    assert slope(1.0) == 5.0
    w.value = 7.0
    assert slope(1.0) == slope(1.0) == 7.0


def test_long_programs() -> None:
    """More numbers than fit on the stack, and steps that other threads need not wait for."""

    def f(v: Any) -> Any:
        total = 0.0
        for i in range(len(v) - 1):
            total = total + (v[i + 1] - v[i] ** 2) ** 2 * m.exp(v[i])
        return total

    compiled = vargrad.compile(f, signature="(n)->()")
    for n in (50, 300, 3000):
        x = np.random.default_rng(n).uniform(-1.0, 1.0, n)
        for _ in range(2):
            assert same(compiled.value_and_grad(x), slow(compiled, "value_and_grad", x))


@pytest.mark.parametrize("n", [5, 2500])
def test_threads(n: int) -> None:
    """One function, many threads, each its own numbers, short and long programs."""
    compiled = vargrad.compile(lambda v: sum(m.sin(a) * b for a, b in pairwise(v)), signature="(n)->()")
    x = np.random.default_rng(0).normal(size=(8, n))
    right = [slow(compiled, "grad", row) for row in x]
    wrong: list[int] = []
    start = threading.Barrier(4)

    def work(first: int) -> None:
        start.wait()
        for k in range(first, first + 100):
            if not np.array_equal(compiled.grad(x[k % 8]), right[k % 8]):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_shortcut_fits_its_program(compiled: Implementation) -> None:
    from vargrad._vm import machine_c

    f = vargrad.compile(lambda x, y: x * y)
    f(1.0, 2.0)
    (specialization,) = f._specializations.values()
    machine = machine_c.Machine(specialization.paths[0].program(Output("value")))
    for arguments, parts, pair, alone, side_traces, match in [
        ([()], [()], False, True, None, "1 inputs and 1 outputs: the program has 2 and 1"),
        ([(2,)], [(2,)], False, True, None, "2 inputs and 2 outputs"),
        ([(2,)], [()], False, True, object(), "2 inputs and 2 outputs"),
        ([(2,)], [()], True, True, None, "1 parts of a result: expected 2"),
        ([(2,)], [(1,) * 65], False, True, None, "at most 64 dimensions"),
        ([(), ()], [()], True, False, None, "expected 2 or more"),
    ]:
        with pytest.raises(ValueError, match=match):
            machine.shortcut(machine, arguments, parts, pair, alone, (), side_traces)

    class Wrong:
        def guards(self) -> Any:
            return machine, [1.0, 2.0]

    guarded = machine_c.Machine(
        specialization.paths[0].program(Output("value_and_grad", (0,)))
    )  # its second output is y
    shortcut = machine.shortcut(guarded, [(), ()], [()], False, True, (), Wrong())
    assert shortcut((2.0, 1.0)) == 2.0
    with pytest.raises(ValueError, match="does not fit"):
        shortcut((2.0, 3.0))
    with pytest.raises(TypeError, match="Machine"):
        machine.shortcut(None, [()], [()], False, True)
    with pytest.raises(TypeError):
        machine.shortcut(machine, [(), ()], [()], False, True)(None)


def test_methods_look_like_functions() -> None:
    """They have names, docstrings and signatures, bound or not, and a subclass may put its own in their place."""

    class Twice(vargrad.Compiled):
        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            return 2.0 * super().__call__(*args, **kwargs)

    f = Twice(lambda x: x * x)
    assert [f(x) for x in (3.0, 4.0)] == [18.0, 32.0]
    assert [f.grad(x) for x in (3.0, 4.0)] == [6.0, 8.0]
    assert [vargrad.Compiled.grad(f, x) for x in (3.0, 4.0)] == [6.0, 8.0]
    assert list(map(f.grad, (3.0, 4.0))) == [6.0, 8.0]
    for method in (f.hvp, vargrad.Compiled.hvp):
        assert (method.__name__, method.__doc__[:11]) == ("hvp", "The Hessian")
        assert list(inspect.signature(method).parameters)[-1] == "kwargs"
    with pytest.raises(TypeError, match="self"):
        vargrad.Compiled.grad()
