"""The engine that trains networks, in NumPy: used where the compiled one is not built, and to test it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy
import numpy.typing

from vargrad._vm.machine_py import Machine
from vargrad.optim.clipping import norm_and_scale

if TYPE_CHECKING:
    from vargrad._train.programs import NetworkPrograms
    from vargrad._vm.program import Program

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
Order: TypeAlias = numpy.typing.NDArray[numpy.int64]
IMPLEMENTATION = "python"


def _machine(program: Program | None) -> Machine | None:
    return None if program is None else Machine(program)


class Engine:
    """Trains one network.

    ``epoch``, ``at`` (a row of it), ``step`` and ``best_loss`` say how far the last call of train came, also after an
    exception.
    Raises ValueError for arrays that do not fit.
    """

    def __init__(self, network: NetworkPrograms) -> None:
        self.network = network
        self._forward = [_machine(p) for p in network.forward]
        self._backward = [_machine(p) for p in network.backward]
        self._loss: Callable[[Array, Array, float], tuple[Array, Array]]
        self._loss = network.loss if callable(network.loss) else _loss_by(Machine(network.loss))
        self._updates = [(update, Machine(update.program), update.places) for update in network.updates]
        self._penalty = _machine(network.penalty)
        self._slices: list[tuple[slice, tuple[int, int]]] = []
        start = 0
        weights = []
        for n, m in zip(network.sizes, network.sizes[1:], strict=False):
            shape = m, n + network.bias
            self._slices.append((slice(start, start + m * shape[1]), shape))
            start += m * shape[1]
            weights.append(([1.0] * n + [0.0] * network.bias) * m)
        self._is_weight = numpy.array([x for layer in weights for x in layer])
        self.epoch = self.at = self.step = 0
        self.best_loss = math.inf

    def _inputs(self, x: Array) -> Array:
        return numpy.vstack([x, numpy.ones((int(self.network.bias), x.shape[1]))])

    def _pass(self, values: Array, x: Array) -> tuple[list[Array], list[Array], Array]:
        """The forward pass: each layer's inputs (inputs + bias, rows) and z (outputs, rows), and the last outputs."""
        layers, sums, a = [], [], numpy.ascontiguousarray(x.T)
        with numpy.errstate(all="ignore"):
            for (place, shape), machine in zip(self._slices, self._forward, strict=True):
                layers.append(self._inputs(a))
                sums.append(values[place].reshape(shape) @ layers[-1])
                a = sums[-1]
                if machine is not None:
                    a = numpy.empty_like(a)
                    machine.run([sums[-1].reshape(-1)], [a.reshape(-1)])
        return layers, sums, a

    def _check(self, values: Array, x: Array, y: Array | None = None) -> None:
        network = self.network
        _expect("values", len(values), network.parameters)
        _expect("columns of x", x.shape[1], network.sizes[0])
        if y is not None:
            _expect("columns of y", y.shape[1], network.targets)
            _expect("rows of y", len(y), len(x))

    def outputs(self, values: Array, x: Array, out: Array) -> None:
        """Write the last layer's outputs for each row of x into ``out``."""
        self._check(values, x)
        _expect("rows of out", len(out), len(x))
        _expect("columns of out", out.shape[1], self.network.sizes[-1])
        out[...] = self._pass(values, x)[2].T

    def value(self, values: Array, x: Array, y: Array, weight: float, grads: Array | None = None) -> float:
        """The sum of the rows' losses times ``weight``, plus the penalty; writes its derivatives into ``grads``."""
        return self._value(values, x, y, weight, 1.0, grads)

    def _value(self, values: Array, x: Array, y: Array, weight: float, share: float, grads: Array | None) -> float:
        """The same with the penalty times ``share``."""
        self._check(values, x, y)
        if not len(x):
            raise ValueError("no rows")
        layers, sums, a = self._pass(values, x)
        losses, da = self._loss(a, numpy.ascontiguousarray(y.T), weight)
        with numpy.errstate(all="ignore"):
            total = weight * float(losses.sum())
            for i in reversed(range(len(layers)) if grads is not None else ()):
                machine, (place, shape) = self._backward[i], self._slices[i]
                dz = da
                if machine is not None:
                    dz = numpy.empty_like(da)
                    machine.run([sums[i].reshape(-1), da.reshape(-1)], [dz.reshape(-1)])
                grads[place] = (dz @ layers[i].T).reshape(-1)  # type: ignore[index]
                da = numpy.ascontiguousarray(values[place].reshape(shape)[:, : self.network.sizes[i]].T @ dz)
        if self._penalty is not None:
            found = numpy.empty((2, len(values)))
            self._penalty.run([values, self._is_weight], [found])
            total += share * float(found[0].sum())
            if grads is not None:
                grads += share * found[1]
        return total

    def _differences(
        self, values: Array, x: Array, y: Array, weight: float, share: float, h: float, grads: Array
    ) -> float:
        total = self._value(values, x, y, weight, share, None)
        for i in range(len(values) if math.isfinite(total) else 0):
            saved = values[i]
            values[i] = saved + h
            try:
                grads[i] = (self._value(values, x, y, weight, share, None) - total) / h
            finally:
                values[i] = saved
        return total

    def train(
        self,
        values: Array,
        grads: Array,
        state: Array,
        x: Array,
        y: Array,
        losses: Array,
        lrs: Array,
        batch: int,
        mean: bool,
        *,
        order: Order | None = None,
        rates: Array | None = None,
        missed: Array | None = None,
        step: int = 0,
        clip: float = 0.0,
        difference: float = 0.0,
        best: Array | None = None,
        best_loss: float = math.inf,
    ) -> bool:
        """Train for as many epochs as ``losses`` has places. False at a batch whose loss is not finite, else True.

        ``lrs``: the learning rate of each group of parameters. ``order``: the order of rows in each epoch. ``rates``:
        the groups' learning rates in each epoch, or in each batch of each, (times, groups). The number of the step goes
        on from ``step``; ``missed``: how many of these steps passed each group, which is told so much less.
        ``best``: receives the parameters of the least loss, if it is below ``best_loss``.
        """
        self._check(values, x, y)
        self._check_training(values, grads, state, x, losses, lrs, batch, order, rates, missed, best)
        self.epoch, self.at, self.step, self.best_loss = 0, 0, step, best_loss
        now, rows = lrs, len(x)
        passed = numpy.zeros(len(lrs)) if missed is None else missed
        each = 1 if rates is None or len(rates) == len(losses) else -(-rows // batch)  # rates in an epoch
        for epoch in range(len(losses)):
            total = 0.0
            for at in range(0, rows, batch):
                some = slice(at, at + batch) if order is None else order[epoch, at : at + batch]
                xs, ys = x[some], y[some]
                weight = 1.0 / len(xs) if mean else 1.0
                share = 1.0 if mean else len(xs) / rows  # so that a sum over batches has one penalty
                if difference > 0.0:
                    loss = self._differences(values, xs, ys, weight, share, difference, grads)
                else:
                    loss = self._value(values, xs, ys, weight, share, grads)
                if not math.isfinite(loss):
                    return False
                total += loss * len(xs) if mean else loss
                if rates is not None:
                    now = rates[epoch * each + (at // batch if each > 1 else 0)]
                if clip > 0.0:
                    self._clip(grads, clip)
                if len(xs) == rows:
                    self._keep_best(best, values, loss)
                self._step(values, grads, state, now, self.step + 1 - passed)
                self.step, self.at = self.step + 1, at + len(xs)
            losses[epoch] = total / rows if mean else total
            if batch < rows:
                self._keep_best(best, values, float(losses[epoch]))
            self.epoch, self.at = epoch + 1, 0
        return True

    def _step(self, values: Array, grads: Array, state: Array, lrs: Array, numbers: Array) -> None:
        """Update each group by its learning rate and the number of its step."""
        for (update, machine, at), lr, number in zip(self._updates, lrs, numbers, strict=True):
            if len(at):
                new = numpy.empty((1 + update.states, len(at)))
                rows = state[: update.states, at]
                machine.run([values[at], grads[at], *rows, numpy.array([lr]), numpy.array([number])], [new])
                values[at], state[: update.states, at] = new[0], new[1:]

    def _clip(self, grads: Array, max_norm: float) -> None:
        """Scale gradients of a larger norm; those whose norm is nan stay, so that an error can name the nan."""
        with numpy.errstate(all="ignore"):
            moving = numpy.concatenate([numpy.zeros(0), *(grads[at] for _, _, at in self._updates)])
            scale = norm_and_scale(moving, max_norm)[1]
            if scale < 1.0:
                grads *= scale

    def _check_training(
        self,
        values: Array,
        grads: Array,
        state: Array,
        x: Array,
        losses: Array,
        lrs: Array,
        batch: int,
        order: Order | None,
        rates: Array | None,
        missed: Array | None,
        best: Array | None,
    ) -> None:
        _expect("grads", len(grads), len(values))
        _expect("rows of state", len(state), self.network.states)
        _expect("columns of state", state.shape[1], len(values))
        _expect("lrs", len(lrs), len(self._updates))
        if not len(x) or batch < 1 or not len(losses):
            raise ValueError(f"{len(x)} rows, batches of {batch}, {len(losses)} epochs: expected 1 or more")
        if order is not None:
            _expect("rows of order", len(order), len(losses))
            _expect("columns of order", order.shape[1], len(x))
            if order.min() < 0 or order.max() >= len(x):
                raise ValueError(f"order has {order.min()} to {order.max()}, expected 0 to {len(x) - 1}")
        if rates is not None:
            batches = 1 if len(rates) == len(losses) else -(-len(x) // batch)
            _expect("rows of rates", len(rates), len(losses) * batches)
            _expect("columns of rates", rates.shape[1], len(self._updates))
        if missed is not None:
            _expect("missed", len(missed), len(self._updates))
        if best is not None:
            _expect("best", len(best), len(values))

    def _keep_best(self, best: Array | None, values: Array, loss: float) -> None:
        if best is not None and loss < self.best_loss:
            best[:] = values
            self.best_loss = loss


def _loss_by(machine: Machine) -> Callable[[Array, Array, float], tuple[Array, Array]]:
    """A loss program as a function: see LossOfArrays in programs.py."""

    def loss(outputs: Array, targets: Array, weight: float) -> tuple[Array, Array]:
        values, slopes = numpy.empty(outputs.shape[1]), numpy.empty_like(outputs)
        machine.run([outputs, targets, numpy.array([weight])], [values, slopes])
        return values, slopes

    return loss


def _expect(what: str, found: int, wanted: int) -> None:
    if found != wanted:
        raise ValueError(f"{what}: {found}, expected {wanted}")
