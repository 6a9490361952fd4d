"""Modes end, whatever comes between: interrupts, handlers, wrong use; and none of the caller's reaches a recording."""

from __future__ import annotations

import gc
import itertools
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pytest

import vargrad
from helpers import Implementation
from vargrad import _modes


def state() -> tuple[Any, ...]:
    thread = _modes.thread
    return thread.no_grad, thread.anomaly, thread.recorder, _modes.active()


CLEAN = ((), (), None, (0, 0, 0))


def interrupted(action: Callable[[], object], after: int) -> bool:
    """Whether an interrupt was raised, before bytecode number ``after`` of the action and what it calls."""
    left = itertools.count(after, -1)

    def trace(frame: Any, event: str, argument: Any) -> Any:
        if _modes.__file__ != frame.f_code.co_filename and frame.f_code is not action.__code__:
            return None
        if frame.f_code.co_name == "__del__":  # the interpreter swallows what is raised there
            return None
        frame.f_trace_opcodes = True
        if event == "opcode" and next(left) == 0:
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.parametrize("mode", [vargrad.no_grad, vargrad.detect_anomaly])
def test_an_interrupt_before_any_bytecode_leaves_no_mode(mode: Callable[[], AbstractContextManager[Any]]) -> None:
    def action() -> None:
        with mode():
            pass

    count = 0
    while interrupted(action, count):
        assert state()[:3] == CLEAN[:3], count
        action()  # whatever was told too much is put right by the next block
        assert state() == CLEAN, count
        count += 1
    assert count > 30


def test_an_interrupt_while_recording(impl: Implementation) -> None:
    def f(x: Any) -> Any:
        return x * 3 if x > 1 else x

    for inside in (False, True):

        def raising(x: Any, inside: bool = inside) -> Any:
            if inside:
                raise KeyboardInterrupt
            return f(x)

        g = vargrad.compile(raising)
        if inside:
            with pytest.raises(KeyboardInterrupt):
                g(2.0)
        else:
            assert g(2.0) == 6.0
        assert state() == CLEAN
        x = impl.Var(2.0, requires_grad=True)
        (x * x).backward()
        assert x.grad == 4.0


def test_a_handler_may_use_no_grad_while_it_is_left(impl: Implementation) -> None:
    """With a lock around the counts this never came back."""
    seen = []

    def handler(number: int, frame: Any) -> None:
        with impl.no_grad():
            seen.append((impl.Var(2.0) * 3.0).prev_op)

    before = signal.signal(signal.SIGUSR1, handler) if hasattr(signal, "SIGUSR1") else None
    if before is None:
        handler(0, None)
    else:
        try:
            for _ in range(200):
                signal.raise_signal(signal.SIGUSR1)
                with impl.no_grad():
                    signal.raise_signal(signal.SIGUSR1)
                    assert (impl.Var(2.0) * 3.0).prev_op is None
        finally:
            signal.signal(signal.SIGUSR1, before)
    assert set(seen) == {None}
    assert state() == CLEAN


def test_no_lock_is_held_where_modes_change() -> None:
    assert not [name for name, x in vars(_modes).items() if isinstance(x, type(threading.Lock()))]


def test_left_too_often(impl: Implementation) -> None:
    mode = impl.no_grad()
    with mode:
        pass
    mode.__exit__(None, None, None)
    mode.__exit__(None, None, None)
    assert (impl.Var(2.0) * 3.0).prev_op == "mul"
    assert state() == CLEAN


def test_one_that_is_dropped_is_left(impl: Implementation) -> None:
    impl.no_grad().__enter__()
    gc.collect()
    assert (impl.Var(2.0) * 3.0).prev_op == "mul"
    assert state() == CLEAN


def test_a_decorated_function_may_call_itself(impl: Implementation) -> None:
    @impl.no_grad()
    def down(n: int) -> Any:
        return down(n - 1) if n else (impl.Var(2.0) * 3.0).prev_op

    assert down(5) is None
    assert state() == CLEAN


BRANCHES = [5.0, 6.0, 0.5]


def several(x: Any) -> Any:
    return x * 3 if x > 1 else x, x * x


@pytest.mark.parametrize("mode", [vargrad.no_grad, vargrad.detect_anomaly])
@pytest.mark.parametrize("f", [lambda x: x * 3 if x > 1 else x, several])
def test_no_mode_of_the_caller_reaches_a_recording(
    mode: Callable[[], AbstractContextManager[Any]], f: Callable[[Any], Any]
) -> None:
    """A first call inside no_grad gave [20, 20] for [15, 18], and derivatives of 0 for ever."""
    outside, inside = vargrad.compile(f), vargrad.compile(f)
    expected = outside(np.array(BRANCHES)), outside.jacobian(np.array(BRANCHES))
    with mode():
        first = inside(np.array(BRANCHES))
        again = inside(np.array(BRANCHES)), inside.jacobian(np.array(BRANCHES))
    later = inside(np.array(BRANCHES)), inside.jacobian(np.array(BRANCHES))
    for found in (first, again[0], later[0]):
        assert np.array_equal(np.asarray(found), np.asarray(expected[0]))
    for derivatives in (again[1], later[1]):
        assert np.array_equal(np.asarray(derivatives), np.asarray(expected[1]))
    assert state() == CLEAN


def test_a_step_of_an_optimiser_under_no_grad() -> None:
    def trained(quiet: bool) -> list[float]:
        x, y = vargrad.Var(2.0, requires_grad=True), vargrad.Var(-1.0, requires_grad=True)
        optimizer = vargrad.optim.Adam([x, y], lr=0.1, betas=(0.8, 0.95))
        (x * x * y).backward()
        if quiet:
            with vargrad.no_grad():
                optimizer.step()
        else:
            optimizer.step()
        return [x.value, y.value]

    assert trained(True) == trained(False)


def test_a_recording_that_fails_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr("vargrad._variants.Graph", refused)
    f = vargrad.compile(lambda x: x * 2.0)
    with pytest.raises(MemoryError):
        f(1.0)
    assert state() == CLEAN
    monkeypatch.undo()
    assert f(1.0) == 2.0
