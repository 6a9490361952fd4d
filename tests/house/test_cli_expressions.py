"""``grad``, ``explain`` and ``draw``: right numbers, told right, on every terminal and in pipes."""

from __future__ import annotations

import json
import math
import os
import re
import shlex
import subprocess
import sys
import warnings
from pathlib import Path

import mpmath
import pytest

import vargrad
from vargrad._cli import backends, main
from vargrad._cli.expression import CONSTANTS, FUNCTIONS
from vargrad._core import functions, functions_py

COMMANDS = (Path(__file__).parents[2] / "docs/command-line.md").read_text(encoding="utf-8")
ARTICLE = ["(x**2 + 3)**2 + y", "x=53", "y=-17"]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "vargrad", *arguments]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=300)


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = main(arguments)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert captured.err.startswith("vargrad: ")
    return status, captured.err


# ---- right numbers


def test_grad(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grad", *ARTICLE]) == 0
    x, y = 53, -17
    expected = f"{ARTICLE[0]} = {(x**2 + 3) ** 2 + y}\n  d/dx = {4 * x * (x**2 + 3)}\n  d/dy = 1\n"
    assert capsys.readouterr().out == expected


EXPRESSIONS = {  # with mpmath's own functions, which are the oracle
    "sin(x) / x if x != 0 else 1": lambda x: mpmath.sin(x) / x,
    "-x**2 + 3*x": lambda x: -(x**2) + 3 * x,
    "2**x * log(x, 2)": lambda x: 2**x * mpmath.log(x, 2),
    "exp(-x**2 / 2) / sqrt(tau)": lambda x: mpmath.exp(-(x**2) / 2) / mpmath.sqrt(2 * mpmath.pi),
    "dot([x, 2], [x, x])": lambda x: x * x + 2 * x,
    "max(x, 1) + abs(-x) + min([x, 9])": lambda x: 3 * x,
    "x % 1 + (x if 0 < x < 5 and not x == 2 else -x)": lambda x: 2 * x - 2,
    "hypot(x, 3, pow(x, 2)) - where(x > 0, 1, 0)": lambda x: mpmath.sqrt(x**2 + 9 + x**4) - 1,
}


@pytest.mark.parametrize("text", list(EXPRESSIONS))
def test_against_mpmath(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    oracle = EXPRESSIONS[text]
    assert main(["grad", text, "x=5/2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["at"] == {"x": 2.5}
    with mpmath.workdps(40):
        assert found["value"] == pytest.approx(float(oracle(mpmath.mpf(2.5))), rel=1e-14)
        assert found["gradient"]["x"] == pytest.approx(float(mpmath.diff(oracle, mpmath.mpf(2.5))), rel=1e-13)


def test_expressions_may_use_every_rule_of_the_package() -> None:
    """A function of vargrad.math that takes Vars and returns one can be used; no other can."""
    points = (
        (0.5,),
        (1.5,),
        (0.5, 0.25),
        (0.25, 0.5, 0.75),
        ([0.5, 0.25],),
        ([0.5, 0.25], [1.5, 2.0]),
        (True, 0.5, 0.25),
    )
    found = set()
    for name, function in functions.names(functions_py).items():
        for point in points if callable(function) else ():
            given = [
                [vargrad.reference.Var(x) for x in p]
                if isinstance(p, list)
                else p
                if p is True
                else vargrad.reference.Var(p)
                for p in point
            ]
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    result = function(*given)
            except (TypeError, ValueError):
                continue
            if isinstance(result, vargrad.reference.Var):
                found.add(name)
    assert found == FUNCTIONS
    assert {name: getattr(math, name) for name in ("pi", "e", "tau")}.items() <= CONSTANTS.items()


def test_a_given_variable_hides_a_constant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grad", "e * pi", "e=3"]) == 0
    assert f"d/de = {math.pi!r}" in capsys.readouterr().out


def test_a_derivative_that_rounding_takes_away_is_noted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grad", "x // 2", "x=5"]) == 0
    captured = capsys.readouterr()
    assert "d/dx = 0" in captured.out
    assert captured.err.startswith("vargrad: note: ")


@pytest.mark.parametrize("text", ["x - x + inf", "x * nan"])
def test_json_has_strings_for_what_json_lacks(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grad", text, "x=1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["value"] in ("inf", "nan")


# ---- the derivation


def test_explain_tells_forward_then_backward(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", *ARTICLE]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    x = 53
    wanted = [
        f"v1 = x ** 2 = {x} ** 2 = {x**2}",
        f"v2 = v1 + 3 = {x**2} + 3 = {x**2 + 3}",
        f"v3 = v2 ** 2 = {x**2 + 3} ** 2 = {(x**2 + 3) ** 2}",
        f"v3 is v2 ** 2: its derivative by v2 is 2 * v2 = {2 * (x**2 + 3)}.",
        f"v1 is x ** 2: its derivative by x is 2 * x = {2 * x}.",
        f"dz/dx = {4 * x * (x**2 + 3)}",
        "dz/dy = 1",
    ]
    places = [lines.index(line) for line in wanted]
    assert places == sorted(places)


def test_explain_adds_up_at_a_shared_node(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "x*x + x", "x=3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    sums = [step["formula"] for step in found["steps"] if "used more than once" in step["say"]]
    assert [formula.rsplit(" = ", 1)[1] for formula in sums] == ["4", "7"]
    assert found["gradient"] == {"x": 7.0}


@pytest.mark.parametrize(("text", "slope"), [("x", 1), ("1 if x > 0 else 2", 0)])
def test_explain_without_operations(text: str, slope: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", text, "x=3"]) == 0
    assert capsys.readouterr().out.endswith(f"dz/dx = {slope}\n")


def test_the_result_has_a_name_that_is_free(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "z * f", "z=2", "f=3"]) == 0
    assert capsys.readouterr().out.startswith("L = z * f, at z = 2, f = 3")


# ---- pictures


@pytest.mark.parametrize("ending", ["svg", "png", "pdf", "html", "dot", "mmd", "txt"])
def test_draw_writes_files(ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / f"graph.{ending}"
    assert main(["draw", *ARTICLE, "-o", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: Computation graph of z, 4 operations\n"
    if ending not in ("png", "pdf"):
        text = path.read_text(encoding="utf-8")
        assert "5624" in text
        assert "596144" in text


def test_draw_is_the_picture_of_draw(capsys: pytest.CaptureFixture[str]) -> None:
    twin = backends.find()
    x, y = twin.Var(53.0, requires_grad=True), twin.Var(-17.0, requires_grad=True)
    z = (x**2 + 3) ** 2 + y
    z.backward()
    assert main(["draw", *ARTICLE]) == 0
    assert capsys.readouterr().out == f"{vargrad.draw(z)}\n"
    assert main(["draw", *ARTICLE, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    structure = vargrad.draw(z).structure
    assert [n["value"] for n in found["nodes"]] == [n.value for n in structure.nodes.values()]
    assert [e["derivative"] for e in found["edges"]] == [e.partial for e in structure.edges]


def test_values_may_stand_behind_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "steps.html"
    assert main(["draw", "x*y", "x=2", "--steps", "-o", str(path), "y=3"]) == 0
    assert "<script>" in path.read_text(encoding="utf-8")
    assert main(["GRAD", "--json", "x*y", "y=3", "x=2"]) == 0
    capsys.readouterr()


def test_draw_without_the_extra_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("igraph", "resvg_py"):
        monkeypatch.setitem(sys.modules, name, None)
    path = tmp_path / "graph.png"
    status, error = refusal(capsys, "draw", *ARTICLE, "-o", str(path))
    assert (status, path.exists()) == (1, False)
    assert "pip install 'vargrad[draw]'" in error


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["-o", "graph.bmp"], 2, ["svg", "'graph.bmp'"]),
        (["-o", "graph"], 2, ["'graph'"]),
        (["--steps"], 2, ["-o steps.html"]),
        (["--steps", "-o", "a.svg"], 2, [".html"]),
        (["--json", "-o", "a.svg"], 2, ["--json"]),
        (["-o", "/nonexistent/graph.svg"], 1, ["/nonexistent"]),
    ],
)
def test_files_that_draw_cannot_write(
    arguments: list[str], status: int, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    found, error = refusal(capsys, "draw", *ARTICLE, *arguments)
    assert found == status
    assert [word for word in words if word not in error] == []


# ---- the outside


def test_in_a_process(tmp_path: Path) -> None:
    done = run("explain", *ARTICLE, PYTHONIOENCODING="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    done = run("grad", "x.__class__.__mro__", "x=1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "cp1252", "utf-8"])
@pytest.mark.parametrize("command", ["draw", "explain", "grad"])
def test_every_encoding(command: str, encoding: str) -> None:
    done = run(command, *ARTICLE, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, "")


def test_errors_in_ascii() -> None:
    done = run("grad", "é.q + 漢", "x=1", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("vargrad: attributes are not allowed")


def test_forty_columns(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert main(["explain", *ARTICLE]) == 0
    assert main(["grad", *ARTICLE]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 40
    broken = lines.index("    dz/dv2 = dz/dv3 X 2 X v2 = 1 X 5624".replace("X", "\N{MULTIPLICATION SIGN}"))
    assert lines[broken + 1].strip() == "= 5624"


def test_colours(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def coloured(**environment: str) -> bool:
        for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert main(["grad", *ARTICLE]) == 0
        output = capsys.readouterr().out
        assert re.sub("\x1b\\[\\d+m", "", output).endswith("d/dy = 1\n")
        return "\x1b[" in output

    assert not coloured()
    assert coloured(FORCE_COLOR="1")
    assert not coloured(FORCE_COLOR="1", NO_COLOR="1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert coloured(TERM="xterm")
    assert not coloured(TERM="dumb")
    assert not coloured(TERM="xterm", NO_COLOR="1")


@pytest.mark.skipif(os.name != "posix", reason="closes a stream by the shell")
@pytest.mark.parametrize("command", ["grad", "draw", "explain"])
def test_no_stdout(command: str) -> None:
    arguments = [sys.executable, "-m", "vargrad", command, *ARTICLE]
    for shell, status in ((">&-", 0), (">&- 2>&-", 0), ("| head -c 1 >/dev/null", 0)):
        line = " ".join(f"'{x}'" for x in arguments)
        done = subprocess.run(["sh", "-c", f"{line} {shell}"], capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (status, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk() -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "vargrad", "grad", *ARTICLE]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("vargrad: cannot write the output: ")
    assert done.stderr.count("\n") == 1


def test_help_has_examples_that_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = 0
    for command in ("grad", "explain", "draw"):
        with pytest.raises(SystemExit) as caught:
            main([command, "--help"])
        assert caught.value.code == 0
        for line in re.findall(r"^  python -m vargrad (.+)$", capsys.readouterr().out, re.M):
            assert main(shlex.split(line)) == 0
            capsys.readouterr()
            ran += 1
    assert ran == 7


def test_nothing_heavy_is_imported() -> None:
    script = (
        "import sys; from vargrad._cli import main; main(['grad', 'x*x', 'x=3']); "
        "print([m for m in ('matplotlib', 'igraph', 'numpy', 'tqdm', 'vargrad.plot') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr


@pytest.mark.parametrize(
    "block", re.findall(r"^```console\n(.*?)^```$", COMMANDS, re.DOTALL | re.MULTILINE), ids=lambda b: b[21:28]
)
def test_commands_of_the_page(block: str) -> None:
    """What the page says that they print is what they print."""
    first, _, expected = block.partition("\n")
    command = [sys.executable, *shlex.split(first.removeprefix("$ python "))]
    environment = os.environ | {"PYTHONIOENCODING": "utf-8", "COLUMNS": "80"}
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment, timeout=120)
    assert done.stdout + done.stderr == expected
