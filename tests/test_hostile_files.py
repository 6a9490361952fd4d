"""Files of compiled functions that mean no good: refused by name, or run inside their memory and stack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vargrad

SCRIPT = Path(__file__).with_name("hostile.py")
CHAINS: dict[str, Any] = {  # what stands at the end, and its slope
    "neg": lambda x, n: (x, 1.0),
    "abs": lambda x, n: (2 * x, 2.0),
    "mul": lambda x, n: (x, 1.0),
    "add": lambda x, n: (x + n, 1.0),
}


def script(*arguments: Any, **environment: str) -> str:
    """What hostile.py prints, in a process of its own: what fails may end it."""
    run = [sys.executable, str(SCRIPT), *map(str, arguments)]
    found = subprocess.run(run, capture_output=True, text=True, env=os.environ | environment, check=False)
    assert found.returncode == 0, f"{arguments}: ended with {found.returncode}\n{found.stderr[-2000:]}"
    return found.stdout


@pytest.mark.parametrize("name", list(CHAINS))
@pytest.mark.parametrize("machine", ["python", "baseline", "best"])
def test_chains_of_any_length_need_no_stack(name: str, machine: str, tmp_path: Path) -> None:
    """Chains that recordings never have, since rules shorten them, and of additions, which these keep."""
    if machine != "python" and vargrad.backend != "compiled":
        pytest.skip("the extension is not built")
    count = 10_000 if machine == "python" else 100_000
    which = {"VARGRAD_SIMD": "baseline"} if machine == "baseline" else {}
    backend = "python" if machine == "python" else "compiled"
    value, slope, product, hessian = json.loads(
        script(name, count, tmp_path / "f", VARGRAD_BACKEND=backend, **{"VARGRAD_SIMD": "", **which})
    )
    x = np.array([0.5, 2.0, 3.0])
    inner, factor = CHAINS[name](x, count)
    assert value == (inner**2).tolist()
    assert slope == (2 * factor * inner).tolist()
    assert product == hessian == [2 * factor**2] * 3
