"""A call that is refused each of Python's allocations in turn: refused_core.py CASE."""

from __future__ import annotations

import _testcapi
import gc
import sys
from collections.abc import Callable
from typing import Any

from code_kept import keep_code

import vargrad
from vargrad import Var
from vargrad._core import var_c as core

Check = Callable[[], object]
x, w = Var(0.5, requires_grad=True), Var(2.0, requires_grad=True)


def graph() -> Any:
    y: Any = x
    for _ in range(30):
        y = y * 0.5 + w
    return y * x


def export() -> tuple[Check, Check]:
    """A graph as arrays."""
    y = graph()
    return lambda: core.export(y, [x, y]), lambda: [list(part) for part in core.export(y, [x, y])[:4]]


def order() -> tuple[Check, Check]:
    """A graph as a list, of which some Vars are alive and some are not."""
    y = graph()
    return lambda: core.order(y), lambda: [v.value for v in core.order(y)]


def backward() -> tuple[Check, Check]:
    y = graph()
    seed = 10**20  # an int that is no C long is converted in Python

    def grads() -> list[float]:
        x.grad = w.grad = 0.0
        y.backward(seed)
        return [x.grad, w.grad]

    return lambda: y.backward(seed), grads


def pullback() -> tuple[Check, Check]:
    """What it may not leave behind is a mark, or the adjoint of a leaf."""
    y = graph()

    def grads() -> Any:
        x.grad = w.grad = 0.0
        y.backward()
        return core.pullback(y, [x, w]), core.pullback(y, [x]), x.grad, w.grad

    return lambda: core.pullback(y, [x]), grads


def sums() -> tuple[Check, Check]:
    """Rows that Python computes."""
    given = [x, w, 3]
    return lambda: core.apply_nary("fsum", given), lambda: core.apply_nary("fsum", given).value


def first_call() -> tuple[Check, Check]:
    """A function is recorded and its graph read; refused, the next call records it."""
    made: list[Any] = []

    def call() -> None:
        made.clear()
        made[:] = [vargrad.compile(lambda a, b: (a * b + x).exp() * w if a > 0 else a)]
        made[0](1.0, 2.0)

    def check() -> list[float]:
        if not made:
            call()
        return [made[0](1.0, 2.0), made[0](-1.0, 2.0)]

    return call, check


def main(name: str) -> None:
    run, check = globals()[name]()
    run()
    expected = check()
    keep_code()
    gc.collect()
    gc.freeze()  # what is there already need not be looked through each time
    refused = n = 0
    in_a_row = 0
    while in_a_row < 3:  # calls that nothing is refused
        gc.collect()
        failed = False
        _testcapi.set_nomemory(n, n + 1)
        try:
            run()
        except (MemoryError, SystemError, RuntimeError):  # by CPython, where it has lost its MemoryError
            failed = True
        finally:
            _testcapi.remove_mem_hooks()
        refused += failed
        in_a_row = 0 if failed else in_a_row + 1
        n += 1
        assert check() == expected, n
    assert refused > 0, "no allocation was refused"


if __name__ == "__main__":
    main(sys.argv[1])
