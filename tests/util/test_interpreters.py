"""Several interpreters in a process, a module loaded again, and the end of an interpreter whose graphs live."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import vargrad

SECOND = """
import sys
try:
    import _interpreters as interpreters
except ImportError:  # before Python 3.13
    import _xxsubinterpreters as interpreters

USED = '''
import vargrad
x = vargrad.Var(2.0, requires_grad=True)
y = vargrad.math.exp(x * x) * x
y.backward()
print(vargrad.backend, y.value, x.grad, vargrad.grad(lambda v: v * v)(3.0))
'''

def elsewhere(code):
    it = interpreters.create()
    wrong = interpreters.run_string(it, "import sys; sys.path[:] = %r" % sys.path + chr(10) + code)
    interpreters.destroy(it)
    if wrong is not None:
        print(wrong.formatted)
"""
NEEDS = pytest.mark.skipif(
    not any(map(importlib.util.find_spec, ("_interpreters", "_xxsubinterpreters"))), reason="no interpreters"
)


def run(folder: Path, code: str, *options: str, **environment: str) -> list[str]:
    """The lines that a process prints which runs this, and which says nothing else and ends well."""
    script = folder / "script.py"
    script.write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, *options, str(script)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@NEEDS
@pytest.mark.parametrize("order", ["exec(USED); elsewhere(USED)", "elsewhere(USED); exec(USED)"], ids=["main", "other"])
def test_both_interpreters_are_right(order: str, tmp_path: Path) -> None:
    """One has the compiled core, and each other the pure twin: to the bit the same."""
    lines = [line.split() for line in run(tmp_path, f"{SECOND}\n{order}\nelsewhere(USED)\nexec(USED)\n")]
    assert len(lines) == 4
    backends, *numbers = zip(*lines, strict=True)
    assert all(len(set(column)) == 1 for column in numbers)
    assert backends.count("compiled") <= 2  # both times in the same one


@NEEDS
@pytest.mark.skipif(vargrad.backend != "compiled", reason="the extension is not built")
def test_the_compiled_core_says_that_it_is_for_one_interpreter(tmp_path: Path) -> None:
    code = """
try:
    import vargrad
except ImportError as error:
    print(error)
"""
    lines = run(
        tmp_path, f"{SECOND}\nimport vargrad\nelsewhere('''{code}''')\nexec(USED)", "-B", VARGRAD_BACKEND="compiled"
    )
    assert "the compiled core is for one interpreter of a process, and this is another one" in lines[0]
    assert "reinstall" not in lines[0]
    assert lines[1].startswith("compiled ")


def test_a_module_loaded_again(tmp_path: Path) -> None:
    """The Vars of before are those of after; also where everything is imported anew, and the core is not."""
    code = """
import importlib, sys
import vargrad
x = vargrad.Var(3.0, requires_grad=True)
y = x * x
before = vargrad.Var
importlib.reload(vargrad)
assert vargrad.Var is before
importlib.reload(sys.modules["vargrad._core.var"])
importlib.reload(importlib.import_module("vargrad.math"))
(y + vargrad.math.exp(x) * 0.0 + vargrad.Var(1.0)).backward()
assert x.grad == 6.0, x.grad
for name in [name for name in sys.modules if name.split(".")[0] == "vargrad"]:
    del sys.modules[name]
import vargrad as anew
z = anew.Var(2.0, requires_grad=True)
(z * z * z).backward()
assert z.grad == 12.0
assert anew.compile(lambda v: v * v).grad(3.0) == 6.0
(y * y).backward()
assert x.grad == 6.0 + 2.0 * 9.0 * 6.0
print("right")
"""
    assert run(tmp_path, code) == ["right"]


def test_the_end_of_an_interpreter_with_live_graphs(tmp_path: Path) -> None:
    """Graphs in globals, in cycles, in a block's views, in a thread, used by __del__ and by atexit."""
    code = """
import atexit, gc, sys, threading
import numpy as np
import vargrad
from vargrad import NN, Var, compile, math, no_grad

class Late:
    def __init__(self):
        self.x = Var(2.0, requires_grad=True)
        self.y = self.x * self.x
        self.me = self
    def __del__(self):
        self.y.backward()
        (self.x * 3.0 + 1.0).backward()

late, cycle = Late(), Late()
del cycle
x = Var(1.0, requires_grad=True)
deep = x
for _ in range(20_000):
    deep = deep + x
model = NN([2, 3, 1], seed=0)
values, loss = model.parameters.values, model.calculate_loss([[0.0, 1.0, 1.0]])
f = compile(lambda a: math.exp(a) * x)
f(np.ones(5))
bound = f.bind(np.ones(5))
mode = no_grad()
mode.__enter__()
kept = [lambda: (deep, loss, f, bound)]
sys.kept = kept  # dies late
threading.stack_size(256 * 1024)
stop = threading.Event()

def work():
    while not stop.is_set():
        v = Var(0.5, requires_grad=True)
        (v * v).backward()

threading.Thread(target=work, daemon=True).start()
atexit.register(lambda: (deep * 2.0).backward())
print("right", flush=True)
"""
    assert run(tmp_path, code) == ["right"]
