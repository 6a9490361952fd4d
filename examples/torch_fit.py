"""Two moons learned by fit and by PyTorch, from the same start: 200 steps of SGD and of Adam, loss beside loss."""

from vargrad import NN, data

try:
    import torch
except ImportError:
    torch = None

X, y = data.moons(200, noise=0.1, seed=0)
STEPS = 200


def ours(optimizer, lr):
    """Start, losses before each step, and end: a list of each neuron's weights and then its bias."""
    model = NN([2, 16, 16, 1], "tanh", output_activation="identity", init="torch", seed=0)
    start = [p.value for p in model.parameters]
    # Without mini-batches an epoch is a step.
    history = model.fit(X, y, loss="bce", optimizer=optimizer, lr=lr, epochs=STEPS, batch_size=None, progress=False)
    return start, history.losses, [p.value for p in model.parameters]


def theirs(start, optimizer, lr):
    model = torch.nn.Sequential(
        torch.nn.Linear(2, 16),
        torch.nn.Tanh(),
        torch.nn.Linear(16, 16),
        torch.nn.Tanh(),
        torch.nn.Linear(16, 1),
    ).double()
    # PyTorch keeps a layer's weights as a matrix, one row for each neuron, and its biases apart.
    start, layers = torch.tensor(start, dtype=torch.float64), [model[0], model[2], model[4]]
    with torch.no_grad():
        for layer in layers:
            rows, columns = layer.weight.shape
            block, start = start[: rows * (columns + 1)].reshape(rows, -1), start[rows * (columns + 1) :]
            layer.weight.copy_(block[:, :-1])
            layer.bias.copy_(block[:, -1])

    inputs, targets = torch.tensor(X), torch.tensor(y[:, None], dtype=torch.float64)
    steps = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[optimizer](model.parameters(), lr=lr)
    losses = []
    for _ in range(STEPS):
        steps.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(model(inputs), targets)
        loss.backward()
        steps.step()
        losses.append(loss.item())
    end = [torch.cat([layer.weight, layer.bias[:, None]], dim=1).flatten() for layer in layers]
    return losses, torch.cat(end).tolist()


for optimizer, lr in ("sgd", 0.5), ("adam", 0.01):
    start, losses, end = ours(optimizer, lr)
    their_losses, their_end = theirs(start, optimizer, lr) if torch else (None, None)
    print(f"{optimizer}: step, loss of vargrad" + (", of PyTorch" if torch else ""))
    for step in range(0, STEPS, 25):
        print(f"{step:4}  {losses[step]:.12f}" + (f"  {their_losses[step]:.12f}" if torch else ""))
    if torch:
        most = max(abs(a - b) for a, b in zip(end, their_end, strict=True))
        print(f"{len(end)} parameters differ by at most {most:.1e} after {STEPS} steps\n")

if not torch:
    print("PyTorch is not installed, so there is nothing to put beside it: pip install torch")
