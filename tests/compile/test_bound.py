"""compile on methods, callable objects and partials: self is no argument, and its numbers do not go stale."""

from __future__ import annotations

import collections
import copy
import functools
import gc
import inspect
import pickle
import weakref
from typing import Any

import numpy as np
import pytest

import vargrad
from recorded import leaf
from vargrad import math as m

X = np.array([1.0, -2.0, 3.0])


class Spring:
    """With what a recording would freeze: numbers, an array, a list, a Var, an object, a function."""

    def __init__(self, stiffness: float = 2.0) -> None:
        self.stiffness = stiffness
        self.offsets = np.array([0.5, 1.0])
        self.extra = [1.0, {"more": 0.25}]
        self.weight = leaf(1.0)
        self.inner = collections.deque([3.0])
        self.shape = m.sin

    def plain(self, x: Any, y: Any = 1.0) -> Any:
        """Not compiled."""
        linear = self.stiffness * x + self.offsets[0] * self.weight + self.extra[0] * self.extra[1]["more"]
        return linear * self.inner[0] * y if x > 0 else self.shape(linear)

    @vargrad.compile
    def energy(self, x: Any, y: Any = 1.0) -> Any:
        """The same, compiled."""
        return self.plain(x, y)

    @vargrad.compile(signature="(n)->()", max_paths=3)
    def norm(self, v: Any) -> Any:
        return m.dot(v, v) * self.stiffness

    @staticmethod
    @vargrad.compile
    def square(x: Any) -> Any:
        return x * x

    def __call__(self, x: Any) -> Any:
        return self.plain(x)


def check(s: Spring, f: Any = None) -> None:
    """The compiled method is the plain one, now."""
    f = s.energy if f is None else f
    assert f(X).tolist() == [pytest.approx(s.plain(x).value, rel=1e-14) for x in X.tolist()]
    assert f.grad(X).tolist() == [pytest.approx(vargrad.grad(s.plain)(x), rel=1e-14) for x in X.tolist()]


def test_a_method_is_bound() -> None:
    s = Spring()
    check(s)
    assert s.energy.paths == 2
    assert s.energy(2.0) == s.plain(2.0).value
    assert s.energy(2.0, y=3.0) == s.plain(2.0, 3.0).value
    assert s.energy.value_and_grad(2.0)[1] == s.stiffness * 3.0
    assert s.energy.hessian(2.0) == 0.0
    assert s.energy.hvp(2.0, 1.0) == 0.0
    assert s.energy.jacobian(X).shape == (3,)
    assert s.norm.grad(X).tolist() == (2 * s.stiffness * X).tolist()
    assert inspect.signature(s.energy) == inspect.signature(s.plain) == inspect.signature(vargrad.compile(s.plain))
    assert (s.energy.__name__, s.energy.__doc__, s.energy.__self__) == ("energy", "The same, compiled.", s)
    assert "energy" in repr(s.energy)
    assert "path 0: x" in str(s.energy)
    assert "int energy(const double *x" in s.energy.to_c(X)
    out = np.empty(3)
    assert s.energy(X, out=out) is out
    with pytest.raises(TypeError, match="misses argument 'x'"):
        s.energy()
    with pytest.raises(TypeError, match="argument 'self' holds Spring"):
        Spring.energy(s, 1.0)


def test_each_object_has_its_own_recordings() -> None:
    stiff, soft = Spring(10.0), Spring(1.0)
    check(stiff)
    check(soft)
    assert soft.norm(X) * 10.0 == stiff.norm(X)
    soft.energy(X, 1.0)
    assert (soft.energy.paths, stiff.energy.paths, Spring.energy.paths) == (4, 2, 0)


CHANGES: dict[str, Any] = {
    "number": lambda s: setattr(s, "stiffness", 3.0),
    "sign of zero": lambda s: setattr(s, "stiffness", -0.0),
    "array": lambda s: s.offsets.__setitem__(0, -7.0),
    "list": lambda s: s.extra.__setitem__(0, 4.0),
    "dict in a list": lambda s: s.extra[1].update(more=0.5),
    "another leaf": lambda s: setattr(s, "weight", leaf(5.0)),
    "deque": lambda s: s.inner.__setitem__(0, -1.0),
    "function": lambda s: setattr(s, "shape", m.cos),
    "lambda": lambda s: setattr(s, "shape", lambda x: x * x),
    "partial": lambda s: setattr(s, "shape", functools.partial(m.atan2, 2.0)),
    "object": lambda s: setattr(s, "shape", Spring(3.5).plain),
}


@pytest.mark.parametrize("name", list(CHANGES))
def test_numbers_do_not_go_stale(name: str) -> None:
    s = Spring()
    kinds = [s.energy, vargrad.compile(s.plain), vargrad.compile(s), vargrad.compile(functools.partial(s.plain, y=1.0))]
    for f in kinds:
        check(s, f)
    before = [f(X).tolist() for f in kinds]
    CHANGES[name](s)
    for f in kinds:
        check(s, f)
        assert f(X).tolist() not in before


@pytest.mark.parametrize("wrap", [lambda s: s.energy, lambda s: vargrad.compile(s), lambda s: vargrad.compile(s.plain)])
def test_a_compiled_object_inside_another(wrap: Any) -> None:
    """What the inner one holds is part of what the outer one computes."""

    class Outer:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        @vargrad.compile
        def f(self, x: Any) -> Any:
            return self.inner(x) * x

    s = Spring()
    outer = Outer(wrap(s))
    for stiffness in (2.0, 5.0):
        s.stiffness = stiffness
        assert outer.f(X).tolist() == [pytest.approx(s.plain(x).value * x, rel=1e-14) for x in X.tolist()]
        assert outer.f(2.0) == s.plain(2.0).value * 2.0


def test_shortcuts_look_at_the_object_too() -> None:
    class Simple:
        k = 1.0

        @vargrad.compile
        def f(self, x: Any) -> Any:
            return self.k * x

    s = Simple()
    for k in (2.0, 3, True, 3.0, leaf(4.0), 5.0):
        s.k = k  # type: ignore[assignment]
        for _ in range(3):
            assert s.f(2.0) == 2.0 * float(getattr(k, "value", k))
            assert s.f.value_and_grad(2.0) == (s.f(2.0), s.f(1.0))
    s.other = 1.0  # type: ignore[attr-defined]
    assert s.f(2.0) == 10.0
    del s.k
    assert s.f(2.0) == 2.0


def test_backward_of_one_row_looks_at_the_object_too() -> None:
    s = Spring()
    for s.stiffness in (2.0, 5.0):
        for s.offsets[0] in (0.5, -1.5):
            for _ in range(2):
                s.weight.grad = 0
                assert s.energy.backward(2.0) == s.plain(2.0).value
                assert s.weight.grad == 3.0 * s.offsets[0]


def test_what_did_not_change_is_not_recorded_again() -> None:
    calls = []

    class Counted:
        rate = 2.0

        def __init__(self) -> None:
            self.log = calls.append
            self.factor = 3.0

        @vargrad.compile
        def f(self, x: Any) -> Any:
            self.log(1)
            return self.factor * self.rate * x

    c = Counted()
    for _ in range(5):
        c.factor = 3.0
        assert c.f(1.0) == 6.0
        assert c.f.grad(X).tolist() == [6.0] * 3
    assert len(calls) == 1


def test_leaves_of_an_object_are_live() -> None:
    s = Spring()
    check(s)
    s.weight.value = 8.0
    check(s)
    assert s.energy.paths == 2
    s.energy.backward(np.array([1.0, 2.0]))
    assert s.weight.grad == 2 * 0.5 * 3.0


def test_a_network_is_recorded_once() -> None:
    """Though it pickles the values of its Vars."""
    model, other = vargrad.NN([2, 2, 1], seed=0), vargrad.NN([2, 2, 1], activation="tanh", seed=0)
    f, loss = vargrad.compile(model), vargrad.compile(model.calculate_loss, signature="(n,m)->()")
    for _ in range(3):
        assert f(0.5, -1.0) == pytest.approx(model(0.5, -1.0).value, rel=1e-14)
        assert loss(np.ones((2, 3))) == pytest.approx(model.calculate_loss([[1, 1, 1]] * 2).value, rel=1e-14)
        recordings = [next(iter(g._specializations.values())).paths[0] for g in (f, loss)]
        for p in model.parameters:
            p.value += 0.25
        f(0.5, -1.0)
        assert recordings == [next(iter(g._specializations.values())).paths[0] for g in (f, loss)]
    assert len(recordings[0].recording.leaves) == 9
    model.parameters[0] = vargrad.Var(7.0)
    assert f(0.5, -1.0) == pytest.approx(model(0.5, -1.0).value, rel=1e-14)
    assert vargrad.compile(other)(0.5, -1.0) == pytest.approx(other(0.5, -1.0).value, rel=1e-14)


def test_a_method_that_changes_its_object() -> None:
    class Cached:
        cache: Any = None

        @vargrad.compile
        def f(self, x: Any) -> Any:
            self.cache = x
            return x * x

    c = Cached()
    with pytest.raises(vargrad.RecordingError, match=r"f\(\) changes what its Cached holds while it is recorded"):
        c.f(1.0)
    assert c.f(leaf(3.0)).value == 9.0  # eagerly it may


def test_objects_come_and_go() -> None:
    s = Spring()
    check(s)
    method = s.energy
    gone = weakref.ref(s)
    del s
    gc.collect()
    assert gone() is not None  # the method holds it
    assert method(1.0) == method.__self__.plain(1.0).value
    assert Spring().energy.grad(2.0) == 6.0
    del method
    gc.collect()
    assert gone() is None
    assert Spring.energy._methods is not None
    assert Spring.energy._methods._known == {}


def test_copies_and_pickles() -> None:
    s = Spring()
    check(s)
    other = copy.copy(s)
    other.stiffness = 9.0
    check(other)
    check(s)
    assert pickle.loads(pickle.dumps(s.norm))(X) == s.norm(X)
    f = vargrad.compile(s.plain)
    again = pickle.loads(pickle.dumps(f))
    again._original.__self__.stiffness = 11.0
    check(again._original.__self__, again)
    check(s, f)


def test_static_and_class_methods() -> None:
    assert Spring.square.grad(3.0) == Spring().square.grad(3.0) == 6.0
    with pytest.raises(TypeError, match="not a staticmethod: write @staticmethod above"):
        vargrad.compile(staticmethod(len))
    with pytest.raises(TypeError, match="not a classmethod: make it a staticmethod"):
        vargrad.compile(classmethod(len))

    class Wrong:
        @classmethod
        @vargrad.compile
        def f(cls, x: Any) -> Any:
            return x

    with pytest.raises(TypeError, match=r"classmethod|holds type"):
        Wrong.f(1.0)


def test_partials_lambdas_and_callables() -> None:
    f = vargrad.compile(functools.partial(Spring().plain, y=2.0))
    assert f(1.0) == 2.0 * Spring().plain(1.0).value
    numbers = [2.0]
    g = vargrad.compile(functools.partial(lambda scale, x: scale[0] * x, numbers))
    assert (g(3.0), g.__name__) == (6.0, "<lambda>")
    numbers[0] = 5.0
    assert g(3.0) == 15.0
    power = vargrad.compile(functools.partial(m.pow, 2.0))
    assert type(power) is vargrad._compile.compiled.Compiled
    assert power.grad(3.0) == pytest.approx(8.0 * np.log(2.0), rel=1e-15)
    w = leaf(2.0)
    live = vargrad.compile(functools.partial(lambda a, x: a * x, w))
    w.value = 3.0
    assert live(2.0) == 6.0


def test_a_compiled_function_as_a_class_attribute() -> None:
    def f(self: Any, x: Any) -> Any:
        return self.k * x

    class Holder:
        k = 4.0
        method = vargrad.compile(f)
        callable = vargrad.compile(Spring(2.0))

    assert Holder().method(2.0) == 8.0
    assert Holder().callable(2.0) == Spring(2.0)(2.0).value
