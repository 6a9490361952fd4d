"""Modes end, whatever comes between: interrupts, handlers, wrong use; and none of the caller's reaches a recording."""

from __future__ import annotations

import gc
import itertools
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pytest

import vargrad
from mode_state import CLEAN, state
from twins import Implementation
from vargrad._core import modes
from vargrad.optim import rules

MODES = pytest.mark.parametrize("mode", [vargrad.no_grad, vargrad.detect_anomaly])
Mode = Callable[[], AbstractContextManager[Any]]


def interrupted(action: Callable[[], object], after: int, by: Callable[[], object]) -> bool:
    """Run the action, and ``by`` before bytecode number ``after`` of it and of modes.py; whether there was one."""
    left = itertools.count(after, -1)
    came = []

    def trace(frame: Any, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename != modes.__file__ and frame.f_code is not action.__code__:
            return None
        if frame.f_code.co_name == "__del__":  # the interpreter swallows what is raised there
            return None
        frame.f_trace_opcodes = True
        if event == "opcode" and next(left) == 0:
            sys.settrace(None)
            came.append(event)
            by()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    return bool(came)


def ctrl_c() -> None:
    raise KeyboardInterrupt


@MODES
def test_an_interrupt_before_any_bytecode_leaves_no_mode(mode: Mode) -> None:
    def action() -> None:
        with mode():
            pass

    count = 0
    while interrupted(action, count, ctrl_c):
        assert (vargrad.Var(2.0) * 3.0).prev_op == "mul", count
        assert state() == CLEAN, count
        count += 1
    assert count > 30


@MODES
def test_a_handler_may_use_a_mode_before_any_bytecode_of_one(mode: Mode) -> None:
    """A lock around the counts hung here for ever."""
    seen = []

    def quiet() -> bool:
        return (vargrad.Var(2.0) * 3.0).prev_op is None

    def handler() -> None:
        with vargrad.no_grad(), mode():
            seen.append(quiet())

    def action() -> None:
        with mode():
            seen.append(quiet() == (mode is vargrad.no_grad))

    count = 0
    while interrupted(action, count, handler):
        assert seen == [True, True], count
        assert state() == CLEAN, count
        assert not quiet()
        seen.clear()
        count += 1
    assert count > 30


def test_a_function_that_is_interrupted_while_it_is_recorded(impl: Implementation) -> None:
    def f(x: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        vargrad.compile(f)(2.0)
    assert state() == CLEAN
    x = impl.Var(2.0, requires_grad=True)
    (x * x).backward()
    assert x.grad == 4.0


@MODES
def test_what_is_told_of_one_block(mode: Mode) -> None:
    """A block of no_grad alone is told by name: then operations need not look the mode up."""
    with mode():
        (block,) = modes.blocks.get()
        quiet = mode is vargrad.no_grad
        assert modes.active() == (1, 1, 0 if quiet else 1, id(block) if quiet else 0)
    assert modes.thread.origins is None


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


@MODES
@pytest.mark.parametrize("f", [lambda x: x * 3 if x > 1 else x, several])
def test_no_mode_of_the_caller_reaches_a_recording(mode: Mode, f: Callable[[Any], Any]) -> None:
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
    """The update rule is recorded at the first step of the process."""

    def trained(quiet: bool) -> list[float]:
        x, y = vargrad.Var(2.0, requires_grad=True), vargrad.Var(-1.0, requires_grad=True)
        rules._recorded.cache_clear()
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

    monkeypatch.setattr("vargrad._compile.specialization.as_expressions", refused)
    f = vargrad.compile(lambda x: x * 2.0)
    with pytest.raises(MemoryError):
        f(1.0)
    assert state() == CLEAN
    monkeypatch.undo()
    assert f(1.0) == 2.0
