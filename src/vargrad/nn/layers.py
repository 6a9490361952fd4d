"""NN's arguments arch, activation and data, checked, and the table that NN.summary shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from vargrad._util.errors import as_float, known
from vargrad.nn.initialisers import GAINS

ACTIVATIONS = tuple(GAINS)
_OTHER_NAMES = {"swish": "silu", "logistic": "sigmoid", "expit": "sigmoid", "none": "identity"}  # of other libraries


def architecture(arch: Any) -> tuple[int, ...]:
    """The argument arch as a tuple; TypeError or ValueError for anything but two or more positive ints."""
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


def per_layer(activation: Any, output_activation: Any, layers: int) -> tuple[str, ...]:
    """The name of each layer's activation from the two arguments; TypeError or ValueError if they do not fit."""
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
        if isinstance(name, str) and name.lower().replace("_", "") in ("softmax", "logsoftmax"):
            log = "log" in name.lower()
            raise ValueError(
                f"activation {name!r} works on a whole layer, and is part of the loss here: build the network with "
                "output_activation='identity' and train it with loss='cross_entropy', which takes outputs without it; "
                f"then predict gives labels, and {'numpy.log of ' * log}predict_proba the {'log-' * log}probabilities"
            )
        known("activation", name, (*ACTIVATIONS, "linear"), _OTHER_NAMES)
    return tuple("identity" if name == "linear" else name for name in names)


def repeated(values: Sequence[Any]) -> str:
    """The words for one value in each layer: one for all of them, where they are the same."""
    return " ".join(map(str, values[:1] if len(set(values)) == 1 else values))


def dropout(given: Any, hidden: int) -> tuple[float, ...]:
    """The argument dropout as a share for each hidden layer; TypeError or ValueError for what is none."""
    many = isinstance(given, (list, tuple))
    if many and len(given) != hidden:
        raise ValueError(f"dropout lists {len(given)} share(s) for {hidden} hidden layer(s): give one per hidden layer")
    shares = [as_float(x, "dropout") for x in (given if many else [given] * max(hidden, 1))]
    for x in shares:
        if not 0.0 <= x < 1.0:
            raise ValueError(f"dropout must be a share of at least 0 and below 1, not {x!r}")
    if not hidden and any(shares):
        raise ValueError("dropout leaves out outputs of hidden layers, and this network has none")
    return tuple(shares[:hidden])


class Table(str):
    """A text that the interactive interpreter shows as it is, without print."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def summary(arch: Sequence[int], activations: Sequence[str], bias: bool) -> Table:
    """One line for each layer, and the total."""
    rows = [("layer", "weights", "biases", "activation", "parameters")]
    total = 0
    for i, (n_in, n_out, name) in enumerate(zip(arch, arch[1:], activations, strict=False), 1):
        biases = n_out if bias else 0
        total += n_out * n_in + biases
        rows.append((f"{i}", f"({n_out}, {n_in})", f"{biases}", name, f"{n_out * n_in + biases}"))
    rows.append(("total", "", "", "", f"{total}"))
    *left, last = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["".join(f"{x:<{w}}  " for x, w in zip(row, left, strict=False)) + f"{row[-1]:>{last}}" for row in rows]
    return Table("\n".join(lines))


def rows(data: Any) -> Iterator[Any]:
    """The rows of data one by one; TypeError for what has none."""
    try:
        found: Iterator[Any] = iter(data)
    except TypeError:
        raise TypeError(f"data must be a list of rows, not {type(data).__name__} ({data!r:.60})") from None
    return found


def values(row: Any, i: int) -> list[Any]:
    """Row ``i`` of the data as a list; TypeError for what is none."""
    if isinstance(row, (str, bytes)) or not isinstance(row, Iterable):
        raise TypeError(f"row {i} of the data must be a list of numbers, not {type(row).__name__} ({row!r:.60})")
    return list(row)
