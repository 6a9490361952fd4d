"""Refused memory at every public entry: MemoryError or the right result, and everything is as before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from twins import Implementation

pytest.importorskip("_testcapi")
pytestmark = [pytest.mark.either, pytest.mark.skipif(not hasattr(os, "fork"), reason="each entry runs in a fork")]
SCRIPT = Path(__file__).parents[1] / "isolated" / "refused.py"
SOME = 307  # every how manieth allocation the suite refuses; CONTRIBUTING.md has the command for all of them

# Modes stayed on, weights half trained, a file replaced by a call that failed, a state half loaded.
WHOLE = ["no_grad", "no_grad decorator", "detect_anomaly", "optim.Optimizer", "optim.Adam of leaves", "NN.partial_fit"]


def refused(impl: Implementation, stride: int, *entries: str) -> None:
    command = [sys.executable, str(SCRIPT), impl.name, str(stride), *entries]
    found = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert found.returncode == 0, found.stdout + found.stderr


def test_some_allocations_of_every_entry(impl: Implementation) -> None:
    """A public name without an entry fails here too."""
    refused(impl, SOME)


def test_every_allocation_of_a_few(impl: Implementation) -> None:
    refused(impl, 1, *WHOLE)


def test_some_allocations_of_saving(impl: Implementation) -> None:
    refused(impl, 5, "NN.save", "optim.LBFGS")


def test_some_allocations_of_a_derivative(impl: Implementation) -> None:
    """Columns of a graph were left of different lengths, and all later derivatives were those of other nodes."""
    refused(impl, 5, "Compiled.hvp")


def test_a_path_that_nothing_leads_to(impl: Implementation) -> None:
    """One that was recorded and then not kept is not counted; in Python there are several allocations to each in C."""
    refused(impl, 1 if impl.name == "compiled" else 4, "Compiled.to_c")
