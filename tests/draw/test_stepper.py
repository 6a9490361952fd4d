"""The steps of the stepper: their order, their numbers, their words. test_page.py has the page."""

from __future__ import annotations

import ast
import math
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import vargrad
from twins import Implementation
from vargrad._draw.formulas import expression, partial
from vargrad._ops.formula import IEEE, compile_formula, partials, value
from vargrad._ops.table import ROWS

TIMES = "\N{MULTIPLICATION SIGN}"


def test_the_article_in_words(impl: Implementation) -> None:
    x, y = impl.Var(53.0, requires_grad=True), impl.Var(-17.0, requires_grad=True)
    q = x**2 + 3
    z = q**2 + y
    steps = vargrad.draw(z).steps()
    formulas = [step.formula for step in steps.steps]
    assert f"dz/dq = dz/dv2 {TIMES} 2 {TIMES} q = 1 {TIMES} 5624 = 5624" in formulas
    assert f"dz/dx = dz/dv1 {TIMES} 2 {TIMES} x = 5624 {TIMES} 106 = 596144" in formulas
    assert formulas[2] == "q = v1 + 3 = 2809 + 3 = 2812"
    z.backward()
    sums: dict[str, float] = {}
    for step in steps.steps:
        sums |= step.sums
    found = {steps.names[int(key[5:])]: value for key, value in sums.items()}
    assert (found["x"], found["y"], found["q"]) == (x.grad, y.grad, 2 * q.value)
    assert [step.phase for step in steps.steps] == ["start"] + ["forward"] * 4 + ["backward"] * 6 + ["end"]
    assert formulas[-1] == "dz/dx = 596144, dz/dy = 1"


def test_the_source_line(impl: Implementation) -> None:
    with vargrad.detect_anomaly():
        x = impl.Var(3.0)
        z = x * x
        line = sys._getframe().f_lineno - 1
        steps = vargrad.draw(z).steps().steps
    assert steps[1].line == f"test_stepper.py, line {line}: z = x * x"
    z = x * x
    assert vargrad.draw(z).steps().steps[1].line == ""


def test_a_leaf_that_was_not_reached(impl: Implementation) -> None:
    x = impl.Var(-3.0, requires_grad=True)
    z = x.relu()
    steps = vargrad.draw(z).steps().steps
    assert steps[-1].say == "Done. Nothing arrived at an input."
    z.backward()
    assert x.grad == 0.0


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_formula_gives_the_number_beside_it(row: Any, sign: int) -> None:
    """What is written for a derivative is the partial of the engine, by the branch taken, in names that users have."""
    at = [min(max(sign * (0.7 + 0.4 * k), low), high) for k, (low, high) in enumerate(row.domain)]
    at[0] = 1.5 if row.name == "arccosh" else at[0] or 0.5
    names = ["a", "b"][: len(at)]
    out = value(row.name, IEEE)(*at)
    for k, function in enumerate(partials(row.name, IEEE)):
        expected = function(*at, out)
        text = partial(row.name, k, names, "out", [*at, out])
        if expected is not None and text is not None and not math.isnan(expected):
            written = compile_formula(text, (*names, "out"), (), IEEE)
            assert written(*at, out) == pytest.approx(expected, rel=1e-5), text
            called = [node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
            for function in map(ast.unparse, called):
                assert any(hasattr(x, function) for x in (vargrad.math, vargrad.special, vargrad.Var)), text


def test_formulas() -> None:
    assert expression("pow", ["x", "2"]) == "x ** 2"
    assert expression("neg", ["x"]) == "-x"
    assert expression("sub", ["x", "-17"]) == "x - (-17)"
    assert expression("sigmoid", ["q"]) == "sigmoid(q)"
    assert expression("sum", ["a", "b", "c", "d", "e", "f"]) == "sum(a, b, c, d, …)"
    assert partial("mul", 0, ["x", "y"], "z") == "y"
    assert partial("pow", 0, ["x", "3"], "z", [2.0, 3.0, 8.0]) == "3 * x ** 2"
    assert partial("relu", 0, ["x"], "z", [2.0, 2.0]) == "1"
    assert partial("dot", 1, ["a", "b", "u", "v"], "z") == "v"
    assert partial("dot", 2, ["a", "b", "u", "v"], "z") == "a"
    assert partial("mean", 0, ["a", "b"], "z") == "1 / 2"
    assert partial("custom", 0, ["a", "b"], "z") is None


def test_what_has_no_steps(impl: Implementation) -> None:
    x = impl.Var(1.0)
    with pytest.raises(ValueError, match=r"this picture has 2 root\(s\)"):
        vargrad.draw(x * 2.0, x * 3.0).steps()
    with pytest.raises(ValueError, match="one computed Var"):
        vargrad.draw(x).steps()
    v = x
    for _ in range(200):
        v = v.sin()
    with pytest.raises(ValueError, match="this graph was collapsed: give draw\\(\\) a higher limit"):
        vargrad.draw(v).steps()
    assert len(vargrad.draw(v, limit=1000).steps().steps) == 403
    with pytest.raises(ValueError, match="give steps\\(\\) the rows to train on"):
        vargrad.draw(vargrad.NN([2, 1], seed=0)).steps()
    with pytest.raises(ValueError, match="data are for the picture of an NN"):
        vargrad.draw(x * x).steps([[1, 2]])
    f = vargrad.compile(lambda a: a * a)
    f(1.0)
    with pytest.raises(ValueError, match="there is no backward pass in it"):
        vargrad.draw(f).steps()


def test_save(tmp_path: Path) -> None:
    x = vargrad.Var(2.0)
    steps = vargrad.draw(x * x).steps()
    with pytest.raises(ValueError, match=r"ends with \.html"):
        steps.save(tmp_path / "steps.svg")
    steps.save(tmp_path / "steps.html")
    text = (tmp_path / "steps.html").read_text(encoding="utf-8")
    assert re.search(r"https?://(?!www\.w3\.org/2000/svg)", text) is None
    assert not re.search(r'<[^>]+ (src|href)="(?!data:,)', text)
    assert "default-src 'none'" in text


def test_names_of_nodes_do_not_meet_those_of_the_caller() -> None:
    v1 = vargrad.Var(2.0)
    steps = vargrad.draw(v1 * v1 + 1.0).steps()
    names = [name for i, name in steps.names.items() if steps.structure.nodes[i].kind != "constant"]
    assert sorted(names) == ["v1", "v2", "v3"]


def test_the_picture_stays_as_it_is() -> None:
    x = vargrad.Var(2.0, requires_grad=True)
    picture = vargrad.draw(x * x)
    before = picture.svg("light").replace("vg", "")
    picture.steps().html()
    assert [n.name for n in picture.structure.nodes.values() if n.kind == "op"] == [""]
    assert re.sub(r"\d+t|\d+d|\d+tip", "", picture.svg("light").replace("vg", "")) == re.sub(
        r"\d+t|\d+d|\d+tip", "", before
    )
