"""The XOR network in PyTorch beside ours: the same start, the same derivatives, the same training."""

import sys
from time import perf_counter

from vargrad import NN

try:
    import torch
except ImportError:
    print("PyTorch is not installed, so there is nothing to put beside vargrad: pip install torch")
    sys.exit(0)

data = [
    [0, 0, 0],
    [0, 1, 1],
    [1, 0, 1],
    [1, 1, 0],
]
lr = 1
steps = int(sys.argv[1]) if len(sys.argv) > 1 else 2000

ours = NN([2, 2, 1], seed=0)

theirs = torch.nn.Sequential(
    torch.nn.Linear(2, 2),
    torch.nn.Sigmoid(),
    torch.nn.Linear(2, 1),
    torch.nn.Sigmoid(),
).double()
linears = [theirs[0], theirs[2]]

# nn.Linear keeps a row of weights for each neuron, and the biases apart: as ours.weights and ours.biases do.
with torch.no_grad():
    for linear, weights, biases in zip(linears, ours.weights, ours.biases, strict=True):
        linear.weight.copy_(torch.tensor([[w.value for w in row] for row in weights], dtype=torch.float64))
        linear.bias.copy_(torch.tensor([b.value for b in biases], dtype=torch.float64))

table = torch.tensor(data, dtype=torch.float64)
sgd = torch.optim.SGD(theirs.parameters(), lr=lr)


def in_our_order(pairs):
    """Weights and biases as one list: each neuron's weights and then its bias."""
    return [x for weight, bias in pairs for x in torch.cat([weight, bias[:, None]], dim=1).flatten().tolist()]


def largest_difference(mine, other):
    return max(abs(a - b) for a, b in zip(mine, other, strict=True))


ours.calculate_loss(data).backward()
((theirs(table[:, :2]) - table[:, 2:]) ** 2).sum().backward()
grads = in_our_order((linear.weight.grad, linear.bias.grad) for linear in linears)
print(f"the first gradients differ by at most {largest_difference([p.grad for p in ours.parameters], grads):.1e}")
for p in ours.parameters:
    p.grad = 0

start = perf_counter()
for _ in range(steps):
    loss = ours.calculate_loss(data)
    loss.backward()
    for p in ours.parameters:
        p.value -= lr * p.grad
        p.grad = 0
our_seconds = perf_counter() - start

start = perf_counter()
for _ in range(steps):
    sgd.zero_grad()
    their_loss = ((theirs(table[:, :2]) - table[:, 2:]) ** 2).sum()
    their_loss.backward()
    sgd.step()
their_seconds = perf_counter() - start

values = in_our_order((linear.weight, linear.bias) for linear in linears)
most = largest_difference([p.value for p in ours.parameters], values)
print(f"after {steps} steps the parameters differ by at most {most:.1e}")
print(f"loss: vargrad {loss.value:.12f}, PyTorch {their_loss.item():.12f}")
print(f"seconds: vargrad {our_seconds:.3f}, PyTorch {their_seconds:.3f}")
