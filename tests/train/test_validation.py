"""Which rows fit validates with, and data that comes as Python objects."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vargrad import NN, Var
from vargrad._train import dataset


class Source:
    """In the place of random: always the same bits."""

    def getrandbits(self, bits: int) -> int:
        return 5


def split(y: Any, kind: str, outputs: int, share: float, shuffle: bool = True) -> tuple[list[int], list[int]]:
    """The numbers of the rows to train on and of those to validate with."""
    rows = np.arange(float(len(y)))[:, None]
    targets = dataset.targets(y, len(y), outputs, kind)
    x, t, (x_some, t_some) = dataset.split_off(rows, targets, share, Source(), kind, shuffle)
    np.testing.assert_array_equal(t, targets[x[:, 0].astype(int)])
    np.testing.assert_array_equal(t_some, targets[x_some[:, 0].astype(int)])
    return x[:, 0].astype(int).tolist(), x_some[:, 0].astype(int).tolist()


@pytest.mark.parametrize(
    ("kind", "outputs", "values"),
    [("labels", 3, [0, 1, 2]), ("binary", 1, [0, 1]), ("signs", 1, [-1, 1]), ("signs", 3, [0, 1, 2])],
)
def test_each_class_has_its_share(kind: str, outputs: int, values: list[int]) -> None:
    y = np.repeat(values, [70, 20, 10][: len(values)])
    for share in (0.07, 0.1, 0.33, 0.5):
        train, some = split(y, kind, outputs, share)
        assert sorted(train + some) == list(range(len(y)))
        assert len(some) == np.ceil(np.round(share * len(y), 9))
        for value in values:
            part = (y == value).mean() * len(some)
            assert abs((y[some] == value).sum() - part) < 1


def test_the_last_row_of_a_class_stays_to_learn_from() -> None:
    y = np.array([0] * 5 + [1, 2, 3])
    train, some = split(y, "labels", 4, 0.5)
    assert sorted(set(y[train].tolist())) == [0, 1, 2, 3]
    assert y[some].tolist() == [0, 0, 0, 0]
    train, some = split(np.arange(4), "labels", 4, 0.5)
    assert len(some) == 2


def test_targets_that_are_no_classes_are_drawn_from_all() -> None:
    draw = np.random.default_rng(0)
    for kind, y, outputs in (
        ("values", draw.normal(size=(100, 2)), 2),
        ("binary", draw.random(100), 1),
        ("binary", draw.random((100, 2)) > 0.5, 2),
        ("labels", np.full((100, 2), 0.5), 2),
    ):
        train, some = split(y, kind, outputs, 0.07)
        assert len(some) == 7
        assert sorted(train + some) == list(range(100))
        assert some != list(range(93, 100))


@pytest.mark.parametrize(("kind", "outputs"), [("values", 1), ("labels", 2), ("binary", 1)])
def test_the_last_rows_without_shuffle(kind: str, outputs: int) -> None:
    train, some = split(np.arange(100) % 2, kind, outputs, 0.07, shuffle=False)
    assert (train, some) == (list(range(93)), list(range(93, 100)))


def test_fit_draws_nothing_without_shuffle() -> None:
    X, y = np.arange(40.0).reshape(20, 2) / 40, np.arange(20) % 2
    found = []
    for data in ({"validation_split": 0.2}, {"validation_data": (X[16:], y[16:])}):
        rows = slice(None) if "validation_split" in data else slice(16)
        model = NN([2, 3, 1], "tanh", "identity", seed=0)
        history = model.fit(X[rows], y[rows], "bce", epochs=4, shuffle=False, progress=False, **data)
        found.append((history.losses, history.validation_losses, model.parameters.values.tolist()))
    assert found[0] == found[1]


# ---- Python objects


class Table:
    """As a DataFrame with an int and a bool column."""

    def __init__(self, rows: list[list[Any]]) -> None:
        self.rows = rows

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        found = np.empty((len(self.rows), len(self.rows[0])), object)
        found[...] = self.rows
        return found if dtype is None else found.astype(dtype)


ROWS = [[1, True, 0.5], [0, False, np.float32(0.25)], [2, np.True_, np.int8(3)], [-1, False, 1.5]]


def test_objects_that_are_numbers() -> None:
    X = np.array([[float(x) for x in row] for row in ROWS])
    y = np.array([True, False, 1, 0], object)
    found = []
    for given, target in ((Table(ROWS), y), (X, y.astype(float)), (Table(ROWS).__array__(), y[:, None])):
        model = NN([3, 2, 1], "tanh", "identity", seed=0)
        history = model.fit(given, target, "bce", epochs=3, progress=False, seed=0, validation_data=(given, target))
        model.partial_fit(given, target, "bce")
        loss = model.backward(given, target, "bce")
        found.append((history.losses, loss, model.predict(given).tolist(), model.score(given, target)))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    ("place", "value", "error", "message"),
    [
        ((2, 1), None, TypeError, r"X\[2, 1\] is None, of type NoneType: expected numbers"),
        ((0, 2), "0.5", TypeError, r"X\[0, 2\] is '0.5', of type str"),
        ((1, 0), 1j, TypeError, r"X\[1, 0\] is 1j, of type complex"),
        ((1, 0), [1.0], TypeError, r"X\[1, 0\] is \[1.0\], of type list"),
        ((3, 2), float("nan"), ValueError, r"X\[3, 2\] is nan: expected finite"),
        ((3, 2), Var(1.0), TypeError, "X holds .*Var"),
        ((3, 2), 10**400, OverflowError, "too large"),
    ],
    ids=["None", "text", "complex", "list", "nan", "Var", "large"],
)
def test_objects_that_are_no_numbers(place: tuple[int, int], value: Any, error: type[Exception], message: str) -> None:
    X = Table(ROWS).__array__()
    X[place] = value
    model = NN([3, 1], "identity", seed=0)
    before = model.parameters.values.tolist()
    for call in (model.fit, model.partial_fit, model.backward, model.score):
        with pytest.raises(error, match=message):
            call(X, [0.0, 1.0, 2.0, 3.0])
    with pytest.raises(error, match=message):
        model.predict(X)
    assert model.parameters.values.tolist() == before
