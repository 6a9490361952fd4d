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
    from vargrad._vm.machine_py import HasShortcuts as HasShortcuts
    from vargrad._vm.machine_py import Machine as Machine
    from vargrad._vm.machine_py import empty as empty
    from vargrad._vm.machine_py import fast_calls as fast_calls
    from vargrad._vm.machine_py import fast_method as fast_method
    from vargrad._vm.machine_py import transposed as transposed
    from vargrad._vm.watch_py import Calls as Calls
    from vargrad._vm.watch_py import Watch as Watch
else:
    HasShortcuts, fast_calls, fast_method = module.HasShortcuts, module.fast_calls, module.fast_method
    Machine, Calls, Watch = module.Machine, module.Calls, module.Watch
    empty, transposed = module.empty, module.transposed
