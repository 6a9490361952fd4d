"""The article's other figures from live objects: knobs, sigmoid, networks, losses, finite differences."""

import sys
from pathlib import Path

from vargrad import NN, Var, data, draw, math, plot

AND = [[0, 0, 0], [0, 1, 0], [1, 0, 0], [1, 1, 1]]
XOR = [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]


def and_loss(parameters):
    """The article's loss of its first network, as a function of its three knobs."""
    w1, w2, bias = parameters
    return math.sum([(math.sigmoid(p * w1 + q * w2 + bias) - target) ** 2 for p, q, target in AND])


def figures():
    """Each figure's name and its axes or figure."""
    # A sigmoid squashes all numbers to between 0 and 1; its derivative is what backward finds.
    yield "sigmoid", plot.activation("sigmoid")
    yield "activations", plot.activations()

    # Three knobs: what the loss does as each of them is turned, and by backward how steeply.
    yield "knobs", plot.knobs(and_loss, [0.5, -0.5, 0.2], ["weight 1", "weight 2", "bias"], width=3)

    # The disadvantages of finite differences: the loss is computed once more for each parameter, and as h falls the
    # differences first close in on the derivative and then drown in rounding.
    yield "cost", plot.costs()
    yield "precision", plot.differences(lambda w: and_loss([w, -0.5, 0.2]), 0.5)

    # The networks, before they have learned: the widths of the edges are their weights.
    for name, arch in (("and", [2, 1]), ("xor", [2, 2, 1]), ("deep", [2, 6, 4, 1])):
        yield f"nn-{name}", NN(arch, init="xavier_uniform", seed=1).plot()

    # One neuron cannot learn XOR: its loss stays high. With a hidden layer it can.
    runs = {}
    for name, arch, rows in (("AND", [2, 1], AND), ("XOR, one neuron", [2, 1], XOR), ("XOR", [2, 2, 1], XOR)):
        model = NN(arch, seed=0)
        runs[name] = model.fit(rows, loss="sse", lr=1, epochs=1000, progress=False)
        if arch != [2, 1] or rows is AND:
            yield f"boundary-{name.lower()}", model.plot(rows)
    yield "losses", plot.losses(runs)

    # And what the same does on more than four points.
    X, y = data.moons(200, noise=0.1, seed=0)
    model = NN([2, 16, 16, 1], "tanh", output_activation="identity", init="xavier_uniform", seed=0)
    history = model.fit(X, y, loss="bce", optimizer="adam", lr=0.01, epochs=100, validation_split=0.2, seed=0)
    yield "boundary-moons", model.plot(X, y)
    yield "loss-moons", history.plot()


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("plots")
    folder.mkdir(exist_ok=True)
    for name, drawn in figures():
        getattr(drawn, "figure", drawn).savefig(folder / f"{name}.png", dpi=80)
        print(folder / f"{name}.png")

    # The article's edges with names: n, m, k and L are what the operations on the way to x result in.
    x, y = Var(53.0, requires_grad=True), Var(-17.0, requires_grad=True)
    n = x**2
    m = n + 3
    k = m**2
    L = k + y
    L.backward()
    print(f"\n{draw(L).text(ascii=True)}")

    # All of it is there as text, too.
    print(f"\n{plot.text.activation('sigmoid', width=60, height=9, ascii=True)}")
