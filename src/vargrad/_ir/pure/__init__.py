"""Graphs of expressions, in Python. The same sources, compiled with types, are vargrad._ir.compiled."""
