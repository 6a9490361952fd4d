"""Which machine runs programs: the compiled one where it is built, unless VARGRAD_BACKEND says otherwise."""

from __future__ import annotations

import os
from types import ModuleType
from typing import TYPE_CHECKING

from vargrad._util.backend import choose
from vargrad._vm import machine_py

module: ModuleType = choose(machine_py, "vargrad._vm.machine_c", asked_for=bool(os.environ.get("VARGRAD_SIMD")))
implementation: str = module.IMPLEMENTATION

if TYPE_CHECKING:
    from vargrad._vm.machine_py import Direct as Direct
    from vargrad._vm.machine_py import Machine as Machine
    from vargrad._vm.machine_py import empty as empty
else:
    Direct, Machine, empty = module.Direct, module.Machine, module.empty
