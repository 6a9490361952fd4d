"""Initial parameters: distributions, order, and what draws them."""

from __future__ import annotations

import random

import numpy as np
import pytest

from vargrad import NN
from vargrad.nn import ACTIVATIONS, INITIALISERS

# Variance of a weight with fan-in i and fan-out o, from the papers; the gain is of the activation.
VARIANCES = {
    "uniform": lambda i, o, gain: 1 / 12,
    "normal": lambda i, o, gain: 1.0,
    "torch": lambda i, o, gain: 1 / (3 * i),
    "zeros": lambda i, o, gain: 0.0,
    **dict.fromkeys(("xavier", "glorot"), lambda i, o, gain: gain**2 * 2 / (i + o)),
    **dict.fromkeys(("kaiming", "he"), lambda i, o, gain: gain**2 / i),
    "lecun": lambda i, o, gain: 1 / i,
}
SQUARED_GAINS = {"sigmoid": 1.0, "tanh": 25 / 9, "relu": 2.0, "leaky_relu": 2 / 1.0001, "selu": 9 / 16, "identity": 1.0}


def layers(model: NN) -> list[tuple[np.ndarray, np.ndarray]]:
    weights = [np.array([[w.value for w in neuron] for neuron in layer]) for layer in model.weights]
    return list(zip(weights, [np.array([b.value for b in layer]) for layer in model.biases], strict=True))


@pytest.mark.parametrize("activation", SQUARED_GAINS)
@pytest.mark.parametrize("name", INITIALISERS)
def test_spread_of_the_weights(name: str, activation: str) -> None:
    (weights, biases), _ = layers(NN([120, 80, 1], activation, init=name, seed=3))
    wanted = VARIANCES[name.rsplit("_", 1)[0]](120, 80, SQUARED_GAINS[activation] ** 0.5)
    mean = 0.5 if name == "uniform" else 0.0
    assert np.mean((weights - mean) ** 2) == pytest.approx(wanted, rel=0.04)
    assert abs(np.mean(weights) - mean) <= 4 * (wanted / weights.size) ** 0.5
    if name.endswith("normal"):
        assert np.mean(weights**4) == pytest.approx(3 * wanted**2, rel=0.1)
    elif name != "zeros":  # uniform: nothing beyond the edge, and something close to it
        assert 0.99 < np.abs(weights - mean).max() / (3 * wanted) ** 0.5 <= 1
    if name in ("uniform", "normal", "torch"):
        assert np.std(biases) == pytest.approx(wanted**0.5, rel=0.3)
    else:
        assert not biases.any()


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", ["xavier_uniform", "he_normal"])
def test_every_activation_has_a_gain(name: str, activation: str) -> None:
    assert np.isfinite(layers(NN([4, 3, 2], activation, init=name, seed=0))[0][0]).all()


@pytest.mark.parametrize("name", INITIALISERS)
def test_a_seed_decides(name: str) -> None:
    one, two, other = (NN([3, 4, 2], init=name, seed=seed) for seed in (5, 5, 6))
    values = [[p.value for p in model.parameters] for model in (one, two, other)]
    assert values[0] == values[1]
    assert (values[0] == values[2]) == (name == "zeros")
    random.seed(5)
    assert [p.value for p in NN([3, 4, 2], init=name).parameters] == values[0]


def test_synonyms() -> None:
    for one, two in (("xavier", "glorot"), ("kaiming", "he")):
        for kind in ("uniform", "normal"):
            models = [NN([3, 2], "relu", init=f"{name}_{kind}", seed=1) for name in (one, two)]
            assert models[0](1, 2, 3)[0].value == models[1](1, 2, 3)[0].value


def test_each_layer_has_its_own_gain() -> None:
    """The same draws, scaled by what each layer's activation asks for."""
    relu, mixed = (NN([4, 4, 4], names, init="he_normal", seed=1) for names in ("relu", ["relu", "identity"]))
    (first, _), (second, _) = layers(relu)
    np.testing.assert_allclose(layers(mixed)[0][0], first, rtol=1e-15)
    np.testing.assert_allclose(layers(mixed)[1][0], second / 2**0.5, rtol=1e-15)


def test_linear_is_identity() -> None:
    for model in (NN([2, 3, 1], "linear"), NN([2, 3, 1], ["linear", "identity"]), NN([2, 3, 1], "identity", "linear")):
        assert model.activations == ["identity", "identity"]
