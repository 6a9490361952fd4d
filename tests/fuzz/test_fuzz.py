"""What was found once stays found: targets are fed with the kept inputs, and with some new ones, always the same."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
from pathlib import Path

import pytest

import changes
import fuzz
import targets

SCRIPT = Path(fuzz.__file__)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, which an input may end."""
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False, timeout=300
    )


def test_what_was_found_once() -> None:
    done = run("--replay")
    assert done.returncode == 0, done.stderr[-2000:]
    kept = list(fuzz.KEPT.glob("*/*"))
    assert int(done.stdout.split()[0]) >= len(kept) > 0
    assert {path.parent.name for path in kept} <= set(targets.TARGETS)


@pytest.mark.parametrize("name", list(targets.TARGETS))
def test_some_inputs(name: str, tmp_path: Path) -> None:
    done = run("--plain", "--seed", "1", "--most", "150", name, "60", str(tmp_path))
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout == f"{name}: 150 inputs, nothing found; seed 1\n"


def test_a_finding_is_kept_and_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fragile(data: bytes) -> None:
        if b"\xff" in data:
            raise targets.Finding("that byte")

    monkeypatch.setitem(targets.TARGETS, "fragile", targets.Target(fragile, lambda: [b"abc"]))
    with pytest.raises(targets.Finding, match="that byte"):
        fuzz.plain("fragile", 60.0, tmp_path, seed=0, most=100_000)
    (found,) = (tmp_path / "found").iterdir()
    assert b"\xff" in found.read_bytes()
    assert (tmp_path / "now").read_bytes() == found.read_bytes()


@pytest.mark.parametrize("name", ["pickles", "safetensors", "saved", "expressions"])
def test_changes_get_past_the_first_check(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A share of the changed files can be read still, or else nothing behind the checksums would be tried."""
    target, draw = targets.TARGETS[name], random.Random(0)
    seeds, good = target.seeds(), 0
    reached: list[object] = []
    for place, what in ((targets, "use"), (targets.NN, "predict"), (targets.Expression, "compute"), (targets, "repr")):
        monkeypatch.setattr(place, what, lambda *arguments: reached.append(arguments) or "", raising=False)
    for _ in range(200):
        before = len(reached)
        data = target.change(draw.choice(seeds), draw)
        with contextlib.suppress(Exception):  # the results above are no good to anybody
            target.run(data)
        good += len(reached) > before
    assert 10 < good < 200


def test_changes_need_no_file_of_the_kind() -> None:
    draw = random.Random(0)
    for change in (changes.of_bytes, changes.of_npz, changes.of_safetensors, changes.of_pickle, changes.of_json):
        for data in (b"", b"\0", b"PK\x03\x04", bytes(range(256)), b"{}", b"\x80\x05."):
            assert isinstance(change(data, draw), bytes)
