"""Graphs of expressions: what a recording becomes, is simplified in, and is differentiated in."""
