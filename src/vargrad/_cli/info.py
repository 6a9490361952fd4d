"""``info``: versions, and which backend is active and why."""

from __future__ import annotations

import importlib
import platform
import sys
from importlib import metadata
from pathlib import Path

import vargrad
from vargrad._cli import backends


def show() -> None:
    """Print one fact a line. Never fails: what is unknown is called so."""
    for name, fact in facts():
        print(f"{name:<9} {fact}")


def facts() -> list[tuple[str, str]]:
    """Pairs of a name and a fact."""
    return [
        ("vargrad", vargrad.__version__),
        ("backend", f"{vargrad.backend}: {backends.why()}"),
        ("core", _core()),
        ("machine", _machine()),
        ("python", f"{platform.python_implementation()} {platform.python_version()}, {platform.python_compiler()}"),
        ("system", platform.platform()),
        ("numpy", _version("numpy")),
        ("tqdm", _version("tqdm")),
        ("package", str(Path(vargrad.__file__).parent)),
        ("runs in", sys.executable),
    ]


def _core() -> str:
    try:
        core = importlib.import_module("vargrad._core.var_c")
    except ImportError:
        return "not built"
    build = getattr(core, "BUILD", "")
    return f"{core.__file__}{f' ({build})' if build else ''}"


def _machine() -> str:
    try:
        machine = importlib.import_module("vargrad._vm.machine_c")
    except ImportError as error:
        return f"none: {error}" if "VARGRAD_SIMD" in str(error) and vargrad.backend != "python" else "NumPy's"
    if vargrad.backend == "python":
        return "NumPy's"
    available = ", ".join(machine.instruction_sets())
    return f"{machine.instruction_set()} instructions, of {available} (VARGRAD_SIMD chooses)"


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
