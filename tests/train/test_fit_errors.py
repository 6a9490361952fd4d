"""Arguments that fit refuses: the error's words, and that nothing has changed."""

from __future__ import annotations

import dataclasses
import inspect
import sys
import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from vargrad import NN, Var, optim
from vargrad._train import arguments
from vargrad._train import progress as _progress
from vargrad._train.settings import FitSettings
from vargrad.nn import ACTIVATIONS

X = np.arange(12.0).reshape(6, 2) / 10
Y = np.array([0.0, 1.0, 1.0, 0.0, 1.0, 0.0])


def network(outputs: int = 1, last: str = "identity") -> NN:
    return NN([2, 3, outputs], "tanh", last, seed=0)


def spoiled(place: tuple[int, ...], value: float, of: Any = X) -> Any:
    found = np.array(of, float)
    found[place] = value
    return found


NAN, INF = float("nan"), float("inf")
CASES: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "three columns": ({"X": np.zeros((6, 3))}, ValueError, r"X has shape \(6, 3\), expected \(rows, 2\)"),
    "one dimension": ({"X": np.zeros(6)}, ValueError, r"X has shape \(6,\)"),
    "ragged": ({"X": [[1, 2], [3]]}, ValueError, "X has rows of different lengths"),
    "strings": ({"X": [["a", "b"]] * 6}, TypeError, "X is of dtype <U1"),
    "labels as text": ({"y": np.array(list("abbaba"))}, TypeError, r"numpy.unique\(y, return_inverse=True\)"),
    "labels as a list of text": ({"y": ["a", None] * 3}, TypeError, r"numpy.unique\(y, return_inverse=True\)"),
    "one row": ({"X": [0.5, 1.0], "y": [1.0]}, ValueError, r"X has shape \(2,\), .*: one row is \[X\]"),
    "nothing": ({"X": [], "y": []}, ValueError, "X has no rows"),
    "nearly an argument": ({"epoch": 3}, ValueError, "argument 'epoch' is not known; did you mean 'epochs'"),
    "a setting of another optimizer": (
        {"optimizer": "adam", "momentum": 0.9},
        ValueError,
        "'adam': argument 'momentum'",
    ),
    "complex": ({"X": X + 1j}, TypeError, "X is of dtype complex128"),
    "Vars": ({"X": [[Var(1.0), Var(2.0)]] * 6}, TypeError, "X holds Var"),
    "nan in X": ({"X": spoiled((3, 1), NAN)}, ValueError, r"X\[3, 1\] is nan: expected finite"),
    "inf in X": ({"X": spoiled((0, 0), -INF)}, ValueError, r"X\[0, 0\] is -inf"),
    "nan in y": ({"y": spoiled((4,), NAN, Y)}, ValueError, r"y\[4\] is nan"),
    "no rows": ({"X": np.zeros((0, 2)), "y": []}, ValueError, "X has no rows"),
    "fewer targets": ({"y": Y[:5]}, ValueError, r"y has shape \(5,\), expected 6 rows"),
    "more outputs": ({"y": np.zeros((6, 2))}, ValueError, r"y has shape \(6, 2\), expected \(6, 1\) or \(6,\)"),
    "no y": ({"y": None}, ValueError, r"rows of 2 input\(s\) followed by 1 target\(s\)"),
    "unknown loss": ({"loss": "msr"}, ValueError, "did you mean 'mse'"),
    "a loss of another library": (
        {"loss": "binary_crossentropy"},
        ValueError,
        "'binary_crossentropy' is not known; did you mean 'bce'",
    ),
    "a loss by its class": ({"loss": "BinaryCrossentropy"}, ValueError, "did you mean 'bce'"),
    "a loss by its class and misspelt": ({"loss": "BinaryCrossentropi"}, ValueError, "did you mean 'bce'"),
    "a loss of torch": ({"loss": "BCEWithLogitsLoss"}, ValueError, "did you mean 'bce'"),
    "a loss of scikit-learn": ({"loss": "log_loss"}, ValueError, "did you mean 'bce'"),
    "a loss of many classes": ({"loss": "sparse_categorical_crossentropy"}, ValueError, "did you mean 'cross_entropy'"),
    "cross-entropy of torch": ({"loss": "CrossEntropyLoss"}, ValueError, "did you mean 'cross_entropy'"),
    "another writing of a loss": ({"loss": "Cross-Entropy"}, ValueError, "did you mean 'cross_entropy'"),
    "mean_squared_error": ({"loss": "mean_squared_error"}, ValueError, "did you mean 'mse'"),
    "an argument of Keras": ({"learning_rate": 0.1}, ValueError, "'learning_rate' is not known; did you mean 'lr'"),
    "another of Keras": ({"verbose": 0}, ValueError, "'verbose' is not known; did you mean 'progress'"),
    "one of scikit-learn": ({"max_iter": 5}, ValueError, "did you mean 'epochs'"),
    "another of scikit-learn": ({"random_state": 5}, ValueError, "did you mean 'seed'"),
    "one of torch": ({"criterion": "mse"}, ValueError, "did you mean 'loss'"),
    "a setting of Keras": ({"optimizer": "adam", "beta_1": 0.9}, ValueError, "did you mean 'betas'"),
    "an optimizer of Keras": ({"optimizer": "RMSProp"}, ValueError, "did you mean 'rmsprop'"),
    "an optimizer of scikit-learn": ({"optimizer": "l-bfgs"}, ValueError, "did you mean 'lbfgs'"),
    "no loss": ({"loss": 3}, TypeError, "loss must be a name"),
    "unknown optimizer": ({"optimizer": "adan"}, ValueError, "did you mean 'adam'"),
    "unknown setting": ({"momentun": 0.9}, ValueError, "did you mean 'momentum'"),
    "a setting out of range": ({"momentum": -1.0}, ValueError, "momentum must be a finite number of at least 0"),
    "a step for lbfgs": ({"optimizer": "lbfgs", "lr": 0.1}, TypeError, "it takes no lr"),
    "a schedule for lbfgs": ({"optimizer": "lbfgs", "schedule": float}, ValueError, "takes no schedule"),
    "a clip for lbfgs": ({"optimizer": "lbfgs", "clip": 1.0}, ValueError, "takes no clip"),
    "a method for lbfgs": ({"optimizer": "lbfgs", "method": "finite-difference"}, ValueError, "takes no method"),
    "a setting of lbfgs": ({"optimizer": "lbfgs", "momentum": 1.0}, ValueError, "'momentum' is not known"),
    "negative lr": ({"lr": -0.1}, ValueError, "lr must be"),
    "no epochs": ({"epochs": 0}, ValueError, "epochs must be at least 1, not 0"),
    "half an epoch": ({"epochs": 1.5}, TypeError, "epochs must be an int, not float"),
    "no batch": ({"batch_size": 0}, ValueError, "batch_size must be at least 1"),
    "no restarts": ({"restarts": 0}, ValueError, "restarts must be at least 1"),
    "no patience": ({"patience": 0}, ValueError, "patience must be at least 1"),
    "seed": ({"seed": "a"}, TypeError, "seed must be an int"),
    "callback": ({"callback": 3}, TypeError, "callback must be a function"),
    "method": ({"method": "finite-diference"}, ValueError, "did you mean 'finite-difference'"),
    "h": ({"h": 0.0}, ValueError, "h must be a positive number"),
    "l2": ({"l2": -1.0}, ValueError, "l2 must be a finite number of at least 0"),
    "l1": ({"l1": NAN}, ValueError, "l1 must be"),
    "clip": ({"clip": 0.0}, ValueError, "clip must be a positive number"),
    "schedule": ({"schedule": 3}, TypeError, "schedule must be"),
    "split": ({"validation_split": 1.5}, ValueError, "validation_split must be a share"),
    "split of all": ({"validation_split": 0.99}, ValueError, "leaves none of 6 rows"),
    "both": ({"validation_split": 0.5, "validation_data": (X, Y)}, ValueError, "not both"),
    "no pair": ({"validation_data": X}, TypeError, "validation_data must be a pair"),
    "validation X": ({"validation_data": (np.zeros((2, 3)), Y[:2])}, ValueError, r"validation_data\[0\] has shape"),
    "validation y": ({"validation_data": (X, Y[:2])}, ValueError, r"validation_data\[1\] has shape"),
    "probability": ({"y": Y * 2, "loss": "bce"}, ValueError, r"y\[1\] is 2, expected 0 or 1"),
    "sign": ({"loss": "hinge"}, ValueError, r"y\[0\] is 0, expected -1 or 1"),
    "one output": ({"loss": "cross_entropy"}, ValueError, "class labels need one output for each class"),
    "not a Var": ({"loss": lambda p, t: 1.0}, TypeError, "returned no Var"),
    "a leaf outside": ({"loss": lambda p, t: p * OUTSIDE}, ValueError, "Vars besides predictions and targets"),
}
OUTSIDE = Var(2.0, requires_grad=True)


@pytest.mark.parametrize(("change", "error", "message"), CASES.values(), ids=CASES)
def test_refused(change: dict[str, Any], error: type[Exception], message: str) -> None:
    model = network()
    before = [(p.value, p.grad) for p in model.parameters]
    with pytest.raises(error, match=message):
        model.fit(**({"X": X, "y": Y, "epochs": 2} | change))
    assert [(p.value, p.grad) for p in model.parameters] == before


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.array([0, 1, 2, 3, 1, 0]), r"y\[3\] is 3, expected a label from 0 to 2"),
        (np.array([0, 1, -1, 0, 1, 0]), r"y\[2\] is -1, expected a label"),
        (np.array([0, 1, 0.5, 0, 1, 0]), r"y\[2\] is 0.5, expected a label"),
        (np.full((6, 3), 1.5), r"y\[0, 0\] is 1.5, expected a probability"),
        (np.zeros((6, 2)), r"y has shape \(6, 2\), expected \(6, 3\) or \(6,\)"),
    ],
)
def test_labels_out_of_range(y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        network(3).fit(X, y, "cross_entropy")


@pytest.mark.parametrize("last", sorted({*ACTIVATIONS} - {"identity"}))
@pytest.mark.parametrize("loss", ["bce", "hinge", "cross_entropy"])
def test_logits_are_without_activation(loss: str, last: str) -> None:
    with pytest.raises(ValueError, match="output_activation='identity'"):
        network(2, last).fit(X, Y, loss)
    for call in (network(2, last).partial_fit, network(2, last).backward):
        with pytest.raises(ValueError, match="output_activation='identity'"):
            call(X, Y, loss)


def least_and_most(name: str) -> tuple[float, float]:
    """What an activation can give, by the article's Var: over a fine grid, and far out."""
    x = np.concatenate([np.arange(-8.0, 8.0, 1e-4), [-1e300, -1e3, 1e3, 1e300]])
    found = [getattr(Var(v), name)().value if name != "identity" else v for v in x.tolist()]
    return min(found), max(found)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_targets_out_of_the_last_layers_range(name: str) -> None:
    least, most = least_and_most(name)
    assert arguments.LEAST.get(name, -INF) == pytest.approx(least if least > -1e9 else -INF, abs=1e-8)
    assert arguments.MOST.get(name, INF) == pytest.approx(most if most < 1e9 else INF, abs=1e-8)
    for value, inside in ((least - 0.01, least < -1e9), (most + 0.01, most > 1e9), (max(least, -1.0), True)):
        for loss in ("mse", "mae", "huber", "sse"):
            for method in ("fit", "partial_fit", "backward"):
                model = network(1, name)
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    getattr(model, method)(X, spoiled((2,), min(max(value, -1e9), 1e9), Y * 0.5 + 0.25), loss)
                assert len(caught) == (not inside), (value, loss)
                for warning in caught:
                    assert warning.filename == __file__
                    assert f"the last layer's {name!r} only gives numbers from" in str(warning.message)
    network(1, name).fit(X, Y * 9 - 4, lambda p, t: (p - t) ** 2, epochs=1)  # of a loss of one's own nothing is known


def test_a_warning_that_is_an_error_changes_nothing() -> None:
    model = network(1, "sigmoid")
    before = [p.value for p in model.parameters]
    for call in (model.fit, model.partial_fit, model.backward):
        with pytest.raises(UserWarning, match=r"y goes from 0 to 3, .*'sigmoid' only gives numbers from 0 to 1"):
            call(X, Y * 3)
    assert [p.value for p in model.parameters] == before


def test_networks_of_ones_own() -> None:
    class Own(NN):
        def forward(self, *inputs: Any) -> Any:
            return super().forward(*inputs) * 2.0

    model = Own([2, 1], seed=0)
    for call in (lambda: model.fit(X, Y), lambda: model.predict(X), lambda: model.score(X, Y)):
        with pytest.raises(TypeError, match="Own has a forward of its own"):
            call()


def test_parameters_that_are_not_finite() -> None:
    model = network()
    model.parameters[4].value = NAN
    with pytest.raises(ValueError, match=r"parameters\[4\] \(layer 0, neuron 1, weight 1\) is nan"):
        model.fit(X, Y)
    model.parameters[4].value, model.parameters[12].value = 0.0, INF
    with pytest.raises(ValueError, match=r"parameters\[12\] \(layer 1, neuron 0, bias\) is inf"):
        model.fit(X, Y)


def test_a_training_that_diverges() -> None:
    """The message says where; the parameters are as they were."""
    model = NN([2, 3, 1], "identity", seed=0)
    before = [p.value for p in model.parameters]
    with pytest.raises(FloatingPointError, match=r"loss is not finite in epoch \d+, at the batch .* row \d") as caught:
        model.fit(X, Y, lr=1e6, epochs=50, batch_size=2, progress=False)
    assert "parameters[" in str(caught.value)
    assert "smaller lr" in str(caught.value)
    assert [p.value for p in model.parameters] == before
    model.fit(X, Y, lr=1e6, epochs=50, batch_size=2, clip=1e-7, progress=False)


def test_one_good_start_is_enough() -> None:
    model = NN([2, 3, 1], "identity", seed=0)
    for p in model.parameters:
        p.value = 1e200
    history = model.fit(X, Y, lr=0.01, restarts=3, seed=0, progress=False)
    assert np.isnan(history.restart_losses[0])
    assert history.loss == min(history.restart_losses[1:])


def test_a_callback_that_raises_changes_nothing() -> None:
    model = network()
    optimizer = optim.Adam(model.parameters, lr=0.1)
    schedule = optim.ExponentialLR(optimizer, 0.5)
    before = [p.value for p in model.parameters], optimizer.state_dict(), schedule.state_dict(), optimizer.lr

    def callback(history: Any) -> None:
        if history.epochs == 3:
            raise LookupError("third")

    with pytest.raises(LookupError, match="third"):
        model.fit(X, Y, optimizer=optimizer, schedule=schedule, callback=callback)
    assert before == ([p.value for p in model.parameters], optimizer.state_dict(), schedule.state_dict(), optimizer.lr)


def test_optimizers_of_other_networks() -> None:
    model, other = network(), network()
    optimizer = optim.SGD(other.parameters, lr=0.1)
    with pytest.raises(ValueError, match="belongs to other parameters"):
        model.fit(X, Y, optimizer=optimizer)
    with pytest.raises(TypeError, match="settings of its own"):
        other.fit(X, Y, optimizer=optimizer, lr=0.2)
    with pytest.raises(ValueError, match=r"fit with this SGD: argument 'epoch' is not known; did you mean 'epochs'\?"):
        other.fit(X, Y, optimizer=optimizer, epoch=2)
    with pytest.raises(ValueError, match="restarts need an optimizer by name"):
        other.fit(X, Y, optimizer=optimizer, restarts=2)
    with pytest.raises(ValueError, match="belongs to another optimizer"):
        other.fit(X, Y, optimizer=optim.SGD(other.parameters), schedule=optim.StepLR(optimizer, 2))


def test_predictions_of_what_does_not_fit() -> None:
    model = network()
    with pytest.raises(ValueError, match=r"X has shape \(6, 3\)"):
        model.predict(np.zeros((6, 3)))
    assert model.predict(np.zeros((0, 2))).shape == (0,)
    with pytest.raises(ValueError, match="nothing to judge by"):
        model.score(np.zeros((0, 2)), [])
    with pytest.raises(ValueError, match="y has shape"):
        model.score(X, Y[:3])


def test_parameters_that_are_not_to_change() -> None:
    model = network()
    for p in model.parameters:
        p.requires_grad = False
    for call in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=r"all parameters have requires_grad=False"):
            call(X, Y)


@pytest.mark.parametrize("name", ["three columns", "nan in X", "nan in y", "unknown loss", "unknown optimizer"])
def test_steps_refuse_the_same(name: str) -> None:
    change, error, message = CASES[name]
    model = network()
    before = [p.value for p in model.parameters]
    for _ in range(2):  # also when there has been a step
        with pytest.raises(error, match=message):
            model.partial_fit(**({"X": X, "y": Y} | change))
        assert [p.value for p in model.parameters] == before
        model.partial_fit(X, Y)
        before = [p.value for p in model.parameters]


def test_lbfgs_without_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(ImportError, match=r"pip install 'vargrad\[scipy\]'"):
        network().fit(X, Y, optimizer="lbfgs")


def test_lbfgs_from_where_nothing_is_finite() -> None:
    model = network()
    before = [p.value for p in model.parameters]
    with pytest.raises(FloatingPointError, match="not finite in epoch 0"):
        model.fit(X, Y * 1e300, optimizer="lbfgs")
    assert [p.value for p in model.parameters] == before


def test_steps_refuse_besides() -> None:
    model = network()
    with pytest.raises(ValueError, match="takes no single steps"):
        model.partial_fit(X, Y, optimizer="lbfgs")
    for lr in (-1.0, NAN, INF):
        with pytest.raises(ValueError, match="lr must be"):
            model.partial_fit(X, Y, lr=lr)
    with pytest.raises(TypeError, match="optimizer must be a name"):
        model.partial_fit(X, Y, optimizer=optim.SGD(model.parameters))  # type: ignore[arg-type]
    model.partial_fit(X, Y, lambda p, t: (p - t) ** 2)
    own = NN([2, 1], seed=0)
    own.partial_fit(X, np.stack([Y, Y], axis=1), interval := lambda p, t: (p - t[0]) ** 2)
    with pytest.raises(ValueError, match="y has 1 targets in a row, and had 2"):
        own.partial_fit(X, Y, interval)
    before = [p.value for p in model.parameters]
    with pytest.raises(FloatingPointError, match="not finite"):
        model.partial_fit(X, Y * 1e300, "sse")
    assert [p.value for p in model.parameters] == before


def test_settings_are_the_arguments_of_fit() -> None:
    arguments = {*inspect.signature(NN.fit).parameters} - {"self", "X", "y", "validation_data", "settings"}
    assert {field.name for field in dataclasses.fields(FitSettings)} == arguments | {"optimizer_settings"}


# ---- the bar


class Bar:
    """A replacement of tqdm's bar."""

    made: list[Bar]

    def __init__(self, **options: Any) -> None:
        self.n, self.texts, self.closed, self.total = 0, [], False, options["total"]
        Bar.made.append(self)

    def set_postfix_str(self, text: str, refresh: bool) -> None:
        self.texts.append(text)

    def update(self, n: int) -> None:
        self.n += n

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[Bar]:
    module = ModuleType("tqdm.auto")
    module.tqdm = Bar  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tqdm.auto", module)
    monkeypatch.setattr(_progress, "PATIENCE", 0.0)
    monkeypatch.setattr(_progress, "INTERVAL", 0.0)
    Bar.made = []
    return Bar.made


def test_the_bar_shows_loss_and_metric(bars: list[Bar]) -> None:
    network().fit(X, Y, "bce", epochs=40)
    (bar,) = bars
    assert bar.total == bar.n == 40
    assert bar.closed
    assert bar.texts[-1].startswith("loss 0.")
    assert "accuracy" in bar.texts[-1]
    network().fit(X, Y, epochs=3, validation_split=0.5, restarts=2)
    assert bars[1].total == bars[1].n == 6
    assert bars[1].texts[0].startswith("validation loss")


def test_no_bar(bars: list[Bar], monkeypatch: pytest.MonkeyPatch) -> None:
    network().fit(X, Y, epochs=3, progress=False)
    assert not bars
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    network().fit(X, Y, epochs=3)


def test_short_trainings_show_no_bar(bars: list[Bar], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_progress, "PATIENCE", 1e9)
    network().fit(X, Y, epochs=3)
    assert not bars
