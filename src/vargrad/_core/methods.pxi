# Written by csrc/ops/gen_ops.py from src/vargrad/_ops/table.py; do not edit.

cdef extern from "ops/ops.h":
    int OP_gauss
    int OP_one_minus_square
    int OP_cbrt_slope
    int OP_arctan_slope
    int OP_arctan2_slope
    int OP_arcsinh_slope
    int OP_tanh_slope
    int OP_sigmoid_slope
    int OP_silu_slope
    int OP_gelu_slope
    int OP_share
    int OP_cosine
    int OP_log_ratio
    int OP_logit_slope
    int OP_sinc_slope
    int OP_exprel_slope
    int OP_mills_gap
    int OP_zeta
    int OP_digamma_gap
    int OP_beta_slope
    int OP_beta_curve
    int OP_trigamma_gap
    int OP_tetragamma_gap
    int OP_beta_one
    int OP_beta_bend
    int OP_beta_bend_slope
    int OP_gamma_density
    int OP_fraction
    int OP_whole
    int OP_scaled
    int OP_exponent
    int OP_mantissa
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
    int OP_elu
    int OP_selu
    int OP_softplus
    int OP_silu
    int OP_gelu
    int OP_erf
    int OP_erfc
    int OP_rint
    int OP_fmod
    int OP_remainder
    int OP_copysign
    int OP_fmax
    int OP_fmin
    int OP_clamp_min
    int OP_clamp_max
    int OP_norm_pdf
    int OP_exprel
    int OP_sinc
    int OP_logaddexp
    int OP_xlogy
    int OP_xlog1py
    int OP_entr
    int OP_rel_entr
    int OP_logit
    int OP_log_expit
    int OP_ndtr
    int OP_lgamma
    int OP_gamma
    int OP_digamma
    int OP_beta
    int OP_betaln
    int OP_erfinv
    int OP_erfcinv
    int OP_ndtri
    int OP_log_ndtr
    int OP_i0e
    int OP_i1e
    int OP_j0
    int OP_j1
    int OP_y0
    int OP_y1
    int OP_gammainc
    int OP_gammaincc
    double op_value_gauss(double a, double b)
    double op_value_one_minus_square(double a, double b)
    double op_value_cbrt_slope(double a, double b)
    double op_value_arctan_slope(double a, double b)
    double op_value_arctan2_slope(double a, double b)
    double op_value_arcsinh_slope(double a, double b)
    double op_value_tanh_slope(double a, double b)
    double op_value_sigmoid_slope(double a, double b)
    double op_value_silu_slope(double a, double b)
    double op_value_gelu_slope(double a, double b)
    double op_value_share(double a, double b)
    double op_value_cosine(double a, double b)
    double op_value_log_ratio(double a, double b)
    double op_value_logit_slope(double a, double b)
    double op_value_sinc_slope(double a, double b)
    double op_value_exprel_slope(double a, double b)
    double op_value_mills_gap(double a, double b)
    double op_value_zeta(double a, double b)
    double op_value_digamma_gap(double a, double b)
    double op_value_beta_slope(double a, double b)
    double op_value_beta_curve(double a, double b)
    double op_value_trigamma_gap(double a, double b)
    double op_value_tetragamma_gap(double a, double b)
    double op_value_beta_one(double a, double b)
    double op_value_beta_bend(double a, double b)
    double op_value_beta_bend_slope(double a, double b)
    double op_value_gamma_density(double a, double b)
    double op_value_fraction(double a, double b)
    double op_value_whole(double a, double b)
    double op_value_scaled(double a, double b)
    double op_value_exponent(double a, double b)
    double op_value_mantissa(double a, double b)
    double op_value_add(double a, double b)
    double op_value_sub(double a, double b)
    double op_value_mul(double a, double b)
    double op_value_truediv(double a, double b)
    double op_value_pow(double a, double b)
    double op_value_mod(double a, double b)
    double op_value_floordiv(double a, double b)
    double op_value_neg(double a, double b)
    double op_value_abs(double a, double b)
    double op_value_identity(double a, double b)
    double op_value_round(double a, double b)
    double op_value_exp(double a, double b)
    double op_value_exp2(double a, double b)
    double op_value_expm1(double a, double b)
    double op_value_log(double a, double b)
    double op_value_log2(double a, double b)
    double op_value_log10(double a, double b)
    double op_value_log1p(double a, double b)
    double op_value_sqrt(double a, double b)
    double op_value_cbrt(double a, double b)
    double op_value_square(double a, double b)
    double op_value_sin(double a, double b)
    double op_value_cos(double a, double b)
    double op_value_tan(double a, double b)
    double op_value_arcsin(double a, double b)
    double op_value_arccos(double a, double b)
    double op_value_arctan(double a, double b)
    double op_value_arctan2(double a, double b)
    double op_value_sinh(double a, double b)
    double op_value_cosh(double a, double b)
    double op_value_tanh(double a, double b)
    double op_value_arcsinh(double a, double b)
    double op_value_arccosh(double a, double b)
    double op_value_arctanh(double a, double b)
    double op_value_degrees(double a, double b)
    double op_value_radians(double a, double b)
    double op_value_sigmoid(double a, double b)
    double op_value_relu(double a, double b)
    double op_value_leaky_relu(double a, double b)
    double op_value_elu(double a, double b)
    double op_value_selu(double a, double b)
    double op_value_softplus(double a, double b)
    double op_value_silu(double a, double b)
    double op_value_gelu(double a, double b)
    double op_value_erf(double a, double b)
    double op_value_erfc(double a, double b)
    double op_value_rint(double a, double b)
    double op_value_fmod(double a, double b)
    double op_value_remainder(double a, double b)
    double op_value_copysign(double a, double b)
    double op_value_fmax(double a, double b)
    double op_value_fmin(double a, double b)
    double op_value_clamp_min(double a, double b)
    double op_value_clamp_max(double a, double b)
    double op_value_norm_pdf(double a, double b)
    double op_value_exprel(double a, double b)
    double op_value_sinc(double a, double b)
    double op_value_logaddexp(double a, double b)
    double op_value_xlogy(double a, double b)
    double op_value_xlog1py(double a, double b)
    double op_value_entr(double a, double b)
    double op_value_rel_entr(double a, double b)
    double op_value_logit(double a, double b)
    double op_value_log_expit(double a, double b)
    double op_value_ndtr(double a, double b)
    double op_value_lgamma(double a, double b)
    double op_value_gamma(double a, double b)
    double op_value_digamma(double a, double b)
    double op_value_beta(double a, double b)
    double op_value_betaln(double a, double b)
    double op_value_erfinv(double a, double b)
    double op_value_erfcinv(double a, double b)
    double op_value_ndtri(double a, double b)
    double op_value_log_ndtr(double a, double b)
    double op_value_i0e(double a, double b)
    double op_value_i1e(double a, double b)
    double op_value_j0(double a, double b)
    double op_value_j1(double a, double b)
    double op_value_y0(double a, double b)
    double op_value_y1(double a, double b)
    double op_value_gammainc(double a, double b)
    double op_value_gammaincc(double a, double b)


cdef class OpMethods:  # Cython allows no include inside a class, hence a base class
    """The operators and methods of Var that are rows of the table."""

    def __cinit__(self):  # the arguments are for Var's
        if type(self) is not Var:
            raise TypeError("this is the base of vargrad.Var: make one of those")

    def __add__(left, right):
        cdef Pair p
        if not operands(left, right, &p):
            return binary(OP_add, left, right)
        return finish(OP_add, op_value_add(p.x, p.y), &p, left, right)

    def __sub__(left, right):
        cdef Pair p
        if not operands(left, right, &p):
            return binary(OP_sub, left, right)
        return finish(OP_sub, op_value_sub(p.x, p.y), &p, left, right)

    def __mul__(left, right):
        cdef Pair p
        if not operands(left, right, &p):
            return binary(OP_mul, left, right)
        return finish(OP_mul, op_value_mul(p.x, p.y), &p, left, right)

    def __truediv__(left, right):
        cdef Pair p
        if not operands(left, right, &p):
            return binary(OP_truediv, left, right)
        return finish(OP_truediv, op_value_truediv(p.x, p.y), &p, left, right)

    def __mod__(left, right):
        cdef Pair p
        if not operands(left, right, &p):
            return binary(OP_mod, left, right)
        return finish(OP_mod, op_value_mod(p.x, p.y), &p, left, right)

    def __floordiv__(left, right):
        cdef Pair p
        if not operands(left, right, &p):
            return binary(OP_floordiv, left, right)
        return finish(OP_floordiv, op_value_floordiv(p.x, p.y), &p, left, right)

    def __neg__(self):
        return finish_unary(OP_neg, op_value_neg((<Var>self).node.value, 0.0), <Var>self)

    def __abs__(self):
        return finish_unary(OP_abs, op_value_abs((<Var>self).node.value, 0.0), <Var>self)

    def exp(self):
        """e to the power a."""
        return finish_unary(OP_exp, op_value_exp((<Var>self).node.value, 0.0), <Var>self)

    def exp2(self):
        """2 to the power a."""
        return finish_unary(OP_exp2, op_value_exp2((<Var>self).node.value, 0.0), <Var>self)

    def expm1(self):
        """exp(a) - 1, accurate near 0."""
        return finish_unary(OP_expm1, op_value_expm1((<Var>self).node.value, 0.0), <Var>self)

    def log(self):
        """Natural logarithm."""
        return finish_unary(OP_log, op_value_log((<Var>self).node.value, 0.0), <Var>self)

    def log2(self):
        """Logarithm to base 2."""
        return finish_unary(OP_log2, op_value_log2((<Var>self).node.value, 0.0), <Var>self)

    def log10(self):
        """Logarithm to base 10."""
        return finish_unary(OP_log10, op_value_log10((<Var>self).node.value, 0.0), <Var>self)

    def log1p(self):
        """log(1 + a), accurate near 0."""
        return finish_unary(OP_log1p, op_value_log1p((<Var>self).node.value, 0.0), <Var>self)

    def sqrt(self):
        """Square root; derivative inf at 0."""
        return finish_unary(OP_sqrt, op_value_sqrt((<Var>self).node.value, 0.0), <Var>self)

    def cbrt(self):
        """Cube root; derivative inf at 0."""
        return finish_unary(OP_cbrt, op_value_cbrt((<Var>self).node.value, 0.0), <Var>self)

    def square(self):
        """a times a."""
        return finish_unary(OP_square, op_value_square((<Var>self).node.value, 0.0), <Var>self)

    def sin(self):
        """Sine of a in radians."""
        return finish_unary(OP_sin, op_value_sin((<Var>self).node.value, 0.0), <Var>self)

    def cos(self):
        """Cosine of a in radians."""
        return finish_unary(OP_cos, op_value_cos((<Var>self).node.value, 0.0), <Var>self)

    def tan(self):
        """Tangent of a in radians."""
        return finish_unary(OP_tan, op_value_tan((<Var>self).node.value, 0.0), <Var>self)

    def arcsin(self):
        """Inverse sine, radians."""
        return finish_unary(OP_arcsin, op_value_arcsin((<Var>self).node.value, 0.0), <Var>self)

    def arccos(self):
        """Inverse cosine, radians."""
        return finish_unary(OP_arccos, op_value_arccos((<Var>self).node.value, 0.0), <Var>self)

    def arctan(self):
        """Inverse tangent, radians."""
        return finish_unary(OP_arctan, op_value_arctan((<Var>self).node.value, 0.0), <Var>self)

    def arctan2(self, other):
        """Angle of the point (b, a), radians."""
        return method(OP_arctan2, "arctan2", <Var>self, other)

    def sinh(self):
        """Hyperbolic sine."""
        return finish_unary(OP_sinh, op_value_sinh((<Var>self).node.value, 0.0), <Var>self)

    def cosh(self):
        """Hyperbolic cosine."""
        return finish_unary(OP_cosh, op_value_cosh((<Var>self).node.value, 0.0), <Var>self)

    def tanh(self):
        """Hyperbolic tangent."""
        return finish_unary(OP_tanh, op_value_tanh((<Var>self).node.value, 0.0), <Var>self)

    def arcsinh(self):
        """Inverse hyperbolic sine."""
        return finish_unary(OP_arcsinh, op_value_arcsinh((<Var>self).node.value, 0.0), <Var>self)

    def arccosh(self):
        """Inverse hyperbolic cosine."""
        return finish_unary(OP_arccosh, op_value_arccosh((<Var>self).node.value, 0.0), <Var>self)

    def arctanh(self):
        """Inverse hyperbolic tangent."""
        return finish_unary(OP_arctanh, op_value_arctanh((<Var>self).node.value, 0.0), <Var>self)

    def degrees(self):
        """Radians to degrees."""
        return finish_unary(OP_degrees, op_value_degrees((<Var>self).node.value, 0.0), <Var>self)

    def rad2deg(self):
        """Radians to degrees."""
        return finish_unary(OP_degrees, op_value_degrees((<Var>self).node.value, 0.0), <Var>self)

    def radians(self):
        """Degrees to radians."""
        return finish_unary(OP_radians, op_value_radians((<Var>self).node.value, 0.0), <Var>self)

    def deg2rad(self):
        """Degrees to radians."""
        return finish_unary(OP_radians, op_value_radians((<Var>self).node.value, 0.0), <Var>self)

    def sigmoid(self):
        """1 / (1 + exp(-a))."""
        return finish_unary(OP_sigmoid, op_value_sigmoid((<Var>self).node.value, 0.0), <Var>self)

    def relu(self):
        """max(a, 0); derivative 0 at 0."""
        return finish_unary(OP_relu, op_value_relu((<Var>self).node.value, 0.0), <Var>self)

    def leaky_relu(self, slope=0.01):
        """a, or slope b times a where a <= 0; derivative b at 0."""
        return method(OP_leaky_relu, "leaky_relu", <Var>self, slope)

    def elu(self, alpha=1.0):
        """a, or b (exp(a) - 1) where a <= 0; derivative b at 0."""
        return method(OP_elu, "elu", <Var>self, alpha)

    def selu(self):
        """elu times 1.0507, of slope 1.6733: it keeps mean 0 and variance 1."""
        return finish_unary(OP_selu, op_value_selu((<Var>self).node.value, 0.0), <Var>self)

    def softplus(self):
        """log(1 + exp(a))."""
        return finish_unary(OP_softplus, op_value_softplus((<Var>self).node.value, 0.0), <Var>self)

    def silu(self):
        """a times sigmoid(a), also called swish."""
        return finish_unary(OP_silu, op_value_silu((<Var>self).node.value, 0.0), <Var>self)

    def gelu(self):
        """a times the normal distribution function of a (the erf form)."""
        return finish_unary(OP_gelu, op_value_gelu((<Var>self).node.value, 0.0), <Var>self)

    def erf(self):
        """Error function."""
        return finish_unary(OP_erf, op_value_erf((<Var>self).node.value, 0.0), <Var>self)

    def erfc(self):
        """1 - erf(a), accurate in its tail."""
        return finish_unary(OP_erfc, op_value_erfc((<Var>self).node.value, 0.0), <Var>self)

    def rint(self):
        """Nearest integer, ties to even, as a float; derivative 0."""
        return finish_unary(OP_rint, op_value_rint((<Var>self).node.value, 0.0), <Var>self)

    def fmod(self, other):
        """Remainder with a's sign, as C's fmod."""
        return method(OP_fmod, "fmod", <Var>self, other)

    def remainder(self, other):
        """IEEE 754 remainder, nearest quotient."""
        return method(OP_remainder, "remainder", <Var>self, other)

    def copysign(self, other):
        """Magnitude of a, sign of b."""
        return method(OP_copysign, "copysign", <Var>self, other)

    def fmax(self, other):
        """Larger of a and b, or the one that is no nan, as C's fmax; ties share the derivative equally."""
        return method(OP_fmax, "fmax", <Var>self, other)

    def fmin(self, other):
        """Smaller of a and b, or the one that is no nan, as C's fmin; ties share the derivative equally."""
        return method(OP_fmin, "fmin", <Var>self, other)

    def fabs(self):
        """Absolute value; derivative 0 at 0."""
        return finish_unary(OP_abs, op_value_abs((<Var>self).node.value, 0.0), <Var>self)
