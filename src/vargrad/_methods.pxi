# Written by csrc/gen_ops.py from src/vargrad/_ops.py; do not edit.

cdef extern from "ops.h":
    int OP_add
    int OP_sub
    int OP_mul
    int OP_truediv
    int OP_pow
    int OP_mod
    int OP_floordiv
    int OP_neg
    int OP_abs
    int OP_identity
    int OP_round
    int OP_exp
    int OP_exp2
    int OP_expm1
    int OP_log
    int OP_log2
    int OP_log10
    int OP_log1p
    int OP_sqrt
    int OP_cbrt
    int OP_square
    int OP_sin
    int OP_cos
    int OP_tan
    int OP_arcsin
    int OP_arccos
    int OP_arctan
    int OP_arctan2
    int OP_sinh
    int OP_cosh
    int OP_tanh
    int OP_arcsinh
    int OP_arccosh
    int OP_arctanh
    int OP_degrees
    int OP_radians
    int OP_sigmoid
    int OP_relu
    int OP_leaky_relu
    int OP_softplus
    int OP_silu
    int OP_gelu
    int OP_erf
    int OP_erfc
    int OP_rint
    int OP_fmod
    int OP_remainder
    int OP_copysign
    int OP_clamp_min
    int OP_clamp_max


cdef class Sheet:  # Cython allows no include inside a class, hence a base class
    """What Var has of the sheet."""

    def __cinit__(self):  # the arguments are for Var's
        if type(self) is not Var:
            raise TypeError("this is the base of vargrad.Var: make one of those")

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
        return unary(OP_neg, <Var>self)

    def __abs__(self):
        return unary(OP_abs, <Var>self)

    def exp(self):
        """e to the power a."""
        return unary(OP_exp, <Var>self)

    def exp2(self):
        """2 to the power a."""
        return unary(OP_exp2, <Var>self)

    def expm1(self):
        """exp(a) - 1, accurate near 0."""
        return unary(OP_expm1, <Var>self)

    def log(self):
        """Natural logarithm."""
        return unary(OP_log, <Var>self)

    def log2(self):
        """Logarithm to base 2."""
        return unary(OP_log2, <Var>self)

    def log10(self):
        """Logarithm to base 10."""
        return unary(OP_log10, <Var>self)

    def log1p(self):
        """log(1 + a), accurate near 0."""
        return unary(OP_log1p, <Var>self)

    def sqrt(self):
        """Square root; derivative inf at 0."""
        return unary(OP_sqrt, <Var>self)

    def cbrt(self):
        """Cube root; derivative inf at 0."""
        return unary(OP_cbrt, <Var>self)

    def square(self):
        """a times a."""
        return unary(OP_square, <Var>self)

    def sin(self):
        """Sine of a in radians."""
        return unary(OP_sin, <Var>self)

    def cos(self):
        """Cosine of a in radians."""
        return unary(OP_cos, <Var>self)

    def tan(self):
        """Tangent of a in radians."""
        return unary(OP_tan, <Var>self)

    def arcsin(self):
        """Inverse sine, radians."""
        return unary(OP_arcsin, <Var>self)

    def arccos(self):
        """Inverse cosine, radians."""
        return unary(OP_arccos, <Var>self)

    def arctan(self):
        """Inverse tangent, radians."""
        return unary(OP_arctan, <Var>self)

    def arctan2(self, other):
        """Angle of the point (b, a), radians."""
        return method(OP_arctan2, "arctan2", <Var>self, other)

    def sinh(self):
        """Hyperbolic sine."""
        return unary(OP_sinh, <Var>self)

    def cosh(self):
        """Hyperbolic cosine."""
        return unary(OP_cosh, <Var>self)

    def tanh(self):
        """Hyperbolic tangent."""
        return unary(OP_tanh, <Var>self)

    def arcsinh(self):
        """Inverse hyperbolic sine."""
        return unary(OP_arcsinh, <Var>self)

    def arccosh(self):
        """Inverse hyperbolic cosine."""
        return unary(OP_arccosh, <Var>self)

    def arctanh(self):
        """Inverse hyperbolic tangent."""
        return unary(OP_arctanh, <Var>self)

    def degrees(self):
        """Radians to degrees."""
        return unary(OP_degrees, <Var>self)

    def rad2deg(self):
        """Radians to degrees."""
        return unary(OP_degrees, <Var>self)

    def radians(self):
        """Degrees to radians."""
        return unary(OP_radians, <Var>self)

    def deg2rad(self):
        """Degrees to radians."""
        return unary(OP_radians, <Var>self)

    def sigmoid(self):
        """1 / (1 + exp(-a))."""
        return unary(OP_sigmoid, <Var>self)

    def relu(self):
        """max(a, 0); derivative 0 at 0."""
        return unary(OP_relu, <Var>self)

    def leaky_relu(self, slope=0.01):
        """a, or slope b times a where a <= 0; derivative b at 0."""
        return method(OP_leaky_relu, "leaky_relu", <Var>self, slope)

    def softplus(self):
        """log(1 + exp(a))."""
        return unary(OP_softplus, <Var>self)

    def silu(self):
        """a times sigmoid(a), also called swish."""
        return unary(OP_silu, <Var>self)

    def gelu(self):
        """a times the normal distribution function of a (the erf form)."""
        return unary(OP_gelu, <Var>self)

    def erf(self):
        """Error function."""
        return unary(OP_erf, <Var>self)

    def erfc(self):
        """1 - erf(a), accurate in its tail."""
        return unary(OP_erfc, <Var>self)

    def rint(self):
        """Nearest integer, ties to even, as a float; derivative 0."""
        return unary(OP_rint, <Var>self)

    def fmod(self, other):
        """Remainder with a's sign, as C's fmod."""
        return method(OP_fmod, "fmod", <Var>self, other)

    def remainder(self, other):
        """IEEE 754 remainder, nearest quotient."""
        return method(OP_remainder, "remainder", <Var>self, other)

    def copysign(self, other):
        """Magnitude of a, sign of b."""
        return method(OP_copysign, "copysign", <Var>self, other)

    def fabs(self):
        """Absolute value; derivative 0 at 0."""
        return unary(OP_abs, <Var>self)
