"""Threads that share leaves and graphs, with a lock of Python's around every operation."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from twins import Implementation, leaves
from vargrad._core import leaves_py

THREADS = 8


@pytest.fixture(autouse=True)
def _frequent_switches() -> Iterator[None]:
    """Threads change places every few operations instead of every 5 ms."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def together(work: Callable[[int], Any]) -> list[Any]:
    """Run work(i) in several threads at once, all started together; their results in order."""
    barrier, results, errors = threading.Barrier(THREADS), [None] * THREADS, []

    def one(i: int) -> None:
        barrier.wait()
        try:
            results[i] = work(i)
        except BaseException as error:
            errors.append(error)

    workers = [threading.Thread(target=one, args=(i,)) for i in range(THREADS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if errors:
        raise errors[0]
    return results


def repeats(impl: Implementation) -> int:
    return 2000 if impl.name == "compiled" else 200


def test_own_leaves(impl: Implementation) -> None:
    def work(i: int) -> tuple[float, float]:
        x, y = leaves(impl, float(i), 2.0)
        for _ in range(repeats(impl)):
            z = x * y + y
            z.backward()
        return x.grad, y.grad

    n = repeats(impl)
    assert together(work) == [(2.0 * n, (i + 1.0) * n) for i in range(THREADS)]


def test_shared_leaves_accumulate_everything(impl: Implementation) -> None:
    x, y = leaves(impl, 3.0, 2.0)
    lock = threading.Lock()

    def work(i: int) -> None:
        for _ in range(repeats(impl)):
            z = x * y + float(i)
            with lock:
                z.backward()

    together(work)
    assert (x.grad, y.grad) == (2.0 * THREADS * repeats(impl), 3.0 * THREADS * repeats(impl))


@pytest.fixture
def free_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pure twin as it is on an interpreter without a lock of its own."""
    monkeypatch.setattr(leaves_py, "_lock", threading.RLock)
    monkeypatch.setattr(leaves_py, "_adding", threading.RLock())


@pytest.mark.usefixtures("free_threads")
def test_backward_needs_no_lock(impl: Implementation) -> None:
    """No addition to a shared grad is lost without the interpreter's lock."""
    x, y = leaves(impl, 3.0, 2.0)

    def switching(frame: Any, event: str, argument: object) -> Any:
        if "leaves_py" in frame.f_code.co_filename or frame.f_code.co_name == "_grad":
            time.sleep(0)  # the others go on before the next line, as without the interpreter's lock they do
            return switching
        return None

    def work(i: int) -> None:
        sys.settrace(switching)
        try:
            for _ in range(repeats(impl)):
                (x * y + float(i)).backward()
        finally:
            sys.settrace(None)

    together(work)
    assert (x.grad, y.grad) == (2.0 * THREADS * repeats(impl), 3.0 * THREADS * repeats(impl))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
@pytest.mark.usefixtures("free_threads")
def test_a_child_does_not_wait_for_a_thread_that_it_does_not_have(impl: Implementation) -> None:
    """It was forked while another thread was inside backward."""
    (x,) = leaves(impl, 3.0)
    inside, done = threading.Event(), threading.Event()

    def work() -> None:
        with leaves_py._adding:
            inside.set()
            done.wait(60)

    other = threading.Thread(target=work)
    other.start()
    inside.wait(60)
    child = os.fork()
    if not child:
        signal.alarm(20)  # ends a child that waits
        (x * 2.0).backward()
        os._exit(0 if x.grad == 2.0 else 1)
    status = os.waitpid(child, 0)[1]
    done.set()
    other.join()
    assert status == 0


def test_shared_computed_var(impl: Implementation) -> None:
    """Nodes of one thread are operands in all others."""
    x = impl.Var(1.5, requires_grad=True)
    shared = [x * float(k) for k in range(10)]

    def work(i: int) -> float:
        total: Any = 0.0
        for k in range(repeats(impl)):
            total = total + shared[k % 10] * 1.0
        return impl.pullback(total, [x])[0][0]

    assert together(work) == [repeats(impl) / 10 * 45.0] * THREADS


def test_graph_handed_from_thread_to_thread(impl: Implementation) -> None:
    """Built here, prolonged there, freed elsewhere."""
    x = impl.Var(1.0, requires_grad=True)
    box: list[Any] = [x]
    lock = threading.Lock()

    def work(i: int) -> None:
        for _ in range(repeats(impl)):
            with lock:
                box[0] = box[0] + x
            x * float(i)  # noise in between

    together(work)
    box[0].backward()
    assert x.grad == THREADS * repeats(impl) + 1


def test_constants_asked_for_at_once(impl: Implementation) -> None:
    x = impl.Var(1.0, requires_grad=True)
    nodes = [x * float(k) for k in range(repeats(impl))]

    def work(i: int) -> float:
        return sum(v.prev_var2.value for v in nodes)

    assert set(together(work)) == {float(sum(range(len(nodes))))}


def test_edits_and_forward_passes(impl: Implementation) -> None:
    """Each result belongs to one value of the leaf, whatever the others do to it."""
    x = impl.Var(1.0, requires_grad=True)

    def work(i: int) -> None:
        for k in range(repeats(impl)):
            if i == 0:
                x.value = 1.0 + k % 3
            z = x * 1.0
            assert z.value in (1.0, 2.0, 3.0)
            if i % 2:
                try:
                    z.backward()
                except RuntimeError:
                    continue  # edited in between: said so, and not mixed

    together(work)


def test_exceptions_in_many_threads(impl: Implementation) -> None:
    x = impl.Var(0.0, requires_grad=True)

    def work(i: int) -> int:
        count = 0
        for _ in range(repeats(impl)):
            try:
                1.0 / x
            except ZeroDivisionError:
                count += 1
        return count

    assert together(work) == [repeats(impl)] * THREADS


def test_no_grad_is_of_one_thread(impl: Implementation) -> None:
    x = impl.Var(2.0, requires_grad=True)
    barrier = threading.Barrier(THREADS)

    def work(i: int) -> str | None:
        if i % 2:
            with impl.no_grad():
                barrier.wait()
                found = (x * x).prev_op
                barrier.wait()
                return found
        barrier.wait()
        found = (x * x).prev_op
        barrier.wait()
        return found

    assert together(work) == ["mul", None] * (THREADS // 2)


def test_detect_anomaly_is_of_one_thread(impl: Implementation) -> None:
    barrier = threading.Barrier(THREADS)

    def work(i: int) -> bool:
        x = impl.Var(0.0, requires_grad=True)
        if i % 2:
            with impl.detect_anomaly():
                barrier.wait()
                z = x.sqrt()
                try:
                    z.backward()
                except FloatingPointError:
                    barrier.wait()
                    return True
        barrier.wait()
        x.sqrt().backward()
        barrier.wait()
        return False

    assert together(work) == [False, True] * (THREADS // 2)


def test_modes_end_in_their_own_thread(impl: Implementation) -> None:
    """Entering and leaving in many threads at once leaves no mode on."""
    x = impl.Var(2.0, requires_grad=True)

    def work(i: int) -> int:
        wrong = 0
        for _ in range(repeats(impl)):
            with impl.no_grad():
                wrong += (x * x).prev_op is not None
            wrong += (x * x).prev_op is None
        return wrong

    assert together(work) == [0] * THREADS
    assert (x * x).prev_op == "mul"
