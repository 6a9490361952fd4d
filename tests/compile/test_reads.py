"""What a recorded function reads besides its arguments: a change is seen at the next call, eager code is the oracle."""

from __future__ import annotations

import contextvars
import cProfile
import functools
import os
import random
import sys
import threading
import types
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import vargrad
from vargrad import Var
from vargrad import math as m

K: Any = 2.0


class Settings:
    """An object, whose class holds data too."""

    rate = 0.5

    def __init__(self) -> None:
        self.scale: Any = 3.0
        self.inner: Any = {"a": [1.0, 2.0]}

    def apply(self, x: Any) -> Any:
        return x * self.scale * self.rate + self.inner["a"][0]


def helper(x: Any, power: float = 2.0) -> Any:
    return K * x**power


def closure() -> tuple[Callable[[Any], Any], Callable[[Any], None]]:
    c: Any = 1.5

    def f(x: Any) -> Any:
        return c * m.sin(x)

    def change(value: Any) -> None:
        nonlocal c
        c = value

    return f, change


def check(f: Callable[[Any], Any], *changes: Callable[[], object]) -> vargrad.Compiled:
    """The compiled function is what the plain one is, before and after each change: value, gradient, batch, row."""
    compiled = vargrad.compile(f)
    for change in (lambda: None, *changes):
        change()
        for x in (0.75, -0.5):
            v = Var(x, requires_grad=True)
            expected = f(v)
            expected.backward()
            for _ in range(2):  # the second time by what the first left behind
                assert compiled(x) == expected.value
                assert compiled.grad(x) == v.grad
        both = np.array([0.75, -0.5])
        assert compiled(both).tolist() == [f(Var(x)).value for x in both]
    return compiled


def replace(where: dict[str, Any], name: str, value: Any) -> Callable[[], None]:
    return lambda: where.__setitem__(name, value)


@pytest.fixture(autouse=True)
def _same_globals(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("K", "helper", "Settings"):
        monkeypatch.setattr(sys.modules[__name__], name, globals()[name])
    monkeypatch.setattr(Settings, "rate", 0.5)


def test_globals() -> None:
    check(lambda x: K * x, replace(globals(), "K", 5.0), replace(globals(), "K", 7))


def test_globals_of_functions_that_are_called() -> None:
    check(lambda x: helper(x) + helper(-x), replace(globals(), "K", 5.0))


def test_a_function_replaced() -> None:
    check(lambda x: helper(x), replace(globals(), "helper", lambda x: x + 1.0))


def test_defaults_replaced() -> None:
    def own(x: Any, scale: float = 2.0, *, shift: float = 0.5) -> Any:
        return x * scale + shift

    def one() -> None:
        own.__defaults__ = (4.0,)

    def two() -> None:
        own.__kwdefaults__ = {"shift": 8.0}

    check(lambda x: own(x), one, two)


def test_code_replaced() -> None:
    """As IPython's autoreload does with an edited module: the function object stays."""

    def own(x: Any) -> Any:
        return x * 2.0

    def one() -> None:
        own.__code__ = (lambda x: x * 3.0).__code__

    def two() -> None:
        own.__code__ = (lambda x: x * x + K).__code__

    check(lambda x: own(x) + 1.0, one, two)
    check(own, one, two)


def test_cells() -> None:
    f, change = closure()
    check(f, lambda: change(4.0), lambda: change(Var(3.0)), lambda: change(1.5))


def test_elements_of_containers() -> None:
    numbers, names, pair = [1.0, 2.0], {"a": 3.0}, [(1.0, 2.0)]
    nested: dict[str, Any] = {"a": {"b": [4.0]}}
    check(
        lambda x: numbers[1] * x + names["a"] + pair[0][1] * x + nested["a"]["b"][0],
        lambda: numbers.__setitem__(1, 7.0),
        lambda: names.__setitem__("a", 9.0),
        lambda: pair.__setitem__(0, (1.0, 3.0)),
        lambda: nested["a"]["b"].__setitem__(0, -1.0),
        lambda: numbers.append(3.0),
    )


def test_elements_of_arrays() -> None:
    table = np.arange(6.0).reshape(2, 3)
    objects = np.array([1.0, 2.0], dtype=object)
    check(
        lambda x: table[1, 2] * x + objects[0] * x,
        lambda: table.__setitem__((1, 2), 50.0),
        lambda: objects.__setitem__(0, 4.0),
    )


def test_attributes_of_objects_and_of_their_classes() -> None:
    settings = Settings()
    check(
        lambda x: settings.apply(x),
        lambda: setattr(settings, "scale", 8.0),
        lambda: setattr(Settings, "rate", 2.0),
        lambda: settings.inner["a"].__setitem__(0, 5.0),
    )


def test_attributes_of_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("settings_of_a_test")
    module.__file__ = __file__
    module.rate = 2.0  # type: ignore[attr-defined]
    check(lambda x: module.rate * x, lambda: setattr(module, "rate", 3.0))


def test_signs_and_types_count() -> None:
    f, change = closure()
    check(f, lambda: change(0.0), lambda: change(-0.0), lambda: change(float("inf")))
    assert m.copysign(1.0, vargrad.compile(f)(1.0)) == 1.0
    change(-0.0)
    assert m.copysign(1.0, vargrad.compile(f)(1.0)) == -1.0


def test_vars_stay_live_and_another_one_is_seen() -> None:
    f, change = closure()
    w = Var(2.0, requires_grad=True)
    change(w)
    compiled = vargrad.compile(f)
    assert compiled(1.0) == f(Var(1.0)).value
    w.value = 5.0
    assert compiled(1.0) == f(Var(1.0)).value
    assert len(compiled._states) == 1
    change(Var(7.0))
    assert compiled(1.0) == f(Var(1.0)).value


def test_an_old_value_finds_its_recordings() -> None:
    calls = []
    f, change = closure()

    def g(x: Any) -> Any:
        calls.append(1)
        return f(x)

    compiled = vargrad.compile(g)
    for value in (1.0, 2.0, 1.0, 2.0, 1.0 + 0.0):
        change(value)
        assert compiled(0.5) == value * m.sin(0.5)
    assert len(calls) == 2


def test_states_are_bounded() -> None:
    from vargrad._compile.recordings import MOST_STATES

    f, change = closure()
    compiled = vargrad.compile(f)
    for i in range(MOST_STATES + 5):
        change(float(i))
        assert compiled(0.5) == i * m.sin(0.5)
    assert len(compiled._states) == MOST_STATES


def test_branches_and_paths_found_later() -> None:
    a, b = [2.0], [3.0]

    def f(x: Any) -> Any:
        return a[0] * x if x > 0 else b[0] * x

    compiled = check(f, lambda: b.__setitem__(0, 4.0), lambda: a.__setitem__(0, 5.0))
    assert compiled.paths == 2


def test_all_derivatives_and_other_ways_to_call() -> None:
    f, change = closure()
    compiled = vargrad.compile(f)
    for value in (1.0, 4.0):
        change(value)
        assert compiled.value_and_grad(0.5) == (value * m.sin(0.5), value * m.cos(0.5))
        assert compiled.hessian(0.5) == -value * m.sin(0.5)
        assert compiled.jacobian(0.5) == value * m.cos(0.5)
        assert compiled.hvp(0.5, 2.0) == 2.0 * -value * m.sin(0.5)
        assert compiled.backward([0.5, 0.5]) == 2.0 * value * m.sin(0.5)
        assert f"{value!r}" in compiled.to_c(0.5)


def test_saved_is_what_is_true_now(tmp_path: Any) -> None:
    f, change = closure()
    compiled = vargrad.compile(f)
    compiled(0.5)
    change(4.0)
    with pytest.raises(ValueError, match="nothing is recorded yet"):
        compiled.save(tmp_path / "f.npz")
    compiled(0.5)
    compiled.save(tmp_path / "f.npz")
    assert vargrad.load_compiled(tmp_path / "f.npz")(0.5) == 4.0 * m.sin(0.5)


def test_methods_see_globals_too() -> None:
    class Model:
        @vargrad.compile
        def run(self, x: Any) -> Any:
            return helper(x)

    model = Model()
    assert model.run(2.0) == 8.0
    globals()["K"] = 3.0
    assert model.run(2.0) == 12.0


def test_under_a_profiler() -> None:
    """Its place is the one in which running code is noted; then all that can be reached is looked at."""
    compiled = vargrad.compile(lambda x: helper(x))
    with cProfile.Profile():
        assert compiled(2.0) == 8.0
    globals()["K"] = 3.0
    assert compiled(2.0) == 12.0


def test_constants_may_be_frozen() -> None:
    f, change = closure()
    compiled = vargrad.compile(f, constants="frozen")
    assert compiled(0.5) == 1.5 * m.sin(0.5)
    change(4.0)
    assert compiled(0.5) == 1.5 * m.sin(0.5)
    assert vargrad.compile(constants="frozen")(lambda x: x * random.random())(1.0) < 1.0
    with pytest.raises(ValueError, match="constants"):
        vargrad.compile(f, constants="live")


def test_classes_whatever_way_they_are_reached() -> None:
    class Base:
        rate = 2.0

        def scaled(self, x: Any) -> Any:
            return x * self.rate

        @vargrad.compile
        def method(self, x: Any) -> Any:
            return self.scaled(x)

    class Derived(Base):
        pass

    one, held = Derived(), [Derived()]
    bound = one.scaled  # stays the function that it was
    functions: list[Callable[[Any], Any]] = [one.method, vargrad.compile(bound)]
    functions += [vargrad.compile(lambda x: held[0].scaled(x)), vargrad.compile(lambda x: x * Derived.rate)]
    changes: list[Callable[[], None]] = [
        lambda: setattr(Base, "rate", 3.0),
        lambda: setattr(Derived, "rate", 5.0),
        lambda: setattr(Base, "scaled", lambda self, x: 7.0 * self.rate * x),
    ]
    for change in (lambda: None, *changes):
        change()
        assert [f(2.0) for f in functions] == [
            one.scaled(2.0),
            bound(2.0),
            held[0].scaled(2.0),
            2.0 * Derived.rate,
        ]


def test_other_places() -> None:
    """A name that was not there, a function's own attributes, a partial's keywords, a lock beside a number."""
    f, change = closure()
    space, locked = types.SimpleNamespace(f=f), [2.0, threading.Lock()]
    part = functools.partial(lambda x, k: x * k, k=2.0)

    def late(x: Any) -> Any:
        try:
            return x * LATER  # type: ignore[name-defined]
        except NameError:
            return x

    def own(x: Any) -> Any:
        return x * own.rate  # type: ignore[attr-defined]

    own.rate = 2.0  # type: ignore[attr-defined]
    check(late, replace(globals(), "LATER", 3.0), lambda: globals().pop("LATER"))
    check(own, lambda: setattr(own, "rate", 3.0))
    check(part, lambda: part.keywords.__setitem__("k", 3.0))
    check(lambda x: space.f(x), lambda: change(7.0))
    check(lambda x: x * locked[0], lambda: locked.__setitem__(0, 5.0))


def test_objects_that_answer_with_errors_are_left_alone() -> None:
    class Proxy:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(name)

    class Holder:
        proxy = Proxy()
        rate = 2.0

    class Stubborn(list[float]):
        def __radd__(self, other: Any) -> Any:
            raise RuntimeError

    numbers = Stubborn([2.0])
    check(lambda x: x * Holder.rate * numbers[0], lambda: numbers.__setitem__(0, 3.0))


def test_a_list_that_recordings_change_and_others_replace() -> None:
    """Recordings that used an earlier list are not taken for the one that is there now."""
    f, change = closure()
    notes = [2.0]

    def g(x: Any) -> Any:
        notes.append(0.0)
        return notes[0] * f(x)

    compiled = vargrad.compile(g)
    for first, factors in ((2.0, (1.0,)), (5.0, (3.0, 1.0))):
        notes = [first]
        for factor in factors:
            change(factor)
            for _ in range(2):
                assert compiled(0.5) == first * (factor * m.sin(0.5))


def test_what_stands_behind_a_name_of_the_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment, a context variable, a weak reference and a value of the thread."""
    owner = Settings()
    behind, rate, local = weakref.ref(owner), contextvars.ContextVar("rate", default=2.0), threading.local()
    local.rate = 2.0
    monkeypatch.setenv("RATE", "2.0")

    def set_environment() -> None:
        monkeypatch.setenv("RATE", "3.0")

    check(lambda x: x * float(os.environ["RATE"]), set_environment)
    check(lambda x: x * float(os.getenv("MORE", "2.0")), lambda: monkeypatch.setenv("MORE", "4.0"))
    check(lambda x: x * rate.get(), lambda: rate.set(3.0))
    check(lambda x: x * behind().scale, lambda: setattr(owner, "scale", 5.0))  # type: ignore[union-attr]
    check(lambda x: x * local.rate, lambda: setattr(local, "rate", 3.0))
