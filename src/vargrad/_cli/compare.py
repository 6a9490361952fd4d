"""``compare``: the same programs on both twins in one run, first equal to the bit, then timed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from vargrad._cli import backends, measure, terminal
from vargrad._cli.programs import Program, programs
from vargrad._cli.text import bits, seconds

NODES = {"compiled": 1_000_000, "python": 50_000}  # that memory is measured with
BUDGET = 0.5  # seconds of repeats, of which the least counts


def show(as_json: bool = False, chosen: Sequence[Program] | None = None) -> int:
    """Print the comparison; return 1 if the twins differ in a bit. Raises Missing without a compiled core."""
    twins = [backends.find("compiled"), backends.find("python")]
    sizes = [measure.bytes_per_node(twin.Var, NODES[twin.name]) for twin in twins]
    narrow = terminal.width() < 79
    if not as_json and not narrow:
        print(f"{'':<32}{'nodes':>8}{'compiled':>10}{'python':>9}{'ratio':>8}{'  same bits'}")
    found = []
    for program in chosen or programs():
        fast, slow = (bits(program.run(twin)) for twin in twins)
        times = [measure.fastest(partial(program.run, twin), BUDGET) for twin in twins]
        row = {
            "title": program.title,
            "nodes": program.nodes(),
            "compiled": times[0],
            "python": times[1],
            "same": fast == slow,
        }
        found.append(row)
        if not as_json:
            print(_line(row, narrow))
    differing = [str(row["title"]) for row in found if not row["same"]]
    if as_json:
        print(terminal.as_json({"programs": found, "bytes_per_node": dict(zip(NODES, sizes, strict=True))}))
        return 1 if differing else 0
    print()
    told = ["Seconds: build the graph, backward, free it; the least of several runs."]
    if None in sizes:
        told.append("Memory per node: not measured, this system does not tell it without help.")
    else:
        told.append(f"Memory per node: compiled {sizes[0]:.0f} bytes, pure Python {sizes[1]:.0f} bytes.")
    if differing:
        told.append(f"THE TWINS DIFFER in {'; '.join(differing)}: this is a bug, please report it.")
    else:
        told.append("All values and derivatives of the two backends are equal to the bit.")
    for sentence in told:
        print(terminal.wrapped(sentence))
    return 1 if differing else 0


def _line(row: dict[str, Any], narrow: bool) -> str:
    times = f"{seconds(row['compiled']):>10}{seconds(row['python']):>9}{row['python'] / row['compiled']:>7.1f}x"
    same = "yes" if row["same"] else "NO"
    if narrow:
        return f"{row['title']}\n  {row['nodes']:,} nodes {' '.join(times.split())} {same}"
    return f"{row['title']:<32}{row['nodes']:>8,}{times}  {same}"
