"""What a picture shows is what the live objects are."""

from __future__ import annotations

import math
import random
import sys
from collections import Counter
from typing import Any

import pytest

import vargrad
from twins import Implementation
from vargrad._draw.collapse import units_of
from vargrad._draw.structure import Structure
from vargrad._draw.tape import sweep, walk


def article(impl: Implementation) -> tuple[Any, Any, Any]:
    x, y = impl.Var(53.0, requires_grad=True), impl.Var(-17.0, requires_grad=True)
    return x, y, (x**2 + 3) ** 2 + y


def random_graph(impl: Implementation, seed: int, size: int = 40) -> tuple[list[Any], Any]:
    """Leaves and a root that depends on them by operations of every arity."""
    draw = random.Random(seed)
    leaves = [impl.Var(draw.uniform(0.5, 2.0), requires_grad=True) for _ in range(4)]
    nodes = list(leaves)
    for _ in range(size):
        a, b = draw.choice(nodes), draw.choice(nodes)
        made = draw.choice(
            [
                lambda a=a, b=b: a * b,
                lambda a=a, b=b: a + 2.5 * b,
                lambda a=a, b=b: a / (1.0 + b * b),
                lambda a=a: a.tanh(),
                lambda a=a: (a * a + 0.1) ** 0.5,
                lambda a=a, b=b: impl.math.dot([a, 2.0, b], [b, a, 0.5]),
                lambda a=a, b=b: impl.math.sum([a, b, a, 1.0]),
                lambda a=a, b=b: impl.math.maximum(a, b),
                lambda a=a, b=b: impl.custom(3.0, [a, b], [0.25, -0.5]),
            ]
        )()
        nodes.append(made.tanh() if abs(made.value) > 10 else made)
    return leaves, impl.math.sum(nodes)


def by_name(graph: Structure) -> dict[str, Any]:
    return {node.name: node for node in graph.nodes.values() if node.name}


def test_the_article(impl: Implementation) -> None:
    x, y, z = article(impl)
    before = vargrad.draw(z).structure
    assert (by_name(before)["x"].grad, by_name(before)["y"].grad) == (0.0, 0.0)
    z.backward()
    graph = vargrad.draw(z).structure
    nodes = by_name(graph)
    assert {name: node.value for name, node in nodes.items()} == {"x": x.value, "y": y.value, "z": z.value}
    assert (nodes["x"].grad, nodes["y"].grad) == (x.grad, y.grad)
    assert nodes["z"].root
    ops = [node for node in graph.nodes.values() if node.kind == "op"]
    assert [node.op for node in ops] == ["pow", "add", "pow", "add"]
    m = x.value**2 + 3
    assert [node.value for node in ops] == [x.value**2, m, m**2, z.value]
    labels = {(graph.nodes[e.source].title, graph.nodes[e.target].value): e.partial for e in graph.edges}
    assert labels[("x", ops[0].value)] == 2 * x.value
    assert labels[("+", ops[2].value)] == 2 * m
    assert labels[("y", z.value)] == labels[("**", z.value)] == 1.0
    assert labels[("2", ops[0].value)] is None
    assert math.prod([1.0, 2 * m, 1.0, 2 * x.value]) == x.grad


def test_a_shared_node_is_there_once(impl: Implementation) -> None:
    x = impl.Var(3.0)
    shared = x.exp()
    graph = vargrad.draw(shared * shared + x).structure
    assert Counter(node.kind for node in graph.nodes.values()) == {"op": 3, "leaf": 1}
    assert [(e.position, e.partial) for e in graph.edges if graph.nodes[e.target].op == "mul"] == [
        (0, shared.value),
        (1, shared.value),
    ]


@pytest.mark.parametrize("seed", range(10))
def test_partials_multiply_to_what_backward_finds(impl: Implementation, seed: int) -> None:
    """Sums and products along the edges, in the order of the sweep: equal to the bit."""
    leaves, root = random_graph(impl, seed)
    graph = vargrad.draw(root, names={"leaf": leaves}, limit=10_000, adjoints=True).structure
    entries = walk([root])
    root.backward()
    found = by_name(graph)
    for k, leaf in enumerate(leaves):
        if f"leaf[{k}]" in found:
            assert 0.0 + (found[f"leaf[{k}]"].adjoint or 0.0) == leaf.grad
        else:
            assert leaf.grad == 0.0
    assert len(entries) == sum(node.kind in ("op", "leaf") for node in graph.nodes.values())
    assert sweep(graph, len(entries), [len(entries) - 1])[len(entries) - 1] == 1.0


@pytest.mark.parametrize("seed", range(5))
def test_drawing_changes_nothing(impl: Implementation, seed: int) -> None:
    leaves, root = random_graph(impl, seed)
    root.backward()

    def state() -> list[Any]:
        # a leaf's own number says nothing: the object does
        return [
            (v._uid if made[0] else id(v), v.value, v.grad if v.requires_grad else None, made)
            for v, made in walk([root])
        ]

    before = state()
    for picture in (vargrad.draw(root), vargrad.draw(root, adjoints=True, limit=5)):
        picture.text()
        picture.svg()
        picture.dot()
    vargrad.draw(root, limit=10_000).steps().html()
    assert repr(state()) == repr(before)
    assert all(isinstance(b, float) == isinstance(a, float) for s, t in zip(state(), before, strict=True)
               for a, b in zip(s[3][1], t[3][1], strict=True))  # fmt: skip
    first = [leaf.grad for leaf in leaves]
    root.backward()
    assert [leaf.grad for leaf in leaves] == [2 * g for g in first]


def test_modes(impl: Implementation) -> None:
    """Drawing is the same in no_grad, and under detect_anomaly also for a derivative that is not finite."""
    x = impl.Var(0.0, requires_grad=True)
    z = x.sqrt()
    with vargrad.no_grad():
        assert vargrad.draw(z).structure.edges[0].partial == math.inf
    with vargrad.detect_anomaly():
        y = x + 1.0
        line = sys._getframe().f_lineno - 1
        assert vargrad.draw(z).structure.edges[0].partial == math.inf
        graph = vargrad.draw(y).structure
    assert next(n for n in graph.nodes.values() if n.op == "add").source == f"{__file__}:{line}"


def test_several_roots(impl: Implementation) -> None:
    x = impl.Var(2.0)
    a, b = x * 3.0, x.exp()
    graph = vargrad.draw(a, b).structure
    assert {node.name for node in graph.nodes.values() if node.root} == {"a", "b"}
    assert sum(node.kind == "leaf" for node in graph.nodes.values()) == 1


def test_a_leaf_alone_and_an_edited_one(impl: Implementation) -> None:
    x = impl.Var(2.0, requires_grad=True)
    assert [n.title for n in vargrad.draw(x).structure.nodes.values()] == ["x"]
    y = x * 3.0
    x.value = 5.0
    graph = vargrad.draw(y).structure
    assert by_name(graph)["x"].note == "was 2.0 when it was used"
    with pytest.raises(ValueError, match="a leaf was edited after its use"):
        vargrad.draw(y).steps()


class Holder:
    def __init__(self, weights: list[Any]) -> None:
        self.weights1 = weights


def test_names(impl: Implementation) -> None:
    w = [impl.Var(1.0), impl.Var(2.0)]
    model = Holder([impl.Var(3.0)])
    table = {"rate": impl.Var(4.0)}
    total = w[0] * w[1] + model.weights1[0] * table["rate"]
    assert set(by_name(vargrad.draw(total).structure)) == {
        "w[0]", "w[1]", "model.weights1[0]", "table['rate']", "total"
    }  # fmt: skip
    given = vargrad.draw(total, names={"p": w[0], "q": model.weights1}).structure
    assert {"p", "q[0]", "w[1]"} <= set(by_name(given))
    with pytest.raises(TypeError, match=r"names\['p'\] is no Var and no container of Vars but a float"):
        vargrad.draw(total, names={"p": 1.0})
    with pytest.raises(TypeError, match="is no str"):
        vargrad.draw(total, names={1: w[0]})  # type: ignore[dict-item]


def test_names_run_no_code_of_others() -> None:
    class Hostile:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(name)

        def __iter__(self) -> Any:
            raise AssertionError("iterated")

        @property
        def trap(self) -> Any:
            raise AssertionError("asked")

    x = vargrad.Var(1.0)
    here = Hostile()
    assert set(by_name(vargrad.draw(x + 1.0).structure)) == {"x"}
    assert here is not None


def test_a_network_names_its_parameters() -> None:
    model = vargrad.NN([2, 1], seed=1)
    loss = model.calculate_loss([[0, 1, 1]])
    assert {"model.weights[0][0][1]", "model.biases[0][0]", "loss"} <= set(by_name(vargrad.draw(loss).structure))


def test_many_numbers_of_one_operation_are_one(impl: Implementation) -> None:
    x = impl.Var(1.0)
    graph = vargrad.draw(impl.math.sum([x, *map(float, range(500))])).structure
    assert [node.title for node in graph.nodes.values() if node.kind == "constant"] == ["500 numbers"]


# ---- large graphs


def of_loop(impl: Implementation, times: int) -> Any:
    x, y = impl.Var(0.5, requires_grad=True), impl.Var(0.25)
    v = x
    for _ in range(times):
        v = (v * 1.0001 + y).sin() * x
    return v


def test_a_loop_is_found(impl: Implementation) -> None:
    graph = vargrad.draw(of_loop(impl, 25_000)).structure
    [loop] = [node for node in graph.nodes.values() if node.repeats > 1]
    assert loop.counts == {"mul": 2, "add": 1, "sin": 1}
    assert sum(node.nodes for node in graph.nodes.values() if node.kind in ("op", "group")) == 100_000
    assert loop.repeats > 24_990
    assert len(graph.nodes) < 60
    assert "100,000 operations" in graph.title


def test_a_loop_in_a_loop(impl: Implementation) -> None:
    """Rows of a network: what a row repeats is one piece, with all its neurons. The newest row is drawn whole."""
    model = vargrad.NN([2, 3, 1], seed=1, var=impl.Var)
    graph = vargrad.draw(model.calculate_loss([[0, 1, 1]] * 100)).structure
    loop = max(graph.nodes.values(), key=lambda node: node.nodes)
    assert (loop.repeats, loop.counts) == (99, {"dot": 4, "sigmoid": 4, "sub": 1, "pow": 1})


@pytest.mark.parametrize("seed", range(8))
def test_a_collapsed_graph_is_one_without_circles(impl: Implementation, seed: int) -> None:
    _, root = random_graph(impl, seed, 600)
    entries = walk([root])
    graph = vargrad.draw(root, limit=50).structure
    counted = sum(node.nodes for node in graph.nodes.values() if node.kind != "constant")
    assert counted == len(entries)
    assert len(graph.nodes) < 80
    into = graph.operands()
    done: set[int] = set()
    left = set(graph.nodes)
    while left:
        ready = {i for i in left if all(edge.source in done for edge in into[i])}
        assert ready
        done |= ready
        left -= ready


def test_units_cover_every_node_once() -> None:
    draw = random.Random(3)
    for size in (1, 2, 13, 200, 3000):
        nodes: list[tuple[str | None, list[int]]] = [(None, [])] * 20
        for i in range(20, 20 + size):
            nodes.append((draw.choice("abc"), [draw.randrange(i), -1]))
        units = units_of(nodes)
        assert sorted(i for unit in units for i in unit.members) == list(range(len(nodes)))
        assert all(unit.counts.total() * unit.repeats == len(unit.members) for unit in units)


# ---- what is no Var


def test_a_network() -> None:
    model = vargrad.NN([2, 3, 1], "tanh", seed=4)
    graph = vargrad.draw(model).structure
    weights = [w.value for layer in model.weights for neuron in layer for w in neuron]
    assert sorted(e.weight or 0.0 for e in graph.edges) == sorted(weights)
    assert Counter(node.kind for node in graph.nodes.values()) == {"input": 2, "neuron": 4}
    assert {node.note for node in graph.nodes.values() if node.kind == "neuron"} == {
        f"bias {b.value:.3g}" for layer in model.biases for b in layer
    }
    for edge in graph.edges:
        a, b = graph.nodes[edge.source], graph.nodes[edge.target]
        assert b.column == a.column + 1
    large = vargrad.draw(vargrad.NN([784, 128, 10], seed=1)).structure
    assert sum(node.counts.total() for node in large.nodes.values() if node.kind == "group") == 784 + 128 - 20


def test_a_compiled_function() -> None:
    @vargrad.compile
    def f(x: Any, y: Any) -> Any:
        return x * y if x > 0 else -y

    with pytest.raises(ValueError, match="f is not recorded yet: call it once"):
        vargrad.draw(f)
    f([1.0, -1.0], 2.0)
    graph = vargrad.draw(f).structure
    assert Counter(node.op for node in graph.nodes.values() if node.kind == "op") == {
        "mul": 1,
        "neg": 1,
        "lt": 2,
        "not": 1,
    }
    outputs = [node.name for node in graph.nodes.values() if node.kind == "output"]
    assert outputs == ["path 0: value", "path 0: is valid", "path 1: value", "path 1: is valid"]
    assert f.paths == 2


def test_a_history() -> None:
    model = vargrad.NN([2, 2, 1], seed=3)
    rows, targets = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    history = model.fit(rows, targets, epochs=30, lr=1.0, progress=False)
    picture = vargrad.draw(history)
    assert picture.structure.curves == {"loss": history.losses}
    assert picture.text().startswith("Training, 30 epochs\nloss: ")
    with pytest.raises(ValueError, match="a chart is no graph"):
        picture.dot()
    with pytest.raises(ValueError, match="no epochs"):
        vargrad.draw(type(history)())


@pytest.mark.parametrize("thing", [1.0, "x", None, [1.0]], ids=repr)
def test_what_cannot_be_drawn(thing: object) -> None:
    with pytest.raises(TypeError, match=r"draw\(\) takes a Var, several Vars, an NN"):
        vargrad.draw(thing)
    with pytest.raises(TypeError, match="something to draw"):
        vargrad.draw()


def test_while_a_function_is_recorded() -> None:
    with pytest.raises(vargrad.RecordingError):
        vargrad.compile(lambda x: vargrad.draw(x * x) and x)(1.0)
