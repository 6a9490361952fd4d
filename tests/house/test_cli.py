"""The command line: what it prints is true, and wrong input is refused in words."""

import math
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib import metadata

import pytest

import vargrad
from vargrad import NN, reference
from vargrad._cli import backends, info, main, text, train

BOTH = vargrad.backend == "compiled"  # otherwise there is but the pure twin, and the commands must say so
HERE = ["python", *(["compiled"] if BOTH else [])]
GATES: dict[str, tuple[list[int], Callable[[int, int], int]]] = {
    "and": ([2, 1], int.__and__),
    "xor": ([2, 2, 1], int.__xor__),
}


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "vargrad", *arguments]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=300)


@cache
def trained(gate: str, steps: int, lr: float, seed: int) -> tuple[list[float], list[float]]:
    """Losses and final predictions of the article's loop, over the pure twin."""
    arch, function = GATES[gate]
    data = [[p, q, function(p, q)] for p in (0, 1) for q in (0, 1)]
    model = NN(arch, seed=seed, var=reference.Var)
    losses = []
    for _ in range(steps):
        loss = model.calculate_loss(data)
        loss.backward()
        losses.append(loss.value)
        for p in model.parameters:
            p.value -= lr * p.grad
            p.grad = 0
    return losses, [model(p, q).value for p, q, _ in data]


def answers(output: str) -> list[tuple[int, int, int, float, str]]:
    """The truth table: p, q, the bit, the prediction, the verdict."""
    rows = re.findall(r"^  ([01])  ([01])     ([01]) +(\S+)(?:  (.+))?$", output, re.MULTILINE)
    return [(int(p), int(q), int(bit), float(x), verdict) for p, q, bit, x, verdict in rows]


@pytest.mark.parametrize("backend", HERE)
@pytest.mark.parametrize(("gate", "steps", "lr"), [("and", 1000, 0.1), ("xor", 2000, 1.0)])
def test_a_gate_is_learned(gate: str, steps: int, lr: float, backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([gate, "--backend", backend]) == 0
    output = capsys.readouterr().out
    losses, predictions = trained(gate, steps, lr, seed=0)
    shown = re.findall(r"step +(\d+)  loss (\S+)", output)
    assert [int(step) for step, _ in shown] == [1, *(steps * i // 8 for i in range(1, 9))]
    assert [loss for _, loss in shown] == [f"{losses[int(step) - 1]:.6f}" for step, _ in shown]
    table = answers(output)
    function = GATES[gate][1]
    assert [row[:3] for row in table] == [(p, q, function(p, q)) for p in (0, 1) for q in (0, 1)]
    assert [x for *_, x, _ in table] == [float(f"{x:.3f}") for x in predictions]
    assert all(round(x) == bit and not verdict for _, _, bit, x, verdict in table)
    assert f"Learned: all four answers are right. {steps} steps took" in output
    assert backends.NAMES[backend] in output
    assert output.isascii()


@pytest.mark.parametrize(("gate", "steps"), [("and", 1000), ("xor", 100)])
def test_finite_difference_learns_nearly_the_same(gate: str, steps: int, capsys: pytest.CaptureFixture[str]) -> None:
    lr = 0.1 if gate == "and" else 1.0
    status = main([gate, "--method", "finite-difference", "--steps", str(steps), "--lr", str(lr), "--seed", "3"])
    assert status == (gate == "xor")  # which a hundred steps do not teach
    output = capsys.readouterr().out
    _, predictions = trained(gate, steps, lr, seed=3)
    assert [x for *_, x, _ in answers(output)] == pytest.approx(predictions, abs=2e-3)
    assert "finite difference" in output


def test_it_says_when_it_has_not_learned(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["xor", "--seed", "2"]) == 1
    output = capsys.readouterr().out
    _, predictions = trained("xor", 2000, 1.0, seed=2)
    wrong = [round(x) != bit for x, bit in zip(predictions, (0, 1, 1, 0), strict=True)]
    assert any(wrong)
    assert [verdict == "wrong" for *_, verdict in answers(output)] == wrong
    assert "Not learned" in output
    assert "--seed" in output


def test_a_guess_is_not_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["and", "--steps", "20"]) == 1
    output = capsys.readouterr().out
    assert "Not learned" in output
    for *_, bit, x, verdict in answers(output):
        assert verdict == ("wrong" if abs(x - bit) >= 0.5 else "a guess" if abs(x - bit) >= 1 / 3 else "")


@pytest.mark.parametrize("lr", ["1e308", "1e-300"])
def test_an_absurd_rate_is_survived(lr: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["xor", "--lr", lr, "--steps", "5"]) == 1
    assert "Not learned" in capsys.readouterr().out


# ---- both backends on the same program


def test_the_race(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["xor", "--steps", "50"]) == 1  # it has not learned by then
    output = capsys.readouterr().out
    last = output.strip().splitlines()[-2:]
    if not BOTH:
        assert f"No comparison of the backends, there is only one: {backends.why()}." in " ".join(output.split())
        return
    assert last[0] == "The very same program on both backends, the same numbers to the last bit:"
    found = re.fullmatch(r"pure Python: (\S+) (\S+), compiled: (\S+) (\S+), (\S+) x faster", last[1])
    assert found is not None
    units = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
    slow, fast = (float(found[i]) * units[found[i + 1]] for i in (1, 3))
    assert float(found[5]) == pytest.approx(slow / fast, rel=0.1)


@pytest.fixture
def two_pure_twins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both names find a twin on every installation."""
    find = backends.find
    monkeypatch.setattr(backends, "find", lambda name=None: find("python" if name == "compiled" else name))


@pytest.mark.usefixtures("two_pure_twins")
def test_an_impatient_race_says_how_far_it_came(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(train, "PATIENCE", 0.0)
    assert main(["xor", "--steps", "50"]) == 1
    output = " ".join(capsys.readouterr().out.split())
    assert "The first 1 of 50 steps of the very same program on both backends, the same numbers" in output


@pytest.mark.usefixtures("two_pure_twins")
def test_a_race_with_different_numbers_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sprints: Iterator[tuple[float, int, list[float]]] = ((1.0, 5, [1.0 + k * 2.0**-52]) for k in range(100))
    monkeypatch.setattr(train, "sprint", lambda *_: next(sprints))
    assert main(["xor", "--steps", "5"]) == 1
    assert "BUT THE NUMBERS DIFFER" in capsys.readouterr().out


# ---- text and info


def test_bits() -> None:
    assert text.bits([0.0]) != text.bits([-0.0])
    assert text.bits([1.0]) != text.bits([math.nextafter(1.0, 2.0)])
    assert text.bits([math.nan, math.inf, 0.1]) == text.bits([-math.nan, math.inf, 0.1])


@pytest.mark.parametrize(
    ("t", "expected"), [(12.34, "12.3 s"), (1.0, "1 s"), (0.0123, "12.3 ms"), (4.5e-5, "45 us"), (3e-8, "30 ns")]
)
def test_seconds(t: float, expected: str) -> None:
    assert text.seconds(t) == expected


def test_info(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    output = capsys.readouterr().out
    facts = {line[:9].strip(): line[10:] for line in output.splitlines()}
    assert facts["vargrad"] == vargrad.__version__
    assert facts["backend"] == f"{vargrad.backend}: {backends.why()}"
    assert facts["numpy"] == metadata.version("numpy")
    assert facts["machine"].endswith("(VARGRAD_SIMD chooses)" if vargrad.backend == "compiled" else "NumPy's")
    assert facts["runs in"] == sys.executable
    assert facts["package"] == os.path.dirname(vargrad.__file__)


def test_info_knows_what_it_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setitem(sys.modules, "vargrad._core.var_c", None)
    monkeypatch.setitem(sys.modules, "vargrad._vm.machine_c", None)
    facts = dict(info.facts())
    assert facts["numpy"] == facts["tqdm"] == "not installed"
    assert facts["core"] == "not built"
    assert facts["machine"] == "NumPy's"


@pytest.mark.parametrize(
    ("forced", "words"), [("python", "VARGRAD_BACKEND=python"), ("", "no compiled core"), ("compiled", "asks for it")]
)
def test_why(forced: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VARGRAD_BACKEND", forced)
    monkeypatch.setattr(vargrad, "backend", "compiled" if forced == "compiled" else "python")
    monkeypatch.setitem(sys.modules, "vargrad._core.var_c", None)  # to import it fails
    assert words in backends.why()


# ---- the outside: wrong usage, pipes and terminals


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nand"], ["nand", "xor"]),
        (["xor", "--steps", "0"], ["--steps", "'0'", "from 1 up"]),
        (["xor", "--steps", "-1"], ["--steps", "'-1'", "from 1 up"]),
        (["and", "--steps", "1.5"], ["--steps", "'1.5'"]),
        (["and", "--steps", "many"], ["--steps", "'many'"]),
        (["xor", "--lr", "nan"], ["--lr", "'nan'", "above 0"]),
        (["xor", "--lr", "inf"], ["--lr", "'inf'", "above 0"]),
        (["xor", "--lr", "0"], ["--lr", "'0'", "above 0"]),
        (["xor", "--lr=-1"], ["--lr", "'-1'", "above 0"]),
        (["xor", "--lr", "fast"], ["--lr", "'fast'"]),
        (["xor", "--seed", "x"], ["--seed", "'x'"]),
        (["xor", "--method", "magic"], ["--method", "magic", "backprop"]),
        (["xor", "--backend", "cuda"], ["--backend", "cuda", "compiled"]),
        (["info", "xor"], ["xor"]),
        (["draw"], ["EXPR"]),
        (["draw", "x", "--theme", "pink"], ["--theme", "pink", "light"]),
    ],
)
def test_wrong_usage(arguments: list[str], words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    captured = capsys.readouterr()
    assert [word for word in words if word not in captured.err] == []
    assert captured.out == ""


def test_no_command_prints_help() -> None:
    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    assert "python -m vargrad" in done.stdout
    for name in ("and", "xor", "info", "draw", "explain", "grad", "bench", "compare"):
        assert re.search(rf"^ +{name} ", done.stdout, re.MULTILINE)


def test_version() -> None:
    assert run("--version").stdout == f"vargrad {vargrad.__version__}\n"


def test_a_missing_twin_is_one_clear_line() -> None:
    done = run("xor", "--backend", "compiled", VARGRAD_BACKEND="python")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("vargrad: VARGRAD_BACKEND=python switches the compiled core off; unset")
    assert done.stderr.count("\n") == 1


def test_a_pipe_gets_plain_lines() -> None:
    done = run("xor", "--steps", "16")
    assert (done.returncode, done.stderr) == (1, "")
    assert "\r" not in done.stdout.replace("\r\n", "\n")
    assert len(re.findall("^  step", done.stdout, re.M)) == 9


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert main(["xor", "--steps", "16"]) == 1
    output = capsys.readouterr().out
    assert "\r" in output
    assert "/16" in output
    assert len(re.findall("  step", output)) == 9


def test_a_reader_who_has_seen_enough() -> None:
    command = [sys.executable, "-m", "vargrad", "info"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""


def test_an_interrupt(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def show(options: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "show", show)
    assert main(["xor"]) == 130
    assert "interrupted" in capsys.readouterr().err
