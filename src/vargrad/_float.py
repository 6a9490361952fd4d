"""What a Var does as a float, without its graph: compare, round, print, refuse to be converted."""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import index
from typing import Any

from vargrad import _checks
from vargrad._methods_py import OpMethods


class Float(OpMethods):
    """The half of the pure twin's Var that needs only its value."""

    __slots__ = ("_value",)
    _value: float
    requires_grad: bool | property
    grad: float | property

    def __round__(self, ndigits: int | None = None) -> Any:
        return round(self._value) if ndigits is None else self._binary("round", index(ndigits))

    def __floor__(self) -> int:
        return math.floor(self._value)

    def __ceil__(self) -> int:
        return math.ceil(self._value)

    def __trunc__(self) -> int:
        return math.trunc(self._value)

    # ---- a float in every other respect

    def _compare(self, other: object, test: Callable[[float, Any], bool]) -> bool:
        if isinstance(other, Float):
            other = other._value
        return test(self._value, other) if isinstance(other, (float, int)) else NotImplemented

    def __lt__(self, other: Float | float) -> bool:
        return self._compare(other, lambda a, b: a < b)

    def __le__(self, other: Float | float) -> bool:
        return self._compare(other, lambda a, b: a <= b)

    def __gt__(self, other: Float | float) -> bool:
        return self._compare(other, lambda a, b: a > b)

    def __ge__(self, other: Float | float) -> bool:
        return self._compare(other, lambda a, b: a >= b)

    def __eq__(self, other: object) -> bool:
        return self._compare(other, lambda a, b: a == b)

    def __ne__(self, other: object) -> bool:
        return self._compare(other, lambda a, b: a != b)

    __hash__ = object.__hash__  # by identity, though == is by value: graph-walking code keeps Vars in sets

    def __bool__(self) -> bool:
        return self._value != 0.0

    def __float__(self) -> float:
        _checks.loses_derivative("float")

    def __int__(self) -> int:
        _checks.loses_derivative("int")

    def __format__(self, spec: str) -> str:
        return format(self._value, spec) if spec else repr(self)

    def __repr__(self) -> str:
        return f"Var({self._value!r}, grad={self.grad!r})" if self.requires_grad else f"Var({self._value!r})"
