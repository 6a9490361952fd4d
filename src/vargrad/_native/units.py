"""From what the machine says of its steps to functions in memory."""

from __future__ import annotations

import functools
import importlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from vargrad._native import blocks, engine, rows
from vargrad._native.engine import Code
from vargrad._native.kernels import table
from vargrad._native.module import ISAS, Isa, Module
from vargrad._native.steps import AnyStep, Group, Interpreted, Names, Part, cut, uses

CALL = 20  # instructions that a call of a kernel counts for


def compiled(jobs: Sequence[dict[str, Any]]) -> tuple[Code, list[list[int]]]:
    """Machine code for all jobs, and of each the parts: address or 0, first step, step behind the last."""
    isa = ISAS[jobs[0]["isa"]]
    module_names: list[list[str]] = []
    all_parts: list[list[Part]] = []
    targets = [_target(job) for job in jobs]
    module = Module(isa, _kernels(isa.name), sum((uses(target.steps) for target in targets), Counter()))
    for i, target in enumerate(targets):
        wanted = target.wanted if isinstance(target, rows.Row) else ()
        parts = cut(target.steps, wanted, _sizes(isa))
        if isinstance(target, rows.Row):
            names = rows.write(module, target, parts, f"unit{i}.")
        else:
            names = blocks.write(module, target, parts, f"unit{i}.")
        module_names.append(list(names))
        all_parts.append(parts)
    code = engine.compiled(module.text(), [name for names in module_names for name in names], isa)
    addresses = iter(code.addresses)
    return code, [[n for part in parts for n in (next(addresses), part.first, part.last)] for parts in all_parts]


@functools.cache
def _sizes(isa: Isa) -> Counter[str]:
    return Counter({name: len(kernel.instructions) for name, kernel in table(isa.fma).items()})


def _machine() -> Any:
    return importlib.import_module("vargrad._vm.machine_c")


@functools.cache
def _names() -> Names:
    return Names(*_machine().native_names())


@functools.cache
def _kernels(isa: str) -> dict[str, int]:
    found: dict[str, int] = _machine().native_kernels(isa)
    return found


def _target(job: dict[str, Any]) -> blocks.Block | rows.Row:
    steps = job["steps"]
    if job["kind"] == "row":
        return rows.Row(list(_row_steps(steps, job["group"])), job["known"], job["wanted"])
    found: list[AnyStep] = []
    for i in range(0, len(steps), 5):
        if steps[i] == job["product"]:
            reads, writes = job["products"][steps[i + 1]]
            found.append(Interpreted(tuple(reads), tuple(writes)))
        else:
            found.append(_names().step(*steps[i : i + 5]))
    return blocks.Block(found, job["registers"], job["inputs"], job["outputs"], job["known"], job["spread"])


def _row_steps(steps: list[int], group: int) -> Iterator[AnyStep]:
    """A group is followed by the slots of its operands: see row_isa.h."""
    i = 0
    while i < len(steps):
        op, out, first, count, operands = steps[i : i + 5]
        i += 5
        if op != group:
            yield _names().step(op, out, first, count, operands)
            continue
        columns = [tuple(steps[i + 10 * k : i + 10 * k + count]) for k in range(operands)]
        i += 10 * operands
        yield _group(first, out, columns)


def _group(op: int, out: int, columns: list[tuple[int, ...]]) -> Group:
    names = _names()
    first, second = names.first[op], names.second[op]
    return Group(out, first, tuple(columns[: names.arity[first]]), second)
