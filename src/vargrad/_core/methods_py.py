"""Var's operators and methods, one per row of the formula sheet.

Written by csrc/ops/gen_ops.py from src/vargrad/_ops/table.py; do not edit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vargrad._core.var_py import Var


class OpMethods:
    """What the pure twin's Var has of the sheet."""

    __slots__ = ()

    if TYPE_CHECKING:

        def _unary(self, name: str) -> Var: ...
        def _method(self, name: str, other: Var | float) -> Var: ...
        def _binary(self, name: str, other: Var | float) -> Var: ...
        def _reflected(self, name: str, other: Var | float) -> Var: ...

    def __add__(self, other: Var | float) -> Var:
        return self._binary("add", other)

    def __radd__(self, other: Var | float) -> Var:
        return self._reflected("add", other)

    def __sub__(self, other: Var | float) -> Var:
        return self._binary("sub", other)

    def __rsub__(self, other: Var | float) -> Var:
        return self._reflected("sub", other)

    def __mul__(self, other: Var | float) -> Var:
        return self._binary("mul", other)

    def __rmul__(self, other: Var | float) -> Var:
        return self._reflected("mul", other)

    def __truediv__(self, other: Var | float) -> Var:
        return self._binary("truediv", other)

    def __rtruediv__(self, other: Var | float) -> Var:
        return self._reflected("truediv", other)

    def __mod__(self, other: Var | float) -> Var:
        return self._binary("mod", other)

    def __rmod__(self, other: Var | float) -> Var:
        return self._reflected("mod", other)

    def __floordiv__(self, other: Var | float) -> Var:
        return self._binary("floordiv", other)

    def __rfloordiv__(self, other: Var | float) -> Var:
        return self._reflected("floordiv", other)

    def __neg__(self) -> Var:
        return self._unary("neg")

    def __abs__(self) -> Var:
        return self._unary("abs")

    def exp(self) -> Var:
        """e to the power a."""
        return self._unary("exp")

    def exp2(self) -> Var:
        """2 to the power a."""
        return self._unary("exp2")

    def expm1(self) -> Var:
        """exp(a) - 1, accurate near 0."""
        return self._unary("expm1")

    def log(self) -> Var:
        """Natural logarithm."""
        return self._unary("log")

    def log2(self) -> Var:
        """Logarithm to base 2."""
        return self._unary("log2")

    def log10(self) -> Var:
        """Logarithm to base 10."""
        return self._unary("log10")

    def log1p(self) -> Var:
        """log(1 + a), accurate near 0."""
        return self._unary("log1p")

    def sqrt(self) -> Var:
        """Square root; derivative inf at 0."""
        return self._unary("sqrt")

    def cbrt(self) -> Var:
        """Cube root; derivative inf at 0."""
        return self._unary("cbrt")

    def square(self) -> Var:
        """a times a."""
        return self._unary("square")

    def sin(self) -> Var:
        """Sine of a in radians."""
        return self._unary("sin")

    def cos(self) -> Var:
        """Cosine of a in radians."""
        return self._unary("cos")

    def tan(self) -> Var:
        """Tangent of a in radians."""
        return self._unary("tan")

    def arcsin(self) -> Var:
        """Inverse sine, radians."""
        return self._unary("arcsin")

    def arccos(self) -> Var:
        """Inverse cosine, radians."""
        return self._unary("arccos")

    def arctan(self) -> Var:
        """Inverse tangent, radians."""
        return self._unary("arctan")

    def arctan2(self, other: Var | float) -> Var:
        """Angle of the point (b, a), radians."""
        return self._method("arctan2", other)

    def sinh(self) -> Var:
        """Hyperbolic sine."""
        return self._unary("sinh")

    def cosh(self) -> Var:
        """Hyperbolic cosine."""
        return self._unary("cosh")

    def tanh(self) -> Var:
        """Hyperbolic tangent."""
        return self._unary("tanh")

    def arcsinh(self) -> Var:
        """Inverse hyperbolic sine."""
        return self._unary("arcsinh")

    def arccosh(self) -> Var:
        """Inverse hyperbolic cosine."""
        return self._unary("arccosh")

    def arctanh(self) -> Var:
        """Inverse hyperbolic tangent."""
        return self._unary("arctanh")

    def degrees(self) -> Var:
        """Radians to degrees."""
        return self._unary("degrees")

    def rad2deg(self) -> Var:
        """Radians to degrees."""
        return self._unary("degrees")

    def radians(self) -> Var:
        """Degrees to radians."""
        return self._unary("radians")

    def deg2rad(self) -> Var:
        """Degrees to radians."""
        return self._unary("radians")

    def sigmoid(self) -> Var:
        """1 / (1 + exp(-a))."""
        return self._unary("sigmoid")

    def relu(self) -> Var:
        """max(a, 0); derivative 0 at 0."""
        return self._unary("relu")

    def leaky_relu(self, slope: Var | float = 0.01) -> Var:
        """a, or slope b times a where a <= 0; derivative b at 0."""
        return self._method("leaky_relu", slope)

    def softplus(self) -> Var:
        """log(1 + exp(a))."""
        return self._unary("softplus")

    def silu(self) -> Var:
        """a times sigmoid(a), also called swish."""
        return self._unary("silu")

    def gelu(self) -> Var:
        """a times the normal distribution function of a (the erf form)."""
        return self._unary("gelu")

    def erf(self) -> Var:
        """Error function."""
        return self._unary("erf")

    def erfc(self) -> Var:
        """1 - erf(a), accurate in its tail."""
        return self._unary("erfc")

    def rint(self) -> Var:
        """Nearest integer, ties to even, as a float; derivative 0."""
        return self._unary("rint")

    def fmod(self, other: Var | float) -> Var:
        """Remainder with a's sign, as C's fmod."""
        return self._method("fmod", other)

    def remainder(self, other: Var | float) -> Var:
        """IEEE 754 remainder, nearest quotient."""
        return self._method("remainder", other)

    def copysign(self, other: Var | float) -> Var:
        """Magnitude of a, sign of b."""
        return self._method("copysign", other)

    def fabs(self) -> Var:
        """Absolute value; derivative 0 at 0."""
        return self._unary("abs")
