"""The AND gate learned by backpropagation: the article's loop, with Var imported instead of written."""

import math
import random

from vargrad import Var


class NN:
    def __init__(self):
        self.parameters = []
        for _ in range(3):
            var = Var(random.random(), requires_grad=True)
            self.parameters.append(var)

    def sigmoid(self, x):
        return 1 / (1 + math.e ** (-x))

    def forward(self, p, q):
        out1 = p * self.parameters[0]
        out2 = q * self.parameters[1]
        return self.sigmoid(out1 + out2 + self.parameters[2])

    def calculate_loss(self, data):
        loss = 0
        for d in data:
            bit1, bit2 = d[0], d[1]
            prediction = self.forward(bit1, bit2)

            real_value = d[2]
            loss += (prediction - real_value) ** 2

        return loss


data = [
    [0, 0, 0],
    [0, 1, 0],
    [1, 0, 0],
    [1, 1, 1],
]

random.seed(0)
model = NN()
lr = 0.1

for step in range(1000):
    loss = model.calculate_loss(data)
    if step % 100 == 0:
        print(f"loss: {loss.value}")
    loss.backward()

    for i in range(len(model.parameters)):
        model.parameters[i].value -= lr * model.parameters[i].grad
        model.parameters[i].grad = 0

for d in data:
    bit1, bit2 = d[0], d[1]
    prediction = model.forward(bit1, bit2).value

    print(f"{bit1} & {bit2} = {prediction}")
