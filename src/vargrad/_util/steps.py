"""Functions whose bodies run in steps: generators, coroutines and asynchronous generators, each step in a block."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager
from typing import Any

NewBlock = Callable[[], AbstractContextManager[Any]]


def each_in(block: NewBlock, function: Any) -> Any:
    """``function`` with each step of its body in a block of its own; None if its body runs in one step.

    What is suspended between two steps is in no block.
    """
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def generator(*args: Any, **kwargs: Any) -> Any:
            return (yield from _driven(block, function(*args, **kwargs)))

        return generator
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            return await _Steps(block, function(*args, **kwargs))

        return coroutine
    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def asynchronous(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            inner = function(*args, **kwargs)
            step = inner.asend(None)
            while True:
                try:
                    item = await _Steps(block, step)
                except StopAsyncIteration:
                    return
                finally:
                    del step
                try:
                    sent = yield item
                except BaseException as error:  # GeneratorExit too: the body decides what becomes of it
                    step = inner.athrow(error)
                else:
                    step = inner.asend(sent)

        return asynchronous
    return None


class _Steps:
    """An awaitable that takes each step of another one in a block."""

    def __init__(self, block: NewBlock, inner: Any) -> None:
        self._block, self._inner = block, inner

    def __await__(self) -> Generator[Any, Any, Any]:
        return _driven(self._block, self._inner)


def _driven(block: NewBlock, inner: Any) -> Generator[Any, Any, Any]:
    """Whatever is sent or thrown goes to ``inner``, in a block, and what it yields and returns comes back."""
    step, given = inner.send, None
    while True:
        try:
            with block():
                item = step(given)
        except StopIteration as stop:
            return stop.value
        finally:
            given = None  # an error would be in a cycle with its traceback
        try:
            given, step = (yield item), inner.send
        except BaseException as error:  # GeneratorExit too: the body decides what becomes of it
            given, step = error, inner.throw
