"""Tables over knots, for interpolation; parameters, by which no derivative is offered."""
