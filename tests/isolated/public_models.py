"""The public entries once more: networks and optimisers; and which public names have no entry. See public.py."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import public_arrays  # noqa: F401  they have entries too
import public_functions  # noqa: F401
from public import ENTRIES, FILES, MATH, entry, leaves, math, of, of_file, pickled, plain
from public_compiled import branching

import vargrad
from vargrad import NN, optim, plot

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([0.0, 1.0, 1.0, 0.0])


# ---- networks


def model() -> Any:
    return NN([2, 3, 1], "tanh", seed=1)


def of_model(net: Any) -> Callable[[], Any]:
    return lambda: plain([net.parameters.values, net.parameters.grads, net.task])


@entry("NN")
def _() -> Any:
    return lambda: plain(model().parameters.values)


def reading(act: Callable[[Any], Any]) -> Callable[[], Any]:
    def prepare() -> Any:
        net = model()
        return lambda: act(net), of_model(net)

    return prepare


def shapes(net: Any) -> Any:
    return [net.arch, net.activations, net.has_bias, net.overrides_forward, net.task, net.summary(), repr(net)]


for _name, _act in {
    "arch": shapes,
    "activations": shapes,
    "has_bias": shapes,
    "overrides_forward": shapes,
    "task": shapes,
    "dropout": lambda net: setattr(net, "dropout", 0.5) or random.seed(1) or net.partial_fit(X, Y),
    "draw": lambda net: net.draw(random.Random(1)),
    "summary": shapes,
    "weights": lambda net: plain(net.weights),
    "biases": lambda net: plain(net.biases),
    "forward": lambda net: [plain(net(0.5, 1.0)), plain(net(X)), plain(net([1, 0]))],
    "sigmoid": lambda net: net.sigmoid(0.5),
    "calculate_loss": lambda net: net.calculate_loss([[0, 1, 1], [1, 1, 0]]).backward(),
    "fit": lambda net: net.fit(X, Y, epochs=3, seed=1, batch_size=2, progress=False).losses,
    "fit validation, patience, restarts, callback": lambda net: (
        net.fit(
            X,
            Y,
            epochs=3,
            seed=1,
            optimizer="adam",
            validation_split=0.25,
            patience=2,
            restarts=2,
            callback=lambda history: False,
            progress=False,
        ).losses
    ),
    "fit by lbfgs": lambda net: net.fit(X, Y, epochs=2, optimizer="lbfgs", progress=False).losses,
    "fit by a loss of its own": lambda net: (
        net.fit(X, Y, lambda p, t: (p - t) ** 2, epochs=2, seed=1, progress=False).losses
    ),
    "partial_fit": lambda net: net.partial_fit(X, Y, optimizer="adam"),
    "backward": lambda net: net.backward(X, Y),
    "predict": lambda net: plain(net.predict(X)),
    "scalers": lambda net: net.scalers.update(X=vargrad.data.Scaler([1.0, 2.0], [3.0, 4.0])),
    "score": lambda net: net.score(X, Y),
    "zero_grad": lambda net: net.zero_grad(),
    "evaluate": lambda net: net.evaluate(X, Y, sample_weight=[1.0, 2.0, 0.0, 1.0][: len(X)]),
    "fit with weights": lambda net: net.fit(X, Y, epochs=2, seed=1, sample_weight=[1.0] * len(X), progress=False).lrs,
    "deepcopy, pickle": lambda net: [plain(copy.deepcopy(net).parameters), plain(pickled(net).parameters)],
}.items():
    entry(f"NN.{_name}")(reading(_act))


@entry("History")
def _() -> Any:
    net = model()
    history = net.fit(X, Y, epochs=2, seed=1, progress=False)
    return lambda: [history["loss"], history["lr"], "2 epochs" in str(history)], of_model(net)


@entry("NN.predict_proba")
def _() -> Any:
    net = NN([2, 3, 2], "tanh", output_activation="identity", seed=1)
    net.fit(X, Y.astype(int), loss="cross_entropy", epochs=1, seed=1, progress=False)
    return lambda: [plain(net.predict_proba(X)), plain(net.predict(X))], of_model(net)


@entry("NN.step")
def _() -> Any:
    net = model()
    net.backward(X, Y)
    return lambda: net.step(0.5), of_model(net)


@entry("NN.fit with an optimizer and a schedule")
def _() -> Any:
    net = model()
    optimizer = optim.Adam(net.parameters)
    schedule = optim.StepLR(optimizer, 1)

    def state() -> Any:
        return of_model(net)(), plain(optimizer.state_dict()), plain(schedule.state_dict())

    def call() -> Any:
        return net.fit(X, Y, epochs=3, seed=1, optimizer=optimizer, schedule=schedule, progress=False).losses

    return call, state


@entry("NN.save")
def _() -> Any:
    net, path = model(), next(FILES)
    return lambda: net.save(path), of_file(path, lambda path: NN.load(path).parameters)


@entry("NN.load")
def _() -> Any:
    net, path = model(), next(FILES)
    net.save(path)
    return lambda: plain(NN.load(path).parameters)


@entry("NN.load_parameters")
def _() -> Any:
    net, path = model(), next(FILES)
    net.save(path)
    net.parameters.values[:] = 0.0
    return lambda: net.load_parameters(path), of_model(net)


@entry("NN.parameters")
def _() -> Any:
    net = model()

    def call() -> Any:
        net.parameters.values[:] = 0.5
        net.parameters.grads[:] = 0.25
        return [net.parameters[0].value, net.parameters[-1].grad]

    return call  # two writes, each of which is whole


# ---- optimisers


def quadratic(variables: Any) -> Any:
    return math.dot(variables, variables) + variables[0]


def stepping(name: str, own: bool) -> Callable[[], Any]:
    """Two steps over a network's parameters, or over leaves that lie anywhere."""

    def prepare() -> Any:
        variables = leaves(0.5, -2.0, 3.0) if own else model().parameters
        quadratic(variables).backward()
        more = {"momentum": 0.5} if name == "SGD" else {}
        optimizer = getattr(optim, name)(variables, lr=0.1, **more)
        optimizer.step()
        return optimizer.step, lambda: [of(variables)(), plain(optimizer.state_dict())]

    return prepare


for _name in ("SGD", "Adam", "AdamW", "NAdam", "RMSprop"):
    entry(f"optim.{_name}")(stepping(_name, False))
    entry(f"optim.{_name} of leaves")(stepping(_name, True))


@entry("optim.Adam is built")
def _() -> Any:
    variables = leaves(0.5, -2.0)
    return lambda: repr(optim.Adam(variables, lr=0.5)), of(variables)


@entry("optim.Optimizer")
def _() -> Any:
    variables = leaves(0.5, -2.0, 3.0)
    quadratic(variables).backward()
    optimizer = optim.Adam(variables, lr=0.1)
    optimizer.step()
    kept = optimizer.state_dict()
    optimizer.step()

    return lambda: optimizer.load_state_dict(kept), lambda: plain(optimizer.state_dict())


@entry("optim.SGD of groups")
def _() -> Any:
    variables = leaves(0.5, -2.0, 3.0)
    quadratic(variables).backward()
    optimizer = optim.SGD([{"params": variables[:1], "lr": 0.5}, {"params": variables[1:]}], lr=0.1, momentum=0.5)
    return optimizer.step, lambda: [of(variables)(), plain(optimizer.state_dict())]


@entry("NN.fit with groups and frozen parameters")
def _() -> Any:
    net = model()
    net.parameters[0].requires_grad = False
    optimizer = optim.Adam([{"params": net.parameters[3:5], "lr": 0.5}, {"params": net.parameters[5:]}], lr=0.1)

    def act() -> Any:
        net.fit([[0.0, 1.0], [1.0, 0.0]], [0.0, 1.0], "mse", optimizer, epochs=1, progress=False)

    return act, lambda: [net.parameters.values.tolist(), plain(optimizer.state_dict())]


@entry("optim.Optimizer.zero_grad")
def _() -> Any:
    variables = leaves(0.5, -2.0, 3.0)
    quadratic(variables).backward()
    return optim.SGD(variables).zero_grad, of(variables)


@entry("optim.LBFGS")
def _() -> Any:
    variables = leaves(0.5, -2.0)
    optimizer = optim.LBFGS(variables, max_iter=2)

    def closure() -> Any:
        loss = math.dot(variables, variables)
        loss.backward()
        return loss

    return lambda: optimizer.step(closure), lambda: [v.value for v in variables]


SCHEDULES: dict[str, Callable[[Any], Any]] = {
    "CosineAnnealingLR": lambda one: optim.CosineAnnealingLR(one, 5),
    "CosineAnnealingWarmRestarts": lambda one: optim.CosineAnnealingWarmRestarts(one, 2, 2),
    "ExponentialLR": lambda one: optim.ExponentialLR(one, 0.5),
    "LambdaLR": lambda one: optim.LambdaLR(one, lambda epoch: 1.0 / (epoch + 1)),
    "LinearLR": lambda one: optim.LinearLR(one),
    "MultiStepLR": lambda one: optim.MultiStepLR(one, [1, 3]),
    "OneCycleLR": lambda one: optim.OneCycleLR(one, 1.0, 20),
    "ReduceLROnPlateau": lambda one: optim.ReduceLROnPlateau(one, patience=0),
    "SequentialLR": lambda one: optim.SequentialLR(one, [optim.LinearLR(one), optim.StepLR(one, 1)], [1]),
    "StepLR": lambda one: optim.StepLR(one, 1),
}
for _name, _make in SCHEDULES.items():

    def _(make: Callable[[Any], Any] = _make) -> Any:
        optimizer = optim.SGD(leaves(0.5), lr=0.1)
        schedule = make(optimizer)
        more = (1.0,) if isinstance(schedule, optim.ReduceLROnPlateau) else ()
        return lambda: schedule.step(*more), lambda: [optimizer.lr, plain(schedule.state_dict())]

    entry(f"optim.{_name}")(_)

    def _(make: Callable[[Any], Any] = _make) -> Any:
        optimizer = optim.SGD(leaves(0.5), lr=0.1)
        kept = make(optim.SGD(leaves(0.5), lr=0.2)).state_dict()

        def call() -> Any:
            schedule = make(optimizer)
            schedule.load_state_dict(kept)
            return plain(schedule.state_dict())

        return call

    entry(f"optim.{_name} is built")(_)


@entry("optim.clip_grad_norm_")
def _() -> Any:
    variables = leaves(0.5, -2.0, 3.0)
    quadratic(variables).backward()
    return lambda: optim.clip_grad_norm_(variables, 1.0), of(variables)


@entry("optim.clip_grad_value_")
def _() -> Any:
    variables = leaves(0.5, -2.0, 3.0)
    quadratic(variables).backward()
    return lambda: optim.clip_grad_value_(variables, 0.5), of(variables)


# ---- pictures, as far as they are ours: what lays out and renders them is not


@entry("draw")
def _() -> Any:
    x, y = variables = leaves(0.5, -2.0)
    z = (x * x + 3.0) * y + math.dot([x, 1.0], [y, x])
    return lambda: str(vargrad.draw(z, names={"x": x, "y": y}, adjoints=True)), of(variables)


@entry("Drawing")
def _() -> Any:
    x, y = variables = leaves(0.5, -2.0)
    picture = vargrad.draw((x * x + 3.0) * y, names={"x": x, "y": y})
    return lambda: (picture.dot(), picture.mermaid(), [step.formula for step in picture.steps().steps]), of(variables)


@entry("draw, NN and what is saved of it")
def _() -> Any:
    model = NN([2, 2, 1], seed=1)
    return lambda: (vargrad.draw(model).svg("light").count("<text"), plain(model.parameters.values)), of(
        model.parameters
    )


@entry("plot.text")
def _() -> Any:
    model = NN([2, 2, 1], seed=1)

    def call() -> Any:
        curves = plot.text.losses([3.0, 2.0], [2.0, 1.5]), plot.text.activation("tanh"), plot.text.costs(sizes=[1, 3])
        return curves, plot.text.differences(math.exp, 1.0), plot.text.network(model), plot.text.boundary(model)

    return call, of(model.parameters)


# ---- what has no entry

# Read from scikit-learn's files; and modules, whose names have entries of their own.
EXEMPT = {f"data.{name}" for name in ("breast_cancer", "diabetes", "digits", "iris", "wine")}
EXEMPT |= {"data", "interpolate", "linalg", "losses", "math", "optim", "plot", "special"}
EXEMPT |= {"NN.plot"}  # matplotlib's; what it draws is ours, and has an entry


def public() -> set[str]:
    """Every public name of the package, and the methods of its classes."""
    names = set(vargrad.__all__)
    for module in ("data", "interpolate", "linalg", "losses", "optim", "special"):
        names |= {f"{module}.{name}" for name in getattr(vargrad, module).__all__}
    names |= {f"math.{name}" for name in MATH}
    for cls in (vargrad.NN, vargrad.Var, type(vargrad.compile(branching))):
        names |= {f"{cls.__name__}.{name}" for name in dir(cls) if not name.startswith("_")}
    return names


def uncovered() -> set[str]:
    """Public names without an entry."""
    covered = {name.split()[0].rstrip(",") for name in ENTRIES}
    covered |= {"Var.prev_var1", "Var.prev_var2"}  # Var.parents reads both
    covered |= {"Var.real", "Var.imag"}  # the Var itself, and a constant
    return public() - covered - EXEMPT
