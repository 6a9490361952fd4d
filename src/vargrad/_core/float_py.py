"""Var as a float, without its graph: it compares, rounds, prints, and refuses to be converted."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Iterable
from operator import index
from typing import TYPE_CHECKING, Any, Self, SupportsIndex, overload

from vargrad._core.methods_py import OpMethods
from vargrad._core.modes import thread
from vargrad._ops.zeros import last
from vargrad._util import errors, foreign


class Float(OpMethods):
    """The half of the pure twin's Var that needs only its value."""

    __slots__ = ()
    __array_priority__: float = -1.0  # scalars of NumPy leave an operation to a Var, arrays do it element by element
    _value: float
    _op: str | None
    _requires_grad: bool
    _grad: float

    if TYPE_CHECKING:

        @property
        def requires_grad(self) -> bool: ...
        @property
        def grad(self) -> float: ...

    def __pow__(self, other: Self | float, modulo: object = None) -> Self:
        if modulo is not None:
            raise errors.three_argument_pow()
        return self._binary("pow", other)

    def __rpow__(self, other: Self | float, modulo: object = None) -> Self:
        if modulo is not None:
            raise errors.three_argument_pow()
        return self._reflected("pow", other)

    def __pos__(self) -> Self:
        return self

    conjugate = __pos__  # np.conjugate of an object array asks for it

    def clamp(self, min: Self | float | None = None, max: Self | float | None = None) -> Self:
        """This value, but at least min and at most max; the derivative passes at the bounds."""
        result = self if min is None else self._method("clamp_min", min)
        return result if max is None else result._method("clamp_max", max)

    @overload
    def __round__(self, ndigits: None = None) -> int: ...
    @overload
    def __round__(self, ndigits: SupportsIndex) -> Self: ...
    def __round__(self, ndigits: SupportsIndex | None = None) -> Self | int:
        return self._integer("round", round) if ndigits is None else self._binary("round", index(ndigits))

    def __floor__(self) -> int:
        return self._integer("floor", math.floor)

    def __ceil__(self) -> int:
        return self._integer("ceil", math.ceil)

    def __trunc__(self) -> int:
        return self._integer("trunc", math.trunc)

    def _integer(self, name: str, function: Callable[[float], int]) -> int:
        result = function(self._value)
        last.rounded = name, result
        return result if thread.recorder is None else thread.recorder.integer(self, name, result)

    # ---- a float in every other respect

    def _compare(self, how: str, other: Any) -> Any:
        recorder = thread.recorder
        if recorder is not None:
            if not isinstance(other, Float) and type(other) is not float:
                found = foreign.bound(how, other, recorder, self)
                if type(found) is not tuple:
                    return found
                how, other = found
            return recorder.compare(how, self, other)
        return getattr(operator, how)(self._value, other._value if isinstance(other, Float) else other)

    def __lt__(self, other: Float | float) -> bool:
        return self._compare("lt", other)  # type: ignore[no-any-return]

    def __le__(self, other: Float | float) -> bool:
        return self._compare("le", other)  # type: ignore[no-any-return]

    def __gt__(self, other: Float | float) -> bool:
        return self._compare("gt", other)  # type: ignore[no-any-return]

    def __ge__(self, other: Float | float) -> bool:
        return self._compare("ge", other)  # type: ignore[no-any-return]

    def __eq__(self, other: object) -> bool:
        return self._compare("eq", other)  # type: ignore[no-any-return]

    def __ne__(self, other: object) -> bool:
        return self._compare("ne", other)  # type: ignore[no-any-return]

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return array_function(function, types, args, kwargs)

    if TYPE_CHECKING:

        def __hash__(self) -> int: ...
    else:
        __hash__ = object.__hash__  # by identity, though == is by value: graph-walking code keeps Vars in sets

    def __bool__(self) -> bool:
        return self._value != 0.0 if thread.recorder is None else thread.recorder.truth(self)

    if not TYPE_CHECKING:  # they raise, so float(v), int(v) and complex(v) are errors to a type checker too

        def __float__(self) -> float:
            if thread.recorder is not None:
                thread.recorder.leave(self, "float()")
            errors.loses_derivative("float")

        def __int__(self) -> int:
            if thread.recorder is not None:
                thread.recorder.leave(self, "int()")
            errors.loses_derivative("int")

        def __complex__(self) -> complex:
            if thread.recorder is not None:
                thread.recorder.leave(self, "complex()")
            errors.loses_derivative("complex")

    def as_integer_ratio(self) -> tuple[int, int]:
        """Raises TypeError, as float(v) does."""
        if thread.recorder is not None:
            thread.recorder.leave(self, ".as_integer_ratio()")
        raise errors.loses_in_a_ratio()

    def hex(self) -> str:
        """The value as text in base 16."""
        if thread.recorder is not None:
            thread.recorder.leave(self, ".hex()")
        return self._value.hex()

    def is_integer(self) -> bool:
        """Whether the value has no fraction; a branch by it is recorded as a guard."""
        if thread.recorder is not None:
            return thread.recorder.compare("eq", self % 1.0, 0.0)  # type: ignore[no-any-return] # nan at inf
        return self._value.is_integer()

    @property
    def real(self) -> Self:
        """This Var."""
        return self

    @property
    def imag(self) -> float:
        """0.0"""
        return 0.0

    @classmethod
    def fromhex(cls, string: str, /) -> Self:
        """A leaf whose value is written in base 16."""
        return cls(float.fromhex(string))  # type: ignore[call-arg]

    @classmethod
    def from_number(cls, number: float, /) -> Self:
        """A leaf of a real number: Var(number)."""
        return cls(number)  # type: ignore[call-arg]

    @staticmethod
    def __getformat__(typestr: str, /) -> str:
        """What float says of C's numbers."""
        return str(float.__getformat__(typestr))  # type: ignore[attr-defined]

    def __format__(self, spec: str) -> str:
        if spec and thread.recorder is not None:
            thread.recorder.leave(self, "format()")
        return format(self._value, spec) if spec else repr(self)

    def __repr__(self) -> str:
        if thread.recorder is not None:
            return f"Var({self._value!r}, while recorded)"
        return f"Var({self._value!r}, grad={self.grad!r})" if self.requires_grad else f"Var({self._value!r})"

    def _state(self) -> tuple[float, bool, float]:
        """A leaf's value, requires_grad and grad, for copies and pickles; TypeError for a computed Var."""
        if self._op is not None:
            raise errors.computed_copy()
        if thread.recorder is not None:
            thread.recorder.leave(self, "a copy or pickle")
        return self._value, self._requires_grad, self._grad


def array_function(function: Any, types: Iterable[Any], args: Any, kwargs: Any) -> Any:
    """A function of NumPy that was given a Var: as it is without us, unless the recorder objects."""
    own = sys.modules["numpy"].ndarray.__array_function__
    if any(not hasattr(kind, "_uid") and kind.__array_function__ is not own for kind in types):
        return NotImplemented  # for an array of another library to say
    if thread.recorder is None:
        return function._implementation(*args, **kwargs)
    return thread.recorder.array_function(function, args, kwargs)


class Truth:
    """Base of conditions that a recorder keeps: bool() of one is what its method truth() says."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return self.truth()

    def truth(self) -> bool:
        """Whether it holds."""
        raise NotImplementedError
