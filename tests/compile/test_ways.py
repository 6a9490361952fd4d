"""Calls by keyword, with argnums and out, from lists and of arrays: the second call says what the general way says."""

from __future__ import annotations

import itertools
import threading
import warnings
from typing import Any

import numpy as np
import pytest

import recorded
import vargrad
from recorded import MACHINES, leaf
from twins import Implementation
from vargrad import math as m
from vargrad._vm.ways import MOST_ARRANGEMENTS, MOST_WAYS, arrangement


@pytest.fixture(params=list(MACHINES), autouse=True)
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    recorded.use(monkeypatch, request.param)
    return str(request.param)


def same(a: Any, b: Any) -> bool:
    """Equal types, shapes and bits, in containers too."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(map(same, a, b))
    return np.shape(a) == np.shape(b) and np.asarray(a).tobytes() == np.asarray(b).tobytes()


def outcome(method: Any, *args: Any, **kwargs: Any) -> Any:
    """The result, or the error with its text."""
    try:
        return method(*args, **kwargs)
    except (TypeError, ValueError) as error:
        return type(error), str(error)


def unfilled(result: Any) -> Any:
    """Arrays of the shapes of a result."""
    if isinstance(result, (tuple, list)):
        return type(result)(map(unfilled, result))
    return np.full(np.shape(result), np.nan)


def numbers(random: np.random.Generator, core: tuple[int, ...], loop: tuple[int, ...]) -> Any:
    """An argument of a random kind: of these rows, of fewer, or of none."""
    kind = random.integers(12)
    shape = (loop if kind < 6 else (1,) * len(loop) if kind == 6 else ()) + core
    x = random.uniform(-2.0, 2.0, shape)
    if kind == 1:
        return x.astype(np.float32)
    if kind == 2:
        return np.asfortranarray(np.stack([x, x], axis=-1))[..., 0]
    if kind == 3:
        return x.astype(">f8")
    if kind == 4:
        return (4 * x).astype(random.choice(["i1", "u2", "i8", "f2"]))
    if kind == 7 and not core:
        return [3, True, np.float32(0.75), np.float64(-0.5), np.int16(2), np.array(0.25)][random.integers(6)]
    if kind in (5, 8):
        return x.tolist()
    if kind == 9 and core:
        return tuple(x.tolist())
    return float(x) if not core and x.ndim == 0 else x


FUNCTIONS: dict[str, tuple[Any, str | None, tuple[tuple[int, ...], ...]]] = {
    "one": (lambda x: x * m.sin(x), None, ((),)),
    "three": (lambda x, y, z=1.5: x * m.sin(y) + z * z * y, None, ((), (), ())),
    "pair": (lambda x, y: (x * y, x - y), None, ((), ())),
    "list": (lambda x, y: [x * y, x - y], None, ((), ())),
    "branch": (lambda x, y: x * y if x > y else m.exp(y) - x, None, ((), ())),
    "loop": (lambda x, y: sum(m.sin(x * i) for i in range(1 + int(y > 0) + int(x > 1))), None, ((), ())),
    "vector": (lambda v: m.dot(v, v) * v[0], "(3)->()", ((3,),)),
    "vectors": (lambda v, s: [v[0] * s, v[1] - s, v[2] * v[0]], "(3),()->(3)", ((3,), ())),
    "matrix": (lambda A, v: A[0, 0] * v[1] + m.exp(A[0, 1]) * A[1, 2], "(2,3),(2)->()", ((2, 3), (2,))),
    "wide": (lambda v, w: m.dot(v, w) ** 2, "(12),(12)->()", ((12,), (12,))),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_all_ways_say_the_same(name: str) -> None:
    function, signature, cores = FUNCTIONS[name]
    f = vargrad.compile(function, signature=signature)
    names = function.__code__.co_varnames[: len(cores)]
    random = np.random.default_rng(len(name))
    for step in range(120):
        loop = [(), (1,), (5,), (70,), (3, 1), (2, 130), (0,)][random.integers(7 if step > 20 else 4)]
        args = [numbers(random, core, loop) for core in cores]
        given = len(args) - (name == "three" and random.integers(2))
        by_position = random.integers(given + 1)
        order = random.permutation(np.arange(by_position, given))
        named = {names[i]: args[i] for i in order}
        method = ["__call__", "value_and_grad", "grad", "jacobian", "hessian", "hvp"][random.integers(6)]
        chosen = random.integers(4)
        if method not in ("__call__", "hvp") and chosen:
            named["argnums"] = [None, 0, given - 1, tuple(range(given))][chosen]
        positional = args[:by_position]
        if method == "hvp":
            vectors = tuple(np.ones(core) if core else 1.0 for core in cores[:given])
            positional = [*positional, vectors if given > 1 else vectors[0]]
        call = getattr(f, method)
        expected = outcome(call, *positional, workers=2, **named)
        for _ in range(2):
            found = outcome(call, *positional, **named)
            assert same(found, expected), (method, positional, named)
        if isinstance(found, tuple) and isinstance(found[0], type):
            continue
        for _ in range(2):
            out = unfilled(found)
            returned = call(*positional, out=out, **named)
            for a, b in zip(*map(flat, (returned, found)), strict=True):
                assert np.array_equal(a, b, equal_nan=True)
            assert all(a is b for a, b in zip(flat(returned), flat(out), strict=True))


def flat(x: Any) -> list[Any]:
    return [y for part in x for y in flat(part)] if isinstance(x, (tuple, list)) else [x]


def test_ways_of_calling_one_after_the_other() -> None:
    """None takes the place of another: by position, by names, with a default, of rows."""

    @vargrad.compile
    def f(x: Any, y: Any = 2.0) -> Any:
        return x * y + x

    rows = np.array([1.0, 2.0])
    for _ in range(3):
        assert f(3.0) == 9.0
        assert f(3.0, 4.0) == f(3.0, y=4.0) == f(x=3.0, y=4.0) == f(y=4.0, x=3.0) == 15.0
        assert f.grad(3.0, 4.0) == f.grad(3.0, y=4.0) == (5.0, 3.0)
        assert f.grad(3.0, 4.0, argnums=0) == f.grad(3.0, argnums=0, y=4.0) == 5.0
        assert f.grad(3.0, 4.0, argnums=1) == f.grad(3.0, y=4.0, argnums=-1) == 3.0
        assert f.grad(3.0, 4.0, argnums=(1,)) == (3.0,)
        assert f.grad(3.0, 4.0, argnums=[1]) == (3.0,)
        assert f.hessian(3.0, 4.0) == ((0.0, 1.0), (1.0, 0.0))
        assert f(rows).tolist() == [3.0, 6.0]
        assert f(rows, y=rows).tolist() == [2.0, 6.0]
        assert f.grad(rows, 1.0, argnums=1).tolist() == [1.0, 2.0]
    assert f.__wrapped__.__defaults__ == (2.0,)
    f.__wrapped__.__defaults__ = (5.0,)
    assert f(3.0) == 18.0
    f.__wrapped__.__defaults__ = (2.0,)
    assert f(3.0) == f(3.0) == 9.0


def test_a_wrong_call_is_wrong_after_right_ones() -> None:
    f = vargrad.compile(lambda x, y: x * y)
    rows = np.arange(3.0)
    for call in range(3):
        assert f.grad(2.0, y=3.0) == (3.0, 2.0)
        assert f(rows, y=2.0).tolist() == [0.0, 2.0, 4.0]
        for args, named, error in [
            ((1.0, 2.0), {"y": 3.0}, "by position and by name"),
            ((1.0,), {"z": 3.0}, "has no argument 'z'"),
            ((1.0,), {}, "misses argument 'y'"),
            ((1.0,), {"y": "2"}, "argument 'y'"),
            ((1.0,), {"y": np.array(["2"])}, "argument 'y'"),
            ((rows,), {"y": np.arange(4.0)}, "broadcast"),
            ((rows,), {"y": np.ma.array(rows, mask=True)}, "argument 'y'"),
            ((rows,), {"y": rows.astype(complex)}, "argument 'y'"),
            ((rows,), {"y": 10**400}, "argument 'y'"),
        ]:
            with pytest.raises((TypeError, ValueError), match=error):
                f(*args, **named)
        for argnums in (2, (0, 0), True, 1.0):
            with pytest.raises((TypeError, ValueError), match="argnums"):
                f.grad(2.0, y=3.0, argnums=argnums)
        for out in (np.empty(2), np.empty(3, np.float32), [1.0], (np.empty(3), np.empty(3)), "out"):
            with pytest.raises(ValueError, match="out"):
                f(rows, y=2.0, out=out)
        locked = np.zeros(3)
        locked.flags.writeable = False
        with pytest.raises(ValueError, match="read-only"):
            f(rows, y=2.0, out=locked)
        assert not locked.any(), call


def test_out_may_be_an_argument_or_touch_one() -> None:
    f = vargrad.compile(lambda x, y: (x + y, x - y))
    for _ in range(3):
        x, y = np.arange(5.0), np.ones(5)
        sums, differences = x + y, x - y
        assert f(x, y, out=(y, x))[0] is y
        assert (y == sums).all()
        assert (x == differences).all()
        memory = np.arange(6.0)
        before = memory.copy()
        f(memory[:5], 1.0, out=(memory[1:], np.empty(5)))
        assert (memory[1:] == before[:5] + 1.0).all()


def test_a_row_on_a_path_that_cannot_be_recorded_leaves_out_as_it_was() -> None:
    f = vargrad.compile(lambda x: x * 2.0 if x > 0 else -x, max_paths=1)
    x, out = np.array([1.0, 2.0, 3.0]), np.zeros(3)
    for _ in range(3):
        assert f(x, out=out).tolist() == [2.0, 4.0, 6.0]
    x[2] = -1.0
    with pytest.raises(vargrad.RecordingError, match="max_paths"):
        f(x, out=out)
    assert out.tolist() == [2.0, 4.0, 6.0]


def test_what_a_function_reads_is_watched_on_all_ways() -> None:
    w, factor = leaf(2.0), [3.0]
    f = vargrad.compile(lambda x, y: w * x * y * factor[0])
    rows = np.array([1.0, 2.0])
    for factor[0] in (3.0, 4.0, 3.0):
        for w.value in (2.0, 5.0):
            k = w.value * factor[0]
            for _ in range(2):
                assert f(2.0, y=3.0) == 6.0 * k
                assert f.grad(2.0, 3.0, argnums=0) == 3.0 * k
                assert f(rows, 3.0).tolist() == (3.0 * rows * k).tolist()
                assert f.grad(rows, y=rows, argnums=1).tolist() == (rows * k).tolist()


def test_zero_derivatives_are_told_at_each_call() -> None:
    f = vargrad.compile(lambda x, y: m.floor(x * y))
    for args, named in [((2.5,), {"y": 1.0}), ((2.5, 1.0), {"argnums": 0}), ((np.array([2.5]), 1.0), {})]:
        for _ in range(3):
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                f.grad(*args, **named)
            assert [w.category for w in told] == [vargrad.ZeroDerivativeWarning]


def test_inside_another_recording() -> None:
    w = leaf(3.0)
    inner = vargrad.compile(lambda x, y: w * x * y)
    for _ in range(2):
        assert inner(2.0, y=1.0) == 6.0
        assert inner(np.array([1.0, 2.0]), 1.0).tolist() == [3.0, 6.0]
    outer = vargrad.compile(lambda z: z * inner(2.0, y=1.0))
    assert outer(1.0) == 6.0
    w.value = 5.0
    assert outer(1.0) == 10.0


def test_an_argument_whose_conversion_changes_the_others() -> None:
    """Its code, if it runs, may change what was looked at before: nothing of that is used."""
    f = vargrad.compile(lambda x, y: x * y)
    x, out = np.arange(50.0), np.empty(50)
    f(x, 2.0, out=out)

    class Evil(int):
        def __float__(self) -> float:
            x.resize((4,), refcheck=False)
            return 2.0

    assert f(x, Evil(3)).tolist() in ([3.0 * i for i in range(50)], [0.0, 2.0, 4.0, 6.0])


def test_threads() -> None:
    f = vargrad.compile(lambda x, y: m.sin(x) * y + x)
    wrong: list[int] = []
    start = threading.Barrier(4)

    def work(first: int) -> None:
        x = np.random.default_rng(first).normal(size=first * 37 + 2)
        expected = f(x, 2.0, workers=2)
        out = np.empty_like(x)
        start.wait()
        for k in range(300):
            right = (f(x, y=2.0) == expected).all() and (f(x, 2.0, out=out) == expected).all()
            if not right or f(float(x[0]), y=2.0) != expected[0]:
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_few_ways_are_remembered(compiled: Implementation) -> None:
    """Many names and argnums leave no more behind than a few."""
    f = vargrad.compile(lambda *args, **named: sum((*args, *named.values()), args[0] * args[0]))
    for count in range(1, MOST_WAYS + 9):
        for _ in range(2):
            assert f(*[1.0] * count) == count + 1.0
    for k in range(MOST_ARRANGEMENTS + 9):
        assert f(2.0, **{f"name{k}": 3.0}) == f(2.0, **{f"name{k}": 3.0}) == 9.0
    assert f._count_ways() <= MOST_WAYS
    f.grad(2.0, 3.0)
    f.grad(2.0, 3.0, argnums=1)
    assert f._count_ways() <= MOST_WAYS + 2


def test_arrangements() -> None:
    """Places of arguments by name, against Python's own binding of them."""

    def names_of(a: Any, b: Any, c: Any, argnums: Any = None, out: Any = None) -> list[Any]:
        return [a, b, c, argnums, out]

    for count in range(4):
        for names in itertools.permutations(["b", "c", "argnums", "out"]):
            for length in range(5):
                given = names[:length]
                wanted = ("a", "b", "c")
                found = arrangement("grad", wanted, count, count, given)
                values = list(range(count + length))
                try:
                    bound = names_of(*values[:count], **dict(zip(given, values[count:], strict=True)))
                except TypeError:
                    assert found is None
                    continue
                assert found is not None
                assert [*found.places] == bound[:3]
                assert found.argnums == (-1 if bound[3] is None else bound[3])
                assert found.out == (-1 if bound[4] is None else bound[4])
    assert arrangement("value", ("argnums",), 0, 0, ("argnums",)) == ((0,), -1, -1)
    assert arrangement("backward", ("x",), 1, 1, ("out",)) is None
    assert arrangement("hvp", ("x", "y"), 1, 2, ("y",)) == ((0, 2, 1), -1, -1)
