"""The functions of vargrad.special that are rows of the table of operations; their types are in _rows.pyi."""

from __future__ import annotations

from vargrad._core import var, var_py
from vargrad.special import _rows_py

__all__ = _rows_py.__all__
_names = vars(_rows_py) if var.module is var_py else var.module.SPECIAL
globals().update({name: _names[name] for name in __all__})
