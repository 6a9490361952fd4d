"""All recorded paths of a specialization as one program, in which guards select the results: for batches.

A batch whose rows are on many paths is taken apart and put together again, path by path. Where the paths have most of
their operations in common, computing all of them in every row costs less. A row that is on none of these paths is told
apart by the last output, and goes through the tree of paths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vargrad._compile.merge import Branch, Merged
from vargrad._compile.paths import BOOLEAN, Output, Path, equal
from vargrad._compile.recorder import Recording
from vargrad._ir.expressions import ExpressionGraph
from vargrad._ops.codes import AND, SELECT, ZERO

MOVED = 10  # operations that cost as much as copying a number of a row to a batch of its path, or back
WALKED = 20_000  # operations that cost as much as finding the rows of a path and calling its machine
BUILT = 2000  # operations that cost as much as building a node of the union and of its derivatives
LONGEST = 4  # times the operations of the rows' own paths: in other batches they may all be on the shortest one


class UnionPath(Path):
    """The union as a path. Its only outcome stands for all guards of all paths."""

    __slots__ = ("_on_a_path",)

    def __init__(self, recording: Recording, first: Path, on_a_path: int) -> None:
        super().__init__(recording, first.structure, first._lock, native=first.native)
        self.outcomes = [1.0]
        self._on_a_path = on_a_path

    def _stays(self) -> int:
        return self._on_a_path


class Union:
    """Decides, from the work that batches took, whether the union of the paths is built, and keeps it.

    Work is counted in operations of one row.
    """

    def __init__(self) -> None:
        self.path: UnionPath | None = None
        self._tried = 1  # how many paths there were when the union was built or found too long
        self._spent = 0

    def is_worth_trying(self, paths: Sequence[Path], work: Work) -> bool:
        """Note what a batch took on its way through the tree; whether that pays for a union of these paths.

        Paths whose derivatives are zero by definition stay apart: which rows were on them is to be told.
        """
        if any(path.zeros for path in paths):
            return False
        self._spent += work.steps + work.moved + work.walked
        return len(paths) > self._tried and self._spent > BUILT * sum(len(p.recording.expressions) for p in paths)

    def build(self, paths: Sequence[Path], output: Output, work: Work) -> None:
        """Build the union if its program takes less than this batch took; called with the owner's lock held."""
        self._tried, self._spent = len(paths), 0
        path = _union(paths)
        path.machine(output)
        steps, least = path.steps[output] * work.rows, work.steps
        self.path = path if steps < min(work.steps + work.moved, LONGEST * least) else None


@dataclass
class Work:
    """What a batch took on its way through the tree."""

    rows: int
    numbers: int  # of a row, copied when it leaves a path
    steps: int = 0  # operations, over all rows
    moved: int = 0  # the same for copying
    walked: int = 0  # the same for the calls, which few rows pay for most

    def add(self, path: Path, output: Output, rows: int, is_first: bool) -> None:
        """Note the rows that one path ran."""
        self.steps += path.steps[output] * rows
        self.moved += 0 if is_first else rows * self.numbers * MOVED
        self.walked += 0 if is_first else WALKED


def _union(paths: Sequence[Path]) -> UnionPath:
    merged = Merged(paths)
    g = merged.expressions
    selected: dict[int, tuple[list[int], int]] = {}
    for branch in reversed(merged.branches):  # children are younger than their parents
        selected[id(branch)] = _select(g, branch, selected)
    results, on_a_path = selected[id(merged.root)]
    leaves = list(merged.leaves)
    inputs = [merged.leaves[leaf] for leaf in leaves]
    recording = Recording(g, merged.arguments, leaves, inputs, results, [])
    return UnionPath(recording, paths[0], on_a_path)


def _select(g: ExpressionGraph, branch: Branch, selected: dict[int, tuple[list[int], int]]) -> tuple[list[int], int]:
    """The results of a branch and of all that begin like it, and whether a row is on one of them."""
    results, stays = branch.results, g.constant(1.0)
    for i in range(len(branch.guards) - 1, branch.known - 1, -1):
        guard, outcome = branch.guards[i], branch.outcomes[i]
        others, other_stays = results, ZERO  # where no path is known, anything
        for value, child in branch.children.get(i, ()):
            theirs, their_stays = selected[id(child)]
            if len(branch.children[i]) == 1 and g.node(guard)[0] in BOOLEAN:
                others, other_stays = theirs, their_stays
            else:
                takes = equal(g, guard, value)
                others = [g.make(SELECT, a, b, takes) for a, b in zip(theirs, others, strict=True)]
                other_stays = g.make(SELECT, their_stays, other_stays, takes)
        holds = equal(g, guard, outcome)
        if i in branch.children:
            results = [g.make(SELECT, a, b, holds) for a, b in zip(results, others, strict=True)]
            stays = g.make(SELECT, stays, other_stays, holds)
        else:
            stays = g.make(AND, stays, holds)
    return results, stays
