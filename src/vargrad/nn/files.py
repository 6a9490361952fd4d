"""Networks in safetensors files, under the names that torch.nn.Sequential(Linear, activation, Linear, ...) gives."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy
import numpy.typing

from vargrad.nn import safetensors

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


Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
_NAME = re.compile(r"(?:(?P<prefix>.+)\.)?(?P<place>[0-9]{1,9})\.(?P<kind>weight|bias)")
TASKS = ("values", "labels", "binary", "signs", "any")  # see losses.Loss.kind
_KEY = "vargrad"  # of the metadata that save() adds


def save(model: Layered, path: safetensors.Path) -> None:
    """Write a network: "0.weight" of shape (out, in), "0.bias" of shape (out,), "2.weight", ... in float64."""
    arrays = {}
    for i, (weights, biases) in enumerate(zip(model.weights, model.biases, strict=True)):
        arrays[f"{2 * i}.weight"] = numpy.array([[w.value for w in neuron] for neuron in weights])
        if biases:
            arrays[f"{2 * i}.bias"] = numpy.array([b.value for b in biases])
    about = {"arch": model.arch, "activations": model.activations, "bias": bool(model.biases[0])}
    if model.task is not None:
        about["task"] = model.task
    safetensors.write(path, arrays, {"format": "pt", _KEY: json.dumps(about)})


def read(path: safetensors.Path) -> tuple[list[tuple[Array, Array | None]], dict[str, Any] | None]:
    """The layers of a file, each a weight (out, in) and a bias (out,) or None, and the metadata that save() wrote."""
    arrays, metadata = safetensors.read(path)
    found: dict[int, dict[str, Array]] = {}
    prefixes = set()
    for name, x in arrays.items():
        match = _NAME.fullmatch(name)
        if match is None:
            raise ValueError(
                f"{path}: {name!r} is no name that torch.nn.Sequential gives to a Linear: expected '0.weight', "
                "'0.bias', '2.weight' and so on"
            )
        prefixes.add(match["prefix"])
        layer = found.setdefault(int(match["place"]), {})
        if match["kind"] in layer and len(prefixes) == 1:
            raise ValueError(f"{path}: {name!r} is there twice, with its number written in two ways")
        layer[match["kind"]] = x
    if len(prefixes) > 1:
        raise ValueError(f"{path}: has several networks: {', '.join(sorted(str(p) for p in prefixes))}")
    if not found:
        raise ValueError(f"{path}: has no tensors, expected a network's '0.weight', '0.bias' and so on")
    layers = []
    width: int | None = None
    for place, tensors in sorted(found.items()):
        weight, bias = tensors.get("weight"), tensors.get("bias")
        if weight is None:
            raise ValueError(f"{path}: has '{place}.bias' without '{place}.weight'")
        if weight.ndim != 2 or 0 in weight.shape:
            raise ValueError(f"{path}: '{place}.weight' has shape {weight.shape}, expected (outputs, inputs)")
        if width is not None and weight.shape[1] != width:
            raise ValueError(
                f"{path}: '{place}.weight' has shape {weight.shape}, expected ({weight.shape[0]}, {width}), since the "
                f"layer before has {width} outputs"
            )
        width = weight.shape[0]
        if bias is not None and bias.shape != (width,):
            raise ValueError(f"{path}: '{place}.bias' has shape {bias.shape}, expected ({width},)")
        layers.append((weight, bias))
    if len({bias is None for _, bias in layers}) > 1:
        raise ValueError(f"{path}: some layers have a bias and some have none: all or none, in an NN")
    return layers, _about(path, metadata)


def _about(path: safetensors.Path, metadata: dict[str, str]) -> dict[str, Any] | None:
    if _KEY not in metadata:
        return None
    try:
        about = json.loads(metadata[_KEY])
    except (ValueError, RecursionError):
        about = None
    if not isinstance(about, dict) or not isinstance(about.get("activations"), list):
        raise ValueError(f"{path}: its metadata under {_KEY!r} is {metadata[_KEY]!r:.80}, expected what NN.save writes")
    return about


def load(
    path: safetensors.Path, activation: Any, output_activation: Any
) -> tuple[list[int], Any, bool, list[float], str | None]:
    """Architecture, activation (one, or one for each layer), bias, parameters and ``task`` of the network in a file."""
    layers, about = read(path)
    arch, bias = _shapes(layers)
    if about is not None and (
        about.get("arch") != arch or about.get("bias") is not bias or len(about["activations"]) != len(layers)
    ):
        raise ValueError(f"{path}: its metadata describes another network than its tensors: {about}")
    if activation is None and (about is None or output_activation is not None):
        missing = "but not its activations: name them" if about is None else "name both of its activations, or none"
        raise ValueError(
            f"{path}: holds a network {arch}, {missing}, as in "
            "NN.load(path, activation='relu', output_activation='identity')"
        )
    names = about["activations"] if activation is None and about is not None else activation
    task = None if about is None else about.get("task")
    if task is not None and task not in TASKS:
        raise ValueError(f"{path}: was trained for {task!r:.40}, expected one of {', '.join(TASKS)}")
    return arch, names, bias, _flat(layers), task


def parameters(model: Layered, path: safetensors.Path) -> list[float]:
    """The parameters in a file, for this model; ValueError if the file's network has another architecture."""
    layers, about = read(path)
    arch, bias = _shapes(layers)
    if (arch, bias) != (model.arch, bool(model.biases[0])):
        raise ValueError(f"{path}: holds a network {arch}{'' if bias else ' without bias'}, expected {model!r}")
    if about is not None and about["activations"] != model.activations:
        raise ValueError(
            f"{path}: was saved with the activations {', '.join(map(str, about['activations']))}, expected {model!r}; "
            "NN.load(path) builds the network that was saved"
        )
    return _flat(layers)


def _flat(layers: list[tuple[Array, Array | None]]) -> list[float]:
    """All parameters in the article's order."""
    rows = [weight if bias is None else numpy.column_stack([weight, bias]) for weight, bias in layers]
    return [x for row in rows for x in row.reshape(-1).tolist()]


def _shapes(layers: list[tuple[Array, Array | None]]) -> tuple[list[int], bool]:
    """The architecture, and whether there are biases."""
    return [layers[0][0].shape[1], *(len(weight) for weight, _ in layers)], layers[0][1] is not None
