"""Texts in pictures: numbers as people write them, and names from outside made harmless."""

from __future__ import annotations

import unicodedata

LONGEST = 24  # characters of a name that are shown


def number(x: float) -> str:
    """At most six significant digits, or all digits of an integer up to a billion."""
    if x == int(x) and abs(x) < 1e10 if abs(x) < 1e300 else False:
        return f"{int(x)}" if x or str(x)[0] != "-" else "-0"
    return f"{x:.6g}"


def plain(text: str, longest: int = LONGEST) -> str:
    """One line without control characters, and no longer than that.

    Marks that turn the direction of writing are taken out: they would turn what stands behind them too.
    """
    start = str(text)[: 4 * longest]
    kept = "".join(" " if c.isspace() else c for c in start if c.isspace() or unicodedata.category(c)[0] != "C")
    kept = " ".join(kept.split())
    cut = len(kept) > longest or len(str(text)) > 4 * longest
    return kept[: longest - 1] + "…" if cut else kept


def xml(text: str) -> str:
    """As text or attribute of SVG and HTML."""
    for sign, name in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot"), ("'", "#39")):
        text = text.replace(sign, f"&{name};")
    return text
