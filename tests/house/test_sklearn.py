"""The scikit-learn estimators: scikit-learn's own checks, its tools around them, and their scores beside its MLP."""

from __future__ import annotations

import doctest
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import vargrad.sklearn
from vargrad import NN, data
from vargrad.sklearn import NNClassifier, NNRegressor

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "real_data.py"


@pytest.mark.parametrize("kind", [NNClassifier, NNRegressor])
def test_scikit_learns_own_checks(kind: Any) -> None:
    """on_skip: some checks are of pandas and other array libraries, where these are installed."""
    found = check_estimator(kind(lr=0.01, epochs=50), on_skip=None)
    assert {result["status"] for result in found} <= {"passed", "skipped"}
    assert sum(result["status"] == "passed" for result in found) > 45


def test_docstring_examples() -> None:
    result = doctest.testmod(vargrad.sklearn)
    assert result.attempted > 5
    assert result.failed == 0


def test_in_a_pipeline_and_a_grid() -> None:
    X, y = data.iris()
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    model = make_pipeline(StandardScaler(), NNClassifier(epochs=30, random_state=0))
    grid = GridSearchCV(model, {"nnclassifier__hidden": [(4,), (16,)], "nnclassifier__lr": [1e-6, 0.01]}, cv=3)
    grid.fit(X, names)
    assert grid.best_params_["nnclassifier__lr"] == 0.01
    assert grid.best_score_ > 0.9
    assert set(grid.predict(X)) == set(names)
    best = grid.best_estimator_[-1]
    assert isinstance(best.network_, NN)
    probabilities = grid.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    assert (best.classes_[probabilities.argmax(axis=1)] == grid.predict(X)).all()
    again = pickle.loads(pickle.dumps(grid))
    np.testing.assert_array_equal(again.predict_proba(X), probabilities)


def test_a_regressor_of_a_scaled_target() -> None:
    X, y = data.diabetes()
    inner = NNRegressor(hidden=(16, 8), activation=["tanh", "relu"], init="torch", epochs=60, random_state=1)
    model = TransformedTargetRegressor(make_pipeline(StandardScaler(), inner), transformer=StandardScaler())
    assert model.fit(X, y).score(X, y) > 0.4
    assert model.regressor_[-1].network_.activations == ["tanh", "relu", "identity"]


def test_several_targets() -> None:
    X = np.random.default_rng(0).normal(size=(200, 2))
    y = np.column_stack([X[:, 0] + X[:, 1], X[:, 0] * 2, X[:, 1] - 1])
    model = NNRegressor(random_state=0, lr=0.01).fit(X, y)
    assert model.predict(X).shape == (200, 3)
    assert model.score(X, y) > 0.95


def test_settings_are_passed_on_and_cloned() -> None:
    X, y = data.moons(60, seed=0)
    settings: dict[str, Any] = {
        "hidden": (3, 2),
        "activation": "tanh",
        "init": "xavier_normal",
        "optimizer": "sgd",
        "lr": 0.5,
        "epochs": 7,
        "batch_size": 10,
        "random_state": 3,
    }
    model = NNClassifier(**settings)
    assert settings.items() <= clone(model).get_params().items()
    model.fit(X, y)
    assert repr(model.network_) == "<NN [2, 3, 2, 2], tanh tanh identity, 23 parameters>"
    assert len(model.history_.losses) == 7
    one, two = (model.set_params(random_state=s).fit(X, y).predict_proba(X) for s in (3, 4))
    np.testing.assert_array_equal(clone(model).set_params(random_state=3).fit(X, y).predict_proba(X), one)
    assert (one != two).any()


def test_a_penalty_makes_weights_small() -> None:
    X, y = data.moons(60, seed=0)
    free, bound = (NNClassifier(l2=l2, lr=0.01, random_state=0).fit(X, y).network_ for l2 in (0.0, 0.1))
    assert np.square(bound.parameters.values).sum() < np.square(free.parameters.values).sum() / 4


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"activation": "rleu"}, ["did you mean 'relu'"]),
        ({"optimizer": "adma"}, ["did you mean 'adam'"]),
        ({"hidden": (0,)}, ["positive"]),
        ({"epochs": 0}, ["epochs"]),
        ({"lr": -1}, ["lr"]),
        ({"l2": -1}, ["l2"]),
    ],
)
def test_wrong_settings(change: dict[str, Any], words: list[str]) -> None:
    model = NNClassifier(**change)
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        model.fit(*data.moons(20, seed=0))
    assert [word for word in words if word not in str(caught.value)] == []
    assert not hasattr(model, "network_")


def test_one_class() -> None:
    with pytest.raises(ValueError, match="y holds 1 class"):
        NNClassifier().fit([[0.0], [1.0]], [5, 5])


def test_without_scikit_learn() -> None:
    script = "import sys; sys.modules['sklearn'] = None; import vargrad.sklearn"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "ImportError: vargrad.sklearn needs scikit-learn: pip install 'vargrad[sklearn]'" in run.stderr


def test_no_worse_than_scikit_learns_network() -> None:
    """On iris, breast cancer and diabetes, within its own spread from seed to seed."""
    run = subprocess.run([sys.executable, str(BENCHMARK), "--smoke"], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.count("ok") == 3


def test_weights_and_steps() -> None:
    X, y = data.moons(60, noise=0.1, seed=0)
    names = np.array(["no", "yes"])[y]
    weights = np.arange(60) % 3
    again = np.repeat(np.arange(60), weights)
    options: dict[str, Any] = {"batch_size": None, "epochs": 20, "random_state": 0}
    one = NNClassifier(**options).fit(X, names, sample_weight=weights)
    two = NNClassifier(**options).fit(X[again], names[again])
    np.testing.assert_allclose(one.predict_proba(X), two.predict_proba(X), rtol=1e-9)
    np.testing.assert_allclose(one.predict_log_proba(X), np.log(one.predict_proba(X)))
    assert one.n_iter_ == len(one.loss_curve_) == 20
    by_class = NNClassifier(class_weight={"yes": 3.0}, **options).fit(X, names)
    by_row = NNClassifier(**options).fit(X, names, sample_weight=np.where(names == "yes", 3.0, 1.0))
    np.testing.assert_allclose(by_class.predict_proba(X), by_row.predict_proba(X), rtol=1e-9)
    with pytest.raises(ValueError, match=r"'maybe'.*none of the classes"):
        NNClassifier(class_weight={"maybe": 3.0}).fit(X, names)
    stepped = NNClassifier(lr=0.05, random_state=0)
    with pytest.raises(ValueError, match="classes must be given"):
        stepped.partial_fit(X, names)
    for _ in range(200):
        stepped.partial_fit(X, names, classes=["no", "yes"])
    assert stepped.score(X, names) > 0.9
    assert stepped.n_iter_ == 200
    with pytest.raises(ValueError, match=r"y has 'perhaps'.*none of the classes"):
        stepped.partial_fit(X, np.full(60, "perhaps"))
    regressor = NNRegressor(lr=0.05, random_state=0)
    for _ in range(300):
        regressor.partial_fit(X, X[:, 0], sample_weight=weights)
    assert regressor.score(X, X[:, 0]) > 0.9


def test_several_labels_and_warm_starts() -> None:
    X, y = data.moons(80, noise=0.1, seed=0)
    table = np.stack([y, X[:, 0] > 0.5], axis=1).astype(int)
    model = NNClassifier(lr=0.05, epochs=60, random_state=0, momentum=None).fit(X, table)
    assert model.predict(X).shape == model.predict_proba(X).shape == (80, 2)
    assert (model.predict(X) == table).mean() > 0.9
    warm = NNClassifier(epochs=30, warm_start=True, random_state=0, lr=0.01).fit(X, y)
    first = warm.history_
    warm.fit(X, y)
    assert warm.history_.losses[0] < first.losses[-1] * 1.2 < first.losses[0]
    before = warm.network_
    with pytest.raises(ValueError, match="warm_start"):
        warm.set_params(hidden=(4,)).fit(X, y)
    assert warm.network_ is before
    fast = NNClassifier(optimizer="sgd", momentum=0.9, nesterov=True, weight_decay=1e-4, lr=0.1, random_state=0).fit(
        X, y
    )
    assert fast.score(X, y) > 0.9
    with pytest.raises(ValueError, match="'momentum' is not known"):
        NNClassifier(optimizer="adam", momentum=0.9).fit(X, y)
