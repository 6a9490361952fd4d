"""Cases of corners.py: compiled functions by every ordinary way of calling."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

import vargrad
from corners_cases import Case

SIZES = (10, 1_000, 100_000)  # of arrays that are units


@vargrad.compile
def f(x: Any, y: Any) -> Any:
    """One product of two numbers and a sum."""
    return x * y + x


@vargrad.compile
def default(x: Any, y: Any = 2.0) -> Any:
    """The same with a default."""
    return x * y + x


@vargrad.compile(signature="(n)->()")
def g(v: Sequence[Any]) -> Any:
    """Of a vector of two."""
    return v[0] * v[0] * v[1]


@vargrad.compile
def branch(x: Any) -> Any:
    """A branch in each row."""
    return x * 2.0 if x > 0.5 else -x


@vargrad.compile
def selection(x: Any) -> Any:
    """The same without a branch."""
    return vargrad.math.where(x > 0.5, x * 2.0, -x)


def rows(count: int, dtype: Any = float) -> Any:
    """So many numbers between 0 and 1, the same each time."""
    return np.random.default_rng(0).random(count).astype(dtype)


UNITS: dict[str, Callable[[], Any]] = {
    "f(x, y) of floats": partial(f, 0.75, 0.5),
    "f.grad(x, y) of floats": partial(f.grad, 0.75, 0.5),
    "f.value_and_grad(x, y) of floats": partial(f.value_and_grad, 0.75, 0.5),
    **{f"np.square of {n:,}": partial(np.square, rows(n)) for n in SIZES},
    **{f"selection of {n:,}": partial(selection, rows(n)) for n in SIZES},
}
SCALARS = {"float": 0.75, "int": 3, "bool": True, "np.float64": np.float64(0.75), "np.float32": np.float32(0.75)}
# A small array pays for its call, a large one for its rows: the least that the kernels of two operations take.
ARRAY_BOUNDS = {10: 8.0, 1_000: 8.0, 100_000: 8.0}


def slope(x: Any, y: Any) -> Any:
    """The gradient of f, by hand."""
    return y + 1.0 + 0.0 * x, x + 0.0 * y


def one_point() -> Iterator[Case]:
    """A row of plain numbers, by position, keyword, default, argnums."""
    group, value = "compiled, one row", 0.75 * 0.5 + 0.75
    plain, grad, both = UNITS_OF_ONE
    ways: list[tuple[str, Callable[[], Any], Any, str, float | None]] = [
        ("f(x, y)", partial(f, 0.75, 0.5), value, plain, 1.5),
        ("f(x, y=y)", partial(f, 0.75, y=0.5), value, plain, 6.0),
        ("f(x=x, y=y)", partial(f, x=0.75, y=0.5), value, plain, 6.0),
        ("f(x), y by default", partial(default, 0.75), 0.75 * 2.0 + 0.75, plain, 6.0),
        ("f(x, y), y has a default", partial(default, 0.75, 0.5), value, plain, 6.0),
        ("f.grad(x, y)", partial(f.grad, 0.75, 0.5), slope(0.75, 0.5), grad, 1.5),
        ("f.grad(x, y=y)", partial(f.grad, 0.75, y=0.5), slope(0.75, 0.5), grad, 6.0),
        ("f.grad(x, y, argnums=0)", partial(f.grad, 0.75, 0.5, argnums=0), 1.5, grad, 6.0),
        ("f.grad(x, y, argnums=(0, 1))", partial(f.grad, 0.75, 0.5, argnums=(0, 1)), slope(0.75, 0.5), grad, 6.0),
        ("f.value_and_grad(x, y)", partial(f.value_and_grad, 0.75, 0.5), (value, slope(0.75, 0.5)), both, 1.5),
        ("f.hessian(x, y)", partial(f.hessian, 0.75, 0.5), ((0.0, 1.0), (1.0, 0.0)), grad, 6.0),
        ("g([2])", partial(g, [0.75, 0.5]), 0.28125, plain, 6.0),
        ("g((2))", partial(g, (0.75, 0.5)), 0.28125, plain, 6.0),
        ("g(array of 2)", partial(g, np.array([0.75, 0.5])), 0.28125, plain, 6.0),
        ("g.grad([2])", partial(g.grad, [0.75, 0.5]), np.array([0.75, 0.5625]), grad, 6.0),
        ("g.grad(array of 2)", partial(g.grad, np.array([0.75, 0.5])), np.array([0.75, 0.5625]), grad, 6.0),
        ("branch(x)", partial(branch, 0.75), 1.5, plain, 2.0),
    ]
    for name, run, expected, unit, bound in ways:
        yield Case(group, name, run, expected, unit, bound)
    for kind, x in SCALARS.items():
        expected = float(x) * 0.5 + float(x)
        yield Case(group, f"f({kind}, y)", partial(f, x, 0.5), expected, plain, 1.5 if kind == "float" else 6.0)


UNITS_OF_ONE = tuple(UNITS)[:3]


def arrays(sizes: Sequence[int]) -> Iterator[Case]:
    """Arrays of so many rows, 0 for an array without an axis: contiguous, strided, of float32, lists, out."""
    for size in sizes:
        x = rows(max(size, 1)).reshape(() if size == 0 else size)
        group = f"compiled, {size:,} rows" if size else "compiled, 0-d arrays"
        unit = f"np.square of {max(n for n in SIZES if n <= max(size, SIZES[0])):,}"
        bound = ARRAY_BOUNDS.get(size, 8.0)
        y, wide = 0.5, np.zeros((max(size, 1), 3))
        wide[:, 1] = x
        strided = wide[:, 1].reshape(x.shape)
        value, grad = x * y + x, slope(x, y)[0]
        out = np.empty(x.shape)
        ways: list[tuple[str, Callable[[], Any], Any, float | None]] = [
            ("f(x, y)", partial(f, x, y), value, bound),
            ("f(x, y=y)", partial(f, x, y=y), value, bound),
            ("f(x, y, out=out)", partial(f, x, y, out=out), value, bound),
            ("b = f.bind(x, y); b()", f.bind(x, y), value, bound),
            ("f(strided, y)", partial(f, strided, y), value, 2.0 * bound),
            (
                "f(float32, y)",
                partial(f, x.astype(np.float32), y),
                x.astype(np.float32).astype(float) * 1.5,
                2.0 * bound,
            ),
            ("f.grad(x, y, argnums=0)", partial(f.grad, x, y, argnums=0), grad, bound),
            ("f.value_and_grad(x, y, argnums=0)", partial(f.value_and_grad, x, y, argnums=0), (value, grad), 2 * bound),
        ]
        if size and size <= 1_000:
            ways.append(("f(list, y)", partial(f, x.tolist(), y), value, None))
        for name, run, expected, most in ways:
            yield Case(group, name, run, expected, unit, most)
        if size >= SIZES[0]:
            chosen = np.where(x > 0.5, x * 2.0, -x)
            unit = f"selection of {size:,}"
            yield Case(group, "branch(x)", partial(branch, x), chosen, unit, 2.0)


def cases(sizes: Sequence[int]) -> Iterator[Case]:
    """All of them."""
    yield from one_point()
    yield from arrays(sizes)
