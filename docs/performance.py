"""Measure, and write the figures into docs/performance.md: `python docs/performance.py`, with the options of run.py."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"(?<=<!-- measured by docs/performance.py -->\n```text\n).*?(?=```\n)", re.DOTALL)


def written(page: str, measured: str) -> str:
    """The page with these figures; ValueError if it has no place for them."""
    text, count = BLOCK.subn(lambda _: measured.rstrip() + "\n", page)
    if count != 1:
        raise ValueError(f"the page has {count} places for the figures, expected 1")
    return text


if __name__ == "__main__":
    page = ROOT / "docs/performance.md"
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks/run.py", *sys.argv[1:]], stdout=subprocess.PIPE, text=True
    )
    if "figure" not in done.stdout:
        sys.exit(done.returncode or "run.py has printed no figures: the page stays as it was")
    page.write_text(written(page.read_text(encoding="utf-8"), done.stdout), encoding="utf-8")
    print(done.stdout)
