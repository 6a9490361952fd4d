"""Results whose derivatives are zero for all arguments are told, once at each line that asks for them."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import vargrad
from twins import Implementation
from vargrad import Var, ZeroDerivativeWarning, compile, grad, hessian, hvp, jacobian, value_and_grad
from vargrad import math as m
from vargrad._ops.table import ROWS

ROUNDED: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "round": ("round()", lambda x: round(x * 1.5, 1)),
    "round_to_int": ("round()", lambda x: round(x * 1.5)),
    "floor": ("floor()", lambda x: m.floor(x * 1.5)),
    "ceil": ("ceil()", lambda x: m.ceil(x * 1.5)),
    "trunc": ("trunc()", lambda x: m.trunc(x * 1.5)),
    "floordiv": ("//", lambda x: x * 3 // 2),
    "divmod": ("//", lambda x: divmod(x * 3, 2)[0]),
    "rint": ("rint()", lambda x: (x * 1.5).rint()),
    "numpy": ("rint()", lambda x: np.rint(x * 1.5)),
    "sign": ("copysign()", lambda x: m.copysign(1.0, x)),
    "whole": ("the integer part of modf()", lambda x: m.modf(x * 1.5)[1]),
    "exponent": ("the exponent of frexp()", lambda x: m.frexp(x * 1.5)[1]),
}
SMOOTH: dict[str, Callable[[Any], Any]] = {
    "rounded_before": lambda x: round(x, 1) + x,
    "magnitude": lambda x: m.copysign(x, -1.0),
    "both": lambda x: m.copysign(x, x),
    "remainder": lambda x: x % 2,
    "branch": lambda x: x if x < 0 else 0.0,
    "branch_int": lambda x: x if x < 0 else 0,
    "bound": lambda x: max(0.0, -x),
    "flat": lambda x: x * 0.0,
    "constant": lambda x: 7.0,
    "second": lambda x: grad(lambda y: 2 * y + x)(x),
    "second_of_abs": lambda x: grad(lambda y: abs(y))(x),
}


def told(call: Callable[[], Any]) -> list[str]:
    """The warnings of a call, made twice at one line, and that they are this file's."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("default")
        globals().pop("__warningregistry__", None)
        for _ in range(2):
            call()
    assert all(w.category is ZeroDerivativeWarning and w.filename == __file__ for w in found)
    return [str(w.message) for w in found]


def bisection(y: Any) -> Any:
    low, high = 0.0, 2.0
    for _ in range(50):
        middle = (low + high) / 2
        if middle * middle < y:
            low = middle
        else:
            high = middle
    return low


def polished(y: Any) -> Any:
    """The cure that the warning names."""
    root = bisection(y)
    return root - (root * root - y) / (2 * root)


ASK: dict[str, Callable[[Any], Any]] = {
    "grad": lambda f: lambda: grad(f)(2.25),
    "value_and_grad": lambda f: lambda: value_and_grad(f)(2.25),
    "jacobian": lambda f: lambda: jacobian(f)(2.25),
    "hessian": lambda f: lambda: hessian(f)(2.25),
    "hvp": lambda f: lambda: hvp(f)(2.25, 1.0),
}


@pytest.mark.parametrize("ask", ASK)
@pytest.mark.parametrize("case", ROUNDED)
def test_transforms_tell(case: str, ask: str) -> None:
    name, f = ROUNDED[case]
    (message,) = told(ASK[ask](f))
    assert name in message
    assert "round afterwards" in message


@pytest.mark.parametrize("ask", ASK)
@pytest.mark.parametrize("case", SMOOTH)
def test_transforms_say_nothing_of_others(case: str, ask: str) -> None:
    assert told(ASK[ask](SMOOTH[case])) == []


@pytest.mark.parametrize("what", ["grad", "value_and_grad", "jacobian", "hessian", "hvp"])
@pytest.mark.parametrize("case", ROUNDED)
def test_compiled_functions_tell(case: str, what: str) -> None:
    name, f = ROUNDED[case]
    compiled = compile(f)
    vector = (1.0,) if what == "hvp" else ()
    for x in (2.25, np.array([2.25, 3.25])):
        (message,) = told(lambda x=x: getattr(compiled, what)(x, *vector))  # type: ignore[misc]
        assert name in message
    assert told(lambda: compiled(2.25)) == []
    assert told(lambda: getattr(compiled, what)(4.25, *vector)) != []  # another line, though a call like this has been


@pytest.mark.parametrize("case", SMOOTH)
def test_compiled_functions_say_nothing_of_others(case: str) -> None:
    if case != "constant":
        compiled = compile(SMOOTH[case])
        assert told(lambda: compiled.grad(np.array([2.25, -1.0]))) == []


def test_only_rows_on_a_path_that_rounds() -> None:
    f = compile(lambda x: x * x if x > 0 else x // 1)
    assert told(lambda: f.grad(np.array([1.0, 2.0]))) == []
    assert told(lambda: f.grad(1.0)) == []
    assert len(told(lambda: f.grad(np.array([1.0, -2.0])))) == 1
    assert len(told(lambda: f.grad(-2.0))) == 1
    assert told(lambda: f.grad(1.0)) == []


def test_compiled_backward_tells() -> None:
    w = Var(2.0, requires_grad=True)
    f = compile(lambda x: (w * x) // 1)
    assert len(told(lambda: f.backward(1.5))) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ZeroDerivativeWarning, match="//"):
            f.backward(np.array([1.0, 2.0]))
    assert w.grad == 0.0


def test_backward_tells(impl: Implementation) -> None:
    x = impl.Var(2.25, requires_grad=True)
    roots = {"round()": round(x, 1), "//": x // 2, "rint()": x.rint(), "copysign()": impl.math.copysign(1.0, x)}
    for name, root in roots.items():
        (message,) = told(root.backward)
        assert name in message
    assert told((x * 2).backward) == []
    assert told(x.backward) == []
    assert told(impl.math.copysign(x, -1.0).backward) == []


def test_a_warning_made_an_error_leaves_everything(impl: Implementation) -> None:
    x = impl.Var(2.25, requires_grad=True)
    y = round(x, 1)
    y.requires_grad = True
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ZeroDerivativeWarning):
            y.backward()
    assert (x.grad, y.grad) == (0.0, 0.0)


def test_results_in_containers() -> None:
    for f in (lambda x: [x, round(x, 1)], lambda x: {"a": x, "b": (x // 1,)}, lambda x: np.array([x, round(x, 1)])):
        assert len(told(lambda f=f: jacobian(f)(2.25))) == 1  # type: ignore[misc]
    f = compile(lambda x: (x, round(x, 1)))
    assert len(told(lambda: f.jacobian(2.25))) == 1


def test_every_row_without_a_derivative_is_known() -> None:
    """All rows whose derivatives vanish everywhere, found by what their partials say, are told."""
    zero = {row.name for row in ROWS if all(partial == "skip" for partial in row.partials)}
    assert zero == {"round", "floordiv", "rint", "whole", "exponent"}  # a new one needs a case above
    parameters = {row.name for row in ROWS if row.parameters}
    assert {row.name for row in ROWS if row.skipped} == zero | {"copysign", "scaled"} | parameters


def test_bisection_tells_and_names_its_cure() -> None:
    for call in (lambda: grad(bisection)(2.0), lambda: compile(bisection).grad(2.0)):
        (message, *_) = told(call)
        assert "Newton" in message
    assert told(lambda: grad(polished)(2.0)) == []
    expected = 0.5 / 2.0**0.5
    assert grad(polished)(2.0) == pytest.approx(expected, rel=1e-12)
    assert compile(polished).grad(np.array([2.0, 3.0]))[0] == pytest.approx(expected, rel=1e-12)


def test_the_class_is_public() -> None:
    assert vargrad.ZeroDerivativeWarning is ZeroDerivativeWarning
    assert issubclass(ZeroDerivativeWarning, UserWarning)
    assert "ZeroDerivativeWarning" in vargrad.__all__


def test_users_see_their_own_line() -> None:
    """In a script, with the usual filters: each line once."""
    script = (
        "from vargrad import *\n"
        "f = compile(lambda x: round(x, 1))\n"
        "for x in (1.25, 2.25):\n"
        "    grad(lambda x: round(x, 1))(x)\n"
        "    f.grad(x)\n"
        "    v = Var(x, requires_grad=True); round(v, 1).backward()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ, timeout=120
    )
    lines = [line.split(" ")[0] for line in done.stderr.splitlines() if "ZeroDerivativeWarning" in line]
    assert lines == ["<string>:4:", "<string>:5:", "<string>:6:"]
