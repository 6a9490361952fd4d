"""What type checkers say of vargrad: mypy --strict and pyright check each ``assert_type``, and running it does too."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, assert_type

import numpy
import numpy.typing

from vargrad import NN, Var, grad, hvp, implicit, jvp, losses, math, optim, special, value_and_grad, vjp
from vargrad import compile as compiled

# ---- a Var

x, y = Var(0.5, requires_grad=True), Var(-1, requires_grad=True)
assert_type(x + y, Var)
assert_type(x - 1, Var)
assert_type(2.0 * x, Var)
assert_type(1 / x, Var)
assert_type(x**2, Var)
assert_type(2**x, Var)
assert_type(x % 1.5, Var)
assert_type(x // 1, Var)
assert_type(-x, Var)
assert_type(abs(y), Var)
assert_type(divmod(x, 2), tuple[Var, Var])
assert_type(max(x, y), Var)
assert_type(x < y, bool)
assert_type(x >= 1, bool)
assert_type(x == 1, bool)
assert_type(round(x), int)
assert_type(round(x, 2), Var)
assert_type(x.sin(), Var)
assert_type(x.clamp(0, 1), Var)
assert_type(x.hypot(3), Var)
assert_type(x.value, float)
assert_type(x.grad, float)
assert_type(x.item(), float)
assert_type(x.detach(), Var)
assert_type(x.is_integer(), bool)
assert_type(x.parents, tuple[Var, ...])
assert_type({x: 1.0}, dict[Var, float])

# ---- vargrad.math and vargrad.special: of a Var a Var, of numbers a float

assert_type(math.exp(x), Var)
assert_type(math.exp(1.0), float)
assert_type(math.exp(1), float)
assert_type(math.exp(Fraction(1, 3)), float)
assert_type(math.atan2(1, x), Var)
assert_type(math.atan2(x, 1), Var)
assert_type(math.atan2(1, 2.0), float)
assert_type(math.log(8, x), Var)
assert_type(math.log(x), Var)
assert_type(math.log(8, 2), float)
assert_type(math.leaky_relu(y), Var)
assert_type(math.pow(2, x), Var)
assert_type(math.interp(x, [0.0, 1.0], [2.0, 3.0], left=4.0), Var)
assert_type(math.interp(0.5, [0, 1], [2.0, 3.0]), float)
assert_type(math.sum([x, y]), Var)
assert_type(math.sum(v * v for v in (x, y)), Var)
assert_type(math.sum([1, 2.0]), float)
assert_type(math.dot([x, y], [1.0, 2.0]), Var)
assert_type(math.dot([1.0, 2.0], (x, y)), Var)
assert_type(math.dist([x, y], [y, x]), Var)
assert_type(math.hypot(x, 1.0, y), Var)
assert_type(math.maximum(0.0, x), Var)
assert_type(math.maximum(0.0, 1), float)
assert_type(math.prod([1.0, 2.0], start=x), Var)
assert_type(math.softmax([x, y]), list[Var])
assert_type(math.where(x > 0, x, 0.0), Var)
assert_type(math.where(x > 0, 1.0, 0.0), float)
assert_type(math.clamp(2.0, 0.0, 1.0), float)
assert_type(math.clamp(2.0, x), Var | float)
assert_type(math.floor(x), int)
assert_type(math.isfinite(x), bool)
assert_type(math.isclose(x, 0.5), bool)
assert_type(math.factorial(3), int)
assert_type(math.pi, float)
assert_type(special.ndtr(x), Var)
assert_type(special.ndtr(0), float)
assert_type(special.xlogy(0.0, x), Var)
assert_type(special.polygamma(1, x), Var)
assert_type(special.polygamma(1, 2.0), float)


def of_either(v: Var | float) -> None:
    """Where the argument may be both, so may the result."""
    assert_type(math.exp(v), Var | float)
    assert_type(math.atan2(v, 1.0), Var | float)
    assert_type(math.maximum(v, v), Var | float)
    assert_type(math.sum([v, 1.0]), Var | float)


of_either(1.0)
of_either(x)

# ---- losses and optimisers

assert_type(losses.mse([x, y], [0.0, 1.0]), Var)
assert_type(losses.mse(x, 1.0), Var)
assert_type(losses.mse([0.5, 2.0], [0.0, 1.0]), float)
assert_type(losses.cross_entropy([[x, y], [y, x]], [0, 1]), Var)
assert_type(losses.l2([x, y]), Var)
adam = optim.Adam([x, y])
assert_type(adam.lr, float)
assert_type(adam.betas, tuple[float, float])
assert_type(adam.amsgrad, bool)
assert_type(optim.StepLR(adam, step_size=2).step_size, int)
assert_type(optim.ReduceLROnPlateau(adam).mode, str)
assert_type(optim.LBFGS([x, y]).eval_limit, int | None)

# ---- derivatives of functions: parameters stay, and a gradient is of its argument's type


def area(width: float, height: float = 2.0) -> float:
    """A function with annotations."""
    return width * height


def first(x: list[float]) -> float:
    """Of a list."""
    return x[0] ** 2


assert_type(grad(area)(3.0), float)
assert_type(grad(area)(3, height=4.0), float)
assert_type(value_and_grad(area)(3.0), tuple[float, float])
assert_type(grad(first)([1.0, 2.0]), list[float])
assert_type(hvp(first)([1.0, 2.0], [1.0, 0.0]), list[float])
assert_type(jvp(area)(3.0, 1.0), tuple[float, float])
assert_type(vjp(area)(3.0)[1](1.0), float)
assert_type(implicit(lambda a: a**0.5, lambda root, a: root * root - a)(4.0), Any)
assert_type(grad(grad(lambda v: v**3))(2.0), Any)  # nothing is known of a function without annotations
assert_type(grad(area, argnums=(0, 1))(3.0, 4.0), Any)


def of_any(f: Callable[..., Any]) -> Any:
    """mypy --strict lets a gradient of anything be called."""
    return grad(f)(3.0, 4.0)


assert_type(of_any(area), Any)

# ---- compiled functions, methods and networks


@compiled
def volume(width: float, height: float) -> float:
    """Compiled, with annotations."""
    return width * height**2


@compiled(max_paths=3)
def half(width: float) -> float:
    """By a decorator with arguments."""
    return width / 2


class Scale:
    """Its method is compiled: the object is no argument."""

    factor = 2.0

    @compiled
    def times(self, width: float) -> float:
        return self.factor * width


rows = numpy.array([1.0, 2.0])
assert_type(volume(3.0, 4.0), float)
assert_type(volume(rows, 4.0), Any)
assert_type(volume(3.0, 4.0, workers=2), Any)
assert_type(half(3.0), float)
assert_type(Scale().times(3.0), float)
model = NN([2, 1], seed=0)
assert_type(model(0, 1), Any)
assert_type(model(numpy.zeros((3, 2))), numpy.typing.NDArray[numpy.object_])
assert_type(model.predict([[0.0, 1.0]]), numpy.typing.NDArray[Any])
assert_type(model.calculate_loss([[0, 1, 1]]), Var)
