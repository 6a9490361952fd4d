"""Losses against their definitions in 40 digits, as the article's loop calls them."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import vargrad
from vargrad import NN, Var, losses, reference

NAMES = ["sse", "mse", "mae", "huber", "hinge", "bce", "cross_entropy"]


def _mean(terms: Any) -> Any:
    terms = list(terms)
    return sum(terms) / len(terms)


def _exact_huber(e: Any) -> Any:
    return e * e / 2 if abs(e) <= 1 else abs(e) - mpmath.mpf(1) / 2


def _each(term: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda p, t: _mean(term(a, b) for a, b in zip(p, t, strict=True))


EXACT: dict[str, Callable[[Any, Any], Any]] = {  # of one row
    "sse": lambda p, t: sum((a - b) ** 2 for a, b in zip(p, t, strict=True)),
    "mse": _each(lambda a, b: (a - b) ** 2),
    "mae": _each(lambda a, b: abs(a - b)),
    "huber": _each(lambda a, b: _exact_huber(a - b)),
    "hinge": _each(lambda a, b: max(0, 1 - a * b)),
    "bce": _each(
        lambda a, b: -b * mpmath.log(1 / (1 + mpmath.exp(-a))) - (1 - b) * mpmath.log(1 / (1 + mpmath.exp(a)))
    ),
    "cross_entropy": lambda p, t: (
        -sum(b * mpmath.log(mpmath.exp(a) / sum(mpmath.exp(x) for x in p)) for a, b in zip(p, t, strict=True))
    ),
}


def rows(name: str, seed: int, count: int = 4, outputs: int = 3, size: float = 3.0) -> tuple[Any, Any]:
    draw = random.Random(seed)
    p = [[draw.uniform(-size, size) for _ in range(outputs)] for _ in range(count)]
    t = [[draw.choice([-1.0, 1.0]) if name == "hinge" else draw.random() for _ in range(outputs)] for _ in range(count)]
    return p, t


@pytest.mark.parametrize("size", [0.1, 3.0, 600.0])
@pytest.mark.parametrize("name", NAMES)
def test_value_and_slopes(name: str, size: float, var: type[Var]) -> None:
    p, t = rows(name, 5, size=size)
    leaves = [[var(x, requires_grad=True) for x in row] for row in p]
    loss = getattr(losses, name)(leaves, t)
    loss.backward()
    with mpmath.workdps(600):  # exp(1200) + 1

        def exact(at: Any) -> Any:
            each = [EXACT[name](row, [mpmath.mpf(x) for x in ts]) for row, ts in zip(at, t, strict=True)]
            return sum(each) if name == "sse" else _mean(each)

        point = [[mpmath.mpf(x) for x in row] for row in p]
        assert loss.value == pytest.approx(float(exact(point)), rel=1e-14)
        for i, k in itertools.product(range(4), range(3)):
            h = mpmath.mpf(10) ** -200
            moved = [list(row) for row in point]
            moved[i][k] += h
            slope = float((exact(moved) - exact(point)) / h)
            assert leaves[i][k].grad == pytest.approx(slope, rel=1e-12, abs=1e-15)


@pytest.fixture(params=["active", "reference"])
def var(request: pytest.FixtureRequest) -> type[Var]:
    return Var if request.param == "active" else reference.Var


@pytest.mark.parametrize("name", NAMES)
def test_every_form_of_argument(name: str) -> None:
    """One row is a list of rows of one; lists of single outputs are columns; arrays are lists."""
    f = getattr(losses, name)
    p, t = rows(name, 3)
    assert f(p[0], t[0]) == f([p[0]], [t[0]]) == f(np.array(p[0]), tuple(t[0]))
    assert f(p, t) == f(np.array(p), np.array(t)) == f(tuple(map(tuple, p)), t)
    if name != "cross_entropy":
        assert f(p[0][0], t[0][0]) == f([p[0][0]], t[0][0]) == f(p[0][0], [t[0][0]])
        column, wanted = [row[0] for row in p], [row[0] for row in t]
        assert f(column, wanted) == pytest.approx(f([[x] for x in column], [[x] for x in wanted]), rel=1e-15)


def test_labels_are_the_certain_probabilities() -> None:
    p, _ = rows("cross_entropy", 8)
    for labels in itertools.product(range(3), repeat=2):
        certain = [[float(k == label) for k in range(3)] for label in labels]
        wanted = losses.cross_entropy(p[:2], certain)
        for form in (list(labels), np.array(labels), [float(k) for k in labels], np.array(labels, float)):
            assert losses.cross_entropy(p[:2], form) == pytest.approx(wanted, rel=1e-14)


def test_kinks() -> None:
    """Where a derivative is a convention: torch's."""
    for name, p, t, slope in [
        ("mae", 0.5, 0.5, 0.0),
        ("hinge", 1.0, 1.0, 0.0),
        ("huber", 1.5, 0.5, 1.0),
        ("huber", -0.5, 0.5, -1.0),
        ("huber", 0.5, 0.5, 0.0),
    ]:
        v = Var(p, requires_grad=True)
        getattr(losses, name)(v, t).backward()
        assert v.grad == slope, name


def test_large_logits_lose_nothing() -> None:
    z = [Var(x, requires_grad=True) for x in (1e4, -1e4, 0.0)]
    loss = losses.cross_entropy(z, 1)
    loss.backward()
    assert (loss.value, [v.grad for v in z]) == (2e4, [1.0, -1.0, 0.0])
    logit = Var(-1e4, requires_grad=True)
    losses.bce(logit, 1).backward()
    assert logit.grad == -1.0


def test_huber_delta() -> None:
    assert losses.huber(5.0, 1.0, delta=2.0) == 2.0 * (4.0 - 1.0)
    assert losses.huber(2.0, 1.0, delta=2.0) == 0.5
    for delta in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="delta must be positive"):
            losses.huber(1.0, 2.0, delta)


def test_in_the_articles_loop() -> None:
    model, data = NN([2, 2, 1], seed=1), [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]
    loss = losses.sse([model(p, q) for p, q, _ in data], [t for _, _, t in data])
    assert isinstance(loss, Var)
    assert loss.value == pytest.approx(model.calculate_loss(data).value, rel=1e-15)


@pytest.mark.parametrize(
    ("name", "p", "t", "error", "message"),
    [
        ("mse", [1.0, 2.0], [1.0], ValueError, r"2 prediction\(s\) and 1 target\(s\)"),
        ("mse", [], [], ValueError, r"0 prediction\(s\)"),
        ("mse", [[1.0], [2.0]], [[1.0]], ValueError, "2 rows of predictions"),
        ("mse", [[1.0], [2.0]], 1.0, ValueError, "2 rows of predictions"),
        ("mse", ["a"], [1.0], TypeError, "must be a real number, not str"),
        ("cross_entropy", [1.0, 2.0], 2, ValueError, r"targets\[0\] is 2, expected a label from 0 to 1"),
        ("cross_entropy", [1.0, 2.0], -1, ValueError, "expected a label from 0 to 1"),
        ("cross_entropy", [1.0, 2.0], 0.5, TypeError, "must be a label"),
        ("cross_entropy", [1.0, 2.0], True, TypeError, "must be a label"),
        ("cross_entropy", [1.0, 2.0], "1", TypeError, "must be a label"),
        ("cross_entropy", [[1.0, 2.0]], [[0.5, 0.25, 0.25]], ValueError, "3 probabilities for 2 outputs"),
        ("cross_entropy", [[1.0, 2.0]], [0, 1], ValueError, r"1 row\(s\) of predictions"),
        ("bce", [1.0], [2.0], ValueError, r"bce: targets\[0\] is 2, expected 0 or 1, or a probability between"),
        ("bce", [[1.0, 2.0], [0.5, 1.0]], [[0, 1], [0.5, -0.5]], ValueError, r"targets\[1\]\[1\] is -0.5"),
        ("bce", [1.0], [float("nan")], ValueError, "is nan, expected 0 or 1"),
        ("bce", Var(1.0), Var(-1.0), ValueError, r"targets\[0\] is -1, expected 0 or 1"),
        ("hinge", [0.5, 1.0], [1, 0], ValueError, r"hinge: targets\[1\] is 0, expected -1 or 1"),
        ("hinge", 0.5, True + 1, ValueError, "is 2, expected -1 or 1"),
        ("cross_entropy", [[1.0, 2.0]], [[1.5, -0.5]], ValueError, r"targets\[0\]\[0\] is 1.5, expected a probability"),
        ("cross_entropy", 1.0, 0, TypeError, "must be a row of outputs"),
    ],
)
def test_what_does_not_fit(name: str, p: Any, t: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        getattr(losses, name)(p, t)


@pytest.mark.parametrize("name", ["bce", "hinge", "cross_entropy"])
def test_eager_losses_and_fit_refuse_the_same_targets(name: str) -> None:
    """In the same words, after the name of the loss or of the argument."""
    X, draw = [[0.5]], np.random.default_rng(3)
    for t in ([0.0, 1.0], [1.0, -1.0], [0.5, 0.5], [2.0, 0.0], [-1.0, -1.0], [0.0, 1e-300], [1.0, 1.0 + 2e-16]):
        said = []
        for call in (
            lambda t=t: NN([1, 2], "identity", seed=0).fit(X, [t], name, epochs=1),
            lambda t=t: getattr(losses, name)([draw.normal(size=2).tolist()], [t]),
        ):
            try:
                call()
            except ValueError as error:
                said.append(str(error).partition(" is ")[2])
            else:
                said.append("")
        assert said[0] == said[1], t


def test_targets_of_a_recorded_loss_are_not_judged() -> None:
    """While compile records, a target has no value; and a branch on it would cost a path."""
    loss = vargrad.compile(lambda p, t: losses.bce(p, t))
    found = loss(np.array([1.0, -2.0, 0.5]), np.array([0.0, 1.0, 2.0]))
    assert found.tolist() == pytest.approx([np.logaddexp(0, 1), np.logaddexp(0, -2) + 2, np.logaddexp(0, 0.5) - 1])
    assert loss.paths == 1


def test_a_single_target_is_a_number_in_a_loss_of_ones_own() -> None:
    """In fit, however it came: as a vector, as a column, or in the article's rows."""
    draw = np.random.default_rng(0)
    X, y = draw.normal(size=(23, 3)), draw.normal(size=23)
    found = []
    for given in (X, y), (X, y[:, None]), (np.column_stack([X, y]), None):
        model = NN([3, 4, 1], "tanh", "identity", init="torch", seed=5)
        history = model.fit(*given, loss=lambda p, t: (p - t) ** 4, epochs=3, seed=1, progress=False)
        found.append(history.losses)
    assert found[0] == found[1] == found[2]
