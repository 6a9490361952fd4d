"""Derivatives by differences, the article's first method, and the check that holds them against the exact ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from vargrad._core.modes import no_grad
from vargrad._core.var import Var, pullback
from vargrad._transforms.run import name_of, scalar
from vargrad._transforms.trees import Scalar, Tree, fill, flatten, paths, plain
from vargrad._util import errors
from vargrad.transforms import grad

__all__ = ["finite_difference", "gradcheck"]
# Where f is evaluated on both sides of the argument, in steps: the difference over the distance is the derivative.
SCHEMES = {"forward": (1.0, 0.0), "backward": (0.0, -1.0), "central": (1.0, -1.0)}


def finite_difference(
    f: Callable[..., Any], args: Sequence[Any], eps: float = 1e-4, scheme: str = "forward"
) -> tuple[Any, ...]:
    """The gradient of f by the difference of two values: all arguments' gradients, as a tuple.

    ``args``: the tuple of f's arguments: floats, or lists, tuples, dicts and arrays of them. ``eps``: the step, in the
    arguments' unit. ``scheme``: "forward" is (f(a + eps) - f(a)) / eps, whose error falls with eps; "backward" is
    (f(a) - f(a - eps)) / eps; "central" is (f(a + eps) - f(a - eps)) / (2 eps), whose error falls with its square.
    f is called with plain floats where args has them, and may return a float or a Var. As with ``grad``, the result
    holds Vars if an argument does, or if f depends on other Vars that require a gradient; inside ``no_grad`` f does
    not. Raises ValueError for an eps that is not positive and finite, or too small to change an argument, and for an
    unknown scheme, TypeError as ``grad`` does.

    >>> from vargrad import finite_difference
    >>> finite_difference(lambda a: a * a, (3.0,), eps=1)  # the article's first version: f(a + 1) - f(a)
    (7.0,)
    >>> finite_difference(lambda a: a * a, (3.0,), eps=0.5, scheme="central")
    (6.0,)
    """
    step = _positive(eps, "eps")
    if not isinstance(scheme, str) or scheme not in SCHEMES:
        raise ValueError(f"scheme must be {', '.join(map(repr, SCHEMES))}, not {scheme!r:.60}")
    tree, values = _arguments("finite_difference", args)
    up, down = SCHEMES[scheme]
    for path, x in zip(paths(tree), map(plain, values), strict=True):
        if any(side and x + side * step == x for side in (up, down)):
            raise ValueError(
                f"eps={step!r} is lost beside args{path} = {x!r}: a step must change the argument; give an eps of at "
                f"least {math.ulp(x)!r}, or a finite argument"
            )
    connected = any(isinstance(x, Var) for x in values)
    what = f"finite_difference() needs a function that returns one number; {name_of(f)} returned"

    def at(i: int, side: float) -> Scalar:
        moved = list(values)
        if side:  # -0.0 + 0.0 would be another argument
            moved[i] = values[i] + side * step
        result = scalar(f(*fill(tree, moved, argument=True)), what)
        # Is something left to differentiate? Asked at once: f may set Vars at its next call.
        if connected or not isinstance(result, Var) or pullback(result, [])[1]:
            return result
        return result.value

    base = at(0, 0.0) if values and 0.0 in (up, down) else 0.0
    slopes: list[Scalar] = []
    for i in range(len(values)):
        high, low = (at(i, side) if side else base for side in (up, down))
        slopes.append((high - low) / ((up - down) * step))
    if connected or any(isinstance(x, Var) for x in slopes):
        slopes = [x if isinstance(x, Var) else Var(x) for x in slopes]
    result: tuple[Any, ...] = fill(tree, slopes)
    return result


def gradcheck(
    f: Callable[..., Any], args: Sequence[Any], eps: float = 1e-3, rtol: float = 1e-6, atol: float = 1e-8
) -> bool:
    """True if grad agrees with central differences in every argument of f; AssertionError that shows where not.

    ``args``: the tuple of f's arguments, as for ``finite_difference``; of Vars the values count. ``eps``: the largest
    step, relative to an argument's magnitude or to 1 if that is more; where it is too large for f, smaller ones are
    tried, down to those that rounding spoils. ``rtol``, ``atol``: by how much grad may differ, relative to the
    difference and absolutely, beyond the difference's own error. That follows the rounding found inside f:
    ``cos((1.7e9 + t) - 1.7e9)`` moves in steps and can be checked to some digits only, more with a larger eps. Raises
    ValueError for eps, rtol and atol out of range and if there is no number to vary, TypeError as ``grad`` does.

    >>> from vargrad import custom, gradcheck, math
    >>> gradcheck(lambda x, y: math.exp(x) * y[0], (0.5, [2.0]))
    True
    >>> def cube(x):
    ...     return custom(x.value**3, [x], [3.003 * x.value**2])
    >>> gradcheck(cube, (2.0,))
    Traceback (most recent call last):
    ...
    AssertionError: gradcheck of cube: the derivative by args[0] = 2.0 is 12.012 by grad, 12.0... by differences ...
    """
    largest = _positive(eps, "eps")
    relative, absolute = _positive(rtol, "rtol", zero=True), _positive(atol, "atol", zero=True)
    tree, given = _arguments("gradcheck", args)
    values = [plain(x) for x in given]
    if not values:
        raise ValueError(f"gradcheck of {name_of(f)}: args holds no number, so there is nothing to check")
    exact: list[Scalar] = []
    flatten(grad(f, argnums=tuple(range(len(tree))))(*fill(tree, values, argument=True)), exact, "the gradient")

    def along(i: int) -> Callable[[float], float]:
        def line(y: float) -> float:
            moved: list[Scalar] = [Var(x) for x in values]
            moved[i] = Var(y)
            with no_grad():
                return plain(scalar(f(*fill(tree, moved, argument=True)), f"gradcheck of {name_of(f)}: it returned"))

        return line

    for i, path in enumerate(paths(tree)):
        analytic, line = plain(exact[i]), along(i)
        tried: list[_Difference] = []
        for step in _differences(line, values[i], largest):
            tried.append(step)
            allowed = absolute + relative * abs(step.slope)
            agrees = step.doubt <= allowed and abs(analytic - step.slope) <= allowed + step.doubt
            if agrees and (step.slope or step in _beyond_grain(line, values[i], tried)):
                break
        else:  # no step is exact enough, or none agrees: the best one decides
            unknown = _Difference(math.nan, math.inf, False, 0.0)
            judged = _beyond_grain(line, values[i], tried).values()
            found = min((*judged, unknown), key=lambda d: (not d.credible, d.doubt))
            allowed = absolute + relative * abs(found.slope)
            if not (found.credible and abs(analytic - found.slope) <= allowed + found.doubt):
                raise AssertionError(
                    f"gradcheck of {name_of(f)}: the derivative by args{path} = {values[i]!r} is {analytic!r} by grad, "
                    + found.contradiction(analytic)
                    + f"allowed are {allowed:.1e} (rtol={relative!r}, atol={absolute!r})"
                )
    return True


@dataclass(frozen=True)
class _Difference:
    """A derivative by differences, how far it may be off, and whether its steps were small enough to say anything."""

    slope: float
    doubt: float
    credible: bool
    step: float

    def contradiction(self, analytic: float) -> str:
        """What gradcheck says of it."""
        if self.doubt == math.inf:
            return "but f has no finite values on both sides to check it by; "
        far = f"they differ by {abs(analytic - self.slope):.1e}, "
        cause = (
            "" if analytic else "0 is the derivative of round, rint, //, floor, ceil and trunc: is one of them in f?; "
        )
        return f"{self.slope!r} by differences (within {self.doubt:.1e}); {cause}{far}"


def _differences(line: Callable[[float], float], x: float, eps: float) -> Iterator[_Difference]:
    """The derivative of a line by central differences, at steps that shrink until rounding spoils them.

    Two differences, of step h and h/2, give it with an error of h**4 (Richardson's extrapolation); their own
    difference bounds that error, unless the steps reach over a kink, a pole or a period of f: where they do not nearly
    agree they are not credible. Rounding adds some ulps of the values and what an ulp of x makes of them. Steps at
    which f raises, as beyond an end of its domain, are passed over.
    """
    least = math.inf
    h = eps * max(abs(x), 1.0)
    while h > 8.0 * math.ulp(x):
        try:
            (wide, rounding), (narrow, more) = _central(line, x, h), _central(line, x, h / 2.0)
        except (ArithmeticError, ValueError):
            wide = math.nan
        if math.isfinite(wide) and math.isfinite(narrow):
            gap = abs(narrow - wide)
            found = _Difference(
                narrow + (narrow - wide) / 3.0,
                gap / 3.0 + rounding + more,
                gap <= 0.1 * abs(narrow) + rounding + more,
                h,
            )
            yield found
            if found.credible:
                least = min(least, found.doubt)
            if rounding > least:
                return
        h /= 10.0


def _central(line: Callable[[float], float], x: float, h: float) -> tuple[float, float]:
    """The central difference of the values at x + h and x - h, and the error that rounding may leave in it."""
    above, below = x + h, x - h
    high, low = line(above), line(below)
    width = above - below  # not 2h: what h became in rounding
    slope = (high - low) / width
    return slope, (8.0 * math.ulp(max(abs(high), abs(low))) + 4.0 * math.ulp(x) * abs(slope)) / width


def _beyond_grain(line: Callable[[float], float], x: float, tried: list[_Difference]) -> dict[_Difference, _Difference]:
    """Differences, the largest step first, with f's own noise in their doubt; without those of steps below f's grain.

    Where larger steps have met noise, a step over which f does not move at all says nothing about its slope.
    """
    found, noisy, before = {}, False, 0.0
    for difference in tried:
        noise, still, unit = _grain(line, x, difference.step)
        if noisy and still:
            continue
        noisy = noisy or (noise > 8.0 * unit and not still)
        # A rounding error is at most 2 of its standard deviations, on both sides. Points in step with the grain hide it
        # from one measurement: so the one before counts too.
        error = 8.0 * max(noise, before) / difference.step
        before = noise
        found[difference] = replace(difference, doubt=difference.doubt + error)
    return found


def _grain(line: Callable[[float], float], x: float, h: float) -> tuple[float, bool, float]:
    """The noise in a line's values up to h away, whether half of neighbouring values are equal, and their ulp.

    The standard deviation of noise from sixth differences, in which nothing is left of a smooth function (More and
    Wild 2011, "Estimating computational noise", SIAM J. Sci. Comput. 33, eq. 2.3).
    """
    noise, still, unit = 0.0, 0, 0.0
    for side in (h, -h):
        try:
            values = [line(x + side * (1.0 - k / 32.0)) for k in range(16)]
        except (ArithmeticError, ValueError):
            continue
        if not all(map(math.isfinite, values)):
            continue
        still += sum(a == b for a, b in pairwise(values))
        unit = max(unit, *map(math.ulp, values))
        for _ in range(6):
            values = [b - a for a, b in pairwise(values)]
        noise = max(noise, math.sqrt(sum(d * d for d in values) / len(values) / math.comb(12, 6)))
    return noise, still >= 15, unit


def _arguments(what: str, args: Any) -> tuple[Tree, list[Scalar]]:
    """The tuple of arguments as a tree and its numbers."""
    if not isinstance(args, (tuple, list)):
        raise TypeError(f"{what}(): args is the tuple of f's arguments, such as (x,), not {type(args).__name__}")
    values: list[Scalar] = []
    return flatten(tuple(args), values, f"{what}(): args"), values


def _positive(value: float, name: str, zero: bool = False) -> float:
    number = errors.as_float(value, name)
    if not (0.0 < number < math.inf or (zero and number == 0.0)):
        raise ValueError(f"{name} must be finite and {'not negative' if zero else 'positive'}, not {value!r}")
    return number


def __dir__() -> list[str]:
    return sorted(__all__)
