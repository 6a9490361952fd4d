"""The benchmarks run, on tiny sizes, and do not time what is wrong."""

import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

import corners_cases
import corners_eager
import run
import vargrad
from vargrad import reference
from vargrad._cli import article

FOLDER = Path(__file__).parents[2] / "benchmarks"


def smoke(script: str) -> str:
    """What a benchmark prints that only checks its results; it has no complaint."""
    command = [sys.executable, "-W", "error", str(FOLDER / script), "--smoke"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_smoke() -> None:
    printed = smoke("run.py")
    assert printed.endswith("All results are right.\n")
    assert "MISSED" not in printed


def test_recording_smoke() -> None:
    assert smoke("recording.py").endswith("All gradients are right.\n")


def test_executors_smoke() -> None:
    smoke("executors.py")


def test_corners_smoke() -> None:
    """Every public name has a case, and every case its right result."""
    printed = smoke("corners.py")
    assert printed.endswith("All results are right.\n")
    assert "no case" not in printed


def test_a_name_without_a_case_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    assert corners_eager.without_case() == []
    monkeypatch.setattr(vargrad.math, "news", lambda *, key: key, raising=False)  # no point fits
    assert corners_eager.without_case() == ["vargrad.math.news"]


def test_a_wrong_corner_is_caught() -> None:
    corners_cases.check(corners_cases.Case("group", "name", lambda: [vargrad.Var(1.0)], [1.0], "a + b"))
    for wrong in ([1.001], [1.0, 1.0], [math.nan]):
        with pytest.raises(corners_cases.Wrong, match="group, name: found"):
            corners_cases.check(corners_cases.Case("group", "name", lambda: [vargrad.Var(1.0)], wrong, "a + b"))


def test_both_twins_pass_the_check() -> None:
    for var in (vargrad.Var, reference.Var):
        run.check_results(var, run.SIZES["smoke"])


def test_the_articles_class_passes_the_check() -> None:
    sizes = run.SIZES["smoke"]
    run.check_results(article.Var, run.replace(sizes, nodes=400, repeated=400))


def test_a_wrong_result_is_caught() -> None:
    right = [1.0, 1000.0]
    run.check("it", right, right)
    for wrong in ([1.0, 1000.001], [1.001, 1000.0], [1.0], [1.0, math.nan]):
        with pytest.raises(run.Wrong, match="it: found"):
            run.check("it", wrong, right)


@pytest.mark.parametrize("arguments", [["--repeats", "0"], ["--backend", "cuda"]])
def test_wrong_usage(arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["run.py", *arguments])
    with pytest.raises(SystemExit) as caught:
        run.main()
    assert caught.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_trainings_run() -> None:
    command = [sys.executable, "-W", "error", str(FOLDER / "training.py"), "--epochs", "4", "--repeats", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    scores = [float(x) for x in re.findall(r"test accuracy (\S+)", done.stdout)]
    assert len(scores) >= 2  # scikit-learn comes with the tests, torch may be there
    assert min(scores) > 0.8
