"""The update rules of a training: which parameters each of them moves, and what it remembers of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy
import numpy.typing

from vargrad._train.programs import Update
from vargrad.optim.base import State

if TYPE_CHECKING:
    from vargrad._core.var import Var
    from vargrad.optim import Optimizer
    from vargrad.optim.rules import Rule

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
Mask: TypeAlias = numpy.typing.NDArray[numpy.bool_]
Counts: TypeAlias = numpy.typing.NDArray[numpy.int64]


def ranges(moving: Mask) -> Counts:
    """Where the mask is true, as (ranges, 2): a first place and the one after the last."""
    if moving.all():  # the usual case
        return numpy.array([[0, len(moving)]])
    edges = numpy.diff(numpy.concatenate([[False], moving, [False]]).astype(numpy.int8))
    return numpy.ascontiguousarray(numpy.column_stack([numpy.flatnonzero(edges > 0), numpy.flatnonzero(edges < 0)]))


def same_mask(one: Mask | None, other: Mask | None) -> bool:
    """Whether both freeze the same parameters; None freezes none."""
    if one is None or other is None:
        return one is other
    return bool((one == other).all())


def by_missed(rule: Rule, moving: Mask, missed: Counts | None) -> list[tuple[Update, int]]:
    """An update for each number of steps that has passed some of the parameters that move, and that number."""
    program = rule.program()
    if missed is None:
        return [(Update(program, ranges(moving)), 0)] if moving.any() else []
    counts = numpy.unique(missed[moving]).tolist()
    return [(Update(program, ranges(moving & (missed == count))), count) for count in counts]


class Updates:
    """The rules of an optimizer over a network's parameters, in the engine's order, and their state.

    ``updates``: one for each group of parameters, for the engine; ``missed``: how many of the steps passed each;
    ``state``: (states, parameters), of which each group has its own rows; ``step``: how many steps are done. Parameters
    that are frozen, or not the optimizer's, are in no group; ValueError if that is all of them.
    """

    def __init__(self, optimizer: Optimizer, parameters: Sequence[Var], frozen: Mask | None) -> None:
        size = len(parameters)
        self.frozen = frozen
        self._parts = [(part, part.places_in(parameters)) for part in optimizer.parts]
        self._begun = self._states = [part.state for part, _ in self._parts]
        self.rules = [part.rule for part, _ in self._parts]
        self.step = self.first = max(state.steps for state in self._begun)
        self.state = numpy.zeros((max(len(rule.states) for rule in self.rules), size))
        found: list[tuple[Update, int]] = []
        self._part_of: list[int] = []
        for i, ((_, at), state, rule) in enumerate(zip(self._parts, self._begun, self.rules, strict=True)):
            whole = isinstance(at, slice)
            if rule.states:
                for row, known in zip(self.state, state.rows_for(rule, size if whole else len(at)), strict=False):
                    row[at] = known
            if whole and frozen is None and state.missed is None:  # the usual case, as below, but quicker
                found.append((Update(rule.program(), numpy.array([[0, size]])), self.first - state.steps))
                self._part_of.append(i)
                continue
            moving, missed = numpy.zeros(size, bool), None
            moving[at] = True
            if frozen is not None:
                moving &= ~frozen
            if state.missed is not None:
                missed = numpy.zeros(size, int)
                missed[at] = state.missed
            new = [(update, count + self.first - state.steps) for update, count in by_missed(rule, moving, missed)]
            found += new
            self._part_of += [i] * len(new)
        if not found:
            raise ValueError("fit: all parameters of this optimizer have requires_grad=False: none would be trained")
        self.updates = [update for update, _ in found]
        self.missed = numpy.array([float(count) for _, count in found])

    def of_groups(self, of_parts: Array) -> Array:
        """From numbers of the optimizer's groups, in the last axis, those of the engine's."""
        return numpy.ascontiguousarray(of_parts[..., self._part_of])

    @property
    def lrs(self) -> Array:
        """The learning rate of each of the engine's groups."""
        return numpy.array([self._parts[i][0].lr for i in self._part_of])

    def publish(self) -> None:
        """Give the optimizer the state that it has after the steps so far."""
        done = self.step - self.first
        for (part, at), before, rule in zip(self._parts, self._begun, self.rules, strict=True):
            missed = before.missed
            if self.frozen is not None and done:
                passed = self.frozen[at] * done
                missed = passed if missed is None else missed + passed
                missed = missed if missed.any() else None
            rows = self.state[: len(rule.states), at]
            part.state = State(rows.copy(), rule.states, before.steps + done, missed)
        self._states = [part.state for part, _ in self._parts]

    def outdated(self, frozen: Mask | None) -> bool:
        """Whether rules, frozen parameters or states are others than those that were published last."""
        return (
            not same_mask(frozen, self.frozen)
            or [part.rule for part, _ in self._parts] != self.rules
            or any(part.state is not state for (part, _), state in zip(self._parts, self._states, strict=True))
        )
