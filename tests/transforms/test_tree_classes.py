"""Dataclasses and registered classes as arguments and results of transforms."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from vargrad import finite_difference, grad, hessian, hvp, jacobian, jvp, math, register_tree, value_and_grad, vjp


@dataclasses.dataclass(frozen=True)
class Spring:
    stiffness: Any
    ends: Any
    name: str = dataclasses.field(default="spring", metadata={"static": True})


@dataclasses.dataclass(slots=True)
class Box:
    width: Any
    height: Any
    area: Any = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        if self.width <= 0.0:
            raise ValueError("a box has a width")
        self.area = self.width * self.height


class Circle:
    def __init__(self, radius: Any, name: str) -> None:
        self.radius, self.name = radius, name


register_tree(Circle, lambda c: ([c.radius], c.name), lambda name, parts: Circle(*parts, name))


def energy(spring: Spring) -> Any:
    assert spring.name == "left"
    return spring.stiffness * (spring.ends[0] - spring.ends[1]) ** 2 / 2


def test_a_dataclass_is_argument_and_gradient() -> None:
    spring = Spring(4.0, [1.0, 3.5], "left")
    value, slope = value_and_grad(energy)(spring)
    assert value == 12.5
    assert slope == Spring(3.125, [-10.0, 10.0], "left")
    assert hvp(energy)(spring, Spring(1.0, [0.0, 0.0], "left")) == Spring(0.0, [-2.5, 2.5], "left")
    rows = hessian(energy)(spring)
    assert rows.ends[0].ends == [4.0, -4.0]
    assert finite_difference(energy, (spring,))[0].stiffness == pytest.approx(3.125)


def test_a_dataclass_is_a_result() -> None:
    def move(t: Any) -> Spring:
        return Spring(t**2, np.array([t, 1.0]), "moved")

    value, tangent = jvp(move)(3.0, 1.0)
    assert (value.stiffness, value.name, tangent.stiffness, tangent.ends.tolist()) == (9.0, "moved", 6.0, [1.0, 0.0])
    assert jacobian(move)(3.0).ends.tolist() == [1.0, 0.0]
    _, pulled = vjp(move)(3.0)
    assert pulled(Spring(1.0, np.array([5.0, 5.0]), "weights")) == 11.0


def test_what_a_constructor_computes_is_differentiated_through() -> None:
    """And it is not asked to make a gradient, whose width it would refuse."""
    slope = grad(lambda box: -box.area * box.width)(Box(2.0, 3.0))
    assert (slope.width, slope.height, slope.area) == (-12.0, -4.0, None)
    (by_difference,) = finite_difference(lambda box: -box.area * box.width, (Box(2.0, 3.0),), scheme="central")
    assert (by_difference.width, by_difference.height) == (pytest.approx(-12.0), pytest.approx(-4.0))


def test_a_registered_class() -> None:
    slope = grad(lambda c: math.pi * c.radius**2)(Circle(3.0, "wheel"))
    assert (slope.radius, slope.name) == (6 * math.pi, "wheel")
    assert grad(lambda c: c["in"].radius ** 3)({"in": Circle(2.0, "x")})["in"].radius == 12.0
    assert jvp(lambda t: Circle(t * t, "made"))(3.0, 1.0)[1].radius == 6.0


def test_what_is_beside_the_number_may_hold_them() -> None:
    _, aux = grad(lambda t: (t, [Spring(t, [2 * t], "s"), Circle(t, "c")]), has_aux=True)(3.0)
    assert aux[0] == Spring(3.0, [6.0], "s")
    assert aux[1].radius == 3.0


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(TypeError, match=r"argument 0 of energy at \.ends\[1\] must be .* dataclass .*not str"):
        grad(energy)(Spring(1.0, [1.0, "x"], "left"))
    with pytest.raises(ValueError, match=r"the structure of x, Spring\(float, \[float, float\]\), not \[float\]"):
        hvp(energy)(Spring(4.0, [1.0, 3.5], "left"), [1.0])
    with pytest.raises(ValueError, match="registered with other functions already"):
        register_tree(Circle, lambda c: ([], None), lambda held, parts: Circle(0.0, ""))
    bad: Callable[..., Any] = register_tree
    with pytest.raises(TypeError, match=r"register_tree\(\) takes a class"):
        bad(3.0, len, len)
    with pytest.raises(TypeError, match="flatten must be a function"):
        bad(Circle, 3, len)
