"""docs/numerics.md, "Ways out of the graph": every line of its table is what happens, on both twins and recorded."""

from __future__ import annotations

import array
import bisect
import collections
import copy
import datetime
import heapq
import json
import math
import operator
import pickle
import re
import statistics
import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vargrad
from twins import Implementation
from vargrad import Var

PAGE = Path(__file__).resolve().parents[2] / "docs" / "numerics.md"
POINTS = (2.5, 0.5, 3.5, -1.0, 0.0)  # for which the answers differ


def matched(x: Any) -> int:
    match x:
        case 2.5:
            return 1
        case _:
            return 0


def matched_class(x: Any) -> bool:
    match x:
        case float():
            return True
        case _:
            return False


LIBRARY = (array, bisect, collections, copy, datetime, heapq, json, math, operator, pickle, statistics, struct)
NAMES = {module.__name__: module for module in LIBRARY} | {
    "matched": matched,
    "matched_class": matched_class,
    "np": np,
    "m": vargrad.math,
}


def table() -> list[tuple[str, str, str]]:
    """Each expression of the first column, with what the page says of it."""
    text = PAGE.read_text(encoding="utf-8").split("## Ways out of the graph")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return [(code, row[1].strip(), row[2].strip()) for row in rows for code in re.findall(r"`([^`]+)`", row[0])]


TABLE = table()
ERRORS = {kind.__name__: kind for kind in (TypeError, KeyError, vargrad.RecordingError)} | {
    "struct.error": struct.error
}


def run(code: str, x: Any) -> Any:
    return eval(code, {"x": x, **NAMES})


def answer(code: str, x: float) -> Any:
    """The answer for a float, of code that may use a Var's own methods."""
    code = (
        code.replace("x.rint()", "np.rint(x)").replace("x.detach()", "x").replace(".value", "").replace(".item()", "")
    )
    return run(code, x)


def test_the_table_is_there() -> None:
    assert len(TABLE) > 80
    assert {eager for _, eager, _ in TABLE} <= {"derivative", "zero", "value", "identity", "text", *ERRORS}
    assert {rec for _, _, rec in TABLE} <= {"derivative", "zero", "guard", "identity", "marked", *ERRORS}


@pytest.mark.parametrize(("code", "says"), [(code, eager) for code, eager, _ in TABLE])
def test_eager(code: str, says: str, impl: Implementation, monkeypatch: pytest.MonkeyPatch) -> None:
    if impl.Var is not Var:
        monkeypatch.setitem(NAMES, "m", impl.math)
    x = impl.Var(2.5, requires_grad=True)
    if says in ERRORS:
        with pytest.raises(ERRORS[says]):
            run(code, x)
        return
    found = run(code, x)
    if says in ("derivative", "zero"):
        assert isinstance(found, impl.Var)
        assert found.value == answer(code, 2.5)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", vargrad.ZeroDerivativeWarning)
            found.backward()
        assert (x.grad != 0.0) == (says == "derivative")
    elif says == "value":
        assert not isinstance(found, impl.Var)
        assert found == answer(code, 2.5)
    elif says == "identity":
        assert not isinstance(found, impl.Var)
        assert found != answer(code, 2.5)
    else:
        assert found == repr(x)


@pytest.mark.parametrize(("code", "says"), [(code, recorded) for code, _, recorded in TABLE])
def test_recorded(code: str, says: str) -> None:
    results: list[Any] = []

    def f(x: Any) -> Any:
        results.append(run(code, x))
        return x * 0.0 + results[-1] if isinstance(results[-1], (int, float, Var, np.number)) else x * 0.0

    def g(x: Any) -> Any:
        found = run(code, x)
        return found if isinstance(found, Var) else vargrad.math.where(x == x, 0.0, 0.0) + found

    compiled = vargrad.compile(f, constants="frozen")
    if says in ERRORS:
        with pytest.raises(ERRORS[says]):
            compiled(2.5)
        return
    if says == "marked":
        compiled(2.5)
        assert "while recorded" in results[0]
        return
    if says == "identity":
        compiled(np.array(POINTS))
        assert not isinstance(results[0], Var)
        assert results[0] != answer(code, 2.5)
        return
    compiled = vargrad.compile(g, constants="frozen")
    points = POINTS[:3] if "sqrt" in code else (*POINTS, math.nan) if "isnan" in code else POINTS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", vargrad.ZeroDerivativeWarning)
        values, slopes = compiled.value_and_grad(np.array(points))
    expected = [float(answer(code, x)) for x in points]
    assert values.tolist() == pytest.approx(expected, rel=1e-15)
    assert compiled(2.5) == pytest.approx(expected[0], rel=1e-15)
    if says == "guard":
        assert compiled.paths > 1
        assert not slopes.any()
    else:
        assert (slopes[0] != 0.0) == (says == "derivative")
    if says == "derivative":
        x = Var(2.5, requires_grad=True)
        run(code, x).backward()
        assert slopes[0] == pytest.approx(x.grad, rel=1e-15)
