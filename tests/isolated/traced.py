"""What a trace for dead leaves must leave intact: traced.py compiled|python CASE...

Leaves that graphs have used are found dead by a trace, which also drops references between segments that no live
node needs. The cases run into one on purpose, at every offset of the open segment.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from twin import COMPILED, load

core, math = load()
Var = core.Var
Block = importlib.import_module("vargrad._core.var").Block


def trace() -> None:
    """Let so many used leaves die, in so few nodes, that they are looked for while the open segment has room."""
    for _ in range(8):
        math.sum([Var(float(i)) for i in range(500)])


def reference_taken_up_again(offset: int) -> None:
    """A reference dropped by a trace, needed once more by the same segment."""
    x = Var(0.5, requires_grad=True)
    kept: Any = x * 3.0
    filler = [x * 1.0 for _ in range(300 + offset)]
    anchor = x + 1.0
    passing = kept * 1.0
    del passing
    trace()
    z = kept * 2.0
    del kept, filler
    churn = [x * 7.0 for _ in range(1000)]
    z.backward()
    assert x.grad == 6.0
    assert (z.prev_var1.value, z.prev_var1.prev_op, anchor.value, churn[0].value) == (1.5, "mul", 1.5, 3.5)


def edited_leaf_without_a_handle(offset: int) -> None:
    """Its graph lives, its Var does not: asked for, it has the value it was given last, and can be given another."""
    x = Var(0.5, requires_grad=True)
    filler = [x * 1.0 for _ in range(offset)]
    z = x * 3.0
    x.value = 5.0
    x.grad = 0.25
    x.value = 7.0
    del x, filler
    trace()
    churn = [Var(9.0) for _ in range(3000)]
    again = z.prev_var1
    assert (again.value, again.grad, again.requires_grad) == (7.0, 0.25, True)
    again.value = 0.5
    z.backward()
    assert again.grad == 3.25
    assert churn[-1].value == 9.0


def leaf_used_by_a_kept_node_only(offset: int) -> None:
    """Neither its Var nor the youngest graph holds it."""
    kept = [Var(float(i), requires_grad=True) * 2.0 for i in range(50 + offset)]
    trace()
    churn = [Var(9.0) for _ in range(3000)]
    for i, z in enumerate(kept):
        z.backward()
        assert (z.prev_var1.value, z.prev_var1.grad) == (float(i), 2.0)
    assert churn[-1].value == 9.0


def constant_that_became_a_var(offset: int) -> None:
    x = Var(0.5, requires_grad=True)
    filler = [x * 1.0 for _ in range(offset)]
    z = x * 3.0
    z.prev_var2.requires_grad = True
    trace()
    churn = [Var(9.0) for _ in range(3000)]
    z.backward()
    assert (z.prev_var2.value, z.prev_var2.grad, x.grad) == (3.0, 0.5, 3.0)
    assert (churn[-1].value, len(filler)) == (9.0, offset)


def bound_leaves_without_handles(offset: int) -> None:
    """Their block and their Vars are gone: what a graph needs of them lives, in the memory that a view shows."""
    block = Block([0.5, 3.0, 7.0])
    x, y, _ = block.leaves
    filler = [x * 1.0 for _ in range(offset)]
    values, grads = block.values, block.grads
    z = x * y
    values[0] = 5.0
    newer = x + y
    del block, x, y, _, filler
    trace()
    churn = [Var(9.0) for _ in range(3000)]
    assert (newer.value, newer.prev_var1.value, z.prev_var1 is newer.prev_var1) == (8.0, 5.0, True)
    newer.backward()
    values[0] = 0.5
    z.backward()
    assert grads.tolist() == [4.0, 1.5, 0.0]
    assert values.tolist() == [0.5, 3.0, 7.0]
    assert churn[-1].value == 9.0


def grad_kept_by_a_computed_var(offset: int) -> None:
    x = Var(0.5, requires_grad=True)
    middle = x * 3.0
    middle.requires_grad = True
    filler = [x * 1.0 for _ in range(300 + offset)]
    root = middle * 2.0
    root.backward()
    del middle, filler
    trace()
    churn = [x * 7.0 for _ in range(1000)]
    assert (root.prev_var1.grad, root.prev_var1.value, churn[0].value) == (2.0, 1.5, 3.5)


if __name__ == "__main__":
    for case in sys.argv[2:]:
        for offset in range(0, 260, 4 if COMPILED else 52):  # the pure twin has no segments
            globals()[case](offset)
