"""Rows of the table for Bessel functions of order 0 and 1, for vargrad.special.

Polynomials in ``fits.py``: in x * x or x up to 8, beyond that of the amplitudes, in powers of 1 / x. Slopes are the
slopes of these polynomials wherever the usual recurrences would cancel digits.
"""

from __future__ import annotations

from vargrad._ops import fits
from vargrad._ops.polynomials import Let, polynomial, slope
from vargrad._ops.row import Op

_X = ("x", "fabs(a)")
_SCALED: Let = (_X, ("l", "x - 1.5"), ("m", "x - 5.5"), ("u", "1.0 / x"), ("n", "u - 0.0625"))
_WAVES: Let = (  # p: of J, q: of Y, without the amplitude: sines and cosines of x - pi / 4, and of x - 3 pi / 4
    _X,
    ("z", "a * a"),
    ("k", "z - 8.0"),
    ("l", "x - 6.0"),
    ("u", "1.0 / x"),
    ("w", "u * u - 0.0078125"),
    ("c", "cos(x)"),
    ("s", "sin(x)"),
    ("r", "0.5641895835477563 / sqrt(x)"),
    ("e0", polynomial(fits.P0, "w")),
    ("o0", f"{polynomial(fits.Q0, 'w')} * u"),
    ("e1", polynomial(fits.P1, "w")),
    ("o1", f"{polynomial(fits.Q1, 'w')} * u"),
    ("f0", f"1.0 + z * {polynomial(fits.J0_0, 'k')}"),
    ("f1", polynomial(fits.J1_0, "k")),
)


def _scaled(order: int) -> tuple[str, str]:
    """exp(-x) I(x) of x = fabs(a), and its slope."""
    near, middle, far = ((getattr(fits, f"I{order}E_{part}")) for part in ("0", "1", "FAR"))
    small, steep = polynomial(near, "l"), polynomial(slope(near), "l")
    if order:
        small, steep = f"x * {small}", f"({small} + x * {steep})"
    value = f"({small} if x < 3.0 else ({polynomial(middle, 'm')} if x < 8.0 else {polynomial(far, 'n')} / sqrt(x)))"
    fall = f"-((0.5 * {polynomial(far, 'n')} + u * {polynomial(slope(far), 'n')}) * u / sqrt(x))"
    return value, f"({steep} if x < 3.0 else ({polynomial(slope(middle), 'm')} if x < 8.0 else {fall}))"


_I0E, _I0E_SLOPE = _scaled(0)
_I1E, _I1E_SLOPE = _scaled(1)
_Y0_0, _Y1_0 = polynomial(fits.Y0_0, "k"), polynomial(fits.Y1_0, "k")
_WIDE = (-1e4, 1e4)

# fmt: off
BESSEL = (
    Op("i0e", _I0E, (f"copysign(1.0, a) * {_I0E_SLOPE} if a != 0.0 else 0.0",), ((-1e300, 1e300),),
       "exp(-abs(a)) times the modified Bessel function I of order 0; derivative 0 at 0.", let=_SCALED,
       kinks=((0.0,),), special="i0e"),
    Op("i1e", f"copysign({_I1E}, a)", (_I1E_SLOPE,), ((-1e300, 1e300),),
       "exp(-abs(a)) times the modified Bessel function I of order 1.", let=_SCALED, kinks=((0.0,),), special="i1e"),
    Op("j0",
       f"f0 if x < 4.0 else ({polynomial(fits.J0_1, 'l')} if x < 8.0 else"
       " (0.0 if x == inf else r * (e0 * (c + s) - o0 * (s - c))))",
       ("-j1(a)",), (_WIDE,), "Bessel function of the first kind, of order 0.", let=_WAVES, special="j0"),
    Op("j1",
       f"a * f1 if x < 4.0 else copysign(1.0, a) * ({polynomial(fits.J1_1, 'l')} if x < 8.0 else"
       " (0.0 if x == inf else r * (e1 * (s - c) + o1 * (s + c))))",
       (f"f1 + 2.0 * z * {polynomial(slope(fits.J1_0), 'k')} if x < 4.0 else j0(a) - out / a",), (_WIDE,),
       "Bessel function of the first kind, of order 1.", let=_WAVES, special="j1"),
    Op("y0",
       f"(0.6366197723675814 * (log(a) * f0) + {_Y0_0} if a < 4.0 else ({polynomial(fits.Y0_1, 'l')} if a < 8.0 else"
       " (0.0 if a == inf else r * (e0 * (s - c) + o0 * (c + s))))) if a > 0.0 else"
       " (-inf if a == 0.0 else inf - inf)",
       ("-y1(a)",), ((1e-30, 1e4),), "Bessel function of the second kind, of order 0.", let=_WAVES, special="y0"),
    Op("y1",
       f"(0.6366197723675814 * (log(a) * (a * f1) - 1.0 / a) + a * {_Y1_0} if a < 4.0 else"
       f" ({polynomial(fits.Y1_1, 'l')} if a < 8.0 else"
       " (0.0 if a == inf else r * (o1 * (s - c) - e1 * (s + c))))) if a > 0.0 else"
       " (-inf if a == 0.0 else inf - inf)",
       ("y0(a) - out / a",), ((1e-30, 1e4),), "Bessel function of the second kind, of order 1.", let=_WAVES,
       special="y1"),
)
# fmt: on
