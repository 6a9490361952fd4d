"""Many leaves at once: their values as numbers, and adding to their .grad, which is done for all or for none."""

from __future__ import annotations

import importlib
import struct
import sys
from array import array
from collections.abc import Callable
from fractions import Fraction
from types import FrameType
from typing import Any

import numpy as np
import pytest

import vargrad
from recorded import leaf
from twins import MODULES, Implementation, keys, leaves

NUMBERS = [0.5, -0.0, float("inf"), 5e-324, -1.7e308]


@pytest.fixture
def core(impl: Implementation) -> Any:
    """The twin's module, where these two functions are."""
    return importlib.import_module(MODULES[impl.name])


def grads_of(variables: Any) -> list[float]:
    return [v.grad for v in variables]


def test_values(core: Any) -> None:
    given = [core.Var(x) for x in NUMBERS]
    given.append(given[0] * 3.0)
    expected = keys([v.value for v in given])
    assert keys(core.leaf_values(given)) == expected
    assert keys(core.leaf_values(iter(given))) == expected
    assert core.leaf_values([]) == []
    for into in (array("d", [9.0] * 6), np.zeros(6), np.zeros((6, 1)), memoryview(bytearray(48)).cast("d")):
        assert core.leaf_values(tuple(given), into) is None
        assert keys(np.ravel(into).tolist()) == expected
    raw = bytearray(49)
    core.leaf_values(given, memoryview(raw)[1:].cast("d"))  # not aligned to its items
    assert keys(struct.unpack("=x6d", raw)) == expected


def test_grads_are_read_where_all_want_one(core: Any) -> None:
    given = [core.Var(1.0, requires_grad=True) for _ in NUMBERS]
    for v, x in zip(given, NUMBERS, strict=True):
        v.grad = x
    for into in (array("d", [9.0] * 5), np.zeros(5), np.zeros((5, 1))):
        assert core.leaf_grads(given, into)
        assert keys(np.ravel(into).tolist()) == keys(NUMBERS)
    into = np.full(6, 7.0)
    assert not core.leaf_grads([*given, core.Var(2.0)], into)
    assert into.tolist() == [7.0] * 6
    with pytest.raises(TypeError, match=r"leaves\[1\] must be a Var"):
        core.leaf_grads([given[0], 2.0], into[:2])
    with pytest.raises(ValueError, match="into must have 5 items"):
        core.leaf_grads(given, into)


def test_values_are_set_all_or_none(core: Any) -> None:
    given = [core.Var(9.0, requires_grad=i > 2) for i in range(5)]
    root = given[0] * given[4]
    for to in (array("d", NUMBERS), np.array(NUMBERS), np.array(NUMBERS).reshape(5, 1)):
        core.set_leaf_values(iter(given), to)
        assert keys([v.value for v in given]) == keys(NUMBERS)
        core.set_leaf_values(given, np.zeros(5))
    core.set_leaf_values([given[0], given[0]], np.array([1.0, 2.0]))
    assert given[0].value == 2.0
    with pytest.raises(RuntimeError, match="editing leaves"):
        root.backward()
    before = [v.value for v in given]
    for bad, to, error in [
        ([*given[:4], 2.0], np.ones(5), TypeError),
        ([*given[:4], given[1] * 2.0], np.ones(5), AttributeError),
        (given, np.ones(4), ValueError),
        (given, [1.0] * 5, TypeError),
        (given, np.ones(10)[::2], TypeError),
    ]:
        with pytest.raises(error):
            core.set_leaf_values(bad, to)
        assert [v.value for v in given] == before


def test_grads_are_set_where_they_are_wanted(core: Any) -> None:
    given = [core.Var(1.0, requires_grad=i != 3) for i in range(5)]
    wanted = [v for v in given if v.requires_grad]
    for to in (array("d", NUMBERS), np.array(NUMBERS), np.array(NUMBERS).reshape(5, 1)):
        core.set_leaf_grads(iter(given), to)
        assert keys(grads_of(wanted)) == keys([*NUMBERS[:3], NUMBERS[4]])
        core.set_leaf_grads(given, -0.0)
        assert keys(grads_of(wanted)) == keys([-0.0] * 4)
    core.set_leaf_grads(given, 3)
    for bad, to, error in [
        ([*given[:4], 2.0], np.ones(5), TypeError),
        ([*given[:4], 2.0], 1.0, TypeError),
        (given, np.ones(4), ValueError),
        (given, "one", TypeError),
        (given, [1.0] * 5, TypeError),
        (given, np.ones(10)[::2], TypeError),
    ]:
        with pytest.raises(error):
            core.set_leaf_grads(bad, to)
        assert grads_of(wanted) == [3.0] * 4


def test_grads_are_added(core: Any) -> None:
    a, b, c = (core.Var(1.0, requires_grad=True) for _ in range(3))
    plain, computed = core.Var(2.0), a * b
    computed.requires_grad = True
    given = [a, plain, b, a, computed, c]
    for parts in ([1, 2.0, Fraction(1, 2), 0.25, True, -0.0], array("d", [1.0, 2.0, 0.5, 0.25, 1.0, -0.0])):
        for v in (a, b, c, computed):
            v.grad = 10.0
        core.add_grads(given, parts)
        core.add_grads(iter(given), np.array(parts, dtype=float).reshape(3, 2))
        assert grads_of([a, b, computed, c]) == [12.5, 11.0, 12.0, 10.0]
    assert not plain.requires_grad


def test_grads_are_added_one_after_the_other(core: Any) -> None:
    """So that sums agree to the bit, also where a Var is there twice."""
    x = core.Var(1.0, requires_grad=True)
    x.grad = 1.0
    core.add_grads([x, x, x], [1e16, -1e16, 3.0])
    assert x.grad == ((1.0 + 1e16) - 1e16) + 3.0 == 3.0


BAD_PARTS: dict[str, tuple[Any, type[Exception], str]] = {
    "few": ([1.0], ValueError, "parts must have 3 items"),
    "many": (np.ones(4), ValueError, "3 items of float64.* not 4"),
    "none": ((), ValueError, "not 0"),
    "bytes": (bytes(24), ValueError, "of 'B'"),
    "float32": (np.ones(6, np.float32), ValueError, "not 6 of 'f'"),
    "other byte order": (np.ones(3, ">f8" if sys.byteorder == "little" else "<f8"), ValueError, "float64"),
    "gaps": (np.ones(6)[::2], TypeError, "parts must be a C-contiguous buffer"),
    "number": (1.0, TypeError, "parts must be a C-contiguous buffer of float64, not float"),
    "None": ([1.0, None, 2.0], TypeError, r"parts\[1\] must be a real number, not NoneType"),
    "large": ([1.0, 2.0, 10**400], OverflowError, r"parts\[2\] is too large"),
}


@pytest.mark.parametrize("case", BAD_PARTS)
def test_wrong_parts(core: Any, case: str) -> None:
    parts, kind, message = BAD_PARTS[case]
    given = [core.Var(1.0, requires_grad=True) for _ in range(3)]
    with pytest.raises(kind, match=message):
        core.add_grads(given, parts)
    assert grads_of(given) == [0.0] * 3


def test_wrong_leaves(core: Any) -> None:
    x = core.Var(1.0, requires_grad=True)
    into = np.full(3, 7.0)
    for bad in (2.0, None, np.float64(1.0)):
        with pytest.raises(TypeError, match=r"leaves\[1\] must be a Var"):
            core.add_grads([x, bad, x], np.ones(3))
        for target in (None, into):
            with pytest.raises(TypeError, match=r"leaves\[1\] must be a Var"):
                core.leaf_values([x, bad, x], target)
    with pytest.raises(TypeError, match="iterable"):
        core.add_grads(1.0, np.ones(1))
    assert x.grad == 0.0
    assert into.tolist() == [7.0] * 3


def test_wrong_target(core: Any) -> None:
    given = [core.Var(1.0)] * 2
    frozen = np.zeros(2)
    frozen.flags.writeable = False
    for into in (frozen, np.zeros(4)[::2], [0.0, 0.0], bytes(16)):
        with pytest.raises(TypeError, match="into must be a writable C-contiguous buffer of float64"):
            core.leaf_values(given, into)
    for into in (np.zeros(3), np.zeros(2, np.int64), bytearray(16)):
        with pytest.raises(ValueError, match="into must have 2 items of float64"):
            core.leaf_values(given, into)


def test_recording_does_not_hear_of_it() -> None:
    """A compiled function that another one calls reads its leaves without telling the other's recorder."""
    from vargrad._core import var

    w = leaf(2.0)
    found = []

    @vargrad.compile
    def f(x: Any) -> Any:
        found.append(var.leaf_values([w]))
        var.add_grads([w], [0.5])
        return w * x

    assert f(3.0) == 6.0
    assert found == [[2.0]]
    assert w.grad == 0.5


# ---- Ctrl-C, at every place where Python would hear of it


class Interrupt:
    """A trace function that raises KeyboardInterrupt before the n-th bytecode, where a signal's handler might."""

    def __init__(self, n: int) -> None:
        self.left = n

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode":
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return self


def interrupted(run: Callable[[], object], n: int) -> bool:
    """Whether the run ends before its n-th bytecode."""
    before = sys.gettrace()
    sys.settrace(Interrupt(n))
    try:
        run()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def all_or_none(run: Callable[[], object], variables: list[Any]) -> None:
    """Interrupt the run everywhere: grads are as before, or as after the whole run."""
    for v in variables:
        v.grad = 0.0
    run()
    whole = grads_of(variables)
    assert any(whole)
    interrupted(run, 0)  # nowhere: from 3.12 on, code that is traced for the first time hides its first bytecodes
    seen, n = set(), 0
    while True:
        n += 1
        for v in variables:
            v.grad = 0.0
        stopped = interrupted(run, n)
        found = grads_of(variables)
        if not stopped:
            assert found == whole
            break
        assert found in (whole, [0.0] * len(variables)), f"half of them, at bytecode {n}"
        seen.add(found == whole)
    assert False in seen, "was never interrupted"


def test_grads_under_interrupts(core: Any) -> None:
    given = [core.Var(float(i), requires_grad=True) for i in range(4)]
    all_or_none(lambda: core.add_grads(given, [1.0, 2.0, 3.0, 4.0]), given)


def test_backward_under_interrupts(impl: Implementation) -> None:
    x, y, z = given = leaves(impl, 1.0, 2.0, 3.0)
    root = (x * y + z).sin() * x

    def run() -> None:
        root.backward()

    all_or_none(run, given)
    with impl.detect_anomaly():  # the walk in Python, of both twins
        all_or_none(run, given)


def test_backward_of_a_compiled_function_under_interrupts() -> None:
    """Of two paths, which have leaves of their own and one in common."""
    v, w, b = given = [leaf(2.0), leaf(-1.0), leaf(0.5)]
    f = vargrad.compile(lambda x: v * x + b if x > 0 else w * x * b)
    rows = np.array([1.0, -2.0, 3.0, -0.5])
    all_or_none(lambda: f.backward(rows), given)
