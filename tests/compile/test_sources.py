"""Numbers that a recorded function takes from dice, clocks, files and counters, which nothing can watch."""

from __future__ import annotations

import datetime
import functools
import gc
import random
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import vargrad

dice = np.random.random_sample
thrown = functools.partial(random.random)
counted, tally, ledger = 0.0, [0.0], {"n": 0.0}


class Account:
    n = 0.0


account = Account()


def global_counter() -> float:
    global counted
    counted += 1.0
    return counted


def list_counter() -> float:
    tally[0] += 1.0
    return tally[0]


def growing_counter() -> float:
    tally.append(0.0)
    return float(len(tally))


def dict_counter() -> float:
    ledger.update(n=ledger["n"] + 1.0)
    return ledger["n"]


def attribute_counter() -> float:
    account.n += 1.0
    return account.n


@pytest.mark.parametrize(
    ("f", "reason"),
    [
        (lambda x: x * global_counter(), "may change counted"),
        (lambda x: x * list_counter(), "may change tally"),
        (lambda x: x * growing_counter(), "may change tally"),
        (lambda x: x * dict_counter(), "may change ledger"),
        (lambda x: x * attribute_counter(), "may change account"),
        (lambda x: x * thrown(), r"uses thrown\(\)"),
        (lambda x: x * next(zip(iter(random.random, None), strict=False))[0], "calls next"),
        (lambda x: x * sum(v for v, _ in zip(iter(random.random, None), range(2), strict=False)), "module random"),
    ],
)
def test_sources_in_helper_functions_and_behind_builtin_ones(f: Any, reason: str) -> None:
    """Counters of functions that the recorded one calls, and dice that C code calls."""
    compiled = vargrad.compile(f)
    with pytest.raises(vargrad.RecordingError, match=f"runs again on the same arguments: it .*{reason}"):
        compiled(3.0)
    assert compiled.paths == 0


def test_numbers_that_cannot_be_watched(tmp_path: Any) -> None:
    """Dice, clocks, files, iterators and counters: the message says where the number is from."""
    n, box, steps, rng = 0.0, [0.0], iter([1.0, 2.0, 3.0, 4.0]), np.random.default_rng(1)
    (tmp_path / "numbers").write_text("1\n2\n3\n4\n")
    file = open(tmp_path / "numbers")  # noqa: SIM115

    def counter(x: Any) -> Any:
        nonlocal n
        n += 1.0
        return x * n

    def boxed(x: Any) -> Any:
        box[0] += 1.0
        return x * box[0]

    sources: dict[Callable[[Any], Any], str] = {
        lambda x: x * random.random(): r"random\(\) at .*test_sources.py",
        lambda x: x * random.gauss(0.0, 1.0): r"random\(\) at .*test_sources.py",
        lambda x: x * np.random.random(): r"numpy.random at .*test_sources.py",  # noqa: NPY002
        lambda x: x * dice(): "dice",
        lambda x: x * rng.normal(): "rng",
        lambda x: x * time.perf_counter(): r"perf_counter\(\) at .*test_sources.py",
        lambda x: x * datetime.datetime.now().timestamp(): "now",
        lambda x: x * float(file.readline()): "readline",
        lambda x: x * next(steps): "next",
        counter: "changes n, to",
        boxed: "changes box",
    }
    with file:
        for f, reason in sources.items():
            compiled = vargrad.compile(f)
            with pytest.raises(vargrad.RecordingError, match=f"runs again on the same arguments: it .*{reason}"):
                compiled(np.array([1.0, 2.0]))
            assert compiled.paths == 0


def test_what_does_not_come_into_the_result_may_change() -> None:
    """A clock that is only looked at, and a value made on first use, are no reason to refuse."""
    seconds, table = [], None

    def f(x: Any) -> Any:
        nonlocal table
        seconds.append(time.perf_counter())
        if table is None:
            table = [1.0, 2.0]
        return x * table[1]

    compiled = vargrad.compile(f)
    assert (compiled(3.0), compiled(4.0)) == (6.0, 8.0)
    table = [1.0, 5.0]
    assert compiled(3.0) == 15.0


def test_a_helper_may_make_its_table_on_first_use() -> None:
    """It is changed by the first recording, and nothing else is."""
    table: list[float] = []

    def helper() -> float:
        if not table:
            table.append(2.0)
        return table[0]

    f = vargrad.compile(lambda x: x * helper())
    assert (f(3.0), f(4.0), f.paths) == (6.0, 8.0, 1)


def test_what_cannot_be_compared_is_compared_by_identity(tmp_path: Any) -> None:
    with open(tmp_path / "log", "w") as log:

        def f(x: Any) -> Any:
            log.write("recorded\n")
            return x * x

        compiled = vargrad.compile(f)
        assert (compiled(2.0), compiled(3.0)) == (4.0, 9.0)


def test_code_of_others_that_runs_meanwhile_is_not_watched() -> None:
    """A collection may begin in the middle, and run callbacks that count."""
    count = 0

    def callback(phase: str, info: dict[str, int]) -> None:
        nonlocal count
        count += 1

    def f(x: Any) -> Any:
        waste = [[] for _ in range(2000)]  # type: ignore[var-annotated]
        return x * len(waste)

    gc.callbacks.append(callback)
    try:
        compiled = vargrad.compile(f)
        for _ in range(3):
            assert compiled(2.0) == 4000.0
            gc.collect()
    finally:
        gc.callbacks.remove(callback)
    assert count > 0
    assert len(compiled._states) == 1


def test_no_profile_function_is_left_behind() -> None:
    def f(x: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        vargrad.compile(f)(1.0)
    assert sys.getprofile() is None
