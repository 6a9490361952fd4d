"""The example that draws the article's figures, and the pictures of the documentation that it has drawn."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import vargrad
from examples import run

ROOT = Path(__file__).parents[2]
PICTURES = sorted((ROOT / "docs/pictures").glob("*.svg"))
SVG = "{http://www.w3.org/2000/svg}"


def texts(path: Path) -> list[str]:
    return sorted(t.text or "" for t in ElementTree.parse(path).getroot().iter(f"{SVG}text"))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("pictures")
    return folder, run("pictures.py", str(folder), PYTHONIOENCODING="utf-8")


def test_pictures_of_the_documentation_are_those_of_the_example(drawn: tuple[Path, str]) -> None:
    folder, _ = drawn
    assert PICTURES
    assert [path.name for path in PICTURES] == sorted(path.name for path in folder.glob("*.svg"))
    for path in PICTURES:
        if path.name != "training.svg":  # its last digits are the engine's
            assert texts(path) == texts(folder / path.name), path.name


def test_figures_have_the_numbers_of_the_article(drawn: tuple[Path, str]) -> None:
    folder, output = drawn
    x, y = 53.0, -17.0
    z = (x**2 + 3) ** 2 + y
    found = texts(folder / "after-backward.svg")
    for wanted in (f"z = {z:.0f}", f"grad {4 * x * (x**2 + 3):.0f}", f"{2 * x:.0f}", f"{2 * (x**2 + 3):.0f}"):
        assert wanted in found
    assert f"grad {4 * x * (x**2 + 3) + 1:.0f}" in texts(folder / "two-paths.svg")
    assert f"dz/dx = {4 * x * (x**2 + 3):.0f}, dz/dy = 1" in output
    model = vargrad.NN([2, 2, 1], init="xavier_uniform", seed=1)
    weights = {f"{w.value:.3g}" for layer in model.weights for neuron in layer for w in neuron}
    assert weights <= set(texts(folder / "network-xor.svg"))
    assert sum("sigmoid" in t for t in texts(folder / "network-deep.svg")) == 6 + 4 + 1
    assert (folder / "steps.html").stat().st_size < 300_000


def test_every_picture_is_shown_or_belongs_to_the_gallery() -> None:
    page = (ROOT / "docs/drawing.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"pictures/([\w-]+\.svg)", page))
    assert shown <= {path.name for path in PICTURES}
    assert len(shown) >= 5
