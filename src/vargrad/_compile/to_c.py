"""to_c(): a compiled function as C99, values and first derivatives, its branches as ifs.

The paths are merged into one graph, so that values needed on both sides of a branch are computed once, before its
``if``, and values needed on one side inside it. A branch that was never recorded returns 1 and writes nothing.
"""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from vargrad._compile.c_rows import CALLED, VALUES
from vargrad._compile.merge import Branch, Merged
from vargrad._compile.paths import BOOLEAN
from vargrad._core.var import leaf_values
from vargrad._ir.expressions import Derivatives, ExpressionGraph
from vargrad._ops.codes import ARITY, EQ, LE, LT, NAMES, NE, NOT, SELECT
from vargrad._ops.table import ROWS
from vargrad._util.version import __version__

if TYPE_CHECKING:
    from vargrad._compile.specialization import Specialization

Outputs: TypeAlias = Callable[[Branch], list[tuple[str, list[int]]]]
TRUE = math.inf
_COMPARISONS = {LT: "<", LE: "<=", EQ: "==", NE: "!="}
# of C99, besides Python's own: keywords, and what <math.h> declares
_TAKEN = """auto case char const default do double enum extern float goto inline int long register restrict short
signed sizeof static struct switch typedef union unsigned void volatile main acos asin atan atan2 cos sin tan acosh
asinh atanh cosh sinh tanh exp exp2 expm1 frexp ilogb ldexp log log10 log1p log2 logb modf scalbn scalbln cbrt fabs
hypot pow sqrt erf erfc lgamma tgamma ceil floor nearbyint rint lrint llrint round lround llround trunc fmod remainder
remquo copysign nan nextafter nexttoward fdim fmax fmin fma j0 j1 jn y0 y1 yn gamma isnan isinf isfinite isnormal
signbit fpclassify"""


def source(specialization: Specialization, by: tuple[int, ...], name: str | None) -> str:
    """The text of a C file for the recorded paths; ``by``: the arguments to differentiate by."""
    owner, structure = specialization.owner.__name__, specialization.paths[0].structure
    name = identifier(owner) if name is None else identifier(name, owner)
    merged = Merged(specialization.paths)
    inputs = [node for argument in merged.arguments for node in argument]
    texts = {node: f"x[{i}]" for i, node in enumerate(inputs)}
    texts |= {node: f"{name}_leaf[{i}]" for i, node in enumerate(merged.leaves.values())}
    wrt = [node for i in by for node in merged.arguments[i]]
    scalar = structure.container is None and structure.cores == ((),)
    value, partial = ("value", "grad") if scalar else ("values", "jacobian")
    derivatives = Derivatives(merged.expressions, wrt)

    def slopes(branch: Branch) -> list[int]:
        return [node for root in branch.results for node in derivatives.of(root, merged.root.size > 1)]

    plain = _Function(merged.expressions, texts, name, lambda branch: [(value, branch.results)])
    both = _Function(
        merged.expressions, texts, name, lambda branch: [(value, branch.results), (partial, slopes(branch))]
    )
    plain.write(merged.root)
    both.write(merged.root)
    arguments = f"const double *x, double *{value}"
    heads = [f"int {name}({arguments})", f"int {name}_{value}_and_{partial}({arguments}, double *{partial})"]
    read = any(f"{name}_leaf[" in line for f in (plain, both) for line in f.lines)
    leaves = ", ".join(map(_literal, leaf_values(merged.leaves))) if read else ""
    return "\n".join(
        [
            *_comment(specialization, by, heads, (value, partial), name if leaves else ""),
            "#include <math.h>",
            "",
            "#ifdef __clang__",
            "#pragma STDC FP_CONTRACT OFF",
            "#endif",
            *([f"\nstatic const double {name}_leaf[{len(merged.leaves)}] = {{{leaves}}};"] if leaves else []),
            *_helpers(plain.called | both.called, name),
            *(line for head, f in zip(heads, (plain, both), strict=True) for line in ("", f"{head} {{", *f.lines, "}")),
            "",
        ]
    )


def identifier(name: str, function: str = "") -> str:
    """The name, if C can have it; ValueError otherwise."""
    if not isinstance(name, str):
        raise TypeError(f"{function}.to_c(): name must be a str, not {type(name).__name__}")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or name in _TAKEN.split() or keyword.iskeyword(name):
        raise ValueError(f"{function or name}.to_c(): {name!r} cannot name a C function: give to_c() a name='...'")
    return name


def _literal(x: float) -> str:
    text = "NAN" if x != x else repr(x).replace("inf", "INFINITY")
    return f"({text})" if text.startswith("-") else text


def _comment(
    specialization: Specialization, by: tuple[int, ...], heads: Sequence[str], names: tuple[str, str], leaves: str
) -> Iterator[str]:
    (value, partial), cores = names, specialization.paths[0].structure.cores
    function, paths = _ascii(specialization.owner.__name__), len(specialization.paths)
    yield f"/* {function}: {value} and derivatives, from {paths} recorded path(s)."
    yield f" * Written by vargrad {__version__}; C99 and <math.h> alone, no state, no allocation."
    yield " *"
    yield from (f" *     {head};" for head in heads)
    yield " *"
    yield f" * x         {_places('x', specialization.names, specialization.cores)}"
    if value == "value":
        yield " * value     one number"
    else:
        yield f" * values    {_places('values', [f'result {i}' for i in range(len(cores))], cores)}"
    columns = sum(math.prod(specialization.cores[i]) for i in by)
    labels = ", ".join(_ascii(specialization.names[i].lstrip("*")) for i in by)
    if partial == "grad":
        yield f" * grad      {columns} number(s): derivatives by {labels}"
    else:
        rows = sum(map(math.prod, cores))
        yield f" * jacobian  {rows} row(s) of {columns}, one for each of values: derivatives by {labels}"
    if leaves:
        yield f" * {leaves}_leaf: the closed-over leaves, as they were when this was written"
    yield " *"
    yield " * Returns 0, or 1 where the branches lead to a path that was not recorded: then nothing is written."
    yield " * The arrays must not overlap. Not for -ffast-math; GCC: -std=c99 or -ffp-contract=off. */"


def _bare(text: str) -> str:
    """The expression without the parentheses around the whole of it."""
    depth = 0
    for i, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and i < len(text) - 1:
            return text
    return text[1:-1]


def _ascii(text: str) -> str:
    """The text as a C comment may hold it: nothing in it ends the comment or the line, or begins another comment."""
    plain = "".join(x if " " <= x <= "~" and x != "\\" else _escaped(x) for x in text)
    return re.sub(r"\*(?=/)|/(?=\*)|\?(?=\?)", r"\g<0> ", plain)  # two question marks may mean a backslash


def _escaped(x: str) -> str:
    return "\\x5c" if x == "\\" else x.encode("unicode_escape").decode()


def _places(array: str, names: Iterable[str], cores: Iterable[tuple[int, ...]]) -> str:
    found, start = [], 0
    for name, core in zip(names, cores, strict=True):
        stop = start + math.prod(core)
        where = f"{array}[{start}]" if not core else f"{array}[{start}..{stop - 1}]"
        shape = " of shape " + " x ".join(map(str, core)) if len(core) > 1 else ""
        found.append(f"{where} {_ascii(name.lstrip('*'))}{shape}")
        start = stop
    return ", ".join(found)


def _helpers(called: set[str], name: str) -> Iterator[str]:
    """Definitions of the static functions that are called, with names that begin with the function's."""
    texts = [
        f"static double row_{op}(double a{', double b' if ARITY[NAMES.index(op)] == 2 else ''}) {{\n"
        f"    {VALUES[op][0]}\n    return {VALUES[op][1]};\n}}"
        for op in sorted(called)
        if op in VALUES
    ]
    inner = [text.rstrip() for key, text in CALLED.items() if key in called or any(key in text for text in texts)]
    for text in inner + texts:
        yield "\n" + re.sub(rf"\b(row_\w+|{'|'.join(CALLED)})(?=\()", rf"{name}_\1", text)


class _Function:
    """The lines of one function's body. ``outputs(path)``: pairs of an array and the nodes that it is to hold."""

    def __init__(self, g: ExpressionGraph, texts: dict[int, str], name: str, outputs: Outputs) -> None:
        self.lines: list[str] = []
        self.called: set[str] = set()
        self._g = g
        self._text = dict(texts)  # of nodes that are defined: inputs, and variables in scope
        self._name = name
        self._outputs = outputs
        self._count = 0

    def write(self, root: Branch) -> None:
        """The whole body."""
        self._write_from(root, 0, "    ")
        if not any("x[" in line for line in self.lines):
            self.lines.insert(0, "    (void)x;")

    def _write_from(self, branch: Branch, guard: int, indent: str) -> None:
        """Write all from that guard on, to a return on every side. The side with most paths is written outside of the
        ``if``, so nesting is no deeper than the logarithm of their number."""
        g = self._g
        made: list[int] = []
        while guard < len(branch.guards):
            node, outcome = g.value_of(branch.guards[guard]), branch.outcomes[guard]
            sides = [(outcome, branch), *branch.children.get(guard, ())]
            guard += 1
            if g.is_number(node):  # constant in the merged graph
                continue
            left = sum(child.size for k, group in branch.children.items() if k >= guard for _, child in group)
            sizes = [1 + left, *(child.size for _, child in sides[1:])]
            most = sizes.index(max(sizes))
            made += self._define(self._operands(node), indent)
            for value, side in sides[:most] + sides[most + 1 :]:
                self.lines.append(f"{indent}if ({self._holds(node, value)}) {{")
                self._write_from(side, guard, indent + "    ")
                self.lines.append(f"{indent}}}")
            value, branch = sides[most]
            if len(sides) == 1 or g.node(node)[0] not in BOOLEAN:
                self.lines.append(f"{indent}if ({self._holds(node, value, False)}) return 1;")
        places: dict[int, list[str]] = {}
        for array, nodes in self._outputs(branch):
            for i, node in enumerate(nodes):
                places.setdefault(g.value_of(node), []).append(f"{array}[{i}]")
        made += self._define(places, indent, places)
        for node, targets in places.items():
            self.lines += [f"{indent}{target} = {self._value(node)};" for target in targets]
        self.lines.append(f"{indent}return 0;")
        for node in made:
            del self._text[node]

    def _define(self, wanted: Iterable[int], indent: str, places: dict[int, list[str]] | None = None) -> list[int]:
        """Emit declarations for the wanted nodes and their operands that are not defined yet; returns these nodes.

        ``places``: where results are stored, as soon as they are computed: C compilers take quadratic time over many
        values that are stored later.
        """
        g, places = self._g, {} if places is None else places
        missing: set[int] = set()
        stack = list(wanted)
        while stack:
            node = stack.pop()
            if node not in missing and node not in self._text and not g.is_number(node):
                missing.add(node)
                op, a, b, c = g.node(node)
                stack += map(g.value_of, (a, b, c)[: ARITY[op]] if op != SELECT else (a, b))
                if op == SELECT:
                    stack += self._operands(g.value_of(c))
        for node in sorted(missing):
            text = self._expression(*g.node(node))
            self._count += 1
            self._text[node] = f"v{self._count}"
            self.lines.append(f"{indent}const double v{self._count} = {text};")
            self.lines += [f"{indent}{target} = v{self._count};" for target in places.pop(node, ())]
        return sorted(missing)

    def _value(self, node: int) -> str:
        node = self._g.value_of(node)
        return _literal(self._g.number_of(node)) if self._g.is_number(node) else self._text[node]

    def _expression(self, op: int, a: int, b: int, c: int) -> str:
        name, operands = NAMES[op], [self._value(x) for x in (a, b)[: ARITY[op]]]
        if op == SELECT:
            return f"{self._holds(self._g.value_of(c), TRUE)} ? {operands[0]} : {operands[1]}"
        declarations, text = VALUES[name]
        if declarations or ("?" in text and op < len(ROWS)):
            self.called.add(name)
            return f"{self._name}_row_{name}({', '.join(operands)})"
        for key in CALLED:
            if f"{key}(" in text:
                self.called.add(key)
                text = text.replace(f"{key}(", f"{self._name}_{key}(")
        text = re.sub(r"\b[ab]\b", lambda found: operands["ab".index(found[0])], text)
        return _bare(text)

    # ---- conditions: a comparison is written in place, any other node is compared with 0.0

    def _operands(self, node: int) -> list[int]:
        """The operands of a condition."""
        op, a, b, _ = self._g.node(node)
        if op == NOT:
            return self._operands(self._g.value_of(a))
        return [self._g.value_of(a), self._g.value_of(b)] if op in _COMPARISONS else [node]

    def _holds(self, node: int, value: float, really: bool = True) -> str:
        """C text for: the node has that value, or with ``really`` False: it does not. TRUE is any value but 0.0."""
        op, a, b, _ = self._g.node(node)
        if op in BOOLEAN and value:
            value = TRUE
        if value in (0.0, TRUE) and not really:
            return self._holds(node, 0.0 if value else TRUE)
        if op == NOT:
            return self._holds(self._g.value_of(a), 0.0 if value else TRUE)
        if op in _COMPARISONS:
            text = f"{self._value(a)} {_COMPARISONS[op]} {self._value(b)}"
            return text if value else f"!({text})"
        if value in (0.0, TRUE):
            return f"{self._value(node)} {'!=' if value else '=='} 0.0"
        return f"{self._value(node)} {'==' if really else '!='} {_literal(value)}"
