"""Compiled functions in files: what comes back, and which files are refused."""

from __future__ import annotations

import collections
import contextlib
import io
import json
import math
import os
import pickle
import random
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vargrad
from recorded import leaf
from vargrad import math as m
from vargrad._compile import files
from vargrad._util.files import replacing

X = np.linspace(-2.0, 3.0, 11)
WEIGHT = leaf(2.0)


def branches(x: Any, y: Any = 2.0, *, z: Any = 0.5) -> Any:
    """With branches, composites, a leaf and constants."""
    if x > 0:
        return m.hypot(x, y) * WEIGHT + m.maximum(x, y, z)
    return m.logsumexp([x, y, -x]) * m.floor(x) + (0.0 if y > 1 else -0.0)


def several(A: Any, x: Any) -> Any:
    return A @ x, [m.fsum(x), x[0].detach() * x[1]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "f.vargrad"


@pytest.fixture
def saved(path: Path) -> Any:
    """The function, its file written."""
    f = vargrad.compile(branches, max_paths=20)
    f(X, 1.5)
    f(X, z=X[::-1])
    f.hvp(X, 1.5, (X, 2.0))  # what is derived or has vectors as inputs must not come along
    f.save(path)
    return f


def test_everything_comes_back(saved: Any, path: Path) -> None:
    again = vargrad.load_compiled(path)
    assert (again.__name__, again.__doc__) == ("branches", branches.__doc__)
    assert (again.paths, again.max_paths) == (saved.paths, 20)
    assert repr(again) == repr(saved)
    for call in ((X, 1.5), (X[3:], 2.5)):
        assert np.array_equal(again(*call), saved(*call))
        assert all(map(np.array_equal, again.grad(*call), saved.grad(*call)))
        assert np.array_equal(again.hessian(*call), saved.hessian(*call))
        assert all(map(np.array_equal, again.hvp(*call, (X[-1], 1.0)), saved.hvp(*call, (X[-1], 1.0))))
    assert np.array_equal(again(X, z=X[::-1]), saved(X, z=X[::-1]))
    assert again.to_c(1.0, 1.5) == saved.to_c(1.0, 1.5)


def test_a_file_of_a_file_is_the_same(saved: Any, path: Path, tmp_path: Path) -> None:
    vargrad.load_compiled(path).save(tmp_path / "again")
    with np.load(path) as first, np.load(tmp_path / "again") as second:
        assert set(first) == set(second) == set(files._ARRAYS)
        assert all(np.array_equal(first[name], second[name]) for name in first)


def test_signature_containers_and_shapes(path: Path) -> None:
    f = vargrad.compile(several, signature="(m,n),(n)->(m),(2)")
    A, x = np.arange(6.0).reshape(2, 3), np.array([1.0, 2.0, 3.0])
    f(A, x)
    f.save(path)
    again = vargrad.load_compiled(path)
    assert [part.tolist() for part in again(A, x)] == [part.tolist() for part in f(A, x)]
    assert np.array_equal(again.jacobian(A, x)[1][1], f.jacobian(A, x)[1][1])
    with pytest.raises(ValueError, match="wants n = 3"):
        again(A, x[:2])
    with pytest.raises(vargrad.RecordingError, match="without its Python source"):
        again(A[:, :2], x[:2])


def test_new_paths_need_the_function(path: Path) -> None:
    f = vargrad.compile(branches)
    f(1.0)
    f.save(path)
    again = vargrad.load_compiled(path)
    with pytest.raises(vargrad.RecordingError, match="was stored without its Python source"):
        again(-1.5)
    with_source = vargrad.load_compiled(path, branches)
    assert with_source(-1.5) == f(-1.5) == branches(-1.5)
    assert (with_source.paths, again.paths) == (2, 1)
    with pytest.raises(ValueError, match=r"compiled from branches\(x, y, z\), and the function given takes \(A, x\)"):
        vargrad.load_compiled(path, several)


def test_leaves_are_new_ones_with_value_and_grad(path: Path) -> None:
    v, w = vargrad.Var(3.0), leaf(math.inf)
    w.grad = -0.5
    f = vargrad.compile(lambda x: x * v if x > 0 else x / w - v)
    f(X)
    f.save(path)
    v.value = 7.0
    again = vargrad.load_compiled(path)
    assert again(2.0) == 6.0
    assert again.backward(-1.0) == -3.0
    assert (w.grad, v.value) == (-0.5, 7.0)
    found = {
        leaf
        for specialization in again._specializations.values()
        for path in specialization.paths
        for leaf in path.recording.leaves
    }
    assert sorted((leaf.value, leaf.requires_grad) for leaf in found) == [(3.0, False), (math.inf, True)]
    assert [leaf.grad for leaf in found if leaf.requires_grad] == [-0.5]


def test_another_process_loads_it_without_the_source(saved: Any, path: Path) -> None:
    script = "import sys, vargrad; print(repr(vargrad.load_compiled(sys.argv[1]).value_and_grad(2.0, 1.5)))"
    run = [sys.executable, "-W", "error", "-c", script, str(path)]
    found = subprocess.run(run, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == repr(saved.value_and_grad(2.0, 1.5))


def test_what_cannot_be_saved(path: Path) -> None:
    pair = collections.namedtuple("pair", "a b")
    with pytest.raises(ValueError, match="nothing is recorded yet"):
        vargrad.compile(branches).save(path)
    f = vargrad.compile(lambda x: pair(x, 2 * x))
    assert f(1.0) == pair(1.0, 2.0)
    with pytest.raises(TypeError, match="tuple or a list"):
        f.save(path)
    assert list(path.parent.iterdir()) == []


# ---- writing


def test_a_file_appears_complete_or_not_at_all(saved: Any, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()
    saved(5.0)

    def full(file: io.BytesIO, **arrays: Any) -> None:
        file.write(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="no space"):
        saved.save(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "no" / "f"):
        pass
    with pytest.raises(FileNotFoundError):
        vargrad.load_compiled(tmp_path / "nothing")


# ---- reading what is not right


def refused(path: Path, match: str) -> str:
    with pytest.raises(ValueError, match=match) as caught:
        vargrad.load_compiled(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def loaded_or_refused(path: Path) -> Any:
    """The function, or None where it is refused by the file's name."""
    try:
        return vargrad.load_compiled(path)
    except ValueError as error:
        if str(path) not in str(error):
            raise
        return None


def test_truncated_anywhere(saved: Any, path: Path) -> None:
    whole = path.read_bytes()
    for size in [*range(0, len(whole), 97), len(whole) - 1]:
        path.write_bytes(whole[:size])
        refused(path, "no compiled function that can be loaded: it is truncated")


def test_damaged_bytes(saved: Any, path: Path) -> None:
    """Refused, or they were bytes that do not matter."""
    whole, rng = path.read_bytes(), random.Random(1)
    expected, refusals = saved(X, 1.5), 0
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        again = loaded_or_refused(path)
        refusals += again is None
        assert again is None or np.array_equal(again(X, 1.5), expected)
    assert refusals > 250


def write(path: Path, **arrays: Any) -> None:
    np.savez(stream := io.BytesIO(), **arrays)
    path.write_bytes(stream.getvalue())


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.abort, ()


def test_foreign_files(path: Path) -> None:
    path.write_bytes(pickle.dumps(Bomb()))
    refused(path, "no npz archive of plain arrays")
    np.save(stream := io.BytesIO(), np.ones(3))
    path.write_bytes(stream.getvalue())
    refused(path, "one array")
    write(path, **dict.fromkeys(files._ARRAYS, np.array([Bomb()], object)))
    refused(path, "no npz archive of plain arrays")
    write(path, x=np.ones(3))
    refused(path, "no array 'header'")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.npy", "hello")
    refused(path, "no array 'nodes'|not of uint8")


def rewritten(path: Path, change: Any) -> None:
    """The file after a change to its arrays and its header."""
    with np.load(path) as archive:
        arrays = dict(archive)
    header = json.loads(arrays["header"].tobytes())
    change(header, arrays)
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8) if header is not None else arrays["header"]
    write(path, **arrays)


CHANGES: dict[str, tuple[Any, str]] = {
    "version": (lambda h, a: h.update(version=2), "its format is 2, and this vargrad reads 1"),
    "format": (lambda h, a: h.update(format="other"), "not from Compiled.save"),
    "operation": (lambda h, a: h["operations"].append("fma"), "operations that this vargrad has not: fma"),
    "no name": (lambda h, a: h.pop("name"), "its 'name' is None"),
    "signature": (lambda h, a: h.update(signature="(n"), "no signature"),
    "max_paths": (lambda h, a: h.update(max_paths=0), "max_paths"),
    "parameters": (lambda h, a: h["parameters"].update(only=[1]), "parameters' 'only'"),
    "fewer nodes": (lambda h, a: a.update(nodes=a["nodes"][:-1]), "ends too early"),
    "more nodes": (lambda h, a: a.update(nodes=np.tile(a["nodes"], (2, 1))), "its paths take"),
    "dtype": (lambda h, a: a.update(numbers=a["numbers"].astype(np.float32)), "not of float64"),
    "columns": (lambda h, a: a.update(nodes=a["nodes"][:, :3]), "rows of four"),
    "kind": (lambda h, a: a["nodes"].__setitem__((5, 0), 999), "of no known kind"),
    "loop": (lambda h, a: a["nodes"].__setitem__((slice(None), 1), 10_000), "not older nodes"),
    "zero": (lambda h, a: a["numbers"].__setitem__(1, -0.0), "begin with its zeros"),
    "guard": (lambda h, a: h["variants"][0]["paths"][0]["guards"].__setitem__(0, [10_000, 1.0]), "guard is no node"),
    "results": (lambda h, a: h["variants"][0]["paths"][0].update(results=[]), "do not fit their shapes"),
    "parent": (lambda h, a: h["variants"][0]["paths"][1].update(parent=1), "leaves none of those before"),
    "leaf": (lambda h, a: a.update(leaves=a["leaves"][:0]), "a leaf that is not there"),
    "shapes": (lambda h, a: h["variants"][0].update(cores=[[2], []]), "do not fit its shapes"),
}


@pytest.mark.parametrize("name", list(CHANGES))
def test_files_that_do_not_fit_together(name: str, saved: Any, path: Path) -> None:
    change, message = CHANGES[name]
    rewritten(path, change)
    refused(path, message)


def test_noise_is_refused_or_runs(saved: Any, path: Path) -> None:
    """Whatever numbers stand in a file: it is refused, or what it holds runs inside its own memory."""
    whole, rng = path.read_bytes(), random.Random(3)
    ran = 0
    for _ in range(200):
        path.write_bytes(whole)

        def change(header: Any, arrays: Any) -> None:
            for _ in range(rng.randint(1, 2)):
                array = arrays[rng.choice(["nodes", "slopes", "nodes", "numbers"])]
                array.ravel()[rng.randrange(array.size)] = rng.randrange(-4, 60)

        rewritten(path, change)
        again = loaded_or_refused(path)
        if again is not None:
            ran += 1
            with contextlib.suppress(vargrad.RecordingError):  # the guards are others, and the source is not there
                again.value_and_grad(X, 1.5)
    assert ran > 10


def test_a_file_of_a_machine_of_the_other_byte_order(tmp_path: Path) -> None:
    f = vargrad.compile(lambda x: x * 3.0 + 0.1 if x > 1.0 else x)
    rows = np.array([0.5, 2.0, -3.0])
    expected = f(rows)
    f.save(tmp_path / "f.npz")
    with np.load(tmp_path / "f.npz") as arrays:
        swapped = {name: a.astype(a.dtype.newbyteorder()) for name, a in arrays.items()}
    assert swapped["numbers"].dtype != np.float64
    np.savez(tmp_path / "g.npz", **swapped)
    assert vargrad.load_compiled(tmp_path / "g.npz")(rows).tolist() == expected.tolist()
