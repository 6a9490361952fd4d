"""``info``: versions, and which backend is active and why."""

from __future__ import annotations

import importlib
import platform
import sys
from importlib import metadata
from pathlib import Path

import vargrad
from vargrad._cli import backends, terminal


def show(as_json: bool = False) -> int:
    """Print one fact a line, or JSON. Never fails: what is unknown is called so."""
    if as_json:
        print(terminal.as_json(dict(facts())))
        return 0
    for name, fact in facts():
        terminal.say(f"{name:<9} {fact}")
    return 0


def facts() -> list[tuple[str, str]]:
    """Pairs of a name and a fact."""
    return [
        ("vargrad", vargrad.__version__),
        ("backend", f"{vargrad.backend}: {backends.why()}"),
        ("core", _core()),
        ("machine", _machine()),
        ("native", _native()),
        ("python", f"{platform.python_implementation()} {platform.python_version()}, {platform.python_compiler()}"),
        ("system", platform.platform()),
        ("numpy", _version("numpy")),
        ("tqdm", _version("tqdm")),
        ("draws by", _extra("igraph", "draw")),
        ("plots by", _extra("matplotlib", "plot")),
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


def _native() -> str:
    from vargrad._native import service, settings

    if vargrad.backend == "python":
        return "no machine code: the machine is NumPy's"
    if service.reason():
        return f"no machine code: {service.reason()}: pip install 'vargrad[native]'"
    modes = ", ".join(settings.MODES)
    return f"{settings.DEFAULT}, of {modes} (VARGRAD_NATIVE chooses), by llvmlite {_version('llvmlite')}"


def _extra(name: str, extra: str) -> str:
    version = _version(name)
    return f"{name} {version}" if version[0].isdigit() else f"nothing: pip install 'vargrad[{extra}]'"


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
