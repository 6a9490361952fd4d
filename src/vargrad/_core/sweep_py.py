"""Walks over a graph of Vars: its order, the backward sweep, and the sweep that builds a graph of derivatives.

The pure twin's own; the compiled core asks for the last two in its rare cases, over its own Vars. What a walk
needs of a Var: ``_node()`` (operation, operands, their values when it was made), ``value``, ``prev_op``, ``_uid``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import copysign
from operator import is_
from typing import Any

from vargrad._core.modes import anomaly_error, thread
from vargrad._ops import formula, nary
from vargrad._ops.formula import IEEE, Space
from vargrad._ops.table import NARY, NARY_BY_NAME, ROWS
from vargrad._util import errors


def order(root: Any) -> list[Any]:
    """All Vars of the pure twin under root, newest first, each once; leaves last."""
    seen = {root}
    stack = [root]
    while stack:
        for operand in stack.pop()._operands:
            if not isinstance(operand, float) and operand not in seen:
                seen.add(operand)
                stack.append(operand)
    # Leaves last: one that a constant has become since is younger than its result.
    return sorted(seen, key=lambda v: (v._op is not None, v._uid), reverse=True)


_CODES = {name: i for i, name in enumerate([*(row.name for row in ROWS), *(row.name for row in NARY)])}


def export(root: Any, wanted: Sequence[Any]) -> tuple[Any, ...]:
    """All Vars of the pure twin under root as arrays, oldest first: (codes, first, operands, numbers, leaves, places).

    A code is the number of an operation's row, or -1 for a leaf: these come first, and are all in ``leaves``. A node's
    operands start at its ``first``, which is one longer than ``codes``: numbers of nodes, or -1 - k for ``numbers[k]``.
    ``places`` are the numbers of the Vars wanted, -1 for one that is not under root.
    """
    nodes = order(root)[::-1]
    place = {v: i for i, v in enumerate(nodes)}
    first, operands, numbers = [0], [], []
    for v in nodes:
        for x, recorded in zip(v._operands, v._inputs, strict=True):
            at = -1 if isinstance(x, float) else place.get(x, -1)  # -1: or a constant that has just become a Var
            if at < 0:
                numbers.append(recorded)
            operands.append(at if at >= 0 else -len(numbers))
        first.append(len(operands))
    codes = [-1 if v._op is None else _CODES[v._op] for v in nodes]
    leaves = [v for v in nodes if v._op is None]
    return codes, first, operands, numbers, leaves, [place.get(v, -1) for v in wanted]


def contributions(
    op: str,
    operands: Sequence[Any],
    out: Any,
    wanted: Sequence[bool],
    inputs: Sequence[float],
    space: Space,
) -> Iterator[tuple[int, Any]]:
    """Pairs (operand index, partial) of one node's wanted operands, in the order in which both twins add them."""
    row = NARY_BY_NAME.get(op)
    if row is not None:
        yield from nary.partials(row, operands, out, wanted, inputs, space, thread.recorder)
        return
    for i, partial in enumerate(formula.partials(op, space)):
        if wanted[i]:
            yield i, partial(*operands, out)


def local_partials(v: Any) -> list[tuple[int, float]]:
    """The derivative of a Var by each operand that is a Var, as the sweep multiplies it: pairs (index, partial).

    They come in the order in which the sweep adds them. An operand that receives nothing is left out.
    """
    op, operands, inputs = v._node()
    if op is None:
        return []
    wanted = [not isinstance(operand, float) for operand in operands]
    return [(i, d) for i, d in contributions(op, inputs, v.value, wanted, inputs, IEEE) if d is not None]


def same(a: float, b: float) -> bool:
    return (a == b and (a != 0.0 or copysign(1.0, a) == copysign(1.0, b))) or (a != a and b != b)


def settled(operands: Sequence[Any], function: Callable[[list[float]], float]) -> tuple[float, list[float]]:
    """The function of the pure twin's operands, and the values it is of: once more if one was edited meanwhile."""
    now = [x if isinstance(x, float) else x._value for x in operands]
    while True:
        inputs, value = now, function(now)
        now = [x if isinstance(x, float) else x._value for x in operands]
        if all(map(is_, now, inputs)) or all(map(same, now, inputs)):
            return value, inputs


def adjoints(nodes: Sequence[Any], seed: float) -> dict[Any, float]:
    """The adjoint of every Var that the seed of the first node reaches; ``nodes`` as ``order`` gives them."""
    result = {nodes[0]: seed}
    for v in nodes:
        op, operands, inputs = v._node()
        if op is None or v not in result:
            continue
        adjoint = result[v]
        wanted = [not isinstance(operand, float) for operand in operands]
        for i, partial in contributions(op, inputs, v.value, wanted, inputs, IEEE):
            if partial is None:
                continue
            operand: Any = operands[i]
            if thread.anomaly and not math.isfinite(adjoint * partial):
                raise anomaly_error(v._uid, op, inputs, partial, adjoint)
            if operand.prev_op is None and not same(operand.value, inputs[i]):
                raise errors.edited_leaf(inputs[i], operand.value, op)
            term = adjoint * partial
            result[operand] = result[operand] + term if operand in result else term
    return result


def adjoint_graph(nodes: Sequence[Any], wrt: Sequence[Any], apply: Callable[..., Any], kind: type) -> list[Any]:
    """The adjoints of ``wrt`` built from the rows' partials over Vars of ``kind``; floats where they are constant."""
    space = formula.graph_space(apply, kind)
    keep = set(wrt)
    detached = () if thread.recorder is None else thread.recorder.selections  # while a derivative is recorded
    needed = set(keep)  # only nodes between the root and wrt are differentiated
    between = []
    for v in reversed(nodes):
        if v.prev_op is not None and v not in detached:
            op, operands, inputs = v._node()
            path = [type(operand) is kind and operand in needed for operand in operands]
            if True in path:
                needed.add(v)
                between.append((v, op, operands, inputs, path))
    result: dict[Any, Any] = {nodes[0]: 1.0}
    for v, op, operands, inputs, path in reversed(between):
        if v not in result:
            continue
        adjoint = result[v] if v in keep else result.pop(v)
        one = type(adjoint) is float and adjoint == 1.0  # no node for a factor of one
        pairs: Iterable[tuple[int, Any]]
        if op in NARY_BY_NAME:
            pairs = contributions(op, operands, v, path, inputs, space)
        else:  # as there: a graph of few nodes costs what its calls cost
            pairs = ((i, f(*operands, v)) for i, f in enumerate(formula.partials(op, space)) if path[i])
        for i, partial in pairs:
            if partial is None:
                continue
            operand = operands[i]
            if operand.prev_op is None or op == "custom":
                check_operand(op, operand, inputs[i], partial)
            term = partial if one else times(adjoint, partial)
            result[operand] = result[operand] + term if operand in result else term
    return [result.get(v, 0.0) for v in wrt]


def check_operand(op: str, operand: Any, recorded: float, partial: Any) -> None:
    """Raise where a graph of derivatives would be wrong: a number cannot be differentiated, an edited leaf has gone."""
    if op == "custom" and isinstance(partial, float):
        raise TypeError("custom() was given this partial as a number: give a Var, to differentiate it again")
    if operand.prev_op is None and (now := operand.value) is not recorded and not same(now, recorded):
        raise errors.edited_leaf(recorded, operand.value, op)


def times(adjoint: Any, partial: Any) -> Any:
    """adjoint * partial, without a node for a factor of one."""
    if isinstance(partial, float) and partial == 1.0:
        return adjoint
    return partial if isinstance(adjoint, float) and adjoint == 1.0 else adjoint * partial
