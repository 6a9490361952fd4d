"""Recorded programs as machine code, by llvmlite, where that is installed: the same bits as the machine's kernels."""
