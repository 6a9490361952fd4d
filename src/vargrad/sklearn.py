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

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy
import numpy.typing

from vargrad.nn import NN

try:
    if not TYPE_CHECKING:  # scikit-learn has no types
        from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils import check_random_state, column_or_1d
    from sklearn.utils.multiclass import check_classification_targets, type_of_target
    from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
except ImportError as _error:
    raise ImportError("vargrad.sklearn needs scikit-learn: pip install 'vargrad[sklearn]'") from _error

if TYPE_CHECKING:
    from vargrad._train.history import History

    class BaseEstimator:
        def get_params(self, deep: bool = True) -> dict[str, Any]: ...
        def set_params(self, **params: Any) -> Self: ...
        def get_metadata_routing(self) -> Any: ...
        def __sklearn_tags__(self) -> Any: ...

    class ClassifierMixin:
        def score(self, X: Any, y: Any, sample_weight: Any = None) -> float: ...

    class RegressorMixin:
        def score(self, X: Any, y: Any, sample_weight: Any = None) -> float: ...


Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
_OPTIMIZER_SETTINGS = ("momentum", "nesterov", "weight_decay", "betas", "eps")
__all__ = ["NNClassifier", "NNRegressor"]


class _Estimator(BaseEstimator):
    """The base of both: their settings, which scikit-learn wants stored unchanged and checked by fit."""

    network_: NN
    history_: History
    n_iter_: int
    loss_curve_: list[float]

    def __init__(
        self,
        hidden: Sequence[int] = (32,),
        activation: str | Sequence[str] = "relu",
        init: str = "torch",
        optimizer: str = "adam",
        lr: float = 0.001,
        epochs: int = 200,
        batch_size: int | None = 32,
        l2: float = 0.0,
        validation_split: float = 0.0,
        patience: int | None = None,
        restarts: int = 1,
        random_state: Any = None,
        progress: bool = False,
        warm_start: bool = False,
        shuffle: bool = True,
        l1: float = 0.0,
        clip: float | None = None,
        schedule: Any = None,
        monitor: str | None = None,
        min_delta: float = 0.0,
        momentum: float | None = None,
        nesterov: bool | None = None,
        weight_decay: float | None = None,
        betas: tuple[float, float] | None = None,
        eps: float | None = None,
        dropout: float | Sequence[float] = 0.0,
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
        self.warm_start = warm_start
        self.shuffle = shuffle
        self.l1 = l1
        self.clip = clip
        self.schedule = schedule
        self.monitor = monitor
        self.min_delta = min_delta
        self.momentum = momentum
        self.nesterov = nesterov
        self.weight_decay = weight_decay
        self.betas = betas
        self.eps = eps
        self.dropout = dropout

    def _settings(self) -> dict[str, Any]:
        """What fit and partial_fit of the network are both given."""
        given = {name: getattr(self, name) for name in _OPTIMIZER_SETTINGS}
        return {
            "optimizer": self.optimizer,
            "lr": None if self.optimizer == "lbfgs" else self.lr,  # it searches for its steps
            "l1": self.l1,
            "l2": self.l2,
            "clip": self.clip,
            **{name: x for name, x in given.items() if x is not None},
        }

    def _new(self, inputs: int, outputs: int) -> tuple[NN, int]:
        """A network with these settings, and the seed of all that is drawn."""
        seed = int(check_random_state(self.random_state).randint(2**31))
        names = self.activation if isinstance(self.activation, str) else [*self.activation, "identity"]
        output = "identity" if isinstance(self.activation, str) else None
        arch = [inputs, *self.hidden, outputs]
        return NN(arch, names, output, init=self.init, seed=seed, dropout=self.dropout), seed

    def _train(self, X: Array, y: Any, outputs: int, loss: str, sample_weight: Any, **more: Any) -> None:
        network, seed = self._new(X.shape[1], outputs)
        old = getattr(self, "network_", None)
        if self.warm_start and old is not None:
            if (old.arch, old.activations) != (network.arch, network.activations):
                raise ValueError(
                    f"warm_start: the network is {old!r}, and settings and data now ask for {network!r}: set "
                    "warm_start=False to begin anew"
                )
            network = copy.deepcopy(old)  # so that a fit that fails leaves the old one
            network.dropout = self.dropout
        self.history_ = network.fit(
            X,
            y,
            loss=loss,
            epochs=self.epochs,
            batch_size=self.batch_size,
            shuffle=self.shuffle,
            schedule=self.schedule,
            seed=seed,
            validation_split=self.validation_split,
            patience=self.patience,
            monitor=self.monitor,
            min_delta=self.min_delta,
            restarts=self.restarts,
            progress=self.progress,
            sample_weight=_weights(sample_weight, X),
            **self._settings(),
            **more,
        )
        self.network_, self.n_iter_, self.loss_curve_ = network, self.history_.epochs, self.history_.losses

    def _step(self, X: Array, y: Any, outputs: int, loss: str, sample_weight: Any) -> None:
        """One step on these rows, of a new network or of the one that there is."""
        network = getattr(self, "network_", None) or self._new(X.shape[1], outputs)[0]
        if network.arch[-1] != outputs:
            raise ValueError(f"partial_fit: y has {outputs} outputs, and had {network.arch[-1]} before")
        settings = self._settings()
        found = network.partial_fit(X, y, loss=loss, sample_weight=_weights(sample_weight, X), **settings)
        self.network_ = network
        if not hasattr(self, "loss_curve_"):
            self.n_iter_, self.loss_curve_ = 0, []
        self.n_iter_, self.loss_curve_ = self.n_iter_ + 1, [*self.loss_curve_, found]

    def _outputs(self, X: Any) -> tuple[NN, Array]:
        check_is_fitted(self)
        return self.network_, validate_data(self, X, dtype=numpy.float64, reset=False)


def _weights(sample_weight: Any, X: Array) -> Any:
    """A weight for each row, or None."""
    return None if sample_weight is None else _check_sample_weight(sample_weight, X, dtype=numpy.float64)


class NNClassifier(ClassifierMixin, _Estimator):
    """A network that tells classes apart, trained on cross-entropy; with several labels a row, on binary ones.

    ``hidden``: neurons of each hidden layer; ``activation``: theirs, a name or one for each; ``init``, ``dropout``, as
    for NN; ``optimizer``, ``lr``, ``epochs``, ``batch_size``, ``shuffle``, ``l1``, ``l2``, ``clip``, ``schedule`` (a
    function of the epoch), ``validation_split``, ``patience``, ``monitor``, ``min_delta``, ``restarts``, ``progress``,
    ``class_weight`` (by the labels of y), ``label_smoothing``, as for NN.fit, but "lbfgs" makes no use of ``lr`` and
    ``batch_size``. ``momentum``, ``nesterov``, ``weight_decay``, ``betas``, ``eps``: of the optimizer, None for its
    default. ``warm_start``: fit goes on with the network that there is; ``random_state``: an int, a RandomState or
    None, for all that is drawn.
    Fitted attributes: ``classes_``, ``network_`` (an NN), ``history_``, ``n_iter_`` (epochs, or calls of partial_fit),
    ``loss_curve_`` (a loss for each).
    """

    def __init__(
        self,
        hidden: Sequence[int] = (32,),
        activation: str | Sequence[str] = "relu",
        init: str = "torch",
        optimizer: str = "adam",
        lr: float = 0.001,
        epochs: int = 200,
        batch_size: int | None = 32,
        l2: float = 0.0,
        validation_split: float = 0.0,
        patience: int | None = None,
        restarts: int = 1,
        random_state: Any = None,
        progress: bool = False,
        warm_start: bool = False,
        shuffle: bool = True,
        l1: float = 0.0,
        clip: float | None = None,
        schedule: Any = None,
        monitor: str | None = None,
        min_delta: float = 0.0,
        momentum: float | None = None,
        nesterov: bool | None = None,
        weight_decay: float | None = None,
        betas: tuple[float, float] | None = None,
        eps: float | None = None,
        class_weight: Any = None,
        label_smoothing: float = 0.0,
        dropout: float | Sequence[float] = 0.0,
    ) -> None:
        super().__init__(
            hidden=hidden,
            activation=activation,
            init=init,
            optimizer=optimizer,
            lr=lr,
            epochs=epochs,
            batch_size=batch_size,
            l2=l2,
            validation_split=validation_split,
            patience=patience,
            restarts=restarts,
            random_state=random_state,
            progress=progress,
            warm_start=warm_start,
            shuffle=shuffle,
            l1=l1,
            clip=clip,
            schedule=schedule,
            monitor=monitor,
            min_delta=min_delta,
            momentum=momentum,
            nesterov=nesterov,
            weight_decay=weight_decay,
            betas=betas,
            eps=eps,
            dropout=dropout,
        )
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing

    classes_: Any

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NNClassifier:
        """Train on X (rows, inputs) and labels y (rows,) of any kind, or 0 and 1 of (rows, labels).

        ``sample_weight``: (rows,). Raises ValueError for what does not fit.
        """
        X, y = validate_data(self, X, y, dtype=numpy.float64, multi_output=True)
        classes, targets = self._targets(y, None)
        weights = self.class_weight
        if isinstance(weights, dict):
            known = classes.tolist()
            unknown = [label for label in weights if label not in known]
            if unknown:
                raise ValueError(f"class_weight has {unknown[0]!r:.40}, which is none of the classes {known!s:.80}")
            weights = {known.index(label): x for label, x in weights.items()}
        loss = "bce" if targets.ndim == 2 else "cross_entropy"
        more = {"class_weight": weights, "label_smoothing": self.label_smoothing}
        if self.warm_start and hasattr(self, "classes_") and not numpy.array_equal(classes, self.classes_):
            raise ValueError(f"warm_start: y has the classes {classes!s:.80}, and had {self.classes_!s:.80}")
        self._train(X, targets, len(classes), loss, sample_weight, **more)
        self.classes_ = classes
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> NNClassifier:
        """One step of the optimizer on these rows, all of them at once.

        ``classes``: all labels that will ever come, needed in the first call. Raises ValueError for others.
        """
        first = not hasattr(self, "network_")
        X, y = validate_data(self, X, y, dtype=numpy.float64, multi_output=True, reset=first)
        if first and classes is None and numpy.ndim(y) == 1:
            raise ValueError("NNClassifier: classes must be given in the first call of partial_fit")
        known = numpy.unique(classes) if first and classes is not None else getattr(self, "classes_", None)
        found, targets = self._targets(y, known)
        loss = "bce" if targets.ndim == 2 else "cross_entropy"
        self._step(X, targets, len(found), loss, sample_weight)
        self.classes_ = found
        return self

    def _targets(self, y: Any, classes: Any) -> tuple[Any, Any]:
        """The classes, and labels from 0 or a table of 0 and 1."""
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        if y.ndim == 2:
            if type_of_target(y) != "multilabel-indicator":
                raise ValueError("NNClassifier: y with several columns must hold 0 and 1: a column for each label")
            return numpy.arange(y.shape[1]), numpy.asarray(y, float)
        found, labels = numpy.unique(y, return_inverse=True)
        if classes is not None:
            unknown = numpy.setdiff1d(found, classes)
            if len(unknown):
                raise ValueError(
                    f"NNClassifier: y has {unknown.tolist()[0]!r:.60}, which is none of the classes {classes!s:.80}"
                )
            return classes, numpy.searchsorted(classes, y)
        if len(found) < 2:
            raise ValueError(f"NNClassifier: y holds 1 class ({found[0]!r:.60}): at least two are needed")
        return found, labels

    def predict(self, X: Any) -> Any:
        """The most probable label of each row; of several labels, a table of 0 and 1."""
        probabilities = self.predict_proba(X)
        if self.network_.task == "binary":
            return (probabilities > 0.5).astype(int)
        return self.classes_[probabilities.argmax(axis=1)]

    def predict_proba(self, X: Any) -> Array:
        """The probability of each of ``classes_``: shape (rows, classes)."""
        network, X = self._outputs(X)
        found: Array = network.predict_proba(X)
        return found if network.task == "labels" or network.arch[-1] > 1 else found[:, 1:]

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithm of predict_proba; -inf where that is 0."""
        with numpy.errstate(divide="ignore"):
            return numpy.log(self.predict_proba(X))


class NNRegressor(RegressorMixin, _Estimator):
    """A network that predicts numbers, trained on the mean squared error; settings and attributes as NNClassifier's."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NNRegressor:
        """Train on X (rows, inputs) and y (rows,) or (rows, outputs); ValueError for what does not fit."""
        X, y, outputs = self._checked(X, y, reset=True)
        self._train(X, y, outputs, "mse", sample_weight)
        return self

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> NNRegressor:
        """One step of the optimizer on these rows, all of them at once."""
        X, y, outputs = self._checked(X, y, reset=not hasattr(self, "network_"))
        self._step(X, y, outputs, "mse", sample_weight)
        return self

    def _checked(self, X: Any, y: Any, reset: bool) -> tuple[Array, Array, int]:
        X, y = validate_data(self, X, y, dtype=numpy.float64, multi_output=True, y_numeric=True, reset=reset)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y.astype(numpy.float64), 1 if y.ndim == 1 else y.shape[1]

    def predict(self, X: Any) -> Array:
        """The prediction for each row: (rows,), or (rows, outputs) for several."""
        network, X = self._outputs(X)
        found: Array = network.predict(X)
        return found


def __dir__() -> list[str]:
    return sorted(__all__)
