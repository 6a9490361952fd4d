"""Operations on any number of operands, which may be Vars of either twin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from vargrad._core import var, var_py

Real: TypeAlias = "var_py.Var | float"
VARS = (var.Var, var_py.Var)


def twin(*operands: Any) -> Any:
    """The core whose Vars take part."""
    return var_py if any(isinstance(x, var_py.Var) for x in operands) else var.module


def nary(name: str, values: Iterable[Any], partners: Sequence[Any] = ()) -> Real:
    """The result of a row of any number of operands; ``partners`` is the second vector of a row of pairs."""
    values = _vector(values)
    result: Real
    try:
        result = var.module.apply_nary(name, values, partners)
    except TypeError:  # perhaps Vars of the pure twin beside a compiled core: rare, so not looked for before
        if var.module is var_py or twin(*values, *partners) is not var_py:
            raise
        result = var_py.apply_nary(name, values, partners)
    return result


def two(name: str, a: Iterable[Real], b: Iterable[Real]) -> tuple[Sequence[Real], Sequence[Real]]:
    """Two vectors of equal length; ValueError if they differ."""
    a, b = _vector(a), _vector(b)
    if len(a) != len(b):
        raise ValueError(f"{name}() needs two vectors of equal length, got {len(a)} and {len(b)}")
    return a, b


def _vector(values: Iterable[Any]) -> Sequence[Any]:
    return values if isinstance(values, (list, tuple)) else list(values)
