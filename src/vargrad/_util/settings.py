"""Attributes that check what they are set to: the settings of optimisers, schedules and trainings.

A value that is refused changes nothing. Errors name the class and the attribute, ``SGD: lr must be ...``; a class
with an ``error_prefix`` of its own has that instead of its name.
"""

from __future__ import annotations

import math
from typing import Any, Generic, Self, TypeVar, overload

from vargrad._util import errors

T = TypeVar("T", covariant=True)
_IMMUTABLE = (float, int, bool, str)


class Setting(Generic[T]):
    """A setting between bounds; ``open_above`` excludes the upper one, ``optional`` allows None."""

    def __init__(
        self, low: float = -math.inf, high: float = math.inf, open_above: bool = False, optional: bool = False
    ) -> None:
        self.low: float = low
        self.high: float = high
        self.open_above: bool = open_above
        self.optional: bool = optional

    def __set_name__(self, owner: type, name: str) -> None:
        self.name: str = name
        self._tells = hasattr(owner, "_changed")  # whether the instance wants to know
        self._last: tuple[Any, Any] = self, self  # the last immutable value that was checked, and what came of it

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type | None = None) -> T: ...
    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else instance.__dict__[self.name]

    def __set__(self, instance: Any, value: Any) -> None:
        if value is not None or not self.optional:
            before, known = self._last
            if value is before:  # most are the same default again
                value = known
            else:
                prefix = getattr(instance, "error_prefix", f"{type(instance).__name__}: ")
                found = self.checked(f"{prefix}{self.name}", value)
                if type(value) in _IMMUTABLE:
                    self._last = value, found
                value = found
        instance.__dict__[self.name] = value
        if self._tells:
            instance._changed(self.name)

    def checked(self, what: str, value: object) -> T:
        """The value as the setting has it; TypeError or ValueError for one that it cannot have."""
        raise NotImplementedError

    def _between(self, what: str, value: object) -> float:
        x = value if type(value) is float else errors.as_float(value, what)
        inside = self.low <= x < self.high if self.open_above else self.low <= x <= self.high
        if not (inside and math.isfinite(x)):
            below = "" if self.high == math.inf else f" and {'below' if self.open_above else 'at most'} {self.high:g}"
            low = "" if self.low == -math.inf else f" of at least {self.low:g}"
            raise ValueError(f"{what} must be a finite number{low}{below}, not {value!r:.60}")
        return x


class Number(Setting[float]):
    """A float."""

    def checked(self, what: str, value: object) -> float:
        return self._between(what, value)


class Positive(Number):
    """A float setting above 0."""

    def checked(self, what: str, value: object) -> float:
        x = value if type(value) is float else errors.as_float(value, what)
        if not 0.0 < x < math.inf:
            raise ValueError(f"{what} must be a positive number, not {value!r:.60}")
        return x


class Pair(Setting[tuple[float, float]]):
    """Two numbers, each between the bounds."""

    def checked(self, what: str, value: object) -> tuple[float, float]:
        if not isinstance(value, (tuple, list)) or len(value) != 2:
            raise TypeError(f"{what} must be a pair of numbers, not {value!r:.60}")
        return self._between(f"{what}[0]", value[0]), self._between(f"{what}[1]", value[1])


class Flag(Setting[bool]):
    """True or False."""

    def checked(self, what: str, value: object) -> bool:
        if not isinstance(value, bool):
            raise TypeError(f"{what} must be True or False, not {value!r:.60}")
        return value


class Count(Setting[int]):
    """An int of at least ``low``."""

    def checked(self, what: str, value: object) -> int:
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise TypeError(f"{what} must be an int, not {type(value).__name__} ({value!r:.60})")
        number = int(value.__index__())
        if number < self.low:
            raise ValueError(f"{what} must be at least {self.low:g}, not {number}")
        return number


class Choice(Setting[str]):
    """One of a few names."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        self.names: tuple[str, ...] = names

    def checked(self, what: str, value: object) -> str:
        return errors.known(what, value, self.names)
