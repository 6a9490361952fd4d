"""The article's NN for any architecture: layers of neurons over Vars, and the article's loss."""

from __future__ import annotations

import difflib
import random
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from vargrad import _checks, _core_py
from vargrad._core import Var

if TYPE_CHECKING:
    from types import ModuleType

ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "softplus", "silu", "gelu", "identity")
INITIALISERS = ("uniform",)


class NN:
    """A fully connected network of scalar neurons, as the article builds it, for any architecture.

    ``arch``: the number of inputs, then of neurons in each layer; ``NN([2, 2, 1])`` is the article's XOR network.
    ``activation``: a name (sigmoid, tanh, relu, leaky_relu, softplus, silu, gelu, identity), or a list of one name
    per layer. ``output_activation``: that of the last layer; None means the same as the others.
    ``init``: "uniform" draws every parameter from [0, 1) in the article's order, each neuron's weights and then its
    bias. ``bias``: whether neurons have one. ``seed``: an int; None draws from Python's ``random`` module, so that
    ``random.seed`` decides, as in the article. ``var``: vargrad.Var or vargrad.reference.Var.

    Raises TypeError or ValueError, naming what was given, for anything else.

    >>> model = NN([2, 2, 1], seed=1)
    >>> model
    <NN [2, 2, 1], sigmoid, 9 parameters>
    >>> loss = model.calculate_loss([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]])
    >>> loss.backward()
    >>> for p in model.parameters:
    ...     p.value -= 0.1 * p.grad
    ...     p.grad = 0
    >>> model.calculate_loss([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]) < loss
    True
    """

    def __init__(
        self,
        arch: Sequence[int],
        activation: str | Sequence[str] = "sigmoid",
        output_activation: str | None = None,
        init: str = "uniform",
        bias: bool = True,
        seed: int | None = None,
        var: type[Var] = Var,
    ) -> None:
        self._arch = _architecture(arch)
        self._activations = _per_layer(activation, output_activation, len(self._arch) - 1)
        _known("init", init, INITIALISERS)
        if seed is not None and not hasattr(seed, "__index__"):
            raise TypeError(f"seed must be an int or None, not {type(seed).__name__} ({seed!r:.60})")
        if var not in (Var, _core_py.Var):
            raise TypeError(f"var must be vargrad.Var or vargrad.reference.Var, not {var!r:.60}")
        self._bias = bool(bias)
        self._var = var
        self._as_they_are = frozenset((float, int, var))  # inputs that need no conversion
        draw = random.random if seed is None else random.Random(seed.__index__()).random
        # One flat list, in the article's order, is the only place that holds parameters: whatever is put there counts.
        self._parameters = [var(draw(), requires_grad=True) for _ in range(self._size())]

    def _size(self) -> int:
        return sum((n_in + self._bias) * n_out for n_in, n_out in zip(self._arch, self._arch[1:], strict=False))

    @property
    def arch(self) -> list[int]:
        """The number of inputs, then of neurons in each layer."""
        return list(self._arch)

    @property
    def parameters(self) -> list[Var]:
        """All parameters in the article's order: layer by layer, each neuron's weights and then its bias."""
        return self._parameters

    @property
    def weights(self) -> list[list[list[Var]]]:
        """The same Vars by layer, neuron and input: ``weights[0][1][0]`` is what input 0 counts for neuron 1."""
        return [[self._parameters[k : k + n_in] for k in starts] for n_in, starts in self._neurons()]

    @property
    def biases(self) -> list[list[Var]]:
        """The same Vars by layer and neuron; empty layers without ``bias``."""
        return [[self._parameters[k + n_in] for k in starts if self._bias] for n_in, starts in self._neurons()]

    def _neurons(self) -> Iterable[tuple[int, range]]:
        """For each layer its number of inputs, and where the parameters of each of its neurons start."""
        start = 0
        for n_in, n_out in zip(self._arch, self._arch[1:], strict=False):
            step = n_in + self._bias
            yield n_in, range(start, start + n_out * step, step)
            start += n_out * step

    def forward(self, *inputs: Any) -> Any:
        """The network's output for inputs given one by one, as a list, or as a NumPy array.

        Returns a Var if the last layer has one neuron, else a list of Vars. For an array of shape (..., inputs),
        numbers or Vars, returns an object array of shape (..., outputs), as ``X @ W + b`` would.
        Raises ValueError for a wrong number of inputs, TypeError for what is no number.

        >>> model = NN([2, 1], seed=0)
        >>> model(0, 1) == model([0, 1]) == model.forward(0, 1)
        True
        >>> import numpy as np
        >>> model(np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]])).shape
        (3, 1)
        """
        if len(inputs) == 1:
            numpy = sys.modules.get("numpy")  # whoever has an array has imported it
            if numpy is not None and isinstance(inputs[0], numpy.ndarray):
                return self._forward_array(inputs[0], numpy)
            if isinstance(inputs[0], Sequence) and not isinstance(inputs[0], (str, bytes)):
                inputs = tuple(inputs[0])
        outputs = self._outputs(inputs)
        return outputs[0] if len(outputs) == 1 else outputs

    __call__ = forward

    def _forward_array(self, array: Any, numpy: ModuleType) -> Any:
        wanted = self._arch[0]
        if array.ndim == 0 or array.shape[-1] != wanted:
            raise ValueError(f"{self!r} takes arrays of shape (..., {wanted}), got {array.shape}")
        shape = (*array.shape[:-1], self._arch[-1])
        result = numpy.empty((array.size // wanted, self._arch[-1]), dtype=object)
        for i, row in enumerate(array.reshape(-1, wanted).tolist()):
            result[i] = self._outputs(row)
        return result.reshape(shape)

    def _outputs(self, values: Sequence[Any]) -> list[Any]:
        """The last layer's outputs for one row of inputs."""
        if len(values) != self._arch[0]:
            raise ValueError(f"{self!r} takes {self._arch[0]} input(s), got {len(values)}")
        layer = [x if type(x) in self._as_they_are else self._number(x, "an input") for x in values]
        parameters = self._parameters
        for (n_in, starts), activation in zip(self._neurons(), self._activations, strict=True):
            outputs = []
            for k in starts:
                # the article's p * w0 + q * w1 + b, from left to right
                total = layer[0] * parameters[k]
                for i in range(1, n_in):
                    total = total + layer[i] * parameters[k + i]
                if self._bias:
                    total = total + parameters[k + n_in]
                outputs.append(total if activation == "identity" else getattr(total, activation)())
            layer = outputs
        return layer

    def _number(self, x: Any, what: str) -> Any:
        if isinstance(x, (Var, _core_py.Var)) and not isinstance(x, self._var):
            raise TypeError(f"{what} is a Var of the other twin: build the network with NN(..., var=type(x))")
        return x if isinstance(x, self._var) else _checks.as_float(x, what)

    def calculate_loss(self, data: Iterable[Sequence[float]]) -> Var:
        """The article's loss: the sum of squared errors over rows of inputs followed by targets.

        Raises ValueError for a row of another length or for no rows, TypeError for what is no number.

        >>> NN([1, 1], activation="identity", bias=False, seed=0).calculate_loss([[0, 3]]).value
        9.0
        """
        n_in, n_out = self._arch[0], self._arch[-1]
        loss: Any = None
        for i, row in enumerate(_rows(data)):
            values = _values(row, i)
            if len(values) != n_in + n_out:
                raise ValueError(
                    f"row {i} of the data has {len(values)} value(s), "
                    f"expected {n_in} input(s) and {n_out} target(s): {row!r:.60}"
                )
            predictions = self.forward(*values[:n_in])
            if n_out == 1:
                predictions = [predictions]
            for prediction, target in zip(predictions, values[n_in:], strict=True):
                if type(target) not in self._as_they_are:
                    target = self._number(target, f"the target in row {i} of the data")
                error = (prediction - target) ** 2
                loss = error if loss is None else loss + error
        if loss is None:
            raise ValueError("the data has no rows: give at least one row of inputs followed by targets")
        result: Var = loss
        return result

    def sigmoid(self, x: Any) -> Any:
        """The article's activation, 1 / (1 + exp(-x)), of a Var or a number.

        >>> NN([2, 1]).sigmoid(0.0)
        0.5
        """
        if isinstance(x, (Var, _core_py.Var)):
            return x.sigmoid()
        return self._var(x).sigmoid().value

    def __repr__(self) -> str:
        same = len(set(self._activations)) == 1
        names = self._activations[0] if same else " ".join(self._activations)
        bias = "" if self._bias else ", no bias"
        count = len(self._parameters)
        return f"<NN {list(self._arch)}, {names}{bias}, {count} parameter{'s' if count > 1 else ''}>"


def _architecture(arch: Any) -> tuple[int, ...]:
    hint = "give the number of inputs, then of neurons in each layer, as in [2, 2, 1]"
    if not isinstance(arch, Sequence) or isinstance(arch, (str, bytes)):
        raise TypeError(f"arch must be a list of ints, not {type(arch).__name__} ({arch!r:.60}): {hint}")
    for n in arch:
        if isinstance(n, bool) or not hasattr(n, "__index__"):
            raise TypeError(f"arch must hold ints, not {type(n).__name__} ({n!r:.60}): {hint}")
        if n < 1:
            raise ValueError(f"arch must hold positive ints, got {n} in {list(arch)!r:.60}: {hint}")
    if len(arch) < 2:
        raise ValueError(f"arch needs at least two numbers, got {list(arch)!r:.60}: {hint}")
    return tuple(n.__index__() for n in arch)


def _per_layer(activation: Any, output_activation: Any, layers: int) -> tuple[str, ...]:
    if isinstance(activation, str):
        names = [activation] * layers
        if output_activation is not None:
            names[-1] = output_activation
    elif isinstance(activation, (list, tuple)):
        if len(activation) != layers:
            raise ValueError(f"activation lists {len(activation)} name(s) for {layers} layer(s): give one per layer")
        if output_activation is not None:
            raise ValueError("activation is a list of one name per layer: its last one is the output_activation")
        names = list(activation)
    else:
        raise TypeError(f"activation must be a name or a list of names, not {type(activation).__name__}")
    for name in [activation, *names] if isinstance(activation, str) else names:
        _known("activation", name, ACTIVATIONS)
    return tuple(names)


def _known(what: str, name: Any, names: tuple[str, ...]) -> None:
    """Raise unless ``name`` is one of ``names``; the message has the nearest of them."""
    if not isinstance(name, str):
        raise TypeError(f"{what} must be a name, not {type(name).__name__} ({name!r:.60}); known: {', '.join(names)}")
    if name not in names:
        near = difflib.get_close_matches(name.lower(), names, n=1)
        guess = f"; did you mean {near[0]!r}?" if near else ";"
        raise ValueError(f"{what} {name!r:.60} is not known{guess} known: {', '.join(names)}")


def _rows(data: Any) -> Iterable[Any]:
    try:
        return iter(data)
    except TypeError:
        raise TypeError(f"data must be a list of rows, not {type(data).__name__} ({data!r:.60})") from None


def _values(row: Any, i: int) -> list[Any]:
    if isinstance(row, (str, bytes)) or not isinstance(row, Iterable):
        raise TypeError(f"row {i} of the data must be a list of numbers, not {type(row).__name__} ({row!r:.60})")
    return list(row)
