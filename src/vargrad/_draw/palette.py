"""The colours of pictures, in light and dark: those of Okabe and Ito, which colour-blind people tell apart.

Texts have darker or lighter shades of the same hue, so that they stand out enough from the page.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from string import Template

LIGHT = {
    "page": "#ffffff",
    "ink": "#1f2328",
    "soft": "#4b535d",
    "quiet": "#5f6771",
    "plate": "#f4f6f8",
    "edge": "#7d8590",
    "line": "#57606a",
    "faint": "#a9b1ba",
    "leaf": "#0072b2",
    "leaf_fill": "#e3f1fa",
    "partial": "#b04a00",
    "grad": "#00755a",
    "adjoint": "#8d3f6c",
}
DARK = {
    "page": "#0d1117",
    "ink": "#e6edf3",
    "soft": "#b6bfc9",
    "quiet": "#8b949e",
    "plate": "#1b222b",
    "edge": "#7d8590",
    "line": "#9aa5b1",
    "faint": "#4b5560",
    "leaf": "#56b4e9",
    "leaf_fill": "#10293b",
    "partial": "#f0a04b",
    "grad": "#3ecfa5",
    "adjoint": "#e39bc3",
}
THEMES = {"light": LIGHT, "dark": DARK}


@cache
def text_of(name: str) -> str:
    """A file of this package's data."""
    return files("vargrad._draw").joinpath(name).read_text(encoding="utf-8")


@cache
def style(theme: str = "auto", name: str = "style.css") -> str:
    """A style sheet in the colours of a theme; "auto" is light, and dark where the reader's system is."""
    template = Template(text_of(name))
    if theme != "auto":
        return template.substitute(THEMES[theme])
    dark = template.substitute(DARK)
    return template.substitute(LIGHT) + "@media (prefers-color-scheme: dark) {\n" + dark + "}\n"
