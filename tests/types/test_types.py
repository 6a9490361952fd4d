"""What type checkers and editors see: types of results, signatures, and public names alone."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import types
import typing
from pathlib import Path
from typing import Any

import numpy
import pytest

import vargrad
import vargrad.data
import vargrad.losses
import vargrad.math
import vargrad.nn
import vargrad.numeric
import vargrad.optim
import vargrad.plot
import vargrad.reference
import vargrad.special
import vargrad.transforms

ROOT = Path(__file__).parents[2]
ASSERTED = Path(__file__).with_name("asserted.py")
MODULES = [
    vargrad,
    vargrad.data,
    vargrad.losses,
    vargrad.math,
    vargrad.nn,
    vargrad.numeric,
    vargrad.optim,
    vargrad.plot,
]
MODULES += [vargrad.reference, vargrad.special, vargrad.transforms]
NAMES = [(module, name) for module in MODULES for name in module.__all__ if callable(getattr(module, name))]


def is_of(value: Any, expected: Any) -> bool:
    """Whether a value is of a type, as far as that shows: elements of lists, tuples and dicts too."""
    origin, arguments = typing.get_origin(expected), typing.get_args(expected)
    if hasattr(origin, "__value__"):  # an alias such as NDArray, from NumPy 2.5 on
        return is_of(value, origin.__value__[arguments])
    if origin in (typing.Union, types.UnionType):
        return any(is_of(value, one) for one in arguments)
    if origin is tuple:
        each = arguments[:1] * len(value) if arguments[1:] == (...,) else arguments
        return type(value) is tuple and len(each) == len(value) and all(map(is_of, value, each))
    if origin is list:
        return type(value) is list and all(is_of(x, arguments[0]) for x in value)
    if origin is dict:
        return type(value) is dict and all(is_of(k, arguments[0]) and is_of(v, arguments[1]) for k, v in value.items())
    if origin is numpy.ndarray:
        dtype = arguments[1].__args__[0]
        return type(value) is numpy.ndarray and (dtype is Any or value.dtype.type is dtype)
    return expected is Any or type(value) is (origin or expected) or (expected is None and value is None)


def test_types_are_those_of_the_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each assertion that a type checker believes is true when it runs."""
    asserted = []

    def assert_type(value: Any, expected: Any) -> Any:
        assert is_of(value, expected), f"{value!r} is no {expected}"
        asserted.append(expected)
        return value

    monkeypatch.setattr(typing, "assert_type", assert_type)
    exec(
        compile(ASSERTED.read_text(encoding="utf-8"), str(ASSERTED), "exec", dont_inherit=True),
        {"__name__": "asserted"},
    )
    assert len(asserted) > 50


def mypy(file: Path) -> str:
    """What mypy --strict says of a file, besides that there is nothing to say."""
    pytest.importorskip("mypy", reason="mypy is not installed")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--config-file", "pyproject.toml"]
    command += ["--follow-imports=silent"]  # errors in the file: the sources' own depend on the NumPy that is there
    run = subprocess.run([*command, str(file)], cwd=ROOT, capture_output=True, text=True)
    assert run.stderr == ""
    return run.stdout


def test_mypy_finds_these_types() -> None:
    assert mypy(ASSERTED) == ""


def test_the_readme_passes_mypy(tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    file = tmp_path / "readme.py"
    file.write_text("\n".join(blocks), encoding="utf-8")
    assert mypy(file) == ""


def test_mypy_finds_what_raises(tmp_path: Path) -> None:
    lines = {
        "float(Var(1.0))": 'expected "str',
        "math.exp(Var(1.0))": 'expected "SupportsFloat | SupportsIndex"',
        'Var("1")': 'incompatible type "str"',
        'vargrad.math.exp("1")': "No overload variant",
        "class Own(Var): ...": "final",  # mypy reads no further
    }
    file = tmp_path / "wrong.py"
    file.write_text("\n".join(["import math", "import vargrad", "from vargrad import Var", *lines]) + "\n")
    told = mypy(file)
    for i, (line, expected) in enumerate(lines.items(), 4):
        assert re.search(rf"wrong\.py:{i}: error: .*{re.escape(expected)}", told), f"{line}\n{told}"


@pytest.mark.parametrize(("module", "name"), NAMES, ids=lambda x: x if isinstance(x, str) else x.__name__)
def test_signatures_are_known(module: Any, name: str) -> None:
    thing = getattr(module, name)
    if isinstance(thing, type) and issubclass(thing, BaseException):
        return  # as other exceptions
    signature = inspect.signature(thing)
    kinds = [(p.name, p.kind) for p in signature.parameters.values()]
    assert kinds != [("args", inspect.Parameter.VAR_POSITIONAL), ("kwargs", inspect.Parameter.VAR_KEYWORD)]
    assert kinds != [("operands", inspect.Parameter.VAR_POSITIONAL), ("options", inspect.Parameter.VAR_KEYWORD)]


@pytest.mark.parametrize(
    "name", [name for name in dir(vargrad.Var) if name[0] != "_" and callable(getattr(vargrad.Var, name))]
)
def test_signatures_of_methods_are_known(name: str) -> None:
    inspect.signature(getattr(vargrad.Var, name))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_completion_offers_public_names(module: Any) -> None:
    assert sorted(dir(module)) == sorted(module.__all__)
