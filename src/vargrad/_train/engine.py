"""Which engine trains: the compiled one where it is built, unless VARGRAD_BACKEND says otherwise."""

from __future__ import annotations

import os
from types import ModuleType
from typing import TYPE_CHECKING

from vargrad._core import var
from vargrad._train import engine_py

module: ModuleType = engine_py
if var.backend == "compiled":
    try:
        from vargrad._train import engine_c as module  # type: ignore[attr-defined,no-redef]
    except ImportError:
        if os.environ.get("VARGRAD_BACKEND") == "compiled":
            raise

if TYPE_CHECKING:
    from vargrad._train.engine_py import Engine as Engine
else:
    Engine = module.Engine
