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
    from vargrad._train.epochs import Epochs
    from vargrad._train.programs import NetworkPrograms
    from vargrad._vm.program import Program

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
IMPLEMENTATION = "python"


def _machine(program: Program | None) -> Machine | None:
    return None if program is None else Machine(program)


def uniform(seed: int, first: int, count: int) -> Array:
    """So many numbers from 0 to 1, from number ``first`` on, of the generator SplitMix64 from this seed.

    Steele, Lea and Flood 2014. dense.c has the same.
    """
    u = numpy.uint64
    n = numpy.arange(first + 1, first + 1 + count, dtype=u)
    with numpy.errstate(over="ignore"):
        z = u(seed) + n * u(0x9E3779B97F4A7C15)
        z = (z ^ z >> u(30)) * u(0xBF58476D1CE4E5B9)
        z = (z ^ z >> u(27)) * u(0x94D049BB133111EB)
    return ((z ^ z >> u(31)) >> u(11)).astype(float) * 2.0**-53


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
        # how many outputs of each hidden layer may be dropped
        self._dropped = [n if rate else 0 for n, rate in zip(network.sizes[1:-1], network.dropout, strict=False)]
        self._is_weight = numpy.array([x for layer in weights for x in layer])
        self.epoch = self.at = self.step = 0
        self.best_loss = math.inf

    def _inputs(self, x: Array) -> Array:
        return numpy.vstack([x, numpy.ones((int(self.network.bias), x.shape[1]))])

    def factors(self, seed: int, at: int, rows: int) -> list[Array | None]:
        """What dropout multiplies each layer's outputs by, (outputs, rows), in rows ``at`` and so on of an epoch."""
        units = sum(self._dropped)
        table = uniform(seed, at * units, rows * units).reshape(rows, units).T
        found: list[Array | None] = [None] * len(self._slices)
        start = 0
        for i, (count, rate) in enumerate(zip(self._dropped, self.network.dropout, strict=False)):
            if count:
                found[i] = numpy.where(table[start : start + count] < rate, 0.0, 1.0 / (1.0 - rate))
            start += count
        return found

    def _pass(
        self, values: Array, x: Array, factors: list[Array | None] | None = None
    ) -> tuple[list[Array], list[Array], Array]:
        """The forward pass: each layer's inputs (inputs + bias, rows) and z (outputs, rows), and the last outputs."""
        layers, sums, a = [], [], numpy.ascontiguousarray(x.T)
        with numpy.errstate(all="ignore"):
            for i, ((place, shape), machine) in enumerate(zip(self._slices, self._forward, strict=True)):
                layers.append(self._inputs(a))
                sums.append(values[place].reshape(shape) @ layers[-1])
                a = sums[-1]
                if machine is not None:
                    a = numpy.empty_like(a)
                    machine.run([sums[-1].reshape(-1)], [a.reshape(-1)])
                if factors is not None and (factor := factors[i]) is not None:
                    a = a * factor
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

    def _value(
        self,
        values: Array,
        x: Array,
        y: Array,
        weight: float,
        share: float,
        grads: Array | None,
        factors: list[Array | None] | None = None,
    ) -> float:
        """The same with the penalty times ``share``, and outputs of layers times ``factors``."""
        self._check(values, x, y)
        if not len(x):
            raise ValueError("no rows")
        layers, sums, a = self._pass(values, x, factors)
        losses, da = self._loss(a, numpy.ascontiguousarray(y.T), weight)
        with numpy.errstate(all="ignore"):
            total = weight * float(losses.sum())
            for i in reversed(range(len(layers)) if grads is not None else ()):
                machine, (place, shape) = self._backward[i], self._slices[i]
                if factors is not None and (factor := factors[i]) is not None:
                    da = da * factor
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
        self,
        values: Array,
        x: Array,
        y: Array,
        weight: float,
        share: float,
        h: float,
        grads: Array,
        factors: list[Array | None] | None,
    ) -> float:
        total = self._value(values, x, y, weight, share, None, factors)
        for i in range(len(values) if math.isfinite(total) else 0):
            saved = values[i]
            values[i] = saved + h
            try:
                grads[i] = (self._value(values, x, y, weight, share, None, factors) - total) / h
            finally:
                values[i] = saved
        return total

    def train(self, work: Epochs) -> bool:
        """Train as ``work`` says. False at a batch whose loss is not finite, else True."""
        values, grads, rows, batch = work.values, work.grads, len(work.x), work.batch
        self._check(values, work.x, work.y)
        self._check_training(work)
        self.epoch, self.at, self.step, self.best_loss = 0, 0, work.step, work.best_loss
        now, rates, order = work.lrs, work.rates, work.order
        passed = numpy.zeros(len(now)) if work.missed is None else work.missed
        each = 1 if rates is None or len(rates) == len(work.losses) else -(-rows // batch)  # rates in an epoch
        for epoch in range(len(work.losses)):
            total = 0.0
            for at in range(0, rows, batch):
                some = slice(at, at + batch) if order is None else order[epoch, at : at + batch]
                xs, ys = work.x[some], work.y[some]
                weight = 1.0 / len(xs) if work.mean else 1.0
                share = 1.0 if work.mean else len(xs) / rows  # so that a sum over batches has one penalty
                drops = work.seeds is not None and any(self._dropped)
                factors = self.factors(int(work.seeds[epoch]), at, len(xs)) if drops else None  # type: ignore[index]
                if work.difference > 0.0:
                    loss = self._differences(values, xs, ys, weight, share, work.difference, grads, factors)
                else:
                    loss = self._value(values, xs, ys, weight, share, grads, factors)
                if not math.isfinite(loss):
                    return False
                total += loss * len(xs) if work.mean else loss
                if rates is not None:
                    now = rates[epoch * each + (at // batch if each > 1 else 0)]
                if work.clip > 0.0:
                    self._clip(grads, work.clip)
                if len(xs) == rows:
                    self._keep_best(work.best, values, loss)
                self._step(values, grads, work.state, now, self.step + 1 - passed)
                self.step, self.at = self.step + 1, at + len(xs)
            work.losses[epoch] = total / rows if work.mean else total
            if batch < rows:
                self._keep_best(work.best, values, float(work.losses[epoch]))
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

    def _check_training(self, work: Epochs) -> None:
        rows, epochs, parameters, groups = len(work.x), len(work.losses), len(work.values), len(self._updates)
        _expect("grads", len(work.grads), parameters)
        _expect("rows of state", len(work.state), self.network.states)
        _expect("columns of state", work.state.shape[1], parameters)
        _expect("lrs", len(work.lrs), groups)
        if not rows or work.batch < 1 or not epochs:
            raise ValueError(f"{rows} rows, batches of {work.batch}, {epochs} epochs: expected 1 or more")
        if work.order is not None:
            _expect("rows of order", len(work.order), epochs)
            _expect("columns of order", work.order.shape[1], rows)
            if work.order.min() < 0 or work.order.max() >= rows:
                raise ValueError(f"order has {work.order.min()} to {work.order.max()}, expected 0 to {rows - 1}")
        if work.rates is not None:
            batches = 1 if len(work.rates) == epochs else -(-rows // work.batch)
            _expect("rows of rates", len(work.rates), epochs * batches)
            _expect("columns of rates", work.rates.shape[1], groups)
        if work.seeds is not None:
            _expect("seeds", len(work.seeds), epochs)
        if work.missed is not None:
            _expect("missed", len(work.missed), groups)
        if work.best is not None:
            _expect("best", len(work.best), parameters)

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
