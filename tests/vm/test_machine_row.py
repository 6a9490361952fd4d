"""One row through both machines: as Machine.run says, and refused where it does not fit."""

from __future__ import annotations

import random
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from replay import ARITY, EXACT, NAMES, at_random, program, same, sample
from twins import Implementation
from vargrad._vm.program import Program


@pytest.fixture(scope="module")
def machines(twins: list[Implementation]) -> list[ModuleType]:
    """The machines' modules."""
    from vargrad._vm import machine_py

    if len(twins) == 1:
        return [machine_py]
    import vargrad._vm.machine_c

    return [machine_py, vargrad._vm.machine_c]


def as_program(p: Any) -> Program:
    return Program(p.n_inputs, p.n_registers, p.constants, p.code, p.outputs)


def test_a_row_is_a_batch_of_one(machines: list[ModuleType]) -> None:
    """To the bit, on every instruction set, also where the result overwrites its own operands."""
    rng, numbers = random.Random(11), np.random.default_rng(11)
    usable = [name for name in NAMES if name != "round"]
    for _ in range(200):
        p = as_program(at_random(rng, rng.choice([1, 3, 10, 40, 200]), usable))
        x = sample(numbers, p.n_inputs)
        for module in machines:
            for isa in module.instruction_sets() if hasattr(module, "instruction_sets") else [None]:
                machine = module.Machine(p, isa) if isa else module.Machine(p)
                expected, out = np.empty((len(p.outputs), 1)), np.empty(len(p.outputs))
                machine.run([x.reshape(-1, 1)], [expected])
                machine.row(x, out)
                assert same(out, expected[:, 0])
                room = np.concatenate([x, np.zeros(len(p.outputs))])
                machine.row(room[: len(x)], room[: len(p.outputs)])
                assert same(room[: len(p.outputs)], out)


def wide(rng: random.Random, names: list[str], width: int, depth: int) -> Any:
    """Layers of as many operations, each on the layers before: equal ones become lanes of one kernel."""
    code: list[list[int]] = []
    for _ in range(depth):
        known = 3 + len(code)
        for _ in range(width):
            name = rng.choice(names)
            operands = [rng.randrange(known) for _ in range(ARITY[name])]
            code.append([NAMES.index(name), 3 + len(code), *operands, *[0] * (3 - len(operands))])
    outputs = [rng.randrange(3 + len(code)) for _ in range(20)]
    return as_program(program(code, [0.75], 2, 3 + len(code), outputs))


def test_equal_operations_side_by_side(compiled: Implementation) -> None:
    """Any number of them, of every kind, also angles that no vector reduces: as one by one, to the bit."""
    from vargrad._vm import machine_c

    rng = random.Random(13)
    points = [(0.3, -1.7), (1e300, 0.5), (np.nan, -0.0), (np.inf, 700.0)]
    for name in NAMES:
        if name == "round":
            continue
        for width in (1, 2, 3, 4, 5, 8, 9, 21):
            p = wide(rng, [name, name, "add", "mul"], width, 3)
            for isa in machine_c.instruction_sets():
                machine = machine_c.Machine(p, isa)
                out, expected = np.empty(20), np.empty((20, 1))
                for point in points:
                    x = np.array(point)
                    machine.run([x.reshape(-1, 1)], [expected])
                    machine.row(x, out)
                    assert same(out, expected[:, 0])


def test_long_rows(compiled: Implementation) -> None:
    """Programs up to, and beyond, what is put into an order of its own."""
    from vargrad._vm import machine_c

    rng = random.Random(14)
    for depth in (400, 1500):
        p = wide(rng, ["tanh", "mul", "sin"], 12, depth)
        machine = machine_c.Machine(p)
        out, expected, x = np.empty(20), np.empty((20, 1)), np.array([0.4, -0.2])
        machine.run([x.reshape(-1, 1)], [expected])
        for _ in range(2):
            machine.row(x, out)
            assert same(out, expected[:, 0])
        assert same(machine.point([0.4, -0.2]), out)


def test_the_twins_agree(machines: list[ModuleType]) -> None:
    rng, numbers = random.Random(12), np.random.default_rng(12)
    usable = sorted(EXACT.keys() - {"copysign"})  # a nan has any sign
    for length in (0, 1, 5, 60, 60, 60, 700):
        p = as_program(at_random(rng, length, usable))
        x = sample(numbers, p.n_inputs)
        found = [np.empty(len(p.outputs)) for _ in machines]
        for module, out in zip(machines, found, strict=True):
            module.Machine(p).row(x, out)
        for out in found:
            assert same(out, found[0])


def test_rows_that_do_not_fit(machines: list[ModuleType]) -> None:
    p = as_program(program([[NAMES.index("add"), 3, 0, 1, 0]], [2.0], 2, 4, [3, 0, 3]))
    x, out = np.array([1.0, 2.0]), np.full(3, 7.0)
    locked = out.copy()
    locked.flags.writeable = False
    bad = [
        (np.ones(3), out, "x has 3 items, expected 2"),
        (np.ones(0), out, "x has 0 items, expected 2"),
        (x, np.ones(2), "out has 2 items, expected 3"),
        (np.ones(4)[::2], out, "x.* C-contiguous"),
        (x, np.ones(6)[::2], "out.* C-contiguous"),
        (x.astype(np.float32), out, "x.* float64"),
        (x.astype(">f8"), out, "x.* float64"),
        (x, out.astype(int), "out.* float64"),
        (x, locked, "read-only|writable"),
    ]
    for module in machines:
        machine = module.Machine(p)
        for given, into, match in bad:
            with pytest.raises(ValueError, match=match):
                machine.row(given, into)
        assert out.tolist() == [7.0, 7.0, 7.0]
        machine.row(x.reshape(2, 1, 1), (cube := np.zeros((1, 1, 3))))
        assert cube.ravel().tolist() == [3.0, 1.0, 3.0]
