"""Tables over knots, for interpolation."""
