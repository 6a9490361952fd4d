"""The compiled machine: memory of results that is used again, and memory that is refused."""

from __future__ import annotations

import gc
import random
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import vargrad
from refusals import with_each_refused
from replay import NAMES, program
from twins import Implementation
from vargrad._compile.paths import Output
from vargrad._vm.program import Program

MIB = 1 << 20


@pytest.fixture
def c(compiled: Implementation) -> Iterator[Any]:
    """The compiled machine's module, with nothing kept by earlier tests."""
    import vargrad._vm.machine_c as c

    spare = [c.empty(size // 8) for size in (32 * MIB, 32 * MIB, 64 * MIB)]  # fill it with these sizes
    del spare
    yield c
    c.limit_allocations(-1)


def test_a_large_result_takes_the_place_of_one_let_go(c: Any) -> None:
    a = c.empty(2_000_000)
    assert a.shape == (2_000_000,)
    assert a.dtype == np.float64
    assert a.flags.writeable
    assert a.ctypes.data % 64 == 0
    a[:] = 1.0
    where = a.ctypes.data
    view = a[10:20]
    del a
    b = c.empty(2_000_000)
    assert b.ctypes.data != where  # a part of it is still in use
    assert view.tolist() == [1.0] * 10
    del view
    gc.collect()
    again = c.empty(2_000_000)
    if c.spare_bytes_limit:
        assert again.ctypes.data == where
    again[:] = 2.0
    b[:] = 3.0
    assert again.sum() == 4e6


def test_what_is_kept_is_bounded(c: Any) -> None:
    rng = random.Random(0)
    alive: list[Any] = []
    for _ in range(400):
        if alive and rng.random() < 0.5:
            array, value = alive.pop(rng.randrange(len(alive)))
            assert array[0] == array[-1] == value
            del array
        else:
            array = c.empty(rng.choice([10, 131_072, 200_000, 1_200_000, 3_000_000, 9_000_000]))
            value = rng.random()
            array[0] = array[-1] = value
            alive.append((array, value))
            del array
        if len(alive) > 8:
            alive.pop(0)
        assert 0 <= c.spare_bytes() <= c.spare_bytes_limit
    spans = sorted((x.ctypes.data, x.nbytes) for x, _ in alive)
    assert all(a + size <= b for (a, size), (b, _) in pairwise(spans))


def test_sizes_that_no_machine_has(c: Any) -> None:
    for count in (2**45, 2**59, 2**60, 2**61 - 1):
        with pytest.raises((MemoryError, ValueError)):
            c.empty(count)
    with pytest.raises(OverflowError):
        c.empty(-1)


def everything(c: Any) -> list[Any]:
    """Each of the machine's ways to be used, once."""
    add, exp, mul = (NAMES.index(name) for name in ("add", "exp", "mul"))
    code = [[add, 4, 0, 1, 0], [exp, 5, 4, 0, 0], [mul, 6, 5, 2, 0], *([mul, 7 + i, 6 + i, 3, 0] for i in range(300))]
    machine = c.Machine(program(code, [0.5, 0.25], 2, 307, [306, 5, 0]))
    x, y = np.linspace(0, 1, 50_000), np.linspace(1, 2, 50_000)
    results = []
    for workers in (1, 3):
        for given in ([x, y], [x[:1].copy(), y], [x[:1].copy(), y[:1].copy()]):
            out = [c.empty(50_000) for _ in range(2)] + [np.empty(50_000)]
            machine.run(given, out, workers)
            results.append(np.array(out))
            results.append(machine.add_up(given, 50_000, None, workers))
    same_array = x.copy()
    machine.run([same_array, y], [same_array, np.empty(50_000), np.empty(50_000)])
    row = np.empty(3)
    machine.row(np.array([0.5, 0.75]), row)
    kernel = np.empty(9)
    c.kernel("exp", c.instruction_set(), x[:9].copy(), x[:9].copy(), kernel)
    large = c.empty(1_200_000)
    large[:] = 1.0
    return [*results, same_array, row, machine.point([0.5, 0.75]), kernel, large]


def hundred(x: Any) -> Any:
    """A loop that repeats itself, which one row runs as lanes."""
    total = 0.0
    for a, b in pairwise(x):
        total = total + 100.0 * (b - a * a) ** 2 + vargrad.math.exp(1.0 - a)
    return total


def repeating(c: Any) -> list[Any]:
    """The same for a long program that repeats itself, and for the way from a call's arguments."""
    machine = c.Machine(program_of(hundred))
    x, row, many = np.linspace(-1.0, 1.0, 100), np.empty(100), np.empty((100, 40))
    machine.row(x, row)
    machine.run([np.ascontiguousarray(np.repeat(x[:, None], 40, 1))], [many])
    sums = machine.add_up([np.ascontiguousarray(np.repeat(x[:, None], 2, 1))], 2, np.empty(2))
    return [row, many, sums, c.Shortcut(machine, [(100,)], [(100,)], False, True)((x,))]


@cache
def program_of(function: Any) -> Program:
    """The program of the gradient by a vector of a hundred numbers."""
    f = vargrad.compile(function, signature="(n)->()")
    f.grad(np.linspace(-1.0, 1.0, 100))
    ((path,),) = (specialization.paths for specialization in f._specializations.values())
    return path.program(Output("grad", (0,)))


@pytest.mark.parametrize("everything", [everything, repeating])
def test_each_allocation_may_be_refused(everything: Callable[[Any], list[Any]], c: Any) -> None:
    """MemoryError each time, and the next attempt is right; what was taken goes back."""
    expected = everything(c)
    found, refused = with_each_refused(c, lambda: everything(c))
    assert refused > 60
    assert all(map(np.array_equal, found, expected))
    assert all(map(np.array_equal, everything(c), expected))


def test_helpers_without_memory_leave_the_work_to_others(c: Any) -> None:
    """Only the first thread's workspace is indispensable."""
    machine = c.Machine(program([[NAMES.index("exp"), 1, 0, 0, 0]], [], 1, 2, [1]))
    x = np.linspace(0, 1, 2_000_000)
    expected, out = np.empty_like(x), np.empty_like(x)
    machine.run([x], [expected])
    budget = 0
    while True:  # up to the first run that succeeds: the helpers get nothing
        c.limit_allocations(budget)
        try:
            machine.run([x], [out], workers=4)
        except MemoryError:
            assert budget < 20
            budget += 1
        else:
            break
        finally:
            c.limit_allocations(-1)
    assert np.array_equal(out, expected)
