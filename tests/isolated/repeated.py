"""Every public entry a great many times: memory, blocks of Python, nodes and leaves stay what they were.

    repeated.py TWIN CALLS [SECONDS] [ENTRY ...]

Each entry in a process of its own, CALLS times, or as often as it can in SECONDS. What a call keeps would add up: more
than a byte a call, and more than the slack of what the allocators do, is a fault.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time

from public import ENTRIES, FOLDER, core
from refused import LATE
from twin import SLACK, held


def repeat(name: str, calls: int, seconds: float) -> str | None:
    """What has grown, in words, or None. The first quarter is for caches and pools, which fill up."""
    prepare, end = ENTRIES[name], time.monotonic() + seconds / 4
    done = 0
    while done < calls // 4 and time.monotonic() < end:
        prepare()[0]()
        done += 1
    before = held(core)
    for _ in range(4 * max(done, 1)):
        prepare()[0]()
    after = held(core)
    grown = {kind: after[kind] - before[kind] for kind in before if after[kind] - before[kind] > SLACK[kind]}
    return f"{name}: {grown} more after {4 * done} calls" if grown else None


def main(calls: int, seconds: float, names: list[str]) -> int:
    for module in LATE:
        __import__(module)
    faults = 0
    for name in names or list(ENTRIES):
        child = os.fork()
        if not child:
            wrong = repeat(name, calls, seconds)
            if wrong is not None:
                print(wrong, flush=True)
            os._exit(wrong is not None)
        status = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(status):
            print(f"{name}: ended by signal {os.WTERMSIG(status)}", flush=True)
        faults += status != 0
    print(f"{len(names or ENTRIES)} entries, {faults} faults")
    return int(faults > 0)


if __name__ == "__main__":
    tempfile.tempdir = FOLDER
    os.fsync = lambda file: None  # the disk is not what is asked here
    try:
        numbers = [float(x) for x in sys.argv[2:4] if x.replace(".", "", 1).isdigit()]
        chosen = sys.argv[2 + len(numbers) :]
        code = main(int(numbers[0]), numbers[1] if len(numbers) > 1 else 1e9, chosen)
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
    sys.exit(code)
