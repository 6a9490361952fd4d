"""The page of steps: one HTML file that needs no network, and the steps that it goes through."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field

from vargrad._draw.labels import xml
from vargrad._draw.palette import style, text_of
from vargrad._draw.scene import Scene
from vargrad._draw.svg import svg
from vargrad._util.files import replacing


@dataclass
class Step:
    """One step. ``say``: its sentence; ``formula``: the same in numbers; ``line``: the source line that made the node.

    ``show``: parts of the picture that are visible from now on; ``now``: those that this step is about; ``sets``: texts
    in nodes and labels from now on; ``sums``: the numbers so far, by row of the table, with all their digits;
    ``lines``: class and width of edges from now on.
    """

    phase: str
    say: str
    formula: str = ""
    line: str = ""
    show: list[str] = field(default_factory=list)
    now: list[str] = field(default_factory=list)
    sets: dict[str, str] = field(default_factory=dict)
    sums: dict[str, float] = field(default_factory=dict)
    lines: dict[str, tuple[str, float]] = field(default_factory=dict)


@dataclass
class Page:
    """What is on the page. ``rows``: of the table, each with its key, its name and its value."""

    title: str
    caption: str
    scene: Scene
    rows: list[tuple[str, str, float]]
    steps: list[Step]

    def html(self) -> str:
        """The page, complete in itself."""
        shown = json.dumps({"steps": [vars(step) for step in self.steps]}, ensure_ascii=True)
        for sign in "<>&":  # nothing in it may end the script
            shown = shown.replace(sign, f"\\u{ord(sign):04x}")
        table = "".join(
            f'<tr><th scope="row">{xml(name)}</th><td>{xml(repr(value))}</td><td data-sum="{key}"></td></tr>'
            for key, name, value in self.rows
        )
        parts = {
            "TITLE": xml(self.title),
            "STYLE": style("auto") + style("auto", "steps.css"),
            "PICTURE": svg(self.scene, styled=False),
            "WIDTH": f"{self.scene.width:.0f}px",
            "CAPTION": xml(self.caption),
            "TABLE": table,
            "LAST": str(len(self.steps) - 1),
            "DATA": shown,
            "SCRIPT": text_of("steps.js"),
        }
        return "".join(parts.get(piece, piece) for piece in _PAGE.split("@@"))


class Shown:
    """What has steps and a page."""

    steps: list[Step]

    def _page(self) -> Page:
        raise NotImplementedError

    def html(self) -> str:
        """The page, complete in itself."""
        return self._page().html()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file; ValueError for a name that does not end with .html, OSError as usual."""
        if os.path.splitext(os.fspath(path))[1].lower() not in (".html", ".htm"):
            raise ValueError(f"the stepper is a page: give it a name that ends with .html, not {os.fspath(path)!r:.80}")
        page = self.html()
        with replacing(path) as file:
            file.write(page.encode("utf-8"))

    def _repr_html_(self) -> str:
        try:
            page = self.html()
        except ImportError:
            return f"<pre>{xml(chr(10).join(step.formula or step.say for step in self.steps))}</pre>"
        return f'<iframe title="Stepper" style="width: 100%; height: 640px; border: 0" srcdoc="{xml(page)}"></iframe>'


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy"
content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>@@TITLE@@</title>
<style>
@@STYLE@@</style>
</head>
<body>
<main>
<h1>@@TITLE@@</h1>
<div class="controls" role="group" aria-label="Steps">
<button id="first" type="button" >Start</button>
<button id="back" type="button">Back</button>
<button id="play" type="button" aria-pressed="false">Play</button>
<button id="forward" type="button">Forward</button>
<input id="slider" type="range" min="0" max="@@LAST@@" value="0" aria-label="Step">
<output id="count"></output>
</div>
<div class="words" aria-live="polite" aria-atomic="true">
<p id="phase"></p>
<p id="formula"></p>
<p id="say"></p>
<p id="line"></p>
</div>
<figure id="picture" tabindex="0" aria-label="The graph" style="--width: @@WIDTH@@">
@@PICTURE@@</figure>
<div class="sums">
<table>
<caption>@@CAPTION@@</caption>
<thead><tr><th scope="col">name</th><th scope="col">value</th><th scope="col">derivative</th></tr></thead>
<tbody>@@TABLE@@</tbody>
</table>
</div>
<p class="keys">Keys: arrow left and right, Home and End, space to play.</p>
</main>
<script type="application/json" id="data">@@DATA@@</script>
<script>
@@SCRIPT@@</script>
</body>
</html>
"""
