"""What an engine is told to do: so many epochs of training, as one object for both engines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import numpy
    import numpy.typing

    Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
    Order: TypeAlias = numpy.typing.NDArray[numpy.int64]
    Seeds: TypeAlias = numpy.typing.NDArray[numpy.uint64]


class Epochs(NamedTuple):
    """Some epochs of training. Arrays are C-contiguous, ``order`` of int64, ``seeds`` of uint64, all others of float64.

    Changed from step to step: ``values`` and ``grads``, (parameters,), and ``state``, (states, parameters). Written:
    ``losses``, one for each epoch, so its length says how many there are; and ``best``, (parameters,), the parameters
    with the least loss, if that is below ``best_loss``.
    """

    values: Array
    grads: Array
    state: Array
    x: Array  # (rows, inputs)
    y: Array  # (rows, targets)
    losses: Array
    batch: int  # rows in a step
    mean: bool  # whether a step's loss is the mean over its rows, not the sum
    lrs: Array  # (groups,): the learning rate of each group of parameters
    rates: Array | None = None  # (times, groups): other ones in each epoch, or in each batch of each epoch
    missed: Array | None = None  # (groups,): how many of the steps passed each group, which is told so much less
    order: Order | None = None  # (epochs, rows): the numbers of the rows in turn; None: as they are
    seeds: Seeds | None = None  # (epochs,): from them comes what dropout leaves out; None: it leaves out nothing
    step: int = 0  # how many steps are done: their number goes on from here
    clip: float = 0.0  # the largest norm of a gradient; 0: no bound
    difference: float = 0.0  # the step of finite differences; 0: derivatives are exact
    best: Array | None = None
    best_loss: float = math.inf
