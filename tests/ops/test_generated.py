"""The committed files that derive from the table of operations are those that the generator writes today."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import vargrad

pytestmark = pytest.mark.either

ROOT = Path(__file__).parents[2]
GENERATOR = Path("csrc") / "ops" / "gen_ops.py"


def generated() -> list[str]:
    """The files that the generator writes: the keys of its table."""
    tree = ast.parse((ROOT / GENERATOR).read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "FILES":
            assert isinstance(node.value, ast.Dict)
            return [ast.literal_eval(key) for key in node.value.keys if key is not None]
    raise AssertionError("csrc/ops/gen_ops.py has no table FILES")


def generate(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / GENERATOR), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of all that the generator reads and writes."""
    for folder in ("csrc", "src", "docs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__"))
    return tmp_path


def test_nothing_committed_is_stale() -> None:
    found = generate(ROOT, "--check")
    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize("names", [generated(), generated()[-1:]], ids=["all", "one"])
def test_check_sees_stale_files(checkout: Path, names: list[str]) -> None:
    """Each by its name, and no other."""
    for name in names:
        path = checkout / name
        path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    found = generate(checkout, "--check")
    assert found.returncode == 1
    for name in names:
        assert f"{name} is not what src/vargrad/_ops/table.py says: run python csrc/ops/gen_ops.py" in found.stderr
    assert found.stderr.count("\n") == len(names)


@pytest.mark.parametrize("names", [generated(), generated()[-1:]], ids=["all", "one"])
def test_missing_files_are_written(checkout: Path, names: list[str]) -> None:
    before = {name: (checkout / name).read_bytes() for name in names}
    for name in names:
        (checkout / name).unlink()
    missing = generate(checkout, "--check")
    assert missing.returncode == 1
    assert [name for name in names if name not in missing.stderr] == []
    assert generate(checkout).stdout == f"{len(names)} of {len(generated())} files written\n"
    assert {name: (checkout / name).read_bytes() for name in names} == before
    assert generate(checkout, "--check").returncode == 0


def test_new_row_reaches_every_file(checkout: Path) -> None:
    """The recipe "add an op: one row": a function of its own in C, Python and the documentation."""
    sheet = checkout / "src" / "vargrad" / "_ops/table.py"
    text = sheet.read_text(encoding="utf-8")
    row = '    Op("haversine", "0.5 - 0.5 * cos(a)", ("0.5 * sin(a)",), (REAL,), "Haversine.", function="haversine"),\n'
    assert "ACTIVATIONS = (\n" in text
    sheet.write_text(text.replace("ACTIVATIONS = (\n", "ACTIVATIONS = (\n" + row), encoding="utf-8")
    found = generate(checkout, "--check")
    assert found.returncode == 1
    files = [name for name in generated() if "nary" not in name and "special" not in name]
    assert generate(checkout).stdout == f"{len(files)} of {len(generated())} files written\n"
    for name in files:
        assert "haversine" in (checkout / name).read_text(encoding="utf-8")


AGGREGATE = '    Aggregate("middle", "acc + x", "0.0", "The arithmetic mean.", "acc / n"),\n'
NARY_ROWS = """
    NaryOp("sumsq", "0.0", "acc + x * x", "acc", "x + x", REAL, "Sum of the squares."),
    NaryOp("logmeanexp", "0.0", "acc + exp(x - biggest)", "biggest + log(acc / n)", "exp(x - biggest) / total", REAL,
           "log of the mean of exponentials.", empty=False),
    NaryOp("variance", "0.0", "acc + (x - middle) * (x - middle)", "acc / n", "2.0 * (x - middle) / n", REAL,
           "Mean of the squared distances from the mean.", empty=False),
    NaryOp("tangents", "0.0", "acc + x * tan(y)", "acc", "tan(y)", REAL, "Sum of multiples of tangents.", "p, q",
           pairs=True, partner="y * (1.0 + tan(x) * tan(x))"),
"""
ONLY_THE_CORE = """
import runpy, sys, setuptools
whole = setuptools.setup
def core(ext_modules, **rest):
    whole(ext_modules=[module for module in ext_modules if module.name == "vargrad._core.var_c"], **rest)
setuptools.setup = core
sys.argv = ["setup.py", "build_ext", "--inplace"]
runpy.run_path("setup.py", run_name="__main__")
"""


def run(root: Path, *command: str, **environment: str) -> None:
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("VARGRAD_")}
    surroundings |= {"PYTHONPATH": str(root / "src"), **environment}
    found = subprocess.run(
        [sys.executable, *command], cwd=root, env=surroundings, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_new_nary_rows_work_everywhere(checkout: Path) -> None:
    """Add rows of any number of operands, in one place: both twins, vargrad.math, compile, documentation.

    Builds the core alone, without optimising, which takes some ten seconds; compile is its pure half then.
    """
    table = checkout / "src" / "vargrad" / "_ops" / "table.py"
    text = table.read_text(encoding="utf-8")
    for head, rows in (
        ("AGGREGATES: tuple[Aggregate, ...] = (\n", AGGREGATE),
        ("NARY: tuple[NaryOp, ...] = (", NARY_ROWS),
    ):
        assert head in text
        text = text.replace(head, head + rows)
    table.write_text(text, encoding="utf-8")
    assert generate(checkout).returncode == 0
    for row in re.findall(r'NaryOp\("(\w+)"', NARY_ROWS):
        for name in ("csrc/ops/nary.def", "src/vargrad/_core/functions_nary.py", "docs/ops.md"):
            assert row in (checkout / name).read_text(encoding="utf-8")
    script = str(ROOT / "tests" / "isolated" / "new_nary_rows.py")
    run(checkout, script, "python", VARGRAD_BACKEND="python")
    if vargrad.backend == "compiled" and importlib.util.find_spec("Cython"):
        for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, checkout)
        run(checkout, "-c", ONLY_THE_CORE, VARGRAD_BUILD="debug")
        run(checkout, script, "compiled")


def test_row_outside_the_language_is_refused(checkout: Path) -> None:
    sheet = checkout / "src" / "vargrad" / "_ops/table.py"
    text = sheet.read_text(encoding="utf-8")
    sheet.write_text(text.replace('"exp(a)", ("out",)', '"open(a)", ("out",)'), encoding="utf-8")
    found = generate(checkout)
    assert found.returncode == 1
    assert "calls 'open'" in found.stderr
    assert generate(ROOT, "--check").returncode == 0
