"""Pictures of learning: what is drawn is what the objects hold, by matplotlib and as text."""

from __future__ import annotations

import io
import math
import re
import subprocess
import sys
from functools import partial
from typing import Any

import mpmath
import numpy as np
import pytest

import vargrad
from vargrad import NN, data, plot
from vargrad.nn.layers import ACTIVATIONS
from vargrad.plot import charts, text

matplotlib = pytest.importorskip("matplotlib")
XOR = [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]


@pytest.fixture(autouse=True)
def _no_window(monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib.pyplot as plt

    monkeypatch.setattr(plt, "show", lambda *_: pytest.fail("a window was asked for"))


def trained() -> tuple[NN, Any]:
    model = NN([2, 2, 1], seed=0)
    return model, model.fit(XOR, loss="sse", lr=1, epochs=300, progress=False)


def lines(ax: Any) -> dict[str, Any]:
    return {line.get_label(): line for line in ax.lines}


def rendered(ax: Any) -> int:
    """Bytes of the picture; it is drawn without a warning."""
    file = io.BytesIO()
    getattr(ax, "figure", ax).savefig(file, format="png", dpi=40)
    return len(file.getvalue())


# ---- curves


def test_names_are_those_of_nn() -> None:
    assert charts.ACTIVATIONS == ACTIVATIONS


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(name: str) -> None:
    """Values are the network's, derivatives central differences."""
    ax = plot.activation(name, -3, 2.5)
    values, slopes = ax.lines[0], ax.lines[1]
    neuron = NN([1, 1], name, init="zeros", bias=False)
    neuron.parameters.values[:] = 1.0
    for x, y, slope in zip(values.get_xdata(), values.get_ydata(), slopes.get_ydata(), strict=True):
        assert neuron(x).value == y
        if abs(x) > 1e-3:  # kinks
            h = 1e-6
            assert slope == pytest.approx((neuron(x + h).value - neuron(x - h).value) / (2 * h), abs=1e-8)
    assert (values.get_xdata()[0], values.get_xdata()[-1]) == (-3, 2.5)
    assert rendered(ax) > 1000


def test_activations() -> None:
    figure = plot.activations()
    assert [ax.get_title() for ax in figure.axes] == list(ACTIVATIONS)
    given = matplotlib.figure.Figure()
    assert plot.activations(["tanh"], figure=given) is given
    assert rendered(figure) > 1000


def test_losses_of_one_and_of_several() -> None:
    _, history = trained()
    ax = history.plot()
    assert list(ax.lines[0].get_ydata()) == history.losses
    assert list(ax.lines[0].get_xdata()) == list(range(1, 301))
    assert ax.get_yscale() == ("log" if max(history.losses) > 30 * min(history.losses) else "linear")
    other = NN([2, 2, 1], seed=1).fit(XOR, loss="sse", lr=1, epochs=50, progress=False)
    ax = plot.losses({"first": history, "second": other})
    assert {name: list(line.get_ydata()) for name, line in lines(ax).items()} == {
        "first": history.losses,
        "second": other.losses,
    }
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["first", "second"]
    assert rendered(ax) > 1000


def test_losses_of_validation_and_the_best_epoch() -> None:
    X, y = data.moons(60, noise=0.2, seed=1)
    model = NN([2, 4, 1], "tanh", output_activation="identity", seed=0)
    history = model.fit(X, y, loss="bce", epochs=30, lr=0.5, patience=30, validation_split=0.3, seed=0, progress=False)
    found = lines(history.plot())
    assert list(found["validation"].get_ydata()) == history.validation_losses
    assert found["validation"].get_linestyle() == "--"
    assert found["loss"].get_markevery() == [history.best_epoch]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (([],), ValueError, "no epochs"),
        ((), TypeError, "a History"),
        ((3.0,), TypeError, "float"),
        (("loss",), TypeError, "str"),
        (({},), TypeError, "a History"),
    ],
    ids=["empty", "nothing", "number", "text", "mapping"],
)
def test_losses_of_what_is_none(arguments: tuple[Any, ...], error: type[Exception], words: str) -> None:
    for draw in (plot.losses, text.losses):
        with pytest.raises(error, match=words):
            draw(*arguments)
    with pytest.raises(ValueError, match="names"):
        plot.losses([1.0], names=["a", "b"])
    with pytest.raises(ValueError, match="no epochs"):
        type(trained()[1])().plot()


def test_losses_that_are_not_finite() -> None:
    ax = plot.losses([1.0, math.inf, math.nan, 0.0, -1.0])
    assert ax.get_yscale() == "linear"
    assert rendered(ax) > 1000
    assert "no finite numbers" in text.losses([math.nan])


def test_knobs() -> None:
    def loss(values: list[Any]) -> Any:
        return (values[0] - 1) ** 2 + vargrad.math.sin(values[1]) * values[2]

    at = [0.5, 1.0, -2.0]
    ax = plot.knobs(loss, at, ["a", "b", "c"], width=0.5)
    base = loss(at)
    slopes = [2 * (0.5 - 1), math.cos(1) * -2, math.sin(1)]
    solid, dashed = ax.lines[::2], ax.lines[1::2]
    assert [line.get_label() for line in solid] == ["a", "b", "c"]
    for i, (curve, tangent, slope) in enumerate(zip(solid, dashed, slopes, strict=True)):
        turns, values = curve.get_xdata(), curve.get_ydata()
        middle = len(turns) // 2
        assert (turns[0], turns[middle], turns[-1]) == (-0.5, 0, 0.5)
        assert values[middle] == base
        moved = list(at)
        moved[i] += turns[7]
        assert values[7] == loss(moved)
        x, y = tangent.get_xdata(), tangent.get_ydata()
        assert (y[-1] - y[0]) / (x[-1] - x[0]) == pytest.approx(slope)
        assert tangent.get_label() == f"slope {slope:.3g}"
    with pytest.raises(ValueError, match="width"):
        plot.knobs(loss, at, width=0)
    with pytest.raises(ValueError, match="at least one"):
        plot.knobs(loss, [])


# ---- the two disadvantages of finite differences


def test_differences_are_a_v() -> None:
    """Each error is that of the difference, by mpmath; it falls with h, then rounding drowns it."""
    ax = plot.differences(vargrad.math.exp, 1.0)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    for name, power in (("forward", 1), ("central", 2)):
        line = lines(ax)[name]
        errors = dict(zip(line.get_xdata(), line.get_ydata(), strict=True))
        assert len(errors) > 55
        for h in (1.0, 0.1, 0.01):
            x, step = mpmath.mpf(1), mpmath.mpf(h)
            low = x - step if power == 2 else x
            exact = abs((mpmath.exp(x + step) - mpmath.exp(low)) / (step * power) - mpmath.exp(1))
            near = min(errors, key=lambda found: abs(math.log(found / h)))
            assert errors[near] == pytest.approx(float(exact), rel=1e-6)
        [lowest] = line.get_markevery()
        best = line.get_xdata()[lowest]
        assert 1e-9 < best < 1e-3
        assert errors[best] < 1e-7 < max(e for h, e in errors.items() if h < 1e-13)
    assert f"{mpmath.exp(1)}"[:6] in text.differences(vargrad.math.exp, 1.0)


def test_differences_where_f_ends_or_h_is_lost() -> None:
    ax = plot.differences(vargrad.math.log, 0.3, ["central"])
    assert max(ax.lines[0].get_xdata()) < 0.3
    ax = plot.differences(lambda x: x * x, 1e6, ["forward"])
    assert min(ax.lines[0].get_xdata()) > 1e-11
    with pytest.raises(ValueError, match="scheme 'middle'"):
        plot.differences(vargrad.math.exp, 1.0, ["middle"])


def test_costs_grow_with_the_parameters() -> None:
    sizes = [1, 4, 9]
    ax = plot.costs(sizes=sizes)
    found = {name: list(line.get_ydata()) for name, line in lines(ax).items()}
    assert found == {"finite differences": [n + 1 for n in sizes], "backpropagation": [1, 1, 1]}
    timed = plot.costs(lambda p: vargrad.math.dot(p, p), sizes, seconds=True)
    assert timed.get_ylabel() == "seconds"
    assert all(t > 0 for line in timed.lines for t in line.get_ydata())
    with pytest.raises(ValueError, match="sizes"):
        plot.costs(sizes=[0])


# ---- networks


def test_boundary_of_probabilities() -> None:
    X, y = data.moons(80, noise=0.1, seed=0)
    model = NN([2, 8, 1], "tanh", output_activation="identity", init="xavier_uniform", seed=0)
    model.fit(X, y, loss="bce", optimizer="adam", lr=0.05, epochs=100, seed=0, progress=False)
    ax = model.plot(X, y, ax=matplotlib.figure.Figure().subplots())
    mesh, contour, *points = ax.collections
    shown = np.asarray(mesh.get_array()).reshape(200, 200)
    corner = [[ax.get_xlim()[0], ax.get_ylim()[0]], [ax.get_xlim()[1], ax.get_ylim()[1]]]
    assert shown[[0, -1], [0, -1]] == pytest.approx(model.predict_proba(corner)[:, 1])
    border = np.concatenate([path.vertices for path in contour.get_paths()])
    assert model.predict_proba(border)[:, 1] == pytest.approx(0.5, abs=0.05)
    for label, dots in zip((0, 1), points, strict=True):
        assert np.asarray(dots.get_offsets()) == pytest.approx(X[y == label])
    assert rendered(ax) > 1000


def test_boundary_of_the_tutorials_rows_and_of_classes() -> None:
    model, _ = trained()
    ax = plot.boundary(model, XOR, resolution=21)
    assert ax.get_xlim() == pytest.approx((-0.15, 1.15))
    shown = np.asarray(ax.collections[0].get_array()).reshape(21, 21)
    assert shown[0, 0] == pytest.approx(model(-0.15, -0.15).value)
    X, y = data.moons(60, seed=0)
    classes = NN([2, 6, 3], "tanh", output_activation="identity", seed=0)
    classes.fit(X, (y + (X[:, 0] > 1)).astype(int), loss="cross_entropy", epochs=20, seed=0, progress=False)
    ax = plot.boundary(classes, X, y, resolution=10)
    assert set(np.unique(ax.collections[0].get_array())) <= {0.0, 1.0, 2.0}
    assert plot.boundary(model).get_xlim() == pytest.approx((-0.15, 1.15))


@pytest.mark.parametrize(
    ("arch", "X", "y", "words"),
    [
        ([3, 1], None, None, "two inputs, this model has 3"),
        ([2, 1], [[1.0], [2.0]], None, r"\(2, 1\)"),
        ([2, 1], [[1.0, 2.0]], [1.0, 2.0], "one target for each row"),
        ([2, 1], [], None, "X must be"),
    ],
)
def test_boundary_of_what_has_no_plane(arch: list[int], X: Any, y: Any, words: str) -> None:
    for draw in (plot.boundary, text.boundary):
        with pytest.raises(ValueError, match=words):
            draw(NN(arch, seed=0), X, y)


def test_network_has_its_weights() -> None:
    model, _ = trained()
    ax = model.plot()
    weights = [w.value for layer in model.weights for neuron in layer for w in neuron]
    widths = [line.get_linewidth() for line in ax.lines]
    assert np.argsort(widths).tolist() == np.argsort(np.abs(weights)).tolist()
    assert [line.get_color() == ax.lines[0].get_color() for line in ax.lines] == [
        (w >= 0) == (weights[0] >= 0) for w in weights
    ]
    shown = [t.get_text() for t in ax.texts]
    assert {f"{w:.3g}" for w in weights} <= set(shown)
    assert {f"{b.value:.2g}" for layer in model.biases for b in layer} <= set(shown)
    for neuron in (n for layer in model.weights for n in layer):
        assert " ".join(f"{w.value:>7.3g}" for w in neuron) in text.network(model)
    assert rendered(ax) > 1000


def test_network_with_wide_layers() -> None:
    ax = plot.network(NN([30, 14, 1], bias=False, seed=0))
    assert len(ax.lines) == 12 * 12 + 12
    assert [t.get_text() for t in ax.texts if "more" in t.get_text()] == ["18 more", "2 more"]
    with pytest.raises(TypeError, match="draws an NN"):
        plot.network([1.0])


# ---- manners


def test_given_axes_are_used_and_no_figure_is_made() -> None:
    import matplotlib.pyplot as plt

    model, history = trained()
    before = plt.get_fignums()
    for draw in (
        history.plot,
        model.plot,
        partial(plot.activation, "relu"),
        partial(plot.boundary, model),
        partial(plot.differences, vargrad.math.exp, 1.0),
        partial(plot.costs, sizes=[1]),
        partial(plot.knobs, lambda p: p[0], [1.0]),
    ):
        ax = matplotlib.figure.Figure().subplots()
        assert draw(ax=ax) is ax
    assert plt.get_fignums() == before
    with pytest.raises(TypeError, match="ax must be"):
        history.plot(ax="axes")


def test_nothing_of_the_objects_changes() -> None:
    model, history = trained()
    model.calculate_loss(XOR).backward()
    before = list(model.parameters.values), list(model.parameters.grads), list(history.losses), model.task
    model.plot()
    model.plot(XOR)
    history.plot()
    assert (list(model.parameters.values), list(model.parameters.grads), list(history.losses), model.task) == before


def test_the_backend_and_its_settings_stay() -> None:
    script = (
        "import os; os.environ['MPLBACKEND'] = 'svg'\n"
        "from vargrad import plot\nimport sys\nassert 'matplotlib' not in sys.modules\n"
        "import matplotlib\nbefore = dict(matplotlib.rcParams)\n"
        "plot.activation('tanh')\n"
        "assert matplotlib.get_backend() == 'svg', matplotlib.get_backend()\n"
        "assert dict(matplotlib.rcParams) == before\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    model, history = trained()
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for draw in (history.plot, model.plot, plot.activations, lambda: plot.costs(sizes=[1])):
        with pytest.raises(ImportError, match=r"pip install 'vargrad\[plot\]'"):
            draw()
    assert "Network" in text.network(model)


# ---- text


@pytest.mark.parametrize("ascii", [True, False])
def test_texts_fit(ascii: bool) -> None:
    model, history = trained()
    found = [
        text.losses(history, history.losses[:9], width=30, height=5, ascii=ascii),
        text.activation("gelu", width=30, height=5, ascii=ascii),
        text.costs(sizes=[1, 2], width=30, height=5, ascii=ascii),
        text.knobs(lambda p: p[0] * p[1], [1.0, 2.0], width=30, height=5, ascii=ascii),
        text.boundary(model, XOR, width=28, height=5, ascii=ascii),
        text.differences(vargrad.math.exp, 1.0, width=30, height=5, ascii=ascii),
        text.network(model, ascii=ascii),
    ]
    for picture in found:
        assert picture.isascii() or not ascii
    for picture in found[:5]:
        body = [line for line in picture.splitlines() if re.search(r"[|│]|\+-|─", line)]
        assert max(map(len, body)) <= 30


def test_a_curve_of_text_is_where_the_numbers_are() -> None:
    picture = text.losses([4.0, 3.0, 2.0, 1.0], width=50, height=7, ascii=True).splitlines()
    rows = [line.split("|", 1)[1] for line in picture if "|" in line]
    assert picture[1].strip().startswith("4 |")
    assert picture[7].strip().startswith("1 |")
    tops = [next(r for r, row in enumerate(rows) if row[c : c + 1] == "*") for c in range(40)]
    exact = [6 * (3 * c / 39) / 3 for c in range(40)]
    assert tops == pytest.approx(exact, abs=1)


def test_text_of_a_boundary_has_the_data_where_they_are() -> None:
    model, _ = trained()
    rows = [line[1:-1] for line in text.boundary(model, XOR, width=40, height=10).splitlines() if line[0] == "│"]
    signs = {(r, c): s for r, row in enumerate(rows) for c, s in enumerate(row) if s in "OX"}
    assert sorted(signs.values()) == ["O", "O", "X", "X"]
    (top_left,) = [s for (r, c), s in signs.items() if r < 5 and c < 20]
    assert top_left == "X"
    with pytest.raises(ValueError, match="width"):
        text.losses([1.0], width=3)
