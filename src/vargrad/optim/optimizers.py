"""The optimisers: torch's update rules, names and defaults, over a network's parameters or any list of Vars."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias

from vargrad._core import parameters as _parameters
from vargrad._core.var import Var
from vargrad._util.settings import Flag, Number, Pair
from vargrad.optim import rules

if TYPE_CHECKING:
    import numpy
    import numpy.typing

    Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
    Counts: TypeAlias = numpy.typing.NDArray[numpy.int64]

Parameters: TypeAlias = "Iterable[Var] | Var"


@functools.lru_cache(maxsize=64)
def _machine(rule: rules.Rule) -> tuple[Any, Any]:
    """The machine of a rule, and its shortcut for few parameters."""
    from vargrad._vm.machine import Machine

    machine, states = Machine(rule.program()), len(rule.states)
    shortcut = machine.shortcut(machine, [()] * len(rule.inputs), [()] * (1 + states), False, not states)
    shortcut.batches = True
    return machine, shortcut


class State(NamedTuple):
    """All that an optimizer remembers from step to step; a whole one replaces another, so an interrupt splits none."""

    rows: Array | None = None  # (states, parameters); None: all 0
    names: tuple[str, ...] = ()  # of the rows
    steps: int = 0  # done so far
    missed: Counts | None = None  # (parameters,): how many steps passed each while it was frozen; None: all 0

    def rows_for(self, rule: rules.Rule, parameters: int) -> Array:
        """The rows that the rule reads, in its order, shape (states, parameters): 0 for a state that is new."""
        import numpy

        if self.rows is not None and self.names == rule.states and self.rows.shape[1] == parameters:
            return self.rows
        known = {} if self.rows is None else dict(zip(self.names, self.rows, strict=True))
        found = numpy.zeros((len(rule.states), parameters))
        for row, name in zip(found, rule.states, strict=True):
            row[:] = known.get(name, 0.0)
        return found


class Optimizer:
    """The base of SGD, Adam, AdamW and RMSprop: ``step()``, ``zero_grad()``, ``state_dict()``, settings as attributes.

    ``parameters``: a network's ``parameters``, or leaf Vars with ``requires_grad``, which may be frozen and thawed
    later. A setting may be changed at any time, ``optimizer.lr = 0.01``; one out of range raises ValueError or
    TypeError and changes nothing.

    >>> from vargrad import Var, optim
    >>> x = Var(3.0, requires_grad=True)
    >>> optimizer = optim.SGD([x], lr=0.25)
    >>> (x**2).backward()
    >>> optimizer.step()
    >>> x.value, optimizer
    (1.5, SGD(lr=0.25, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False))
    """

    lr = Number(0)
    settings: ClassVar[tuple[str, ...]] = ()  # in the order of torch's signature

    def __init__(self, parameters: Parameters, **settings: Any) -> None:
        what = type(self).__name__
        if not self.settings:
            raise TypeError(f"{what} is only the base of the optimisers: take SGD, Adam, AdamW or RMSprop")
        self._parameters = _parameters.of(parameters, what)
        self._rule: rules.Rule | None = None
        self.state = State()
        for name in self.settings:
            setattr(self, name, settings[name])
        self._rule = self._chosen()

    @property
    def rule(self) -> rules.Rule:
        """The update rule for the settings; ValueError if they do not go together."""
        if self._rule is None:
            self._rule = self._chosen()
        return self._rule

    def updates(self, parameters: Sequence[Var]) -> bool:
        """Whether these are the parameters that ``step`` changes."""
        return _parameters.are(self._parameters, parameters)

    def _chosen(self) -> rules.Rule:
        raise NotImplementedError

    def _changed(self, name: str) -> None:
        if name != "lr":
            self._rule = None

    def step(self) -> None:
        """Update all parameters by their ``.grad``; if it fails, nothing has changed.

        A parameter whose requires_grad is false stays, its state too, and counts no step, as one without grad in torch.
        One whose ``.grad`` is 0 is updated like any other: momentum and weight decay move it, as in torch after
        ``zero_grad(set_to_none=False)``. Raises ValueError for settings that do not go together.
        """
        import numpy

        rule, before = self.rule, self.state
        values, (grads, frozen) = self._parameters.values, _parameters.trainable_grads(self._parameters)
        rows = before.rows_for(rule, len(values))
        missed = before.missed
        if frozen is None and missed is None:
            new = self._updated(values, grads, rows, before.steps + 1.0)
        else:
            new = numpy.vstack([values, rows])
            missed = numpy.zeros(len(values), int) if missed is None else missed
            moving = numpy.ones(len(values), bool) if frozen is None else ~frozen
            for count in numpy.unique(missed[moving]).tolist():  # parameters whose own number of steps is the same
                at = numpy.flatnonzero(moving & (missed == count))
                new[:, at] = self._updated(values[at], grads[at], rows[:, at], before.steps + 1.0 - count)
            missed = missed + ~moving
        values_before = values if values.base is None else values.copy()  # a view is of the parameters themselves
        self.state = State(new[1:], rule.states, before.steps + 1, missed)
        try:
            _parameters.set_values(self._parameters, new[0])
        except BaseException:  # Ctrl-C too
            self.state = before
            _parameters.set_values(self._parameters, values_before)
            raise

    def _updated(self, values: Array, grads: Array, rows: Array, step: float) -> Array:
        """The new values, and under them the new rows of the state."""
        import numpy

        rule = self.rule
        machine, shortcut = _machine(rule)
        new = numpy.empty((1 + len(rule.states), len(values)))
        if shortcut.into((values, grads, *rows, self.lr, step), [*new]):
            return new
        now = numpy.array([[self.lr], [step]])
        machine.run([values, grads, numpy.ascontiguousarray(rows), now] if rule.states else [values, grads, now], [new])
        return new

    def zero_grad(self) -> None:
        """Set every ``.grad`` to 0."""
        _parameters.set_grads(self._parameters, 0.0)

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on later: name, settings, steps done, a float64 array (parameters,) for each state.

        Keep it in any form; the numbers are plain, the arrays copies. Where parameters were frozen for some steps,
        "missed" has how many for each.
        """
        rows, names, steps, missed = self.state
        state = {} if rows is None else dict(zip(names, rows.copy(), strict=True))
        settings = {name: getattr(self, name) for name in self.settings}
        found = {"name": type(self).__name__, "step": steps, "settings": settings, "state": state}
        return found if missed is None else {**found, "missed": missed.copy()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over a state_dict, and go on from there.

        Raises ValueError, and changes nothing, for that of another optimiser or of another number of parameters.
        """
        import numpy

        what, size = type(self).__name__, len(self._parameters.values)
        missing = {"name", "step", "settings", "state"} - set(state_dict)
        if missing:
            raise ValueError(f"{what}: this is no state_dict of an optimiser: {', '.join(sorted(missing))} missing")
        if state_dict["name"] != what:
            raise ValueError(f"{what}: this is the state_dict of {state_dict['name']}")
        settings, given = dict(state_dict["settings"]), dict(state_dict["state"])
        if set(settings) != set(self.settings):
            raise ValueError(f"{what}: settings {', '.join(sorted(settings))}, expected {', '.join(self.settings)}")
        fresh = type(self)(Var(0.0, requires_grad=True), **settings)  # checks the settings and chooses the rule
        if given and sorted(given) != sorted(fresh.rule.states):
            raise ValueError(f"{what}: states {', '.join(given)} do not belong to these settings")
        arrays = {name: numpy.array(x, dtype=float) for name, x in given.items()}
        for name, x in arrays.items():
            if x.shape != (size,):
                raise ValueError(f"{what}: state {name!r} has shape {x.shape}, expected ({size},), one per parameter")
        steps = state_dict["step"]
        if isinstance(steps, bool) or not isinstance(steps, int) or steps < 0:
            raise ValueError(f"{what}: step must be an int of at least 0, not {steps!r:.60}")
        missed = state_dict.get("missed")
        if missed is not None:
            missed = numpy.array(missed)
            if missed.shape != (size,) or missed.dtype.kind not in "iu" or missed.min() < 0 or missed.max() > steps:
                raise ValueError(f"{what}: missed must be ({size},) ints from 0 to {steps}, one per parameter")
        state = numpy.stack(list(arrays.values())) if arrays else None
        chosen = {name: getattr(fresh, name) for name in self.settings}
        new = {**chosen, "_rule": fresh.rule, "state": State(state, tuple(arrays), steps, missed)}
        self.__dict__.update(new)  # all of it in one call, which no interrupt splits

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self.settings)})"


class SGD(Optimizer):
    """Gradient descent, p -= lr * grad, with momentum; torch.optim.SGD.

    ``momentum``: how much of the last step is kept; ``dampening``: how much of the gradient is left out of it;
    ``weight_decay``: an L2 term's factor; ``nesterov``: look ahead (needs momentum and no dampening); ``maximize``:
    climb. Raises ValueError or TypeError for settings out of range.

    >>> from vargrad import Var, optim
    >>> x = Var(3.0, requires_grad=True)
    >>> optimizer = optim.SGD([x], lr=0.1, momentum=0.5)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     (2 * x).backward()
    ...     optimizer.step()
    >>> round(x.value, 12)  # 3 - 0.1 * 2 - 0.1 * (0.5 * 2 + 2)
    2.5
    """

    momentum, dampening, weight_decay = Number(0), Number(), Number(0)
    nesterov, maximize = Flag(), Flag()
    settings = ("lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize")

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters,
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            maximize=maximize,
        )

    def _chosen(self) -> rules.Rule:
        if self.nesterov and (self.momentum == 0 or self.dampening != 0):
            raise ValueError(
                f"SGD: nesterov needs momentum above 0 and dampening 0, not {self.momentum:g} and {self.dampening:g}"
            )
        return rules.sgd(self.momentum, self.dampening, self.weight_decay, self.nesterov, self.maximize)


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015); torch.optim.Adam.

    ``betas``: decay of the running means of the gradient and of its square; ``eps``: added to the denominator;
    ``weight_decay``: an L2 term's factor; ``amsgrad``: divide by the largest mean square so far (Reddi et al. 2018).
    Raises ValueError or TypeError for settings out of range.

    >>> from vargrad import Var, optim
    >>> x = Var(3.0, requires_grad=True)
    >>> optimizer = optim.Adam([x], lr=0.1)
    >>> (x**2).backward()
    >>> optimizer.step()
    >>> round(x.value, 6)  # the first step is lr long, whatever the gradient
    2.9
    """

    betas, eps, weight_decay = Pair(0, 1, open_above=True), Number(0), Number(0)
    amsgrad, maximize = Flag(), Flag()
    settings = ("lr", "betas", "eps", "weight_decay", "amsgrad", "maximize")

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad, maximize=maximize
        )

    def _chosen(self) -> rules.Rule:
        beta1, beta2 = self.betas
        return rules.adam(beta1, beta2, self.eps, self.weight_decay, self.amsgrad, self.maximize)


class AdamW(Adam):
    """Adam with weight decay beside the gradient (Loshchilov and Hutter 2019); torch.optim.AdamW.

    ``weight_decay``: what lr takes from each parameter at a step; the rest is Adam's.

    >>> from vargrad import Var, optim
    >>> x = Var(3.0, requires_grad=True)
    >>> optimizer = optim.AdamW([x], lr=0.1, weight_decay=0.5)
    >>> optimizer.step()  # no gradient: decay alone
    >>> round(x.value, 12)
    2.85
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)

    def _chosen(self) -> rules.Rule:
        beta1, beta2 = self.betas
        return rules.adamw(beta1, beta2, self.eps, self.weight_decay, self.amsgrad, self.maximize)


class RMSprop(Optimizer):
    """RMSprop (Hinton's lecture 6e of 2012); torch.optim.RMSprop.

    ``alpha``: decay of the running mean of the squared gradient; ``eps``: added to the denominator; ``weight_decay``:
    an L2 term's factor; ``momentum``: how much of the last step is kept; ``centered``: divide by the standard deviation
    instead (Graves 2013). Raises ValueError or TypeError for settings out of range.

    >>> from vargrad import Var, optim
    >>> x = Var(3.0, requires_grad=True)
    >>> optimizer = optim.RMSprop([x], lr=0.1)
    >>> (x**2).backward()
    >>> optimizer.step()
    >>> round(x.value, 6)  # 3 - 0.1 / sqrt(1 - 0.99)
    2.0
    """

    alpha, eps, weight_decay, momentum = Number(0, 1), Number(0), Number(0), Number(0)
    centered, maximize = Flag(), Flag()
    settings = ("lr", "alpha", "eps", "weight_decay", "momentum", "centered", "maximize")

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters,
            lr=lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
            maximize=maximize,
        )

    def _chosen(self) -> rules.Rule:
        return rules.rmsprop(self.alpha, self.eps, self.weight_decay, self.momentum, self.centered, self.maximize)
