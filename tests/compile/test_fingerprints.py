"""Recordings in pickles and files count only where what they read is still the same when they come back."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import vargrad

SOURCE = """
import functools
import numpy
K = 2.0
TABLE = {"rate": 2.0}
WEIGHTS = numpy.array([2.0, 3.0])
LOCK = __import__("threading").Lock()

class Model:
    power = 2.0
    def __init__(self, scale):
        self.scale = scale
    def value(self, x):
        return self.scale * x ** self.power
    def __call__(self, x):
        return self.value(x)

MODEL = Model(2.0)

def helper(x):
    return 2.0 * x

def constant(x):
    return K * x if x > 0 else K - x

def table(x):
    return TABLE["rate"] * x

def weights(x):
    return WEIGHTS[0] * x + WEIGHTS[1]

def by_helper(x):
    return helper(x)

def by_default(x, k=2.0):
    return k * x

def by_object(x):
    return MODEL.value(x)

def by_lock(x):
    with LOCK:
        return K * x

def make(k):
    def inner(x):
        return k * x
    return inner

inside = make(2.0)
"""
EDITS = {
    "constant": "K = 5.0",
    "table": "TABLE['rate'] = 5.0",
    "weights": "WEIGHTS[1] = 5.0",
    "by_helper": "def helper(x): return 5.0 * x",
    "by_default": "def by_default(x, k=5.0): return k * x",
    "by_object": "MODEL.scale = 5.0",
    "inside": "inside = make(5.0)",
}
MORE = {
    "own code": ("constant", "def constant(x): return x + K"),
    "class": ("by_object", "Model.power = 3.0"),
    "method": ("by_object", "Model.value = lambda self, x: self.scale + x"),
}
CASES = {**{name: (name, edit) for name, edit in EDITS.items()}, **MORE}


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModuleType]:
    """Makes the module anew, with an edit at its end, as another process would import it."""

    def make(edit: str = "") -> ModuleType:
        made = ModuleType("stored_functions")
        made.__file__ = "/nowhere/stored_functions.py"
        monkeypatch.setitem(sys.modules, made.__name__, made)
        exec(compile(f"{SOURCE}\n{edit}\n", made.__file__, "exec"), made.__dict__)
        return made

    return make


def by_pickle(compiled: Any, find: Callable[[], Any], path: Path) -> Any:
    path.write_bytes(pickle.dumps(compiled))
    find()
    return pickle.loads(path.read_bytes())


def by_file(compiled: Any, find: Callable[[], Any], path: Path) -> Any:
    compiled.save(path)
    return vargrad.load_compiled(path, find())


WAYS = [by_pickle, by_file]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", CASES)
def test_what_changed_between_storing_and_loading_counts(
    module: Any, tmp_path: Path, way: Callable[..., Any], case: str
) -> None:
    name, edit = CASES[case]
    compiled = vargrad.compile(getattr(module(), name))
    compiled(3.0)
    if name == "inside" and way is by_pickle:
        return  # a function inside another one goes into a pickle by value
    loaded = way(compiled, lambda: getattr(module(edit), name), tmp_path / "f.npz")
    now = getattr(sys.modules["stored_functions"], name)
    assert now(3.0) != compiled(3.0), "the edit is to change the result"
    assert loaded(3.0) == now(3.0)
    assert loaded.value_and_grad(4.0) == vargrad.value_and_grad(now)(4.0)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", EDITS)
def test_what_changes_after_loading_counts(module: Any, tmp_path: Path, way: Callable[..., Any], name: str) -> None:
    compiled = vargrad.compile(getattr(module(), name))
    compiled(3.0)
    if name == "inside" and way is by_pickle:
        pytest.importorskip("cloudpickle")
    loaded = way(compiled, lambda: getattr(module(), name), tmp_path / "f.npz")
    assert loaded.paths == 1, "unchanged: nothing is recorded anew"
    assert loaded(3.0) == compiled(3.0)
    if name in ("by_default", "inside"):  # the function itself is another one now
        return
    names = sys.modules["stored_functions"].__dict__
    exec(EDITS[name], names)
    assert loaded(3.0) == names[name](3.0) != compiled(3.0)


@pytest.mark.parametrize("way", WAYS)
def test_paths_that_fit_are_kept(module: Any, tmp_path: Path, way: Callable[..., Any]) -> None:
    compiled = vargrad.compile(module().constant)
    compiled([3.0, -1.0])
    counted = "calls = 0\ndef helper(x):\n    global calls\n    calls += 1\n    return x"
    loaded = way(compiled, lambda: module(counted).constant, tmp_path / "f.npz")
    assert loaded.paths == 2
    assert loaded([3.0, -1.0]).tolist() == [6.0, 3.0]
    assert loaded.paths == 2, "nothing was recorded anew"


def test_what_no_process_can_compare_is_recorded_anew(module: Any, tmp_path: Path) -> None:
    compiled = vargrad.compile(module().by_lock)
    assert compiled(3.0) == 6.0
    loaded = by_pickle(compiled, module, tmp_path / "f")
    assert (loaded.paths, loaded(3.0), loaded.paths) == (0, 6.0, 1)


@pytest.mark.parametrize("way", WAYS)
def test_frozen_functions_keep_what_they_read(module: Any, tmp_path: Path, way: Callable[..., Any]) -> None:
    compiled = vargrad.compile(module().constant, constants="frozen")
    compiled(3.0)
    loaded = way(compiled, lambda: module("K = 5.0").constant, tmp_path / "f.npz")
    assert loaded(3.0) == compiled(3.0) == 6.0
    again = pickle.loads(pickle.dumps(loaded))
    assert again(3.0) == 6.0


def test_a_function_by_value_watches_its_own_globals(tmp_path: Path) -> None:
    pytest.importorskip("cloudpickle")
    names: dict[str, Any] = {"K": 2.0, "__name__": "__main__"}
    exec("def f(x): return K * x", names)
    compiled = vargrad.compile(names["f"])
    compiled(3.0)
    loaded = pickle.loads(pickle.dumps(compiled))
    assert (loaded.paths, loaded(3.0)) == (1, 6.0)
    loaded.__wrapped__.__globals__["K"] = 5.0
    assert (loaded(3.0), compiled(3.0)) == (15.0, 6.0)


@pytest.mark.parametrize("name", ["value", "__call__"])
def test_a_method_in_a_file_is_of_its_object(module: Any, tmp_path: Path, name: str) -> None:
    def of(made: ModuleType) -> Any:
        return made.MODEL.value if name == "value" else made.MODEL

    compiled = vargrad.compile(of(module()))
    compiled(3.0)
    compiled.save(tmp_path / "f.npz")
    same = vargrad.load_compiled(tmp_path / "f.npz", of(module()))
    assert (same.paths, same(3.0), same.paths) == (1, 18.0, 1)
    sys.modules["stored_functions"].MODEL.scale = 5.0
    assert same(3.0) == 45.0
    other = vargrad.load_compiled(tmp_path / "f.npz", of(module("MODEL.scale = 7.0")))
    assert other(3.0) == 63.0


def test_without_its_function_a_file_is_as_it_was_stored(module: Any, tmp_path: Path) -> None:
    compiled = vargrad.compile(module().constant)
    compiled(3.0)
    compiled.save(tmp_path / "f.npz")
    alone = vargrad.load_compiled(tmp_path / "f.npz")
    assert alone(3.0) == 6.0
    alone.save(tmp_path / "g.npz")
    assert vargrad.load_compiled(tmp_path / "g.npz", module().constant).paths == 1
    assert vargrad.load_compiled(tmp_path / "g.npz", module("K = 5.0").constant)(3.0) == 15.0
