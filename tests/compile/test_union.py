"""Batches by the union of all recorded paths: to the bit what each row's own path gives; both machines."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import vargrad
from vargrad import Var
from vargrad import math as m
from vargrad._compile import union
from vargrad._compile.specialization import Specialization


@pytest.fixture
def eager_to_unite(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every second batch is run by a union, whatever it costs."""
    monkeypatch.setattr(union, "BUILT", 0)
    monkeypatch.setattr(union, "LONGEST", math.inf)
    monkeypatch.setattr(union, "MOVED", 1 << 40)


def tree_of(f: Callable[..., Any]) -> vargrad.Compiled:
    """A compiled function that never unites its paths."""
    compiled = vargrad.compile(f)
    compiled.keeps_apart = True  # type: ignore[attr-defined]
    return compiled


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    original = union.Union.is_worth_trying
    init = Specialization.__init__

    def noted(self: Any, owner: Any, *args: Any) -> None:
        init(self, owner, *args)
        self.union.apart = getattr(owner, "keeps_apart", False)

    monkeypatch.setattr(Specialization, "__init__", noted)
    monkeypatch.setattr(union.Union, "is_worth_trying", lambda self, *args: not self.apart and original(self, *args))


def united(compiled: Any) -> bool:
    return any(s.union.path is not None for s in compiled._specializations.values())


def two(x: Any, y: Any) -> Any:
    return x * y + m.sin(x) if x > y else m.exp(y) - x


def knocked_out(x: Any, y: Any) -> Any:
    for i in range(6):
        x = x * m.exp(0.3 * y - 0.01 * i)
        if x > 2.0:
            return x * 0.25 + i
        if x < -1.0:
            return y / x
    return m.maximum(x, y)


def loop(x: Any, y: Any) -> Any:
    n = 0
    x = abs(x) * 20.0 + 0.0 * y
    while x > 1.0:
        x = x * 0.7
        n += 1
    return x + n * y


def nested(x: Any, y: Any) -> Any:
    if x > 0:
        if y > 0:
            return m.log(x) * y
        return m.sqrt(x) if x > 1 else x**3
    if y > x:
        return m.log1p(y - x) if y == y else x
    return 1.0 / (y - 10.0)


def whole(x: Any, y: Any) -> Any:
    k = math.floor(x)
    return k * y + x if round(y) != 1 else (x - k) ** 2


CASES = [two, knocked_out, loop, nested, whole]


def rows(seed: int, n: int = 300) -> Iterator[Any]:
    rng = np.random.default_rng(seed)
    for _ in range(2):
        yield rng.normal(size=n) * 1.5


def same(a: Any, b: Any) -> bool:
    a, b = np.asarray(a), np.asarray(b)
    return bool(a.shape == b.shape and np.array_equal(a.view(np.int64), b.view(np.int64)))


@pytest.mark.usefixtures("eager_to_unite")
@pytest.mark.parametrize("f", CASES)
def test_values_are_the_paths_own_to_the_bit_and_derivatives_agree(f: Any) -> None:
    compiled, tree = vargrad.compile(f), tree_of(f)
    for seed in range(4):
        x, y = rows(seed)
        x[:4], y[:4] = [math.nan, 1.0, -0.0, math.inf], [1.0, math.nan, 0.0, -math.inf]
        if f in (whole, loop):  # floor(nan) raises, and infinity never ends
            x[:4] = y[:4] = 0.5
        for _ in range(2):
            assert same(compiled(x, y), tree(x, y))
        for kind in ("grad", "value_and_grad", "jacobian", "hessian"):
            found, expected = getattr(compiled, kind)(x, y), getattr(tree, kind)(x, y)
            for a, b in zip(flat(found), flat(expected), strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)
        v = tuple(rows(seed + 50))
        for a, b in zip(flat(compiled.hvp(x, y, v)), flat(tree.hvp(x, y, v)), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)
    assert united(compiled)
    assert not united(tree)


def flat(x: Any) -> list[Any]:
    return [x] if isinstance(x, np.ndarray) else [leaf for part in x for leaf in flat(part)]


@pytest.mark.usefixtures("eager_to_unite")
def test_rows_on_no_path_of_the_union_go_through_the_tree() -> None:
    compiled = vargrad.compile(loop)
    y = np.ones(50)
    for most in (0.2, 0.5, 2.0, 7.0, 3.0):
        x = np.linspace(-most, most, 50)
        for _ in range(2):
            assert same(compiled(x, y), [compiled(a, 1.0) for a in x.tolist()])
        assert united(compiled)
    path = next(iter(compiled._specializations.values())).union.path
    compiled(x, y)
    assert next(iter(compiled._specializations.values())).union.path is path, "nothing new: nothing is built again"


@pytest.mark.usefixtures("eager_to_unite")
def test_leaves_of_every_path_get_their_derivatives() -> None:
    def both() -> tuple[list[Var], Callable[[Any], Any]]:
        a, b, c = leaves = [Var(v, requires_grad=True) for v in (2.0, 3.0, 5.0)]
        return leaves, lambda x: a * x * x if x > 0 else b * x + (c if x > -1 else b * 2.0)

    (mine, f), (theirs, g) = both(), both()
    compiled, tree = vargrad.compile(f), tree_of(g)
    x, _ = rows(1)
    for _ in range(3):
        assert compiled.backward(x) == pytest.approx(tree.backward(x), rel=1e-13)
        mine[1].value = theirs[1].value = theirs[1].value + 1.0
    assert united(compiled)
    assert [v.grad for v in mine] == pytest.approx([v.grad for v in theirs], rel=1e-13)


@pytest.mark.usefixtures("eager_to_unite")
def test_random_trees_of_branches() -> None:
    rng = random.Random(3)

    def made(depth: int) -> str:
        if depth == 0:
            return rng.choice(
                ["x * y", "m.sin(x) + y", "m.exp(-abs(y))", "x / (1.5 + y * y)", "x - 2.0 * y", "y * y * x"]
            )
        test = rng.choice(["x > y", "x * x < 1.0", "y > 0.3", "m.cos(x) > y", "x + y < 0.5", "abs(x) > 0.7"])
        return f"({made(depth - 1)} if {test} else {made(depth - rng.choice([1, 2, 2]) if depth > 1 else 0)})"

    for _ in range(25):
        text = f"lambda x, y: {made(rng.randint(1, 4))} + {made(1)}"
        f = eval(text, {"m": m})
        compiled, tree = vargrad.compile(f), tree_of(f)
        x, y = rows(rng.randint(0, 99))
        for _ in range(2):
            assert same(compiled(x, y), tree(x, y)), text
        np.testing.assert_allclose(compiled.grad(x, y), tree.grad(x, y), rtol=1e-12, atol=1e-14, err_msg=text)


def test_small_work_builds_none_and_much_work_one() -> None:
    compiled = vargrad.compile(two)
    x, y = rows(5, 20)
    compiled(x, y)
    assert not united(compiled)
    x, y = rows(5, 50_000)
    for _ in range(2):
        compiled(x, y)
    assert united(compiled)


def test_many_calls_of_few_rows_build_one_too() -> None:
    """Their work is in the calls: after as many as take the time of building it, they go through the union."""
    compiled, tree = vargrad.compile(two), tree_of(two)
    x, y = rows(5, 10)
    for _ in range(20):
        assert same(compiled(x, y), tree(x, y))
    assert united(compiled)


def test_a_union_much_longer_than_the_rows_own_paths_is_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    def above(limit: float) -> Callable[[Any], Any]:
        def f(x: Any) -> Any:
            if x > limit:
                for i in range(300):
                    x = m.sin(x + i)
            return x * 2.0

        return f

    monkeypatch.setattr(union, "BUILT", 0)
    x, _ = rows(6, 5000)
    for limit, wanted in ((4.5, False), (0.0, True)):
        compiled = vargrad.compile(above(limit))
        for _ in range(2):
            compiled(x)
        assert compiled.paths == 2
        assert united(compiled) is wanted


@pytest.mark.usefixtures("eager_to_unite")
def test_progress_and_workers() -> None:
    compiled, tree = vargrad.compile(two), tree_of(two)
    x, y = rows(7, 5000)
    compiled(x, y)
    assert same(compiled(x, y, workers=2), tree(x, y))
    assert same(compiled(x, y, progress=True), tree(x, y))
    out = np.empty(5000)
    compiled(x, y, out=out)
    assert same(out, tree(x, y))
    assert united(compiled)


@pytest.mark.usefixtures("eager_to_unite")
def test_paths_without_a_derivative_stay_apart() -> None:
    compiled = vargrad.compile(lambda x: round(x, 1) if x < 0 else np.rint(x) if x < 1 else x * x)
    x, _ = rows(8)
    for _ in range(3):
        with pytest.warns(vargrad.ZeroDerivativeWarning):
            compiled.grad(x)
    assert not united(compiled)
    compiled.grad(x[x > 1])


@pytest.mark.parametrize("rows", [1, 2, 10, 3000])
@pytest.mark.usefixtures("eager_to_unite")
def test_hvp_where_only_a_later_path_has_leaves(rows: int) -> None:
    w = Var(3.0, requires_grad=True)
    f = vargrad.compile(lambda x: 2 * x**3 if x > 0 else m.sin(x) * w**2 if x > -w else w * x * x)
    x = np.linspace(5.0, -7.0, max(rows, 3))
    for value in (3.0, 5.0, 2.0):
        w.value = value
        second = np.where(x > 0, 12 * x, np.where(x > -value, -np.sin(x) * value**2, 2 * value))
        for _ in range(3):
            found = [f.hvp(float(one), 0.5) for one in x] if rows == 1 else f.hvp(x, 0.5)
            assert np.allclose(found, second * 0.5, rtol=1e-14)
        assert np.allclose(f.bind(x, 0.5, what="hvp")(), second * 0.5, rtol=1e-14)
