"""What fit and its like are told: names, numbers and functions, checked, and made into what trains."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy
import numpy.typing

from vargrad import losses, optim
from vargrad._train import dataset, programs
from vargrad._train.engine import Engine
from vargrad._train.history import History
from vargrad._util import errors

if TYPE_CHECKING:
    from vargrad._train.model import Model

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
OPTIMIZERS: dict[str, Any] = {
    "sgd": optim.SGD,
    "adam": optim.Adam,
    "adamw": optim.AdamW,
    "rmsprop": optim.RMSprop,
    "lbfgs": optim.LBFGS,
}
NOT_BY_NAME = ("self", "X", "y", "settings")  # parameters of fit that no typing error leads to
QUASI = ("history_size", "tolerance_grad", "tolerance_change")  # the settings of lbfgs
RATES = {"sgd": 0.1}  # default learning rates; the others' are torch's


def integer(what: str, value: Any) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{what} must be an int, not {type(value).__name__} ({value!r:.60})")
    return int(value.__index__())


def count(what: str, value: Any) -> int:
    number = integer(what, value)
    if number < 1:
        raise ValueError(f"{what} must be at least 1, not {number}")
    return number


def positive(what: str, value: Any, zero: bool) -> None:
    if value is None:
        return
    x = errors.as_float(value, what)
    if not (x > 0.0 or (zero and x == 0.0)) or math.isinf(x):
        raise ValueError(f"{what} must be a {'number of at least 0' if zero else 'positive number'}, not {value!r:.60}")


def optimizer_of(
    model: Model, optimizer: Any, lr: float | None, settings: dict[str, Any], restarts: int, call: str = "fit"
) -> Any:
    """One of vargrad.optim: the one given, or a new one by its name."""
    if isinstance(optimizer, optim.Optimizer):
        if lr is not None or settings:
            raise TypeError(f"fit: {optimizer!r:.60} has settings of its own: set lr and its like there")
        if restarts > 1:
            raise ValueError("fit: restarts need an optimizer by name: what this one remembers belongs to one start")
        found: Any = getattr(optimizer._parameters, "leaves", optimizer._parameters)
        if len(found) != len(model.parameters) or found[0] is not model.parameters[0]:
            raise ValueError("fit: this optimizer belongs to other parameters than this network's")
        return optimizer
    make = OPTIMIZERS[errors.known("optimizer", optimizer, OPTIMIZERS)]
    allowed = getattr(make, "settings", QUASI)
    for name in settings:
        if name not in allowed:  # it may be another argument of fit that was meant
            own = [x for x in inspect.signature(getattr(type(model), call)).parameters if x not in NOT_BY_NAME]
            own = [x for x in own if x != name and x not in allowed]
            errors.known(f"{call} with optimizer {optimizer!r}: argument", name, [*allowed, *own])
    if make is optim.LBFGS:
        if lr is not None:
            raise TypeError("fit: optimizer 'lbfgs' searches for its steps: it takes no lr")
        return make(model.parameters, **settings)
    rate = RATES.get(optimizer) if lr is None else lr
    return make(model.parameters, **({} if rate is None else {"lr": rate}), **settings)


def quasi_newton(one: Any, schedule: Any, clip: Any, method: str) -> dict[str, Any] | None:
    """SciPy's options if this is lbfgs, which takes no schedule and such; else None. ImportError without SciPy."""
    if not isinstance(one, optim.LBFGS):
        return None
    for name, given in (("schedule", schedule), ("clip", clip), ("method", method != "gradient" or None)):
        if given is not None:
            raise ValueError(f"fit: optimizer 'lbfgs' takes no {name}")
    try:
        import scipy.optimize  # noqa: F401
    except ImportError as error:
        raise ImportError("fit: optimizer 'lbfgs' needs SciPy: pip install 'vargrad[scipy]'") from error
    return {"maxcor": one.history_size, "gtol": one.tolerance_grad, "ftol": one.tolerance_change}


def rate_of(
    one: Any, schedule: Any, given: Any
) -> tuple[Callable[[int], float] | None, Callable[[History], None] | None]:
    """The learning rate of each epoch, if it does not stay, and what is to be told of losses after each."""
    if schedule is None:
        return None, None
    if not hasattr(schedule, "optimizer"):
        if not callable(schedule):
            raise TypeError(f"schedule must be one of vargrad.optim or a function of the epoch, not {schedule!r:.60}")
        base = one.lr
        return lambda epoch: base * errors.as_float(schedule(epoch), "the schedule's factor"), None
    if schedule.optimizer is not given:
        raise ValueError("fit: the schedule belongs to another optimizer: give fit that one")
    if isinstance(schedule, optim.ReduceLROnPlateau):
        return lambda epoch: float(one.lr), lambda history: schedule.step(
            (history.validation_losses or history.losses)[-1]
        )

    def rate(epoch: int) -> float:
        found = float(one.lr)
        schedule.step()
        return found

    return rate, None


def loss_of(loss: Any, model: Model) -> tuple[Any, str, bool]:
    """The row's function (None: by name), what targets are, and whether rows are averaged."""
    if callable(loss):
        return loss, "any", True
    found = losses.LOSSES[errors.known("loss", loss, losses.LOSSES)]
    last = model.activations[-1]
    if found.logits and last in ("sigmoid", "tanh"):
        raise ValueError(
            f"loss {loss!r} is computed from outputs without activation, and this network's last layer has {last!r}: "
            "build it with output_activation='identity'"
        )
    return None, found.kind, found.mean


def require_layers(model: Model, what: str) -> None:
    """TypeError if a subclass computes something else than layers."""
    if model.overrides_forward:
        raise TypeError(
            f"{what} runs the layers of NN, and {type(model).__name__} has a forward of its own: train it in a loop of "
            "your own, or through vargrad.compile"
        )


def require_trainable(model: Model) -> None:
    """ValueError for parameters that are not to change: training changes all of them."""
    for i, p in enumerate(model.parameters):
        if not p.requires_grad:
            raise ValueError(
                f"{place(model, i)} has requires_grad=False, and fit trains all parameters: train some of them in a "
                "loop of your own, with vargrad.optim"
            )


def loss_program(loss: Any, row: Any, y: Any, model: Model, start: Array, x: Array, t: Array) -> Any:
    """The loss as a program; of a user's function, recorded at the first row."""
    n_out = model.arch[-1]
    if row is None:
        return programs.known_loss(loss, n_out, t.shape[1])
    one_target = t.shape[1] == 1  # whether y came as (rows,) or as (rows, 1)

    def function(p: Sequence[Any], target: Sequence[Any]) -> Any:
        return row(p[0] if n_out == 1 else p, target[0] if one_target else target)

    outputs = outputs_of(model, start, x[:1])[0]
    program = programs.loss_program(function, outputs.tolist(), t[0].tolist())
    return programs.loss_of_arrays(function) if program is None else program


def outputs_of(model: Model, values: Array, x: Array) -> Array:
    """The network's outputs, (rows, outputs)."""
    n_out = model.arch[-1]
    program, update = programs.known_loss("sse", n_out, n_out), programs.no_update()
    found = numpy.empty((len(x), n_out))
    engine = Engine(programs.network(model.arch, model.activations, model.has_bias, program, n_out, update))
    engine.outputs(values, x, found)
    return found


def validation_of(
    given: Any, x: Array, t: Array, y: Any, n_in: int, n_out: int, kind: str
) -> tuple[Array, Array] | None:
    if given is None:
        return None
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise TypeError(f"validation_data must be a pair of X and y, not {given!r:.60}")
    xv = dataset.inputs(given[0], n_in, "validation_data[0]")
    tv = dataset.targets(given[1], len(xv), n_out, kind, "validation_data[1]")
    if tv.shape[1] != t.shape[1]:
        raise ValueError(f"validation_data[1] has {tv.shape[1]} targets in a row, y has {t.shape[1]}")
    return xv, tv


def split_off(x: Array, t: Array, share: Any, validation: Any, source: Any) -> tuple[Array, Array, tuple[Array, Array]]:
    """A random share of the rows for validation."""
    if validation is not None:
        raise ValueError("give validation_split or validation_data, not both")
    part = errors.as_float(share, "validation_split")
    if not 0.0 < part < 1.0:
        raise ValueError(f"validation_split must be a share of the rows, at least 0 and below 1, not {share!r:.60}")
    rows = numpy.random.default_rng(source.getrandbits(64)).permutation(len(x))
    count = math.ceil(part * len(x))
    if count >= len(x):
        raise ValueError(f"validation_split={share} leaves none of {len(x)} rows to train on")
    some, rest = numpy.sort(rows[:count]), numpy.sort(rows[count:])
    return x[rest], t[rest], (x[some], t[some])


# ---- what is not finite


def place(model: Model, i: int) -> str:
    """Which parameter that is, in words."""
    rest = i
    for layer, (n_in, n_out) in enumerate(zip(model.arch, model.arch[1:], strict=False)):
        width = n_in + model.has_bias
        if rest < n_out * width:
            neuron, k = divmod(rest, width)
            return f"parameters[{i}] (layer {layer}, neuron {neuron}, {'bias' if k == n_in else f'weight {k}'})"
        rest -= n_out * width
    raise IndexError(i)


def require_finite(values: Array, model: Model) -> None:
    if not numpy.isfinite(values).all():
        i = int(numpy.flatnonzero(~numpy.isfinite(values))[0])
        raise ValueError(f"{place(model, i)} is {values[i]}: training needs finite parameters to start from")


def not_finite(model: Model, epoch: int, first: int, values: Array, grads: Array) -> str:
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
