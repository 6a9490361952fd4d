"""Types of the functions of vargrad.math and vargrad.special: of a Var they give a Var, of plain numbers a float.

vargrad.math makes its functions in a loop, so its types are in a file of their own, math.pyi.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from vargrad._ops.table import NARY, NaryOp, Op

BOTH = "Var | Plain"
FORMS = {  # parameters and result, the narrower ones first
    "one": [("x: Var, /", "Var"), ("x: Plain, /", "float")],
    "two": [
        (f"x: Var, y: {BOTH}{{default}}, /", "Var"),
        ("x: Plain, y: Var, /", "Var"),
        ("x: Plain, y: Plain{default}, /", "float"),
    ],
    "values": [
        ("values: Iterable[Var], /", "Var"),
        ("values: Iterable[Plain], /", "float"),
        (f"values: Iterable[{BOTH}], /", "Var | float"),
    ],
    "p, q": [
        (f"p: Iterable[Var], q: Iterable[{BOTH}], /", "Var"),
        ("p: Iterable[Plain], q: Iterable[Var], /", "Var"),
        ("p: Iterable[Plain], q: Iterable[Plain], /", "float"),
        (f"p: Iterable[{BOTH}], q: Iterable[{BOTH}], /", "Var | float"),
    ],
    "*values": [
        (f"x: Var, /, *rest: {BOTH}", "Var"),
        (f"x: Plain, y: Var, /, *rest: {BOTH}", "Var"),
        ("*values: Plain", "float"),
        (f"*values: {BOTH}", "Var | float"),
    ],
}
ENDS = "left: {0} | None = None, right: {0} | None = None"
OWN = {  # of _core/functions.py
    "log": [
        (f"x: Var, base: {BOTH} | None = None, /", "Var"),
        ("x: Plain, base: Var, /", "Var"),
        ("x: Plain, base: Plain | None = None, /", "float"),
    ],
    "pow": [(head.format(default=""), result) for head, result in FORMS["two"]],
    "dist": FORMS["p, q"],
    "prod": [
        (f"values: Iterable[Var], /, *, start: {BOTH} = 1.0", "Var"),
        ("values: Iterable[Plain], /, *, start: Var", "Var"),
        ("values: Iterable[Plain], /, *, start: Plain = 1.0", "float"),
        (f"values: Iterable[{BOTH}], /, *, start: {BOTH} = 1.0", "Var | float"),
    ],
    "softmax": [
        ("values: Iterable[Var], /", "list[Var]"),
        ("values: Iterable[Plain], /", "list[float]"),
        (f"values: Iterable[{BOTH}], /", "list[Var] | list[float]"),
    ],
    "interp": [
        (f"x: Var, xp: Iterable[Plain], fp: Iterable[{BOTH}], {ENDS.format(BOTH)}", "Var"),
        (f"x: Plain, xp: Iterable[Plain], fp: Iterable[Plain], {ENDS.format('Plain')}", "float"),
        (f"x: Plain, xp: Iterable[Plain], fp: Iterable[{BOTH}], {ENDS.format(BOTH)}", "Var | float"),
    ],
    "where": [
        (f"condition: object, a: Var, b: {BOTH}, /", "Var"),
        ("condition: object, a: Plain, b: Var, /", "Var"),
        ("condition: object, a: Plain, b: Plain, /", "float"),
    ],
    "modf": [("x: Var, /", "tuple[Var, Var]"), ("x: Plain, /", "tuple[float, float]")],
    "frexp": [("x: Var, /", "tuple[Var, int]"), ("x: Plain, /", "tuple[float, int]")],
    "ldexp": [
        ("x: Var, i: Var | int, /", "Var"),
        ("x: Plain, i: Var, /", "Var"),
        ("x: Plain, i: int, /", "float"),
    ],
    "square": FORMS["one"],
    "clamp": [
        (f"x: Var, min: {BOTH} | None = None, max: {BOTH} | None = None, /", "Var"),
        ("x: Plain, min: Plain | None = None, max: Plain | None = None, /", "float"),
        (f"x: Plain, min: {BOTH} | None = None, max: {BOTH} | None = None, /", "Var | float"),
    ],
}
BY_VALUE = {  # of the standard module: a Var's value is taken, and the result is no Var
    "ceil": "int",
    "floor": "int",
    "trunc": "int",
    "isfinite": "bool",
    "isinf": "bool",
    "isnan": "bool",
}
STANDARD = ["comb", "e", "factorial", "gcd", "inf", "isqrt", "lcm", "nan"]
STANDARD += ["nextafter", "perm", "pi", "tau", "ulp"]
CLOSE = f"a: {BOTH}, b: {BOTH}, *, rel_tol: float = 1e-09, abs_tol: float = 0.0"
SINCE = {  # of the standard module: from which Python on, and its types, if they are not the standard module's
    "fma": ((3, 13), ""),
    "isnormal": ((3, 15), "bool"),
    "issubnormal": ((3, 15), "bool"),
    "signbit": ((3, 15), "bool"),
}


def overloads(name: str, forms: Iterable[tuple[str, str]], doc: str = "") -> Iterator[str]:
    """Lines for a function of several types, with a docstring in a stub."""
    for i, (head, result) in enumerate(forms):
        yield "@overload"
        start = f"def {name}({head}) -> {result}:"
        if len(start) > 112:  # with the package's own name of a plain number, and an ellipsis, more than a line
            parameters = ",\n    ".join(head.split(", "))
            start = f"def {name}(\n    {parameters},\n) -> {result}:"
        if doc and i == 0:
            yield start
            yield f'    """{doc}"""'
        else:
            yield f"{start} ..."


def form(row: Op, default: str = "") -> list[tuple[str, str]]:
    """The types of a row of one or two operands; ``default``: the second one's."""
    value = f" = {default}" if default else ""
    heads = [(head.format(default=value), result) for head, result in FORMS["one" if row.arity == 1 else "two"]]
    return (
        [(head.replace("x:", "a:").replace("y:", "x:"), result) for head, result in heads] if row.parameters else heads
    )


def nary_form(row: NaryOp) -> list[tuple[str, str]]:
    """The types of a row of any number of operands."""
    return FORMS.get(row.function, FORMS["values"])


def by_value(name: str, result: str) -> list[str]:
    """Lines of a stub for a function that takes a Var's value."""
    return [f"def {name}(x: {BOTH}, /) -> {result}:", f'    """math.{name} of the value."""']


def math_pyi(note: str, rows: Iterable[Op], defaults: dict[str, tuple[str, str]], own: Path) -> str:
    """The types of vargrad.math: of the rows, of ``own``, which is _core/functions.py, and of the standard module."""
    functions = {
        row.function: overloads(row.function, form(row, *defaults.get(row.name, ())[1:]), row.doc) for row in rows
    }
    later = {}
    for nary in NARY:
        if nary.since:
            later[nary.name] = nary.since.replace(".", ", "), overloads(nary.name, nary_form(nary), nary.doc)
        elif nary.function:
            functions[nary.name] = overloads(nary.name, nary_form(nary), nary.doc)
    for node in ast.parse(own.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name in OWN:
            doc = (ast.get_docstring(node) or "").partition("\n")[0]
            functions[node.name] = overloads(node.name, OWN[node.name], doc)
    functions |= {name: iter(by_value(name, result)) for name, result in BY_VALUE.items()}
    functions["isclose"] = iter([f"def isclose({CLOSE}) -> bool:", '    """math.isclose of the values."""'])
    for name, (version, result) in SINCE.items():
        lines = by_value(name, result) if result else [f"from math import {name} as {name}"]
        later[name] = "{}, {}".format(*version), iter(lines)
    lines = [
        f'"""The types of vargrad.math.\n\n{note}\n"""\n',
        "# fmt: off",
        "import sys",
        "from collections.abc import Iterable",
        *(f"from math import {name} as {name}" for name in STANDARD),
        "from typing import SupportsFloat, SupportsIndex, TypeAlias, overload\n",
        "from vargrad._core.var_py import Var\n",
        "__all__ = [  # noqa: RUF022",
        *(f'    "{name}",' for name in sorted([*functions, *STANDARD])),
        "]\n",
        "_Plain: TypeAlias = SupportsFloat | SupportsIndex",
    ]
    for text in functions.values():
        lines += ["", *text]
    for name, (since, rest) in later.items():
        lines += ["", f"if sys.version_info >= ({since}):", f'    __all__ += ["{name}"]', *(f"    {x}" for x in rest)]
    return re.sub(r"\bPlain\b", "_Plain", "\n".join(lines)) + "\n"


def special_pyi(note: str, rows: Iterable[tuple[str, str, Op]]) -> str:
    """The types of the functions of vargrad.special that are rows: (name, docstring, row)."""
    functions = {name: overloads(name, form(row), doc) for name, doc, row in rows}
    lines = [
        f'"""The types of the functions of vargrad.special that are rows of the table.\n\n{note}\n"""\n',
        "# fmt: off",
        "from typing import overload\n",
        "from vargrad._core.var import Plain, Var\n",
        "__all__ = [",
        *(f'    "{name}",' for name in sorted(functions)),
        "]",
    ]
    for text in functions.values():
        lines += ["", *text]
    return "\n".join(lines) + "\n"
