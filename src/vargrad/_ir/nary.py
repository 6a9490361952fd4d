"""The sheet's rows of any number of operands as expressions of binary operations and selections."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from math import inf
from typing import NamedTuple

from vargrad._ir.expressions import Expressions, Template, folded, template, ties
from vargrad._ops.codes import ABS, ADD, DIV, EQ, LT, MUL, NE, OR, SELECT, SUB, ZERO
from vargrad._ops.table import NARY_BY_NAME, NaryOp

_STEP = ("acc", "x", "y", "biggest")  # what a fold's formula speaks of, and below what the others do
_FINAL = ("acc", "n", "biggest")
_PARTIAL = ("x", "n", "biggest", "total", "out", "ties")
_SHARE = ("x", "scaled", "norm")  # hypot's


class Recipe(NamedTuple):
    """What a row's formulas come to."""

    row: NaryOp
    step: Template
    final: Template
    biggest: bool  # whether its formulas ask for the largest operand
    ties: bool
    partial: Template | None  # None: what the fold's derivative gives is as good


@cache
def _recipe(name: str) -> Recipe:
    row = NARY_BY_NAME[name]
    words = set(re.findall(r"\w+", f"{row.fold} {row.final} {row.partial}"))
    partial = _formula(row.partial, _PARTIAL) if words & {"biggest", "ties"} else None
    biggest = "biggest" in row.fold + row.final
    return Recipe(row, _formula(row.fold, _STEP), _formula(row.final, _FINAL), biggest, "ties" in row.partial, partial)


def _formula(text: str, names: tuple[str, ...]) -> Template:
    found = template(text, names)
    if found is None:
        raise ValueError(f"the sheet's {text!r} never counts")
    return found


def nary(g: Expressions, name: str, xs: Sequence[int], ys: Sequence[int]) -> int:
    """The node of a row; ``ys`` is the second vector of rows of pairs, else empty."""
    if name in ("fsum", "sumprod"):
        return _exact_sum(g, xs, ys or [g.constant(1.0)] * len(xs))
    if name == "hypot":
        return _hypot(g, xs)
    recipe = _recipe(name)
    biggest = g.composite(_fold(g, _recipe("maximum"), xs, (), ZERO)) if recipe.biggest else ZERO
    total = _fold(g, recipe, xs, ys, biggest)
    n = g.constant(float(len(xs)))
    value = recipe.final.at(g, (total, n, biggest))
    if recipe.partial is None:
        return value
    out = g.composite(value)
    equal = ties(g, xs, out) if recipe.ties else ZERO
    g.parents[out] = recipe.partial.each(g, xs, (n, biggest, total, out, equal))
    return out


def _fold(g: Expressions, recipe: Recipe, xs: Sequence[int], ys: Sequence[int], biggest: int) -> int:
    if recipe.row.name in ("maximum", "minimum") and xs:
        acc, xs = xs[0], xs[1:]  # what the fold gives, from either infinity
    else:
        acc = g.constant(float(recipe.row.start))
    return folded(g, recipe.step, acc, xs, ys, biggest)


def _hypot(g: Expressions, xs: Sequence[int]) -> int:
    """Scaled by the largest magnitude, which is a constant to derivatives: they cancel in it."""
    make, one, infinite = g.make, g.constant(1.0), g.constant(inf)
    sizes = [make(ABS, x) for x in xs]
    largest = ZERO
    for size in sizes:
        largest = make(SELECT, size, largest, make(LT, largest, size))
    top = g.composite(largest)
    odd = make(OR, make(EQ, top, ZERO), make(EQ, top, infinite))
    scaled, squares, plain = [], ZERO, ZERO
    for x, size in zip(xs, sizes, strict=True):
        sign = make(SELECT, g.apply("copysign", one, x), make(MUL, x, ZERO), make(EQ, size, infinite))
        scaled.append(make(SELECT, sign, make(DIV, x, top), odd))
        squares = make(ADD, squares, g.apply("square", scaled[-1]))
        plain = make(ADD, plain, size)
    norm = make(SELECT, g.apply("sqrt", squares), one, make(LT, ZERO, top))
    # the plain sum is right where all are 0 or nan, and where one is infinite and none is nan
    value = make(SELECT, plain, make(MUL, top, norm), odd)
    value = make(SELECT, infinite, value, make(EQ, top, infinite))
    out = g.composite(value)
    formula = _formula(NARY_BY_NAME["hypot"].partial, _SHARE)
    parents = [formula.each(g, [x], (part, norm)) for x, part in zip(xs, scaled, strict=True)]
    g.parents[out] = tuple(parent for (parent,) in parents)
    return out


def _exact_sum(g: Expressions, xs: Sequence[int], ys: Sequence[int]) -> int:
    """The sum of the products of pairs as if in twice the precision (Ogita, Rump and Oishi 2005, algorithm 5.3)."""
    make, one = g.make, g.constant(1.0)
    total, rest = ZERO, ZERO
    parents = []
    for x, y in zip(xs, ys, strict=True):
        product = make(MUL, x, y)
        error = _sum_error(g, total, product)
        total = make(ADD, total, product)
        if y != one:
            error = make(ADD, error, product_error(g, x, y))
        rest = make(ADD, rest, error)
        parents += [(x, y, -1), (y, x, -1)] if not g.is_number(y) else [(x, y, -1)]
    corrected = make(ADD, total, rest)
    # infinities leave no error behind but nan
    value = make(SELECT, total, corrected, make(NE, make(SUB, corrected, corrected), ZERO))
    out = g.composite(value)
    g.parents[out] = tuple(parent for parent in parents if not g.is_number(parent[0]))
    return out


def _sum_error(g: Expressions, a: int, b: int) -> int:
    make = g.make
    total = make(ADD, a, b)
    virtual = make(SUB, total, a)
    return make(ADD, make(SUB, a, make(SUB, total, virtual)), make(SUB, b, virtual))


def product_error(g: Expressions, x: int, y: int) -> int:
    """What x times y loses to rounding (Dekker 1971)."""
    make = g.make
    (p, q), (r, s) = _halves(g, x), _halves(g, y)
    error = make(SUB, make(MUL, x, y), make(MUL, p, r))
    error = make(SUB, make(SUB, error, make(MUL, q, r)), make(MUL, p, s))
    return make(SUB, make(MUL, q, s), error)


def _halves(g: Expressions, x: int) -> tuple[int, int]:
    big = g.make(MUL, g.constant(134217729.0), x)
    high = g.make(SUB, big, g.make(SUB, big, x))
    return high, g.make(SUB, x, high)
