"""What rows of any number of operands that the table got a moment ago give everywhere, against mpmath.

new_nary_rows.py BACKEND: the backend is expected to be that one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np

import vargrad
from vargrad import Var, compile, hessian, math, reference

mpmath.mp.dps = 40
TRUE: dict[str, Callable[..., Any]] = {
    "sumsq": lambda *xs: mpmath.fsum(x * x for x in xs),
    "logmeanexp": lambda *xs: mpmath.log(mpmath.fsum(map(mpmath.exp, xs)) / len(xs)),
    "variance": lambda *xs: mpmath.fsum((x - mpmath.fsum(xs) / len(xs)) ** 2 for x in xs) / len(xs),
    "tangents": lambda *xs: mpmath.fsum(x * mpmath.tan(y) for x, y in zip(xs[:2], xs[2:], strict=True)),
}
POINT = (0.5, -1.25, 0.75, 1.0)
N = len(POINT)


def slope(name: str, *orders: int) -> float:
    return float(mpmath.diff(TRUE[name], POINT, orders))


def order(*operands: int) -> tuple[int, ...]:
    """How often to differentiate by each operand."""
    return tuple(operands.count(i) for i in range(N))


def call(of: Any, name: str, xs: Sequence[Any]) -> Any:
    return getattr(of, name)(xs[:2], xs[2:]) if name == "tangents" else getattr(of, name)(xs)


def near(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


def eager(kind: Any, of: Any, name: str) -> list[float]:
    xs = [kind(x, requires_grad=True) for x in POINT]
    result = call(of, name, xs)
    assert result.prev_op == name
    assert all(a is b for a, b in zip(result.parents, xs, strict=True))
    result.backward()
    return [result.value, *(x.grad for x in xs)]


assert vargrad.backend == sys.argv[1]
for name, true in TRUE.items():
    value, gradient = float(true(*POINT)), [slope(name, *order(i)) for i in range(N)]
    second = [[slope(name, *order(i, j)) for j in range(N)] for i in range(N)]
    found = eager(Var, math, name)
    assert found == eager(reference.Var, reference.math, name)
    near(found, [value, *gradient])
    assert call(math, name, POINT) == found[0]

    def function(a: Any, b: Any, c: Any, d: Any, name: str = name) -> Any:
        return call(math, name, [a, b, c, d])

    near(hessian(lambda *xs, f=function: f(*xs), argnums=tuple(range(N)))(*POINT), second)
    compiled = compile(lambda a, b, c, d, f=function: f(a, b, c, d))
    columns = [np.array([x, x]) for x in POINT]
    near(compiled(*columns), [value] * 2)
    near(np.transpose(compiled.value_and_grad(*columns)[1]), [gradient] * 2)
    near(np.array(compiled.hessian(*columns)).transpose(2, 0, 1), [second] * 2)
    nested = compile(lambda a, b, c, d, f=function: vargrad.grad(f)(a, b, c, d))
    near(nested(*columns), [gradient[0]] * 2)
    near(np.transpose(nested.value_and_grad(*columns)[1]), [second[0]] * 2)
