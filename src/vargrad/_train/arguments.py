"""Arguments of fit and partial_fit that are checked against the network: optimizer, schedule, loss, parameters."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy
import numpy.typing

from vargrad import losses, optim
from vargrad._core import parameters as _parameters
from vargrad._train import dataset, foreign, metrics
from vargrad._train.settings import FitSettings
from vargrad._util import errors
from vargrad.optim.lbfgs import scipy_minimize

if TYPE_CHECKING:
    from vargrad._train.model import Model

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
OPTIMIZERS: dict[str, Any] = {
    "sgd": optim.SGD,
    "adam": optim.Adam,
    "adamw": optim.AdamW,
    "nadam": optim.NAdam,
    "rmsprop": optim.RMSprop,
    "lbfgs": optim.LBFGS,
}
NOT_SUGGESTED = ("self", "X", "y", "settings")  # parameters of fit that are never proposed for a misspelled name
LBFGS_SETTINGS = ("history_size", "tolerance_grad", "tolerance_change")  # of optimizer="lbfgs"; fit sets the others
DEFAULT_RATES = {"sgd": 0.1}  # where no lr is given; the others have torch's
LEAST = {
    "sigmoid": 0.0,
    "tanh": -1.0,
    "relu": 0.0,
    "elu": -1.0,
    "selu": -1.7580993408473766,
    "softplus": 0.0,
    "silu": -0.2784645427610738,
    "gelu": -0.16997120747990372,
}
MOST = {"sigmoid": 1.0, "tanh": 1.0}  # and the least that an activation gives; those that are not here have no bound


def optimizer_of(
    model: Model, given: Any, lr: float | None, settings: dict[str, Any], call: str = "fit"
) -> optim.Optimizer | optim.LBFGS:
    """The optimizer that is given, or a new one over the model's parameters, by its name."""
    if isinstance(given, (optim.Optimizer, optim.LBFGS)):
        known = getattr(type(given), "settings", LBFGS_SETTINGS)
        _require_settings(model, call, f"this {type(given).__name__}", known, settings)
        if lr is not None or settings:
            raise TypeError(
                f"{call}: this {type(given).__name__} has settings of its own: set {next(iter(settings), 'lr')} there, "
                f"as an attribute, and not in {call}"
            )
        if isinstance(given, optim.Optimizer):
            for part in given.parts:
                part.places_in(model.parameters)
        elif not given.updates(model.parameters):
            raise ValueError("fit: this optimizer belongs to other parameters than this network's")
        return given
    make = OPTIMIZERS[errors.known("optimizer", given, OPTIMIZERS, foreign.OPTIMIZERS)]
    allowed = getattr(make, "settings", LBFGS_SETTINGS)
    _require_settings(model, call, f"optimizer {given!r}", allowed, settings)
    found: optim.Optimizer | optim.LBFGS
    if make is optim.LBFGS:
        if lr is not None:
            raise TypeError("fit: optimizer 'lbfgs' searches for its steps: it takes no lr")
        found = optim.LBFGS(model.parameters, **settings)
    else:
        rate = DEFAULT_RATES.get(given) if lr is None else lr
        found = make(model.parameters, **({} if rate is None else {"lr": rate}), **settings)
    return found


def _require_settings(
    model: Model, call: str, optimizer: str, allowed: tuple[str, ...], settings: dict[str, Any]
) -> None:
    """TypeError or ValueError for a setting that the optimizer does not have, perhaps a misspelled argument of fit."""
    for name in settings:
        if name not in allowed:
            own = [x for x in inspect.signature(getattr(type(model), call)).parameters if x not in NOT_SUGGESTED]
            own = [x for x in own if x != name and x not in allowed]
            errors.known(f"{call} with {optimizer}: argument", name, [*allowed, *own], foreign.ARGUMENTS)


def require_lbfgs(settings: FitSettings, model: Model) -> None:
    """ValueError for arguments that L-BFGS has no use for, ImportError without SciPy."""
    method = None if settings.method == "gradient" else settings.method
    for name, given in (("schedule", settings.schedule), ("clip", settings.clip), ("method", method)):
        if given is not None:
            raise ValueError(f"fit: optimizer 'lbfgs' takes no {name}")
    if any(model.dropout):
        raise ValueError(
            "fit: optimizer 'lbfgs' compares losses from step to step, and dropout leaves out others each time: take "
            "another optimizer, or set model.dropout = 0"
        )
    scipy_minimize("fit: optimizer 'lbfgs'")


def known_loss(loss: Any) -> losses.Loss:
    """The loss of that name; ``losses.bce`` counts as "bce", any other function is a loss without a name."""
    if callable(loss):
        names = [name for name in losses.LOSSES if getattr(losses, name) is loss]
        return losses.LOSSES[names[0]] if names else losses.Loss("", loss, kind="any")
    return losses.LOSSES[errors.known("loss", loss, losses.LOSSES, foreign.LOSSES)]


def task_of(given: Any, outputs: int) -> str | None:
    """The task that ``given`` names for a network with so many outputs: a kind of targets, a loss's name or function.

    Raises TypeError or ValueError for anything else, and for "labels" with one output.
    """
    if given is None:
        return None
    kind = given if isinstance(given, str) and given in metrics.METRIC else known_loss(given).kind
    if kind == "labels" and outputs == 1:
        raise ValueError("task 'labels' needs an output for each class, and this network has 1 output: use 'binary'")
    return kind


def loss_of(loss: Any, model: Model) -> losses.Loss:
    """The loss of that name, or one without a name for a function of a prediction and a target."""
    found = known_loss(loss)
    last = model.activations[-1]
    if found.logits and last != "identity":
        raise ValueError(
            f"loss {loss!r} is computed from outputs without activation, and this network's last layer has {last!r}: "
            "build it with output_activation='identity'"
        )
    return found


def warn_of_range(model: Model, loss: losses.Loss, targets: Array) -> None:
    """Warn if the last layer's activation cannot give some of these targets; not for a loss of the user's own."""
    last = model.activations[-1]
    low, high = LEAST.get(last, -math.inf), MOST.get(last, math.inf)
    if loss.kind != "values" or (low == -math.inf and high == math.inf):
        return
    if targets.size <= 16:
        numbers = targets.ravel().tolist()
        least, most = min(numbers), max(numbers)
    else:
        least, most = (float(f.reduce(targets, axis=None)) for f in (numpy.minimum, numpy.maximum))
    if least < low or most > high:
        bound = f"{low:.4g} to {high:.4g}" if high < math.inf else f"{low:.4g} upwards"
        errors.warn(
            f"y goes from {least:.6g} to {most:.6g}, and the last layer's {last!r} only gives numbers from {bound}: "
            "build the network with output_activation='identity', or scale y"
        )


def require_layers(model: Model, what: str) -> None:
    """TypeError for a subclass with a forward of its own; ``what`` was called."""
    if model.overrides_forward:
        raise TypeError(
            f"{what} runs the layers of NN, and {type(model).__name__} has a forward of its own: train it in a loop of "
            "your own, or through vargrad.compile"
        )


def frozen_of(model: Model) -> Any:
    """Where requires_grad is false, (parameters,) bools, or None if nowhere; ValueError if all are frozen."""
    parameters = model.parameters
    if parameters.none_frozen:
        return None
    found = _parameters.frozen(_parameters.of(parameters, "fit"))
    if found is not None and found.all():
        raise ValueError("all parameters have requires_grad=False: set it to True for those that are to be trained")
    return found


# ---- numbers that are not finite


def place(model: Model, i: int) -> str:
    """The words for parameter ``i``: its layer, its neuron, and which weight or bias it is."""
    rest = i
    for layer, (n_in, n_out) in enumerate(zip(model.arch, model.arch[1:], strict=False)):
        width = n_in + model.has_bias
        if rest < n_out * width:
            neuron, k = divmod(rest, width)
            return f"parameters[{i}] (layer {layer}, neuron {neuron}, {'bias' if k == n_in else f'weight {k}'})"
        rest -= n_out * width
    raise IndexError(i)


def require_finite(values: Array, model: Model) -> None:
    """ValueError that names the first parameter that is nan or infinite."""
    if not dataset.all_finite(values):
        i = int(numpy.flatnonzero(~numpy.isfinite(values))[0])
        raise ValueError(f"{place(model, i)} is {values[i]}: training needs finite parameters to start from")


def not_finite(model: Model, epoch: int, first: int, values: Array, grads: Array) -> str:
    """The message for a loss that is not finite: ``first`` is the batch's first row, then parameters and gradient."""
    where = f"the loss is not finite in epoch {epoch}, at the batch that begins with row {first} of the epoch"
    broken, slopes = numpy.flatnonzero(~numpy.isfinite(values)), numpy.flatnonzero(~numpy.isfinite(grads))
    if len(broken):
        found = f"{place(model, int(broken[0]))} is {values[broken[0]]}"
    elif len(slopes):
        found = f"the derivative by {place(model, int(slopes[0]))} is {grads[slopes[0]]}"
    else:
        i = int(numpy.abs(values).argmax())
        found = f"all parameters are finite, the largest, {place(model, i)}, is {values[i]:.6g}"
    return f"{where}; {found}. The parameters are as they were before; try a smaller lr, or clip=1.0"
