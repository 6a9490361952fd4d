"""Blocks of the pure twin: leaves whose numbers lie in arrays."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from vargrad._core.leaves_py import Cell
from vargrad._core.var_py import Var
from vargrad._util import errors


class Block:
    """Leaves whose values lie side by side in memory, and their grads too: two arrays that others may write to.

    ``values``: real numbers, one for each leaf; ``requires_grad``: of all of them, at first. ``leaves``: the list of
    Vars, each like any other. Both directions are live: what is written to the arrays is what the Vars have, and the
    other way round, ``backward`` included. Writing to a value is an edit as ``leaf.value = x`` is: a graph recorded
    before it raises RuntimeError in its ``backward`` until the value is back. The arrays stay, and stay bound to the
    leaves, as long as there is a leaf or a view. A leaf that is copied or pickled by itself becomes one of its own; a
    Block takes its leaves along. Raises TypeError for what is no real number.

    >>> import numpy
    >>> from vargrad._core.var import Block
    >>> block = Block([1.0, 2.0])
    >>> values, grads = numpy.asarray(block.values), numpy.asarray(block.grads)
    >>> w, b = block.leaves
    >>> (w * w + b).backward()
    >>> grads.tolist()
    [2.0, 1.0]
    >>> values -= 0.1 * grads
    >>> w.value, b.value
    (0.8, 1.9)
    """

    __slots__ = ("_grads", "_leaves", "_values", "leaves")

    def __init__(self, values: Iterable[float], requires_grad: bool = True) -> None:
        wanted = bool(requires_grad)
        self._values: array[float] = errors.as_doubles(list(values), "values")
        self._grads = array("d", bytes(8 * len(self._values)))
        self.leaves: list[Var] = []
        for i, x in enumerate(self._values):
            leaf = Var(x, wanted)
            leaf._cell = Cell(self._values, self._grads, i)
            self.leaves.append(leaf)
        self._leaves = tuple(self.leaves)

    @property
    def values(self) -> memoryview[float]:
        """A view of all values."""
        return memoryview(self._values)

    @property
    def grads(self) -> memoryview[float]:
        """A view of all grads; those of leaves that want none say nothing."""
        return memoryview(self._grads)

    @property
    def frozen(self) -> int:
        """The place of the first leaf that wants no grad, or -1."""
        return next((i for i, v in enumerate(self._leaves) if not v._requires_grad), -1)

    def __len__(self) -> int:
        return len(self._values)

    def _state(self) -> tuple[list[float], list[bool], list[float]]:
        """Values, requires_grad and grads, for copies and pickles. var.py registers it with copyreg."""
        return self._values.tolist(), [v.requires_grad for v in self._leaves], self._grads.tolist()
