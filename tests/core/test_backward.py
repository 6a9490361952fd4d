"""NN.backward: the article's loss.backward() over arrays."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from vargrad import NN, Var, data, losses, optim, reference


@pytest.fixture(params=[Var, reference.Var], ids=["active", "reference"])
def var(request: pytest.FixtureRequest) -> type[Var]:
    return request.param


CASES: list[tuple[str, list[int], str]] = [
    ("sse", [2, 3, 1], "sigmoid"),
    ("mse", [2, 3, 2], "identity"),
    ("huber", [2, 3, 1], "tanh"),
    ("bce", [2, 3, 1], "identity"),
    ("cross_entropy", [2, 3, 3], "identity"),
]


def rows(arch: list[int], loss: str) -> tuple[Any, Any]:
    random = np.random.default_rng(1)
    X = random.normal(size=(7, 2))
    if loss == "cross_entropy":
        return X, random.integers(0, 3, 7)
    if loss == "bce":
        return X, random.integers(0, 2, 7)
    return X, random.normal(size=(7, arch[-1]) if arch[-1] > 1 else 7)


@pytest.mark.filterwarnings("ignore:y goes from")  # targets that a sigmoid cannot reach have derivatives too
@pytest.mark.parametrize(("loss", "arch", "output"), CASES)
def test_it_adds_what_the_graph_adds(loss: str, arch: list[int], output: str, var: type[Var]) -> None:
    X, y = rows(arch, loss)
    model = NN(arch, "tanh", output_activation=output, init="torch", seed=2, var=var)
    other = copy.deepcopy(model)
    by_graph = getattr(losses, loss)([model(row) for row in X.tolist()], y.tolist())
    by_graph.backward()
    before = other.parameters.values.copy()
    for times in (1, 2):
        assert other.backward(X, y, loss) == pytest.approx(by_graph.value, rel=1e-13)
        np.testing.assert_allclose(other.parameters.grads, times * model.parameters.grads, rtol=1e-11, atol=1e-14)
    np.testing.assert_array_equal(other.parameters.values, before)


def test_a_loss_of_ones_own_and_penalties() -> None:
    X, y = rows([2, 3, 1], "mse")
    model = NN([2, 3, 1], "tanh", init="torch", seed=2)
    other = copy.deepcopy(model)
    value = model.backward(X, y, lambda p, t: (p - t) ** 4, l1=0.1, l2=0.2)
    graph: Any = sum((other(row) - t) ** 4 for row, t in zip(X.tolist(), y.tolist(), strict=True)) / len(y)
    weights = [w for layer in other.weights for neuron in layer for w in neuron]
    graph += penalty(weights)
    graph.backward()
    assert value == pytest.approx(graph.value, rel=1e-12)
    np.testing.assert_allclose(model.parameters.grads, other.parameters.grads, rtol=1e-10, atol=1e-14)


def penalty(weights: list[Var]) -> Any:
    return sum(0.1 * abs(w) + 0.2 * w**2 for w in weights)


def test_loops_of_ones_own_follow_fit() -> None:
    X, y = data.moons(60, seed=0)
    model = NN([2, 8, 1], "tanh", output_activation="identity", init="torch", seed=1)
    other = copy.deepcopy(model)
    optimizer = optim.Adam(model.parameters, lr=0.02)
    found = []
    for _ in range(30):
        optimizer.zero_grad()
        found.append(model.backward(X, y, "bce"))
        optimizer.step()
    history = other.fit(X, y, "bce", optim.Adam(other.parameters, lr=0.02), epochs=30, batch_size=None, progress=False)
    np.testing.assert_allclose(found, history.losses, rtol=1e-12)
    np.testing.assert_allclose(model.parameters.values, other.parameters.values, rtol=1e-10)


def test_lbfgs_over_arrays() -> None:
    X, y = data.standardize(data.diabetes()[0]), data.standardize(data.diabetes()[1])
    model = NN([10, 4, 1], "tanh", output_activation="identity", init="torch", seed=1)
    first = model.backward(X, y)
    found = optim.LBFGS(model.parameters, max_iter=100).step(lambda: model.backward(X, y))
    assert found < 0.45 < 0.9 < first


ANY: Any = NN([2, 3, 1], "tanh", seed=0)
X4 = [[0.0, 1.0]] * 4


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda m: m.backward([[1.0]], [1.0]), ValueError, ["2"]),
        (lambda m: m.backward(X4, [1.0]), ValueError, ["4", "1"]),
        (lambda m: m.backward(X4, [1.0, 2.0, float("nan"), 3.0]), ValueError, ["nan"]),
        (lambda m: m.backward(X4, [1.0] * 4, "msee"), ValueError, ["did you mean 'mse'"]),
        (lambda m: m.backward(X4, [1.0] * 4, l2=-1), ValueError, ["l2", "-1"]),
        (lambda m: m.backward(X4, [1e200] * 4), FloatingPointError, ["not finite"]),
    ],
)
def test_wrong_input_changes_nothing(call: Callable[[Any], Any], kind: type[Exception], words: list[str]) -> None:
    model = copy.deepcopy(ANY)
    model.backward(X4, [1.0] * 4)
    values, grads = model.parameters.values.copy(), model.parameters.grads.copy()
    with pytest.raises(kind) as caught:
        call(model)
    assert [word for word in words if word not in str(caught.value)] == []
    np.testing.assert_array_equal(model.parameters.values, values)
    np.testing.assert_array_equal(model.parameters.grads, grads)
