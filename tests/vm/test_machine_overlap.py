"""Arrays of a machine's call that share memory, and sequences that change while they are looked at: both twins."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from vargrad._ops.codes import NAMES
from vargrad._vm import machine as _program_core
from vargrad._vm import machine_py
from vargrad._vm.program import Program

MODULES = sorted({machine_py, _program_core.module}, key=lambda module: module.IMPLEMENTATION)
ROWS = (2, 3, 5, 9, machine_py.CHUNK + 5)


@pytest.fixture(params=MODULES, ids=lambda module: module.IMPLEMENTATION)
def module(request: pytest.FixtureRequest) -> Any:
    return request.param


def program(rng: random.Random, inputs: int) -> Program:
    """Of a few operations, of which some results are inputs as they are."""
    code = []
    for out in range(inputs, inputs + rng.choice([0, 1, 3, 8])):
        op = rng.choice(["add", "mul", "sub", "neg"])
        code.append([NAMES.index(op), out, rng.randrange(out), 0 if op == "neg" else rng.randrange(out), 0])
    registers = inputs + len(code)
    outputs = [rng.randrange(registers) for _ in range(rng.randint(1, 3))]
    table = np.array(code, np.int32).reshape(-1, 5)
    return Program(inputs, registers, np.zeros(0), table, np.array(outputs, np.int32))


def test_arrays_that_overlap_are_computed_right_or_refused(module: Any) -> None:
    """Outputs shifted against inputs, also where another input stands between: as from copies, or an error."""
    rng, counts = random.Random(3), {"right": 0, "refused": 0}
    for seed in range(1500):
        rows, inputs = rng.choice(ROWS), rng.randint(1, 3)
        p = program(rng, inputs)
        machine = module.Machine(p)
        memory = np.random.default_rng(seed).normal(size=4 * rows + 16)
        starts = [0, rows, 2 * rows, 1, rows - 1, rng.randrange(8)]
        where = [rng.choice(starts) for _ in range(inputs + len(p.outputs))]
        views = [memory[k : k + rows] for k in where]
        given, out = views[:inputs], views[inputs:]
        expected = [np.empty(rows) for _ in out]
        machine.run([x.copy() for x in given], expected)
        before = memory.copy()
        apart = all(a == b or abs(a - b) >= rows for a in where[inputs:] for b in where[:inputs])
        apart = apart and all(abs(a - b) >= rows for i, a in enumerate(where[inputs:]) for b in where[inputs:][:i])
        if apart:
            machine.run(given, out)
            assert all(map(np.array_equal, out, expected)), (rows, where)
        else:
            with pytest.raises(ValueError, match="overlaps another array"):
                machine.run(given, out)
            assert np.array_equal(memory, before)
        counts["right" if apart else "refused"] += 1
    assert min(counts.values()) > 300


def negation() -> Program:
    return Program(1, 2, np.zeros(0), np.array([[NAMES.index("neg"), 1, 0, 0, 0]], np.int32), np.array([1], np.int32))


def test_one_number_for_all_rows_is_read_first(module: Any) -> None:
    x = np.arange(100.0)
    module.Machine(negation()).run([x[3:4]], [x])
    assert np.array_equal(x, np.full(100, -3.0))


class Growing(list[Any]):
    """Many items longer, of no rows each, whenever somebody asks for its length."""

    def __len__(self) -> int:
        self += [np.ones((0, 3))] * 1000
        return super().__len__()


def test_a_sequence_that_grows_is_looked_at_once(module: Any) -> None:
    machine, out = module.Machine(negation()), np.empty(3)
    for _ in range(20 if module.IMPLEMENTATION == "compiled" else 2):  # in C it read what was freed, now and then
        machine.run(Growing([np.ones(3)]), Growing([out]))
    assert out.tolist() == [-1.0] * 3


class Shrinking(int):
    """A number that empties the list it stands in."""

    def __float__(self) -> float:
        POINT.clear()
        POINT.append(0.0)
        return 1.0


POINT: list[Any] = []


def test_a_point_that_shrinks_is_read_as_it_was(module: Any) -> None:
    code = np.array([[NAMES.index("add"), 40, 38, 39, 0]], np.int32)
    machine = module.Machine(Program(40, 41, np.zeros(0), code, np.array([40], np.int32)))
    POINT[:] = [Shrinking(1), *map(float, range(39))]
    assert machine.point(POINT) == (37.0 + 38.0,)
