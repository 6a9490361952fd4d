"""NN as a pair of scikit-learn estimators, for Pipeline, GridSearchCV and all else that takes estimators.

Needs scikit-learn: ``pip install 'vargrad[sklearn]'``.

>>> from sklearn.datasets import load_iris
>>> from sklearn.model_selection import cross_val_score
>>> from sklearn.pipeline import make_pipeline
>>> from sklearn.preprocessing import StandardScaler
>>> from vargrad.sklearn import NNClassifier
>>> model = make_pipeline(StandardScaler(), NNClassifier(hidden=(8,), lr=0.01, epochs=50, random_state=0))
>>> bool(cross_val_score(model, *load_iris(return_X_y=True)).mean() > 0.9)
True
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy
import numpy.typing

from vargrad.nn import NN

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils import check_random_state, column_or_1d
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError("vargrad.sklearn needs scikit-learn: pip install 'vargrad[sklearn]'") from error

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
__all__ = ["NNClassifier", "NNRegressor"]


class _Estimator(BaseEstimator):  # type: ignore[misc]
    """The base of both: their settings, which scikit-learn wants stored unchanged and checked by fit."""

    def __init__(
        self,
        hidden: Sequence[int] = (32,),
        activation: str | Sequence[str] = "relu",
        init: str = "torch",
        optimizer: str = "adam",
        lr: float = 0.001,
        epochs: int = 200,
        batch_size: int = 32,
        l2: float = 0.0,
        validation_split: float = 0.0,
        patience: int | None = None,
        restarts: int = 1,
        random_state: Any = None,
        progress: bool = False,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.init = init
        self.optimizer = optimizer
        self.lr = lr
        self.epochs = epochs
        self.batch_size = batch_size
        self.l2 = l2
        self.validation_split = validation_split
        self.patience = patience
        self.restarts = restarts
        self.random_state = random_state
        self.progress = progress

    def _train(self, X: Array, y: Any, outputs: int, loss: str) -> None:
        seed = int(check_random_state(self.random_state).randint(2**31))
        names = self.activation if isinstance(self.activation, str) else [*self.activation, "identity"]
        output = "identity" if isinstance(self.activation, str) else None
        network = NN([X.shape[1], *self.hidden, outputs], names, output, init=self.init, seed=seed)
        self.history_ = network.fit(
            X,
            y,
            loss=loss,
            optimizer=self.optimizer,
            lr=None if self.optimizer == "lbfgs" else self.lr,  # it searches for its steps
            epochs=self.epochs,
            batch_size=self.batch_size,
            l2=self.l2,
            seed=seed,
            validation_split=self.validation_split,
            patience=self.patience,
            restarts=self.restarts,
            progress=self.progress,
        )
        self.network_ = network

    def _outputs(self, X: Any) -> tuple[NN, Array]:
        check_is_fitted(self)
        return self.network_, validate_data(self, X, dtype=numpy.float64, reset=False)


class NNClassifier(ClassifierMixin, _Estimator):  # type: ignore[misc]
    """A network that tells classes apart, trained on cross-entropy.

    ``hidden``: neurons of each hidden layer; ``activation``: theirs, a name or one for each; ``init``, as for NN;
    ``optimizer``, ``lr``, ``epochs``, ``batch_size``, ``l2``, ``validation_split``, ``patience``, ``restarts``,
    ``progress``, as for NN.fit, but "lbfgs" makes no use of ``lr`` and ``batch_size``; ``random_state``: an int, a
    RandomState or None, for all that is drawn.
    Fitted attributes: ``classes_``, ``network_`` (an NN), ``history_``.
    """

    def fit(self, X: Any, y: Any) -> NNClassifier:
        """Train on X (rows, inputs) and labels y (rows,) of any kind; ValueError for what does not fit."""
        X, y = validate_data(self, X, y, dtype=numpy.float64)
        check_classification_targets(y)
        classes, labels = numpy.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(f"NNClassifier: y holds 1 class ({classes[0]!r:.60}): at least two are needed")
        self.classes_ = classes
        self._train(X, labels, len(self.classes_), "cross_entropy")
        return self

    def predict(self, X: Any) -> Any:
        """The most probable label of each row."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def predict_proba(self, X: Any) -> Array:
        """The probability of each of ``classes_``: shape (rows, classes)."""
        network, X = self._outputs(X)
        found: Array = network.predict_proba(X)
        return found


class NNRegressor(RegressorMixin, _Estimator):  # type: ignore[misc]
    """A network that predicts numbers, trained on the mean squared error; settings and attributes as NNClassifier's."""

    def fit(self, X: Any, y: Any) -> NNRegressor:
        """Train on X (rows, inputs) and y (rows,) or (rows, outputs); ValueError for what does not fit."""
        X, y = validate_data(self, X, y, dtype=numpy.float64, multi_output=True, y_numeric=True)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        self._train(X, y.astype(numpy.float64), 1 if y.ndim == 1 else y.shape[1], "mse")
        return self

    def predict(self, X: Any) -> Array:
        """The prediction for each row: (rows,), or (rows, outputs) for several."""
        network, X = self._outputs(X)
        found: Array = network.predict(X)
        return found
