"""The compiled machine: what it must refuse, what interrupts it, how much memory it takes."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from replay import NAMES, program
from twins import Implementation


@pytest.fixture(scope="module")
def c(compiled: Implementation) -> Any:
    """The compiled machine's module."""
    import vargrad._vm.machine_c

    return vargrad._vm.machine_c


ADD = NAMES.index("add")
GOOD = {"code": [[ADD, 3, 0, 1, 0]], "constants": [2.0], "n_inputs": 2, "n_registers": 4, "outputs": [3]}


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"code": [[-1, 3, 0, 1, 0]]}, "operation -1"),
        ({"code": [[len(NAMES), 3, 0, 1, 0]]}, "no operation"),
        ({"code": [[NAMES.index("round"), 3, 0, 1, 0]]}, "no operation"),
        ({"code": [[ADD, 3, 0, 4, 0]]}, "operand 4"),
        ({"code": [[ADD, 3, -1, 1, 0]]}, "operand -1"),
        ({"code": [[ADD, 3, 3, 1, 0]]}, "reads register 3 before"),
        ({"code": [[ADD, 4, 0, 1, 0]]}, "writes to 4"),
        ({"code": [[ADD, 2, 0, 1, 0]]}, "writes to 2"),
        ({"code": [[ADD, 0, 0, 1, 0]]}, "writes to 0"),
        ({"code": [[NAMES.index("exp"), 3, 0, 1, 0]]}, "exp has no operand"),
        ({"outputs": [4]}, "output 0"),
        ({"outputs": [-1]}, "output 0"),
        ({"code": [], "n_registers": 4}, "registers"),
        ({"n_inputs": -1}, "inputs"),
        ({"n_inputs": 2**40}, "inputs"),
        ({"n_inputs": 10**30}, "n_inputs"),
        ({"n_inputs": "two"}, "n_inputs"),
        ({"n_registers": 2}, "registers"),
        ({"n_registers": 10**9}, "registers"),
    ],
)
def test_bad_programs_are_refused(change: dict[str, Any], match: str, c: Any) -> None:
    with pytest.raises(ValueError, match=match):
        c.Machine(program(**(GOOD | change)))


@pytest.mark.parametrize(
    ("name", "array", "match"),
    [
        ("code", np.zeros((1, 5), np.int64), "expected a C-contiguous array of int32"),
        ("code", np.zeros(5, np.int32), "1 dimensions"),
        ("code", np.zeros((1, 4), np.int32), "rows of 4"),
        ("code", np.zeros((5, 1), np.int32).T[:, ::-1], "contiguous"),
        ("code", None, "NoneType"),
        ("constants", np.zeros(1, np.float32), "float64"),
        ("constants", np.zeros(1, ">f8"), "float64"),
        ("outputs", np.zeros(1, np.uint32), "int32"),
        ("outputs", np.zeros((1, 1), np.int32), "2 dimensions"),
    ],
)
def test_arrays_of_another_kind_are_refused(name: str, array: Any, match: str, c: Any) -> None:
    p = program(**GOOD)
    setattr(p, name, array)
    with pytest.raises(ValueError, match=match):
        c.Machine(p)


def test_calls_that_do_not_fit_are_refused(c: Any) -> None:
    machine = c.Machine(program(**GOOD))
    x, out = np.zeros(4), np.zeros(4)
    locked = np.zeros(4)
    locked.flags.writeable = False
    bad: list[tuple[Any, Any, str]] = [
        ([x], [out], "takes 2 inputs"),
        ([x, x, x], [out], "takes 2 inputs"),
        ([x, x], [], "has 1 outputs"),
        ([x, x], [out, np.zeros(4)], "has 1 outputs"),
        ([x, np.zeros(3)], [out], "3 rows"),
        ([x, np.zeros(0)], [out], "0 rows"),
        ([x, np.zeros(4, int)], [out], "float64"),
        ([x, np.zeros(8)[::2]], [out], "contiguous"),
        ([x, x], [locked], "writable"),
        ([x, [1.0]], [out], "list"),
        ([x, np.zeros((1, 1, 4))], [out], "3 dimensions"),
        ([x, np.float64(3)], [out], "0 dimensions|float64"),
    ]
    for inputs, outputs, match in bad:
        with pytest.raises(ValueError, match=match):
            machine.run(inputs, outputs)
    with pytest.raises(ValueError, match="workers"):
        machine.run([x, x], [out], workers=0)
    with pytest.raises(TypeError, match="takes 2 numbers"):
        machine.point([1.0])
    with pytest.raises(TypeError, match="str"):
        machine.point([1.0, "2"])
    with pytest.raises(ValueError, match="baseline"):
        c.Machine(program(**GOOD), "sse9")
    with pytest.raises(ValueError, match="operation"):
        c.kernel("nothing", "baseline", x, x, out)


def test_noise_is_refused_or_runs(c: Any) -> None:
    """Whatever numbers stand in a program, it runs inside its own memory or it is a ValueError."""
    rng = random.Random(6)
    ran = 0
    for _ in range(4000):
        near = [rng.randint(-1, 6) for _ in range(20)]
        code = [[rng.randint(-1, len(NAMES)), *(rng.choice(near) for _ in range(4))] for _ in range(rng.randint(0, 2))]
        fields = [rng.randint(-1, 3), rng.randint(0, 7), [rng.choice(near) for _ in range(rng.randint(0, 2))]]
        try:
            machine = c.Machine(program(code, [1.0] * rng.randint(0, 2), *fields))
        except ValueError:
            continue
        ran += 1
        machine.run([np.ones(9) for _ in range(fields[0])], [np.empty(9) for _ in fields[2]])
        machine.point([1.0] * fields[0])
    assert ran > 20


def run_script(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if k != "VARGRAD_SIMD"}
    run = [sys.executable, "-c", script]
    return subprocess.run(run, env=clean | environment, capture_output=True, text=True, timeout=300)


def test_the_environment_chooses_the_instruction_set(c: Any) -> None:
    script = "from vargrad._vm import machine_c as c; print(c.instruction_set())"
    available = ", ".join(c.instruction_sets())
    for isa in c.instruction_sets():
        assert run_script(script, VARGRAD_SIMD=isa).stdout.strip() == isa
        facts = run_script("from vargrad._cli import info; info.show()", VARGRAD_SIMD=isa).stdout
        assert f"machine   {isa} instructions, of {available}" in facts
    assert run_script(script).stdout.strip() == c.instruction_sets()[-1]
    for wrong in ("sse9", "AVX2"):
        failed = run_script(script, VARGRAD_SIMD=wrong)
        assert failed.returncode == 1
        assert f"ImportError: VARGRAD_SIMD='{wrong}'" in failed.stderr
        assert "baseline" in failed.stderr
        call = "import vargrad; vargrad.compile(lambda x: x)(1.0)"
        assert f"VARGRAD_SIMD='{wrong}'" in run_script(call, VARGRAD_SIMD=wrong).stderr
        assert run_script(call, VARGRAD_SIMD=wrong, VARGRAD_BACKEND="python").returncode == 0
        assert (
            f"machine   none: VARGRAD_SIMD='{wrong}'"
            in run_script("from vargrad._cli import info; info.show()", VARGRAD_SIMD=wrong).stdout
        )


HEAVY = """
import sys, numpy as np
from types import SimpleNamespace
from vargrad._vm import machine_c as c
sin, steps, rows = c.OPCODES["sin"], {steps}, {rows}
code = np.array([[sin, 1, min(i, 1), 0, 0] for i in range(steps)], np.int32)
p = SimpleNamespace(code=code, constants=np.empty(0), n_inputs=1, n_registers=2, outputs=np.array([1], np.int32))
x, out = np.ones(rows), np.full(rows, np.nan)
machine = c.Machine(p)
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_interrupt(workers: int, c: Any) -> None:
    """Ctrl-C ends a batch that would take minutes, in the middle, and the process goes on."""
    script = (
        HEAVY.format(steps=20_000, rows=2_000_000)
        + f"""
import _thread, threading
threading.Timer(0.3, _thread.interrupt_main).start()
try:
    machine.run([x], [out], workers={workers})
except KeyboardInterrupt:
    print("interrupted", bool(np.isnan(out[-1])), threading.active_count())
small = np.empty(3)
machine.run([x[:3].copy()], [small])
print(small[0] == machine.point([1.0])[0])
"""
    )
    done = run_script(script)
    assert done.stdout.split() == ["interrupted", "True", "1", "True"], done.stderr
    assert done.returncode == 0


MEASURED = """
import resource
scale = 1 if sys.platform == "darwin" else 1024
x[:], out[:] = 0.5, 0.5
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale
machine.run([x], [out], workers=2)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale - before)
print(out[-1] == out[0] == machine.point([0.5])[0])
"""

if sys.platform != "win32":  # which has no module resource

    def test_memory_is_bounded(c: Any) -> None:
        """20 million rows need the workspace of one block."""
        done = run_script(HEAVY.format(steps=4, rows=20_000_000) + MEASURED)
        grown, right = done.stdout.split()
        assert int(grown) < 8_000_000
        assert right == "True"
