"""The page of operations in the documentation, docs/ops.md."""

from __future__ import annotations

import json
from pathlib import Path

from vargrad._ops.formula import operand_names
from vargrad._ops.table import AGGREGATES, NARY, ROWS

LONGEST = 400  # characters of a formula that people read; the coefficients of polynomials take thousands


def short(formula: str) -> str:
    """The formula as code, or what it is made of where nobody could read it."""
    return f"`{formula}`" if len(formula) <= LONGEST else "polynomials, by pieces of the domain"


def table_md(note: str) -> str:
    """The page of all operations; ``note`` says that it is written by a program."""
    lines = [
        "# Operations",
        "",
        f"<!-- {note} -->",
        "",
        "`skip`: the operand receives nothing, not even 0 times infinity. `out` is the result. Polynomials are left",
        "out: `csrc/ops/gen_fits.py` computes their coefficients, and `src/vargrad/_ops/` has them.",
        "",
        "| `prev_op` | `vargrad.math` | value | derivative by each operand | |",
        "|---|---|---|---|---|",
    ]
    for row in ROWS:
        value, where = f"`{row.value}`", f"where {', '.join(f'{n} = {t}' for n, t in row.let)}" if row.let else ""
        if len(value + where) > LONGEST:
            value, where = "polynomials, by pieces of the domain", ""
        slopes = "<br>".join(f"d{n}: {short(p)}" for n, p in zip(operand_names(row), row.partials, strict=True))
        names = [row.function, *(f"special.{name}" for name in (row.special, row.also) if name)]
        shown = ", ".join(f"`{name}`" for name in names if name) or "``"
        lines.append(f"| `{row.name}` | {shown} | {value} | {slopes} | {row.doc} {where} |")
    lines += [
        "",
        "Of any number of operands `x`, in rows of pairs each with its partner `y`; `n` is how many `x` there are,",
        "`acc` the fold so far, `total` the fold's result:",
        "",
        "| `prev_op` | value | derivative by x | |",
        "|---|---|---|---|",
    ]
    for nary in NARY:
        value = (
            f"fold `{nary.fold}` from {nary.start}, then `{nary.final}`" if nary.exact else f"Python's `{nary.name}`"
        )
        again = f"<br>differentiated as `{nary.again}`" if nary.again else ""
        lines.append(f"| `{nary.name}` | {value} | `{nary.partial}`{again} | {nary.doc} |")
    lines += ["", "What these formulas name besides:", "", "| name | formula | |", "|---|---|---|"]
    for aggregate in AGGREGATES:
        final = "" if aggregate.final == "acc" else f", then `{aggregate.final}`"
        how = {
            "all": f"fold `{aggregate.step}` from {aggregate.start}{final}",
            "before": f"fold `{aggregate.step}` from {aggregate.start} over the operands before x",
            "after": f"fold `{aggregate.step}` from {aggregate.start} over the operands after x, the last one first",
            "each": f"`{aggregate.step}`",
            "none": f"`{aggregate.final}`",
        }[aggregate.over]
        constant = " A constant to derivatives." if aggregate.constant else ""
        lines.append(f"| `{aggregate.name}` | {how} | {aggregate.doc}{constant} |")
    lines += ["", "Made of several of these: `log(x, base)`, `dist`, `clamp`, `softmax`, `where`, `interp(x, xp, fp)`."]
    lines += accuracy()
    return "\n".join(line.replace("| `` |", "| |") for line in lines) + "\n"


def accuracy() -> list[str]:
    """What docs/accuracy.py has measured."""
    path = Path(__file__).with_name("accuracy.json")
    if not path.exists():
        return []
    found = json.loads(path.read_text(encoding="utf-8"))
    lines = [
        "",
        "## Accuracy of vargrad.special",
        "",
        "Largest error in eager code over 200 random points of each region, in units in the last place (ulp) of the",
        f"true number, which mpmath gives; beside it that of scipy.special {found['scipy']}, or of the usual formula",
        "where scipy has no such function. `python docs/accuracy.py` measures again. Near zeros of a function, and",
        "where its parameters are large, one rounding of an argument is many ulp of the result: there both are off.",
        "",
        "| function | region | vargrad | scipy |",
        "|---|---|--:|--:|",
    ]
    for name, regions in found["functions"].items():
        for region, (ours, theirs) in regions.items():
            lines.append(f"| `{name}` | {region} | {ours:g} | {theirs:g} |")
    return lines
