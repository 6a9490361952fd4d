"""The table of operations, one row an op, and what evaluates its formulas."""
