"""Var, eager arithmetic and backward: compiled (``_c``, ``.pxi``) and in Python (``_py``)."""
