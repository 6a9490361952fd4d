"""``compare``: what it prints is true, and its programs are differentiated right."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import vargrad
from vargrad import reference
from vargrad._cli import backends, compare, main, measure
from vargrad._cli.programs import Program, programs

BOTH = vargrad.backend == "compiled"


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs of the command run once for all tests that look at what is printed of them."""
    whole, known = Program.run, {program.title for program in programs()}

    def run(self: Program, twin: Any) -> list[float]:
        if self.title not in known:
            return whole(self, twin)
        key = self.title, twin.name
        if key not in RUNS:
            RUNS[key] = whole(self, twin)
        return RUNS[key]

    monkeypatch.setattr(Program, "run", run)


RUNS: dict[tuple[str, str], list[float]] = {}


@pytest.fixture
def no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is repeated to be timed."""
    monkeypatch.setattr(measure, "fastest", lambda run, budget: 1e-3)
    monkeypatch.setattr(compare, "NODES", {"compiled": 1000, "python": 1000})


@pytest.fixture
def two_pure_twins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both names find a twin on every installation."""
    find = backends.find
    monkeypatch.setattr(backends, "find", lambda name=None: find("python" if name == "compiled" else name))


@pytest.mark.usefixtures("no_clock")
def test_compare(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["compare"])
    captured = capsys.readouterr()
    if not BOTH:
        assert status == 1
        assert captured.err == f"vargrad: {backends.why()}\n"
        assert captured.out == ""
        return
    assert status == 0
    lines = captured.out.splitlines()
    for program in programs():
        [line] = [line for line in lines if line.startswith(program.title)]
        assert line.endswith(" yes")
        assert f" {program.nodes():,} " in line
    assert "equal to the bit" in lines[-1]


@pytest.mark.usefixtures("two_pure_twins", "no_clock", "once")
@pytest.mark.parametrize("columns", [40, 80])
def test_compare_fits_the_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert compare.show() == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= columns


@pytest.mark.usefixtures("two_pure_twins", "no_clock", "once")
def test_compare_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare.show(as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["title"] for row in found["programs"]] == [program.title for program in programs()]
    assert all(row["same"] and row["nodes"] > 0 for row in found["programs"])


@pytest.mark.usefixtures("two_pure_twins", "no_clock", "once")
def test_compare_fails_on_a_single_bit(capsys: pytest.CaptureFixture[str]) -> None:
    values: Iterator[float] = (1.0 + k * 2.0**-52 for k in range(1_000_000))
    program = Program("a fickle program", lambda x, m: x[0] * next(values), [1.0])
    assert compare.show(chosen=[program]) == 1
    output = capsys.readouterr().out
    assert "THE TWINS DIFFER in a fickle program" in output
    assert compare.show(chosen=programs()[-1:]) == 0


@pytest.mark.parametrize("program", programs(), ids=[program.title for program in programs()])
def test_programs_differentiate_what_they_compute(program: Program) -> None:
    """Backward agrees with central differences, and the count of nodes with a walk over the graph."""
    twin = backends.find("python")
    leaves = [twin.Var(x, requires_grad=True) for x in program.inputs]
    result = program.function(leaves, twin.math)
    result.backward()
    for i, leaf in list(enumerate(leaves))[:5]:
        h = 1e-7 * max(1.0, abs(leaf.value))
        moved = [[x + (step if k == i else 0.0) for k, x in enumerate(program.inputs)] for step in (h, -h)]
        above, below = (program.function([twin.Var(x) for x in xs], twin.math).value for xs in moved)
        assert leaf.grad == pytest.approx((above - below) / (2 * h), rel=1e-5, abs=1e-7)
    seen, stack = set(), [result]
    while stack:
        v = stack.pop()
        if v.prev_op is not None and v not in seen:
            seen.add(v)
            stack += v.parents
    assert program.nodes() == len(seen) * (program.steps + 1)


def test_memory_is_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert measure.resident_bytes() is None
    assert measure.bytes_per_node(reference.Var, 10) is None


def test_fastest_repeats() -> None:
    calls: list[int] = []
    assert measure.fastest(lambda: calls.append(1), budget=0.0, least=4) > 0
    assert len(calls) >= 4 + 2
