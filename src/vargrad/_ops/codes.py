"""Numbers of operations and of kinds of nodes, in one place for graphs, programs and machines."""

from __future__ import annotations

from vargrad._ops.table import ROWS

# The rows, then what only a machine has; csrc/vm/program.h counts the same.
MACHINE_ONLY = ("select", "lt", "le", "eq", "ne", "and", "or", "not")
NAMES: tuple[str, ...] = (*(row.name for row in ROWS), *MACHINE_ONLY)
OPCODES: dict[str, int] = {name: i for i, name in enumerate(NAMES)}
ARITY: tuple[int, ...] = (*(row.arity for row in ROWS), 3, 2, 2, 2, 2, 2, 2, 1)
N_ROWS = len(ROWS)

INPUT, CONSTANT, COMPOSITE = -1, -2, -3  # kinds of node that no machine runs
ZERO = 1  # the node of the constant 0.0, in every graph
ADD, SUB, MUL, DIV, POW = (OPCODES[name] for name in ("add", "sub", "mul", "truediv", "pow"))
NEG, ABS, SQUARE, EXP, EXP2, SQRT = (OPCODES[name] for name in ("neg", "abs", "square", "exp", "exp2", "sqrt"))
IDENTITY, ROUND, SIGMOID = (OPCODES[name] for name in ("identity", "round", "sigmoid"))
DEGREES, RADIANS = OPCODES["degrees"], OPCODES["radians"]
SELECT, LT, LE, EQ, NE = (OPCODES[name] for name in ("select", "lt", "le", "eq", "ne"))
AND, OR, NOT = OPCODES["and"], OPCODES["or"], OPCODES["not"]
