"""Which of two modules is active: the compiled one where it is built, unless VARGRAD_BACKEND says otherwise."""

from __future__ import annotations

import importlib
import os
from types import ModuleType

WANTED = os.environ.get("VARGRAD_BACKEND", "")
if WANTED not in ("", "compiled", "python"):
    raise ImportError(f"VARGRAD_BACKEND={WANTED!r}: expected 'compiled', 'python', or nothing (the fastest there is)")
REINSTALL = (  # not from what an earlier install left in pip's cache, nor from a wheel in pure Python
    "reinstall where a C compiler is found: pip install -v --force-reinstall --no-deps --no-cache-dir --no-binary"
    " vargrad vargrad (from a checkout its folder instead of the last word) shows what the compiler says"
)
_missing: list[str] = []


def missing(error: ImportError) -> str:
    """Why there is no compiled core, and what to do."""
    if "interpreter" in str(error):  # Cython's words for a second one, and Python's from 3.12 on
        return (
            f"the compiled core is for one interpreter of a process, and this is another one ({error}): use it there, "
            "or in several processes"
        )
    return f"this installation has no compiled core ({error}): {REINSTALL}"


def choose(pure: ModuleType, compiled: str, asked_for: bool = False) -> ModuleType:
    """The compiled module of that name, or the pure one in its place; once one is missing, the rest are pure too.

    Raises ImportError where the compiled one is missing though VARGRAD_BACKEND=compiled, or another setting, asks for
    it.
    """
    if WANTED == "python" or _missing:
        return pure
    try:
        return importlib.import_module(compiled)
    except ImportError as error:
        if WANTED == "compiled":
            raise ImportError(f"VARGRAD_BACKEND=compiled, but {missing(error)}. Or unset VARGRAD_BACKEND") from error
        if asked_for:
            raise
        _missing.append(compiled)
        return pure
