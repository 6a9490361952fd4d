"""``python benchmarks/compare.py``: the same programs on both twins in one run, first equal to the bit, then timed.

It leaves with status 1 if a bit differs, or if there is no compiled core to compare with.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial

import measure
from problems import Program, programs
from vargrad._cli import backends
from vargrad._cli.text import bits, seconds

NODES = {"compiled": 1_000_000, "python": 50_000}  # that memory is measured with
BUDGET = 0.5  # seconds of repeats, of which the least counts


def show(chosen: Sequence[Program] | None = None) -> int:
    """Print the comparison; return 1 if the twins differ in a bit. Raises Missing without a compiled core."""
    twins = [backends.find("compiled"), backends.find("python")]
    sizes = [measure.bytes_per_node(twin.Var, NODES[twin.name]) for twin in twins]
    print(f"{'':<33}{'nodes':>9}{'compiled':>12}{'python':>12}{'ratio':>8}{'nodes/s':>11}   same bits")
    differing = []
    for program in chosen or programs():
        fast, slow = (bits(program.run(twin)) for twin in twins)
        same = fast == slow
        times = [measure.fastest(partial(program.run, twin), BUDGET) for twin in twins]
        nodes = program.nodes()
        print(
            f"{program.title:<33}{nodes:>9,}{seconds(times[0]):>12}{seconds(times[1]):>12}"
            f"{times[1] / times[0]:>7.1f}x{nodes / times[0] / 1e6:>9.1f} M   {'yes' if same else 'NO'}"
        )
        if not same:
            differing.append(program.title)
    print()
    print("Seconds: build the graph, backward, free it; the least of several runs. nodes/s: of the compiled core.")
    if None in sizes:
        print("Memory per node: not measured, this system does not tell it without help.")
    else:
        print(f"Memory per node: compiled {sizes[0]:.0f} bytes, pure Python {sizes[1]:.0f} bytes.")
    if differing:
        print(f"THE TWINS DIFFER in {'; '.join(differing)}: this is a bug, please report it.")
        return 1
    print("All values and derivatives of the two twins are equal to the bit.")
    return 0


def main() -> int:
    """See the module's docstring."""
    try:
        return show()
    except backends.Missing as missing:
        print(f"benchmarks: {missing}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
