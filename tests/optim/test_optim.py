"""Optimisers over Vars: steps against an independent form, settings, states, clipping, L-BFGS."""

from __future__ import annotations

import copy
import itertools
import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import optimisers
from vargrad import NN, Var, optim, reference
from vargrad._core import parameters as _parameters

SHORT: list[tuple[Any, dict[str, Any]]] = [
    (optim.SGD, {}),
    (optim.SGD, {"momentum": 0.9, "nesterov": True}),
    (optim.Adam, {"amsgrad": True}),
    (optim.AdamW, {}),
    (optim.RMSprop, {"momentum": 0.5, "centered": True}),
]


def leaves(*values: float, kind: type[Var] = Var) -> list[Var]:
    return [kind(x, requires_grad=True) for x in values]


def values(parameters: list[Var]) -> list[float]:
    return [p.value for p in parameters]


def steps(optimizer: Any, parameters: list[Var], gradients: Any) -> list[float]:
    for g in gradients:
        for p, x in zip(parameters, g.tolist(), strict=True):
            p.grad = x
        optimizer.step()
    return values(parameters)


@pytest.mark.parametrize("kind", [Var, reference.Var], ids=["active", "reference"])
@pytest.mark.parametrize(("name", "settings"), optimisers.CASES)
def test_two_hundred_steps_on_vars(name: str, settings: dict[str, Any], kind: type[Var]) -> None:
    random = np.random.default_rng(3)
    start, gradients = random.normal(size=5), random.normal(size=(200, 5))
    parameters = leaves(*start.tolist(), kind=kind)
    found = steps(optimisers.CLASSES[name](parameters, lr=0.01, **settings), parameters, gradients)
    wanted = getattr(optimisers, name)(start, gradients, 0.01, **settings)
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


def test_the_articles_loop_is_sgd() -> None:
    a, b = leaves(0.3, -1.2), leaves(0.3, -1.2)
    optimizer = optim.SGD(a, lr=0.1)
    for _ in range(10):
        for x, y in (a, b):
            ((x * y - 1) ** 2 + x**2).backward()
        optimizer.step()
        optimizer.zero_grad()
        for p in b:
            p.value -= 0.1 * p.grad
            p.grad = 0
        assert values(a) == values(b)
        assert [p.grad for p in a] == [0.0, 0.0]


def test_one_var_is_a_list_of_one() -> None:
    x = Var(1.0, requires_grad=True)
    x.grad = 2.0
    optim.SGD(x, lr=0.25).step()
    assert x.value == 0.5


def test_lr_may_change_at_every_step() -> None:
    parameters = leaves(1.0, -2.0)
    optimizer = optim.SGD(parameters, lr=1.0, momentum=0.5)
    gradients = np.random.default_rng(0).normal(size=(20, 2))
    p, velocity = np.array([1.0, -2.0]), np.zeros(2)
    for i, g in enumerate(gradients):
        optimizer.lr = 1 / (i + 1)
        steps(optimizer, parameters, [g])
        velocity = 0.5 * velocity + g
        p = p - velocity / (i + 1)
    np.testing.assert_allclose(values(parameters), p, rtol=1e-13)


def test_another_setting_in_the_middle_keeps_what_is_remembered() -> None:
    """Weight decay from the tenth step on; amsgrad then starts from zero, as a new state."""
    parameters = leaves(1.0, -2.0)
    optimizer = optim.Adam(parameters, lr=0.1)
    gradients = np.random.default_rng(1).normal(size=(20, 2))
    steps(optimizer, parameters, gradients[:10])
    before = optimizer.state_dict()
    optimizer.weight_decay = 0.5
    optimizer.amsgrad = True
    steps(optimizer, parameters, gradients[10:])
    after = optimizer.state_dict()
    assert list(after["state"]) == ["exp_avg", "exp_avg_sq", "max_exp_avg_sq"]
    assert after["step"] == 20
    assert (after["state"]["exp_avg_sq"] > 0.9 * before["state"]["exp_avg_sq"]).all()
    assert repr(optimizer) == (
        "Adam(lr=0.1, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.5, amsgrad=True, maximize=False)"
    )


@pytest.mark.parametrize(("kind", "settings"), SHORT)
def test_a_state_dict_goes_on_where_it_was_taken(kind: Any, settings: dict[str, Any]) -> None:
    gradients = np.random.default_rng(1).normal(size=(30, 3))
    one = leaves(1.0, -2.0, 0.5)
    first = kind(one, lr=0.01, **settings)
    steps(first, one, gradients[:10])
    two = leaves(*values(one))
    second = kind(two)
    second.load_state_dict(pickle.loads(pickle.dumps(first.state_dict())))
    assert repr(second) == repr(first)
    assert steps(first, one, gradients[10:]) == steps(second, two, gradients[10:])


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
def test_copies_go_their_own_way(copied: Callable[[Any], Any]) -> None:
    parameters = leaves(1.0, -2.0)
    optimizer = optim.Adam(parameters, lr=0.1)
    gradients = np.random.default_rng(2).normal(size=(6, 2))
    steps(optimizer, parameters, gradients[:3])
    before = values(parameters)
    theirs, other = copied((parameters, optimizer))
    steps(other, theirs, gradients[3:])
    assert values(parameters) == before
    assert steps(optimizer, parameters, gradients[3:]) == values(theirs)


def test_a_step_that_fails_changes_nothing() -> None:
    parameters = leaves(1.0, 2.0)
    optimizer = optim.Adam(parameters, lr=0.1)
    for p in parameters:
        p.grad = 1.0
    optimizer.step()
    before = values(parameters)
    sgd = optim.SGD(parameters, lr=0.1, momentum=0.9, nesterov=True)
    sgd.momentum = 0
    with pytest.raises(ValueError, match="nesterov"):
        sgd.step()
    assert values(parameters) == before


def test_ctrl_c_undoes_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    parameters = leaves(1.0, 2.0, 3.0)
    for p in parameters:
        p.grad = 1.0
    optimizer = optim.Adam(parameters, lr=0.1)
    parameters[2].requires_grad = False  # so that the step goes by arrays: that in one call cannot be interrupted
    optimizer.step()
    before, state = values(parameters), optimizer.state_dict()
    original = _parameters.set_values
    calls = 0

    def late(*arguments: Any) -> None:
        nonlocal calls
        original(*arguments)
        calls += 1
        if calls == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(_parameters, "set_values", late)
    with pytest.raises(KeyboardInterrupt):
        optimizer.step()
    assert values(parameters) == before
    assert repr(optimizer.state_dict()) == repr(state)


@pytest.mark.parametrize("name", ["value", "grad"])
def test_scattering_is_all_or_nothing(name: str) -> None:
    parameters = leaves(1.0, 2.0, 3.0)
    slots = _parameters.Leaves(parameters, "it")
    for numbers in ([4.0, 5.0], [4.0, 5.0, "six"]):
        before = [getattr(p, name) for p in parameters]
        with pytest.raises((TypeError, ValueError)):
            slots._scatter(name, slots.leaves, numbers)  # type: ignore[arg-type]
        assert [getattr(p, name) for p in parameters] == before


def test_numbers_that_are_not_finite_go_where_torch_sends_them() -> None:
    parameters = leaves(1.0, 1.0, 1.0)
    for p, g in zip(parameters, (math.nan, math.inf, 1.0), strict=True):
        p.grad = g
    optim.SGD(parameters, lr=0.5).step()
    assert values(parameters)[1:] == [-math.inf, 0.5]
    assert math.isnan(parameters[0].value)


ANY: Any = optim
X = Var(1.0, requires_grad=True)


@pytest.mark.parametrize(
    ("build", "kind", "words"),
    [
        (lambda: ANY.SGD([]), ValueError, ["SGD", "empty"]),
        (lambda: ANY.SGD(3), TypeError, ["SGD", "list of Vars", "int"]),
        (lambda: ANY.SGD("abc"), TypeError, ["list of Vars", "str"]),
        (lambda: ANY.SGD([X, 2.0]), TypeError, ["parameters[1]", "float"]),
        (lambda: ANY.SGD([X * 2]), ValueError, ["parameters[0]", "computed", "'mul'"]),
        (lambda: ANY.SGD([Var(1.0)]), ValueError, ["parameters[0]", "requires_grad=True"]),
        (lambda: ANY.SGD([X, X]), ValueError, ["parameters[0]", "twice"]),
        (lambda: ANY.SGD([X], lr=-1), ValueError, ["SGD: lr", "at least 0", "-1"]),
        (lambda: ANY.SGD([X], lr=math.nan), ValueError, ["SGD: lr", "finite", "nan"]),
        (lambda: ANY.SGD([X], lr="fast"), TypeError, ["SGD: lr", "str"]),
        (lambda: ANY.SGD([X], nesterov=True), ValueError, ["nesterov needs momentum above 0"]),
        (lambda: ANY.SGD([X], momentum=0.9, dampening=0.1, nesterov=True), ValueError, ["dampening 0", "0.1"]),
        (lambda: ANY.SGD([X], maximize=1), TypeError, ["maximize", "True or False", "1"]),
        (lambda: ANY.Adam([X], betas=(0.9, 1.0)), ValueError, ["Adam: betas[1]", "below 1", "1.0"]),
        (lambda: ANY.Adam([X], betas=0.9), TypeError, ["Adam: betas", "pair", "0.9"]),
        (lambda: ANY.AdamW([X], eps=-1e-8), ValueError, ["AdamW: eps"]),
        (lambda: ANY.RMSprop([X], alpha=2), ValueError, ["RMSprop: alpha", "at most 1"]),
        (lambda: ANY.Optimizer([X]), TypeError, ["SGD, Adam"]),
        (lambda: ANY.LBFGS([X], max_iter=0), ValueError, ["LBFGS: max_iter", "at least 1"]),
        (lambda: ANY.LBFGS([X], max_iter=0.5), TypeError, ["LBFGS: max_iter", "int"]),
    ],
)
def test_wrong_optimiser(build: Callable[[], Any], kind: type[Exception], words: list[str]) -> None:
    with pytest.raises(kind) as caught:
        build()
    assert [word for word in words if word not in str(caught.value)] == []


def test_a_wrong_setting_leaves_the_old_one() -> None:
    optimizer = ANY.Adam([X])
    with pytest.raises(ValueError, match="betas"):
        optimizer.betas = (0.5, 2)
    with pytest.raises(TypeError, match="lr must be a plain number, not a Var"):
        optimizer.lr = Var(1.0)
    assert (optimizer.lr, optimizer.betas) == (1e-3, (0.9, 0.999))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.pop("state"), ["state missing"]),
        (lambda d: d.update(name="SGD"), ["state_dict of SGD"]),
        (lambda d: d["settings"].pop("eps"), ["settings", "expected lr, betas, eps"]),
        (lambda d: d["settings"].update(lr=-1), ["lr", "-1"]),
        (lambda d: d["state"].pop("exp_avg"), ["states exp_avg_sq do not belong"]),
        (lambda d: d["state"].update(exp_avg=[1.0, 2.0, 3.0]), ["'exp_avg'", "(3,)", "(2,)"]),
        (lambda d: d.update(step=-1), ["step", "-1"]),
    ],
)
def test_wrong_state_dict(change: Callable[[dict[str, Any]], Any], words: list[str]) -> None:
    parameters = leaves(1.0, 2.0)
    optimizer = optim.Adam(parameters, lr=0.1)
    optimizer.step()
    broken = copy.deepcopy(optimizer.state_dict())
    change(broken)
    before = pickle.dumps(optimizer)
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        optimizer.load_state_dict(broken)
    assert [word for word in words if word not in str(caught.value)] == []
    assert pickle.dumps(optimizer) == before


@pytest.mark.parametrize("norm_type", [1, 2.0, 3, math.inf])
@pytest.mark.parametrize("max_norm", [0.0, 0.7, 100.0])
def test_clip_grad_norm(norm_type: float, max_norm: float) -> None:
    parameters = leaves(0.0, 0.0, 0.0)
    g = [0.5, -2.0, 1.5]
    for p, x in zip(parameters, g, strict=True):
        p.grad = x
    largest = norm_type == math.inf
    norm = max(map(abs, g)) if largest else math.fsum(abs(x) ** norm_type for x in g) ** (1 / norm_type)
    assert optim.clip_grad_norm_(parameters, max_norm, norm_type) == pytest.approx(norm, rel=1e-15)
    scale = min(1.0, max_norm / (norm + 1e-6))
    assert [p.grad for p in parameters] == pytest.approx([x * scale for x in g], rel=1e-14)


def test_fit_clips_as_clip_grad_norm() -> None:
    X, y = np.arange(12.0).reshape(6, 2), np.arange(6.0)
    one, other = (NN([2, 3, 1], "tanh", "identity", seed=1) for _ in range(2))
    one.fit(X, y, lr=0.5, epochs=1, batch_size=None, clip=0.1, progress=False)
    other.backward(X, y)
    assert optim.clip_grad_norm_(other.parameters, 0.1) > 0.1
    optim.SGD(other.parameters, lr=0.5).step()
    np.testing.assert_allclose(one.parameters.values, other.parameters.values, rtol=1e-15)


def test_clipping_what_is_not_finite() -> None:
    parameters = leaves(0.0, 0.0)
    parameters[0].grad = math.inf
    parameters[1].grad = 2.0
    with pytest.raises(RuntimeError, match="norm is inf"):
        optim.clip_grad_norm_(parameters, 1.0, error_if_nonfinite=True)
    assert [p.grad for p in parameters] == [math.inf, 2.0]
    optim.clip_grad_value_(parameters, 1.5)
    assert [p.grad for p in parameters] == [1.5, 1.5]
    parameters[0].grad = math.nan
    optim.clip_grad_value_(parameters, 1.0)
    assert math.isnan(parameters[0].grad)
    assert parameters[1].grad == 1.0
    assert math.isnan(optim.clip_grad_norm_(parameters, 1.0))
    assert math.isnan(parameters[1].grad)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ANY.clip_grad_norm_([X], -1), ["clip_grad_norm_: max_norm", "-1"]),
        (lambda: ANY.clip_grad_norm_([X], 1, 0), ["norm_type", "above 0"]),
        (lambda: ANY.clip_grad_norm_([], 1), ["clip_grad_norm_", "empty"]),
        (lambda: ANY.clip_grad_value_([X], math.nan), ["clip_value", "nan"]),
    ],
)
def test_wrong_clipping(call: Callable[[], Any], words: list[str]) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        call()
    assert [word for word in words if word not in str(caught.value)] == []


def rosenbrock(xs: list[Var]) -> Any:
    return sum(100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(xs))


def test_lbfgs_finds_the_valley() -> None:
    xs = leaves(*([-1.2, 1.0] * 4))
    optimizer = optim.LBFGS(xs, max_iter=200, tolerance_change=1e-15)

    def closure() -> Any:
        loss = rosenbrock(xs)
        loss.backward()
        return loss

    loss = optimizer.step(closure)
    assert loss == rosenbrock(xs).value < 1e-9
    assert values(xs) == pytest.approx([1.0] * 8, abs=1e-4)
    xs[0].value = 0.5
    assert optim.LBFGS(xs, max_iter=1).step(closure) < rosenbrock(leaves(0.5, *values(xs)[1:])).value


@pytest.mark.parametrize("error", [ZeroDivisionError("mine"), KeyboardInterrupt()])
def test_lbfgs_restores_when_the_closure_raises(error: BaseException) -> None:
    xs = leaves(-1.2, 1.0)
    calls = 0

    def closure() -> Any:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise error
        loss = rosenbrock(xs)
        loss.backward()
        return loss

    with pytest.raises(type(error)):
        optim.LBFGS(xs).step(closure)
    assert calls == 4
    assert values(xs) == [-1.2, 1.0]


def test_lbfgs_wants_a_finite_start() -> None:
    xs = leaves(1.0)
    with pytest.raises(ValueError, match="LBFGS: the loss at the start is nan"):
        optim.LBFGS(xs).step(lambda: math.nan)
    assert values(xs) == [1.0]


@pytest.mark.parametrize("again", [lambda o: pickle.loads(pickle.dumps(o)), copy.deepcopy])
@pytest.mark.parametrize("make", [optim.SGD, optim.Adam])
def test_a_pickle_after_a_step_goes_on_as_the_original_does(make: Any, again: Any) -> None:
    leaves = [Var(x, requires_grad=True) for x in (1.0, -2.0, 0.5)]
    optimizer = make(leaves, lr=0.25, weight_decay=0.125)
    for v in leaves:
        v.grad = 3.0 * v.value
    optimizer.step()
    twin = again(optimizer)
    for one in (optimizer, twin):
        one.lr, one.weight_decay = 0.5, 0.0  # counts from the next step on
        one.step()
        one.variables[1].requires_grad = False
        one.step()
    assert [v.value for v in twin.variables] == [v.value for v in leaves]
    expected = make([Var(0.0, requires_grad=True)], lr=0.5, weight_decay=0.0)
    assert twin.rule == optimizer.rule == expected.rule
    assert twin.rule.machine is optimizer.rule.machine
