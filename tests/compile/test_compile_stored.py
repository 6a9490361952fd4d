"""Pickles and copies of compiled functions."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import vargrad
from recorded import leaf
from vargrad import math as m

WEIGHT = leaf(2.0)


@vargrad.compile
def decorated(x: Any, y: Any) -> Any:
    """With a branch, and a leaf."""
    return m.hypot(x, y, 1.0) * WEIGHT if x > 0 else m.fsum([x, y])


def plain(x: Any) -> Any:
    return m.dot(x, x) if x[0] > 0 else x[0]


X = np.linspace(-2.0, 2.0, 9)


def test_a_module_s_function_goes_by_reference() -> None:
    decorated(X, 1.0)
    again = pickle.loads(pickle.dumps(decorated))
    assert again.__wrapped__ is decorated.__wrapped__
    assert (again.paths, again.__name__, again.__doc__) == (2, "decorated", "With a branch, and a leaf.")
    assert all(map(np.array_equal, again.grad(X, 1.0), decorated.grad(X, 1.0)))


def test_signature_and_fresh_paths() -> None:
    first = vargrad.compile(plain, signature="(n)->()", max_paths=7)
    first(np.array([1.0, 2.0]))
    again = pickle.loads(pickle.dumps(first))
    assert (again.paths, again.max_paths) == (1, 7)
    assert again.grad(np.array([-1.0, 2.0])).tolist() == [1.0, 0.0]
    assert (again.paths, first.paths) == (2, 1)
    assert again.hessian(np.array([1.0, 2.0])).tolist() == [[2.0, 0.0], [0.0, 2.0]]


def test_leaves_go_by_value() -> None:
    w = leaf(3.0)
    first = vargrad.compile(lambda x: w * x)
    assert first(2.0) == 6.0
    again = copy.deepcopy(first)
    w.value = 5.0
    assert (first(2.0), again(2.0)) == (10.0, 6.0)
    again.backward(X)
    assert w.grad == 0.0


def test_without_the_source_recorded_paths_still_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    first = vargrad.compile(lambda x: x * x if x > 0 else -x)
    first(1.0)
    again = pickle.loads(pickle.dumps(first))
    assert again.value_and_grad(3.0) == (9.0, 6.0)
    with pytest.raises(vargrad.RecordingError, match="stored without its Python source"):
        again(-1.0)
    assert pickle.loads(pickle.dumps(again))(2.0) == 4.0


def test_cloudpickle_takes_the_function_along() -> None:
    """Also into another process, which has not this module; leaves that function and paths share stay shared."""
    w = leaf(3.0)
    first = vargrad.compile(lambda x: x * w if x > 0 else -w)
    first(1.0)
    again = pickle.loads(pickle.dumps(first))
    assert (again(-1.0), again.paths, first.paths) == (-3.0, 2, 1)
    (shared,) = {
        v
        for specialization in again._specializations.values()
        for path in specialization.paths
        for v in path.recording.leaves
    }
    shared.value = 5.0
    assert (again(2.0), again(-1.0), again.__wrapped__(2.0).value, first(2.0)) == (10.0, -5.0, 10.0, 6.0)
    script = "import pickle, sys; f = pickle.load(sys.stdin.buffer); print(f(2.0), f(-1.0), f.paths)"
    run = [sys.executable, "-W", "error", "-c", script]
    found = subprocess.run(run, input=pickle.dumps(first), capture_output=True, check=True)
    assert found.stdout.split() == [b"6.0", b"-3.0", b"2"]


def test_cloudpickle_of_a_function_that_calls_itself() -> None:
    @vargrad.compile
    def power(x: Any, n: Any) -> Any:
        return x * power(x, n - 1) if n > 0 else 1.0

    assert power(2.0, 3.0) == 8.0
    again = pickle.loads(pickle.dumps(power))
    assert again(2.0, 5.0) == 32.0
    assert again.grad(2.0, 5.0, argnums=0) == 80.0
    assert again.__wrapped__.__closure__[0].cell_contents is again
    assert (power.paths, again.paths) == (1, 2)


MAIN = """
import pickle, sys, vargrad

@vargrad.compile
def f(x):
    return scale * x if x > 0 else -x

scale = 3.0
if len(sys.argv) == 1:
    f(1.0)
    sys.stdout.buffer.write(pickle.dumps(f))
else:
    def f(x):
        return 0.0 * x
    again = pickle.load(sys.stdin.buffer)
    print(again(2.0), again(-1.0))
"""


def test_a_script_s_function_is_not_another_script_s() -> None:
    """Each process has a __main__ of its own."""
    run = [sys.executable, "-W", "error", "-c", MAIN]
    stored = subprocess.run(run, capture_output=True, check=True).stdout
    assert subprocess.run([*run, "load"], input=stored, capture_output=True, check=True).stdout.split() == [
        b"6.0",
        b"1.0",
    ]


def test_many_paths_need_no_stack() -> None:
    first = vargrad.compile(lambda x: x * m.floor(x), max_paths=2000)
    x = np.arange(1500.0)
    first(x)
    again = pickle.loads(pickle.dumps(first))
    assert again.paths == 1500
    assert np.array_equal(again(x), x * x)


def test_another_version_is_refused() -> None:
    function, arguments = decorated.__reduce__()
    with pytest.raises(ValueError, match="format 999"):
        function(999, *arguments[1:])
