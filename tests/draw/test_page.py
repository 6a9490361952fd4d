"""The stepper's page in a real browser: headless Chromium, where there is one."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import vargrad
from chromium import Page, browser, found
from vargrad._draw.labels import plain

pytestmark = pytest.mark.skipif(found() is None, reason="no Chromium here: apt-get install chromium, or set CHROMIUM")
STATE = """({
  step: Number(document.body.dataset.step), formula: formula.textContent, say: say.textContent,
  phase: phase.textContent, slider: Number(slider.value), count: count.textContent,
  sums: Object.fromEntries([...document.querySelectorAll("[data-sum]")].map(
      (td) => [td.parentNode.firstElementChild.textContent, td.textContent])),
  shown: [...document.querySelectorAll(".vg .seen")].map((g) => g.dataset.part).sort(),
  now: [...document.querySelectorAll(".vg .now")].map((g) => g.dataset.part).sort(),
})"""


@pytest.fixture(scope="module")
def _page() -> Iterator[Page]:
    with browser() as page:
        yield page


@pytest.fixture
def page(_page: Page) -> Iterator[Page]:
    """At the size of a desktop and in light; afterwards nothing must have been complained about or asked for."""
    _page.resize(1200, 900)
    _page.prefer(color_scheme="light", reduced_motion="no-preference")
    _page.errors.clear()
    _page.requests.clear()
    yield _page
    assert _page.errors == []
    assert [url for url in _page.requests if not url.startswith(("file:", "data:"))] == []


def article() -> tuple[Any, Any, Any]:
    x, y = vargrad.Var(53.0, requires_grad=True), vargrad.Var(-17.0, requires_grad=True)
    return x, y, (x**2 + 3) ** 2 + y


def opened(page: Page, steps: Any, folder: Path) -> Any:
    path = folder / "steps.html"
    steps.save(path)
    page.open(path)
    return steps


def test_forward_and_back_reach_every_step(page: Page, tmp_path: Path) -> None:
    x, y, z = article()
    steps = opened(page, vargrad.draw(z).steps(), tmp_path)
    last = len(steps.steps) - 1
    there = [page.run(STATE)]
    for _ in range(last):
        page.run("document.getElementById('forward').click()")
        there.append(page.run(STATE))
    assert [state["step"] for state in there] == list(range(last + 1))
    assert [state["formula"] for state in there] == [step.formula for step in steps.steps]
    assert [state["say"] for state in there] == [step.say for step in steps.steps]
    assert [sorted(set(step.now)) for step in steps.steps] == [state["now"] for state in there]
    assert page.run("document.getElementById('forward').disabled")
    back = [page.run(STATE)]
    for _ in range(last):
        page.run("document.getElementById('back').click()")
        back.append(page.run(STATE))
    assert back == there[::-1]
    z.backward()
    assert {name: float(text) for name, text in there[-1]["sums"].items()} == {"x": x.grad, "y": y.grad}
    assert there[0]["sums"] == {"x": "", "y": ""}


def test_shown_numbers_are_those_of_backward(page: Page, tmp_path: Path) -> None:
    """All digits of them, for a graph with shared nodes, operations of many operands and a subnormal number."""
    p = [vargrad.Var(v, requires_grad=True) for v in (0.1, 1 / 3, -2.5, 1e-310)]
    q = p[0] * p[1]
    z = vargrad.math.sum([q, q.sin(), q * p[2], p[0] / p[1], p[3] * 2.0, p[2].exp()])
    opened(page, vargrad.draw(z).steps(), tmp_path)
    page.press("End", 35)
    shown = page.run(STATE)["sums"]
    z.backward()
    assert {name: float(text) for name, text in shown.items()} == {f"p[{k}]": v.grad for k, v in enumerate(p)}
    texts = page.run("[...document.querySelectorAll('.vg .leaf text.adjoint')].map((t) => t.textContent)")
    assert sorted(float(t.rpartition("= ")[2]) for t in texts) == pytest.approx(sorted(v.grad for v in p), rel=1e-5)


def test_running_sum_at_a_shared_node(page: Page, tmp_path: Path) -> None:
    x = vargrad.Var(53.0, requires_grad=True)
    z = (x**2 + 3) ** 2 + x
    steps = opened(page, vargrad.draw(z).steps(), tmp_path).steps
    sums = []
    for _ in steps:
        sums.append(page.run(STATE)["sums"]["x"])
        page.press("ArrowRight", 39)
    z.backward()
    arrived = list(dict.fromkeys(float(s) for s in sums if s))
    assert arrived == [1.0, x.grad]
    assert "used more than once" in steps[-2].say


def test_keyboard_alone(page: Page, tmp_path: Path) -> None:
    _, _, z = article()
    last = len(opened(page, vargrad.draw(z).steps(), tmp_path).steps) - 1

    def at() -> int:
        return int(page.run("Number(document.body.dataset.step)"))

    def focused() -> str:
        return str(page.run("document.activeElement.id || document.activeElement.tagName"))

    page.press("ArrowRight", 39)
    page.press("ArrowRight", 39)
    page.press("ArrowLeft", 37)
    assert at() == 1
    page.press("End", 35)
    assert at() == last
    page.press("Home", 36)
    assert at() == 0
    order = []
    for _ in range(4):
        page.press("Tab", 9)
        order.append(focused())
    assert order == ["play", "forward", "slider", "picture"]  # those that can do nothing yet are left out
    page.run("document.getElementById('slider').focus()")
    page.press("ArrowRight", 39)
    assert at() == 1
    page.run("document.getElementById('back').focus()")
    page.press("Enter", 13, "\r")
    assert at() == 0
    assert focused() == "forward"  # the focus stays on a button that works
    page.press("Enter", 13, "\r")
    assert at() == 1


def test_play_and_pause(page: Page, tmp_path: Path) -> None:
    x = vargrad.Var(3.0)
    last = len(opened(page, vargrad.draw(x * x).steps(), tmp_path).steps) - 1
    # The page's clock is replaced: a test waits for no time.
    page.run("window.setInterval = (f) => (window.tick = f, 7); window.clearInterval = () => (window.tick = null)")
    page.press(" ", 32, " ")
    assert page.run("play.getAttribute('aria-pressed') + play.textContent") == "truePause"
    for _ in range(2):
        page.run("tick()")
    assert page.run(STATE)["step"] == 2
    page.press(" ", 32, " ")
    assert page.run("[play.textContent, tick]") == ["Play", None]
    page.run("play.click()")
    for _ in range(last - 2):
        page.run("tick()")
    assert page.run("[Number(document.body.dataset.step), play.textContent, tick]") == [last, "Play", None]
    page.run("play.click()")
    assert page.run(STATE)["step"] == 0  # from the start again


def test_for_a_screen_reader(page: Page, tmp_path: Path) -> None:
    _, _, z = article()
    opened(page, vargrad.draw(z).steps(), tmp_path)
    page.press("ArrowRight", 39)
    assert page.run("say.closest('[aria-live]').getAttribute('aria-live')") == "polite"
    assert page.run("slider.getAttribute('aria-valuetext')") == "step 1 of 11, Forward"
    tree = page.send("Accessibility.getFullAXTree")["nodes"]
    names = {(n["role"]["value"], n["name"]["value"]) for n in tree if n.get("name", {}).get("value")}
    for name in ("Start", "Back", "Play", "Forward"):
        assert ("button", name) in names
    assert ("slider", "Step") in names
    assert any(role == "image" and name.startswith("Computation graph of z") for role, name in names)
    assert page.run("document.documentElement.lang + document.title") == "enz, step by step"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1200])
def test_narrow_and_dark(page: Page, tmp_path: Path, width: int, scheme: str) -> None:
    _, _, z = article()
    page.resize(width, 800)
    page.prefer(color_scheme=scheme, reduced_motion="reduce")
    opened(page, vargrad.draw(z).steps(), tmp_path)
    for _ in range(9):
        page.press("ArrowRight", 39)
    # Only the figure and the table may be wider than the window, and they scroll by themselves.
    assert page.run("document.documentElement.scrollWidth") <= width
    small = page.run("[...document.querySelectorAll('button, input')].map((e) => e.getBoundingClientRect().height)")
    assert min(small) >= 44
    outside = page.run(
        "[...document.querySelectorAll('main *:not(figure *):not(.sums *)')].filter("
        "(e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML)"
    )
    assert outside == []
    colours = page.run("[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]")
    light = [sum(map(int, re.findall(r"\d+", colour))) for colour in colours]
    assert (light[0] > light[1]) == (scheme == "light")
    page_fill = page.run("getComputedStyle(document.querySelector('.vg .page')).fill")
    assert page_fill == colours[0]
    assert page.run("getComputedStyle(document.querySelector('.vg g')).transitionDuration") in ("0s", "")
    inside = page.run(
        "(() => { const b = document.querySelector('.vg .node.now').getBoundingClientRect();"
        " const f = picture.getBoundingClientRect(); return b.right > f.left && b.left < f.right })()"
    )
    assert inside  # what the step is about has been scrolled into view
    shots = os.environ.get("VARGRAD_SHOTS")  # a folder, to look at them
    if shots:
        page.picture(Path(shots, f"steps-{width}-{scheme}.png"))


def test_a_training_step(page: Page, tmp_path: Path) -> None:
    """Colours and widths of the edges change with the weights, and are as they were after going back."""
    model = vargrad.NN([2, 2, 1], init="xavier_uniform", seed=1)
    training = vargrad.draw(model).steps([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]], lr=1.0)
    opened(page, training, tmp_path)
    attributes = "p.getAttribute('class') + p.getAttribute('stroke-width')"
    lines = f"[...document.querySelectorAll('.vg .edge path')].map((p) => {attributes})"
    labels = "[...document.querySelectorAll('.vg .label text')].map((t) => t.textContent)"
    before = page.run(lines), page.run(labels)
    for _ in training.steps:
        page.press("ArrowRight", 39)
    state, after = page.run(STATE), (page.run(lines), page.run(labels))
    loss = model.calculate_loss([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]])
    loss.backward()
    shown = {name: float(text) for name, text in state["sums"].items()}
    assert sorted(shown.values()) == sorted(p.grad for p in model.parameters)
    assert before[1] == [f"{w.value:.3g}" for layer in model.weights for neuron in layer for w in neuron]
    for p in model.parameters:
        p.value -= p.grad
    assert after[1] == [f"{w.value:.3g}" for layer in model.weights for neuron in layer for w in neuron]
    assert after[0] != before[0]
    shots = os.environ.get("VARGRAD_SHOTS")
    if shots:
        page.press("ArrowLeft", 37)
        page.press("ArrowLeft", 37)
        page.picture(Path(shots, "training.png"))
    page.press("Home", 36)
    assert (page.run(lines), page.run(labels)) == before


def test_hostile_names(page: Page, tmp_path: Path) -> None:
    names = [
        "</script><script>alert(1)</script>",
        "]]>",
        "\u202eabc",
        "a\"b'c&amp;",
        "n\nl",
        "<img src=x onerror=alert(2)>",
    ]
    leaves = {name: vargrad.Var(float(k + 1), requires_grad=True) for k, name in enumerate(names)}
    opened(page, vargrad.draw(vargrad.math.prod(leaves.values()), names=leaves).steps(), tmp_path)
    page.press("End", 35)
    assert page.run("document.querySelectorAll('script, img, iframe').length") == 2
    rows = page.run("[...document.querySelectorAll('tbody th')].map((th) => th.textContent)")
    assert sorted(rows) == sorted(map(plain, names))


def test_the_page_of_a_picture(page: Page, tmp_path: Path) -> None:
    x, _, z = article()
    vargrad.draw(z).save(tmp_path / "z.html")
    page.open(tmp_path / "z.html")
    boxes = json.loads(
        page.run(
            "JSON.stringify([...document.querySelectorAll('.vg text')].map((t) => {"
            " const b = t.getBoundingClientRect(); return [t.textContent, b.left, b.top, b.right, b.bottom] }))"
        )
    )
    texts = [b for b in boxes if b[0]]
    assert f"{x.value:.0f}" in [t[0] for t in texts]
    for i, (a, left, top, right, bottom) in enumerate(texts):
        for b, left2, top2, right2, bottom2 in texts[:i]:
            across = min(right, right2) - max(left, left2)
            down = min(bottom, bottom2) - max(top, top2)
            assert across <= 0 or down <= 4, (a, b)  # 4: of the empty part of a line of text


def test_size_of_the_page() -> None:
    _, _, z = article()
    assert len(vargrad.draw(z).steps().html().encode()) < 300_000
