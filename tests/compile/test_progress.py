"""progress=True: a bar of the rows done, and Ctrl-C."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import tqdm

import recorded
import vargrad
from recorded import MACHINES, leaf
from vargrad import math as m


@pytest.fixture(params=list(MACHINES))
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    recorded.use(monkeypatch, request.param)
    return str(request.param)


class Bar:
    """tqdm's, as far as it is used, remembering what it is told."""

    made: list[Bar]

    def __init__(self, total: int, unit: str, unit_scale: bool, desc: str) -> None:
        self.total, self.desc, self.told, self.open = total, desc, [], True
        self.made.append(self)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *error: object) -> None:
        self.open = False

    def update(self, count: int) -> None:
        assert self.open
        self.told.append(count)


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[Bar]:
    made: list[Bar] = []
    monkeypatch.setattr(Bar, "made", made, raising=False)
    monkeypatch.setattr(tqdm, "tqdm", Bar)
    return made


ROWS = 300_000
X = np.linspace(-1.0, 1.0, ROWS)
W = leaf(2.0)


def heavy(x: Any) -> Any:
    for _ in range(20):
        x = m.sin(x) * W
    return x


def branches(x: Any) -> Any:
    return heavy(x) if x > 0.5 else (x if x > -0.5 else x * x * W)


CALLS: dict[str, Any] = {
    "value": lambda f, **options: f(X, **options),
    "value_and_grad": lambda f, **options: f.value_and_grad(X, **options),
    "grad": lambda f, **options: f.grad(X, **options),
    "jacobian": lambda f, **options: f.jacobian(X, **options),
    "hessian": lambda f, **options: f.hessian(X, **options),
    "hvp": lambda f, **options: f.hvp(X, X, **options),
    "backward": lambda f, **options: f.backward(X, **options),
    "out": lambda f, **options: f(X, out=np.empty(ROWS), **options),
}


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("function", [heavy, branches])
@pytest.mark.parametrize("name", list(CALLS))
def test_every_row_is_told_once(name: str, function: Any, workers: int, bars: list[Bar]) -> None:
    f = vargrad.compile(function)
    W.grad = 0.0
    found = CALLS[name](f, workers=workers, progress=True)
    (bar,) = bars
    assert (bar.total, bar.desc, bar.open) == (ROWS, function.__name__, False)
    assert sum(bar.told) == ROWS
    assert all(0 <= done <= ROWS for done in np.cumsum(bar.told))
    assert len(bar.told) > 5 or workers > 1 or name == "out"
    gradient, W.grad = W.grad, 0.0
    assert np.array_equal(found, CALLS[name](f, workers=workers))
    assert W.grad == gradient
    assert len(bars) == 1


def test_machines_tell_of_every_row(machine: str, bars: list[Bar]) -> None:
    f = vargrad.compile(branches)
    assert np.array_equal(f(X, progress=True), f(X))
    assert sum(bars[0].told) == ROWS
    assert len(bars[0].told) > 5


def test_a_program_without_a_console(monkeypatch: pytest.MonkeyPatch) -> None:
    f = vargrad.compile(branches)
    wanted = f(X)
    monkeypatch.setattr(sys, "stderr", None)
    assert np.array_equal(f(X, progress=True), wanted)


def test_numbers_and_methods_too(bars: list[Bar]) -> None:
    f = vargrad.compile(lambda x, y: x * y)
    assert f(2.0, 3.0, progress=True) == 6.0
    assert f(2.0, 3.0) == f(2.0, 3.0, progress=False) == 6.0
    assert f(X[:0], 1.0, progress=True).shape == (0,)
    assert [(bar.total, sum(bar.told)) for bar in bars] == [(1, 1), (0, 0)]
    with pytest.raises(ValueError, match="progress must be True or False, not 1"):
        f(2.0, 3.0, progress=1)
    assert f(leaf(2.0), 3.0, progress=True).value == 6.0


class Stop(BaseException):
    pass


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("name", ["out", "backward"])
def test_an_interruption_leaves_nothing_half_done(
    name: str, workers: int, machine: str, bars: list[Bar], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the bar is interrupted by, at whichever update."""
    f = vargrad.compile(branches)
    f(X[::1000])
    out = np.full(ROWS, -7.0)
    complete = f(X)
    update, updates = Bar.update, 0

    def interrupted(self: Bar, rows: int) -> None:
        update(self, rows)
        if len(self.told) > updates:
            raise Stop

    monkeypatch.setattr(Bar, "update", interrupted)
    call = {"out": lambda: f(X, out=out, workers=workers, progress=True)}
    call["backward"] = lambda: f.backward(X, workers=workers, progress=True)
    for updates in range(3):  # noqa: B007
        W.grad = 0.25
        with pytest.raises(Stop):
            call[name]()
        assert not bars[-1].open
        assert W.grad == 0.25
        assert np.array_equal(out, complete) or np.all(out == -7.0)


SCRIPT = """
import _thread, sys, threading, time, numpy as np, tqdm, vargrad
from vargrad import math as m
w = vargrad.Var(2.0, requires_grad=True)
def heavy(x):
    for _ in range(300):
        x = m.sin(x) * w
    return x if x > 0 else -x
f = vargrad.compile(heavy)
x, out = np.linspace(-1, 1, 5_000_000), np.full(5_000_000, -7.0)
f.value_and_grad(x[::100_000]), f.backward(x[::100_000])
before = w.grad
def interrupt():
    while not any(bar.n for bar in tqdm.tqdm._instances):  # until it shows that some rows are done
        time.sleep(0.05)
    _thread.interrupt_main()
threading.Thread(target=interrupt, daemon=True).start()
try:
    if "backward" in sys.argv:
        f.backward(x, progress=True, workers=2)
    else:
        f(x, out=out, progress=True, workers=2)
except KeyboardInterrupt:
    print("interrupted", w.grad == before, bool((out == -7.0).all()))
"""


@pytest.mark.parametrize("what", ["out", "backward"])
def test_ctrl_c_in_a_long_batch(what: str) -> None:
    """With tqdm's own bar, which shows rows and how many there are, and ends."""
    run = [sys.executable, "-W", "error", "-c", SCRIPT, what]
    done = subprocess.run(run, capture_output=True, text=True, timeout=120, env=dict(os.environ), check=False)
    assert done.stdout.split() == ["interrupted", "True", "True"], done.stderr
    assert "heavy: " in done.stderr
    assert "/5.00M" in done.stderr
    assert "Traceback" not in done.stderr


def test_tqdm_is_imported_only_if_asked_for() -> None:
    script = "import sys, vargrad; f = vargrad.compile(lambda x: x); f([1.0, 2.0]); print('tqdm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout.split() == [b"False"]
