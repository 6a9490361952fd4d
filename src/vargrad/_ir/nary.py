"""The table's rows of any number of operands as expressions of binary operations and selections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from vargrad._ir.expressions import ExpressionGraph, Template, folded, template
from vargrad._ops.codes import ADD, DIV, EQ, MUL, NE, SELECT, SUB, ZERO
from vargrad._ops.nary import Evaluation, needed, words
from vargrad._ops.table import NARY_BY_NAME, Aggregate

_EXACT = ("fsum", "sumprod")  # rounded once: no formula of the table
_FEW = 8  # operands


def _formula(text: str, names: tuple[str, ...]) -> Template:
    found = template(text, names)
    if found is None:
        raise ValueError(f"the table's {text!r} never counts")
    return found


class Nodes(Evaluation):
    """The formulas of a row on nodes of a graph."""

    def __init__(self, g: ExpressionGraph, xs: Sequence[int], ys: Sequence[int]) -> None:
        super().__init__(xs, ys, {"n": g.constant(float(len(xs)))})
        self._g = g

    def function(self, text: str, names: tuple[str, ...]) -> Callable[..., Any]:
        g, formula = self._g, _formula(text, names)
        return lambda *nodes: formula.at(g, nodes)

    def number(self, x: float) -> Any:
        return self._g.constant(x)

    def settled(self, aggregate: Aggregate, value: Any) -> Any:
        if aggregate.constant and aggregate.over == "all":
            return self._g.composite(value)
        return value  # or the derivative is 0 by itself

    def folded(self, start: str, step: str) -> Any:
        names = [name for name in words(step) if name != "acc"]
        columns = [name for name in names if name in self.columns]
        totals = [name for name in names if name in self.totals]
        if len(columns) > 2 or len(totals) > 1:
            return super().folded(start, step)
        columns += [name for name in ("x", "y") if name not in columns][: 2 - len(columns)]
        totals = totals or ["n"]
        skipped = int(start == "x")
        xs, ys = [self.columns[name][skipped:] for name in columns]
        formula = _formula(step, ("acc", *columns, *totals))
        return folded(self._g, formula, self.start(start), xs, ys, self.totals[totals[0]])

    def swapped(self) -> Nodes:
        other = Nodes(self._g, self.columns["y"], self.columns["x"])
        other.totals = self.totals
        return other

    def parents(self, text: str) -> list[tuple[int, int, int]]:
        """Each operand, the partial by it, and the partial's condition, for a composite."""
        g, xs, names = self._g, self.columns["x"], words(text)
        columns = [name for name in self.columns if name in names and name != "x"]
        totals = [name for name in names if name in self.totals]
        formula, fixed = _formula(text, ("x", *columns, *totals)), tuple(self.totals[name] for name in totals)
        if not columns:
            return list(formula.each(g, xs, fixed))
        others = zip(*[self.columns[name] for name in columns], strict=True)
        return [formula.each(g, [x], (*other, *fixed))[0] for x, other in zip(xs, others, strict=True)]


def nary(g: ExpressionGraph, name: str, xs: Sequence[int], ys: Sequence[int]) -> int:
    """The node of a row; ``ys`` is the second vector of rows of pairs, else empty."""
    if len(xs) > _FEW or name in _EXACT:
        return _built(g, name, xs, ys)
    return _rule(name, len(xs), len(ys)).at(g, (*xs, *ys))


@cache
def _rule(name: str, count: int, seconds: int) -> Template:
    """A row of few operands, built once to be repeated: interpreting the table costs ten times as much."""
    g = ExpressionGraph()
    xs, ys = [g.input() for _ in range(count)], [g.input() for _ in range(seconds)]
    return Template(g, (*xs, *ys), _built(g, name, xs, ys))


def _built(g: ExpressionGraph, name: str, xs: Sequence[int], ys: Sequence[int]) -> int:
    row, nodes, total = NARY_BY_NAME[name], Nodes(g, xs, ys), ZERO
    if name in _EXACT:
        value = _exact_sum(g, xs, ys or [g.constant(1.0)] * len(xs))
    else:
        nodes.add(needed(row.fold, row.final))
        total = nodes.folded(row.start, row.fold) if row.fold else ZERO
        value = nodes.total(row.final, acc=total)
    aggregates = needed(row.partial, row.partner, row.again)
    if row.exact and not any(aggregate.constant for aggregate in (*needed(row.fold, row.final), *aggregates)):
        return value  # its derivative is as good as the partial
    out = g.composite(value)
    nodes.totals |= {"out": out, "total": total}
    nodes.add(aggregates)
    for i in reversed(range(len(xs))):
        nodes.go_before(aggregates, i)
    parents = nodes.parents(row.partial)
    if row.again:  # the number by one formula, its derivatives by another, whose nodes are dropped if none is wanted
        others = [partial for _, partial, _ in nodes.parents(row.again)]
        one = g.constant(1.0)
        pairs = zip(parents, others, strict=True)
        parents = [(x, g.composite(partial, ((other, one, -1),)), when) for (x, partial, when), other in pairs]
    if row.pairs and row.partner != "skip":
        second = nodes.swapped()
        second.add(aggregates)
        partners = second.parents(row.partner or row.partial)
        parents = [parent for pair in zip(parents, partners, strict=True) for parent in pair]
    g.parents[out] = tuple(parent for parent in parents if not g.is_number(parent[0]))
    return out


def _exact_sum(g: ExpressionGraph, xs: Sequence[int], ys: Sequence[int]) -> int:
    """The sum of the products of pairs as if in twice the precision (Ogita, Rump and Oishi 2005, algorithm 5.3)."""
    make, one = g.make, g.constant(1.0)
    total, rest = ZERO, ZERO
    for x, y in zip(xs, ys, strict=True):
        product = make(MUL, x, y)
        error = _sum_error(g, total, product)
        total = make(ADD, total, product)
        if y != one:
            error = make(ADD, error, product_error(g, x, y))
        rest = make(ADD, rest, error)
    corrected = make(ADD, total, rest)
    # infinities leave no error behind but nan
    return make(SELECT, total, corrected, make(NE, make(SUB, corrected, corrected), ZERO))


def _sum_error(g: ExpressionGraph, a: int, b: int) -> int:
    make = g.make
    total = make(ADD, a, b)
    virtual = make(SUB, total, a)
    return make(ADD, make(SUB, a, make(SUB, total, virtual)), make(SUB, b, virtual))


def product_error(g: ExpressionGraph, x: int, y: int) -> int:
    """The rounding error of x times y (Dekker 1971)."""
    make = g.make
    (p, q), (r, s) = _halves(g, x), _halves(g, y)
    error = make(SUB, make(MUL, x, y), make(MUL, p, r))
    error = make(SUB, make(SUB, error, make(MUL, q, r)), make(MUL, p, s))
    return make(SUB, make(MUL, q, s), error)


def _halves(g: ExpressionGraph, x: int) -> tuple[int, int]:
    big = g.make(MUL, g.constant(134217729.0), x)
    high = g.make(SUB, big, g.make(SUB, big, x))
    return high, g.make(SUB, x, high)


def rounded(g: ExpressionGraph, a: int, digits: int) -> int:
    """round(a, digits): scaled and rounded, with ties decided by the rounding error of the scaling, as Python does."""
    n = int(g.number_of(digits))
    scale = g.constant(10.0 ** abs(n))
    up, down = (MUL, DIV) if n >= 0 else (DIV, MUL)
    scaled = g.make(up, a, scale)
    whole = g.apply("rint", scaled)
    if n > 0:
        half = g.constant(0.5)
        error = product_error(g, a, scale)
        tie = g.make(EQ, g.apply("abs", g.make(SUB, scaled, whole)), half)
        tie = g.apply("and", tie, g.apply("ne", error, ZERO))
        down_or_up = g.apply("rint", g.make(ADD, scaled, g.apply("copysign", half, error)))
        whole = g.make(SELECT, down_or_up, whole, tie)
    result = g.make(down, whole, scale)
    has_fraction = g.apply("lt", g.apply("abs", scaled), g.constant(2.0**52))
    return g.composite(g.make(SELECT, result, a, has_fraction))
