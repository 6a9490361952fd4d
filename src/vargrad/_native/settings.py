"""Whether programs become machine code: VARGRAD_NATIVE, and the argument of the same meaning."""

from __future__ import annotations

import os

MODES = ("off", "auto", "now")
DEFAULT = os.environ.get("VARGRAD_NATIVE", "") or "off"
if DEFAULT not in MODES:
    raise ImportError(f"VARGRAD_NATIVE={DEFAULT!r}: expected one of {', '.join(MODES)}, or nothing (off)")


def checked(mode: object) -> str:
    """The mode, or the default for None. Raises ValueError for what is no mode."""
    if mode is None:
        return DEFAULT
    if mode not in MODES:
        raise ValueError(f"native must be one of {', '.join(map(repr, MODES))}, not {mode!r:.60}")
    return str(mode)
