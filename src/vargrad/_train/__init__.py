"""fit, predict and partial_fit: what trains a network."""
