"""The sdist and the wheels hold exactly the files that they should."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
import tarfile
from importlib import metadata
from pathlib import Path
from zipfile import ZipFile

import pytest
from setuptools import Distribution, Extension

pytestmark = pytest.mark.either

ROOT = Path(__file__).parents[2]
TOP = ("CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE", "MANIFEST.in", "README.md", "SECURITY.md")
TOP += (".pre-commit-config.yaml", "pyproject.toml", "setup.py")
FOLDERS = (".ci", ".github", "benchmarks", "csrc", "docs", "examples", "src/vargrad", "tests")
LEFT = (
    "src/vargrad/_ir/pure/graph.c",
    "src/vargrad/_vm/machine_c.so",
    "csrc/vm/plan.o",
    "build/old.py",
    "notes.txt",
    "docs/generated/a.md",
)
WRITTEN = ("PKG-INFO", "setup.cfg", "src/vargrad.egg-info/")  # by setuptools, into the sdist


def package() -> set[str]:
    """What of the sources a wheel holds: Python, the mark that it is typed, and what pages are made of."""
    kinds = (".py", ".pyi", ".css", ".js", ".txt")
    files = (path for path in (ROOT / "src/vargrad").rglob("*") if path.suffix in kinds or path.name == "py.typed")
    return {path.relative_to(ROOT / "src").as_posix() for path in files}


def compiled() -> set[str]:
    """The modules that setup.py compiles, as paths without an ending."""
    modules = re.findall(r'"(_\w+/\w+)": "\w+"', (ROOT / "setup.py").read_text(encoding="utf-8"))
    ir = [path.stem for path in (ROOT / "src/vargrad/_ir/compiled").glob("*.pxd")]
    return {*(f"vargrad/{name}_c" for name in modules), *(f"vargrad/_ir/compiled/{name}" for name in ir)}


def without_metadata(names: set[str]) -> set[str]:
    return {name for name in names if not re.match(r"vargrad-[^/]+\.dist-info/", name)}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what is written by hand."""
    copy = tmp_path / "checkout"
    copy.mkdir()
    for name in TOP:
        shutil.copy(ROOT / name, copy / name)
    for name in FOLDERS:
        if (ROOT / name).exists():
            ignored = shutil.ignore_patterns(
                "__pycache__", "generated", "*.so", "*.pyd", "*.c" if name[:3] == "src" else "*.o"
            )
            shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    return copy


def build(what: str, checkout: Path, into: Path, **variables: str) -> Path:
    script = f"import sys; from setuptools import build_meta; print(build_meta.build_{what}(sys.argv[1]))"
    environment = os.environ | {"VARGRAD_BUILD": "python"} | variables
    run = subprocess.run(
        [sys.executable, "-c", script, str(into)], cwd=checkout, env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    return into / run.stdout.splitlines()[-1]


def leave_behind(checkout: Path) -> None:
    """Make files as builds and editors do."""
    for name in LEFT:
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).touch()


def test_sdist(checkout: Path, tmp_path: Path) -> None:
    wanted = {path.relative_to(checkout).as_posix() for path in checkout.rglob("*") if path.is_file()}
    leave_behind(checkout)
    with tarfile.open(build("sdist", checkout, tmp_path)) as archive:
        names = {m.name.partition("/")[2] for m in archive.getmembers() if m.isfile()}
    assert {name for name in names if not name.startswith(WRITTEN)} == wanted


@pytest.mark.parametrize("what", ["sdist", "wheel"])
def test_the_same_bytes_from_the_same_sources(what: str, checkout: Path, tmp_path: Path) -> None:
    """Whenever and wherever it is built, given SOURCE_DATE_EPOCH; and with the times of the files changed."""
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(checkout, elsewhere, copy_function=shutil.copy)
    for place in (checkout, elsewhere):
        (place / "dist").mkdir()
    os.utime(elsewhere / "README.md", (1e9, 1e9))
    first = build(what, checkout, checkout / "dist", SOURCE_DATE_EPOCH="1700000000")
    again = build(what, elsewhere, elsewhere / "dist", SOURCE_DATE_EPOCH="1700000000")
    assert first.name == again.name
    assert first.read_bytes() == again.read_bytes()


def test_the_path_of_numpys_declarations_is_no_part_of_the_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An isolated build has NumPy in a folder with another name each time."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("VARGRAD_BUILD", "python")
    command = runpy.run_path(str(ROOT / "csrc/compilation.py"))["BuildOrFallBack"](Distribution())
    command.build_temp, command.swig_opts = str(tmp_path), []
    made = tmp_path / "machine_c.c"
    made.write_text('static const char* f = "../tmp/build-env-x1/numpy/__init__.cython-30.pxd";', encoding="utf-8")
    command.swig_sources([str(made)], Extension("machine_c", [str(made)]))
    assert made.read_text(encoding="utf-8") == 'static const char* f = "numpy/__init__.cython-30.pxd";'


def test_wheel_without_extensions(checkout: Path, tmp_path: Path) -> None:
    leave_behind(checkout)
    with ZipFile(build("wheel", checkout, tmp_path)) as wheel:
        assert without_metadata(set(wheel.namelist())) == package()


@pytest.mark.skipif(os.name == "nt", reason="MSVC does not ask CC")
def test_a_wheel_that_did_not_compile_is_named_as_a_pure_one(checkout: Path, tmp_path: Path) -> None:
    """pip keeps wheels that it built. One with the name of a compiled wheel would be installed again and again."""
    found = build("wheel", checkout, tmp_path, VARGRAD_BUILD="", CC="false")
    assert found.name.endswith("-py3-none-any.whl")
    with ZipFile(found) as wheel:
        assert without_metadata(set(wheel.namelist())) == package()
        (about,) = (name for name in wheel.namelist() if name.endswith(".dist-info/WHEEL"))
        assert b"Root-Is-Purelib: true" in wheel.read(about)


def test_installed_wheel() -> None:
    """The one that runs this test, unless it is an editable one: all of the package, and all extensions or none."""
    files = {path.as_posix() for path in metadata.files("vargrad") or () if "__pycache__" not in path.parts}
    if "vargrad/__init__.py" not in files:
        pytest.skip("installed in place")
    extensions = {name for name in files if name.endswith((".so", ".pyd"))}
    assert {name.partition(".")[0] for name in extensions} in (compiled(), set())
    assert without_metadata(files - extensions) == package()


def test_compiled_modules_are_known() -> None:
    script = "import setuptools; setuptools.setup = lambda **k: print(*sorted(e.name for e in k['ext_modules'])); "
    run = [sys.executable, "-c", script + "exec(open('setup.py').read())"]
    environment = os.environ | {"VARGRAD_BUILD": ""}
    names = subprocess.run(run, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout.split()
    assert {name.replace(".", "/") for name in names} == compiled()
