"""Lowering: from nodes of a graph to a program for the machine."""

from __future__ import annotations

from collections.abc import Sequence

from vargrad._ir.expressions import ExpressionGraph, lowered
from vargrad._vm.program import Program


def lower(graph: ExpressionGraph, inputs: Sequence[int], outputs: Sequence[int]) -> Program:
    """The program that computes the nodes ``outputs`` of a graph from its nodes ``inputs``."""
    import numpy

    n_registers, constants, code, registers = lowered(graph, inputs, outputs)
    return Program(
        len(inputs),
        n_registers,
        numpy.array(constants, numpy.float64),
        numpy.array(code, numpy.int32).reshape(-1, 5),
        numpy.array(registers, numpy.int32),
    )
