"""Random programs: hypothesis draws them, and one interpreter runs them on any twin or on plain floats.

A program is a list of steps over a growing list of variables (Vars, or the floats that stand for them) with
constants in between; a step that raises leaves its exception in the log and no variable. Every number a step
asks for is taken modulo what there is, so that any list of steps is a program and shrinks well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

import sheet
from twins import Implementation, key, keys, outcome
from vargrad import reference
from vargrad._ops.table import BY_NAME, NARY_BY_NAME, PARTS

PART_NAMES = {row.name for row in PARTS}  # which no program calls
UNARY = [name for name in sheet.ALL_ROWS if BY_NAME[name].arity == 1 and name not in PART_NAMES]
BINARY = [
    name
    for name in sheet.ALL_ROWS
    if BY_NAME[name].arity == 2 and name not in ("round", "clamp_min", "clamp_max") and name not in PART_NAMES
]
OTHERS = ["round", "round to int", "divmod", "clamp", "branch", "compare", "where", "softmax", "dist", "custom"]
KINDS = [*UNARY, *BINARY, *BINARY, *sheet.ALL_NARY, *OTHERS, "add", "mul", "sub", "truediv", "pow", "flag"]

EXTREME = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 5e-324, -5e-324, 2.0**-1022, -1e-308, 1e-160, 1e160, 1e308, -1.7e308]
EXTREME += [math.inf, -math.inf, math.nan, 709.0, 710.0, -746.0, 2.0**53, 4503599627370497.5]
NICE = st.floats(-3.0, 3.0).map(lambda x: round(x, 3))
FLOATS = st.one_of(NICE, NICE, st.sampled_from(EXTREME), st.floats(width=64))
INTEGERS = st.one_of(st.integers(-3, 5), st.sampled_from([2**53 + 1, -(2**63), 10**308, 10**309, -(10**400)]))
CONSTANTS = st.one_of(FLOATS, INTEGERS, st.booleans())
INDEX = st.integers(0, 30)
ACTS = ["backward", "backward", "backward", "parents", "edit", "restore", "zero"]


@dataclass(frozen=True)
class Step:
    """One operation: its kind, which variables take part (the first always does), and a constant."""

    kind: str
    operands: tuple[int, ...]
    constant: float
    where: int  # which operand is the constant; beyond the operands: none is


@dataclass(frozen=True)
class Act:
    """One thing done with the graph: backward from a root, or an edit of a leaf."""

    kind: str
    index: int
    number: float


@dataclass(frozen=True)
class Program:
    leaves: tuple[tuple[float, bool], ...]
    steps: tuple[Step, ...]
    acts: tuple[Act, ...] = ()


def programs(
    steps: int = 25, acts: int = 6, kinds: Sequence[str] = KINDS, numbers: st.SearchStrategy[Any] = FLOATS
) -> st.SearchStrategy[Program]:
    """Programs of at most so many steps and acts."""
    step = st.builds(
        Step,
        st.sampled_from(kinds),
        st.lists(INDEX, min_size=2, max_size=5).map(tuple),
        numbers if numbers is not FLOATS else CONSTANTS,
        st.integers(0, 6),
    )
    act = st.builds(Act, st.sampled_from(ACTS), INDEX, numbers)
    leaf = st.tuples(numbers, st.booleans() | st.just(True))
    return st.builds(
        Program,
        st.lists(leaf, min_size=1, max_size=4).map(tuple),
        st.lists(step, min_size=1, max_size=steps).map(tuple),
        st.lists(act, max_size=acts).map(tuple),
    )


class Plain:
    """Plain floats in the place of a twin."""

    def __init__(self) -> None:
        self.math = reference.math

    @staticmethod
    def call(name: str) -> Callable[..., Any]:
        return sheet.PLAIN[name]

    @staticmethod
    def call_nary(name: str) -> Callable[..., Any]:
        return lambda *vectors: float(sheet.PLAIN_NARY[name](*([float(x) for x in xs] for xs in vectors)))

    @staticmethod
    def leaf(value: float, requires_grad: bool) -> Any:
        return float(value)

    @staticmethod
    def clamp(x: float, low: Any, high: Any) -> float:
        x = x if low is None else max(x, float(low))
        return x if high is None else min(x, float(high))

    @staticmethod
    def custom(value: float, parents: Any, partials: Any) -> float:
        [float(x) for x in (*parents, *partials)]
        return value

    @staticmethod
    def flag(x: float) -> None:
        """A float keeps no grad."""


class Twin(Plain):
    """The same over one implementation."""

    def __init__(self, impl: Implementation) -> None:
        self.impl, self.math, self.custom = impl, impl.math, impl.custom

    def call(self, name: str) -> Callable[..., Any]:
        return sheet.call(self.impl, name)

    def call_nary(self, name: str) -> Callable[..., Any]:
        return sheet.call_nary(self.impl, name)

    def leaf(self, value: float, requires_grad: bool) -> Any:
        return self.impl.Var(value, requires_grad=requires_grad)

    @staticmethod
    def clamp(x: Any, low: Any, high: Any) -> Any:
        return x.clamp(low, high)

    @staticmethod
    def flag(x: Any) -> None:
        x.requires_grad = True


@dataclass
class Run:
    """What a program has made: its variables, the leaves first, and the log of values and exceptions."""

    variables: list[Any]
    leaves: int
    log: list[Any]


def run(program: Program, on: Plain) -> Run:
    """Run the steps."""
    variables = [on.leaf(*leaf) for leaf in program.leaves]
    log: list[Any] = []
    for step in program.steps:
        try:
            made = perform(step, variables, on)
        except Exception as error:
            log.append((type(error), str(error)))
            continue
        results = [x for x in made if x is not None]
        log.append(keys(results))
        if step.kind not in ("compare", "round to int"):
            variables += results
    return Run(variables, len(program.leaves), log)


def perform(step: Step, variables: list[Any], on: Plain) -> Sequence[Any]:
    """What one step makes; what it raises goes to the caller."""
    chosen = [variables[i % len(variables)] for i in step.operands]
    first = chosen[0]
    mixed = [step.constant if i == step.where else x for i, x in enumerate(chosen)]
    kind = step.kind
    if kind in UNARY:
        return [on.call(kind)(first)]
    if kind in BINARY:
        return [on.call(kind)(*mixed[:2])]
    if kind in sheet.ALL_NARY:
        half = (len(chosen) + 1) // 2
        if NARY_BY_NAME[kind].pairs:
            return [on.call_nary(kind)([first, *mixed[1:half]], chosen[-half:])]
        return [on.call_nary(kind)([*mixed[1:], first])]
    return OTHER[kind](step, first, chosen, mixed, on)


def _branch(step: Step, first: Any, chosen: list[Any], mixed: list[Any], on: Plain) -> Sequence[Any]:
    if first < mixed[1]:
        return [first * mixed[1]]
    return [first - mixed[1]] if mixed[1] else [first + 1]


def _compare(step: Step, first: Any, chosen: list[Any], mixed: list[Any], on: Plain) -> Sequence[Any]:
    a, b = first, mixed[1]
    found = [a < b, a <= b, a == b, a != b, a > b, a >= b, b < a, b <= a, b == a, b != a, bool(a), not b]
    return [*found, max(first, b), min(b, first), *sorted(chosen)]


def _custom(step: Step, first: Any, chosen: list[Any], mixed: list[Any], on: Plain) -> Sequence[Any]:
    return [on.custom(float(len(chosen)), chosen, mixed)]


OTHER: dict[str, Callable[..., Sequence[Any]]] = {
    "round": lambda step, first, chosen, mixed, on: [round(first, step.where - 2)],
    "round to int": lambda step, first, *_: [round(first), math.floor(first), math.ceil(first), math.trunc(first)],
    "divmod": lambda step, first, chosen, mixed, on: divmod(*mixed[:2]),
    "clamp": lambda step, first, chosen, mixed, on: [
        on.clamp(first, *(None if step.where == 3 else mixed[1], None if step.where == 4 else mixed[-1]))
    ],
    "branch": _branch,
    "compare": _compare,
    "where": lambda step, first, chosen, mixed, on: [on.math.where(first > mixed[1], first, chosen[-1])],
    "softmax": lambda step, first, chosen, mixed, on: on.math.softmax([first, *mixed[1:]]),
    "dist": lambda step, first, chosen, mixed, on: [on.math.dist([first, mixed[1]], [*chosen[-2:]])],
    "custom": _custom,
    "flag": lambda step, first, chosen, mixed, on: [on.flag(first)],
}


def act(program: Program, ran: Run) -> list[Any]:
    """Do the acts, and log every exception and every grad after each."""
    leaves, log = ran.variables[: ran.leaves], []
    for action in program.acts:
        v = ran.variables[action.index % len(ran.variables)]
        leaf_index = action.index % ran.leaves
        leaf = leaves[leaf_index]
        if action.kind == "backward":
            log.append(outcome(v.backward, action.number))
        elif action.kind == "parents":
            log.append(keys(v.parents))  # constants become Vars
        elif action.kind == "edit":
            leaf.value = action.number
        elif action.kind == "restore":
            leaf.value = program.leaves[leaf_index][0]
        elif leaf.requires_grad:
            leaf.grad = 0.0
        log.append([key(x.grad) for x in ran.variables if x.requires_grad])
    return log
