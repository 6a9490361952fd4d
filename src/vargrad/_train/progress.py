"""The progress bar of a long training: tqdm's, if that is installed, and only after half a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

PATIENCE, INTERVAL = 0.5, 0.1  # seconds before the bar appears, and between two updates


class Progress:
    """A bar over ``epochs`` epochs, those of all starts together; ``shown``: whether there is to be one."""

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
        if self._bar is None:
            self._bar = self._new()
        if self._bar is not None:
            self._bar.set_postfix_str(text(), refresh=False)
            self._bar.update(self.before + done - self._bar.n)

    def _new(self) -> Any:
        try:
            from tqdm.auto import tqdm
        except ImportError:
            self._shown = False
            return None
        return tqdm(total=self._epochs, unit="epoch", leave=False, disable=None)

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()
