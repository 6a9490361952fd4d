"""Write the files that derive from the table of operations: C, methods of both twins, functions, documentation.

python csrc/ops/gen_ops.py            write the files
python csrc/ops/gen_ops.py --check    exit 1 if a committed file differs from what the table gives
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
package = ModuleType("vargrad")  # the table alone: the package itself needs the files written here
package.__path__ = [str(ROOT / "src" / "vargrad")]
sys.modules["vargrad"] = package

from c_text import C_CALLS, c, c_nary, c_row, lets  # noqa: E402
from docs_text import table_md  # noqa: E402
from types_text import math_pyi, special_pyi  # noqa: E402

from vargrad._ops.formula import parse  # noqa: E402
from vargrad._ops.table import ARITHMETIC, METHODS, NARY, ROWS, Op  # noqa: E402

NOTE = "Written by csrc/ops/gen_ops.py from src/vargrad/_ops/table.py; do not edit."
DUNDER = ("add", "sub", "mul", "truediv", "mod", "floordiv")
DEFAULTS = {  # the second operand of a method, where it has a name and a default
    "leaky_relu": ("slope", "0.01"),
    "elu": ("alpha", "1.0"),
}


# ---- C


def ops_def() -> str:
    lines = [
        f"/* {NOTE}",
        " *",
        " * ROW(name, arity, exact, let, value, let_a, guard_a, partial_a, let_b, guard_b, partial_b)",
        " * The includer defines the macro; the file undefines it. */",
        "#ifndef ROW\n#define ROW(...)\n#endif",
        *map(c_row, ROWS),
        "#undef ROW",
    ]
    return "\n".join(lines) + "\n"


def nary_def() -> str:
    lines = [
        f"/* {NOTE}",
        " *",
        " * NARY(name, exact, pairs, befores, fold, final, fill, totals, each, guard, partial, step)",
        " * Statements and expressions of `half` operands, or as many pairs, where the includer says what OPERAND(i)",
        " * is. The value: fold, which leaves acc, then final. When a node is made: fill, with FILL(k, start, step),",
        " * what BEFORE(k) of an operand will be. In a sweep: totals, then for each operand, the last one first, each,",
        " * guard and partial, and step. The includer defines the macro; the file undefines all. */",
        "#ifndef NARY\n#define NARY(...)\n#endif",
        *map(c_nary, NARY),
        "#undef NARY",
    ]
    return "\n".join(re.sub(r" +$", "", line, flags=re.MULTILINE) for line in lines) + "\n"


def c_rows_py() -> str:
    """C text for to_c(): the rows here, the rest as csrc/ops/ops.h and csrc/vm/kernels.h have it."""
    ops, kernels = ((ROOT / "csrc" / name).read_text(encoding="utf-8") for name in ("ops/ops.h", "vm/kernels.h"))
    texts = {row.name: (row, row.kernel or row.value) for row in ROWS if row.exact or row.kernel}
    values = {name: (lets(row, text), c(parse(text))) for name, (row, text) in texts.items()}
    values |= {name: ("", text) for name, text in re.findall(r"^ +M\((\w+), \d, (.*?)\) *\\?$", kernels, re.MULTILINE)}
    found = re.findall(r"^(static) inline (double (\w+)\(.*?\) \{.*?\}$)", ops, re.MULTILINE | re.DOTALL)
    called = {name: f"{static} {text}\n" for static, text, name in found if name in C_CALLS.values()}
    lines = [
        '"""Operations of a program as C, for to_c().',
        "",
        NOTE,
        '"""',
        "",
        "# ruff: noqa: E501",
        "# fmt: off",
        "VALUES: dict[str, tuple[str, str]] = {  # of a, b, c: declarations, and an expression",
        *(f"    {name!r}: {pair!r}," for name, pair in values.items()),
        "}",
        "CALLED: dict[str, str] = {  # functions that they call beside those of <math.h>",
        *(f"    {name!r}: {called[name]!r}," for name in C_CALLS.values()),
        "}",
    ]
    return "\n".join(lines) + "\n"


# ---- Python


def methods() -> Iterator[tuple[str, Op]]:
    for row in METHODS:
        yield row.name, row
        if row.alias:
            yield row.alias, row
    yield "fabs", next(row for row in ARITHMETIC if row.name == "abs")


def methods_py() -> str:
    lines = [
        '"""Var\'s operators and methods, one per row of the table of operations.',
        "",
        NOTE,
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import TYPE_CHECKING, Self",
        "",
        "",
        "class OpMethods:",
        '    """The operators and methods of the pure twin\'s Var that are rows of the table."""',
        "",
        "    __slots__ = ()",
        "",
        "    if TYPE_CHECKING:",
        "",
        "        def _unary(self, name: str) -> Self: ...",
        "        def _method(self, name: str, other: Self | float) -> Self: ...",
        "        def _binary(self, name: str, other: Self | float) -> Self: ...",
        "        def _reflected(self, name: str, other: Self | float) -> Self: ...",
    ]
    for name in DUNDER:
        for prefix, call in (("", "_binary"), ("r", "_reflected")):
            lines += [
                "",
                f"    def __{prefix}{name}__(self, other: Self | float) -> Self:",
                f'        return self.{call}("{name}", other)',
            ]
    for name in ("neg", "abs"):
        lines += ["", f"    def __{name}__(self) -> Self:", f'        return self._unary("{name}")']
    for name, row in methods():
        if row.arity == 1:
            head, body = "self", f'self._unary("{row.name}")'
        else:
            second = "{}: Self | float = {}".format(*DEFAULTS[name]) if name in DEFAULTS else "other: Self | float"
            head, body = f"self, {second}", f'self._method("{row.name}", {second.split(":")[0]})'
        lines += [
            "",
            f"    def {name}({head}) -> Self:",
            f'        """{row.doc}"""',
            f"        return {body}",
        ]
    return "\n".join(lines) + "\n"


def one(name: str, operand: str) -> str:
    """Cython for an operation of one operand; the switch over operations is not run, the value's code is inlined."""
    return f"finish_unary(OP_{name}, op_value_{name}((<Var>{operand}).node.value, 0.0), <Var>{operand})"


def methods_pxi() -> str:
    lines = [
        f"# {NOTE}",
        "",
        'cdef extern from "ops/ops.h":',
        *(f"    int OP_{row.name}" for row in ROWS),
        *(f"    double op_value_{row.name}(double a, double b)" for row in ROWS),
        "",
        "",
        "cdef class OpMethods:  # Cython allows no include inside a class, hence a base class",
        '    """The operators and methods of Var that are rows of the table."""',
        "",
        "    def __cinit__(self):  # the arguments are for Var's",
        "        if type(self) is not Var:",
        '            raise TypeError("this is the base of vargrad.Var: make one of those")',
    ]
    for name in DUNDER:
        lines += [
            "",
            f"    def __{name}__(left, right):",
            "        cdef Pair p",
            "        if not operands(left, right, &p):",
            f"            return binary(OP_{name}, left, right)",
            f"        return finish(OP_{name}, op_value_{name}(p.x, p.y), &p, left, right)",
        ]
    for name in ("neg", "abs"):
        lines += ["", f"    def __{name}__(self):", f"        return {one(name, 'self')}"]
    for name, row in methods():
        if row.arity == 1:
            head, body = "self", one(row.name, "self")
        else:
            second = "{}={}".format(*DEFAULTS[name]) if name in DEFAULTS else "other"
            head, body = (
                f"self, {second}",
                f'method(OP_{row.name}, "{row.name}", <Var>self, {second.split("=")[0]})',
            )
        lines += [
            "",
            f"    def {name}({head}):",
            f'        """{row.doc}"""',
            f"        return {body}",
        ]
    return "\n".join(lines) + "\n"


def functions() -> Iterator[Op]:
    for row in ROWS:
        if row.function:
            yield row


def functions_py() -> str:
    lines = [
        '"""The functions of vargrad.math that are rows of the table, over the pure twin.',
        "",
        NOTE,
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "from vargrad._core.var_py import Var, function",
        "",
        "__all__ = [  # noqa: RUF022",
        *(f'    "{row.function}",' for row in sorted(functions(), key=lambda row: row.function)),
        "]",
    ]
    for row in functions():
        if row.arity == 1:
            lines += ["", "", f"def {row.function}(x: Var | float, /) -> Var | float:"]
            call = "x"
        else:
            default = f" = {DEFAULTS[row.name][1]}" if row.name in DEFAULTS else ""
            lines += ["", "", f"def {row.function}(x: Var | float, y: Var | float{default}, /) -> Var | float:"]
            call = "x, y"
        lines += [f'    """{row.doc}"""', f'    return function("{row.name}", {call})']
    return "\n".join(lines) + "\n"


def functions_pxi() -> str:
    lines = [f"# {NOTE}", "", *special_pxi(), ""]  # first those of vargrad.special: math has others of their names
    lines += ["", 'cdef extern from "ops/ops.h":', *(f"    int OP_{row.name}" for row in NARY)]
    for row in functions():
        default = f"={DEFAULTS[row.name][1]}" if row.name in DEFAULTS else ""
        head, call = ("x, /", "x") if row.arity == 1 else (f"x, y{default}, /", "x, y")
        lines += ["", "", f"def {row.function}({head}):", f'    """{row.doc}"""']
        if row.arity == 1:
            lines += ["    if type(x) is Var:", f"        return {one(row.name, 'x')}"]
        kind = "plain" if row.arity == 1 else "function2"
        lines.append(f'    return {kind}(OP_{row.name}, "{row.name}", {call})')
    for nary in NARY:
        if nary.function:  # the parameters, how they are taken, what is handed on
            forms = {
                "p, q": ("p, q, /", "of_pairs", "p, q"),
                "*values": ("x=NOTHING, y=NOTHING, /, *rest", "of_arguments", "x, y, rest"),
            }
            head, kind, call = forms.get(nary.function, ("values, /", "of_vector", "values"))
            shown = rf"{nary.name}(*values)\n--\n\n" if kind == "of_arguments" else ""  # NOTHING is no default
            lines += ["", "", *["@cython.embedsignature(False)"] * bool(shown), f"def {nary.name}({head}):"]
            lines += [f'    """{shown}{nary.doc}"""', f'    return {kind}(OP_{nary.name}, "{nary.name}", {call})']
    return "\n".join(lines) + "\n"


def functions_nary_py() -> str:
    lines = [
        '"""The functions of vargrad.math that are rows of any number of operands; they serve both twins.',
        "",
        NOTE,
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "import math as _math",
        "from collections.abc import Iterable",
        "",
        "from vargrad._core.var import Real, nary, two",
        "",
        "__all__ = [  # noqa: RUF022",
        *(f'    "{row.name}",' for row in NARY if row.function and not row.since),
        "]",
    ]
    for row in NARY:
        if not row.function:
            continue
        heads = {"p, q": "p: Iterable[Real], q: Iterable[Real], /", "*values": "*values: Real"}
        head = heads.get(row.function, "values: Iterable[Real], /")
        call = f'*two("{row.name}", p, q)' if row.function == "p, q" else "values"
        body = [f"def {row.name}({head}) -> Real:", f'    """{row.doc}"""', f'    return nary("{row.name}", {call})']
        if row.since:
            condition = f'if hasattr(_math, "{row.name}"):  # from Python {row.since}'
            body = [condition, f'    __all__ += ["{row.name}"]', "", *(f"    {line}" for line in body)]
        lines += ["", "", *body]
    return "\n".join(lines) + "\n"


def names_in_special(row: Op) -> str:
    """The parameters of its function there, as scipy.special names them."""
    return "a, x" if row.parameters else ("x", "x, y")[row.arity - 1]


def specials() -> Iterator[tuple[str, str, Op]]:
    """Names in vargrad.special, and their docstrings."""
    for row in ROWS:
        named = dict(zip("ab", names_in_special(row).split(", "), strict=False))
        doc = "".join(named.get(word, word) for word in re.split(r"\b(a|b)\b", row.doc))
        if row.function and row.raises and not row.exact:
            doc += f" inf or nan where math.{row.function} raises."
        for name in filter(None, (row.special, row.also)):
            yield name, doc, row


def functions_special_py() -> str:
    lines = [
        '"""The functions of vargrad.special that are rows of the table, over the pure twin.',
        "",
        NOTE,
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "from vargrad._core.var_py import Var, function",
        "",
        "__all__ = [",
        *(f'    "{name}",' for name in sorted(name for name, _, _ in specials())),
        "]",
    ]
    for name, doc, row in specials():
        call = names_in_special(row)
        head = ", ".join(f"{x}: Var | float" for x in call.split(", "))
        lines += ["", "", f"def {name}({head}, /) -> Var | float:", f'    """{doc}"""']
        lines.append(f'    return function("{row.name}", {call}, ieee=True)')
    return "\n".join(lines) + "\n"


def special_pxi() -> list[str]:
    lines = [
        'cdef extern from "ops/ops.h":',
        *(f"    double op_quiet_{row.name}(double a, double b)" for row in ROWS if row.special),
    ]
    for name, doc, row in specials():
        head = names_in_special(row)
        x, y = [*head.split(", "), "NOTHING"][:2]
        number = " or not p.constants & A_CONSTANT" * bool(row.parameters)
        lines += [
            "",
            "",
            f"def {name}({head}, /):",
            f'    """{doc}"""',
            "    cdef Pair p",
            f"    if not usual({x}, {y}, &p){number}:",
            f'        return function("{row.name}", {head}, ieee=True)',
            f"    return finish_quiet(OP_{row.name}, op_quiet_{row.name}(p.x, p.y), &p, {x}, {y})",
        ]
    names = "".join(f'    "{name}": {name},\n' for name, _, _ in specials())
    return [*lines, "", "", f"SPECIAL = {{\n{names}}}"]


FILES: dict[str, Callable[[], str]] = {
    "csrc/ops/ops.def": ops_def,
    "csrc/ops/nary.def": nary_def,
    "src/vargrad/_compile/c_rows.py": c_rows_py,
    "src/vargrad/_core/methods_py.py": methods_py,
    "src/vargrad/_core/methods.pxi": methods_pxi,
    "src/vargrad/_core/functions_py.py": functions_py,
    "src/vargrad/_core/functions.pxi": functions_pxi,
    "src/vargrad/_core/functions_nary.py": functions_nary_py,
    "src/vargrad/math.pyi": lambda: math_pyi(NOTE, functions(), DEFAULTS, ROOT / "src/vargrad/_core/functions.py"),
    "src/vargrad/special/_rows_py.py": functions_special_py,
    "src/vargrad/special/_rows.pyi": lambda: special_pyi(NOTE, specials()),
    "docs/ops.md": lambda: table_md(NOTE),
}


def main(arguments: list[str]) -> int:
    """Write or check; the exit status."""
    stale = []
    for name, make in FILES.items():
        path = ROOT / name
        text = make()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in arguments:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    if "--check" not in arguments:
        print(f"{len(stale)} of {len(FILES)} files written")
        return 0
    for name in stale:
        print(
            f"{name} is not what src/vargrad/_ops/table.py says: run python csrc/ops/gen_ops.py",
            file=sys.stderr,
        )
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
