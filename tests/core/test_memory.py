"""Without memory: each allocation of the tape fails in its turn, and nothing is lost or half done."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from twins import Implementation

SCRIPT = Path(__file__).parents[1] / "isolated" / "no_memory.py"
PROGRAMS = [
    "chain",
    "many_leaves",
    "products",
    "computed_grads",
    "references",
    "export",
    "arrays",
    "edits",
    "descent",
    "constants",
    "blocks",
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_allocation_may_fail(compiled: Implementation, program: str) -> None:
    """MemoryError; then the same program gives what the pure twin gives, and the tape holds no more than before."""
    command = [sys.executable, "-W", "error", str(SCRIPT), program]
    found = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert found.returncode == 0, found.stderr


def test_backward_needs_no_memory(compiled: Implementation) -> None:
    """The sweep allocates nothing, so it cannot fail half way."""
    from vargrad._core import var_c

    core: Any = var_c
    x = core.Var(0.5, requires_grad=True)
    y = x
    for _ in range(5000):
        y = y * x + 1.0
    core.limit_allocations(0)
    try:
        y.backward()
    finally:
        core.limit_allocations(-1)
    once = x.grad
    y.backward()
    assert x.grad == 2 * once != 0.0
