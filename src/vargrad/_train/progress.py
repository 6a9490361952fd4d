"""The progress bar of a long training: tqdm's, if that is installed, and only after half a second."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

PATIENCE, INTERVAL = 0.5, 0.1  # seconds before the bar appears, and between two updates


class Progress:
    """A bar over ``epochs`` epochs, those of all starts together; ``shown``: whether there is to be one.

    What cannot be shown, since there is no place for it or it has been closed, is not: no training fails by its bar.
    """

    def __init__(self, epochs: int, shown: bool) -> None:
        self._epochs, self._bar, self._shown = epochs, None, shown
        self._next = time.perf_counter() + PATIENCE
        self.before = 0  # epochs of earlier starts

    def advance(self, done: int, text: Callable[[], str]) -> None:
        """Show that ``done`` epochs of this start are done; ``text()``, called now and then, is for the bar's end."""
        now = time.perf_counter()
        if not self._shown or now < self._next:
            return
        self._next = now + INTERVAL
        if self._bar is None and not self._open():
            return
        self._show(self.before + done, text())

    def _open(self) -> bool:
        """Make the bar, if there is a place for one."""
        try:
            self._bar = _new(self._epochs)
        except Exception:
            self._bar = None
        self._shown = self._bar is not None
        return self._shown

    def _show(self, done: int, text: str) -> None:
        assert self._bar is not None
        try:
            self._bar.set_postfix_str(text, refresh=False)
            self._bar.update(done - self._bar.n)
        except Exception:
            self.close()
            self._bar, self._shown = None, False

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            try:
                self._bar.close()
            except Exception:
                self._bar = None


def _new(epochs: int) -> Any:
    """A bar: in a notebook with or without ipywidgets, else on a terminal; None where there is neither.

    Raises ImportError without tqdm, and what a closed stderr raises.
    """
    if sys.stderr is None:  # in a program without a console
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tqdm's, that ipywidgets are missing: then it shows a line of text
        from tqdm.auto import tqdm
    notebook = type(sys.stderr).__module__.partition(".")[0] == "ipykernel"  # no terminal, but it shows what is written
    return tqdm(total=epochs, unit="epoch", leave=False, disable=False if notebook else None)
