"""Attributes of objects that compiled methods compare, wherever they are stored."""

from __future__ import annotations

import datetime
import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import vargrad
from vargrad._compile.watch.object_state import state_of


@dataclass(slots=True, weakref_slot=True)
class Slotted:
    a: float
    _b: list[float] = field(default_factory=lambda: [2.0])

    @vargrad.compile
    def f(self, x: Any) -> Any:
        return self.a * x + self._b[0]


class Private:
    __slots__ = ("__a", "__weakref__")

    def __init__(self) -> None:
        self.set(1.0)

    def set(self, a: float) -> None:
        self.__a = a

    @vargrad.compile
    def f(self, x: Any) -> Any:
        return self.__a * x


class NoWeakref:
    __slots__ = ("a",)

    @vargrad.compile
    def f(self, x: Any) -> Any:
        return self.a * x


def test_slots() -> None:
    s = Slotted(3.0)
    assert s.f(2.0) == 8.0
    s.a = 4.0
    assert s.f(2.0) == 10.0
    s._b[0] = 0.0
    assert s.f(2.0) == 8.0
    p = Private()
    assert p.f(2.0) == 2.0
    p.set(5.0)
    assert p.f(2.0) == 10.0
    with pytest.raises(TypeError, match='add "__weakref__" to the class\'s __slots__'):
        _ = NoWeakref().f


class Subclassed(list[float]):
    """State that is in no attribute."""


def test_state_that_is_in_no_attribute() -> None:
    class Holder:
        def __init__(self) -> None:
            self.items = Subclassed([2.0])

        @vargrad.compile
        def f(self, x: Any) -> Any:
            return self.items[0] * x

    h = Holder()
    assert h.f(1.0) == 2.0
    h.items[0] = 3.0
    assert h.f(1.0) == 3.0


def test_what_cannot_be_compared_is_refused() -> None:
    class Locked:
        def __init__(self) -> None:
            self.lock = threading.Lock()

        @vargrad.compile
        def f(self, x: Any) -> Any:
            return x

    with pytest.raises(TypeError, match=r"f\(\) cannot be compiled with this Locked.*lock.*takes the numbers"):
        Locked().f(1.0)


def test_states_compare() -> None:
    for x in (datetime.date(2026, 1, 1), {1, 2}, np.float32(1), np.arange(3), range(3), Slotted(1.0), 1 + 2j):
        assert state_of("f", x)[0] == state_of("f", x)[0]
