"""Programs in the style of the tutorial's repository: matrices of Vars, ``grad_desc`` and ``step``, on both twins."""

from __future__ import annotations

import itertools
import math
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import vargrad
from twins import Implementation, key, leaves
from vargrad import NN

INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
XOR = np.array([0, 1, 1, 0], np.float32)


class Matrices:
    """A network of matrices: X @ W + b and a sigmoid, layer by layer, over numbers of any kind."""

    def __init__(self, arch: list[int], seed: int, number: Any) -> None:
        draw = random.Random(seed)
        variables = np.frompyfunc(number, 1, 1)
        self.layers = []
        for n_in, n_out in itertools.pairwise(arch):
            neurons = np.array([[draw.random() for _ in range(n_in + 1)] for _ in range(n_out)])
            self.layers.append((variables(neurons[:, :-1].T), variables(neurons[:, -1])))

    def forward(self, x: Any) -> Any:
        sigmoid = np.vectorize(lambda v: v.sigmoid())
        for weights, biases in self.layers:
            x = sigmoid(x @ weights + biases)
        return x

    def step(self, lr: float) -> None:
        move = np.vectorize(lambda v: v.grad_desc(lr))  # it calls its function for the first element twice
        for weights, biases in self.layers:
            move(weights)
            move(biases)

    def numbers(self) -> list[list[float]]:
        flat = np.frompyfunc(lambda v: getattr(v, "value", v), 1, 1)
        return [[x for array in layer for x in flat(array).ravel()] for layer in self.layers]


def by_hand(arch: list[int], seed: int, steps: int, lr: float) -> tuple[list[list[float]], list[float]]:
    """The same training in matrices of floats, its derivatives written down: weights, and the loss at each step."""
    layers = [[array.astype(float) for array in layer] for layer in Matrices(arch, seed, float).layers]
    losses = []
    for _ in range(steps):
        values = [INPUTS.astype(float)]
        for weights, biases in layers:
            values.append(1 / (1 + np.exp(-(values[-1] @ weights + biases))))
        error = values[-1] - XOR[:, None]
        losses.append(float(np.mean(error**2)))
        slope = 2 / len(XOR) * error
        for layer, given, result in reversed(list(zip(layers, values, values[1:], strict=False))):
            slope = slope * result * (1 - result)
            down = slope @ layer[0].T
            layer[0] -= lr * given.T @ slope
            layer[1] -= lr * slope.sum(axis=0)
            slope = down
    return [[float(x) for array in layer for x in array.ravel()] for layer in layers], losses


def trained_as_by_hand(model: Any) -> list[list[float]]:
    """Train the model by the program, compare its losses with those by hand, and return the parameters by hand."""
    losses = []
    for _ in range(60):
        prediction = model.forward(INPUTS).squeeze()
        loss = 1 / prediction.shape[0] * np.sum((prediction - XOR) ** 2)
        loss.backward()
        model.step(lr=1)
        losses.append(loss.value)
    weights, expected = by_hand([2, 2, 1], 3, 60, 1.0)
    assert losses == pytest.approx(expected, rel=1e-9)
    return weights


def test_a_network_of_matrices_of_vars(impl: Implementation) -> None:
    model = Matrices([2, 2, 1], 3, lambda x: impl.Var(x, requires_grad=True))
    weights = trained_as_by_hand(model)
    for found, true in zip(model.numbers(), weights, strict=True):
        assert found == pytest.approx(true, rel=1e-9)
    assert 0.0 < model.forward(np.expand_dims(INPUTS[1], 0)).item().value < 1.0


def test_the_network_of_the_package_in_the_same_program(impl: Implementation) -> None:
    """Only the import of NN differs: shapes, losses and steps are those of the matrices."""
    model = NN([2, 2, 1], seed=3, var=impl.Var)
    weights = trained_as_by_hand(model)
    for (w, b), true in zip(zip(model.weights, model.biases, strict=True), weights, strict=True):
        by_input = [v.value for column in zip(*w, strict=True) for v in column]
        assert [*by_input, *(v.value for v in b)] == pytest.approx(true, rel=1e-9)
    assert model.forward(np.expand_dims(INPUTS[1], 0)).shape == (1, 1)


def test_a_step_is_the_tutorials_loop(impl: Implementation) -> None:
    ours, loop = (NN([2, 3, 2], "tanh", seed=1, var=impl.Var) for _ in range(2))
    data = [[0, 1, 1, 0], [1, 0.5, 0, 1]]
    for lr in (0.5, 1, 1e-3):
        for model in (ours, loop):
            model.calculate_loss(data).backward()
        ours.step(lr=lr)
        for p in loop.parameters:
            p.value -= lr * p.grad
            p.grad = 0
        assert [key(p) for p in ours.parameters] == [key(p) for p in loop.parameters]
        assert [key(p.grad) for p in ours.parameters] == [key(0.0)] * 17
    ours.calculate_loss(data).backward()
    before = [(p.value, p.grad) for p in ours.parameters]
    ours.step()
    assert [p.value for p in ours.parameters] == [value - 1e-3 * grad for value, grad in before]


def test_a_step_of_parameters_that_were_put_into_the_list(impl: Implementation) -> None:
    model = NN([1, 1], "identity", seed=0, var=impl.Var)
    tied = impl.Var(0.5, requires_grad=True)
    model.parameters[:] = [tied, tied]  # weight and bias are one Var, which moves once
    model.forward(3.0).backward()
    model.step(0.25)
    assert (tied.value, tied.grad) == (0.5 - 0.25 * 4.0, 0.0)


@pytest.mark.parametrize(("value", "grad", "lr"), [(1.5, 0.3, 0.1), (1e300, 1e300, 1e10), (2.0, math.nan, 0.0)])
def test_the_bits_of_a_step(impl: Implementation, value: float, grad: float, lr: float) -> None:
    (x,) = leaves(impl, value)
    x.grad = grad
    assert x.grad_desc(lr) is None
    assert (key(x), key(x.grad)) == (key(value - lr * grad), key(0.0))


@pytest.mark.parametrize("lr", [1, True, np.float32(0.5), Fraction(1, 2)])
def test_any_real_number_is_a_rate(impl: Implementation, lr: Any) -> None:
    (x,) = leaves(impl, 2.0)
    x.grad = 4.0
    x.grad_desc(lr)
    assert x.value == 2.0 - 4.0 * float(lr)


def test_a_step_is_an_edit(impl: Implementation) -> None:
    """The graph made before it has other numbers than the leaf, so its backward says so."""
    (x,) = leaves(impl, 3.0)
    y = x * x
    y.backward()
    x.grad_desc(0.5)
    assert (x.value, x.grad) == (0.0, 0.0)
    with pytest.raises(RuntimeError, match=r"had the value 3\.0 in the forward pass and has 0\.0 now"):
        y.backward()


def test_what_cannot_take_a_step(impl: Implementation) -> None:
    (x,) = leaves(impl, 3.0)
    x.grad = 1.0
    with pytest.raises(AttributeError, match=r"computed Var \(result of 'mul'\)"):
        (x * x).grad_desc(0.1)
    with pytest.raises(AttributeError, match=r"no \.grad: set requires_grad=True"):
        impl.Var(3.0).grad_desc(0.1)
    for bad in ("0.1", None, 1j, x):
        with pytest.raises(TypeError, match="lr"):
            x.grad_desc(bad)
    assert (x.value, x.grad) == (3.0, 1.0)


def test_a_step_of_a_network_changes_all_parameters_or_none(impl: Implementation) -> None:
    model = NN([2, 2, 1], seed=0, var=impl.Var)
    model.calculate_loss([[0, 1, 1]]).backward()
    before = [(key(p), key(p.grad)) for p in model.parameters[:-1]]
    model.parameters[-1].requires_grad = False
    with pytest.raises(AttributeError, match="requires_grad=True"):
        model.step(1)
    model.parameters[-1].requires_grad = True
    with pytest.raises(TypeError, match="lr must be"):
        model.step("1")
    model.parameters[-1] = model.parameters[0] * 1.0
    with pytest.raises(AttributeError, match="computed Var"):
        model.step(1)
    assert [(key(p), key(p.grad)) for p in model.parameters[:-1]] == before


def test_no_step_while_compile_records() -> None:
    x = vargrad.Var(3.0, requires_grad=True)
    model = NN([1, 1], seed=0)
    x.grad = 1.0
    before = [p.value for p in model.parameters]
    for step in (lambda a: (x.grad_desc(0.1), a)[1], lambda a: (model.step(0.1), a)[1]):
        with pytest.raises(vargrad.RecordingError, match=r"\.value ="):
            vargrad.compile(step)(1.0)
    assert (x.value, x.grad) == (3.0, 1.0)
    assert [p.value for p in model.parameters] == before
