"""Shapes of loops, named on the command line, each a great many times: growth.py compiled|python [SHAPE STEPS]..."""

from __future__ import annotations

import importlib
import sys
from collections import deque
from typing import Any

from twin import load, must_not_grow

core, math = load()
Var = core.Var
Block = importlib.import_module("vargrad._core.var").Block
X = [Var(0.5 - i / 8, requires_grad=True) for i in range(6)]


def forward(k: int = 4) -> Any:
    """A loss of some twenty nodes."""
    total: Any = 0.0
    for i in range(k):
        total = total + (1 / (1 + 2.7 ** -(X[i] * 0.5 + X[i + 1] * -0.25 + X[5])) - 0.5) ** 2
    return total


def step(loss: Any) -> None:
    for x in X:
        x.value -= 0.01 * x.grad
        x.grad = 0


def article(steps: int) -> None:
    for _ in range(steps):
        loss = forward(1)
        loss.backward()
        step(loss)


def loss_without_backward(steps: int) -> None:
    loss = None
    for _ in range(steps):
        loss = forward()
    assert loss is not None


def difference_kept(steps: int) -> None:
    """What convergence tests do: each difference refers to the loss before, whose graph may go once it is computed."""
    previous: Any = forward()
    for _ in range(steps):
        loss = forward()
        delta = abs(loss - previous)
        loss.backward()
        step(loss)
        previous = loss
        assert delta.value >= 0


def delta_survives(steps: int) -> None:
    """The difference itself is what lives on, one behind another."""
    previous: Any = Var(0.0)
    deltas: deque[Any] = deque(maxlen=3)
    for _ in range(steps):
        loss = forward(1)
        deltas.append(abs(loss - previous))
        previous = loss.detach()


def long_lived(steps: int) -> None:
    """A computed Var that stays, and takes part in every step."""
    scale = X[0] * X[1] + 2.0
    for _ in range(steps):
        loss = forward(1) * scale
        loss.backward()
    assert scale.prev_op == "add"


def moving_average(steps: int) -> None:
    """Recurrent, cut off now and then as truncated backpropagation does."""
    average: Any = Var(0.0)
    for i in range(steps):
        average = average * 0.9 + forward(1) * 0.1
        if i % 50 == 49:
            average.backward()
            average = average.detach()


def edits_without_backward(steps: int) -> None:
    for i in range(steps):
        X[0].value = i * 1e-9
        X[1].value = float(i % 2)
        assert (X[0] * X[1] + X[2]).value is not None


def leaves_made_and_dropped(steps: int) -> None:
    for i in range(steps):
        fresh = [Var(float(i)), Var(2.0, requires_grad=True)]
        loss = X[0] * fresh[0] + fresh[1]
        loss.backward()
        assert fresh[1].grad == 1.0


def unused_leaves(steps: int) -> None:
    for i in range(steps):
        Var(float(i)).detach()


def constants_asked_for(steps: int) -> None:
    for _ in range(steps):
        z = X[0] * 3.0 + 1.0
        assert z.prev_var2.value == 1.0
        assert z.prev_var1.prev_var2.value == 3.0


def grads_of_computed(steps: int) -> None:
    for _ in range(steps):
        middle = X[0] * X[1]
        middle.requires_grad = True
        (middle + X[2]).backward()
        assert middle.grad == 1.0


def nary(steps: int) -> None:
    for _ in range(steps):
        loss = math.dot(X, [1.0, 2.0, X[0], 4.0, 5.0, 6.0]) + math.prod(X) + math.logsumexp(X) + math.sum([*X] * 20)
        loss.backward()


def nary_no_grad(steps: int) -> None:
    from vargrad import no_grad

    with no_grad():
        for _ in range(steps):
            loss = math.dot(X, X) + math.maximum(*X) + math.prod(X)
    assert loss.prev_op is None


def custom(steps: int) -> None:
    for _ in range(steps):
        core.custom(1.0, X, [X[0] * 2.0] * len(X)).backward()


def anomaly(steps: int) -> None:
    from vargrad import detect_anomaly

    for _ in range(steps):
        with detect_anomaly():
            loss = forward(1)
            loss.backward()


def errors(steps: int) -> None:
    """The paths where such code leaks."""
    for i in range(steps):
        z = X[0] * 2.0
        attempts = (
            lambda: Var("x"),
            lambda: Var(10**400),
            lambda z=z: z.backward("x"),
            lambda: Var(0.0).log(),
            lambda: X[1] / 0.0,
            lambda z=z: z + "x",
            lambda: math.sum([X[0], "x"]),
            lambda: core.custom(1.0, X, [1.0]),
            lambda: Var(1.0, False, X[0], None, "mul"),
            lambda z=z: float(z),
            lambda z=z: setattr(z, "value", 1.0),
            lambda z=z: z.grad,
            lambda z=z: z.__reduce__(),
            lambda: pow(X[0], 2, 5),
            lambda: math.gamma(Var(-1.0)),
        )
        try:
            attempts[i % len(attempts)]()
        except (TypeError, ValueError, ArithmeticError, AttributeError):
            continue
        raise AssertionError("no error")


def edited_leaf(steps: int) -> None:
    for i in range(steps):
        z = X[0] * 2.0 + X[1] * X[1]
        X[0].value = 1.0 + i % 2
        X[0].value = 3.0
        try:
            z.backward()
        except RuntimeError:
            X[0].value = 0.5
            continue
        raise AssertionError("no error")


def blocks(steps: int) -> None:
    """Trained by the array, and another that comes and goes, whose leaves a graph holds and a view its memory."""
    block = Block([0.5 - i / 8 for i in range(6)])
    values, grads = block.values, block.grads
    for i in range(steps):
        loss = math.dot(block.leaves[:3], block.leaves[3:]) * block.leaves[i % 6]
        loss.backward()
        for k in range(6):
            values[k], grads[k] = values[k] - 0.01 * grads[k], 0.0
        if i % 20 == 0:
            other = Block([1.0] * 1000)
            kept = (Block([2.0]).values, math.sum(other.leaves) * loss, other.grads)
    assert kept[0][0] == 2.0


def pullbacks(steps: int) -> None:
    for _ in range(steps):
        z = X[0] ** 3 * X[1] + math.exp(X[2])
        core.pullback(z, X)
        slopes = core.pullback_graph(z, X[:3])
        core.pullback(slopes[0], X)


def graph_walks(steps: int) -> None:
    for _ in range(steps):
        z = math.dot(X, X) * X[0]
        assert len(z.parents[0].parents) == 12
        assert repr(z)
        assert hash(z) == hash(z)
        assert z == z.value


def small_results_kept(steps: int) -> None:
    """A hundred results stay at any time, out of step with what makes them."""
    kept: deque[Any] = deque(maxlen=100)
    for _ in range(steps):
        kept.append(forward(1))


if __name__ == "__main__":
    for shape, steps in zip(sys.argv[2::2], sys.argv[3::2], strict=True):
        for x in X:
            x.value, x.grad = 0.5, 0.0
        must_not_grow(core, globals()[shape], int(steps))
