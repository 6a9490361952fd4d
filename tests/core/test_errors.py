"""Wrong input: an error that names what was given and what to do, and nothing has changed."""

from __future__ import annotations

import cmath
import math
import operator
import os
import re
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from twins import Implementation, grads, leaves, outcome

NO_NUMBERS = {
    "string": ("1.5", TypeError, "str.*'1.5'"),
    "bytes": (b"1", TypeError, "bytes"),
    "None": (None, TypeError, "NoneType"),
    "complex": (1j, TypeError, "complex.*1j"),
    "list": ([1.0, 2.0], TypeError, "list.*one Var per element"),
    "array": (np.array([1.0, 2.0]), TypeError, "ndarray.*one Var per element"),
    "array of one": (np.array([1.0]), TypeError, "ndarray"),
    "type": (float, TypeError, "type"),
    "decimal": (Decimal("1.5"), TypeError, "Decimal"),
    "int beyond float": (10**400, OverflowError, "too large for a float.*1000"),
}
PLACES: dict[str, Callable[[Implementation, Any], Any]] = {
    "value": lambda impl, bad: impl.Var(bad),
    "value by keyword": lambda impl, bad: impl.Var(value=bad, requires_grad=True),
    "value set": lambda impl, bad: setattr(impl.Var(1.0), "value", bad),
    "grad": lambda impl, bad: setattr(impl.Var(1.0, True), "grad", bad),
    "current_grad": lambda impl, bad: (impl.Var(1.0, True) * 2.0).backward(bad),
    "custom value": lambda impl, bad: impl.custom(bad, [impl.Var(1.0)], [1.0]),
}


@pytest.mark.parametrize("what", NO_NUMBERS)
@pytest.mark.parametrize("place", PLACES)
def test_no_number(impl: Implementation, place: str, what: str) -> None:
    bad, error, message = NO_NUMBERS[what]
    with pytest.raises(error, match=message) as raised:
        PLACES[place](impl, bad)
    assert place.split()[-1 if place.startswith("custom") else 0] in str(raised.value)


@pytest.mark.parametrize("place", PLACES)
def test_another_var_is_no_plain_number(impl: Implementation, place: str) -> None:
    with pytest.raises(TypeError, match=r"not a Var.*\.value.*detach\(\)"):
        PLACES[place](impl, impl.Var(1.0))


def test_failed_calls_change_nothing(impl: Implementation) -> None:
    x, y = leaves(impl, 3.0, 4.0)
    x.grad = 0.25
    z = x * y
    z.requires_grad = True
    for bad, error, _ in NO_NUMBERS.values():
        for attempt in (
            lambda bad=bad: setattr(x, "value", bad),
            lambda bad=bad: setattr(x, "grad", bad),
            lambda bad=bad: setattr(z, "grad", bad),
            lambda bad=bad: z.backward(bad),
        ):
            with pytest.raises(error):
                attempt()
            assert (x.value, x.grad, y.grad, z.grad, z.value) == (3.0, 0.25, 0.0, 0.0, 12.0)
    assert grads(z, [x, y]) == [4.0, 3.0]


def test_value_of_a_computed_var(impl: Implementation) -> None:
    z = impl.Var(3.0) * 2.0
    with pytest.raises(AttributeError, match=r"'mul'.*detach\(\)"):
        z.value = 1.0
    assert z.value == 6.0


def test_grad_without_requires_grad(impl: Implementation) -> None:
    x = impl.Var(3.0)
    for v, what in ((x, "leaf"), (x * 2.0, "'mul'")):
        with pytest.raises(AttributeError, match=f"{what}.*requires_grad=True"):
            v.grad  # noqa: B018
        with pytest.raises(AttributeError, match=f"{what}.*requires_grad=True"):
            v.grad = 1.0
        assert v.requires_grad is False
        assert not hasattr(v, "grad")


@pytest.mark.parametrize("name", ["values", "gradient", "prev_var3", "__dict__"])
def test_unknown_attribute(impl: Implementation, name: str) -> None:
    x = impl.Var(3.0)
    with pytest.raises(AttributeError):
        setattr(x, name, 1.0)
    assert not hasattr(x, name)


@pytest.mark.parametrize("name", ["prev_op", "prev_var1", "prev_var2", "parents"])
def test_history_is_read_only(impl: Implementation, name: str) -> None:
    z = impl.Var(3.0) * 2.0
    with pytest.raises(AttributeError):
        setattr(z, name, None)
    assert z.prev_op == "mul"


def test_three_argument_pow(impl: Implementation) -> None:
    x = impl.Var(2.0)
    for attempt in (lambda: pow(x, 2, 5), lambda: pow(x, x, x)):
        with pytest.raises(TypeError, match=r"pow\(\) 3rd argument not allowed.*Var is a float"):
            attempt()


CONVERSIONS = {
    "float": float,
    "int": int,
    "index": operator.index,
    "complex": complex,
    **{f"math.{name}": getattr(math, name) for name in ("exp", "sqrt", "sin", "log", "isfinite", "gamma")},
    "math.atan2": lambda v: math.atan2(v, 1.0),
    "math.fsum": lambda v: math.fsum([v]),
    "cmath.exp": cmath.exp,
    "range": range,
    "list index": lambda v: [1, 2, 3][v],
    "np.float64": np.float64,
    "np.array of floats": lambda v: np.array([v, v], dtype=float),
    "'%f'": lambda v: "%f" % v,  # noqa: UP031
}
NAMED = [name for name in CONVERSIONS if name not in ("index", "range", "list index")]


@pytest.mark.parametrize("name", CONVERSIONS)
def test_a_derivative_is_never_lost_silently(impl: Implementation, name: str) -> None:
    with pytest.raises(TypeError):
        CONVERSIONS[name](impl.Var(1.0))


OTHER_WORDS = {"complex"} | ({"'%f'"} if sys.version_info >= (3, 15) else set())  # a TypeError of Python's own


@pytest.mark.parametrize("name", [n for n in NAMED if n not in OTHER_WORDS and not n.startswith("np")])
def test_the_message_says_what_to_do(impl: Implementation, name: str) -> None:
    with pytest.raises(TypeError, match=r"v\.value.*vargrad\.math"):
        CONVERSIONS[name](impl.Var(1.0))


class Adds:
    """A foreign class that knows what to do with a float, or a Var, on its left or right."""

    def __radd__(self, other: Any) -> tuple[str, Any]:
        return "radd", other

    def __add__(self, other: Any) -> tuple[str, Any]:
        return "add", other

    def __rdivmod__(self, other: Any) -> tuple[str, Any]:
        return "rdivmod", other

    def __rpow__(self, other: Any) -> tuple[str, Any]:
        return "rpow", other

    def __gt__(self, other: Any) -> bool:
        return True


def test_foreign_class_is_asked(impl: Implementation) -> None:
    x, other = impl.Var(1.0), Adds()
    for found, name in ((x + other, "radd"), (other + x, "add"), (divmod(x, other), "rdivmod"), (x**other, "rpow")):
        assert found[0] == name
        assert found[1] is x
    assert (x < other) is True


BINARY = ["add", "sub", "mul", "truediv", "pow", "mod", "floordiv"]
FOREIGN = {"decimal": Decimal("1.5"), "string": "1", "None": None, "list": [1.0], "complex": 2j, "object": object()}


@pytest.mark.parametrize("what", FOREIGN)
@pytest.mark.parametrize("name", [*BINARY, "divmod"])
def test_foreign_operand(impl: Implementation, name: str, what: str) -> None:
    function = getattr(operator, name, divmod)
    bad, x = FOREIGN[what], impl.Var(1.5)
    kind = type(bad).__name__
    for arguments in ((x, bad), (bad, x)):
        if name == "mod" and arguments[0] == "1":
            continue  # formats the string
        with pytest.raises(TypeError, match=rf"{kind}|Var"):
            function(*arguments)


def test_decimal_is_foreign_to_floats(impl: Implementation) -> None:
    x, half = impl.Var(1.5), Decimal("0.5")
    with pytest.raises(TypeError, match="unsupported operand"):
        x + half
    with pytest.raises(TypeError, match="unsupported operand"):
        half + x


@pytest.mark.parametrize("name", ["arctan2", "fmod", "remainder", "copysign", "leaky_relu", "hypot", "clamp"])
def test_method_with_a_foreign_operand(impl: Implementation, name: str) -> None:
    with pytest.raises(TypeError, match=r"takes a number or a Var, not str"):
        getattr(impl.Var(1.0), name)("1")


def test_var_cannot_be_subclassed(impl: Implementation) -> None:
    with pytest.raises(TypeError, match="not an acceptable base type"):
        type("Mine", (impl.Var,), {})


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"prev_var1": True}, ValueError, "prev_op"),
        ({"prev_var2": True}, ValueError, "prev_op"),
        ({"prev_op": "mul"}, ValueError, "'mul' takes 2 operand.*got 0"),
        ({"prev_op": "mul", "prev_var1": True}, ValueError, "'mul' takes 2 operand.*got 1"),
        ({"prev_op": "mul", "prev_var2": True}, ValueError, "'mul' takes 2 operand.*got 1"),
        ({"prev_op": "exp", "prev_var1": True, "prev_var2": True}, ValueError, "'exp' takes 1 operand.*got 2"),
        ({"prev_op": "exp", "prev_var2": True}, ValueError, "'exp' takes 1 operand"),
        ({"prev_op": "multiply", "prev_var1": True, "prev_var2": True}, ValueError, "'multiply'.*known are .*, add,"),
        ({"prev_op": "sum", "prev_var1": True}, ValueError, "'sum' is no operation of one or two"),
        ({"prev_op": "mul", "prev_var1": True, "prev_var2": 3.0}, TypeError, "prev_var2 must be a Var, not float"),
        ({"prev_op": "exp", "prev_var1": "x"}, TypeError, "prev_var1 must be a Var, not str"),
    ],
)
def test_node_by_hand(impl: Implementation, arguments: dict[str, Any], error: type, message: str) -> None:
    x = impl.Var(1.0)
    given = {k: x if v is True else v for k, v in arguments.items()}
    with pytest.raises(error, match=message):
        impl.Var(2.0, **given)


@pytest.mark.parametrize("arguments", [(), (1.0, False, None, None, None, None)])
def test_wrong_number_of_arguments(impl: Implementation, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError):
        impl.Var(*arguments)


def test_unknown_keyword(impl: Implementation) -> None:
    with pytest.raises(TypeError, match="require_grad"):
        impl.Var(1.0, require_grad=True)


def test_int_beyond_float_as_an_operand(impl: Implementation) -> None:
    """As for plain floats, whichever side it stands on."""
    for name in BINARY:
        function = getattr(operator, name)
        assert outcome(function, impl.Var(1.5), 10**400) == outcome(function, 1.5, 10**400)
        assert outcome(function, 10**400, impl.Var(1.5)) == outcome(function, 10**400, 1.5)


# ---- which backend


def run(script: str, backend: str | None) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "VARGRAD_BACKEND"}
    if backend is not None:
        environment["VARGRAD_BACKEND"] = backend
    return subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)


MISSING = "import sys; sys.modules['vargrad._core.var_c'] = None; import vargrad; print(vargrad.backend)"


def test_forced_backend_missing() -> None:
    found = run(MISSING, "compiled")
    assert found.returncode == 1
    assert re.search(r"ImportError: VARGRAD_BACKEND=compiled.*no compiled core.*reinstall.*unset", found.stderr)


@pytest.mark.parametrize("backend", [None, "", "python"])
def test_missing_core_falls_back_unless_forced(backend: str | None) -> None:
    found = run(MISSING, backend)
    assert (found.stdout, found.returncode) == ("python\n", 0)


def test_unknown_backend() -> None:
    found = run("import vargrad", "fortran")
    assert found.returncode == 1
    assert re.search("ImportError: .*'fortran'.*'compiled', 'python'", found.stderr)


def test_forced_backend_is_active(impl: Implementation) -> None:
    found = run("import vargrad; print(vargrad.backend, vargrad.Var.__module__)", impl.name)
    assert found.stdout.split() == [impl.name, "vargrad"]
