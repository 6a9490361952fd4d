"""The article's network, for any architecture: NN, and the names that it takes."""

from __future__ import annotations

from vargrad.nn.network import ACTIVATIONS, INITIALISERS, NN

__all__ = ["ACTIVATIONS", "INITIALISERS", "NN"]
