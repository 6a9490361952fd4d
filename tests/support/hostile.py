"""Malicious files of compiled functions: helpers, and a script that loads one in a process of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

import vargrad
from vargrad._ops.codes import ADD, CONSTANT, INPUT, MUL, NAMES, OPCODES, SELECT, SQUARE

Row = tuple[int, int, int, int]


def file_of(path: Path, nodes: list[Row], numbers: list[float], result: int) -> None:
    """A file of one function of one number, x, which is node 2."""
    where = {"names": ["x"], "positional": 1, "cores": [[]]}
    graph = {"nodes": len(nodes), "slopes": 0, "arguments": [[2]], "leaves": [], "results": [result], "guards": []}
    kept = {"container": "one", "cores": [[]], "parent": None, "key": None}
    parameters: dict[str, Any] = {"positional": ["x"], "only": [], "keyword": [], "required": ["x"]}
    header = {
        "format": "vargrad.compile",
        "version": 1,
        "operations": NAMES,
        "name": "f",
        "doc": None,
        "signature": None,
        "max_paths": 10,
        "parameters": parameters | {"any": False, "extra": False},
        "variants": [where | {"paths": [graph | kept]}],
    }
    with path.open("wb") as file:
        np.savez(
            file,
            header=np.frombuffer(json.dumps(header).encode(), np.uint8),
            nodes=np.array(nodes, np.int32),
            slopes=np.zeros((0, 4), np.int32),
            numbers=np.array(numbers),
            leaves=np.zeros((0, 3)),
        )


def chain(name: str, count: int) -> tuple[list[Row], list[float]]:
    """So many operations one after the other on x, then a square: of nodes that no recording leaves as they are."""
    numbers = [0.0, 0.0, 1.0]
    nodes: list[Row] = [(CONSTANT, 0, 0, 0), (CONSTANT, 0, 0, 0), (INPUT, 0, 0, 0), (CONSTANT, 0, 0, 0)]
    op = OPCODES[name]
    x = 2
    for _ in range(count):
        nodes.append((op, 3, x, 0) if op in (ADD, MUL) else (op, x, 3, 0) if op == OPCODES["sub"] else (op, x, 0, 0))
        x = len(nodes) - 1
    if name == "abs":  # a selection of two chains, too
        nodes.append((OPCODES["lt"], 3, 2, 0))
        nodes.append((SELECT, x, x - 2, len(nodes) - 1))
        nodes.append((OPCODES["add"], x, len(nodes) - 1, 0))
        x = len(nodes) - 1
    nodes.append((SQUARE, x, 0, 0))
    return nodes, numbers


def main(name: str, count: int, path: Path) -> None:
    """Load a file with a chain, and ask for all that there is."""
    nodes, numbers = chain(name, count)
    file_of(path, nodes, numbers, len(nodes) - 1)
    f = vargrad.load_compiled(path)
    x = np.array([0.5, 2.0, 3.0])
    print(json.dumps([np.asarray(y).tolist() for y in (f(x), f.grad(x), f.hvp(x, (1.0,)), f.hessian(x))]))
    f.save(path)
    again = vargrad.load_compiled(path)
    assert np.array_equal(again.grad(x), f.grad(x))
    assert "return 0;" in again.to_c(name="f")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
