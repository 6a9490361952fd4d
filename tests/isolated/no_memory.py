"""A program that is refused each of its allocations in turn: no_memory.py PROGRAM."""

from __future__ import annotations

import sys
from typing import Any

from vargrad._core import block_py, var_c, var_py


def chain(core: Any) -> Any:
    x = core.Var(0.5, requires_grad=True)
    y = x
    for _ in range(12_000):
        y = y * 0.9999 + x
    y.backward()
    return y.value, x.grad


def many_leaves(core: Any) -> Any:
    leaves = [core.Var(i / 8, requires_grad=True) for i in range(2500)]
    total = core.apply_nary("dot", leaves, leaves)
    total.backward()
    return total.value, [x.grad for x in leaves]


def products(core: Any) -> Any:
    leaves = [core.Var(1.0 + i / 64, requires_grad=True) for i in range(40)]
    nodes = [core.apply_nary("prod", leaves[i : i + 20]) for i in range(20)]
    total = core.apply_nary("sum", [*nodes, *[float(i) for i in range(900)]])
    total.backward()
    return total.value, [x.grad for x in leaves]


def computed_grads(core: Any) -> Any:
    x = core.Var(0.5, requires_grad=True)
    kept = []
    for i in range(40):
        kept.append(x * float(i))
        kept[-1].requires_grad = True
    core.apply_nary("sum", kept).backward()
    return x.grad, [v.grad for v in kept]


def references(core: Any) -> Any:
    """Nodes that refer to many older segments at once."""
    x = core.Var(0.5, requires_grad=True)
    far = []
    for i in range(40):
        y = x * float(i)
        for _ in range(400):
            y = y + 1.0
        far.append(y)
    total = core.apply_nary("sum", far)
    total.backward()
    return total.value, x.grad


def export(core: Any) -> Any:
    """Every Var of a graph at once: a list that grows, and a handle each."""
    y = x = core.Var(0.5, requires_grad=True)
    for _ in range(400):
        y = y * 0.5 + x
    return [v.value for v in core.order(y)]


def arrays(core: Any) -> Any:
    """A graph as arrays: C's memory for each of them, and a handle for each leaf."""
    leaves = [core.Var(i / 8) for i in range(100)]
    y = core.apply_nary("sum", leaves)
    for x in leaves:
        y = y * x + 0.5
    wanted = [y, core.Var(1.0), leaves[7]]
    del x, leaves
    codes, first, operands, numbers, made, places = core.export(y, wanted)
    values = [v.value for v in made]  # the twins' leaves are in different order
    return list(codes), list(first), len(operands), list(numbers), sorted(values), values[places[2]], places[:2]


def edits(core: Any) -> Any:
    x = core.Var(0.5, requires_grad=True)
    for _ in range(3000):
        y = x * x
        y.backward()
        x.value = x.value + 0.125
    return x.value, x.grad, y.prev_var1 is x


def descent(core: Any) -> Any:
    """Many used leaves step at once, each to a new place: all or none."""
    leaves = [core.Var(i / 8, requires_grad=True) for i in range(1500)]
    total = core.apply_nary("dot", leaves, leaves)
    total.backward()
    before = [(v.value, v.grad) for v in leaves]
    try:
        core.descend(leaves, 0.25)
    except MemoryError:
        if [(v.value, v.grad) for v in leaves] != before:
            raise AssertionError("a step that was refused has changed something") from None
        raise
    return [(v.value, v.grad) for v in leaves]


def constants(core: Any) -> Any:
    x = core.Var(0.5, requires_grad=True)
    nodes = [x * float(i) for i in range(1500)]
    return [node.prev_var2.value for node in nodes], [node.parents[0] is x for node in nodes]


def blocks(core: Any) -> Any:
    """Writing is an edit at the next use, by an operator or as one of many; refused, it is as if nobody had looked."""
    block = (block_py if core is var_py else core).Block([float(i) for i in range(1500)])
    w, b = block.leaves[0], block.leaves[1]
    for i in range(1200):
        block.values[0] = block.values[2] = i / 8
        z = (w * b).exp() if i % 2 else core.apply_nary("dot", [w, b, block.leaves[2]], [1.0, w, 2.0])
        z = z + core.Var(1.0, False, w, b, "mul")
        z.backward(1 / 1024)
    return block.values.tolist(), block.grads.tolist(), z.parents[1].parents[0] is w


def main(name: str) -> None:
    program = globals()[name]
    expected = program(var_py)
    failures, budget = 0, 0
    while True:
        var_c.limit_allocations(budget)
        try:
            found = program(var_c)
        except MemoryError:
            failures += 1
        else:
            assert found == expected
            break
        finally:
            var_c.limit_allocations(-1)
        budget += 1
    assert failures > 0, "no allocation was refused"
    assert program(var_c) == expected
    left = var_c.statistics()
    assert left["segments"] <= 2, left


if __name__ == "__main__":
    main(sys.argv[1])
