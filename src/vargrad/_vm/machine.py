"""Which machine runs programs: the compiled one where it is built, unless VARGRAD_BACKEND says otherwise."""

from __future__ import annotations

import os
from types import ModuleType
from typing import TYPE_CHECKING

from vargrad._core import var
from vargrad._vm import machine_py

module: ModuleType = machine_py
if var.backend == "compiled":
    try:
        from vargrad._vm import machine_c as module  # type: ignore[attr-defined,no-redef]
    except ImportError:
        if os.environ.get("VARGRAD_BACKEND") == "compiled" or os.environ.get("VARGRAD_SIMD"):
            raise  # what is asked for by name and not there

implementation: str = module.IMPLEMENTATION

if TYPE_CHECKING:
    from vargrad._vm.machine_py import Direct as Direct
    from vargrad._vm.machine_py import Machine as Machine
    from vargrad._vm.machine_py import empty as empty
else:
    Direct, Machine, empty = module.Direct, module.Machine, module.empty
