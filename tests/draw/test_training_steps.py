"""The steps of one step of training are those of the tutorial's loop, on a copy."""

from __future__ import annotations

import math

import pytest

import vargrad
from twins import Implementation

XOR = [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("arch", [[2, 2, 1], [2, 1], [2, 2, 2]], ids=str)
def test_the_step_is_that_of_the_loop(impl: Implementation, arch: list[int], bias: bool) -> None:
    data = [row + [0.5] * (arch[-1] - 1) for row in XOR]
    model = vargrad.NN(arch, "tanh", seed=5, bias=bias, var=impl.Var)
    model.parameters[0].grad = 7.0  # what was there before counts for nothing, and stays
    picture = vargrad.draw(model)
    before = [(p.value, p.grad) for p in model.parameters]
    training = picture.steps(data, lr=0.25)
    training.html()
    assert [(p.value, p.grad) for p in model.parameters] == before
    model.parameters[0].grad = 0.0
    loss = model.calculate_loss(data)
    loss.backward()
    assert training.grads == [p.grad for p in model.parameters]  # type: ignore[attr-defined]
    for p in model.parameters:
        p.value -= 0.25 * p.grad
    assert training.after == [p.value for p in model.parameters]  # type: ignore[attr-defined]
    assert training.steps[-1].formula == f"loss before {loss.value:.6g}, after {model.calculate_loss(data).value:.6g}"
    sums = {name: value for step in training.steps for name, value in step.sums.items()}
    assert sorted(sums.values()) == sorted(p.grad for p in model.parameters)
    assert len(training.steps) == 3 + len(data) + 2 * len(model.parameters)


def test_predictions_are_those_of_the_network(impl: Implementation) -> None:
    model = vargrad.NN([2, 2, 1], seed=5, var=impl.Var)
    steps = vargrad.draw(model).steps(XOR).steps
    for k, row in enumerate(XOR):
        said = model(*row[:2]).value
        assert f"the network says {said:.6g}, and {row[2]} is wanted" in steps[1 + k].say
        assert steps[1 + k].sets["node-4"] == f"{said:.6g}"


def test_edges_get_the_new_weights() -> None:
    model = vargrad.NN([2, 2, 1], init="xavier_uniform", seed=1)
    training = vargrad.draw(model).steps(XOR, lr=1.0)
    lines = {key: line for step in training.steps for key, line in step.lines.items()}
    labels = {key: text for step in training.steps for key, text in step.sets.items() if key.startswith("label")}
    weights = [w for k, w in enumerate(training.after) if k not in (2, 5, 8)]  # type: ignore[attr-defined]
    assert [labels[f"label-{k}"] for k in range(6)] == [f"{w:.3g}" for w in weights]
    assert [lines[f"edge-{k}"][0] for k in range(6)] == ["plus" if w >= 0 else "minus" for w in weights]
    widths = [lines[f"edge-{k}"][1] for k in range(6)]
    assert sorted(range(6), key=lambda k: widths[k]) == sorted(range(6), key=lambda k: abs(weights[k]))


def test_refused() -> None:
    picture = vargrad.draw(vargrad.NN([2, 2, 1], seed=0))
    with pytest.raises(ValueError, match="at most 12 weights, this one is <NN"):
        vargrad.draw(vargrad.NN([4, 4, 1], seed=0)).steps([[0, 0, 0, 0, 1]])
    with pytest.raises(ValueError, match="at most 16 rows, got 17"):
        picture.steps([[0, 0, 1]] * 17)
    with pytest.raises(ValueError, match="lr must be a finite number, got inf"):
        picture.steps(XOR, lr=math.inf)
    with pytest.raises(ValueError, match="no rows"):
        picture.steps([])
    with pytest.raises(ValueError, match="row 0 of the data has 2"):
        picture.steps([[0, 1]])
