"""What the place that output goes to can show: its width, its signs, its colours."""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import textwrap
from typing import Any

from vargrad._draw.text import in_ascii

_CODES = {"bold": "1", "dim": "2", "name": "34", "number": "32", "wrong": "31"}


def colours(stream: Any = None) -> bool:
    """Whether to write in colour: on a terminal, unless NO_COLOR is set; FORCE_COLOR asks for it elsewhere."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    stream = sys.stdout if stream is None else stream
    if os.environ.get("TERM") == "dumb" or not stream.isatty():
        return False
    return sys.platform != "win32" or any(name in os.environ for name in ("WT_SESSION", "ANSICON", "TERM"))


def paint(text: str, style: str, stream: Any = None) -> str:
    """The text in a style, "bold", "dim", "name", "number" or "wrong", where there are colours."""
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if text and colours(stream) else text


def width() -> int:
    """Columns of the terminal, or of COLUMNS; 80 where neither says; at least 20."""
    return max(20, shutil.get_terminal_size((80, 24)).columns)


def plain(stream: Any = None) -> bool:
    """Whether only ASCII can be written there."""
    encoding = getattr(sys.stdout if stream is None else stream, "encoding", None) or "ascii"
    try:
        "├─│└\N{MULTIPLICATION SIGN}≤▁█".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def shown(text: str, stream: Any = None) -> str:
    """The text as the stream can write it: in ASCII where its encoding has no other signs."""
    return in_ascii(text) if plain(stream) else text


def say(text: str = "", file: Any = None) -> None:
    """Print a text as the stream can show it."""
    print(shown(text, file), file=file)


def wrapped(text: str, indent: str = "", hanging: str | None = None) -> str:
    """A sentence or a formula in lines of the terminal's width; what has no space is never broken."""
    return textwrap.fill(
        text,
        width(),
        initial_indent=indent,
        subsequent_indent=indent if hanging is None else hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def equation(text: str, indent: str) -> str:
    """A formula in lines of the terminal's width, broken before its equals signs where that is enough."""
    lines: list[str] = []
    room = width()
    for k, part in enumerate(text.split(" = ")):
        piece = part if not k else f"= {part}"
        if lines and len(lines[-1]) + 1 + len(piece) <= room:
            lines[-1] += f" {piece}"
        else:
            lines.append(wrapped(piece, indent + "    " * (k > 0), indent + "      "))
    return "\n".join(lines)


def as_json(found: Any) -> str:
    """JSON for other programs: ASCII, and numbers that JSON has no form of are "nan", "inf" and "-inf"."""
    return json.dumps(_finite(found), indent=2, allow_nan=False)


def _finite(x: Any) -> Any:
    if isinstance(x, dict):
        return {key: _finite(value) for key, value in x.items()}
    if isinstance(x, (list, tuple)):
        return [_finite(value) for value in x]
    return repr(x) if isinstance(x, float) and not math.isfinite(x) else x
