"""The article's network for any architecture, NN, with the names of its activations and initialisers."""

from __future__ import annotations

from vargrad._core.parameters import Parameters
from vargrad._train.history import History
from vargrad._util.public import show_as
from vargrad.nn.network import ACTIVATIONS, INITIALISERS, NN

__all__ = ["ACTIVATIONS", "INITIALISERS", "NN", "History", "Parameters"]

show_as(__name__, [NN, History, Parameters])


def __dir__() -> list[str]:
    return sorted(__all__)
