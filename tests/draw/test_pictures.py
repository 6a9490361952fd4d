"""The forms of a picture: SVG, HTML, PNG, PDF, dot, Mermaid and text."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

import vargrad
from vargrad._draw.labels import number, plain
from vargrad._draw.layout import Box, layered
from vargrad._draw.network import columns
from vargrad._draw.palette import DARK, LIGHT
from vargrad._draw.scene import Text, scene

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = {
    "quotes": "a\"b'c`d",
    "script": "</title><script>alert(1)</script>",
    "cdata": "]]> <![CDATA[ &amp; &lt;",
    "newlines": "a\nb\r\nc\u2028d\x00e",
    "right-to-left": "abc\u202edef\u2066ghi\u200f",
    "long": "x" * 10_000,
    "backslashes": '\\n\\" \\',
    "brackets": "a]] --> b{c}|d|;e%%f",
}


def expression() -> Any:
    x, y = vargrad.Var(53.0, requires_grad=True), vargrad.Var(-17.0, requires_grad=True)
    z = (x**2 + 3) ** 2 + y
    z.backward()
    return vargrad.draw(z)


def network_loss() -> Any:
    model = vargrad.NN([2, 2, 1], seed=1)
    loss = model.calculate_loss([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]])
    loss.backward()
    return vargrad.draw(loss)


def loop() -> Any:
    x, y = vargrad.Var(0.5, requires_grad=True), vargrad.Var(0.25)
    v = x
    for _ in range(1000):
        v = (v * 1.0001 + y).sin() * x
    return vargrad.draw(v)


def compiled() -> Any:
    f = vargrad.compile(lambda x, y: (x * y + x.exp() if x > 0 else -y) if y > 0 else x)
    f([1.0, -1.0, 1.0], [2.0, 3.0, -1.0])
    return vargrad.draw(f)


def square() -> Any:
    x = vargrad.Var(3.0)
    return vargrad.draw(x * x)


PICTURES = {"expression": expression, "loss": network_loss, "loop": loop, "compiled": compiled, "square": square}


@pytest.mark.parametrize("make", PICTURES.values(), ids=list(PICTURES))
def test_nothing_overlaps(make: Any) -> None:
    graph = make().structure
    layout = layered(graph)
    boxes = [*layout.boxes.values(), *(box for box in layout.labels if box is not None)]
    assert [(a, b) for a, b in combinations(boxes, 2) if a.meets(b, 0.0)] == []
    for box in boxes:
        assert 0 <= box.x - box.w / 2 <= box.x + box.w / 2 <= layout.width
        assert 0 <= box.y - box.h / 2 <= box.y + box.h / 2 <= layout.height
    assert sum(box is not None for box in layout.labels) == sum(bool(edge.label) for edge in graph.edges)


def test_nothing_overlaps_in_a_network() -> None:
    layout = columns(vargrad.draw(vargrad.NN([3, 2, 1], seed=2)).structure)
    boxes: list[Box] = [*layout.boxes.values(), *(box for box in layout.labels if box is not None)]
    assert [(a, b) for a, b in combinations(boxes, 2) if a.meets(b, 0.0)] == []


@pytest.mark.parametrize("make", PICTURES.values(), ids=list(PICTURES))
def test_edges_go_from_node_to_node_and_to_the_right(make: Any) -> None:
    graph = make().structure
    layout = layered(graph)
    for edge, curve in zip(graph.edges, layout.curves, strict=True):
        a, b = layout.boxes[edge.source], layout.boxes[edge.target]
        assert curve[0][0] == pytest.approx(a.x + a.w / 2, abs=3)
        assert curve[-1][0] == pytest.approx(b.x - b.w / 2)
        assert abs(curve[-1][1] - b.y) < b.h / 2
        xs = [x for x, _ in curve]
        assert xs == sorted(xs)


@pytest.mark.parametrize("make", PICTURES.values(), ids=list(PICTURES))
def test_svg_says_what_the_structure_has(make: Any) -> None:
    picture = make()
    root = ElementTree.fromstring(picture.svg())
    texts = [t.text for t in root.iter(f"{SVG}text")]
    nodes = picture.structure.nodes.values()
    wanted = [text for node in nodes for text in [node.title, *(node.lines if node.kind != "constant" else [])]]
    wanted += [edge.label for edge in picture.structure.edges if edge.label]
    wanted += [text for _, text in picture.structure.legend]
    assert sorted(t or "" for t in texts) == sorted(wanted)
    parts = [g.get("data-part") for g in root.iter(f"{SVG}g")]
    assert sum((p or "").startswith("node-") for p in parts) == len(picture.structure.nodes)
    assert sum((p or "").startswith("edge-") for p in parts) == len(picture.structure.edges)
    title, described = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert title.text == picture.structure.title
    assert described is not None
    assert described.text == picture.structure.described
    assert root.get("role") == "img"
    labelled = (root.get("aria-labelledby") or "").split()
    assert labelled == [title.get("id"), described.get("id")]


def test_two_pictures_on_a_page_share_no_names() -> None:
    picture = expression()
    names = [set(re.findall(r' id="(\w[\w-]*)"', picture.svg())) for _ in range(2)]
    assert names[0]
    assert not names[0] & names[1]


def test_light_and_dark() -> None:
    picture = expression()
    assert "prefers-color-scheme: dark" in picture.svg()
    for theme, own, other in (("light", LIGHT, DARK), ("dark", DARK, LIGHT)):
        text = picture.svg(theme)
        assert "prefers-color-scheme" not in text
        assert own["page"] in text
        assert other["page"] not in text
    with pytest.raises(ValueError, match=r"theme .*'pink'"):
        picture.svg("pink")


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_texts_stand_out(colours: dict[str, str]) -> None:
    """By 4.5 to 1 at least, as the accessibility guidelines of the web ask for (WCAG 2.1, 1.4.3)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for name in ("ink", "soft", "quiet", "grad", "adjoint", "partial"):
        for ground in ("page", "plate", "leaf_fill"):
            low, high = sorted((luminance(colours[name]), luminance(colours[ground])))
            if not (name == "quiet" and ground == "leaf_fill"):
                assert (high + 0.05) / (low + 0.05) >= 4.5, (name, ground)


@pytest.mark.parametrize("name", HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_names(name: str, tmp_path: Path) -> None:
    x = vargrad.Var(2.0, requires_grad=True)
    picture = vargrad.draw(x * x, names={name: x})
    root = ElementTree.fromstring(picture.svg())
    assert {g.tag for g in root.iter()} <= {
        SVG + t for t in ["svg", "title", "desc", "style", "defs", "marker", "path", "rect", "g", "text"]
    }
    assert plain(name) in [t.text for t in root.iter(f"{SVG}text")]
    page = picture.html()
    steps = picture.steps().html()
    for text in (page, steps):
        assert "<script>alert" not in text
        assert "\u202e" not in text
        assert "x" * 100 not in text
    assert steps.count("<script") == 2
    dot = picture.dot()
    strings = re.findall(r'"(?:[^"\\\n]|\\.)*"', dot)
    assert re.sub(r'"(?:[^"\\\n]|\\.)*"', "", dot).count('"') == 0
    assert any(plain(name)[:1] in s for s in strings)
    assert re.fullmatch(r"digraph \{\n(  [^\n]*\n)*\}\n", dot)
    mermaid = picture.mermaid()
    for line in mermaid.splitlines()[2:]:
        assert re.fullmatch(
            r'  (classDef .*|n\d+(\(\[|\[)"[^"<>|\]]*(<br>[^"<>|\]]*)*"(\]\)|\]):::\w+|n\d+ -->(\|"[^"|]*"\|)? n\d+)',
            line,
        )
    assert len(picture.text()) < 400
    picture.save(tmp_path / "x.pdf")
    picture.save(tmp_path / "x.png")


def test_plain() -> None:
    assert plain("a\n b\tc") == "a b c"
    assert plain("x" * 10_000) == "x" * 23 + "…"
    assert plain("\u202eabc") == "abc"


@pytest.mark.parametrize(
    ("x", "text"),
    [(2.0, "2"), (-0.0, "-0"), (0.1, "0.1"), (1 / 3, "0.333333"), (7907327.0, "7907327"), (1e300, "1e+300"),
     (float("inf"), "inf"), (float("nan"), "nan"), (-17.0, "-17")],
)  # fmt: skip
def test_numbers(x: float, text: str) -> None:
    assert number(x) == text


def test_png_and_pdf(tmp_path: Path) -> None:
    picture = expression()
    shapes = picture._scene()
    for scale in (1.0, 3.0):
        picture.save(tmp_path / "z.png", scale=scale)
        head = (tmp_path / "z.png").read_bytes()[:24]
        assert head[:8] == b"\x89PNG\r\n\x1a\n"
        size = struct.unpack(">II", head[16:24])
        assert size == pytest.approx((shapes.width * scale, shapes.height * scale), abs=2)
    picture.save(tmp_path / "z.pdf")
    assert (tmp_path / "z.pdf").read_bytes()[:5] == b"%PDF-"
    picture.save(tmp_path / "again.pdf")
    assert (tmp_path / "again.pdf").read_bytes() == (tmp_path / "z.pdf").read_bytes()


def test_every_kind_is_written_in_every_format(tmp_path: Path) -> None:
    model = vargrad.NN([2, 2, 1], seed=3)
    history = model.fit([[0, 0], [0, 1], [1, 0]], [0, 1, 1], epochs=50, progress=False)
    for name, picture in (("model", vargrad.draw(model)), ("history", vargrad.draw(history)), ("z", compiled())):
        for ending in ("svg", "png", "pdf", "html", "txt", "dot", "mmd"):
            path = tmp_path / f"{name}.{ending}"
            if name == "history" and ending in ("dot", "mmd"):
                with pytest.raises(ValueError, match="a chart is no graph"):
                    picture.save(path)
                assert not path.exists()
            else:
                picture.save(path)
                assert path.stat().st_size > 60
        assert ElementTree.fromstring(picture.svg()).tag == f"{SVG}svg"


def test_save_refuses(tmp_path: Path) -> None:
    picture = expression()
    with pytest.raises(ValueError, match=r"writes svg, png, pdf, html, dot, mmd, txt: .*gif"):
        picture.save(tmp_path / "z.gif")
    with pytest.raises(ValueError, match="scale must be above 0"):
        picture.save(tmp_path / "z.png", scale=0)
    with pytest.raises(OSError, match="missing"):
        picture.save(tmp_path / "missing" / "z.svg")
    assert list(tmp_path.iterdir()) == []


def test_notebooks() -> None:
    picture = expression()
    assert (picture._repr_svg_() or "").startswith("<svg")
    assert "<svg" in picture._repr_html_()
    assert "<iframe" in picture.steps()._repr_html_()


WITHOUT = """
import sys
sys.modules.update(dict.fromkeys(("igraph", "resvg_py", "reportlab", "reportlab.pdfgen.canvas")))
import vargrad
x = vargrad.Var(3.0)
picture = vargrad.draw(x * x)
print(picture)
print(vargrad.draw(vargrad.NN([2, 1], seed=1)).svg()[:4], picture._repr_svg_(), picture._repr_html_())
for ending in ("svg", "png", "pdf"):
    try:
        vargrad.draw(vargrad.NN([2, 1], seed=1)).save("/dev/null/x." + ending) if ending != "svg" else picture.svg()
    except ImportError as error:
        print(error)
"""


def test_without_the_extra() -> None:
    """The error says what to install, and the tree of text is there."""
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True, encoding="utf-8",
                          env={"PYTHONIOENCODING": "utf-8", "PATH": ""})  # fmt: skip
    lines = done.stdout.splitlines()
    assert lines[0] == "Computation graph, 1 operation"
    assert any(line.startswith("<svg None <pre>Computation graph") for line in lines)
    assert sum("pip install 'vargrad[draw]'" in line for line in lines) == 3  # and once in HTML, escaped


def test_importing_vargrad_imports_no_drawing() -> None:
    script = (
        "import sys, vargrad; vargrad.Var(2.0) * 2; print([m for m in sys.modules if 'draw' in m or 'igraph' in m])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_texts_are_inside_their_plates() -> None:
    graph = expression().structure
    layout = layered(graph)
    for part in scene(graph, layout).parts:
        if part.key.startswith("node-"):
            box = layout.boxes[int(part.key[5:])]
            for item in part.items:
                if isinstance(item, Text):
                    assert abs(item.y - 4 - box.y) < box.h / 2


def test_text_in_ascii() -> None:
    """Line by line as the other, with other signs."""
    model = vargrad.NN([2, 2, 1], seed=3)
    history = model.fit([[0, 0], [0, 1]], [0, 1], epochs=50, progress=False)
    x = vargrad.Var(3.0)
    for picture in (
        expression(),
        network_loss(),
        compiled(),
        vargrad.draw(history),
        vargrad.draw(x / 2, names={"é": x}),
    ):
        usual, plain_ones = picture.text(), picture.text(ascii=True)
        assert plain_ones.isascii()
        assert len(usual.splitlines()) == len(plain_ones.splitlines())
        assert re.findall(r"[\d.]+", usual) == re.findall(r"[\d.]+", plain_ones) or picture.structure.kind != "graph"
    assert "|- (1) **: 7907344" in expression().text(ascii=True)
