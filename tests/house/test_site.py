"""The documentation site: links between pages, the notebook, the reference, and the programs that make it."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import vargrad

ROOT = Path(__file__).resolve().parents[2]
MADE = ("generated",)  # by the site's build
PAGES = sorted(
    path
    for folder in (ROOT, *(ROOT / name for name in ("docs", "tests", "benchmarks", "examples")))
    for path in (folder.rglob("*.md") if folder != ROOT else folder.glob("*.md"))
    if not set(MADE) & set(path.relative_to(ROOT).parts)
)
LINK = re.compile(r"(?<!`)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^(```|::::?).*?^\1$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a program of docs/ or .ci/ by its name."""
    monkeypatch.setenv("VARGRAD_BACKEND", vargrad.backend)  # conf.py and check_site.py set it where it is not
    monkeypatch.syspath_prepend(ROOT / "docs")
    monkeypatch.syspath_prepend(ROOT / ".ci")
    return importlib.import_module


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """The file and the anchor of each link to something in the checkout."""
    for target in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if not re.match(r"[a-z]+:", target):
            path, _, anchor = target.partition("#")
            yield (page.parent / path).resolve() if path else page, anchor


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and MyST make them."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for path, anchor in links(page):
        assert path.exists(), f"{page.name} links to {path}"
        if anchor:
            assert anchor in anchors(path), f"{page.name} links to #{anchor} of {path.name}"


def test_every_page_is_reached_from_the_first() -> None:
    """By a table of contents: Sphinx warns too, but is not asked here."""
    docs = {path for path in PAGES if path.is_relative_to(ROOT / "docs")}
    listed = {ROOT / "docs/index.md"}
    for page in docs:
        for block in re.findall(r"^```\{toctree\}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.DOTALL):
            listed |= {page.parent / f"{line}.md" for line in block.splitlines() if line and line[0] != ":"}
    assert docs - listed == set()


def test_the_readme_is_short_and_begins_with_the_picture() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 150
    assert any("docs/pictures/after-backward.svg" in line for line in lines[:20])


def test_links_on_pypi_are_absolute(tool: Any) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = tool("pypi_readme").absolute(text, "https://example.org/owner/vargrad/", "c0ffee")
    base = r"https://example\.org/owner/vargrad/(blob|raw)/c0ffee/"
    targets = LINK.findall(found)
    assert len(targets) == len(LINK.findall(text)) > 10
    for target in targets:
        if not target.startswith("https://github.com/anilzeybek/"):
            assert re.match(base, target), target
            assert (ROOT / re.sub(base, "", target).partition("#")[0]).exists()
    assert "![" in found
    assert "/raw/c0ffee/docs/pictures/after-backward.svg)" in found
    assert re.sub(base, "", found) == text  # nothing else has changed


def test_the_notebook_is_that_of_the_tour(tool: Any) -> None:
    """Its cells run, in order, and show what the page says."""
    notebook = tool("tour_notebook")
    stored = json.loads((ROOT / "examples/tour.ipynb").read_text(encoding="utf-8"))
    made = notebook.made(ROOT / "docs/tour.md")
    assert (stored["nbformat"], stored["nbformat_minor"]) == (4, 5)

    def shown(cell: dict[str, Any]) -> Any:
        plain = [output["data"]["text/plain"] for output in cell.get("outputs", ()) if "data" in output]
        return cell["cell_type"], cell["source"], [x for x in plain if not re.search(r" at 0x", x[0])]

    assert [shown(cell) for cell in stored["cells"]] == [shown(cell) for cell in made["cells"]]
    pictures = [
        "".join(output["data"]["image/svg+xml"])
        for cell in made["cells"]
        for output in cell.get("outputs", ())
        if "image/svg+xml" in output.get("data", {})
    ]
    assert len(pictures) == 2
    assert "596144" in pictures[0]


def test_the_notebook_has_what_the_page_prints(tool: Any) -> None:
    page = (ROOT / "docs/tour.md").read_text(encoding="utf-8")
    for cell in tool("tour_notebook").made(ROOT / "docs/tour.md")["cells"]:
        for output in cell.get("outputs", ()):
            for line in output.get("data", {}).get("text/plain", ()):
                if "image/svg+xml" not in output["data"]:
                    assert line[:12] in page


def test_reference_has_every_public_name() -> None:
    """By name, or with the whole of its module. check_site.py asks the built site."""
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs/reference").glob("*.md"))
    named = set(re.findall(r"^\.\. (?:auto\w+|py:\w+):: vargrad\.([\w.]+)$", text, re.MULTILINE))
    assert set(vargrad.__all__) <= named
    classes = {
        name for name in importlib.import_module("vargrad.nn").__all__ if name[0].isupper() and not name.isupper()
    }
    assert classes <= {name.removeprefix("nn.") for name in named}
    assert "sklearn" in named


@pytest.mark.parametrize("name", sorted(vargrad.__all__))
def test_reference_leads_to_something(name: str) -> None:
    assert getattr(vargrad, name) is not None


def test_pages_embed_steppers_that_are_made(tool: Any) -> None:
    steppers = tool("live").steppers()
    embedded = {
        name for page in PAGES for name in re.findall(r"^```\{stepper\} (.*)$", page.read_text("utf-8"), re.MULTILINE)
    }
    assert embedded == set(steppers)
    assert "596144" in steppers["expression"]
    assert "596145" in steppers["two-paths"]
    for html in steppers.values():
        assert len(html) < 300_000
        assert not re.search(r"""(?:src|href)=["']?https?:""", html)


def test_gallery_has_every_example(tool: Any) -> None:
    live = tool("live")
    text = live.gallery({"moons": "what it prints"})
    names = {path.stem for path in (ROOT / "examples").glob("*.py")}
    assert set(re.findall(r"^### \[(\w+)\.py\]", text, re.MULTILINE)) == names
    assert "```text\nwhat it prints\n```" in text
    assert set(live.PICTURES) | live.NOT_RUN <= names
    page = live.example_page(ROOT / "examples/moons.py", "what it prints")
    assert page.startswith("# moons.py\n")
    assert "what it prints" in page


def test_a_file_is_shown_with_links_as_pages_have_them(tool: Any) -> None:
    text = tool("live").file_page("CONTRIBUTING.md")
    assert "](/design.md)" in text
    assert "](../tests/README.md)" in text
    several = tool("live").file_page("benchmarks/README.md")
    assert len(re.findall(r"^# ", FENCE.sub("", several), re.MULTILINE)) == 1


def test_figures_are_written_into_the_page(tool: Any) -> None:
    written = tool("performance").written
    page = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
    new = written(page, "figure   1\n")
    assert "```text\nfigure   1\n```" in new
    assert written(new, re.findall(r"performance.py -->\n```text\n(.*?)```", page, re.DOTALL)[0]) == page
    with pytest.raises(ValueError, match="0 places"):
        written("no place", "figure   1\n")


def test_check_finds_what_is_dead_or_missing(tool: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check = tool("check_site")
    (tmp_path / "a.html").write_text('<p id="here"><a href="b.html">x</a> <a href="#there">x</a> <a href="#here">x</a>')
    assert list(check.dead_links(tmp_path)) == [
        "a.html: b.html does not exist",
        "a.html: #there is no place on that page",
    ]
    monkeypatch.setattr(check, "MODULES", [name for name in check.MODULES if name != "sklearn"])
    names = check.public_names()
    assert {"vargrad.NN", "vargrad.grad", "vargrad.math.exp", "vargrad.optim.Adam", "vargrad.Var"} <= names
    monkeypatch.setattr(check, "documented", lambda site: names - {"vargrad.grad"})
    assert "vargrad.grad is not in the reference" in check.complaints(tmp_path)


def test_the_workflow_that_publishes_is_pinned_and_may_do_little() -> None:
    text = (ROOT / ".github/workflows/docs.yml").read_text(encoding="utf-8")
    used = re.findall(r"uses: (\S+)", text)
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", name) for name in used)
    assert "permissions: {}" in text
    assert text.count("persist-credentials: false") == text.count("actions/checkout@")


def test_methods_of_public_classes_belong_to_the_reference(tool: Any) -> None:
    members = tool("check_site").members
    assert {"fit", "predict", "save"} <= set(members("vargrad.NN"))
    assert {"to_c", "paths"} <= set(members("vargrad.Compiled"))  # and grad, in pure Python
    assert set(members("vargrad.grad")) == set()
