"""Every public name, operator and ordinary way of calling, in units of its nearest cheap neighbour.

python benchmarks/corners.py            the whole table; status 1 if a row is over its bound or a name has no case
python benchmarks/corners.py --over     only the rows over their bounds
python benchmarks/corners.py --smoke    one short repeat and few rows: all results are checked, no time is judged
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from time import perf_counter
from typing import Any

import corners_compiled
import corners_eager
from corners_cases import Case, Expression, Wrong, check
from vargrad._cli.text import seconds


@dataclass(frozen=True)
class Row:
    """One measured case: seconds of a call, and of a call of its unit."""

    case: Case
    time: float
    unit: float

    @property
    def ratio(self) -> float:
        """How many units the call costs."""
        return self.time / self.unit

    @property
    def verdict(self) -> str:
        """Whether the ratio is within the bound, if there is one."""
        return "" if self.case.bound is None else "ok" if self.ratio <= self.case.bound else "OVER"


def loop_of(run: Callable[[], Any]) -> Callable[[Any], None]:
    """A loop over the call as one would write it: a partial's function and arguments are local names of the loop."""
    if isinstance(run, partial):
        arguments = [*(f"a{i}" for i in range(len(run.args))), *(f"{name}={name}" for name in run.keywords)]
        names = {"f": run.func, **{f"a{i}": x for i, x in enumerate(run.args)}, **run.keywords}
        call = f"f({', '.join(arguments)})"
    elif isinstance(run, Expression):
        names, call = run.names, run.text
    else:
        names, call = {"f": run}, "f()"
    space: dict[str, Any] = {}
    exec(f"def loop(times, *, {', '.join(names)}):\n    for _ in times:\n        {call}", space)
    return partial(space["loop"], **names)


def least(run: Callable[[], Any], repeats: int, budget: float = 2e-3) -> float:
    """Least seconds of one call, over so many repeats of about ``budget`` seconds, without the loop's own time."""
    loop, nothing = loop_of(run), loop_of(Expression("None", x=None))
    inner, best, empty = 1, float("inf"), float("inf")
    while True:  # how many calls take that long
        start = perf_counter()
        loop(repeat(None, inner))
        spent = perf_counter() - start
        if spent > budget / 2 or inner >= 100_000:
            break
        inner = max(2 * inner, min(100_000, int(inner * budget / max(spent, 1e-7))))
    for _ in range(repeats):
        start = perf_counter()
        loop(repeat(None, inner))
        middle = perf_counter()
        nothing(repeat(None, inner))
        end = perf_counter()
        best, empty = min(best, middle - start), min(empty, end - middle)
    return max(best - empty, 1e-10) / inner


def measured(cases: Iterable[Case], repeats: int) -> Iterator[Row]:
    """Each case's row: its result is checked first, and its unit is measured beside it."""
    units: dict[str, float] = {}
    for case in cases:
        check(case)
        if case.unit not in units:
            units[case.unit] = least(UNITS[case.unit], repeats)
        yield Row(case, least(case.run, repeats), units[case.unit])


UNITS = corners_eager.UNITS | corners_compiled.UNITS


def show(rows: Iterable[Row], over: bool) -> int:
    """Print the table; how many rows are over their bounds."""
    count, group = 0, ""
    for row in rows:
        count += row.verdict == "OVER"
        if over and row.verdict != "OVER":
            continue
        if row.case.group != group:
            group = row.case.group
            print(f"\n{group:<44}{'time':>11}{'units':>9}{'bound':>8}       unit")
        bound = "" if row.case.bound is None else f"{row.case.bound:g}"
        figures = f"{seconds(row.time):>11}{row.ratio:>9.1f}{bound:>8}  {row.verdict:<4}"
        print(f"{row.case.name:<44.44}{figures} {row.case.unit}")
    return count


def main() -> int:
    """The table; the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--smoke", action="store_true", help="check all results on few rows, judge no time")
    parser.add_argument("--over", action="store_true", help="print only the rows over their bounds")
    parser.add_argument("--repeats", type=int, default=20, help="the least of how many repeats (20)")
    parser.add_argument("--only", default="", help="only cases whose group or name has this text")
    options = parser.parse_args()
    if options.repeats < 1:
        parser.error("--repeats must be at least 1")
    sizes = (0, 1, 10) if options.smoke else (0, 1, 10, 1_000, 100_000)
    missing = corners_eager.without_case()
    for name in missing:
        print(f"no case for the public name {name}: add one in benchmarks/corners_eager.py or corners_compiled.py")
    cases = [*corners_eager.cases(), *corners_compiled.cases(sizes)]
    chosen = [case for case in cases if options.only in case.group or options.only in case.name]
    try:
        over = show(measured(chosen, 1 if options.smoke else options.repeats), options.over)
    except Wrong as error:
        print(error)
        return 1
    if options.smoke:
        over = 0
        print("\nAll results are right.")
    elif over:
        print(f"\n{over} of {len(chosen)} rows are over their bounds.")
    return int(bool(over or missing))


if __name__ == "__main__":
    sys.exit(main())
