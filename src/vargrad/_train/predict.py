"""predict, predict_proba and score of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy
import numpy.typing

from vargrad._core import parameters
from vargrad._train import dataset, metrics, programs
from vargrad._train.arguments import require_layers
from vargrad._train.engine import Engine, keep, take

if TYPE_CHECKING:
    from vargrad._train.model import Model

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]


def outputs_of(model: Model, values: Array, x: Array) -> Array:
    """The outputs, (rows, outputs), of the network with these parameters for the rows of x."""
    arch = model.arch
    n_out = arch[-1]
    key = Engine, tuple(arch), tuple(model.activations), model.has_bias
    engine = take(key)
    if engine is None:
        program = programs.known_loss("sse", n_out, n_out)
        engine = Engine(programs.network(arch, model.activations, model.has_bias, program, n_out))
    found = numpy.empty((len(x), n_out))
    engine.outputs(values, x, found)
    keep(key, engine, len(values))
    return found


def _outputs(model: Model, X: Any) -> Array:
    require_layers(model, "predict")
    x = dataset.inputs(X, model.arch[0], empty=True)
    return outputs_of(model, parameters.of(model.parameters, "predict").values, x)


def predict(model: Model, X: Any) -> numpy.typing.NDArray[Any]:
    """The predictions that NN.predict returns."""
    found: numpy.typing.NDArray[Any] = metrics.predictions(model.task or "values", _outputs(model, X))
    return found


def predict_proba(model: Model, X: Any) -> Array:
    """The probabilities that NN.predict_proba returns."""
    if model.task not in ("labels", "binary"):
        raise ValueError(
            "predict_proba needs a network that was trained with loss 'cross_entropy' or 'bce': if this one was, "
            "elsewhere, say so by model.task = 'bce'"
        )
    return metrics.probabilities(model.task, _outputs(model, X))


def score(model: Model, X: Any, y: Any, sample_weight: Any = None) -> float:
    """The score that NN.score returns."""
    outputs, kind = _outputs(model, X), model.task or "values"
    if not len(outputs):
        raise ValueError("X has no rows: there is nothing to judge by")
    weights = dataset.weights(sample_weight, len(outputs))
    return metrics.score(kind, outputs, dataset.targets(y, len(outputs), model.arch[-1], kind), weights)
