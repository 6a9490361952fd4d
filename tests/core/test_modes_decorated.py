"""Modes as decorators: generators and coroutines are in the block while their bodies run, and only then."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from typing import Any

import pytest

import vargrad
from mode_state import CLEAN, state
from twins import Implementation

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
def test_a_decorated_generator_function(kind: str, on: Callable[[], bool]) -> None:
    """The block was left before the body began."""

    @mode(kind)
    def echo(n: int) -> Generator[Any, Any, str]:
        """Doc."""
        got: Any = None
        for _ in range(n):
            try:
                got = yield on(), got
            except ValueError as error:
                got = error
        assert on()
        return "end"

    assert inspect.isgeneratorfunction(echo)
    assert (echo.__name__, echo.__doc__) == ("echo", "Doc.")
    generator = echo(4)
    assert not on()
    assert next(generator) == (True, None)
    assert not on()
    assert generator.send(5) == (True, 5)
    error = ValueError("x")
    assert generator.throw(error) == (True, error)
    assert not on()
    assert next(generator) == (True, None)
    with pytest.raises(StopIteration) as stop:
        next(generator)
    assert stop.value.value == "end"
    assert not on()
    with pytest.raises(KeyError, match="y"):
        echo(2).throw(KeyError("y"))


@KINDS
def test_a_decorated_generator_is_closed_in_its_block(kind: str, on: Callable[[], bool]) -> None:
    seen = []

    @mode(kind)
    def steps() -> Generator[int, None, None]:
        try:
            yield 1
        finally:
            seen.append(on())

    generator = steps()
    next(generator)
    generator.close()
    steps().close()
    assert seen == [True]

    @mode(kind)
    def stubborn() -> Generator[int, None, None]:
        try:
            yield 1
        except GeneratorExit:
            seen.append(on())
        yield 2

    generator = stubborn()
    next(generator)
    with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
        generator.close()
    assert seen == [True, True]


@KINDS
def test_a_decorated_coroutine_function(kind: str, on: Callable[[], bool]) -> None:
    """pytorch#31497: the block was left before the body ran."""
    outside = []

    @mode(kind)
    async def work(n: int) -> bool:
        good = on()
        for _ in range(n):
            await asyncio.sleep(0)
            good = good and on()
        return good

    @mode(kind)
    async def fails() -> None:
        await asyncio.sleep(0)
        raise ValueError("x")

    async def beside() -> None:
        for _ in range(3):
            outside.append(on())
            await asyncio.sleep(0)

    async def main() -> list[bool]:
        found = await asyncio.gather(work(3), beside(), work(2))
        with pytest.raises(ValueError, match="x"):
            await fails()
        task = asyncio.create_task(work(10**9))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return [found[0], found[2], await work(0), not on()]

    assert inspect.iscoroutinefunction(work)
    assert asyncio.run(main()) == [True] * 4
    assert outside == [False] * 3


@KINDS
def test_a_decorated_asynchronous_generator_function(kind: str, on: Callable[[], bool]) -> None:
    closed = []

    @mode(kind)
    async def steps(n: int) -> AsyncGenerator[Any, Any]:
        got: Any = None
        try:
            for _ in range(n):
                await asyncio.sleep(0)
                try:
                    got = yield on(), got
                except ValueError as error:
                    got = error
        finally:
            await asyncio.sleep(0)
            closed.append(on())

    async def main() -> None:
        items = [(item, on()) async for item in steps(3)]
        assert items == [((True, None), False)] * 3
        generator = steps(9)
        assert await generator.asend(None) == (True, None)
        assert await generator.asend(7) == (True, 7)
        error = ValueError("x")
        assert await generator.athrow(error) == (True, error)
        await generator.aclose()
        with pytest.raises(StopAsyncIteration):
            await generator.asend(None)
        assert not on()

    assert inspect.isasyncgenfunction(steps)
    asyncio.run(main())
    assert closed == [True, True]


def test_nothing_is_recorded_in_a_decorated_generator_while_compile_records(impl: Implementation) -> None:
    @vargrad.no_grad()
    def halves(x: Any) -> Iterator[Any]:
        yield x * 0.5

    assert [v.prev_op for v in halves(impl.Var(1.0))] == [None]
    with pytest.raises(vargrad.RecordingError, match=r"detach\(\)"):
        vargrad.compile(lambda x: sum(halves(x)))(1.0)
