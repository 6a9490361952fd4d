"""Feed a target with inputs that no one has thought of, until something is found or the time is over.

    python tests/fuzz/fuzz.py TARGET SECONDS FOLDER

Inputs that reach new code stay in FOLDER/corpus for the next run, findings in FOLDER/found. By Atheris, which sees
what code an input reaches, where it is installed; otherwise, or with --plain, by changes at random. .ci/fuzz starts
this in a process of its own, and keeps the input that ended it.

    python tests/fuzz/fuzz.py --replay

feeds every target with its first inputs and with those in tests/fuzz/corpus, which were found once: it must be silent.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import time
import warnings
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE)]
KEPT = HERE / "corpus"


def named(data: bytes) -> str:
    """The name of an input's file."""
    return hashlib.sha256(data).hexdigest()[:16]


def first(name: str, folder: Path | None = None) -> list[bytes]:
    """What a target begins with: its seeds, what was found once, and what an earlier run has left."""
    from targets import TARGETS

    files = [path for place in (KEPT / name, folder) if place is not None for path in sorted(place.glob("*"))]
    return [*TARGETS[name].seeds(), *(path.read_bytes() for path in files)]


def replay() -> int:
    """Feed every target with what it begins with; how many inputs that were."""
    from targets import TARGETS

    count = 0
    for name, target in TARGETS.items():
        for data in first(name):
            print(name, named(data), file=sys.stderr, flush=True)  # the last line is of what ended the process
            target.run(data)
            count += 1
    return count


def plain(name: str, seconds: float, folder: Path, *, seed: int, most: int) -> int:
    """Changes at random, of what there is at the beginning. The first finding is raised, with its file's name."""
    from targets import TARGETS

    target, inputs, end = TARGETS[name], first(name, folder / "corpus"), time.monotonic() + seconds
    draw, now, count = random.Random(seed), folder / "now", 0
    while count < most and time.monotonic() < end:
        data = target.change(draw.choice(inputs), draw)
        for _ in range(draw.choice((0, 0, 0, 1, 4))):
            data = target.change(data, draw)
        now.write_bytes(data)  # which is still there if this ends the process
        try:
            target.run(data)
        except Exception:
            found = folder / "found" / named(data)
            found.parent.mkdir(exist_ok=True)
            found.write_bytes(data)
            print(f"{name}: a finding, {found}", file=sys.stderr)
            raise
        count += 1
    now.unlink(missing_ok=True)
    return count


def by_coverage(atheris: Any, name: str, seconds: float, folder: Path) -> None:
    """By Atheris, which ends the process."""
    with atheris.instrument_imports(
        include=["vargrad._cli", "vargrad.nn", "vargrad._compile.files", "vargrad._compile.archive"]
    ):
        from targets import TARGETS

    target = TARGETS[name]
    corpus = folder / "corpus"
    for data in first(name):
        (corpus / named(data)).write_bytes(data)

    def change(data: bytes, most: int, seed: int) -> bytes:
        draw = random.Random(seed)
        found = target.change(data, draw) if draw.random() < 0.7 else atheris.Mutate(data, most)
        return bytes(found[:most])

    (folder / "found").mkdir(exist_ok=True)
    options = [
        f"-max_total_time={int(seconds)}",
        "-timeout=60",
        "-rss_limit_mb=4096",
        "-max_len=20000",
        "-print_final_stats=1",
    ]
    options.append(f"-artifact_prefix={folder}/found/")
    atheris.Setup([sys.argv[0], *options, str(corpus)], target.run, custom_mutator=change)
    atheris.Fuzz()


def main() -> int:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("target", nargs="?")
    parser.add_argument("seconds", nargs="?", type=float)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--plain", action="store_true", help="changes at random, also where Atheris is installed")
    parser.add_argument(
        "--seed", type=int, default=time.time_ns(), help="of these changes (default: another each time)"
    )
    parser.add_argument("--most", type=int, default=1 << 60, help="inputs at most, with --plain")
    parser.add_argument("--replay", action="store_true", help="feed what was found once, and change nothing")
    parser.add_argument("--targets", action="store_true", help="print their names")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.replay:
        print(f"{replay()} inputs: nothing found")
        return 0
    if options.targets:
        from targets import TARGETS

        print(*TARGETS)
        return 0
    if options.target is None or options.seconds is None or options.folder is None:
        parser.error("TARGET, SECONDS and FOLDER are needed")
    (options.folder / "corpus").mkdir(parents=True, exist_ok=True)
    if not options.plain:
        try:
            import atheris
        except ImportError:
            print("Atheris is not installed: changes at random", file=sys.stderr)
        else:
            by_coverage(atheris, options.target, options.seconds, options.folder)
    count = plain(options.target, options.seconds, options.folder, seed=options.seed, most=options.most)
    print(f"{options.target}: {count} inputs, nothing found; seed {options.seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
