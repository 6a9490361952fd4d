"""What else a float can do: each name of float is supported by Var, or refused with a message that names the cure."""

from __future__ import annotations

import array
import json
import math
import operator
import statistics
import struct
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import vargrad
from twins import Implementation, key

REFUSED = {
    "__float__": float,
    "__int__": int,
    "as_integer_ratio": lambda v: v.as_integer_ratio(),
}
OTHERWISE = {"__getnewargs__": "copies and pickles are made by copyreg"}


@pytest.mark.parametrize("name", dir(float))
def test_every_name_of_float(impl: Implementation, name: str) -> None:
    """A name that a later Python adds fails here until it is decided."""
    if name in OTHERWISE:
        return
    assert hasattr(impl.Var, name), name
    if name in REFUSED:
        with pytest.raises(TypeError, match=r"would lose its derivative: use v\.value"):
            REFUSED[name](impl.Var(2.0))


def test_the_simple_ones(impl: Implementation) -> None:
    for x in (0.5, -3.0, 1e300, math.inf, math.nan, -0.0):
        v = impl.Var(x, requires_grad=True)
        assert v.real is v
        assert v.conjugate() is v
        assert (type(v.imag), v.imag) == (float, 0.0)
        assert v.hex() == x.hex()
        assert v.is_integer() is x.is_integer()
        assert key(impl.Var.fromhex(x.hex())) == key(x)
        assert impl.Var.fromhex(x.hex()).prev_op is None
    assert impl.Var.from_number(3).value == 3.0
    assert impl.Var.__getformat__("double") == float.__getformat__("double")  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="value must be a real number, not str"):
        impl.Var.from_number("3")


def test_is_integer_while_recorded() -> None:
    def f(x: Any) -> Any:
        return x * 2.0 if x.is_integer() else x * 3.0

    rows = [0.5, 1.0, -0.0, -1e-20, 2.0**60, -7.0, 1.0000000000000002, math.inf, math.nan]
    for first in rows:
        compiled = vargrad.compile(f)
        compiled(first)
        found = compiled(np.array(rows)).tolist()
        assert [key(x) for x in found] == [key(f(x)) for x in rows]


def formatted(v: Any) -> str:
    return operator.mod("%.2f", v)


@pytest.mark.parametrize("use", [lambda v: v.hex(), lambda v: v.as_integer_ratio(), complex, float, int, formatted])
def test_ways_out_while_recorded(use: Callable[[Any], Any]) -> None:
    def f(x: Any) -> Any:
        use(x)
        return x

    error, words = vargrad.RecordingError, "test_manners"
    if use is formatted and sys.version_info >= (3, 15):
        error, words = TypeError, "%f requires a real number, not vargrad.Var"  # Python's own, in place of ours
    with pytest.raises(error, match=words):
        vargrad.compile(f)(1.5)


WAYS_OUT = {
    "complex": complex,
    "int": int,
    "text": formatted,
    "array": lambda v: array.array("d", [v]),
    "zeros": lambda v: np.zeros(3).__setitem__(0, v),
    "math": math.sin,
}


@pytest.mark.parametrize("name", WAYS_OUT)
def test_ways_out_name_the_cures(impl: Implementation, name: str) -> None:
    words = r"v\.value .* vargrad\.math .* dtype=object .* f'\{v:\.2f\}'"
    if name == "text" and sys.version_info >= (3, 15):
        words = "%f requires a real number, not vargrad"  # Python's own, in place of what float() raised
    with pytest.raises(TypeError, match=words):
        WAYS_OUT[name](impl.Var(0.5))


def test_other_ways_out(impl: Implementation) -> None:
    v = impl.Var(0.5)
    with pytest.raises(TypeError, match=r"vargrad\.math\.mean"):
        statistics.mean([v, v])
    with pytest.raises(struct.error):
        struct.pack("d", v)
    with pytest.raises(TypeError, match="Var"):
        json.dumps(v)
    with pytest.raises(TypeError, match="Var"):
        range(v)
    assert (v in {0.5, 1.0}, v in [0.5, 1.0]) == (False, True)  # a set looks at the identity hash first
    match v:
        case 0.5:
            matched = True
        case _:
            matched = False
    assert matched


def test_subclasses_are_refused_with_the_cure(impl: Implementation) -> None:
    for make in (lambda: type("Sub", (impl.Var,), {}), lambda: type("Sub", (int, impl.Var), {})):
        with pytest.raises(TypeError, match=r"not an acceptable base type: hold a Var in your class instead|conflict"):
            make()
    with pytest.raises(TypeError, match="not an acceptable base type: hold a Var in your class instead"):

        class Sub(impl.Var):  # type: ignore[name-defined,misc]
            pass

    assert isinstance(impl.Var, type)
    assert impl.Var(1.0) + 1.0 == 2.0


@pytest.mark.parametrize("name", ["grad", "value", "requires_grad"])
def test_attributes_cannot_be_deleted(impl: Implementation, name: str) -> None:
    v = impl.Var(2.0, requires_grad=True)
    v.grad = 3.0
    with pytest.raises(AttributeError, match=rf"the \.{name} of a Var cannot be deleted: set it"):
        delattr(v, name)
    assert (v.value, v.grad, v.requires_grad) == (2.0, 3.0, True)


def test_a_bool_of_numpy_is_a_number(impl: Implementation) -> None:
    assert impl.Var(np.True_).value == 1.0
    assert vargrad.math.sum([impl.Var(1.0), np.True_]).value == 2.0
    with pytest.raises(TypeError, match="must be a real number"):
        impl.Var(np.datetime64("2020"))
