"""Training of networks: fit, partial_fit, backward and predict, over two engines."""
