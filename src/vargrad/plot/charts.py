"""What a chart shows, before it has a form: curves of numbers from live objects. Axes and text are drawn from it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from vargrad._core.var import VARS, Var
from vargrad._transforms.run import name_of
from vargrad._util.errors import as_float
from vargrad.numeric import SCHEMES, finite_difference
from vargrad.transforms import grad

SIDES = 121  # points of a curve over an interval
# Those that NN knows, which stands above this room: a test holds the names together.
ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "softplus", "silu", "gelu", "identity")


@dataclass
class Curve:
    """One curve. ``dashed``: the companion of the one before, in its colour; ``at``: a place to mark, by its index."""

    name: str
    x: list[float]
    y: list[float]
    dashed: bool = False
    at: int | None = None


@dataclass
class Chart:
    """Curves over one x; ``xlog``, ``ylog``: which axes are logarithmic; ``notes``: what a text version adds."""

    title: str
    xlabel: str
    ylabel: str
    curves: list[Curve] = field(default_factory=list)
    xlog: bool = False
    ylog: bool = False
    notes: list[str] = field(default_factory=list)


def activation(name: str, low: float, high: float) -> Chart:
    """The values of an activation and its derivatives by backward."""
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise ValueError(f"activation {name!r:.60} is not known; known: {', '.join(ACTIVATIONS)}")
    xs = _span(low, high)
    ys, slopes = [], []
    for x in xs:
        v = Var(x, requires_grad=True)
        y = v * 1.0 if name == "identity" else getattr(v, name)()
        y.backward()
        ys.append(y.value)
        slopes.append(v.grad)
    return Chart(name, "x", "", [Curve(name, xs, ys), Curve("derivative", xs, slopes, dashed=True)])


def losses(runs: Sequence[Any], names: Sequence[str] | None) -> Chart:
    """The losses of trainings, by epoch from 1 on."""
    found = _runs(runs, names)
    curves = []
    for name, run in found.items():
        numbers = [float(x) for x in getattr(run, "losses", run)]
        if not numbers:
            raise ValueError(f"{name} has no epochs, so there is nothing to plot: call fit first")
        best = getattr(run, "best_epoch", None)
        curves.append(Curve(name, _epochs(numbers), numbers, at=best))
        validation = [float(x) for x in getattr(run, "validation_losses", ())]
        if validation:
            prefix = f"{name}, " if len(found) > 1 else ""
            curves.append(Curve(f"{prefix}validation", _epochs(validation), validation, dashed=True))
    finite = [y for curve in curves for y in curve.y if math.isfinite(y)]
    log = bool(finite) and min(finite) > 0 and max(finite) > 30 * min(finite)
    return Chart("Training", "epoch", "loss", curves, ylog=log)


def _runs(runs: Sequence[Any], names: Sequence[str] | None) -> dict[str, Any]:
    if len(runs) == 1 and isinstance(runs[0], Mapping):
        if names is not None:
            raise TypeError("losses() takes names from the mapping: leave names= away")
        found = {str(name): run for name, run in runs[0].items()}
    else:
        if names is not None and (isinstance(names, str) or len(names) != len(runs)):
            raise ValueError(f"names must be a list of {len(runs)}, one for each training, not {names!r:.60}")
        usual = ["loss"] if len(runs) == 1 else [f"run {k}" for k in range(1, len(runs) + 1)]
        found = dict(zip(usual if names is None else map(str, names), runs, strict=True))
    if not found:
        raise TypeError("losses() takes a History, several, a list of losses, or a mapping of names to them")
    for name, run in found.items():
        if isinstance(run, (str, bytes)) or not (hasattr(run, "losses") or hasattr(run, "__len__")):
            raise TypeError(
                f"losses() takes Histories or lists of losses; {name} is a {type(run).__name__} ({run!r:.60})"
            )
    return found


def _epochs(numbers: Sequence[float]) -> list[float]:
    return [float(k) for k in range(1, len(numbers) + 1)]


def knobs(f: Callable[..., Any], at: Sequence[float], names: Sequence[str] | None, width: float) -> Chart:
    """f as each of its numbers is turned alone, and the tangent there by backward."""
    values = [_plain(v) for v in at]
    if not values:
        raise ValueError("knobs() needs at least one number to turn, got none")
    if names is not None and len(names) != len(values):
        raise ValueError(f"names must be {len(values)}, one for each number, got {len(names)}")
    reach = _positive(width, "width")
    slopes = grad(_flat(f))(values)
    base = _number(f(values), f)
    chart = Chart(
        "Each knob turned alone", "change of the knob", name if (name := name_of(f)).isidentifier() else "value"
    )
    turns = _span(-reach, reach)
    for i, slope in enumerate(slopes):
        name = names[i] if names is not None else f"knob {i + 1}"
        moved = [[x + (turn if k == i else 0.0) for k, x in enumerate(values)] for turn in turns]
        chart.curves.append(Curve(str(name), turns, [_number(f(row), f) for row in moved], at=len(turns) // 2))
        near = [turn for turn in turns if abs(turn) <= 0.45 * reach]
        slope = _plain(slope)
        tangent = Curve(f"slope {slope:.3g}", near, [base + slope * turn for turn in near], dashed=True)
        chart.curves.append(tangent)
    return chart


def differences(f: Callable[..., Any], x: float, schemes: Sequence[str]) -> Chart:
    """The error of finite differences at one point, over the step h; the exact derivative is grad's."""
    point = _plain(x)
    exact = _plain(grad(f)(point))
    for scheme in schemes:
        if scheme not in SCHEMES:
            raise ValueError(f"scheme {scheme!r:.60} is not known; known: {', '.join(SCHEMES)}")
    steps = [10.0 ** (-k / 4) for k in range(4 * 16 + 1)]
    chart = Chart(f"Finite differences at {point:g}", "step h", "error of the derivative", xlog=True, ylog=True)
    chart.notes.append(f"exact derivative, by backward: {exact!r}")
    for scheme in schemes:
        hs, errors = [], []
        for h in steps:
            if point + h == point or point - h == point:  # h is lost beside x: no difference is left
                continue
            try:
                (slope,) = finite_difference(f, (point,), eps=h, scheme=scheme)
            except (ArithmeticError, ValueError):  # outside of f's domain
                continue
            hs.append(h)
            errors.append(abs(_plain(slope) - exact))
        finite = [e for e in errors if e > 0 and math.isfinite(e)]
        least = min(finite, default=0.0)
        best = errors.index(least) if finite else None
        chart.curves.append(Curve(scheme, hs, errors, at=best))
        if best is not None:
            chart.notes.append(f"{scheme}: smallest error {least:.1e}, at h = {hs[best]:.1e}")
    return chart


def costs(f: Callable[..., Any], sizes: Sequence[int], seconds: bool) -> Chart:
    """What one gradient costs for so many parameters: by differences and by backward."""
    if isinstance(sizes, (str, bytes)) or not sizes or any(not hasattr(n, "__index__") or n < 1 for n in sizes):
        raise ValueError(f"sizes must be numbers of parameters from 1 up, such as [1, 10, 100], not {sizes!r:.60}")
    calls = 0

    def counted(values: list[Any]) -> Any:
        nonlocal calls
        calls += 1
        return f(values)

    ways: dict[str, Callable[[list[float]], Any]] = {
        "finite differences": lambda values: finite_difference(counted, (values,)),
        "backpropagation": lambda values: grad(_flat(counted))(values),
    }
    chart = Chart(
        "Cost of one gradient",
        "parameters",
        "seconds" if seconds else "evaluations of the function",
        xlog=True,
        ylog=True,
    )
    for name, way in ways.items():
        found = []
        for n in sizes:
            values = [((7 * k) % 11 - 5) / 10 for k in range(int(n))]
            calls = 0
            times = [_seconds(way, values) for _ in range(3 if seconds else 1)]
            found.append(min(times) if seconds else float(calls))
        chart.curves.append(Curve(name, [float(n) for n in sizes], found))
    return chart


def neuron_loss(values: Sequence[Any]) -> Any:
    """The loss that ``costs`` measures by default: one sigmoid neuron with these parameters, target 1."""
    from vargrad import math as functions

    inputs = [0.5 + (k % 3) / 4 for k in range(len(values))]
    return (functions.sigmoid(functions.dot(values, inputs)) - 1.0) ** 2


def _flat(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda values: f(values)


def _seconds(way: Callable[[list[float]], Any], values: list[float]) -> float:
    start = perf_counter()
    way(values)
    return perf_counter() - start


def _span(low: float, high: float) -> list[float]:
    a, b = as_float(low, "low"), as_float(high, "high")
    if not (math.isfinite(a) and math.isfinite(b) and a < b):
        raise ValueError(f"low must be below high and both finite, got {low!r} and {high!r}")
    return [a + (b - a) * k / (SIDES - 1) for k in range(SIDES)]


def _positive(x: float, name: str) -> float:
    found = as_float(x, name)
    if not 0 < found < math.inf:
        raise ValueError(f"{name} must be positive and finite, not {x!r}")
    return found


def _plain(x: Any) -> float:
    return float(x.value) if isinstance(x, VARS) else as_float(x, "a number")


def _number(x: Any, f: Callable[..., Any]) -> float:
    try:
        return _plain(x)
    except TypeError:
        raise TypeError(f"{name_of(f)} must return one number, not {type(x).__name__} ({x!r:.60})") from None
