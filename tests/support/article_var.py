"""The tutorial's own recursive class, transcribed: a third oracle that shares nothing with either twin.

As in its last listing, but for the sigmoid branch, which there calls a method the listing has not. It raises
where a base is 0 under a negative exponent, and takes time exponential in shared subexpressions.
"""

from __future__ import annotations

import math
from typing import Any


class Var:
    """A value, and the operation and operands that made it."""

    def __init__(
        self,
        value: float,
        requires_grad: bool = False,
        prev_var1: Any = None,
        prev_var2: Any = None,
        prev_op: Any = None,
    ) -> None:
        self.value = value
        self.requires_grad = requires_grad
        if requires_grad:
            self.grad = 0.0
        self.prev_var1 = prev_var1
        self.prev_var2 = prev_var2
        self.prev_op = prev_op

    def __add__(self, other: Any) -> Var:
        if not isinstance(other, Var):
            other = Var(other)
        return Var(self.value + other.value, prev_var1=self, prev_var2=other, prev_op="add")

    def __mul__(self, other: Any) -> Var:
        if not isinstance(other, Var):
            other = Var(other)
        return Var(self.value * other.value, prev_var1=self, prev_var2=other, prev_op="mul")

    def __pow__(self, other: Any) -> Var:
        if not isinstance(other, Var):
            other = Var(other)
        return Var(self.value**other.value, prev_var1=self, prev_var2=other, prev_op="pow")

    def __rpow__(self, other: Any) -> Var:
        if not isinstance(other, Var):
            other = Var(other)
        return Var(other.value**self.value, prev_var1=other, prev_var2=self, prev_op="pow")

    def __radd__(self, other: Any) -> Var:
        return self + other

    def __sub__(self, other: Any) -> Var:
        return self + (-other)

    def __rsub__(self, other: Any) -> Var:
        return other + (-self)

    def __neg__(self) -> Var:
        return self * -1

    def __rmul__(self, other: Any) -> Var:
        return self * other

    def __truediv__(self, other: Any) -> Var:
        return self * other**-1

    def __rtruediv__(self, other: Any) -> Var:
        return other * self**-1

    def slopes(self) -> tuple[float, float]:
        """The derivatives by both operands, as the article writes them into backward."""
        a, b = self.prev_var1.value, self.prev_var2.value
        if self.prev_op == "add":
            return 1, 1
        if self.prev_op == "mul":
            return b, a
        return b * a ** (b - 1), a**b * math.log(a) if a > 0 else 0

    def backward(self, current_grad: float = 1) -> None:
        """Add the derivative to every grad below, path by path."""
        if self.prev_op is not None:
            first, second = self.slopes()
            self.prev_var1.backward(current_grad * first)
            self.prev_var2.backward(current_grad * second)
        if self.requires_grad:
            self.grad += current_grad

    def magnitude(self, leaf: Var, current: float = 1.0) -> float:
        """The sum of the absolute contributions of all paths to a leaf: the scale of its rounding errors."""
        if self.prev_op is None:
            return current if self is leaf else 0.0
        first, second = self.slopes()
        return self.prev_var1.magnitude(leaf, abs(current * first)) + self.prev_var2.magnitude(
            leaf, abs(current * second)
        )
