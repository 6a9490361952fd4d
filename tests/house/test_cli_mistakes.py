"""What is no expression, or has no value, is refused in words that point at the place, and nothing crashes."""

from __future__ import annotations

import math

import pytest

from vargrad._cli import main
from vargrad._cli.expression import Expression, Mistake, bindings


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = main(arguments)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert captured.err.startswith("vargrad: ")
    return status, captured.err


MISTAKES = [
    ("x*", 2, "too early"),
    ("x* ", 2, "too early"),
    ("(x + 1", 0, "never closed"),
    ("x + + * 2", 6, "no formula"),
    ("x^2", 1, "**"),
    ("x + (x & 1)", 7, "and"),
    ("~x", 0, "not"),
    ("x.real", 1, "attributes"),
    ("math.sin(x)", 4, "write sin alone"),
    ("x + sn(x)", 4, "did you mean sin?"),
    ("__import__('os')", 0, "no function"),
    ("sin.__class__(x)", 3, "attributes"),
    ("(sin)(x)(x)", 0, "by their name"),
    ("sin + x", 0, "sin(...)"),
    ("log(x, base=2)", 12, "by place"),
    ("lambda: x", 0, "a lambda"),
    ("[x for x in y]", 0, "a comprehension"),
    ("x[0]", 0, "an index"),
    ("[x, 1]", 0, "a list"),
    ("{x}", 0, "a set"),
    ("f'{x}'", 0, "a text"),
    ("'x'", 0, "no text"),
    ("x + True", 4, "no numbers"),
    ("x + 2j", 4, "complex"),
    ("x if x in x else 1", 5, "compare by"),
    ("x > 1", 0, "a condition"),
    ("x + sin([x])", 4, "cannot be computed"),
    ("x + sin(x, x)", 4, "cannot be computed"),
    ("dot([x], [[1]])", 10, "a list"),
    ("x + softmax([x])", 4, "no function"),
    ("x + factorial(9999)", 4, "no function"),
    ("x\n+ 1", 1, "printed"),
    ("\u202ex", 0, "printed"),
    ("  é*q.a + 漢", 5, "attributes"),
]


@pytest.mark.parametrize(("text", "column", "words"), MISTAKES, ids=[str(k) for k in range(len(MISTAKES))])
def test_mistakes_point_at_their_place(text: str, column: int, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, error = refusal(capsys, "grad", text, "x=1")
    message, _, place = error.removesuffix("\n").rpartition("\n")
    assert status == 2
    assert words in message.splitlines()[0]
    assert place == f"  {' ' * column}^"


@pytest.mark.parametrize(
    "text", ["9**9**9 + x", "x + 10.0**400", "x / 0", "x + log(-x)", "x + (-8)**(1/3)", "exp(x*999)"]
)
def test_what_has_no_value(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, error = refusal(capsys, "explain", text, "x=1")
    assert status == 1
    assert "cannot be computed" in error or "no real result" in error
    assert error.rstrip().endswith("^")


@pytest.mark.parametrize(
    "text",
    [
        "x" * 2001,
        "(" * 900 + "x" + ")" * 900,
        "-" * 1500 + "x",
        "+".join(["x"] * 900),
        "x" + "**2" * 600,
        "sum([" + ",".join(["x"] * 998) + "])",
        "1" * 1999,
        "9" * 400 + "+x",
    ],
    ids=["long", "nested", "signs", "chain", "powers", "parts", "digits", "number"],
)
def test_hostile_sizes(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, error = refusal(capsys, "grad", text, "x=1")
    assert status == 2
    assert len(error) < 500


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "x has no value: add it after the expression, as in x=1.5"),
        (["x=1", "y=2"], "y has a value, but is not in the expression: its variables are x"),
        (["x=five"], "the value of x is not a number: five"),
        (["x="], "x= has no number after it"),
        (["**2", "x=3"], "'**2' gives no variable its value"),
        (["x"], "'x' gives no variable its value"),
        (["x=1", "x=2"], "x has two values"),
        (["2x=1"], "'2x' is no name"),
        (["sin=1"], "sin is the name of a function"),
        (["x=1e999e"], "no formula"),
        (["x=9**9**9"], "too large"),
        (["x='a'"], "no text"),
    ],
    ids=lambda x: "" if isinstance(x, str) else " ".join(x),
)
def test_values_that_do_not_fit(values: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, error = refusal(capsys, "grad", "x + 1", *values)
    assert words in error


def test_an_expression_without_variables(capsys: pytest.CaptureFixture[str]) -> None:
    status, error = refusal(capsys, "grad", "2 + pi")
    assert status == 2
    assert "no variable" in error


def test_bindings_are_formulas_of_numbers() -> None:
    assert bindings(["x=-1/4", "y = 1_000", "w=pi", "v=-inf"]) == {"x": -0.25, "y": 1000, "w": math.pi, "v": -math.inf}


def test_excerpts_of_long_expressions_fit() -> None:
    text = "x + " * 300 + "sn(x)"
    with pytest.raises(Mistake) as caught:
        Expression(text + " " * 3)
    message, excerpt, caret = caught.value.lines(40)
    assert max(len(excerpt), len(caret)) <= 40
    assert excerpt[caret.index("^") :].startswith("sn")
    assert message
