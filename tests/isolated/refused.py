"""Every public entry with each of its allocations refused in turn, and what is left after that.

    refused.py TWIN [STRIDE] [ENTRY ...]

Python's allocations are refused by ``_testcapi.set_nomemory``, the core's and the machine's by their own counters.
Each call either raises MemoryError, and then the state is as before and the same call succeeds with the right result,
or it succeeds with the right result at once. Each entry runs in a process of its own, so that a crash names the
refusal and the others go on. STRIDE: every how manieth allocation; 1, the default, is all of them.
"""

from __future__ import annotations

import _testcapi
import faulthandler
import gc
import importlib
import json
import linecache
import mmap
import os
import re
import shutil
import struct
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from code_kept import keep_code
from public import ENTRIES, FOLDER, Var, core, plain
from public_models import uncovered
from twin import COMPILED

from vargrad._core import modes as _modes

# What calls import when they need it: here once, and not in the process of each entry.
LATE = ["numpy.ma", "numpy.random", "scipy.optimize", "scipy.sparse", "importlib.resources"]
LATE += [f"vargrad._train.{name}" for name in ("evaluate", "fit", "partial_fit", "predict")]
SECONDS = 300  # after which an entry counts as hanging
NOW = mmap.mmap(-1, 8)  # shared: the number of the refusal
WAYS: dict[str, Callable[[int], Any]] = {"python": lambda n: _testcapi.set_nomemory(n, n + 1)}
if COMPILED:
    from vargrad._core import var_c
    from vargrad._vm import machine_c

    WAYS["core"] = var_c.limit_allocations
    WAYS["machine"] = machine_c.limit_allocations


def modes() -> Any:
    thread = _modes.thread
    return (
        thread.no_grad,
        thread.anomaly,
        thread.origins,
        thread.recorder,
        _modes.active(),
        _modes._open,
        gc.isenabled(),
    )


# Entries in which no Python function of the package runs. Elsewhere the interpreter itself loses references when memory
# is refused: the arguments of a comprehension and of f(*map(...)), in the pure twin as in the compiled one.
NO_PYTHON = ("Var.", "math.", "custom", "Block", "losses.")
CLEAN = (False, False, None, None, (0, 0, 0, 0), {}, True)


def alive() -> int:
    """Nodes and leaves, or Vars; the compiled core's after it has looked for dead leaves, as it does now and then."""
    gc.collect()
    if not COMPILED:
        return sum(type(x) is Var for x in gc.get_objects())
    x, before = Var(0.5), 0
    for _ in range(10_000):
        for _ in range(10):
            _ = Var(0.25) * x
        found = core.statistics()
        if found["leaves"] < before:
            break
        before = found["leaves"]
    return int(found["nodes"] + found["leaves"])


OURS = [module for name, module in sys.modules.items() if name.startswith("vargrad.") and name.endswith("_c")]


def foreign(error: BaseException) -> bool:
    """Whether the error is NumPy's or Python's, which in places forget to say MemoryError.

    "<ufunc 'less'> returned NULL without setting an exception"; or a Var of an array "has no callable exp method".
    """
    message = str(error)
    if isinstance(error, ValueError) and error.__cause__ is not None:  # what a file is refused for
        return foreign(error.__cause__)
    if isinstance(error, TypeError) and isinstance(error.__cause__, SystemError):  # an object could not be compared
        return foreign(error.__cause__)
    if isinstance(error, SystemError):
        name = message.removeprefix("<built-in function ").split(">")[0]
        line = traceback.extract_tb(error.__traceback__)[-1].line or ""
        known = any(hasattr(module, name) for module in OURS) and f"numpy.{name}(" not in line  # where: both have it
        ours = "vargrad" in message or "cyfunction" in message or known
        if "a result with an exception set" in message:
            # An error that sys._getframe left behind, found later: here by the operation in detect_anomaly's entry.
            return not ours or "<class" in message or "<method 'sqrt'" in message
        if message == "NULL result without error in PyObject_Call":
            return True  # of a Python function under a profiler, such as a recording is: cProfile alone shows the same
        if message == "Missing frame when calling profile function.":
            return True  # from 3.12 on, where there is no memory for the frame that a profiler is shown
        last = traceback.extract_tb(error.__traceback__)[-1].filename
        return "<function" in message or (not ours and last.endswith(".py") and "without" in message)
    if type(error).__name__ == "PicklingError":
        return "import of module" in message
    if isinstance(error, RuntimeError):
        return "can't allocate" in message
    return isinstance(error, TypeError) and isinstance(error.__cause__, MemoryError) and "loop of ufunc" in message


def refused(way: str, n: int, call: Callable[[], Any], stride: int) -> tuple[str, Any, bool]:
    """What the call did with its n-th allocation refused, and whether it had no more than n."""
    begin, more = WAYS[way], range(10_000 + stride)
    error: BaseException | None = None
    result, done, over = None, False, False
    begin(n)
    try:
        result = call()
        done = True
        if way == "python":
            for _ in more:  # if none of the call's was refused, one of these is
                object()
    except BaseException as found:
        error = found
    if way == "python":
        _testcapi.remove_mem_hooks()
        over = done and isinstance(error, MemoryError)
    else:
        left = begin(-1)
        over = done and left > 0
    if done:
        how = "result"
    elif isinstance(error, MemoryError) or (error is not None and foreign(error)):
        how = "refused"
    else:
        how, result = "wrong", "".join(traceback.format_exception(error))
    error = None  # it holds this frame: what is in it would live until the next collection
    return how, result, over


def tried(way: str, name: str, stride: int, start: int) -> Iterator[str | None]:
    """Refuse in turn; for each try None, or what is wrong."""
    prepare = ENTRIES[name]
    for _ in range(3):  # all caches are warm
        call, state = prepare()
        expected = plain(call()), state()
    n = start
    while True:
        NOW[:] = struct.pack("q", n)
        call, state = prepare()
        before = state()
        how, result, over = refused(way, n, call, stride)
        left = modes()
        if left != CLEAN:
            _modes.blocks.set(())
            _modes._open.clear()
            _modes._tell()
            gc.enable()
        if how == "wrong":
            yield f"{way} {n}: {result}"
        elif left != CLEAN:
            yield f"{way} {n}: {how}, and the modes are {left}"
        elif how == "refused" and state() != before:
            yield f"{way} {n}: refused, and the state is {state()}, was {before}"
        else:
            try:
                found = plain(call() if how == "refused" else result), state()
            except BaseException as error:
                yield f"{way} {n}: {how}, and then {''.join(traceback.format_exception(error))}"
            else:
                yield None if found == expected else f"{way} {n}: {how}, then {found}, expected {expected}"
        if over:
            return
        n += stride


def run(name: str, stride: int, way: str, start: int) -> dict[str, Any]:
    """All refusals of one kind from there on."""
    tries, wrong = 0, []
    for _ in range(3):
        ENTRIES[name]()[0]()
    keep_code()
    before = alive()
    for found in tried(way, name, stride, start):
        tries += 1
        if found is not None:
            wrong.append(found[-1500:] if len(wrong) < 10 else "and more")
    after = alive()
    if after > before + 100 + tries // 4 and (way != "python" or (COMPILED and name.startswith(NO_PYTHON))):
        wrong.append(f"{way}: {after - before} Vars more than before")
    return {"tries": tries, "wrong": wrong}


def apart(name: str, stride: int, way: str, start: int) -> tuple[dict[str, Any], int]:
    """The same in a process of its own, and the number at which it crashed, -1 for none."""
    read, write = os.pipe()
    with tempfile.TemporaryFile("w+") as report:
        child = os.fork()
        if not child:
            faulthandler.enable(report)
            faulthandler.dump_traceback_later(SECONDS, exit=True, file=report)
            sys.unraisablehook = lambda args: None  # an error that nobody could be told of
            with open(write, "wb") as pipe:
                pipe.write(json.dumps(run(name, stride, way, start)).encode())
            os._exit(0)
        os.close(write)
        with open(read, "rb") as pipe:
            text = pipe.read()
        status = os.waitpid(child, 0)[1]
        if not status:
            return json.loads(text), -1
        report.seek(0)
        told = report.read()
    wrong = [] if pythons(told) else [f"{way}: crash, status {status}: {told}"]
    return {"tries": 0, "wrong": wrong}, struct.unpack("q", NOW[:])[0]


def pythons(told: str) -> bool:
    """Whether a crash is CPython's own: 3.11 takes an iterator over items() apart that it could not make whole.

    dictiter_new() drops the iterator before the collector knows of it, and dictiter_dealloc() takes it out there.
    """
    found = re.search(r'File "(.*)", line (\d+)', told)
    return (
        "Segmentation fault" in told and found is not None and ".items()" in linecache.getline(found[1], int(found[2]))
    )


def main(stride: int, names: list[str]) -> int:
    missing = uncovered()
    assert not missing, f"no entry for {sorted(missing)}"
    tries, faults = 0, 0
    for module in LATE if not names else ():
        importlib.import_module(module)
    gc.collect()
    gc.freeze()  # what is there already need not be looked through each time
    for name in names or list(ENTRIES):
        for way in WAYS:
            start = 0 if way != "python" else 1
            for _ in range(5):
                found, crashed = apart(name, stride, way, start)
                tries += found["tries"]
                for wrong in found["wrong"]:
                    faults += 1
                    print(f"{name}: {wrong}" + f" at {crashed}" * (crashed >= 0), flush=True)
                if crashed < 0:
                    break
                tries += (crashed - start) // stride + 1
                start = crashed + stride
    print(f"{len(names or ENTRIES)} entries, {tries} refusals, {faults} faults")
    return int(faults > 0)


if __name__ == "__main__":
    tempfile.tempdir = FOLDER
    os.fsync = lambda file: None  # the disk is not what is asked here
    try:
        numbers = [x for x in sys.argv[2:] if x.isdigit()]
        code = main(int(numbers[0]) if numbers else 1, [x for x in sys.argv[2:] if not x.isdigit()])
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
    sys.exit(code)
