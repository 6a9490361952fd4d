"""The article's figures drawn from live objects: graphs with values and derivatives, networks, and a page of steps."""

import sys
from pathlib import Path

from vargrad import NN, Var, draw


def figures():
    """Each figure's name and its picture."""
    # A graph of one operation, and that of the article's expression: values before, derivatives after backward.
    x, y = Var(53.0, requires_grad=True), Var(-17.0, requires_grad=True)
    z = x * y
    yield "product", draw(z)
    z = (x**2 + 3) ** 2 + y
    yield "expression", draw(z)
    z.backward()
    yield "after-backward", draw(z, adjoints=True)

    # The same with x in the place of y: two paths lead to x, and their derivatives are added.
    x = Var(53.0, requires_grad=True)
    z = (x**2 + 3) ** 2 + x
    z.backward()
    yield "two-paths", draw(z)

    # The article's networks: for AND, for XOR, and one with two hidden layers.
    for name, arch in (("and", [2, 1]), ("xor", [2, 2, 1]), ("deep", [2, 6, 4, 1])):
        yield f"network-{name}", draw(NN(arch, init="xavier_uniform", seed=1))

    # A loop of a thousand rounds: what repeats itself is one node.
    x = Var(0.5, requires_grad=True)
    v = x
    for _ in range(1000):
        v = v.sin() + x
    yield "loop", draw(v, names={"x": x})

    # A training: the loss of each epoch.
    model = NN([2, 2, 1], seed=3)
    history = model.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], epochs=1500, lr=1.0, progress=False)
    yield "training", draw(history)


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("pictures")
    folder.mkdir(exist_ok=True)
    for name, picture in figures():
        picture.save(folder / f"{name}.svg")
        print(f"{folder / name}.svg: {picture.structure.title}")

    x, y = Var(53.0, requires_grad=True), Var(-17.0, requires_grad=True)
    z = (x**2 + 3) ** 2 + y
    print()
    print(draw(z))
    for step in draw(z).steps().steps:
        print(step.formula or step.say)
    draw(z).steps().save(folder / "steps.html")
    print(f"open {folder / 'steps.html'} in a browser: arrow keys, or Play")
