"""Parameters by the array: the values and gradients of many Vars at once, in one block or gathered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from vargrad import _core_py
from vargrad._core import Var

if TYPE_CHECKING:
    import numpy
    import numpy.typing

    Array: TypeAlias = numpy.typing.NDArray[numpy.float64]


class Block(Protocol):
    """Parameters whose numbers lie in two arrays, as NN.parameters: writing to these is writing to the leaves."""

    @property
    def values(self) -> Array: ...
    @property
    def grads(self) -> Array: ...


class Leaves:
    """The same for leaves that lie anywhere: reading gathers, writing scatters, all of them or none."""

    def __init__(self, leaves: Iterable[Var], what: str) -> None:
        self.leaves = tuple(leaves)
        if not self.leaves:
            raise ValueError(f"{what}: the list of parameters is empty")
        for i, v in enumerate(self.leaves):
            if not isinstance(v, (Var, _core_py.Var)):
                raise TypeError(f"{what}: parameters[{i}] must be a Var, not {type(v).__name__} ({v!r:.60})")
            if v.prev_op is not None:
                raise ValueError(
                    f"{what}: parameters[{i}] is computed (the result of {v.prev_op!r}), and only leaves can be "
                    "changed: give what it was computed from, or detach() it"
                )
            if not v.requires_grad:
                raise ValueError(f"{what}: parameters[{i}] has no .grad: build it with requires_grad=True")
        places = {id(v): i for i, v in enumerate(self.leaves)}
        for i, v in enumerate(self.leaves):
            if places[id(v)] != i:
                raise ValueError(f"{what}: parameters[{i}] is in the list twice")

    @property
    def values(self) -> Array:
        import numpy

        return numpy.array([v.value for v in self.leaves])

    @values.setter
    def values(self, to: Array) -> None:
        for v, x in zip(self.leaves, to.tolist(), strict=True):
            v.value = x

    @property
    def grads(self) -> Array:
        import numpy

        return numpy.array([v.grad for v in self.leaves])

    @grads.setter
    def grads(self, to: Array) -> None:
        for v, x in zip(self.leaves, to.tolist(), strict=True):
            v.grad = x


def of(parameters: Any, what: str) -> Block | Leaves:
    """What reads and writes ``parameters``: an NN's, or any Vars; errors begin with ``what``."""
    if hasattr(parameters, "values") and hasattr(parameters, "grads"):
        return parameters  # type: ignore[no-any-return]
    if isinstance(parameters, (Var, _core_py.Var)):
        return Leaves([parameters], what)
    if hasattr(parameters, "parameters"):
        raise TypeError(f"{what}: give the model's parameters, model.parameters, not the model")
    if isinstance(parameters, (str, bytes)) or not isinstance(parameters, Iterable):
        raise TypeError(f"{what}: parameters must be a list of Vars, not {type(parameters).__name__}")
    return Leaves(parameters, what)


def set_values(parameters: Block | Leaves, to: Array) -> None:
    """Make the parameters these numbers, shape (parameters,)."""
    if isinstance(parameters, Leaves):
        parameters.values = to
    else:
        parameters.values[:] = to


def set_grads(parameters: Block | Leaves, to: Array | float) -> None:
    """Make the gradients these numbers, or all of them this one."""
    if isinstance(parameters, Leaves):
        import numpy

        parameters.grads = numpy.broadcast_to(numpy.asarray(to, float), len(parameters.leaves))
    else:
        parameters.grads[:] = to
