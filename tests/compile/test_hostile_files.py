"""Files of compiled functions that mean no good: refused by name, or run inside their memory and stack."""

from __future__ import annotations

import io
import json
import os
import pickle
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vargrad
from hostile import chain, file_of
from vargrad._compile import files, pickles
from vargrad._compile.compiled import restore

HERE = Path(__file__).parents[1] / "support"
CHAINS: dict[str, Any] = {  # what stands at the end, and its slope
    "neg": lambda x, n: (x, 1.0),
    "abs": lambda x, n: (2 * x, 2.0),
    "mul": lambda x, n: (x, 1.0),
    "add": lambda x, n: (x + n, 1.0),
}


def script(*arguments: Any, name: str = "hostile.py", **environment: str) -> str:
    """What a script beside this one prints, in a process of its own: what fails may end it."""
    run = [sys.executable, str(HERE / name), *map(str, arguments)]
    found = subprocess.run(run, capture_output=True, text=True, env=os.environ | environment, check=False)
    assert found.returncode == 0, f"{arguments}: ended with {found.returncode}\n{found.stderr[-2000:]}"
    return found.stdout


@pytest.mark.parametrize("name", list(CHAINS))
@pytest.mark.parametrize("machine", ["python", "baseline", "best"])
def test_chains_of_any_length_need_no_stack(name: str, machine: str, tmp_path: Path) -> None:
    """Chains that recordings never have, since rules shorten them, and of additions, which these keep."""
    if machine != "python" and vargrad.backend != "compiled":
        pytest.skip("the extension is not built")
    count = 100_000 if machine == "best" else 10_000  # what would recurse is the same for all machines in C
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


# ---- what a file says of itself


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A good file."""
    f = vargrad.compile(lambda x, y: x * vargrad.math.floor(y) if x > 0 else x.detach() + y)
    f(np.array([1.0, -1.0]), 2.5)
    f.save(tmp_path / "f")
    return tmp_path / "f"


def parts(path: Path) -> tuple[dict[str, Any], Any]:
    with np.load(path) as archive:
        arrays = dict(archive)
    return arrays, json.loads(arrays["header"].tobytes())


def refused(path: Path, match: str) -> None:
    with pytest.raises(ValueError, match=match) as caught:
        vargrad.load_compiled(path)
    assert str(caught.value).startswith(f"{path}: no compiled function that can be loaded: ")


def first_path(h: Any) -> Any:
    return h["variants"][0]["paths"][0]


CHANGES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "container of another type": (lambda h: first_path(h).update(container=[]), "container is unfit"),
    "container that is a table": (lambda h: first_path(h).update(container={}), "container is unfit"),
    "guard beyond float64": (lambda h: first_path(h)["guards"][0].__setitem__(1, 10**400), "guards are unfit"),
    "guard of another type": (lambda h: first_path(h).update(guards={}), "guards are unfit"),
    "key beyond float64": (lambda h: h["variants"][0]["paths"][1].update(key=[0, 10**400]), "leaves none of those"),
    "shape of texts": (lambda h: h["variants"][0].update(cores=[["a"], []]), "arguments are unfit"),
    "shape without end": (lambda h: first_path(h).update(cores=[[0, 2**31 - 1, 2**31 - 1]]), "have no shapes"),
    "shape of many dimensions": (lambda h: first_path(h).update(cores=[[1] * 100]), "have no shapes"),
    "no results at all": (lambda h: first_path(h).update(results=[], cores=[], container="list"), "have no shapes"),
    "result 0": (lambda h: first_path(h).update(results=[0]), "results are no nodes"),
    "argument twice": (lambda h: first_path(h).update(arguments=[[2], [2]]), "are not its inputs"),
    "no signature": (lambda h: h.pop("signature"), "its 'signature' is None"),
    "names of numbers": (lambda h: h["variants"][0].update(names=[1, 2]), "arguments are unfit"),
    "paths of numbers": (lambda h: h["variants"][0].update(paths=[1]), "a path is no table"),
    "true for a number": (lambda h: h.update(max_paths=True), "max_paths"),
    "version of another type": (lambda h: h.update(version=1.0), "its format is 1.0"),
}


@pytest.mark.parametrize("name", list(CHANGES))
def test_every_bad_header_is_refused_by_the_file_s_name(name: str, path: Path) -> None:
    change, message = CHANGES[name]
    arrays, header = parts(path)
    change(header)
    with path.open("wb") as file:
        np.savez(file, **(arrays | {"header": np.frombuffer(json.dumps(header).encode(), np.uint8)}))
    refused(path, message)


def test_nodes_that_no_graph_has(tmp_path: Path) -> None:
    nodes, numbers = chain("neg", 2)
    file_of(tmp_path / "f", [*nodes, nodes[-1]], numbers, len(nodes))
    refused(tmp_path / "f", "node 7 is there twice")
    file_of(tmp_path / "f", [*nodes, (vargrad._ops.codes.ROUND, 2, 3, 0)], numbers, len(nodes))
    refused(tmp_path / "f", "no known kind: round")


@pytest.mark.parametrize("error", [KeyError, TypeError, IndexError, OverflowError, RecursionError, zipfile.BadZipFile])
def test_what_no_check_foresees_is_a_value_error(
    error: type[Exception], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise error("of a kind")

    monkeypatch.setattr(files, "restored", fail)
    refused(path, "it is damaged .*of a kind")


@pytest.mark.parametrize(
    ("error", "where"),
    [(MemoryError, "zipfile"), (KeyboardInterrupt, "zipfile")]
    + [(error, "restored") for error in (MemoryError, OSError, KeyboardInterrupt)],
)
def test_what_is_not_the_file_s_fault_stays_what_it_is(
    error: type[BaseException], where: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error("not now")

    if where == "zipfile":
        monkeypatch.setattr(zipfile.ZipFile, "read", fail)
        monkeypatch.setattr(zipfile.ZipFile, "open", fail)
    else:
        monkeypatch.setattr(files, "restored", fail)
    with pytest.raises(error, match="not now"):
        vargrad.load_compiled(path)


def test_a_function_that_is_none(path: Path) -> None:
    with pytest.raises(TypeError, match="takes the function that was compiled, not int"):
        vargrad.load_compiled(path, 3)  # type: ignore[arg-type]


# ---- archives that are more than they seem


def npy(shape: str, kind: str = "<i4", order: str = "False") -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text


def archive_of(path: Path, compression: int = zipfile.ZIP_STORED, **members: bytes) -> None:
    """The archive with other bytes in some of its members."""
    with zipfile.ZipFile(path) as archive:
        found = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in (found | {f"{name}.npy": data for name, data in members.items()}).items():
            archive.writestr(name, data)


def peak(path: Path, match: str) -> int:
    """Bytes that were in use at most while the file was refused."""
    tracemalloc.start()
    try:
        refused(path, match)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


MUCH = 1 << 26


@pytest.mark.parametrize("name", ["nodes", "header", "numbers"])
def test_a_bomb_is_refused_before_it_is_unpacked(name: str, path: Path) -> None:
    kind = {"nodes": f"({MUCH // 16}, 4)", "header": f"({MUCH},)", "numbers": f"({MUCH // 8},)"}[name]
    types = {"nodes": "<i4", "header": "|u1", "numbers": "<f8"}
    archive_of(path, zipfile.ZIP_DEFLATED, **{name: npy(kind, types[name]) + bytes(MUCH)})
    assert path.stat().st_size < 100_000
    assert peak(path, "compressed or encrypted: write it with numpy.savez") < 3_000_000


@pytest.mark.parametrize("shape", ["(100000000000, 4)", "(1, 4)", "(9999999999999999999, 9999999999999999999)"])
def test_an_array_is_as_long_as_it_says(shape: str, path: Path) -> None:
    archive_of(path, nodes=npy(shape) + bytes(160))
    assert peak(path, "needs [0-9]+ bytes, and has 160") < 3_000_000


def test_many_members_or_the_same_one_twice(path: Path) -> None:
    archive_of(path, **{f"x{i}": b"" for i in range(100)})
    refused(path, "it has 105 members, expected 5")
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("header.npy", b"")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("header.npy", b"")
    path.write_bytes(whole.getvalue())
    refused(path, "it has 2 arrays 'header'")


@pytest.mark.parametrize(
    "data",
    [
        npy("(1, 4)", "|O8"),
        npy("(" + "1, " * 40 + ")"),
        npy("(-1, 4)"),
        npy("(1, 4)").replace(b"}", b"+" + b"-" * 9000 + b"1}"),  # for a parser of Python it is too deep
        npy("(1, 4)").replace(b"\1\0", b"\4\0", 1),
        b"",
        b"\x93NUMPY",
    ],
)
def test_headers_of_arrays_that_numpy_does_not_write(data: bytes, path: Path) -> None:
    archive_of(path, nodes=data + bytes(16))
    refused(path, "no npz archive of plain arrays: its 'nodes' is not of int32 in 2 dimension")


def test_fortran_s_order(path: Path) -> None:
    arrays, _ = parts(path)
    expected = vargrad.load_compiled(path).grad(2.0, 2.5)
    with path.open("wb") as file:
        np.savez(file, **(arrays | {"nodes": np.asfortranarray(arrays["nodes"])}))
    assert vargrad.load_compiled(path).grad(2.0, 2.5) == expected


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no /dev/zero")
def test_a_device_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vargrad._compile.archive, "_PIPED", 1000)
    with pytest.raises(ValueError, match=r"/dev/zero: .*no regular file, and has more than 1000 bytes"):
        vargrad.load_compiled("/dev/zero")


# ---- pickles


@pytest.mark.parametrize("backend", ["python", "compiled"])
def test_a_pickle_with_one_thing_changed_is_refused_or_runs(backend: str) -> None:
    """Nodes, derivatives, arguments, guards, shapes: whatever stands there instead, in a process of its own."""
    if backend == "compiled" and vargrad.backend != "compiled":
        pytest.skip("the extension is not built")
    found = script(1, 1500, name="hostile_pickles.py", VARGRAD_BACKEND=backend)
    refusals, places = map(int, found.split())
    assert places > 1000
    assert 1000 < refusals < 1500


def test_a_pickle_says_what_is_wrong_with_it() -> None:
    f = vargrad.compile(lambda x: x if x > 0 else -x)
    f([1.0, -1.0])
    version, state = f.__reduce__()[1][:2]
    if isinstance(state, bytes):  # by cloudpickle
        state = pickle.loads(state)[0]
    start = "this pickle holds no compiled function that can be restored: "
    specializations = [*state["variants"], state["variants"][0]]
    for change, message in (
        ({"variants": specializations}, "a specialization twice"),
        ({"name": 3}, "its 'name' is 3"),
    ):
        with pytest.raises(ValueError, match=f"^{start}it.*{message[2:]}"):
            restore(version, state | change, None)
    names, positional, cores, paths = state["variants"][0]
    with pytest.raises(ValueError, match="two paths leave another in the same way"):
        restore(version, state | {"variants": [(names, positional, cores, [*paths, paths[1]])]}, None)
    for columns in (
        [[-2]] * 5,
        [[-2, -2], [0], [0, 0], [0, 0], [0.0, 0.0]],
        None,
        [[-2, -2], *[[0, 0]] * 3, ["a", "b"]],
    ):
        with pytest.raises(ValueError, match="graph"):
            vargrad._ir.expressions.restored(columns, {})
    graph = [[-2, -2, -1, -3], [0, 0, 0, 2], [0] * 4, [0] * 4, [0.0] * 4]
    assert len(vargrad._ir.expressions.restored(graph, {3: ((2, 1, -1),)})) == 4
    for parents in ({}, {3: 1}, {3: ((3, 1, -1),)}, {3: ((2, 4, -1),)}, {3: ((2, 1, 10**10),)}, {2: ()}, []):
        with pytest.raises(ValueError, match="derivative"):
            vargrad._ir.expressions.restored(graph, parents)
    with pytest.raises(ValueError, match="part of another one"):
        pickles._outer("nobody")
