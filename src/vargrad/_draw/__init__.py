"""Pictures: of the graph under a Var, of a network, of a compiled function, of a training."""
