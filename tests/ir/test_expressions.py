"""Graphs of expressions: the compiled modules against the same sources run by Python, node by node."""

from __future__ import annotations

import importlib
import pickle
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programs import Program, Twin, programs, run
from twins import Implementation, key, keys, load
from vargrad._ir.expressions import ExpressionGraph, restored
from vargrad._ops.codes import ARITY, COMPOSITE, NAMES, OPCODES, SELECT

PLAIN = [op for op, name in enumerate(NAMES) if name != "round"]
OFTEN = [
    OPCODES[name] for name in ("add", "sub", "mul", "truediv", "pow", "neg", "square", "select", "lt", "and", "or")
]
NUMBERS = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, -2.5, 4.0, 2.718281828459045, 1e300, 5e-324]
NUMBERS += [float("inf"), float("-inf"), float("nan")]
INDEX = st.integers(0, 40)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(OFTEN), INDEX, INDEX, INDEX),
        st.tuples(st.sampled_from(PLAIN), INDEX, INDEX, INDEX),
        st.tuples(st.just(-1), st.sampled_from(NUMBERS) | st.floats(), INDEX, INDEX),
        st.tuples(st.just(COMPOSITE), INDEX, INDEX, INDEX),
    ),
    min_size=1,
    max_size=40,
)


def module(package: str) -> SimpleNamespace:
    """The contents of the modules of a package."""
    found: dict[str, Any] = {}
    for name in ("graph", "templates", "passes", "forward"):
        found |= vars(importlib.import_module(f"vargrad._ir.{package}.{name}"))
    return SimpleNamespace(**found)


def build(m: Any, steps: Any) -> tuple[Any, list[int]]:
    """A graph over three inputs, and the nodes that the steps gave."""
    g = m.ExpressionGraph()
    made = [g.input() for _ in range(3)]
    for op, i, j, k in steps:
        if op == -1:
            made.append(g.constant(i))
            continue
        a, b, c = (made[-1 - index % len(made)] for index in (i, j, k))
        if op == COMPOSITE:
            made.append(g.composite(a, ((b, c, -1), (a, b, c))[: j % 3]))
        else:
            made.append(g.make(op, *(a, b, c)[: ARITY[op]]))
    return g, made


def nodes(g: Any) -> list[Any]:
    return [(g.node(i), key(g.number_of(i))) for i in range(len(g))]


def everything(m: Any, steps: Any) -> list[Any]:
    """All that is asked of a graph: its nodes, first and second derivatives both ways, programs."""
    g, made = build(m, steps)
    found: list[Any] = [made]
    by = m.Derivatives(g, (2, 3, 4))
    gradient = by.of(made[-1])
    found.append(gradient)
    found += [by.of(node, sparse) for node in gradient for sparse in (False, True)]
    found += [by.reached(node) for node in gradient]
    found += [m.Derivatives(g, (3,)).of(node, True) for node in made[-4:]]
    roots = [made[-1], *made[-4:], gradient[0]]
    found.append(m.pushed(g, (2, 3, 4), roots))
    tangents, one = m.Tangents(g, (2, 3, 4), roots), g.constant(1.0)
    found += [tangents.along([seed, 1, made[-1]]) for seed in (one, 1)]
    count, constants, code, outputs = m.lowered(g, [2, 3, 4], [*made, *gradient, *found[-1]])
    found += [count, keys(list(constants)), list(code), list(outputs), nodes(g)]
    return found


@given(STEPS)
def test_compiled_graphs_are_those_of_python(compiled: Implementation, steps: Any) -> None:
    assert everything(module("compiled"), steps) == everything(module("pure"), steps)


def test_large_graphs_too(compiled: Implementation) -> None:
    """Columns and table grow many times over."""
    steps = [((2, 0, 0)[i % 3], i % 7, i % 11, 0) if i % 5 else (-1, i / 64, 0, 0) for i in range(30_000)]
    assert everything(module("compiled"), steps) == everything(module("pure"), steps)


@given(STEPS)
def test_pickles_hold_all_nodes_and_find_them_again(steps: Any) -> None:
    first, made = build(SimpleNamespace(ExpressionGraph=ExpressionGraph), steps)
    again = pickle.loads(pickle.dumps(first))
    assert nodes(again) == nodes(first)
    assert again.parents == first.parents
    size = len(again)
    for node in made:
        op, a, b, c = again.node(node)
        if op >= 0:
            assert again.make(op, a, b, c) == node
        elif again.is_number(node):
            assert again.constant(again.number_of(node)) == node
    assert len(again) == size


def test_a_graph_of_either_module_becomes_one_of_the_active(compiled: Implementation) -> None:
    for package in ("pure", "compiled"):
        g, _ = build(module(package), [(0, 1, 2, 0), (-1, 0.5, 0, 0), (2, 0, 1, 0)])
        again = pickle.loads(pickle.dumps(g))
        assert type(again) is ExpressionGraph
        assert nodes(again) == nodes(g)


@pytest.mark.parametrize("bad", [(len(NAMES), 0, 0, 0), (-4, 0, 0, 0), (0, 3, 0, 0), (0, 2, -1, 0), (SELECT, 2, 2, 9)])
def test_columns_that_are_no_graph_are_refused(bad: tuple[int, ...]) -> None:
    columns = [[-2, -2], [0, 0], [0, 0], [0, 0], [0.0, 0.0]]
    for column, x in zip(columns, (*bad, 0.0), strict=True):
        column.append(x)
    with pytest.raises(ValueError, match="node 2 is operation"):
        restored(columns, {})


def test_whole_numbers_become_floats(compiled: Implementation) -> None:
    for package in ("pure", "compiled"):
        g = module(package).ExpressionGraph()
        assert [g.constant(0), g.constant(3)] == [g.constant(0.0), g.constant(3.0)]
        assert key(g.number_of(g.constant(3))) == key(3.0)


def test_a_node_that_is_not_there(compiled: Implementation) -> None:
    for package in ("pure", "compiled"):
        g = module(package).ExpressionGraph()
        for node in (-1, len(g)):
            with pytest.raises(IndexError, match="of 2"):
                g.node(node)


def test_a_selection_of_deep_functions_needs_no_stack() -> None:
    """It is moved inwards, but not for ever; the same chain under both sides is one in the end."""
    g = ExpressionGraph()
    x, y, condition = (g.input() for _ in range(3))
    for _ in range(50_000):
        x, y = g.apply("sin", x), g.apply("sin", y)
    before = len(g)
    g.make(SELECT, x, y, condition)
    assert 1 < len(g) - before < 1000


def test_every_allocation_may_fail(compiled: Implementation) -> None:
    """MemoryError, and then the graph is as good as before: the same steps again give what they always give."""
    from vargrad._ir.compiled import store

    m = module("compiled")
    steps = [(OPCODES["mul"], i % 5, i % 3, 0) if i % 2 else (-1, i / 8, 0, 0) for i in range(400)]
    expected = nodes(build(m, steps)[0])
    failures = 0
    while True:
        g, made = m.ExpressionGraph(), []
        store.limit_allocations(failures)
        try:
            made = [g.input() for _ in range(3)]
            _again(g, made, steps)
            break
        except MemoryError:
            failures += 1
        finally:
            store.limit_allocations(-1)
        made += [g.input() for _ in range(3 - len(made))]
        _again(g, made, steps)
        assert nodes(g) == expected
    assert failures > 10
    store.limit_allocations(0)
    try:
        with pytest.raises(MemoryError):
            m.ExpressionGraph()
    finally:
        store.limit_allocations(-1)


def _again(g: Any, made: list[int], steps: Any) -> None:
    for op, i, j, _ in steps[len(made) - 3 :]:
        made.append(g.constant(i) if op == -1 else g.make(op, made[-1 - i % len(made)], made[-1 - j % len(made)]))


# ---- the way in: graphs of Vars as arrays


def _listing(impl: Implementation, program: Program) -> Any:
    """An export, with leaves by their number among the program's, or by value."""
    core = importlib.import_module({"compiled": "vargrad._core.var_c", "python": "vargrad._core.var_py"}[impl.name])
    made = run(program, Twin(impl))
    root = core.apply_nary("sum", made.variables)
    wanted = [*made.variables, impl.Var(1.0)]
    codes, first, operands, numbers, leaves, places = core.export(root, wanted)
    given = {id(v): i for i, v in enumerate(made.variables[: made.leaves])}
    names: list[Any] = [given.get(id(v), key(v)) for v in leaves]
    names += range(len(names), len(codes))
    labelled = [("number", key(numbers[-1 - x])) if x < 0 else names[x] for x in operands]
    return list(codes), list(first), labelled, [x if x < 0 else names[x] for x in places], places[-1]


@given(programs(steps=12, acts=0))
def test_listings_of_the_twins_are_alike(compiled: Implementation, program: Program) -> None:
    found, expected = _listing(compiled, program), _listing(load("python"), program)
    assert found == expected
    assert found[-1] == -1


def test_a_listing_disturbs_no_sweep(impl: Implementation) -> None:
    """Leaves edited on the way are one leaf, and backward works as ever."""
    core = importlib.import_module({"compiled": "vargrad._core.var_c", "python": "vargrad._core.var_py"}[impl.name])
    x, y = impl.Var(2.0, requires_grad=True), impl.Var(3.0, requires_grad=True)
    first = x * y
    x.value = 5.0
    root = first + x * 1.5
    codes, _, operands, _, leaves, places = core.export(root, [x, y, root])
    assert {id(v) for v in leaves} == {id(x), id(y)}
    assert places == [leaves.index(x), leaves.index(y), len(codes) - 1]
    assert list(operands).count(places[0]) == 2
    again = x * y + y
    again.backward()
    assert (x.grad, y.grad) == (3.0, 6.0)
