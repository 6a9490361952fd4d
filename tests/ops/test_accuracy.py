"""The accuracy that docs/ops.md states is that of vargrad.special: all functions, all regions, on both twins."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from twins import Implementation
from vargrad import special

ROOT = Path(__file__).parents[2]


def script() -> ModuleType:
    """docs/accuracy.py, which wrote the numbers."""
    spec = importlib.util.spec_from_file_location("accuracy", ROOT / "docs" / "accuracy.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


accuracy = script()
STATED: dict[str, dict[str, list[float]]] = json.loads(accuracy.FILE.read_text(encoding="utf-8"))["functions"]
REGIONS = [(name, region) for name, regions in accuracy.REGIONS.items() for region in regions]


def test_every_function_is_measured() -> None:
    same = {"norm_cdf", "norm_ppf", "psi", "polygamma"}  # other names, and a multiple of zeta, see test_special.py
    assert set(accuracy.REGIONS) == set(special.__all__) - same
    assert [(name, region) for name, regions in STATED.items() for region in regions] == REGIONS


def test_the_page_shows_them() -> None:
    page = (ROOT / "docs" / "ops.md").read_text(encoding="utf-8")
    for name, region in REGIONS:
        ours, theirs = STATED[name][region]
        assert f"| `{name}` | {region} | {ours:g} | {theirs:g} |" in page


def test_within_4_ulp_or_about_as_good_as_scipy() -> None:
    beyond = [STATED[name][region] for name, region in REGIONS if STATED[name][region][0] > 4.0]
    assert all(ours <= 2.0 * theirs for ours, theirs in beyond)


@pytest.mark.parametrize(("name", "region"), REGIONS)
def test_no_error_is_larger_than_stated(impl: Implementation, name: str, region: str) -> None:
    def of_var(*point: float) -> Any:
        *parameters, x = point
        return getattr(special, name)(*parameters, impl.Var(x)).value

    ours, _ = STATED[name][region]
    (found,) = accuracy.measured(name, region, [of_var], 40)
    assert found <= ours * 1.01 + 0.05  # rounded as it is written
