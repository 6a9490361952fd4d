"""The article's own classes: its recursive Var, for comparison, and its network for XOR over any kind of number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any


class Var:
    """A node of linked Python objects; backward walks every path from the output."""

    def __init__(
        self,
        value: float,
        requires_grad: bool = False,
        prev_var1: Any = None,
        prev_var2: Any = None,
        prev_op: str | None = None,
    ) -> None:
        self.value = value
        self.requires_grad = requires_grad
        if requires_grad:
            self.grad = 0.0
        self.prev_var1 = prev_var1
        self.prev_var2 = prev_var2
        self.prev_op = prev_op

    @staticmethod
    def wrap(x: Any) -> Var:
        """A number becomes a Var."""
        return x if isinstance(x, Var) else Var(x)

    def __add__(self, other: Any) -> Var:
        other = self.wrap(other)
        return Var(self.value + other.value, prev_var1=self, prev_var2=other, prev_op="add")

    def __mul__(self, other: Any) -> Var:
        other = self.wrap(other)
        return Var(self.value * other.value, prev_var1=self, prev_var2=other, prev_op="mul")

    def __pow__(self, other: Any) -> Var:
        other = self.wrap(other)
        return Var(self.value**other.value, prev_var1=self, prev_var2=other, prev_op="pow")

    def __rpow__(self, other: Any) -> Var:
        return self.wrap(other).__pow__(self)

    def __neg__(self) -> Var:
        return self.__mul__(-1)

    def __sub__(self, other: Any) -> Var:
        return self.__add__(-other)

    def __rsub__(self, other: Any) -> Var:
        return self.__neg__().__add__(other)

    def __truediv__(self, other: Any) -> Var:
        return self.__mul__(other**-1)

    def __rtruediv__(self, other: Any) -> Var:
        return self.__pow__(-1).__mul__(other)

    __radd__ = __add__
    __rmul__ = __mul__

    def backward(self, current_grad: float = 1.0) -> None:
        """Add the derivative to .grad of every Var that wants one."""
        a, b = self.prev_var1, self.prev_var2
        if self.prev_op == "add":
            a.backward(current_grad)
            b.backward(current_grad)
        elif self.prev_op == "mul":
            a.backward(current_grad * b.value)
            b.backward(current_grad * a.value)
        elif self.prev_op == "pow":
            a.backward(current_grad * b.value * a.value ** (b.value - 1))
            b.backward(current_grad * self.value * math.log(a.value) if a.value > 0 else 0.0)
        if self.requires_grad:
            self.grad += current_grad


class XorNN:
    """Two inputs, two hidden neurons, one output. The parameters are Vars of any kind, or floats."""

    def __init__(self, parameters: Sequence[Any]) -> None:
        self.parameters = list(parameters)
        self.weights1, self.bias1 = self.parameters[:2], self.parameters[2]
        self.weights2, self.bias2 = self.parameters[3:5], self.parameters[5]
        self.weights3, self.bias3 = self.parameters[6:8], self.parameters[8]

    def sigmoid(self, x: Any) -> Any:
        """Squash the numbers to be between 0 and 1."""
        return 1 / (1 + math.e ** (-x))

    def forward(self, p: Any, q: Any) -> Any:
        """The prediction for two bits."""
        out1 = p * self.weights1[0] + q * self.weights1[1] + self.bias1
        out1 = self.sigmoid(out1)

        out2 = p * self.weights2[0] + q * self.weights2[1] + self.bias2
        out2 = self.sigmoid(out2)

        out3 = out1 * self.weights3[0] + out2 * self.weights3[1] + self.bias3
        return self.sigmoid(out3)

    def calculate_loss(self, data: Sequence[Sequence[float]]) -> Any:
        """The sum of squared errors."""
        loss: Any = 0
        for d in data:
            bit1, bit2 = d[0], d[1]
            prediction = self.forward(bit1, bit2)

            real_value = d[2]
            loss += (prediction - real_value) ** 2
        return loss

    def train(self, data: Sequence[Sequence[float]], steps: int, lr: float = 1.0) -> None:
        """Gradient descent."""
        for _ in range(steps):
            loss = self.calculate_loss(data)
            loss.backward()
            for p in self.parameters:
                p.value -= lr * p.grad
                p.grad = 0
