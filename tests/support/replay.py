"""Shared by the tests of the machine: programs, and an oracle that computes them one operation at a time."""

from __future__ import annotations

import math
import random
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from vargrad._ops.table import ROWS

Array = npt.NDArray[np.float64]
MACHINE_ONLY = {"select": 3, "lt": 2, "le": 2, "eq": 2, "ne": 2, "and": 2, "or": 2, "not": 1}
ARITY = {row.name: row.arity for row in ROWS} | MACHINE_ONLY
NAMES = list(ARITY)
EXACT = {  # IEEE says what these are, to the bit; of the other operations test_vmath says how far they are off
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.true_divide,
    "neg": np.negative,
    "abs": np.abs,
    "identity": np.positive,
    "sqrt": np.sqrt,
    "square": np.square,
    "rint": np.rint,
    "copysign": np.copysign,
    "relu": lambda a: np.where(a <= 0.0, 0.0, a),
    "fmax": lambda a, b: np.where((a > b) | (b != b), a, b),
    "fmin": lambda a, b: np.where((a < b) | (b != b), a, b),
    "clamp_min": lambda a, b: np.where(a < b, b, a),
    "clamp_max": lambda a, b: np.where(a > b, b, a),
    "select": lambda a, b, c: np.where(c != 0.0, a, b),
    "lt": lambda a, b: (a < b).astype(float),
    "le": lambda a, b: (a <= b).astype(float),
    "eq": lambda a, b: (a == b).astype(float),
    "ne": lambda a, b: (a != b).astype(float),
    "and": lambda a, b: ((a != 0.0) & (b != 0.0)).astype(float),
    "or": lambda a, b: ((a != 0.0) | (b != 0.0)).astype(float),
    "not": lambda a: (a == 0.0).astype(float),
}
COMMON = ["add", "sub", "mul", "truediv"] * 6  # what is fused


def program(code: Any, constants: Any, n_inputs: int, n_registers: int, outputs: Any) -> SimpleNamespace:
    return SimpleNamespace(
        code=np.array(code, np.int32).reshape(-1, 5),
        constants=np.array(constants, float),
        n_inputs=n_inputs,
        n_registers=n_registers,
        outputs=np.array(outputs, np.int32),
    )


def one_by_one(
    p: SimpleNamespace, inputs: list[Array], rows: int, c: Any, isa: str, nan_sign: float | None = None
) -> list[Array]:
    """The program's outputs, every operation alone: NumPy's, or a kernel.

    ``nan_sign``: what copysign takes for the sign of a nan, which depends on the order of operands in the machine code.
    """
    registers: list[Any] = [np.broadcast_to(x, rows).copy() for x in inputs]
    registers += [np.full(rows, x) for x in p.constants]
    registers += [None] * (p.n_registers - len(registers))
    with np.errstate(all="ignore"):
        for op, out, *operands in p.code.tolist():
            name = NAMES[op]
            values = [registers[i] for i in operands[: ARITY[name]]]
            if name == "copysign" and nan_sign is not None:
                values[1] = np.where(np.isnan(values[1]), nan_sign, values[1])
            if name in EXACT:
                registers[out] = EXACT[name](*values)
            else:
                result = np.empty(rows)
                c.kernel(name, isa, values[0], values[-1], result)
                registers[out] = result
    return [registers[i] for i in p.outputs]


def same(a: Any, b: Any) -> bool:
    """Bit by bit, but for which nan."""
    a, b = np.asarray(a), np.asarray(b)
    return bool(np.array_equal(a, b, equal_nan=True) and np.array_equal(np.signbit(a[a == 0]), np.signbit(b[b == 0])))


def at_random(rng: random.Random, length: int, usable: list[str]) -> SimpleNamespace:
    """A program that writes before it reads, with registers used again."""
    n_inputs, n_constants = rng.randint(1, 4), rng.randint(0, 3)
    fixed = n_inputs + n_constants
    room = rng.randint(1, max(1, min(length, 12)))
    known = list(range(fixed))
    code = []
    for _ in range(length):
        name = rng.choice(usable)
        operands = [rng.choice(known[-8:] if rng.random() < 0.7 else known) for _ in range(ARITY[name])]
        out = rng.randrange(fixed, fixed + room)
        code.append([NAMES.index(name), out, *operands, *[0] * (3 - len(operands))])
        if out in known:
            known.remove(out)
        known.append(out)
    constants = [rng.choice([0.0, -0.0, 1.0, 0.5, -2.25, math.inf]) for _ in range(n_constants)]
    registers = fixed + min(room, length)
    outputs = [rng.choice(known) for _ in range(rng.randint(1, 4))]
    return program(code, constants, n_inputs, registers, outputs)


def sample(rng: np.random.Generator, rows: int) -> Array:
    x = np.where(rng.random(rows) < 0.1, rng.choice([0.0, -0.0, 1.0, np.inf, np.nan], rows), rng.normal(size=rows))
    return np.ascontiguousarray(x)
