"""The functions of vargrad.special that are rows of the table of operations; their types are in _rows.pyi."""

from __future__ import annotations

from vargrad._core import functions_special_py, var, var_py

__all__ = functions_special_py.__all__
_names = vars(functions_special_py) if var.module is var_py else var.module.SPECIAL
globals().update({name: _names[name] for name in __all__})
