"""What the house promises about itself: light import, one version, short files."""

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import vargrad

pytestmark = pytest.mark.either

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WRITTEN = {".py", ".pyx", ".pxd", ".pxi", ".c", ".h", ".def", ".md", ".toml", ".yml", ".css", ".js", ""}
FOLDERS = (".ci", "benchmarks", "csrc", "docs", "examples", "src/vargrad", "tests")
FILES = sorted(
    path
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*")
    if path.is_file() and path.suffix in WRITTEN and not {"__pycache__", "generated", "corpus"} & set(path.parts)
)


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_import_stays_light() -> None:
    """Of what takes long to import, nothing comes along: NumPy alone takes more than 40 ms."""
    script = "import json, sys, vargrad; print(json.dumps(sorted(sys.modules)))"
    run = [sys.executable, "-I", "-c", script]
    loaded = json.loads(subprocess.run(run, check=True, capture_output=True, text=True).stdout)
    assert "vargrad" in loaded
    dependencies = {re.split(r"\W", name)[0] for name in PROJECT["dependencies"]}
    heavy = {"argparse", "asyncio", "hypothesis", "logging", "mpmath", "unittest"}
    assert not (dependencies | heavy) & set(loaded)


def test_one_version() -> None:
    assert vargrad.__version__ == version("vargrad") == PROJECT["version"]
    newest = next(line for line in lines(ROOT / "CHANGELOG.md") if line.startswith("## ["))
    assert newest.split("]")[0] == f"## [{PROJECT['version']}"


def test_the_citation_has_the_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {PROJECT['version']}" in citation.splitlines()


@pytest.mark.parametrize("path", sorted((ROOT / ".github/workflows").glob("*.yml")), ids=lambda path: path.name)
def test_workflows_are_pinned_and_may_do_little(path: Path) -> None:
    """Actions by commit, with the version behind it; no token in a checkout; jobs write only where they say so."""
    text = path.read_text(encoding="utf-8")
    used = re.findall(r"uses: (.+)", text)
    assert used
    assert [name for name in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v[\d.]+", name)] == []
    assert text.count("persist-credentials: false") == text.count("actions/checkout@")
    assert re.search(r"^permissions:( \{\}|\n  contents: read)$", text, re.MULTILINE)
    assert "concurrency:" in text
    assert text.count("runs-on:") == text.count("timeout-minutes:")


def test_wheels_are_named_once() -> None:
    """Of Pythons that the classifiers have, and no free-threaded one while the core is not made for it."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["cibuildwheel"]
    minors = re.fullmatch(r"cp3\{([\d,]+)\}-\*", tool["build"])
    assert minors is not None
    known = [name.rpartition(".")[2] for name in PROJECT["classifiers"] if ":: 3." in name]
    assert minors[1].split(",") == known
    extras = PROJECT["optional-dependencies"]
    assert "scikit-learn" not in {Requirement(text).name for text in extras["test-without-sklearn"]}
    assert {tool["test-extras"][0], tool["overrides"][0]["test-extras"][0]} <= set(extras)


def test_cython_is_one_that_survives_refused_memory() -> None:
    """Code of Cython 3.3.1 crashes on MemoryError in the append of a list comprehension; 3.2.9 raises it."""
    system = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]
    cython = next(Requirement(text) for text in system["requires"] if text.startswith("Cython"))
    assert "3.2.9" in cython.specifier
    assert "3.3.1" not in cython.specifier


def test_setup_py_is_under_50_lines() -> None:
    assert len(lines(ROOT / "setup.py")) < 50


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_written_file_is_over_400_lines(path: Path) -> None:
    text = lines(path)
    generated = any("Written by csrc/ops/gen_" in line for line in text[:3])
    assert generated or len(text) <= 400


def test_paths_that_contributing_names_exist() -> None:
    table = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("| path | purpose |")[1]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`(.+?)`", row)]
    assert len(named) >= len(rows) > 0
    assert [name for name in named if not list(ROOT.glob(name) if "/" in name else ROOT.rglob(name))] == []


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/design.md", "tests/README.md"])
def test_paths_that_a_page_names_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    folders = "|".join(map(re.escape, FOLDERS))
    named = re.findall(rf"`((?:{folders})/[^`\s]*)`", text)
    assert named
    assert [name for name in named if not list(ROOT.glob(name.rstrip("/")))] == []
    links = [name.partition("#")[0] for name in re.findall(r"\]\(([^):]+)\)", text)]
    assert [name for name in links if not (ROOT / page).parent.joinpath(name).exists()] == []


FIGURES = sorted((ROOT / "docs/figures").glob("*.svg"))


@pytest.mark.parametrize("figure", FIGURES, ids=lambda path: path.name)
def test_figures_name_paths_and_stand_on_a_page(figure: Path) -> None:
    """Paths are short there: the end of one path in the repository. Text is text, in light and dark."""
    text = figure.read_text(encoding="utf-8")
    names = re.findall(r"[\w/]+\.(?:pyx|pxi|py|c|h)\b", " ".join(re.findall(r'class="path"[^>]*>([^<]*)<', text)))
    assert names
    folders = [ROOT / "src", ROOT / "csrc"]
    assert [n for n in names if not any(list(f.rglob(n.removeprefix("csrc/"))) for f in folders)] == []
    assert f"figures/{figure.name}" in (ROOT / "docs/design.md").read_text(encoding="utf-8")
    assert "prefers-color-scheme: dark" in text


def test_the_examples_find_what_they_import() -> None:
    """In the package itself or in the extra [examples], which has nothing besides."""
    known = {"sklearn": "scikit-learn"}
    imported = {"distributed"}  # which is what dask.distributed is
    for path in (ROOT / "examples").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        names = set(re.findall(r"^\s*(?:from|import) (\w+)", text, re.M)) - set(sys.stdlib_module_names)
        imported |= {known.get(name, name) for name in names - {path.stem for path in path.parent.glob("*.py")}}
        if re.search(r"data\.(digits|iris|wine|breast_cancer|diabetes)\(", text):
            imported.add("scikit-learn")
        if re.search(r"\bplot\.\w+\(", text):
            imported.add("matplotlib")
    extra = {Requirement(text).name for text in PROJECT["optional-dependencies"]["examples"]}
    assert extra == imported - {"vargrad", *(Requirement(text).name for text in PROJECT["dependencies"])}
