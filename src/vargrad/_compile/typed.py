"""Compiled functions for type checkers: ``Compiled[P, R]`` has the parameters P and the result R of its function."""

from __future__ import annotations

from types import GenericAlias
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from vargrad._compile.dispatcher import Dispatcher

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
S = TypeVar("S")

if TYPE_CHECKING:

    class Typed(Dispatcher, Generic[P, R]):
        """A call with the function's own arguments has its result; one with arrays in their place has arrays."""

        @overload
        def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
        @overload
        def __call__(
            self, *args: Any, out: Any = None, workers: int = 1, progress: bool = False, **kwargs: Any
        ) -> Any: ...
        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
else:

    class Typed(Dispatcher):
        """What runs: Generic's own machinery is not needed."""

        __class_getitem__ = classmethod(GenericAlias)
