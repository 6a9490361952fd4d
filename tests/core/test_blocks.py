"""Blocks: leaves whose numbers lie in two arrays. Whoever writes there, in whatever order, gets what an ordinary leaf
gives whose Var is told: the values, the gradients, and the same errors."""

from __future__ import annotations

import copy
import gc
import math
import operator
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import sheet
from twins import Implementation, grads, key, keys, outcome

# ---- both directions


def test_arrays_are_the_leaves(impl: Implementation) -> None:
    block = impl.Block([1.0, -0.0, math.inf])
    values, grads_ = np.asarray(block.values), np.asarray(block.grads)
    assert keys(values.tolist()) == keys([v.value for v in block.leaves]) == keys([1.0, -0.0, math.inf])
    assert [type(v) for v in block.leaves] == [impl.Var] * 3
    values[1], grads_[2] = 2.5, 4.0
    block.leaves[0].value, block.leaves[0].grad = 7, 8
    assert [v.value for v in block.leaves] == values.tolist() == [7.0, 2.5, math.inf]
    assert [v.grad for v in block.leaves] == grads_.tolist() == [8.0, 0.0, 4.0]
    values[:] = 0.5
    block.grads[0] = 1.0
    assert [(v.value, v.grad) for v in block.leaves] == [(0.5, 1.0), (0.5, 0.0), (0.5, 4.0)]
    assert block.leaves is block.leaves
    assert len(block) == 3


def test_the_arrays(impl: Implementation) -> None:
    """Writable views of float64 without gaps, which NumPy takes without a copy."""
    block = impl.Block([1.0, 2.0, 3.0])
    for view in (block.values, block.grads):
        assert (view.format, view.itemsize, view.shape, view.ndim) == ("d", 8, (3,), 1)
        assert not view.readonly
        assert view.c_contiguous
        assert np.shares_memory(np.asarray(view), np.frombuffer(view))
        assert view.tobytes() == bytes(memoryview(view).cast("B"))
    assert not np.shares_memory(np.asarray(block.values), np.asarray(block.grads))
    block.values.release()
    assert block.values.tolist() == [1.0, 2.0, 3.0]


def test_the_first_that_wants_no_grad(impl: Implementation) -> None:
    block = impl.Block([1.0, 2.0, 3.0])
    assert block.frozen == -1
    for i, v in reversed(list(enumerate(block.leaves))):
        v.requires_grad = False
        assert block.frozen == i
    block.leaves[0].requires_grad = True
    block.leaves[0].value = 4.0
    block.leaves.clear()
    assert block.frozen == 1
    assert impl.Block([1.0], requires_grad=False).frozen == 0
    assert impl.Block([]).frozen == -1


def test_the_articles_loop(impl: Implementation) -> None:
    """Parameters in a block, on their own, and by the array: the same numbers to the bit."""
    rows = [(0.0, 1.0, 1.0), (1.0, 1.0, 0.0), (0.5, -1.0, 2.0)]

    def train(p: Any, step: Callable[[], None]) -> None:
        for _ in range(30):
            loss = sum(((x * p[0] + y * p[1] + p[2]).sigmoid() * p[3] - t) ** 2 for x, y, t in rows)
            loss.backward()
            step()

    def one_by_one(p: Any) -> Callable[[], None]:
        def step() -> None:
            for v in p:
                v.value -= 0.3 * v.grad
                v.grad = 0

        return step

    start = [0.3, -0.2, 0.7, 1.5]
    alone = [impl.Var(x, requires_grad=True) for x in start]
    train(alone, one_by_one(alone))
    inside = impl.Block(start)
    train(inside.leaves, one_by_one(inside.leaves))
    whole = impl.Block(start)
    values, slopes = np.asarray(whole.values), np.asarray(whole.grads)

    def at_once() -> None:
        values.__isub__(0.3 * slopes)
        slopes[:] = 0

    train(whole.leaves, at_once)
    assert inside.values.tolist() == whole.values.tolist() == [v.value for v in alone]
    assert values.tolist() != start


def test_grads_add_up(impl: Implementation) -> None:
    block = impl.Block([2.0, 3.0])
    w, b = block.leaves
    z = w * b + w
    z.backward()
    block.grads[1] += 10.0
    z.backward(2)
    assert block.grads.tolist() == [w.grad, b.grad] == [12.0, 16.0]
    b.requires_grad = False
    z.backward()
    assert (w.grad, b.requires_grad) == (16.0, False)
    with pytest.raises(AttributeError, match="has no"):
        _ = b.grad
    block.grads[1] = 5.0
    b.requires_grad = True
    assert block.grads[1] == b.grad == 0.0
    b.requires_grad = True
    z.backward()
    assert block.grads.tolist() == [20.0, 2.0]
    assert impl.Block([1.0], requires_grad=False).leaves[0].requires_grad is False


# ---- what has been written is what counts, for everything that looks at a Var

READS: dict[str, Callable[[Any, Implementation], Any]] = {
    "value": lambda v, impl: v.value,
    "item": lambda v, impl: v.item(),
    "detach": lambda v, impl: v.detach().value,
    "bool": lambda v, impl: bool(v),
    "compare": lambda v, impl: [op(v, 1.5) for op in (operator.lt, operator.le, operator.eq, operator.ne)],
    "reflected": lambda v, impl: [op(1.5, v) for op in (operator.gt, operator.ge, operator.eq, operator.ne)],
    "compare a Var": lambda v, impl: [impl.Var(1.5) < v, v < impl.Var(1.5), max(v, impl.Var(1.5)).value],
    "compare an int": lambda v, impl: v < 2**60,
    "format": lambda v, impl: f"{v:.3f} {v}",
    "repr": lambda v, impl: repr(v),
    "rounding": lambda v, impl: [round(v), math.floor(v), math.ceil(v), math.trunc(v)],
    "pickle": lambda v, impl: pickle.loads(pickle.dumps(v)).value,
    "copy": lambda v, impl: copy.copy(v).value,
    "predicate": lambda v, impl: [impl.math.isnan(v), impl.math.isclose(v, 1.5)],
    "no_grad": lambda v, impl: _without(
        impl, lambda: [(v * 2.0).value, v.exp().value, impl.math.dot([v], [3.0]).value]
    ),
    "divmod": lambda v, impl: [x.value for x in divmod(7.0, v)],
    "partner": lambda v, impl: grads(impl.math.dot([impl.Var(1.0), x := impl.Var(1.0, True)], [1.0, v]), [x]),
    "hand-built": lambda v, impl: grads(impl.Var(9.0, False, v, x := impl.Var(2.0, True), "mul"), [x]),
    "hand-built, second": lambda v, impl: grads(impl.Var(9.0, False, x := impl.Var(2.0, True), v, "mul"), [x]),
    "custom": lambda v, impl: grads(impl.custom(9.0, [x := impl.Var(2.0, True)], [v]), [x]),
    "parents": lambda v, impl: [p.value for p in (v * 3.0).parents],
    "inputs": lambda v, impl: (v * 3.0)._node()[2],
    "pullback": lambda v, impl: impl.pullback(v * v, [v])[0],
    "pullback_graph": lambda v, impl: [x.value for x in impl.pullback_graph(v * v * v, [v])],
}
for _name in sheet.ALL_ROWS:
    READS[f"row {_name}"] = lambda v, impl, name=_name: _row(v, impl, name)
for _name in sheet.ALL_NARY:
    READS[f"nary {_name}"] = lambda v, impl, name=_name: _nary(v, impl, name)


def _without(impl: Implementation, function: Callable[[], Any]) -> Any:
    with impl.no_grad():
        return function()


def _row(v: Any, impl: Implementation, name: str) -> Any:
    """By every door, as each operand, with constants and with Vars, and what backward makes of it."""
    found = []
    for door in sheet.ways(impl, name).values():
        if sheet.BY_NAME[name].arity == 1:
            calls = [lambda door=door: door(v)]
        elif name == "round":
            calls = [lambda door=door: door(v, 1)]
        else:
            calls = [lambda door=door, a=a, b=b: door(a, b) for a, b in ((v, 0.75), (0.75, v), (v, v), (v, v + 1.0))]
        for call in calls:
            v.grad = 0.0
            found.append(outcome(lambda call=call: [z := call(), z.backward(), v.grad][::2]))
    return found


def _nary(v: Any, impl: Implementation, name: str) -> Any:
    function, pairs = sheet.call_nary(impl, name), sheet.NARY_BY_NAME[name].pairs
    v.grad = 0.0
    z = function([v, 0.5], [2.0, v]) if pairs else function([v, 0.5, v * 2.0])
    z.backward()
    return [z.value, v.grad]


@pytest.mark.filterwarnings("ignore::vargrad.ZeroDerivativeWarning")
@pytest.mark.parametrize("before", ["nothing", "an operation"])
@pytest.mark.parametrize("case", READS)
def test_what_is_written_is_seen(impl: Implementation, case: str, before: str) -> None:
    """An ordinary leaf that was told the value is the oracle."""
    alone, block = impl.Var(0.25, True), impl.Block([0.25, 1.0])
    kept = [v * 5.0 for v in (alone, block.leaves[0])] if before == "an operation" else []
    expected = []
    for x in (1.5, 0.5, -0.25, 0.25, math.inf, -0.0, math.nan):
        alone.value = block.values[0] = x
        read = READS[case]
        expected.append(outcome(read, alone, impl))
        assert outcome(read, block.leaves[0], impl) == expected[-1], x
        assert key(block.values[0]) == key(x)
    assert any(found != expected[0] for found in expected)
    assert [z.value for z in kept] == [1.25] * len(kept)


# ---- edits


def test_written_between_forward_and_backward(impl: Implementation) -> None:
    block = impl.Block([2.0, 3.0])
    w, b = block.leaves
    z = w * w * b
    block.values[0] = 5.0
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"'mul' had the value 2\.0 in the forward pass and has 5\.0"):
            z.backward()
        assert block.grads.tolist() == [0.0, 0.0]
    again = w * w * b
    assert (again.value, z.value) == (75.0, 12.0)
    assert grads(again, [w, b]) == [30.0, 25.0]
    with pytest.raises(RuntimeError, match="leaf"):
        z.backward()
    block.values[0] = 2.0
    assert grads(z, [w, b]) == [12.0, 4.0]
    with pytest.raises(RuntimeError, match="leaf"):
        again.backward()
    assert z.parents[1] is b
    with pytest.raises(RuntimeError, match="leaf"):
        (z + again).backward()


def test_a_root_that_is_a_leaf(impl: Implementation) -> None:
    block = impl.Block([2.0])
    block.values[0] = 4.0
    block.leaves[0].backward()
    assert block.grads.tolist() == [1.0]
    block.values[0] = 5.0
    assert impl.pullback(block.leaves[0], block.leaves) == ([1.0], False)


def test_one_graph_over_an_edit_that_was_undone(impl: Implementation) -> None:
    """Its nodes stand for two leaves inside; both count for the one there is."""
    block = impl.Block([2.0])
    (w,) = block.leaves
    first = w * 3.0
    block.values[0] = 5.0
    assert (w + 0.0).value == 5.0
    block.values[0] = 2.0
    assert grads(first * w, [w]) == [12.0]
    assert impl.pullback(first * w, [w]) == ([12.0], False)


# ---- life


def test_arrays_outlive_the_block(impl: Implementation) -> None:
    block = impl.Block([1.0, 2.0])
    values, w = np.asarray(block.values), block.leaves[0]
    z = w * block.leaves[1]
    del block
    gc.collect()
    values[:] = [5.0, 6.0]
    assert w.value == 5.0
    values[:] = [1.0, 2.0]
    z.backward()
    assert (w.grad, z.parents[1].value, z.parents[1].grad) == (2.0, 2.0, 1.0)
    z.parents[1].value = 8.0
    assert values.tolist() == [1.0, 8.0]
    del w, z
    gc.collect()
    values[0] = 3.0
    assert values.tolist() == [3.0, 8.0]


@pytest.mark.parametrize("way", ["pickle", "copy", "deepcopy"])
def test_copies(impl: Implementation, way: str) -> None:
    make = {"pickle": lambda x: pickle.loads(pickle.dumps(x)), "copy": copy.copy, "deepcopy": copy.deepcopy}[way]
    block = impl.Block([1.0, 2.0, 3.0])
    block.grads[:] = np.array([0.5, 0.25, 0.125])
    block.leaves[1].requires_grad = False
    again = make(block)
    assert [repr(v) for v in again.leaves] == [repr(v) for v in block.leaves]
    again.values[0] = 9.0
    assert (again.leaves[0].value, block.leaves[0].value) == (9.0, 1.0)
    alone = make(block.leaves[0])
    assert (alone.value, alone.grad) == (1.0, 0.5)
    alone.value = 4.0
    assert block.values[0] == 1.0


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        ([1.0, None], TypeError, r"values\[1\] must be a real number, not NoneType"),
        (["a"], TypeError, r"values\[0\] must be a real number"),
        (3.0, TypeError, "not iterable"),
        ([10**400], OverflowError, r"values\[0\] is too large"),
    ],
)
def test_wrong_values(impl: Implementation, values: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        impl.Block(values)


def test_any_numbers(impl: Implementation) -> None:
    for values in ([1, True, 2.5], (x for x in (1, 1, 2.5)), np.array([1, 1, 2.5], np.float32)):
        assert impl.Block(values).values.tolist() == [1.0, 1.0, 2.5]
    empty = impl.Block([])
    assert (empty.leaves, empty.values.tolist(), len(empty)) == ([], [], 0)


def test_a_compiled_function_reads_what_is_written() -> None:
    import vargrad
    from vargrad._core.var import Block

    block = Block([2.0, -1.0])
    w, b = block.leaves
    f = vargrad.compile(lambda x: w * x + b)
    assert f(3.0) == 5.0
    block.values[0] = 4.0
    x = np.array([1.0, 2.0])
    assert f(3.0) == 11.0
    assert f(x).tolist() == [3.0, 7.0]
    f.backward(x)
    assert block.grads.tolist() == [3.0, 2.0]
