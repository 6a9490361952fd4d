"""Examples run as a reader runs them, and what they print is read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
AND: Callable[[int, int], int] = int.__and__
XOR: Callable[[int, int], int] = int.__xor__


def run(name: str, *arguments: str, **environment: str) -> str:
    command = [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def numbers(pattern: str, text: str) -> list[tuple[float, ...]]:
    """What the groups of each match hold."""
    return [tuple(map(float, match.groups())) for match in re.finditer(pattern, text)]


def assert_learned(output: str, sign: str, gate: Callable[[int, int], int], tables: int = 1) -> None:
    """The printed truth tables are complete and right, and each loss is the sum of squares of what they miss."""
    rows = numbers(rf"([01]) {re.escape(sign)} ([01]) = (\S+)", output)
    assert [row[:2] for row in rows] == [(p, q) for p in (0, 1) for q in (0, 1)] * tables
    assert [round(x) for _, _, x in rows] == [gate(int(p), int(q)) for p, q, _ in rows]
    assert max(abs(x - gate(int(p), int(q))) for p, q, x in rows) < 0.2
