"""The pictures by matplotlib, which is imported when the first of them is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from vargrad.plot import charts, planes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which colour-blind people tell apart.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
DOTS = ("o", "^", "s", "D", "v", "P")
_PLUS, _MINUS = COLOURS[0], COLOURS[1]


def activation(name: str, low: float = -6.0, high: float = 6.0, *, ax: Axes | None = None) -> Axes:
    """An activation, such as "sigmoid", and its derivative between ``low`` and ``high``; returns the axes.

    The derivative is what backward finds at each point. Raises ValueError for another name or for ends that are not
    finite and in order, ImportError without matplotlib.

    >>> from vargrad import plot
    >>> ax = plot.activation("tanh", -3, 3)
    >>> ax.get_title(), round(float(max(ax.lines[1].get_ydata())), 6)  # the derivative at 0
    ('tanh', 1.0)
    """
    return _curves(charts.activation(name, low, high), ax)


def activations(
    names: Sequence[str] | None = None, low: float = -4.0, high: float = 4.0, *, figure: Figure | None = None
) -> Figure:
    """Several activations with their derivatives, each in axes of its own; returns the figure.

    ``names``: by default all that NN knows. ``figure``: an empty one to draw into. Raises what ``activation`` raises.

    >>> from vargrad import plot
    >>> len(plot.activations(["sigmoid", "tanh", "relu"]).axes)
    3
    """
    found = [charts.activation(name, low, high) for name in (charts.ACTIVATIONS if names is None else names)]
    if not found:
        raise ValueError("names must have at least one activation, got none")
    columns = min(5, len(found))
    rows = -(-len(found) // columns)
    if figure is None:
        figure = _pyplot().figure(figsize=(2.7 * columns, 2.5 * rows), layout="constrained")
    for k, chart in enumerate(found):
        ax = _curves(chart, figure.add_subplot(rows, columns, k + 1))
        if k:
            ax.legend().remove()
        ax.set_xlabel("")
    return figure


def losses(*runs: Any, names: Sequence[str] | None = None, ax: Axes | None = None) -> Axes:
    """The losses of one training or of several, over their epochs; returns the axes.

    ``runs``: Histories, lists of losses, or one mapping of names to them; ``names``: one for each. Losses on validation
    data are dashed, a dot is the epoch whose parameters were kept. The axis is logarithmic where losses are above 0 and
    span more than a factor of thirty. Raises ValueError for a History without epochs, TypeError for what is none,
    ImportError without matplotlib.

    >>> from vargrad import plot
    >>> ax = plot.losses([4.0, 2.0, 1.0], [3.0, 2.5], names=["fast", "slow"])
    >>> [(line.get_label(), line.get_ydata().tolist()) for line in ax.lines]
    [('fast', [4.0, 2.0, 1.0]), ('slow', [3.0, 2.5])]
    """
    return _curves(charts.losses(runs, names), ax)


def knobs(
    f: Callable[..., Any],
    at: Sequence[Any],
    names: Sequence[str] | None = None,
    width: float = 1.0,
    *,
    ax: Axes | None = None,
) -> Axes:
    """What f, a function of a list of numbers, does as each of them is turned alone; returns the axes.

    ``at``: the numbers, or Vars; each is moved by up to ``width`` to both sides. Dashed are the tangents at the start,
    whose slopes are the derivatives that backward finds. Raises TypeError or ValueError for arguments that do not fit.

    >>> from vargrad import plot
    >>> ax = plot.knobs(lambda p: p[0] ** 2 + 3 * p[1], [1.0, 0.0])
    >>> [line.get_label() for line in ax.lines]
    ['knob 1', 'slope 2', 'knob 2', 'slope 3']
    """
    return _curves(charts.knobs(f, at, names, width), ax)


def differences(
    f: Callable[..., Any], x: float, schemes: Sequence[str] = ("forward", "central"), *, ax: Axes | None = None
) -> Axes:
    """How far finite differences of f are from its exact derivative at x, for steps h from 1 to 1e-16; returns axes.

    As h falls they close in on it, until the rounding of f drowns the difference: each curve is a V, and a dot is its
    lowest point. ``schemes``: "forward", "backward", "central". Where nothing of h is left beside x, or f raises, the
    curve has no point; an error of exactly 0 is not on a logarithmic axis.

    >>> from vargrad import math, plot
    >>> ax = plot.differences(math.sin, 1.0)
    >>> [line.get_label() for line in ax.lines], ax.get_yscale()
    (['forward', 'central'], 'log')
    """
    return _curves(charts.differences(f, x, schemes), ax)


def costs(
    f: Callable[..., Any] = charts.neuron_loss,
    sizes: Sequence[int] = (1, 3, 10, 30, 100, 300, 1000),
    seconds: bool = False,
    *,
    ax: Axes | None = None,
) -> Axes:
    """What one gradient of f costs, by finite differences and by backpropagation, over the number of parameters.

    ``f``: a function of a list of numbers, by default the loss of one neuron; ``sizes``: how many parameters it gets.
    The cost is how often f is evaluated: once for each parameter and once more, or once in all. With ``seconds`` it is
    the least time of three on this machine. Returns the axes.

    >>> from vargrad import plot
    >>> ax = plot.costs(sizes=[1, 10, 100])
    >>> [[float(y) for y in line.get_ydata()] for line in ax.lines]
    [[2.0, 11.0, 101.0], [1.0, 1.0, 1.0]]
    """
    return _curves(charts.costs(f, sizes, seconds), ax)


def boundary(model: Any, X: Any = None, y: Any = None, resolution: int = 200, *, ax: Axes | None = None) -> Axes:
    """What a network of two inputs answers on the plane around the data, and the boundary; returns the axes.

    ``X``: (rows, 2) and ``y``: (rows,); or X alone with the tutorial's rows of two inputs and a target; without data
    the plane is that of 0 and 1. One output is shaded, with its boundary as a line: at probability 0.5 after "bce",
    at 0 after "hinge", else at 0.5. Several outputs, and labels, are areas of one colour each. ``resolution``: points
    of the grid in each direction. Raises ValueError for another number of inputs and for data of another shape.

    >>> from vargrad import NN, plot
    >>> ax = plot.boundary(NN([2, 2, 1], seed=0), [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]])
    >>> ax.get_xlabel(), len(ax.collections) > 0
    ('input 0', True)
    """
    found = planes.plane(model, X, y, resolution)
    ax = _axes(ax)
    import numpy

    if found.level is not None:
        from matplotlib.colors import LinearSegmentedColormap

        shades = LinearSegmentedColormap.from_list("vargrad", [_PLUS, "#ffffff", _MINUS])
        far = max(float(numpy.abs(found.answers - found.level).max()), 1e-12)
        far = min(far, 0.5) if found.level == 0.5 else far
        limits: Any = {"vmin": found.level - far, "vmax": found.level + far}
        image = ax.pcolormesh(found.x, found.y, found.answers, cmap=shades, alpha=0.55, rasterized=True, **limits)
        ax.figure.colorbar(image, ax=ax, label=found.what)
        if found.answers.min() < found.level < found.answers.max():
            ax.contour(found.x, found.y, found.answers, levels=[found.level], colors="black", linewidths=1.6)
    else:
        from matplotlib.colors import ListedColormap

        count = int(found.answers.max()) + 1
        areas = ListedColormap([COLOURS[k % len(COLOURS)] for k in range(count)])
        ax.pcolormesh(
            found.x, found.y, found.answers, cmap=areas, alpha=0.35, rasterized=True, vmin=-0.5, vmax=count - 0.5
        )
    if found.points is not None:
        _points(ax, found)
    ax.set(xlabel="input 0", ylabel="input 1", title="Answers of the network")
    ax.set(xlim=(found.x[0], found.x[-1]), ylim=(found.y[0], found.y[-1]))
    return ax


def _points(ax: Axes, found: planes.Plane) -> None:
    """The data, each class with a sign of its own."""
    if found.targets is None:
        ax.scatter(found.points[:, 0], found.points[:, 1], s=28, c="white", edgecolors="black", zorder=3)
        return
    classes = sorted({float(t) for t in found.targets})
    if len(classes) > len(DOTS):
        ax.scatter(found.points[:, 0], found.points[:, 1], s=28, c=found.targets, edgecolors="black", zorder=3)
        return
    for k, target in enumerate(classes):
        mine = found.points[found.targets == target]
        colour = COLOURS[k % len(COLOURS)]
        ax.scatter(
            mine[:, 0], mine[:, 1], s=44, marker=DOTS[k], c=colour, edgecolors="white", zorder=3, label=f"{target:g}"
        )
    ax.legend(title="target", loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=len(classes))


def network(model: Any, *, ax: Axes | None = None) -> Axes:
    """An NN with its weights: blue above 0, orange below, the wider the larger; returns the axes.

    Up to 12 weights have their number on them; biases stand in the neurons while these are few. Of a layer with more
    than 12 neurons the first and the last six are drawn. Raises TypeError for what is no NN.

    >>> from vargrad import NN, plot
    >>> ax = plot.network(NN([2, 2, 1], seed=0))
    >>> len(ax.lines), ax.get_title()
    (6, 'Network [2, 2, 1], 9 parameters')
    """
    found = planes.neurons(model)
    ax = _axes(ax)
    tallest = max(map(len, found.columns))
    places = {
        (column, i): (2.2 * column, (len(layer) - 1) / 2 - k)
        for column, layer in enumerate(found.columns)
        for k, i in enumerate(layer)
    }
    strongest = max((abs(w) for *_, w in found.weights), default=1.0) or 1.0
    for k, (layer, j, i, weight) in enumerate(found.weights):
        (x0, y0), (x1, y1) = places[layer, i], places[layer + 1, j]
        colour = _PLUS if weight >= 0 else _MINUS
        ax.plot([x0, x1], [y0, y1], color=colour, linewidth=0.5 + 4 * abs(weight) / strongest, zorder=1, alpha=0.8)
        if len(found.weights) <= 12:
            t = 0.3 if k % 2 else 0.7
            box = {"facecolor": ax.get_facecolor(), "edgecolor": "none", "pad": 1.0}
            ax.text(
                x0 + t * (x1 - x0), y0 + t * (y1 - y0), f"{weight:.3g}", ha="center", va="center", fontsize=9, bbox=box
            )
    for (column, shown), (x, y) in places.items():
        if shown is None:
            hidden = model.arch[column] - len(found.columns[column]) + 1
            ax.text(x, y, f"{hidden:,} more", ha="center", va="center", fontsize=9)
            continue
        ax.scatter([x], [y], s=900 if tallest <= 7 else 260, c="white", edgecolors="black", zorder=2)
        bias = found.biases.get((column - 1, shown))
        words = f"in {shown}" if not column else "" if bias is None else f"{bias:.2g}"
        if tallest <= 7:
            ax.text(x, y, words, ha="center", va="center", fontsize=8, zorder=3)
    for column, name in enumerate(["inputs", *found.activations]):
        ax.text(2.2 * column, -(tallest - 1) / 2 - 0.75, name, ha="center", va="top")
    ax.set(title=found.title, xlim=(-0.7, 2.2 * (len(found.columns) - 1) + 0.7))
    ax.set_ylim(-(tallest - 1) / 2 - 1.2, (tallest - 1) / 2 + 0.7)
    ax.set_axis_off()
    return ax


def _curves(chart: charts.Chart, ax: Axes | None) -> Axes:
    ax = _axes(ax)
    colour = -1
    for curve in chart.curves:
        colour += not curve.dashed or colour < 0
        style: dict[str, Any] = {"color": COLOURS[colour % len(COLOURS)], "label": curve.name}
        if curve.dashed:
            style["linestyle"] = "--"
        if curve.at is not None:
            style |= {"marker": "o", "markevery": [curve.at]}
        elif len(curve.x) == 1 or (chart.xlog and len(curve.x) < 20):
            style["marker"] = "."
        ax.plot(curve.x, curve.y, **style)
    if chart.xlog:
        ax.set_xscale("log")
    if chart.ylog:
        ax.set_yscale("log")
    ax.set(title=chart.title, xlabel=chart.xlabel, ylabel=chart.ylabel)
    ax.grid(True, alpha=0.3)
    if len(chart.curves) > 1:
        ax.legend()
    return ax


def _pyplot() -> Any:
    try:
        import matplotlib.pyplot as pyplot
    except ImportError as error:
        raise ImportError(
            "pictures of learning need matplotlib: pip install 'vargrad[plot]'; vargrad.plot.text draws them as text"
        ) from error
    return pyplot


def _axes(ax: Axes | None) -> Axes:
    """The given axes, or those of a new figure. pyplot is asked, so that a notebook shows it, as it does others."""
    if ax is None:
        found: Axes = _pyplot().subplots(layout="constrained")[1]
        return found
    if not hasattr(ax, "add_line"):
        raise TypeError(f"ax must be matplotlib Axes or None, not {type(ax).__name__} ({ax!r:.60})")
    return ax
