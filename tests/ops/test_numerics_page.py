"""docs/numerics.md: each statement about an operation is run, and no operation of the table is missing."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sheet
import vargrad
from twins import key
from vargrad import Var, math, special
from vargrad._ops.table import PARTS

PAGE = (Path(__file__).parents[2] / "docs" / "numerics.md").read_text(encoding="utf-8")
OPERATIONS = PAGE.split("\n## Operations\n")[1].split("\n## ")[0]
FLAT = re.sub(r"\s+", " ", re.sub(r"```.*?```", "", OPERATIONS, flags=re.DOTALL))
EQUAL = re.findall(r"`([^`]+)` is `([^`]+)`", FLAT)
RAISED = re.findall(r"`([^`]+)` raises (\w+)", FLAT)


def grad(f: Callable[..., Any], *argnums: int) -> Callable[..., Any]:
    """vargrad.grad, which must agree with the gradient of the compiled function wherever it is one of floats."""
    eager = vargrad.grad(f, *argnums)

    def both(*point: Any) -> Any:
        found = eager(*point)
        if all(isinstance(x, float) for x in point):
            compiled = vargrad.compile(lambda *xs: f(*xs), signature=None).grad(*point)
            first = compiled[0] if isinstance(compiled, tuple) else compiled
            assert float(first) == pytest.approx(found, rel=1e-15, nan_ok=True)
        return found

    return both


NAMES = {**{name: getattr(math, name) for name in dir(math) if not name.startswith("_")}}
NAMES |= {
    "special": special,
    "Var": Var,
    "grad": grad,
    "max": builtins.max,
    "round": builtins.round,
    "abs": builtins.abs,
}


def value(text: str) -> Any:
    return eval(text, dict(NAMES))


def keys(x: Any) -> Any:
    return [key(item) for item in x] if isinstance(x, list) else key(x)


def test_there_are_statements() -> None:
    assert len(EQUAL) >= 40
    assert len(RAISED) >= 20


@pytest.mark.filterwarnings("ignore::vargrad.ZeroDerivativeWarning")
@pytest.mark.parametrize(("left", "right"), EQUAL, ids=[left for left, _ in EQUAL])
def test_what_is_said_to_be_is(left: str, right: str) -> None:
    found, expected = value(left), value(right)
    if isinstance(expected, float) and abs(expected) < 1e-15 and expected:
        assert found == pytest.approx(expected, rel=1e-14)
    else:
        assert keys(found) == keys(expected)


@pytest.mark.parametrize(("text", "kind"), RAISED, ids=[text for text, _ in RAISED])
def test_what_is_said_to_raise_raises(text: str, kind: str) -> None:
    with pytest.raises(getattr(builtins, kind)):
        value(text)


def test_every_operation_has_its_line() -> None:
    found = [
        name for line in re.findall(r"^\| (`.*?) \|", OPERATIONS, re.MULTILINE) for name in re.findall(r"`(\w+)`", line)
    ]
    parts = {row.name for row in PARTS}
    assert sorted(found) == sorted({*sheet.ALL_ROWS, *sheet.ALL_NARY, "sumprod"} - parts)
