"""Pictures as PNG and PDF, by the libraries of the extra ``vargrad[draw]``."""

from __future__ import annotations

import io
from typing import Any

from vargrad._draw.palette import LIGHT, THEMES
from vargrad._draw.scene import Scene, Shape, Text
from vargrad._draw.svg import svg


def png(scene: Scene, theme: str, scale: float) -> bytes:
    """The picture as PNG; ImportError where resvg-py is missing."""
    try:
        import resvg_py
    except ImportError as error:
        raise ImportError("a PNG needs resvg-py: pip install 'vargrad[draw]', or save as .svg") from error
    found: Any = resvg_py.svg_to_bytes(svg_string=svg(scene, "light" if theme == "auto" else theme), zoom=scale)
    return bytes(found)


# How a class of the style sheet looks on paper: what fills it, what draws its line, and how wide.
_PAPER: dict[str, tuple[str | None, str | None, float]] = {
    "plate": ("plate", "edge", 1.4),
    "halo": ("page", None, 0),
    "line": (None, "line", 1.6),
    "plus": (None, "leaf", 1.6),
    "minus": (None, "partial", 1.6),
    "grid": (None, "faint", 1),
    "curve-0": (None, "leaf", 2.2),
    "curve-1": (None, "partial", 2.2),
    "swatch-leaf": ("leaf_fill", "leaf", 1),
    "swatch-op": ("plate", "edge", 1),
    "swatch-group": ("plate", "edge", 1),
    "swatch-plus": ("leaf", None, 0),
    "swatch-minus": ("partial", None, 0),
    "swatch-curve-0": ("leaf", None, 0),
    "swatch-curve-1": ("partial", None, 0),
}
_BOLD = ("title", "grad", "adjoint", "partial")


def pdf(scene: Scene, theme: str) -> bytes:
    """The picture as PDF of its own size, text as text; ImportError where reportlab is missing."""
    try:
        from reportlab.pdfgen.canvas import Canvas
    except ImportError as error:
        raise ImportError("a PDF needs reportlab: pip install 'vargrad[draw]', or save as .svg") from error
    colours = THEMES.get(theme, LIGHT)
    fonts = _fonts()
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(scene.width, scene.height), invariant=1)
    canvas.setTitle(scene.title)
    canvas.setSubject(scene.described)
    canvas.setFillColor(colours["page"])
    canvas.rect(0, 0, scene.width, scene.height, stroke=0, fill=1)
    for part in scene.parts:
        styles = part.style.split()
        for item in part.items:
            if isinstance(item, Text):
                _text(canvas, item, scene.height, colours, fonts)
            else:
                _shape(canvas, item, styles, scene.height, colours)
    canvas.save()
    return file.getvalue()


def _fonts() -> tuple[str, str]:
    """Two that know more signs than a PDF's own: those that reportlab brings along."""
    from reportlab.pdfbase import pdfmetrics, ttfonts

    for name, file in (("Vera", "Vera.ttf"), ("VeraBd", "VeraBd.ttf")):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(ttfonts.TTFont(name, file))
    return "Vera", "VeraBd"


def _text(canvas: Any, item: Text, height: float, colours: dict[str, str], fonts: tuple[str, str]) -> None:
    from reportlab.pdfbase import pdfmetrics

    colour = {"title": "ink", "number": "soft", "words": "soft", "count": "soft"}.get(item.style, item.style)
    canvas.setFillColor(colours[colour])
    font = fonts[item.style in _BOLD]
    size = item.size * 0.88  # Vera is wider than the fonts of screens
    known = pdfmetrics.getFont(font).face.charWidths
    shown = "".join(c if ord(c) in known else {"−": "-", "Σ": "sum"}.get(c, "?") for c in item.text)  # noqa: RUF001
    canvas.setFont(font, size)
    draw = {"start": canvas.drawString, "middle": canvas.drawCentredString, "end": canvas.drawRightString}
    draw[item.anchor](item.x, height - item.y, shown)


def _shape(canvas: Any, item: Shape, styles: list[str], height: float, colours: dict[str, str]) -> None:
    fill, line, thick = _PAPER.get(item.style, (item.style.removeprefix("swatch-"), None, 0))
    if item.style == "plate" and {"leaf", "input"} & set(styles):
        fill, line = "leaf_fill", "leaf"
    if item.style == "plate" and {"root", "output"} & set(styles):
        line, thick = "ink", 2.4
    if item.style == "line" and "quiet" in styles:
        line, thick = "faint", 1.2
    dashed = (item.style == "plate" and "group" in styles) or item.style == "curve-1"
    canvas.setDash([5, 3] if dashed else [])
    if fill:
        canvas.setFillColor(colours[fill])
    if line:
        canvas.setStrokeColor(colours[line])
    canvas.setLineWidth(thick if item.thick is None else item.thick)
    if not item.points:
        box = (item.x, height - item.y - item.h, item.w, item.h)
        canvas.roundRect(*box, radius=min(item.radius, item.h / 2), stroke=bool(line), fill=bool(fill))
        return
    path = canvas.beginPath()
    path.moveTo(item.points[0][0], height - item.points[0][1])
    for k in range(1, len(item.points), 3):
        path.curveTo(*(c for x, y in item.points[k : k + 3] for c in (x, height - y)))
    canvas.drawPath(path, stroke=1, fill=0)
    if item.arrow:
        x, y = item.points[-1]
        tip = canvas.beginPath()
        tip.moveTo(x, height - y)
        tip.lineTo(x - 8, height - y + 4)
        tip.lineTo(x - 8, height - y - 4)
        tip.close()
        canvas.setFillColor(colours[line or "line"])
        canvas.drawPath(tip, stroke=0, fill=1)
