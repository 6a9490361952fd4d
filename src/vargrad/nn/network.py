"""The article's NN for any architecture: layers of neurons over Vars, and the article's loss."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from vargrad._core import block_py, var_py
from vargrad._core import var as _core
from vargrad._core.parameters import Parameters
from vargrad._core.var import Var
from vargrad._util import errors as _checks
from vargrad.nn import initialisers, layers
from vargrad.nn.trainable import Trainable

if TYPE_CHECKING:
    from types import ModuleType
    from typing import IO

    import numpy
    import numpy.typing

    from vargrad._util.files import PathLike
    from vargrad.data import Scaler

Sliced: TypeAlias = "list[tuple[list[list[Var]], Any]]"  # for each layer its neurons' parameters, and its activation
ACTIVATIONS = layers.ACTIVATIONS
INITIALISERS = initialisers.NAMES


class NN(Trainable):
    """A fully connected network of scalar neurons, as the article builds it, for any architecture.

    ``arch``: the number of inputs, then of neurons in each layer; ``NN([2, 2, 1])`` is the article's XOR network.
    ``activation``: a name (sigmoid, tanh, relu, leaky_relu, elu, selu, softplus, silu, gelu, identity, also called
    linear), or a list of one name per layer. ``output_activation``: that of the last layer; None: as the others.
    ``init``: "uniform" draws every parameter from [0, 1) in the article's order, each neuron's weights and then its
    bias. The field's usual ones are there under its names: "xavier_uniform", "xavier_normal" (or "glorot_uniform" ...),
    "kaiming_uniform", "kaiming_normal" (or "he_uniform" ...), both with torch's gain for the layer's activation,
    "lecun_uniform", "lecun_normal", these with biases 0; "torch" is torch.nn.Linear's default; "normal" draws every
    parameter from the standard normal distribution; "zeros". ``bias``: whether neurons have one. ``seed``: an int; None
    draws from Python's ``random`` module, so that ``random.seed`` decides, as in the article. ``var``: vargrad.Var or
    vargrad.reference.Var. ``dropout``: see the attribute, which may be set later.

    Raises TypeError or ValueError, naming what was given, for anything else.

    >>> from vargrad import NN
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
        dropout: float | Sequence[float] = 0.0,
    ) -> None:
        self._arch = layers.architecture(arch)
        self._activations = layers.per_layer(activation, output_activation, len(self._arch) - 1)
        _checks.known("init", init, INITIALISERS, initialisers.OTHER_NAMES)
        if seed is not None and not hasattr(seed, "__index__"):
            raise TypeError(f"seed must be an int or None, not {type(seed).__name__} ({seed!r:.60})")
        if var not in (Var, var_py.Var):
            raise TypeError(f"var must be vargrad.Var or vargrad.reference.Var, not {var!r:.60}")
        self._bias, self._init = bool(bias), init
        self.dropout = dropout
        source: Any = random if seed is None else random.Random(seed.__index__())
        # One flat list, in the article's order, is the only place that holds parameters: whatever is put there counts.
        self._parameters = Parameters((block_py if var is var_py.Var else _core).Block(self.draw(source)))
        self._prepare()

    def _prepare(self) -> None:
        """Compute from the other attributes all that the forward pass reads."""
        self._var: type[Var] = type(self._parameters[0])  # unpickled elsewhere, the Var of the backend there
        self._ready = frozenset((float, self._var))  # operands that need no conversion
        twin = var_py if self._var is var_py.Var else _core.module
        self._nary, self._descend = twin.apply_nary, twin.descend
        self._layers = []
        start = 0
        for n_in, n_out, name in zip(self._arch, self._arch[1:], self._activations, strict=False):
            width = n_in + self._bias
            neurons = [slice(k, k + width) for k in range(start, start + n_out * width, width)]
            self._layers.append((neurons, None if name == "identity" else getattr(self._var, name)))
            start += n_out * width
        self._lists = self._sliced()  # valid until the list is edited

    def __getstate__(self) -> dict[str, Any]:
        kept = ("_arch", "_activations", "_bias", "_init", "task", "_parameters", "_scalers", "_memory", "_dropout")
        return {name: self.__dict__[name] for name in kept if name in self.__dict__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        arch, count = state["_arch"], len(state["_parameters"])
        if sum(arch[1:]) > count:  # of a damaged pickle: a layer could be as wide as there is no memory
            raise ValueError(f"this state is of no network: {list(arch)} has more parameters than the {count} in it")
        self.__dict__.update(state)
        self._prepare()

    def __vargrad_state__(self) -> tuple[list[Var], tuple[Any, ...]]:
        """For compile: the Vars that a recording reads, live, and all else that it depends on."""
        return self._parameters, (self._arch, self._activations, self._bias)

    @property
    def arch(self) -> list[int]:
        """The number of inputs, then of neurons in each layer."""
        return list(self._arch)

    @property
    def activations(self) -> list[str]:
        """The name of each layer's activation."""
        return list(self._activations)

    @property
    def parameters(self) -> Parameters:
        """All parameters in the article's order: layer by layer, each neuron's weights and then its bias.

        A list of Vars, of which ``.values`` and ``.grads`` are NumPy views.
        """
        return self._parameters

    @property
    def scalers(self) -> dict[str, Scaler]:
        """Scalers of ``vargrad.data`` to keep with the network, in copies and files, under names of your own.

        They are only kept: ``predict`` does not use them.

        >>> from vargrad import data
        >>> model, X = NN([1, 1], "identity", seed=0), [[10.0], [30.0]]
        >>> model.scalers["X"] = data.Scaler().fit(X)
        >>> model.predict(model.scalers["X"].transform(X)).shape
        (2,)
        """
        found: dict[str, Scaler] = self.__dict__.setdefault("_scalers", {})
        return found

    @property
    def has_bias(self) -> bool:
        """Whether neurons have a bias."""
        return self._bias

    @property
    def overrides_forward(self) -> bool:
        """Whether a subclass has a ``forward`` of its own, which may compute something else than the layers."""
        return type(self).forward is not NN.forward

    def draw(self, source: Any) -> list[float]:
        """New parameters as ``init`` says, in their order; ``source``: ``random`` or a ``random.Random``.

        >>> import random
        >>> NN([1, 1], init="zeros").draw(random)
        [0.0, 0.0]
        """
        return list(initialisers.draw(self._init, self._arch, self._activations, self._bias, source))

    @property
    def weights(self) -> list[list[list[Var]]]:
        """The same Vars by layer, neuron and input: ``weights[0][1][0]`` is the weight of input 0 in neuron 1."""
        end = -1 if self._bias else None
        return [[self._parameters[neuron][:end] for neuron in neurons] for neurons, _ in self._layers]

    @property
    def biases(self) -> list[list[Var]]:
        """The same Vars by layer and neuron; empty layers without ``bias``."""
        return [[self._parameters[n.stop - 1] for n in neurons if self._bias] for neurons, _ in self._layers]

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
        if len(inputs) == 1 and type(inputs[0]) not in self._ready:
            first = inputs[0]
            numpy = sys.modules.get("numpy")  # an array can be given only if NumPy is imported
            if type(first) is list:
                inputs = first  # type: ignore[assignment]
            elif numpy is not None and isinstance(first, numpy.ndarray):
                return self._forward_array(first, numpy)
            elif isinstance(first, Sequence) and not isinstance(first, (str, bytes)):
                inputs = tuple(first)
        outputs = self._outputs(inputs, self._lists if self._parameters.own else self._sliced())
        return outputs[0] if len(outputs) == 1 else outputs

    @overload
    def __call__(self, array: numpy.typing.NDArray[Any], /) -> numpy.typing.NDArray[numpy.object_]: ...
    @overload
    def __call__(self, *inputs: Any) -> Any: ...
    def __call__(self, *inputs: Any) -> Any:
        """The same as forward."""
        return self.forward(*inputs)

    def _forward_array(self, array: Any, numpy: ModuleType) -> Any:
        wanted = self._arch[0]
        if array.ndim == 0 or array.shape[-1] != wanted:
            raise ValueError(f"{self!r} takes arrays of shape (..., {wanted}), got {array.shape}")
        shape = (*array.shape[:-1], self._arch[-1])
        result = numpy.empty((array.size // wanted, self._arch[-1]), dtype=object)
        current = self._lists if self._parameters.own else self._sliced()
        for i, row in enumerate(array.reshape(-1, wanted).tolist()):
            result[i] = self._outputs(row, current)
        return result.reshape(shape)

    def _outputs(self, inputs: Sequence[Any], current: Sliced) -> list[Any]:
        """The last layer's outputs for one row of inputs; ``current``: the neurons' parameters."""
        if len(inputs) != self._arch[0]:
            raise ValueError(f"{self!r} takes {self._arch[0]} input(s), got {len(inputs)}")
        nary, bias, ready = self._nary, self._bias, self._ready
        layer: list[Any] = []
        for x in inputs:
            layer.append(x if type(x) in ready else self._number(x, "an input"))
        for neurons, activation in current:
            if bias:
                layer.append(1.0)
            outputs = []  # a plain loop: until Python 3.12 a comprehension costs a call, as much as a neuron
            for neuron in neurons:
                # The article's p * w0 + q * w1 + 1 * b from left to right, as one node: as fast as the operators
                # for two inputs, and twice as fast for thirty-two (benchmarks/neuron.py).
                total = nary("dot", layer, neuron)
                outputs.append(total if activation is None else activation(total))
            layer = outputs
        return layer

    def _sliced(self) -> Sliced:
        whole = list(self._parameters)
        return [([whole[neuron] for neuron in neurons], activation) for neurons, activation in self._layers]

    def _number(self, x: Any, what: str) -> Any:
        """A number that is no float yet, as a float."""
        if type(x) is int:  # the article's data, so it should be fast
            return float(x)
        if isinstance(x, (_core.Var, var_py.Var)):
            raise TypeError(f"{what} is a Var of the other backend: build the network with NN(..., var=type(x))")
        return _checks.as_float(x, what)

    def calculate_loss(self, data: Iterable[Sequence[float]]) -> Var:
        """The article's loss: the sum of squared errors over rows of inputs followed by targets.

        Raises ValueError for a row of another length or for no rows, TypeError for what is no number.

        >>> NN([1, 1], activation="identity", bias=False, seed=0).calculate_loss([[0, 3]]).value
        9.0
        """
        n_in = self._arch[0]
        length = n_in + self._arch[-1]
        ready = self._ready
        current = self._lists if self._parameters.own else self._sliced()
        listed = self._forward_listed if self.overrides_forward else None
        errors = []
        for i, row in enumerate(layers.rows(data)):
            values = row if type(row) is list else layers.values(row, i)
            if len(values) != length:
                raise ValueError(
                    f"row {i} of the data has {len(values)} value(s), "
                    f"expected {n_in} input(s) and {length - n_in} target(s): {row!r:.60}"
                )
            given = values[:n_in]
            outputs = self._outputs(given, current) if listed is None else listed(given)
            for k, prediction in enumerate(outputs, n_in):
                target = values[k]
                error = prediction - (target if type(target) in ready else self._number(target, "a target"))
                errors.append(error**2)
        if not errors:
            raise ValueError("the data has no rows: give at least one row of inputs followed by targets")
        loss: Var = self._nary("sum", errors)
        return loss

    def _forward_listed(self, inputs: Sequence[Any]) -> list[Any]:
        """A subclass may have a forward of its own."""
        result = self.forward(*inputs)
        return [result] if self._arch[-1] == 1 else list(result)

    def step(self, lr: float = 1e-3) -> None:
        """One step of gradient descent: each parameter falls by lr times its grad, and its grad is 0 again.

        The loop at the end of the tutorial's training step in one call; all parameters change, or none. For other
        update rules see ``vargrad.optim``, for training on arrays ``fit``. Raises TypeError if lr is no number,
        AttributeError if a parameter has no grad.

        >>> model = NN([2, 2, 1], seed=0)
        >>> data = [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]
        >>> for _ in range(2000):
        ...     model.calculate_loss(data).backward()
        ...     model.step(lr=1)
        >>> [round(model(p, q).value) for p, q, _ in data]
        [0, 1, 1, 0]
        """
        self._descend(self._parameters, lr)

    def sigmoid(self, x: Any) -> Any:
        """The article's activation, 1 / (1 + exp(-x)), of a Var or a number.

        >>> NN([2, 1]).sigmoid(0.0)
        0.5
        """
        if isinstance(x, (_core.Var, var_py.Var)):
            return x.sigmoid()
        return self._var(x).sigmoid().value

    def summary(self) -> str:
        """A table of the layers: weights' shape (neurons, inputs), biases, activation, number of parameters.

        >>> NN([2, 3, 1], "tanh", output_activation="sigmoid").summary()
        layer  weights  biases  activation  parameters
        1      (3, 2)   3       tanh                 9
        2      (1, 3)   1       sigmoid              4
        total                                       13
        """
        return layers.summary(self._arch, self._activations, self._bias)

    def save(self, path: PathLike | IO[bytes]) -> None:
        """Write the network to a safetensors file, in float64, under torch.nn.Sequential's names.

        ``path``: a path, or a file that is open for writing bytes. "0.weight" has shape (neurons, inputs) and "0.bias"
        shape (neurons,), then come "2.weight", "2.bias" and so on, since the activations count; architecture,
        activations, dropout and scalers are in the metadata. An older file is replaced as a whole, and keeps its mode,
        or stays as it was. Raises OSError if it cannot be written.

        >>> import os, tempfile
        >>> model = NN([2, 2, 1], "tanh", seed=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(os.path.join(folder, "xor.safetensors"))
        ...     again = NN.load(os.path.join(folder, "xor.safetensors"))
        >>> again, again(0, 1) == model(0, 1)
        (<NN [2, 2, 1], tanh, 9 parameters>, True)
        """
        from vargrad.nn import files

        files.save(self, path)

    @classmethod
    def load(
        cls,
        path: PathLike | IO[bytes],
        activation: str | Sequence[str] | None = None,
        output_activation: str | None = None,
        var: type[Var] = Var,
        loss: Any = None,
    ) -> NN:
        """The network in a safetensors file, written by ``save`` or from a torch.nn.Sequential of Linear layers.

        torch does not write its activations: name them, as for NN. ``path``: a path, or a file that is open for reading
        bytes. ``loss``: what the network was trained by, so that ``predict`` gives labels after "bce" or
        "cross_entropy"; files of ``save`` say it themselves. float64, float32, float16 and bfloat16 are read. Raises
        ValueError with what was found and expected for a file that does not fit, OSError if it cannot be read.
        """
        from vargrad.nn import files

        arch, names, bias, numbers, task, scalers, drop = files.load(path, activation, output_activation)
        model = cls(arch, names, output_activation, bias=bias, seed=0, var=var, dropout=drop)  # drawn, then replaced
        model.task = task if loss is None else loss
        model.parameters.values[:] = numbers
        model.scalers.update(scalers)
        return model

    def load_parameters(self, path: PathLike | IO[bytes]) -> None:
        """Take the parameters from a safetensors file, written by ``save`` or from a torch.nn.Sequential.

        A file of ``save`` brings its ``task`` along. Raises ValueError, and changes nothing, for a file that cannot be
        loaded or holds another architecture.
        """
        from vargrad.nn import files

        numbers, task = files.parameters(self, path)
        values, before = self._parameters.values, (self._parameters.values.copy(), self.task)
        try:
            values[:], self.task = numbers, task or before[1]
        except BaseException:  # Ctrl-C too
            values[:], self.task = before
            raise

    def __repr__(self) -> str:
        names = layers.repeated(self._activations)
        bias = "" if self._bias else ", no bias"
        drop = f", dropout {layers.repeated(self.dropout)}" if any(self.dropout) else ""
        count = len(self._parameters)
        return f"<NN {list(self._arch)}, {names}{bias}{drop}, {count} parameter{'s' if count > 1 else ''}>"
