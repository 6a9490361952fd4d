"""Matrix products that the compiled machine finds in loops written out: the bits of the operations one by one."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import vargrad
from refusals import with_each_refused
from replay import NAMES, Array, one_by_one, program, same, sample
from twins import Implementation
from vargrad import math as m
from vargrad._vm import machine_py
from vargrad._vm.program import Program

ROW_COUNTS = (1, 7, 8, 9, 24, 64, 100, 129, 513)


@pytest.fixture(scope="module")
def c(compiled: Implementation) -> Any:
    """The compiled machine's module."""
    import vargrad._vm.machine_c

    return vargrad._vm.machine_c


class Code:
    """Instructions over values, each in a register of its own; inputs are `wide` ones by rows, then single numbers."""

    def __init__(self, wide: int, single: int) -> None:
        self.wide, self.fixed = wide, wide + single
        self.code: list[list[int]] = []

    def do(self, name: str, a: int, b: int = 0) -> int:
        self.code.append([NAMES.index(name), self.fixed + len(self.code), a, b, 0])
        return self.fixed + len(self.code) - 1

    def program(self, outputs: list[int]) -> SimpleNamespace:
        return program(self.code, [], self.fixed, self.fixed + len(self.code), outputs)


def layer(rng: random.Random, code: Code, x: list[int], chains: int, unusual: float) -> list[int]:
    """Sums of products over x, row by row or column by column, now and then not quite a matrix product."""
    singles = range(code.wide, code.fixed)

    def either(a: int, b: int) -> tuple[int, int]:
        return (a, b) if rng.random() < 0.5 else (b, a)

    begin = [
        code.do("mul", *either(rng.choice(singles), x[0])) if rng.random() < 0.4 else rng.choice([*singles, *x])
        for _ in range(chains)
    ]
    sums, by_row = begin, rng.random() < 0.5
    places = [(i, k) for i in range(chains) for k in range(len(x))]
    for i, k in places if by_row else sorted(places, key=lambda place: place[1]):
        term = code.do("mul", *either(rng.choice(singles), x[k]))
        if rng.random() < unusual:
            term = rng.choice([code.do("square", term), code.do("add", term, term), rng.choice(x)])
        if rng.random() < 0.2:
            sums[i] = code.do("sub", sums[i], term)
        else:
            sums[i] = code.do("add", *either(sums[i], term))
    return sums


def network(rng: random.Random) -> SimpleNamespace:
    code = Code(rng.randint(1, 6), rng.randint(1, 8))
    x = list(range(code.wide))
    values = list(x)
    for _ in range(rng.randint(1, 4)):
        x = layer(rng, code, x, rng.randint(1, 9), rng.choice([0.0, 0.0, 0.05, 0.3]))
        values += x
        if rng.random() < 0.7:
            x = [code.do(rng.choice(["relu", "square", "neg"]), v) for v in x]
        if rng.random() < 0.3:
            x += [rng.choice(values)]
        rng.shuffle(x)
    p = code.program([*x, *rng.choices(values, k=rng.randint(0, 3))])
    p.wide = code.wide
    return p


def test_layers_at_random(c: Any) -> None:
    """Bits as of one operation after the other, for every instruction set, and for the twin."""
    rng, numbers, found = random.Random(5), np.random.default_rng(5), 0
    for _ in range(150):
        p, rows = network(rng), rng.choice(ROW_COUNTS)
        inputs = [sample(numbers, rows if i < p.wide else 1) for i in range(p.n_inputs)]
        expected = one_by_one(p, inputs, rows, c, "baseline")
        out = [np.empty(rows) for _ in p.outputs]
        plain = Program(p.n_inputs, p.n_registers, p.constants, p.code, p.outputs)
        machine_py.Machine(plain).run(inputs, out)
        assert same(out, expected)
        for isa in c.instruction_sets():
            machine = c.Machine(p, isa)
            out = [np.full(rows, 7.0) for _ in p.outputs]
            machine.run(inputs, out)
            assert same(out, expected)
            found += c.products_of(machine, bytes(i >= p.wide for i in range(p.n_inputs)))
            sums = machine_py.Machine(plain).add_up(inputs, rows)
            assert same(machine.add_up(inputs, rows), sums)
    assert found > 200


@pytest.mark.parametrize(("chains", "found"), [(1, 0), (3, 0), (4, 300), (70, 300), (130, 300)])
def test_chains_that_wait_for_one_another(c: Any, chains: int, found: int) -> None:
    """Recurrences side by side, all driven by the same numbers: each step of four or more is a product."""
    numbers, steps = np.random.default_rng(9), 300
    code = Code(2, chains + 2 * chains * steps)
    states, results = list(range(2, 2 + chains)), []
    for k in range(steps):
        first = 2 + chains + 2 * chains * k
        for i in range(chains):
            state = code.do("add", states[i], code.do("mul", first + 2 * i, 0))
            states[i] = code.do("add", state, code.do("mul", first + 2 * i + 1, 1))
        results += [code.do("square", states[0])]  # each state is read twice, so that its chain ends there
        states = [code.do("abs", state) if k % 2 else state for state in states]
        results += states
    p = code.program(results)
    inputs = [sample(numbers, 9 if i < 2 else 1) for i in range(p.n_inputs)]
    out = [np.empty(9) for _ in p.outputs]
    machine = c.Machine(p)
    machine.run(inputs, out)
    assert same(out, one_by_one(p, inputs, 9, c, "baseline"))
    assert c.products_of(machine, bytes(i >= 2 for i in range(p.n_inputs))) == found


def written_out(chains: int, terms: int, change: Callable[[Code, list[int]], None] | None = None) -> SimpleNamespace:
    """One product, each chain from a single number on; `change` may read what it likes of the results."""
    code = Code(terms, chains * (terms + 1))
    sums = []
    for i in range(chains):
        total = terms + i
        for k in range(terms):
            total = code.do("add", total, code.do("mul", terms + chains + i * terms + k, k))
        sums.append(total)
    if change is not None:
        change(code, sums)
    p = code.program(sums)
    p.wide = terms
    return p


@pytest.mark.parametrize(("chains", "terms", "products"), [(4, 2, 1), (3, 2, 0), (4, 1, 0), (16, 16, 1), (7, 33, 1)])
def test_what_is_a_product(chains: int, terms: int, products: int, c: Any) -> None:
    p = written_out(chains, terms)
    assert c.products_of(c.Machine(p), bytes(i >= terms for i in range(p.n_inputs))) == products
    assert c.products_of(c.Machine(p), bytes(p.n_inputs)) == 0


def test_out_may_be_an_input_of_a_product(c: Any) -> None:
    p, numbers = written_out(5, 5), np.random.default_rng(3)
    inputs = [sample(numbers, 99 if i < 5 else 1) for i in range(p.n_inputs)]
    expected = one_by_one(p, inputs, 99, c, "baseline")
    c.Machine(p).run(inputs, inputs[:5])
    assert same(inputs[:5], expected)


def test_a_chain_that_begins_with_another_chains_result(c: Any) -> None:
    """It cannot be computed before that one, though their x's are the same."""
    code = Code(3, 1)
    total, sums = 3, []
    for _ in range(12):
        for k in range(3):
            total = code.do("add", total, code.do("mul", 3, k))
        sums.append(total)
    p = code.program(sums)
    x = [sample(np.random.default_rng(i), 50 if i < 3 else 1) for i in range(4)]
    out = [np.empty(50) for _ in sums]
    c.Machine(p).run(x, out)
    assert same(out, one_by_one(p, x, 50, c, "baseline"))


def perceptron(p: Any, x: Any, width: int) -> Any:
    at = iter(p)
    for _ in range(2):
        x = [m.tanh(sum((next(at) * v for v in x), next(at))) for _ in range(width)]
    return m.dot([next(at) for _ in x], x)


def test_a_networks_gradient_by_rows_and_by_parameters(c: Any) -> None:
    """Plain loops, compiled over rows and as one program over the parameters, against each other."""
    width, rows = 6, 40
    count = width * 3 + width * (width + 1) + width
    numbers = np.random.default_rng(0)
    x, values = numbers.normal(size=(rows, 2)), numbers.normal(size=count)
    leaves = [vargrad.Var(v, requires_grad=True) for v in values]
    by_rows = vargrad.compile(lambda a, b: perceptron(leaves, (a, b), width) ** 2)
    by_rows.backward(x[:, 0].copy(), x[:, 1].copy())
    data = tuple(map(tuple, x.tolist()))
    whole = vargrad.compile(lambda p: sum(perceptron(p, row, width) ** 2 for row in data), signature="(n)->()")
    assert np.allclose([leaf.grad for leaf in leaves], whole.grad(values), rtol=1e-12, atol=1e-13)
    eager = [vargrad.Var(v, requires_grad=True) for v in values]
    sum(perceptron(eager, row, width) ** 2 for row in data).backward()
    assert np.allclose([leaf.grad for leaf in leaves], [leaf.grad for leaf in eager], rtol=1e-12, atol=1e-13)


def test_each_allocation_may_be_refused(c: Any) -> None:
    def run() -> Array:
        p = written_out(8, 6)
        out = np.empty((8, 20))
        c.Machine(p).run([np.full(20, 1.5) if i < 6 else np.array([0.5 + i]) for i in range(p.n_inputs)], [out])
        return out

    expected = run()
    found, refused = with_each_refused(c, run)
    assert refused > 40
    assert np.array_equal(found, expected)
