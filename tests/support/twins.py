"""What the tests of the core share: the twins under one name, and exact comparison of floats and exceptions."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, Protocol

# VARGRAD_BACKEND=python says: the pure twin alone, whether or not the extension is built. Without it a missing
# extension fails the compiled tests.
PURE = os.environ.get("VARGRAD_BACKEND") == "python"

MODULES = {"compiled": "vargrad._core.var_c", "python": "vargrad._core.var_py"}


class Implementation(Protocol):
    """What both twins offer, and all that the tests of the core use."""

    name: str
    Var: Any
    Block: Any
    math: Any

    def custom(self, value: Any, parents: Any, partials: Any) -> Any: ...
    def identity(self, v: Any) -> Any: ...
    def apply(self, name: str, *operands: Any) -> Any: ...
    def pullback(self, root: Any, wrt: Sequence[Any]) -> tuple[list[float], bool]: ...
    def pullback_graph(self, root: Any, wrt: Sequence[Any]) -> list[Any]: ...
    def no_grad(self) -> Any: ...
    def detect_anomaly(self) -> Any: ...


class Twin(SimpleNamespace):
    """One implementation, taken from its own module: a missing build fails here instead of falling back."""

    def __repr__(self) -> str:
        return str(self.name)


def load(name: str) -> Implementation:
    """The twin of that name."""
    from vargrad import detect_anomaly, no_grad
    from vargrad._core import block_py

    core = importlib.import_module(MODULES[name])
    assert name == core.IMPLEMENTATION
    if name == "python":
        from vargrad.reference import math
    else:
        from vargrad._core import functions

        math = SimpleNamespace(**functions.names(core))
    names = ("Var", "apply", "custom", "identity", "pullback", "pullback_graph")
    own = {n: getattr(core, n) for n in names}
    own["Block"] = block_py.Block if name == "python" else core.Block
    return Twin(name=name, math=math, no_grad=no_grad, detect_anomaly=detect_anomaly, **own)


def key(x: Any) -> Any:
    """A float as its bits, all nans alike; the value of a Var; other things as they are, with their type."""
    x = getattr(x, "value", x)
    if isinstance(x, float):
        return "nan" if x != x else x.hex()
    return type(x).__name__, x


def keys(xs: Sequence[Any]) -> list[Any]:
    """key of each."""
    return [key(x) for x in xs]


def outcome(function: Callable[..., Any], *arguments: Any) -> Any:
    """The key of what a call returns, or the type and message of what it raises."""
    try:
        result = function(*arguments)
    except Exception as error:
        return type(error), str(error)
    return keys(result) if isinstance(result, (tuple, list)) else key(result)


def leaves(impl: Implementation, *values: float) -> list[Any]:
    """Leaves that want a derivative."""
    return [impl.Var(v, requires_grad=True) for v in values]


def grads(root: Any, variables: Sequence[Any], seed: float = 1.0) -> list[float]:
    """What backward adds to each of the variables."""
    for v in variables:
        v.grad = 0.0
    root.backward(seed)
    return [v.grad for v in variables]
