"""The example that draws the tutorial's other figures, and the pages that show them: true, and as the objects are."""

from __future__ import annotations

import math
import re
import runpy
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from examples import run

pytest.importorskip("matplotlib")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def drawn() -> dict[str, Any]:
    return dict(runpy.run_path(str(ROOT / "examples/plots.py"))["figures"]())


def test_the_example_runs_and_the_page_shows_what_it_draws(tmp_path: Path) -> None:
    output = run("plots.py", str(tmp_path))
    names = sorted(path.name for path in tmp_path.glob("*.png"))
    assert names == sorted(path.name for path in (ROOT / "docs/plots").glob("*.png"))
    for path in tmp_path.glob("*.png"):
        assert path.read_bytes().startswith(b"\x89PNG")
    shown = set(re.findall(r"plots/([\w-]+\.png)", (ROOT / "docs/plots.md").read_text(encoding="utf-8")))
    assert shown <= set(names)
    assert len(shown) >= 5
    x = 53
    for words in (f"n = {x**2}", f"m = {x**2 + 3}", f"k = {(x**2 + 3) ** 2}", f"grad {4 * x * (x**2 + 3)}"):
        assert words in output


def test_the_sigmoid_is_the_articles(drawn: dict[str, Any]) -> None:
    values, slopes = drawn["sigmoid"].lines
    for x, y, slope in zip(values.get_xdata(), values.get_ydata(), slopes.get_ydata(), strict=True):
        exact = 1 / (1 + math.exp(-x))
        assert y == pytest.approx(exact, rel=1e-15)
        assert slope == pytest.approx(exact * (1 - exact), rel=1e-13)


def test_the_knobs_are_the_loss_of_and(drawn: dict[str, Any]) -> None:
    def loss(p: list[float]) -> float:
        rows = [(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 1)]
        return sum((1 / (1 + math.exp(-(a * p[0] + b * p[1] + p[2]))) - c) ** 2 for a, b, c in rows)

    at = [0.5, -0.5, 0.2]
    for i, curve in enumerate(drawn["knobs"].lines[::2]):
        for turn, value in list(zip(curve.get_xdata(), curve.get_ydata(), strict=True))[::10]:
            assert value == pytest.approx(loss([x + turn * (k == i) for k, x in enumerate(at)]), rel=1e-12)


def test_the_networks_have_the_articles_shapes(drawn: dict[str, Any]) -> None:
    for name, arch in (("and", [2, 1]), ("xor", [2, 2, 1]), ("deep", [2, 6, 4, 1])):
        ax = drawn[f"nn-{name}"]
        assert str(arch) in ax.get_title()
        assert len(ax.lines) == sum(a * b for a, b in pairwise(arch))


def test_one_neuron_does_not_learn_xor(drawn: dict[str, Any]) -> None:
    last = {line.get_label(): line.get_ydata()[-1] for line in drawn["losses"].lines}
    assert last["XOR, one neuron"] > 0.9
    assert max(last["AND"], last["XOR"]) < 0.02


def test_differences_cost_more_and_drown(drawn: dict[str, Any]) -> None:
    differences, backward = drawn["cost"].lines
    assert list(differences.get_ydata()) == [n + 1 for n in differences.get_xdata()]
    assert set(backward.get_ydata()) == {1.0}
    for line in drawn["precision"].lines:
        errors = list(line.get_ydata())  # from h = 1 down
        lowest = errors.index(min(errors))
        assert 10 < lowest < len(errors) - 10
        assert min(errors[0], errors[-1]) > 1e4 * errors[lowest]
