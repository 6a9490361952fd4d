"""Folders import only from those below them: Python, Cython and C."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.either

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "vargrad"
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LAYERS = SETTINGS["tool"]["importlinter"]["contracts"][0]["layers"]
FLOORS = {room: i for i, layer in enumerate(LAYERS) for room in re.split(r"\s*[|:]\s*", layer)}  # 0 is the highest
BELOW = {  # a folder of csrc may include from itself and from these
    "": (),
    "ops": (),
    "tape": ("ops",),
    "vm/vmath": (),
    "vm": ("ops", "vm/vmath"),
    "vm/reroll": ("vm",),
    "vm/native": ("ops", "vm", "vm/vmath"),
    "dense": ("vm",),
}
IMPORT = re.compile(r"^\s*(?:from|c?import)\s+vargrad(?:\.(\w+)(?:\.\w+)*)?(?:\s+c?import\s+(.*))?$", re.MULTILINE)
PUBLIC_ONLY = {"__init__.py", "__main__.py", "py.typed"}


def imported(text: str) -> Iterator[str]:
    """The first name below vargrad in each import of a source."""
    for room, names in IMPORT.findall(text):
        yield from [room] if room else [name.split()[0] for name in names.strip("()").split(",")]


def upwards(path: str, text: str) -> list[str]:
    """What a Cython source imports from higher floors than its own."""
    own = FLOORS[path.split("/")[0]]
    return [name for name in imported(text) if FLOORS[name] < own]


CYTHON = sorted(p.relative_to(PACKAGE).as_posix() for kind in ("pyx", "pxi", "pxd") for p in PACKAGE.rglob(f"*.{kind}"))
C = sorted(p.relative_to(ROOT / "csrc").as_posix() for kind in "ch" for p in (ROOT / "csrc").rglob(f"*.{kind}"))


@pytest.mark.usefixtures("_at_root")
def test_python() -> None:
    """The contracts in pyproject.toml: floors, and no circles of modules."""
    from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

    assert lint_imports(no_cache=True) == EXIT_STATUS_SUCCESS


@pytest.fixture
def _at_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("path", CYTHON)
def test_cython(path: str) -> None:
    assert upwards(path, (PACKAGE / path).read_text(encoding="utf-8")) == []


def test_an_import_back_up_is_seen() -> None:
    assert upwards("_core/var_c.pyx", "from vargrad._ops import formula\nfrom vargrad import nn, math\n") == [
        "nn",
        "math",
    ]
    assert upwards("_core/block.pxi", "    from vargrad._compile.call cimport Call\n") == ["_compile"]


@pytest.mark.parametrize("path", C)
def test_c(path: str) -> None:
    folder = path.rpartition("/")[0]
    included = re.findall(r'#include "(.*)/[^/]+"', (ROOT / "csrc" / path).read_text(encoding="utf-8"))
    assert set(included) <= {folder, *BELOW[folder]}
    assert "Python.h" not in (ROOT / "csrc" / path).read_text(encoding="utf-8")


def test_folders_of_c() -> None:
    """BELOW names each folder, and those below a folder stand before it."""
    names = list(BELOW)
    assert set(names) == {path.rpartition("/")[0] for path in C}
    assert all(names.index(lower) < names.index(name) for name in names for lower in BELOW[name])


def test_top_of_the_package_is_public() -> None:
    files = {path.name for path in PACKAGE.iterdir() if path.is_file() and path.suffix in (".py", ".typed")}
    assert {name for name in files if name.startswith("_")} <= PUBLIC_ONLY


def test_folders_are_small() -> None:
    for folder in (PACKAGE, ROOT / "csrc", ROOT / "tests"):
        for place in [folder, *(p for p in folder.rglob("*") if p.is_dir() and p.name != "__pycache__")]:
            sources = [p for p in place.iterdir() if p.suffix in (".py", ".pyx", ".pxi", ".pxd", ".c", ".h", ".def")]
            assert len(sources) <= 24, place
