"""Networks in safetensors files, under the names that torch.nn.Sequential(Linear, activation, Linear, ...) gives."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy
import numpy.typing

from vargrad._train.metrics import METRIC
from vargrad._util.files import name_of
from vargrad.data import Scaler
from vargrad.nn import safetensors
from vargrad.nn.layers import ACTIVATIONS, dropout

if TYPE_CHECKING:
    from vargrad._core.var import Var


class Layered(Protocol):
    """The attributes of a network that a file holds."""

    @property
    def arch(self) -> list[int]: ...
    @property
    def activations(self) -> list[str]: ...
    @property
    def weights(self) -> list[list[list[Var]]]: ...
    @property
    def biases(self) -> list[list[Var]]: ...
    @property
    def task(self) -> str | None: ...
    @property
    def scalers(self) -> dict[str, Scaler]: ...
    @property
    def dropout(self) -> tuple[float, ...]: ...


Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
_NAME = re.compile(r"(?:(?P<prefix>.+)\.)?(?P<place>0|[1-9][0-9]{0,8})\.(?P<kind>weight|bias)")
_KEY = "vargrad"  # of the metadata that save() adds


def save(model: Layered, path: safetensors.Path) -> None:
    """Write a network: "0.weight" of shape (out, in), "0.bias" of shape (out,), "2.weight", ... in float64."""
    arrays = {}
    for i, (weights, biases) in enumerate(zip(model.weights, model.biases, strict=True)):
        arrays[f"{2 * i}.weight"] = numpy.array([[w.value for w in neuron] for neuron in weights])
        if biases:
            arrays[f"{2 * i}.bias"] = numpy.array([b.value for b in biases])
    about: dict[str, Any] = {"arch": model.arch, "activations": model.activations, "bias": bool(model.biases[0])}
    if model.task is not None:
        about["task"] = model.task
    if any(model.dropout):
        about["dropout"] = list(model.dropout)
    if model.scalers:
        about["scalers"] = {name: _numbers_of(name, scaler) for name, scaler in model.scalers.items()}
    safetensors.write(path, arrays, {"format": "pt", _KEY: json.dumps(about)})


def read(path: safetensors.Path) -> tuple[list[tuple[Array, Array | None]], dict[str, Any] | None]:
    """The layers of a file, each a weight (out, in) and a bias (out,) or None, and the metadata that save() wrote."""
    arrays, metadata = safetensors.read(path)
    where = name_of(path)
    found: dict[int, dict[str, Array]] = {}
    prefixes = set()
    for name, x in arrays.items():
        match = _NAME.fullmatch(name)
        if match is None:
            raise ValueError(
                f"{where}: {name!r:.80} is no name that torch.nn.Sequential gives to a Linear: expected '0.weight', "
                "'0.bias', '2.weight' and so on"
            )
        prefixes.add(match["prefix"])
        found.setdefault(int(match["place"]), {})[match["kind"]] = x
    if len(prefixes) > 1:
        raise ValueError(f"{where}: has several networks: {', '.join(sorted(repr(p) for p in prefixes))!s:.200}")
    if not found:
        raise ValueError(f"{where}: has no tensors, expected a network's '0.weight', '0.bias' and so on")
    layers = []
    width: int | None = None
    for place, tensors in sorted(found.items()):
        weight, bias = tensors.get("weight"), tensors.get("bias")
        if weight is None:
            raise ValueError(f"{where}: has '{place}.bias' without '{place}.weight'")
        if weight.ndim != 2 or 0 in weight.shape:
            raise ValueError(f"{where}: '{place}.weight' has shape {weight.shape}, expected (outputs, inputs)")
        if width is not None and weight.shape[1] != width:
            raise ValueError(
                f"{where}: '{place}.weight' has shape {weight.shape}, expected ({weight.shape[0]}, {width}), since the "
                f"layer before has {width} outputs"
            )
        width = weight.shape[0]
        if bias is not None and bias.shape != (width,):
            raise ValueError(f"{where}: '{place}.bias' has shape {bias.shape}, expected ({width},)")
        layers.append((weight, bias))
    if len({bias is None for _, bias in layers}) > 1:
        raise ValueError(f"{where}: some layers have a bias and some have none: all or none, in an NN")
    return layers, _about(where, metadata)


def _about(where: str, metadata: dict[str, str]) -> dict[str, Any] | None:
    if _KEY not in metadata:
        return None
    try:
        about: Any = json.loads(metadata[_KEY])
    except (ValueError, RecursionError):
        about = None
    names = about.get("activations") if isinstance(about, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{where}: its metadata under {_KEY!r} is {metadata[_KEY]!r:.80}, none of NN.save")
    found: dict[str, Any] = about
    return found


def load(
    path: safetensors.Path, activation: Any, output_activation: Any
) -> tuple[list[int], Any, bool, list[float], str | None, dict[str, Scaler], Any]:
    """Of a file's network: architecture, activation (one, or one a layer), bias, parameters, task, scalers, dropout."""
    layers, about = read(path)
    where = name_of(path)
    arch, bias = _shapes(layers)
    if about is not None and (
        about.get("arch") != arch or about.get("bias") is not bias or len(about["activations"]) != len(layers)
    ):
        raise ValueError(f"{where}: its metadata describes another network than its tensors: {about!r:.200}")
    if activation is None and (about is None or output_activation is not None):
        missing = "but not its activations: name them" if about is None else "name both of its activations, or none"
        raise ValueError(
            f"{where}: holds a network {arch}, {missing}, as in "
            "NN.load(path, activation='relu', output_activation='identity')"
        )
    names = about["activations"] if activation is None and about is not None else activation
    unknown = [name for name in names if name not in ACTIVATIONS] if names is not activation else []
    if unknown:
        raise ValueError(
            f"{where}: was saved with the activation {unknown[0]!r:.40}, expected one of {', '.join(ACTIVATIONS)}"
        )
    scalers = {} if about is None else about.get("scalers", {})
    if not isinstance(scalers, dict):
        raise ValueError(f"{where}: its scalers are {scalers!r:.80}, expected a table of them by name")
    return (
        arch,
        names,
        bias,
        _flat(layers),
        _task(where, about),
        {name: _scaler(where, name, x) for name, x in scalers.items()},
        _dropout(where, about, len(arch) - 2),
    )


def _numbers_of(name: Any, scaler: Any) -> dict[str, Any]:
    """What a file holds of a scaler."""
    if not isinstance(name, str) or not isinstance(scaler, Scaler):
        raise TypeError(f"scalers[{name!r:.40}] is {scaler!r:.60}, expected a vargrad.data.Scaler under a text")
    if scaler.mean is None or scaler.scale is None:
        raise ValueError(f"scalers[{name!r:.40}] is not fitted: call its fit first")
    return {"mean": scaler.mean.tolist(), "scale": scaler.scale.tolist()}


def _scaler(where: str, name: str, given: Any) -> Scaler:
    """A scaler from what a file holds of it."""
    try:
        if set(given) != {"mean", "scale"}:
            raise ValueError("expected 'mean' and 'scale'")
        return Scaler(given["mean"], given["scale"])
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{where}: its scaler {name!r:.40} is {given!r:.80}, none of NN.save: {error}") from None


def _dropout(where: str, about: dict[str, Any] | None, hidden: int) -> tuple[float, ...]:
    """The dropout that the metadata names, if any."""
    given = 0.0 if about is None else about.get("dropout", 0.0)
    try:
        return dropout(given, hidden)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{where}: its dropout is {given!r:.80}, none of NN.save: {error}") from None


def _task(where: str, about: dict[str, Any] | None) -> str | None:
    """The task that the metadata names, if any."""
    task = None if about is None else about.get("task")
    if task is not None and task not in list(METRIC):  # a list has no hash
        raise ValueError(f"{where}: was trained for {task!r:.40}, expected one of {', '.join(METRIC)}")
    return task


def parameters(model: Layered, path: safetensors.Path) -> tuple[list[float], str | None]:
    """The parameters in a file, and their ``task``; ValueError if they are of another architecture than the model's."""
    layers, about = read(path)
    where = name_of(path)
    arch, bias = _shapes(layers)
    if (arch, bias) != (model.arch, bool(model.biases[0])):
        raise ValueError(f"{where}: holds a network {arch}{'' if bias else ' without bias'}, expected {model!r}")
    if about is not None and about["activations"] != model.activations:
        raise ValueError(
            f"{where}: was saved with the activations {', '.join(about['activations'])!s:.200}, expected {model!r}; "
            "NN.load(path) builds the network that was saved"
        )
    return _flat(layers), _task(where, about)


def _flat(layers: list[tuple[Array, Array | None]]) -> list[float]:
    """All parameters in the article's order."""
    rows = [weight if bias is None else numpy.column_stack([weight, bias]) for weight, bias in layers]
    return [x for row in rows for x in row.reshape(-1).tolist()]


def _shapes(layers: list[tuple[Array, Array | None]]) -> tuple[list[int], bool]:
    """The architecture, and whether there are biases."""
    return [layers[0][0].shape[1], *(len(weight) for weight, _ in layers)], layers[0][1] is not None
