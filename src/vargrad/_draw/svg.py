"""A scene as SVG: text stays text, and a reader without eyes hears title, description and what each part is."""

from __future__ import annotations

import itertools

from vargrad._draw.labels import xml
from vargrad._draw.palette import style
from vargrad._draw.scene import Part, Scene, Shape, Text

_numbers = itertools.count()


def svg(scene: Scene, theme: str = "auto", styled: bool = True) -> str:
    """The whole document. ``styled``: with its style sheet, which a page may have already."""
    key = f"vg{next(_numbers)}"  # several pictures on one page must not share names
    w, h = _n(scene.width), _n(scene.height)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="vg" role="img" width="{w}" height="{h}" viewBox="0 0 {w} {h}" '
        f'aria-labelledby="{key}t {key}d">',
        f'<title id="{key}t">{xml(scene.title)}</title>',
        f'<desc id="{key}d">{xml(scene.described)}</desc>',
    ]
    if styled:
        out.append(f"<style>\n{style(theme)}</style>")
    out.append("<defs>")
    for name in ("tip", "tip-quiet"):
        out.append(
            f'<marker id="{key}{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" '
            f'markerUnits="userSpaceOnUse" orient="auto"><path class="{name}" d="M0 0.8 10 5 0 9.2z"/></marker>'
        )
    out += ["</defs>", f'<rect class="page" width="{w}" height="{h}" rx="8"/>']
    out += [_part(part, key) for part in scene.parts]
    return "\n".join([*out, "</svg>\n"])


def _part(part: Part, key: str) -> str:
    title = f"<title>{xml(part.title)}</title>" if part.title else ""
    quiet = "quiet" in part.style.split()
    inside = "".join(_item(item, f"{key}tip-quiet" if quiet else f"{key}tip") for item in part.items)
    return f'<g class="{part.style}" data-part="{part.key}">{title}{inside}</g>'


def _item(item: Shape | Text, tip: str) -> str:
    if isinstance(item, Text):
        size = f"{_n(item.size)}px"
        return (
            f'<text class="{item.style}" x="{_n(item.x)}" y="{_n(item.y)}" font-size="{size}" '
            f'text-anchor="{item.anchor}">{xml(item.text)}</text>'
        )
    if item.points:
        return f'<path class="{item.style}" d="{path(item.points)}"{_thick(item)}{_arrow(item, tip)}/>'
    return (
        f'<rect class="{item.style}" x="{_n(item.x)}" y="{_n(item.y)}" width="{_n(item.w)}" height="{_n(item.h)}" '
        f'rx="{_n(item.radius)}"/>'
    )


def _thick(item: Shape) -> str:
    return "" if item.thick is None else f' stroke-width="{_n(item.thick)}"'


def _arrow(item: Shape, tip: str) -> str:
    return f' marker-end="url(#{tip})"' if item.arrow else ""


def path(points: list[tuple[float, float]]) -> str:
    """A start and its cubics, as the attribute d."""
    places = [f"{_n(x)} {_n(y)}" for x, y in points]
    return f"M{places[0]}C{' '.join(places[1:])}" if len(places) > 1 else f"M{places[0]}"


def _n(x: float) -> str:
    return f"{x:.1f}".removesuffix(".0")
