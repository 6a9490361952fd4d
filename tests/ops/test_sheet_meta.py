"""The checks themselves are checked: a rule wrong by 0.1 % is caught, a formula outside the language is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import oracle
import sheet
from sheet import ALL_NARY, PARTIALS
from vargrad._ops import formula, nary
from vargrad._ops.formula import IEEE, parse
from vargrad._ops.table import AGGREGATES, BY_NAME, NARY_BY_NAME

WRONG = 1.001


def rejected(name: str, i: int, partial: Callable[..., float | None]) -> bool:
    """Whether the comparison of test_ops refuses this function as the partial of the row."""
    value = formula.value(name, IEEE)
    for point in sheet.points(BY_NAME[name]):
        got = partial(*point, value(*point))
        condition = oracle.condition(name, point, i) if name in oracle.CONDITIONED else 0.0
        condition += oracle.CANCELS.get(name, 0.0)
        if oracle.complaint(oracle.slope(name, point, i), 0.0 if got is None else got, condition):
            return True
    return False


def spoilt(partial: Callable[..., float | None]) -> Callable[..., float]:
    """The same partial, wrong by 0.1 %; one that says skip always, wrong by 0.001."""

    def wrong(*arguments: float) -> float:
        slope = partial(*arguments)
        return WRONG - 1.0 if slope is None else slope * WRONG

    return wrong


# The digits of round are no operand that varies: there is nothing to compare with.
@pytest.mark.parametrize(("name", "i"), [pair for pair in PARTIALS if pair != ("round", 1)])
def test_rule_wrong_by_a_thousandth_is_caught(name: str, i: int) -> None:
    partial = formula.partials(name)[i]
    assert not rejected(name, i, partial)
    assert rejected(name, i, spoilt(partial))


@pytest.mark.parametrize(("name", "i"), [pair for pair in PARTIALS if pair != ("round", 1)])
def test_rule_with_the_wrong_sign_or_no_rule_is_caught(name: str, i: int) -> None:
    partial = formula.partials(name)[i]
    nothing = all(partial(*p, formula.value(name, IEEE)(*p)) is None for p in sheet.points(BY_NAME[name]))
    if nothing:
        assert rejected(name, i, lambda *_: 1.0)
    else:
        assert rejected(name, i, lambda *arguments: -(partial(*arguments) or 0.0))
        assert rejected(name, i, lambda *_: None)


@pytest.mark.parametrize("name", ALL_NARY)
@pytest.mark.parametrize("factor", [1.0, WRONG])
def test_nary_rule_wrong_by_a_thousandth_is_caught(name: str, factor: float) -> None:
    row = NARY_BY_NAME[name]
    complaints = 0
    for point in sheet.points_nary(row):
        try:
            out = nary.value(row, *(sheet.split(row, point) if row.pairs else (point, ())))
        except OverflowError:
            continue
        for i, partial in nary.partials(row, point, out, [True] * len(point), point, IEEE):
            true = oracle.slope_nary(name, row.pairs, point, i)
            complaints += (
                oracle.complaint(true, (partial or 0.0) * factor, oracle.condition_nary(name, point, i)) is not None
            )
    assert (complaints > 0) == (factor != 1.0)


OUTSIDE = {
    "attribute": "a.real",
    "subscript": "a[0]",
    "lambda": "(lambda: a)()",
    "unknown function": "open(a)",
    "keyword argument": "exp(x=a)",
    "call of a call": "exp(a)(a)",
    "starred": "exp(*a)",
    "list": "[a]",
    "comprehension": "[a for a in b]",
    "walrus": "(a := b)",
    "matrix product": "a @ b",
    "bit shift": "a << 1",
    "bit or": "a | b",
    "not": "not a",
    "unary plus": "+a",
    "string format": "f'{a}'",
    "await": "a if (yield) else b",
}


@pytest.mark.parametrize("text", OUTSIDE.values(), ids=OUTSIDE)
def test_formula_outside_the_language(text: str) -> None:
    with pytest.raises(ValueError, match="formula") as error:
        parse(text)
    assert repr(text) in str(error.value)


@pytest.mark.parametrize("text", ["'text'", "True", "None", "1j", "b'x'", "..."])
def test_only_numbers_are_constants(text: str) -> None:
    with pytest.raises(ValueError, match="formula"):
        parse(text)


@pytest.mark.parametrize("text", ["a +", "a = 1", "import os", ""])
def test_formula_that_is_no_expression(text: str) -> None:
    with pytest.raises(SyntaxError):
        parse(text)


def formulas() -> list[Any]:
    """Every formula of the table."""
    texts = {text for row in BY_NAME.values() for text in (row.value, *row.partials, *(bound for _, bound in row.let))}
    for row in NARY_BY_NAME.values():
        texts |= {row.fold, row.final, row.partial, row.partner, row.again, row.start}
    for aggregate in AGGREGATES:
        texts |= {aggregate.step, aggregate.final, aggregate.start}
    return sorted(text for text in texts if text)


@pytest.mark.parametrize("text", formulas())
def test_every_formula_is_in_the_language(text: str) -> None:
    parse(text)


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_row_is_complete(name: str) -> None:
    row = BY_NAME[name]
    assert row.arity in (1, 2)
    assert len(row.domain) == row.arity
    assert all(low < high for low, high in row.domain)
    assert all(len(point) == row.arity for point in row.kinks)
    assert row.doc.endswith(".")
