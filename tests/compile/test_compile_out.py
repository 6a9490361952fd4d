"""compile: results in the caller's arrays, all or nothing; results apart from each other; memory of long batches."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import recorded
import vargrad
from recorded import MACHINES
from vargrad import math as m
from vargrad._compile import call as _calls


@pytest.fixture(params=list(MACHINES))
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    recorded.use(monkeypatch, request.param)
    return str(request.param)


def smooth(x: Any, y: Any) -> Any:
    return m.exp(-x * y) + x / (2.0 + m.sin(y))


def kinked(x: Any, y: Any) -> Any:
    return m.exp(-x * y) if x < y else x * x * y


def vector(v: Any) -> Any:
    return v[0] * v[1] * v[2] + v[0] ** 2


def two(x: Any, y: Any) -> Any:
    return x * y, [m.sin(x), y]


def blank(result: Any) -> Any:
    """Arrays of nan, shaped and nested like a result."""
    if isinstance(result, tuple | list):
        return type(result)(blank(part) for part in result)
    return np.full(np.shape(result), np.nan)


def same(a: Any, b: Any) -> bool:
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(same, a, b))
    return np.array_equal(a, b)


METHODS: dict[str, Callable[[Any], Any]] = {
    "value": lambda f: f,
    "value_and_grad": lambda f: f.value_and_grad,
    "grad": lambda f: f.grad,
    "jacobian": lambda f: f.jacobian,
    "hessian": lambda f: f.hessian,
}


@pytest.mark.parametrize("rows", [(), (1,), (7,), (30, 40)])
@pytest.mark.parametrize("function", [smooth, kinked])
def test_out_of_every_method(function: Any, rows: tuple[int, ...], machine: str) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=rows), rng.normal(size=rows)
    f = vargrad.compile(function)
    calls = {name: get(f) for name, get in METHODS.items()} | {"hvp": lambda x, y, **k: f.hvp(x, y, (y, x), **k)}
    for call in calls.values():
        expected = call(x, y)
        out = blank(expected)
        found = call(x, y, out=out)
        assert same(out, expected)
        assert same(found, expected)
        reordered = blank(expected)
        if rows == (30, 40) and not isinstance(reordered, tuple):
            reordered = np.full((40, 30), np.nan).T
            call(x, y, out=reordered)
            assert same(reordered, expected)


def test_out_of_vectors(machine: str) -> None:
    f = vargrad.compile(vector, signature="(3)->()")
    X = np.random.default_rng(1).normal(size=(50, 3))
    for get in METHODS.values():
        expected = get(f)(X)
        out = blank(expected)
        assert same(get(f)(X, out=out), expected)
        assert same(out, expected)


def test_out_of_several_results(machine: str) -> None:
    f = vargrad.compile(lambda x, y: (x * y, m.sin(x)))
    x = np.arange(5.0)
    for call in (f, f.jacobian):
        expected = call(x, 2.0)
        out = blank(expected)
        call(x, 2.0, out=out)
        assert same(out, expected)


def test_an_input_may_be_out(machine: str) -> None:
    f = vargrad.compile(smooth)
    x, y = np.linspace(0, 1, 20), np.linspace(-1, 1, 20)
    expected = f.grad(x, y)
    a, b = x.copy(), y.copy()
    f.grad(a, b, out=(b, a))
    assert same((b, a), expected)
    space = np.empty(21)
    space[:20] = x
    f(space[:20], y, out=space[1:])
    assert same(space[1:], f(x, y))


def test_out_that_does_not_fit_stays_as_it_is(machine: str) -> None:
    f = vargrad.compile(smooth)
    x = np.arange(4.0)
    locked = np.zeros(4)
    locked.flags.writeable = False
    for bad, match in [
        (np.zeros(3), r"out\[1\] must be a float64 array of shape \(4,\), not float64 \(3,\)"),
        (np.zeros(4, int), "int64|int32"),
        (np.zeros(4, ">f8"), ">f8"),
        ([0.0, 1.0], "out has 4"),
        (None, "NoneType"),
        (locked, r"out\[1\] is read-only"),
        (np.ma.masked_array(np.zeros(4), [0, 1, 0, 0]), r"out\[1\] is a masked array, .*: give out\.data"),
    ]:
        good = np.full(4, -1.0), np.full(4, -1.0)
        with pytest.raises(ValueError, match=match):
            f.value_and_grad(x, x, out=(good[0], (bad, good[1])))
        assert same(good, ([-1.0] * 4, [-1.0] * 4))
    with pytest.raises(ValueError, match=r"out has 1 array\(s\) for 3 result\(s\)"):
        f.value_and_grad(x, x, out=np.zeros(4))


def test_large_results_are_apart(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result that is kept keeps no other one alive."""
    monkeypatch.setattr(_calls, "APART", 100)
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 150))
    for function in (smooth, kinked):
        f = vargrad.compile(function)
        together = f.value_and_grad(x[:99], y[:99]), f.hessian(x[:99], y[:99])
        v, (a, b) = f.value_and_grad(x, y)
        (p, q), (r, s) = f.hessian(x, y)
        assert same([part[:99] for part in (v, a, b, p, q, r, s)], [*recorded_flat(together)])
        if function is smooth:
            assert all(z.base is None or z.base.size == 150 for z in (v, a, b, p, q, r, s))


def recorded_flat(tree: Any) -> list[Any]:
    return [x for part in tree for x in recorded_flat(part)] if isinstance(tree, tuple | list) else [tree]


def run(script: str, **environment: str) -> list[str]:
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


STOPPED = """
import _thread, threading, numpy as np, vargrad
from vargrad import math as m
def f(x, y):
    for _ in range({steps}):
        x = m.sin(x + y)
    return x
f = vargrad.compile(f)
x = np.linspace(0.0, 1.0, {rows})
expected = f.value_and_grad(x, 0.5)
stopped = 0
for i in range(12):
    out = np.full({rows}, np.nan), (np.full({rows}, np.nan), np.full({rows}, np.nan))
    timer = threading.Timer(0.004 * i, _thread.interrupt_main)
    try:
        timer.start()
        f.value_and_grad(x, 0.5, out=out, workers=1 + i % 2)
        timer.join()
        timer = None
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        stopped += timer is not None
    if timer is not None:
        timer.join()
    flat = out[0], *out[1]
    kinds = {{np.isnan(a).all() * 1 + np.array_equal(a, b) * 2 for a, b in zip(flat, (expected[0], *expected[1]))}}
    assert kinds in ({{1}}, {{2}}), (i, kinds)
print(stopped)
"""


@pytest.mark.parametrize(("steps", "rows"), [(10, 100_000), (60, 400_000)])
def test_ctrl_c_leaves_out_untouched_or_complete(steps: int, rows: int) -> None:
    """A batch that ends soon is written in place and ends; a longer one stops, and nothing was written."""
    if vargrad.backend == "python":
        rows //= 10
    (stopped,) = run(STOPPED.format(steps=steps, rows=rows))
    assert int(stopped) >= 1


LONG = """
import sys, resource, numpy as np, vargrad
from vargrad import math as m
unit = 1 if sys.platform == "darwin" else 1024
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
rows = 20_000_000
f = vargrad.compile(lambda x, y: m.exp(-x) * y + x)
x, out = np.full(rows, 0.5), np.full(rows, np.nan)
f(x[:3], 2.0)
before = peak()
if {out}:
    f(x, 2.0, out=out, workers=2)
else:
    out = None
    before -= rows * 8
    out = f(x, 2.0, workers=2)
print(peak() - before - {results} * rows * 8, out[0] == out[-1] == f(0.5, 2.0), kept() if (kept := getattr(
    sys.modules.get("vargrad._vm.machine_c"), "spare_bytes", None)) else 0)
"""

if sys.platform != "win32":  # which has no module resource

    @pytest.mark.parametrize("given", [False, True])
    def test_memory_of_a_long_batch_is_bounded(given: bool) -> None:
        """20 million rows take their arrays and the workspace of a block; the pure twin cannot write in place."""
        results = 1 if not given or vargrad.backend == "python" else 0
        grown, right, kept = run(LONG.format(out=given, results=results))
        assert int(grown) < 50_000_000
        assert right == "True"
        assert int(kept) <= 64 << 20
