"""Count the instructions of a dozen programs by callgrind, and hold them against the figures that are kept.

On a machine that others use too, a time tells little. The number of instructions is nearly the same in each run, so a
few percent more are a change of the code. `python benchmarks/instructions.py` compares, and leaves with status 1 if
a program takes more than it did, by more than --tolerance. `--write` renews the figures of this interpreter and
compiler; those of others stay. Where there is no valgrind, or no figure of such an interpreter and compiler, it says so
and leaves with status 0.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from instructions_programs import AFTER, BEFORE, NAMES, PROGRAMS

HERE = Path(__file__).parent
KEPT = HERE / "instructions.json"
Counts = Mapping[str, int]
# What would make a difference from run to run: the order of sets, and threads that wait in a loop.
SAME = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "VARGRAD_BACKEND": "compiled"}


class Missing(Exception):
    """There is nothing to count with, or to compare with."""


def count() -> tuple[dict[str, str], dict[str, int]]:
    """What made the counts, and the instructions of each program."""
    if platform.system() != "Linux" or shutil.which("valgrind") is None:
        raise Missing("there is no valgrind here, which counts them")
    program = [sys.executable, str(HERE / "instructions_programs.py")]
    with tempfile.TemporaryDirectory() as folder:
        tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/counts"]
        tool += [f"--zero-before={BEFORE}", f"--dump-before={AFTER}"]
        surroundings: dict[str, str] = {}
        for command in (program, [*tool, *program]):  # once without, so that no bytecode is left to be written
            done = subprocess.run(command, capture_output=True, text=True, env=os.environ | SAME, check=False)
            if done.returncode:
                print(done.stderr, file=sys.stderr)
                raise SystemExit(f"instructions: {' '.join(command)} ended with {done.returncode}")
            surroundings = json.loads(done.stdout.splitlines()[-1])
        found = dict(zip(NAMES, written(Path(folder)), strict=True))
    version = subprocess.run(["valgrind", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return surroundings | {"valgrind": version}, found


def written(folder: Path) -> list[int]:
    """The counts in callgrind's files counts.1, counts.2, ...: counts itself is from the last one to the end."""
    files = sorted(folder.glob("counts.*"), key=lambda path: int(path.suffix[1:]))
    found = [re.search(r"^summary: (\d+)", path.read_text(), re.MULTILINE) for path in files]
    return [int(line[1]) for line in found if line]


def same(kept: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """Whether figures can be compared: all but NumPy, which does a part of some programs only."""
    return {**kept, "numpy": ""} == {**now, "numpy": ""}


def compare(kept: Mapping[str, Any], now: Mapping[str, str], found: Counts, tolerance: float) -> list[str]:
    """Print a table; what is wrong, in words."""
    wrong = [f"{name}: it is no program any more" for name in kept["instructions"] if name not in found]
    print(f"{'instructions':<38}{'now':>14}{'kept':>14}{'change':>10}")
    for name, number in found.items():
        before = kept["instructions"].get(name)
        if before is None:
            wrong.append(f"{name}: there is no figure of it yet")
            continue
        change = 100 * (number - before) / before
        line = f"{name:<38}{number:>14,}{before:>14,}{change:>+9.2f} %"
        if kept["made by"]["numpy"] != now["numpy"] and name in PROGRAMS and PROGRAMS[name].numpy:
            line += f"  not judged: NumPy {now['numpy']} takes part, the figure is of {kept['made by']['numpy']}"
        elif change > tolerance:
            line += "  MORE"
            wrong.append(f"{name}: {change:.2f} % more instructions, {tolerance:g} % are allowed")
        elif change < -tolerance:
            line += "  less: keep it by --write"
        print(line)
    return wrong


def renewed(figures: list[Any], now: Mapping[str, str], found: Counts) -> list[Any]:
    """The figures with those of this interpreter and compiler in place of earlier ones."""
    others = [one for one in figures if not same(one["made by"], now)]
    return [*others, {"made by": dict(now), "instructions": dict(found)}]


def main(arguments: list[str] | None = None) -> int:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("--write", action="store_true", help="keep what is counted now as the figures")
    parser.add_argument("--tolerance", type=float, default=3.0, help="percent that are no change (default: 3)")
    parser.add_argument("--file", type=Path, default=KEPT, help="where the figures are (default: beside this script)")
    options = parser.parse_args(arguments)
    if not 0 < options.tolerance < 100:
        parser.error(f"argument --tolerance: {options.tolerance} is no percentage: give a number between 0 and 100")
    figures: list[Any] = json.loads(options.file.read_text()) if options.file.exists() else []
    try:
        now, found = count()
        if options.write:
            options.file.write_text(json.dumps(renewed(figures, now, found), indent=1) + "\n", encoding="utf-8")
            print(f"{options.file} has the instructions of {len(found)} programs")
            return 0
        kept = next((one for one in figures if same(one["made by"], now)), None)
        if kept is None:
            raise Missing(f"{options.file} has no figures made by {now}; --write adds them")
    except Missing as why:
        print(f"Not counted: {why}.")
        return 0
    wrong = compare(kept, now, found, options.tolerance)
    for line in wrong:
        print(f"instructions: {line}", file=sys.stderr)
    if wrong:
        print("instructions: find the reason, or keep these figures by --write", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
