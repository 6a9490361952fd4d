"""Forward mode over a graph of Vars: tangents instead of adjoints, oldest Var first.

pushforward() is the pure twin's own; the other two walks are over Vars of either twin. What a walk needs of a Var is
what sweep_py.py says. None stands for no tangent: the Var does not depend on what moves. So an infinite partial beside
it makes no nan, as in the backward sweep.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from vargrad._core.modes import thread
from vargrad._core.sweep_py import check_operand, contributions, order, same, times
from vargrad._ops import formula
from vargrad._ops.formula import IEEE


def count_under(root: Any) -> int:
    """How many nodes a sweep from root visits."""
    return len(order(root))


def pushforward(
    top: Any, roots: Sequence[Any], wrt: Sequence[Any], seeds: Sequence[float] | None
) -> list[list[float]] | None:
    """The tangents of Vars under top, a list each: along one direction of the leaves ``wrt``, or along each of them.

    ``seeds``: how much each leaf moves; None: each moves by 1, alone. The result is None where ``pullback`` must look
    first: other Vars require grad, a leaf was edited, or anomalies are to be found.
    """
    if thread.recorder is not None:
        thread.recorder.leave(top, "a derivative as a float")
    nodes, own = order(top), set(wrt)
    if thread.anomaly or not wrt or any(v.requires_grad and v not in own for v in nodes):
        return None
    for v in nodes:
        for x, recorded in zip(v._operands, v._inputs, strict=True):
            if not isinstance(x, float) and x.prev_op is None and not same(x.value, recorded):
                return None
    return tangents(nodes, roots, wrt, seeds)


def tangents(
    nodes: Sequence[Any], roots: Sequence[Any], wrt: Sequence[Any], seeds: Sequence[float] | None
) -> list[list[float]]:
    """The tangents of the roots, a list each; ``nodes`` as ``order`` gives them, of a Var above all roots.

    ``seeds``: one direction, in which each Var of wrt moves by its seed; None: for each of them, it moves alone, by 1.
    """
    n = len(wrt)
    reached: dict[Any, list[float | None]]
    if seeds is None:
        reached = {v: [1.0 if i == k else None for k in range(n)] for i, v in enumerate(wrt)}
    else:
        reached = {v: [seed] for v, seed in zip(wrt, seeds, strict=True)}
    for v in reversed(nodes):
        op, operands, inputs = v._node()
        wanted = [not isinstance(operand, float) and operand in reached for operand in operands]
        if op is None or True not in wanted:
            continue
        row: list[float | None] = [None] * (n if seeds is None else 1)
        for i, partial in contributions(op, inputs, v.value, wanted, inputs, IEEE):
            if partial is not None:
                _gather(row, reached[operands[i]], partial)
        reached[v] = row
    none: list[float | None] = [None] * (n if seeds is None else 1)
    return [[0.0 if x is None else 0.0 + x for x in reached.get(v, none)] for v in roots]


def _gather(row: list[Any], tangent: Sequence[Any], partial: Any) -> None:
    """Add to a node's tangents what comes by one operand; None: it does not move in that direction."""
    for k, t in enumerate(tangent):
        if t is not None:
            term = times(t, partial)
            row[k] = term if row[k] is None else row[k] + term


def tangent_graph(
    nodes: Sequence[Any],
    roots: Sequence[Any],
    wrt: Sequence[Any],
    columns: Sequence[Sequence[Any]],
    apply: Callable[..., Any],
    kind: type,
) -> list[list[Any]]:
    """The tangents of the roots over Vars of ``kind``, a list each, floats where they are constant.

    ``columns``: for each direction the seeds of wrt: Vars, floats, or None for one that stays where it is.
    """
    space = formula.graph_space(apply, kind)
    detached = () if thread.recorder is None else thread.recorder.selections
    reached: dict[Any, list[Any]] = {v: [column[i] for column in columns] for i, v in enumerate(wrt)}
    for v in reversed(nodes):
        op, operands, inputs = v._node()
        path = [type(operand) is kind and operand in reached for operand in operands]
        if op is None or True not in path or v in detached or v in reached:
            continue
        row: list[Any] = [None] * len(columns)
        for i, partial in contributions(op, operands, v, path, inputs, space):
            if partial is not None:
                check_operand(op, operands[i], inputs[i], partial)
                _gather(row, reached[operands[i]], partial)
        if any(x is not None for x in row):
            reached[v] = row
    return [[0.0 if x is None else x for x in reached.get(v, [None] * len(columns))] for v in roots]
