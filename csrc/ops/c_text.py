"""Formulas of the table as C text, for gen_ops.py, which makes the table importable first."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from vargrad._ops.formula import needed as bindings
from vargrad._ops.formula import parse
from vargrad._ops.nary import needed, words
from vargrad._ops.table import CALLED, Aggregate, NaryOp, Op

C_CALLS = {ast.Pow: "ieee_pow", ast.FloorDiv: "py_floordiv", ast.Mod: "py_mod"}
C_ROWS = {row.name for row in CALLED}  # ops.h has all values before the partials, which may call them
C_BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
C_COMPARE = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}


def c(node: ast.expr) -> str:
    """One formula as a C expression."""
    match node:
        case ast.Constant(value=float() | int() as number):
            return repr(float(number))
        case ast.Name(id="inf"):
            return "INFINITY"
        case ast.Name(id=name):
            return name
        case ast.UnaryOp(operand=operand):
            return f"(-{c(operand)})"
        case ast.BinOp(left, op, right) if type(op) in C_CALLS:
            return f"{C_CALLS[type(op)]}({c(left)}, {c(right)})"
        case ast.BinOp(left, op, right):
            return f"({c(left)} {C_BINARY[type(op)]} {c(right)})"
        case ast.BoolOp(op, values):
            return "(" + (" && " if isinstance(op, ast.And) else " || ").join(map(c, values)) + ")"
        case ast.Compare(left, [op], [right]):
            return f"({c(left)} {C_COMPARE[type(op)]} {c(right)})"
        case ast.IfExp(test, body, orelse):
            return f"({c(test)} ? {c(body)} : {c(orelse)})"
        case ast.Call(func=ast.Name(id=name), args=args) if name in C_ROWS:
            return f"op_value_{name}({', '.join([*map(c, args), '0.0'][:2])})"
        case ast.Call(func=ast.Name(id=name), args=args):
            return f"{name}({', '.join(map(c, args))})"
    raise ValueError(f"no C for {ast.unparse(node)}")


def guarded(node: ast.expr) -> tuple[str, str]:
    """(condition under which the operand receives something, what it receives)."""
    match node:
        case ast.Name(id="skip"):
            return "0", "0.0"
        case ast.IfExp(test, body, orelse):
            (g, x), (h, y) = guarded(body), guarded(orelse)
            if (g, h) == ("1", "1"):
                return "1", c(node)
            if (g, h) == ("1", "0"):
                return c(test), x
            if (g, h) == ("0", "1"):
                return f"(!{c(test)})", y
            return f"({c(test)} ? {g} : {h})", f"({c(test)} ? {x} : {y})"
    return "1", c(node)


def lets(row: Op, text: str) -> str:
    """The declarations that a formula needs."""
    return " ".join(f"const double {name} = {c(parse(bound))};" for name, bound in bindings(text, row.let))


def c_row(row: Op) -> str:
    text = row.kernel or row.value
    value = c(parse(text)) if row.exact or row.kernel else "NAN"
    cells = [row.name, str(row.arity), str(int(row.exact)), lets(row, text), value]
    for text in (*row.partials, "skip")[:2]:
        cells += [lets(row, text), *(cell.replace(" log(", " log_again(") for cell in guarded(parse(text)))]
    return f"ROW({', '.join(cells)})"


# ---- C statements of rows with any number of operands


def c_step(text: str, acc: str) -> str:
    """A step or the end of a fold, whose ``acc`` is a variable of another name."""
    tree = parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "acc":
            node.id = acc
    return c(tree)


def c_each(aggregates: Iterable[Aggregate], *texts: str) -> str:
    """Declarations of what the formulas name of one operand, the i-th of a first vector of half of them."""
    lines = []
    needs = [aggregate for aggregate in needed(*texts) if aggregate.over not in ("all", "none")]
    names = {name for text in (*texts, *(aggregate.step for aggregate in needs)) for name in words(text)}
    if "x" in names:
        lines.append("const double x = OPERAND(i);")
    if "y" in names:
        lines.append("const double y = OPERAND(i < half ? half + i : i - half);")
    for aggregate in needs:
        if aggregate.over == "each":
            lines.append(f"const double {aggregate.name} = {c(parse(aggregate.step))};")
        elif aggregate.over == "before":
            k = [other.name for other in aggregates if other.over == "before"].index(aggregate.name)
            lines.append(f"const double {aggregate.name} = BEFORE({k});")
    return " ".join(lines)


def c_fold(name: str, start: str, step: str) -> str:
    """A loop over all operands that leaves its result in a variable."""
    begin, first = ("OPERAND(0)", 1) if start == "x" else (c(parse(start)), 0)
    body = f"{c_each((), step)} {name} = {c_step(step, name)};"
    return f"double {name} = {begin}; for (size_t i = {first}; i < half; i++) {{ {body} }}"


def c_totals(aggregates: Iterable[Aggregate]) -> str:
    """Statements for the aggregates that are one number for all operands, or begin as one."""
    lines = []
    for aggregate in aggregates:
        name = aggregate.name
        if aggregate.over == "all":
            lines.append(c_fold(name, aggregate.start, aggregate.step))
            if aggregate.final != "acc":
                lines.append(f"{name} = {c_step(aggregate.final, name)};")
        elif aggregate.over == "none":
            lines.append(f"const double {name} = {c(parse(aggregate.final))};")
        elif aggregate.over == "after":
            lines.append(f"double {name} = {c(parse(aggregate.start))};")
    return " ".join(lines)


def c_nary(row: NaryOp) -> str:
    aggregates = needed(row.partial, row.partner)
    befores = [aggregate for aggregate in aggregates if aggregate.over == "before"]
    afters = [aggregate for aggregate in aggregates if aggregate.over == "after"]
    if row.pairs and befores + afters:
        raise ValueError(f"{row.name}: operands in pairs have no order before or after each other")
    guard, partial = guarded(parse(row.partial))
    if row.partner:
        other_guard, other = guarded(parse(row.partner))
        guard = f"(i < half ? {guard} : {other_guard})"
        partial = partial if row.partner == "skip" else f"(i < half ? {partial} : {other})"
    fold, final = "double acc = NAN;", "NAN"
    if row.exact:
        fold = f"{c_totals(needed(row.fold, row.final))} {c_fold('acc', row.start, row.fold)}".strip()
        final = c(parse(row.final))
    cells = [
        f"{row.name}, {int(row.exact)}, {2 if row.partner == 'skip' else int(row.pairs)}, {len(befores)}",
        fold,
        final,
        " ".join(f"FILL({k}, {c(parse(b.start))}, {c_step(b.step, 'acc')})" for k, b in enumerate(befores)),
        c_totals(aggregates),
        c_each(aggregates, row.partial, row.partner),
        guard,
        partial,
        " ".join(f"{{ {c_each((), a.step)} {a.name} = {c_step(a.step, a.name)}; }}" for a in afters),
    ]
    return "NARY(" + ",\n     ".join(cells) + ")"
