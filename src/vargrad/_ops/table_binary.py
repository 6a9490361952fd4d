"""Rows of the table that take a float apart: what math.modf, math.frexp and math.ldexp are made of."""

from __future__ import annotations

from vargrad._ops.polynomials import Let
from vargrad._ops.row import Op

_WHOLE: Let = (("x", "fabs(a)"), ("n", "rint(x)"), ("t", "n - 1.0 if n > x else n"))
# x * 2**-l is about 1, whatever rounding does to the logarithm; subnormal numbers are scaled up first
_PARTS: Let = (
    ("x", "fabs(a)"),
    ("k", "54.0 if x < 1e-300 else 0.0"),
    ("y", "x * 18014398509481984.0 if x < 1e-300 else x"),
    ("l", "rint(log2(y))"),
    ("r", "y * exp2(-l)"),
)
_PLAIN = "x == 0.0 or x == inf or x != x"
# In up to three factors: only the last product may be rounded, where it is subnormal.
_SCALE: Let = (
    ("n", "-2200.0 if b < -2200.0 else (2200.0 if b > 2200.0 else b)"),
    ("m", "(1000.0 if n > 2000.0 else n - 1000.0)"),
)

_WIDE = (-1e100, 1e100)

# fmt: off
BINARY_PARTS = (
    Op("fraction", "copysign(0.0 if x == inf else x - t, a)", ("1.0",), ((-1e3, 1e3),),
       "What is behind the point, with the sign of a.", let=_WHOLE, quiet=True, written="a - whole(a)"),
    Op("whole", "copysign(t, a)", ("skip",), ((-1e3, 1e3),), "a rounded towards 0, as a float; derivative 0.",
       let=_WHOLE, quiet=True),
    Op("scaled",
       "(a * exp2(n + 1022.0) if n > -2044.0 else a * exp2(n + 2044.0) * 2.2250738585072014e-308)"
       " * 2.2250738585072014e-308 if n < -1022.0 else"
       " (a * exp2(n) if n < 1001.0 else a * 1.0715086071862673e+301 * exp2(m) * exp2(n - 1000.0 - m))",
       ("scaled(1.0, b)", "skip"), (_WIDE, (-100.0, 100.0)),
       "a times 2**b, rounded once; b is a whole number, no derivative by it.", let=_SCALE, quiet=True,
       written="a * 2.0 ** b"),
    Op("exponent", f"0.0 if {_PLAIN} else l - k + (1.0 if r >= 1.0 else 0.0)", ("skip",), (_WIDE,),
       "The power of 2 by which a is a number from 0.5 to 1; derivative 0.", let=_PARTS, quiet=True),
    Op("mantissa", f"a if {_PLAIN} else copysign(0.5 * r if r >= 1.0 else r, a)", ("scaled(1.0, -exponent(a))",),
       (_WIDE,), "a over 2 to its exponent: from 0.5 to 1, with the sign of a.", let=_PARTS, quiet=True,
       written="a / 2.0 ** exponent(a)"),
)
# fmt: on
