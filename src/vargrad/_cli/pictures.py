"""``--plot`` and ``--html`` of ``and`` and ``xor``: pictures of a training, in the terminal or in files."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from typing import Any

from vargrad._cli import terminal
from vargrad._cli.expression import Mistake
from vargrad._util.files import replacing
from vargrad.nn import NN

ENDINGS = ("png", "svg", "pdf", "jpg", "webp")


def check(plot: str | None, html: str | None) -> None:
    """Mistake for files of another kind, or ImportError where --plot needs matplotlib and there is none."""
    if html is not None and not html.lower().endswith((".html", ".htm")):
        raise Mistake(f"--html writes a page: {html!r:.80} does not end with .html")
    if plot:
        ending = os.path.splitext(plot)[1].lstrip(".").lower()
        if ending not in ENDINGS:
            raise Mistake(f"--plot writes {', '.join(ENDINGS)}: the name {plot!r:.80} ends with none of them")
        try:
            import matplotlib.figure  # noqa: F401
        except ImportError as error:
            raise ImportError(
                "--plot FILE needs matplotlib: pip install 'vargrad[plot]'; --plot alone draws in the terminal"
            ) from error
    for path in (plot, html):
        if path and not os.path.isdir(os.path.dirname(path) or "."):
            raise Mistake(
                f"there is no folder {os.path.dirname(path)!r:.80} to write {os.path.basename(path)!r:.80} in"
            )


def show(model: NN, data: Sequence[Sequence[float]], losses: Sequence[float], path: str) -> None:
    """Loss, network and boundary: into a file, or printed where the path is empty."""
    if path:
        save(model, data, losses, path)
        terminal.say(f"{path}: loss, network and boundary\n")
        return
    from vargrad.plot import text

    wide, ascii = min(terminal.width(), 72), terminal.plain()
    terminal.say(text.losses(losses, width=wide, height=10, ascii=ascii) + "\n")
    terminal.say(text.network(model) + "\n")
    terminal.say(text.boundary(model, data, width=min(wide - 2, 44), height=14, ascii=ascii) + "\n")


def save(model: NN, data: Sequence[Sequence[float]], losses: Sequence[float], path: str) -> None:
    """One figure with the three; without pyplot, so that no window system is looked for. Raises OSError."""
    from matplotlib.figure import Figure

    from vargrad import plot

    figure: Any = Figure(figsize=(15, 4.6), layout="constrained")
    axes = figure.subplots(1, 3)
    plot.losses(losses, ax=axes[0])
    plot.network(model, ax=axes[1])
    plot.boundary(model, data, ax=axes[2])
    made = io.BytesIO()
    figure.savefig(made, format=os.path.splitext(path)[1].lstrip(".").lower())
    _writing(path, lambda: _replace(path, made.getvalue()))


def stepper(model: NN, data: Sequence[Sequence[float]], lr: float, path: str) -> None:
    """The page that walks through the next step of the training."""
    from vargrad import draw

    page = draw(model).steps(data, lr=lr)
    _writing(path, lambda: page.save(path))


def _replace(path: str, content: bytes) -> None:
    with replacing(path) as file:
        file.write(content)


def _writing(path: str, write: Callable[[], None]) -> None:
    try:
        write()
    except OSError as error:
        raise Mistake(f"cannot write {path}: {error.strerror or error}", status=1) from None
