"""The XOR network as matrices: NumPy arrays whose elements are Vars, all four rows of the table at once."""

import random

import numpy as np

from vargrad import Var


def leaves(rows, columns):
    """A matrix of parameters."""
    return np.array([[Var(random.random(), requires_grad=True) for _ in range(columns)] for _ in range(rows)])


def sigmoid(z):
    # NumPy applies +, / and np.exp element by element, and each Var remembers its own.
    return 1 / (1 + np.exp(-z))


table = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]])
bits, wanted = table[:, :2], table[:, 2:]

random.seed(0)
layers = [(leaves(2, 2), leaves(1, 2)), (leaves(2, 1), leaves(1, 1))]
parameters = [p for layer in layers for matrix in layer for p in matrix.flat]
lr = 1


def forward(x):
    for weights, bias in layers:
        x = sigmoid(x @ weights + bias)
    return x


for step in range(2000):
    loss = np.sum(np.square(forward(bits) - wanted))  # a single Var
    if step % 200 == 0:
        print(f"loss: {loss:.6f}")
    loss.backward()

    for p in parameters:
        p.value -= lr * p.grad
        p.grad = 0

for (p, q), prediction in zip(bits, forward(bits).flat, strict=True):
    print(f"{p} ^ {q} = {prediction:.3f}")
