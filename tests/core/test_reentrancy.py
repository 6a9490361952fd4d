"""Python that runs in the middle of an operation: conversions, collections and refused memory leave the graph whole."""

from __future__ import annotations

import gc
import importlib
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from twins import MODULES, Implementation, key
from vargrad._core.sweep_py import _CODES

REFUSED = Path(__file__).parents[1] / "isolated" / "refused_core.py"


@pytest.fixture(autouse=True, scope="module")
def _young_objects_only() -> None:
    """Collections of each allocation look at these tests' own objects, not at all that the tests before them left."""
    gc.collect()
    gc.freeze()


@contextmanager
def collecting(threshold: int, run: Callable[[], object]) -> Iterator[None]:
    """Let the collector come after so many allocations, and with it a ``__del__`` that runs this."""

    class Cycle:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            run()

    before = gc.get_threshold()
    gc.collect()
    gc.set_threshold(threshold)
    try:
        Cycle()
        yield
    finally:
        gc.set_threshold(*before)
        gc.collect()


def test_a_grad_whose_conversion_edits_the_var_lands_in_the_var(impl: Implementation) -> None:
    """The place is looked up after the conversion."""
    x = impl.Var(2.0, requires_grad=True)
    y = x * 3.0  # x is used: an edit moves it to a new node

    class Edits(float):
        def __float__(self) -> float:
            x.value = 5.0
            return 7.0

    x.grad = Edits()
    assert (x.value, x.grad, y.value) == (5.0, 7.0, 6.0)


def test_a_collection_within_a_derivative_may_run_backward(impl: Implementation) -> None:
    """The derivative asked for and backward in __del__ both give what they give alone."""
    leaves = [impl.Var(float(i + 1), requires_grad=True) for i in range(50)]
    root = leaves[0] * leaves[0]
    for v in leaves[1:]:
        root = root + v * v
    a = impl.Var(3.0, requires_grad=True)
    square = a * a
    ran = []

    def run() -> None:
        square.backward()
        ran.append(1)

    for threshold in range(1, 61):  # one of them collects at each allocation of the call
        with collecting(threshold, run):
            found, other = impl.pullback(root, leaves)
        assert (found, other) == ([2.0 * v.value for v in leaves], False), threshold
    assert len(ran) == 60
    assert a.grad == 6.0 * 60


def test_an_operand_stays_when_memory_for_its_var_is_refused(compiled: Implementation) -> None:
    """A leaf that a graph uses is not given to the next Var."""
    from vargrad._core import var_c as core

    y = compiled.Var(10.0) * 2.0
    held = [compiled.Var(0.0) for _ in range(200)]  # so that no dead handle is there to be used again
    core.limit_allocations(0)
    try:
        with pytest.raises(MemoryError):
            _ = y.parents
    finally:
        core.limit_allocations(-1)
    held += [compiled.Var(777.0) for _ in range(20)]
    assert [v.value for v in y.parents] == [10.0, 2.0]
    x = y.prev_var1
    x.requires_grad = True
    y.backward()
    assert x.grad == 2.0


def test_the_name_of_an_operation_is_a_plain_string(impl: Implementation) -> None:
    """A subclass may answer differently each time it is asked."""

    class Name(str):
        __slots__ = ()

    x = impl.Var(2.0)
    with pytest.raises(TypeError, match="prev_op must be a str, not Name"):
        impl.Var(-2.0, prev_var1=x, prev_op=Name("neg"))
    assert impl.Var(-2.0, prev_var1=x, prev_op="neg").prev_op == "neg"


# ---- values of what they are recorded with


@pytest.mark.parametrize("name", ["fsum", "hypot"])
@pytest.mark.parametrize("used", [True, False])
def test_an_edit_while_many_operands_are_added(
    impl: Implementation, monkeypatch: pytest.MonkeyPatch, name: str, used: bool
) -> None:
    """The value is of the operands that the graph has, and so is the derivative."""
    from vargrad._ops import nary

    x = impl.Var(3.0, requires_grad=True)
    kept = x * 2.0 if used else None
    left, whole = [5.0, 12.0], nary._PYTHON[name]

    def edits(xs: Any) -> float:
        result = whole(xs)
        if left:
            x.value = left.pop()
        return result

    monkeypatch.setitem(nary._PYTHON, name, edits)
    y = getattr(impl.math, name)([x, 4.0]) if name == "fsum" else impl.math.hypot(x, Fraction(4))
    assert not left
    assert key(y) == key(whole([5.0, 4.0]))
    y.backward()
    assert x.grad == pytest.approx(1.0 if name == "fsum" else 5.0 / math.hypot(5.0, 4.0), rel=1e-15)
    assert kept is None or kept.value == 6.0


def test_an_edit_to_minus_zero_is_one(impl: Implementation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal, but not the same: the sign shows in what is computed of it."""
    from vargrad._ops import nary

    x = impl.Var(0.0)

    def edits(xs: list[float]) -> float:
        result = xs[0]
        x.value = -0.0
        return result

    monkeypatch.setitem(nary._PYTHON, "fsum", edits)
    assert key(impl.math.fsum([x])) == key(-0.0)


def test_an_edit_within_a_formula(impl: Implementation) -> None:
    """Where Python computes the value, another thread or a signal handler may come between."""
    x = impl.Var(math.inf, requires_grad=True)
    left = [5.0]

    def edits(frame: FrameType, event: str, argument: object) -> None:
        if left and event == "return" and frame.f_code.co_filename.startswith("<formula"):
            x.value = left.pop()

    before = sys.getprofile()
    sys.setprofile(edits)
    try:
        y = x + 1.0
    finally:
        sys.setprofile(before)
    assert not left
    assert y.value == 6.0
    y.backward()
    assert x.grad == 1.0


def test_a_truth_that_edits_the_var(impl: Implementation) -> None:
    """It is asked for once, before anything is looked up."""
    x = impl.Var(2.0)
    y = x * 3.0
    asked = []

    class Truth:
        def __bool__(self) -> bool:
            asked.append(1)
            x.value = 5.0
            return len(asked) == 1

    x.requires_grad = Truth()
    assert (len(asked), x.requires_grad, x.value, x.grad, y.value) == (1, True, 5.0, 0.0, 6.0)


def test_a_grad_whose_conversion_takes_the_grad_away(impl: Implementation) -> None:
    x = impl.Var(2.0, requires_grad=True)

    class Takes(float):
        def __float__(self) -> float:
            x.requires_grad = False
            return 7.0

    with pytest.raises(AttributeError, match=r"has no \.grad"):
        x.grad = Takes()
    x.requires_grad = True
    assert x.grad == 0.0


# ---- graphs read as arrays and as lists


def value_of(export: Any) -> float:
    """A graph of sums and products, computed once more from its arrays."""
    names = {_CODES[n]: n for n in ("add", "mul")}
    codes, first, operands, numbers, leaves, _ = export
    values = [v.value for v in leaves]
    for i in range(len(leaves), len(codes)):
        a, b = (values[k] if k >= 0 else numbers[-1 - k] for k in operands[first[i] : first[i + 1]])
        values.append(a + b if names[codes[i]] == "add" else a * b)
    return float(values[-1])


def test_a_collection_within_a_listing(impl: Implementation) -> None:
    """Numbers that become Vars meanwhile, and wanted Vars that become more, are as they were or as they are."""
    core: Any = importlib.import_module(MODULES[impl.name])
    for threshold in range(1, 41):
        x = impl.Var(0.5)
        y, nodes = x, []
        for _ in range(4):
            y = y * 0.25 + x
            nodes += [y.prev_var1, y]
        wanted = [x, y]

        def alter(nodes: list[Any] = nodes, wanted: list[Any] = wanted, x: Any = x) -> None:
            for node in nodes:
                node.parents  # noqa: B018 (a constant becomes a Var)
            wanted.extend([x] * 100)

        with collecting(threshold, alter):
            found = core.export(y, wanted)
        assert value_of(found) == y.value, threshold
        assert len(found[5]) in (2, 102)
        assert found[5][:2] == [list(found[4]).index(x), len(found[0]) - 1]


def test_an_edit_within_the_listing_of_a_leaf(impl: Implementation) -> None:
    """The leaf is listed, not the node that its old graph keeps."""
    core: Any = importlib.import_module(MODULES[impl.name])
    for threshold in range(1, 41):
        x = impl.Var(0.5)
        kept = x * 2.0

        def edit(x: Any = x) -> None:
            x.value = 7.0

        with collecting(threshold, edit):
            leaves, (place,) = core.export(x, [x])[4:]
        assert leaves[place] is x, threshold
        assert (x.value, kept.value) == (7.0, 1.0)
        with collecting(threshold, lambda x=x: setattr(x, "value", 9.0)):
            found = core.order(x)
        assert len(found) == 1
        assert found[0] is x


def test_wanted_vars_are_vars(compiled: Implementation) -> None:
    from vargrad._core import var_c as core

    for wrong in (None, 1.0):
        with pytest.raises(TypeError):
            core.export(compiled.Var(0.5), [wrong])


@pytest.mark.parametrize("case", ["export", "order", "backward", "pullback", "sums", "first_call"])
def test_each_allocation_of_python_may_fail(compiled: Implementation, case: str) -> None:
    """MemoryError, never a crash; then the same call succeeds."""
    pytest.importorskip("_testcapi")
    command = [sys.executable, "-W", "error", str(REFUSED), case]
    found = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert found.returncode == 0, found.stderr
