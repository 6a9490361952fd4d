"""The AND gate learned by finite difference: the article's first method, in both of its forms."""

import random

from vargrad import Var, math  # instead of `import math`: the same functions, for numbers and for Vars


class NN:
    def __init__(self):
        self.parameters = [random.random() for _ in range(3)]

    def sigmoid(self, x):
        return 1 / (1 + math.exp(-x))

    def forward(self, p, q):
        out1 = p * self.parameters[0]
        out2 = q * self.parameters[1]
        return self.sigmoid(out1 + out2 + self.parameters[2])

    def calculate_loss(self, data):
        loss = 0
        for p, q, real_value in data:
            loss += (self.forward(p, q) - real_value) ** 2
        return loss


def find_changes(model, data, h):
    """How much the loss changes if each parameter changes by h, divided by h."""
    current_loss = model.calculate_loss(data)
    changes = []
    for i in range(len(model.parameters)):
        saved = model.parameters[i]
        model.parameters[i] += h  # change the parameter a little bit
        changes.append((model.calculate_loss(data) - current_loss) / h)
        model.parameters[i] = saved  # restore the parameter
    return changes


data = [
    [0, 0, 0],
    [0, 1, 0],
    [1, 0, 0],
    [1, 1, 1],
]

random.seed(0)

# First with h = 1, where the change itself is our derivative, and then with a small h.
for h in (1, 0.0001):
    model = NN()
    for _ in range(1000):
        changes = find_changes(model, data, h)
        for i in range(len(model.parameters)):
            # if the change is positive it means we did bad, so we go in the opposite direction
            model.parameters[i] -= changes[i]

    print(f"h = {h}, loss: {model.calculate_loss(data):.4f}")
    for p, q, _ in data:
        print(f"{p} & {q} = {model.forward(p, q):.3f}")

# What did we approximate? Put Vars where the numbers were, and backward() tells exactly.
approximate = find_changes(model, data, 0.0001)
model.parameters = [Var(p, requires_grad=True) for p in model.parameters]
model.calculate_loss(data).backward()
for change, p in zip(approximate, model.parameters, strict=True):
    print(f"finite difference {change:.9f}, backward {p.grad:.9f}")
