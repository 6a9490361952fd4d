"""Sparse Jacobians and Hessians of compiled functions."""
