"""The gate of instruction counts: its programs run, its figures are whole, and more instructions are told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import instructions
import instructions_programs
from instructions_programs import AFTER, BEFORE, NAMES, PROGRAMS

pytestmark = pytest.mark.either

NOW = {"python": "3.11", "numpy": "2.4"}
FIGURES = [{"made by": NOW, "instructions": dict.fromkeys(NAMES, 1000)}]
WITH_NUMPY = next(name for name in NAMES if name in PROGRAMS and PROGRAMS[name].numpy)


def gate(
    monkeypatch: pytest.MonkeyPatch, folder: Path, found: dict[str, int], *options: str, **now: str
) -> tuple[int, Any]:
    """The status with such counts in place of callgrind's, and the figures that are kept afterwards."""
    file = folder / "figures.json"
    if not file.exists():
        file.write_text(json.dumps(FIGURES), encoding="utf-8")
    monkeypatch.setattr(instructions, "count", lambda: (NOW | now, dict.fromkeys(NAMES, 1000) | found))
    status = instructions.main(["--file", str(file), *options])
    return status, json.loads(file.read_text("utf-8"))


@pytest.mark.skipif(not hasattr(os, BEFORE), reason="the marks are functions that this system does not have")
def test_the_programs_run_and_each_is_marked_once() -> None:
    script = (
        "import os, instructions_programs as it\n"
        f"for name in {(BEFORE, AFTER)}: setattr(os, name, lambda *a, name=name: print(name))\n"
        "it.main()"
    )
    folder = Path(instructions.__file__).parent
    either = {name: value for name, value in (os.environ | instructions.SAME).items() if name != "VARGRAD_BACKEND"}
    run = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(run, cwd=folder, env=either, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    *marks, made_by = done.stdout.splitlines()
    assert marks == [BEFORE, AFTER] * len(NAMES)
    assert json.loads(made_by)["cython"][:2] in ("3.", "un")  # of what is installed; unknown in a pure one


def test_the_kept_figures_are_of_these_programs() -> None:
    kept = json.loads(instructions.KEPT.read_text("utf-8"))
    assert kept
    for one in kept:
        assert tuple(one["instructions"]) == NAMES
        assert one["made by"].keys() == {*instructions_programs.surroundings(), "valgrind"}


@pytest.mark.parametrize(("number", "status"), [(1000, 0), (1030, 0), (1031, 1), (1050, 1), (500, 0)])
def test_more_instructions_than_the_tolerance_are_told(
    number: int, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(monkeypatch, tmp_path, {"x * y": number}) == (status, FIGURES)
    told = capsys.readouterr()
    assert ("instructions: x * y: " in told.err) == bool(status)
    assert ("keep it by --write" in told.out) == (number < 970)
    assert gate(monkeypatch, tmp_path, {"x * y": number}, "--tolerance", "6")[0] == 0


def test_write_renews_its_own_figures_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    renewed = {"made by": NOW, "instructions": dict.fromkeys(NAMES, 1000) | {"x * y": 2000}}
    other = {"made by": NOW | {"python": "3.99"}, "instructions": dict.fromkeys(NAMES, 1000)}
    assert gate(monkeypatch, tmp_path, {}, "--write", python="3.99") == (0, [*FIGURES, other])
    assert gate(monkeypatch, tmp_path, {"x * y": 2000}, "--write") == (0, [other, renewed])


def test_what_cannot_be_compared_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    more = dict.fromkeys(NAMES, 2000)
    assert gate(monkeypatch, tmp_path, more, python="3.99")[0] == 0
    assert "Not counted: " in capsys.readouterr().out
    assert gate(monkeypatch, tmp_path, {WITH_NUMPY: 2000}, numpy="9.9")[0] == 0
    assert "not judged: NumPy 9.9 takes part, the figure is of 2.4" in capsys.readouterr().out
    assert gate(monkeypatch, tmp_path, more, numpy="9.9")[0] == 1
    monkeypatch.undo()
    monkeypatch.setenv("PATH", "")
    assert instructions.main([]) == 0
    assert "Not counted: there is no valgrind here" in capsys.readouterr().out


def test_programs_without_figures_and_figures_without_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(monkeypatch, tmp_path, {"news": 1})[0] == 1
    assert "news: there is no figure of it yet" in capsys.readouterr().err
    (tmp_path / "figures.json").write_text(
        json.dumps([{"made by": NOW, "instructions": dict.fromkeys([*NAMES, "old"], 1000)}]), encoding="utf-8"
    )
    assert gate(monkeypatch, tmp_path, {})[0] == 1
    assert "old: it is no program any more" in capsys.readouterr().err


@pytest.mark.parametrize("tolerance", ["0", "-1", "100", "nan", "x"])
def test_a_tolerance_that_is_none(tolerance: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        instructions.main(["--tolerance", tolerance])
    assert caught.value.code == 2
    assert "--tolerance" in capsys.readouterr().err
