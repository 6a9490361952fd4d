"""The names under which users find things: in tracebacks, pickles and help no private module is to show."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def show_as(module: str, things: Iterable[Any]) -> None:
    """Let classes and functions say that they are of this public module, which has them under their own names."""
    for thing in things:
        thing.__module__ = module
