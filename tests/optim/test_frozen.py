"""Parameters with requires_grad=False in optimisers, clipping, L-BFGS and NN.backward: they stay, as in torch."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import optimisers
from vargrad import NN, Var, losses, optim, reference


def values(parameters: list[Var]) -> list[float]:
    return [p.value for p in parameters]


@pytest.mark.parametrize("kind", [Var, reference.Var], ids=["active", "reference"])
@pytest.mark.parametrize(("name", "settings"), optimisers.CASES)
def test_frozen_and_thawed(name: str, settings: dict[str, Any], kind: type[Var]) -> None:
    """Each parameter goes as it would alone, over the steps in which it is not frozen."""
    random = np.random.default_rng(8)
    start, gradients = random.normal(size=4), random.normal(size=(60, 4))
    moving = np.ones((60, 4), bool)
    moving[10:25, 0] = moving[:20, 1] = moving[30:, 2] = False  # in the middle, at first, at last
    parameters = [kind(x, requires_grad=True) for x in start.tolist()]
    optimizer = optimisers.CLASSES[name](parameters, lr=0.01, **settings)
    for g, free in zip(gradients, moving, strict=True):
        before = values(parameters)
        for p, x, wanted in zip(parameters, g.tolist(), free.tolist(), strict=True):
            p.requires_grad = wanted
            if wanted:
                p.grad = x
        optimizer.step()
        for old, p, wanted in zip(before, parameters, free.tolist(), strict=True):
            assert wanted or p.value == old
    for i in range(4):
        alone = getattr(optimisers, name)(start[i : i + 1], gradients[moving[:, i], i : i + 1], 0.01, **settings)
        assert parameters[i].value == pytest.approx(alone[0], rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair)), None])
def test_the_steps_that_were_missed_are_remembered(copied: Callable[[Any], Any] | None) -> None:
    """By copies, pickles and state_dict."""
    gradients = np.random.default_rng(2).normal(size=(12, 3)).tolist()

    def run(parameters: list[Var], optimizer: Any, some: list[list[float]]) -> list[float]:
        for g in some:
            for p, x in zip(parameters, g, strict=True):
                if p.requires_grad:
                    p.grad = x
            optimizer.step()
        return values(parameters)

    one = [Var(x, requires_grad=True) for x in (1.0, -2.0, 0.5)]
    first = optim.Adam(one, lr=0.1)
    one[1].requires_grad = False
    run(one, first, gradients[:6])
    one[1].requires_grad = True
    if copied is None:
        two = [Var(x, requires_grad=True) for x in values(one)]
        second = optim.Adam(two)
        state = first.state_dict()
        assert state["missed"].tolist() == [0, 6, 0]
        second.load_state_dict(state)
        for missed in ([0, 7, 0], [0, -1, 0], [0, 1], [0.5, 0.5, 0.5]):
            with pytest.raises(ValueError, match="missed must be"):
                second.load_state_dict({**state, "missed": missed})
    else:
        two, second = copied((one, first))
    assert run(one, first, gradients[6:]) == run(two, second, gradients[6:])
    assert "missed" not in optim.Adam(one).state_dict()


def test_what_took_no_part_moves_by_momentum_and_decay_unless_it_is_frozen() -> None:
    """A grad of 0 is a gradient, as after torch's zero_grad(set_to_none=False)."""
    for make in (lambda p: optim.AdamW(p, lr=0.1, weight_decay=0.5), lambda p: optim.SGD(p, lr=0.1, momentum=0.9)):
        x, y = Var(1.0, requires_grad=True), Var(2.0, requires_grad=True)
        optimizer = make([x, y])
        (x * y).backward()
        optimizer.step()
        optimizer.zero_grad()
        (x * 2.0).backward()
        before = y.value
        optimizer.step()
        assert y.value != before
        before, y.requires_grad = y.value, False
        optimizer.step()
        assert y.value == before


def half_frozen(edited: bool = False) -> NN:
    model = NN([2, 3, 1], "tanh", "identity", init="torch", seed=0)
    if edited:
        model.parameters[12] = copy.copy(model.parameters[12])
    for p in model.parameters[:9]:
        p.requires_grad = False
    return model


X, Y = np.random.default_rng(0).normal(size=(20, 2)), np.random.default_rng(1).normal(size=20)


@pytest.mark.parametrize("edited", [False, True], ids=["views", "a list of other Vars"])
def test_backward_of_a_half_frozen_network(edited: bool) -> None:
    """The same gradients as on Vars; training a last layer on arrays is training it on Vars."""
    model, other = half_frozen(edited), half_frozen(edited)
    one, two = (optim.Adam(m.parameters, lr=0.05) for m in (model, other))
    frozen = values(model.parameters[:9])
    for _ in range(20):
        one.zero_grad()
        two.zero_grad()
        found = model.backward(X, Y)
        loss: Any = losses.mse([other(row) for row in X.tolist()], Y.tolist())
        loss.backward()
        assert found == pytest.approx(loss.value, rel=1e-12)
        grads = [p.grad for p in other.parameters[9:]]
        np.testing.assert_allclose([p.grad for p in model.parameters[9:]], grads, rtol=1e-9, atol=1e-14)
        one.step()
        two.step()
    np.testing.assert_allclose(values(model.parameters), values(other.parameters), rtol=1e-9)
    assert values(model.parameters[:9]) == frozen
    assert not any(p.requires_grad for p in model.parameters[:9])
    assert model.predict(X).shape == (20,)
    for p in model.parameters:
        p.requires_grad = False
    before = values(model.parameters)
    assert model.backward(X, Y) > 0.0
    one.step()
    assert values(model.parameters) == before


def test_clipping_leaves_frozen_ones_out() -> None:
    model = half_frozen()
    model.backward(X, Y)
    grads = [p.grad for p in model.parameters[9:]]
    assert optim.clip_grad_norm_(model.parameters, 0.01) == pytest.approx(math.hypot(*grads), rel=1e-14)
    assert math.hypot(*(p.grad for p in model.parameters[9:])) == pytest.approx(0.01, rel=1e-3)
    optim.clip_grad_value_(model.parameters, 0.001)
    assert max(abs(p.grad) for p in model.parameters[9:]) == 0.001


def test_lbfgs_searches_among_the_others() -> None:
    model = half_frozen()
    frozen = values(model.parameters[:9])
    optimizer = optim.LBFGS(model.parameters, max_iter=200, tolerance_change=1e-15)
    loss = optimizer.step(lambda: model.backward(X, Y))
    hidden = np.column_stack([X, np.ones(20)]) @ np.reshape(frozen, (3, 3)).T
    columns = np.column_stack([np.tanh(hidden), np.ones(20)])
    solution = np.linalg.lstsq(columns, Y, rcond=None)
    assert loss == pytest.approx(((columns @ solution[0] - Y) ** 2).mean(), rel=1e-6)
    assert values(model.parameters[:9]) == frozen
    for p in model.parameters:
        p.requires_grad = False
    assert optimizer.step(lambda: model.backward(X, Y)) == pytest.approx(loss, rel=1e-12)


@pytest.mark.parametrize("name", ["Adam", "NAdam", "RMSprop"])
def test_fit_goes_on_with_the_steps_of_each_parameter(name: str) -> None:
    """Thawed after a step, which counts for some: fit does what the loop does."""
    found = []
    for by_fit in (False, True):
        model = half_frozen()
        optimizer = getattr(optim, name)(model.parameters, lr=0.1)
        model.backward(X, Y)
        optimizer.step()
        for p in model.parameters:
            p.requires_grad = True
        if by_fit:
            model.fit(X, Y, "mse", optimizer, epochs=3, batch_size=None)
        else:
            for _ in range(3):
                optimizer.zero_grad()
                model.backward(X, Y)
                optimizer.step()
        found.append((values(model.parameters), optimizer.state_dict()))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-10)
    assert found[0][1]["step"] == found[1][1]["step"] == 4
    assert (found[0][1]["missed"] == found[1][1]["missed"]).all()
