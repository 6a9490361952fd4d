"""The compiled machine: programs at random against the same operations one by one."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from replay import COMMON, EXACT, NAMES, Array, at_random, one_by_one, program, same, sample
from twins import Implementation
from vargrad._vm import machine_py
from vargrad._vm.program import Program

ROW_COUNTS = (0, 1, 7, 8, 9, 95, 96, 97, 511, 512, 513, 1999)


@pytest.fixture(scope="module")
def c(compiled: Implementation) -> Any:
    """The compiled machine's module."""
    import vargrad._vm.machine_c

    return vargrad._vm.machine_c


def cases(seed: int, count: int) -> Iterator[tuple[SimpleNamespace, list[Array], int]]:
    """Programs with inputs, some of which are one number for all rows."""
    rng, numbers = random.Random(seed), np.random.default_rng(seed)
    anything = [name for name in NAMES if name != "round"] + COMMON
    for i in range(count):
        usable = [*EXACT, *COMMON] if i % 2 else anything
        p = at_random(rng, rng.choice([1, 3, 10, 40, 200]), usable)
        rows = rng.choice(ROW_COUNTS)
        yield p, [sample(numbers, 1 if rng.random() < 0.3 else rows) for _ in range(p.n_inputs)], rows


def test_operations_are_numbered_as_the_sheet_says(c: Any) -> None:
    assert list(c.OPCODES) == NAMES
    assert list(c.OPCODES.values()) == list(range(len(NAMES)))


def test_programs_at_random(c: Any) -> None:
    for isa in c.instruction_sets():
        for p, inputs, rows in cases(1, 250):
            out = [np.full(rows, 7.0) for _ in p.outputs]
            c.Machine(p, isa).run(inputs, out)
            either = [one_by_one(p, inputs, rows, c, isa, sign) for sign in (1.0, -1.0)]
            for got, expected, other in zip(out, *either, strict=True):
                assert same(got, expected) or not same(expected, other)


@pytest.mark.parametrize("name", ["fmax", "fmin"])
@pytest.mark.parametrize("rows", [1, 9])
def test_zeros_of_either_sign_in_both_machines(c: Any, name: str, rows: int) -> None:
    code = np.array([[NAMES.index(name), 2, 0, 1, 0]], np.int32)
    program = Program(2, 3, np.empty(0), code, np.array([2], np.int32))
    for x, y in [(0.0, -0.0), (-0.0, 0.0)]:
        got, expected = np.empty(rows), np.empty(rows)
        c.Machine(program).run([np.full(rows, x), np.full(rows, y)], [got])
        machine_py.Machine(program).run([np.full(rows, x), np.full(rows, y)], [expected])
        assert same(got, expected)
        assert same(got, np.full(rows, y))  # the formula's: not less and not more, so the second one


def test_the_twin_says_the_same(c: Any) -> None:
    """machine_py's machine, to the bit where IEEE leaves no choice; elsewhere kernels may be 2 ulp off, one by one."""
    for p, inputs, rows in cases(7, 800):
        if not {NAMES[op] for op in p.code[:, 0]} <= EXACT.keys() - {"copysign"}:  # a nan has any sign
            continue
        plain = Program(p.n_inputs, p.n_registers, p.constants, p.code, p.outputs)
        got, expected = ([np.empty(rows) for _ in p.outputs] for _ in range(2))
        c.Machine(plain).run(inputs, got)
        machine_py.Machine(plain).run(inputs, expected)
        for a, b in zip(got, expected, strict=True):
            assert same(a, b)
        if rows and all(len(x) for x in inputs):
            point = [float(x[0]) for x in inputs]
            assert same(c.Machine(plain).point(point), machine_py.Machine(plain).point(point))


def test_every_row_count(c: Any) -> None:
    rng = random.Random(2)
    for length in (1, 30, 400):
        p = at_random(rng, length, [*EXACT, *COMMON])
        machine = c.Machine(p)
        x = [sample(np.random.default_rng(i), 1200) for i in range(p.n_inputs)]
        expected = one_by_one(p, x, 1200, c, machine.isa)
        for rows in (*range(70), *range(500, 530), 1200):
            out = [np.empty(rows) for _ in p.outputs]
            machine.run([v[:rows].copy() for v in x], out)
            for got, e in zip(out, expected, strict=True):
                assert same(got, e[:rows])


@pytest.mark.parametrize(("alive", "rows"), [(60, 300), (700, 300), (3000, 140), (6000, 37), (40_000, 70)])
def test_many_values_alive_at_once(alive: int, rows: int, c: Any) -> None:
    """Blocks as long as the caches and a bounded memory allow, down to one vector; one input is a single number."""
    n = alive
    first = [[NAMES.index("add"), 2 + i, 0, i, 0] for i in range(n)]
    then = [[NAMES.index("mul"), 2 + n + i, 2 + i, (2 + n + i - 1) if i else 1, 0] for i in range(n)]
    p = program(first + then, [], 2, 2 + 2 * n, [2 * n, n])
    x, one = sample(np.random.default_rng(0), rows), np.array([1.5])
    for isa in c.instruction_sets() if n < 10_000 else c.instruction_sets()[-1:]:
        machine = c.Machine(p, isa)
        expected = one_by_one(p, [x, np.full(rows, 1.5)], rows, c, isa)
        for few in {*range(1, rows, 61), 8, 9, rows - rows % 8, rows}:
            out = [np.empty(few), np.empty(few)]
            machine.run([x[:few].copy(), one], out)
            for got, e in zip(out, expected, strict=True):
                assert same(got, e[:few])


def test_a_point_is_a_row(c: Any) -> None:
    for isa in c.instruction_sets():
        for p, inputs, rows in cases(3, 150):
            if rows == 0 or any(len(x) == 0 for x in inputs):
                continue
            machine = c.Machine(p, isa)
            out = [np.empty(1) for _ in p.outputs]
            machine.run([x[:1].copy() for x in inputs], out)
            point = machine.point([float(x[0]) for x in inputs])
            assert same(point, [x[0] for x in out])
            assert same(machine.point(tuple(float(x[0]) for x in inputs)), point)


@pytest.mark.parametrize("outputs", [[6], [6, 5], [6, 4], [6, 3], [6, 7]])
@pytest.mark.parametrize("zero", [0.0, -0.0, 1.0, math.nan])
def test_exponentials_of_a_magnitude(outputs: list[int], zero: float, c: Any) -> None:
    """exp(a >= 0 ? -a : a) is shortened, where nobody else reads its parts and the constant is zero."""
    neg, le, select, exp, add = (NAMES.index(name) for name in ("neg", "le", "select", "exp", "add"))
    code = [[neg, 3, 0, 0, 0], [le, 4, 1, 0, 0], [select, 5, 3, 0, 4], [exp, 6, 5, 0, 0], [add, 7, 4, 2, 0]]
    p = program(code[: max(outputs) - 2], [zero, 2.0], 1, max(outputs) + 1, outputs)
    x = np.concatenate([sample(np.random.default_rng(0), 40) * 3.0, [0.0, -0.0, math.inf, -math.inf, math.nan]])
    for isa in c.instruction_sets():
        machine = c.Machine(p, isa)
        out = [np.empty(len(x)) for _ in outputs]
        machine.run([x], out)
        for got, expected in zip(out, one_by_one(p, [x], len(x), c, isa), strict=True):
            assert same(got, expected)
        row = np.empty(len(outputs))
        for i in range(len(x)):
            machine.row(x[i : i + 1], row)
            assert same(row, [v[i] for v in out])


def test_activations_are_the_sheets_value(c: Any) -> None:
    """Kernels with a shortcut of their own: the same numbers with fewer exponentials."""
    from vargrad._ops import formula

    x = np.concatenate([np.linspace(-800, 800, 3001), [math.inf, -math.inf, math.nan, 0.0, -0.0, 5e-324]])
    out = np.empty_like(x)
    for name in ("sigmoid", "softplus", "silu", "gelu"):
        value = formula.value(name, formula.IEEE)
        expected = np.array([value(float(v)) for v in x])
        for isa in c.instruction_sets():
            c.kernel(name, isa, x, x, out)
            assert np.allclose(out, expected, rtol=2e-15, atol=1e-323, equal_nan=True)


def test_arrays_of_several_rows_feed_several_inputs(c: Any) -> None:
    add, mul = NAMES.index("add"), NAMES.index("mul")
    p = program([[add, 3, 0, 1, 0], [mul, 4, 3, 2, 0]], [], 3, 5, [3, 4])
    both = np.arange(20.0).reshape(2, 10)
    out = np.empty((2, 10))
    machine = c.Machine(p)
    machine.run([both, np.array([3.0])], [out])
    assert np.array_equal(out, [both.sum(0), both.sum(0) * 3])
    machine.run([np.array([[1.0], [2.0], [4.0]])], [out[0], out[1]])
    assert np.array_equal(out, np.repeat([[3.0], [12.0]], 10, axis=1))


def test_workers_and_threads(c: Any) -> None:
    """One machine, run by several threads at once, each with several workers."""
    p = at_random(random.Random(4), 60, [*EXACT, *COMMON])
    machine = c.Machine(p)
    inputs = [sample(np.random.default_rng(i), 200_000) for i in range(p.n_inputs)]
    expected = one_by_one(p, inputs, 200_000, c, machine.isa)

    def run(workers: int) -> list[Array]:
        out = [np.empty(200_000) for _ in p.outputs]
        machine.run(inputs, out, workers=workers)
        return out

    with ThreadPoolExecutor(4) as pool:
        for out in pool.map(run, [1, 2, 3, 1, 2, 5]):
            for got, e in zip(out, expected, strict=True):
                assert same(got, e)


def test_out_may_be_an_input(c: Any) -> None:
    for p, inputs, rows in cases(5, 200):
        if rows < 2 or any(len(x) == 1 for x in inputs):
            continue
        machine = c.Machine(p)
        expected = one_by_one(p, inputs, rows, c, machine.isa)
        out = [inputs[k] if k < len(inputs) else np.empty(rows) for k in range(len(p.outputs))]
        machine.run(inputs, out)
        for got, e in zip(out, expected, strict=True):
            assert same(got, e)


def test_out_that_overlaps_otherwise_is_refused(c: Any) -> None:
    p = program([[NAMES.index("neg"), 1, 0, 0, 0]], [], 1, 2, [1])
    two = program([[NAMES.index("neg"), 1, 0, 0, 0]], [], 1, 2, [1, 0])
    x = np.arange(100.0)
    with pytest.raises(ValueError, match="overlaps"):
        c.Machine(p).run([x[:-1]], [x[1:]])
    with pytest.raises(ValueError, match="overlaps"):
        c.Machine(two).run([np.ones(50)], [x[:50], x[10:60]])
    with pytest.raises(ValueError, match="overlaps"):
        c.Machine(two).run([np.ones(50)], [x[:50], x[:50]])
    assert np.array_equal(x, np.arange(100.0))
    c.Machine(p).run([x[:50]], [x[50:]])
    assert np.array_equal(x[50:], -np.arange(50.0))
    c.Machine(p).run([x[3:4]], [x])  # one number for all rows is read before anything is written
    assert np.array_equal(x, np.full(100, -3.0))


@pytest.mark.parametrize("order", ["erf first", "gauss first", "erf twice", "erf alone"])
def test_erf_and_its_slope_are_the_same_together_and_alone(order: str, c: Any) -> None:
    """The machine computes erf from gauss where both are wanted: to the bit what the kernels say."""
    erf, gauss, add, mul = (NAMES.index(name) for name in ("erf", "gauss", "add", "mul"))
    code = {
        "erf first": [[erf, 2, 0, 0, 0], [gauss, 3, 0, 0, 0], [add, 4, 2, 1, 0], [mul, 5, 3, 1, 0]],
        "gauss first": [[gauss, 2, 0, 0, 0], [erf, 3, 0, 0, 0], [add, 4, 2, 1, 0], [mul, 5, 3, 1, 0]],
        "erf twice": [[erf, 2, 0, 0, 0], [erf, 3, 1, 0, 0], [gauss, 4, 0, 0, 0], [add, 5, 2, 3, 0]],
        "erf alone": [[erf, 2, 0, 0, 0], [gauss, 3, 1, 0, 0], [add, 4, 2, 3, 0], [mul, 5, 2, 4, 0]],
    }[order]
    code = [[op, out, a, b * (op in (add, mul)), 0] for op, out, a, b, _ in code]
    p = program(code, [], 2, 6, [5, 4, 3, 2])
    x = [np.concatenate([sample(np.random.default_rng(i), 300), [6.5, -30.0, 1e200]]) for i in range(2)]
    for isa in c.instruction_sets():
        for given in (x, [x[0][:1].copy(), x[1]], [x[0], x[1][:1].copy()]):
            out = [np.empty(303) for _ in p.outputs]
            c.Machine(p, isa).run(given, out)
            for got, expected in zip(out, one_by_one(p, given, 303, c, isa), strict=True):
                assert same(got, expected)


@pytest.mark.parametrize("n", [0, 1, 7, 8, 65, 300])
def test_transposed(c: Any, n: int) -> None:
    for module in (c, machine_py):
        for m in (0, 1, 3, 64, 130):
            x = np.random.default_rng(n).normal(size=(n, m))
            found = module.transposed(x)
            assert found.shape == (m, n)
            assert found.flags.c_contiguous
            assert (found == x.T).all()
            assert not np.shares_memory(found, x)
