"""A whole training on scikit-learn's digits: NN.fit beside scikit-learn's MLPClassifier and torch, if they are there.

64-32-10, tanh, cross-entropy, SGD with momentum 0.9 and lr 0.1, mini-batches of 32, all of them float64 and one
thread; the same epochs and the same split. ``python benchmarks/training.py [--epochs N] [--repeats N]``.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from vargrad import NN, backend, data  # noqa: E402

SIZES, BATCH, RATE, MOMENTUM = [64, 32, 10], 32, 0.1, 0.9


def by_vargrad(X: Any, y: Any, X_test: Any, y_test: Any, epochs: int, seed: int) -> float:
    """The test accuracy."""
    model = NN(SIZES, "tanh", "identity", init="torch", seed=seed)
    options: dict[str, Any] = {"momentum": MOMENTUM, "epochs": epochs, "batch_size": BATCH, "seed": seed}
    model.fit(X, y, "cross_entropy", lr=RATE, progress=False, **options)
    return model.score(X_test, y_test)


def by_sklearn(X: Any, y: Any, X_test: Any, y_test: Any, epochs: int, seed: int) -> float:
    """The test accuracy."""
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        SIZES[1:-1],
        activation="tanh",
        solver="sgd",
        alpha=0.0,
        batch_size=BATCH,
        learning_rate_init=RATE,
        momentum=MOMENTUM,
        nesterovs_momentum=False,
        max_iter=epochs,
        n_iter_no_change=epochs,
        tol=0.0,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged
        model.fit(X, y)
    return float(model.score(X_test, y_test))


def by_torch(X: Any, y: Any, X_test: Any, y_test: Any, epochs: int, seed: int) -> float:
    """The test accuracy."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    torch.set_default_dtype(torch.float64)
    model = torch.nn.Sequential(torch.nn.Linear(*SIZES[:2]), torch.nn.Tanh(), torch.nn.Linear(*SIZES[1:]))
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)
    x, t = torch.tensor(X), torch.tensor(y)
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for at in range(0, len(x), BATCH):
            rows = order[at : at + BATCH]
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[rows]), t[rows]).backward()
            optimizer.step()
    with torch.no_grad():
        return float((model(torch.tensor(X_test)).argmax(dim=1) == torch.tensor(y_test)).double().mean())


PEERS: dict[str, Callable[..., float]] = {"vargrad": by_vargrad, "scikit-learn": by_sklearn, "torch": by_torch}


def main(arguments: list[str] | None = None) -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args(arguments)
    X, y = data.digits()
    X, X_test, y, y_test = data.train_test_split(X, y, test_size=0.25, seed=0)
    steps = options.epochs * -(-len(X) // BATCH)
    print(
        f"{options.epochs} epochs, {steps} steps; the least of {options.repeats} times, the mean accuracy ({backend})"
    )
    least: dict[str, float] = {}
    for name, train in PEERS.items():
        times, scores = [], []
        for seed in range(options.repeats):
            before = time.perf_counter()
            try:
                scores.append(train(X, y, X_test, y_test, options.epochs, seed))
            except ImportError:
                print(f"{name:14} is not installed")
                break
            times.append(time.perf_counter() - before)
        else:
            least[name] = min(times)
            ratio = least[name] / least["vargrad"]
            print(
                f"{name:14}{least[name]:8.3f} s{1e6 * least[name] / steps:9.1f} us a step{ratio:7.1f} x  "
                f"test accuracy {sum(scores) / len(scores):.4f}"
            )


if __name__ == "__main__":
    main()
