"""Which machine runs programs: the compiled one where it is built, unless VARGRAD_BACKEND says otherwise."""

from __future__ import annotations

import os
from types import ModuleType
from typing import TYPE_CHECKING

from vargrad import _core, _program_py

module: ModuleType = _program_py
if _core.backend == "compiled":
    try:
        from vargrad import _program_c as module  # type: ignore[no-redef]
    except ImportError:
        if os.environ.get("VARGRAD_BACKEND") == "compiled" or os.environ.get("VARGRAD_SIMD"):
            raise  # what is asked for by name and not there

implementation: str = module.IMPLEMENTATION

if TYPE_CHECKING:
    from vargrad._program_py import Direct as Direct
    from vargrad._program_py import Machine as Machine
    from vargrad._program_py import empty as empty
else:
    Direct, Machine, empty = module.Direct, module.Machine, module.empty
