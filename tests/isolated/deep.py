"""A graph as deep as a million operations: forward, backward, walked, freed. deep.py compiled|python CASE=DEPTH...

With a last argument ``thread`` all of that in a thread whose stack has 256 KiB.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable
from typing import Any

from twin import held, load

core, math = load()
Var = core.Var


def chain(depth: int) -> None:
    """Additions one on another: the derivative is their number."""
    x = Var(0.5, requires_grad=True)
    z: Any = x
    for _ in range(depth):
        z = z + x
    z.backward()
    assert x.grad == depth + 1
    assert core.pullback(z, [x]) == ([depth + 1], False)


def handles(depth: int) -> None:
    """The same with every intermediate Var held, and let go oldest first, then youngest first."""
    for direction in (1, -1):
        x = Var(0.5, requires_grad=True)
        kept: list[Any] = [x]
        for _ in range(depth // 2):
            kept.append(kept[-1] * 1.0)
        kept[-1].backward()
        assert x.grad == 1.0
        kept = kept[::direction]
        while kept:
            kept.pop()


def second(depth: int) -> None:
    """The derivative as a graph, as deep as the first."""
    x = Var(1.0, requires_grad=True)
    z: Any = x
    for _ in range(depth // 10):
        z = z * x
    (slope,) = core.pullback_graph(z, [x])
    assert slope.value == depth // 10 + 1
    slope.backward()
    assert x.grad == (depth // 10 + 1) * (depth // 10)


def paths(depth: int) -> None:
    """2**200 paths from the root to the leaf."""
    x = Var(1.0, requires_grad=True)
    z: Any = x
    for _ in range(200):
        z = z + z
    z.backward()
    assert x.grad == z.value == 2.0**200
    (slope,) = core.pullback_graph(z, [x])
    assert slope.value == 2.0**200


def wide(depth: int) -> None:
    """One node with that many operands, and that many leaves."""
    xs = [Var(1.0, requires_grad=True) for _ in range(depth // 4)]
    total = math.sum(xs)
    total.backward(3.0)
    assert {x.grad for x in xs} == {3.0}
    assert len(total.parents) == len(xs)
    del total
    assert math.prod(xs).value == 1.0


def anomaly(depth: int) -> None:
    """The walk that names the first anomaly is iterative as well."""
    from vargrad import detect_anomaly

    x = Var(0.5, requires_grad=True)
    z: Any = x
    for _ in range(depth // 10):
        z = z + x
    with detect_anomaly():
        z.backward()
    assert x.grad == depth // 10 + 1


def main() -> None:
    for name, depth in (x.split("=") for x in sys.argv[2:] if x != "thread"):
        measured(globals()[name], int(depth))


def measured(case: Callable[[int], None], depth: int) -> None:
    case(depth // 100)
    before = held(core)
    case(depth)
    gc.collect()
    after = held(core)
    assert after["blocks"] - before["blocks"] < 2_000, (case.__name__, before, after)
    if "segments" in after:
        assert after["segments"] - before["segments"] < 16, (before, after)
        assert after["bytes"] - before["bytes"] < 64 << 20, (before, after)  # some is kept for the next graph


if __name__ == "__main__":
    if sys.argv[-1] == "thread":
        failed: list[BaseException] = []

        def guarded() -> None:
            try:
                main()
            except BaseException as error:
                failed.append(error)

        threading.stack_size(256 * 1024)
        worker = threading.Thread(target=guarded)
        worker.start()
        worker.join()
        if failed:
            raise failed[0]
    else:
        main()
