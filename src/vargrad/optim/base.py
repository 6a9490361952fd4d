"""The base of the optimisers: parameters and their groups, settings, state, steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias

from vargrad._core import parameters as _parameters
from vargrad._core.var import Var
from vargrad._util.settings import Number
from vargrad.optim import groups, rules

if TYPE_CHECKING:
    import numpy
    import numpy.typing

    Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
    Counts: TypeAlias = numpy.typing.NDArray[numpy.int64]

Parameters: TypeAlias = "Iterable[Var] | Var | Iterable[Mapping[str, Any]]"


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
    later; or a list of groups, each a dict of "params" and settings of its own, see ``param_groups``. A setting of the
    optimizer is one of all groups. It may be changed at any time, ``optimizer.lr = 0.01``; one out of range raises
    ValueError or TypeError and changes nothing.

    >>> from vargrad import Var, optim
    >>> x = Var(3.0, requires_grad=True)
    >>> optimizer = optim.SGD([x], lr=0.25)
    >>> (x**2).backward()
    >>> optimizer.step()
    >>> x.value, optimizer
    (1.5, SGD(lr=0.25, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False))
    """

    if TYPE_CHECKING:
        lr: float  # pyright finds no descriptor in a protocol, and schedules want an lr
    else:
        lr = Number(0)
    settings: ClassVar[tuple[str, ...]] = ()  # in the order of torch's signature

    def __init__(self, parameters: Parameters, **settings: Any) -> None:
        what = type(self).__name__
        if not self.settings:
            raise TypeError(f"{what} is only the base of the optimisers: take SGD, Adam, AdamW or RMSprop")
        given = groups.listed(parameters, what, self.settings)
        self._parameters = _parameters.of(parameters if given is None else [v for vs, _ in given for v in vs], what)
        self._rule: rules.Rule | None = None
        self._groups: list[Optimizer] = []
        self.state: State = State()
        for name in self.settings:
            setattr(self, name, settings[name])
        self._rule = self._chosen()
        self._groups = [] if given is None else [type(self)(vs, **{**settings, **own}) for vs, own in given]

    @property
    def rule(self) -> rules.Rule:
        """The update rule for the settings; ValueError if they do not go together."""
        if self._rule is None:
            self._rule = self._chosen()
        return self._rule

    @property
    def parts(self) -> list[Optimizer]:
        """An optimizer for each group of parameters; itself where there are no groups."""
        return self._groups or [self]

    @property
    def param_groups(self) -> list[groups.ParamGroup]:
        """The groups of parameters, each with "params" and its settings, to read and to set, as in torch.

        >>> from vargrad import NN, optim
        >>> model = NN([2, 8, 1], seed=0)
        >>> first = {"params": model.parameters[:24], "lr": 0.01}
        >>> optimizer = optim.Adam([first, {"params": model.parameters[24:]}], lr=0.1)
        >>> optimizer.param_groups[1]["lr"] = 0.2
        >>> [(len(group["params"]), group["lr"]) for group in optimizer.param_groups]
        [(24, 0.01), (9, 0.2)]
        """
        return [groups.ParamGroup(part) for part in self.parts]

    @property
    def variables(self) -> tuple[Var, ...]:
        """The Vars that ``step`` changes."""
        own = self._parameters
        return own.leaves if isinstance(own, _parameters.Leaves) else tuple(own)

    def places_in(self, parameters: Sequence[Var]) -> Any:
        """Where in ``parameters`` its own are: an array of ints, or a slice; ValueError for one that is not there."""
        import numpy

        if _parameters.are(self._parameters, parameters):
            return slice(None)
        places = {id(v): i for i, v in enumerate(parameters)}
        found = [places.get(id(v), -1) for v in self.variables]
        if -1 in found:
            raise ValueError(
                f"fit: this optimizer belongs to other parameters than this network's: its parameter "
                f"{found.index(-1)} is none of them"
            )
        return numpy.array(found)

    def _chosen(self) -> rules.Rule:
        raise NotImplementedError

    def _changed(self, name: str) -> None:
        if name != "lr":
            self._rule = None
        for part in self.__dict__.get("_groups", ()):  # a setting of the whole is one of each group
            setattr(part, name, getattr(self, name))

    def step(self) -> None:
        """Update all parameters by their ``.grad``; if it fails, nothing has changed.

        A parameter whose requires_grad is false stays, its state too, and counts no step, as one without grad in torch.
        One whose ``.grad`` is 0 is updated like any other: momentum and weight decay move it, as in torch after
        ``zero_grad(set_to_none=False)``. Raises ValueError for settings that do not go together.
        """
        if not self._groups:
            return self._step()
        before = [(part, part.state, part._parameters.values.copy()) for part in self._groups]
        try:
            for part in self._groups:
                part._step()
        except BaseException:  # Ctrl-C too: all groups, or none
            for part, state, values in before:
                part.state = state
                _parameters.set_values(part._parameters, values)
            raise

    def _step(self) -> None:
        rule, before = self.rule, self.state
        if before.missed is None and self._step_at_once(rule, before):
            return
        import numpy

        values, (grads, frozen) = self._parameters.values, _parameters.trainable_grads(self._parameters)
        rows = before.rows_for(rule, len(values)) if rule.states else ()
        missed = before.missed
        if frozen is None and missed is None:
            new = self._updated(values, grads, rows, before.steps + 1.0)
        else:
            rows = before.rows_for(rule, len(values))
            new = numpy.vstack([values, rows])
            missed = numpy.zeros(len(values), int) if missed is None else missed
            moving = numpy.ones(len(values), bool) if frozen is None else ~frozen
            for count in numpy.unique(missed[moving]).tolist():  # parameters whose own number of steps is the same
                at = numpy.flatnonzero(moving & (missed == count))
                new[:, at] = self._updated(values[at], grads[at], rows[:, at], before.steps + 1.0 - count)
            missed = missed + ~moving
        values_before = values if isinstance(self._parameters, _parameters.Leaves) else values.copy()
        self.state = State(new[1:], rule.states, before.steps + 1, missed)
        try:
            _parameters.set_values(self._parameters, new[0])
        except BaseException:  # Ctrl-C too
            self.state = before
            _parameters.set_values(self._parameters, values_before)
            raise

    def _step_at_once(self, rule: rules.Rule, before: State) -> bool:
        """Take a step in one call of the machine, which no interrupt splits; False for what that leaves to others."""
        own, rows, new = self._parameters, None, None
        if rule.states:
            import numpy

            rows = before.rows_for(rule, len(self.variables))
            new = numpy.empty(rows.shape)
        after = State(new, rule.states, before.steps + 1)
        if isinstance(own, _parameters.Leaves):
            return rule.machine[1].leaves(vars(self), own.leaves, rows, after)
        if not own.none_frozen:
            return False
        return rule.machine[1].arrays(vars(self), own.values, own.grads, rows, after)

    def _updated(self, values: Array, grads: Array, rows: Array | tuple[()], step: float) -> Array:
        """The new values, and under them the new rows of the state."""
        import numpy

        rule = self.rule
        machine, _ = rule.machine
        new = numpy.empty((1 + len(rule.states), len(values)))
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
        if self._groups:
            return {"name": type(self).__name__, "groups": [part.state_dict() for part in self._groups]}
        rows, names, steps, missed = self.state
        state = {} if rows is None else dict(zip(names, rows.copy(), strict=True))
        settings = {name: getattr(self, name) for name in self.settings}
        found = {"name": type(self).__name__, "step": steps, "settings": settings, "state": state}
        return found if missed is None else {**found, "missed": missed.copy()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over a state_dict, and go on from there.

        Raises ValueError, and changes nothing, for that of another optimiser or of another number of parameters.
        """
        if self._groups or "groups" in state_dict:
            given = list(state_dict.get("groups", ()))
            if len(given) != len(self._groups):
                raise ValueError(
                    f"{type(self).__name__}: this state_dict has {len(given)} groups of parameters, expected "
                    f"{len(self._groups)}"
                )
            pairs = [(part, part._taken(one)) for part, one in zip(self._groups, given, strict=True)]
        else:
            pairs = [(self, self._taken(state_dict))]
        for part, new in pairs:
            vars(part).update(new)  # all of it in one call, which no interrupt splits

    def _taken(self, state_dict: Mapping[str, Any]) -> dict[str, Any]:
        """The attributes that a state_dict gives, checked."""
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
        return {**chosen, "_rule": fresh.rule, "state": State(state, tuple(arrays), steps, missed)}

    def __repr__(self) -> str:
        if self._groups:
            return f"{type(self).__name__}([{', '.join(map(repr, self.param_groups))}])"
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self.settings)})"
