"""Bound calls: what the method says for what the arrays hold now, in arrays of the caller's."""

from __future__ import annotations

import sys
import tracemalloc
from typing import Any, NamedTuple

import numpy as np
import pytest

import recorded
import vargrad
from recorded import MACHINES, leaf
from vargrad import math as m


@pytest.fixture(params=list(MACHINES), autouse=True)
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    recorded.use(monkeypatch, request.param)
    return str(request.param)


def flat(x: Any) -> list[Any]:
    return [y for part in x for y in flat(part)] if isinstance(x, (tuple, list)) else [x]


METHODS = ("value", "value_and_grad", "grad", "jacobian", "hessian", "hvp")
CASES: dict[str, tuple[Any, str | None, list[Any]]] = {
    "rows": (lambda x, y: x * m.sin(y), None, [np.linspace(0.1, 1.0, 7), 0.5]),
    "broadcast": (lambda x, y: x * m.sin(y), None, [np.ones((3, 1)), np.linspace(0.1, 1.0, 4)]),
    "one": (lambda x, y: x * m.sin(y), None, [np.array(0.3), 0.5]),
    "branch": (lambda x: x * x if x > 0 else m.exp(x), None, [np.linspace(-1.0, 1.0, 9)]),
    "vector": (lambda v: m.dot(v, v) * v[0], "(n)->()", [np.array([1.0, 2.0, 3.0])]),
    "vectors": (lambda v: m.dot(v, v) * v[0], "(n)->()", [np.arange(600.0).reshape(200, 3) / 600.0]),
    "many rows": (lambda x: x * m.sin(x), None, [np.linspace(0.0, 1.0, 200_000)]),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("what", METHODS)
def test_each_call_reads_what_the_arrays_hold(name: str, what: str) -> None:
    function, signature, args = CASES[name]
    args = [x.copy() if isinstance(x, np.ndarray) else x for x in args]
    f, other = vargrad.compile(function, signature=signature), vargrad.compile(function, signature=signature)
    if what == "hvp":
        vectors = tuple(np.ones(3) if signature else np.array(1.0) for _ in args)
        args.append(vectors if len(args) > 1 else vectors[0])
    method = getattr(other, "__call__" if what == "value" else what)
    bound = f.bind(*args, what=what)
    out = flat(bound.out)
    for _ in range(4):
        expected = flat(method(*args, workers=2))
        assert bound() is bound.out
        assert all(a is b for a, b in zip(flat(bound.out), out, strict=True))
        for a, b in zip(out, expected, strict=True):
            assert a.shape == np.shape(b)
            assert a.tobytes() == np.asarray(b).tobytes()
        args[0] *= -0.75
        for x in out:
            x[...] = np.nan


def test_arrays_of_the_caller_names_and_argnums() -> None:
    f = vargrad.compile(lambda x, y: x * y)
    x, value, slope = np.arange(4.0), np.empty(4), np.empty(4)
    bound = f.bind(x, y=2.0, what="value_and_grad", argnums=1, out=(value, slope))
    assert "value_and_grad" in repr(bound)
    for _ in range(3):
        x += 1.0
        first, second = bound()
        assert first is value
        assert second is slope
        assert (value == 2.0 * x).all()
        assert (slope == x).all()
    with pytest.raises(ValueError, match=r"out\[0\] must be a float64 array of shape \(4,\)"):
        f.bind(x, y=2.0, out=np.empty(3))

    class Pair(NamedTuple):
        a: Any
        b: Any

    pairs = vargrad.compile(lambda x: Pair(x * 2.0, x + 1.0)).bind(x)
    assert isinstance(pairs(), Pair)
    assert (pairs.out.b == x + 1.0).all()
    point = f.bind(3.0, 4.0)
    assert point.out.shape == ()
    assert point() == 12.0


def test_it_reads_leaves_and_watches_the_rest() -> None:
    w, factor = leaf(2.0), [3.0]
    f = vargrad.compile(lambda x: w * x * factor[0])
    x = np.array([1.0, 2.0])
    bound = f.bind(x)
    for factor[0] in (3.0, 4.0, 3.0):
        for w.value in (2.0, 5.0):
            for _ in range(2):
                assert bound().tolist() == (x * w.value * factor[0]).tolist()


def test_of_an_object() -> None:
    """Its state is looked at, as in each call."""

    class Scaled:
        def __init__(self) -> None:
            self.factor = 2.0

        @vargrad.compile
        def times(self, x: Any) -> Any:
            return x * self.factor

    scaled, x = Scaled(), np.array([1.0, 2.0])
    bound = scaled.times.bind(x)
    for scaled.factor in (2.0, 3.0, 3.0, 2.0, 2.0):
        assert bound().tolist() == (x * scaled.factor).tolist()


def test_a_failed_call_leaves_the_results_as_they_were() -> None:
    f = vargrad.compile(lambda x: x * 2.0 if x > 0 else -x, max_paths=1)
    x = np.array([1.0, 2.0])
    bound = f.bind(x)
    for _ in range(3):
        bound()
    x[1] = -1.0
    with pytest.raises(vargrad.RecordingError):
        bound()
    assert bound.out.tolist() == [2.0, 4.0]
    x[1] = 3.0
    assert bound().tolist() == [2.0, 6.0]
    zeros = vargrad.compile(lambda x: m.floor(x) * 1.0)
    with pytest.warns(vargrad.ZeroDerivativeWarning):
        slopes = zeros.bind(x, what="grad")
    for _ in range(2):
        with pytest.warns(vargrad.ZeroDerivativeWarning):
            slopes()


def test_a_path_that_is_new_is_recorded() -> None:
    f = vargrad.compile(lambda x: x * 2.0 if x > 0 else -x)
    x = np.array([1.0, 2.0])
    bound = f.bind(x)
    for first in (1.0, -1.0, 2.0, -3.0):
        x[0] = first
        assert bound().tolist() == [2.0 * first if first > 0 else -first, 4.0]


def test_what_cannot_be_bound() -> None:
    f = vargrad.compile(lambda x, y: x * y)
    x = np.arange(6.0)
    for bad, error, match in [
        (vargrad.Var(1.0), TypeError, "argument 1 is a Var"),
        ([1.0, 2.0], TypeError, "argument 1 is of type list, which would be copied"),
        ("2", TypeError, "argument 1 is of type str"),
        (x[::2], ValueError, "argument 1 is no C-contiguous array of float64"),
        (x.astype("f4"), ValueError, "argument 1 is no C-contiguous array of float64"),
        (x.astype(">f8"), ValueError, "argument 1 is no C-contiguous array of float64"),
        ((), TypeError, "argument 1 is of type tuple"),
    ]:
        with pytest.raises(error, match=match):
            f.bind(1.0, bad)
    with pytest.raises(ValueError, match="what"):
        f.bind(1.0, 2.0, what="backward")
    with pytest.raises(ValueError, match="goes with derivatives"):
        f.bind(1.0, 2.0, argnums=0)
    with pytest.raises(TypeError, match="misses argument 'y'"):
        f.bind(1.0)


@pytest.mark.parametrize("what", ["value", "value_and_grad"])
def test_a_call_makes_nothing(machine: str, what: str) -> None:
    """Neither an array nor anything that stays."""
    if machine != "compiled":
        return
    f = vargrad.compile(lambda x, y: m.sin(x) * y)
    x, y = np.linspace(0.0, 1.0, 1000), np.ones(1000)
    bound = f.bind(x, y, what=what)
    for _ in range(10):
        bound()
    tracemalloc.start()
    try:
        bound()
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        blocks = sys.getallocatedblocks()
        for _ in range(1000):
            bound()
        now, peak = tracemalloc.get_traced_memory()
        assert sys.getallocatedblocks() - blocks < 10
        assert now - before < 1000
        assert peak - before < 1000  # a result takes 8000
    finally:
        tracemalloc.stop()
