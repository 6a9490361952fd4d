"""Which engine trains: the compiled one where it is built, unless VARGRAD_BACKEND says otherwise."""

from __future__ import annotations

import os
from types import ModuleType
from typing import TYPE_CHECKING

from vargrad import _core, _dense_py

module: ModuleType = _dense_py
if _core.backend == "compiled":
    try:
        from vargrad import _dense_c as module  # type: ignore[no-redef]
    except ImportError:
        if os.environ.get("VARGRAD_BACKEND") == "compiled":
            raise

if TYPE_CHECKING:
    from vargrad._dense_py import Engine as Engine
else:
    Engine = module.Engine
