"""The engines under NN.fit: against each other, and against the article's own loop on Vars."""

from __future__ import annotations

import dataclasses
import importlib
import random
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from engines import Run, network, same, some, updates_of
from refusals import with_each_refused
from twins import PURE
from vargrad import NN, Var, losses
from vargrad._train import engine_py, programs
from vargrad._train.programs import NetworkPrograms
from vargrad.nn import ACTIVATIONS
from vargrad.optim import rules

Array = npt.NDArray[np.float64]
Make = Callable[[NetworkPrograms], Any]
SETS = [] if PURE else importlib.import_module("vargrad._vm.machine_c").instruction_sets()


@pytest.fixture(params=["python", *SETS])
def engine(request: pytest.FixtureRequest) -> Make:
    """The NumPy engine, and the compiled one on each instruction set."""
    if request.param == "python":
        return engine_py.Engine
    module = importlib.import_module("vargrad._train.engine_c")
    return lambda network: module.Engine(network, request.param)


def article(model: NN, values: Array, x: Array, y: Array, loss: str) -> tuple[float, Array]:
    """The loss and the gradient as the article finds them: every number a Var."""
    for p, value in zip(model.parameters, values.tolist(), strict=True):
        p.value, p.grad = value, 0.0
    outputs = [model(row) for row in x.tolist()]
    total: Any = getattr(losses, loss)(outputs, y.tolist() if y.shape[1] > 1 else y[:, 0].tolist())
    total.backward()
    return total.value, np.array([p.grad for p in model.parameters])


def check_gradient(
    make: Make, sizes: list[int], activations: list[str], rows: int, loss: str = "mse", bias: bool = True
) -> None:
    net = network(sizes, activations, loss, bias)
    values, x = some(1, net.parameters), some(2, rows, sizes[0])
    y = some(3, rows, sizes[-1], low=0.0)
    if loss == "hinge":
        y = np.sign(y - 0.5)
    grads = np.full(net.parameters, np.nan)
    weight = 1.0 if loss == "sse" else 1.0 / rows
    total = make(net).value(values, x, y, weight, grads)
    wanted, slopes = article(NN(sizes, activations, bias=bias), values, x, y, loss)
    assert total == pytest.approx(wanted, rel=1e-12, abs=1e-13)
    np.testing.assert_allclose(grads, slopes, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("loss", ["sse", "mse", "mae", "huber", "hinge", "bce", "cross_entropy"])
def test_gradient_of_every_loss(engine: Make, loss: str) -> None:
    check_gradient(engine, [3, 5, 4], ["tanh", "identity"], 9, loss)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_of_every_activation(engine: Make, activation: str, bias: bool) -> None:
    check_gradient(engine, [2, 4, 3, 1], [activation, activation, "sigmoid"], 7, bias=bias)


@pytest.mark.parametrize("rows", [*range(1, 34), 63, 64, 65, 130])
def test_gradient_of_any_number_of_rows(engine: Make, rows: int) -> None:
    check_gradient(engine, [2, 3, 2], ["tanh", "sigmoid"], rows)


@pytest.mark.parametrize(
    "sizes", [[1, 1], [1, 9, 1], [7, 1, 7], [8, 8, 8], [9, 2, 17, 3], [33, 5, 2], [31, 6], [3, 70, 4]]
)
def test_gradient_of_any_sizes(engine: Make, sizes: list[int]) -> None:
    check_gradient(engine, sizes, ["tanh"] * (len(sizes) - 1), 5)


@pytest.mark.parametrize("rows", [1, 8, 100])
def test_outputs_are_the_models(engine: Make, rows: int) -> None:
    net = network([3, 6, 2], ["relu", "tanh"])
    model = NN([3, 6, 2], ["relu", "tanh"], seed=4)
    values, x = np.array([p.value for p in model.parameters]), some(5, rows, 3)
    out = np.empty((rows, 2))
    engine(net).outputs(values, x, out)
    np.testing.assert_allclose(out, [[v.value for v in model(row)] for row in x.tolist()], rtol=1e-13)


OPTIONS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "sum": {"mean": False},
    "one batch": {"batch": 23},
    "batch of more rows than there are": {"batch": 100},
    "more than a chunk": {"rows": 150, "batch": 70},
    "shuffled": {"order": np.array([np.random.default_rng(i).permutation(23) for i in range(6)])},
    "rates": {"rates": np.linspace(0.3, 0.01, 6)[:, None]},
    "clipped": {"clip": 0.05},
    "differences": {"difference": 1e-3},
    "steps counted on": {"step": 7},
    "steps missed": {"step": 7, "missed": np.array([3.0])},
}
RULES = ["sgd", "momentum", "adam"]


@pytest.mark.parametrize("rule", [rules.sgd(), rules.sgd(momentum=0.9, nesterov=True), rules.adam()], ids=RULES)
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_engines_train_alike(engine: Make, options: dict[str, Any], rule: Any) -> None:
    net = network([3, 5, 2], ["tanh", "identity"], "cross_entropy", rule=rule, l1=0.001, l2=0.01)
    same(Run(net, **options).by(engine(net)), Run(net, **options).by(engine_py.Engine(net)))


def test_a_step_is_the_articles(engine: Make) -> None:
    """p.value -= lr * p.grad, for every parameter, once for each batch."""
    sizes, activations = [2, 4, 1], ["sigmoid", "sigmoid"]
    net, model = network(sizes, activations, "sse"), NN(sizes, activations)
    run = Run(net, rows=7, epochs=3, batch=3, mean=False).by(engine(net))
    values, seen = some(1, net.parameters), []
    for _ in range(3):
        total = 0.0
        for at in (0, 3, 6):
            loss, grads = article(model, values, run.x[at : at + 3], run.y[at : at + 3], "sse")
            values -= 0.1 * grads
            total += loss
        seen.append(total)
    np.testing.assert_allclose(run.values, values, rtol=1e-12)
    np.testing.assert_allclose(run.losses, seen, rtol=1e-12)


def test_penalties_are_of_weights_alone(engine: Make) -> None:
    net, plain = network([2, 3, 1], ["tanh", "tanh"], l1=0.3, l2=0.2), network([2, 3, 1], ["tanh", "tanh"])
    values, x, y = some(1, net.parameters), some(2, 4, 2), some(3, 4, 1)
    found = [np.empty(net.parameters) for _ in range(2)]
    totals = [engine(n).value(values, x, y, 0.25, g) for n, g in zip((net, plain), found, strict=True)]
    weights = [Var(v, requires_grad=True) for v in values.tolist()]
    kept = [w for i, w in enumerate(weights) if i not in (2, 5, 8, 12)]  # each neuron's last is its bias
    penalty = 0.3 * losses.l1(kept) + 0.2 * losses.l2(kept)
    assert isinstance(penalty, Var)
    penalty.backward()
    assert totals[0] - totals[1] == pytest.approx(penalty.value)
    np.testing.assert_allclose(found[0] - found[1], [w.grad for w in weights], atol=1e-14)


def test_a_loss_that_is_not_finite_updates_nothing(engine: Make) -> None:
    net = network([2, 3, 1], ["identity", "identity"])
    good, bad = Run(net, rows=9, epochs=1, batch=3), Run(net, rows=9, epochs=1, batch=3)
    bad.x[7, 1] = 1e300
    good.x, good.y, good.losses = good.x[:6], good.y[:6], np.empty(1)
    bad.by(engine(net)), good.by(engine(net))
    assert not bad.finite
    assert bad.far[:3] == (0, 6, 2)
    assert (bad.values == good.values).all()


def test_the_best_parameters_are_kept(engine: Make) -> None:
    """With steps that become far too long: the loss goes down, and then up."""
    net = network([2, 3, 1], ["tanh", "tanh"])
    run = Run(net, rows=8, epochs=30, batch=8, rates=np.repeat([[0.1], [9.0]], 15, axis=0))
    run.by(engine(net))
    assert 0 < run.losses.argmin() < 29
    assert run.far[3] == run.losses.min()
    assert engine(net).value(run.best, run.x, run.y, 1 / 8) == pytest.approx(run.losses.min(), rel=1e-12)


def test_a_loss_with_branches_goes_through_python(engine: Make) -> None:
    def row(p: Any, t: Any) -> Any:
        error = p[0] - t[0]
        return error * error if error > 0.0 else 3.0 * error * error

    assert programs.loss_program(row, [0.5], [0.25]) is None
    updates = updates_of(rules.sgd(), [2, 3, 1])
    net = programs.network([2, 3, 1], ["tanh", "tanh"], True, programs.loss_of_arrays(row), 1, updates)
    values, x, y = some(1, net.parameters), some(2, 70, 2), some(3, 70, 1)
    grads = np.empty(net.parameters)
    total = engine(net).value(values, x, y, 1.0, grads)
    model = NN([2, 3, 1], "tanh")
    for p, value in zip(model.parameters, values.tolist(), strict=True):
        p.value = value
    wanted = sum(row([model(a)], b) for a, b in zip(x.tolist(), y.tolist(), strict=True))
    wanted.backward()
    assert total == pytest.approx(wanted.value, rel=1e-12)
    np.testing.assert_allclose(grads, [p.grad for p in model.parameters], rtol=1e-11)
    same(Run(net).by(engine(net)), Run(net).by(engine_py.Engine(net)))


def test_a_loss_that_raises_stops_between_steps(engine: Make) -> None:
    calls = []

    def loss(outputs: Array, targets: Array, weight: float) -> tuple[Array, Array]:
        calls.append(1)
        if len(calls) == 3:
            raise LookupError("third")
        return ((outputs - targets) ** 2)[0], weight * 2.0 * (outputs - targets)

    net = programs.network([2, 1], ["tanh"], True, loss, 1, updates_of(rules.sgd(), [2, 1]))
    stopped, whole = Run(net, rows=9, batch=3), Run(network([2, 1], ["tanh"]), rows=9, batch=3, epochs=1)
    whole.x, whole.y = whole.x[:6], whole.y[:6]
    one = engine(net)
    with pytest.raises(LookupError, match="third"):
        stopped.by(one)
    assert one.step == 2
    whole.by(engine(network([2, 1], ["tanh"])))
    np.testing.assert_allclose(stopped.values, whole.values, rtol=1e-12)
    one.value(stopped.values, stopped.x, stopped.y, 1.0)  # and it works on


def test_ctrl_c_stops_a_training(engine: Make) -> None:
    import _thread

    net = network([20, 40, 1], ["tanh", "tanh"])
    run = Run(net, rows=640, epochs=10**6, batch=64)
    timer = threading.Timer(0.05, _thread.interrupt_main)
    timer.start()
    one = engine(net)
    with pytest.raises(KeyboardInterrupt):
        run.by(one)
    timer.join()
    assert one.step > 0
    assert np.isfinite(run.values).all()


def test_what_does_not_fit(engine: Make) -> None:
    net = network([2, 3, 1], ["tanh", "tanh"])
    wrong: dict[str, Any] = {
        "values": np.zeros(12),
        "grads": np.zeros(12),
        "state": np.zeros((1, 13)),
        "x": np.zeros((23, 3)),
        "y": np.zeros((22, 1)),
        "losses": np.zeros(0),
        "lrs": np.zeros(2),
        "batch": 0,
    }
    for name, value in wrong.items():
        run = Run(net)
        setattr(run, name, value)
        before = run.values.copy()
        with pytest.raises(ValueError, match=r"expected|batches"):
            run.by(engine(net))
        assert (run.values == before).all()
    for options in (
        {"order": np.full((6, 23), 23)},
        {"order": np.zeros((5, 23), int)},
        {"rates": np.zeros((5, 1))},
        {"missed": np.zeros(2)},
    ):
        with pytest.raises(ValueError, match="expected"):
            Run(net, **options).by(engine(net))
    for options in ({"order": np.full((6, 23), -1)}, {"best": np.zeros(3)}):
        with pytest.raises(ValueError, match="expected"):
            Run(net, **options).by(engine(net))
    with pytest.raises(ValueError, match="no rows"):
        engine(net).value(np.zeros(13), np.zeros((0, 2)), np.zeros((0, 1)), 1.0)
    with pytest.raises(ValueError, match="columns of out"):
        engine(net).outputs(np.zeros(13), np.zeros((4, 2)), np.zeros((4, 2)))
    engine(net).outputs(np.zeros(13), np.zeros((0, 2)), np.zeros((0, 1)))


def test_random_networks_agree(engine: Make) -> None:
    draw = random.Random(11)
    for _ in range(20):
        sizes = [draw.randint(1, 20) for _ in range(draw.randint(2, 4))]
        activations = [draw.choice(ACTIVATIONS) for _ in sizes[1:]]
        bias, loss = draw.random() < 0.5, draw.choice(["mse", "cross_entropy", "huber"])
        net = network(sizes, activations, loss, bias)
        rows, batch = draw.randint(1, 40), draw.randint(1, 40)
        made = [Run(net, rows=rows, epochs=2, batch=batch).by(m(net)) for m in (engine, engine_py.Engine)]
        same(*made)


# ---- what only the compiled engine can get wrong


def test_programs_that_do_not_fit(compiled: Any) -> None:
    module = importlib.import_module("vargrad._train.engine_c")
    good = network([2, 3, 2], ["tanh", "tanh"])
    two, (of_all,) = good.loss, good.updates
    update = of_all.program
    for change in (
        {"loss": update},
        {"updates": (dataclasses.replace(of_all, program=two),)},
        {"penalty": update},
        {"forward": (update, None)},
        {"backward": (None, update)},
        {"sizes": (2, 3, 1)},
        {"sizes": (2, 0, 2)},
        {"sizes": (2,)},
        {"targets": 3},
    ):
        with pytest.raises(ValueError, match="expected"):
            module.Engine(dataclasses.replace(good, **change))
    broken = dataclasses.replace(update, code=update.code + np.int32(99))
    with pytest.raises(ValueError, match="update: instruction 0"):
        module.Engine(dataclasses.replace(good, updates=(dataclasses.replace(of_all, program=broken),)))
    for ranges in ([[0, 18]], [[3, 2]], [[4, 6], [2, 3]], [[-1, 3]]):
        with pytest.raises(ValueError, match="no places in order"):
            module.Engine(dataclasses.replace(good, updates=(dataclasses.replace(of_all, ranges=np.array(ranges)),)))
    with pytest.raises(ValueError, match="instruction set 'avx9'"):
        module.Engine(good, "avx9")


@pytest.mark.parametrize("sizes", [(2, 2**40, 2), (2**40, 2**40), (2**62, 2**62, 2), (1, 2**61)])
def test_networks_that_are_too_large(compiled: Any, sizes: tuple[int, ...]) -> None:
    module = importlib.import_module("vargrad._train.engine_c")
    small = network([2, 2, 2][: len(sizes)], ["tanh"] * (len(sizes) - 1))
    with pytest.raises(MemoryError):
        module.Engine(dataclasses.replace(small, sizes=sizes))


def test_an_engine_does_one_thing_at_a_time(compiled: Any) -> None:
    module = importlib.import_module("vargrad._train.engine_c")

    def loss(outputs: Array, targets: Array, weight: float) -> tuple[Array, Array]:
        engine.value(np.zeros(3), np.zeros((1, 2)), np.zeros((1, 1)), 1.0)
        raise AssertionError

    engine = module.Engine(programs.network([2, 1], ["tanh"], True, loss, 1, updates_of(rules.sgd(), [2, 1])))
    with pytest.raises(RuntimeError, match="in use"):
        engine.value(np.zeros(3), np.zeros((1, 2)), np.zeros((1, 1)), 1.0)


def test_a_loss_of_other_shapes(compiled: Any) -> None:
    module = importlib.import_module("vargrad._train.engine_c")
    for shapes in ((4, (1, 3)), (3, (1, 4)), (3, (2, 3))):
        engine = module.Engine(
            programs.network(
                [2, 1],
                ["tanh"],
                True,
                lambda outputs, targets, weight, s=shapes: (np.zeros(s[0]), np.zeros(s[1])),  # type: ignore[misc]
                1,
            )
        )
        with pytest.raises(ValueError, match="of the loss"):
            engine.value(np.zeros(3), np.zeros((3, 2)), np.zeros((3, 1)), 1.0)


def test_an_engine_that_gets_no_memory(compiled: Any) -> None:
    """Every allocation of building one, refused in turn."""
    machine, module = (
        importlib.import_module("vargrad._vm.machine_c"),
        importlib.import_module("vargrad._train.engine_c"),
    )
    net = network([2, 3, 2], ["tanh", "tanh"], l2=0.1, rule=rules.adam())
    _, refused = with_each_refused(machine, lambda: module.Engine(net))
    assert refused > 20
