"""Random programs over leaves in blocks: operations, writing, edits, several graphs, backward, Vars that die.

Both twins do what they do with ordinary leaves, to the bit.
"""

from __future__ import annotations

import gc
from contextlib import nullcontext
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import programs
from programs import FLOATS, INDEX, Program
from twins import Implementation, key, keys, outcome


class Ordinary:
    """Leaves of their own, whose Vars are told: what blocks are held against."""

    def __init__(self, impl: Implementation, leaves: Any) -> None:
        self.leaves = [impl.Var(x, flag) for x, flag in leaves]
        self.mine = list(self.leaves)

    def write(self, i: int, x: float) -> None:
        self.mine[i].value = x

    def write_grad(self, i: int, x: float) -> None:
        if self.mine[i].requires_grad:
            self.mine[i].grad = x

    def read(self) -> list[Any]:
        return [(key(v.value), key(v.grad) if v.requires_grad else None) for v in self.mine]

    def bury(self) -> None:
        pass


class InBlock:
    """The same in a block, through its arrays alone."""

    def __init__(self, impl: Implementation, leaves: Any) -> None:
        block = impl.Block([x for x, _ in leaves])
        self.leaves = list(block.leaves)
        for v, (_, flag) in zip(self.leaves, leaves, strict=True):
            v.requires_grad = flag
        self.block: Any = block
        self.values, self.grads = block.values, block.grads
        self.wanting = [flag for _, flag in leaves]

    def write(self, i: int, x: float) -> None:
        self.values[i] = x

    def write_grad(self, i: int, x: float) -> None:
        if self.wanting[i]:
            self.grads[i] = x

    def read(self) -> list[Any]:
        found = zip(self.values, self.grads, self.wanting, strict=True)
        return [(key(x), key(grad) if wanted else None) for x, grad, wanted in found]

    def bury(self) -> None:
        """The block goes, the Vars of leaves that nobody holds with it."""
        self.block = None


MOVES = ["step", "step", "step", "write", "write", "edit", "write_grad", "backward", "backward", "pullback", "flag"]
MOVES += ["drop", "forget", "bury", "collect", "quiet step", "parents", "restore", "derive"]
MOVE = st.tuples(st.sampled_from(MOVES), INDEX, FLOATS)


class Play:
    """A program of steps with moves between them, and all that can be seen of it."""

    def __init__(self, kind: Any, impl: Implementation, program: Program) -> None:
        self.impl, self.leaves = impl, program.leaves
        self.place, self.on = kind(impl, program.leaves), programs.Twin(impl)
        self.steps = iter(program.steps * 2)
        self.variables = self.place.leaves
        self.log: list[Any] = []
        del self.place.leaves

    def move(self, name: str, index: int, x: float) -> None:
        """One move, and what everything is then."""
        place, i, v = self.place, index % len(self.leaves), self.variables[index % len(self.variables)]
        if name in ("step", "quiet step"):
            self.step(self.impl.no_grad() if name == "quiet step" else nullcontext())
        elif name == "write":
            place.write(i, x)
        elif name == "restore":
            place.write(i, self.leaves[i][0])
        elif name == "write_grad":
            place.write_grad(i, x)
        elif name == "edit" and v.prev_op is None:
            v.value = x
        elif name == "backward":
            self.log.append(outcome(v.backward, x))
        elif name == "pullback":
            self.log.append(outcome(lambda: self.impl.pullback(v, self.wrt())[0]))
        elif name == "derive":
            self.log.append(outcome(lambda: self.impl.pullback_graph(v, self.wrt())))
        elif name == "flag" and v.prev_op is not None:
            v.requires_grad = True
        elif name == "parents":
            self.variables += [p for p in v.parents if not any(p is u for u in self.variables)]
        elif name in ("drop", "forget") and len(self.variables) > 1:
            self.variables.pop(index % len(self.variables) if name == "drop" else 0)
        elif name == "bury":
            place.bury()
        elif name == "collect":
            gc.collect(0)
        v = None  # or the log would keep it
        grads = [key(u.grad) for u in self.variables if u.requires_grad]
        self.log.append([place.read(), keys(self.variables), grads])

    def wrt(self) -> list[Any]:
        """The leaves at hand."""
        return [u for u in self.variables if u.prev_op is None]

    def step(self, mode: Any) -> None:
        """The program's next step."""
        step = next(self.steps, None)
        if step is None or step.kind == "flag":
            return
        try:
            with mode:
                made = [x for x in programs.perform(step, self.variables, self.on) if x is not None]
        except Exception as error:
            self.log.append((type(error), str(error)))
            return
        self.log.append(keys(made))
        if step.kind not in ("compare", "round to int"):
            self.variables += made


def played(kind: Any, impl: Implementation, program: Program, moves: Any) -> list[Any]:
    """The log of a whole play."""
    play = Play(kind, impl, program)
    for move in moves:
        play.move(*move)
    return play.log


@settings(max_examples=4 * settings().max_examples)
@given(programs.programs(acts=0), st.lists(MOVE, min_size=5, max_size=40))
def test_random_programs(twins: list[Implementation], program: Program, moves: Any) -> None:
    expected = played(Ordinary, twins[-1], program, moves)
    for impl in twins:
        assert played(InBlock, impl, program, moves) == expected
