"""Modes belong to a context: tasks and threads are apart, and a block ends everywhere when it is left."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

import vargrad
from mode_state import CLEAN, state
from twins import Implementation
from vargrad._core import modes

KINDS = pytest.mark.parametrize("kind", ["no_grad", "detect_anomaly"])


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    yield
    assert state() == CLEAN


@pytest.fixture
def on(impl: Implementation, kind: str) -> Callable[[], bool]:
    """Whether the mode is on, by what an operation does."""

    def quiet() -> bool:
        return (impl.Var(2.0) * 3.0).prev_op is None

    def strict() -> bool:
        try:
            impl.Var(0.0, True).sqrt().backward()
        except FloatingPointError:
            return True
        return False

    return quiet if kind == "no_grad" else strict


def mode(kind: str) -> Any:
    return getattr(vargrad, kind)()


@KINDS
def test_two_tasks_of_one_loop(kind: str, on: Callable[[], bool]) -> None:
    """They switched each other off, and left the mode on at the end."""
    seen: dict[str, list[bool]] = {"inside": [], "outside": []}

    async def inside() -> None:
        for _ in range(3):
            with mode(kind):
                seen["inside"].append(on())
                await asyncio.sleep(0)
                seen["inside"].append(on())
            await asyncio.sleep(0)

    async def outside() -> None:
        for _ in range(8):
            seen["outside"].append(on())
            await asyncio.sleep(0)

    async def main() -> None:
        await asyncio.gather(inside(), outside(), inside())

    asyncio.run(main())
    assert all(seen["inside"])
    assert not any(seen["outside"])
    assert not on()


@KINDS
def test_a_task_inherits_the_block_for_as_long_as_it_lives(kind: str, on: Callable[[], bool]) -> None:
    seen = []

    async def child(left: asyncio.Event) -> None:
        seen.append(on())
        await left.wait()
        seen.append(on())  # the block is over, though this context was made inside it

    async def main() -> None:
        left = asyncio.Event()
        with mode(kind):
            task = asyncio.create_task(child(left))
            await asyncio.sleep(0)
        left.set()
        await task

    asyncio.run(main())
    assert seen == [True, False]


@KINDS
def test_a_function_in_another_thread_of_the_loop(kind: str, on: Callable[[], bool]) -> None:
    async def main() -> list[bool]:
        with mode(kind):
            inside = await asyncio.to_thread(on)  # which takes its caller's context along
        return [inside, await asyncio.to_thread(on)]

    assert asyncio.run(main()) == [True, False]


@KINDS
def test_left_by_another_thread(kind: str, on: Callable[[], bool]) -> None:
    block = mode(kind)
    block.__enter__()
    assert on()
    thread = threading.Thread(target=block.__exit__, args=(None, None, None))
    thread.start()
    thread.join()
    assert not on()
    block.__exit__(None, None, None)
    assert not on()


@KINDS
def test_left_in_any_order_and_twice(kind: str, on: Callable[[], bool]) -> None:
    first, second, third = mode(kind), mode(kind), mode(kind)
    for block in (first, second, third):
        block.__enter__()
    for block in (first, first, third):
        block.__exit__(None, None, None)
        assert on()
    second.__exit__(None, None, None)
    assert not on()
    with mode(kind):
        assert on()
        second.__exit__(None, None, None)
        assert on()
    assert not on()


@KINDS
def test_one_object_entered_by_many_threads(kind: str, on: Callable[[], bool]) -> None:
    """Each leaves its own block, though they end in another order than they began."""
    shared, wrong = mode(kind), []
    turns = [threading.Event() for _ in range(3)]

    def work(i: int) -> None:
        with shared:
            entered.wait()
            turns[i].wait()
            if not on():
                wrong.append(i)
        if on():
            wrong.append(-i)

    entered = threading.Barrier(4)
    threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    entered.wait()
    assert not on()
    for i in (0, 2, 1):
        turns[i].set()
        threads[i].join()
    assert wrong == []


@KINDS
def test_a_generator_closed_later(kind: str, on: Callable[[], bool]) -> None:
    """While it is suspended in the block its caller is too; then the block ends, whatever was entered meanwhile."""

    def steps() -> Generator[bool, None, None]:
        with mode(kind):
            yield on()
            yield on()

    generator = steps()
    assert next(generator)
    with mode(kind):
        generator.close()
        assert on()
    assert not on()

    other = steps()
    with mode(kind):
        assert next(other)
    assert next(other)
    assert list(other) == []
    assert not on()

    dropped = steps()
    next(dropped)
    del dropped
    gc.collect()
    assert not on()


@KINDS
def test_two_generators_in_turn(kind: str, on: Callable[[], bool]) -> None:
    def steps(n: int) -> Generator[bool, None, None]:
        with mode(kind):
            for _ in range(n):
                yield on()

    first, second = steps(2), steps(4)
    assert [next(g) for g in (first, second, first, second)] == [True] * 4
    assert list(first) == []
    assert on()  # the second one is still in its block
    assert list(second) == [True, True]
    assert not on()


@KINDS
def test_a_context_manager_made_of_a_generator(kind: str, on: Callable[[], bool]) -> None:
    @contextlib.contextmanager
    def managed() -> Iterator[None]:
        with mode(kind):
            yield

    with managed():
        assert on()
    assert not on()


@KINDS
def test_a_context_of_its_own(kind: str, on: Callable[[], bool]) -> None:
    context, block = contextvars.copy_context(), mode(kind)
    context.run(block.__enter__)
    assert not on()
    assert context.run(on)
    block.__exit__(None, None, None)  # in this context, which was never in the block
    assert not context.run(on)


@KINDS
def test_a_context_that_ends_inside(kind: str, on: Callable[[], bool]) -> None:
    block = mode(kind)
    contextvars.copy_context().run(block.__enter__)
    assert modes.active() == (0, 0, 0, 0)
    assert not on()
    block.__exit__(None, None, None)
    with block:
        assert on()


@KINDS
def test_a_recording_reaches_no_other_context(kind: str) -> None:
    context = contextvars.copy_context()

    def f(x: Any) -> Any:
        assert modes.thread.recorder is not None
        assert context.run(lambda: modes.thread.recorder) is None
        return x * 2.0

    with mode(kind):
        assert vargrad.compile(f)(3.0) == 6.0


def test_origins_are_those_of_the_blocks_around(impl: Implementation) -> None:
    """A node made in an inner block is named in the outer one too, and one of another task's block is not."""
    with vargrad.detect_anomaly():
        with vargrad.detect_anomaly():
            bad = impl.Var(0.0, True).sqrt()
        with pytest.raises(FloatingPointError, match="test_modes_contexts"):
            bad.backward()
