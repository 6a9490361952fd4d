"""What a user sees of a name: its public module, in messages, help and pickles."""

from __future__ import annotations

import importlib
import pickle
from typing import Any

import pytest

import vargrad
from twins import Implementation

MODULES = [
    "",
    ".data",
    ".interpolate",
    ".linalg",
    ".losses",
    ".math",
    ".nn",
    ".numeric",
    ".optim",
    ".reference",
    ".special",
    ".transforms",
]


def public(module: Any) -> list[str]:
    return getattr(module, "__all__", None) or [
        name for name, thing in vars(module).items() if not name.startswith("_") and callable(thing)
    ]


NAMES = [(f"vargrad{m}", name) for m in MODULES for name in public(importlib.import_module(f"vargrad{m}"))]


@pytest.mark.parametrize(("module", "name"), NAMES, ids=lambda x: x)
def test_public_names_show_public_modules(module: str, name: str) -> None:
    thing = getattr(importlib.import_module(module), name)
    shown = getattr(thing, "__module__", None)
    if isinstance(shown, str) and shown.startswith("vargrad"):
        assert not any(part.startswith("_") for part in shown.split("."))
        assert getattr(importlib.import_module(shown), name) is thing
        assert pickle.loads(pickle.dumps(thing)) is thing


def test_var_in_messages(impl: Implementation) -> None:
    expected = "vargrad.Var" if impl.Var is vargrad.Var else "vargrad.reference.Var"
    assert f"{impl.Var.__module__}.{impl.Var.__qualname__}" == expected
    assert repr(impl.Var) == f"<class '{expected}'>"


def test_tracebacks_name_no_private_module() -> None:
    f = vargrad.compile(lambda x: float(x))
    with pytest.raises(vargrad.RecordingError) as caught:
        f(1.0)
    assert f"{type(caught.value).__module__}.{type(caught.value).__qualname__}" == "vargrad.RecordingError"


def test_pickles_of_values_name_no_private_class(impl: Implementation) -> None:
    """Functions that make a value again are ours; the classes are found under their public names."""
    model = vargrad.NN([1, 1], seed=0)
    for value in (model, model.parameters, vargrad.optim.Adam(model.parameters)):
        assert b"vargrad._train" not in pickle.dumps(value, 0)
        assert b"vargrad._core.parameters" not in pickle.dumps(value, 0)
