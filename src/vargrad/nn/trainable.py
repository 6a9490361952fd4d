"""NN's methods for arrays of data: fit, partial_fit, backward, predict, predict_proba, score."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy
    import numpy.typing
    from matplotlib.axes import Axes

    from vargrad._train.history import History
    from vargrad._train.model import Model
    from vargrad._train.partial_fit import Memory, Stepper
else:
    Model = object  # at run time training is imported only when it is used


class Trainable(Model):
    """The part of NN that trains and predicts."""

    _stepper: Stepper | None = None  # of partial_fit; like the next, not in copies or files
    _gradient_stepper: Stepper | None = None
    _memory: Memory | None = None  # of partial_fit's optimizer: in copies, not in files
    _dropout: tuple[float, ...] = ()

    @property
    def task(self) -> str | None:
        """The kind of targets that the network learns, by which ``predict`` and ``score`` read its outputs.

        "values" after losses of numbers, "labels" after "cross_entropy", "binary" after "bce", "signs" after "hinge",
        "any" after a function of your own, None before. ``fit``, ``partial_fit`` and ``backward`` set it by their loss.
        Set it yourself, to one of these or to the name of a loss, for parameters that come from elsewhere. Raises
        ValueError or TypeError for anything else; then it is as it was.

        >>> from vargrad import NN
        >>> model = NN([2, 3], "identity", seed=0)
        >>> model.task = "cross_entropy"
        >>> model.task, model.predict([[0.0, 1.0]]).shape
        ('labels', (1,))
        """
        return self.__dict__.get("task")

    @task.setter
    def task(self, to: Any) -> None:
        if to is not None:
            from vargrad._train.arguments import task_of

            to = task_of(to, self.arch[-1])
        self.__dict__["task"] = to

    @property
    def dropout(self) -> tuple[float, ...]:
        """The share of each hidden layer's outputs that ``fit`` and ``partial_fit`` leave out, drawn anew at each step.

        The others are multiplied by 1 / (1 - share) meanwhile, so that ``predict``, ``score``, validation and calls of
        the network, which leave out nothing, see sums of the same size; ``backward`` leaves out nothing either.
        Set it to one number for all hidden layers or to a list of one for each; ValueError or TypeError for anything
        else. Srivastava et al. 2014.

        >>> from vargrad import NN
        >>> model = NN([2, 8, 8, 1], dropout=0.2, seed=0)
        >>> model.dropout
        (0.2, 0.2)
        >>> model.dropout = [0.0, 0.5]
        >>> model
        <NN [2, 8, 8, 1], sigmoid, dropout 0.0 0.5, 105 parameters>
        """
        return self._dropout or (0.0,) * (len(self.arch) - 2)

    @dropout.setter
    def dropout(self, to: Any) -> None:
        from vargrad.nn import layers

        # Not by __dict__: then all attributes of the network would get slower.
        self._dropout = layers.dropout(to, len(self.arch) - 2)

    def fit(
        self,
        X: Any,
        y: Any = None,
        loss: str | Callable[[Any, Any], Any] = "mse",
        optimizer: Any = "sgd",
        lr: float | None = None,
        epochs: int = 100,
        batch_size: int | None = 32,
        shuffle: bool = True,
        seed: int | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        patience: int | None = None,
        restarts: int = 1,
        callback: Callable[[History], Any] | None = None,
        progress: bool = True,
        method: str = "gradient",
        h: float = 1e-4,
        l1: float = 0.0,
        l2: float = 0.0,
        clip: float | None = None,
        schedule: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        label_smoothing: float = 0.0,
        monitor: str | None = None,
        min_delta: float = 0.0,
        **settings: Any,
    ) -> History:
        """Train on rows of data; returns a history of losses.

        ``X``: (rows, inputs). ``y``: (rows,) or (rows, outputs); class labels from 0 for "cross_entropy". Without y, X
        is the article's data, rows of inputs followed by targets. ``loss``: "sse" (the article's), "mse", "mae",
        "huber", "hinge", "bce", "cross_entropy" (the last three of outputs without activation), or a function of a
        prediction and a target (lists of them, where there are several) on Vars, averaged over rows.

        ``optimizer``: "sgd", "adam", "adamw", "nadam" or "rmsprop", with ``lr`` (by default 0.1 for sgd, else torch's)
        and its other ``settings`` by torch's names; "lbfgs" (by SciPy; all rows at once, an epoch is an iteration); or
        one of
        ``vargrad.optim`` over these parameters or some of them. Parameters that are frozen, with requires_grad false,
        stay as they are. ``schedule``: one of vargrad.optim over that optimizer, or a function
        from the epoch to a factor of lr. ``clip``: the largest norm of a gradient; larger ones are
        scaled down. ``l1``, ``l2``: penalties on weights, not on biases: l1 abs(w) + l2 w**2, once in each
        loss of the history, that of validation data too; a batch under "sse" has its rows' part of it.

        ``epochs``, ``batch_size`` (None: all rows), ``shuffle``: whether each epoch has new mini-batches. ``seed``: an
        int, for all random numbers; None draws them from Python's ``random``. ``validation_split``: the share of rows
        to validate with, drawn so that each class has its share, or the last ones without ``shuffle``; or
        ``validation_data``: X and y, and perhaps their sample_weight. ``patience``: stop after that many epochs
        without a better ``monitor``, and go back to the best parameters; ``monitor``: "val_loss", "loss" without
        validation data, or "val_accuracy" ("val_r2"); ``min_delta``: by how much it has to be better.
        ``restarts``: train that often, first from the parameters as they are, then from new ones, and keep the best by
        loss. ``callback``: called with the history after each epoch; it stops the training by returning True.
        ``progress``: whether long trainings show a bar.

        ``sample_weight``: (rows,), how much each row counts, at least 0; losses are the weighted mean, so that a weight
        of 2 is the row twice in a step over all rows. ``class_weight``: "balanced", or a dict from class to weight, 1
        for those that are not there; both multiply, and class weights are for training alone. Metrics count each row
        once. ``label_smoothing``: of "cross_entropy" and "bce", the share of a label that goes to all classes alike.

        ``method="finite-difference"`` is the article's first method: parameters are moved by ``h``, one at a time.

        Ctrl-C ends a training with the best parameters so far, and sets ``history.interrupted``. Raises TypeError or
        ValueError for arguments that do not fit, and FloatingPointError that names batch and parameter when the loss is
        no longer finite; then parameters are as they were.

        >>> from vargrad import NN
        >>> model = NN([2, 2, 1], seed=7)
        >>> data = [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]
        >>> history = model.fit(data, loss="sse", lr=1, epochs=2000)
        >>> history.losses[0] > 0.5 > 0.01 > history.loss
        True
        >>> [round(model(p, q).value) for p, q, _ in data]
        [0, 1, 1, 0]
        """
        from vargrad._train import fit as _fit
        from vargrad._train.settings import FitSettings

        chosen = FitSettings(
            loss=loss,
            optimizer=optimizer,
            lr=lr,
            epochs=epochs,
            batch_size=batch_size,
            shuffle=bool(shuffle),
            seed=seed,
            validation_split=validation_split,
            patience=patience,
            restarts=restarts,
            callback=callback,
            progress=bool(progress),
            method=method,
            h=h,
            l1=l1,
            l2=l2,
            clip=clip,
            schedule=schedule,
            sample_weight=sample_weight,
            class_weight=class_weight,
            label_smoothing=label_smoothing,
            monitor=monitor,
            min_delta=min_delta,
            optimizer_settings=settings,
        )
        return _fit.fit(self, X, y, validation_data, chosen)

    def partial_fit(
        self,
        X: Any,
        y: Any,
        loss: str | Callable[[Any, Any], Any] = "mse",
        optimizer: str = "sgd",
        lr: float | None = None,
        l1: float = 0.0,
        l2: float = 0.0,
        clip: float | None = None,
        sample_weight: Any = None,
        **settings: Any,
    ) -> float:
        """One step on these rows, all of them at once; returns their loss before it.

        Arguments are fit's. The optimizer's state is kept from call to call, and in copies and pickles of the network,
        as long as optimizer and settings are the same; ``lr`` and the loss may change. A function of your own is
        recorded anew where it is another one, such as a lambda in a loop: define it before the loop to be fast. Raises
        what fit raises; then nothing has changed.

        >>> from vargrad import NN
        >>> model = NN([1, 1], "identity", seed=0)
        >>> losses = [model.partial_fit([[0.0], [1.0]], [1.0, 3.0], lr=0.5) for _ in range(50)]
        >>> losses[0] > 1 > 0.001 > losses[-1]
        True
        """
        from vargrad._train import partial_fit as _steps

        before = self._stepper, self._memory
        asked = _steps.Asked("partial_fit", loss, optimizer, l1, l2, clip, settings)
        one = _steps.stepper(before[0], self, X, y, asked, before[1], sample_weight)
        try:
            self._stepper, self._memory = one, one.memory
            return one.advance(self, X, y, lr, sample_weight)
        except BaseException:  # Ctrl-C too: the next step goes on with the state of the last one that succeeded
            self._stepper, self._memory = before
            raise

    def backward(
        self,
        X: Any,
        y: Any,
        loss: str | Callable[[Any, Any], Any] = "mse",
        l1: float = 0.0,
        l2: float = 0.0,
        sample_weight: Any = None,
    ) -> float:
        """Add the loss's derivatives over all these rows to the parameters' grads; returns the loss.

        It does for arrays, in C, what ``loss.backward()`` does in the article's loop, so that your own loop with any
        optimiser of ``vargrad.optim`` is fast. Frozen parameters, whose requires_grad is false, have no grad and are
        left out; optimisers leave them where they are. Arguments are fit's. Raises what fit raises; then no grad has
        changed.

        >>> from vargrad import NN, data, optim
        >>> X, y = data.moons(100, seed=0)
        >>> model = NN([2, 8, 1], "tanh", output_activation="identity", init="torch", seed=1)
        >>> optimizer = optim.Adam(model.parameters, lr=0.03)
        >>> for _ in range(200):
        ...     optimizer.zero_grad()
        ...     loss = model.backward(X, y, "bce")
        ...     optimizer.step()
        >>> loss < 0.3
        True
        """
        from vargrad._train import partial_fit as _steps

        asked = _steps.Asked("backward", loss, l1=l1, l2=l2)
        one = _steps.stepper(self._gradient_stepper, self, X, y, asked, weight=sample_weight)
        self._gradient_stepper = one
        return _steps.backward(self, one, X, y, sample_weight)

    def zero_grad(self) -> None:
        """Set every ``.grad`` to 0; frozen parameters have none.

        >>> from vargrad import NN
        >>> model = NN([1, 1], "identity", seed=0)
        >>> loss = model.backward([[1.0]], [5.0])
        >>> model.zero_grad()
        >>> model.parameters.grads.tolist()
        [0.0, 0.0]
        """
        from vargrad._core import parameters

        parameters.set_grads(parameters.of(self.parameters, "zero_grad"), 0.0)

    def evaluate(self, X: Any, y: Any, loss: Any = None, sample_weight: Any = None) -> dict[str, float]:
        """The loss and the metric on these rows, in a dict of "loss" and "accuracy" or "r2".

        ``loss``: as for fit; by default the usual one for what the network learns: "mse", "bce", "cross_entropy",
        "hinge". ``sample_weight``: (rows,), for the weighted mean of both. Without penalties. Raises ValueError for
        rows that do not fit, and where no loss is given after a function of your own.

        >>> from vargrad import NN
        >>> model = NN([1, 1], "identity", init="zeros")
        >>> model.evaluate([[0.0], [1.0]], [1.0, 3.0])
        {'loss': 5.0, 'r2': -4.0}
        """
        from vargrad._train import evaluate as _evaluate

        return _evaluate.evaluate(self, X, y, loss, sample_weight)

    def predict(self, X: Any) -> numpy.typing.NDArray[Any]:
        """The prediction for each row of X: its class label if the network was trained on classes, else its outputs.

        Shape (rows,) with one output or with labels, else (rows, outputs). Raises ValueError for other shapes.
        """
        from vargrad._train import predict as _predict

        return _predict.predict(self, X)

    def predict_proba(self, X: Any) -> numpy.typing.NDArray[numpy.float64]:
        """The probability of each class in each row, (rows, classes), after training by "cross_entropy" or "bce".

        Several outputs under "bce" are several yes or no questions: each one's probability of yes. Raises ValueError
        after other losses.
        """
        from vargrad._train import predict as _predict

        return _predict.predict_proba(self, X)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The share of right labels if the network was trained on classes, else the mean of R**2 over outputs.

        ``sample_weight``: (rows,), how much each row counts.
        """
        from vargrad._train import predict as _predict

        return _predict.score(self, X, y, sample_weight)

    def plot(self, X: Any = None, y: Any = None, *, ax: Axes | None = None) -> Axes:
        """The network with its weights, drawn by matplotlib; with data, its answers on the plane. Returns the axes.

        ``X``, ``y``: as of ``vargrad.plot.boundary``, for networks of two inputs. ``ax``: the axes to draw into; None
        makes a new figure. Raises ValueError for data that do not fit, ImportError without matplotlib:
        ``pip install 'vargrad[plot]'``.

        >>> from vargrad import NN
        >>> model = NN([2, 2, 1], seed=0)
        >>> model.plot().get_title(), model.plot([[0, 0], [1, 1]], [0, 1]).get_title()
        ('Network [2, 2, 1], 9 parameters', 'Answers of the network')
        """
        from vargrad import plot

        return plot.network(self, ax=ax) if X is None else plot.boundary(self, X, y, ax=ax)
