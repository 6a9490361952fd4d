"""A dense network as programs of the machine, which the engines of engine_py.py and engine_c.pyx run.

No formula is written here: activations are Var's methods, losses and update rules are ordinary functions, and each is
recorded as compile does, with derivatives from the op table.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from vargrad import losses
from vargrad._compile.paths import Output
from vargrad._compile.specialization import record
from vargrad._ir.lower import lower
from vargrad._ops.codes import ARITY
from vargrad._vm.program import Program

if TYPE_CHECKING:
    import numpy
    import numpy.typing

    Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
    Ranges: TypeAlias = numpy.typing.NDArray[numpy.int64]

# A loss that is Python code: from arrays (outputs, rows), (targets, rows) and a weight, the rows' values (rows,) and
# weight times their slopes (outputs, rows).
LossOfArrays: TypeAlias = "Callable[[Array, Array, float], tuple[Array, Array]]"


@functools.lru_cache(maxsize=64)
def _reads_last(program: Program) -> bool:
    """Whether the program reads its last input."""
    last = program.n_inputs - 1
    return any(last in operands[: ARITY[op]] for op, _, *operands in program.code.tolist())


@dataclass(frozen=True, eq=False)
class Update:
    """The update rule of a group of parameters: p, g, states, lr, step -> p, states.

    ``ranges``: where they are, shape (ranges, 2): a first place and the one after the last, in order.
    """

    program: Program
    ranges: Ranges

    @property
    def states(self) -> int:
        """How many numbers it keeps for each parameter from step to step."""
        return len(self.program.outputs) - 1

    @property
    def counts_steps(self) -> bool:
        """Whether it reads the number of the step."""
        return _reads_last(self.program)

    @property
    def places(self) -> Ranges:
        """The numbers of its parameters."""
        import numpy

        return numpy.concatenate([numpy.zeros(0, int), *(numpy.arange(*pair) for pair in self.ranges.tolist())])


@dataclass(frozen=True, eq=False)
class NetworkPrograms:
    """A network's programs and sizes. Parameters: layer by layer, each neuron's weights and then its bias.

    ``forward``: z -> a of each layer, ``backward``: z, da -> dz; None for identity, where a is z. ``loss``: a row's
    outputs and targets and a weight -> value, and weight times its slope by each output. ``updates``: one
    for each group of parameters; those in none stay as they are. ``penalty``: p, and 1 for a weight or 0 for a bias ->
    value, slope. ``dropout``: for each layer but the last, the share of its outputs that training leaves out.
    """

    sizes: tuple[int, ...]
    bias: bool
    forward: tuple[Program | None, ...]
    backward: tuple[Program | None, ...]
    targets: int
    loss: Program | LossOfArrays
    updates: tuple[Update, ...] = ()
    penalty: Program | None = None
    dropout: tuple[float, ...] = ()

    @property
    def states(self) -> int:
        """How many numbers the updates keep at most for each parameter from step to step."""
        return max((update.states for update in self.updates), default=0)

    @property
    def key(self) -> Hashable:
        """Equal for networks that one engine may compute, with the same updates."""
        updates = tuple([(update.program, update.ranges.tobytes()) for update in self.updates])
        given = self.sizes, self.bias, self.forward, self.backward, self.targets, self.loss, self.penalty, self.dropout
        return *given, updates

    @property
    def parameters(self) -> int:
        """How many parameters the network has."""
        return sum((n + self.bias) * m for n, m in zip(self.sizes, self.sizes[1:], strict=False))


@cache
def activation(name: str) -> tuple[Program | None, Program | None]:
    """The forward and backward programs of an activation, by the name of Var's method."""
    if name == "identity":
        return None, None

    def value(z: Any) -> Any:
        return getattr(z, name)()

    def pulled(z: Any, slope: Any) -> Any:
        return getattr(z, name)() * slope

    forward = record(value, [[0.5]]).program(Output("value"))
    return forward, record(pulled, [[0.5], [1.0]]).program(Output("grad", (0,)))


Row: TypeAlias = Callable[[Any, Any], Any]  # the loss of one row, from lists of its outputs and its targets


def by_weight(row: Row) -> Row:
    """A row's loss times its weight, which is the last of its targets."""
    return lambda p, t: t[-1] * row(p, t[:-1])


@cache
def known_loss(name: str, outputs: int, targets: int, weighted: bool = False) -> Program:
    """The program of a loss by its name; ``weighted``: the last of so many targets is the row's weight."""
    some = [1.0 / (i + 2) for i in range(max(outputs, targets))]
    row = losses.LOSSES[name].row
    program = loss_program(by_weight(row) if weighted else row, some[:outputs], [1.0 - x for x in some[:targets]])
    assert program is not None  # the losses that have a name have no branches
    return program


def loss_program(row: Row, outputs: Sequence[float], targets: Sequence[float]) -> Program | None:
    """A row's loss as a program, recorded at these numbers; None if it has branches.

    Raises ValueError if it depends on Vars besides its arguments, and what recording raises.
    """
    from vargrad._ir.expressions import Derivatives
    from vargrad._ops.codes import MUL

    path = record(lambda p, t, _: row(list(p), list(t)), [outputs, targets, [1.0]], scalars=False)
    if path.recording.leaves:
        raise ValueError("the loss depends on Vars besides predictions and targets: it must be a function of these")
    if path.outcomes:
        return None
    g, (predictions, _, (weight,)), (root,) = (
        path.recording.expressions,
        path.recording.arguments,
        path.recording.results,
    )
    slopes = Derivatives(g, predictions).of(g.make(MUL, weight, root))
    return lower(g, [x for argument in path.recording.arguments for x in argument], [root, *slopes])


def loss_of_arrays(row: Row) -> LossOfArrays:
    """A loss with branches, compiled: each row takes its own path."""
    import numpy

    from vargrad._compile.compiled import Compiled

    compiled: Compiled[..., Any] = Compiled(lambda p, t: row(list(p), list(t)), signature="(k),(m)->()")

    def loss(outputs: Array, targets: Array, weight: float) -> tuple[Array, Array]:
        values, slopes = compiled.value_and_grad(outputs.T, targets.T, argnums=0)
        return values, numpy.ascontiguousarray(weight * slopes.T)

    return loss


@cache
def penalty_program(l1: float, l2: float) -> Program | None:
    """The penalty of a parameter, if it is a weight: l1 |p| + l2 p**2."""
    if not l1 and not l2:
        return None

    def penalty(p: Any, is_weight: Any) -> Any:
        return is_weight * (l1 * losses.l1([p]) + l2 * losses.l2([p]))

    return record(penalty, [[0.5], [1.0]]).program(Output("value_and_grad", (0,)))


def network(
    sizes: Sequence[int],
    activations: Sequence[str],
    bias: bool,
    loss: Program | LossOfArrays,
    targets: int,
    updates: Sequence[Update] = (),
    penalty: Program | None = None,
    dropout: Sequence[float] = (),
) -> NetworkPrograms:
    """The network of layers of these sizes, with an activation for each."""
    forward, backward = zip(*[activation(name) for name in activations], strict=True)
    drops = tuple(dropout) if any(dropout) else ()
    return NetworkPrograms(tuple(sizes), bias, forward, backward, targets, loss, tuple(updates), penalty, drops)
