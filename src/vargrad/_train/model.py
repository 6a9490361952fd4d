"""The attributes of a network that training uses. vargrad.nn.NN, which has them, is in a higher layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from vargrad._core.parameters import Parameters


class Model(Protocol):
    """A network of dense layers."""

    task: str | None  # the kind of targets that it was trained on: see losses.Loss.kind

    @property
    def arch(self) -> list[int]:
        """The number of inputs, then of neurons in each layer."""

    @property
    def activations(self) -> list[str]:
        """The name of each layer's activation."""

    @property
    def has_bias(self) -> bool:
        """Whether neurons have a bias."""

    @property
    def dropout(self) -> tuple[float, ...]:
        """The share of each hidden layer's outputs that training leaves out."""

    @property
    def parameters(self) -> Parameters:
        """Layer by layer, each neuron's weights and then its bias."""

    @property
    def overrides_forward(self) -> bool:
        """Whether a subclass has a ``forward`` of its own, which may compute something else than the layers."""

    def draw(self, source: Any) -> list[float]:
        """New parameters by the network's initialiser, from ``random`` or one like it."""
