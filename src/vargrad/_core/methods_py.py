"""Var's operators and methods, one per row of the table of operations.

Written by csrc/ops/gen_ops.py from src/vargrad/_ops/table.py; do not edit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self


class OpMethods:
    """The operators and methods of the pure twin's Var that are rows of the table."""

    __slots__ = ()

    if TYPE_CHECKING:

        def _unary(self, name: str) -> Self: ...
        def _method(self, name: str, other: Self | float) -> Self: ...
        def _binary(self, name: str, other: Self | float) -> Self: ...
        def _reflected(self, name: str, other: Self | float) -> Self: ...

    def __add__(self, other: Self | float) -> Self:
        return self._binary("add", other)

    def __radd__(self, other: Self | float) -> Self:
        return self._reflected("add", other)

    def __sub__(self, other: Self | float) -> Self:
        return self._binary("sub", other)

    def __rsub__(self, other: Self | float) -> Self:
        return self._reflected("sub", other)

    def __mul__(self, other: Self | float) -> Self:
        return self._binary("mul", other)

    def __rmul__(self, other: Self | float) -> Self:
        return self._reflected("mul", other)

    def __truediv__(self, other: Self | float) -> Self:
        return self._binary("truediv", other)

    def __rtruediv__(self, other: Self | float) -> Self:
        return self._reflected("truediv", other)

    def __mod__(self, other: Self | float) -> Self:
        return self._binary("mod", other)

    def __rmod__(self, other: Self | float) -> Self:
        return self._reflected("mod", other)

    def __floordiv__(self, other: Self | float) -> Self:
        return self._binary("floordiv", other)

    def __rfloordiv__(self, other: Self | float) -> Self:
        return self._reflected("floordiv", other)

    def __neg__(self) -> Self:
        return self._unary("neg")

    def __abs__(self) -> Self:
        return self._unary("abs")

    def exp(self) -> Self:
        """e to the power a."""
        return self._unary("exp")

    def exp2(self) -> Self:
        """2 to the power a."""
        return self._unary("exp2")

    def expm1(self) -> Self:
        """exp(a) - 1, accurate near 0."""
        return self._unary("expm1")

    def log(self) -> Self:
        """Natural logarithm."""
        return self._unary("log")

    def log2(self) -> Self:
        """Logarithm to base 2."""
        return self._unary("log2")

    def log10(self) -> Self:
        """Logarithm to base 10."""
        return self._unary("log10")

    def log1p(self) -> Self:
        """log(1 + a), accurate near 0."""
        return self._unary("log1p")

    def sqrt(self) -> Self:
        """Square root; derivative inf at 0."""
        return self._unary("sqrt")

    def cbrt(self) -> Self:
        """Cube root; derivative inf at 0."""
        return self._unary("cbrt")

    def square(self) -> Self:
        """a times a."""
        return self._unary("square")

    def sin(self) -> Self:
        """Sine of a in radians."""
        return self._unary("sin")

    def cos(self) -> Self:
        """Cosine of a in radians."""
        return self._unary("cos")

    def tan(self) -> Self:
        """Tangent of a in radians."""
        return self._unary("tan")

    def arcsin(self) -> Self:
        """Inverse sine, radians."""
        return self._unary("arcsin")

    def arccos(self) -> Self:
        """Inverse cosine, radians."""
        return self._unary("arccos")

    def arctan(self) -> Self:
        """Inverse tangent, radians."""
        return self._unary("arctan")

    def arctan2(self, other: Self | float) -> Self:
        """Angle of the point (b, a), radians."""
        return self._method("arctan2", other)

    def sinh(self) -> Self:
        """Hyperbolic sine."""
        return self._unary("sinh")

    def cosh(self) -> Self:
        """Hyperbolic cosine."""
        return self._unary("cosh")

    def tanh(self) -> Self:
        """Hyperbolic tangent."""
        return self._unary("tanh")

    def arcsinh(self) -> Self:
        """Inverse hyperbolic sine."""
        return self._unary("arcsinh")

    def arccosh(self) -> Self:
        """Inverse hyperbolic cosine."""
        return self._unary("arccosh")

    def arctanh(self) -> Self:
        """Inverse hyperbolic tangent."""
        return self._unary("arctanh")

    def degrees(self) -> Self:
        """Radians to degrees."""
        return self._unary("degrees")

    def rad2deg(self) -> Self:
        """Radians to degrees."""
        return self._unary("degrees")

    def radians(self) -> Self:
        """Degrees to radians."""
        return self._unary("radians")

    def deg2rad(self) -> Self:
        """Degrees to radians."""
        return self._unary("radians")

    def sigmoid(self) -> Self:
        """1 / (1 + exp(-a))."""
        return self._unary("sigmoid")

    def relu(self) -> Self:
        """max(a, 0); derivative 0 at 0."""
        return self._unary("relu")

    def leaky_relu(self, slope: Self | float = 0.01) -> Self:
        """a, or slope b times a where a <= 0; derivative b at 0."""
        return self._method("leaky_relu", slope)

    def elu(self, alpha: Self | float = 1.0) -> Self:
        """a, or b (exp(a) - 1) where a <= 0; derivative b at 0."""
        return self._method("elu", alpha)

    def selu(self) -> Self:
        """elu times 1.0507, of slope 1.6733: it keeps mean 0 and variance 1."""
        return self._unary("selu")

    def softplus(self) -> Self:
        """log(1 + exp(a))."""
        return self._unary("softplus")

    def silu(self) -> Self:
        """a times sigmoid(a), also called swish."""
        return self._unary("silu")

    def gelu(self) -> Self:
        """a times the normal distribution function of a (the erf form)."""
        return self._unary("gelu")

    def erf(self) -> Self:
        """Error function."""
        return self._unary("erf")

    def erfc(self) -> Self:
        """1 - erf(a), accurate in its tail."""
        return self._unary("erfc")

    def rint(self) -> Self:
        """Nearest integer, ties to even, as a float; derivative 0."""
        return self._unary("rint")

    def fmod(self, other: Self | float) -> Self:
        """Remainder with a's sign, as C's fmod."""
        return self._method("fmod", other)

    def remainder(self, other: Self | float) -> Self:
        """IEEE 754 remainder, nearest quotient."""
        return self._method("remainder", other)

    def copysign(self, other: Self | float) -> Self:
        """Magnitude of a, sign of b."""
        return self._method("copysign", other)

    def fmax(self, other: Self | float) -> Self:
        """Larger of a and b, or the one that is no nan, as C's fmax; ties share the derivative equally."""
        return self._method("fmax", other)

    def fmin(self, other: Self | float) -> Self:
        """Smaller of a and b, or the one that is no nan, as C's fmin; ties share the derivative equally."""
        return self._method("fmin", other)

    def fabs(self) -> Self:
        """Absolute value; derivative 0 at 0."""
        return self._unary("abs")
