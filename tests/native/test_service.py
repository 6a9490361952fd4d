"""When programs become machine code, and what happens where they cannot."""

from __future__ import annotations

import gc
import logging
import os
import subprocess
import sys
import threading
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import vargrad
from vargrad._native import engine, service, settings

LLVM = pytest.mark.usefixtures("llvm")


@pytest.fixture
def llvm() -> None:
    pytest.importorskip("llvmlite", reason="llvmlite is not installed")


@pytest.fixture
def machine(compiled: Any) -> ModuleType:
    import vargrad._vm.machine_c

    return vargrad._vm.machine_c


def polynomial(x: Any) -> Any:
    return vargrad.math.exp(x) * x + x**3 - 2.0 * x


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def units(f: Any) -> list[bool]:
    (specialization,) = f._specializations.values()
    machines = specialization.paths[0].machines().values()
    return [unit.is_native for m in machines for _, unit in m.units()]


def test_unknown_modes_are_refused() -> None:
    with pytest.raises(ValueError, match="native must be one of 'off', 'auto', 'now', not 'yes'"):
        settings.checked("yes")
    with pytest.raises(ValueError, match="native"):
        vargrad.compile(polynomial, native="yes")
    done = run("import vargrad._native.settings", VARGRAD_NATIVE="yes")
    assert "VARGRAD_NATIVE='yes': expected one of off, auto, now" in done.stderr


def test_import_brings_no_llvmlite() -> None:
    code = "import sys, vargrad; f = vargrad.compile(lambda x: x * x); f(2.0); assert 'llvmlite' not in sys.modules"
    for mode in ("off", "auto"):
        assert run(code, VARGRAD_NATIVE=mode).stderr == ""


@LLVM
@pytest.mark.usefixtures("compiled")
def test_off_and_now_and_what_print_shows() -> None:
    x = np.linspace(-1.0, 1.0, 100)
    off, now = (vargrad.compile(polynomial, native=mode) for mode in ("off", "now"))
    assert np.array_equal(off(x), now(x))
    assert [off.grad(0.5) for _ in range(2)] == [now.grad(0.5) for _ in range(2)]
    assert not any(units(off))
    assert "machine code" not in str(off)
    assert "; machine code: value of batches, grad of a row, grad of batches" in str(now)


@LLVM
@pytest.mark.usefixtures("compiled")
def test_auto_waits_until_it_is_worth_it() -> None:
    """Nothing is compiled for a few rows; for many it is, in a thread, and the results stay the same."""
    f = vargrad.compile(polynomial, native="auto")
    expected = f(np.linspace(-1.0, 1.0, 1000))
    assert not any(units(f))
    many = np.resize(np.linspace(-1.0, 1.0, 1000), 1_000_000)
    for _ in range(60):
        f(many)
    assert service.wait(60.0)
    assert any(units(f))
    assert np.array_equal(f(many)[:1000], expected)


@LLVM
def test_a_unit_that_is_gone_is_not_compiled(machine: ModuleType) -> None:
    class Fake:
        def jobs(self) -> Any:
            raise AssertionError("it is gone")

    unit = Fake()
    with service._state.work:  # the thread waits for this
        service._state.waiting.append(service.weakref.ref(unit))
        del unit
        gc.collect()
    service._compile_soon(vargrad)  # type: ignore[arg-type]  # fails, and is told
    assert service.wait(60.0)
    service._state.reason = ""


@LLVM
@pytest.mark.usefixtures("compiled")
def test_code_is_freed_with_its_function() -> None:
    gc.collect()
    before = engine.memory()
    for _ in range(5):
        f = vargrad.compile(polynomial, native="now")
        f(np.ones(100))
        assert engine.memory() > before
        del f
        gc.collect()
        assert engine.memory() == before
    assert len(engine._dead) == 0


@LLVM
@pytest.mark.usefixtures("compiled")
def test_memory_of_code_is_bounded(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(service, "MOST_MEMORY", 0)
    f = vargrad.compile(polynomial, native="now")
    assert f(np.ones(3)).tolist() == vargrad.compile(polynomial, native="off")(np.ones(3)).tolist()
    assert not any(units(f))
    assert "one program stays interpreted" in caplog.text
    assert service.reason() == ""


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("error", [RuntimeError("no such target"), OSError(1, "cannot allocate executable memory")])
def test_any_failure_leaves_the_interpreter(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Told once; the next program does not even try."""

    def fails(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(service, "_state", service._State())
    service._state.found = True
    monkeypatch.setattr(engine, "compiled", fails)
    for _ in range(3):
        f = vargrad.compile(polynomial, native="now")
        assert f(np.array([2.0]))[0] == vargrad.compile(polynomial, native="off")(np.array([2.0]))[0]
        assert f(2.0) == vargrad.compile(polynomial, native="off")(2.0)
        assert not any(units(f))
    assert type(error).__name__ in service.reason()
    assert [r.levelno for r in caplog.records if r.name == "vargrad"] == [logging.WARNING]


@pytest.mark.usefixtures("compiled")
def test_without_llvmlite() -> None:
    """auto says nothing, now says it once, and both compute."""
    code = (
        "import sys; sys.modules['llvmlite'] = None\n"
        "import importlib.util; find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *rest: None if name == 'llvmlite' else find(name, *rest)\n"
        "import vargrad, numpy\n"
        "for k in range(3):\n"
        "    f = vargrad.compile(lambda x: x * x + k); print(f(numpy.arange(3.0)).tolist(), f(2.0))\n"
        "from vargrad._native import service; print(service.reason())\n"
    )
    for mode in ("auto", "now"):
        done = run(code, VARGRAD_NATIVE=mode)
        assert done.stdout.splitlines()[-1] == "llvmlite is not installed"
        assert done.stderr.count("llvmlite is not installed") == (mode == "now")
        assert done.stdout.startswith("[0.0, 1.0, 4.0] 4.0\n")


@LLVM
@pytest.mark.usefixtures("compiled")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_fork_and_exit_while_llvm_is_at_work() -> None:
    """A child computes, whether or not the parent was compiling; a process that ends waits for LLVM."""
    code = (
        "import os, sys, time, threading, warnings; import numpy, vargrad; warnings.simplefilter('ignore')\n"
        "from vargrad._native import service\n"
        "def f(x):\n"
        "    for i in range(400): x = x * 1.01 + vargrad.math.sin(x)\n"
        "    return x\n"
        "service.TIMES = 0.0\n"
        "f = vargrad.compile(f, native='auto'); x = numpy.linspace(0.0, 1.0, 64)\n"
        "expected = f(x); f(x)\n"
        "while not service._state.busy: time.sleep(0.001)\n"
        "child = os.fork()\n"
        "assert numpy.array_equal(f(x), expected)\n"
        "g = vargrad.compile(lambda x: x * 2.0, native='now'); assert g(3.0) == 6.0 and g(4.0) == 8.0\n"
        "if child == 0: print('child', service.reason(), flush=True); sys.exit()\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "print('parent', service.wait(0.0))\n"
    )
    done = run(code)
    assert done.returncode == 0, done.stderr
    assert "child the process was forked while LLVM was at work" in done.stdout
    assert "parent" in done.stdout


@LLVM
@pytest.mark.usefixtures("compiled")
def test_four_threads_compile_call_and_free() -> None:
    """Each its own functions, and all the same one."""
    x = np.linspace(-1.0, 1.0, 200)
    shared = vargrad.compile(polynomial, native="now")
    expected, failures = vargrad.compile(polynomial, native="off")(x), []

    def work() -> None:
        try:
            for _ in range(10):
                mine = vargrad.compile(polynomial, native="now")
                for f in (mine, shared):
                    if not np.array_equal(f(x), expected) or f(0.5) != expected_point:
                        failures.append("another number")
        except BaseException as error:
            failures.append(repr(error))

    expected_point = vargrad.compile(polynomial, native="off")(0.5)
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert service.reason() == ""
