"""The derivative of a root by the implicit function theorem."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from vargrad._core.modes import thread
from vargrad._core.var import Var, module
from vargrad._ops import zeros
from vargrad._transforms.run import Run, name_of
from vargrad._transforms.trees import Scalar, fill, flatten, paths, plain

if TYPE_CHECKING:
    from vargrad._transforms.typed import P, R

Matrix = list[list[Any]]


def implicit(solve: Callable[P, R], residual: Callable[..., Any], tolerance: float = 1e-6) -> Callable[P, R]:
    """The function theta -> x of a root x of residual(x, theta), which solve(theta) finds, with its derivatives.

    Nobody differentiates through the solver. It gets plain floats and may be anything: bisection, a loop of Newton
    steps, SciPy. ``solve``: returns the root, a float or lists, tuples, dicts and arrays of them. ``residual``: takes
    the root and then what solve takes; it returns as many numbers as the root has, zero there. The derivative of the
    root is -(d residual / d x)**-1 (d residual / d theta); those of higher orders are right too, as many as the
    transforms around ask for. ``tolerance``: how far one more Newton step may move a number x of the root, relative to
    1 + abs(x).

    Raises ValueError where what solve returned is no root, where the residual has another number of results, and where
    its derivative by the root is singular, as at a double root. While ``compile`` records, solve runs on Vars without
    derivatives and is part of the recording: its loop must end by comparisons, and how often it ran is a path of its
    own. Newton's method has few of these, bisection too many.

    >>> from vargrad import grad, hessian, implicit
    >>> def bisection(a):
    ...     low, high = 0.0, 1.0 + a
    ...     for _ in range(60):
    ...         middle = (low + high) / 2
    ...         low, high = (low, middle) if middle**2 > a else (middle, high)
    ...     return low
    >>> root = implicit(bisection, lambda x, a: x**2 - a)
    >>> round(root(2.0), 12), round(grad(root)(2.0), 12), round(grad(grad(root))(2.0), 12)
    (1.414213562373, 0.353553390593, -0.088388347648)
    """
    for role, f in (("solve", solve), ("residual", residual)):
        if not callable(f):
            raise TypeError(
                f"implicit(): {role} must be a function, not {type(f).__name__} ({f!r:.60}): write "
                "implicit(solve, residual)(theta)"
            )
    if isinstance(tolerance, bool) or not isinstance(tolerance, (int, float)) or not 0.0 < tolerance < math.inf:
        raise ValueError(f"implicit(): tolerance must be a number above 0, not {tolerance!r:.60}")
    name = name_of(solve)

    def root(*theta: Any) -> Any:
        return _Root(solve, residual, theta, float(tolerance)).found()

    root.__name__ = root.__qualname__ = f"implicit({name})"
    root.__doc__ = f"The root that {name} finds, with its derivatives by the implicit function theorem."
    root.__module__ = getattr(solve, "__module__", __name__)
    return root  # type: ignore[return-value]


class _Root:
    """One call: the root that solve found, and the residual around it."""

    def __init__(
        self, solve: Callable[..., Any], residual: Callable[..., Any], theta: tuple[Any, ...], tolerance: float
    ) -> None:
        self._residual, self._theta, self._tolerance = residual, theta, tolerance
        self._name, self._recorder = name_of(solve), thread.recorder
        values: list[Scalar] = []
        trees = [flatten(x, values, f"implicit(): argument {i} of {self._name}") for i, x in enumerate(theta)]
        fixed = list(map(self._fixed, values))
        self._given = [fill(tree, fixed, argument=True) for tree in trees]
        self._result = solve(*self._given)
        numbers: list[Scalar] = []
        self._tree = flatten(self._result, numbers, f"implicit(): what {self._name} returned")
        self._numbers = list(map(self._fixed, numbers))

    def found(self) -> Any:
        """The root: what solve returned, or Vars of these values with their derivatives."""
        values = self._at(self._numbers)
        inverse = self._inverse()
        self._check(values, inverse)
        moved = self._numbers
        if not any(isinstance(x, Var) for x in values):
            return self._result
        # Each step of Newton's method with the matrix held fixed makes one more order of the derivatives right.
        for step in range(zeros.last.order + (1 if self._recorder is None else 2)):
            values = self._at(moved) if step else values
            moved = [_moved(x, module.apply_nary("dot", row, values)) for x, row in zip(moved, inverse, strict=True)]
        return fill(self._tree, moved)

    def _fixed(self, x: Scalar) -> Scalar:
        """A number without its derivative: a float, or while a function is recorded a Var."""
        if self._recorder is None:
            return plain(x)
        return self._recorder.detach(x) if isinstance(x, Var) else x

    def _at(self, numbers: Sequence[Scalar]) -> list[Scalar]:
        """The residual there."""
        values: list[Scalar] = []
        result = self._residual(fill(self._tree, numbers, argument=True), *self._theta)
        flatten(result, values, f"implicit(): what {name_of(self._residual)} returned")
        if len(values) != len(numbers):
            raise ValueError(
                f"implicit(): {name_of(self._residual)} returned {len(values)} number(s) for a root of {len(numbers)}: "
                "it takes as many equations as unknowns"
            )
        return values

    def _inverse(self) -> Matrix:
        """The inverse of the residual's Jacobian by the root, without derivatives."""
        point = fill(self._tree, self._numbers)
        with Run("implicit", self._residual, 0, (point, *self._given), {}) as run:
            _, roots = run.outputs()
            matrix: Matrix = [list(map(self._fixed, row)) for row in run.rows(roots)]
        inverse = inverted(matrix)
        if inverse is None or not all(math.isfinite(self._value(x)) for row in inverse for x in row):
            raise ValueError(
                f"implicit(): the derivative of {name_of(self._residual)} by the root is singular at {self._where()}: "
                "the root has no derivative there, as at a double root"
            )
        return inverse

    def _check(self, values: Sequence[Scalar], inverse: Matrix) -> None:
        """ValueError if one more step of Newton's method would lead away from what solve returned."""
        residuals = list(map(self._value, values))
        for x, row, place in zip(self._numbers, inverse, paths(self._tree), strict=True):
            step = sum(self._value(c) * r for c, r in zip(row, residuals, strict=True))
            if not abs(step) <= self._tolerance * (1.0 + abs(self._value(x))):
                raise ValueError(
                    f"implicit(): {self._name} returned no root: {name_of(self._residual)} is {residuals[0]!r} at "
                    f"{self._where()}{', ...' * (len(residuals) > 1)}, and a Newton step would move the root{place} by "
                    f"{-step!r}: let it iterate longer, or give implicit() a larger tolerance"
                )

    def _value(self, x: Scalar) -> float:
        return plain(x) if self._recorder is None else self._recorder.number(x)

    def _where(self) -> str:
        shown = [repr(self._value(x)) for x in self._numbers[:4]]
        return "x = " + ", ".join(shown) + ", ..." * (len(self._numbers) > 4)


def _moved(x: Scalar, step: Scalar) -> Scalar:
    """x - step in its derivatives, and x in its value, since a step from a root is zero."""
    return x - (step - step.detach()) if isinstance(step, Var) else x


def inverted(matrix: Matrix) -> Matrix | None:
    """The inverse by elimination with the largest pivot of each column, of floats or Vars; None if it is singular."""
    n = len(matrix)
    rows = [[*row, *(float(i == k) for k in range(n))] for i, row in enumerate(matrix)]
    for k in range(n):
        best = k
        for i in range(k + 1, n):
            if abs(rows[i][k]) > abs(rows[best][k]):
                best = i
        rows[k], rows[best] = rows[best], rows[k]
        pivot = rows[k][k]
        if pivot == 0.0:
            return None
        rows[k] = [x / pivot for x in rows[k]]
        for i in range(n):
            if i != k:
                factor = rows[i][k]
                rows[i] = [x - factor * y for x, y in zip(rows[i], rows[k], strict=True)]
    return [row[n:] for row in rows]
