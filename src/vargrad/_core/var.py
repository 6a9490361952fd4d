"""Which twin is active: the compiled core where it is built, unless VARGRAD_BACKEND says otherwise."""

from __future__ import annotations

import copyreg
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, SupportsFloat, SupportsIndex, TypeAlias

from vargrad._core import block_py, var_py
from vargrad._core.modes import detect_anomaly, no_grad
from vargrad._util.backend import choose
from vargrad._util.public import show_as

module: ModuleType = choose(var_py, "vargrad._core.var_c")
backend: str = module.IMPLEMENTATION

if TYPE_CHECKING:  # the pure twin is the type stub of both
    from vargrad._core.block_py import Block as Block
    from vargrad._core.var_py import Truth as Truth
    from vargrad._core.var_py import Var as Var
    from vargrad._core.var_py import add_grads as add_grads
    from vargrad._core.var_py import custom as custom
    from vargrad._core.var_py import fresh as fresh
    from vargrad._core.var_py import identity as identity
    from vargrad._core.var_py import leaf_values as leaf_values
    from vargrad._core.var_py import pullback as pullback
    from vargrad._core.var_py import pullback_graph as pullback_graph
else:
    Block = block_py.Block if module is var_py else module.Block
    Var, custom, identity = module.Var, module.custom, module.identity
    pullback, pullback_graph, fresh = module.pullback, module.pullback_graph, module.fresh
    leaf_values, add_grads, Truth = module.leaf_values, module.add_grads, module.Truth


_REFERENCE = (var_py.Var, var_py.custom, var_py.identity, var_py.pullback, var_py.pullback_graph)
show_as("vargrad.reference", _REFERENCE)
if module is var_py:
    show_as("vargrad", [Var])
else:
    module.show_var_as(b"vargrad.Var")
show_as("vargrad", [custom, detect_anomaly, no_grad])


def block_from(values: list[float], wanted: list[bool], grads: list[float]) -> Block:
    """A block of the active twin, from a pickle of either."""
    block = Block(values)
    for v, flag in zip(block.leaves, wanted, strict=True):
        v.requires_grad = flag
    for i, grad in enumerate(grads):
        block.grads[i] = grad
    return block


def leaf_from(value: float, requires_grad: bool, grad: float) -> Var:
    """A leaf of the active twin, from a pickle of either."""
    return _leaf(Var, value, requires_grad, grad)


def reference_leaf_from(value: float, requires_grad: bool, grad: float) -> var_py.Var:
    """A leaf of the pure twin, from a pickle of one that was not the active twin's."""
    return _leaf(var_py.Var, value, requires_grad, grad)


def _leaf(kind: type[Var], value: float, requires_grad: bool, grad: float) -> Var:
    leaf = kind(value, requires_grad)
    if requires_grad:
        leaf.grad = grad
    return leaf


# ---- operations on any number of operands, which may be Vars of either twin

Real: TypeAlias = "var_py.Var | float"
Plain: TypeAlias = "SupportsFloat | SupportsIndex"  # what functions of the standard module take
Number: TypeAlias = "var_py.Var | SupportsFloat | SupportsIndex"
VARS = (Var, var_py.Var)


def twin(*operands: Any) -> Any:
    """The core whose Vars take part."""
    return var_py if any(isinstance(x, var_py.Var) for x in operands) else module


def function(name: str, *operands: Any) -> Real:
    """The function of a row of one or two operands: of Vars a Var, of plain numbers a float."""
    result: Real = twin(*operands).function(name, *operands)
    return result


def quiet(name: str, *operands: Any) -> Real:
    """The same for a row whose function raises: in IEEE arithmetic, which gives inf or nan."""
    result: Real = twin(*operands).function(name, *operands, ieee=True)
    return result


def nary(name: str, values: Iterable[Any], partners: Sequence[Any] = ()) -> Real:
    """The result of a row of any number of operands; ``partners`` is the second vector of a row of pairs."""
    values = _vector(values)
    result: Real
    try:
        result = module.apply_nary(name, values, partners)
    except TypeError:  # perhaps Vars of the pure twin beside a compiled core: rare, so not looked for before
        if module is var_py or twin(*values, *partners) is not var_py:
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


# Here and not as methods: which twin reads a pickle is not for the one that wrote it to say.
copyreg.pickle(block_py.Block, lambda block: (block_from, block._state()))
copyreg.pickle(Block, lambda block: (block_from, block._state()))
copyreg.pickle(var_py.Var, lambda v: (reference_leaf_from, v._state()))
copyreg.pickle(Var, lambda v: (leaf_from, v._state()))
