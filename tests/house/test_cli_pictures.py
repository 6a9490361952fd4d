"""``and`` and ``xor`` with --plot, --html and --json; ``bench``; closed and full outputs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import vargrad
from vargrad import NN, reference
from vargrad._cli import bench, main, measure, train

XOR = [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]


@pytest.fixture(autouse=True)
def _short_races(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "PATIENCE", 0.01)


def test_json_of_a_training(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["xor", "--json", "--steps", "40"]) == 1
    found = json.loads(capsys.readouterr().out)
    model = NN([2, 2, 1], seed=0, var=reference.Var)
    losses = []
    for _ in range(40):
        loss = model.calculate_loss(XOR)
        loss.backward()
        losses.append(loss.value)
        model.step(1.0)
    assert found["losses"] == losses
    assert found["parameters"] == [p.value for p in model.parameters]
    assert [row["answer"] for row in found["answers"]] == [model(p, q).value for p, q, _ in XOR]
    assert (found["gate"], found["learned"], found["backend"]) == ("xor", False, vargrad.backend)


@pytest.mark.parametrize("columns", [40, 80])
def test_plot_in_the_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["and", "--plot"]) == 0
    output = capsys.readouterr().out
    for words in ("Training\n", "Network [2, 1], 3 parameters", "O: target 0, X: target 1"):
        assert words in output
    assert max(map(len, output.splitlines())) <= columns


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_plot_in_a_file(ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / f"and.{ending}"
    assert main(["and", "--steps", "30", "--plot", str(path)]) == 1
    assert path.read_bytes()[:5] in (b"\x89PNG\r", b"<?xml", b"%PDF-")
    assert str(path) in capsys.readouterr().out
    assert "matplotlib.pyplot" not in sys.modules or "Agg" in sys.modules["matplotlib"].get_backend()


def test_html_is_the_first_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "steps.html"
    assert main(["xor", "--steps", "5", "--html", str(path)]) == 1
    model = NN([2, 2, 1], seed=0)
    pages = path.read_text(encoding="utf-8"), vargrad.draw(model).steps(XOR, lr=1.0).html()
    first, second = (re.sub(r"vg\d+", "vg", page) for page in pages)  # each picture has a number of its own
    assert first == second
    assert str(path) in "".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--plot", "a.bmp"], 2, ["png", "'a.bmp'"]),
        (["--plot", "a"], 2, ["'a'"]),
        (["--html", "a.svg"], 2, [".html"]),
        (["--html", "no/such/folder/a.html"], 2, ["no folder"]),
    ],
)
def test_files_that_cannot_be_written(
    arguments: list[str], status: int, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said before the training, not behind it."""
    assert main(["xor", *arguments]) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    assert [word for word in words if word not in captured.err] == []


def test_plot_without_matplotlib_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["xor", "--plot", "xor.png"]) == 1
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert "pip install 'vargrad[plot]'" in captured.err


# ---- bench


@pytest.fixture
def no_clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each program takes as many milliseconds as there were before it; it runs once, where that is asked for."""
    counted, runs = iter(range(1, 1000)), getattr(request, "param", True)

    def fastest(run: object, budget: float, least: int) -> float:
        assert callable(run)
        if runs:
            run()
        return next(counted) * 1e-3

    monkeypatch.setattr(measure, "fastest", fastest)


@pytest.mark.usefixtures("no_clock")
@pytest.mark.parametrize("no_clock", [False], indirect=True, ids=["not run"])
@pytest.mark.parametrize("columns", [40, 80, 120])
def test_bench(columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(bench, "PROGRAMS", bench.PROGRAMS[1:])
    assert main(["bench"]) == 0
    output = capsys.readouterr().out
    assert max(map(len, output.splitlines())) <= columns
    for title, _, _ in bench.PROGRAMS:
        assert title in output
    assert all(name in output for name, _ in bench.kinds())
    assert " 2 x" in output


@pytest.mark.usefixtures("no_clock")
def test_bench_as_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(bench, "PROGRAMS", bench.PROGRAMS[1:])
    assert main(["bench", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["seconds"]
    assert list(found) == [title for title, _, _ in bench.PROGRAMS]
    assert {name for row in found.values() for name in row} == {name for name, _ in bench.kinds()}


def test_info_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["vargrad"] == vargrad.__version__


# ---- what output goes to


@pytest.mark.skipif(os.name != "posix", reason="closes streams by the shell")
@pytest.mark.parametrize("end", [">&-", ">&- 2>&-", "| head -c 1"])
@pytest.mark.parametrize("command", ["and --steps 1", "info", "and --steps 1 --plot", "and --steps 1 --json", "--help"])
def test_closed_outputs(command: str, end: str) -> None:
    line = f"'{sys.executable}' -m vargrad {command} {end}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=120)
    assert done.stderr == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("command", [["info"], ["and", "--steps", "1"], ["info", "--json"]])
def test_a_full_output_is_one_line(command: list[str]) -> None:
    with open("/dev/full", "w") as full:
        arguments = [sys.executable, "-m", "vargrad", *command]
        done = subprocess.run(arguments, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120)
    assert done.returncode == 1
    assert done.stderr.startswith("vargrad: cannot write the output: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "cp1252", "utf-8"])
def test_plots_in_every_encoding(encoding: str) -> None:
    command = [sys.executable, "-W", "error", "-m", "vargrad", "and", "--plot", "--steps", "300"]
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    done = subprocess.run(command, capture_output=True, encoding=encoding, env=environment, timeout=120)
    assert done.stderr == ""
    assert "Training" in done.stdout
    assert encoding != "ascii" or done.stdout.isascii()
