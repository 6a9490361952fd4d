"""What the graph holds on to: nothing that no Var reaches, however deep, and nothing for ever.

What needs a process of its own, to be measured or to have a small stack, is a script in ``isolated``.
"""

from __future__ import annotations

import ast
import gc
import os
import random
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import pytest

from twins import Implementation, grads, leaves

pytestmark = pytest.mark.either

ISOLATED = Path(__file__).parents[1] / "isolated"


def run(*arguments: object) -> None:
    """A script of ``isolated``; its error is the test's."""
    script, *rest = map(str, arguments)
    command = [sys.executable, "-W", "error", str(ISOLATED / script), *rest]
    environment = dict(os.environ)
    if script in (
        "growth.py",
        "kept.py",
    ):  # AddressSanitizer keeps what is freed, to watch it: not where memory is measured
        given = environment.get("ASAN_OPTIONS")
        environment["ASAN_OPTIONS"] = ":".join(filter(None, [given, "quarantine_size_mb=0"]))
    found = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert found.returncode == 0, found.stderr


def functions(script: str) -> list[str]:
    """The cases of a script: its functions of one argument called ``steps``, ``depth``, ``offset`` or ``leaves``."""
    tree = ast.parse((ISOLATED / script).read_text(encoding="utf-8"))
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return [f.name for f in found if [a.arg for a in f.args.args] in (["steps"], ["depth"], ["offset"], ["leaves"])]


# ---- growth

SHAPES = functions("growth.py")
MILLION = "article"
COSTLY = {"blocks", "nary", "nary_no_grad", "anomaly", "pullbacks", "difference_kept"}


def test_shapes_are_found() -> None:
    assert MILLION in SHAPES
    assert set(SHAPES) >= COSTLY
    assert len(SHAPES) > 15


def test_nothing_grows(impl: Implementation) -> None:
    """Over a million training steps of the article's loop, and fewer of every other shape."""
    steps = {shape: 20_000 if shape in COSTLY else 100_000 for shape in SHAPES} | {MILLION: 1_000_000}
    if impl.name == "python":
        steps = dict.fromkeys(SHAPES, 1_500)
    run("growth.py", impl.name, *(x for pair in steps.items() for x in pair))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="each entry runs in a fork")
def test_nothing_grows_by_public_calls(impl: Implementation) -> None:
    """CONTRIBUTING.md has the command for a million calls of all of them."""
    run("repeated.py", impl.name, 20_000, 0.5, "math.exp", "Compiled.backward", "NN.partial_fit", "compile pickle")


# ---- depth

DEEP = functions("deep.py")


@pytest.mark.parametrize("stack", ["main", "thread"])
def test_depth(impl: Implementation, stack: str) -> None:
    """Forward, backward and freeing never recurse: a million operations on a stack of 256 KiB."""
    depths = dict.fromkeys(DEEP, 1_000_000 if impl.name == "compiled" else 50_000)
    if impl.name == "python":
        depths["chain"] = 200_000
    cases = [f"{case}={depth}" for case, depth in depths.items()]
    run("deep.py", impl.name, *cases, *(["thread"] if stack == "thread" else []))


# ---- what a collection must not touch


def test_what_a_trace_leaves_intact(impl: Implementation) -> None:
    run("traced.py", impl.name, *functions("traced.py"))


# ---- segments, of the compiled twin


def statistics() -> dict[str, int]:
    from vargrad._core import var_c

    gc.collect()
    return var_c.statistics()


def test_segments_are_recycled(compiled: Implementation) -> None:
    """A graph of a hundred thousand nodes leaves nothing live behind, and the next one asks the system for nothing."""

    def graph() -> dict[str, int]:
        x = compiled.Var(1.0, requires_grad=True)
        z: Any = x
        for _ in range(100_000):
            z = z + x
        z.backward()
        return statistics()

    before = statistics()
    during = graph()
    assert during["nodes"] - before["nodes"] >= 100_000
    assert during["segments"] > before["segments"] + 100
    after = statistics()
    assert after["segments"] <= before["segments"] + 1
    assert after["nodes"] <= before["nodes"] + 1000
    for _ in range(5):
        assert graph()["bytes"] == during["bytes"]


def test_a_node_takes_at_most_64_bytes(compiled: Implementation) -> None:
    before = statistics()
    x = compiled.Var(1.0)
    z: Any = x
    for _ in range(1_000_000):
        z = z * x
    after = statistics()
    assert after["nodes"] - before["nodes"] >= 1_000_000
    live = (after["segments"] - before["segments"]) * (after["bytes"] / (after["segments"] + after["spare"]))
    assert live / 1_000_000 <= 64 * 1.02  # and a segment's header


def test_long_lived_var_keeps_its_own_segments_only(compiled: Implementation) -> None:
    x = compiled.Var(1.0, requires_grad=True)
    kept = x * 2.0
    before = statistics()
    for _ in range(300):
        z: Any = kept
        for _ in range(1000):
            z = z + x
        z.backward()
    del z
    after = statistics()
    assert after["segments"] <= before["segments"] + 2
    assert grads(kept, [x]) == [2.0]


@pytest.mark.parametrize("seed", range(5))
def test_sweep_over_many_segments_in_order(impl: Implementation, seed: int) -> None:
    """Each node far from the last and used by many later ones: it must wait until the last of them has arrived."""
    rng = random.Random(seed)
    x = impl.Var(1.0, requires_grad=True)
    nodes, counts, filler = [x], [1], []
    for _ in range(60):
        some = [rng.randrange(max(0, len(nodes) - 20), len(nodes)) for _ in range(rng.randint(1, 4))]
        nodes.append(impl.math.sum([nodes[i] for i in some]))
        counts.append(sum(counts[i] for i in some))  # of the paths to x, which is the derivative: exact
        filler.append([x * 1.0 for _ in range(300)])
    for i in (60, 45, 60, 1):
        assert impl.pullback(nodes[i], [x])[0] == [counts[i]]
        (slope,) = impl.pullback_graph(nodes[i], [x])
        assert slope.value == counts[i]
    assert grads(nodes[60], [x]) == [counts[60]]


@pytest.mark.parametrize("when", ["fresh", "after_millions"])
def test_old_results_keep_few_segments(compiled: Implementation, when: str) -> None:
    run("segments.py", compiled.name, when)


def test_hundred_thousand_small_results(impl: Implementation) -> None:
    """All of them stay right while they live, and backward in any order."""
    x = impl.Var(1.5, requires_grad=True)
    count = 100_000 if impl.name == "compiled" else 10_000
    kept = [x * float(i) for i in range(count)]
    total = 0.0
    for i in [*range(0, count, 997), *range(count - 1, 0, -991)]:
        total += i
        kept[i].backward()
    assert x.grad == total
    assert all(k.prev_var1 is x for k in kept[::500])


def test_every_other_result_dies(impl: Implementation) -> None:
    x = impl.Var(1.5, requires_grad=True)
    kept = [x * float(i) for i in range(20_000)]
    del kept[::2]
    more = [k + k for k in kept]
    del kept[::3]
    more[-1].backward()
    assert x.grad == 2 * 19_999.0
    assert [m.value for m in more[:3]] == [2 * 1.5 * i for i in (1.0, 3.0, 5.0)]


def test_leaves_are_given_back(compiled: Implementation) -> None:
    before = statistics()["leaves"]
    many = [compiled.Var(float(i)) for i in range(50_000)]
    assert statistics()["leaves"] >= 50_000
    del many
    assert statistics()["leaves"] <= before


@pytest.mark.parametrize("case", functions("kept.py"))
def test_memory_of_dead_leaves_is_given_back(compiled: Implementation, case: str) -> None:
    """Whether an operation has used them or not, and in whatever order they die."""
    run("kept.py", compiled.name, case)


# ---- references


def test_refcounts_stay(impl: Implementation) -> None:
    """None, True and the numbers given come back to the count they had."""
    number, x = 123456.789, impl.Var(0.5, requires_grad=True)

    def work() -> None:
        z = x * number + number
        z.backward(number)
        z.prev_var2  # noqa: B018
        impl.math.dot([x, number], [number, x])
        impl.custom(number, [x], [number])
        impl.Var(number, True, None, None, None)
        x.value = 0.5
        x.grad = number
        assert x.prev_op is None
        assert (x < number) is True

    work()
    gc.collect()
    before = [sys.getrefcount(v) for v in (number, x, None, True, impl.Var)]
    for _ in range(1000):
        work()
    gc.collect()
    after = [sys.getrefcount(v) for v in (number, x, None, True, impl.Var)]
    assert all(abs(a - b) < 100 for a, b in zip(after, before, strict=True))


def test_attached_objects_die(impl: Implementation) -> None:
    """A leaf in a container that nobody holds is gone at once: no cycle waits for the collector."""

    class Holder:
        def __init__(self, v: Any) -> None:
            self.v = v

    holder = Holder(impl.Var(1.0, requires_grad=True))
    seen = weakref.ref(holder)
    z = holder.v * 2.0
    gc.disable()
    try:
        del holder
        assert seen() is None
    finally:
        gc.enable()
    assert z.prev_var1.value == 1.0


def test_leaf_outlives_its_handle(impl: Implementation) -> None:
    """Dropped and asked for again: value, requires_grad and grad are still there."""
    z = impl.Var(3.0, requires_grad=True) * 2.0
    gc.collect()
    z.backward()
    again = z.prev_var1
    assert (again.value, again.grad, again.requires_grad) == (3.0, 2.0, True)
    del again
    leaves(impl, *[0.0] * 3000)  # others come and go
    assert z.prev_var1.grad == 2.0


def test_root_dropped_while_the_graph_lives(impl: Implementation) -> None:
    x, y = leaves(impl, 2.0, 3.0)
    middle = x * y
    root = (middle + 1.0) * 4.0
    root.backward()
    del root
    for _ in range(1000):
        x * y
    assert (middle.value, middle.prev_var1 is x, middle.prev_op) == (6.0, True, "mul")
    assert grads(middle, [x, y]) == [3.0, 2.0]
