"""The functions that transforms return, for type checkers: parameters and results follow those of the function given.

They are protocols and no ``Callable``, so that functions without annotations, such as most lambdas, may be called under
mypy --strict too. For the same reason A may be anything.
"""

from __future__ import annotations

from typing import Any, ParamSpec, Protocol, TypeVar

A = TypeVar("A", bound=Any)
P = ParamSpec("P")
R = TypeVar("R", bound=Any)
Argument = TypeVar("Argument", bound=Any, contravariant=True)
Result = TypeVar("Result", covariant=True)


class Of(Protocol[Argument, P, Result]):
    """A function of the argument that is differentiated by, and of the others."""

    def __call__(self, x: Argument, /, *args: P.args, **kwargs: P.kwargs) -> Result:
        """Call it."""


class Along(Protocol[Argument, P, Result]):
    """A function of the argument, a vector of its structure, and the other arguments."""

    def __call__(self, x: Argument, v: Argument, /, *args: P.args, **kwargs: P.kwargs) -> Result:
        """Call it."""
