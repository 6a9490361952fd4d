"""A network's parameters: a list of Vars, and two arrays of the same numbers."""

from __future__ import annotations

import copy
import gc
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from vargrad import NN, Var, optim, reference
from vargrad._core.parameters import Parameters

XOR = [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]


@pytest.fixture(params=[Var, reference.Var], ids=["active", "reference"])
def model(request: pytest.FixtureRequest) -> NN:
    return NN([2, 2, 1], seed=3, var=request.param)


def numbers(parameters: Any, name: str = "value") -> list[float]:
    return [getattr(p, name) for p in parameters]


def test_views_are_live_both_ways(model: NN) -> None:
    values, grads = model.parameters.values, model.parameters.grads
    assert values.tolist() == numbers(model.parameters)
    model.calculate_loss(XOR).backward()
    assert grads.tolist() == numbers(model.parameters, "grad")
    assert grads.any()
    values *= 2
    grads[:] = range(9)
    assert values.tolist() == numbers(model.parameters)
    assert grads.tolist() == numbers(model.parameters, "grad") == list(range(9))
    model.parameters[4].value = 7.5
    model.parameters[4].grad = -1.5
    assert (values[4], grads[4]) == (7.5, -1.5)
    for x in (values, grads):
        assert x.shape == (9,)
        assert x.dtype == np.float64
        assert x.flags.c_contiguous
        assert x.flags.writeable
    assert np.shares_memory(values, model.parameters.values)


def test_the_articles_loop_over_arrays_and_over_vars(model: NN) -> None:
    other = copy.deepcopy(model)
    for _ in range(20):
        model.calculate_loss(XOR).backward()
        for p in model.parameters:
            p.value -= 0.5 * p.grad
            p.grad = 0
        other.calculate_loss(XOR).backward()
        other.parameters.values[:] -= 0.5 * other.parameters.grads
        other.parameters.grads[:] = 0
        assert numbers(model.parameters) == numbers(other.parameters)


def test_the_network_computes_with_what_the_array_says(model: NN) -> None:
    assert model(0, 1).value != 0.5
    model.parameters.values[:] = 0
    assert model(0, 1).value == 0.5


def test_views_outlive_the_network() -> None:
    model = NN([2, 2, 1], seed=3)
    wanted, values = numbers(model.parameters), model.parameters.values
    p = model.parameters[2]
    del model
    gc.collect()
    assert values.tolist() == wanted
    values[2] = 5.0
    assert p.value == 5.0


def test_reading_is_a_lists(model: NN) -> None:
    parameters = model.parameters
    assert isinstance(parameters, list)
    assert type(parameters[1:3]) is list
    assert [id(p) for p in parameters[1:3]] == [id(parameters[1]), id(parameters[2])]
    assert len(parameters) == 9
    assert parameters.index(parameters[3]) <= 3
    assert type(parameters + [1]) is list  # noqa: RUF005
    for name in ("__getitem__", "__iter__", "__len__", "__contains__"):
        assert getattr(Parameters, name) is getattr(list, name)


EDITS: list[tuple[str, Callable[[Any], Any]]] = [
    ("is none", lambda ps: ps.__setitem__(0, Var(1.0, requires_grad=True))),
    ("is none", lambda ps: ps.__setitem__(0, ps[0] + 1)),
    ("is none", lambda ps: ps.__setitem__(slice(0, 2), [ps[1], ps[0]])),
    ("8 of the network's 9", lambda ps: ps.__delitem__(8)),
    ("is none", lambda ps: ps.append(Var(1.0))),
    ("is none", lambda ps: ps.extend([Var(1.0)])),
    ("is none", lambda ps: ps.insert(3, Var(1.0))),
    ("is none", lambda ps: ps.__iadd__([Var(1.0)])),
    ("is none", lambda ps: ps.__imul__(2)),
    ("8 of the network's 9", lambda ps: ps.pop()),
    ("is none", lambda ps: ps.remove(ps[0])),
    ("0 of the network's 9", lambda ps: ps.clear()),
    ("is none", lambda ps: ps.sort()),
    ("is none", lambda ps: ps.reverse()),
]


@pytest.mark.parametrize(("says", "edit"), EDITS)
def test_an_edited_list_has_no_arrays(says: str, edit: Callable[[Any], Any]) -> None:
    model = NN([2, 2, 1], seed=1)
    saved = list(model.parameters)
    model.parameters.values[:] = model.parameters.values[::-1].copy()  # not sorted yet
    edit(model.parameters)
    assert not model.parameters.own
    for name in ("values", "grads"):
        with pytest.raises(ValueError, match=says):
            getattr(model.parameters, name)
    model.parameters[:] = saved
    assert model.parameters.own
    assert model.parameters.values.tolist() == numbers(saved)


def test_every_way_to_edit_a_list_is_seen() -> None:
    readers = {"__add__", "__class_getitem__", "__mul__", "__rmul__", "__reversed__", "copy", "count", "index"}
    inherited = {name for name in dir(list) if getattr(Parameters, name) is getattr(list, name)}
    changing = {name for name in dir(list) if name not in dir(tuple)} - readers
    assert not inherited & changing - {"__init__"}


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies(copied: Callable[[Any], Any]) -> None:
    model = NN([2, 2, 1], "tanh", seed=1)
    model.calculate_loss(XOR).backward()
    model.parameters[3].requires_grad = False
    twin = copied(model)
    assert type(twin.parameters) is Parameters
    assert numbers(twin.parameters) == numbers(model.parameters) == twin.parameters.values.tolist()
    wanted = [p.requires_grad for p in model.parameters]
    assert [p.requires_grad for p in twin.parameters] == wanted
    assert [p.grad for p in twin.parameters if p.requires_grad] == [p.grad for p in model.parameters if p.requires_grad]
    twin.parameters.values[:] = 0
    assert twin(0, 1).value == 0
    assert model(0, 1).value != 0


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_of_an_edited_list(copied: Callable[[Any], Any]) -> None:
    model = NN([2, 2, 1], seed=1)
    model.parameters[0] = Var(0.25, requires_grad=True)
    twin = copied(model)
    assert numbers(twin.parameters) == numbers(model.parameters)
    assert twin(1, 0).value == model(1, 0).value
    assert not twin.parameters.own


def test_an_optimiser_is_copied_with_its_network() -> None:
    model = NN([2, 2, 1], seed=1)
    pairs = [
        copy.deepcopy((model, optim.Adam(parameters))) for parameters in (model.parameters, list(model.parameters))
    ]
    pairs.append(pickle.loads(pickle.dumps((model, optim.Adam(model.parameters)))))
    for twin, optimizer in pairs:
        before = numbers(twin.parameters)
        twin.calculate_loss(XOR).backward()
        optimizer.step()
        assert numbers(twin.parameters) != before == numbers(model.parameters)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop"])
def test_optimisers_take_the_arrays_as_they_take_vars(name: str) -> None:
    """To the bit, with clipping."""
    one, two = NN([2, 2, 1], seed=1), NN([2, 2, 1], seed=1)
    arrays, single = getattr(optim, name)(one.parameters), getattr(optim, name)(list(two.parameters))
    for _ in range(20):
        for model, optimizer in ((one, arrays), (two, single)):
            optimizer.zero_grad()
            model.calculate_loss(XOR).backward()
            parameters: Any = model.parameters if model is one else list(model.parameters)
            optim.clip_grad_norm_(parameters, 0.1)
            optim.clip_grad_value_(parameters, 0.05)
            optimizer.step()
        assert numbers(one.parameters) == numbers(two.parameters)
        assert numbers(one.parameters, "grad") == numbers(two.parameters, "grad")


def test_a_frozen_parameter_is_named() -> None:
    model = NN([2, 2, 1], seed=1)
    model.parameters[2].requires_grad = False
    with pytest.raises(AttributeError, match=r"parameters\[2\] has no .grad"):
        _ = model.parameters.grads
    model.parameters[2].requires_grad = True
    assert model.parameters.grads.tolist() == [0.0] * 9


def test_lbfgs_over_the_arrays() -> None:
    model = NN([2, 2, 1], "tanh", init="normal", seed=2)

    def closure() -> Any:
        loss = model.calculate_loss(XOR)
        loss.backward()
        return loss

    before = model.calculate_loss(XOR).value
    after = optim.LBFGS(model.parameters, max_iter=50).step(closure)
    assert after == model.calculate_loss(XOR).value < before / 10


@pytest.mark.parametrize("missing", ["_values", "_grads"])
def test_views_are_made_again_after_an_interrupt_between_them(missing: str) -> None:
    parameters = NN([2, 1], seed=0).parameters
    assert parameters.values.shape == parameters.grads.shape == (3,)
    setattr(parameters, missing, None)
    parameters.values[:] = [1.0, 2.0, 3.0]
    parameters.grads[:] = [4.0, 5.0, 6.0]
    assert [v.value for v in parameters] == [1.0, 2.0, 3.0]
    assert [v.grad for v in parameters] == [4.0, 5.0, 6.0]


@pytest.mark.parametrize("refused", ["values", "grads"])
def test_views_are_views_or_an_error(refused: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """asarray falls back to a copy where memory for a view is refused; what is written there is lost."""
    parameters = NN([2, 1], seed=0).parameters
    monkeypatch.setattr(np, "asarray", lambda *given, **named: np.array(*given, **named))
    getattr(parameters, refused)[:] = 7.0
    assert [getattr(v, refused.removesuffix("s")) for v in parameters] == [7.0] * 3


def test_the_text_of_many_stays_short() -> None:
    parameters = NN([30, 100, 10], init="normal", seed=0).parameters
    shown = [f"{v.value:.4g}" for v in (*parameters[:3], parameters[-1])]
    assert repr(parameters) == str(parameters) == f"<Parameters, 4110 Vars: {', '.join(shown[:3])}, ..., {shown[3]}>"
    for n in range(2, 7):
        few = NN([n - 1, 1], init="zeros").parameters
        assert (
            repr(few) == f"<Parameters, {n} Vars: {', '.join(['0'] * min(n, 3) + ['...'] * (n > 4) + ['0'] * (n > 3))}>"
        )
