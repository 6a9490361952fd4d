"""The bar of a long training: tqdm's, where it is installed, and only once there has been something to wait for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

PATIENCE, INTERVAL = 0.5, 0.1  # seconds before a bar appears, and between two of its texts


class Progress:
    """``epochs`` in all, of all starts. ``text()`` is asked for what stands behind the bar, seldom."""

    def __init__(self, epochs: int, shown: bool) -> None:
        self._epochs, self._bar, self._shown = epochs, None, shown
        self._next = time.perf_counter() + PATIENCE
        self.before = 0  # epochs of earlier starts

    def advance(self, done: int, text: Callable[[], str]) -> None:
        """So many epochs of this start are done."""
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
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
