"""What is generated from the formula sheet and committed is what the generator writes today."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GENERATOR = Path("csrc") / "ops" / "gen_ops.py"


def generated() -> list[str]:
    """The files that the generator writes: the keys of its table."""
    tree = ast.parse((ROOT / GENERATOR).read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "FILES":
            assert isinstance(node.value, ast.Dict)
            return [ast.literal_eval(key) for key in node.value.keys if key is not None]
    raise AssertionError("csrc/ops/gen_ops.py has no table FILES")


def generate(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / GENERATOR), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the generator reads and writes."""
    for folder in ("csrc", "src", "docs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__"))
    return tmp_path


def test_nothing_committed_is_stale() -> None:
    found = generate(ROOT, "--check")
    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize("name", generated())
def test_check_sees_a_stale_file(checkout: Path, name: str) -> None:
    path = checkout / name
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    found = generate(checkout, "--check")
    assert found.returncode == 1
    assert f"{name} is not what src/vargrad/_ops/table.py says: run python csrc/ops/gen_ops.py" in found.stderr
    assert found.stderr.count("\n") == 1


@pytest.mark.parametrize("name", generated())
def test_missing_file_is_written(checkout: Path, name: str) -> None:
    path = checkout / name
    before = path.read_bytes()
    path.unlink()
    assert generate(checkout, "--check").returncode == 1
    assert generate(checkout).stdout == f"1 of {len(generated())} files written\n"
    assert path.read_bytes() == before
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
    files = [name for name in generated() if "nary" not in name]
    assert generate(checkout).stdout == f"{len(files)} of {len(generated())} files written\n"
    for name in files:
        assert "haversine" in (checkout / name).read_text(encoding="utf-8")


def test_row_outside_the_language_is_refused(checkout: Path) -> None:
    sheet = checkout / "src" / "vargrad" / "_ops/table.py"
    text = sheet.read_text(encoding="utf-8")
    sheet.write_text(text.replace('"exp(a)", ("out",)', '"open(a)", ("out",)'), encoding="utf-8")
    found = generate(checkout)
    assert found.returncode == 1
    assert "calls 'open'" in found.stderr
    assert generate(ROOT, "--check").returncode == 0
