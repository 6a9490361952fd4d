"""The XOR gate learned by finite difference: no Var, no graph, and the loss computed ten times for each step."""

import random

from vargrad import NN, no_grad

data = [
    [0, 0, 0],
    [0, 1, 1],
    [1, 0, 1],
    [1, 1, 0],
]

# vargrad's own NN is the article's for any number of layers and neurons, with the parameters in the same order.
random.seed(0)
model = NN([2, 2, 1])
lr = 1
eps = 0.0001  # think of eps as the h


def find_derivatives():
    current_loss = model.calculate_loss(data).value
    derivatives = []
    for p in model.parameters:
        saved = p.value
        p.value += eps  # change the parameter a little bit
        new_loss = model.calculate_loss(data).value
        derivatives.append((new_loss - current_loss) / eps)
        p.value = saved  # restore the parameter
    return current_loss, derivatives


# Backpropagation finds the same derivatives in one go.
model.calculate_loss(data).backward()
for derivative, p in zip(find_derivatives()[1], model.parameters, strict=True):
    print(f"finite difference {derivative:.9f}, backward {p.grad:.9f}")

with no_grad():  # we will not call backward(), so nobody needs to remember the graph
    for step in range(2000):
        loss, derivatives = find_derivatives()
        if step % 200 == 0:
            print(f"loss: {loss}")
        for p, derivative in zip(model.parameters, derivatives, strict=True):
            p.value -= lr * derivative

for bit1, bit2, _ in data:
    print(f"{bit1} ^ {bit2} = {model(bit1, bit2).value}")
