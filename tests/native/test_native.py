"""Machine code and the interpreter, side by side: equal to the bit, whatever way a program is run."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import repeating
import vargrad
from replay import NAMES, at_random, program, sample
from vargrad._native import service
from vargrad._vm.program import Program

pytest.importorskip("llvmlite", reason="llvmlite is not installed")
USABLE = [name for name in NAMES if name != "round"]


@pytest.fixture(scope="module")
def machine(compiled: Any) -> ModuleType:
    import vargrad._vm.machine_c

    return vargrad._vm.machine_c


@pytest.fixture(autouse=True)
def _nothing_failed() -> Iterator[None]:
    yield
    assert service.reason() == ""


def same(a: Any, b: Any) -> bool:
    a, b = np.asarray(a, float), np.asarray(b, float)
    return a.shape == b.shape and bool(((a.view(np.int64) == b.view(np.int64)) | (np.isnan(a) & np.isnan(b))).all())


def as_program(p: Any) -> Program:
    return Program(p.n_inputs, p.n_registers, p.constants, p.code, p.outputs)


def pair(machine: ModuleType, p: Program, isa: str | None = None) -> tuple[Any, Any]:
    return machine.Machine(p, isa, "off"), machine.Machine(p, isa, "now")


def runs_native(m: Any) -> bool:
    return all(unit.is_native for _, unit in m.units())


def batch(m: Any, inputs: list[Any], rows: int, outputs: int) -> Any:
    out = np.empty((outputs, rows))
    m.run(inputs, list(out))
    return out


@pytest.mark.parametrize("seed", range(12))
def test_random_programs(machine: ModuleType, seed: int) -> None:
    """As batches, with some inputs the same for all rows; in place; as sums; and as one row."""
    rng, numbers = random.Random(seed), np.random.default_rng(seed)
    p = as_program(at_random(rng, rng.choice([1, 3, 10, 40, 200]), USABLE))
    for isa in machine.instruction_sets():
        plain, native = pair(machine, p, isa)
        for rows in (1, rng.choice([2, 7, 8, 9]), rng.choice([64, 100, 515])):
            inputs = [sample(numbers, rows if rng.random() < 0.7 else 1) for _ in range(p.n_inputs)]
            assert same(batch(plain, inputs, rows, len(p.outputs)), batch(native, inputs, rows, len(p.outputs)))
            assert same(plain.add_up(inputs, rows), native.add_up(inputs, rows))
            assert same(plain.point([x[0] for x in inputs]), native.point([x[0] for x in inputs]))
            given = sample(numbers, p.n_inputs * rows).reshape(p.n_inputs, rows)
            results = []
            for m in (plain, native):
                x = given.copy()
                out = [x[i] if i < len(x) else np.empty(rows) for i in range(len(p.outputs))]
                m.run(list(x), out)
                results.append(np.array(out))
            assert same(*results)
        assert runs_native(native)


@pytest.mark.parametrize("length", [399, 401, 3000, 9000])
def test_long_programs_are_cut(machine: ModuleType, length: int) -> None:
    """What one function writes, the next reads; beyond 8,192 operations one row runs over few registers."""
    rng, numbers = random.Random(length), np.random.default_rng(length)
    cheap = ["add", "sub", "mul", "truediv", "neg", "square", "select", "lt", "fmax"]
    p = as_program(at_random(rng, length, [*cheap * 9, "exp", "pow", "sin"]))
    plain, native = pair(machine, p)
    inputs = [sample(numbers, 70) for _ in range(p.n_inputs)]
    assert same(batch(plain, inputs, 70, len(p.outputs)), batch(native, inputs, 70, len(p.outputs)))
    for row in range(5):
        x = [column[row] for column in inputs]
        assert same(plain.point(x), native.point(x))
    assert runs_native(native)


def network(widths: list[int], rng: random.Random) -> Program:
    """Layers of chains s + u * x, where the u's are inputs that are the same for all rows."""
    weights = sum(a * b for a, b in itertools.pairwise(widths))
    values, code, at, used = list(range(widths[0])), [], widths[0] + weights, widths[0]
    for outputs in widths[1:]:
        layer = []
        for _ in range(outputs):
            total = -1
            for x in values:
                code.append([NAMES.index("mul"), at, used, x, 0])
                used, at = used + 1, at + 1
                if total >= 0:
                    code.append([NAMES.index("add"), at, total, at - 1, 0])
                    at += 1
                total = at - 1
            code.append([NAMES.index("tanh"), at, total, 0, 0])
            layer.append(at)
            at += 1
        values = layer
    return as_program(program(code, [], widths[0] + weights, at, values))


def test_matrix_products_go_on_as_they_are(machine: ModuleType) -> None:
    """They are steps of their own between the functions."""
    rng, numbers = random.Random(3), np.random.default_rng(3)
    p = network([3, 8, 5, 2], rng)
    plain, native = pair(machine, p)
    inputs = [sample(numbers, 100 if i < 3 else 1) for i in range(p.n_inputs)]
    assert same(batch(plain, inputs, 100, 2), batch(native, inputs, 100, 2))
    assert same(plain.point([x[0] for x in inputs]), native.point([x[0] for x in inputs]))
    assert machine.products_of(native, bytes([0] * 3 + [1] * (p.n_inputs - 3))) > 0
    assert runs_native(native)


REPEATING: list[tuple[str, Callable[[Any], Any], int]] = [
    ("rosenbrock", repeating.rosenbrock, 60),
    ("logistic", repeating.logistic(30, 4), 5),
    ("network", repeating.network(20, 6), 25),
    ("masked", repeating.masked, 40),
    ("layer", repeating.layer(12, 7), 12 * 7 + 7),
]


@pytest.mark.parametrize(("f", "n"), [case[1:] for case in REPEATING], ids=[case[0] for case in REPEATING])
@pytest.mark.parametrize("what", ["value", "gradient"])
def test_programs_that_repeat_themselves(machine: ModuleType, f: Callable[[Any], Any], n: int, what: str) -> None:
    """The groups of a repeat are programs of their own, with inputs that are one number for all lanes."""
    x = np.random.default_rng(n).normal(size=n)
    try:
        p = repeating.recorded(f, x, what)
    except Exception:
        pytest.skip("no such derivative")
    before = machine.lanes_from(math.inf)
    try:
        plain, native = pair(machine, p)
    finally:
        machine.lanes_from(before)
    assert native.repeated[1] > 0
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=p.n_inputs)
        assert same(plain.point(x.tolist()), native.point(x.tolist()))
    assert runs_native(native)


def test_random_repetitions(machine: ModuleType) -> None:
    before = machine.lanes_from(math.inf)
    try:
        for seed in range(20):
            rng, numbers = random.Random(seed), np.random.default_rng(seed)
            p = as_program(repeating.at_random(rng))
            plain, native = pair(machine, p)
            for _ in range(2):
                x = numbers.normal(size=p.n_inputs).tolist()
                assert same(plain.point(x), native.point(x))
            assert runs_native(native)
    finally:
        machine.lanes_from(before)


def test_compiled_functions(machine: ModuleType) -> None:
    """Branches, leaves, backward, Jacobians and sparse Hessians are programs like others."""
    w = vargrad.Var(0.7, requires_grad=True)

    def f(x: Any, y: Any) -> Any:
        return w * x * y if x > y else vargrad.math.exp(x) - w * y

    columns = [np.random.default_rng(i).normal(size=100) for i in range(2)]
    results = []
    for mode in ("off", "now"):
        compiled = vargrad.compile(f, native=mode)
        w.grad = 0.0
        results.append([compiled(*columns), *compiled.grad(*columns), compiled.backward(*columns), w.grad])
        results[-1] += [compiled(0.3, 0.2), *compiled.value_and_grad(0.1, 0.2)[1]]
        rosenbrock = vargrad.compile(repeating.rosenbrock, signature="(n)->()", native=mode)
        results[-1] += [rosenbrock.hessian(np.linspace(0.0, 1.0, 9)), rosenbrock.hessian(np.ones(9), sparse=True).data]
    for a, b in zip(*results, strict=True):
        assert same(a, b)
