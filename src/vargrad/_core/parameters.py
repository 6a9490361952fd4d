"""The values and gradients of many Vars as arrays: views of one block of memory, or gathered from anywhere."""

from __future__ import annotations

import copy
import functools
import weakref
from collections.abc import Iterable, Sequence
from operator import is_
from typing import TYPE_CHECKING, Any, TypeAlias

from vargrad._core import var, var_py
from vargrad._core.var import Block, Var

if TYPE_CHECKING:
    import numpy
    import numpy.typing

    Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
    Mask: TypeAlias = numpy.typing.NDArray[numpy.bool_]


# The lists of all networks that there are, for pickles and copies of Leaves.
_living: weakref.WeakValueDictionary[int, Parameters] = weakref.WeakValueDictionary()


class Parameters(list[Var]):
    """A network's parameters: a list of Vars whose numbers lie side by side in memory.

    ``values``, ``grads``: writable NumPy views of shape (parameters,); writing to them is writing to the Vars, and the
    other way round. Whatever is put into the list is what the network computes with, as in the article; a list that
    holds other Vars than its own has no such views, and says so with ValueError.

    >>> from vargrad import NN
    >>> parameters = NN([2, 1], seed=0).parameters
    >>> parameters.values[:] = [1.0, 2.0, 3.0]
    >>> parameters[1].value
    2.0
    >>> parameters[1].value += 0.5
    >>> parameters.values.tolist()
    [1.0, 2.5, 3.0]
    """

    __slots__ = ("__weakref__", "_block", "_grads", "_own", "_values")

    def __init__(self, block: Block | None, leaves: Iterable[Var] = ()) -> None:
        super().__init__(leaves if block is None else block.leaves)
        self._block = block
        self._own = block is not None  # False: the list may have been edited, so look before trusting the block
        self._values: Array | None = None
        self._grads: Array | None = None
        if block is not None:
            _living[id(self)] = self

    @property
    def values(self) -> Array:
        """The parameters' values, as a writable view."""
        self._check()
        return self._values  # type: ignore[return-value]

    @property
    def grads(self) -> Array:
        """Their grads, as a writable view; AttributeError if a parameter has requires_grad false."""
        self._check()
        i = self._block.frozen  # type: ignore[union-attr]
        if i >= 0:
            raise AttributeError(f"parameters[{i}] has no .grad: set its requires_grad to True")
        return self._grads  # type: ignore[return-value]

    @property
    def all_grads(self) -> Array:
        """The grads as a writable view also where parameters are frozen; the numbers in their places mean nothing."""
        self._check()
        return self._grads  # type: ignore[return-value]

    @property
    def none_frozen(self) -> bool:
        """Whether all of them have requires_grad."""
        return self.own and self._block.frozen < 0  # type: ignore[union-attr]

    def _check(self) -> None:
        """Make the views, or raise ValueError where the list no longer holds the block's own Vars."""
        if not self._own:
            own = [] if self._block is None else self._block.leaves
            for i, v in enumerate(self):
                if i >= len(own) or v is not own[i]:
                    raise ValueError(
                        f"parameters[{i}] was put into the list and is none of the network's own: set .value of its "
                        "own ones instead, as in p.value -= lr * p.grad"
                    )
            if len(self) != len(own):
                raise ValueError(f"parameters has {len(self)} of the network's {len(own)}: the others were taken out")
            self._own = True
        if self._values is None or self._grads is None:  # an interrupt may come between the two
            import numpy

            # Not asarray: where memory is refused it gives a copy, and writing to that changes no parameter.
            self._grads = numpy.frombuffer(self._block.grads)  # type: ignore[union-attr, arg-type]
            self._values = numpy.frombuffer(self._block.values)  # type: ignore[union-attr, arg-type]

    @property
    def own(self) -> bool:
        """Whether the list holds what it held at first."""
        if not self._own and self._block is not None and len(self) == len(self._block.leaves):
            self._own = all(map(is_, self, self._block.leaves))
        return self._own

    def __repr__(self) -> str:
        first, last = self[:3], self[3:][-1:]
        shown = [f"{v.value:.4g}" for v in first] + ["..."] * (len(self) > 4) + [f"{v.value:.4g}" for v in last]
        return f"<Parameters, {len(self)} Var{'s' * (len(self) != 1)}: {', '.join(shown)}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return (Parameters, (self._block,)) if self.own else (Parameters, (None, list(self)))

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameters:
        """A copy; elsewhere in what is copied, these Vars are the copy's too."""
        if not self.own:
            return Parameters(None, copy.deepcopy(list(self), memo))
        twin = Parameters(copy.deepcopy(self._block, memo))
        memo.update((id(v), new) for v, new in zip(self, twin, strict=True))
        return twin


def _editing(name: str) -> Any:
    method = getattr(list, name)

    @functools.wraps(method)
    def edit(self: Parameters, *args: Any, **kwargs: Any) -> Any:
        self._own = False
        return method(self, *args, **kwargs)

    return edit


# All that changes a list; reading stays list's own, as fast as ever.
_SPECIAL = ("__setitem__", "__delitem__", "__iadd__", "__imul__")
for _name in (*_SPECIAL, "append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse"):
    setattr(Parameters, _name, _editing(_name))


class Leaves:
    """Leaves anywhere in memory with ``values`` and ``grads`` as arrays: reading gathers, writing sets all or none.

    ``frozen``: whether leaves without requires_grad may be among them.
    """

    def __init__(self, leaves: Iterable[Var], what: str, frozen: bool = False) -> None:
        self.leaves = tuple(leaves)
        if not self.leaves:
            raise ValueError(f"{what}: the list of parameters is empty")
        for i, v in enumerate(self.leaves):
            if not isinstance(v, (Var, var_py.Var)):
                raise TypeError(f"{what}: parameters[{i}] must be a Var, not {type(v).__name__} ({v!r:.60})")
            if v.prev_op is not None:
                raise ValueError(
                    f"{what}: parameters[{i}] is computed (the result of {v.prev_op!r}), and only leaves can be "
                    "changed: give what it was computed from, or detach() it"
                )
            if not (frozen or v.requires_grad):
                raise ValueError(f"{what}: parameters[{i}] has no .grad: build it with requires_grad=True")
        kinds = set(map(type, self.leaves))
        self._kind: type | None = kinds.pop() if len(kinds) == 1 else None  # None: Vars of both twins
        places = {id(v): i for i, v in enumerate(self.leaves)}
        for i, v in enumerate(self.leaves):
            if places[id(v)] != i:
                raise ValueError(f"{what}: parameters[{i}] is in the list twice")

    def __reduce__(self) -> tuple[Any, ...]:
        """For copies and pickles: a network's Vars by their places in its list.

        A Var that is pickled by itself becomes a leaf of its own. By its place it is the same Var as that of a network
        that is pickled or copied together with these leaves.
        """
        wanted = set(map(id, self.leaves))
        lists = [own for own in list(_living.values()) if own.own and any(id(v) in wanted for v in own)]
        places = {id(v): (own, i) for own in lists for i, v in enumerate(own)}
        return _leaves_at, ([places.get(id(v), (None, v)) for v in self.leaves],)

    @property
    def _twin(self) -> Any:
        """The module of these Vars' twin; None if they are of both."""
        return var.module if self._kind is Var else var_py if self._kind is var_py.Var else None

    @property
    def values(self) -> Array:
        import numpy

        twin = self._twin
        if twin is None:
            return numpy.array([v.value for v in self.leaves])
        found = numpy.empty(len(self.leaves))
        twin.leaf_values(self.leaves, found)
        return found

    @values.setter
    def values(self, to: Array) -> None:
        import numpy

        twin = self._twin
        if twin is None:
            self._scatter("value", self.leaves, to.tolist())
        else:
            twin.set_leaf_values(self.leaves, numpy.ascontiguousarray(to, float))

    @property
    def grads(self) -> Array:
        import numpy

        found, twin = numpy.empty(len(self.leaves)), self._twin
        if twin is not None and twin.leaf_grads(self.leaves, found):
            return found
        return numpy.array([v.grad for v in self.leaves])

    def _scatter(self, name: str, leaves: Sequence[Var], numbers: list[float]) -> None:
        before = [getattr(v, name) for v in leaves]
        try:
            for v, x in zip(leaves, numbers, strict=True):
                setattr(v, name, x)
        except BaseException:  # Ctrl-C too
            for v, x in zip(leaves, before, strict=True):
                setattr(v, name, x)
            raise

    def set_grads(self, to: Array | float) -> None:
        """Make the gradients these numbers, or all of them this one, where requires_grad is true."""
        twin = self._twin
        if twin is not None:
            twin.set_leaf_grads(self.leaves, to)
            return
        numbers = [to] * len(self.leaves) if isinstance(to, float) else to.tolist()
        pairs = [(v, x) for v, x in zip(self.leaves, numbers, strict=True) if v.requires_grad]
        self._scatter("grad", [v for v, _ in pairs], [x for _, x in pairs])


def _leaves_at(places: Iterable[tuple[Parameters | None, Any]]) -> Leaves:
    """Leaves from pairs of a list and the place in it, or of None and the Var."""
    return Leaves((v if own is None else own[v] for own, v in places), "pickle", frozen=True)


def of(parameters: Any, what: str) -> Parameters | Leaves:
    """Access by arrays to an NN's parameters, some of which may be frozen, or to any leaves with requires_grad.

    ``what``: the beginning of error messages.
    """
    if isinstance(parameters, Parameters) and parameters.own:
        return parameters
    if isinstance(parameters, (Var, var_py.Var)):
        return Leaves([parameters], what)
    if hasattr(parameters, "parameters"):
        raise TypeError(f"{what}: give the model's parameters, model.parameters, not the model")
    if isinstance(parameters, (str, bytes)) or not isinstance(parameters, Iterable):
        raise TypeError(f"{what}: parameters must be a list of Vars, not {type(parameters).__name__}")
    return Leaves(parameters, what, frozen=isinstance(parameters, Parameters))


def frozen(parameters: Parameters | Leaves) -> Mask | None:
    """Where requires_grad is false: bools of shape (parameters,), or None if nowhere."""
    import numpy

    own = parameters.leaves if isinstance(parameters, Leaves) else parameters
    if isinstance(parameters, Parameters) and parameters.none_frozen:
        return None
    found = numpy.array([not v.requires_grad for v in own])
    return found if found.any() else None


def trainable_grads(parameters: Parameters | Leaves) -> tuple[Array, Mask | None]:
    """The gradients, 0 for frozen parameters, as a new array or a view; and the mask of ``frozen()``."""
    import numpy

    try:
        return parameters.grads, None
    except AttributeError:
        own = parameters.leaves if isinstance(parameters, Leaves) else parameters
        return numpy.array([v.grad if v.requires_grad else 0.0 for v in own]), frozen(parameters)


def are(parameters: Parameters | Leaves, others: Sequence[Var]) -> bool:
    """Whether the others are the same Vars in the same order."""
    own = parameters.leaves if isinstance(parameters, Leaves) else parameters
    return own is others or (len(own) == len(others) and all(map(is_, own, others)))


def set_values(parameters: Parameters | Leaves, to: Array) -> None:
    """Make the parameters these numbers, shape (parameters,)."""
    if isinstance(parameters, Leaves):
        parameters.values = to
    else:
        parameters.values[:] = to


def set_grads(parameters: Parameters | Leaves, to: Array | float) -> None:
    """Make the gradients these numbers, or all of them this one; those of frozen parameters stay as they are."""
    if isinstance(parameters, Leaves):
        parameters.set_grads(to)
        return
    if parameters.none_frozen:
        parameters.grads[:] = to
        return
    import numpy

    held = frozen(parameters)
    numpy.copyto(parameters.all_grads, to, where=True if held is None else ~held)
