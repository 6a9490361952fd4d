# Written by csrc/gen_ops.py from src/vargrad/_ops.py; do not edit.

    def __add__(left, right):
        return binary(OP_add, left, right)

    def __sub__(left, right):
        return binary(OP_sub, left, right)

    def __mul__(left, right):
        return binary(OP_mul, left, right)

    def __truediv__(left, right):
        return binary(OP_truediv, left, right)

    def __mod__(left, right):
        return binary(OP_mod, left, right)

    def __floordiv__(left, right):
        return binary(OP_floordiv, left, right)

    def __neg__(self):
        return unary(OP_neg, self)

    def __abs__(self):
        return unary(OP_abs, self)

    def exp(self):
        """e to the power a."""
        return unary(OP_exp, self)

    def exp2(self):
        """2 to the power a."""
        return unary(OP_exp2, self)

    def expm1(self):
        """exp(a) - 1, accurate near 0."""
        return unary(OP_expm1, self)

    def log(self):
        """Natural logarithm."""
        return unary(OP_log, self)

    def log2(self):
        """Logarithm to base 2."""
        return unary(OP_log2, self)

    def log10(self):
        """Logarithm to base 10."""
        return unary(OP_log10, self)

    def log1p(self):
        """log(1 + a), accurate near 0."""
        return unary(OP_log1p, self)

    def sqrt(self):
        """Square root; derivative inf at 0."""
        return unary(OP_sqrt, self)

    def cbrt(self):
        """Cube root; derivative inf at 0."""
        return unary(OP_cbrt, self)

    def square(self):
        """a times a."""
        return unary(OP_square, self)

    def sin(self):
        """Sine of a in radians."""
        return unary(OP_sin, self)

    def cos(self):
        """Cosine of a in radians."""
        return unary(OP_cos, self)

    def tan(self):
        """Tangent of a in radians."""
        return unary(OP_tan, self)

    def arcsin(self):
        """Inverse sine, radians."""
        return unary(OP_arcsin, self)

    def arccos(self):
        """Inverse cosine, radians."""
        return unary(OP_arccos, self)

    def arctan(self):
        """Inverse tangent, radians."""
        return unary(OP_arctan, self)

    def arctan2(self, other):
        """Angle of the point (b, a), radians."""
        return method(OP_arctan2, "arctan2", self, other)

    def sinh(self):
        """Hyperbolic sine."""
        return unary(OP_sinh, self)

    def cosh(self):
        """Hyperbolic cosine."""
        return unary(OP_cosh, self)

    def tanh(self):
        """Hyperbolic tangent."""
        return unary(OP_tanh, self)

    def arcsinh(self):
        """Inverse hyperbolic sine."""
        return unary(OP_arcsinh, self)

    def arccosh(self):
        """Inverse hyperbolic cosine."""
        return unary(OP_arccosh, self)

    def arctanh(self):
        """Inverse hyperbolic tangent."""
        return unary(OP_arctanh, self)

    def degrees(self):
        """Radians to degrees."""
        return unary(OP_degrees, self)

    def rad2deg(self):
        """Radians to degrees."""
        return unary(OP_degrees, self)

    def radians(self):
        """Degrees to radians."""
        return unary(OP_radians, self)

    def deg2rad(self):
        """Degrees to radians."""
        return unary(OP_radians, self)

    def sigmoid(self):
        """1 / (1 + exp(-a))."""
        return unary(OP_sigmoid, self)

    def relu(self):
        """max(a, 0); derivative 0 at 0."""
        return unary(OP_relu, self)

    def leaky_relu(self, slope=0.01):
        """a, or slope b times a where a <= 0; derivative b at 0."""
        return method(OP_leaky_relu, "leaky_relu", self, slope)

    def softplus(self):
        """log(1 + exp(a))."""
        return unary(OP_softplus, self)

    def silu(self):
        """a times sigmoid(a), also called swish."""
        return unary(OP_silu, self)

    def gelu(self):
        """a times the normal distribution function of a (the erf form)."""
        return unary(OP_gelu, self)

    def erf(self):
        """Error function."""
        return unary(OP_erf, self)

    def erfc(self):
        """1 - erf(a), accurate in its tail."""
        return unary(OP_erfc, self)

    def rint(self):
        """Nearest integer, ties to even, as a float; derivative 0."""
        return unary(OP_rint, self)

    def fmod(self, other):
        """Remainder with a's sign, as C's fmod."""
        return method(OP_fmod, "fmod", self, other)

    def remainder(self, other):
        """IEEE 754 remainder, nearest quotient."""
        return method(OP_remainder, "remainder", self, other)

    def copysign(self, other):
        """Magnitude of a, sign of b."""
        return method(OP_copysign, "copysign", self, other)

    def fabs(self):
        """Absolute value; derivative 0 at 0."""
        return unary(OP_abs, self)
