"""to_c(): the C text, compiled, gives what the compiled function and eager Var give."""

from __future__ import annotations

import json
import math
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recorded
import sheet
import vargrad
from c_compiler import Function, build
from recorded import close, eager, leaf
from twins import Implementation, load
from vargrad import math as m
from vargrad._ops.codes import NAMES
from vargrad._ops.table import BY_NAME, NARY_BY_NAME


def pairs(
    folder: Path, functions: dict[str, tuple[vargrad._compile.compiled.Compiled, tuple[Any, ...]]]
) -> dict[str, Any]:
    """Each function's two C functions, from one library of all of them."""
    texts = [f.to_c(*rows, name=name) for name, (f, rows) in functions.items()]
    found = build(folder, texts, [x for name in functions for x in (name, f"{name}_value_and_grad")])
    return {name: (found[2 * i], found[2 * i + 1]) for i, name in enumerate(functions)}


def check(c: tuple[Function, Function], f: Any, row: tuple[float, ...], gradient: Any = None) -> None:
    """Both C functions, the compiled function and eager Var agree on one row."""
    value, slopes = f.value_and_grad(*row)
    status, [found] = c[0](row, 1)
    assert (status, bool(np.isfinite(value))) == (0, bool(np.isfinite(found[0])))
    assert close(found, value), row
    again, [both, partials] = c[1](row, 1, len(row))
    assert (again, both.tolist()) == (0, found.tolist())
    assert close(partials, slopes), (row, partials, slopes)
    if gradient is not None:
        assert close(partials, gradient), (row, partials, gradient)


def test_random_programs_with_branches(tmp_path: Path) -> None:
    rng = random.Random(7)
    programs, rows = {}, {}
    for i in range(40):
        steps = tuple((rng.randrange(41), rng.randrange(41), rng.randrange(41)) for _ in range(rng.randint(2, 8)))
        f = recorded.function(steps)
        table = [[rng.choice([0.0, 0.5, 1.0, round(rng.uniform(-2, 2), 2)]) for _ in range(12)] for _ in range(3)]
        name = f"program{i}"
        programs[name] = vargrad.compile(lambda x, y, z, f=f: f(x, y, z)), tuple(map(np.array, table))
        rows[name] = f, list(zip(*table, strict=True))
    functions = pairs(tmp_path, {name: (vargrad.compile(f.__wrapped__), rows) for name, (f, rows) in programs.items()})
    for name, (f, _) in programs.items():
        for row in rows[name][1]:
            check(functions[name], f, row, eager(rows[name][0], row, vargrad.grad))
    assert max(f.paths for f, _ in programs.values()) > 4


@pytest.fixture(scope="module")
def active() -> Implementation:
    return load(vargrad.backend)


def fixed(call: Any, arity: int) -> Any:
    """The same with as many parameters as it takes operands."""
    return (lambda a: call(a)) if arity == 1 else (lambda a, b: call(a, b))


def to_two_digits(a: Any) -> Any:
    return round(a, 2)


@pytest.mark.filterwarnings("ignore::vargrad.ZeroDerivativeWarning")
def test_every_row_of_the_sheet(tmp_path: Path, active: Implementation) -> None:
    """Where value and gradient are finite; the partials' own accuracy is tested where they are."""
    compiled, points = {}, {}
    for name in sheet.ALL_ROWS:
        row, call = BY_NAME[name], sheet.call(active, name)
        points[name] = sheet.points(row, 60)
        if name == "round":
            points[name] = [(x,) for x, _ in points[name]]
        compiled[name] = to_two_digits if name == "round" else fixed(call, row.arity)
    for name in sheet.ALL_NARY:
        row, call = NARY_BY_NAME[name], sheet.call_nary(active, name)
        points[name] = [point[:4] for point in sheet.points_nary(row, 120) if len(point) >= 4]
        compiled[name] = lambda a, b, c, d, call=call, row=row: call(*sheet.split(row, [a, b, c, d]))
    functions = pairs(
        tmp_path, {f"of_{name}": (vargrad.compile(f), tuple(points[name][0])) for name, f in compiled.items()}
    )
    for name, f in compiled.items():
        again, checked = vargrad.compile(f), 0
        for point in points[name]:
            value, slopes = again.value_and_grad(*point)
            slopes = np.ravel(slopes)
            status, [found, partials] = functions[f"of_{name}"][1](point, 1, len(point))
            assert status == 0
            for x, expected in zip([*found, *partials], [value, *slopes], strict=True):
                same = x == expected or (math.isnan(x) and math.isnan(expected))
                assert same or abs(x - expected) <= 1e-12 * abs(expected) + 1e-300, (name, point, x, expected)
                checked += math.isfinite(x)
        assert checked > 20, name


def test_every_operation_of_a_program_has_its_text() -> None:
    from vargrad._compile.c_rows import VALUES

    assert set(VALUES) == set(NAMES) - {"round"}  # which is recorded as other operations


def test_vectors_several_results_and_argnums(tmp_path: Path) -> None:
    f = vargrad.compile(
        lambda A, x, b: (A @ x, [m.dot(x, x) * b if b > 0 else x[0], 3.0]), signature="(m,n),(n),()->(m),(2)"
    )
    A, x, b = np.arange(6.0).reshape(2, 3), np.array([1.0, -2.0, 0.5]), np.array([2.0, -1.0])
    text = f.to_c(A, x, b, name="pair", argnums=(2, 1))
    assert "x[0..5] A of shape 2 x 3, x[6..8] x, x[9] b" in text
    assert "values[0..1] result 0, values[2..3] result 1" in text
    value, both = build(tmp_path, [text], ["pair", "pair_values_and_jacobian"])
    for i in range(2):
        given = [*A.ravel(), *x, b[i]]
        expected = np.concatenate(f(A, x, b[i]))
        blocks = f.jacobian(A, x, b[i], argnums=(2, 1))
        jacobian = np.concatenate([np.column_stack([by_b, by_x]) for by_b, by_x in blocks])
        assert value(given, 4)[1][0].tolist() == expected.tolist()
        status, [values, partials] = both(given, 4, 16)
        assert status == 0
        assert close(values, expected)
        assert close(partials, jacobian)


def test_closed_over_leaves_are_constants_as_they_are_now(tmp_path: Path) -> None:
    w, v = leaf(2.0), leaf(math.inf)
    f = vargrad.compile(lambda x: x * w if x > 0 else x / v)
    f(np.array([1.0, -1.0]))
    w.value = 0.1
    texts = [f.to_c(name="line"), vargrad.compile(lambda x: x * w**0).to_c(1.0, name="dead")]
    w.value = 5.0
    assert "dead_leaf" not in texts[1]
    (value, both), x = build(tmp_path, texts, ["line", "line_value_and_grad"]), 3.0
    assert value([x], 1)[1][0] == x * 0.1
    assert [array.tolist() for array in both([x], 1, 1)[1]] == [[x * 0.1], [0.1]]
    assert value([-x], 1)[1][0] == 0.0


def test_a_path_that_was_not_recorded_is_told_and_writes_nothing(tmp_path: Path) -> None:
    f = vargrad.compile(lambda x: x * m.floor(x) if x > 0 else -x)
    texts = [f.to_c([0.5, 2.5, 3.5], name="steps"), vargrad.compile(lambda x: x if x else -x).to_c(0.0, name="zero")]
    steps, both, zero = build(tmp_path, texts, ["steps", "steps_value_and_grad", "zero"])
    for x in (1.5, -1.0, math.nan):
        status, arrays = both([x], 1, 1)
        assert (status, steps([x], 1)[0]) == (1, 1)
        assert np.isnan(arrays).all()
    assert [steps([x], 1)[0] for x in (0.5, 2.5, 3.5)] == [0, 0, 0]
    assert [zero([x], 1)[0] for x in (0.0, -0.0, 1.0)] == [0, 0, 1]


def test_many_paths_nest_no_deeper_than_their_logarithm(tmp_path: Path) -> None:
    def halved(x: Any) -> Any:
        while x > 1.0:
            x = x / 2
        return x * m.floor(8 * x)

    f = vargrad.compile(halved, max_paths=1000)
    x = np.linspace(0.0, 1e6, 2000)
    text = f.to_c(x)
    assert f.paths > 32
    deepest = max(len(re.match(" *", line)[0]) for line in text.splitlines()) // 4  # type: ignore[index]
    assert deepest <= 2 + math.log2(f.paths)
    value, both = build(tmp_path, [text], ["halved", "halved_value_and_grad"])
    slopes = f.grad(x)
    for i in range(0, 2000, 7):
        assert value([x[i]], 1)[1][0] == halved(float(x[i]))
        assert both([x[i]], 1, 1)[1][1][0] == slopes[i]


def named(name: str) -> Any:
    def f(x: Any) -> Any:
        return x * x

    f.__name__ = name
    return vargrad.compile(f)


@pytest.mark.parametrize("name", ["<lambda>", "exp", "double", "y0", "größe", "2x", "", "a b", "while", "_Bool", "f\n"])
def test_names_that_c_cannot_have(name: str) -> None:
    with pytest.raises(ValueError, match=r"cannot name a C function: give to_c\(\) a name"):
        named(name).to_c(1.0)
    with pytest.raises(ValueError, match=re.escape(repr(name))):
        named("good").to_c(1.0, name=name)
    assert "int good(" in named(name).to_c(1.0, name="good")


EVIL = "*/ int evil; /*"
TEXTS = ["<lambda>", EVIL, "/* /*/ **//", "a\n*/\nint evil;\r\v\x00", "*??/", "??", "*\\", "größe", "\ud800", "/", ""]


@pytest.mark.parametrize("text", TEXTS)
def test_no_name_leaves_its_comment(text: str, tmp_path: Path) -> None:
    """A function may have any text for its name, and a file any for its arguments' names: none becomes code."""
    f = named(text)
    f(1.0)
    f.save(tmp_path / "f")
    with np.load(tmp_path / "f") as archive:
        arrays = dict(archive)
    header = json.loads(arrays["header"].tobytes())
    header["variants"][0]["names"] = [text]
    np.savez(tmp_path / "named.npz", **(arrays | {"header": np.frombuffer(json.dumps(header).encode(), np.uint8)}))
    again = vargrad.load_compiled(tmp_path / "named.npz")
    for written in (f.to_c(1.0, name="f"), again.to_c(name="f")):
        comment, code = written.split("*/", 1)
        assert "*/" not in code
        assert "evil" not in code
        assert comment.count("/*") == 1
        assert not re.search(r"\?\?|\\$", comment, re.MULTILINE)
        (function,) = build(tmp_path, [written], ["f"])
        assert function([3.0], 1)[1][0].tolist() == [9.0]


def test_which_recording_is_meant() -> None:
    f = vargrad.compile(lambda x, y=2.0: x * y)
    with pytest.raises(ValueError, match="has been called in 0 ways: give to_c"):
        f.to_c(name="f")
    f(1.0)
    assert "x[0] x\n" in f.to_c(name="f")
    f(1.0, 3.0)
    with pytest.raises(ValueError, match="has been called in 2 ways"):
        f.to_c(name="f")
    assert "x[0] x, x[1] y\n" in f.to_c(1.0, y=1.0, name="f")
    assert f.paths == 3
    with pytest.raises(TypeError, match="name must be a str, not int"):
        f.to_c(1.0, name=3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="names argument 1, but the call has 1 argument"):
        f.to_c(1.0, name="f", argnums=1)
    with pytest.raises(TypeError, match="not Vars"):
        f.to_c(leaf(1.0), name="f")
