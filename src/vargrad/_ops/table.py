"""The table of operations: every operation of vargrad, one row each. Everything else derives from these rows.

A row holds expressions in a small subset of Python (see ``formula.py``). Rows of one or two operands speak of ``a``,
``b`` and ``out``, rows of any number of operands of ``x`` (this operand) and of the rows of ``AGGREGATES``. In a
partial, ``skip`` means that the operand receives nothing at all: a branch that lost gets no ``0 * inf``. ``let`` names
a subexpression that value and partials share. A partial must survive over- and underflow wherever the true derivative
is representable, and must stay accurate in its tails.

The same row is evaluated four ways: with Python's own arithmetic and exceptions (values in the pure twin),
with IEEE arithmetic (partials, there), as C (``csrc/ops/gen_ops.py``), and on Vars (derivatives of derivatives).
"""

from __future__ import annotations

from math import inf

from vargrad._ops.row import POSITIVE, REAL
from vargrad._ops.row import Aggregate as Aggregate
from vargrad._ops.row import NaryOp as NaryOp
from vargrad._ops.row import Op as Op
from vargrad._ops.table_special import CALLED_SPECIAL, SPECIAL, SPECIAL_PARTS

_SIGMOID = "1.0 / (1.0 + t) if a >= 0.0 else t / (1.0 + t)"
_T = (("t", "exp(-a) if a >= 0.0 else exp(a)"),)
_SILU = (*_T, ("r", "exp(0.5 * a) if a < 0.0 else 1.0"))  # r * r is t where t itself is subnormal
# exp(-a*a) loses a*a ulps to the rounding of the square, so the square is split: h*h is exact.
_GAUSS = "0.3989422804014327 * exp(-0.5 * h * h) * exp(0.5 * (h - a) * (h + a))"
_H = (("h", "rint(a * 16.0) / 16.0 if fabs(a) < 40.0 else 0.0"),)

# fmt: off
# What partials are made of: no function of the package, and no method. A part gives the bits of its formula; its own
# partial is written so that no digits cancel. The rules applied to the formula would lose them: the derivative of
# (1 - a) * (1 + a) by the product rule is 0 at 1e-20. So second and third derivatives stay right.
PARTS: tuple[Op, ...] = (
    Op("gauss", "0.0 if fabs(a) >= 40.0 else exp(-h * h) * exp((h - a) * (h + a))",
       ("-2.0 * a * out if fabs(a) < 26.0 else"
        " (0.0 if fabs(a) >= 40.0 else -2.0 * a * exp((h - a) * (h + a)) * exp(-0.5 * h * h) * exp(-0.5 * h * h))",),
       ((-26.6, 26.6),), "exp(-a * a), accurate in its tails.", let=_H, written="exp(-(a ** 2.0))"),
    Op("one_minus_square", "(1.0 - a) * (1.0 + a)", ("-2.0 * a",), ((-1e154, 1e154),), "1 - a * a, accurate at 1.",
       written="1.0 - a ** 2.0"),
    Op("cbrt_slope", "1.0 / (3.0 * a * a)", ("-2.0 * out / a",), ((1e-100, 1e100),),
       "Slope of cbrt where its value is a.", written="1.0 / (3.0 * a ** 2.0)"),
    Op("arctan_slope", "1.0 / (1.0 + a * a) if fabs(a) < 1e100 else 1.0 / a / a", ("-2.0 * (a * out) * out",), (REAL,),
       "Slope of arctan.", written="1.0 / (1.0 + a ** 2.0)"),
    Op("arctan2_slope",
       "1.0 / b / (1.0 + a / b * (a / b)) if fabs(a) <= fabs(b) else b / a / a / (1.0 + b / a * (b / a))",
       ("-2.0 * (out * arctan2_slope(b, a))", "arctan2_slope(b, a) * arctan2_slope(b, a) - out * out"),
       ((1e-70, 1e70), (1e-70, 1e70)), "Slope of arctan2 by a: b over a * a + b * b.",
       written="b / (a ** 2.0 + b ** 2.0)"),
    Op("arcsinh_slope", "1.0 / sqrt(1.0 + a * a) if fabs(a) < 1e100 else 1.0 / fabs(a)", ("-(a * out * out * out)",),
       (REAL,), "Slope of arcsinh.", written="1.0 / sqrt(1.0 + a ** 2.0)"),
    Op("tanh_slope", "4.0 * t / ((1.0 + t) * (1.0 + t))", ("-2.0 * tanh(a) * out",), (REAL,), "Slope of tanh.",
       let=(("t", "exp(-2.0 * fabs(a))"),), written="1.0 - tanh(a) ** 2.0"),
    Op("sigmoid_slope", "t / ((1.0 + t) * (1.0 + t))", ("-(tanh(0.5 * a) * out)",), (REAL,), "Slope of sigmoid.",
       let=(("t", "exp(-fabs(a))"),), written="sigmoid(a) * (1.0 - sigmoid(a))"),
    Op("silu_slope",
       "(1.0 if a == inf else (1.0 + a * (t / (1.0 + t))) / (1.0 + t)) if a >= 0.0 else"
       " (t / (1.0 + t) * (1.0 + a / (1.0 + t)) if a > -700.0 else (0.0 if a == -inf else r * (r * (1.0 + a))))",
       ("sigmoid_slope(a) * (2.0 - a * tanh(0.5 * a)) if fabs(a) < 700.0 else"
        " (q * (q * (2.0 - fabs(a))) if fabs(a) < 1500.0 else 0.0)",),
       (REAL,), "Slope of silu.",
       let=(("t", "exp(-fabs(a))"), ("r", "exp(0.5 * a) if a < 0.0 else 1.0"), ("q", "exp(-0.5 * fabs(a))"))),
    Op("gelu_slope", f"0.5 * erfc(a * -0.7071067811865476) + (a * {_GAUSS} if fabs(a) < 40.0 else 0.0)",
       ("(2.0 - a * a) * 0.3989422804014327 * exp(0.5 * (h - a) * (h + a)) * exp(-0.25 * h * h) * exp(-0.25 * h * h)"
        " if fabs(a) < 40.0 else 0.0",),
       (REAL,), "Slope of gelu.", let=_H),
    Op("share", "a / (a + b)", ("b / (a + b) / (a + b)", "-(a / (a + b) / (a + b))"), ((1e-70, 1e70), (1e-70, 1e70)),
       "The share of a in a sum with b: a softmax weight."),
    Op("cosine", "a / r", ("b / r / r / r", "-0.5 * (a / r / r / r)"), ((1e-70, 1e70), (1e-140, 1e140)),
       "a over the root of a * a + b: a direction's cosine.", let=(("r", "sqrt(a * a + b)"),)),
)

ARITHMETIC = (
    Op("add", "a + b", ("1.0", "1.0"), (REAL, REAL), "Sum."),
    Op("sub", "a - b", ("1.0", "-1.0"), (REAL, REAL), "Difference."),
    Op("mul", "a * b", ("b", "a"), (REAL, REAL), "Product."),
    Op("truediv", "a / b", ("1.0 / b", "-(out / b)"), (REAL, REAL), "Quotient."),
    Op("pow", "a ** b",
       ("b * a ** (b - 1.0) if fabs(a) > 1e-300 or b != 0.0 else (b * out / a if a != 0.0 else 0.0)",
        "0.0 if a == 0.0 or (out == 0.0 and a == inf) else out * log(a)"),
       ((0.0, 1e3), (-40.0, 40.0)), "Power; d/da of a**0 is 0; d/db is 0 at a = 0, nan at a < 0.",
       kinks=((0.0, 0.0), (0.0, 0.5), (0.0, 1.0), (0.0, 2.0), (-2.0, 3.0))),
    Op("mod", "a % b", ("1.0", "-(a // b)"), ((-1e3, 1e3), (-1e3, 1e3)), "Remainder with b's sign, as Python's %."),
    Op("floordiv", "a // b", ("skip", "skip"), ((-1e3, 1e3), (-1e3, 1e3)), "Floored quotient; derivative 0."),
    Op("neg", "-a", ("-1.0",), (REAL,), "Negation."),
    Op("abs", "fabs(a)", ("copysign(1.0, a) if a != 0.0 else 0.0",), (REAL,), "Absolute value; derivative 0 at 0.",
       function="fabs", kinks=((0.0,),)),
    Op("identity", "a", ("1.0",), (REAL,), "The value itself, as a node of its own."),
    Op("round", "round(a, b)", ("skip", "skip"), (REAL, (-3.0, 9.0)), "Round to b digits; derivative 0.",
       exact=False),
)

EXPONENTIALS = (
    Op("exp", "exp(a)", ("out",), ((-750.0, 709.0),), "e to the power a.", function="exp"),
    Op("exp2", "exp2(a)", ("out * 0.6931471805599453",), ((-1075.0, 1023.0),), "2 to the power a.", function="exp2"),
    Op("expm1", "expm1(a)", ("exp(a)",), ((-750.0, 709.0),), "exp(a) - 1, accurate near 0.", function="expm1"),
    Op("log", "log(a)", ("1.0 / a",), (POSITIVE,), "Natural logarithm."),  # math.log takes a base: _core/functions.py
    Op("log2", "log2(a)", ("1.0 / a / 0.6931471805599453",), (POSITIVE,), "Logarithm to base 2.", function="log2"),
    Op("log10", "log10(a)", ("1.0 / a / 2.302585092994046 if a > 1e-300 else 0.4342944819032518 / a",), (POSITIVE,),
       "Logarithm to base 10.", function="log10"),
    Op("log1p", "log1p(a)", ("1.0 / (1.0 + a)",), ((-1.0, inf),), "log(1 + a), accurate near 0.", function="log1p"),
    Op("sqrt", "sqrt(a)", ("0.5 / out",), (POSITIVE,), "Square root; derivative inf at 0.", function="sqrt"),
    Op("cbrt", "cbrt(a)", ("cbrt_slope(out)",), (REAL,), "Cube root; derivative inf at 0.", function="cbrt"),
    Op("square", "a * a", ("a + a",), ((-1e154, 1e154),), "a times a."),
)

ANGLES = (
    Op("sin", "sin(a)", ("cos(a)",), ((-1e6, 1e6),), "Sine of a in radians.", function="sin"),
    Op("cos", "cos(a)", ("-sin(a)",), ((-1e6, 1e6),), "Cosine of a in radians.", function="cos"),
    Op("tan", "tan(a)", ("1.0 + out * out",), ((-1e3, 1e3),), "Tangent of a in radians.", function="tan"),
    Op("arcsin", "asin(a)", ("1.0 / sqrt(one_minus_square(a))",), ((-1.0, 1.0),), "Inverse sine, radians.",
       function="asin"),
    Op("arccos", "acos(a)", ("-1.0 / sqrt(one_minus_square(a))",), ((-1.0, 1.0),), "Inverse cosine, radians.",
       function="acos"),
    Op("arctan", "atan(a)", ("arctan_slope(a)",), (REAL,),
       "Inverse tangent, radians.", function="atan"),
    Op("arctan2", "atan2(a, b)", ("arctan2_slope(a, b)", "-arctan2_slope(b, a)"),
       (REAL, REAL), "Angle of the point (b, a), radians.", function="atan2"),
    Op("sinh", "sinh(a)", ("cosh(a)",), ((-709.0, 709.0),), "Hyperbolic sine.", function="sinh"),
    Op("cosh", "cosh(a)", ("sinh(a)",), ((-709.0, 709.0),), "Hyperbolic cosine.", function="cosh"),
    Op("tanh", "tanh(a)", ("tanh_slope(a)",), (REAL,), "Hyperbolic tangent.", function="tanh"),
    Op("arcsinh", "asinh(a)", ("arcsinh_slope(a)",), (REAL,),
       "Inverse hyperbolic sine.", function="asinh"),
    Op("arccosh", "acosh(a)", ("1.0 / (sqrt(a - 1.0) * sqrt(a + 1.0))",), ((1.0, inf),), "Inverse hyperbolic cosine.",
       function="acosh"),
    Op("arctanh", "atanh(a)", ("1.0 / one_minus_square(a)",), ((-1.0, 1.0),), "Inverse hyperbolic tangent.",
       function="atanh"),
    Op("degrees", "a * 57.29577951308232", ("57.29577951308232",), (REAL,), "Radians to degrees.", alias="rad2deg",
       function="degrees"),
    Op("radians", "a * 0.017453292519943295", ("0.017453292519943295",), (REAL,), "Degrees to radians.",
       alias="deg2rad", function="radians"),
)

ACTIVATIONS = (
    Op("sigmoid", _SIGMOID, ("sigmoid_slope(a)",), (REAL,), "1 / (1 + exp(-a)).", let=_T,
       function="sigmoid", special="expit"),
    Op("relu", "0.0 if a <= 0.0 else a", ("skip if a <= 0.0 else 1.0",), (REAL,), "max(a, 0); derivative 0 at 0.",
       function="relu", kinks=((0.0,),)),
    Op("leaky_relu", "a if a > 0.0 else b * a", ("1.0 if a > 0.0 else b", "skip if a > 0.0 else a"),
       (REAL, (0.0, 1.0)), "a, or slope b times a where a <= 0; derivative b at 0.", function="leaky_relu",
       kinks=((0.0, 0.01),)),
    Op("elu", "a if a > 0.0 else b * expm1(a)", ("1.0 if a > 0.0 else b * exp(a)", "skip if a > 0.0 else expm1(a)"),
       (REAL, (0.0, 2.0)), "a, or b (exp(a) - 1) where a <= 0; derivative b at 0.", function="elu",
       kinks=((0.0, 0.5),)),
    Op("selu", "1.0507009873554805 * a if a > 0.0 else 1.7580993408473766 * expm1(a)",
       ("1.0507009873554805 if a > 0.0 else 1.7580993408473766 * exp(a)",), (REAL,),
       "elu times 1.0507, of slope 1.6733: it keeps mean 0 and variance 1.", function="selu", kinks=((0.0,),)),
    Op("softplus", "log1p(t) + (a if a > 0.0 else 0.0)", ("sigmoid(a)",), (REAL,), "log(1 + exp(a)).", let=_T,
       function="softplus"),
    Op("silu",
       "a / (1.0 + t) if a >= 0.0 else"
       " (a * (t / (1.0 + t)) if a > -700.0 else (-0.0 if a == -inf else r * (r * a)))",
       ("silu_slope(a)",),
       (REAL,), "a times sigmoid(a), also called swish.", let=_SILU, function="silu"),
    Op("gelu", "0.5 * a * erfc(a * -0.7071067811865476) if a != -inf else -0.0",
       ("gelu_slope(a)",), (REAL,),
       "a times the normal distribution function of a (the erf form).", function="gelu"),
    Op("erf", "erf(a)", ("1.1283791670955126 * gauss(a)",), (REAL,), "Error function.", function="erf"),
    Op("erfc", "erfc(a)", ("-1.1283791670955126 * gauss(a)",), (REAL,), "1 - erf(a), accurate in its tail.",
       function="erfc"),
)

ROUNDING = (
    Op("rint", "rint(a)", ("skip",), (REAL,), "Nearest integer, ties to even, as a float; derivative 0."),
    Op("fmod", "fmod(a, b)", ("1.0", "-rint((a - out) / b)"), ((-1e3, 1e3), (-1e3, 1e3)),
       "Remainder with a's sign, as C's fmod.", function="fmod"),
    Op("remainder", "remainder(a, b)", ("1.0", "-rint((a - out) / b)"), ((-1e3, 1e3), (-1e3, 1e3)),
       "IEEE 754 remainder, nearest quotient.", function="remainder"),
    Op("copysign", "copysign(a, b)", ("copysign(1.0, a) * copysign(1.0, b) if a != 0.0 else 0.0", "skip"),
       (REAL, REAL), "Magnitude of a, sign of b.", function="copysign", kinks=((0.0, 1.0),)),
)

_LEFT = "(0.5 if a == b else 1.0) if a {} b or b != b else skip"
_RIGHT = "(0.5 if a == b else 1.0) if b {} a or (a != a and b == b) else skip"
EXTREMES = (  # C leaves open which of 0.0 and -0.0 is taken; here it is b
    Op("fmax", "a if a > b or b != b else b", (_LEFT.format(">="), _RIGHT.format(">=")), (REAL, REAL),
       "Larger of a and b, or the one that is no nan, as C's fmax; ties share the derivative equally.",
       function="fmax", kinks=((1.0, 1.0),)),
    Op("fmin", "a if a < b or b != b else b", (_LEFT.format("<="), _RIGHT.format("<=")), (REAL, REAL),
       "Smaller of a and b, or the one that is no nan, as C's fmin; ties share the derivative equally.",
       function="fmin", kinks=((1.0, 1.0),)),
)

BOUNDS = (
    Op("clamp_min", "b if a < b else a", ("skip if a < b else 1.0", "1.0 if a < b else skip"), (REAL, REAL),
       "a, but at least b; the derivative passes at the bound.", kinks=((1.0, 1.0),)),
    Op("clamp_max", "b if a > b else a", ("skip if a > b else 1.0", "1.0 if a > b else skip"), (REAL, REAL),
       "a, but at most b; the derivative passes at the bound.", kinks=((1.0, 1.0),)),
)

_LARGER, _SMALLER = "x if x > acc or x != x else acc", "x if x < acc or x != x else acc"
_SHARE = "1.0 / ties if x == out else skip"

AGGREGATES: tuple[Aggregate, ...] = (
    Aggregate("biggest", _LARGER, "x", "The largest x, or nan.", constant=True),
    Aggregate("ties", "acc + (x == out)", "0.0", "How many x equal the result.", constant=True),
    Aggregate("before", "acc * x", "1.0", "The product of the operands before x.", over="before"),
    Aggregate("after", "acc * x", "1.0", "The product of the operands after x.", over="after"),
    Aggregate("top", "fabs(x) if fabs(x) > acc else acc", "0.0", "The largest magnitude.", constant=True),
    Aggregate("wild", "", "", "Whether no x can be divided by that.", "top == 0.0 or top == inf", "none", True),
    Aggregate("ends", "copysign(1.0, x) if fabs(x) == inf else x * 0.0", "", "Then this comes instead of the quotient.",
              over="each", constant=True),
    Aggregate("scaled", "ends if wild else x / top", "", "x over the largest magnitude.", over="each"),
    Aggregate("norm", "acc + scaled * scaled", "0.0", "Euclidean norm of those, which neither over- nor underflows.",
              "sqrt(acc) if top > 0.0 else 1.0"),
    Aggregate("squares_before", "acc + scaled * scaled", "0.0", "The sum of their squares before x.", over="before"),
    Aggregate("squares_after", "acc + scaled * scaled", "0.0", "The sum of their squares after x.", over="after"),
    Aggregate("weight", "exp(x - biggest)", "", "The exponential of x, relative to the largest.", over="each"),
    Aggregate("weights_before", "acc + weight", "0.0", "The sum of the weights before x.", over="before"),
    Aggregate("weights_after", "acc + weight", "0.0", "The sum of the weights after x.", over="after"),
    Aggregate("plain", "acc + fabs(x)", "0.0", "The sum of the magnitudes."),
)

NARY: tuple[NaryOp, ...] = (
    NaryOp("sum", "0.0", "acc + x", "acc", "1.0", REAL, "Sum from left to right, one node."),
    NaryOp("fsum", "", "", "", "1.0", REAL, "Exactly rounded sum, as math.fsum, one node.", exact=False),
    NaryOp("mean", "0.0", "acc + x", "acc / n", "1.0 / n", REAL,
           "Arithmetic mean, one node; ValueError if there are no values.", empty=False),
    NaryOp("prod", "1.0", "acc * x", "acc", "before * after", (-50.0, 50.0),
           "Product from left to right, one node; right at zeros too.", function=""),  # see _core/functions.py
    NaryOp("dot", "0.0", "acc + x * y", "acc", "y", REAL,
           "Inner product of two vectors of equal length, left to right, one node; ValueError if lengths differ.",
           "p, q", pairs=True),
    NaryOp("sumprod", "", "", "", "y", REAL, "Inner product as math.sumprod rounds it, one node.", "p, q", pairs=True,
           exact=False, since="3.12"),
    NaryOp("hypot", "", "", "inf if top == inf else (plain if top == 0.0 else top * norm)", "scaled / norm", REAL,
           "Euclidean norm of the coordinates; derivative 0 at the origin.", "*values", exact=False,
           again="scaled / norm if wild else cosine(scaled, squares_before + squares_after)", kinks=((0.0, 0.0),)),
    NaryOp("logsumexp", "0.0", "acc + exp(x - biggest)", "biggest if fabs(biggest) == inf else biggest + log(acc)",
           "exp(x - biggest) / total if fabs(out) != inf else (1.0 / ties if x == out else 0.0)", REAL,
           "log of the sum of exponentials, never overflowing, one node.",
           again="share(weight, weights_before + weights_after) if fabs(out) != inf else"
                 " (1.0 / ties if x == out else 0.0)", empty=False),
    NaryOp("maximum", "x", _LARGER, "acc", _SHARE, REAL,
           "Largest of the arguments; ties share the derivative equally, nan wins.", "*values", empty=False,
           kinks=((1.0, 1.0), (2.0, 2.0, 2.0))),
    NaryOp("minimum", "x", _SMALLER, "acc", _SHARE, REAL,
           "Smallest of the arguments; ties share the derivative equally, nan wins.", "*values", empty=False,
           kinks=((1.0, 1.0), (2.0, 2.0, 2.0))),
    NaryOp("custom", "", "", "", "y", REAL, "A user's own operation.", function="", pairs=True, partner="skip",
           exact=False),
)

# fmt: on

# Operators are Var's special methods; the rest are methods under the row's name, which is NumPy's.
METHODS: tuple[Op, ...] = EXPONENTIALS + ANGLES + ACTIVATIONS + ROUNDING + EXTREMES
PARTS += SPECIAL_PARTS
ROWS: tuple[Op, ...] = PARTS + ARITHMETIC + METHODS + BOUNDS + SPECIAL
BY_NAME: dict[str, Op] = {row.name: row for row in ROWS}
CALLED: tuple[Op, ...] = (
    *PARTS,
    BY_NAME["sigmoid"],
    *CALLED_SPECIAL,
)  # what partials may call besides functions of the math module
NARY_BY_NAME: dict[str, NaryOp] = {row.name: row for row in NARY}
