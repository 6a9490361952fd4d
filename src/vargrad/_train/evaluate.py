"""evaluate: the loss and the metric of a network on rows of data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vargrad._core import parameters
from vargrad._train import arguments, dataset, metrics
from vargrad._train.engine import Engine
from vargrad._train.plan import programs_of
from vargrad._train.predict import outputs_of
from vargrad._train.settings import StepSettings

if TYPE_CHECKING:
    from vargrad._train.model import Model

USUAL = {"values": "mse", "labels": "cross_entropy", "binary": "bce", "signs": "hinge"}  # the loss of each task


def evaluate(model: Model, X: Any, y: Any, loss: Any, sample_weight: Any) -> dict[str, float]:
    """The loss and the metric that NN.evaluate returns."""
    arguments.require_layers(model, "evaluate")
    if loss is None and model.task == "any":
        raise ValueError("evaluate: this network was trained by a function: give it, or another loss, as loss=")
    loss = USUAL[model.task or "values"] if loss is None else loss
    found = arguments.loss_of(loss, model)
    x = dataset.inputs(X, model.arch[0])
    t = dataset.targets(y, len(x), model.arch[-1], found.kind)
    weights = dataset.weights(sample_weight, len(x))
    values = parameters.of(model.parameters, "evaluate").values
    outputs = outputs_of(model, values, x)
    settings = StepSettings(loss=loss, l1=0.0, l2=0.0, clip=None, optimizer_settings={})
    weighted = t if weights is None else dataset.weighted(t, weights, found.mean)
    engine = Engine(programs_of(model, found, settings, [], values, x, weighted, weights is not None))
    value = float(engine.value(values, x, weighted, 1.0 / len(x) if found.mean else 1.0))
    return {"loss": value, metrics.METRIC[found.kind]: metrics.score(found.kind, outputs, t, weights)}
