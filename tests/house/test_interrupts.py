"""Interrupts before the bytecodes of every public entry; threads and children of a process that is inside a mode."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mode_state import CLEAN, state
from twins import Implementation
from vargrad._core import modes

pytestmark = pytest.mark.either

SCRIPT = Path(__file__).parents[1] / "isolated" / "interrupted.py"

# What was left half done: an optimizer beside its schedule, recordings of an object that had changed since.
WHOLE = ["no_grad", "no_grad decorator", "detect_anomaly", "optim.LambdaLR", "optim.ReduceLROnPlateau"]
LONG = ["compile", "compile path split", "NN.fit", "NN.partial_fit", "NN.save", "Compiled.save", "grad", "optim.Adam"]


def run(script: str | Path, *arguments: str) -> None:
    command = [sys.executable, str(script), *arguments]
    found = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ), timeout=300)
    assert found.returncode == 0, found.stdout + found.stderr


# The pure twin has as many bytecodes more: every third is as many interrupts as all of them in the compiled one.
def test_every_bytecode_of_a_few(impl: Implementation) -> None:
    run(SCRIPT, impl.name, "1" if impl.name == "compiled" else "3", *WHOLE)


def test_some_bytecodes_of_recordings_trainings_and_files(impl: Implementation) -> None:
    """CONTRIBUTING.md has the command for all of them, of all entries."""
    run(SCRIPT, impl.name, "997" if impl.name == "compiled" else "2999", *LONG)


def test_a_method_whose_object_has_changed(impl: Implementation) -> None:
    """Recordings of what it held before were kept as if they were of what it holds now."""
    run(SCRIPT, impl.name, "3", "_compile/compiled.py", "compile method")


def test_a_derivative_that_is_interrupted_half_way(impl: Implementation) -> None:
    """The next call went on with the half that was there, and its derivatives were wrong."""
    run(SCRIPT, impl.name, "29" if impl.name == "compiled" else "83", "_ir/pure/passes.py", "Compiled.backward")


def test_a_block_whose_exit_was_interrupted_at_once_ends_with_the_traceback() -> None:
    """Before the first bytecode of ``__exit__``: the traceback, which sys.last_traceback may keep, holds the block."""

    def trace(frame: object, event: str, argument: object) -> None:
        if frame.f_code is modes._Mode.__exit__.__code__:  # type: ignore[attr-defined]
            sys.settrace(None)
            raise KeyboardInterrupt

    kept = None
    before = sys.gettrace()
    try:
        with modes.no_grad():
            sys.settrace(trace)  # type: ignore[arg-type]
    except KeyboardInterrupt as error:
        kept = error.__traceback__
    finally:
        sys.settrace(before)
    assert kept is not None
    del kept
    assert state() == CLEAN


def test_a_thread_that_ends_inside_a_block(impl: Implementation) -> None:
    def enter() -> None:
        kept.append(impl.no_grad())
        kept[0].__enter__()

    kept: list[modes.no_grad] = []
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    del thread  # from Python 3.14 on, it keeps its context, and with that the block
    assert modes.active() == (0, 0, 0, 0)
    assert (impl.Var(2.0) * 3.0).prev_op == "mul"


FORK = """
import os, sys, threading
import vargrad
from vargrad._core import modes
inside, leave = threading.Event(), threading.Event()

def stay():
    with vargrad.no_grad():
        inside.set()
        leave.wait()

thread = threading.Thread(target=stay)
thread.start()
inside.wait()
child = os.fork()
if not child:
    x = vargrad.Var(2.0, requires_grad=True)
    with vargrad.no_grad():
        quiet = (x * x).prev_op
    y = x * x
    y.backward()
    good = (quiet, y.prev_op, x.grad, modes.active()) == (None, "mul", 4.0, (0, 0, 0, 0))
    os._exit(0 if good else 1)
status = os.waitpid(child, 0)[1]
leave.set()
thread.join()
sys.exit(status != 0 or modes.active() != (0, 0, 0, 0))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_forked_while_another_thread_is_inside_a_block(tmp_path: Path) -> None:
    script = tmp_path / "forks.py"
    script.write_text(FORK)
    run(script)


IGNORED = """
import signal, subprocess, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *sys.argv[1:]]
sys.exit(subprocess.run(command).returncode)
"""


@pytest.mark.skipif(os.name != "posix", reason="shells elsewhere ignore no signals")
def test_tests_of_ctrl_c_where_the_parent_ignores_it(tmp_path: Path) -> None:
    """As under nohup, or for what a shell starts with &: Ctrl-C arrived nowhere, and the tests waited for ever."""
    tests = Path(__file__).parents[1]
    names = ["train/test_fit.py::test_ctrl_c_keeps_the_best_so_far", "vm/test_machine_calls.py::test_interrupt"]
    script = tmp_path / "ignored.py"
    script.write_text(IGNORED)
    run(script, f"--config-file={tests.parent / 'pyproject.toml'}", *(str(tests / name) for name in names))
