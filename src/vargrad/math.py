"""The standard module's functions for floats and Vars alike: import it instead of ``math``.

>>> from vargrad import Var, math
>>> math.exp(0.0), math.exp(Var(0.0))
(1.0, Var(1.0))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vargrad import _core, _core_py, _functions_py, _math

if TYPE_CHECKING:
    from typing import Any

    from vargrad._functions_py import *  # noqa: F403
    from vargrad._math import *  # noqa: F403

    def __getattr__(name: str) -> Any:
        """The rest of the standard module."""
else:
    # the pure twin's functions stand in a module of their own, the compiled ones in the core
    globals().update(_math.names(_functions_py if _core.module is _core_py else _core.module))
