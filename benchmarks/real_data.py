"""Iris, breast cancer and diabetes: vargrad.sklearn beside scikit-learn's MLP of the same shape and settings.

``python benchmarks/real_data.py`` trains both from several seeds on one split of each set and prints the scores on the
test part (accuracy, R**2) with their spread, and seconds. It leaves with status 1 if our mean is below theirs by more
than their spread from seed to seed. ``--smoke`` trains less and less often.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from statistics import mean, stdev
from time import perf_counter
from typing import Any

from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from vargrad import data
from vargrad.sklearn import NNClassifier, NNRegressor

SETS: dict[str, tuple[Any, Any]] = {
    "iris": (NNClassifier, MLPClassifier),
    "breast_cancer": (NNClassifier, MLPClassifier),
    "diabetes": (NNRegressor, MLPRegressor),
}


def scores(make: Any, split: tuple[Any, Any, Any, Any], seeds: int) -> tuple[list[float], float]:
    """The test score from each seed, and the seconds of all trainings."""
    X_train, X_test, y_train, y_test = split
    found, seconds = [], 0.0
    for seed in range(seeds):
        model = make(seed)
        begun = perf_counter()
        model.fit(X_train, y_train)
        seconds += perf_counter() - begun
        found.append(model.score(X_test, y_test))
    return found, seconds


def compare(name: str, epochs: int, lr: float, seeds: int) -> bool:
    """Print a line; whether ours is no worse."""
    ours, theirs = SETS[name]
    X_train, X_test, y_train, y_test = data.train_test_split(*getattr(data, name)(), seed=0)
    X_train, X_test = data.standardize(X_train, X_test)
    if ours is NNRegressor:
        y_train, y_test = data.standardize(y_train, y_test)
    split = X_train, X_test, y_train, y_test
    one, quick = scores(lambda seed: ours(hidden=(32,), lr=lr, epochs=epochs, random_state=seed), split, seeds)
    same = {"hidden_layer_sizes": (32,), "learning_rate_init": lr, "max_iter": epochs, "batch_size": 32, "alpha": 0.0}
    same |= {"tol": 0.0, "n_iter_no_change": epochs}  # all epochs
    two, slow = scores(lambda seed: theirs(**same, random_state=seed), split, seeds)
    good = mean(one) >= mean(two) - stdev(two)
    print(
        f"{name:<15}{mean(one):>8.4f} ± {stdev(one):.4f}{mean(two):>10.4f} ± {stdev(two):.4f}"
        f"{quick / seeds:>9.3f} s{slow / seeds:>9.3f} s{slow / quick:>7.1f} x  {'ok' if good else 'WORSE'}"
    )
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="few and short trainings")
    smoke = parser.parse_args().smoke
    epochs, lr, seeds = (40, 0.005, 4) if smoke else (200, 0.001, 10)
    print(f"{'':<15}{'vargrad':>17}{'scikit-learn':>19}{'each':>11}{'each':>11}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        good = [compare(name, epochs, lr, seeds) for name in SETS]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
