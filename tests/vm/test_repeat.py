"""One row of programs that repeat themselves: lanes are found, and the numbers are those of every other way."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import vargrad
from refusals import with_each_refused
from repeating import FUNCTIONS, Array, at_random, recorded, rosenbrock
from replay import NAMES, program, same, sample
from twins import Implementation
from vargrad import math as m
from vargrad._vm import machine_py
from vargrad._vm.program import Program

WHAT = ("value", "grad", "value_and_grad")
SUMS = 1e-13  # relative to the sum of the terms' sizes: sums are added in another order


@pytest.fixture(scope="module")
def c(compiled: Implementation) -> Any:
    """The compiled machine's module."""
    import vargrad._vm.machine_c

    return vargrad._vm.machine_c


def as_program(p: Any) -> Program:
    return Program(p.n_inputs, p.n_registers, p.constants, p.code, p.outputs)


def one(machine: Any, x: Array, outputs: int) -> Array:
    out = np.full(outputs, 7.0)
    machine.row(x, out)
    return out


@pytest.fixture
def always(c: Any) -> Iterator[None]:
    """Lanes wherever there are any, also where they do not pay."""
    before = c.lanes_from(math.inf)
    yield
    c.lanes_from(before)


def plain(c: Any, p: Any, isa: str) -> Any:
    """A machine that runs nothing in lanes."""
    before = c.lanes_from(0.0)
    try:
        return c.Machine(p, isa)
    finally:
        c.lanes_from(before)


def close(a: Array, b: Array) -> bool:
    """Equal but for sums in another order; nan and inf in the same places."""
    finite = np.isfinite(b)
    scale = max(1.0, np.abs(b[finite]).max(initial=0.0))
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return False
    return bool(np.all(np.abs(a[finite] - b[finite]) <= SUMS * scale))


def check(c: Any, p: Any, x: Array, exact: bool = False) -> list[Any]:
    """All machines on one row; what runs in lanes does the same on every instruction set, sums included."""
    count, machines, rows = len(p.outputs), [], []
    expected = one(machine_py.Machine(as_program(p)), x, count)
    for isa in c.instruction_sets():
        machines.append(c.Machine(p, isa))
        rows.append(one(machines[-1], x, count))
        beside = one(plain(c, p, isa), x, count)
        assert same(rows[-1], beside) if exact else close(rows[-1], beside)
        assert close(rows[-1], expected)
        room = np.concatenate([x, np.zeros(count)])
        machines[-1].row(room[: len(x)], room[:count])
        assert same(room[:count], rows[-1])
        assert same(machines[-1].point(x.tolist()), rows[-1])
    return machines


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_as_people_write_them(name: str, c: Any) -> None:
    f, n, lanes = FUNCTIONS[name]
    for what in WHAT:
        p = recorded(f, np.random.default_rng(n).uniform(-1.0, 1.0, n), what)
        for seed in range(2):
            machines = check(c, p, np.random.default_rng(seed).uniform(-1.0, 1.0, n))
        for machine in machines if what == "value_and_grad" else ():
            assert machine.repeated[0] >= lanes
            assert machine.repeated[1] <= machine.repeated[0] / 50


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_wherever_there_are_lanes(name: str, c: Any, always: None) -> None:
    f, n, _ = FUNCTIONS[name]
    rng = np.random.default_rng(n)
    for what in WHAT:
        p = recorded(f, rng.uniform(-1.0, 1.0, n), what)
        check(c, p, rng.uniform(-1.0, 1.0, n))
        x = np.where(rng.random(n) < 0.1, rng.choice([np.inf, -np.inf, np.nan, 0.0, -0.0], n), rng.normal(size=n))
        check(c, p, x)


def test_the_edges_of_rosenbrock_are_a_few_numbers(c: Any, always: None) -> None:
    for n in range(9, 41):
        p = recorded(rosenbrock, np.ones(n), "grad")
        (lanes, groups), length = c.Machine(p).repeated, len(p.code)
        assert groups <= 2
        assert lanes >= length - 9 * (n == 9)


def test_programs_at_random(c: Any, always: None) -> None:
    rng, numbers, found = random.Random(5), np.random.default_rng(5), 0
    for _ in range(400):
        p = at_random(rng)
        wild = rng.random() < 0.2
        x = sample(numbers, p.n_inputs) if wild else numbers.uniform(-1.0, 1.0, p.n_inputs)
        found += check(c, p, x)[0].repeated[0] > 0
    assert found > 150


def test_few_rows_of_a_batch(c: Any) -> None:
    """One after the other in lanes, or side by side: the same numbers, also where out is an input."""
    p = recorded(rosenbrock, np.ones(500), "grad")
    numbers = np.random.default_rng(1)
    for isa in c.instruction_sets():
        machine, beside = c.Machine(p, isa), plain(c, p, isa)
        for rows in (1, 2, 3, 7, 30, 200):
            x = numbers.uniform(-1.0, 1.0, (500, rows))
            x[0] = 0.5
            shared = [np.array([0.5]), x[1:]]
            out, expected = np.empty((500, rows)), np.empty((500, rows))
            machine.run(shared, [out])
            beside.run([x], [expected])
            assert same(out, expected)
            machine.run([x], [x])
            assert same(x, expected)


def test_sums_do_not_depend_on_the_instruction_set(c: Any) -> None:
    """Nor on whether terms stand in a row: each stream of terms has its accumulators."""
    n = 1000
    add, sub = NAMES.index("add"), NAMES.index("sub")
    x = np.random.default_rng(2).normal(size=n) * 10.0 ** np.random.default_rng(3).integers(-8, 8, n)
    for order in (range(n), range(n)[::-1], random.Random(1).sample(range(n), n)):
        first, *others = order
        code = [[sub if i % 3 == 0 else add, n + i, n + i - 1 if i else first, k, 0] for i, k in enumerate(others)]
        p = program(code, [], n, 2 * n - 1, [2 * n - 2])
        exact = math.fsum([x[first]] + [-x[k] if i % 3 == 0 else x[k] for i, k in enumerate(others)])
        found = {one(c.Machine(p, isa), x, 1)[0] for isa in c.instruction_sets()}
        assert len(found) == 1
        assert abs(found.pop() - exact) <= 1e-15 * math.fsum(np.abs(x))


def test_terms_that_cancel_meet_early(c: Any) -> None:
    """A sum of large terms that come in pairs is as exact as adding in turn."""

    def f(x: Any) -> Any:
        total = 0.0
        for i in range(len(x)):
            total = total + (1e9 + x[i]) * 3.0 - (1e9 - x[i]) * 3.0
        return total

    x = np.random.default_rng(4).uniform(0.0, 1.0, 4000)
    p = recorded(f, x, "value")
    machine = c.Machine(p)
    assert machine.repeated[0] > 10_000
    exact = 6.0 * math.fsum(x)
    beside = one(plain(c, p, machine.isa), x, 1)[0]
    assert abs(one(machine, x, 1)[0] - exact) <= max(4 * abs(beside - exact), 1e-9 * exact)


def test_what_sums_say_of_zeros_and_infinities(c: Any, always: None) -> None:
    n, add = 40, NAMES.index("add")
    code = [[add, n + i, n + i - 1 if i else 0, i + 1, 0] for i in range(n - 1)]
    p = program(code, [], n, 2 * n - 1, [2 * n - 2])
    machine = c.Machine(p)
    assert machine.repeated == (0, 0)  # a sum alone: inputs are no lanes
    mul = NAMES.index("mul")
    squares = [[mul, n + i, i, i, 0] for i in range(n)]
    sums = [[add, 2 * n + i, 2 * n + i - 1 if i else n, n + i + 1, 0] for i in range(n - 1)]
    p = program([[NAMES.index("identity"), n + i, i, 0, 0] for i in range(n)] + sums, [], n, 3 * n - 1, [3 * n - 2])
    assert c.Machine(p).repeated == (n, 1)
    for special in ([-0.0] * n, [0.0] + [-0.0] * (n - 1), [math.inf] + [1.0] * (n - 1), [math.nan] + [1.0] * (n - 1)):
        check(c, p, np.array(special), exact=True)
    check(c, p, np.array([math.inf, -math.inf] + [1.0] * (n - 2)), exact=True)
    p = program(squares + sums, [], n, 3 * n - 1, [3 * n - 2])
    check(c, p, np.full(n, 1e200), exact=True)


def test_threads_share_a_machine(c: Any) -> None:
    """Each has a workspace of its own while another is at work."""
    n = 6000  # long enough to run without the interpreter's lock
    machine = c.Machine(recorded(rosenbrock, np.ones(n), "value_and_grad"))
    xs = [np.random.default_rng(i).uniform(-1.0, 1.0, n) for i in range(6)]
    expected = [one(machine, x, n + 1) for x in xs]
    wrong: list[int] = []

    def work(i: int) -> None:
        for _ in range(200):
            if not same(one(machine, xs[i], n + 1), expected[i]):
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_each_allocation_may_be_refused(c: Any, always: None) -> None:
    """MemoryError each time; then the same numbers as before."""
    f, n, _ = FUNCTIONS["paths 12x3"]
    p = recorded(f, np.ones(n), "value_and_grad")
    x = np.random.default_rng(3).uniform(-1.0, 1.0, n)

    def attempt() -> Array:
        machine = c.Machine(p)
        found = one(machine, x, len(p.outputs))
        room = np.concatenate([x, np.zeros(len(p.outputs))])
        machine.row(room[:n], room[: len(p.outputs)])
        rows = np.empty((len(p.outputs), 1))
        machine.run([x[:, None].copy()], [rows])
        assert machine.repeated[1] > 2
        assert same(rows[:, 0], found)
        assert same(room[: len(p.outputs)], found)
        return found

    expected = attempt()
    found, refused = with_each_refused(c, attempt)
    assert refused > 150
    assert same(found, expected)


def test_selected_terms_add_up_without_selecting_again() -> None:
    """A derivative's terms are 0 where they do not count, and so is what they add up to."""
    n = 50

    def f(v: Any) -> Any:
        return sum((m.relu(v[0] * v[i]) for i in range(1, n)), 0.0)

    names = [NAMES[op] for op in recorded(f, np.ones(n), "grad").code[:, 0]]
    assert names.count("select") == 2 * (n - 1)
    for x in (np.linspace(-1.0, 1.0, n), np.array([math.inf] + [0.0, -1.0] * 24 + [1.0]), np.zeros(n)):
        compiled: Any = vargrad.compile(f, signature="(n)->()")
        found = compiled.grad(x)
        v = [vargrad.Var(a, requires_grad=True) for a in x]
        f(v).backward()
        assert same(found, [a.grad for a in v])


def test_a_vector_becomes_a_vector_in_place(c: Any) -> None:
    """The gradient of one array is written where it is returned; what is unlike goes the long way."""
    n = 700
    compiled: Any = vargrad.compile(rosenbrock, signature="(n)->()")
    x = np.random.default_rng(1).uniform(-1.0, 1.0, 2 * n)
    expected = one(c.Machine(recorded(rosenbrock, x[:n], "grad")), x[:n].copy(), n)
    before = x.copy()
    first = compiled.grad(x[:n])
    for given in (x[:n], x[:n].tolist(), np.repeat(x[:n], 2)[::2], x[:n].astype(">f8")):
        found = compiled.grad(given)
        assert same(found, expected)
        assert found is not first
        assert not np.shares_memory(found, x)
    assert same(compiled.grad(x[n:]), one(c.Machine(recorded(rosenbrock, x[n:], "grad")), x[n:].copy(), n))
    assert same(first, expected)
    assert same(x, before)
