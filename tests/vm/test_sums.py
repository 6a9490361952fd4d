"""Sums over the rows of a batch: the machines against the order that csrc/vm/sums.h promises, row by row in Python."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import vargrad
from replay import COMMON, EXACT, NAMES, Array, at_random, same, sample
from twins import Implementation
from vargrad._vm import machine_py
from vargrad._vm.program import Program

ROW_COUNTS = (1, 2, 7, 8, 9, 63, 64, 65, 100, 511, 1000, 1023, 1024, 1025, 2049, 8192, 8193, 11_111)


def halves(x: list[float]) -> float:
    while len(x) > 1:
        x = [a + b for a, b in zip(x[: len(x) // 2], x[len(x) // 2 :], strict=True)]
    return x[0]


def segment(x: list[float]) -> float:
    lanes = [-0.0] * 8
    for start in range(0, len(x), 64):
        group = x[start : start + 64] + [-0.0] * 64
        lanes = [lane + halves(group[j:64:8]) for j, lane in enumerate(lanes)]
    return halves(lanes)


def in_order(rows: Array, stays: Array | None = None) -> float:
    x = rows.tolist() if stays is None else np.where(stays == 1.0, rows, -0.0).tolist()
    parts = [segment(x[start : start + 1024]) for start in range(0, len(x), 1024)]
    while len(parts) > 1:
        parts = [sum(parts[i + 1 : i + 2], parts[i]) for i in range(0, len(parts), 2)]
    return parts[0]


@pytest.fixture(scope="module")
def machines(twins: list[Implementation]) -> list[Callable[[Any], Any]]:
    """How to build a machine: in Python, and for each instruction set."""

    def build(isa: str) -> Callable[[Any], Any]:
        import vargrad._vm.machine_c as c

        return lambda p: c.Machine(p, isa)

    found: list[Callable[[Any], Any]] = [machine_py.Machine]
    if len(twins) > 1:
        import vargrad._vm.machine_c

        found += map(build, vargrad._vm.machine_c.instruction_sets())
    return found


def cases(seed: int, count: int) -> Iterator[tuple[Any, list[Array], int]]:
    rng, numbers = random.Random(seed), np.random.default_rng(seed)
    exact = sorted([*(EXACT.keys() - {"copysign"}), *COMMON])
    for _ in range(count):
        p = at_random(rng, rng.choice([1, 3, 10, 40, 200]), exact)
        rows = rng.choice(ROW_COUNTS)
        plain = Program(p.n_inputs, p.n_registers, p.constants, p.code, p.outputs)
        yield plain, [sample(numbers, 1 if rng.random() < 0.3 else rows) for _ in range(p.n_inputs)], rows


def test_programs_at_random_in_the_same_order_everywhere(machines: list[Any]) -> None:
    for p, inputs, rows in cases(1, 60):
        out = np.empty((len(p.outputs), rows))
        machine_py.Machine(p).run(inputs, [out])
        expected = [in_order(x) for x in out]
        for machine in machines:
            for workers in (1, 3):
                assert same(machine(p).add_up(inputs, rows, None, workers), expected)


def test_rows_that_do_not_stay_add_nothing(machines: list[Any]) -> None:
    """Neither infinities nor nan of theirs; the last output tells, here a comparison."""
    for p, inputs, rows in cases(2, 60):
        code = [*p.code.tolist(), [NAMES.index("lt"), p.n_registers, 0, int(p.code[-1, 1]), 0]]
        p = Program(
            p.n_inputs,
            p.n_registers + 1,
            p.constants,
            np.array(code, np.int32),
            np.array([*p.outputs.tolist(), p.n_registers], np.int32),
        )
        out = np.empty((len(p.outputs), rows))
        machine_py.Machine(p).run(inputs, [out])
        for machine in machines:
            stays = np.full(rows, 7.0)
            found = machine(p).add_up(inputs, rows, stays)
            assert same(stays, out[-1])
            assert same(found, [in_order(x, stays) for x in out[:-1]])


def test_no_rows_and_no_outputs(machines: list[Any]) -> None:
    for p, inputs, _ in cases(3, 5):
        for machine in machines:
            assert machine(p).add_up([x[:1] for x in inputs], 0).tolist() == [0.0] * len(p.outputs)


def test_calls_that_do_not_fit_are_refused(machines: list[Any]) -> None:
    p = Program(1, 2, np.empty(0), np.array([[NAMES.index("neg"), 1, 0, 0, 0]], np.int32), np.array([1], np.int32))
    x = np.ones(9)
    for machine in machines[1:]:
        for given, rows, options, match in (
            ([x], 8, {}, "has 9 rows, expected 8"),
            ([x], -1, {}, "expected a count"),
            ([x], 9, {"stays": np.ones(8)}, "stays has 8 rows"),
            ([x], 9, {"workers": 0}, "expected 1 or more"),
            ([], 9, {}, "takes 1 inputs"),
        ):
            with pytest.raises(ValueError, match=match):
                machine(p).add_up(given, rows, **options)


def test_many_values_alive_at_once(machines: list[Any]) -> None:
    """Blocks of fewer rows than a group, in a program with tens of thousands of registers."""
    n, rows = 40_000, 130
    first = [[NAMES.index("add"), 1 + i, 0, i, 0] for i in range(n)]
    then = [[NAMES.index("add"), 1 + n + i, 1 + i, (n + i) if i else 1, 0] for i in range(n)]
    code = np.array(first + then, np.int32)
    p = Program(1, 1 + 2 * n, np.empty(0), code, np.array([2 * n, n], np.int32))
    x = np.random.default_rng(0).normal(size=rows) * 1e-30
    out = np.empty((2, rows))
    machine_py.Machine(p).run([x], [out])
    for machine in machines:
        assert same(machine(p).add_up([x], rows), [in_order(row) for row in out])


def test_backward_adds_what_single_rows_give() -> None:
    """The true sum is within the promised order's error; two threads and one have equal bits."""
    w = vargrad.Var(0.75, requires_grad=True)
    f = vargrad.compile(lambda x: vargrad.math.sin(w * x) if x < 0.5 else w * w * x)
    x = np.random.default_rng(1).random(50_000)
    for _ in range(3):  # its paths are merged, which changes the order
        f.backward(x)
    sums = []
    for workers in (1, 2, 1):
        w.grad = 0.0
        sums.append((f.backward(x, workers=workers), w.grad))
    assert sums[0] == sums[1] == sums[2]
    by_rows = vargrad.compile(lambda v, x: vargrad.math.sin(v * x) if x < 0.5 else v * v * x).value_and_grad(
        0.75, x, argnums=0
    )
    for found, rows in zip(sums[0], by_rows, strict=True):
        assert found == pytest.approx(math.fsum(rows), rel=1e-14)
