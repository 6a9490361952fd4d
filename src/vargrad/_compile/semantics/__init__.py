"""What Python and NumPy do with numbers, where a recording must do it too, or refuse it: exceptions and reductions."""
