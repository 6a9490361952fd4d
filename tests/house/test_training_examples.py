"""The examples of training: what they print and draw, by independent means."""

from __future__ import annotations

import os
import re
import runpy
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score

import vargrad
from examples import XOR, assert_learned, numbers, run
from vargrad import NN, data

Array = npt.NDArray[np.float64]


def test_moons(tmp_path: Path) -> None:
    output = run("moons.py", str(tmp_path / "moons.svg"))
    assert numbers(r"(\S+)% of the (\d+) points", output) == [(100, 200)]
    lines = output.split("\n\n", 1)[1].splitlines()
    assert {len(line) for line in lines} == {78}
    picture = np.array([list(line) for line in lines])
    assert picture.shape == (26, 78)
    for point, ground in ("o", " "), ("x", "."):
        beside = [(row, column + 1) for row, column in np.argwhere(picture == point)]
        assert len(beside) > 50
        seen = [picture[place] for place in beside]
        assert seen.count(ground) > 0.95 * (seen.count(" ") + seen.count("."))

    X, y = data.moons(200, noise=0.1, seed=0)
    shapes = ElementTree.parse(tmp_path / "moons.svg").getroot()
    cells, points = (shapes.findall(f"{{http://www.w3.org/2000/svg}}{name}") for name in ("rect", "circle"))
    assert len(cells) == 160 * 100
    places = np.array([[float(point.attrib[name]) for name in ("cx", "cy")] for point in points])
    assert [point.attrib["fill"] for point in points] == [("navy", "firebrick")[label] for label in y]
    for of_data, drawn, sign in zip(X.T, places.T, (1, -1), strict=True):
        slope, start = np.polyfit(of_data, drawn, 1)
        assert slope * sign > 0
        np.testing.assert_allclose(drawn, slope * of_data + start, atol=0.006)
    # Each point lies on its own moon's side of the boundary: blue, of a hue above 180, is the first.
    hues = {(cell.attrib["x"], cell.attrib["y"]): float(cell.attrib["fill"][4:].split()[0]) for cell in cells}
    sides = [hues[str(column - 0.5), str(row - 0.5)] < 125 for column, row in places.round().astype(int).tolist()]
    assert sides == (y == 1).tolist()


def test_digits() -> None:
    output = run("digits.py")
    X, y = data.digits()
    _, X_test, _, y_test = data.train_test_split(X, y, seed=0)
    [(percent, count)] = numbers(r"test accuracy: (\S+)% of (\d+) digits", output)
    assert percent >= 97
    assert count == len(y_test)
    wrong = round((1 - percent / 100) * count)
    table = numbers(r"(?m)^ +(\d) +(\d) +(\d+)$", output)
    assert len(table) == min(5, wrong)
    assert sum(times for *_, times in table) <= wrong
    assert all(digit != guess for digit, guess, _ in table)
    drawings = re.findall(r"to it (\d+)% a (\d), but written as a (\d):\n((?:  .{16}(?:\n|$)){8})", output)
    assert len(drawings) == 3
    assert [int(sure) for sure, *_ in drawings] == sorted((int(sure) for sure, *_ in drawings), reverse=True)
    for _, guess, digit, drawing in drawings:
        assert guess != digit
        ink = np.array([[" .:-=+*#@".index(c) for c in line[2:]] for line in drawing.splitlines()])
        assert (ink[:, ::2] == ink[:, 1::2]).all()
        pixels = X_test[y_test == int(digit)]
        assert np.abs(pixels - ink[:, ::2].ravel() / 8).max(axis=1).min() <= 1 / 16


def test_diabetes() -> None:
    output = run("diabetes.py")
    X, y = data.diabetes()
    X_train, X_test, y_train, y_test = data.train_test_split(X, y, seed=0)
    r2 = {name.strip(): float(x) for name, x in re.findall(r"(?m)^(.{13}) R\*\*2 (\S+),", output)}
    line = LinearRegression().fit(X_train, y_train).score(X_test, y_test)
    assert r2["straight line"] == pytest.approx(line, abs=0.0006)
    assert r2["mean"] == pytest.approx(r2_score(y_test, np.full(len(y_test), y_train.mean())), abs=0.0006)
    assert r2["network"] > r2["straight line"] - 0.05
    shown = numbers(r"(?m)^ +(\d+) +(\d+)$", output)
    assert [true for true, _ in shown] == y_test[:8].tolist()
    assert np.corrcoef(np.transpose(shown))[0, 1] > 0.5
    losses = numbers(r"(?m)^ +(\d+) +(\S+\.\d{4}) +(\S+)$", output)
    [(epochs, best)] = numbers(r"stopped after (\d+) epochs, and went back to epoch (\d+)", output)
    assert best + 1 + 20 == epochs < 500
    assert [epoch for epoch, *_ in losses] == list(range(0, int(epochs), 10))
    assert all(losses[-1][k] < losses[0][k] / 2 for k in (1, 2))


def logistic(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def numpy_trajectory(optimizer: str, lr: float, steps: int) -> list[float]:
    """torch_fit.py's losses from the formulas: the backward pass by hand, Adam as in Kingma and Ba's paper."""
    X, y = data.moons(200, noise=0.1, seed=0)
    model = NN([2, 16, 16, 1], "tanh", "identity", init="torch", seed=0)
    layers = [
        (np.array([[v.value for v in neuron] for neuron in weights]).T, np.array([[b.value for b in biases]]))
        for weights, biases in zip(model.weights, model.biases, strict=True)
    ]
    parameters = [array for layer in layers for array in layer]
    means = [np.zeros_like(p) for p in parameters]
    squares = [np.zeros_like(p) for p in parameters]
    w1, b1, w2, b2, w3, b3 = parameters
    losses = []
    for t in range(1, steps + 1):
        a1 = np.tanh(X @ w1 + b1)
        a2 = np.tanh(a1 @ w2 + b2)
        z = (a2 @ w3 + b3)[:, 0]
        losses.append(float(np.mean(np.logaddexp(0, z) - y * z)))
        d3 = ((logistic(z) - y) / len(y))[:, None]
        d2 = d3 @ w3.T * (1 - a2**2)
        d1 = d2 @ w2.T * (1 - a1**2)
        grads = [X.T @ d1, d1.sum(0), a1.T @ d2, d2.sum(0), a2.T @ d3, d3.sum(0)]
        for p, g, m, v in zip(parameters, grads, means, squares, strict=True):
            m[:], v[:] = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            adam = m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
            p -= lr * (adam if optimizer == "adam" else g)
    return losses


@pytest.mark.parametrize("hidden", [False, True])
def test_torch_fit(hidden: bool, tmp_path: Path) -> None:
    """Our half against NumPy, on every machine; PyTorch's half against ours, where there is PyTorch."""
    if hidden:
        (tmp_path / "torch.py").write_text("raise ImportError('hidden by a test')", encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    output = run("torch_fit.py", PYTHONPATH=path)
    expected = {("sgd", 0.5): "sgd", ("adam", 0.01): "adam"}
    sections = re.split(r"(?m)^(sgd|adam): step.*$", output)[1:]
    assert sections[::2] == list(expected.values())
    try:
        import torch  # noqa: F401

        there = not hidden
    except ImportError:
        there = False
    for (optimizer, lr), text in zip(expected, sections[1::2], strict=True):
        rows = numbers(r"(?m)^ *(\d+)  (\S+)", text)
        losses = numpy_trajectory(optimizer, lr, 200)
        assert [loss for _, loss in rows] == [pytest.approx(losses[int(step)], abs=1e-9) for step, _ in rows]
        assert [step for step, _ in rows] == list(range(0, 200, 25))
        pairs = numbers(r"(?m)^ *\d+  (\S+)  (\S+)$", text)
        assert len(pairs) == (len(rows) if there else 0)
        assert all(mine == pytest.approx(other, abs=1e-9) for mine, other in pairs)
        differences = [x for (x,) in numbers(r"differ by at most (\S+) after 200 steps", text)]
        assert len(differences) == there
        assert all(x < 1e-9 for x in differences)
    assert ("pip install torch" in output) is not there


def fired(currents: Array, tau: float, threshold: float, delay: float) -> Array:
    """When the neurons of spiking.py fire: all of them side by side, each until it has."""
    voltage, time = np.zeros_like(currents), np.full_like(currents, np.nan)
    for step in range(75):
        new = voltage + 2.0 * (currents - voltage / tau)
        now = np.isnan(time) & (new >= threshold)
        time[now] = delay + 2.0 * (step + ((threshold - voltage) / (new - voltage))[now])
        voltage = new
    assert not np.isnan(time).any()
    return time


def test_spiking() -> None:
    output = run("spiking.py")
    rng = np.random.default_rng(0)
    currents = rng.uniform(0.65, 3.0, 4000)
    true = [20.0, 12.0, 3.0]
    times = fired(currents, *true) + rng.normal(0, 0.2, 4000)
    rows = numbers(r"(?m)^ *(\d+) +(\S+) +(\S+) +(\S+) +(\S+)$", output)
    assert len(rows) == 7
    for _, off, *parameters in rows:
        assert off == pytest.approx(np.sqrt(np.mean((fired(currents, *parameters) - times) ** 2)), abs=1e-3)
    assert rows[0][1] > 1.5 > 0.205 > rows[-1][1]  # 0.2 is the noise
    assert rows[-1][2:] == pytest.approx(true, rel=0.02)
    [(paths,)] = numbers(r"(\d+) different numbers of steps", output)
    lengths = len(np.unique(np.ceil((fired(currents, *true) - 3.0) / 2)))
    assert paths >= lengths > 15
    differences = [x for (x,) in numbers(r"differs by at most (\S+)", output)]
    assert len(differences) == 2
    assert max(differences) < 1e-9


def test_both_methods() -> None:
    steps = 2000 if vargrad.backend == "compiled" else 40  # finite differences are slow without C
    output = run("both_methods.py", str(steps))
    rows = [
        (arch, int(n), method, int(passes), float(loss))
        for arch, n, method, passes, loss in re.findall(
            r"(?m)^\[([\d, ]+)\] +(\d+)  (gradient|finite-difference) +(\d+)  (\S+)", output
        )
    ]
    assert [row[0] for row in rows] == ["2, 2, 1"] * 2 + ["2, 8, 1"] * 2 + ["2, 16, 16, 1"] * 2
    for (arch, n, exact, two, loss), (_, _, approximate, many, other) in zip(rows[::2], rows[1::2], strict=True):
        assert (exact, approximate) == ("gradient", "finite-difference")
        assert n == len(NN([int(k) for k in arch.split(",")]).parameters)
        assert (two, many) == (steps * 2, steps * (n + 1))
        assert loss == pytest.approx(other, rel=0.01)
    model, table = NN([2, 2, 1], seed=0), [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]
    for _ in range(steps):
        model.calculate_loss(table).backward()
        for p in model.parameters:
            p.value -= p.grad
            p.grad = 0
    assert rows[0][4] == pytest.approx(model.calculate_loss(table).value, abs=1e-6)
    if steps == 2000:
        assert_learned(output, "^", XOR)


def test_embedding() -> None:
    """The same by integer indices, derivatives and Adam written out in NumPy."""
    module = runpy.run_path(str(Path(__file__).parents[2] / "examples" / "embedding.py"))
    losses = module["main"](20)
    words = module["TEXT"].split()
    names = sorted(set(words))
    numbered = np.array([names.index(word) for word in words])
    random = np.random.default_rng(0)
    tables = np.stack([random.normal(0, 0.5, (len(names), 2)) for _ in range(2)])
    here, following, rows = numbered[:-1], numbered[1:], len(numbered) - 1
    mean, square = np.zeros_like(tables), np.zeros_like(tables)
    for step, loss in enumerate(losses, 1):
        scores = tables[0][here] @ tables[1].T
        chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        assert loss == pytest.approx(-np.log(chances[np.arange(rows), following]).mean(), rel=1e-9)
        chances[np.arange(rows), following] -= 1.0
        grads = np.zeros_like(tables)
        np.add.at(grads[0], here, chances @ tables[1])
        grads[1] = chances.T @ tables[0][here]
        mean, square = 0.9 * mean + 0.1 * grads, 0.999 * square + 0.001 * grads**2
        tables -= 0.05 * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
