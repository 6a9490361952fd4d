"""The examples of fit run as a reader runs them, and what they print is right."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vargrad import data

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(name: str, *arguments: str) -> str:
    command = [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_digits() -> None:
    output = run("digits.py", "15")
    assert re.search(r"total +2410\n", output)
    right, rows = re.findall(r"right: (\S+)% of (\d+) pictures", output)[0]
    assert int(rows) == 450  # a quarter of 1797, rounded up
    assert float(right) > 93
    truth, first, p, second, q = map(int, re.findall(r"a (\d); (\d) \((\d+)%\) or (\d) \((\d+)%\)", output)[0])
    assert first != second
    assert 10 <= q <= p <= 90
    assert truth in range(10)
    assert len(re.findall(r"^[ .:\-=+*#%@]{16}$", output, re.MULTILINE)) == 8


def test_diabetes() -> None:
    output = run("diabetes.py")
    found = [tuple(map(float, pair)) for pair in re.findall(r"r2 (\S+), off by (\S+)", output)]
    assert len(found) == 3
    X, y = data.diabetes()
    _, _, y, y_test = data.train_test_split(X, y, test_size=0.25, seed=0)
    assert found[2] == (0.0, pytest.approx(np.abs(y.mean() - y_test).mean(), abs=0.05))
    for r2, missed in found[:2]:
        assert 0.4 < r2 < 0.6
        assert missed < 0.75 * found[2][1]
