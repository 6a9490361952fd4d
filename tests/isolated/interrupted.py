"""Every public entry with KeyboardInterrupt before each of its bytecodes in turn, and what is left after that.

    interrupted.py TWIN [STRIDE] [FILE.py] [ENTRY ...]

Where a signal handler raises, an interrupt may come before any bytecode of the package's Python code; what is compiled
looks for signals itself. After each, the modes are as before, the state is as before or complete, and the same call
prepared anew succeeds with the right result. STRIDE: every how manieth bytecode; FILE.py: only those of that file.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable
from typing import Any

from public import ENTRIES, FOLDER, plain
from refused import CLEAN, modes

from vargrad._core import modes as _modes

# Entries that write to one place after the other by themselves, where half is all that can be asked for.
STEPWISE = {"NN.parameters"}


FILE = next((x for x in sys.argv[2:] if x.endswith(".py")), "")


def interrupted(call: Callable[[], Any], k: int) -> tuple[bool, bool, Any]:
    """Call, with an interrupt before bytecode k of the package: whether there was one, whether it came out, the result.

    Instead of the result, the text of an error that is none.
    """
    left = k
    came = False

    def trace(frame: Any, event: str, argument: Any) -> Any:
        nonlocal left, came
        path = frame.f_code.co_filename
        if not path.startswith(_modes._PACKAGE) or not path.endswith(FILE):
            return None
        if dying(frame):  # the interpreter swallows what is raised there
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            if left == 0:
                sys.settrace(None)
                came = True
                left = -1
                raise KeyboardInterrupt
            left -= 1
        return trace

    raised, result = False, None
    sys.settrace(trace)
    try:
        result = call()
    except KeyboardInterrupt:
        raised = True
    except BaseException as error:
        result = Unexpected("".join(traceback.format_exception(error)))
    finally:
        sys.settrace(None)
    return came, raised, result


class Unexpected(str):
    """The text of an error."""

    __slots__ = ()


def dying(frame: Any) -> bool:
    while frame is not None and frame.f_code.co_filename.startswith(_modes._PACKAGE):
        if frame.f_code.co_name == "__del__":
            return True
        frame = frame.f_back
    return False


def wrongs(name: str, stride: int) -> tuple[int, list[str]]:
    """All interrupts of an entry: how many, and what was wrong."""
    prepare = ENTRIES[name]
    for _ in range(2):  # all caches are warm
        call, state = prepare()
        before = state()
        expected = plain(call())
        complete = state()
    k, tries, wrong = 0, 0, []
    while True:
        call, state = prepare()
        came, raised, result = interrupted(call, k)
        left, now = modes(), state()
        if left != CLEAN:
            wrong.append(f"{k}: the modes are {left}")
            _modes.blocks.set(())
            _modes._open.clear()
            _modes._tell()
            gc.enable()
        if isinstance(result, Unexpected):
            wrong.append(f"{k}: {result}")
        elif raised and now not in (before, complete) and name not in STEPWISE:
            wrong.append(f"{k}: the state is {now}, was {before}, would be {complete}")
        elif (
            not raised and plain(result) != expected and not (came and name.startswith("NN.fit"))
        ):  # which may end early
            wrong.append(f"{k}: {plain(result)}, expected {expected}")
        elif raised:
            try:
                again = plain(call())
                if now == before and (again != expected or state() != complete):
                    wrong.append(f"{k}: then {again}, expected {expected}; the state {state()}, expected {complete}")
            except BaseException as found:
                wrong.append(f"{k}: then {''.join(traceback.format_exception(found))}")
        if not came:
            return tries, wrong
        tries += 1
        k += stride


def main(stride: int, names: list[str]) -> int:
    tries, faults = 0, 0
    sys.unraisablehook = lambda args: None
    gc.collect()
    gc.freeze()
    for name in names or list(ENTRIES):
        some, wrong = wrongs(name, stride)
        tries, faults = tries + some, faults + len(wrong)
        for text in wrong[:5]:
            print(f"{name}: {text[-1500:]}", flush=True)
    print(f"{len(names or ENTRIES)} entries, {tries} interrupts, {faults} faults")
    return int(faults > 0)


if __name__ == "__main__":
    tempfile.tempdir = FOLDER
    os.fsync = lambda file: None
    try:
        numbers = [x for x in sys.argv[2:] if x.isdigit()]
        code = main(int(numbers[0]) if numbers else 1, [x for x in sys.argv[2:] if not x.isdigit() and x != FILE])
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
    sys.exit(code)
